import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { findBookingDetail } from '../../src/daemon/store/booking-detail.ts';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { claimRefunds, finishRefund } from '../../src/daemon/store/payments.ts';
import {
  cancelReservation,
  confirmReservation,
  dueReservations,
  expireReservation,
  extendReservation,
} from '../../src/daemon/store/reservations.ts';
import type { DeskMove } from '../../src/domain/booking.ts';
import {
  addScene,
  customer,
  desk,
  eventsOf,
  hold,
  mustBook,
  mustHold,
} from '../helpers/booking.ts';
import { addOwner, addSlot, addStaff, createTestDatabase, lapse } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

afterAll(async () => {
  await assertInvariants(sql);
});

const cancel = (booking_id: string, more: Partial<Parameters<typeof cancelBooking>[1]> = {}) => ({
  booking_id,
  reason: 'plans changed',
  by: 'owner' as const,
  expected_version: null,
  quote: false,
  ...more,
});

const move = async (booking_id: string, status: DeskMove, expected_version: number | null = null) =>
  await setBookingStatus(sql, { booking_id, status, expected_version }, desk);

/** Moves an appointment to another time, as if days had passed. */
async function startsIn(booking_id: string, hours: number): Promise<void> {
  await sql`
    with b as (
      update bookings set booking_time = now() + ${hours} * interval '1 hour'
      where id = ${booking_id}
      returning slot_id, booking_time
    ), m as (
      update booking_reminders r set booking_time = b.booking_time
      from b where r.booking_id = ${booking_id}
    )
    update slots sl set starts_at = b.booking_time, ends_at = b.booking_time + interval '30 min'
    from b where sl.id = b.slot_id`;
}

test('a hold can be extended once by five minutes, by its holder or by staff', async () => {
  const { slot_id, owner } = await addScene(sql);
  const held = await hold(sql, slot_id, owner);
  const id = held.reservation_id!;
  const me = customer(owner.user_id);
  expect((await extendReservation(sql, id, 'wrong', me)).outcome).toBe('conflict');
  expect((await extendReservation(sql, id, null, customer(randomUUID()))).outcome).toBe(
    'not_found',
  );
  const longer = await extendReservation(sql, id, held.lock_id, me);
  expect(longer.outcome).toBe('ok');
  expect(held.expires_at!.until(longer.expires_at!).total('seconds')).toBe(300);
  expect((await extendReservation(sql, id, null, desk)).outcome).toBe('policy_refused');
  expect(await eventsOf(sql, id)).toEqual(['reservation.created', 'reservation.extended']);
});

test('what is over cannot be extended', async () => {
  const { slot_id, owner } = await addScene(sql);
  const overdue = await mustHold(sql, slot_id, owner);
  await lapse(sql, overdue);
  expect((await extendReservation(sql, overdue, null, desk)).outcome).toBe('reservation_expired');
  await expireReservation(sql, overdue);
  expect((await extendReservation(sql, overdue, null, desk)).outcome).toBe('reservation_expired');
  await mustBook(sql, slot_id, owner);
  const [booked] = await sql<{ id: string }[]>`
    select id from reservations where slot_id = ${slot_id} and status = 'confirmed'`;
  expect((await extendReservation(sql, booked!.id, null, desk)).outcome).toBe('conflict');
  expect((await extendReservation(sql, randomUUID(), null, desk)).outcome).toBe('not_found');
});

test('a hold given back frees the seat; twice is like once', async () => {
  const { slot_id, owner } = await addScene(sql);
  const id = await mustHold(sql, slot_id, owner);
  const me = customer(owner.user_id);
  const stranger = customer(randomUUID());
  expect((await cancelReservation(sql, id, null, stranger)).outcome).toBe('not_found');
  expect(await cancelReservation(sql, id, 'no', me)).toMatchObject({
    outcome: 'ok',
    seats: [1],
    slot_id,
  });
  expect((await cancelReservation(sql, id, 'no', me)).outcome).toBe('ok');
  expect(await eventsOf(sql, id)).toEqual(['reservation.created', 'reservation.cancelled']);
  const again = await mustHold(sql, slot_id, owner);
  await lapse(sql, again);
  expect((await dueReservations(sql, 100)).map((due) => due.reservation_id)).toContain(again);
  await expireReservation(sql, again);
  expect((await cancelReservation(sql, again, 'no', me)).outcome).toBe('reservation_expired');
  expect((await expireReservation(sql, again)).outcome).toBe('not_due');
  expect((await expireReservation(sql, randomUUID())).outcome).toBe('not_found');
});

