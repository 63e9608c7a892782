/**
 * Payment events a second: `POST /v1/webhooks/payment` on a running daemon, each a completed checkout
 * of a hold of its own with a real Stripe signature over its body. Then the same events once more (as
 * the provider repeats them), and new ones while every answer of the database takes longer.
 *
 *   node bench/webhook.ts [--rounds 3] [--events 6000] [--connections 32] [--delay 50]
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import Stripe from 'stripe';
import { type Program, startDaemon } from './lib/children.ts';
import { cpuOf, cpuWithChildren } from './lib/cpu.ts';
import { checkOut, type Demo, startDemo } from './lib/demo.ts';
import { type Figure, keep, median, rounded, table } from './lib/figures.ts';
import { makeFixture } from './lib/fixture.ts';
import { type LoadResult, runLoad } from './lib/http-load.ts';
import { startSlowWay } from './lib/slow-way.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '6000' },
    connections: { type: 'string', default: '32' },
    delay: { type: 'string', default: '50' },
  },
});
const rounds = Number(flags.rounds);
const connections = Number(flags.connections);
const delay_ms = Number(flags.delay);
/** Holds that wait for their money, for all rounds together. */
const events = Number(flags.events);
/** A slow database must not make the run endless: what is not sent by then stays unsent. */
const LOAD_MS = 20_000;
const webhook_secret = `whsec_${randomBytes(24).toString('hex')}`;

type Signed = { readonly body: string; readonly signature: string };
type Sql = postgres.Sql;

/** Holds with a payment page each, made by the product's own functions. */
async function holdsWithPages(sql: Sql, count: number): Promise<void> {
  await sql.unsafe(`
    set statement_timeout = '5min';
    create unlogged table bench_pages as
    with held as materialized (
      select s.n, h.reservation_id
      from bench_slots s
      join bench_owners o on o.n = s.n
      cross join lateral hold_slot(
        gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null, gen_random_uuid()::text, null,
        '{"kind":"operator","source":"api","request_id":"bench"}'
      ) h
      where s.n <= ${count}
    )
    select h.n, h.reservation_id, p.outcome
    from held h
    cross join lateral record_payment_session(
      gen_random_uuid(), h.reservation_id, 'cs_bench_' || h.n, 'http://127.0.0.1/pay',
      now() + interval '31 minutes', '{"kind":"system","source":"api","request_id":"bench"}'
    ) p;
    -- The run may take longer than a hold.
    update reservations r set expires_at = now() + interval '1 hour'
    from bench_pages b where r.id = b.reservation_id;
    update slot_claims c set expires_at = now() + interval '1 hour'
    from bench_pages b where c.reservation_id = b.reservation_id;
  `);
  const [made] = await sql<{ ok: number }[]>`
    select count(*)::integer as ok from bench_pages where outcome = 'ok'`;
  if (made?.ok !== count) throw new Error(`${made?.ok} of ${count} holds have a page`);
  await sql.unsafe('vacuum analyze');
}

/** What the provider would send for page `n`, signed as it signs. */
function signedEvent(stripe: Stripe, n: number): Signed {
  const created = Math.floor(Date.now() / 1000);
  const session = {
    id: `cs_bench_${n}`,
    object: 'checkout.session',
    mode: 'payment',
    status: 'complete',
    payment_status: 'paid',
    amount_total: 25_000_000,
    currency: 'idr',
    payment_intent: `pi_bench_${n}`,
    customer_details: { email: `bench${n}@example.com`, name: `Bench ${n}` },
    metadata: { channel: 'checkout' },
    expires_at: created + 1_860,
    created,
  };
  const body = JSON.stringify({
    id: `evt_bench_${n}`,
    object: 'event',
    api_version: '2025-09-30.clover',
    type: 'checkout.session.completed',
    created,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    data: { object: session },
  });
  const signature = stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret: webhook_secret,
  });
  return { body, signature };
}

async function send(target: Program, signed: readonly Signed[]): Promise<LoadResult> {
  return await runLoad({
    url: target.url,
    method: 'POST',
    path: '/v1/webhooks/payment',
    headers: { 'content-type': 'application/json' },
    header_of: (n) => `stripe-signature: ${signed[n]?.signature ?? ''}`,
    body: (n) => signed[n]?.body ?? null,
    connections,
    duration_ms: LOAD_MS,
  });
}

type Timed = LoadResult & { readonly daemon_us: number; readonly postgres_us: number };

