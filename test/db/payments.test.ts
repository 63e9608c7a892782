import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import {
  claimRefunds,
  finishRefund,
  openSession,
  type PaymentNews,
  recordPaymentSession,
  takePaymentEvent,
} from '../../src/daemon/store/payments.ts';
import {
  cancelReservation,
  confirmReservation,
  expireReservation,
} from '../../src/daemon/store/reservations.ts';
import { addScene, customer, desk, eventsOf, hold, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  createTestDatabase,
  lapse,
  type OwnerIds,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase();

afterAll(async () => {
  await assertInvariants(sql);
});

/** Opens a payment page for a hold; answers the session's id. */
async function openPage(reservation_id: string, owner: OwnerIds): Promise<string> {
  const payment_id = randomUUID();
  const session_id = `cs_${payment_id}`;
  const { outcome } = await recordPaymentSession(
    sql,
    {
      payment_id,
      reservation_id,
      session_id,
      payment_url: 'http://127.0.0.1/pay',
      expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
    },
    customer(owner.user_id),
  );
  expect(outcome).toBe('ok');
  return session_id;
}

const news = (session_id: string, more: Partial<PaymentNews> = {}): PaymentNews => ({
  event_id: `evt_${randomUUID()}`,
  event_type: 'checkout.session.completed',
  payload: { object: 'event' },
  session_id,
  payment_intent: `pi_${session_id}`,
  result: 'success',
  amount: '250000.00',
  currency: 'IDR',
  ...more,
});

test('a payment makes the booking, the ledger entry and its events in one go', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  expect((await openSession(sql, reservation_id))?.session_id).toBe(session_id);
  const paid = await takePaymentEvent(sql, news(session_id));
  expect(paid).toMatchObject({ outcome: 'confirmed', reservation_id, slot_id, seats: [1] });
  expect(await openSession(sql, reservation_id)).toBeNull();
  const events = await sql<{ event_type: string; correlation_id: string }[]>`
    select event_type, correlation_id from booking_events_outbox
    where aggregate_id = ${paid.booking_id} or payload ->> 'booking_id' = ${paid.booking_id}
    order by position`;
  expect(events.map(({ event_type }) => event_type)).toEqual([
    'booking.created',
    'booking.confirmed',
    'payment.processed',
  ]);
  expect(new Set(events.map(({ correlation_id }) => correlation_id)).size).toBe(1);
  const [entry] = await sql`
    select total_amount, platform_fee, clinic_amount, tax_amount
    from financial_entries where booking_id = ${paid.booking_id}`;
  expect(entry).toEqual({
    total_amount: '250000.000',
    platform_fee: '25000.000',
    clinic_amount: '225000.000',
    tax_amount: '0.000',
  });
  const [slot] = await sql`select status, booked_count from slots where id = ${slot_id}`;
  expect(slot).toEqual({ status: 'booked', booked_count: 1 });
  const [reminders] = await sql<{ n: number }[]>`
    select count(*) as n from booking_reminders where booking_id = ${paid.booking_id}`;
  expect(reminders!.n).toBe(2);
});

test('the same event again, or another one of the same payment, changes nothing', async () => {
  const { slot_id, owner } = await addScene(sql);
  const session_id = await openPage(await mustHold(sql, slot_id, owner), owner);
  const first = news(session_id);
  const paid = await takePaymentEvent(sql, first);
  const twice = await takePaymentEvent(sql, first);
  const other = await takePaymentEvent(
    sql,
    news(session_id, { event_type: 'payment_intent.succeeded' }),
  );
  for (const again of [twice, other]) {
    expect(again).toMatchObject({ outcome: 'already_done', booking_id: paid.booking_id });
  }
  const late_failure = await takePaymentEvent(sql, news(session_id, { result: 'failed' }));
  expect(late_failure.outcome).toBe('already_done');
});

test('fee, clinic share and inclusive tax sum to the payment, odd yen included', async () => {
  const clinic = await addClinic(sql, { currency: 'JPY', commission_bp: 1500, tax_bp: 1000 });
  const service_id = await addService(sql, clinic, { price: '3333' });
  const slot_id = await addSlot(sql, clinic, service_id);
  const owner = await addOwner(sql);
  const session_id = await openPage(await mustHold(sql, slot_id, owner), owner);
  const paid = await takePaymentEvent(sql, news(session_id, { amount: '3333', currency: 'jpy' }));
  expect(paid.outcome).toBe('confirmed');
  const [entry] = await sql`
    select total_amount, platform_fee, clinic_amount, tax_amount
    from financial_entries where booking_id = ${paid.booking_id}`;
  // 15 % of 3333 = 499.95; tax in 3333 at 10 % = 303; the rest is the clinic's.
  expect(entry).toEqual({
    total_amount: '3333.000',
    platform_fee: '500.000',
    clinic_amount: '2530.000',
    tax_amount: '303.000',
  });
});

