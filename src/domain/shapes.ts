import { z } from 'zod';
import type { EndpointName } from './api.ts';
import { desk_moves } from './booking.ts';
import { booking_items, choiceFaults } from './items.ts';
import { ops_shapes } from './ops-schema.ts';
import { tier_name } from './price-schema.ts';
import { roles } from './roles.ts';
import {
  Booking,
  BookingStarted,
  BookingSummary,
  booking_ref,
  Cancellation,
  cursor,
  Day,
  flag,
  Hold,
  id,
  instant,
  lang,
  limit,
  line,
  local_date,
  local_time,
  page,
  quantity,
  Reservation,
  reference_code,
  Service,
  Slot,
} from './schema.ts';
import { Owner } from './schema-search.ts';
import { attachment_shapes } from './shapes-attachments.ts';
import { availability_shapes, SlotGap, vet_name } from './shapes-availability.ts';
import { calendar_shapes } from './shapes-calendar.ts';
import { capacity_shapes, seat_choice } from './shapes-capacity.ts';
import { desk_money_shapes } from './shapes-desk-money.ts';
import { group_shapes } from './shapes-groups.ts';
import { item_shapes } from './shapes-items.ts';
import { job_shapes } from './shapes-jobs.ts';
import { kpi_shapes } from './shapes-kpis.ts';
import { life_shapes } from './shapes-life.ts';
import { message_shapes } from './shapes-messages.ts';
import { money_shapes } from './shapes-money.ts';
import { outbox_shapes } from './shapes-outbox.ts';
import { parked_shapes } from './shapes-parked.ts';
import { price_shapes } from './shapes-prices.ts';
import { reminder_shapes } from './shapes-reminders.ts';
import { report_shapes } from './shapes-reports.ts';
import { retention_shapes } from './shapes-retention.ts';
import { review_shapes } from './shapes-reviews.ts';
import { rules_shapes } from './shapes-rules.ts';
import { saved_shapes } from './shapes-saved.ts';
import { schedule_shapes } from './shapes-schedules.ts';
import { search_shapes } from './shapes-search.ts';
import { series_shapes } from './shapes-series.ts';
import { ticket_shapes } from './shapes-tickets.ts';
import { time_off_shapes } from './shapes-time-off.ts';
import { view_shapes } from './shapes-views.ts';
import { waitlist_shapes } from './shapes-waitlist.ts';
import { webhook_shapes } from './shapes-webhooks.ts';

/** What each endpoint takes and gives, under the names of `api.ts`. */

const ok = z.object({ success: z.literal(true) });
const nothing = z.object({});
const reason = line(500);

const Me = z
  .object({
    kind: z.enum(['customer', 'operator']),
    id: id.describe("The customer's user id, or the API key's id"),
    name: z.string(),
    role: z.enum(roles),
    clinic_id: id.nullable().describe('The only clinic that the token reaches; null = all'),
    clinic_code: z.string().nullable(),
    clinic_name: z.string().nullable(),
    permissions: z.array(z.string()).describe('Words of the column `access` that it may use'),
    expires_at: instant.nullable().describe('In UTC; null = no end is set'),
  })
  .meta({ id: 'Me' });

/** Which slot: by id, or by the clinic's local date and time (and vet, when several are open); or a row of slots. */
const slot_choice = {
  service_id: id.optional().describe('Needed, but for items of several services'),
  slot_id: id.optional(),
  date: local_date.optional(),
  time: local_time.optional(),
  starts_at: instant.optional().describe('When the first of several services begins'),
  staff_id: id.optional(),
  pet_id: id.optional().describe('Needed at a clinic; salons and venues do not ask'),
  user_id: id
    .optional()
    .describe('The owner, when staff book for somebody; a customer is always themselves'),
  quantity,
  tier: tier_name.optional().describe('Price tier of all seats; default: the default tier'),
  items: booking_items
    .optional()
    .describe('Seats of several tiers, then quantity is their sum; or several services in a row'),
  ...seat_choice,
};
const names_slots = z.superRefine((input: Parameters<typeof choiceFaults>[0], context) => {
  for (const fault of choiceFaults(input)) context.addIssue({ code: 'custom', ...fault });
});

type Shape = {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly output: z.ZodType;
};

