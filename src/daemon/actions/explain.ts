import { NO_SHOW_AFTER_MS } from '../../domain/booking.ts';
import type { Refusal, RefusedBooking } from '../../domain/refusal.ts';
import { whyNotHold } from '../../domain/refusal.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import type { BookingRow } from '../store/bookings.ts';
import { overlappingVisit } from '../store/owner-visits.ts';
import type { SlotMeta } from '../store/slots.ts';
import { scopeOf } from './actor.ts';
import { failure } from './outcome.ts';

/** Says which rule refused: a look at the rows after the fact, off the path of those who succeed. */

/** A booking as the rules look at it. */
export function refusedBooking(booking: BookingRow): RefusedBooking {
  const { reference_code, status, starts_at, time_zone } = booking;
  const { text, time } = localTime(starts_at, time_zone);
  const from = localTime(starts_at.add({ milliseconds: NO_SHOW_AFTER_MS }), time_zone);
  const no_show_from = `${from.date} ${from.time}`;
  return { reference_code, status, starts_at: text, time, no_show_from };
}

/** The failure with the rule that was found, or without one when the rows have changed meanwhile. */
export function refusedBy(
  refusal: Refusal | null,
  outcome: 'policy_refused' | 'conflict' = 'policy_refused',
): Error {
  return refusal ? failure(outcome, refusal.facts, refusal.detail) : failure(outcome);
}

/**
 * Why this owner does not get a slot (hold_slot, confirm_reservation). Visits at clinics that the
 * caller does not see stay unnamed.
 */
export async function explainHold(
  app: App,
  actor: Actor,
  wish: {
    readonly slot: Pick<SlotMeta, 'slot_id' | 'capacity'>;
    readonly user_id: string;
    readonly quantity: number;
  },
): Promise<Error> {
  const { slot, user_id, quantity } = wish;
  const { capacity } = slot;
  const found = quantity > capacity ? null : await overlappingVisit(app.sql, user_id, slot.slot_id);
  if (found === null) return refusedBy(whyNotHold({ quantity, capacity }, null));
  const { clinic_id } = scopeOf(actor);
  if (clinic_id !== null && clinic_id !== found.clinic_id) {
    return refusedBy(whyNotHold({ quantity, capacity }, 'elsewhere'));
  }
  const { date, time, text } = localTime(found.starts_at, found.time_zone);
  const { reference_code, is_booked, service_name } = found;
  const other = {
    reference_code,
    is_booked,
    service_name,
    starts_at: text,
    moment: `${date} ${time}`,
  };
  return refusedBy(whyNotHold({ quantity, capacity }, other));
}
