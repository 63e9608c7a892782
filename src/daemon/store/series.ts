import type { BookingStatus, PaymentState } from '../../domain/booking.ts';
import type { SeriesUnit } from '../../domain/series.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** Series of bookings: what is read of them. */

export type SeriesRow = {
  readonly series_id: string;
  readonly series_code: string;
  readonly clinic_id: string;
  readonly clinic_name: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly user_id: string;
  readonly owner_name: string | null;
  readonly pet_id: string | null;
  readonly pet_name: string | null;
  readonly staff_id: string | null;
  readonly every: number;
  readonly unit: SeriesUnit;
  readonly weekdays: readonly number[];
  readonly month_by: 'date' | 'weekday';
  readonly start_date: Temporal.PlainDate;
  readonly start_time: Temporal.PlainTime;
  readonly until_date: Temporal.PlainDate | null;
  readonly quantity: number;
  readonly notes: string | null;
  readonly visits_asked: number;
  readonly visits_made: number;
  readonly visits_left: number;
  readonly next_visit_at: Temporal.Instant | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
};

const rows = (sql: Db) => sql`
  select s.id as series_id, 'SR' || s.number as series_code, s.clinic_id, c.name as clinic_name,
    c.time_zone, sv.currency, s.service_id, sv.name as service_name, s.user_id,
    u.full_name as owner_name, s.pet_id, pt.name as pet_name, s.staff_id, s.every, s.unit,
    to_jsonb(s.weekdays) as weekdays, s.month_by, s.start_date, s.start_time, s.until_date,
    s.quantity, s.notes, s.visits_asked, k.visits_made, k.visits_left, k.next_visit_at,
    k.version, s.created_at
  from booking_series s
  join clinics c on c.id = s.clinic_id
  join services sv on sv.id = s.service_id
  left join users u on u.id = s.user_id
  left join pets pt on pt.id = s.pet_id
  cross join lateral (
    select count(*)::integer as visits_made,
      (count(*) filter (where b.status = 'confirmed' and b.booking_time > now()))::integer
        as visits_left,
      min(b.booking_time) filter (where b.status = 'confirmed' and b.booking_time > now())
        as next_visit_at,
      (1 + coalesce(sum(b.version - 1), 0))::integer as version
    from bookings b
    where b.series_id = s.id
  ) as k`;

const within = (sql: Db, scope: Scope) => sql`
  ${scope.user_id === null ? sql`` : sql`and s.user_id = ${scope.user_id}`}
  ${scope.clinic_id === null ? sql`` : sql`and s.clinic_id = ${scope.clinic_id}`}`;

/** One series by its id, its code, or the reference or id of one of its bookings; null outside the scope. */
export async function findSeries(sql: Db, ref: string, scope: Scope): Promise<SeriesRow | null> {
  const [row] = await run(sql<SeriesRow[]>`
    ${rows(sql)}
    where ${
      ref.startsWith('SR')
        ? sql`s.number = ${ref.slice(2)}`
        : ref.startsWith('BP')
          ? sql`s.id = (select b.series_id from bookings b where b.reference_code = ${ref})`
          : sql`s.id = coalesce(
              (select b.series_id from bookings b where b.id = ${ref}), ${ref}::uuid)`
    }
      ${within(sql, scope)}`);
  return row ?? null;
}

