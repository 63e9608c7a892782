import { beforeEach, expect, test } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { pruneBite, readRetention } from '../../src/daemon/store/retention.ts';
import { createPruner } from '../../src/daemon/workers/prune.ts';
import { openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { addScene, mustHold } from '../helpers/booking.ts';
import { passDays, pruneAll } from './age.ts';

/** Rounds in general: bounded, resumable, once however many try, and not stopped by one bad row. */

const { app, sql } = await openBench();
const never = new AbortController().signal;
const ruleOf = async (what: string) => {
  const [rule] = await readRetention(sql, what);
  if (!rule) throw new Error(`no rule ${what}`);
  return rule;
};

/** Ended replays of four hundred days ago, some hundred in a block of the table. */
const addReplays = async (count: number) => {
  await sql`
    insert into outbox_replays (
      target, from_sequence, to_sequence, per_second, sent_through, status, reason, created_at,
      ended_at
    )
    select 'all', 1, 1, 1, 1, 'done', repeat('why ', 20), now() - interval '500 days',
      now() - interval '500 days'
    from generate_series(1, ${count}::int)`;
};
const left = async () => {
  const [row] = await sql<{ count: number }[]>`select count(*) from outbox_replays`;
  return Number(row?.count);
};
const makeDue = async () => {
  await sql`
    update retention_rules
    set next_at = case when what = 'replays' then now() else now() + interval '1 year' end`;
};

beforeEach(async () => {
  await sql`delete from outbox_replays`;
  await sql`
    update retention_rules
    set next_block = 0, round_count = 0, last_count = 0, total_count = 0, failed_at = null,
      last_error = null`;
});

test('a bite looks at its blocks alone; the next one, of whichever daemon, goes on there', async () => {
  await addReplays(500);
  await makeDue();
  const { blocks } = await ruleOf('replays');
  expect(blocks).toBeGreaterThan(5);
  const limits = { blocks: 2, rest_ms: 60_000 };
  const first = await pruneBite(sql, 'replays', limits);
  expect(first).toMatchObject({ outcome: 'ok', is_round_over: false });
  expect(first.removed).toBeGreaterThan(0);
  expect(first.removed).toBeLessThan(300);
  expect(await left()).toBe(500 - first.removed);
  expect(await ruleOf('replays')).toMatchObject({ next_block: 2, round_count: first.removed });
  // No budget: a tick takes one bite and hands over.
  const tick = createPruner({ blocks: 2, budget_ms: 0 }).tick;
  expect(await tick(app, never)).toBe(0);
  expect(await createPruner({ blocks: 2 }).tick(app, never)).toBe(500 - first.removed);
  const done = await ruleOf('replays');
  expect(done).toMatchObject({ next_block: 0, last_count: 500, total_count: 500, round_count: 0 });
  expect(Temporal.Instant.compare(done.next_at, done.now)).toBe(1);
  expect(await pruneBite(sql, 'replays', limits)).toMatchObject({ outcome: 'not_due' });
  expect(await pruneBite(sql, 'nothing', limits)).toMatchObject({ outcome: 'not_found' });
});

test('a bite reads its blocks and no others, however large the table', async () => {
  await addReplays(3_000);
  await sql`update outbox_replays set status = 'stopped', ended_at = now()`;
  await sql`vacuum analyze outbox_replays`;
  const plans = await sql<{ 'QUERY PLAN': readonly { Plan: Record<string, unknown> }[] }[]>`
    explain (analyze, buffers, format json)
    select prunable_replays(now(), '(0,0)', '(4,0)')`;
  const plan = plans[0]?.['QUERY PLAN'][0]?.Plan ?? {};
  const blocks = Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
  expect((await ruleOf('replays')).blocks).toBeGreaterThan(40);
  // Four of the table, and what PostgreSQL looks up once about a function.
  expect(blocks).toBeLessThan(25);
});

test('ten daemons at once remove each row once', async () => {
  await addReplays(1_000);
  await makeDue();
  const pruners = Array.from({ length: 10 }, () => createPruner({ blocks: 1 }));
  const counts = await Promise.all(pruners.map(async ({ tick }) => await tick(app, never)));
  // Who finds another at it leaves the rest to them, or to the next tick of anybody.
  const last = await createPruner().tick(app, never);
  expect(counts.reduce((sum, count) => sum + count, last)).toBe(1_000);
  expect(await ruleOf('replays')).toMatchObject({ total_count: 1_000, last_count: 1_000 });
});

test('what must not be removed stops neither the rows behind it nor other rules', async () => {
  const scene = await addScene(sql);
  const ids: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    const id = await mustHold(sql, scene.slot_id, scene.owner);
    await sql`select outcome from cancel_reservation(${id}, null, '{"kind": "system"}')`;
    ids.push(id);
  }
  // A table that the rule knows nothing of.
  await sql`create table pointers (reservation_id uuid references reservations (id))`;
  await sql`insert into pointers values (${ids[0] ?? ''})`;
  await addReplays(10);
  await passDays(sql, 200);
  expect(await pruneAll(app)).toBe(10);
  const failed = await ruleOf('holds');
  expect(failed.last_error).toContain('pointers');
  expect(failed.failed_at).not.toBeNull();
  await sql`drop table pointers`;
  expect(await pruneAll(app, 'holds')).toBe(0);
  // The round that went on behind the failure is over; the next one begins at the front.
  expect(await pruneAll(app, 'holds')).toBe(2);
  expect(
    Temporal.Instant.compare((await ruleOf('holds')).rounded_at ?? failed.now, failed.now),
  ).toBe(1);
  await expectInvariants(sql);
});

