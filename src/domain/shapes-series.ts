import { z } from 'zod';
import {
  amount,
  booking_ref,
  currency,
  cursor,
  id,
  instant,
  limit,
  line,
  local_date,
  local_time,
  page,
  quantity,
  reference_code,
} from './basics.ts';
import { booking_statuses, payment_states } from './booking.ts';
import { series_scopes, series_units, VISITS_MAX, VISITS_MIN } from './series.ts';

/** What the endpoints of api-series.ts take and give. */

const count = z.number().int();
const series_code = z.string().regex(/^SR\d{1,15}$/);
/** A booking of a series names it, too. */
const series_ref = z.union([id, series_code, reference_code], {
  error: 'Give an id, a code such as SR12, or the reference of one of its bookings',
});
const weekday = z.number().int().min(1).max(7).describe('1 = Monday (ISO)');
const name = z.string().nullable();

/** Why a date of a series cannot be booked. */
export const conflict_reasons = [
  'past',
  'clock_gap',
  'not_open_yet',
  'no_slot',
  'blocked',
  'booked',
  'held',
  'staff_busy',
  'room_busy',
  'few_seats',
  'owner_busy',
  'refused',
] as const;

const Alternative = z.object({
  slot_id: id,
  starts_at: instant,
  date: local_date,
  time: local_time,
  staff_id: id.nullable(),
  staff_name: name,
  remaining: count,
});

const SeriesConflict = z
  .object({
    position: count,
    date: local_date,
    time: local_time,
    reason: z.enum(conflict_reasons),
    detail: z.string(),
    reference_code: reference_code.nullable().describe('Of the visit that cannot move'),
    alternatives: z.array(Alternative).readonly().describe('The nearest open times'),
  })
  .meta({ id: 'SeriesConflict' });

const rule = {
  every: count.min(1).max(365),
  unit: z.enum(series_units),
  weekdays: z.array(weekday).max(7).readonly(),
  month_by: z.enum(['date', 'weekday']),
};

const SeriesVisit = z
  .object({
    position: count,
    booking_id: id.nullable().describe('Null in a dry run'),
    reference_code: reference_code.nullable(),
    status: z.enum(booking_statuses).nullable(),
    slot_id: id,
    starts_at: instant,
    ends_at: instant,
    date: local_date,
    time: local_time,
    staff_id: id.nullable(),
    staff_name: name,
    amount,
    payment_state: z.enum(payment_states).nullable(),
    note: z
      .enum(['short_month', 'no_fifth', 'clock_double'])
      .nullable()
      .describe('Why the date is not quite what the rule says'),
  })
  .meta({ id: 'SeriesVisit' });

const SeriesPlan = z
  .object({
    dry_run: z.boolean(),
    series_id: id.nullable().describe('Null in a dry run'),
    series_code: series_code.nullable(),
    clinic_id: id,
    service_id: id,
    service_name: z.string(),
    rule_text: z.string(),
    visits: z.array(SeriesVisit).readonly(),
    conflicts: z.array(SeriesConflict).readonly(),
    amount: amount.describe('Of all visits; each is paid at the clinic'),
    currency,
    version: count.nullable(),
  })
  .meta({ id: 'SeriesPlan' });

const summary = {
  series_id: id,
  series_code,
  clinic_id: id,
  clinic_name: z.string(),
  service_id: id,
  service_name: z.string(),
  user_id: id,
  owner_name: name,
  pet_id: id.nullable(),
  pet_name: name,
  staff_id: id.nullable().describe('The vet who was asked for; null = any'),
  ...rule,
  rule_text: z.string(),
  start_date: local_date,
  start_time: local_time,
  until: local_date.nullable(),
  quantity: count,
  visits_asked: count,
  visits_made: count,
  visits_left: count.describe('That stand and are still to come'),
  next_visit_at: instant.nullable(),
  currency,
  version: count,
  created_at: instant,
};

const Series = z
  .object({ ...summary, notes: z.string().nullable(), visits: z.array(SeriesVisit).readonly() })
  .meta({ id: 'Series' });

const Moved = z.object({
  position: count,
  booking_id: id,
  reference_code,
  slot_id: id,
  previous_starts_at: instant,
  starts_at: instant,
  date: local_date,
  time: local_time,
  staff_name: name,
  previous_amount: amount,
  amount,
  refund_amount: amount,
  due_amount: amount,
});

