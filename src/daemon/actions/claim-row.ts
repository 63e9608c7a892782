import { AppError } from '../../domain/errors.ts';
import type { Actor, App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import {
  type HeldItem,
  type HoldItemsResult,
  holdItems,
  itemsOf,
  type Place,
  type RowRule,
} from '../store/items.ts';
import type { TierRule } from '../store/prices.ts';
import { findReservation } from '../store/reservations.ts';
import type { SlotMeta } from '../store/slots.ts';
import { dbActor } from './actor.ts';
import type { Held } from './claim-seats.ts';
import { endOverdue } from './end-overdue.ts';

/** One attempt at a row of slots: the doorman for each, then PostgreSQL for all at once. */

/** As in claim-seats: the doorman's locks while PostgreSQL decides. */
const TRY_MS = 5_000;
/** Overdue holds that are ended on the way: of each item one, and one more for the attempt itself. */
const ROUNDS_MAX = 9;
const RETRY_AFTER_MS = 1_000;
const GATEWAY_RETRY_MS = 5_000;

export type WantedPlace = {
  readonly slot: SlotMeta;
  readonly quantity: number;
  readonly tier: string | undefined;
};

export type RowAttempt = {
  readonly reservation_id: string;
  readonly lock_id: string;
  readonly user_id: string;
  readonly pet_id: string | null;
  readonly places: readonly WantedPlace[];
  readonly actor: Actor;
  readonly idempotency_key: string | null;
};

export type RowRefusal = {
  readonly outcome: 'refused';
  readonly code: Exclude<
    HoldItemsResult['outcome'],
    'ok' | 'again' | 'replayed' | 'overdue_session'
  >;
  readonly rule: RowRule | TierRule | null;
  readonly tier: string | null;
  /** The slot that stood in the way. */
  readonly slot_id: string | null;
  readonly retry_after_ms: number | null;
};

export type RowVerdict =
  | RowRefusal
  | { readonly outcome: 'ok'; readonly held: Held; readonly items: readonly HeldItem[] }
  | { readonly outcome: 'replayed'; readonly reservation_id: string };

const refusal = (
  code: RowRefusal['code'],
  slot_id: string | null,
  retry_after_ms: number | null,
): RowRefusal => ({ outcome: 'refused', code, rule: null, tier: null, slot_id, retry_after_ms });

type Doors = { readonly taken: readonly Place[]; readonly doubtful: readonly Place[] };

const release = (app: App, lock_id: string, places: readonly Place[]) =>
  Promise.all(places.map(({ slot_id, seats }) => app.locks.release(slot_id, seats, lock_id)));

/** Locks every slot, in the order of their ids, as everybody does; none when one of them is locked. */
async function askDoormen(app: App, attempt: RowAttempt): Promise<Doors | RowRefusal> {
  const { lock_id } = attempt;
  const taken: Place[] = [];
  const doubtful: Place[] = [];
  const places = attempt.places.toSorted((a, b) => (a.slot.slot_id < b.slot.slot_id ? -1 : 1));
  for (const { slot, quantity } of places) {
    const { slot_id, capacity } = slot;
    // Impossible wishes go to the judge, who can say why.
    if (quantity > capacity) continue;
    const request = { slot_id, lock_id, quantity, capacity, ttl_ms: TRY_MS };
    // One after another on purpose: two rows that cross must not each keep half of the other's.
    const door = await app.locks.acquire(request);
    if (door.outcome === 'acquired') taken.push({ slot_id, seats: door.seats });
    if (door.outcome === 'bypass' && door.doubtful)
      doubtful.push({ slot_id, seats: door.doubtful });
    if (door.outcome === 'locked') {
      await release(app, lock_id, [...taken, ...doubtful]);
      return refusal('slot_locked', slot_id, door.retry_after_ms);
    }
  }
  return { taken, doubtful };
}

async function askJudge(
  app: App,
  attempt: RowAttempt,
  taken: readonly Place[],
): Promise<HoldItemsResult | 'found'> {
  const { reservation_id, user_id, pet_id, lock_id, idempotency_key } = attempt;
  const items = attempt.places.map(({ slot, quantity, tier }) => {
    const seats = taken.find(({ slot_id }) => slot_id === slot.slot_id)?.seats ?? null;
    return { slot_id: slot.slot_id, quantity, tier, seats };
  });
  const request = { reservation_id, user_id, pet_id, items, lock_id, idempotency_key };
  try {
    return await holdItems(app.sql, request, dbActor(attempt.actor));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    app.log.warn('hold.unknown', { reservation_id, err: error });
    // Throws again when PostgreSQL is still away: then our short locks end by themselves.
    const held = await findReservation(app.sql, reservation_id, { user_id, clinic_id: null });
    if (held) return 'found';
    const detail = 'The hold could not be made; nothing was reserved.';
    const facts = { retry_after_ms: RETRY_AFTER_MS };
    throw new AppError('unavailable', detail, facts, { cause: error });
  }
}

/** The doorman says what PostgreSQL decided, for every slot of the hold. */
async function settleLocks(
  app: App,
  attempt: RowAttempt,
  doors: Doors,
): Promise<{ readonly held: Held; readonly items: readonly HeldItem[] }> {
  const { reservation_id, user_id, lock_id } = attempt;
  const [held, items] = await Promise.all([
    findReservation(app.sql, reservation_id, { user_id, clinic_id: null }),
    itemsOf(app.sql, reservation_id),
  ]);
  if (!held) throw new Error(`The hold ${reservation_id} is not there`);
  const ttl_ms = attempt.places[0]?.slot.hold_ms ?? TRY_MS;
  const places: readonly Place[] = items;
  const extra = [...doors.taken, ...doors.doubtful].map(({ slot_id, seats }) => {
    const kept = places.find((place) => place.slot_id === slot_id)?.seats ?? [];
    return { slot_id, seats: seats.filter((seat) => !kept.includes(seat)) };
  });
  await Promise.all([
    release(
      app,
      lock_id,
      extra.filter(({ seats }) => seats.length > 0),
    ),
    ...places.map(({ slot_id, seats }) => app.locks.assign(slot_id, seats, lock_id, ttl_ms)),
  ]);
  return { held, items };
}

async function judge(app: App, attempt: RowAttempt, doors: Doors): Promise<RowVerdict | 'held'> {
  let slot_id: string | null = null;
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const result = await askJudge(app, attempt, doors.taken);
    if (result === 'found' || result.outcome === 'ok') return 'held';
    const { outcome, reservation_id } = result;
    if (outcome === 'replayed' && reservation_id !== null) return { outcome, reservation_id };
    slot_id = result.slot_id;
    if (outcome === 'again') continue;
    if (outcome !== 'overdue_session') {
      if (outcome === 'replayed') throw new Error('hold_items replayed nothing');
      const { rule, tier, retry_after_ms } = result;
      return { outcome: 'refused', code: outcome, rule, tier, slot_id, retry_after_ms };
    }
    const { blocking_reservation_id: blocker, blocking_session_id: session_id } = result;
    const ending =
      blocker === null ? 'unknown' : await endOverdue(app, { reservation_id: blocker, session_id });
    if (ending === 'unknown') return refusal('slot_locked', slot_id, GATEWAY_RETRY_MS);
  }
  return refusal('slot_locked', slot_id, RETRY_AFTER_MS);
}

/** One attempt: all slots or none; the doorman's locks say the same when this returns. */
export async function claimRow(app: App, attempt: RowAttempt): Promise<RowVerdict> {
  const doors = await askDoormen(app, attempt);
  if ('outcome' in doors) return doors;
  const { lock_id } = attempt;
  if (doors.taken.length > 0) failpoint('after-lock');
  let verdict: RowVerdict | 'held';
  try {
    verdict = await judge(app, attempt, doors);
  } catch (error) {
    await release(app, lock_id, [...doors.taken, ...doors.doubtful]);
    throw error;
  }
  if (verdict !== 'held') {
    // A replay keeps the first request's own locks; what we took at the door just now is extra.
    await release(app, lock_id, [...doors.taken, ...doors.doubtful]);
    return verdict;
  }
  failpoint('after-claim');
  return { outcome: 'ok', ...(await settleLocks(app, attempt, doors)) };
}
