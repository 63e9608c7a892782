import { z } from 'zod';
import { plan_id } from './ops-schema.ts';
import {
  amount,
  currency,
  id,
  instant,
  line,
  local_date,
  local_time,
  page,
  reference_code,
} from './schema.ts';

/** What the endpoints of api-time-off.ts take and give. */

export const time_off_modes = ['refuse', 'keep', 'reseat', 'cancel'] as const;
/** What becomes of visits in the way: `refuse` makes nothing of them but a list. */
export type TimeOffMode = (typeof time_off_modes)[number];

const count = z.number().int();

const Item = z.object({
  kind: z
    .enum(['move', 'cancel', 'end_hold', 'keep'])
    .describe('end_hold: an unpaid hold; keep: it stays, also because it has begun'),
  booking_id: id.nullable(),
  reference_code,
  owner_name: z.string().nullable(),
  pet_name: z.string().nullable(),
  service_name: z.string(),
  starts_at: instant,
  to_slot_id: id.nullable(),
  to_starts_at: instant.nullable(),
  to_staff_name: z.string().nullable(),
  refund_amount: amount.describe('What goes back: all of it for a cancel'),
  currency,
});

const TimeOffPlan = z
  .object({
    plan_id,
    expires_at: instant.nullable().describe('Of the plan; null once it was carried out'),
    dry_run: z.boolean(),
    bookings: z.enum(time_off_modes),
    time_off_id: id.nullable(),
    staff_id: id,
    staff_name: z.string(),
    starts_at: instant,
    ends_at: instant,
    moved: count,
    cancelled: count,
    kept: count,
    holds_ended: count,
    slots_closed: count,
    items: z.array(Item).readonly(),
  })
  .meta({ id: 'TimeOffPlan' });

const TimeOff = z
  .object({
    time_off_id: id,
    staff_id: id,
    staff_name: z.string(),
    starts_at: instant,
    ends_at: instant,
    reason: z.string(),
    plan_id,
    slots_closed: count,
  })
  .meta({ id: 'TimeOff' });

export const time_off_shapes = {
  take_time_off: {
    params: z.object({ staff_id: id }),
    query: z.object({}),
    body: z
      .object({
        date: local_date.optional().describe('First day'),
        to_date: local_date.optional().describe('Last day; the first one when left out'),
        from: local_time.optional().describe('On the first day; its beginning when left out'),
        to: local_time.optional().describe('On the last day; its end when left out'),
        bookings: z.enum(time_off_modes).default('refuse'),
        reason: line(500).optional().describe('Told to the owners; needed unless it is a dry run'),
        dry_run: z.boolean().default(false).describe('Make a plan and change nothing'),
        plan_id: plan_id.optional().describe('Carry this plan out instead of making one'),
      })
      .refine((input) => (input.date === undefined) !== (input.plan_id === undefined), {
        message: 'Give date for a new plan, or plan_id to carry one out',
        path: ['date'],
      }),
    output: TimeOffPlan,
  },
  list_time_off: {
    params: z.object({ clinic_id: id }),
    query: z.object({}),
    body: z.object({}),
    output: page(TimeOff),
  },
  end_time_off: {
    params: z.object({ time_off_id: id }),
    query: z.object({}),
    body: z.object({}),
    output: z.object({ time_off_id: id, slots_opened: count }).meta({ id: 'TimeOffEnd' }),
  },
};
