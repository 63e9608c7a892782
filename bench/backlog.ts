/**
 * A backlog of overdue holds, drained by the sweeper while the API is asked for slots: how fast, and
 * what the API's callers notice.   node bench/backlog.ts [--holds 100000]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { makeFixture, OWNERS } from './lib/fixture.ts';
import { runLoad } from './lib/http-load.ts';

const { values: flags } = parseArgs({ options: { holds: { type: 'string', default: '100000' } } });
const holds = Number(flags.holds);
/** Each hold takes a lock on its owner until its statement ends: the lock table has room for these. */
const CHUNK = 5_000;
const LIMIT_MS = 600_000;
const POLL_MS = 100;

using tree = checkOut(null);
using demo = startDemo(tree.root);
const fixture = await makeFixture(demo, holds);
const sql = postgres(demo.database_url, { max: 2, onnotice: () => {} });

async function until(what: string, probe: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await probe())) {
    if (performance.now() - started > LIMIT_MS) throw new Error(`${what}: not within the limit`);
    await sleep(POLL_MS);
  }
  return performance.now() - started;
}

/** The fixture's slots begin 40 days from now. */
const first_day = Temporal.Now.plainDateISO().add({ days: 42 });

const ask = (connections: number, duration_ms: number, is_over: () => boolean) =>
  runLoad({
    url: demo.url,
    method: 'GET',
    path: `/v1/services/${fixture.service_id}/slots?date=${first_day}&limit=50`,
    headers: { authorization: `Bearer ${demo.tokens.ci}` },
    body: () => (is_over() ? null : ''),
    connections,
    duration_ms,
  });

const unpublished = async () =>
  (await sql`select from booking_events_outbox where not published limit 1`).length === 0;
const none_due = async () =>
  (await sql`select from reservations where status = 'pending' and expires_at <= now() limit 1`)
    .length === 0;

try {
  for (let from = 0; from < holds; from += CHUNK) {
    await sql`
      select count(*)
      from bench_slots s
      join bench_owners o on o.n = (s.n - 1) % ${OWNERS} + 1
      cross join lateral hold_slot(
        gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null, gen_random_uuid()::text, null,
        '{"kind":"operator","source":"api","request_id":"bench"}'
      ) h
      where s.n > ${from} and s.n <= ${from + CHUNK}`;
  }
  await until('the outbox is empty', unpublished);
  const quiet = await ask(4, 3_000, () => false);
  await sql.begin(async (tx) => {
    await tx`update slot_claims set expires_at = now() - interval '1 s' where expires_at is not null`;
    await tx`
      update reservations set expires_at = now() - interval '1 s' where status = 'pending'`;
  });
  let is_over = false;
  const busy = ask(4, LIMIT_MS, () => is_over);
  const drained_ms = await until('no hold is due', none_due);
  is_over = true;
  const beside = await busy;
  // One more, alone: how long after its time does a hold stay?
  const [last] = await sql<{ id: string }[]>`
    select h.reservation_id as id
    from bench_slots s, bench_owners o, hold_slot(
      gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null, 'bench', null,
      '{"kind":"operator","source":"api","request_id":"bench"}'
    ) h
    where s.n = 1 and o.n = 1`;
  await sql`
    with due as (
      update reservations set expires_at = now() where id = ${last?.id ?? null} returning id
    )
    update slot_claims c set expires_at = now() from due where c.reservation_id = due.id`;
  const swept_ms = await until('the hold is swept', none_due);
  const figures: readonly Figure[] = [
    { what: `${holds} due holds drained in`, value: rounded(drained_ms / 1000, 1), unit: 's' },
    { what: 'holds ended', value: Math.round(holds / (drained_ms / 1000)), unit: '/s' },
    { what: 'GET slots p95, quiet', value: quiet.p95_ms, unit: 'ms' },
    { what: 'GET slots p95, while draining', value: beside.p95_ms, unit: 'ms' },
    {
      what: 'one due hold is swept in',
      value: Math.round(swept_ms),
      unit: 'ms',
      goal: { at_most: 2_000 },
    },
  ];
  keep({ name: 'backlog', figures, details: { quiet, beside } });
  console.log(table(figures));
} finally {
  await sql.end({ timeout: 5 });
}
