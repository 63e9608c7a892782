import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { listBookings } from '../../src/daemon/actions/list-bookings.ts';
import {
  completeRefund,
  createRefund,
  decideRefund,
  listRefunds,
  retryRefund,
} from '../../src/daemon/actions/refunds.ts';
import { expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking, type World } from '../actions/world.ts';
import { eventsOf } from '../helpers/booking.ts';

const { app, sql, pay, drain, control } = await openBench();
const desk = staff('desk');
const { webhook_url: receiver } = (await control('state')) as { webhook_url: string };
const manager = staff('manager');

/** A booking paid online; amounts of the seed's service: 250000 IDR. */
async function paidBooking(): Promise<{ world: World; ref: string }> {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await pay(started.reference_code);
  return { world, ref: started.reference_code };
}

async function cashBooking(): Promise<string> {
  const world = await makeWorld(sql);
  const { reservation_id } = await createReservation(app, world.who, world.wish, no_key);
  const done = await confirmReservation(app, desk, { reservation_id, payment_method: 'cash' });
  return done.reference_code;
}

const ask = (ref: string, amount?: string, who = manager) =>
  createRefund(app, who, {
    booking_id: ref,
    reason: 'waited',
    ...(amount === undefined ? {} : { amount }),
  });

const refundsOf = async (ref: string) =>
  (await listRefunds(app, manager, { booking_id: ref, limit: 50 })).items;

/** What the provider has: refunds that were made there, by what they tell of us. */
async function atProvider(ref: string): Promise<readonly { id: string; status: string }[]> {
  const [row] = await sql<{ intent: string }[]>`
    select p.external_reference as intent
    from payments p join reservations r on r.id = p.reservation_id
    where r.reference_code = ${ref} and p.status in ('success', 'refunded')`;
  const address = `${app.config.stripe_api_base}/v1/refunds?payment_intent=${row?.intent}`;
  const authorization = `Bearer ${app.config.stripe_secret_key}`;
  const answer = await fetch(address, { headers: { authorization } });
  const list: { data: { id: string; status: string }[] } = JSON.parse(await answer.text());
  return list.data;
}

/** Delivers every webhook that is on its way. */
const news = async () => {
  await control('flush', { kinds: ['deliver'] });
};

const dueNow = (ref: string) => sql`
  update refunds f set next_attempt_at = now()
  from reservations r
  where r.id = f.reservation_id and r.reference_code = ${ref}`;

test('a bank that takes days: its end comes by webhook', async () => {
  const { ref } = await paidBooking();
  await control('settings', { refund_status: 'pending' });
  await ask(ref, '50000.00');
  await drain('refunds');
  await news();
  await control('settings', { refund_status: 'succeeded' });
  expect(await refundsOf(ref)).toMatchObject([{ status: 'processing', amount: '50000.00' }]);
  const [there] = await atProvider(ref);
  await control(`refunds/${there?.id}/settle`, { status: 'succeeded' });
  await control(`deliveries?event_type=refund.updated&wait_ms=5000`);
  await news();
  await expect.poll(async () => (await refundsOf(ref))[0]?.status).toBe('completed');
  await expectInvariants(sql);
});

test('the poller finds the end whose webhook was lost, and sends nothing twice', async () => {
  const { ref } = await paidBooking();
  await control('settings', { refund_status: 'pending' });
  await ask(ref, '50000.00');
  await drain('refunds');
  await news();
  await control('settings', { refund_status: 'succeeded' });
  await dueNow(ref);
  await drain('refunds');
  expect(await refundsOf(ref)).toMatchObject([{ status: 'processing', attempts: 1 }]);
  await control('webhook', { url: null });
  const [there] = await atProvider(ref);
  await control(`refunds/${there?.id}/settle`, { status: 'failed' });
  await control('webhook', { url: receiver });
  await dueNow(ref);
  await drain('refunds');
  expect(await refundsOf(ref)).toMatchObject([
    { status: 'failed', error: 'expired_or_canceled_card' },
  ]);
  expect(await atProvider(ref)).toHaveLength(1);
  // A person tries again: another refund there, and old news of the first one change nothing.
  const [failed] = await refundsOf(ref);
  await retryRefund(app, manager, { refund_id: failed?.refund_id ?? '' });
  await control('resend-lost', {});
  await news();
  await drain('refunds');
  await news();
  expect(await refundsOf(ref)).toMatchObject([{ status: 'completed' }]);
  expect((await atProvider(ref)).map(({ status }) => status).toSorted()).toEqual([
    'failed',
    'succeeded',
  ]);
  await expectInvariants(sql);
});

test.each(['before', 'after'] as const)(
  'an outage %s the provider took it: refunded once',
  async (phase) => {
    const { ref } = await paidBooking();
    await ask(ref, '70000.00');
    await control('faults', { mode: 'outage', path: '/v1/refunds', phase });
    await drain('refunds');
    await control('faults', { mode: 'none' });
    await news();
    await dueNow(ref);
    await drain('refunds');
    await news();
    expect(await refundsOf(ref)).toMatchObject([{ status: 'completed', amount: '70000.00' }]);
    expect(await atProvider(ref)).toHaveLength(1);
    await expectInvariants(sql);
  },
);

