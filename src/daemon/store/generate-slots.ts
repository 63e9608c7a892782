import type { WantedSlot } from '../../domain/schedule.ts';
import type { Claim, KnownSlot } from '../../domain/schedule-changes.ts';
import type { Span } from '../../domain/schedule-clock.ts';
import { type Db, run, runOne } from './db.ts';

/** Slots as the generator finds and leaves them. */

const instantText = (ms: number) => new Date(ms).toISOString();

export type Scope = {
  readonly clinic_id: string;
  readonly service_id?: string | undefined;
  readonly staff_id?: string | undefined;
};

/** A week of the largest clinic; more is a mistake that must not be half seen. */
const SLOTS_MAX = 50_000;

function assertAll<T>(rows: readonly T[], what: string): readonly T[] {
  if (rows.length < SLOTS_MAX) return rows;
  throw new Error(`More than ${SLOTS_MAX} ${what} in one window of a clinic`);
}

/** Every slot that starts in the window. */
export async function knownSlots(
  sql: Db,
  { clinic_id, service_id, staff_id }: Scope,
  { from, to }: Span,
): Promise<readonly KnownSlot[]> {
  const rows = await run(sql<KnownSlot[]>`
    select sl.id as slot_id, sl.service_id, sl.staff_id, sl.room_id,
      (extract(epoch from sl.starts_at) * 1000)::bigint as starts_ms,
      (extract(epoch from sl.ends_at) * 1000)::bigint as ends_ms,
      (extract(epoch from coalesce(sl.busy_from, sl.starts_at)) * 1000)::bigint as busy_from_ms,
      (extract(epoch from coalesce(sl.busy_to, sl.ends_at)) * 1000)::bigint as busy_to_ms,
      sl.capacity - sl.extra_seats as capacity, sl.origin,
      sl.closed_for is not null as is_closed,
      sl.status = 'blocked' and sl.closed_for is null as is_blocked,
      exists (select from slot_claims c where c.slot_id = sl.id) as is_claimed
    from slots sl
    where sl.clinic_id = ${clinic_id}
      and sl.starts_at >= ${instantText(from)} and sl.starts_at < ${instantText(to)}
      ${service_id === undefined ? sql`` : sql`and sl.service_id = ${service_id}`}
      ${staff_id === undefined ? sql`` : sql`and sl.staff_id = ${staff_id}`}
    order by sl.starts_at
    limit ${SLOTS_MAX}`);
  return assertAll(rows, 'slots');
}

/** Where vets and rooms of a clinic are taken. */
export async function knownClaims(
  sql: Db,
  clinic_id: string,
  { from, to }: Span,
): Promise<readonly Claim[]> {
  const window = sql`tstzrange(${instantText(from)}, ${instantText(to)})`;
  const rows = await run(sql<Claim[]>`
    select k.slot_id, k.staff_id, k.room_id,
      (extract(epoch from lower(k.during)) * 1000)::bigint as "from",
      (extract(epoch from upper(k.during)) * 1000)::bigint as "to"
    from (
      select x.slot_id, x.staff_id, null::uuid as room_id, x.during
      from staff_claims x
      where x.staff_id in (select st.id from staff st where st.clinic_id = ${clinic_id})
        and x.during && ${window}
      union all
      select x.slot_id, null, x.room_id, x.during
      from room_claims x
      where x.room_id in (select r.id from rooms r where r.clinic_id = ${clinic_id})
        and x.during && ${window}
    ) as k
    limit ${SLOTS_MAX}`);
  return assertAll(rows, 'claims');
}

/** Time off that stands, of the vets of a clinic. */
export async function standingTimeOff(
  sql: Db,
  clinic_id: string,
  { from, to }: Span,
): Promise<readonly (Span & { readonly staff_id: string })[]> {
  return await run(sql<(Span & { staff_id: string })[]>`
    select t.staff_id, (extract(epoch from t.starts_at) * 1000)::bigint as "from",
      (extract(epoch from t.ends_at) * 1000)::bigint as "to"
    from staff_time_off t
    where t.clinic_id = ${clinic_id} and t.ended_at is null
      and t.starts_at < ${instantText(to)} and t.ends_at > ${instantText(from)}
    limit ${SLOTS_MAX}`);
}

export type Applied = {
  readonly opened: number;
  readonly reopened: number;
  readonly closed: number;
};

