import { beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createTally } from '../../src/daemon/kpi-tally.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { countEvents } from '../../src/daemon/store/kpis.ts';
import { expireReservation } from '../../src/daemon/store/reservations.ts';
import { createTeller } from '../../src/daemon/workers/kpis.ts';
import type { KpiName } from '../../src/domain/kpi.ts';
import type { Output } from '../../src/domain/shapes.ts';
import { openLog } from '../../src/log.ts';
import { lapse } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { call, send, startHarness } from '../http/harness.ts';
import {
  buildWorld,
  freshBooking,
  freshHold,
  must,
  slotRequest,
  type World,
} from '../http/world.ts';
import { forget, openScene, type Scene } from './scene.ts';

/** Figures of what really happened, over HTTP and through the outbox, against what was done. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
const { app } = harness.daemon;
const never = new AbortController().signal;
let world: World;
let scene: Scene;

type Kpis = Output<'get_kpis'>;

beforeAll(async () => {
  world = await buildWorld(harness);
  scene = openScene(app);
});

beforeEach(async () => {
  await scene.look();
  await forget(sql);
  app.tally.take();
});

async function read(range = '60m', token = world.tokens.sre): Promise<Kpis> {
  const answer = await call(world.base, 'get_kpis', { query: { range } }, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Kpis;
}

const figure = (kpis: Kpis, name: KpiName) => kpis.items.find((one) => one.name === name);
const now = (kpis: Kpis, name: KpiName) => figure(kpis, name)?.now;

/** A customer's booking, paid on the provider's page. */
async function paidBooking(): Promise<void> {
  const body = await slotRequest(world, 'customer');
  const { customer: token } = world.tokens;
  const started = await call(world.base, 'create_booking', { body }, { token });
  const reservation_id = must(started, 'reservation_id');
  const session_id = must(started, 'payment_url').split('/').at(-1) ?? '';
  const address = `/sandbox/sessions/${session_id}/pay`;
  await send(harness.stripe_url, address, { method: 'POST', body: { outcome: 'success' } });
  await eventually('paid', async () => {
    const rows = await sql`
      select from bookings where reservation_id = ${reservation_id}`;
    return rows.length === 1;
  });
}

test('bookings, holds, money and time are counted as they were', async () => {
  await paidBooking();
  const cancelled = await freshBooking(world);
  await freshBooking(world);
  const body = { reason: 'test' };
  const params = { booking_id: cancelled };
  await call(world.base, 'cancel_booking', { params, body }, { token: world.tokens.desk });
  const held = await freshHold(world);
  await lapse(sql, held);
  await expireReservation(sql, held);
  const [taken] = await sql<{ amount: number }[]>`
    select sum(amount)::float8 as amount from payments
    where status in ('success', 'refunded') and paid_at > now() - interval '1 hour'`;

  await scene.look();
  const kpis = await read();
  expect(now(kpis, 'conversion_rate')).toBe(75);
  expect(now(kpis, 'expired_rate')).toBe(25);
  expect(now(kpis, 'cancellation_rate')).toBeCloseTo(33.33, 1);
  expect(figure(kpis, 'revenue_per_hour')).toMatchObject({ currency: 'IDR' });
  // Over 59 whole minutes and the one under way.
  const hours = (59 * 60 + 60) / 3_600;
  const revenue = now(kpis, 'revenue_per_hour') ?? 0;
  expect(revenue).toBeGreaterThanOrEqual((taken?.amount ?? 0) / hours - 1);
  expect(revenue).toBeLessThanOrEqual((taken?.amount ?? 0) * 1.02);
  expect(now(kpis, 'bookings_per_minute')).toBeGreaterThan(0.5);
  expect(now(kpis, 'time_to_book')).toBeGreaterThanOrEqual(0);
  expect(now(kpis, 'payment_latency')).toBeGreaterThanOrEqual(0);
  expect(now(kpis, 'failed_payments')).toBe(0);
});

test('each event is counted once, whoever counts and however often', async () => {
  await freshBooking(world);
  await scene.look();
  const total = async () => {
    const [row] = await sql<{ bookings: number }[]>`
      select sum((counts ->> 'bookings')::int) as bookings from kpi_samples`;
    return Number(row?.bookings);
  };
  expect(await total()).toBe(1);
  await freshBooking(world);
  await scene.look();
  await scene.look();
  expect(await total()).toBe(2);
  await Promise.all(Array.from({ length: 8 }, () => countEvents(sql, 100)));
  expect(await total()).toBe(2);
});