const Cancelled = z.object({
  position: count,
  booking_id: id,
  reference_code,
  starts_at: instant,
  date: local_date,
  time: local_time,
  refund_percent: count,
  refund_amount: amount,
});

const change = {
  scope: z.enum(series_scopes).default('all'),
  booking_id: booking_ref
    .optional()
    .describe(
      'The visit that `one` and `following` are about; a booking in the address says it too',
    ),
  by: z.enum(['owner', 'clinic']).default('owner').describe('clinic = full refund; staff only'),
  reason: line(500).optional(),
  quote: z.boolean().default(false),
  expected_version: count.optional(),
};
const changed = {
  series_id: id,
  series_code,
  quote: z.boolean().describe('True when nothing was changed'),
  scope: z.enum(series_scopes),
  refund_amount: amount,
  currency,
  version: count,
};

const nothing = z.object({});
const one = z.object({ series_id: series_ref });

export const series_shapes = {
  create_series: {
    params: nothing,
    query: nothing,
    body: z
      .object({
        service_id: id,
        pet_id: id.optional().describe('Needed at a clinic; salons and venues do not ask'),
        user_id: id
          .optional()
          .describe('The owner, when staff book for somebody; a customer is always themselves'),
        date: local_date.describe('The first day that may be one'),
        time: local_time.describe('On the clock of the clinic, also where it changes'),
        staff_id: id.optional().describe('This vet only; left out, whoever is free'),
        same_vet: z
          .boolean()
          .default(false)
          .describe('One vet for all visits, chosen by who can do most of them'),
        quantity,
        every: rule.every.default(1),
        unit: rule.unit.default('week'),
        weekdays: rule.weekdays.default([]).describe('For weeks; empty = the weekday of date'),
        month_by: rule.month_by
          .default('date')
          .describe('For months: the same day, or the same weekday ("second Tuesday")'),
        count: count.min(VISITS_MIN).max(VISITS_MAX).optional(),
        until: local_date.optional().describe('The last day that may be one'),
        skip_conflicts: z.boolean().default(false).describe('Leave out the dates that cannot be'),
        notes: z.string().trim().max(2000).optional(),
        dry_run: z.boolean().default(false),
      })
      .refine((input) => (input.count === undefined) !== (input.until === undefined), {
        message: 'Say how it ends: count or until',
        path: ['count'],
      }),
    output: SeriesPlan,
  },
  list_series: {
    params: nothing,
    query: z.object({
      user_id: id.optional(),
      clinic_id: id.optional(),
      service_id: id.optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(z.object(summary).meta({ id: 'SeriesSummary' })),
  },
  get_series: { params: one, query: nothing, body: nothing, output: Series },
  move_series: {
    params: one,
    query: nothing,
    body: z
      .object({
        ...change,
        by: z
          .enum(['owner', 'clinic'])
          .default('owner')
          .describe('clinic = no price rises, all of a lower price comes back; staff only'),
        days: count.min(-366).max(366).default(0).describe('By so many days, earlier is negative'),
        time: local_time.optional().describe('New time; left out: each keeps its own'),
        staff_id: id.optional().describe('Another vet; left out: the same, or else any'),
        skip_conflicts: z.boolean().default(false).describe('Leave those that cannot move'),
      })
      .refine(
        ({ days, time, staff_id }) => days !== 0 || time !== undefined || staff_id !== undefined,
        { message: 'Say where to: days, time or staff_id', path: ['days'] },
      ),
    output: z
      .object({
        ...changed,
        moved: z.array(Moved).readonly(),
        conflicts: z.array(SeriesConflict).readonly(),
        due_amount: amount,
      })
      .meta({ id: 'SeriesMove' }),
  },
  cancel_series: {
    params: one,
    query: nothing,
    body: z.object({
      ...change,
      now: z.boolean().optional().describe('Refunds and message leave at once: no undo'),
    }),
    output: z
      .object({
        ...changed,
        cancelled: z.array(Cancelled).readonly(),
        undo_until: instant.nullable(),
      })
      .meta({ id: 'SeriesCancellation' }),
  },
};