test('staff confirm with the right amount only; customers never', async () => {
  const { slot_id, owner } = await addScene(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const cash = { reservation_id, payment_method: 'cash' } as const;
  const me = customer(owner.user_id);
  expect((await confirmReservation(sql, cash, me)).outcome).toBe('policy_refused');
  const wrong = { ...cash, amount: '1' };
  expect((await confirmReservation(sql, wrong, desk)).outcome).toBe('policy_refused');
  const booked = await confirmReservation(sql, cash, desk);
  expect(booked.outcome).toBe('ok');
  expect(await confirmReservation(sql, cash, desk)).toEqual(booked);
  expect((await cancelReservation(sql, reservation_id, null, me)).outcome).toBe('conflict');
  const unknown = { ...cash, reservation_id: randomUUID() };
  expect((await confirmReservation(sql, unknown, desk)).outcome).toBe('not_found');
});

test('what is over cannot be confirmed', async () => {
  const { slot_id, owner } = await addScene(sql);
  const expired = await mustHold(sql, slot_id, owner);
  await lapse(sql, expired);
  await expireReservation(sql, expired);
  const at_clinic = { reservation_id: expired, payment_method: 'at_clinic' } as const;
  expect((await confirmReservation(sql, at_clinic, desk)).outcome).toBe('reservation_expired');
  const given_back = await mustHold(sql, slot_id, owner);
  await cancelReservation(sql, given_back, null, desk);
  const late = { ...at_clinic, reservation_id: given_back };
  expect((await confirmReservation(sql, late, desk)).outcome).toBe('conflict');
});

test.each([
  [72, 100, '250000.00'],
  [48.01, 100, '250000.00'],
  [47.99, 50, '125000.00'],
  [24.01, 50, '125000.00'],
  [23.99, 0, '0.00'],
])('an owner who cancels %s hours ahead gets %s %%', async (hours, percent, amount) => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  await startsIn(booking_id, hours);
  const quote = await cancelBooking(sql, cancel(booking_id, { quote: true }), desk);
  expect(quote).toMatchObject({
    outcome: 'ok',
    refund_percent: percent,
    refund_amount: amount,
    refund_id: null,
    version: 1,
  });
  const done = await cancelBooking(sql, cancel(booking_id), customer(owner.user_id));
  expect(done).toMatchObject({ outcome: 'ok', refund_amount: amount, version: 2 });
  expect(done.refund_id === null).toBe(percent === 0);
});

test('the policy at booking counts, not the one of today; the exact hours are in the lower tier', async () => {
  const { slot_id, owner, clinic } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  await sql`update clinics set cancellation_policy = '[]' where id = ${clinic.id}`;
  const quote = await cancelBooking(sql, cancel(booking_id, { quote: true }), desk);
  expect(quote.refund_percent).toBe(100);
  const rows = await sql<{ hours: string; percent: number }[]>`
    select h::text as hours, refund_percent(b.policy_snapshot, h) as percent
    from bookings b, unnest(array[-1, 0, 23.999, 24, 48, 48.001]) as h
    where b.id = ${booking_id}
    order by h`;
  expect(rows.map(({ percent }) => percent)).toEqual([0, 0, 0, 50, 50, 100]);
});

test('a clinic that cancels gives everything back; the rest of the visit goes with it', async () => {
  const { slot_id, owner, clinic } = await addScene(sql, 30);
  await sql`update slots set staff_id = ${await addStaff(sql, clinic)} where id = ${slot_id}`;
  const booking_id = await mustBook(sql, slot_id, owner);
  await startsIn(booking_id, 2);
  const me = customer(owner.user_id);
  const as_clinic = cancel(booking_id, { by: 'clinic', reason: 'vet is ill' });
  expect((await cancelBooking(sql, as_clinic, me)).outcome).toBe('policy_refused');
  const done = await cancelBooking(sql, as_clinic, desk);
  expect(done).toMatchObject({ outcome: 'ok', refund_percent: 100, refund_amount: '250000.00' });
  expect(await eventsOf(sql, booking_id)).toEqual([
    'booking.created',
    'booking.confirmed',
    'booking.cancelled',
  ]);
  const [left] = await sql`
    select
      (select count(*) from slot_claims where slot_id = ${slot_id}) as seats,
      (select count(*) from staff_claims where slot_id = ${slot_id}) as staff,
      (select count(*) from booking_reminders
        where booking_id = ${booking_id} and status = 'pending') as reminders,
      (select booked_count from slots where id = ${slot_id}) as booked`;
  expect(left).toEqual({ seats: 0, staff: 0, reminders: 0, booked: 0 });
  const [refund] = await claimRefunds(sql, 100, 60_000).then((rows) =>
    rows.filter((row) => row.booking_id === booking_id),
  );
  await finishRefund(sql, { refund_id: refund!.refund_id, result: 'completed' });
  const [sums] = await sql`
    select sum(total_amount) as total, sum(platform_fee) as fee
    from financial_entries where booking_id = ${booking_id}`;
  expect(sums).toEqual({ total: '0.000', fee: '0.000' });
  const detail = await findBookingDetail(sql, booking_id, { user_id: null, clinic_id: null });
  expect(detail).toMatchObject({ status: 'cancelled', payment_state: 'refunded' });
  expect(detail!.refunds).toHaveLength(1);
  expect(detail!.history.map(({ action }) => action)).toEqual([
    'reservation.created',
    'reservation.confirmed',
    'booking.confirmed',
    'booking.cancelled',
  ]);
});

