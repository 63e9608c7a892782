import { z } from 'zod';
import { id } from './schema.ts';

/** What the endpoints of api-rules.ts take and give. */

const nothing = z.object({});
const hours = z.number().min(0).max(8_760);
const percent = z.number().int().min(0).max(100);

const policy_tier = z.union([
  z.object({ from_hours: hours.describe('Holds from this many hours before'), percent }).strict(),
  z.object({ after_hours: hours.describe('Holds with more hours before'), percent }).strict(),
]);
type PolicyTier = z.output<typeof policy_tier>;

const hoursOf = (tier: PolicyTier) => ('from_hours' in tier ? tier.from_hours : tier.after_hours);

/** Tiers by the hours to the appointment, the nearest first. Seed 000, Business Rules 2. */
const cancellation_policy = z
  .array(policy_tier)
  .min(1)
  .max(10)
  .refine(
    (tiers) => tiers[0] !== undefined && 'from_hours' in tiers[0] && hoursOf(tiers[0]) === 0,
    {
      message: 'The first tier holds from 0 hours',
    },
  )
  .refine(
    (tiers) =>
      tiers.every((tier, index) => {
        const before = tiers[index - 1];
        return before === undefined || hoursOf(before) < hoursOf(tier);
      }),
    { message: 'Each tier begins later than the one before it' },
  )
  .readonly();
export type CancellationPolicy = z.output<typeof cancellation_policy>;

const rules = {
  // Seed 000, Business Rules 1; capabilities 7.1: 5 to 15 minutes.
  hold_ms: z.number().int().min(300_000).max(900_000).describe('Life of a hold'),
  undo_ms: z.number().int().min(0).max(300_000).describe('Grace of a cancel'),
  approval_ms: z
    .number()
    .int()
    .min(3_600_000)
    .max(345_600_000)
    .describe('How long the clinic takes to answer a request'),
  check_in_hours: z.number().int().min(0).max(8_760).describe('Before the visit, the earliest'),
  waitlist_offer_ms: z
    .number()
    .int()
    .min(300_000)
    .max(86_400_000)
    .describe('How long an offer to somebody who waits stands'),
  waitlist_notice_ms: z
    .number()
    .int()
    .min(600_000)
    .max(604_800_000)
    .describe('Nothing that begins sooner is offered to those who wait'),
  waitlist_misses: z
    .number()
    .int()
    .min(1)
    .max(100)
    .describe('Unanswered offers after which somebody leaves the waiting list'),
  cancellation_policy,
  overbooking_percent: z
    .number()
    .int()
    .min(0)
    .max(10)
    .describe('Of the seats of a slot that a manager may add; 0 = never'),
};

const BookingRules = z
  .object({ clinic_id: id, ...rules, version: z.number().int() })
  .meta({ id: 'BookingRules' });

export const rules_shapes = {
  get_booking_rules: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: nothing,
    output: BookingRules,
  },
  set_booking_rules: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: z.object(rules).partial().extend({ expected_version: z.number().int().optional() }),
    output: BookingRules,
  },
  set_service_approval: {
    params: z.object({ service_id: id }),
    query: nothing,
    body: z.object({ requires_approval: z.boolean() }),
    output: z
      .object({ service_id: id, requires_approval: z.boolean() })
      .meta({ id: 'ServiceApproval' }),
  },
} as const;
