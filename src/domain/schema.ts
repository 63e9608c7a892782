import { z } from 'zod';
import {
  amount,
  booking_ref,
  currency,
  cursor,
  flag,
  id,
  instant,
  lang,
  limit,
  line,
  local_date,
  local_time,
  page,
  quantity,
  reference_code,
} from './basics.ts';
import { booking_statuses, payment_states, reservation_statuses } from './booking.ts';
import { closed_reasons } from './closed-reason.ts';
import { booked_items } from './item-schema.ts';
import { PriceLine, PriceTier } from './price-schema.ts';
import { OpenSlots } from './schema-search.ts';
import { group_fields } from './series-schema.ts';
import { salon_states, ticket_states } from './states.ts';

/** The things that cross the API; one zod schema gives validation, types and OpenAPI. */

export {
  amount,
  booking_ref,
  currency,
  cursor,
  flag,
  id,
  instant,
  lang,
  limit,
  line,
  local_date,
  local_time,
  page,
  quantity,
  reference_code,
};

export const Clinic = z
  .object({
    clinic_id: id,
    code: z.string(),
    name: z.string(),
    kind: z.enum(['clinic', 'salon', 'venue']),
    city: z.string(),
    address: z.string().nullable(),
    phone: z.string().nullable(),
    time_zone: z.string(),
    currency,
    lang,
  })
  .meta({ id: 'Clinic' });

export const Service = z
  .object({
    service_id: id,
    clinic_id: id,
    name: z.string(),
    description: z.string().nullable(),
    category: z.string().nullable(),
    price: amount,
    currency,
    duration_minutes: z.number().int(),
    capacity: z.number().int(),
    requires_approval: z.boolean(),
    is_available: z.boolean(),
    deposit: amount.nullable().optional().describe('Per seat, before it is confirmed; null = all'),
    has_tiers: z.boolean().optional().describe('Sold at several prices: `price_tiers`'),
    price_tiers: z.array(PriceTier).readonly().optional(),
    open: OpenSlots.optional().describe('Of a clinic: what is left of it'),
  })
  .meta({ id: 'Service' });

export const Staff = z
  .object({ staff_id: id, name: z.string(), title: z.string().nullable() })
  .meta({ id: 'Staff' });

export const WorkingHours = z
  .object({
    weekday: z.number().int().min(1).max(7).describe('1 = Monday (ISO)'),
    opens: local_time,
    closes: local_time,
  })
  .meta({ id: 'WorkingHours' });

export const ClinicDetail = Clinic.extend({
  services: z.array(Service).readonly(),
  staff: z.array(Staff).readonly(),
  working_hours: z.array(WorkingHours).readonly(),
  open: OpenSlots.optional(),
}).meta({ id: 'ClinicDetail' });

export const Slot = z
  .object({
    slot_id: id,
    service_id: id,
    staff_id: id.nullable(),
    staff_name: z.string().nullable(),
    starts_at: instant,
    ends_at: instant,
    date: local_date,
    time: local_time,
    available: z.boolean(),
    capacity: z.number().int(),
    remaining: z.number().int(),
    extra_seats: z.number().int().optional().describe('Of capacity: overbooked by a manager'),
    price: amount,
    currency,
    reason: z.enum(closed_reasons).nullable().describe('Only with explain=1; null when open'),
    price_tiers: z
      .array(PriceTier)
      .readonly()
      .optional()
      .describe('Where there are several prices'),
  })
  .meta({ id: 'Slot' });

/** One line of the day board. A slot with two bookings gives two lines. */
export const DayRow = z
  .object({
    kind: z.enum(['booking', 'hold', 'open', 'blocked']),
    slot_id: id,
    starts_at: instant,
    ends_at: instant,
    time: local_time,
    service_id: id,
    service_name: z.string(),
    staff_id: id.nullable(),
    staff_name: z.string().nullable(),
    capacity: z.number().int(),
    remaining: z.number().int(),
    extra_seats: z.number().int().optional().describe('Of capacity: overbooked by a manager'),
    amount,
    currency,
    booking_id: id.nullable(),
    reference_code: reference_code.nullable(),
    status: z.enum(booking_statuses).nullable(),
    arrived_at: instant.nullable(),
    version: z.number().int().nullable(),
    reservation_id: id.nullable(),
    hold_expires_at: instant.nullable(),
    user_id: id.nullable(),
    owner_name: z.string().nullable(),
    owner_phone: z.string().nullable(),
    pet_id: id.nullable(),
    pet_name: z.string().nullable(),
    species: z.string().nullable(),
    payment_state: z.enum(payment_states).nullable(),
    item: z
      .number()
      .int()
      .optional()
      .describe('Which of several services in a row; each has a line of its own'),
    notes: z.string().nullable(),
    participants: z.string().optional().describe('Names of those who come, where they are told'),
  })
  .meta({ id: 'DayRow' });

export const Day = z
  .object({
    clinic: Clinic,
    date: local_date,
    as_of: instant.describe('The database clock when the rows were read'),
    sequence: z.number().int().describe('Follow the feed from here'),
    items: z.array(DayRow).readonly(),
  })
  .meta({ id: 'Day' });

const seat_labels = z
  .array(z.string())
  .readonly()
  .optional()
  .describe('What the seats are called, where they are numbered: A-12');

/** Computed (states.ts) for callers that speak the words of the source documents. */
const derived_states = {
  state: z.enum(ticket_states).optional().describe('Of ticket sales'),
  salon_state: z.enum(salon_states).optional().describe('Of salons'),
};

/** What the provider said of the payment page, each time; a declined card leaves the page open. */
const payment_attempts = z
  .array(z.object({ result: z.enum(['success', 'failed', 'expired']), at: instant }))
  .readonly();