test('a declined card leaves the hold and the page; the next card books', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  const failed = await takePaymentEvent(sql, news(session_id, { result: 'failed', amount: null }));
  expect(failed.outcome).toBe('failed_recorded');
  const again = await takePaymentEvent(sql, news(session_id, { result: 'failed' }));
  expect(again.outcome).toBe('already_done');
  expect((await takePaymentEvent(sql, news(session_id))).outcome).toBe('confirmed');
});

test('a lapsed session is closed and recorded', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  const lapsed = await takePaymentEvent(sql, news(session_id, { result: 'expired' }));
  expect(lapsed.outcome).toBe('failed_recorded');
  expect(await openSession(sql, reservation_id)).toBeNull();
});

test('events of other kinds and unknown sessions only reach the inbox', async () => {
  const { slot_id, owner } = await addScene(sql);
  const session_id = await openPage(await mustHold(sql, slot_id, owner), owner);
  for (const [strange, outcome] of [
    [news(session_id, { result: 'ignored' }), 'ignored'],
    [news(session_id, { result: 'disputed' }), 'ignored'],
    [news('cs_unknown', { result: 'failed' }), 'ignored'],
    // Somebody paid, and nobody can say what for: a person has to look.
    [news(session_id, { amount: null }), 'unknown_money'],
    [news(session_id, { currency: 'xxx' }), 'unknown_money'],
    [news('cs_unknown'), 'unknown_money'],
  ] as const) {
    expect((await takePaymentEvent(sql, strange)).outcome).toBe(outcome);
    const [row] = await sql`
      select outcome from webhook_events where event_id = ${strange.event_id}`;
    expect(row).toEqual({ outcome });
  }
});

test('a success of a session that was never recorded is adopted by its metadata', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const payment_id = randomUUID();
  const event = news(`cs_${payment_id}`, { payload: { metadata: { reservation_id, payment_id } } });
  const paid = await takePaymentEvent(sql, event);
  expect(paid.outcome).toBe('confirmed');
  const [row] = await sql<{ payment_id: string }[]>`
    select payment_id from bookings where id = ${paid.booking_id}`;
  expect(row!.payment_id).toBe(payment_id);
});

test('paid late, the seat still free: it is taken again', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  await lapse(sql, reservation_id);
  expect((await expireReservation(sql, reservation_id)).outcome).toBe('ok');
  const paid = await takePaymentEvent(sql, news(session_id));
  expect(paid).toMatchObject({ outcome: 'confirmed', seats: [1] });
  const [entry] = await sql`
    select action from reservation_log_entries
    where reservation_id = ${reservation_id} and status = 'confirmed'`;
  expect(entry).toEqual({ action: 'reservation.retaken' });
});

test('paid late, the seat sold: everything goes back', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  await lapse(sql, reservation_id);
  await expireReservation(sql, reservation_id);
  await mustHold(sql, slot_id, await addOwner(sql));
  const late = await takePaymentEvent(sql, news(session_id));
  expect(late).toMatchObject({ outcome: 'refund_requested', booking_id: null });
  const [refund] = await sql<{ id: string; payment_id: string }[]>`
    select id, payment_id, amount, reason, status from refunds
    where reservation_id = ${reservation_id}`;
  expect(refund).toMatchObject({ amount: '250000.000', reason: 'slot_taken', status: 'pending' });
  expect(await eventsOf(sql, refund!.payment_id)).toEqual(['payment.late']);
  const claimed = await claimRefunds(sql, 10, 60_000);
  expect(claimed.map(({ refund_id }) => refund_id)).toContain(refund!.id);
  expect(claimed.find(({ refund_id }) => refund_id === refund!.id)).toMatchObject({
    external_reference: `pi_${session_id}`,
    attempts: 1,
  });
  expect(await claimRefunds(sql, 10, 60_000)).toEqual([]);
  const done = { refund_id: refund!.id, result: 'completed', external_reference: 're_1' } as const;
  expect((await finishRefund(sql, done)).outcome).toBe('completed');
  expect((await finishRefund(sql, done)).outcome).toBe('already_done');
  expect(await eventsOf(sql, refund!.payment_id)).toEqual(['payment.late', 'refund.processed']);
});

