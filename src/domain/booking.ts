/** Reservation and booking states and the moves between them. Seed 002, Level 3 schema; capabilities §4. */
export const reservation_statuses = ['pending', 'confirmed', 'cancelled', 'expired'] as const;
export type ReservationStatus = (typeof reservation_statuses)[number];

export const booking_statuses = [
  'confirmed',
  'in-progress',
  'completed',
  'cancelled',
  'no-show',
] as const;
export type BookingStatus = (typeof booking_statuses)[number];

/** What a person at the desk can say of a booking. `arrived` stamps `arrived_at` without a new status. */
export const desk_moves = ['arrived', 'in-progress', 'completed', 'no-show'] as const;
export type DeskMove = (typeof desk_moves)[number];

const moves: Readonly<Record<BookingStatus, readonly (DeskMove | 'cancelled')[]>> = {
  confirmed: ['arrived', 'in-progress', 'no-show', 'cancelled'],
  'in-progress': ['completed'],
  completed: [],
  cancelled: [],
  'no-show': [],
};

/** The moves that a booking of this status allows; empty for final states. */
export function allowedMoves(status: BookingStatus): readonly (DeskMove | 'cancelled')[] {
  return moves[status];
}

const ends: Readonly<Record<ReservationStatus, readonly ReservationStatus[]>> = {
  pending: ['confirmed', 'cancelled'],
  confirmed: [],
  cancelled: [],
  expired: [],
};

/** What can still become of a hold by somebody's word; empty for final states. */
export function allowedEnds(status: ReservationStatus): readonly ReservationStatus[] {
  return ends[status];
}

/** True when nothing leaves this state any more (invariant `final`). */
export function isFinal(status: BookingStatus): boolean {
  return moves[status].length === 0;
}

/** A no-show may be said this long after the start at the earliest, so that a late owner is not written off. */
export const NO_SHOW_AFTER_MS = 600_000;

/** True once a visit that nobody has reported on may be a no-show: the `!` of the day board. */
export function isLate(starts_ms: number, now_ms: number): boolean {
  return now_ms >= starts_ms + NO_SHOW_AFTER_MS;
}

export const payment_states = [
  'paid',
  'due',
  'pending',
  'refunding',
  'partially_refunded',
  'refunded',
  'failed',
] as const;
/**
 * One word for the desk: `due` = confirmed, to be paid at the clinic; `pending` = checkout still open;
 * `partially_refunded` = a part went back (a cheaper slot, a goodwill, a tier) and the rest was kept.
 */
export type PaymentState = (typeof payment_states)[number];