const rowOf = (slot: WantedSlot & { readonly reuse: string | null }, time_zone: string) => {
  const ends = Temporal.Instant.fromEpochMilliseconds(slot.ends_ms).toZonedDateTimeISO(time_zone);
  const is_buffered = slot.busy_from_ms < slot.starts_ms || slot.busy_to_ms > slot.ends_ms;
  return {
    reuse: slot.reuse,
    service_id: slot.service_id,
    staff_id: slot.staff_id,
    room_id: slot.room_id,
    starts_at: instantText(slot.starts_ms),
    ends_at: instantText(slot.ends_ms),
    slot_date: slot.date,
    slot_start_time: slot.time,
    slot_end_time: ends.toPlainTime().toString({ smallestUnit: 'minute' }),
    capacity: slot.capacity,
    busy_from: is_buffered ? instantText(slot.busy_from_ms) : null,
    busy_to: is_buffered ? instantText(slot.busy_to_ms) : null,
  };
};

/** Opens, opens again and closes; what somebody took meanwhile stays as it is. */
export async function applySchedule(
  sql: Db,
  clinic: { readonly clinic_id: string; readonly time_zone: string },
  change: {
    readonly origin: 'schedule' | 'manual';
    readonly open: readonly (WantedSlot & { readonly reuse: string | null })[];
    readonly reopen: readonly string[];
    readonly close: readonly string[];
  },
): Promise<Applied> {
  const rows = change.open.map((slot) => rowOf(slot, clinic.time_zone));
  return await runOne(sql<Applied[]>`
    select opened, reopened, closed
    from apply_schedule(
      ${clinic.clinic_id}, ${change.origin}, ${sql.json(rows)}, ${[...change.reopen]}::uuid[],
      ${[...change.close]}::uuid[]
    )`);
}

/** Who holds or has booked these slots, by slot. */
export async function claimedBy(
  sql: Db,
  slot_ids: readonly string[],
): Promise<readonly { readonly slot_id: string; readonly reference_code: string }[]> {
  if (slot_ids.length === 0) return [];
  return await run(sql`
    select distinct c.slot_id, r.reference_code
    from slot_claims c
    join reservations r on r.id = c.reservation_id
    where c.slot_id = any (${[...slot_ids]}::uuid[])
    order by r.reference_code
    limit 5000`);
}

/** The last day that has a slot of each service, closed ones left out. */
export async function lastSlots(
  sql: Db,
  clinic_id: string,
): Promise<readonly { readonly service_id: string; readonly last: string | null }[]> {
  return await run(sql`
    select sv.id as service_id, l.slot_date::text as last
    from services sv
    left join lateral (
      select sl.slot_date
      from slots sl
      where sl.service_id = sv.id and sl.starts_at > now() and sl.closed_for is null
      order by sl.starts_at desc
      limit 1
    ) as l on true
    where sv.clinic_id = ${clinic_id}
    limit 2000`);
}

/** The last day up to which the hours once made slots: when they change, so far they are looked at. */
export async function lastMadeDay(sql: Db, clinic_id: string): Promise<string | null> {
  const [row] = await run(sql<{ last: string }[]>`
    select sl.slot_date::text as last
    from slots sl
    where sl.clinic_id = ${clinic_id} and sl.starts_at > now() and sl.origin = 'schedule'
    order by sl.starts_at desc
    limit 1`);
  return row?.last ?? null;
}

/** A clinic whose slots are due, leased to this daemon; null = none. */
export async function claimRun(
  sql: Db,
  lease_ms: number,
): Promise<{ readonly clinic_id: string; readonly version: number } | null> {
  const [row] = await run(sql<{ clinic_id: string | null; version: number }[]>`
    select clinic_id, version from claim_schedule_run(${lease_ms})`);
  return row?.clinic_id ? { clinic_id: row.clinic_id, version: row.version } : null;
}

/** Ends a run: the next one is tomorrow, or at once when the hours changed meanwhile. */
export async function finishRun(
  sql: Db,
  run_of: { readonly clinic_id: string; readonly version: number },
  sums: {
    readonly opened: number;
    readonly closed: number;
    readonly kept: number;
    readonly covered_until: string;
  } | null,
  error: string | null,
): Promise<void> {
  const json = sums === null ? null : sql.json(sums);
  await run(sql`
    select from finish_schedule_run(${run_of.clinic_id}, ${run_of.version}, ${json}, ${error})`);
}
