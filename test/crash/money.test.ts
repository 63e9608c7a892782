import { afterEach, expect, test, vi } from 'vitest';
import { createTestDatabase, lapse } from '../helpers/database.ts';
import { call, codeOf, member } from '../http/harness.ts';
import {
  endLock,
  expectCrash,
  expectSound,
  lockOf,
  nothing,
  openCrashBench,
  patiently,
  type Scene,
  storyOf,
} from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, start, makeScene, book, control, desk } = bench;

// Each test starts two to four daemons, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

const api_only = { PETPRO_ONLY: 'api' } as const;
/** A lock lives as long as the hold, ten minutes, and five seconds of grace. */
const LOCK_LIFE_MS = 605_000;

/** Held, with a payment page open. */
async function heldScene(url: string, scene: Scene): Promise<string> {
  const answer = await book(url, scene);
  expect(answer.status, answer.text).toBe(201);
  return String(member(answer.json, 'reference_code'));
}

const booked = async (scene: Scene) => (await storyOf(bench, scene)).bookings === 1;
const paid_once = { ...nothing, bookings: 1, claims: 1, paid: 1 };

/** Events of one type about what happened at a slot. */
async function countEvents(event_type: string, scene: Scene): Promise<number> {
  const rows = await sql`
    select from booking_events_outbox
    where event_type = ${event_type} and payload ->> 'slot_id' = ${scene.slot_id}`;
  return rows.length;
}

test('dead before the payment is stored: the provider tells it again, it is booked once', async () => {
  const scene = await makeScene();
  const first = await start({ PETPRO_FAILPOINT: 'before-payment-event' });
  const ref = await heldScene(first.url, scene);
  await control('pay', { ref, outcome: 'success' });
  expect(await first.ended).toBe('SIGKILL');
  expect(await storyOf(bench, scene)).toEqual({ ...nothing, pending: 1, claims: 1 });
  await start();
  await patiently('booked by the second delivery', () => booked(scene));
  expect(await storyOf(bench, scene)).toEqual(paid_once);
  expect(await countEvents('booking.confirmed', scene)).toBe(1);
});

test('dead after the payment is stored: told again, nothing happens twice', async () => {
  const scene = await makeScene();
  const first = await start({ ...api_only, PETPRO_FAILPOINT: 'after-payment-event' });
  const ref = await heldScene(first.url, scene);
  await control('pay', { ref, outcome: 'success' });
  expect(await first.ended).toBe('SIGKILL');
  expect(await storyOf(bench, scene)).toEqual(paid_once);
  const second = await start();
  const deliveries = `deliveries?ref=${ref}&status=delivered&wait_ms=15000`;
  await control(deliveries);
  expect(await storyOf(bench, scene)).toEqual(paid_once);
  expect(await countEvents('booking.confirmed', scene)).toBe(1);
  // Nobody took the lock away; it ends with the hold's time, and refuses nobody wrongly till then.
  const left = await lockOf(bench, scene);
  if (left) expect(left.pttl_ms).toBeLessThanOrEqual(LOCK_LIFE_MS);
  await endLock(bench, scene);
  const refused = await book(second.url, scene, 'rival');
  expect([refused.status, codeOf(refused)]).toEqual([409, 'slot_taken']);
  await patiently('one mail', () => bench.mail.list().some((m) => m.subject.includes(ref)));
});

test('dead before the unlock of a hold given back: free in PostgreSQL, the lock ends in time', async () => {
  const scene = await makeScene();
  const first = await start({ ...api_only, PETPRO_FAILPOINT: 'before-unlock' });
  const held = await book(first.url, scene);
  const params = { reservation_id: String(member(held.json, 'reservation_id')) };
  await expectCrash(first, call(first.url, 'cancel_reservation', { params }, { token: desk }));
  expect(await storyOf(bench, scene)).toEqual({ ...nothing, ended: 1 });
  const left = await lockOf(bench, scene);
  expect(left?.pttl_ms).toBeGreaterThan(0);
  expect(left?.pttl_ms).toBeLessThanOrEqual(LOCK_LIFE_MS);
  const second = await start();
  await endLock(bench, scene);
  expect((await book(second.url, scene, 'rival')).status).toBe(201);
});

