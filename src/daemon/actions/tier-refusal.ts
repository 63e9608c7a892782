import type { TierRule } from '../store/prices.ts';
import { failure } from './outcome.ts';

/** What each rule about price tiers means, and what can be done instead. */
const details: Readonly<Record<TierRule, (tier: string) => string>> = {
  tier_unknown: (tier) => `This slot has no price tier "${tier}"; name one of its own.`,
  tier_needed: () => 'This slot is sold in several tiers; say which, with `tier` or `items`.',
  tier_not_on_sale: (tier) => `The tier "${tier}" is not on sale at the moment.`,
  tier_quantity: (tier) => `The tier "${tier}" is not sold in this quantity.`,
  tier_items: () => 'Name each tier once; their quantities make the number of seats.',
  quantity_over_capacity: () => 'The slot does not have that many seats.',
};

/** The failure for a hold or a quote that a rule about tiers refused. */
export function tierFailure(
  outcome: 'invalid_input' | 'policy_refused',
  rule: TierRule,
  tier: string | null,
  slot_id: string,
): Error {
  const facts = {
    rule,
    ...(tier === null ? {} : { tier }),
    next: `petpro prices list --slot ${slot_id}`,
    ...(outcome === 'invalid_input'
      ? { errors: [{ path: 'tier', message: details[rule](tier ?? '') }] }
      : {}),
  };
  return failure(outcome, facts, details[rule](tier ?? ''));
}

/** The failure for a tier of which not enough seats are left; the slot itself may have some. */
export function tierSoldOut(tier: string, slot_id: string): Error {
  const detail = `Not enough seats are left in the tier "${tier}"; others of this slot may be free.`;
  const next = `petpro prices list --slot ${slot_id}`;
  return failure('slot_taken', { tier, next }, detail);
}
