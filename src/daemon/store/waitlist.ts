import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';
import type { TierItem, TierRule } from './prices.ts';
import type { HoldOutcome } from './reservations.ts';

/** The waiting list as it is changed: one statement each. Its rows are read in waitlist-rows.ts. */

export type JoinRequest = {
  readonly entry_id: string;
  readonly service_id: string;
  readonly user_id: string;
  readonly pet_id: string | null;
  readonly staff_id: string | null;
  readonly wanted_from: Temporal.Instant;
  readonly wanted_to: Temporal.Instant;
  /** ISO, Monday = 1. */
  readonly weekdays: readonly number[];
  readonly from_time: string;
  readonly to_time: string;
  readonly quantity: number;
  readonly items: readonly TierItem[] | null;
  readonly priority: number;
};

export type JoinRule =
  | 'window_over'
  | 'too_many_seats'
  | 'already_waiting'
  | 'too_many_entries'
  | 'priority_not_yours';

export type JoinResult = {
  readonly outcome: 'ok' | 'not_found' | 'service_unavailable' | 'policy_refused' | 'conflict';
  readonly rule: JoinRule | null;
  /** With `already_waiting`: the entry that stands. */
  readonly entry_id: string | null;
};

/** Puts an owner on the list of a service. */
export async function joinWaitlist(
  sql: Db,
  wish: JoinRequest,
  actor: DbActor,
): Promise<JoinResult> {
  return await runOne(sql<JoinResult[]>`
    select outcome, rule, entry_id
    from join_waitlist(
      ${wish.entry_id}, ${wish.service_id}, ${wish.user_id}, ${wish.pet_id}, ${wish.staff_id},
      ${wish.wanted_from.toString()}, ${wish.wanted_to.toString()},
      ${[...wish.weekdays]}::smallint[], ${wish.from_time}::text::time,
      ${wish.to_time}::text::time, ${wish.quantity},
      ${wish.items ? sql.json(wish.items) : null}, ${wish.priority}, ${sql.json(actor)}
    )`);
}

/** A hold that was made for somebody who waits. */
export type OfferedHold = {
  readonly reservation_id: string;
  readonly slot_id: string;
  readonly seats: readonly number[];
  readonly lock_id: string;
  readonly ttl_ms: number;
};

export type NextOffer = {
  readonly outcome: 'offered' | 'again' | 'none' | 'later';
  /** Who has been looked at; hand it to the next call about the same slot. */
  readonly tried: readonly string[];
  readonly entry_id: string | null;
  readonly hold: OfferedHold | null;
};

type OfferRow = {
  readonly reservation_id: string | null;
  readonly seats: readonly number[] | null;
  readonly lock_id: string | null;
  readonly ttl_ms: number | null;
};

function holdOf(slot_id: string | null, row: OfferRow): OfferedHold | null {
  const { reservation_id, seats, lock_id, ttl_ms } = row;
  if (slot_id === null || reservation_id === null || seats === null) return null;
  if (lock_id === null || ttl_ms === null) return null;
  return { slot_id, reservation_id, seats, lock_id, ttl_ms };
}

/** Offers a slot to the first who fits. */
export async function offerNext(
  sql: Db,
  slot_id: string,
  tried: readonly string[],
  actor: DbActor,
): Promise<NextOffer> {
  const row = await runOne(sql<(Omit<NextOffer, 'hold'> & OfferRow)[]>`
    select outcome, tried, entry_id, reservation_id, seats, lock_id, ttl_ms
    from offer_next(${slot_id}, ${[...tried]}::uuid[], ${sql.json(actor)})`);
  const { outcome, entry_id } = row;
  return { outcome, tried: row.tried, entry_id, hold: holdOf(slot_id, row) };
}

export type HandOffer = {
  readonly outcome: HoldOutcome | 'no_slot' | 'conflict';
  readonly rule: TierRule | null;
  readonly slot_id: string | null;
  readonly hold: OfferedHold | null;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
};