test('cancelling checks version, owner, state and time', async () => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  const me = customer(owner.user_id);
  const stale = cancel(booking_id, { expected_version: 7 });
  expect((await cancelBooking(sql, stale, me)).outcome).toBe('conflict');
  const stranger = customer(randomUUID());
  expect((await cancelBooking(sql, cancel(booking_id), stranger)).outcome).toBe('not_found');
  expect((await cancelBooking(sql, cancel(randomUUID()), me)).outcome).toBe('not_found');
  await startsIn(booking_id, -0.2);
  expect((await cancelBooking(sql, cancel(booking_id), me)).outcome).toBe('policy_refused');
  expect((await move(booking_id, 'in-progress')).outcome).toBe('ok');
  const called_off = cancel(booking_id, { by: 'clinic' });
  expect((await cancelBooking(sql, called_off, desk)).outcome).toBe('policy_refused');
});

test('a visit goes arrived, in progress, completed, with one event each', async () => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  expect((await move(booking_id, 'completed')).outcome).toBe('policy_refused');
  expect((await move(booking_id, 'no-show')).outcome).toBe('policy_refused');
  const arrived = await move(booking_id, 'arrived', 1);
  expect(arrived).toMatchObject({ outcome: 'ok', status: 'confirmed', version: 2 });
  expect(arrived.arrived_at).not.toBeNull();
  expect(await move(booking_id, 'arrived')).toEqual(arrived);
  expect((await move(booking_id, 'in-progress', 1)).outcome).toBe('conflict');
  expect(await move(booking_id, 'in-progress', 2)).toMatchObject({ outcome: 'ok', version: 3 });
  expect(await move(booking_id, 'completed')).toMatchObject({ status: 'completed', version: 4 });
  expect((await move(booking_id, 'in-progress')).outcome).toBe('policy_refused');
  expect((await move(randomUUID(), 'arrived')).outcome).toBe('not_found');
  expect(await eventsOf(sql, booking_id)).toEqual([
    'booking.created',
    'booking.confirmed',
    'booking.arrived',
    'booking.status_changed',
    'booking.completed',
  ]);
});

test('a no-show is said ten minutes after the start at the earliest', async () => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  await startsIn(booking_id, -0.1);
  expect((await move(booking_id, 'no-show')).outcome).toBe('policy_refused');
  await startsIn(booking_id, -0.2);
  expect(await move(booking_id, 'no-show')).toMatchObject({ outcome: 'ok', status: 'no-show' });
});

test('hand-made SQL still leaves its log entry and its event', async () => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  await sql`update bookings set status = 'in-progress' where id = ${booking_id}`;
  const detail = await findBookingDetail(sql, booking_id, { user_id: null, clinic_id: null });
  expect(detail!.version).toBe(2);
  expect(detail!.history.at(-1)).toMatchObject({
    action: 'booking.status_changed',
    source: 'sql',
  });
  expect((await eventsOf(sql, booking_id)).at(-1)).toBe('booking.status_changed');
  await sql`update bookings set notes = 'brings a blanket' where id = ${booking_id}`;
  expect(await eventsOf(sql, booking_id)).toHaveLength(3);
});

test('the last seat of a class frees the vet, an earlier one does not', async () => {
  const { clinic, service_id } = await addScene(sql);
  const staff_id = await addStaff(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id, { staff_id, capacity: 3, in_hours: 60 });
  const one = await mustBook(sql, slot_id, await addOwner(sql));
  const two = await mustBook(sql, slot_id, await addOwner(sql));
  const claims = async () =>
    (await sql`select from staff_claims where slot_id = ${slot_id}`).length;
  await cancelBooking(sql, cancel(one, { by: 'clinic' }), desk);
  expect(await claims()).toBe(1);
  await cancelBooking(sql, cancel(two, { by: 'clinic' }), desk);
  expect(await claims()).toBe(0);
});