/** Newest first. */
export async function listSeries(
  sql: Db,
  filter: {
    readonly scope: Scope;
    readonly user_id?: string | undefined;
    readonly clinic_id?: string | undefined;
    readonly service_id?: string | undefined;
    readonly after: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly SeriesRow[]> {
  const { scope, user_id, clinic_id, service_id, after, limit } = filter;
  return await run(sql<SeriesRow[]>`
    ${rows(sql)}
    where true
      ${within(sql, scope)}
      ${user_id ? sql`and s.user_id = ${user_id}` : sql``}
      ${clinic_id ? sql`and s.clinic_id = ${clinic_id}` : sql``}
      ${service_id ? sql`and s.service_id = ${service_id}` : sql``}
      ${after ? sql`and (s.created_at, s.id) < (${after.at.toString()}, ${after.id})` : sql``}
    order by s.created_at desc, s.id desc
    limit ${limit}`);
}

export type SeriesVisitRow = {
  readonly position: number;
  readonly booking_id: string;
  readonly reservation_id: string | null;
  readonly reference_code: string;
  readonly status: BookingStatus;
  readonly slot_id: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly amount: string;
  readonly currency: string;
  readonly payment_state: PaymentState;
  readonly version: number;
};

/** All visits of a series, 52 at most, in the order of time. */
export async function visitsOfSeries(
  sql: Db,
  series_id: string,
): Promise<readonly SeriesVisitRow[]> {
  return await run(sql<SeriesVisitRow[]>`
    select b.series_position as position, r.booking_id, r.reservation_id, r.reference_code,
      r.status, r.slot_id,
      r.staff_id, r.staff_name, r.starts_at, r.ends_at, r.amount, r.currency,
      r.payment_state, r.version
    from bookings b
    join booking_rows r on r.booking_id = b.id
    where b.series_id = ${series_id}
    order by r.starts_at, r.booking_id`);
}

/** What a series is asked for: the service, its clinic, and whether the pet is the owner's or needless. */
export type SeriesService = {
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly service_name: string;
  readonly currency: string;
  readonly is_available: boolean;
  readonly requires_approval: boolean;
  readonly has_pet: boolean;
  readonly staff_name: string | null;
};

export async function findSeriesService(
  sql: Db,
  wish: {
    readonly service_id: string;
    readonly user_id: string;
    readonly pet_id: string | null;
    readonly staff_id: string | null;
    readonly clinic_id: string | null;
  },
): Promise<SeriesService | null> {
  const { service_id, user_id, pet_id, staff_id, clinic_id } = wish;
  const [row] = await run(sql<SeriesService[]>`
    select sv.clinic_id, c.time_zone, sv.name as service_name, sv.currency,
      sv.is_available and c.is_active as is_available, sv.requires_approval,
      case
        when ${pet_id}::uuid is null then c.kind <> 'clinic'
        else exists (select from pets p where p.id = ${pet_id} and p.user_id = ${user_id})
      end as has_pet,
      (select st.name from staff st where st.id = ${staff_id} and st.clinic_id = sv.clinic_id)
        as staff_name
    from services sv
    join clinics c on c.id = sv.clinic_id
    where sv.id = ${service_id}
      ${clinic_id === null ? sql`` : sql`and sv.clinic_id = ${clinic_id}`}`);
  return row ?? null;
}

export type CreateResult = {
  readonly outcome: 'ok' | 'conflict' | 'policy_refused';
  readonly series_number: number | null;
  readonly failed: readonly {
    readonly position: number;
    readonly why: string;
    readonly rule: string | null;
  }[];
  readonly rule: string | null;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
};

export type SeriesWish = {
  readonly series_id: string;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly user_id: string;
  readonly pet_id: string | null;
  readonly staff_id: string | null;
  readonly quantity: number;
  readonly every: number;
  readonly unit: SeriesUnit;
  readonly weekdays: readonly number[];
  readonly month_by: 'date' | 'weekday';
  readonly start_date: string;
  readonly start_time: string;
  readonly visits_asked: number;
  readonly until_date: string | null;
  readonly notes: string | null;
};

export type WishedVisit = {
  readonly position: number;
  readonly starts_at: string;
  readonly reservation_id: string;
  /** The best first. */
  readonly slot_ids: readonly string[];
};

/** Makes a series: all visits or, with `skip`, those that can be made. */
export async function createSeries(
  sql: Db,
  wish: SeriesWish,
  visits: readonly WishedVisit[],
  skip: boolean,
  actor: DbActor,
): Promise<CreateResult> {
  return await runOne(sql<CreateResult[]>`
    select outcome, series_number, failed, rule, blocking_reservation_id, blocking_session_id
    from create_series(
      ${sql.json(toJson(wish))}, ${sql.json(toJson(visits))}, ${skip}, ${sql.json(actor)}
    )`);
}

export type MoveResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict';
  readonly visits: readonly {
    readonly booking_id: string;
    readonly slot_id: string;
    readonly old_slot_id: string;
    readonly old_amount: string;
    readonly amount: string;
    readonly refund_amount: string;
    readonly due_amount: string;
  }[];
  readonly failed: readonly {
    readonly booking_id: string;
    readonly why: string;
    readonly rule: string | null;
  }[];
  readonly version: number;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
};

type Change = {
  readonly series_id: string;
  readonly by: 'owner' | 'clinic';
  readonly reason: string | null;
  /** The version that was looked at. */
  readonly expected_version: number;
  readonly quote: boolean;
};

/** Moves visits, worked off in the order given. */
export async function moveSeries(
  sql: Db,
  change: Change & {
    readonly items: readonly {
      readonly booking_id: string;
      readonly slot_ids: readonly string[];
    }[];
    readonly skip: boolean;
  },
  actor: DbActor,
): Promise<MoveResult> {
  const { series_id, items, by, reason, expected_version, skip, quote } = change;
  return await runOne(sql<MoveResult[]>`
    select outcome, visits, failed, version, blocking_reservation_id, blocking_session_id
    from move_series(
      ${series_id}, ${sql.json(toJson(items))}, ${by}, ${reason}, ${expected_version}, ${skip}, ${quote},
      ${sql.json(actor)}
    )`);
}

export type CancelSeriesResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly visits: readonly {
    readonly booking_id: string;
    readonly slot_id: string;
    readonly refund_percent: number;
    readonly refund_amount: string;
    readonly version: number;
  }[];
  readonly failed_id: string | null;
  readonly version: number;
};

/** Cancels visits, all of those named or none. */
export async function cancelSeries(
  sql: Db,
  change: Change & { readonly booking_ids: readonly string[] },
  actor: DbActor,
): Promise<CancelSeriesResult> {
  const { series_id, booking_ids, by, reason, expected_version, quote } = change;
  return await runOne(sql<CancelSeriesResult[]>`
    select outcome, visits, failed_id, version
    from cancel_series(
      ${series_id}, ${[...booking_ids]}::uuid[], ${by}, ${reason}, ${expected_version}, ${quote},
      ${sql.json(actor)}
    )`);
}
