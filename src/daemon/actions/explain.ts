import type { DeskMove } from '../../domain/booking.ts';
import type { Refusal, RefusedBooking } from '../../domain/refusal.ts';
import { whyNotHold } from '../../domain/refusal.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { type BookingRow, moveTimes } from '../store/bookings.ts';
import { overlappingVisit } from '../store/owner-visits.ts';
import type { SlotMeta } from '../store/slots.ts';
import { scopeOf } from './actor.ts';
import { failure } from './outcome.ts';

/** Says which rule refused: a look at the rows after the fact, off the path of those who succeed. */

function momentText(at: Temporal.Instant, time_zone: string): string {
  const { date, time } = localTime(at, time_zone);
  return `${date} ${time}`;
}

/** A booking as the rules look at it. */
export async function refusedBooking(app: App, booking: BookingRow): Promise<RefusedBooking> {
  const { booking_id, reference_code, status, starts_at, time_zone } = booking;
  const times = await moveTimes(app.sql, booking_id);
  const { text, time } = localTime(starts_at, time_zone);
  const too_early: DeskMove[] = [];
  if (!times.is_check_in_open) too_early.push('arrived', 'in-progress');
  if (!times.is_no_show_open) too_early.push('no-show');
  return {
    reference_code,
    status,
    starts_at: text,
    time,
    check_in_from: momentText(times.check_in_from, time_zone),
    no_show_from: momentText(times.no_show_from, time_zone),
    too_early,
  };
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
  const { reference_code, is_booked, service_name } = found;
  const other = {
    reference_code,
    is_booked,
    service_name,
    starts_at: localTime(found.starts_at, found.time_zone).text,
    moment: momentText(found.starts_at, found.time_zone),
  };
  return refusedBy(whyNotHold({ quantity, capacity }, other));
}
