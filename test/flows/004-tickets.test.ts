import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { ticketState } from '../../src/domain/states.ts';
import { startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import {
  addClinic,
  addOwner,
  addOwners,
  addService,
  addSlot,
  type Clinic,
  lapse,
  type OwnerIds,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, codeOf, member, startHarness } from '../http/harness.ts';
import { readQrCodes } from '../paper/qr.ts';
import { type Client, clientOf, holdThatIs, listOf, minutesTo, payAt, textOf } from './scene.ts';

/** Seed 004: tickets. Fifteen minutes to pay, several seats, PDF with codes, twelve states. */

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-flow-'));
const sink = await startSmtpSink({ dir: folder });
const harness = await startHarness({ SMTP_URL: sink.smtp_url });
const { sql } = harness;
afterAll(async () => {
  await sink.stop();
  fs.rmSync(folder, { recursive: true });
});

let venue: Clinic;
let service_id: string;
let owner: OwnerIds;
let token: string;
let user: Client;
let desk: Client;
let manager: Client;
let sre: Client;

beforeEach(async () => {
  venue = await addClinic(sql, { hold_ms: 900_000, undo_ms: 30_000 });
  await sql`update clinics set kind = 'venue' where id = ${venue.id}`;
  service_id = await addService(sql, venue, { name: 'Gamelan night', capacity: 100 });
  await sql`update services set category = 'music' where id = ${service_id}`;
  owner = await addOwner(sql);
  token = await harness.mintCustomerToken(owner.user_id);
  user = clientOf(harness, token);
  desk = clientOf(harness, await harness.addKey('desk', venue.id));
  manager = clientOf(harness, await harness.addKey('manager', venue.id));
  sre = clientOf(harness, await harness.addKey('sre'));
});

const addShow = (capacity: number, in_hours = 96): Promise<string> =>
  addSlot(sql, venue, service_id, { capacity, in_hours });

/** A booking of so many tickets that has not been paid yet. */
async function reserve(eventId: string, ticketCount = 1): Promise<Answer> {
  const started = await user('POST', '/api/bookings', { eventId, ticketCount });
  expect(started.status, started.text).toBe(201);
  return started;
}

/** The state of a hold, or of the booking that it became. */
async function stateOf(reservation_id: string): Promise<unknown> {
  const hold = await user('GET', `/v1/reservations/${reservation_id}`);
  const booking_id = member(hold.json, 'booking_id');
  if (typeof booking_id !== 'string') return member(hold.json, 'state');
  return member((await user('GET', `/v1/bookings/${booking_id}`)).json, 'state');
}

async function becomes(reservation_id: string, state: string): Promise<void> {
  await eventually(state, async () => (await stateOf(reservation_id)) === state);
}

async function paid(eventId: string): Promise<{ reservation_id: string; booking_id: string }> {
  const started = await reserve(eventId);
  const reservation_id = textOf(started, 'bookingId');
  await payAt(harness, textOf(started, 'payment_url'));
  const hold = await holdThatIs(user, reservation_id, { status: 'confirmed' });
  return { reservation_id, booking_id: textOf(hold, 'booking_id') };
}

test('discover, book three seats, pay within 15 minutes, get tickets with codes by mail', async () => {
  const show = await addShow(10);
  const events = await user('GET', '/api/events?category=Music&limit=200');
  expect(listOf(events, 'items')).toContainEqual(
    expect.objectContaining({ clinic_id: venue.id, kind: 'venue' }),
  );
  expect(listOf(await user('GET', '/api/events?category=chess'), 'items')).toEqual([]);
  const detail = await user('GET', `/api/events/${venue.id}`);
  expect(detail.json).toMatchObject({ services: [{ service_id, capacity: 100 }] });

  const started = await user('POST', '/api/bookings', { eventId: venue.id, ticketCount: 3 });
  expect(started.json, started.text).toMatchObject({ amount: '750000.00', currency: 'IDR' });
  const minutes = minutesTo(textOf(started, 'paymentDeadline'));
  expect(minutes).toBeGreaterThan(14.5);
  expect(minutes).toBeLessThanOrEqual(15);
  const slots = await user('GET', `/v1/services/${service_id}/slots`);
  expect(listOf(slots, 'items')).toMatchObject([{ slot_id: show, remaining: 7 }]);

  const id = textOf(started, 'bookingId');
  expect(await stateOf(id)).toBe('PAYMENT_PENDING');
  const card = { bookingId: id, paymentMethod: 'card', cardDetails: { number: '4242' } };
  const refused = await user('POST', '/api/payments', card);
  expect(codeOf(refused)).toBe('payment_method_unsupported');
  expect(refused.text).not.toContain('4242');

  await payAt(harness, textOf(started, 'payment_url'));
  await becomes(id, 'TICKETS_DELIVERED');
  const hold = await user('GET', `/v1/reservations/${id}`);
  const tickets_at = `/v1/bookings/${textOf(hold, 'booking_id')}/tickets`;
  const tickets = listOf(await user('GET', tickets_at), 'tickets');
  const codes = tickets.map((one) => member(one, 'code'));
  expect(new Set(codes).size).toBe(3);
  const pdf = await fetch(`${harness.daemon.url}${tickets_at}?format=pdf`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(readQrCodes(new Uint8Array(await pdf.arrayBuffer()))).toEqual(codes);
  const reference = textOf(hold, 'reference_code');
  const mail = sink.list().find(({ text }) => text.includes(reference));
  const raw = await (await fetch(`${sink.outbox_url}/messages/${mail?.id}.eml`)).text();
  expect(raw).toMatch(/filename="?tickets-BP\d{8}\.pdf/);
});

test('an event that takes place twice asks which; a hall that has too few seats says so', async () => {
  const [first, second] = [await addShow(3), await addShow(5, 120)];
  const asked = await user('POST', '/api/bookings', { eventId: service_id, ticketCount: 1 });
  expect(codeOf(asked)).toBe('invalid_input');
  expect(member(asked.json, 'candidates')).toEqual([first, second]);
  await reserve(first, 2);
  const other = await addOwner(sql);
  const late = clientOf(harness, await harness.mintCustomerToken(other.user_id));
  const few = await late('POST', '/api/bookings', { eventId: first, ticketCount: 2 });
  expect(few.status).toBe(409);
  const none = await user('POST', '/api/bookings', { eventId: other.user_id, ticketCount: 1 });
  expect(codeOf(none)).toBe('not_found');
  const odd = await user('POST', '/api/bookings', { eventId: 'concert', ticketCount: 1 });
  expect(codeOf(odd)).toBe('invalid_input');
  const negative = await user('POST', '/api/bookings', { eventId: first, ticketCount: -1 });
  expect(codeOf(negative)).toBe('invalid_input');
});

test('seats are sold by price tier', async () => {
  const show = await addShow(10);
  for (const [tier, price, is_default] of [
    ['Stalls', '100000', true],
    ['Balcony', '50000', false],
  ] as const) {
    const body = { price, is_default };
    const set = await manager('PUT', `/v1/services/${service_id}/prices/${tier}`, body);
    expect(set.status, set.text).toBe(200);
  }
  const wish = { eventId: show, ticketCount: 2, seatPreferences: 'Balcony' };
  const started = await user('POST', '/api/bookings', wish);
  expect(started.json, started.text).toMatchObject({ amount: '100000.00' });
});

test('the last ticket has one buyer, however many ask at once', async () => {
  const show = await addShow(1);
  const owners = await addOwners(sql, 20);
  const clients = await Promise.all(
    owners.map(async ({ user_id }) => clientOf(harness, await harness.mintCustomerToken(user_id))),
  );
  const answers = await Promise.all(
    clients.map((client) => client('POST', '/api/bookings', { eventId: show, ticketCount: 1 })),
  );
  const won = answers.filter(({ status }) => status === 201);
  expect(won.length).toBe(1);
  for (const answer of answers.filter((one) => one.status !== 201)) {
    expect(answer.status).toBe(409);
    expect(['slot_taken', 'slot_locked']).toContain(codeOf(answer));
  }
  expect(listOf(await user('GET', `/v1/services/${service_id}/slots`), 'items')).toEqual([]);
});

test('the states before the money: of an answer, of a hold, of a page, of a declined card', async () => {
  const none = { payment: null, booking: null };
  expect(ticketState({ reservation: 'asked', ...none })).toBe('PENDING');
  expect(ticketState({ reservation: 'refused', ...none })).toBe('FAILED');
  const show = await addShow(10);
  const wish = { service_id, slot_id: show, pet_id: owner.pet_id };
  const held = await user('POST', '/v1/reservations', wish);
  const id = textOf(held, 'reservation_id');
  expect(await stateOf(id)).toBe('RESERVED');
  const page = await user('POST', '/v1/payments/sessions', { reservation_id: id });
  expect(await stateOf(id)).toBe('PAYMENT_PENDING');
  await payAt(harness, textOf(page, 'payment_url'), 'decline');
  await becomes(id, 'PAYMENT_FAILED');
  // Another card on the same page.
  await payAt(harness, textOf(page, 'payment_url'));
  await becomes(id, 'TICKETS_DELIVERED');
});

test('a hold that nobody pays is EXPIRED, one that is given back CANCELLED', async () => {
  const lapsed = textOf(await reserve(await addShow(2)), 'bookingId');
  await lapse(sql, lapsed);
  await becomes(lapsed, 'EXPIRED');
  const given = textOf(await reserve(await addShow(2, 130)), 'bookingId');
  expect((await user('POST', `/v1/reservations/${given}/cancel`)).status).toBe(200);
  expect(await stateOf(given)).toBe('CANCELLED');
});

test('CONFIRMED until the mail server has taken the tickets', async () => {
  const show = await addShow(5);
  const pause = { channel: 'email', reason: 'the mail server is being moved' };
  expect((await sre('POST', '/v1/ops/channels/pause', pause)).status).toBe(200);
  const { reservation_id } = await paid(show);
  expect(await stateOf(reservation_id)).toBe('CONFIRMED');
  expect((await sre('POST', '/v1/ops/channels/resume', { channel: 'email' })).status).toBe(200);
  await becomes(reservation_id, 'TICKETS_DELIVERED');
});

test('REFUND_REQUESTED while a cancel can be undone, then REFUNDED; REFUND_DENIED leaves the booking', async () => {
  const undoable = await paid(await addShow(5));
  // The tickets have left; what an undo does for those that have not is test/life/undo-messages.test.ts.
  await becomes(undoable.reservation_id, 'TICKETS_DELIVERED');
  const address = `/v1/bookings/${undoable.booking_id}/cancel`;
  expect((await user('POST', address, { reason: 'ill' })).status).toBe(200);
  expect(await stateOf(undoable.reservation_id)).toBe('REFUND_REQUESTED');
  expect((await desk('POST', `/v1/bookings/${undoable.booking_id}/undo`)).status).toBe(200);
  await becomes(undoable.reservation_id, 'TICKETS_DELIVERED');
  expect((await user('POST', address, { reason: 'ill', now: true })).status).toBe(200);
  await becomes(undoable.reservation_id, 'REFUNDED');

  const denied = await paid(await addShow(5, 130));
  const wish = { booking_id: denied.booking_id, reason: 'did not like it', ask: true };
  const refund_id = textOf(await desk('POST', '/v1/refunds', wish), 'refund_id');
  const decision = { decision: 'denied', reason: 'the show took place' };
  const said = await manager('POST', `/v1/refunds/${refund_id}/decide`, decision);
  expect(said.status, said.text).toBe(200);
  await becomes(denied.reservation_id, 'REFUND_DENIED');
  const booking = await user('GET', `/v1/bookings/${denied.booking_id}`);
  expect(member(booking.json, 'status')).toBe('confirmed');
});

test('after all of this every promise of the data still holds', async () => {
  const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
  expect(broken).toEqual([]);
});
