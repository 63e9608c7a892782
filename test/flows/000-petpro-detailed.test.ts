import { beforeEach, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  lapse,
  type OwnerIds,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { codeOf, member, startHarness } from '../http/harness.ts';
import { type Client, clientOf, holdThatIs, listOf, minutesTo, payAt, textOf } from './scene.ts';

/** Seed 000: the flow in detail, with its own paths and words. */

const harness = await startHarness();
const { sql } = harness;

let clinic: Clinic;
let service_id: string;
let owner: OwnerIds;
/** The app of an owner, and the gateway that speaks for the platform. */
let mobile: Client;
let gateway: Client;

beforeEach(async () => {
  clinic = await addClinic(sql);
  service_id = await addService(sql, clinic);
  owner = await addOwner(sql);
  mobile = clientOf(harness, await harness.mintCustomerToken(owner.user_id));
  gateway = clientOf(harness, await harness.addKey('desk', clinic.id));
});

async function localTimeOf(slot_id: string): Promise<{ date: string; time: string }> {
  const [row] = await sql<{ date: string; time: string }[]>`
    select slot_date::text as date, to_char(slot_start_time, 'HH24:MI') as time
    from slots where id = ${slot_id}`;
  return row!;
}

test('services, slots, booking, payment page, webhook, confirmation, calendar', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const { date, time } = await localTimeOf(slot_id);
  const services = await mobile('GET', `/v1/clinics/${clinic.id}/services`);
  expect(listOf(services, 'items')).toMatchObject([{ service_id, price: '250000.00' }]);
  const free = { slot_id, date, time, available: true, remaining: 1 };
  for (const address of [
    `/clinics/${clinic.id}/services/${service_id}/slots?date=${date}`,
    `/v1/clinics/${clinic.id}/services/${service_id}/slots?date=${date}`,
    `/available-slots/${service_id}?date=${date}`,
  ]) {
    const answer = await mobile('GET', address);
    expect(listOf(answer, 'slots'), address).toMatchObject([free]);
    expect(member(answer.json, 'items')).toEqual(member(answer.json, 'slots'));
  }
  const slot = `${date}T${time}`;
  const body = { service_id, pet_id: owner.pet_id, slot, payment_method: 'checkout' };
  const started = await mobile('POST', '/bookings', body);
  expect(started.status, started.text).toBe(201);
  const reservation_id = textOf(started, 'reservation_id');
  expect(minutesTo(textOf(started, 'expires_at'))).toBeGreaterThan(9.5);
  expect(minutesTo(textOf(started, 'expires_at'))).toBeLessThanOrEqual(10);
  expect(listOf(await mobile('GET', `/available-slots/${service_id}`), 'slots')).toEqual([]);

  await payAt(harness, textOf(started, 'payment_url'));
  const hold = await holdThatIs(mobile, reservation_id, { status: 'confirmed' });
  const booking = await mobile('GET', `/v1/bookings/${textOf(hold, 'booking_id')}`);
  expect(textOf(booking, 'reference_code')).toMatch(/^BP\d{8}$/);
  expect(booking.json).toMatchObject({
    status: 'confirmed',
    payment_state: 'paid',
    currency: 'IDR',
  });

  // The gateway confirms what the webhook has confirmed: the same booking, by any of its names.
  const payment_id = textOf(booking, 'payment_id');
  const [row] = await sql<{ lock_id: string }[]>`
    select lock_id from reservations where id = ${reservation_id}`;
  const expected = {
    booking_id: textOf(booking, 'booking_id'),
    reference: textOf(booking, 'reference_code'),
  };
  for (const [method, address, words] of [
    ['PUT', `/v1/reservations/${reservation_id}/confirm`, { payment_id }],
    ['POST', '/confirm-booking', { reservation_id, payment_id }],
    ['POST', '/v1/confirm-booking', { reservation_lock_id: row?.lock_id, payment_id }],
  ] as const) {
    const confirmed = await gateway(method, address, words);
    expect(confirmed.json, address).toMatchObject(expected);
  }
  const synced = await mobile('PUT', `/v1/bookings/${expected.booking_id}/calendar-sync`);
  expect(synced.status, synced.text).toBe(200);
});

