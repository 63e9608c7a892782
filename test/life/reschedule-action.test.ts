import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { rescheduleBooking } from '../../src/daemon/actions/reschedule-booking.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, rivalOf, startBooking } from '../actions/world.ts';
import { addSlot } from '../helpers/database.ts';

const { app, sql, pay, drain, mail } = await openBench();

/** A paid booking, and another slot of its service at another price. */
async function booked(in_hours: number, price?: string) {
  const world = await makeWorld(sql, { in_hours });
  const { reference_code } = await startBooking(app, world);
  await pay(reference_code);
  const to = await addSlot(sql, world.clinic, world.service_id, { in_hours: 400, price });
  return { ...world, booking_id: reference_code, to };
}

const as_owner = { quote: false, by: 'owner' } as const;

test('a moved visit is told by mail, with the calendar entry of before', async () => {
  const { who, booking_id, to } = await booked(30, '200000');
  const wish = { booking_id, slot_id: to };
  const quote = await rescheduleBooking(app, who, { ...wish, by: 'owner', quote: true });
  expect(quote).toMatchObject({ quote: true, refund_amount: '25000.00', refund_percent: 50 });
  const done = await rescheduleBooking(app, who, { ...wish, ...as_owner });
  expect(shapes.reschedule_booking.output.parse(done)).toMatchObject({
    slot_id: to,
    refund_amount: '25000.00',
    due_amount: '0.00',
    version: 2,
  });
  await drain('refunds', 'relay', 'dispatcher');
  const after = await getBooking(app, who, { booking_id });
  expect(after).toMatchObject({ slot_id: to, version: 2, status: 'confirmed' });
  expect(after.refunds).toMatchObject([{ status: 'completed', amount: '25000.00' }]);
  const letter = mail.list().find(({ subject }) => subject.startsWith('Moved'));
  expect(letter?.text).toContain('moves the appointment in your calendar');
  const raw = await (await fetch(`${mail.outbox_url}/messages/${letter?.id}.eml`)).text();
  // One entry for the calendar: the same UID, a later SEQUENCE.
  expect(raw).toContain(`UID:${booking_id}@petpro`);
  expect(raw).toContain('SEQUENCE:2');
  await expectInvariants(sql);
});

test('a slot that is held is refused with the nearest ones, and its lock stays', async () => {
  const { clinic, service_id, who, booking_id, to, ...world } = await booked(72);
  await addSlot(sql, clinic, service_id, { in_hours: 402 });
  const rival = await rivalOf(sql, { clinic, service_id, who, ...world });
  const { pet_id } = rival.wish;
  const hold = { service_id, slot_id: to, pet_id, quantity: 1 };
  const held = await createReservation(app, rival.who, hold, no_key);
  const problem = await expectProblem(
    rescheduleBooking(app, who, { booking_id, slot_id: to, ...as_owner }),
    'slot_locked',
  );
  expect(problem.facts['nearest']).toHaveLength(1);
  expect(held.replayed).toBe(false);
  expect((await getBooking(app, who, { booking_id })).version).toBe(1);
  await expectInvariants(sql);
});

test('rules are named: the same slot, a visit that is over, a customer in the clinic’s name', async () => {
  const { clinic, who, booking_id, slot_id, to } = await booked(72);
  const desk = staff('desk', clinic.id);
  const move = (slot: string, by: 'owner' | 'clinic' = 'owner') =>
    rescheduleBooking(app, who, { booking_id, slot_id: slot, by, quote: false });
  expect((await expectProblem(move(slot_id), 'policy_refused')).facts['rule']).toBe('same_slot');
  await expectProblem(move(to, 'clinic'), 'forbidden');
  await cancelBooking(app, desk, { booking_id, quote: false, by: 'clinic' });
  const refused = await expectProblem(move(to), 'policy_refused');
  expect(refused.facts).toMatchObject({ rule: 'booking_final', allowed: [] });
});

test('one of two holds and moves that want the same slot gets it', async () => {
  const { clinic, service_id, who, booking_id, to, ...world } = await booked(72);
  const rival = await rivalOf(sql, { clinic, service_id, who, ...world });
  const hold = { service_id, slot_id: to, pet_id: rival.wish.pet_id, quantity: 1 };
  const results = await Promise.allSettled([
    rescheduleBooking(app, who, { booking_id, slot_id: to, ...as_owner }),
    createReservation(app, rival.who, hold, no_key),
  ]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expectInvariants(sql);
});
