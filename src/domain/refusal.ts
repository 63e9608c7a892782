import {
  allowedEnds,
  allowedMoves,
  type BookingStatus,
  type DeskMove,
  type ReservationStatus,
} from './booking.ts';
import type { Json } from './errors.ts';
import type { UndoProblem } from './refusal-undo.ts';

/**
 * Which rule stood in the way. PostgreSQL refuses with a code alone, so that a loser costs nothing;
 * what is said about it is found here, afterwards, from the rows as they stand.
 */
export type Rule =
  | UndoProblem
  | 'booking_final'
  | 'visit_under_way'
  | 'visit_not_started'
  | 'visit_started'
  | 'same_slot'
  | 'several_items'
  | 'check_in_too_early'
  | 'no_show_too_early'
  | 'extended_before'
  | 'quantity_over_capacity'
  | 'hold_booked'
  | 'hold_given_back'
  | 'other_lock';

export type Refusal = {
  readonly rule: Rule;
  /** One sentence that says what stands in the way and what can be done instead. */
  readonly detail: string;
  readonly facts: Readonly<Record<string, Json>>;
};

/** What the rules look at; times as the clinic's clock shows them. */
export type RefusedBooking = {
  readonly reference_code: string;
  readonly status: BookingStatus;
  readonly starts_at: string;
  readonly time: string;
  /** From when on it can be said that the owner is here, or did not come. */
  readonly check_in_from: string;
  readonly no_show_from: string;
  /** What the state allows and the clock does not yet. */
  readonly too_early: readonly DeskMove[];
};

const ended: Readonly<Record<'completed' | 'cancelled' | 'no-show', string>> = {
  completed: 'is completed',
  cancelled: 'was cancelled',
  'no-show': 'was closed as a no-show',
};

function refusal(
  booking: RefusedBooking,
  rule: Rule,
  detail: string,
  facts: Refusal['facts'] = {},
): Refusal {
  const { reference_code, status, too_early } = booking;
  const allowed = allowedMoves(status).filter((move) => !too_early.some((one) => one === move));
  return { rule, detail, facts: { rule, reference_code, status, allowed, ...facts } };
}

function finalRefusal(
  booking: RefusedBooking,
  status: keyof typeof ended,
  instead: string,
): Refusal {
  const detail = `The booking ${booking.reference_code} ${ended[status]}; ${instead}`;
  return refusal(booking, 'booking_final', detail);
}

/** Why a booking cannot be cancelled; null when its row does not tell (it has just changed). */
export function whyNotCancel(booking: RefusedBooking, by: 'owner' | 'clinic'): Refusal | null {
  const { status, reference_code, time } = booking;
  switch (status) {
    case 'completed':
    case 'no-show':
      return finalRefusal(booking, status, 'there is nothing left to cancel.');
    case 'cancelled':
      return finalRefusal(booking, status, 'nothing was done again.');
    case 'in-progress': {
      const detail = `The visit of ${reference_code} is under way; complete it instead.`;
      return refusal(booking, 'visit_under_way', detail);
    }
    case 'confirmed': {
      if (by === 'clinic') return null;
      const detail =
        `The visit began at ${time}, so its owner can no longer cancel; ` +
        'say that it is a no-show, or cancel for the clinic (everything is refunded).';
      return refusal(booking, 'visit_started', detail, { starts_at: booking.starts_at });
    }
  }
}

/** Why a booking cannot get another slot; null when its own row does not tell. */
export function whyNotReschedule(
  booking: RefusedBooking,
  move: {
    readonly same_slot: boolean;
    readonly by: 'owner' | 'clinic';
    readonly has_begun: boolean;
    /** Services in a row. */
    readonly item_count?: number;
  },
): Refusal | null {
  const { status, reference_code, time, starts_at } = booking;
  switch (status) {
    case 'completed':
    case 'cancelled':
    case 'no-show':
      return finalRefusal(booking, status, 'book anew instead.');
    case 'in-progress': {
      const detail = `The visit of ${reference_code} is under way; complete it instead.`;
      return refusal(booking, 'visit_under_way', detail);
    }
    case 'confirmed': {
      if (move.same_slot) {
        return refusal(booking, 'same_slot', `${reference_code} has this slot already.`);
      }
      const { item_count = 1 } = move;
      if (item_count > 1) {
        const detail =
          `${reference_code} has ${item_count} services in a row, which one slot cannot take; ` +
          'book them anew at the other time, then cancel this.';
        return refusal(booking, 'several_items', detail, { item_count });
      }
      if (move.by === 'clinic' || !move.has_begun) return null;
      const detail = `The visit began at ${time}, so its owner can no longer move it; the clinic can.`;
      return refusal(booking, 'visit_started', detail, { starts_at });
    }
  }
}