test('what somebody has in hand is left for the next round', async () => {
  const scene = await addScene(sql);
  const id = await mustHold(sql, scene.slot_id, scene.owner);
  await sql`select outcome from cancel_reservation(${id}, null, '{"kind": "system"}')`;
  await passDays(sql, 200);
  await sql.begin(async (tx) => {
    await tx`select id from reservations where id = ${id} for update`;
    expect(await pruneAll(app, 'holds')).toBe(0);
  });
  expect(await pruneAll(app, 'holds')).toBe(1);
});

test('every table that points at rows which are removed is known to the rule', async () => {
  const rows = await sql<{ pointer: string }[]>`
    select conrelid::regclass || ' -> ' || confrelid::regclass as pointer
    from pg_constraint
    where contype = 'f' and confdeltype <> 'c'
      and confrelid in (select table_name::regclass from retention_rules union select 'payments'::regclass)
    order by 1`;
  // A new one makes rounds fail: teach prunable_X of it (0067) or let it go with its row, then add it here.
  expect([...new Set(rows.map(({ pointer }) => pointer))]).toEqual([
    'authorisations -> payments',
    'authorisations -> reservations',
    'booking_items -> slots',
    'bookings -> payments',
    'bookings -> reservations',
    'bookings -> slots',
    'deliveries -> booking_reminders',
    'disputes -> payments',
    'financial_entries -> payments',
    'payment_attempts -> payments',
    'payments -> reservations',
    'refunds -> payments',
    'refunds -> reservations',
    'waitlist_entries -> reservations',
    'waitlist_offers -> waitlist_entries',
    'waitlist_skips -> waitlist_entries',
    'webhook_events -> payments',
  ]);
});

test('each of those is looked up by an index', async () => {
  const rows = await sql<{ pointer: string }[]>`
    select c.conrelid::regclass || '.' || a.attname as pointer
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f'
      and c.confrelid in (select table_name::regclass from retention_rules union select 'payments'::regclass)
      and not exists (
        select from pg_index i
        where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]
          and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) like '%IS NOT NULL)')
      )`;
  expect(rows).toEqual([]);
});

test('a seat without its hold is damage that the invariant finds, now that no key forbids it', async () => {
  const scene = await addScene(sql);
  const id = await mustHold(sql, scene.slot_id, scene.owner);
  await sql`delete from reservation_log_entries where reservation_id = ${id}`;
  await sql`delete from reservations where id = ${id}`;
  const [found] = await runInvariants(sql, ['claims']);
  expect(found?.sample).toContainEqual({
    problem: 'seat of no hold',
    slot_id: scene.slot_id,
    other_id: id,
  });
  await sql`delete from slot_claims where reservation_id = ${id}`;
  await expectInvariants(sql);
});
