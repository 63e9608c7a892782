import { z } from 'zod';
import { id, instant, line } from './basics.ts';

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
} as const;
