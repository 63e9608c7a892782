import { AppError } from '../../domain/errors.ts';
import type { LockResult } from '../../domain/ports.ts';
import type { Actor, App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { lookIfFull, noteFull } from '../locks/full-slots.ts';
import { lockOwner } from '../locks/lock-owner.ts';
import { refusalsOf } from '../locks/recent-refusals.ts';
import type { TierItem } from '../store/prices.ts';
import {
  findReservation,
  type HoldResult,
  holdSlot,
  holdUnseenSlot,
  type ReservationRow,
} from '../store/reservations.ts';
import type { SeatWish } from '../store/seats.ts';
import type { SlotMeta } from '../store/slots.ts';
import { dbActor } from './actor.ts';
import { endOverdue } from './end-overdue.ts';

/**
 * Life of the doorman's lock while PostgreSQL decides; the hold's own length follows when it is
 * won. Short, so that a process that dies in between blocks the seat for seconds, not for the whole
 * hold.
 */
const TRY_MS = 5_000;
/** From so many seats on, looking for a free one among taken ones costs more than counting them together. */
const BIG_FROM = 65;
/** Told to callers when PostgreSQL could not answer. */
const RETRY_AFTER_MS = 1_000;
/** Told while a payment page of the hold in the way cannot be closed. */
const GATEWAY_RETRY_MS = 5_000;

/** A hold that stands; a replay, which is read later, has the same parts. */
export type Held = Pick<
  ReservationRow,
  | 'reservation_id'
  | 'reference_code'
  | 'lock_id'
  | 'seats'
  | 'expires_at'
  | 'amount'
  | 'amount_due'
  | 'currency'
>;

export type Attempt = {
  readonly reservation_id: string;
  readonly lock_id: string;
  readonly user_id: string;
  readonly slot: SlotMeta;
  readonly pet_id: string | null;
  readonly quantity: number;
  /** Price tiers and the seats of each; null = the default. */
  readonly items: readonly TierItem[] | null;
  /** Which numbered seats; null = any. */
  readonly wish: SeatWish | null;
  readonly actor: Actor;
  readonly idempotency_key: string | null;
};

/** What comes of an attempt: `overdue_session` has been dealt with by then. */
export type Refusal = {
  readonly outcome: Exclude<HoldResult['outcome'], 'ok' | 'replayed' | 'overdue_session'>;
  readonly retry_after_ms: number | null;
  /** The rule about price tiers that refused; `tier` alone with `slot_taken`: that one is sold out. */
  readonly rule?: HoldResult['rule'];
  readonly tier?: string | null;
  /** Whose claim is in the way of a slot for one, where PostgreSQL told. */
  readonly blocking_user_id?: string | null;
};
export type Verdict =
  | Refusal
  | { readonly outcome: 'ok'; readonly held: Held }
  | { readonly outcome: 'replayed'; readonly held: Held };

async function askDoorman(app: App, attempt: Attempt): Promise<LockResult> {
  const { slot, quantity, lock_id } = attempt;
  // Impossible wishes go to the judge, who can say why.
  // So do those for seats by name: the doorman would lock others.
  if (quantity > slot.capacity || attempt.wish !== null)
    return { outcome: 'bypass', reason: 'unsure' };
  return await app.locks.acquire({
    slot_id: slot.slot_id,
    lock_id,
    quantity,
    capacity: slot.capacity,
    ttl_ms: TRY_MS,
  });
}

async function releaseSeats(app: App, attempt: Attempt, seats: readonly number[]): Promise<void> {
  if (seats.length > 0) await app.locks.release(attempt.slot.slot_id, seats, attempt.lock_id);
}

/**
 * Makes the doorman say what PostgreSQL decided, before the holder is told: who comes next learns
 * the true waiting time. Never fails: without it losers only cost more.
 */
async function settleLocks(
  app: App,
  attempt: Attempt,
  held: Held,
  at_door: readonly number[],
): Promise<void> {
  const { slot_id, hold_ms } = attempt.slot;
  const extra = at_door.filter((seat) => !held.seats.includes(seat));
  const is_kept = held.seats.every((seat) => at_door.includes(seat));
  await Promise.all([
    releaseSeats(app, attempt, extra),
    is_kept
      ? app.locks.extend(slot_id, held.seats, held.lock_id, hold_ms)
      : app.locks.assign(slot_id, held.seats, held.lock_id, hold_ms),
  ]);
}

function heldOf(result: HoldResult): Held {
  const { reservation_id, reference_code, lock_id, seats, expires_at } = result;
  const { amount, amount_due, currency } = result;
  if (
    reservation_id === null ||
    reference_code === null ||
    lock_id === null ||
    seats === null ||
    expires_at === null ||
    amount === null ||
    amount_due === null ||
    currency === null
  ) {
    throw new Error(`hold_slot said ${result.outcome} without a reservation`);
  }
  return {
    reservation_id,
    reference_code,
    lock_id,
    seats,
    expires_at,
    amount,
    amount_due,
    currency,
  };
}

/**
 * One call of the judge. When its answer is lost, the reservation's id (chosen before) tells
 * whether the hold stands.
 */
async function askJudge(
  app: App,
  attempt: Attempt,
  seats: readonly number[],
): Promise<HoldResult | { readonly outcome: 'found'; readonly held: Held }> {
  const { reservation_id, slot, user_id, lock_id } = attempt;
  const request = {
    reservation_id,
    slot_id: slot.slot_id,
    user_id,
    pet_id: attempt.pet_id,
    quantity: attempt.quantity,
    seats: seats.length > 0 ? seats : null,
    lock_id,
    idempotency_key: attempt.idempotency_key,
    items: attempt.items,
    wish: attempt.wish,
  };
  try {
    return await holdSlot(app.sql, request, dbActor(attempt.actor));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') {
      await releaseSeats(app, attempt, seats);
      throw error;
    }
    app.log.warn('hold.unknown', { reservation_id, err: error });
    // Throws again when PostgreSQL is still away: then our short lock ends by itself.
    const held = await findReservation(app.sql, reservation_id, { user_id, clinic_id: null });
    if (held) return { outcome: 'found', held };
    await releaseSeats(app, attempt, seats);
    throw new AppError(
      'unavailable',
      'The hold could not be made; nothing was reserved.',
      { retry_after_ms: RETRY_AFTER_MS },
      { cause: error },
    );
  }
}

