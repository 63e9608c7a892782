import type { ClosedReason } from '../../domain/closed-reason.ts';
import { type Db, run } from './db.ts';

/** What never or rarely changes about a slot: enough to lock it before PostgreSQL judges. */
export type SlotMeta = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly clinic_id: string;
  readonly staff_id: string | null;
  readonly capacity: number;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly time_zone: string;
  /** How long the clinic holds a slot. */
  readonly hold_ms: number;
};

export type SlotRow = SlotMeta & {
  readonly staff_name: string | null;
  readonly service_name: string;
  readonly remaining: number;
  /** Of capacity: seats beyond those that the slot was made for. */
  readonly extra_seats: number;
  /** Per seat. */
  readonly price: string;
  readonly currency: string;
  readonly status: 'available' | 'booked' | 'blocked';
  readonly is_available: boolean;
  readonly version: number;
  /** Why it cannot be held; null = it can. */
  readonly reason: ClosedReason | null;
};

/**
 * Why a slot of slot_states is not open to whoever asks; hold_slot judges owners by the same two limits.
 * Comparisons with null are no: no horizon, no reason.
 */
const reasonFor = (sql: Db, is_owner: boolean) =>
  is_owner
    ? sql`case
        when reason = 'blocked' and closed_for is not null then 'closed'
        when reason is not null then reason
        when owners_until < now() then 'too_soon'
        when owners_from > now() then 'too_far'
      end`
    : sql`case
        when reason = 'blocked' and closed_for is not null then 'closed'
        else reason
      end`;

const columns = (sql: Db, is_owner = false) => sql`
  slot_id, service_id, clinic_id, staff_id, capacity, starts_at, ends_at, time_zone, hold_ms,
  staff_name, service_name, remaining, price, currency, status, is_available, version,
  ${reasonFor(sql, is_owner)} as reason,
  (select sl.extra_seats from slots sl where sl.id = slot_id) as extra_seats`;

/** One slot without its state; null when there is none. */
export async function findSlotMeta(sql: Db, slot_id: string): Promise<SlotMeta | null> {
  const [row] = await run(sql<SlotMeta[]>`
    select sl.id as slot_id, sl.service_id, sl.clinic_id, sl.staff_id, sl.capacity, sl.starts_at,
      sl.ends_at, c.time_zone, c.hold_ms
    from slots sl
    join clinics c on c.id = sl.clinic_id
    where sl.id = ${slot_id}`);
  return row ?? null;
}

/** The time zone of the clinic that sells a service. */
export async function clinicZone(sql: Db, service_id: string): Promise<string | null> {
  const [row] = await run(sql<{ time_zone: string }[]>`
    select c.time_zone
    from services sv
    join clinics c on c.id = sv.clinic_id
    where sv.id = ${service_id}`);
  return row?.time_zone ?? null;
}

/** Slots of a service that start then, open ones first. */
export async function slotsStartingAt(
  sql: Db,
  service_id: string,
  starts_at: Temporal.Instant,
  staff_id: string | null,
): Promise<readonly SlotRow[]> {
  return await run(sql<SlotRow[]>`
    select ${columns(sql)}
    from slot_states
    where service_id = ${service_id}
      and starts_at = ${starts_at.toString()}
      ${staff_id === null ? sql`` : sql`and staff_id = ${staff_id}`}
    order by reason is null desc, staff_name, slot_id
    limit 50`);
}

export type SlotFilter = {
  readonly service_id: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly staff_id?: string | null;
  /** An owner asks: not at the last minute, not years ahead. */
  readonly is_owner?: boolean;
  /** Also the slots that cannot be held, with the reason. */
  readonly explain?: boolean;
  /** The last row of the page before. */
  readonly after?: { readonly starts_at: Temporal.Instant; readonly slot_id: string } | null;
  readonly limit: number;
};

