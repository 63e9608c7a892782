import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** What PostgreSQL knows about the seats that locks stand for. */

/** A hold, as far as its lock on one slot is concerned: a hold of several services is one of these for each. */
export type HoldFacts = {
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly status: 'pending' | 'confirmed' | 'cancelled' | 'expired';
  readonly lock_id: string;
  readonly slot_id: string;
  readonly seats: readonly number[];
  readonly user_id: string;
  readonly extended: boolean;
  readonly age_ms: number;
  readonly changed_ms_ago: number;
  readonly expires_in_ms: number;
  readonly expires_at: Temporal.Instant;
};

/** A slot, as people recognise it. */
export type SlotFacts = {
  readonly slot_id: string;
  readonly clinic_id: string;
  readonly clinic_code: string;
  readonly time_zone: string;
  readonly starts_at: Temporal.Instant;
  readonly staff_name: string | null;
  readonly service_name: string;
};

const hold_columns = (sql: Db) => sql`
  r.id as reservation_id, r.reference_code, r.status, r.lock_id, p.slot_id, p.seats, r.user_id,
  r.extended_at is not null as extended,
  (extract(epoch from now() - r.created_at) * 1000)::float8 as age_ms,
  (extract(epoch from now() - r.updated_at) * 1000)::float8 as changed_ms_ago,
  (extract(epoch from r.expires_at - now()) * 1000)::float8 as expires_in_ms, r.expires_at`;

/** Pending holds by id, overdue ones too: the locks that should exist. Pages of `limit` holds by `after`. */
export async function pendingHolds(
  sql: Db,
  limit: number,
  after: string | null,
): Promise<readonly HoldFacts[]> {
  return await run(sql<HoldFacts[]>`
    with holds as (
      select r.*
      from reservations r
      where r.status = 'pending'
        ${after === null ? sql`` : sql`and r.id > ${after}`}
      order by r.id
      limit ${limit}
    )
    select ${hold_columns(sql)}
    from holds h
    join reservations r on r.id = h.id
    cross join lateral places_of(r) p
    order by r.id`);
}

/** The pending holds that claim a seat of one slot. */
export async function pendingHoldsOfSlot(sql: Db, slot_id: string): Promise<readonly HoldFacts[]> {
  return await run(sql<HoldFacts[]>`
    select ${hold_columns(sql)}
    from reservations r
    cross join lateral places_of(r) p
    where r.status = 'pending' and p.slot_id = ${slot_id}
      and r.id in (select c.reservation_id from slot_claims c where c.slot_id = ${slot_id})`);
}

/**
 * The holds that these tokens were made for, whatever became of them, if they began within a day: ids begin
 * with their time (UUID version 7), so the primary key finds them without an index of their own.
 */
export async function holdsByLockId(
  sql: Db,
  lock_ids: readonly string[],
): Promise<readonly HoldFacts[]> {
  if (lock_ids.length === 0) return [];
  return await run(sql<HoldFacts[]>`
    select ${hold_columns(sql)}
    from reservations r
    cross join lateral places_of(r) p
    where r.id >= (
        select (
          lpad(to_hex((extract(epoch from now() - interval '1 day') * 1000)::bigint), 12, '0')
          || '70008000000000000000'
        )::uuid
      )
      and r.lock_id = any (${lock_ids}::text[])`);
}

/** Slots by id; unknown ones are left out. */
export async function slotFacts(
  sql: Db,
  slot_ids: readonly string[],
): Promise<readonly SlotFacts[]> {
  if (slot_ids.length === 0) return [];
  return await run(sql<SlotFacts[]>`
    select sl.id as slot_id, sl.clinic_id, c.code as clinic_code, c.time_zone, sl.starts_at,
      st.name as staff_name, sv.name as service_name
    from slots sl
    join clinics c on c.id = sl.clinic_id
    join services sv on sv.id = sl.service_id
    left join staff st on st.id = sl.staff_id
    where sl.id = any (${slot_ids}::uuid[])`);
}

export type HoldStep = {
  readonly action: string;
  readonly status: string;
  readonly source: string | null;
  readonly notes: string | null;
  readonly at: Temporal.Instant;
};

/** What happened to a hold, oldest first. */
export async function holdHistory(sql: Db, reservation_id: string): Promise<readonly HoldStep[]> {
  return await run(sql<HoldStep[]>`
    select action, status, source, notes, created_at as at
    from reservation_log_entries
    where reservation_id = ${reservation_id}
    order by reservation_version
    limit 100`);
}

/** When and why a key of that clinic (null = any) was released by force for the last time; null = never. */
export async function lastRelease(
  sql: Db,
  key: string,
  clinic_id: string | null,
): Promise<{ readonly at: Temporal.Instant; readonly reason: string | null } | null> {
  const [row] = await run(sql<{ at: Temporal.Instant; reason: string | null }[]>`
    select at, reason
    from audit_log
    where target_type = 'lock' and target_id = ${key} and action = 'lock.released'
      and (${clinic_id}::uuid is null or clinic_id = ${clinic_id})
    order by at desc
    limit 1`);
  return row ?? null;
}

export type ForcedEnd = {
  readonly outcome: 'ok' | 'not_found' | 'conflict';
  readonly seats: readonly number[] | null;
  readonly slot_id: string | null;
  readonly lock_id: string | null;
  /** A provider's session that can still be paid: have it expired. */
  readonly session_id: string | null;
};

/** Ends the hold of one lock, if it still is pending and that lock's; the audit entry is part of it. */
export async function forceCancelReservation(
  sql: Db,
  hold: Pick<HoldFacts, 'reservation_id' | 'lock_id'>,
  why: { readonly reason: string; readonly before: unknown },
  actor: DbActor,
): Promise<ForcedEnd> {
  return await runOne(sql<ForcedEnd[]>`
    select outcome, seats, slot_id, lock_id, session_id
    from force_cancel_reservation(
      ${hold.reservation_id}, ${hold.lock_id}, ${why.reason}, ${sql.json(toJson(why.before))},
      ${sql.json(actor)}
    )`);
}

/** One hold, and the provider's session that can still be paid for it; null when there is no such hold. */
export async function holdById(
  sql: Db,
  reservation_id: string,
): Promise<(HoldFacts & { readonly session_id: string | null }) | null> {
  const [row] = await run(sql<(HoldFacts & { readonly session_id: string | null })[]>`
    select ${hold_columns(sql)}, open_session(r.id) as session_id
    from reservations r
    cross join lateral (select r.slot_id, r.seats) p
    where r.id = ${reservation_id}`);
  return row ?? null;
}
