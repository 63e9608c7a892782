import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Hours of a vet that are closed, and what stands in their way. */

export type StaffMember = {
  readonly staff_id: string;
  readonly staff_name: string;
  readonly clinic_id: string;
  readonly time_zone: string;
};

/** A vet and the clinic's zone; null when there is none that the caller may see. */
export async function findStaff(
  sql: Db,
  staff_id: string,
  clinic_id: string | null,
): Promise<StaffMember | null> {
  const [row] = await run(sql<StaffMember[]>`
    select st.id as staff_id, st.name as staff_name, st.clinic_id, c.time_zone
    from staff st
    join clinics c on c.id = st.clinic_id
    where st.id = ${staff_id}
      ${clinic_id === null ? sql`` : sql`and st.clinic_id = ${clinic_id}`}`);
  return row ?? null;
}

/** A booking or an unpaid hold on one of the vet's slots. */
export type InTheWay = {
  /** Null = only a hold so far. */
  readonly booking_id: string | null;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly version: number;
  readonly is_movable: boolean;
  /** Of several services in a row this is one: they stay or go together. */
  readonly item_count: number;
  readonly slot_id: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly user_id: string;
  readonly owner_name: string | null;
  readonly pet_name: string | null;
  readonly quantity: number;
  readonly currency: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly created_at: Temporal.Instant;
};

type Window = { readonly from: Temporal.Instant; readonly to: Temporal.Instant };

/** Everything that stands on a vet's slots in a window, at most `limit`. */
export async function visitsInTheWay(
  sql: Db,
  staff_id: string,
  { from, to }: Window,
  limit: number,
): Promise<readonly InTheWay[]> {
  return await run(sql<InTheWay[]>`
    select b.id as booking_id, r.id as reservation_id, r.reference_code,
      coalesce(b.version, r.version) as version,
      coalesce(b.status = 'confirmed', true) as is_movable,
      sl.id as slot_id, sl.service_id, sv.name as service_name, r.user_id,
      u.full_name as owner_name, pt.name as pet_name, r.quantity, r.currency, sl.starts_at,
      sl.ends_at, coalesce(b.created_at, r.created_at) as created_at, r.item_count
    from slots sl
    join lateral (
      select distinct c.reservation_id from slot_claims c where c.slot_id = sl.id
    ) k on true
    join reservations r on r.id = k.reservation_id
    join services sv on sv.id = sl.service_id
    left join bookings b on b.reservation_id = r.id
    left join users u on u.id = r.user_id
    left join pets pt on pt.id = r.pet_id
    where sl.staff_id = ${staff_id}
      -- With what is needed around the visit: the vet is taken for that too.
      and coalesce(sl.busy_from, sl.starts_at) < ${to.toString()}
      and coalesce(sl.busy_to, sl.ends_at) > ${from.toString()}
    order by sl.starts_at, r.reference_code
    limit ${limit}`);
}

export type FreePlace = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly room_id: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly remaining: number;
};

/** Slots of these services that can be held, but not of that vet in that window; nearest days first. */
export async function freePlaces(
  sql: Db,
  wish: {
    readonly service_ids: readonly string[];
    readonly staff_id: string;
    readonly closed: Window;
    readonly within: Window;
    readonly limit: number;
  },
): Promise<readonly FreePlace[]> {
  const { service_ids, staff_id, closed, within, limit } = wish;
  return await run(sql<FreePlace[]>`
    select slot_id, service_id, staff_id, staff_name, room_id, starts_at, ends_at, remaining
    from slot_states
    where service_id = any (${[...service_ids]}::uuid[])
      and starts_at >= ${within.from.toString()}
      and starts_at < ${within.to.toString()}
      and starts_at > now() and reason is null and is_available
      and (
        staff_id is distinct from ${staff_id}
        or starts_at >= ${closed.to.toString()} or ends_at <= ${closed.from.toString()}
      )
    order by starts_at, slot_id
    limit ${limit}`);
}

/** Where these owners are, or hold a place to be, in a window. */
export async function ownersBusy(
  sql: Db,
  user_ids: readonly string[],
  { from, to }: Window,
): Promise<
  readonly {
    readonly user_id: string;
    readonly reservation_id: string;
    readonly starts_at: Temporal.Instant;
    readonly ends_at: Temporal.Instant;
  }[]
> {
  return await run(sql`
    select distinct c.user_id, c.reservation_id, c.starts_at, c.ends_at
    from slot_claims c
    where c.user_id = any (${[...user_ids]}::uuid[])
      and c.ends_at > ${from.toString()}
      and c.starts_at < ${to.toString()}
      and (c.expires_at is null or c.expires_at > now())`);
}

export type Closing = {
  readonly outcome: 'ok' | 'not_found' | 'expired' | 'conflict';
  readonly problem: Readonly<Record<string, string | number | null>> | null;
  readonly time_off_id: string | null;
  readonly moved: number;
  readonly cancelled: number;
  readonly kept: number;
  readonly holds_ended: readonly {
    readonly slot_id: string;
    readonly seats: readonly number[];
    readonly lock_id: string;
    readonly session_id: string | null;
  }[];
  readonly slots_closed: number | null;
};

/** Carries a frozen plan out, whole or not at all. */
export async function takeTimeOff(
  sql: Db,
  plan: { readonly plan_id: string; readonly reason: string | null },
  actor: DbActor,
): Promise<Closing> {
  return await runOne(sql<Closing[]>`
    select outcome, problem, time_off_id, moved, cancelled, kept, holds_ended, slots_closed
    from take_time_off(${plan.plan_id.slice(2)}, ${plan.reason}, ${sql.json(actor)})`);
}

export type TimeOffRow = {
  readonly time_off_id: string;
  readonly staff_id: string;
  readonly staff_name: string;
  readonly time_zone: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly reason: string;
  readonly plan_id: string;
  readonly slots_closed: number;
};

/** What is closed now or later, soonest first. */
export async function listTimeOff(
  sql: Db,
  clinic_id: string,
  limit: number,
): Promise<readonly TimeOffRow[]> {
  return await run(sql<TimeOffRow[]>`
    select t.id as time_off_id, t.staff_id, st.name as staff_name, c.time_zone, t.starts_at,
      t.ends_at, t.reason, 'PL' || t.plan_id as plan_id, cardinality(t.slot_ids) as slots_closed
    from staff_time_off t
    join staff st on st.id = t.staff_id
    join clinics c on c.id = t.clinic_id
    where t.clinic_id = ${clinic_id} and t.ended_at is null and t.ends_at > now()
    order by t.starts_at, t.id
    limit ${limit}`);
}

/** Opens closed hours again. */
export async function endTimeOff(
  sql: Db,
  time_off_id: string,
  actor: DbActor,
): Promise<{
  readonly outcome: 'ok' | 'not_found' | 'already_done';
  readonly slots_opened: number;
}> {
  return await runOne(
    sql`select outcome, slots_opened from end_time_off(${time_off_id}, ${sql.json(actor)})`,
  );
}
