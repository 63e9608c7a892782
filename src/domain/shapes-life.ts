import { z } from 'zod';
import {
  amount,
  BookingSummary,
  booking_ref,
  currency,
  id,
  instant,
  line,
  local_date,
  local_time,
  page,
  reference_code,
} from './schema.ts';
import { trace_gaps } from './trace.ts';

/** What the endpoints of api-life.ts take and give. */

const Rescheduling = z
  .object({
    booking_id: id,
    reference_code,
    quote: z.boolean().describe('True when nothing was changed'),
    slot_id: id,
    starts_at: instant,
    date: local_date,
    time: local_time,
    previous_slot_id: id,
    previous_starts_at: instant,
    amount: amount.describe('What the booking costs now'),
    previous_amount: amount,
    currency,
    refund_percent: z.number().int().describe('Of a lower price; also the most of a later cancel'),
    refund_amount: amount,
    refund_id: id.nullable(),
    due_amount: amount.describe('Still to be paid, at the visit'),
    version: z.number().int(),
  })
  .meta({ id: 'Rescheduling' });

const undone = z.enum(['cancelled', 'arrived', 'no-show']);

const Undoable = z
  .object({
    booking_id: id,
    reference_code,
    clinic_id: id,
    action: undone,
    at: instant,
    leaves_at: instant.nullable().describe('When refund and message leave; an undo comes before'),
    version: z.number().int(),
  })
  .meta({ id: 'Undoable' });

const milliseconds = z.number().int();

const trace_parts = [
  'lock',
  'hold',
  'booking',
  'payment',
  'webhook',
  'refund',
  'event',
  'message',
  'reminder',
  'series',
] as const;

const Trace = z
  .object({
    booking_id: id.nullable().describe('Null: held, and never booked'),
    reservation_id: id.nullable().optional(),
    clinic_id: id.optional(),
    reference_code,
    gaps: z
      .array(
        z.object({
          code: z.enum(trace_gaps),
          at: instant.describe('Since when'),
          what: z.string().describe('The entry that nothing followed'),
          wait_ms: milliseconds.describe('How long it took, or has been missing for'),
        }),
      )
      .readonly()
      .optional()
      .describe('What should have followed and has not'),
    items: z
      .array(
        z.object({
          at: instant,
          since_ms: milliseconds.describe('Since the entry before'),
          total_ms: milliseconds.optional().describe('Since the first entry'),
          part: z.enum(trace_parts),
          what: z.string(),
          detail: z.string().nullable(),
          source: z.string().nullable(),
          request_id: z.string().nullable(),
          sequence: z.number().int().nullable().describe('Of events: their place in the feed'),
          out_ms: milliseconds
            .nullable()
            .describe('From being written to being published, paid, paid back or sent'),
          overdue: z.boolean().optional().describe('It should have left by now'),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'Trace' });

export const life_shapes = {
  reschedule_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({}),
    body: z
      .object({
        slot_id: id.optional(),
        date: local_date.optional(),
        time: local_time.optional(),
        staff_id: id.optional(),
        by: z
          .enum(['owner', 'clinic'])
          .default('owner')
          .describe('clinic = no price rises, all of a lower price comes back; staff only'),
        reason: line(500).optional(),
        quote: z.boolean().default(false),
        expected_version: z.number().int().optional(),
      })
      .refine(
        (input) =>
          input.slot_id !== undefined || (input.date !== undefined && input.time !== undefined),
        { message: 'Give slot_id, or date and time', path: ['slot_id'] },
      ),
    output: Rescheduling,
  },
  undo_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({}),
    body: z.object({ expected_version: z.number().int().optional() }),
    output: BookingSummary.extend({ undone: undone.describe('What was taken back') }),
  },
  list_undoable: {
    params: z.object({}),
    query: z.object({}),
    body: z.object({}),
    output: page(Undoable),
  },
  trace_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({}),
    body: z.object({}),
    output: Trace,
  },
};
