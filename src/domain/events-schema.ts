import { z } from 'zod';
import { amount, currency, id, reference_code } from './basics.ts';
import { booking_statuses, reservation_statuses } from './booking.ts';
import { type AggregateType, aggregate_types, type EventType, event_types } from './events.ts';
import { payment_statuses, refund_statuses } from './money-words.ts';
import { waitlist_statuses } from './waitlist.ts';

/**
 * What each event carries: fields per seed 002, Published Events, and ours besides. Fields are only added within a
 * version; whoever takes one away or changes its meaning gives the event the next version.
 */

const moment = z.iso.datetime({ offset: true });
const schema_version = z.literal(1);
const seats = z.array(z.number().int().positive()).readonly();
const version = z.number().int().positive().describe('Grows with every change of the thing');

const items = z
  .array(
    z.object({
      position: z.number().int().positive(),
      service_id: id,
      service_name: z.string(),
      slot_id: id,
      staff_id: id.nullable(),
      staff_name: z.string().nullable(),
      starts_at: moment,
      ends_at: moment,
      quantity: z.number().int().positive(),
      seats,
      amount,
    }),
  )
  .readonly()
  .optional()
  .describe('Several services in a row, in order; the first is the one that is named above');

const Reservation = z.object({
  schema_version,
  reservation_id: id,
  reference_code: reference_code.describe('The booking that it becomes has the same'),
  user_id: id,
  pet_id: id.nullable().describe('Null where nobody asked: at salons and venues'),
  clinic_id: id,
  service_id: id,
  slot_id: id,
  quantity: z.number().int().positive(),
  seats,
  status: z.enum(reservation_statuses),
  version,
  expires_at: moment,
  created_at: moment,
  items,
});

const Booking = z.object({
  schema_version,
  booking_id: id,
  reservation_id: id.nullable(),
  reference_code,
  user_id: id,
  pet_id: id.nullable().describe('Null where nobody asked: at salons and venues'),
  clinic_id: id,
  service_id: id,
  service_name: z.string().nullable().describe('As it was called when it was booked'),
  slot_id: id,
  slot_date: z.iso.date().describe('Local date of the clinic'),
  slot_time: z.iso.time().describe('Local time of the clinic'),
  starts_at: moment,
  quantity: z.number().int().positive(),
  amount,
  currency,
  status: z.enum(booking_statuses),
  version,
  created_at: moment,
  imported: z.literal(true).optional().describe('From another system, which has told people'),
  series_id: id.optional().describe('The visit is one of a series'),
  series_position: z.number().int().positive().optional(),
  tells: z
    .array(id)
    .readonly()
    .optional()
    .describe('The message of this event is about all of these bookings'),
  told_by: id.optional().describe('The message to the owner is that of this booking'),
  ends_at: moment.optional().describe('Of the last of several services'),
  items,
});

const Payment = z.object({
  schema_version,
  payment_id: id,
  booking_id: id.nullable().describe('Null: the money has no booking'),
  reservation_id: id,
  user_id: id,
  clinic_id: id,
  amount,
  currency,
  payment_method: z.string(),
  status: z.enum(payment_statuses),
  reason: z.string().nullable().describe('Why it failed or goes back'),
  processed_at: moment,
});

const not_before = moment
  .optional()
  .describe('Messages and refunds wait until then, so that it can be undone');

const Ended = Reservation.extend({ reason: z.string().nullable(), ended_at: moment });
const Approval = Reservation.extend({ approval: z.enum(['awaiting', 'approved', 'rejected']) });
const Refund = Payment.extend({
  refund_id: id,
  refund_amount: amount,
  refund_status: z.enum(refund_statuses),
  decision: z.enum(['granted', 'awaiting', 'denied']).optional(),
});
const StatusChange = Booking.extend({
  previous_status: z.string(),
  new_status: z.enum(booking_statuses),
  changed_at: moment,
  arrived_at: moment.optional(),
  completed_at: moment.optional(),
  not_before,
});

type EventSpec = {
  readonly aggregate: AggregateType;
  readonly says: string;
  readonly payload: z.ZodObject;
};

