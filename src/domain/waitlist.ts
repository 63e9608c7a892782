/** Words of the waiting list. */

/** waiting -> offered -> taken, or back to waiting; the last three are final. */
export const waitlist_statuses = ['waiting', 'offered', 'taken', 'declined', 'left'] as const;
export type WaitlistStatus = (typeof waitlist_statuses)[number];

/** Why somebody was passed over for a slot. */
export const skip_reasons = [
  'too_close',
  'owner_gone',
  'pet_gone',
  'opted_out',
  'no_address',
  'too_few_seats',
  'owner_busy',
  'price_rule',
] as const;
export type SkipReason = (typeof skip_reasons)[number];

/** How an offer ended. */
export const offer_ends = ['taken', 'declined', 'expired', 'withdrawn'] as const;
export type OfferEnd = (typeof offer_ends)[number];
