import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { AppError, type Json } from '../../domain/errors.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { lockOwner } from '../locks/lock-owner.ts';
import type { HeldItem } from '../store/items.ts';
import type { PriceLines, TierItem } from '../store/prices.ts';
import { findReservation, type ReservationRow } from '../store/reservations.ts';
import type { SlotMeta } from '../store/slots.ts';
import { ownerOf } from './actor.ts';
import { isWindowRule, windowFailure } from './booking-window.ts';
import {
  type Attempt,
  claimSeats,
  claimUnseen,
  type Held,
  type Refusal,
  type Verdict,
} from './claim-seats.ts';
import { explainHold } from './explain.ts';
import { type Announce, announceSlot, findSlots, type SlotChoice } from './find-slot.ts';
import { nearestAtHand, nearestTo } from './nearest.ts';
import { failure } from './outcome.ts';
import {
  hasSeats,
  isSeatRule,
  petMissing,
  type SeatInput,
  seatFailure,
  seatsTaken,
  seatWish,
} from './seat-wish.ts';
import { tierFailure, tierSoldOut } from './tier-refusal.ts';

/** Vets tried when any will do. */
const CANDIDATES_MAX = 5;

export type HoldInput = SlotChoice & {
  /** Left out where nobody has to know for whom. */
  readonly pet_id?: string | undefined;
  readonly user_id?: string | undefined;
  readonly quantity: number;
  readonly tier?: string | undefined;
  readonly items?: readonly TierItem[] | undefined;
} & SeatInput;

export type Holding = {
  readonly held: Held;
  readonly slot: SlotMeta;
  readonly user_id: string;
  /** Set when the request was a repeated one: the reservation as it stands now. */
  readonly earlier: ReservationRow | null;
  /** Of several services; absent where there is one. */
  readonly items?: readonly HeldItem[];
};

/** `owner.random`. A UUID holds 122 random bits, and Node draws them in stock. */
function newLockId(user_id: string): string {
  return `${lockOwner(user_id)}.${randomUUID()}`;
}

/** Seats of each price tier, and how many that is; null = the default tier. */
export function wantedSeats(input: Pick<HoldInput, 'quantity' | 'tier' | 'items'>): {
  readonly quantity: number;
  readonly items: readonly TierItem[] | null;
} {
  const { quantity, tier, items } = input;
  if (items !== undefined) {
    return { quantity: items.reduce((sum, item) => sum + item.quantity, 0), items };
  }
  return { quantity, items: tier === undefined ? null : [{ tier, quantity }] };
}

async function refuse(app: App, attempt: Attempt, verdict: Refusal): Promise<never> {
  const { outcome, rule, tier } = verdict;
  if (isWindowRule(rule)) throw windowFailure(rule);
  const { wish } = attempt;
  if (rule && isSeatRule(rule)) throw seatFailure(rule, tier ?? null, attempt.slot.slot_id);
  if (rule && (outcome === 'invalid_input' || outcome === 'policy_refused')) {
    throw tierFailure(outcome, rule, tier ?? null, attempt.slot.slot_id);
  }
  if (outcome === 'slot_taken' && tier) throw tierSoldOut(tier, attempt.slot.slot_id);
  if (outcome === 'slot_taken' && wish) {
    throw seatsTaken(wish, attempt.slot.slot_id, verdict.retry_after_ms);
  }
  if (verdict.outcome === 'policy_refused') throw await explainHold(app, attempt.actor, attempt);
  if (verdict.outcome === 'not_found' && attempt.pet_id === null) throw petMissing();
  if (verdict.outcome === 'not_found') {
    throw failure('not_found', {}, 'There is no such slot, or the owner has no such pet.');
  }
  if (verdict.outcome !== 'slot_taken' && verdict.outcome !== 'slot_locked') {
    throw failure(verdict.outcome);
  }
  const { slot_id } = attempt.slot;
  const nearest = nearestAtHand(app, slot_id) ?? (await nearestTo(app, slot_id));
  const facts: Record<string, Json> = { nearest };
  if (verdict.retry_after_ms !== null) facts['retry_after_ms'] = verdict.retry_after_ms;
  throw failure(verdict.outcome, facts);
}

/** Whether a hold is of these tiers. Who names none repeats what the default gave. */
function isPricedAs(lines: PriceLines | null, items: readonly TierItem[] | null): boolean {
  if (items === null) return true;
  const seats = new Map<string, number>();
  for (const { tier, seats: count } of lines ?? []) {
    const name = (tier ?? '').toLowerCase();
    seats.set(name, (seats.get(name) ?? 0) + count);
  }
  return items.every(({ tier, quantity }) => seats.get(tier.toLowerCase()) === quantity);
}