test('hold, session and confirm as separate steps; nobody confirms before the money is there', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const words = { service_id, slot: { slot_id }, user_id: owner.user_id, pet_id: owner.pet_id };
  const held = await gateway('POST', '/reserve-slot', words);
  expect(held.status, held.text).toBe(201);
  const reservation_id = textOf(held, 'reservation_id');
  expect(textOf(held, 'lock_id')).not.toBe(owner.user_id);

  const order = { reservation_id, amount: 250_000, currency: 'IDR', description: 'Checkup' };
  const other = await gateway('POST', '/sessions', { ...order, amount: 1 });
  expect(codeOf(other)).toBe('conflict');
  expect(other.text).toContain('250000.00 IDR');
  const page = await gateway('POST', '/sessions', order);
  expect(page.status, page.text).toBe(201);
  const payment_id = textOf(page, 'payment_id');
  const again = await gateway('POST', '/v1/payments/sessions', { reservation_id });
  expect(again.json).toEqual(page.json);

  const confirm = { reservation_lock_id: textOf(held, 'lock_id'), payment_id };
  expect(codeOf(await gateway('POST', '/confirm-booking', confirm))).toBe('conflict');
  expect((await mobile('POST', '/confirm-booking', confirm)).status).toBe(403);
  const stranger = { ...confirm, reservation_lock_id: 'of.somebody.else' };
  expect((await gateway('POST', '/confirm-booking', stranger)).status).toBe(404);

  await payAt(harness, textOf(page, 'payment_url'));
  await holdThatIs(mobile, reservation_id, { status: 'confirmed' });
  const confirmed = await gateway('POST', '/confirm-booking', confirm);
  expect(textOf(confirmed, 'reference')).toMatch(/^BP\d{8}$/);
});

test('a hold is extended once, by five minutes', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const { date, time } = await localTimeOf(slot_id);
  const body = { service_id, pet_id: owner.pet_id, date, time };
  const held = await mobile('POST', '/v1/reservations', body);
  const address = `/v1/reservations/${textOf(held, 'reservation_id')}/extend`;
  const longer = await mobile('PUT', address);
  const more = minutesTo(textOf(longer, 'expires_at')) - minutesTo(textOf(held, 'expires_at'));
  expect(Math.round(more)).toBe(5);
  expect(codeOf(await mobile('PUT', address))).toBe('policy_refused');
});

test('a hold that nobody pays expires; what comes after is 410, and the slot is free', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const body = { service_id, pet_id: owner.pet_id, slot: slot_id };
  const held = await mobile('POST', '/reserve-slot', body);
  const reservation_id = textOf(held, 'reservation_id');
  await lapse(sql, reservation_id);
  await holdThatIs(mobile, reservation_id, { status: 'expired' });
  const address = `/v1/reservations/${reservation_id}`;
  expect((await mobile('PUT', `${address}/extend`)).status).toBe(410);
  const confirmed = await gateway('PUT', `${address}/confirm`, { payment_method: 'cash' });
  expect(codeOf(confirmed)).toBe('reservation_expired');
  expect(codeOf(await mobile('POST', '/sessions', { reservation_id }))).toBe('reservation_expired');
  const again = await eventually('free', async () => {
    const answer = await mobile('POST', '/reserve-slot', body);
    return answer.status === 201 ? answer : null;
  });
  expect(textOf(again, 'reservation_id')).not.toBe(reservation_id);
});

test('a hold is given back with PUT, and a taken slot says which others are free', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const rival = await addOwner(sql);
  const other = clientOf(harness, await harness.mintCustomerToken(rival.user_id));
  const held = await mobile('POST', '/reserve-slot', {
    service_id,
    pet_id: owner.pet_id,
    slot: slot_id,
  });
  const wish = { service_id, pet_id: rival.pet_id, slot: slot_id };
  const refused = await other('POST', '/reserve-slot', wish);
  expect(refused.status).toBe(409);
  expect(Array.isArray(member(refused.json, 'nearest'))).toBe(true);
  const given = await mobile('PUT', `/v1/reservations/${textOf(held, 'reservation_id')}/cancel`, {
    reason: 'found another time',
  });
  expect(given.json).toEqual({ success: true });
  const mine = await eventually('free', async () => {
    const answer = await other('POST', '/reserve-slot', wish);
    return answer.status === 201 ? answer : null;
  });
  expect(mine.status).toBe(201);
});

/** A booking that is paid, so many hours ahead. */
async function paidBooking(in_hours: number): Promise<string> {
  const slot_id = await addSlot(sql, clinic, service_id, { in_hours });
  const body = { service_id, pet_id: owner.pet_id, slot: slot_id };
  const started = await mobile('POST', '/bookings', body);
  await payAt(harness, textOf(started, 'payment_url'));
  const id = textOf(started, 'reservation_id');
  return textOf(await holdThatIs(mobile, id, { status: 'confirmed' }), 'booking_id');
}