export const shapes = {
  get_me: { params: nothing, query: nothing, body: nothing, output: Me },
  ...search_shapes,
  list_services: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: nothing,
    output: page(Service),
  },
  get_day: {
    params: z.object({ clinic_id: id }),
    query: z.object({ date: local_date.optional().describe('Default: today at the clinic') }),
    body: nothing,
    output: Day,
  },
  list_slots: {
    params: z.object({ service_id: id }),
    query: z.object({
      date: local_date.optional(),
      from: local_date.optional(),
      to: local_date.optional().describe('Last local date, included; at most 31 days after from'),
      staff_id: id.optional(),
      vet: vet_name,
      explain: flag.default(false),
      clinic_id: id.optional().describe('The service has to be of this clinic'),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Slot).extend({
      gaps: z
        .array(SlotGap)
        .readonly()
        .optional()
        .describe('With explain=1 and date: where hours give no slot, and why'),
    }),
  },
  create_owner: {
    params: nothing,
    query: nothing,
    body: z.object({
      full_name: line(120),
      phone: z
        .string()
        .regex(/^\+[1-9]\d{6,14}$/)
        .describe('E.164, as +6281234567890'),
      email: z.email().max(254).optional(),
      lang: lang.optional(),
      pet_name: line(80),
      species: line(40).optional(),
    }),
    output: Owner,
  },
  create_reservation: {
    params: nothing,
    query: nothing,
    body: z.object(slot_choice).check(names_slots),
    output: Hold,
  },
  get_reservation: {
    params: z.object({ reservation_id: booking_ref }),
    query: nothing,
    body: nothing,
    output: Reservation,
  },
  extend_reservation: {
    params: z.object({ reservation_id: booking_ref }),
    query: nothing,
    body: z.object({ lock_id: z.string().max(100).optional() }),
    output: z.object({ reservation_id: id, expires_at: instant }),
  },
  confirm_reservation: {
    params: z.object({ reservation_id: booking_ref }),
    query: nothing,
    body: z
      .object({
        payment_method: z
          .enum(['cash', 'card_terminal', 'transfer', 'at_clinic'])
          .optional()
          .describe('at_clinic = nothing paid yet, due at the visit'),
        payment_id: id.optional().describe('Or: the payment of this hold that came in online'),
      })
      .refine((body) => (body.payment_method === undefined) !== (body.payment_id === undefined), {
        message: 'Give payment_method, or the payment_id of a payment that came in',
        path: ['payment_method'],
      }),
    output: z.object({ booking_id: id, reference_code, reference: reference_code }),
  },
  cancel_reservation: {
    params: z.object({ reservation_id: booking_ref }),
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: ok,
  },
  create_booking: {
    params: nothing,
    query: nothing,
    body: z
      .object({
        ...slot_choice,
        payment_method: z
          .enum(['checkout', 'cash', 'card_terminal', 'transfer', 'at_clinic'])
          .default('checkout')
          .describe('All but checkout are for staff'),
        save_payment_method: z
          .boolean()
          .optional()
          .describe('The owner wants to pay the next time with the same card, unasked'),
        notes: z.string().trim().max(2000).optional(),
      })
      .check(names_slots),
    output: BookingStarted,
  },
  list_bookings: {
    params: nothing,
    query: z.object({
      user_id: id.optional(),
      clinic_id: id.optional(),
      service_id: id.optional(),
      staff_id: id.optional(),
      status: z.string().max(80).optional().describe('One or several, by comma'),
      from: local_date.optional(),
      to: local_date.optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(BookingSummary),
  },
  get_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: nothing,
    output: Booking,
  },
  cancel_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: z.object({
      reason: reason.optional(),
      quote: z.boolean().default(false),
      by: z.enum(['owner', 'clinic']).default('owner').describe('clinic = full refund; staff only'),
      now: z.boolean().optional().describe('Refund and message leave at once: no undo'),
      expected_version: z.number().int().optional(),
    }),
    output: Cancellation,
  },
  set_booking_status: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: z.object({
      status: z.enum(desk_moves),
      expected_version: z.number().int().optional(),
    }),
    output: BookingSummary,
  },
  ...availability_shapes,
  ...item_shapes,
  ...life_shapes,
  ...ticket_shapes,
  ...time_off_shapes,
  ...schedule_shapes,
  ...series_shapes,
  ...group_shapes,
  ...capacity_shapes,
  ...waitlist_shapes,
  ...rules_shapes,
  ...retention_shapes,
  ...review_shapes,
  ...reminder_shapes,
  ...calendar_shapes,
  ...attachment_shapes,
  ...message_shapes,
  ...outbox_shapes,
  ...ops_shapes,
  ...job_shapes,
  ...view_shapes,
  ...kpi_shapes,
  ...report_shapes,
  ...desk_money_shapes,
  ...price_shapes,
  ...money_shapes,
  ...saved_shapes,
  ...webhook_shapes,
  ...parked_shapes,
  take_payment_event: {
    params: nothing,
    query: nothing,
    body: z.unknown(),
    output: z.object({ received: z.literal(true) }),
  },
} as const satisfies Record<EndpointName, Shape>;

/** zod types an empty object as "no key may exist", which would forbid the other parts' fields too. */
type Fields<T> = string extends keyof T ? unknown : T;

/** What an action gets: path, query and body fields in one object, parsed. */
export type Input<N extends EndpointName> = Fields<z.output<(typeof shapes)[N]['params']>> &
  Fields<z.output<(typeof shapes)[N]['query']>> &
  Fields<z.output<(typeof shapes)[N]['body']>>;

/** What a caller may send (defaults left out). */
export type Request<N extends EndpointName> = Fields<z.input<(typeof shapes)[N]['params']>> &
  Fields<z.input<(typeof shapes)[N]['query']>> &
  Fields<z.input<(typeof shapes)[N]['body']>>;

export type Output<N extends EndpointName> = z.output<(typeof shapes)[N]['output']>;
