import type { ServiceItem } from '../../domain/items.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';
import type { TierRule } from './prices.ts';

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
  readonly pet_id: string | null;
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

/** Which rule refused a row of slots; reasons of slots that are closed stand for themselves. */
export type RowRule =
  | 'items_clinic'
  | 'items_currency'
  | 'items_overlap'
  | 'items_gap'
  | 'items_count'
  | 'items_seats'
  | 'owner_busy'
  | 'too_soon'
  | 'too_far'
  | 'past'
  | 'blocked'
  | 'booked'
  | 'held'
  | 'staff_busy'
  | 'room_busy';

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
  readonly rule: RowRule | TierRule | null;
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

/** A slot that one of the wanted items can have now. */
export type ItemSlot = {
  /** Of the item, from 1. */
  readonly position: number;
  readonly slot_id: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly room_id: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly busy_from: Temporal.Instant;
  readonly busy_to: Temporal.Instant;
  readonly capacity: number;
  readonly time_zone: string;
  readonly hold_ms: number;
  readonly clinic_id: string;
  readonly currency: string;
  /** Of the item with its quantity, tax included. */
  readonly amount: string;
};

/** Rows of one answer: a long day of a big house. */
const SLOTS_MAX = 4_000;
/** Later items may begin so long after the last beginning that is wanted. */
const TAIL = '12 hours';

/**
 * Slots that items can have, in one read: by item, begin within [from, to) (later items a while longer). Owners see
 * what their notice and horizon allow.
 */
export async function itemSlots(
  sql: Db,
  wish: {
    readonly clinic_id: string;
    readonly items: readonly ServiceItem[];
    readonly from: Temporal.Instant;
    readonly to: Temporal.Instant;
    readonly is_owner: boolean;
  },
): Promise<readonly ItemSlot[]> {
  const { clinic_id, from, to, is_owner } = wish;
  const items = wish.items.map((item, index) => ({ ...item, position: index + 1 }));
  return await run(sql<ItemSlot[]>`
    select w.position, s.slot_id, s.service_id, s.service_name, s.staff_id, s.staff_name, s.room_id,
      s.starts_at, s.ends_at, lower(x.busy) as busy_from, upper(x.busy) as busy_to, s.capacity,
      s.time_zone, s.hold_ms, s.clinic_id, s.currency, p.amount
    from jsonb_to_recordset(${sql.json(toJson(items))}) as w (
      position integer, service_id uuid, slot_id uuid, staff_id uuid, tier text, quantity integer
    )
    join slot_states s
      on s.service_id = w.service_id
      and s.starts_at >= ${from.toString()}
      and s.starts_at < ${to.toString()}::timestamptz
        + case when w.position = 1 then interval '0' else ${TAIL}::interval end
    join slots sl on sl.id = s.slot_id
    join services sv on sv.id = s.service_id
    join clinics c on c.id = s.clinic_id
    cross join lateral (select busy_range(sl) as busy) x
    cross join lateral item_price(sl, sv, c, w.tier, w.quantity) p
    where s.clinic_id = ${clinic_id} and c.is_active and not sv.has_seats
      and s.starts_at > now() and s.reason is null and s.is_available
      and s.remaining >= w.quantity
      and (w.slot_id is null or s.slot_id = w.slot_id)
      and (w.staff_id is null or s.staff_id = w.staff_id)
      and (
        not ${is_owner}
        or coalesce(s.owners_from <= now(), true) and coalesce(s.owners_until > now(), true)
      )
      and p.amount is not null
    order by s.starts_at, w.position, s.staff_name, s.slot_id
    limit ${SLOTS_MAX}`);
}

/**
 * The owner's hold or booking of several services that begins then, or that this key made; null when there is none.
 * A repeated request finds it, because its slots are no longer free.
 */
export async function ownRow(
  sql: Db,
  wish: {
    readonly user_id: string;
    readonly starts_at: Temporal.Instant;
    readonly idempotency_key: string | null;
  },
): Promise<string | null> {
  const { user_id, starts_at, idempotency_key } = wish;
  const at = starts_at.toString();
  const [row] = await run(sql<{ id: string }[]>`
    select r.id, 1 as rank
    from reservations r
    where r.user_id = ${user_id} and r.idempotency_key = ${idempotency_key}
    union all
    select r.id, 2
    from slot_claims c
    join reservations r on r.id = c.reservation_id
    where c.user_id = ${user_id} and c.ends_at > ${at} and c.starts_at = ${at}
      and r.item_count > 1 and c.slot_id = r.slot_id and r.status = 'pending'
      and c.expires_at > now()
    order by rank
    limit 1`);
  return row?.id ?? null;
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
