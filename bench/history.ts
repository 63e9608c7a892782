/**
 * What years of bookings cost: the live questions of a day while the past grows tenfold, the size of
 * tables and indices, and what forgetting what is of no use any more gives back.
 * docs/adr/0012-history-stays.md
 *
 *     node bench/history.ts [--bookings 500000] [--samples 300] [--ahead 100] [--lean]
 *
 * `--lean` writes only what is left where nothing useless was ever kept, which makes room for millions:
 * `--lean --bookings 5000000 --ahead 10000` has 2 million open slots before 5 million bookings.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Sql } from 'postgres';
import { findBooking, listBookings } from '../src/daemon/store/bookings.ts';
import { readDay } from '../src/daemon/store/day.ts';
import { openDatabase } from '../src/daemon/store/db.ts';
import { readInvariants } from '../src/daemon/store/invariants.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { cancelReservation, dueReservations, holdSlot } from '../src/daemon/store/reservations.ts';
import { pruneBite } from '../src/daemon/store/retention.ts';
import { listSlots } from '../src/daemon/store/slots.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';
import { cpuOf } from './lib/cpu.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { fillPast, fillPresent } from './lib/history-fill.ts';

const { values: flags } = parseArgs({
  options: {
    bookings: { type: 'string', default: '500000' },
    samples: { type: 'string', default: '300' },
    ahead: { type: 'string', default: '100' },
    lean: { type: 'boolean', default: false },
  },
});
const bookings = Number(flags.bookings);
const samples = Number(flags.samples);
const { lean } = flags;
const WARM_UP = 20;
/** As the worker's. */
const BITE_BLOCKS = 8;
const TIMEOUT_MS = 600_000;
const actor = { kind: 'system', id: null, source: 'worker', request_id: 'bench' } as const;

type Target = {
  readonly slot_id: string;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly user_id: string;
  readonly pet_id: string;
  readonly reference_code: string;
};
type Times = Readonly<Record<string, number>>;

/** Open slots, owners and old references, drawn anew for each measurement. */
async function drawTargets(sql: Sql): Promise<readonly Target[]> {
  const count = samples + WARM_UP;
  return await sql<Target[]>`
    with s as (
      select row_number() over () as n, x.* from (
        select id as slot_id, clinic_id, service_id from slots
        where starts_at > now() order by random() limit ${count}) x
    ), b as (
      select row_number() over () as n, x.* from (
        select b.user_id, b.pet_id, b.reference_code from bookings b tablesample system (5)
        order by random() limit ${count}) x
    )
    select * from s join b using (n)`;
}

const day_ms = 86_400_000;

function questions(sql: Sql): Readonly<Record<string, (target: Target) => Promise<unknown>>> {
  const now = Temporal.Now.instant();
  const week = now.add({ milliseconds: 7 * day_ms });
  const year = now.subtract({ milliseconds: 365 * day_ms });
  const none = { user_id: null, clinic_id: null };
  return {
    "a service's week of free slots": async ({ service_id }) =>
      await listSlots(sql, { service_id, from: now, to: week, limit: 200 }),
    "a clinic's day board": async ({ clinic_id }) =>
      await readDay(sql, clinic_id, now, now.add({ milliseconds: day_ms })),
    "an owner's bookings of all years": async ({ user_id }) =>
      await listBookings(sql, { scope: none, user_id, limit: 50 }),
    "an owner's bookings of a year": async ({ user_id }) =>
      await listBookings(sql, { scope: none, user_id, from: year, limit: 50 }),
    'a booking by its reference': async ({ reference_code }) =>
      await findBooking(sql, reference_code, none),
    'a hold, and its cancel': async ({ slot_id, user_id, pet_id }) => {
      const reservation_id = randomUUID();
      const wish = { reservation_id, slot_id, user_id, pet_id, quantity: 1, seats: null };
      await holdSlot(sql, { ...wish, lock_id: reservation_id, idempotency_key: null }, actor);
      await cancelReservation(sql, reservation_id, null, actor);
    },
    'what is due for the sweeper': async () => await dueReservations(sql, 100),
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN, 3);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** What other programs on the machine do not change: pages looked at, and the server's own CPU time. */
async function spent(sql: Sql): Promise<{ readonly blocks: number; readonly cpu_ms: number }> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql<{ blocks: number; pid: number }[]>`
    select blks_hit + blks_read as blocks, pg_backend_pid() as pid
    from pg_stat_database where datname = current_database()`;
  return { blocks: row?.blocks ?? 0, cpu_ms: cpuOf(row?.pid ?? 0) };
}

type Answer = {
  readonly p50: number;
  readonly p95: number;
  readonly cpu_ms: number;
  readonly blocks: number;
};

