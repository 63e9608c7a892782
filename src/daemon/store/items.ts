import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Holds of several services in a row; docs/items.md. */

export type ItemRequest = {
  readonly slot_id: string;
  readonly quantity: number;
  /** Seats that the doorman locked, or null. */
  readonly seats: readonly number[] | null;
  /** Price tier; absent = the default. */
  readonly tier?: string | undefined;
};

export type HoldItemsRequest = {
  /** Chosen by the caller, so that an unknown outcome can be looked up. */
  readonly reservation_id: string;
  readonly user_id: string;
  readonly pet_id: string;
  /** In the order of the visit. */
  readonly items: readonly ItemRequest[];
  readonly lock_id: string;
  readonly idempotency_key: string | null;
};

/** One place of a hold. */
export type Place = { readonly slot_id: string; readonly seats: readonly number[] };

/** An item as it was held or sold; instants as RFC 3339. */
export type HeldItem = Place & {
  readonly position: number;
  readonly service_id: string;
  readonly service_name: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly quantity: number;
  readonly amount: string;
};

export type HoldItemsResult = {
  readonly outcome:
    | 'ok'
    | 'again'
    | 'replayed'
    | 'slot_taken'
    | 'slot_locked'
    | 'overdue_session'
    | 'invalid_slot'
    | 'service_unavailable'
    | 'not_found'
    | 'invalid_input'
    | 'policy_refused';
  readonly rule: string | null;
  readonly tier: string | null;
  /** The slot that stood in the way. */
  readonly slot_id: string | null;
  readonly reservation_id: string | null;
  readonly reference_code: string | null;
  readonly lock_id: string | null;
  /** Of the first item. */
  readonly seats: readonly number[] | null;
  readonly expires_at: Temporal.Instant | null;
  readonly amount: string | null;
  readonly amount_due: string | null;
  readonly currency: string | null;
  readonly items: readonly HeldItem[] | null;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
  readonly retry_after_ms: number | null;
};

/** The judge for several slots: holds them all or none, in one round trip. */
export async function holdItems(
  sql: Db,
  hold: HoldItemsRequest,
  actor: DbActor,
): Promise<HoldItemsResult> {
  const items = hold.items.map(({ slot_id, quantity, seats, tier }) => ({
    slot_id,
    quantity,
    seats: seats === null ? null : [...seats],
    ...(tier === undefined ? {} : { tier }),
  }));
  return await runOne(sql<HoldItemsResult[]>`
    select outcome, rule, tier, slot_id, reservation_id, reference_code, lock_id, seats, expires_at,
      amount, amount_due, currency, items, blocking_reservation_id, blocking_session_id,
      retry_after_ms
    from hold_items(
      ${hold.reservation_id}, ${hold.user_id}, ${hold.pet_id}, ${sql.json(items)},
      ${hold.lock_id}, ${hold.idempotency_key}, ${sql.json(actor)}
    )`);
}

/** The items of a hold or booking, in order; none when it is of one service. */
export async function itemsOf(sql: Db, reservation_id: string): Promise<readonly HeldItem[]> {
  const { items } = await runOne(sql<{ items: readonly HeldItem[] | null }[]>`
    select items_json(r.id, r.currency) as items
    from reservations r
    where r.id = ${reservation_id}`);
  return items ?? [];
}

/** All places of the hold of one lock, by its first slot: ids of holds are not at hand where locks are freed. */
export async function placesOfLock(
  sql: Db,
  slot_id: string,
  lock_id: string,
): Promise<readonly Place[]> {
  return await run(sql<Place[]>`
    select p.slot_id, p.seats
    from reservation_items i
    join reservations r on r.id = i.reservation_id
    cross join lateral places_of(r) p
    where i.slot_id = ${slot_id} and i.position = 1 and r.lock_id = ${lock_id}
    order by p.slot_id
    limit 8`);
}
