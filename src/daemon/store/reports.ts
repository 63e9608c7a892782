import type { ReportGroup } from '../../domain/report.ts';
import { type Db, run } from './db.ts';

export type ReportRow = {
  readonly key: string;
  readonly label: string | null;
  readonly bookings: number;
  readonly completed: number;
  readonly cancelled: number;
  readonly no_shows: number;
  readonly revenue: string;
  readonly offered_minutes: number;
  readonly sold_minutes: number;
  readonly lead_minutes: number;
  readonly waitlisted: number;
};

/** More vets or services than this are cut; days and weeks are bounded by the range. */
const ROWS_MAX = 1_000;

/** One row per thing that is counted, with its local day; `c` is the clinic and the range. */
const factRows = (sql: Db, by: ReportGroup) => sql`
    select d::date as day, null::uuid as staff_id, null::uuid as service_id, 0 as bookings,
      0 as completed, 0 as cancelled, 0 as no_shows, 0::numeric as revenue, 0 as offered,
      0 as sold, 0::numeric as lead, 0 as waitlisted
    from c, generate_series(c.d_from, c.d_to, interval '1 day') as d
    where ${by} in ('day', 'week')
    union all
    select (b.booking_time at time zone c.time_zone)::date, sl.staff_id, b.service_id, 1,
      (b.status = 'completed')::integer, (b.status = 'cancelled')::integer,
      (b.status = 'no-show')::integer, 0, 0, 0,
      greatest(extract(epoch from b.booking_time - b.created_at) / 60, 0), 0
    from c
    join bookings b on b.clinic_id = c.id
      and b.booking_time >= c.t_from and b.booking_time < c.t_to
    join slots sl on sl.id = b.slot_id
    union all
    select (sl.starts_at at time zone c.time_zone)::date, sl.staff_id, sl.service_id, 0, 0, 0, 0,
      0,
      m.minutes * case when sl.status = 'blocked' then sl.booked_count else sl.capacity end,
      m.minutes * sl.booked_count, 0, 0
    from c
    join slots sl on sl.clinic_id = c.id and sl.starts_at >= c.t_from and sl.starts_at < c.t_to
    cross join lateral (
      select (extract(epoch from sl.ends_at - sl.starts_at) / 60)::integer as minutes
    ) as m
    union all
    select (e.created_at at time zone c.time_zone)::date, sl.staff_id, b.service_id, 0, 0, 0, 0,
      e.total_amount, 0, 0, 0, 0
    from c
    join financial_entries e on e.clinic_id = c.id and e.currency = c.currency
      and e.created_at >= c.t_from and e.created_at < c.t_to
    join bookings b on b.id = e.booking_id
    join slots sl on sl.id = b.slot_id
    union all
    select (w.created_at at time zone c.time_zone)::date, w.staff_id, w.service_id, 0, 0, 0, 0, 0, 0, 0,
      0, 1
    from c
    join waitlist_entries w on w.clinic_id = c.id
      and w.created_at >= c.t_from and w.created_at < c.t_to`;

/**
 * The figures of a clinic's local days, both included. One statement that only reads, so one picture of the
 * database, on a replica too. The instants a day around only lead to the index; the local date decides, so that days
 * of 23 and 25 hours, and midnights that are skipped or come twice, count each moment once.
 */
export async function readReport(
  sql: Db,
  range: {
    readonly clinic_id: string;
    readonly by: ReportGroup;
    readonly from: string;
    readonly to: string;
  },
): Promise<readonly ReportRow[]> {
  const { clinic_id, by, from, to } = range;
  return await run(sql<ReportRow[]>`
    with c as (
      select id, time_zone, currency,
        ${from}::date as d_from, ${to}::date as d_to,
        (${from}::date - 1)::timestamp at time zone time_zone as t_from,
        (${to}::date + 2)::timestamp at time zone time_zone as t_to
      from clinics
      where id = ${clinic_id}
    ),
    facts as (
      ${factRows(sql, by)}
    ),
    grouped as (
      select
        case ${by}
          when 'day' then f.day::text
          when 'week' then date_trunc('week', f.day::timestamp)::date::text
          when 'vet' then coalesce(f.staff_id::text, 'none')
          else f.service_id::text
        end as key,
        sum(f.bookings)::integer as bookings, sum(f.completed)::integer as completed,
        sum(f.cancelled)::integer as cancelled, sum(f.no_shows)::integer as no_shows,
        sum(f.revenue) as revenue, sum(f.offered) as offered_minutes, sum(f.sold) as sold_minutes,
        round(sum(f.lead))::bigint as lead_minutes, sum(f.waitlisted)::integer as waitlisted
      from facts f
      join c on f.day between c.d_from and c.d_to
      group by 1
    )
    select g.key,
      case when ${by} in ('day', 'week') then g.key else coalesce(s.name, sv.name) end as label,
      g.bookings, g.completed, g.cancelled, g.no_shows, g.revenue, g.offered_minutes,
      g.sold_minutes, g.lead_minutes, g.waitlisted
    from grouped g
    left join staff s on ${by} = 'vet' and s.id::text = g.key
    left join services sv on ${by} = 'service' and sv.id::text = g.key
    order by case when ${by} in ('day', 'week') then g.key end, label, g.key
    limit ${ROWS_MAX}`);
}
