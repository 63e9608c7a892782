import { beforeAll, expect, test } from 'vitest';
import { patterns } from '../../src/daemon/tcp/patterns.ts';
import { readConsumed } from '../../src/domain/consumed.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { clientOf, holdThatIs, listOf, payAt, textOf } from './scene.ts';

/** Seed 002: tables, columns, states, events and message patterns, in the names that it gives them. */

const harness = await startHarness();
const { sql } = harness;

// Seed 002, Level 2 and Level 3.
const tables = {
  services:
    'id clinic_id name description price duration_minutes requires_approval is_available availability_exceptions created_at updated_at',
  slots:
    'id service_id staff_id slot_date slot_start_time slot_end_time status capacity booked_count created_at updated_at',
  reservations:
    'id user_id pet_id service_id slot_id lock_id status expires_at created_at updated_at',
  bookings:
    'id reservation_id user_id pet_id clinic_id service_id slot_id payment_id reference_code amount status cancellation_reason notes pet_snapshot service_snapshot booking_time created_at updated_at',
  payments:
    'id booking_id external_reference amount currency payment_method status payment_details paid_at refund_status refund_amount refunded_at created_at updated_at',
  financial_entries:
    'id booking_id clinic_id type total_amount platform_fee clinic_amount tax_amount currency status settlement_date settlement_details transaction_reference created_at updated_at',
  reviews:
    'id booking_id user_id clinic_id service_id rating comment attachments is_verified is_published ratings_breakdown created_at updated_at',
  notifications:
    'id user_id booking_id type title content metadata is_read read_at delivery_status delivery_attempts created_at',
  booking_logs: 'id booking_id created_at',
  booking_log_entries:
    'id log_id action status previous_state new_state performed_by notes created_at',
  booking_reminders:
    'id booking_id reminder_type scheduled_time status delivery_channels sent_at created_at updated_at',
  booking_attachments:
    'id booking_id file_name file_url file_type description file_size is_public uploaded_at created_at',
  booking_events_outbox:
    'id aggregate_type aggregate_id event_type payload created_at published published_at attempts',
  upcoming_bookings_view:
    'id reference_code user_id pet_id clinic_id service_id service_name amount status slot_date slot_start_time slot_end_time',
  booking_completion_rates:
    'month total_bookings completed_bookings cancelled_bookings no_show_bookings completion_rate cancellation_rate',
} as const;