/** One row per event type; docs/events is written from it. */
export const event_specs = {
  'reservation.created': {
    aggregate: 'reservation',
    says: 'Seats of a slot are held.',
    payload: Reservation,
  },
  'reservation.extended': {
    aggregate: 'reservation',
    says: 'The hold was given five minutes more.',
    payload: Reservation,
  },
  'reservation.cancelled': {
    aggregate: 'reservation',
    says: 'The hold was given back; its seats are free.',
    payload: Ended,
  },
  'reservation.expired': {
    aggregate: 'reservation',
    says: 'The hold ran out; its seats are free.',
    payload: Ended,
  },
  'reservation.approval_asked': {
    aggregate: 'reservation',
    says: 'The clinic is asked; the hold lasts until it has to answer.',
    payload: Approval,
  },
  'reservation.approved': {
    aggregate: 'reservation',
    says: 'The clinic said yes; the money is being fetched.',
    payload: Approval,
  },
  'booking.created': {
    aggregate: 'booking',
    says: 'A booking exists. `booking.confirmed` comes with it.',
    payload: Booking,
  },
  'booking.confirmed': {
    aggregate: 'booking',
    says: 'The booking holds: paid, or to be paid at the visit.',
    payload: Booking,
  },
  'booking.cancelled': {
    aggregate: 'booking',
    says: 'The booking was called off, with the refund that the policy gives.',
    payload: Booking.extend({
      cancellation_reason: z.string().nullable(),
      cancelled_by: z.enum(['owner', 'clinic']),
      cancelled_at: moment,
      refund_amount: amount,
      refund_percent: z.number().int().min(0).max(100),
      refund_status: z.enum(refund_statuses).nullable(),
      not_before,
      undone: z.literal(true).optional().describe('Taken back before anybody was told'),
    }),
  },
  'booking.rescheduled': {
    aggregate: 'booking',
    says: 'The booking moved to another slot.',
    payload: Booking.extend({
      previous_slot_id: id,
      previous_starts_at: moment,
      previous_amount: amount,
      refund_amount: amount,
      due_amount: amount,
      rescheduled_by: z.enum(['owner', 'clinic']),
      rescheduled_at: moment,
    }),
  },
  'booking.completed': {
    aggregate: 'booking',
    says: 'The visit is over.',
    payload: StatusChange.required({ completed_at: true }),
  },
  'booking.status_changed': {
    aggregate: 'booking',
    says: 'Another change of status, money due or by hand; equal statuses: it was paid.',
    payload: StatusChange.extend({
      undone: z
        .union([z.literal(true), z.enum(['cancelled', 'arrived', 'no-show'])])
        .optional()
        .describe('What this change took back; true = this change was itself taken back'),
    }),
  },
  'booking.arrived': {
    aggregate: 'booking',
    says: 'The owner is there, or some of the tickets were let in.',
    payload: StatusChange.extend({
      seats: seats.optional().describe('Tickets that were let in now'),
      undone: z.literal(true).optional(),
    }).required({ arrived_at: true }),
  },
  'payment.processed': {
    aggregate: 'payment',
    says: 'Money came in and has its booking.',
    payload: Payment,
  },
  'payment.failed': {
    aggregate: 'payment',
    says: 'A card was declined, or the page lapsed (`session_expired`).',
    payload: Payment,
  },
  'payment.late': {
    aggregate: 'payment',
    says: 'Money came in that no booking can be made of; it goes back.',
    payload: Payment,
  },
  'payment.voided': {
    aggregate: 'payment',
    says: 'The bank was told to let go of the money that it kept ready.',
    payload: Payment,
  },
  'payment.disputed': {
    aggregate: 'payment',
    says: 'The owner disputes the payment at the bank, or that has ended.',
    payload: Payment.extend({
      dispute_id: id,
      dispute_status: z.string(),
      dispute_amount: amount,
    }),
  },
  'refund.requested': {
    aggregate: 'payment',
    says: 'Somebody asks for a refund; a manager decides.',
    payload: Refund,
  },
  'refund.granted': { aggregate: 'payment', says: 'The refund will be made.', payload: Refund },
  'refund.denied': { aggregate: 'payment', says: 'There will be no refund.', payload: Refund },
  'refund.failed': {
    aggregate: 'payment',
    says: 'The bank or provider refused; a person has to look.',
    payload: Refund,
  },
  'refund.processed': { aggregate: 'payment', says: 'The money is back.', payload: Refund },
  'review.submitted': {
    aggregate: 'review',
    says: 'An owner rated a completed visit.',
    payload: z.object({
      schema_version,
      review_id: id,
      booking_id: id,
      user_id: id,
      clinic_id: id,
      service_id: id,
      rating: z.number().int().min(1).max(5),
      status: z.string(),
      submitted_at: moment,
    }),
  },
  'waitlist.offered': {
    aggregate: 'waitlist',
    says: 'A free place is kept for somebody who waits, until they answer or the time is over.',
    payload: Reservation.extend({ entry_id: id }),
  },
  'waitlist.changed': {
    aggregate: 'waitlist',
    says: 'Somebody joined the waiting list, left it, has a place, or waits again after an offer.',
    payload: z.object({
      schema_version,
      entry_id: id,
      user_id: id,
      pet_id: id.nullable(),
      clinic_id: id,
      service_id: id,
      quantity: z.number().int().positive(),
      status: z.enum(waitlist_statuses),
      left_reason: z.string().nullable().describe('Why it left'),
      version,
    }),
  },
  'webhook.disabled': {
    aggregate: 'webhook',
    says: 'A receiver failed for days or wants no more; nothing is sent there now.',
    payload: z.object({
      schema_version,
      webhook_id: id,
      clinic_id: id,
      url: z.string(),
      reason: z.string(),
      failures: z.number().int(),
      failing_since: moment.nullable(),
      disabled_at: moment,
    }),
  },
  'slot.overbooked': {
    aggregate: 'slot',
    says: 'A manager gave a slot more seats than it was made for, or took some of them back.',
    payload: z.object({
      schema_version,
      slot_id: id,
      clinic_id: id,
      service_id: id,
      starts_at: moment,
      capacity: z.number().int().positive(),
      extra_seats: z.number().int().describe('Of capacity: more than it was made for'),
      previous_extra_seats: z.number().int(),
      version,
      changed_at: moment,
    }),
  },
} as const satisfies Record<EventType, EventSpec>;

/** An event as the feed, the stream and webhooks carry it, without its payload's details. */
export const envelope_schema = z.object({
  event_id: id.describe('The same in every repetition: remember it to take each event once'),
  sequence: z.number().int().positive().describe('Grows; never fills holes later'),
  event_type: z.enum(event_types),
  aggregate_type: z.enum(aggregate_types),
  aggregate_id: id,
  clinic_id: id,
  correlation_id: z.string().nullable().describe('The request that caused it'),
  occurred_at: moment,
});

/** What is wrong with an event's payload; empty = nothing. Fields that the schema does not name are wrong too. */
export function payloadFaults(event_type: EventType, payload: unknown): readonly string[] {
  const parsed = event_specs[event_type].payload.strict().safeParse(payload);
  return (parsed.error?.issues ?? []).map(
    ({ path, message }) => `${event_type} ${path.join('.')}: ${message}`,
  );
}