/** A repeated request must be the same request, and its reservation must still stand. */
async function replay(
  app: App,
  attempt: Attempt,
  candidates: readonly SlotMeta[],
  reservation_id: string,
): Promise<Holding> {
  const { user_id, pet_id, quantity, items, wish } = attempt;
  const earlier = await findReservation(app.sql, reservation_id, { user_id, clinic_id: null });
  if (!earlier) throw new Error(`The replayed reservation ${reservation_id} is not there`);
  const slot = candidates.find(({ slot_id }) => slot_id === earlier.slot_id);
  const is_same =
    earlier.quantity === quantity &&
    isPricedAs(earlier.price_lines, items) &&
    (await hasSeats(app, earlier, wish));
  if (!slot || earlier.pet_id !== pet_id || !is_same) {
    throw failure(
      'conflict',
      { reservation_id },
      'This repeats an earlier request with other contents, or the owner holds this slot already.',
    );
  }
  if (earlier.status === 'expired') throw failure('reservation_expired', { reservation_id });
  if (earlier.status === 'cancelled') {
    throw failure('conflict', { reservation_id }, 'This hold was given back already.');
  }
  return { held: earlier, slot, user_id, earlier };
}

type Try = Omit<Attempt, 'slot'>;

/** What a verdict means for the caller; null when a busy vet is a reason to try the next one. */
async function conclude(
  app: App,
  attempt: Attempt,
  verdict: Verdict,
  candidates: readonly SlotMeta[],
  is_last: boolean,
): Promise<Holding | null> {
  const { slot, user_id } = attempt;
  if (verdict.outcome === 'replayed') {
    return await replay(app, attempt, candidates, verdict.held.reservation_id);
  }
  if (verdict.outcome === 'ok') {
    app.wake.relay();
    return { held: verdict.held, slot, user_id, earlier: null };
  }
  const is_busy = verdict.outcome === 'slot_taken' || verdict.outcome === 'slot_locked';
  return is_busy && !is_last ? null : await refuse(app, attempt, verdict);
}

/**
 * The first hold of a slot that this process has not seen. Null when the usual order has to decide:
 * then with the same ids, so that a hold whose answer was lost is found again.
 */
async function holdUnseen(
  app: App,
  wanted: { readonly slot_id: string; readonly service_id: string },
  attempt: Try,
  announce: Announce,
): Promise<Holding | null> {
  let slot: SlotMeta | null = null;
  try {
    const claimed = await claimUnseen(app, attempt, wanted);
    slot = claimed?.slot ?? null;
    if (!claimed?.verdict) return null;
    const tried = { ...attempt, slot: claimed.slot };
    return await conclude(app, tried, claimed.verdict, [claimed.slot], true);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    app.log.warn('hold.unknown', { reservation_id: attempt.reservation_id, err: error });
    return null;
  } finally {
    announce(slot);
  }
}

/**
 * Holds seats of a slot: the doorman turns most losers away, PostgreSQL decides. Throws the table's
 * problems; `slot_taken` and `slot_locked` carry `retry_after_ms` (when known) and `nearest`.
 */
export async function hold(app: App, actor: Actor, input: HoldInput, call: Call): Promise<Holding> {
  const user_id = ownerOf(actor, input.user_id);
  const { pet_id = null } = input;
  const wish = seatWish(input);
  const { quantity, items } = wantedSeats({
    ...input,
    quantity: wish?.labels?.length ?? input.quantity,
  });
  const { idempotency_key } = call;
  const newTry = (): Try => ({
    reservation_id: randomUUIDv7(),
    lock_id: newLockId(user_id),
    user_id,
    pet_id,
    quantity,
    items,
    wish,
    actor,
    idempotency_key,
  });
  const first = newTry();
  const { slot_id, service_id } = input;
  const announce = slot_id === undefined ? null : announceSlot(app, slot_id);
  if (slot_id !== undefined && announce !== null) {
    const unseen = await holdUnseen(app, { slot_id, service_id }, first, announce);
    if (unseen) return unseen;
  }
  const candidates = (await findSlots(app, actor, input)).slice(0, CANDIDATES_MAX);
  for (const [index, slot] of candidates.entries()) {
    const attempt = { ...(index === 0 ? first : newTry()), slot };
    const is_last = index === candidates.length - 1;
    const verdict = await claimSeats(app, attempt);
    const holding = await conclude(app, attempt, verdict, candidates, is_last);
    if (holding) return holding;
  }
  throw new Error('findSlots gave no slot');
}