test.each([
  [12, 0, '0.00'],
  [36, 50, '125000.00'],
  [72, 100, '250000.00'],
])('cancelled %i h before: %i %% goes back', async (in_hours, refund_percent, refund_amount) => {
  const booking_id = await paidBooking(in_hours);
  const cancelled = await mobile('PUT', `/v1/bookings/${booking_id}/cancel`, {
    reason: 'ill',
    refund_requested: true,
  });
  expect(cancelled.status, cancelled.text).toBe(200);
  expect(cancelled.json).toMatchObject({ status: 'cancelled', refund_percent, refund_amount });
});

test('a booking moves to another date and time; a slot that is taken is 409', async () => {
  const booking_id = await paidBooking(96);
  const free = await addSlot(sql, clinic, service_id, { in_hours: 120 });
  const moved = await mobile('PUT', `/v1/bookings/${booking_id}/reschedule`, {
    ...(await localTimeOf(free)),
  });
  expect(moved.json, moved.text).toMatchObject({ slot_id: free });
  const taken = await addSlot(sql, clinic, service_id, { in_hours: 140 });
  const rival = await addOwner(sql);
  const wish = { service_id, slot: taken, ...rival };
  expect((await gateway('POST', '/reserve-slot', wish)).status).toBe(201);
  const refused = await mobile('PUT', `/v1/bookings/${booking_id}/reschedule`, {
    new_slot: taken,
  });
  expect(refused.status, refused.text).toBe(409);
});

test('the desk opens the page of a hold, or asks for the one that is open', async () => {
  const slot_id = await addSlot(sql, clinic, service_id);
  const wish = { service_id, slot_id, ...owner };
  const held = await gateway('POST', '/v1/reservations', wish);
  const code = textOf(held, 'reference_code');
  const token = await harness.addKey('desk', clinic.id);
  const env = { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token };
  const first = await cli(['payments', 'page', code, '--json'], { env });
  expect(first.code, first.err).toBe(0);
  const { payment_url } = JSON.parse(first.out).items[0];
  const shown = await cli(['payments', 'page', code], { env, terminal: 100 });
  expect(shown.out).toContain(payment_url);
  expect(shown.err).toContain(`petpro payments wait ${code}`);
  await payAt(harness, payment_url);
  const id = textOf(held, 'reservation_id');
  await holdThatIs(mobile, id, { status: 'confirmed' });
  const booked = await cli(['payments', 'page', code], { env, terminal: 100 });
  expect(booked.out).toContain('Booked');
  expect(booked.out).not.toContain(payment_url);
  const unknown = await cli(['payments', 'page', 'BP99999999'], { env });
  expect(unknown.code).toBe(3);
});

test('bad input is refused by the name that was sent', async () => {
  const odd = await mobile('POST', '/reserve-slot', { service_id, slott: 'x' });
  expect(codeOf(odd)).toBe('invalid_input');
  expect(odd.text).toContain('"body.slott"');
  const slot_id = await addSlot(sql, clinic, service_id);
  const twice = { service_id, pet_id: owner.pet_id, slot: slot_id, slot_id };
  const said = await mobile('POST', '/reserve-slot', twice);
  expect(codeOf(said)).toBe('invalid_input');
  expect(said.text).toContain('twice');
  for (const reservation_lock_id of ['a\u0000b', 7, null, 'x'.repeat(101)]) {
    const words = { reservation_lock_id, payment_id: slot_id };
    expect(codeOf(await gateway('POST', '/confirm-booking', words))).toBe('invalid_input');
  }
  const no_payment = await gateway('POST', '/confirm-booking', { reservation_lock_id: 'a.lock' });
  expect(no_payment.text).toContain('body.payment_id');
  const both = { payment_id: slot_id, payment_method: 'cash' };
  const address = `/v1/reservations/${slot_id}/confirm`;
  expect(codeOf(await gateway('PUT', address, both))).toBe('invalid_input');
  expect(codeOf(await gateway('PUT', address, {}))).toBe('invalid_input');
  for (const slot of [7, null, [], { slot_id: 1 }, '2026-13-40T25:00']) {
    const wish = { service_id, pet_id: owner.pet_id, slot };
    expect(codeOf(await mobile('POST', '/reserve-slot', wish))).toBe('invalid_input');
  }
  expect((await mobile('GET', `/available-slots/${slot_id}`)).status).toBe(404);
  const other = await addClinic(sql);
  const elsewhere = `/clinics/${other.id}/services/${service_id}/slots`;
  expect((await mobile('GET', elsewhere)).status).toBe(404);
});