async function askAll(sql: Sql): Promise<Readonly<Record<string, Answer>>> {
  const targets = await drawTargets(sql);
  const answers: Record<string, Answer> = {};
  for (const [what, ask] of Object.entries(questions(sql))) {
    for (const target of targets.slice(samples)) await ask(target);
    const times: number[] = [];
    const before = await spent(sql);
    for (const target of targets.slice(0, samples)) times.push(await timed(() => ask(target)));
    const after = await spent(sql);
    answers[what] = {
      p50: quantile(times, 0.5),
      p95: quantile(times, 0.95),
      cpu_ms: rounded((after.cpu_ms - before.cpu_ms) / samples, 3),
      blocks: Math.round((after.blocks - before.blocks) / samples),
    };
  }
  return answers;
}

async function checkAll(sql: Sql): Promise<Times> {
  const times: Record<string, number> = {};
  for (const { name, sql: text } of readInvariants()) {
    let rows = 0;
    times[name] = rounded(
      await timed(async () => {
        rows = (await sql.unsafe(`${text}\nlimit 100`)).length;
      }),
    );
    if (rows > 0) console.error(`invariant ${name}: ${rows} rows`);
  }
  return times;
}

/** Megabytes of the tables that grow, with all of their indices. */
async function sizes(sql: Sql): Promise<Times> {
  const rows = await sql<{ name: string; mb: number }[]>`
    select relname as name, round(pg_total_relation_size(oid) / 1048576.0, 1)::float8 as mb
    from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace
      and pg_total_relation_size(oid) > 1048576
    order by 2 desc`;
  return Object.fromEntries(rows.map(({ name, mb }) => [name, mb]));
}

/** Every rule's round from the first block to the last, and what the bites of each took. */
async function pruneAll(sql: Sql) {
  const rounds: Record<string, { removed: number; us_each: number; worst_ms: number }> = {};
  for (const { what } of await sql<{ what: string }[]>`
    select what from retention_rules where keep_days is not null order by what`) {
    let [removed, is_over] = [0, false];
    const times: number[] = [];
    while (!is_over) {
      const took = await timed(async () => {
        const bite = await pruneBite(sql, what, { blocks: BITE_BLOCKS, rest_ms: 3_600_000 });
        removed += bite.removed;
        is_over = bite.is_round_over;
      });
      times.push(took);
    }
    const all_ms = times.reduce((sum, ms) => sum + ms, 0);
    rounds[what] = {
      removed,
      us_each: removed === 0 ? 0 : Math.round((all_ms * 1000) / removed),
      worst_ms: rounded(Math.max(...times)),
    };
  }
  await sql`vacuum analyze`;
  // An index keeps its height when its rows go; the runbook of docs/history.md builds these anew.
  await sql`reindex table slot_claims`;
  await sql`reindex table staff_claims`;
  await sql`checkpoint`;
  console.error(JSON.stringify(rounds, null, 1));
  return rounds;
}

async function measure(sql: Sql, state: string) {
  const measured = {
    state,
    asked: await askAll(sql),
    // Over millions they take minutes each, and have been measured with fewer.
    invariants: lean ? {} : await checkAll(sql),
    mb: await sizes(sql),
  };
  console.error(JSON.stringify(measured, null, 1));
  return measured;
}

type Measured = Awaited<ReturnType<typeof measure>>;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-history-'));
const server = await startPostgres({
  data_dir: path.join(dir, 'data'),
  fsync: true,
  watchdog: true,
});
const sql = openDatabase(server.url, {
  application_name: 'bench',
  max: 1,
  statement_timeout_ms: TIMEOUT_MS,
});
try {
  await migrateUp(sql);
  // The disk's pace is not ours: what a commit waits for it would hide what the tables cost.
  await sql`set synchronous_commit = off`;
  await fillPresent(sql, Math.max(1_000, bookings / 10), Number(flags.ahead));
  const small = bookings / 10;
  await fillPast(sql, 0, { bookings: small, of: bookings, lean });
  const before = await measure(sql, `${small} bookings`);
  await fillPast(sql, small, { bookings, of: bookings, lean });
  const after = await measure(sql, `${bookings} bookings`);
  const rounds = lean ? {} : await pruneAll(sql);
  const pruned = lean ? after : await measure(sql, 'pruned');
  const figures: readonly Figure[] = Object.keys(after.asked).flatMap((what) => {
    const at = (state: Measured) => state.asked[what];
    const line = (unit: string, field: 'p95' | 'cpu_ms' | 'blocks', name: string) => ({
      what: `${name}: ${[before, after].map((state) => at(state)?.[field]).join(' -> ')}${lean ? '' : ' -> pruned'}`,
      value: at(pruned)?.[field] ?? null,
      unit,
    });
    return [
      line('ms', 'p95', `${what}, p95`),
      line('ms', 'cpu_ms', '  CPU of the server'),
      line('', 'blocks', '  pages looked at'),
    ];
  });
  keep({ name: 'history', figures, details: { before, after, rounds, pruned } });
  console.log(table(figures));
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(path.join(dir, 'data'));
  fs.rmSync(dir, { recursive: true, force: true });
}
