import { expect, test } from 'vitest';
import {
  listEntries,
  listInbox,
  listPayments,
  settleInboxItem,
} from '../../src/daemon/actions/money.ts';
import { completeRefund, createRefund } from '../../src/daemon/actions/refunds.ts';
import { takePaymentEvent } from '../../src/daemon/store/payments.ts';
import { expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking } from '../actions/world.ts';

const { app, sql, pay, drain, control } = await openBench();
const manager = staff('manager');
const desk = staff('desk');

const inbox = async () => (await listInbox(app, manager, { limit: 50 })).items;
const causes = async () => (await inbox()).map(({ cause }) => cause);

async function booked() {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await pay(started.reference_code);
  return { world, ref: started.reference_code };
}

test('is empty while all goes well', async () => {
  await booked();
  expect(await inbox()).toEqual([]);
});

test('another amount than asked for goes back, and a person tells the owner', async () => {
  const world = await makeWorld(sql);
  const { reference_code, reservation_id } = await startBooking(app, world);
  await sql`update payments set amount = amount + 1 where reservation_id = ${reservation_id}`;
  await pay(reference_code);
  await drain('refunds');
  const [item] = await inbox();
  expect(item).toMatchObject({ cause: 'amount_mismatch', reference_code, amount: '250000.00' });
  expect(item?.next).toContain(`petpro payments settle ${item?.item_id}`);
  const foreign = staff('manager', '00000000-0000-4000-8000-000000000001');
  const wish = { item_id: item?.item_id ?? '', reason: 'told her' };
  await expectProblem(settleInboxItem(app, foreign, wish), 'not_found');
  expect((await listInbox(app, foreign, { limit: 50 })).items).toEqual([]);
  await settleInboxItem(app, manager, wish);
  await expectProblem(settleInboxItem(app, manager, wish), 'not_found');
  expect(await inbox()).toEqual([]);
});

test('a paid page of which nobody knows', async () => {
  const news = {
    event_id: 'evt_stranger',
    event_type: 'checkout.session.completed',
    payload: { id: 'cs_stranger' },
    session_id: 'cs_stranger',
    payment_intent: 'pi_stranger',
    result: 'success',
    amount: '1.00',
    currency: 'IDR',
  } as const;
  expect((await takePaymentEvent(sql, news)).outcome).toBe('unknown_money');
  const [item] = await inbox();
  expect(item).toMatchObject({ cause: 'unknown_money', clinic_id: null });
  expect(item?.detail).toContain('cs_stranger');
  await settleInboxItem(app, manager, { item_id: item?.item_id ?? '', reason: 'another shop' });
  expect(await inbox()).toEqual([]);
});

test('what only a deed clears cannot be waved through', async () => {
  const { ref } = await booked();
  const made = await control('disputes', { ref });
  const { id } = made as { id: string };
  await control('flush', {});
  await expect.poll(causes).toEqual(['dispute']);
  const [item] = await inbox();
  const wish = { item_id: item?.item_id ?? '', reason: 'go away' };
  await expectProblem(settleInboxItem(app, manager, wish), 'policy_refused');
  await control(`disputes/${id}/close`, { status: 'won' });
  await expect.poll(causes).toEqual([]);
});

test('a request of the desk, and a refund that the provider refuses for good', async () => {
  const { ref } = await booked();
  const asked = await createRefund(app, desk, { booking_id: ref, amount: '9.00', reason: 'late' });
  expect(await causes()).toEqual(['refund_asked_for']);
  await sql`update refunds set decision = 'granted' where id = ${asked.refund_id}`;
  await sql`update payments set external_reference = 'pi_gone' where id = ${asked.payment_id}`;
  await drain('refunds');
  const [item] = await inbox();
  expect(item).toMatchObject({ cause: 'refund_failed', refund_id: asked.refund_id });
  const { refund_id } = asked;
  await completeRefund(app, desk, { refund_id, handed_over: 'transfer' });
  expect(await causes()).toEqual([]);
  const { items: paid } = await listPayments(app, desk, { booking_id: ref, limit: 10 });
  expect(paid).toMatchObject([{ status: 'success', refund_amount: '9.00' }]);
  const { items: entries } = await listEntries(app, manager, { booking_id: ref, limit: 10 });
  expect(entries.map(({ type, total_amount }) => `${type} ${total_amount}`)).toEqual([
    'payment 250000.00',
    'refund -9.00',
  ]);
  await expectInvariants(sql);
});

test('money that has neither booking nor refund after five minutes', async () => {
  const { ref } = await booked();
  const taken = await sql`
    update payments p set booking_id = null, paid_at = now() - interval '6 minutes'
    from bookings b where b.id = p.booking_id and b.reference_code = ${ref}`;
  expect(taken.count).toBe(1);
  expect(await causes()).toEqual(['paid_without_booking']);
});
