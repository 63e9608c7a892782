/**
 * How fast relays catch up after a stop: events numbered, published with their messages, and written
 * to the Redis Stream, with one relay and with four; what that costs in CPU and memory.
 *
 *     node bench/relay.ts [--events 20000]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Sql } from 'postgres';
import { openDatabase } from '../src/daemon/store/db.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';
import { startRedis } from '../src/sandbox/redis.ts';
import { startDaemon } from './lib/children.ts';
import { cpuOf, residentMb } from './lib/cpu.ts';
import { checkOut } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';

const { values: flags } = parseArgs({ options: { events: { type: 'string', default: '20000' } } });
const events = Number(flags.events);
const OWNERS = 1_000;
const LIMIT_MS = 300_000;
const POLL_MS = 100;

/** Three events that only other services hear of, then one that the owner is told of as well. */
async function write(sql: Sql): Promise<void> {
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    select 'booking', gen_random_uuid(),
      case when n % 4 = 0 then 'booking.confirmed' else 'booking.created' end,
      gen_random_uuid(), 'bench',
      jsonb_build_object(
        'schema_version', 1, 'booking_id', null, 'user_id', u.id, 'filling', repeat('x', 400)
      )
    from generate_series(1, ${events}::int) as n
    join (select id, row_number() over () as place from users) as u
      on u.place = n % ${OWNERS}::int + 1`;
}

/** By the words of the partial indexes: a look at all rows would be most of what is measured. */
async function isOut(sql: Sql): Promise<boolean> {
  const waiting = await sql`
    (select 1 from booking_events_outbox where sequence is null limit 1)
    union all
    (
      select 1 from booking_events_outbox
      where sequence is not null and not published and dead_at is null
      limit 1
    )`;
  return waiting.length === 0;
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-relay-'));
const server = await startPostgres({
  data_dir: path.join(dir, 'data'),
  fsync: true,
  watchdog: true,
});
const redis = await startRedis({ dir: path.join(dir, 'redis') });
using tree = checkOut(null);
const sql = openDatabase(server.url, {
  application_name: 'bench',
  max: 1,
  statement_timeout_ms: 120_000,
});
const figures: Figure[] = [];

async function measure(relays: number): Promise<void> {
  await write(sql);
  await using stack = new AsyncDisposableStack();
  const settings = { PETPRO_ONLY: 'relay', PETPRO_HOME: dir, REDIS_URL: redis?.url ?? '' };
  const started = performance.now();
  const running = await Promise.all(
    Array.from({ length: relays }, async () =>
      stack.use(await startDaemon({ root: tree.root, database_url: server.url }, settings)),
    ),
  );
  const [before] = await sql<{ out: number }[]>`
    select count(*) as out from booking_events_outbox where published and correlation_id = 'bench'`;
  const ready = performance.now();
  const left = events * (figures.length === 0 ? 1 : 2) - (before?.out ?? 0);
  while (!(await isOut(sql))) {
    if (performance.now() - ready > LIMIT_MS) throw new Error('not caught up in time');
    await sleep(POLL_MS);
  }
  const ms = performance.now() - ready;
  const rate = left > 0 ? rounded((left * 1000) / ms, 0) : null;
  const cpu_ms = running.reduce((sum, { pid }) => sum + cpuOf(pid), 0);
  const worst_mb = Math.max(...running.map(({ pid }) => residentMb(pid)));
  const with_relays = relays === 1 ? 'one relay' : `${relays} relays`;
  figures.push(
    { what: `${with_relays}: events caught up`, value: rate, unit: '/s' },
    {
      what: `${with_relays}: all ${events}, their start included`,
      value: rounded(performance.now() - started, 0),
      unit: 'ms',
    },
    {
      what: `${with_relays}: CPU of the relays per event, their start included`,
      value: rounded((cpu_ms * 1000) / events, 0),
      unit: 'us',
    },
    { what: `${with_relays}: memory of the largest`, value: rounded(worst_mb, 0), unit: 'MB' },
  );
}

try {
  await migrateUp(sql);
  await sql`
    insert into users (full_name, email)
    select 'Owner ' || n, 'owner' || n || '@example.com'
    from generate_series(1, ${OWNERS}::int) as n`;
  await measure(1);
  await measure(4);
  console.log(table(figures));
  keep({ name: 'relay', figures, details: { events, load: os.loadavg() } });
} finally {
  await sql.end({ timeout: 5 });
  await redis?.stop();
  await server.stop();
  removePostgresData(path.join(dir, 'data'));
  fs.rmSync(dir, { recursive: true, force: true });
}
