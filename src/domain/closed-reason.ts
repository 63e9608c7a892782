/** Why a slot cannot be booked now. */
export const closed_reasons = [
  'booked',
  'held',
  'blocked',
  'past',
  'staff_busy',
  'room_busy',
  // Taken off when the hours changed.
  'closed',
  // Only for owners: the desk may book them all the same.
  'too_soon',
  'too_far',
] as const;
export type ClosedReason = (typeof closed_reasons)[number];
