import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { AppError, type Json } from '../../domain/errors.ts';
import type { LockResult } from '../../domain/ports.ts';
import type { Actor, App, Call } from '../app-types.ts';
import {
  findReservation,
  type HoldResult,
  holdSlot,
  type ReservationRow,
} from '../store/reservations.ts';
import type { SlotMeta } from '../store/slots.ts';
import { dbActor, ownerOf } from './actor.ts';
import { endOverdue } from './end-overdue.ts';
import { findSlots, type SlotChoice } from './find-slot.ts';
import { nearestTo } from './nearest.ts';
import { failure } from './outcome.ts';

/**
 * Life of the doorman's lock while PostgreSQL decides; the hold's own length follows when it is
 * won. Short, so that a process that dies in between blocks the seat for seconds, not for the whole
 * hold.
 */
const TRY_MS = 5_000;
/** Vets tried when any will do. */
const CANDIDATES_MAX = 5;
/** Told to callers when PostgreSQL could not answer. */
const RETRY_AFTER_MS = 1_000;
/** Told while a payment page of the hold in the way cannot be closed. */
const GATEWAY_RETRY_MS = 5_000;

export type HoldInput = SlotChoice & {
  readonly pet_id: string;
  readonly user_id?: string | undefined;
  readonly quantity: number;
};

/** A hold that stands; a replay, which is read later, has the same parts. */
type Held = Pick<
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

export type Holding = {
  readonly held: Held;
  readonly slot: SlotMeta;
  readonly user_id: string;
  /** Set when the request was a repeated one: the reservation as it stands now. */
  readonly earlier: ReservationRow | null;
};

type Attempt = {
  readonly reservation_id: string;
  readonly lock_id: string;
  readonly user_id: string;
  readonly slot: SlotMeta;
  readonly input: HoldInput;
  readonly actor: Actor;
  readonly idempotency_key: string | null;
};

/** What comes of an attempt: `overdue_session` has been dealt with by then. */
type Refusal = {
  readonly outcome: Exclude<HoldResult['outcome'], 'ok' | 'replayed' | 'overdue_session'>;
  readonly retry_after_ms: number | null;
};
type Verdict = Refusal | { readonly outcome: 'ok' | 'replayed'; readonly held: Held };

/** `owner.random`: the doorman knows an owner's own lock without learning who they are. */
function newLockId(user_id: string): string {
  const owner = createHash('sha256').update(user_id).digest('base64url').slice(0, 16);
  return `${owner}.${randomBytes(16).toString('base64url')}`;
}

async function askDoorman(app: App, attempt: Attempt): Promise<LockResult> {
  const { slot, input, lock_id } = attempt;
  // Impossible wishes go to the judge, who can say why.
  if (input.quantity > slot.capacity) return { outcome: 'bypass', reason: 'unsure' };
  return await app.locks.acquire({
    slot_id: slot.slot_id,
    lock_id,
    quantity: input.quantity,
    capacity: slot.capacity,
    ttl_ms: TRY_MS,
  });
}

async function releaseSeats(app: App, attempt: Attempt, seats: readonly number[]): Promise<void> {
  if (seats.length > 0) await app.locks.release(attempt.slot.slot_id, seats, attempt.lock_id);
}

/**
 * Makes the doorman say what PostgreSQL decided, before the holder is told: who comes next learns the true
 * waiting time. Never fails: without it losers only cost more.
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
  const { reservation_id, slot, user_id, input, lock_id, idempotency_key } = attempt;
  const request = {
    reservation_id,
    slot_id: slot.slot_id,
    user_id,
    pet_id: input.pet_id,
    quantity: input.quantity,
    seats: seats.length > 0 ? seats : null,
    lock_id,
    idempotency_key,
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
    if (outcome !== 'overdue_session') return { outcome, retry_after_ms: result.retry_after_ms };
    const { blocking_reservation_id: reservation_id, blocking_session_id: session_id } = result;
    const ending =
      round === 1 && reservation_id !== null
        ? await endOverdue(app, { reservation_id, session_id })
        : 'unknown';
    if (ending === 'unknown') return { outcome: 'slot_locked', retry_after_ms: GATEWAY_RETRY_MS };
  }
}

async function tryHold(app: App, attempt: Attempt): Promise<Verdict> {
  const door = await askDoorman(app, attempt);
  if (door.outcome === 'locked') {
    return { outcome: 'slot_locked', retry_after_ms: door.retry_after_ms };
  }
  const at_door = door.outcome === 'acquired' ? door.seats : [];
  const verdict = await judge(app, attempt, at_door);
  if (verdict.outcome === 'ok') await settleLocks(app, attempt, verdict.held, at_door);
  // A replay keeps the first request's own lock; what we took at the door just now is extra.
  else await releaseSeats(app, attempt, at_door);
  return verdict;
}

async function refuse(app: App, slot: SlotMeta, verdict: Exclude<Verdict, Held>): Promise<never> {
  if (verdict.outcome !== 'slot_taken' && verdict.outcome !== 'slot_locked') {
    throw failure(verdict.outcome);
  }
  const facts: Record<string, Json> = { nearest: await nearestTo(app, slot.slot_id) };
  if (verdict.retry_after_ms !== null) facts['retry_after_ms'] = verdict.retry_after_ms;
  throw failure(verdict.outcome, facts);
}

/** A repeated request must be the same request, and its reservation must still stand. */
async function replay(app: App, attempt: Attempt, reservation_id: string): Promise<Holding> {
  const { user_id, input } = attempt;
  const earlier = await findReservation(app.sql, reservation_id, { user_id, clinic_id: null });
  if (!earlier) throw new Error(`The replayed reservation ${reservation_id} is not there`);
  const is_same =
    earlier.service_id === input.service_id &&
    (input.slot_id === undefined || earlier.slot_id === input.slot_id) &&
    earlier.pet_id === input.pet_id &&
    earlier.quantity === input.quantity;
  if (!is_same) {
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
  return { held: earlier, slot: attempt.slot, user_id, earlier };
}

/**
 * Holds seats of a slot: the doorman turns most losers away, PostgreSQL decides. Throws the table's
 * problems; `slot_taken` and `slot_locked` carry `retry_after_ms` (when known) and `nearest`.
 */
export async function hold(app: App, actor: Actor, input: HoldInput, call: Call): Promise<Holding> {
  const user_id = ownerOf(actor, input.user_id);
  const candidates = (await findSlots(app, actor, input)).slice(0, CANDIDATES_MAX);
  for (const [index, slot] of candidates.entries()) {
    const attempt: Attempt = {
      reservation_id: randomUUIDv7(),
      lock_id: newLockId(user_id),
      user_id,
      slot,
      input,
      actor,
      idempotency_key: call.idempotency_key,
    };
    const verdict = await tryHold(app, attempt);
    if (verdict.outcome === 'replayed') {
      return await replay(app, attempt, verdict.held.reservation_id);
    }
    if (verdict.outcome === 'ok') {
      app.wake.relay();
      return { held: verdict.held, slot, user_id, earlier: null };
    }
    // Only a busy vet is a reason to try the next one.
    const is_busy = verdict.outcome === 'slot_taken' || verdict.outcome === 'slot_locked';
    if (!is_busy || index === candidates.length - 1) await refuse(app, slot, verdict);
  }
  throw new Error('findSlots gave no slot');
}
