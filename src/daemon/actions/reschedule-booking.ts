import { hash, randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { whyNotReschedule } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { refusalsOf } from '../locks/recent-refusals.ts';
import { type BookingRow, findBooking } from '../store/bookings.ts';
import {
  type RescheduleRequest,
  type RescheduleResult,
  rescheduleBooking as reschedule,
} from '../store/reschedule.ts';
import type { SlotMeta } from '../store/slots.ts';
import { dbActor, scopeOf } from './actor.ts';
import { isWindowRule, windowFailure } from './booking-window.ts';
import { endOverdue } from './end-overdue.ts';
import { explainHold, refusedBooking, refusedBy } from './explain.ts';
import { findSlots } from './find-slot.ts';
import { moneyText } from './money-text.ts';
import { nearestTo } from './nearest.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

/** Life of the doorman's lock while PostgreSQL decides: no hold follows it. */
const TRY_MS = 5_000;
/** Vets tried when any will do, as for holds. */
const CANDIDATES_MAX = 5;

type Attempt = Omit<RescheduleRequest, 'slot_id' | 'seats'> & { readonly quantity: number };

/** Asks the judge, and once more after an overdue hold with an open payment page was ended. */
async function judge(
  app: App,
  actor: Actor,
  request: RescheduleRequest,
): Promise<RescheduleResult> {
  const first = await reschedule(app.sql, request, dbActor(actor));
  const { outcome, blocking_reservation_id, blocking_session_id } = first;
  if (outcome !== 'overdue_session' || blocking_reservation_id === null) return first;
  const overdue = { reservation_id: blocking_reservation_id, session_id: blocking_session_id };
  if ((await endOverdue(app, overdue)) === 'unknown') return { ...first, outcome: 'slot_locked' };
  const second = await reschedule(app.sql, request, dbActor(actor));
  return second.outcome === 'overdue_session' ? { ...second, outcome: 'slot_locked' } : second;
}

/** One slot: the doorman keeps holds out while PostgreSQL decides; a booking needs no lock after. */
async function tryMove(
  app: App,
  actor: Actor,
  attempt: Attempt,
  slot: SlotMeta,
): Promise<RescheduleResult | 'locked'> {
  const { quantity, ...move } = attempt;
  const { slot_id, capacity } = slot;
  const request = { ...move, slot_id, seats: null };
  if (move.quote || quantity > capacity) return await judge(app, actor, request);
  const owner = hash('sha256', actor.user_id ?? actor.id ?? '', 'base64url').slice(0, 16);
  const lock_id = `${owner}.${randomUUID()}`;
  const door = await app.locks.acquire({ slot_id, lock_id, quantity, capacity, ttl_ms: TRY_MS });
  if (door.outcome === 'locked') return 'locked';
  const seats = door.outcome === 'acquired' ? door.seats : [];
  try {
    return await judge(app, actor, { ...request, seats: seats.length > 0 ? seats : null });
  } finally {
    if (seats.length > 0) await app.locks.release(slot_id, seats, lock_id);
  }
}

async function refuse(
  app: App,
  actor: Actor,
  move: { readonly booking: BookingRow; readonly slot: SlotMeta; readonly by: 'owner' | 'clinic' },
  result: RescheduleResult | 'locked',
): Promise<Error> {
  const { booking, slot, by } = move;
  const outcome = result === 'locked' ? 'slot_locked' : result.outcome;
  if (outcome === 'slot_taken' || outcome === 'slot_locked') {
    return failure(outcome, { nearest: await nearestTo(app, slot.slot_id) });
  }
  if (result !== 'locked' && isWindowRule(result.rule)) return windowFailure(result.rule);
  if (outcome === 'policy_refused' && result !== 'locked' && result.tier !== null) {
    const { tier } = result;
    const detail = `That time is not sold in the tier "${tier}" of this booking; choose another.`;
    const next = `petpro prices list --slot ${slot.slot_id}`;
    return failure(outcome, { rule: 'tier_unknown', tier, next }, detail);
  }
  if (outcome === 'policy_refused') {
    const same_slot = slot.slot_id === booking.slot_id;
    const has_begun = Temporal.Instant.compare(booking.starts_at, Temporal.Now.instant()) <= 0;
    const refused = await refusedBooking(app, booking);
    const { item_count } = booking;
    const refusal = whyNotReschedule(refused, { same_slot, by, has_begun, item_count });
    if (refusal) return refusedBy(refusal);
    const { user_id, quantity } = booking;
    return await explainHold(app, actor, { slot, user_id, quantity });
  }
  const version = result === 'locked' ? null : result.version;
  return failure(outcome, version === null ? {} : { version });
}

function answerOf(
  booking: BookingRow,
  slot: SlotMeta,
  quote: boolean,
  result: RescheduleResult,
): Output<'reschedule_booking'> {
  const { currency, time_zone } = booking;
  const local = localTime(slot.starts_at, time_zone);
  const money = (text: string | null) => moneyText(text ?? '0', currency);
  return {
    booking_id: booking.booking_id,
    reference_code: booking.reference_code,
    quote,
    slot_id: slot.slot_id,
    starts_at: local.text,
    date: local.date,
    time: local.time,
    previous_slot_id: booking.slot_id,
    previous_starts_at: zonedText(booking.starts_at, time_zone),
    amount: money(result.amount),
    previous_amount: money(result.old_amount),
    currency,
    refund_percent: result.refund_percent ?? 0,
    refund_amount: money(result.refund_amount),
    refund_id: result.refund_id,
    due_amount: money(result.due_amount),
    version: result.version ?? booking.version,
  };
}

/**
 * Moves a booking to another slot of its service: the new place is taken before the old one is given
 * back. A higher price is due at the visit, of a lower one the policy gives back; `quote` only says.
 */
export async function rescheduleBooking(
  app: App,
  actor: Actor,
  input: Input<'reschedule_booking'>,
): Promise<Output<'reschedule_booking'>> {
  const { by, quote, reason = null, expected_version = null } = input;
  if (by === 'clinic' && actor.role === 'customer') {
    throw new AppError('forbidden', 'Only staff may move a booking for the clinic.');
  }
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id, service_id, quantity } = booking;
  const choice = { ...input, service_id };
  const candidates = (await findSlots(app, actor, choice)).slice(0, CANDIDATES_MAX);
  const attempt = { booking_id, by, reason, expected_version, quote, quantity };
  for (const [index, slot] of candidates.entries()) {
    const result = await tryMove(app, actor, attempt, slot);
    if (result !== 'locked' && result.outcome === 'ok') {
      if (!quote) {
        refusalsOf(app.locks)?.forget(booking.slot_id);
        app.wake.relay();
        app.wake.dispatcher();
      }
      return answerOf(booking, slot, quote, result);
    }
    const is_busy =
      result === 'locked' || result.outcome === 'slot_taken' || result.outcome === 'slot_locked';
    if (is_busy && index < candidates.length - 1) continue;
    throw await refuse(app, actor, { booking, slot, by }, result);
  }
  throw new Error('findSlots gave no slot');
}