export const Reservation = z
  .object({
    reservation_id: id,
    reference_code,
    status: z.enum(reservation_statuses),
    ...derived_states,
    user_id: id,
    pet_id: id.nullable().describe('Null where nobody asked: at salons and venues'),
    clinic_id: id,
    service_id: id,
    slot_id: id,
    starts_at: instant,
    date: local_date,
    time: local_time,
    quantity: z.number().int(),
    seats: z.array(z.number().int()).readonly(),
    seat_labels,
    amount,
    amount_due: amount.optional().describe('Before it is confirmed: the deposit, or all'),
    price_lines: z.array(PriceLine).readonly().optional(),
    currency,
    expires_at: instant,
    extended: z.boolean(),
    booking_id: id.nullable(),
    payment_url: z.string().nullable(),
    approval: z
      .enum(['awaiting', 'approved', 'rejected'])
      .optional()
      .describe('Only where the clinic has to say yes'),
    approval_asked_at: instant
      .optional()
      .describe('The card is authorised; the clinic answers before expires_at'),
    payment_attempts,
    items: booked_items,
    version: z.number().int(),
    created_at: instant,
  })
  .meta({ id: 'Reservation' });

export const Hold = z
  .object({
    reservation_id: id,
    lock_id: z.string(),
    reference_code,
    expires_at: instant,
    seats: z.array(z.number().int()).readonly(),
    seat_labels,
    replayed: z.boolean().describe('True when this answers a repeated request'),
    items: booked_items,
  })
  .meta({ id: 'Hold' });

export const BookingStarted = z
  .object({
    reservation_id: id,
    reference_code,
    expires_at: instant,
    amount,
    currency,
    payment_url: z.string().nullable().describe('Null when it is paid at the clinic'),
    booking_id: id.nullable().describe('Set when no payment stands between hold and booking'),
    seat_labels,
    replayed: z.boolean(),
    items: booked_items,
  })
  .meta({ id: 'BookingStarted' });

export const BookingSummary = z
  .object({
    booking_id: id,
    reference_code,
    status: z.enum(booking_statuses),
    clinic_id: id,
    clinic_code: z.string(),
    service_id: id,
    service_name: z.string(),
    slot_id: id,
    staff_id: id.nullable(),
    staff_name: z.string().nullable(),
    starts_at: instant,
    ends_at: instant,
    date: local_date,
    time: local_time,
    duration_minutes: z.number().int(),
    user_id: id,
    owner_name: z.string().nullable(),
    owner_phone: z.string().nullable(),
    pet_id: id.nullable().describe('Null where nobody asked: at salons and venues'),
    pet_name: z.string().nullable(),
    species: z.string().nullable(),
    quantity: z.number().int(),
    amount,
    currency,
    payment_state: z.enum(payment_states),
    arrived_at: instant.nullable(),
    version: z.number().int(),
    created_at: instant,
  })
  .meta({ id: 'BookingSummary' });

const loose = z.record(z.string(), z.unknown());

/** What a booking costs and what of it is paid. */
const BookingMoney = z
  .object({
    amount,
    amount_due: amount.describe('Before it was confirmed: the deposit, or all'),
    amount_paid: amount,
    amount_rest: amount.describe('Still to be paid at the visit'),
    tax_amount: amount.describe('Part of the amount'),
    tax_percent: z.string(),
    tax_included: z.boolean().describe('False: the tax came on top of the prices'),
    price_lines: z.array(PriceLine).readonly(),
  })
  .meta({ id: 'BookingMoney' });

export const Booking = BookingSummary.extend({
  ...group_fields,
  ...derived_states,
  reservation_id: id.nullable(),
  payment_id: id.nullable(),
  owner_email: z.string().nullable(),
  notes: z.string().nullable(),
  cancellation_reason: z.string().nullable(),
  seat_labels,
  pet_snapshot: loose,
  service_snapshot: loose,
  money: BookingMoney.optional(),
  items: booked_items,
  payments: z
    .array(
      z.object({
        payment_id: id,
        status: z.string(),
        payment_method: z.string(),
        amount,
        currency,
        external_reference: z.string().nullable(),
        paid_at: instant.nullable(),
      }),
    )
    .readonly(),
  payment_attempts,
  refunds: z
    .array(
      z.object({
        refund_id: id,
        status: z.string(),
        amount,
        currency,
        reason: z.string().nullable(),
        created_at: instant,
      }),
    )
    .readonly(),
  history: z
    .array(
      z.object({
        action: z.string(),
        status: z.string(),
        performed_by: id.nullable(),
        performed_by_name: z
          .string()
          .nullable()
          .describe('The operator, or the name of their key; of customers, their own name'),
        source: z.string().nullable(),
        notes: z.string().nullable(),
        at: instant,
        was: loose.nullable().optional().describe('For the people of the clinic, as `now`'),
        now: loose.nullable().optional().describe('The fields that the change set'),
      }),
    )
    .readonly(),
  messages: z
    .array(
      z.object({
        channel: z.string(),
        type: z.string(),
        status: z.string(),
        attempts: z.number().int(),
        last_error: z.string().nullable(),
        sent_at: instant.nullable(),
      }),
    )
    .readonly(),
}).meta({ id: 'Booking' });

export const Cancellation = z
  .object({
    booking_id: id,
    reference_code,
    quote: z.boolean().describe('True when nothing was changed'),
    status: z.enum(booking_statuses),
    refund_percent: z.number().int(),
    refund_amount: amount,
    currency,
    refund_id: id.nullable(),
    undo_until: instant
      .nullable()
      .optional()
      .describe('Until then refund and message wait, and an undo is certain to be possible'),
    version: z.number().int(),
  })
  .meta({ id: 'Cancellation' });
