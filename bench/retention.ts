/**
 * What forgetting old events costs: batched deletes from one table, as `prune_events` does, against a
 * table in daily partitions whose oldest is dropped. docs/adr/0006-outbox-retention.md.
 *
 *     node bench/retention.ts [--events 200000] [--days 31]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Sql } from 'postgres';
import { openDatabase } from '../src/daemon/store/db.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { pruneEvents } from '../src/daemon/store/outbox.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    days: { type: 'string', default: '31' },
  },
});
const events = Number(values.events);
const days = Number(values.days);
const batch = 1_000;
const looks = 2_000;

const say = (what: string, figure: string) =>
  process.stdout.write(`${what.padEnd(58)} ${figure}\n`);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The same rows into either table, spread over the days, published and numbered. */
async function fill(sql: Sql, table: string): Promise<void> {
  const step = 20_000;
  for (let from = 1; from <= events; from += step) {
    await sql`
      insert into ${sql(table)} (
        sequence, aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload,
        created_at, published, published_at
      )
      select n, 'booking', gen_random_uuid(), 'booking.confirmed', gen_random_uuid(), 'bench',
        jsonb_build_object('schema_version', 1, 'filling', repeat('x', 500)),
        now() - (1 - n::numeric / ${events}) * ${days}::int * interval '1 day', true, now()
      from generate_series(${from}::int, ${Math.min(from + step - 1, events)}::int) as n`;
  }
  await sql`vacuum analyze ${sql(table)}`;
}

/** One event per statement, as writers do; milliseconds each. */
async function writeOneByOne(sql: Sql, table: string): Promise<number> {
  const ms = await timed(async () => {
    await sql`set synchronous_commit = off`;
    for (let n = 0; n < looks; n += 1) {
      await sql`
        insert into ${sql(table)} (
          aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
        )
        values (
          'booking', gen_random_uuid(), 'booking.confirmed', gen_random_uuid(), 'bench', '{}'
        )`;
    }
  });
  return ms / looks;
}

/** A feed's look for news, and the relay's for work. */
async function lookForNews(sql: Sql, table: string): Promise<number> {
  const ms = await timed(async () => {
    for (let n = 0; n < looks; n += 1) {
      await sql`
        select id, sequence, payload from ${sql(table)}
        where sequence > ${events - 5} order by sequence limit 500`;
      await sql`
        select id from ${sql(table)} where sequence is null order by position limit 1`;
    }
  });
  return ms / looks;
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-retention-'));
const server = await startPostgres({
  data_dir: path.join(dir, 'data'),
  fsync: true,
  watchdog: true,
});
const sql = openDatabase(server.url, {
  application_name: 'bench',
  max: 1,
  statement_timeout_ms: 120_000,
});
try {
  await migrateUp(sql);
  await sql`
    create table parted (like booking_events_outbox including defaults including identity)
    partition by range (created_at)`;
  for (let day = -1; day <= days; day += 1) {
    await sql.unsafe(`
      create table parted_${day + 1} partition of parted
      for values from (now()::date - interval '${day} day')
        to (now()::date - interval '${day - 1} day')`);
  }
  await sql`create unique index on parted (sequence, created_at) where sequence is not null`;
  await sql`create unique index on parted (id, created_at)`;
  await sql`create index on parted (position) where sequence is null`;
  await sql`
    create index on parted (sequence)
    where sequence is not null and not published and dead_at is null`;
  await sql`create index on parted (aggregate_id)`;
  for (const table of ['booking_events_outbox', 'parted']) {
    await fill(sql, table);
    const write_ms = await writeOneByOne(sql, table);
    say(`${table}: one event written`, `${(write_ms * 1000).toFixed(0)} us`);
    const look_ms = await lookForNews(sql, table);
    say(`${table}: a look for news and for work`, `${(look_ms * 1000).toFixed(0)} us`);
  }
  await sql`update outbox_state set last_sequence = ${events}`;
  const slow: number[] = [];
  let pruned = 0;
  const old_days = Math.floor(days / 2);
  const prune_ms = await timed(async () => {
    for (;;) {
      let gone = 0;
      slow.push(
        await timed(async () => {
          gone = await pruneEvents(sql, old_days, batch);
        }),
      );
      pruned += gone;
      if (gone === 0) break;
    }
  });
  const worst = Math.max(...slow).toFixed(1);
  say(
    `booking_events_outbox: ${pruned} events forgotten in batches of ${batch}`,
    `${((prune_ms / pruned) * 1000).toFixed(0)} us each, worst batch ${worst} ms`,
  );
  const look_ms = await lookForNews(sql, 'booking_events_outbox');
  say('booking_events_outbox: a look right after that', `${(look_ms * 1000).toFixed(0)} us`);
  const drop_ms = await timed(() => sql.unsafe(`drop table parted_${days}`));
  say('parted: one day dropped (locks the parent)', `${drop_ms.toFixed(1)} ms`);
  say(
    'load average',
    os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  );
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(path.join(dir, 'data'));
  fs.rmSync(dir, { recursive: true, force: true });
}