test('the sweeper dies between the page and the hold: both end, once', async () => {
  const scene = await makeScene();
  const api = await start(api_only);
  const ref = await heldScene(api.url, scene);
  const [row] = await sql<{ id: string }[]>`
    select id from reservations where slot_id = ${scene.slot_id}`;
  await lapse(sql, row!.id);
  const dying = await start({ PETPRO_ONLY: 'sweeper', PETPRO_FAILPOINT: 'after-session-expire' });
  expect(await dying.ended).toBe('SIGKILL');
  expect((await storyOf(bench, scene)).pending).toBe(1);
  const sessions = await bench.provider('checkout/sessions?limit=100');
  const session = sessions.find((one) => one['client_reference_id'] === ref);
  expect(session?.['status']).toBe('expired');
  await start({ PETPRO_ONLY: 'sweeper' });
  await patiently('swept', async () => (await storyOf(bench, scene)).ended === 1);
  expect(await storyOf(bench, scene)).toEqual({ ...nothing, ended: 1 });
  expect(await countEvents('reservation.expired', scene)).toBe(1);
  await patiently('unlocked', async () => (await lockOf(bench, scene)) === null);
  expect((await book(api.url, scene, 'rival')).status).toBe(201);
});

test('the sweeper dies after the page was paid: the payment wins', async () => {
  const scene = await makeScene();
  const api = await start(api_only);
  const ref = await heldScene(api.url, scene);
  const [row] = await sql<{ id: string }[]>`
    select id from reservations where slot_id = ${scene.slot_id}`;
  await control('pay', { ref, outcome: 'lost_webhook' });
  await lapse(sql, row!.id);
  const dying = await start({ PETPRO_ONLY: 'sweeper', PETPRO_FAILPOINT: 'after-session-expire' });
  expect(await dying.ended).toBe('SIGKILL');
  await start({ PETPRO_ONLY: 'sweeper' });
  await patiently('booked', () => booked(scene));
  expect(await storyOf(bench, scene)).toEqual(paid_once);
});

test('dead after the provider took a refund: asked again, paid back once', async () => {
  const scene = await makeScene();
  const api = await start(api_only);
  const ref = await heldScene(api.url, scene);
  await control('pay', { ref, outcome: 'success' });
  await patiently('booked', () => booked(scene));
  const request = { params: { booking_id: ref }, body: { by: 'clinic', reason: 'vet is ill' } };
  const cancelled = await call(api.url, 'cancel_booking', request, { token: desk });
  expect(cancelled.status, cancelled.text).toBe(200);
  // The provider's own word of the refund would end the story early.
  await control('webhook', { url: null });
  const dying = await start({ PETPRO_ONLY: 'dispatcher', PETPRO_FAILPOINT: 'after-refund' });
  expect(await dying.ended).toBe('SIGKILL');
  const statusOf = async () => {
    const rows = await sql<{ status: string; attempts: number; external_reference: string }[]>`
      select f.status, f.attempts, f.external_reference, p.external_reference as intent
      from refunds f
      join payments p on p.id = f.payment_id
      join reservations r on r.id = f.reservation_id
      where r.slot_id = ${scene.slot_id}`;
    return rows;
  };
  expect(await statusOf()).toMatchObject([{ status: 'processing', external_reference: null }]);
  // The lease of whoever died runs out.
  await sql`update refunds set next_attempt_at = now() where status = 'processing'`;
  await start({ PETPRO_ONLY: 'dispatcher' });
  await patiently('paid back', async () => (await statusOf())[0]?.status === 'completed');
  const [refund, ...more] = await statusOf();
  expect(more).toEqual([]);
  expect(refund).toMatchObject({ attempts: 2 });
  const refunds = await bench.provider('refunds?limit=100');
  expect(refunds.map(({ id }) => id)).toEqual([refund?.external_reference]);
  expect(await storyOf(bench, scene)).toEqual({ ...nothing, cancelled: 1, refunds: 1 });
});
