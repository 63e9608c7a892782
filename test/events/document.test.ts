import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventSchemas, events_folder, eventsDocument } from '../../scripts/events-doc.ts';
import { event_types } from '../../src/domain/events.ts';
import { payloadFaults } from '../../src/domain/events-schema.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventFaults } from '../helpers/events.ts';

test('docs/events holds one schema per event type, as the code has it', () => {
  const written = fs.readdirSync(events_folder).toSorted();
  expect(written).toEqual(event_types.map((name) => `${name}.json`).toSorted());
  for (const [name, text] of eventSchemas()) {
    expect(fs.readFileSync(path.join(events_folder, name), 'utf8')).toBe(text);
  }
});

test('docs/events.md lists them', () => {
  expect(fs.readFileSync(path.join(events_folder, '../events.md'), 'utf8')).toBe(eventsDocument());
});

/** Seed 002, Published Events: the fields that other services were promised. */
const promised = {
  'reservation.created':
    'reservation_id user_id pet_id service_id slot_id expires_at created_at schema_version',
  'booking.confirmed':
    'booking_id reference_code user_id pet_id clinic_id service_id slot_date slot_time amount created_at',
  'booking.cancelled':
    'booking_id reference_code user_id pet_id clinic_id cancellation_reason refund_amount refund_status cancelled_at',
  'booking.completed':
    'booking_id reference_code user_id pet_id clinic_id service_id service_name completed_at',
  'booking.status_changed': 'booking_id reference_code previous_status new_status changed_at',
  'payment.processed':
    'payment_id booking_id amount currency payment_method status processed_at schema_version',
  'review.submitted': 'review_id booking_id user_id clinic_id service_id rating submitted_at',
} as const;

test.each(Object.entries(promised))('%s requires the fields of seed 002', (name, fields) => {
  const schema: unknown = JSON.parse(eventSchemas().get(`${name}.json`) ?? '{}');
  expect(schema).toMatchObject({
    properties: { payload: { required: expect.arrayContaining(fields.split(' ')) } },
  });
});

test('a payload that differs is told field by field', () => {
  expect(payloadFaults('review.submitted', { schema_version: 1, rating: 6, mood: 'good' })).toEqual(
    expect.arrayContaining([
      expect.stringContaining('review.submitted rating: '),
      expect.stringContaining('mood'),
    ]),
  );
});

test('the look at every test database finds an event that differs', async () => {
  const { sql } = await createTestDatabase({ max: 1 });
  await sql`
    select emit_event('review.submitted', 'booking', gen_random_uuid(), 1, gen_random_uuid(), null,
      '{"rating": 5}')`;
  expect(await eventFaults(sql)).toEqual(
    expect.arrayContaining([
      'review.submitted is about a booking',
      expect.stringContaining('review.submitted review_id: '),
    ]),
  );
  await sql`truncate booking_events_outbox`;
  expect(await eventFaults(sql)).toEqual([]);
});
