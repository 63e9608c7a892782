import type { BookingStatus, ReservationStatus } from './booking.ts';

/**
 * The states of the source documents, computed from ours and stored nowhere: the triple (reservation, payment,
 * booking) says more than either list does. capabilities §4.
 */

/** Seed 004, Booking States. */
export const ticket_states = [
  'PENDING',
  'FAILED',
  'RESERVED',
  'PAYMENT_PENDING',
  'PAYMENT_FAILED',
  'EXPIRED',
  'CANCELLED',
  'CONFIRMED',
  'TICKETS_DELIVERED',
  'REFUND_REQUESTED',
  'REFUNDED',
  'REFUND_DENIED',
] as const;
export type TicketState = (typeof ticket_states)[number];

/** Seed 003, Booking States. */
export const salon_states = ['PENDING', 'CONFIRMED', 'CANCELLED', 'COMPLETED'] as const;
export type SalonState = (typeof salon_states)[number];

/** What is known of one wish for a slot. */
export type Triple = {
  /** `asked`: no answer yet; `refused`: no seat was free, so there is no row. */
  readonly reservation: ReservationStatus | 'asked' | 'refused';
  /** The payment that decides, if any was begun. */
  readonly payment: {
    readonly status: 'pending' | 'processing' | 'success' | 'failed' | 'refunded';
    readonly refund_status: 'pending' | 'processing' | 'completed' | 'failed' | 'denied' | null;
  } | null;
  readonly booking: {
    readonly status: BookingStatus;
    /** The confirmation has reached the owner's mail server. */
    readonly is_delivered: boolean;
  } | null;
};

/** Where money that arrived is going; null when none is on its way or back. */
function refundState({ payment }: Triple): TicketState | null {
  switch (payment?.refund_status ?? null) {
    case null:
      return payment?.status === 'refunded' ? 'REFUNDED' : null;
    case 'pending':
    case 'processing':
    // A person has to hand it over: still asked for.
    case 'failed':
      return 'REFUND_REQUESTED';
    case 'completed':
      return 'REFUNDED';
    case 'denied':
      return 'REFUND_DENIED';
  }
}

/**
 * The state of seed 004. A refund speaks first once the visit is off; of a booking that stands only a refund of
 * everything does, because a part (a cheaper slot, a goodwill) leaves it as it was.
 */
export function ticketState(triple: Triple): TicketState {
  const { reservation, payment, booking } = triple;
  if (booking?.status === 'cancelled') return refundState(triple) ?? 'CANCELLED';
  if (booking !== null) {
    if (payment?.status === 'refunded') return 'REFUNDED';
    if (payment?.refund_status === 'denied') return 'REFUND_DENIED';
    return booking.is_delivered ? 'TICKETS_DELIVERED' : 'CONFIRMED';
  }
  switch (reservation) {
    case 'asked':
      return 'PENDING';
    case 'refused':
      return 'FAILED';
    case 'confirmed':
      return 'CONFIRMED';
    case 'expired':
      return refundState(triple) ?? 'EXPIRED';
    case 'cancelled':
      return refundState(triple) ?? 'CANCELLED';
    case 'pending':
      if (payment === null) return 'RESERVED';
      return payment.status === 'failed' ? 'PAYMENT_FAILED' : 'PAYMENT_PENDING';
  }
}

/** The state of seed 003, which knows no no-show: nothing was provided, so it counts as cancelled. */
export function salonState({ reservation, booking }: Triple): SalonState {
  switch (booking?.status) {
    case 'confirmed':
    case 'in-progress':
      return 'CONFIRMED';
    case 'completed':
      return 'COMPLETED';
    case 'cancelled':
    case 'no-show':
      return 'CANCELLED';
    case undefined:
      if (reservation === 'asked' || reservation === 'pending') return 'PENDING';
      return reservation === 'confirmed' ? 'CONFIRMED' : 'CANCELLED';
  }
}
