import { z } from 'zod';
import { amount, currency, id, instant, line } from './basics.ts';

/** What the endpoints of api-capacity.ts take and give. */

const nothing = z.object({});

/** Seats that one request adds or takes back; 10 % of the largest slot. */
const SEATS_MAX = 1_000;

/** What a seat is called: `A-12`. */
const seat_label = line(20);

/** Numbered seats in the wish for a hold. */
export const seat_choice = {
  seats: z
    .array(seat_label)
    .min(1)
    .max(50)
    .readonly()
    .optional()
    .describe('Numbered seats by name, these or none; quantity and tiers follow from them'),
  seat_preference: z
    .enum(['together', 'front'])
    .optional()
    .describe('Of numbered seats: side by side or nothing; or the foremost'),
};

const row_label = line(8).regex(/^[^\s-]+$/, 'Without blank or hyphen');
const category = line(60).regex(/^[^,:/]*$/, 'Without comma, colon or slash');

const SeatPlan = z
  .object({
    service_id: id,
    service_name: z.string(),
    seat_count: z.number().int(),
    categories: z.array(z.object({ category: z.string(), tier: z.string() })).readonly(),
    rows: z
      .array(z.object({ row: z.string(), places: z.string(), category: z.string() }))
      .readonly(),
    version: z.number().int(),
    dry_run: z.boolean().optional(),
  })
  .meta({ id: 'SeatPlan' });

const SlotSeats = z
  .object({
    slot_id: id,
    service_id: id,
    service_name: z.string(),
    starts_at: instant,
    capacity: z.number().int(),
    has_plan: z.boolean().describe('False: seats have numbers only, and cannot be chosen'),
    free: z.number().int(),
    held: z.number().int(),
    booked: z.number().int(),
    currency,
    categories: z
      .array(
        z.object({
          category: z.string(),
          tier: z.string(),
          price: amount.describe('Of a seat'),
          seats: z.number().int(),
          free: z.number().int(),
        }),
      )
      .readonly(),
    items: z
      .array(
        z.object({
          seat: z.number().int(),
          label: z.string(),
          row: z.string(),
          place: z.number().int().describe('From the left; where one is missing is an aisle'),
          category: z.string(),
          state: z.enum(['free', 'held', 'booked']),
        }),
      )
      .readonly()
      .describe('At most 5 000, by number; lower numbers are nearer to the front'),
  })
  .meta({ id: 'SlotSeats' });

const Overbooking = z
  .object({
    slot_id: id,
    clinic_id: id,
    service_name: z.string(),
    staff_name: z.string().nullable(),
    starts_at: instant,
    dry_run: z.boolean().describe('True when nothing was changed'),
    capacity: z.number().int().describe('With the extra seats'),
    extra_seats: z.number().int().describe('Of capacity: more than the slot was made for'),
    extra_seats_max: z.number().int().describe("What the clinic's rule allows on this slot"),
    taken: z.number().int().describe('Seats held or booked'),
    version: z.number().int(),
  })
  .meta({ id: 'Overbooking' });

export const capacity_shapes = {
  set_overbooking: {
    params: z.object({ slot_id: id }),
    query: nothing,
    body: z.object({
      seats: z
        .number()
        .int()
        .min(-SEATS_MAX)
        .max(SEATS_MAX)
        .refine((seats) => seats !== 0, { message: 'At least one seat' })
        .describe('To add; negative: to take back'),
      reason: line(500).describe('For the audit log'),
      dry_run: z.boolean().default(false).describe('Only says what would be'),
    }),
    output: Overbooking,
  },
  get_slot_seats: {
    params: z.object({ slot_id: id }),
    query: nothing,
    body: nothing,
    output: SlotSeats,
  },
  get_seat_plan: {
    params: z.object({ service_id: id }),
    query: nothing,
    body: nothing,
    output: SeatPlan,
  },
  set_seat_plan: {
    params: z.object({ service_id: id }),
    query: nothing,
    body: z.object({
      rows: z
        .array(z.object({ row: row_label, places: line(400), category }))
        .min(1)
        .max(500)
        .readonly()
        .describe('From the front; places as 1-10,13-22 from the left, an aisle left out'),
      categories: z
        .array(z.object({ category, tier: category.optional() }))
        .min(1)
        .max(20)
        .readonly()
        .optional()
        .describe('The price tier of each; default: the tier of the same name'),
      expected_version: z.number().int().optional(),
      dry_run: z.boolean().default(false).describe('Only says what would be'),
    }),
    output: SeatPlan,
  },
} as const;