test('paid late, its owner has another visit at that time by now: everything goes back', async () => {
  for (const is_swept of [true, false]) {
    const { clinic, service_id, slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    const session_id = await openPage(reservation_id, owner);
    await lapse(sql, reservation_id);
    if (is_swept) await expireReservation(sql, reservation_id);
    const at_same_time = await addSlot(sql, clinic, service_id);
    const other = await mustHold(sql, at_same_time, owner);
    expect(await takePaymentEvent(sql, news(session_id))).toMatchObject({
      outcome: 'refund_requested',
      booking_id: null,
    });
    const refunds = await sql`select reason from refunds where reservation_id = ${reservation_id}`;
    expect(refunds).toEqual([{ reason: 'owner_busy' }]);
    const states = await sql`
      select status from reservations where id in (${reservation_id}, ${other}) order by fence`;
    expect(states).toEqual([{ status: 'expired' }, { status: 'pending' }]);
    expect((await hold(sql, slot_id, await addOwner(sql))).outcome).toBe('ok');
  }
});

test('late money and a new hold of the same owner, at once: one of them gets the time', async () => {
  for (let round = 0; round < 8; round += 1) {
    const { clinic, service_id, slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    const session_id = await openPage(reservation_id, owner);
    await lapse(sql, reservation_id);
    const at_same_time = await addSlot(sql, clinic, service_id);
    const [paid, held] = await Promise.all([
      takePaymentEvent(sql, news(session_id)),
      hold(sql, at_same_time, owner),
    ]);
    expect([
      ['confirmed', 'policy_refused'],
      ['refund_requested', 'ok'],
    ]).toContainEqual([paid.outcome, held.outcome]);
  }
});

test('staff do not confirm an overdue hold whose owner is somewhere else by now', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  await lapse(sql, reservation_id);
  await mustHold(sql, await addSlot(sql, clinic, service_id), owner);
  const request = { reservation_id, payment_method: 'at_clinic' } as const;
  expect((await confirmReservation(sql, request, desk)).outcome).toBe('policy_refused');
  expect((await expireReservation(sql, reservation_id)).outcome).toBe('ok');
});

test('paid after the customer gave the hold back: everything goes back', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  const gone = await cancelReservation(sql, reservation_id, 'no time', customer(owner.user_id));
  expect(gone).toMatchObject({ outcome: 'ok', session_id });
  expect((await takePaymentEvent(sql, news(session_id))).outcome).toBe('refund_requested');
});

test('another amount or currency than asked is never a booking', async () => {
  for (const wrong of [{ amount: '249999.00' }, { currency: 'usd' }]) {
    const { slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    const session_id = await openPage(reservation_id, owner);
    const taken = await takePaymentEvent(sql, news(session_id, wrong));
    expect(taken).toMatchObject({ outcome: 'mismatch', booking_id: null });
    const [refund] = await sql`
      select reason from refunds where reservation_id = ${reservation_id}`;
    expect(refund).toEqual({ reason: 'amount_mismatch' });
    const right = await openPage(reservation_id, owner);
    expect((await takePaymentEvent(sql, news(right))).outcome).toBe('confirmed');
  }
});

test('a second payment of the same hold goes back whole', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const [one, two] = [await openPage(reservation_id, owner), await openPage(reservation_id, owner)];
  const [a, b] = await Promise.all([
    takePaymentEvent(sql, news(one)),
    takePaymentEvent(sql, news(two)),
  ]);
  expect([a.outcome, b.outcome].toSorted()).toEqual(['confirmed', 'refund_requested']);
  const [refund] = await sql`
    select reason, amount from refunds where reservation_id = ${reservation_id}`;
  expect(refund).toEqual({ reason: 'duplicate_payment', amount: '250000.000' });
});

test('money for a visit that staff had booked as payable there pays that booking', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  const request = { reservation_id, payment_method: 'at_clinic' } as const;
  const booked = await confirmReservation(sql, request, desk);
  const paid = await takePaymentEvent(sql, news(session_id));
  expect(booked).toMatchObject({ outcome: 'ok', booking_id: paid.booking_id });
  expect(paid.outcome).toBe('confirmed');
  const [row] = await sql`
    select payment_state, version from booking_rows where booking_id = ${paid.booking_id}`;
  expect(row).toEqual({ payment_state: 'paid', version: 2 });
});

test('a page for a hold that is gone is kept, because it can still be paid', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  await cancelReservation(sql, reservation_id, null, customer(owner.user_id));
  const payment_id = randomUUID();
  const session = {
    payment_id,
    reservation_id,
    session_id: `cs_${payment_id}`,
    payment_url: 'http://127.0.0.1/pay',
    expires_at: Temporal.Now.instant().toString(),
  };
  expect((await recordPaymentSession(sql, session, desk)).outcome).toBe('conflict');
  const paid = await takePaymentEvent(sql, news(session.session_id));
  expect(paid.outcome).toBe('refund_requested');
  const stranger = customer(randomUUID());
  const hidden = await recordPaymentSession(
    sql,
    { ...session, payment_id: randomUUID() },
    stranger,
  );
  expect(hidden.outcome).toBe('not_found');
});

test('a refund that fails is tried again, and after the last try waits for a person', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const session_id = await openPage(reservation_id, owner);
  await cancelReservation(sql, reservation_id, null, desk);
  await takePaymentEvent(sql, news(session_id));
  const [refund] = await sql<{ id: string }[]>`
    select id from refunds where reservation_id = ${reservation_id}`;
  const retry = { refund_id: refund!.id, result: 'retry', error: 'HTTP 503' } as const;
  await claimRefunds(sql, 10, 60_000);
  expect((await finishRefund(sql, retry)).outcome).toBe('pending');
  expect((await claimRefunds(sql, 10, 60_000)).map((row) => row.refund_id)).not.toContain(
    refund!.id,
  );
  await sql`update refunds set attempts = 10 where id = ${refund!.id}`;
  expect((await finishRefund(sql, retry)).outcome).toBe('failed');
  expect((await finishRefund(sql, { ...retry, refund_id: randomUUID() })).outcome).toBe(
    'not_found',
  );
  expect((await hold(sql, slot_id, owner)).outcome).toBe('ok');
});