/** Offers a slot out of turn; null = the first open one that fits. */
export async function offerSlot(
  sql: Db,
  entry_id: string,
  slot_id: string | null,
  actor: DbActor,
): Promise<HandOffer> {
  const row = await runOne(sql<(Omit<HandOffer, 'hold'> & OfferRow)[]>`
    select outcome, rule, slot_id, reservation_id, seats, lock_id, ttl_ms,
      blocking_reservation_id, blocking_session_id
    from offer_slot(${entry_id}, ${slot_id}, ${sql.json(actor)})`);
  const { outcome, rule, blocking_reservation_id, blocking_session_id } = row;
  const hold = outcome === 'ok' ? holdOf(row.slot_id, row) : null;
  return {
    outcome,
    rule,
    slot_id: row.slot_id,
    hold,
    blocking_reservation_id,
    blocking_session_id,
  };
}

export type Acceptance = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'reservation_expired';
  readonly reservation_id: string | null;
  /** It was accepted before. */
  readonly repeated: boolean | null;
  readonly hold: OfferedHold | null;
};

/** The owner wants what is offered; from now on they have the time that everybody has to pay. */
export async function acceptOffer(sql: Db, entry_id: string, actor: DbActor): Promise<Acceptance> {
  const row = await runOne(sql<
    (Omit<Acceptance, 'hold'> & { slot_id: string | null } & OfferRow)[]
  >`
    select outcome, reservation_id, repeated, slot_id, seats, lock_id, ttl_ms
    from accept_offer(${entry_id}, ${sql.json(actor)})`);
  const { outcome, reservation_id, repeated } = row;
  const hold = outcome === 'ok' ? holdOf(row.slot_id, row) : null;
  return { outcome, reservation_id, repeated, hold };
}

export type EndMode = 'decline' | 'refuse' | 'leave';

export type Ending = {
  readonly outcome: 'ok' | 'already_done' | 'not_found' | 'conflict';
  readonly slot_id: string | null;
  readonly seats: readonly number[] | null;
  readonly lock_id: string | null;
  readonly session_id: string | null;
};

/** Gives an offer back, or leaves the list. */
export async function endWaitlist(
  sql: Db,
  entry_id: string,
  mode: EndMode,
  reason: string | null,
  actor: DbActor,
): Promise<Ending> {
  return await runOne(sql<Ending[]>`
    select outcome, slot_id, seats, lock_id, session_id
    from end_waitlist(${entry_id}, ${mode}, ${reason}, ${sql.json(actor)})`);
}

export type Opening = { readonly opening_id: string; readonly slot_id: string };

/** Leases what became free to this worker. */
export async function claimOpenings(
  sql: Db,
  limit: number,
  lease_ms: number,
): Promise<readonly Opening[]> {
  return await run(sql<Opening[]>`
    select opening_id::text, slot_id from claim_openings(${limit}, ${lease_ms})`);
}

/** Done with these. */
export async function forgetOpenings(sql: Db, opening_ids: readonly string[]): Promise<void> {
  await run(
    sql`delete from waitlist_openings where id = any (${[...opening_ids]}::text[]::bigint[])`,
  );
}

/** Slots that may be open now because these are, for services that somebody waits for. */
export async function slotsFreed(
  sql: Db,
  slot_ids: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const rows = await run(sql<{ slot_id: string }[]>`
    select slot_id from slots_freed(${[...slot_ids]}::uuid[], ${limit}) as slot_id`);
  return rows.map(({ slot_id }) => slot_id);
}

/** Entries that were due to be looked at, with open slots for them. */
export async function lookThrough(
  sql: Db,
  limit: number,
): Promise<readonly { readonly entry_id: string; readonly slot_id: string | null }[]> {
  return await run(sql<{ entry_id: string; slot_id: string | null }[]>`
    select entry_id, slot_id from look_through(${limit})`);
}
