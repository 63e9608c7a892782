import { z } from 'zod';
import { tier_items, tier_name } from './price-schema.ts';
import {
  BookingStarted,
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
} from './schema.ts';
import { offer_ends, skip_reasons, waitlist_statuses } from './waitlist.ts';

/** What the endpoints of api-waitlist.ts take and give. */

const nothing = z.object({});
const reason = line(500);
const one = z.object({ entry_id: id });
const weekday = z.number().int().min(1).max(7);

const Offer = z
  .object({
    reservation_id: id.describe('The hold'),
    reference_code,
    slot_id: id,
    starts_at: instant,
    staff_name: z.string().nullable(),
    offered_at: instant,
    offered_by_hand: z.boolean(),
    expires_at: instant.describe('Until then it is kept; after an accept, to be paid'),
    accepted_at: instant.nullable(),
    ended_at: instant.nullable(),
    ended_as: z.enum(offer_ends).nullable(),
  })
  .meta({ id: 'WaitlistOffer' });

const Skip = z
  .object({
    slot_id: id,
    starts_at: instant.nullable(),
    reason: z.enum(skip_reasons).describe('Why somebody else was asked'),
    times: z.number().int(),
    last_at: instant,
  })
  .meta({ id: 'WaitlistSkip' });

const WaitlistEntry = z
  .object({
    entry_id: id,
    clinic_id: id,
    service_id: id,
    service_name: z.string(),
    staff_id: id.nullable().describe('Null = any vet'),
    staff_name: z.string().nullable(),
    user_id: id,
    owner_name: z.string().nullable(),
    owner_phone: z.string().nullable(),
    pet_id: id.nullable(),
    pet_name: z.string().nullable(),
    from_date: local_date,
    to_date: local_date.describe('Included'),
    weekdays: z.array(weekday).readonly().describe('1 = Monday (ISO)'),
    from_time: local_time.describe('Earliest start'),
    to_time: local_time.nullable().describe('Starts before; null = until midnight'),
    quantity: z.number().int(),
    items: tier_items.nullable(),
    priority: z.number().int().describe('Higher is served first, then who came first'),
    status: z.enum(waitlist_statuses),
    left_reason: z.string().nullable(),
    misses: z.number().int().describe('Offers that nobody answered'),
    position: z
      .number()
      .int()
      .nullable()
      .describe('Among those who wait for the service; 1 = next'),
    offer: Offer.nullable().describe('What is offered now, or was offered last'),
    skip: Skip.nullable().describe('The last time that it was passed over'),
    version: z.number().int(),
    created_at: instant,
  })
  .meta({ id: 'WaitlistEntry' });

const WaitlistDetail = WaitlistEntry.extend({
  offers: z.array(Offer).readonly().describe('Newest first'),
  skips: z.array(Skip).readonly().describe('Newest first'),
  open_slots: z
    .array(
      z.object({
        slot_id: id,
        starts_at: instant,
        staff_name: z.string().nullable(),
        remaining: z.number().int(),
      }),
    )
    .readonly()
    .describe('That fit, now'),
}).meta({ id: 'WaitlistDetail' });

export const waitlist_shapes = {
  join_waitlist: {
    params: nothing,
    query: nothing,
    body: z.object({
      service_id: id,
      pet_id: id.optional().describe('Needed at a clinic'),
      user_id: id
        .optional()
        .describe('The owner, when staff ask for somebody; a customer is always themselves'),
      staff_id: id.optional().describe('Only this vet'),
      from_date: local_date.optional().describe('Default: today'),
      to_date: local_date.optional().describe('Included; default: 30 days after the first'),
      weekdays: z.array(weekday).min(1).max(7).optional().describe('1 = Monday; default: all'),
      from_time: local_time.optional().describe('Earliest start'),
      to_time: local_time.optional().describe('Starts before'),
      quantity,
      tier: tier_name.optional().describe('Price tier of all seats'),
      items: tier_items.optional().describe('Seats of several tiers'),
      priority: z.number().int().min(0).max(9).default(0).describe('For staff; 9 = first'),
    }),
    output: WaitlistEntry,
  },
  list_waitlist: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      service_id: id.optional(),
      user_id: id.optional(),
      status: z
        .enum([...waitlist_statuses, 'open', 'all'])
        .default('open')
        .describe('open = waiting or offered'),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(WaitlistEntry),
  },
  get_waitlist_entry: { params: one, query: nothing, body: nothing, output: WaitlistDetail },
  leave_waitlist: {
    params: one,
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: WaitlistEntry,
  },
  offer_waitlist_slot: {
    params: one,
    query: nothing,
    body: z
      .object({
        slot_id: id.optional().describe('Default: the first open one that fits'),
        date: local_date.optional(),
        time: local_time.optional(),
        staff_id: id.optional().describe('With date and time'),
      })
      .refine(({ date, time }) => (date === undefined) === (time === undefined), {
        message: 'Give date and time, or neither',
        path: ['time'],
      }),
    output: WaitlistEntry,
  },
  accept_offer: {
    params: one,
    query: nothing,
    body: z.object({
      payment_method: z
        .enum(['checkout', 'cash', 'card_terminal', 'transfer', 'at_clinic'])
        .default('checkout')
        .describe('Others than checkout: staff only'),
      save_payment_method: z.boolean().optional(),
    }),
    output: BookingStarted,
  },
  decline_offer: {
    params: one,
    query: nothing,
    body: z.object({
      leave: z.boolean().default(false).describe('Leave the list too'),
      reason: reason.optional(),
    }),
    output: WaitlistEntry,
  },
} as const;