/** Why a booking cannot be moved on like this; null when its row does not tell. */
export function whyNotMove(booking: RefusedBooking, move: DeskMove): Refusal | null {
  const { status, reference_code, check_in_from, no_show_from } = booking;
  switch (status) {
    case 'completed':
    case 'cancelled':
    case 'no-show':
      return finalRefusal(booking, status, 'it cannot be changed any more.');
    case 'in-progress': {
      const detail = `The visit of ${reference_code} is under way; it can only be completed.`;
      return refusal(booking, 'visit_under_way', detail);
    }
    case 'confirmed': {
      if (move === 'completed') {
        const detail = `The visit of ${reference_code} was not started; say first that it is in the room.`;
        return refusal(booking, 'visit_not_started', detail);
      }
      if (!booking.too_early.includes(move)) return null;
      if (move !== 'no-show') {
        const detail =
          `It is too early to say that the owner of ${reference_code} is here: ` +
          `possible from ${check_in_from} on.`;
        return refusal(booking, 'check_in_too_early', detail, { check_in_from });
      }
      const detail = `A no-show can be said ten minutes after the start: from ${no_show_from} on.`;
      return refusal(booking, 'no_show_too_early', detail, { no_show_from });
    }
  }
}

/** A visit of the owner that the wished slot would run into. */
export type OtherVisit = {
  readonly reference_code: string;
  /** RFC 3339, and the same as people read it: `2026-11-20 14:30`. */
  readonly starts_at: string;
  readonly moment: string;
  readonly is_booked: boolean;
  readonly service_name: string;
};

/** Why an owner may not have a slot, as far as its size and their other visits tell. */
export function whyNotHold(
  wish: { readonly quantity: number; readonly capacity: number },
  other: OtherVisit | 'elsewhere' | null,
): Refusal | null {
  const { quantity, capacity } = wish;
  if (quantity > capacity) {
    const seats = capacity === 1 ? 'one seat' : `${capacity} seats`;
    const detail = `This slot has ${seats}, not ${quantity}; ask for fewer, or take several slots.`;
    const facts = { rule: 'quantity_over_capacity', quantity, capacity };
    return { rule: 'quantity_over_capacity', detail, facts };
  }
  if (other === null) return null;
  if (other === 'elsewhere') {
    const detail = 'The owner has a visit elsewhere then; choose another time.';
    return { rule: 'owner_busy', detail, facts: { rule: 'owner_busy' } };
  }
  const { reference_code, starts_at, moment, is_booked, service_name } = other;
  const what = is_booked ? 'is booked' : 'holds a slot';
  const way_out = is_booked ? 'choose another time or cancel that' : 'pay it or give it back first';
  const detail = `The owner ${what} then: ${reference_code}, ${service_name}, ${moment}; ${way_out}.`;
  const facts = { rule: 'owner_busy', reference_code, starts_at, is_booked };
  return { rule: 'owner_busy', detail, facts };
}

/** Why a hold does not do what was asked, when something else came of it or it is not the caller's. */
export function whyNotChangeHold(
  hold: {
    readonly reference_code: string;
    readonly status: ReservationStatus;
  },
  wish: 'extend' | 'cancel' | 'confirm',
  outcome: string,
): Refusal | null {
  const { reference_code, status } = hold;
  const refused = (rule: Rule, detail: string): Refusal => ({
    rule,
    detail,
    facts: { rule, reference_code, status, allowed: allowedEnds(status) },
  });
  switch (status) {
    case 'confirmed': {
      const instead = wish === 'cancel' ? 'cancel the booking instead' : 'nothing is left to do';
      return refused('hold_booked', `The hold ${reference_code} is booked by now; ${instead}.`);
    }
    case 'cancelled':
      return refused('hold_given_back', `The hold ${reference_code} was given back; hold it anew.`);
    case 'expired':
      return null;
    case 'pending': {
      if (wish !== 'extend') return null;
      if (outcome === 'conflict') {
        const detail =
          'lock_id is not the one that this hold was given; only its holder extends it.';
        return refused('other_lock', detail);
      }
      const detail = `The hold ${reference_code} was extended before, which goes once; pay or confirm it in time.`;
      return refused('extended_before', detail);
    }
  }
}
