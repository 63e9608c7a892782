import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { extendReservation } from '../../src/daemon/actions/extend-reservation.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { setBookingStatus } from '../../src/daemon/actions/set-booking-status.ts';
import {
  allowedMoves,
  type BookingStatus,
  booking_statuses,
  type DeskMove,
  desk_moves,
} from '../../src/domain/booking.ts';
import type { ProblemCode } from '../../src/domain/errors.ts';
import { addService, addSlot } from '../helpers/database.ts';
import { expectProblem, no_key, openBench, staff } from './bench.ts';
import { makeWorld, rivalOf, type World } from './world.ts';

const { app, sql } = await openBench();

const desk = staff('desk');

const reserve = (world: Pick<World, 'who' | 'wish'>) =>
  createReservation(app, world.who, world.wish, no_key);

async function booked(in_hours: number) {
  const world = await makeWorld(sql, { in_hours });
  const { reservation_id } = await reserve(world);
  const cash = { reservation_id, payment_method: 'cash' } as const;
  return { ...world, ...(await confirmReservation(app, desk, cash)), reservation_id };
}

/** The problem, its rule and the sentence. */
async function refused(promise: Promise<unknown>, code: ProblemCode = 'policy_refused') {
  const { facts, detail } = await expectProblem(promise, code);
  return { ...facts, detail };
}

test('an owner with another visit then is told which, unless it is at a clinic not seen', async () => {
  const world = await makeWorld(sql, { in_hours: 48 });
  const first = await reserve(world);
  const service_id = await addService(sql, world.clinic, {});
  const slot_id = await addSlot(sql, world.clinic, service_id, { in_hours: 48 });
  const second = { who: world.who, wish: { ...world.wish, service_id, slot_id } };
  const held = await refused(reserve(second));
  expect(held).toMatchObject({ rule: 'owner_busy', is_booked: false });
  expect(held).toMatchObject({ reference_code: first.reference_code });
  expect(held.detail).toMatch(
    /holds a slot then: BP\d{8}, .+, \d{4}-\d\d-\d\d \d\d:\d\d; pay it or give it back first\.$/,
  );
  await confirmReservation(app, desk, { ...first, payment_method: 'cash' });
  expect(await refused(reserve(second))).toMatchObject({ is_booked: true });

  const other = await makeWorld(sql, { in_hours: 48 });
  const { user_id, pet_id } = world.owner;
  const at_other = { ...other.wish, user_id, pet_id };
  const elsewhere = await refused(
    createReservation(app, staff('desk', other.clinic.id), at_other, no_key),
  );
  expect(elsewhere).toMatchObject({ rule: 'owner_busy' });
  expect(elsewhere).not.toHaveProperty('reference_code');
  expect(elsewhere.detail).not.toContain(first.reference_code);
});

test('too many seats are refused by their number', async () => {
  const world = await makeWorld(sql, { capacity: 5 });
  const six = await refused(reserve({ ...world, wish: { ...world.wish, quantity: 6 } }));
  expect(six).toMatchObject({ rule: 'quantity_over_capacity', quantity: 6, capacity: 5 });
  const one = await makeWorld(sql);
  const two = await refused(reserve({ ...one, wish: { ...one.wish, quantity: 2 } }));
  expect(two.detail).toContain('one seat, not 2');
});

test('a booking that has ended says how; one under way says what is left', async () => {
  const { who, booking_id, reference_code } = await booked(96);
  const move = (status: 'arrived' | 'in-progress' | 'completed' | 'no-show') =>
    setBookingStatus(app, desk, { booking_id, status });
  const cancel = () => cancelBooking(app, who, { booking_id, quote: false, by: 'owner' });
  expect(await refused(move('completed'))).toMatchObject({ rule: 'visit_not_started' });
  const early = await refused(move('no-show'));
  expect(early).toMatchObject({ rule: 'no_show_too_early', reference_code });
  expect(early.detail).toMatch(/from \d{4}-\d\d-\d\d \d\d:\d\d on\.$/);
  await move('in-progress');
  expect(await refused(cancel())).toMatchObject({ rule: 'visit_under_way' });
  expect(await refused(move('no-show'))).toMatchObject({ rule: 'visit_under_way' });
  await move('completed');
  expect(await refused(cancel())).toMatchObject({ rule: 'booking_final', status: 'completed' });
  expect((await refused(move('no-show'))).detail).toContain('is completed');
});

