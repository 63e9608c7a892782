import { expect, test } from 'vitest';
import { clientOf } from '../flows/scene.ts';
import { addOwner, addSlot } from '../helpers/database.ts';
import { codeOf, startHarness } from '../http/harness.ts';
import { addHall, type Hall } from './seat-scene.ts';

/** Numbered seats and overbooking as a client meets them. */

const harness = await startHarness();
const { sql } = harness;
const manager = clientOf(harness, await harness.addKey('manager'));
const desk = clientOf(harness, await harness.addKey('desk'));

async function customer() {
  const { user_id } = await addOwner(sql);
  return clientOf(harness, await harness.mintCustomerToken(user_id));
}

const holdAs = async (hall: Hall, seats: readonly string[]) => {
  const { service_id, slot_id } = hall;
  const client = await customer();
  const answer = await client('POST', '/v1/reservations', { service_id, slot_id, seats });
  return { client, answer };
};

test('a buyer sees the seats, takes two by name, and reads what they are called', async () => {
  const hall = await addHall(sql);
  const { client, answer } = await holdAs(hall, ['A-1', 'A-2']);
  expect(answer.status, answer.text).toBe(201);
  const { reservation_id, seat_labels } = JSON.parse(answer.text);
  expect(seat_labels).toEqual(['A-1', 'A-2']);
  const hold = await client('GET', `/v1/reservations/${reservation_id}`);
  expect(hold.json).toMatchObject({ seat_labels: ['A-1', 'A-2'], quantity: 2, pet_id: null });
  const seats = await client('GET', `/v1/slots/${hall.slot_id}/seats`);
  expect(seats.json).toMatchObject({
    has_plan: true,
    free: 10,
    held: 2,
    booked: 0,
    categories: [
      { category: 'Stalls', price: '150000.00', seats: 8, free: 6 },
      { category: 'Balcony', price: '80000.00', seats: 4, free: 4 },
    ],
  });
});

test('whoever leaves the choice to the house is told at once which seats they are', async () => {
  const { service_id, slot_id } = await addHall(sql);
  const client = await customer();
  const wish = { service_id, slot_id, quantity: 2, tier: 'Stalls', seat_preference: 'front' };
  const booked = await client('POST', '/v1/bookings', wish);
  expect(booked.status, booked.text).toBe(201);
  expect(booked.json).toMatchObject({ seat_labels: ['A-1', 'A-2'] });
});

test('a taken seat, an unknown one and a clinic without a pet are refused in words', async () => {
  const hall = await addHall(sql);
  await holdAs(hall, ['B-1']);
  const taken = await holdAs(hall, ['B-1', 'B-2']);
  expect([taken.answer.status, codeOf(taken.answer)]).toEqual([409, 'slot_taken']);
  expect(taken.answer.text).toContain('B-1, B-2');
  const unknown = await holdAs(hall, ['Z-1']);
  expect([unknown.answer.status, codeOf(unknown.answer)]).toEqual([400, 'invalid_input']);
  await sql`update clinics set kind = 'clinic' where id = ${hall.clinic.id}`;
  const petless = await holdAs(hall, ['A-1']);
  expect(petless.answer.status).toBe(400);
  expect(petless.answer.text).toContain('pet_id');
});

test('a repeated request gets the same seats, another wish under its key a conflict', async () => {
  const { service_id, slot_id } = await addHall(sql);
  const client = await customer();
  const wish = { service_id, slot_id, seats: ['A-1'] };
  const first = await client('POST', '/v1/reservations', wish);
  const again = await client('POST', '/v1/reservations', wish);
  expect(again.json).toMatchObject({ ...JSON.parse(first.text), replayed: true });
  const other = await client('POST', '/v1/reservations', { ...wish, seats: ['A-2'] });
  expect(codeOf(other)).toBe('conflict');
});

test('ticket offices name seats in their own words', async () => {
  const { slot_id } = await addHall(sql);
  const client = await customer();
  const wish = { eventId: slot_id, ticketCount: 2, seatPreferences: ['C-1', 'C-2'] };
  const started = await client('POST', '/api/bookings', wish);
  expect(started.json, started.text).toMatchObject({ amount: '160000.00' });
});

test('a manager overbooks, the desk may not, and lists show it', async () => {
  const hall = await addHall(sql, { tiers: false });
  const slot_id = await addSlot(sql, hall.clinic, hall.service_id, { capacity: 10, in_hours: 90 });
  await sql`update clinics set overbooking_percent = 10 where id = ${hall.clinic.id}`;
  const address = `/v1/slots/${slot_id}/overbooking`;
  const wish = { seats: 1, reason: 'walk-in' };
  expect((await desk('POST', address, wish)).status).toBe(403);
  expect((await manager('POST', address, { seats: 0, reason: 'x' })).status).toBe(400);
  const done = await manager('POST', address, wish);
  expect(done.json, done.text).toMatchObject({ capacity: 11, extra_seats: 1, extra_seats_max: 1 });
  const more = await manager('POST', address, wish);
  expect([more.status, codeOf(more)]).toEqual([422, 'policy_refused']);
  const date = Temporal.Now.instant().add({ hours: 90 }).toZonedDateTimeISO('Asia/Jakarta');
  const day = date.toPlainDate().toString();
  const slots = await desk('GET', `/v1/services/${hall.service_id}/slots?date=${day}`);
  expect(slots.text).toContain('"extra_seats":1');
});