/** Asks the judge, and once more after an overdue hold with an open payment page was ended. */
async function judge(app: App, attempt: Attempt, at_door: readonly number[]): Promise<Verdict> {
  for (let round = 1; ; round += 1) {
    const result = await askJudge(app, attempt, at_door);
    const { outcome } = result;
    if (outcome === 'found') return { outcome: 'ok', held: result.held };
    if (outcome === 'ok' || outcome === 'replayed') return { outcome, held: heldOf(result) };
    if (outcome !== 'overdue_session') {
      const { retry_after_ms, blocking_user_id, rule, tier } = result;
      return { outcome, retry_after_ms, blocking_user_id, rule, tier };
    }
    const { blocking_reservation_id: reservation_id, blocking_session_id: session_id } = result;
    const ending =
      round === 1 && reservation_id !== null
        ? await endOverdue(app, { reservation_id, session_id })
        : 'unknown';
    if (ending === 'unknown') return { outcome: 'slot_locked', retry_after_ms: GATEWAY_RETRY_MS };
  }
}

/**
 * An attempt at a slot of which only the id is known: the judge first, who tells of the slot too, so
 * that a hold costs one statement. No verdict: the slot is known now, ask again in the usual order.
 * Null: there is no such slot for this caller.
 */
export async function claimUnseen(
  app: App,
  attempt: Omit<Attempt, 'slot'>,
  wanted: { readonly slot_id: string; readonly service_id: string },
): Promise<{ readonly slot: SlotMeta; readonly verdict: Verdict | null } | null> {
  const request = { ...attempt, ...wanted, seats: null };
  const result = await holdUnseenSlot(app.sql, request, dbActor(attempt.actor));
  if (result === null) return null;
  const { outcome, slot, retry_after_ms } = result;
  if (outcome === 'overdue_session') return { slot, verdict: null };
  if (outcome !== 'ok' && outcome !== 'replayed') {
    // A hold stands that may end: what the doorman would have said.
    const is_held = outcome === 'slot_taken' && retry_after_ms !== null;
    const { rule, tier } = result;
    const told = is_held && tier === null ? 'slot_locked' : outcome;
    return { slot, verdict: { outcome: told, retry_after_ms, rule, tier } };
  }
  const held = heldOf(result);
  if (outcome === 'ok') {
    failpoint('after-claim');
    await settleLocks(app, { ...attempt, slot }, held, []);
  }
  return { slot, verdict: { outcome, held } };
}

