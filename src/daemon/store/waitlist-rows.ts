import type { OfferEnd, SkipReason, WaitlistStatus } from '../../domain/waitlist.ts';
import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';
import type { TierItem } from './prices.ts';

/** The waiting list as it is read. */

export type OfferRow = {
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly slot_id: string;
  readonly starts_at: Temporal.Instant;
  readonly staff_name: string | null;
  readonly offered_at: Temporal.Instant;
  readonly offered_by_hand: boolean;
  readonly expires_at: Temporal.Instant;
  readonly accepted_at: Temporal.Instant | null;
  readonly ended_at: Temporal.Instant | null;
  readonly ended_as: OfferEnd | null;
};

export type SkipRow = {
  readonly slot_id: string;
  /** Null when the slot is gone. */
  readonly starts_at: Temporal.Instant | null;
  readonly reason: SkipReason;
  readonly times: number;
  readonly last_at: Temporal.Instant;
};

export type EntryRow = {
  readonly entry_id: string;
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly user_id: string;
  readonly owner_name: string | null;
  readonly owner_phone: string | null;
  readonly pet_id: string | null;
  readonly pet_name: string | null;
  readonly from_date: string;
  readonly to_date: string;
  readonly weekdays: readonly number[];
  readonly from_time: string;
  readonly to_time: string | null;
  readonly quantity: number;
  readonly items: readonly TierItem[] | null;
  readonly priority: number;
  readonly status: WaitlistStatus;
  readonly left_reason: string | null;
  readonly misses: number;
  readonly position: number | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
};

const columns = (sql: Db) => sql`
  w.id as entry_id, w.clinic_id, c.time_zone, w.service_id, sv.name as service_name, w.staff_id,
  st.name as staff_name, w.user_id, u.full_name as owner_name, u.phone as owner_phone, w.pet_id,
  pt.name as pet_name, (w.wanted_from at time zone c.time_zone)::date::text as from_date,
  ((w.wanted_to - interval '1 second') at time zone c.time_zone)::date::text as to_date,
  w.weekdays::integer[] as weekdays, to_char(w.from_time, 'HH24:MI') as from_time,
  nullif(to_char(w.to_time, 'HH24:MI'), '24:00') as to_time, w.quantity, w.items, w.priority,
  w.status, w.left_reason, w.misses,
  case when w.status = 'waiting' then (
    select 1 + count(*)::integer
    from waitlist_entries o
    where o.service_id = w.service_id and o.status = 'waiting'
      and (-o.priority, o.created_at, o.id) < (-w.priority, w.created_at, w.id)
  ) end as position,
  w.version, w.created_at`;

const sources = (sql: Db) => sql`
  waitlist_entries w
  join clinics c on c.id = w.clinic_id
  join services sv on sv.id = w.service_id
  left join staff st on st.id = w.staff_id
  left join users u on u.id = w.user_id
  left join pets pt on pt.id = w.pet_id`;

const scoped = (sql: Db, scope: Scope) => sql`
  ${scope.user_id === null ? sql`` : sql`and w.user_id = ${scope.user_id}`}
  ${scope.clinic_id === null ? sql`` : sql`and w.clinic_id = ${scope.clinic_id}`}`;

/** One entry within the caller's scope; null when there is none for them. */
export async function findEntry(sql: Db, entry_id: string, scope: Scope): Promise<EntryRow | null> {
  const [row] = await run(sql<EntryRow[]>`
    select ${columns(sql)}
    from ${sources(sql)}
    where w.id = ${entry_id} ${scoped(sql, scope)}`);
  return row ?? null;
}

export type EntryFilter = {
  readonly scope: Scope;
  readonly clinic_id: string | null;
  readonly service_id: string | null;
  readonly user_id: string | null;
  readonly statuses: readonly WaitlistStatus[];
  readonly after: { readonly at: Temporal.Instant; readonly id: string } | null;
  readonly limit: number;
};