test('a refund made in the dashboard is taken in, and ours keep off what it took', async () => {
  const { ref } = await paidBooking();
  await ask(ref, '200000.00', desk);
  await control('refunds', { ref, amount: 10_000_000 });
  await news();
  await expect
    .poll(async () => (await refundsOf(ref)).map(({ origin, status }) => `${origin} ${status}`))
    .toEqual(['dashboard completed', 'ours denied']);
  await expectProblem(ask(ref, '150000.01'), 'policy_refused');
  await ask(ref);
  await drain('refunds');
  await news();
  expect(await refundsOf(ref)).toHaveLength(3);
  const [sum] = await sql`
    select sum(e.total_amount) from financial_entries e join bookings b on b.id = e.booking_id
    where b.reference_code = ${ref}`;
  expect(sum).toEqual({ sum: '0.000' });
  await expectInvariants(sql);
});

test('money that the bank returns after all is back in the ledger and waits for a person', async () => {
  const { ref } = await paidBooking();
  const { refund_id } = await ask(ref, '50000.00');
  await drain('refunds');
  await news();
  const [there] = await atProvider(ref);
  await control(`refunds/${there?.id}/settle`, { status: 'failed' });
  await news();
  await expect.poll(async () => (await refundsOf(ref))[0]?.status).toBe('failed');
  await expectInvariants(sql);
  const again = await retryRefund(app, manager, { refund_id });
  expect(again.refund_id).not.toBe(refund_id);
  await drain('refunds');
  await news();
  expect((await refundsOf(ref)).map(({ status }) => status)).toEqual(['completed', 'failed']);
  await expectInvariants(sql);
});

test.each(['won', 'lost'] as const)('a dispute that is %s', async (status) => {
  const { ref } = await paidBooking();
  const made = await control('disputes', { ref });
  const { id } = made as { id: string };
  await news();
  await control(`disputes/${id}/close`, { status });
  await news();
  const dispute = () => sql`select status from disputes where external_reference = ${id}`;
  await expect.poll(dispute).toMatchObject([{ status }]);
  expect(await refundsOf(ref)).toMatchObject(
    status === 'lost' ? [{ origin: 'dispute', status: 'completed', amount: '250000.00' }] : [],
  );
  await expectInvariants(sql);
});

test('the desk asks, the manager decides, and only then money moves', async () => {
  const { ref } = await paidBooking();
  const asked = await ask(ref, '20000.00', desk);
  expect(asked).toMatchObject({ status: 'pending', decision: 'awaiting' });
  await drain('refunds');
  expect(await atProvider(ref)).toEqual([]);
  const { refund_id } = asked;
  await decideRefund(app, manager, { refund_id, decision: 'granted' });
  await drain('refunds');
  expect(await refundsOf(ref)).toMatchObject([{ status: 'completed', decision: 'granted' }]);
  await expectProblem(decideRefund(app, manager, { refund_id, decision: 'denied' }), 'conflict');
  const other = await ask(ref, '30000.00', desk);
  await decideRefund(app, manager, { refund_id: other.refund_id, decision: 'denied' });
  await drain('refunds');
  expect(await atProvider(ref)).toHaveLength(1);
  expect(await eventsOf(sql, asked.payment_id)).toEqual([
    'payment.processed',
    'refund.requested',
    'refund.granted',
    'refund.processed',
    'refund.requested',
    'refund.denied',
  ]);
  await expectInvariants(sql);
});

test('never more than was paid, also by several at once', async () => {
  const { ref } = await paidBooking();
  await expectProblem(ask(ref, '250000.01'), 'policy_refused');
  await expectProblem(ask(ref, '0.00'), 'policy_refused');
  await expectProblem(ask(ref, '1.005'), 'invalid_input');
  await expectProblem(ask('BP99999999', '1.00'), 'not_found');
  await expectProblem(
    ask(ref, '1.00', staff('manager', '00000000-0000-4000-8000-000000000001')),
    'not_found',
  );
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => ask(ref, '100000.00')));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  await cancelBooking(app, manager, { booking_id: ref, by: 'clinic', quote: false });
  await drain('refunds');
  await news();
  const done = await refundsOf(ref);
  expect(done.map(({ amount }) => amount).toSorted()).toEqual([
    '100000.00',
    '100000.00',
    '50000.00',
  ]);
  await expectInvariants(sql);
});

test('a booking says whether a part of its money went back, or all of it', async () => {
  const { ref, world } = await paidBooking();
  const stateOf = async () => (await getBooking(app, manager, { booking_id: ref })).payment_state;
  await ask(ref, '50000');
  expect(await stateOf()).toBe('refunding');
  await drain('refunds');
  expect(await stateOf()).toBe('partially_refunded');
  const { user_id } = world.owner;
  const { items } = await listBookings(app, manager, { user_id, limit: 5 });
  expect(items).toMatchObject([{ status: 'confirmed', payment_state: 'partially_refunded' }]);
  await ask(ref, '200000');
  await drain('refunds');
  expect(await stateOf()).toBe('refunded');
  await expectInvariants(sql);
});

test('cash goes back by hand', async () => {
  const ref = await cashBooking();
  const { refund_id } = await ask(ref);
  await drain('refunds');
  expect(await refundsOf(ref)).toMatchObject([{ status: 'failed' }]);
  await expectProblem(retryRefund(app, manager, { refund_id }), 'policy_refused');
  const done = await completeRefund(app, desk, { refund_id, handed_over: 'cash' });
  expect(done).toMatchObject({ status: 'completed', handed_over: 'cash' });
  await completeRefund(app, desk, { refund_id, handed_over: 'cash' });
  await expectInvariants(sql);
});