/** The load, with the CPU time that daemon and PostgreSQL spent on each event. */
async function timed(demo: Demo, target: Program, signed: readonly Signed[]): Promise<Timed> {
  const from = { daemon: cpuOf(target.pid), postgres: cpuWithChildren(demo.pids.postgres) };
  const result = await send(target, signed);
  const each = (used: number) => rounded((used * 1000) / Math.max(1, result.requests), 0);
  return {
    ...result,
    daemon_us: each(cpuOf(target.pid) - from.daemon),
    postgres_us: each(cpuWithChildren(demo.pids.postgres) - from.postgres),
  };
}

/** Every 200 is a booking with its money, once; nothing else happened. */
async function assertBooked(sql: Sql, answered: number): Promise<void> {
  const [found] = await sql<{ bookings: number; entries: number; unpaid: number }[]>`
    select
      (select count(*) from bookings b join bench_pages p on p.reservation_id = b.reservation_id)
        ::integer as bookings,
      (select count(*) from financial_entries e join bookings b on b.id = e.booking_id
        join bench_pages p on p.reservation_id = b.reservation_id)::integer as entries,
      (select count(*) from payments y join bench_pages p on p.reservation_id = y.reservation_id
        where y.status = 'success' and y.booking_id is null)::integer as unpaid`;
  if (found?.bookings !== answered || found.entries !== answered || found.unpaid !== 0) {
    throw new Error(`${answered} events were answered 200, found ${JSON.stringify(found)}`);
  }
}

function assertAllTaken(name: string, { statuses, requests }: LoadResult): void {
  if (requests > 0 && statuses['200'] === requests) return;
  throw new Error(`${name}: ${JSON.stringify(statuses)} of ${requests}, not all 200`);
}

await using stack = new AsyncDisposableStack();
const demo = stack.use(startDemo(stack.use(checkOut(null)).root));
await makeFixture(demo, events);
const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
stack.defer(() => sql.end({ timeout: 5 }));
await holdsWithPages(sql, events);

const settings = {
  STRIPE_WEBHOOK_SECRET: webhook_secret,
  STRIPE_SECRET_KEY: 'sk_test_bench',
  STRIPE_API_BASE: demo.stripe_url,
  REDIS_URL: demo.redis_url ?? '',
  PETPRO_ONLY: 'api',
};
const near = stack.use(await startDaemon(demo, settings));
const far_url = new URL(demo.database_url);
const way = stack.use(await startSlowWay(far_url, delay_ms));
const slow_url = new URL(far_url);
slow_url.port = String(way.port);
const far = stack.use(await startDaemon(demo, { ...settings, DATABASE_URL: slow_url.href }));

const stripe = new Stripe('sk_test_bench');
// Of each round's events most go to the near database: the far one takes a fraction of them.
const per_round = Math.floor(events / rounds);
const far_share = Math.floor(per_round / 4);
const measured: { near: Timed; again: Timed; far: Timed }[] = [];
for (let round = 0; round < rounds; round += 1) {
  // Signed just before they are sent: a signature is good for five minutes.
  const signed = Array.from({ length: per_round }, (_, index) =>
    signedEvent(stripe, round * per_round + index + 1),
  );
  const now = signed.slice(far_share);
  const slow = signed.slice(0, far_share);
  const one = {
    near: await timed(demo, near, now),
    again: await timed(demo, near, now),
    far: await timed(demo, far, slow),
  };
  for (const [name, result] of Object.entries(one)) assertAllTaken(name, result);
  measured.push(one);
}
await assertBooked(
  sql,
  measured.reduce((sum, one) => sum + one.near.requests + one.far.requests, 0),
);

const of = (which: 'near' | 'again' | 'far', what: keyof Timed) =>
  median(measured.map((one) => Number(one[which][what])));
const figures: Figure[] = [
  { what: 'payment events, new, per second', value: of('near', 'per_second'), unit: '/s' },
  { what: '  p50', value: of('near', 'p50_ms'), unit: 'ms' },
  { what: '  p95', value: of('near', 'p95_ms'), unit: 'ms' },
  { what: '  CPU of the daemon per event', value: of('near', 'daemon_us'), unit: 'us' },
  { what: '  CPU of PostgreSQL per event', value: of('near', 'postgres_us'), unit: 'us' },
  { what: 'the same once more, per second', value: of('again', 'per_second'), unit: '/s' },
  { what: '  p95', value: of('again', 'p95_ms'), unit: 'ms' },
  {
    what: `new, database ${delay_ms} ms away, per second`,
    value: of('far', 'per_second'),
    unit: '/s',
  },
  { what: '  p50', value: of('far', 'p50_ms'), unit: 'ms' },
  { what: '  p95', value: of('far', 'p95_ms'), unit: 'ms' },
];
keep({
  name: 'webhook',
  figures,
  details: { rounds, events, connections, delay_ms, measured },
});
console.log(table(figures));