/** Entries in the order in which they came. */
export async function listEntries(sql: Db, filter: EntryFilter): Promise<readonly EntryRow[]> {
  const { scope, clinic_id, service_id, user_id, statuses, after, limit } = filter;
  return await run(sql<EntryRow[]>`
    select ${columns(sql)}
    from ${sources(sql)}
    where w.status = any (${[...statuses]}::text[]) ${scoped(sql, scope)}
      ${clinic_id === null ? sql`` : sql`and w.clinic_id = ${clinic_id}`}
      ${service_id === null ? sql`` : sql`and w.service_id = ${service_id}`}
      ${user_id === null ? sql`` : sql`and w.user_id = ${user_id}`}
      ${after ? sql`and (w.created_at, w.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by w.created_at, w.id
    limit ${limit}`);
}

type OfEntry = { readonly entry_id: string };

/** Offers of these entries, newest first: of each entry at most so many. */
export async function listOffers(
  sql: Db,
  entry_ids: readonly string[],
  each: number,
): Promise<readonly (OfferRow & OfEntry)[]> {
  return await run(sql<(OfferRow & OfEntry)[]>`
    select e.id as entry_id, o.*
    from unnest(${[...entry_ids]}::uuid[]) as e (id)
    cross join lateral (
      select o.reservation_id, r.reference_code, o.slot_id, sl.starts_at, st.name as staff_name,
        o.offered_at, o.offered_by is not null as offered_by_hand, r.expires_at, o.accepted_at,
        o.ended_at, o.ended_as
      from waitlist_offers o
      join reservations r on r.id = o.reservation_id
      join slots sl on sl.id = o.slot_id
      left join staff st on st.id = sl.staff_id
      where o.entry_id = e.id
      order by o.offered_at desc
      limit ${each}
    ) as o`);
}

/** The slots that these entries were passed over for, newest first. */
export async function listSkips(
  sql: Db,
  entry_ids: readonly string[],
  each: number,
): Promise<readonly (SkipRow & OfEntry)[]> {
  return await run(sql<(SkipRow & OfEntry)[]>`
    select e.id as entry_id, k.*
    from unnest(${[...entry_ids]}::uuid[]) as e (id)
    cross join lateral (
      select k.slot_id, sl.starts_at, k.reason, k.times, k.last_at
      from waitlist_skips k
      left join slots sl on sl.id = k.slot_id
      where k.entry_id = e.id
      order by k.last_at desc
      limit ${each}
    ) as k`);
}

export type OpenSlot = {
  readonly slot_id: string;
  readonly starts_at: Temporal.Instant;
  readonly staff_name: string | null;
  readonly remaining: number;
};

/** Slots that could be offered to an entry by hand now, soonest first. */
export async function openSlotsFor(
  sql: Db,
  entry_id: string,
  limit: number,
): Promise<readonly OpenSlot[]> {
  return await run(sql<OpenSlot[]>`
    select s.slot_id, s.starts_at, s.staff_name, s.remaining
    from waitlist_entries w
    join slot_states s
      on s.service_id = w.service_id
      and s.starts_at >= greatest(w.wanted_from, now()) and s.starts_at < w.wanted_to
    join slots sl on sl.id = s.slot_id
    where w.id = ${entry_id} and s.reason is null and s.is_available
      and s.remaining >= w.quantity and fits_waitlist(w, sl)
    order by s.starts_at, s.slot_id
    limit ${limit}`);
}

export type TokenOffer = {
  readonly token: string;
  readonly entry_id: string;
  readonly reservation_id: string;
  readonly user_id: string;
  readonly ended_as: OfferEnd | null;
  /** It stands, and its time is not over. */
  readonly is_open: boolean;
};

/** The offer that a link of a mail names; null for a token that is none. */
export async function findOfferByToken(sql: Db, token: string): Promise<TokenOffer | null> {
  const [row] = await run(sql<TokenOffer[]>`
    select o.token, o.entry_id, o.reservation_id, w.user_id, o.ended_as,
      o.ended_at is null and r.status = 'pending' and r.expires_at > now() as is_open
    from waitlist_offers o
    join waitlist_entries w on w.id = o.entry_id
    join reservations r on r.id = o.reservation_id
    where o.token = ${token}`);
  return row ?? null;
}

/** The token of the offer that a hold was made for; told to nobody but its owner. */
export async function offerToken(sql: Db, reservation_id: string): Promise<string | null> {
  const [row] = await run(sql<{ token: string }[]>`
    select token from waitlist_offers where reservation_id = ${reservation_id}`);
  return row?.token ?? null;
}