test('nobody is checked in before the clinic says that visits of that day have begun', async () => {
  const { clinic, booking_id, reference_code } = await booked(13);
  await sql`update clinics set check_in_hours = default where id = ${clinic.id}`;
  const move = (status: 'arrived' | 'in-progress' | 'completed') =>
    setBookingStatus(app, desk, { booking_id, status });
  for (const status of ['arrived', 'in-progress'] as const) {
    const early = await refused(move(status));
    expect(early).toMatchObject({ rule: 'check_in_too_early', reference_code });
    expect(early).toMatchObject({ status: 'confirmed', allowed: ['cancelled'] });
    expect(early).toHaveProperty(
      'check_in_from',
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/),
    );
  }
  expect(await refused(move('completed'))).toMatchObject({ rule: 'visit_not_started' });
  // The clinic's own figure decides, and elapsed hours.
  await sql`update clinics set check_in_hours = 13 where id = ${clinic.id}`;
  expect((await move('arrived')).arrived_at).not.toBeNull();
  expect((await move('in-progress')).status).toBe('in-progress');
});

test('whatever is refused for its state lists what that state allows', async () => {
  const bring: Readonly<Record<BookingStatus, readonly (DeskMove | 'cancelled')[]>> = {
    confirmed: [],
    'in-progress': ['in-progress'],
    completed: ['in-progress', 'completed'],
    cancelled: ['cancelled'],
    'no-show': ['no-show'],
  };
  for (const status of booking_statuses) {
    const { who, booking_id } = await booked(96);
    const carryOut = async (what: DeskMove | 'cancelled'): Promise<unknown> =>
      what === 'cancelled'
        ? await cancelBooking(app, who, { booking_id, quote: false, by: 'owner' })
        : await setBookingStatus(app, desk, { booking_id, status: what });
    if (status === 'no-show') {
      await sql`
        update bookings set booking_time = now() - interval '1 hour' where id = ${booking_id}`;
    }
    for (const step of bring[status]) await carryOut(step);
    // Four days ahead nobody can be said to have stayed away.
    const allowed: readonly (DeskMove | 'cancelled')[] = allowedMoves(status).filter(
      (move) => move !== 'no-show',
    );
    for (const move of [...desk_moves, 'cancelled'] as const) {
      // Saying again what is so already is no move.
      const has_come = status === 'in-progress' || status === 'completed';
      const is_so = move === status || (move === 'arrived' && has_come);
      if (allowed.includes(move) || is_so) continue;
      expect(await refused(carryOut(move))).toMatchObject({ status, allowed });
    }
  }
  const { reservation_id } = await booked(96);
  const held = await refused(cancelReservation(app, desk, { reservation_id }), 'conflict');
  expect(held).toMatchObject({ status: 'confirmed', allowed: [] });
});

test('after the start an owner is past cancelling, the clinic is not', async () => {
  const { who, clinic, booking_id } = await booked(96);
  await sql`
    update bookings set booking_time = now() - interval '1 minute' where id = ${booking_id}`;
  const late = await refused(cancelBooking(app, who, { booking_id, quote: false, by: 'owner' }));
  expect(late).toMatchObject({ rule: 'visit_started' });
  const by_clinic = { booking_id, quote: false, by: 'clinic' } as const;
  const done = await cancelBooking(app, staff('desk', clinic.id), by_clinic);
  expect(done.status).toBe('cancelled');
});

test('a hold is named by its reference too, and says why it does not change', async () => {
  const world = await makeWorld(sql);
  const { reference_code, reservation_id } = await reserve(world);
  const by_code = { reservation_id: reference_code };
  expect((await getReservation(app, world.who, by_code)).reservation_id).toBe(reservation_id);
  const stranger = (await rivalOf(sql, world)).who;
  await expectProblem(getReservation(app, stranger, by_code), 'not_found');
  const wrong = extendReservation(app, world.who, { ...by_code, lock_id: 'not mine' });
  expect(await refused(wrong, 'conflict')).toMatchObject({ rule: 'other_lock' });
  const extend = () => extendReservation(app, desk, by_code);
  expect((await extend()).reservation_id).toBe(reservation_id);
  expect(await refused(extend())).toMatchObject({ rule: 'extended_before', reference_code });
  await confirmReservation(app, desk, { ...by_code, payment_method: 'cash' });
  const cancel = await refused(cancelReservation(app, world.who, by_code), 'conflict');
  expect(cancel).toMatchObject({ rule: 'hold_booked', reference_code });
  expect(await refused(extend(), 'conflict')).toMatchObject({ rule: 'hold_booked' });
});

test('a hold that was given back cannot be confirmed', async () => {
  const world = await makeWorld(sql);
  const held = await reserve(world);
  await cancelReservation(app, world.who, held);
  const confirm = confirmReservation(app, desk, { ...held, payment_method: 'cash' });
  expect(await refused(confirm, 'conflict')).toMatchObject({ rule: 'hold_given_back' });
});