test('an event that cannot be read does not stop the others', async () => {
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload, published
    )
    values (
      'booking', gen_random_uuid(), 'booking.confirmed', ${world.clinic.id}, 'odd',
      '{"reservation_id": "nobody"}', true
    )`;
  await freshBooking(world);
  await scene.look();
  const kpis = await read();
  expect(figure(kpis, 'conversion_rate')?.now).toBe(100);
  const [state] = await sql<{ is_past: boolean }[]>`
    select k.sequence = o.last_sequence as is_past from kpi_state k, outbox_state o`;
  expect(state?.is_past).toBe(true);
  await sql`delete from booking_events_outbox where correlation_id = 'odd'`;
});

test('requests of all daemons add up; probes and the feed are none', async () => {
  const config = loadConfig({ env: { ...harness.env, PETPRO_ONLY: 'api' } });
  await using other = await (async () => {
    const daemon = await startDaemon(config, openLog({ level: 'silent' }));
    return { ...daemon, [Symbol.asyncDispose]: () => daemon.stop() };
  })();
  const token = world.tokens.viewer;
  for (const base of [world.base, other.url]) {
    for (let n = 0; n < 10; n += 1) await call(base, 'list_clinics', {}, { token });
    await send(base, '/healthz');
    await send(base, '/metrics');
  }
  await scene.tell();
  await createTeller().tick(other.app, never);
  const [row] = await sql<{ requests: number; errors: number | null }[]>`
    select sum((counts ->> 'requests')::int)::int as requests,
      sum((counts ->> 'errors')::int)::int as errors
    from kpi_samples`;
  expect(row).toEqual({ requests: 20, errors: null });
  const kpis = await read();
  expect(kpis.daemons).toBeGreaterThanOrEqual(2);
  expect(now(kpis, 'error_rate')).toBe(0);
  expect(now(kpis, 'throughput')).toBeGreaterThan(0);
  expect(now(kpis, 'latency_p95')).toBeGreaterThan(0);
});

test('one winner and nine losers are ninety per cent contention', async () => {
  const body = await slotRequest(world, 'customer');
  const others = await Promise.all(Array.from({ length: 9 }, async () => world.other_customer));
  const tokens = [world.tokens.customer, ...others];
  const answers = [];
  for (const token of tokens) {
    const own = token === world.tokens.customer ? body.pet_id : world.other_owner.pet_id;
    const wish = { body: { ...body, pet_id: own } };
    answers.push(await call(world.base, 'create_reservation', wish, { token }));
  }
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
  await scene.tell();
  expect(now(await read(), 'lock_contention')).toBe(90);
});

test('series are as long as they say, and end with the step under way', async () => {
  await freshBooking(world);
  await scene.look();
  for (const [range, points, step_s] of [
    ['60m', 60, 60],
    ['24h', 24, 3_600],
  ] as const) {
    const kpis = await read(range);
    expect(kpis).toMatchObject({ range, step_s });
    expect(Temporal.Instant.from(kpis.ends_at).epochMilliseconds % (step_s * 1_000)).toBe(0);
    for (const { series, name } of kpis.items) expect(series, name).toHaveLength(points);
    expect(figure(kpis, 'conversion_rate')?.series.at(-1)).toBe(100);
  }
  const [first] = (await read()).items[0]?.series ?? [];
  expect(first).toBe(0);
});

test('a daemon that stops tells its last and is gone', async () => {
  const daemons = async () => (await sql`select from kpi_daemons`).length;
  const config = loadConfig({ env: { ...harness.env, PETPRO_ONLY: 'api' } });
  const before = await daemons();
  const other = await startDaemon(config, openLog({ level: 'silent' }));
  await eventually('it has told of itself', async () => (await daemons()) === before + 1);
  await call(other.url, 'list_clinics', {}, { token: world.tokens.viewer });
  await forget(sql);
  await other.stop();
  expect(await daemons()).toBe(before);
  const [row] = await sql<{ requests: number }[]>`
    select sum((counts ->> 'requests')::int)::int as requests from kpi_samples`;
  expect(row?.requests).toBe(1);
});

test('a client tells how long it waited, within bounds', async () => {
  const token = world.tokens.customer;
  const timings = [
    { screen: 'slots', ms: 180 },
    { screen: 'pay', ms: 240 },
  ];
  const answer = await call(world.base, 'report_timings', { body: { timings } }, { token });
  expect(answer.json).toEqual({ taken: 2 });
  await scene.tell();
  const p95 = now(await read(), 'client_timing') ?? 0;
  expect(p95).toBeGreaterThan(100);
  expect(p95).toBeLessThanOrEqual(250);
  for (const bad of [
    { timings: [] },
    { timings: [{ screen: 'slots', ms: -1 }] },
    { timings: [{ screen: 'elsewhere', ms: 1 }] },
    { timings: Array.from({ length: 21 }, () => ({ screen: 'slots', ms: 1 })) },
  ]) {
    const refused = await call(world.base, 'report_timings', { body: bad }, { token });
    expect(refused.status).toBe(400);
  }
});

test('a key of one clinic sees no business of the others', async () => {
  const token = await harness.addKey('manager', world.clinic.id);
  const groups = new Set((await read('60m', token)).items.map(({ group }) => group));
  expect([...groups].toSorted()).toEqual(['experience', 'performance', 'system']);
});

test('what could not be told is told later, once', () => {
  const tally = createTally();
  tally.client(10);
  tally.putBack(tally.take());
  tally.client(10);
  expect(tally.take()).toMatchObject({ clients: 2, client_le_3: 2 });
  expect(tally.take()).toEqual({});
});

test('what is old goes', async () => {
  await sql`
    insert into kpi_samples (minute, source, counts)
    values (date_trunc('minute', now()) - interval '4 hours', 'old', '{"requests": 1}')`;
  await sql`insert into kpi_hours values (date_trunc('hour', now()) - interval '3 days', '{}')`;
  await scene.look();
  const left = await sql`
    select from kpi_samples where source = 'old'
    union all
    select from kpi_hours where hour < now() - interval '2 days'`;
  expect(left).toHaveLength(0);
});

test('/metrics tells the same, and nothing that grows without end', async () => {
  await freshBooking(world);
  await scene.look();
  const { text } = await send(world.base, '/metrics');
  expect(text).toMatch(/^petpro_bookings_total [1-9]/m);
  expect(text).toMatch(/^petpro_hold_tries_total\{outcome="won"\} [1-9]/m);
  expect(text).toMatch(/^petpro_queue_jobs\{queue="email",state="ready"\} \d/m);
  expect(text).toMatch(/^petpro_alert_state\{alert="disk",severity="critical",muted="0"\} \d/m);
  expect(text).toMatch(/^petpro_database_connections\{state="idle"\} \d/m);
  expect(text).toMatch(/^petpro_nodejs_eventloop_lag_p99_seconds /m);
  // One id in a label would be a series for each request.
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});