test.each(Object.entries(tables))('%s has the columns of the source', async (name, columns) => {
  const rows = await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = to_regclass(${name}) and attnum > 0 and not attisdropped`;
  const known = new Set(rows.map((row) => row.name));
  expect(columns.split(' ').filter((column) => !known.has(column))).toEqual([]);
});

test.each([
  ['slots', 'status', ['available', 'booked', 'blocked']],
  ['reservations', 'status', ['pending', 'confirmed', 'cancelled', 'expired']],
  ['bookings', 'status', ['confirmed', 'in-progress', 'completed', 'cancelled', 'no-show']],
  ['payments', 'status', ['pending', 'processing', 'success', 'failed', 'refunded']],
  ['payments', 'refund_status', ['pending', 'processing', 'completed', 'failed']],
  ['booking_reminders', 'reminder_type', ['upcoming', 'check_in', 'follow_up', 'review_request']],
  ['booking_reminders', 'status', ['pending', 'sent', 'failed', 'cancelled']],
] as const)('%s.%s takes the values of the source', async (table, column, values) => {
  const rows = await sql<{ text: string }[]>`
    select pg_get_constraintdef(c.oid) as text
    from pg_attribute a
    join pg_constraint c
      on (c.conrelid = a.attrelid and a.attnum = any (c.conkey)) or c.contypid = a.atttypid
    where c.contype = 'c' and a.attrelid = to_regclass(${table}) and a.attname = ${column}`;
  const text = rows.map((row) => row.text).join(' ');
  expect(values.filter((value) => !text.includes(`'${value}'`))).toEqual([]);
});

// Seed 002, Published Events.
const published = {
  'reservation.created': 'reservation_id user_id pet_id service_id slot_id expires_at created_at',
  'booking.confirmed':
    'booking_id reference_code user_id pet_id clinic_id service_id slot_date slot_time amount created_at',
  'booking.cancelled':
    'booking_id reference_code user_id pet_id clinic_id cancellation_reason refund_amount refund_status cancelled_at',
  'booking.completed':
    'booking_id reference_code user_id pet_id clinic_id service_id service_name completed_at',
  'booking.status_changed': 'booking_id reference_code previous_status new_status changed_at',
  'payment.processed': 'payment_id booking_id amount currency payment_method status processed_at',
  'review.submitted': 'review_id booking_id user_id clinic_id service_id rating submitted_at',
  // Seed 002, booking_event_trigger.
  'booking.created':
    'booking_id reference_code user_id clinic_id service_id amount status created_at',
} as const;

/** The fields of the newest event of each type. */
const payloads = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const owner = await addOwner(sql);
  const user = clientOf(harness, await harness.mintCustomerToken(owner.user_id));
  const desk = clientOf(harness, await harness.addKey('desk', clinic.id));
  const book = async (in_hours: number): Promise<string> => {
    const slot_id = await addSlot(sql, clinic, service_id, { in_hours });
    const body = { service_id, slot_id, pet_id: owner.pet_id };
    const started = await user('POST', '/v1/bookings', body);
    await payAt(harness, textOf(started, 'payment_url'));
    const id = textOf(started, 'reservation_id');
    return textOf(await holdThatIs(user, id, { status: 'confirmed' }), 'booking_id');
  };
  const visit = await book(72);
  for (const status of ['in-progress', 'completed']) {
    const moved = await desk('PUT', `/v1/bookings/${visit}/status`, { status });
    expect(moved.status, moved.text).toBe(200);
  }
  const review = await user('POST', `/v1/bookings/${visit}/reviews`, { rating: 5 });
  expect(review.status, review.text).toBe(201);
  const off = await book(90);
  const cancelled = await user('POST', `/v1/bookings/${off}/cancel`, { reason: 'ill' });
  expect(cancelled.status, cancelled.text).toBe(200);
  await eventually('all events', async () => {
    const rows = await sql<{ event_type: string; payload: Record<string, unknown> }[]>`
      select event_type, payload from booking_events_outbox order by position`;
    for (const { event_type, payload } of rows) {
      payloads.set(event_type, new Set(Object.keys(payload)));
    }
    return Object.keys(published).every((type) => payloads.has(type));
  });
});

test.each(Object.entries(published))('%s carries the fields of the source', (type, fields) => {
  const known = payloads.get(type) ?? new Set();
  expect(fields.split(' ').filter((field) => !known.has(field))).toEqual([]);
});

const some_id = '01932f0e-7a51-7cc2-9f4e-8f6b6a3f2c11';
const at = '2026-11-20T09:00:00Z';

// Seed 002, Consumed Events: flat, as they are drawn there.
test.each([
  [
    'user.updated',
    { user_id: some_id, email: 'a@example.com', full_name: 'Siti', phone_number: '+6281' },
  ],
  ['pet.updated', { pet_id: some_id, name: 'Mochi', species: 'cat', breed: 'Persian' }],
  [
    'clinic.updated',
    { clinic_id: some_id, name: 'Sehat', address: 'Jl. Melati 1', phone_number: '+6221' },
  ],
  [
    'service.updated',
    {
      service_id: some_id,
      clinic_id: some_id,
      name: 'Checkup',
      price: '250000.00',
      duration_minutes: 30,
      is_available: true,
    },
  ],
  [
    'payment.status_changed',
    { payment_id: some_id, external_reference: 'pi_1', previous_status: 'a', new_status: 'b' },
  ],
])('%s of another service is read as the source draws it', (event_type, fields) => {
  const when = event_type === 'payment.status_changed' ? { changed_at: at } : { updated_at: at };
  const read = readConsumed(JSON.stringify({ event_type, ...fields, ...when }), 'x');
  expect(read).toMatchObject({ kind: 'event', event: { event_type, thing_id: some_id } });
});

test('the message patterns of the source are answered', () => {
  const named = [
    'booking.reservation.create',
    'booking.reservation.confirm',
    'booking.availability.check',
    'booking.slots.find',
    'booking.booking.find',
    'booking.booking.update',
  ];
  const known = new Set(patterns.keys());
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('the gateway finds bookings by the fields of GetUpcomingBookingsQuery', async () => {
  const owner = await addOwner(sql);
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id);
  const desk = clientOf(harness, await harness.addKey('desk', clinic.id));
  const wish = { service_id, slot_id, ...owner, payment_method: 'cash' };
  const booking_id = textOf(await desk('POST', '/v1/bookings', wish), 'booking_id');
  const today = Temporal.Now.plainDateISO('Asia/Jakarta');
  const query = new URLSearchParams({
    userId: owner.user_id,
    startDate: today.toString(),
    endDate: today.add({ days: 7 }).toString(),
    status: 'confirmed',
    limit: '10',
  });
  const found = await desk('GET', `/bookings?${query}`);
  expect(listOf(found, 'items')).toMatchObject([{ booking_id }]);
  query.set('endDate', today.toString());
  expect(listOf(await desk('GET', `/bookings?${query}`), 'items')).toEqual([]);
});
