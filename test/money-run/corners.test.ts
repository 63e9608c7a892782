import type { Sql } from 'postgres';
import { afterAll, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { payBooking } from '../../src/daemon/store/desk-payments.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import {
  claimRefunds,
  finishRefund,
  recordPaymentSession,
  takePaymentEvent,
} from '../../src/daemon/store/payments.ts';
import { takeRefundNews } from '../../src/daemon/store/provider-news.ts';
import { completeRefund } from '../../src/daemon/store/refunds.ts';
import { rescheduleBooking } from '../../src/daemon/store/reschedule.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { undoBooking } from '../../src/daemon/store/undo.ts';
import { addScene, desk, mustBook, mustHold } from '../helpers/booking.ts';
import { addOwner, addRoom, addSlot, createTestDatabase } from '../helpers/database.ts';
import { askRefund } from '../model/refund-door.ts';

/** What random walks of the model found, each as the few steps that matter. */

const { sql } = await createTestDatabase();
afterAll(() => assertInvariants(sql));

/** A booking to be paid at the visit, with a payment page still open. */
async function bookedWithPage() {
  const scene = await addScene(sql);
  const reservation_id = await mustHold(sql, scene.slot_id, scene.owner);
  const session_id = `cs_${reservation_id}`;
  const session = {
    payment_id: crypto.randomUUID(),
    reservation_id,
    session_id,
    payment_url: 'http://127.0.0.1/pay',
    expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
  };
  await recordPaymentSession(sql, session, desk);
  const wish = { reservation_id, payment_method: 'at_clinic' } as const;
  const confirmed = await confirmReservation(sql, wish, desk);
  if (confirmed.outcome !== 'ok') throw new Error(confirmed.outcome);
  return { ...scene, booking_id: confirmed.booking_id, session_id };
}

const pageIsPaid = (session_id: string) =>
  takePaymentEvent(sql, {
    event_id: `evt_${session_id}`,
    event_type: 'checkout.session.completed',
    payload: {},
    session_id,
    payment_intent: `pi_${session_id}`,
    result: 'success',
    amount: '250000',
    currency: 'IDR',
  });

const move = (
  booking_id: string,
  slot_id: string,
  quote = false,
  by: 'owner' | 'clinic' = 'clinic',
) =>
  rescheduleBooking(
    sql,
    {
      booking_id,
      slot_id,
      by,
      seats: null,
      reason: null,
      expected_version: null,
      quote,
    },
    desk,
  );

const cancel = (booking_id: string) =>
  cancelBooking(
    sql,
    { booking_id, reason: null, by: 'clinic', expected_version: null, quote: false },
    desk,
  );

const cash = (booking_id: string, amount: string | null, expected_version: number | null) =>
  payBooking(sql, { booking_id, payment_method: 'cash', amount, expected_version }, desk);

async function refundsOf(db: Sql, booking_id: string) {
  return await db<{ status: string; amount: string }[]>`
    select status, round(amount)::text as amount from refunds
    where booking_id = ${booking_id}
    order by created_at`;
}

/** Asks for so much to go back as a goodwill, and hands it over. */
async function goodwill(booking_id: string, amount: string): Promise<void> {
  const { refund_id } = await askRefund(sql, booking_id, amount, false);
  expect(await completeRefund(sql, refund_id, 'cash', null, desk)).toBe('ok');
}

test('a page paid after the desk took and gave back money is more than the price: sent back', async () => {
  const { booking_id, session_id } = await bookedWithPage();
  await cash(booking_id, '100000', 1);
  await goodwill(booking_id, '100000');
  expect((await pageIsPaid(session_id)).outcome).toBe('refund_requested');
  await assertInvariants(sql);
});

test('a page paid after a move to a cheaper time is more than the price: sent back', async () => {
  const { booking_id, session_id, clinic, service_id } = await bookedWithPage();
  const to = await addSlot(sql, clinic, service_id, { in_hours: 90, price: '200000' });
  expect((await move(booking_id, to)).outcome).toBe('ok');
  expect((await pageIsPaid(session_id)).outcome).toBe('refund_requested');
  await assertInvariants(sql);
});

test('a page paid after moves to a cheaper and then a dearer time is what was due', async () => {
  const { booking_id, session_id, clinic, service_id } = await bookedWithPage();
  const cheap = await addSlot(sql, clinic, service_id, { in_hours: 90, price: '200000' });
  const dear = await addSlot(sql, clinic, service_id, { in_hours: 100, price: '300000' });
  for (const to of [cheap, dear]) await move(booking_id, to, false, 'owner');
  expect((await pageIsPaid(session_id)).outcome).toBe('confirmed');
  await assertInvariants(sql);
  expect((await cash(booking_id, null, null)).amount).toBe('50000.000');
});