/** Slots of a service in a half-open range of instants, by start; open ones unless explained. */
export async function listSlots(sql: Db, filter: SlotFilter): Promise<readonly SlotRow[]> {
  const { service_id, from, to, staff_id, is_owner = false, explain = false } = filter;
  const { after, limit } = filter;
  return await run(sql<SlotRow[]>`
    select ${columns(sql, is_owner)}
    from slot_states
    where service_id = ${service_id}
      and starts_at >= ${from.toString()}
      and starts_at < ${to.toString()}
      ${staff_id ? sql`and staff_id = ${staff_id}` : sql``}
      ${explain ? sql`` : sql`and starts_at > now() and ${reasonFor(sql, is_owner)} is null`}
      ${after ? sql`and (starts_at, slot_id) > (${after.starts_at.toString()}, ${after.slot_id})` : sql``}
    order by starts_at, slot_id
    limit ${limit}`);
}

export type NearSlot = {
  readonly slot_id: string;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly remaining: number;
  readonly staff_name: string | null;
};

/** How many slots on either side of a lost one are looked at; keeps a sold-out month cheap. */
const NEAR_LOOKED_AT = 40;

/** Open slots of the same service nearest in time to a lost one. */
export async function nearestOpenSlots(
  sql: Db,
  slot_id: string,
  count: number,
): Promise<readonly NearSlot[]> {
  return await run(sql<NearSlot[]>`
    with wanted as (
      select service_id, starts_at from slots where id = ${slot_id}
    ), around as (
      (select sl.id from slots sl, wanted w
        where sl.service_id = w.service_id and sl.starts_at >= w.starts_at
          and sl.id <> ${slot_id}
        order by sl.starts_at limit ${NEAR_LOOKED_AT})
      union
      (select sl.id from slots sl, wanted w
        where sl.service_id = w.service_id and sl.starts_at < w.starts_at and sl.starts_at > now()
        order by sl.starts_at desc limit ${NEAR_LOOKED_AT})
    )
    select s.slot_id, s.starts_at, s.time_zone, s.remaining, s.staff_name
    from around a
    join slot_states s on s.slot_id = a.id
    cross join wanted w
    where s.reason is null and s.is_available
      -- Kept for all who lose: only what owners may book too.
      and s.owners_until >= now() and coalesce(s.owners_from <= now(), true)
    order by abs(extract(epoch from s.starts_at - w.starts_at)), s.starts_at
    limit ${count}`);
}

/** Takes a slot out of sale or puts it back; false when there is no such slot. Bookings stay. */
export async function setSlotBlocked(
  sql: Db,
  slot_id: string,
  is_blocked: boolean,
): Promise<boolean> {
  const rows = await run(sql`
    update slots
    set status = case
        when ${is_blocked} then 'blocked'
        when booked_count >= capacity then 'booked'
        else 'available'
      end,
      version = version + 1,
      updated_at = now()
    where id = ${slot_id}
    returning id`);
  return rows.length === 1;
}

export type HourRow = {
  readonly date: string;
  readonly hour: number;
  readonly free: number;
  readonly total: number;
  readonly blocked: number;
  readonly past: number;
};

/** Seats of a service by local day and hour; what the hours have closed is not counted. */
export async function hoursOfSlots(
  sql: Db,
  filter: Omit<SlotFilter, 'explain' | 'after' | 'limit'>,
): Promise<readonly HourRow[]> {
  const { service_id, from, to, staff_id, is_owner = false } = filter;
  return await run(sql<HourRow[]>`
    select date, hour,
      coalesce(sum(remaining) filter (where why is null), 0)::integer as free,
      coalesce(sum(capacity) filter (where why is distinct from 'blocked'), 0)::integer as total,
      coalesce(sum(capacity) filter (where why = 'blocked'), 0)::integer as blocked,
      coalesce(sum(capacity) filter (where why = 'past'), 0)::integer as past
    from (
      select
        (starts_at at time zone time_zone)::date::text as date,
        extract(hour from starts_at at time zone time_zone)::integer as hour,
        capacity, remaining, ${reasonFor(sql, is_owner)} as why
      from slot_states
      where service_id = ${service_id}
        and starts_at >= ${from.toString()}
        and starts_at < ${to.toString()}
        ${staff_id ? sql`and staff_id = ${staff_id}` : sql``}
    ) s
    where why is distinct from 'closed'
    group by date, hour
    order by date, hour`);
}
