import { z } from 'zod';
import { amount, currency, id, instant, lang, reference_code } from './basics.ts';
import { booking_statuses, payment_states } from './booking.ts';

/** What is found: owners with their pets and visits, and what places have left. docs/search.md */

/** Free now, of the next days; what is held or booked is not. */
export const OpenSlots = z
  .object({
    days: z.number().int().describe('How many days from now were looked at'),
    slots: z.number().int().describe('Slots with a free seat'),
    remaining: z.number().int().describe('Free seats in them'),
    next_at: instant.nullable().describe('Start of the first of them'),
    is_partial: z.boolean().describe('There may be more: only so many slots are looked at'),
  })
  .meta({ id: 'OpenSlots' });

export const Pet = z
  .object({
    pet_id: id,
    name: z.string(),
    species: z.string().nullable(),
    breed: z.string().nullable(),
  })
  .meta({ id: 'Pet' });

/** How an owner was found, surest first. `part`: in the middle of a word; `near`: spelled alike. */
const matches = ['reference', 'phone', 'email', 'name', 'part', 'near'] as const;

/** A visit in one line. */
const OwnerVisit = z
  .object({
    booking_id: id,
    reference_code,
    starts_at: instant,
    clinic_id: id,
    service_name: z.string(),
    staff_name: z.string().nullable(),
    pet_name: z.string().nullable(),
    status: z.enum(booking_statuses),
  })
  .meta({ id: 'OwnerVisit' });

export const Owner = z
  .object({
    user_id: id,
    full_name: z.string(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    lang,
    pets: z.array(Pet).readonly(),
    next_visit: OwnerVisit.nullable().describe('To come, and not cancelled'),
    last_visit: OwnerVisit.nullable().describe('Has begun, whatever came of it but a cancel'),
    last_service_id: id.nullable(),
    matched_by: z.enum(matches).optional().describe('Of a search: what of the text was found'),
  })
  .meta({ id: 'Owner' });

const Visit = z
  .object({
    booking_id: id,
    reference_code,
    starts_at: instant,
    clinic_name: z.string(),
    service_name: z.string(),
    staff_name: z.string().nullable(),
    pet_name: z.string().nullable(),
    status: z.enum(booking_statuses),
    amount,
    currency,
    payment_state: z.enum(payment_states),
  })
  .meta({ id: 'Visit' });

/** What the desk wants to see while the phone rings. */
export const OwnerCard = Owner.extend({
  next_visits: z.array(Visit).readonly().describe('At most five, soonest first'),
  last_visits: z.array(Visit).readonly().describe('At most five that took place, latest first'),
  visit_count: z.number().int().describe('Visits that took place, among the last 200 bookings'),
  no_show_count: z.number().int(),
  cancelled_count: z.number().int(),
  due: z
    .array(
      z.object({
        currency,
        amount: amount.describe('Not paid yet, of visits that took place and of those to come'),
        overdue: amount.describe('The part of it that belongs to visits that took place'),
      }),
    )
    .readonly(),
}).meta({ id: 'OwnerCard' });