test('a cancel gives back what is left of each payment, also beside one that went back whole', async () => {
  const { booking_id } = await bookedWithPage();
  const first = await cash(booking_id, '100000', 1);
  await goodwill(booking_id, '100000');
  await cash(booking_id, null, first.version);
  expect(await cancel(booking_id)).toMatchObject({ outcome: 'ok', refund_amount: '150000.00' });
  expect(await refundsOf(sql, booking_id)).toEqual([
    { status: 'completed', amount: '100000' },
    { status: 'pending', amount: '150000' },
  ]);
});

test('a refund that the bank refused still counts: a cancel adds only what is left', async () => {
  const { booking_id, session_id } = await bookedWithPage();
  await pageIsPaid(session_id);
  const { refund_id } = await askRefund(sql, booking_id, '100000', false);
  await claimRefunds(sql, 100, 60_000);
  await finishRefund(sql, { refund_id: refund_id, result: 'failed' });
  expect((await cancel(booking_id)).refund_amount).toBe('150000.00');
  // And the person on whose inbox it is can still send it another way.
  expect(await completeRefund(sql, refund_id, 'transfer', null, desk)).toBe('ok');
});

test('what a bank returned goes back with a cancel', async () => {
  const { booking_id, session_id } = await bookedWithPage();
  await pageIsPaid(session_id);
  const { refund_id } = await askRefund(sql, booking_id, null, false);
  const done = { external_reference: `re_${refund_id}`, refund_id, error: null };
  const news = { event_type: 'refund.updated', payload: {}, payment_intent: `pi_${session_id}` };
  const money = { amount: '250000', currency: 'IDR' };
  for (const status of ['completed', 'failed'] as const) {
    const event = { ...news, ...money, event_id: `${status}_${refund_id}` };
    await takeRefundNews(sql, event, { ...done, status });
  }
  expect((await cancel(booking_id)).refund_amount).toBe('250000.00');
});

test('undoing the cancel of a visit whose slot was blocked since is refused, not broken', async () => {
  const { clinic, booking_id, slot_id } = await bookedWithPage();
  await sql`update clinics set undo_ms = 30000 where id = ${clinic.id}`;
  await cancel(booking_id);
  await sql`update slots set status = 'blocked' where id = ${slot_id}`;
  const told = await undoBooking(sql, { booking_id, expected_version: null }, desk);
  expect(told).toMatchObject({ outcome: 'policy_refused', problem: 'slot_gone' });
});

test('a quote of a move sees the room that somebody else has', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const room_id = await addRoom(sql, clinic);
  const to = await addSlot(sql, clinic, service_id, { in_hours: 90, room_id });
  const rival = await addSlot(sql, clinic, service_id, { in_hours: 90, room_id });
  const booking_id = await mustBook(sql, slot_id, owner);
  expect((await move(booking_id, to, true)).outcome).toBe('ok');
  await mustBook(sql, rival, await addOwner(sql));
  expect((await move(booking_id, to, true)).outcome).toBe('slot_taken');
  expect((await move(booking_id, to)).outcome).toBe('slot_taken');
});

test('a refund from the dashboard that the bank still works on is recorded', async () => {
  const { booking_id, session_id } = await bookedWithPage();
  await pageIsPaid(session_id);
  const news = {
    event_id: `evt_re_${session_id}`,
    event_type: 'refund.created',
    payload: {},
    payment_intent: `pi_${session_id}`,
    amount: '50000',
    currency: 'IDR',
  };
  const refund = { external_reference: `re_${session_id}`, refund_id: null, error: null };
  const told = await takeRefundNews(sql, news, { ...refund, status: 'processing' });
  expect(told).toBe('refund_recorded');
  const again = { ...news, event_id: `${news.event_id}_b` };
  expect(await takeRefundNews(sql, again, { ...refund, status: 'processing' })).toBe(
    'already_done',
  );
  expect(await refundsOf(sql, booking_id)).toEqual([{ status: 'processing', amount: '50000' }]);
});

test('a part refunded in the dashboard leaves the rest of what a cancel promised', async () => {
  const { booking_id, session_id } = await bookedWithPage();
  await pageIsPaid(session_id);
  await cancel(booking_id);
  const news = {
    event_id: `evt_part_${session_id}`,
    event_type: 'refund.created',
    payload: {},
    payment_intent: `pi_${session_id}`,
    amount: '100000',
    currency: 'IDR',
  };
  const refund = { external_reference: `re_part_${session_id}`, refund_id: null, error: null };
  await takeRefundNews(sql, news, { ...refund, status: 'completed' });
  const refunds = await refundsOf(sql, booking_id);
  expect(refunds.toSorted((a, b) => (a.status < b.status ? -1 : 1))).toEqual([
    { status: 'completed', amount: '100000' },
    { status: 'denied', amount: '250000' },
    { status: 'pending', amount: '150000' },
  ]);
});