/** Remembers who is in the way of a slot for one, so that a crowd behind this loser costs less. */
function noteRefusal(
  app: App,
  slot: SlotMeta,
  refusal: {
    readonly outcome: 'slot_locked' | 'slot_taken';
    readonly holder: string;
    readonly retry_after_ms: number | null;
  },
  asked_at_ms: number,
): void {
  const { service_id, clinic_id } = slot;
  const { outcome, holder, retry_after_ms } = refusal;
  const ends_at_ms = retry_after_ms === null ? null : performance.now() + retry_after_ms;
  const refused = { outcome, service_id, clinic_id, holder, ends_at_ms };
  refusalsOf(app.locks)?.note(slot.slot_id, refused, asked_at_ms);
}

/** After a try that PostgreSQL refused: our lock goes, what is in the way stays known. */
async function withdraw(
  app: App,
  attempt: Attempt,
  verdict: Exclude<Verdict, { outcome: 'ok' }>,
  at_door: readonly number[],
  asked_at_ms: number,
): Promise<void> {
  const { slot, lock_id } = attempt;
  const refusals = refusalsOf(app.locks);
  const blocker = verdict.outcome === 'slot_taken' ? (verdict.blocking_user_id ?? null) : null;
  if (refusals === null || verdict.outcome !== 'slot_taken' || blocker === null) {
    // A replay keeps the first request's own lock; what we took at the door just now is extra.
    await releaseSeats(app, attempt, at_door);
    return;
  }
  const { outcome, retry_after_ms } = verdict;
  noteRefusal(app, slot, { outcome, holder: lockOwner(blocker), retry_after_ms }, asked_at_ms);
  if (at_door.length > 0) await refusals.withdraw(slot.slot_id, at_door, lock_id);
}

/**
 * A lock that Redis may have written after we gave up waiting for it: taken back, unless it is on a seat that was won.
 * Nobody waits for this, because Redis is slow; when it is away the lock ends by itself.
 */
function dropDoubtful(
  app: App,
  attempt: Attempt,
  verdict: Verdict,
  doubtful: readonly number[],
): void {
  const held = verdict.outcome === 'ok' ? verdict.held.seats : [];
  const seats = doubtful.filter((seat) => !held.includes(seat));
  void releaseSeats(app, attempt, seats);
}

/** One attempt at one slot. The doorman says what came of it before this returns. */
export async function claimSeats(app: App, attempt: Attempt): Promise<Verdict> {
  const asked_at_ms = performance.now();
  const { slot, user_id, quantity, idempotency_key } = attempt;
  const is_big = slot.capacity >= BIG_FROM && quantity <= slot.capacity;
  const wish = { user_id, quantity, idempotency_key };
  const full = is_big ? await lookIfFull(app, slot.slot_id, wish) : null;
  if (full) {
    const { retry_after_ms } = full;
    return { outcome: retry_after_ms === null ? 'slot_taken' : 'slot_locked', retry_after_ms };
  }
  const door = await askDoorman(app, attempt);
  if (door.outcome === 'locked') {
    const { holder, retry_after_ms, asked_at_ms: looked_at_ms = asked_at_ms } = door;
    const refusal = { outcome: 'slot_locked', retry_after_ms } as const;
    if (is_big) noteFull(app, slot.slot_id);
    if (holder !== undefined) noteRefusal(app, attempt.slot, { ...refusal, holder }, looked_at_ms);
    return refusal;
  }
  const at_door = door.outcome === 'acquired' ? door.seats : [];
  if (at_door.length > 0) failpoint('after-lock');
  const verdict = await judge(app, attempt, at_door);
  if (is_big && verdict.outcome === 'slot_taken' && !verdict.tier) noteFull(app, slot.slot_id);
  if (verdict.outcome === 'ok') failpoint('after-claim');
  if (verdict.outcome === 'ok') await settleLocks(app, attempt, verdict.held, at_door);
  else await withdraw(app, attempt, verdict, at_door, asked_at_ms);
  const doubtful = door.outcome === 'bypass' ? (door.doubtful ?? []) : [];
  if (doubtful.length > 0) dropDoubtful(app, attempt, verdict, doubtful);
  return verdict;
}
