import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';

/** News that is older and still not out waits for something. The undo of a cancel holds it back for half a minute. */
const OUT_WITHIN = '2 minutes';
/** Tries again by itself, seldom for longer. */
const SENT_WITHIN = '15 minutes';
const PAID_BACK_WITHIN = '1 hour';

/** Entries of one timeline; a booking with more has a problem of its own. */
const TRACE_MAX = 500;

export type TraceEntry = {
  readonly at: Temporal.Instant;
  readonly part:
    | 'lock'
    | 'hold'
    | 'booking'
    | 'payment'
    | 'webhook'
    | 'refund'
    | 'event'
    | 'message'
    | 'reminder'
    | 'series';
  readonly what: string;
  readonly detail: string | null;
  readonly source: string | null;
  readonly request_id: string | null;
  /** Of events: their place in the feed. */
  readonly sequence: number | null;
  /** Of events, refunds and messages: from being written to being out; null while they wait. */
  readonly out_ms: number | null;
  /** It should have left, been paid back or been tried by now. */
  readonly overdue: boolean;
};

/** A hold that may never have become a booking, and what is true of it now. */
export type StoryRow = {
  readonly booking_id: string | null;
  readonly reservation_id: string;
  readonly clinic_id: string;
  readonly reference_code: string;
  readonly time_zone: string;
  readonly status: string;
  readonly expires_at: Temporal.Instant;
  readonly now: Temporal.Instant;
};

/**
 * The hold behind a reference, or behind the id of a hold, a payment, or an owner (their newest), in the caller's
 * scope.
 */
export async function findStory(sql: Db, ref: string, scope: Scope): Promise<StoryRow | null> {
  const which = ref.startsWith('BP')
    ? sql`select id from reservations where reference_code = ${ref}`
    : sql`
      select id from reservations where id = ${ref}
      union all
      select reservation_id from bookings where id = ${ref}
      union all
      select reservation_id from payments where id = ${ref}
      union all
      (select id from reservations where user_id = ${ref} order by created_at desc limit 1)`;
  const [row] = await run(sql<StoryRow[]>`
    select b.id as booking_id, r.id as reservation_id, r.clinic_id, r.reference_code, c.time_zone, r.status,
      r.expires_at, now() as now
    from reservations r
    join clinics c on c.id = r.clinic_id
    left join bookings b on b.reservation_id = r.id
    where r.id in (${which})
      ${scope.user_id === null ? sql`` : sql`and r.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and r.clinic_id = ${scope.clinic_id}`}
    limit 1`);
  return row ?? null;
}

/**
 * What became of the doorman's lock. PostgreSQL decides and writes it down in its own statements; the lock in
 * Redis follows at once, or by its time to live where a process died in between.
 */
function lockEntries(sql: Db, reservation_id: string | null) {
  return sql`
    select l.created_at, case when l.door_seats is null then 1 else -1 end,
      l.reservation_version, 'lock',
      case
        when l.action = 'reservation.created' then 'lock.acquired'
        when l.action = 'reservation.extended' then 'lock.extended'
        when l.action = 'reservation.expired' then 'lock.expired'
        when l.action = 'reservation.retaken' then 'lock.not_needed'
        else 'lock.released'
      end,
      concat_ws(', ', 'fence ' || r.fence, 'seat ' || array_to_string(r.seats, ' '),
        case
          when l.action <> 'reservation.created' then null
          when l.door_seats is null then 'after the judge'
          else 'at the door'
        end,
        case
          when l.action = 'reservation.created' then 'for ' || c.hold_ms / 1000 || ' s'
          when l.action = 'reservation.extended' then 'for 300 s more'
        end),
      'redis', l.request_id, null, null, false
    from reservation_log_entries l
    join reservations r on r.id = l.reservation_id
    join clinics c on c.id = r.clinic_id
    where l.reservation_id = ${reservation_id}
    union all
    select a.at, 1, 0, 'lock', a.action, concat_ws(': ', a.target_id, a.reason), a.source,
      a.request_id, null, null, false
    from reservations r
    join audit_log a
      on a.target_type = 'reservation' and a.target_id = r.id::text and a.action like 'lock.%'
      or a.target_type = 'lock' and a.target_id in (
        select 'hold:{' || p.slot_id || '}:' || seat from places_of(r) p, unnest(p.seats) as seat
      )
    where r.id = ${reservation_id}
      and coalesce(a.before ->> 'reservation_id', r.id::text) = r.id::text
      and a.at >= r.created_at`;
}

/** What left the house, or was to. */
const messageEntries = (sql: Db, booking_id: string | null) => sql`
    select d.created_at, 6, 0, 'message', d.type || '.' || d.status,
      concat_ws(': ', d.channel, d.last_error), null, d.correlation_id, null,
      d.sent_at - d.created_at,
      d.status = 'dead'
        or d.status = 'pending' and d.next_attempt_at < now() - ${SENT_WITHIN}::interval
    from deliveries d
    -- Two looks by their indices: one with "or" would read every message of all years.
    where d.id in (
      select x.id from deliveries x where x.booking_id = ${booking_id}
      union
      select x.id from told join deliveries x on x.event_id = told.id
    )`;

/** Money that goes back. */
const refundEntries = (sql: Db) => sql`
    select f.created_at, 4, 0, 'refund', 'refund.' || f.status,
      concat_ws(' ', amount_text(f.amount, f.currency), f.currency, f.reason, f.last_error), null,
      f.correlation_id, null,
      case when f.status = 'completed' then f.updated_at - f.created_at end,
      f.status = 'failed' or f.status in ('pending', 'processing')
        and f.created_at < now() - ${PAID_BACK_WITHIN}::interval
    from paid p
    join refunds f on f.payment_id = p.id`;

/** The order for visits that come again. */
const seriesEntries = (sql: Db, booking_id: string | null) => sql`
    select s.created_at, -1, 0, 'series', 'series.created',
      s.visits_asked || ' visits asked for, each ' || s.every || ' ' || s.unit, s.source,
      s.correlation_id, null, null, false
    from bookings b
    join booking_series s on s.id = b.series_id
    where b.id = ${booking_id}`;

/** When each reminder is due, by the clinic's clock, and what became of it. */
const reminderEntries = (sql: Db, booking_id: string | null) => sql`
    select m.created_at, 7, 0, 'reminder', 'reminder.planned',
      m.reminder_type || ', for ' || to_char(
        m.scheduled_time at time zone c.time_zone, 'YYYY-MM-DD HH24:MI'
      ), null, null, null, null,
      m.status = 'pending' and m.scheduled_time < now() - ${SENT_WITHIN}::interval
    from booking_reminders m
    join clinics c on c.id = m.clinic_id
    where m.booking_id = ${booking_id}
    union all
    select coalesce(m.sent_at, m.updated_at), 7, 1, 'reminder', 'reminder.' || m.status,
      concat_ws(': ', m.reminder_type, m.reason), null, null, null, null, false
    from booking_reminders m
    where m.booking_id = ${booking_id} and m.status <> 'pending'`;

/**
 * Everything that was written down about a booking, in order of time: what people and machines did,
 * what the payment provider said, and what left the house when.
 */
export async function readTrace(
  sql: Db,
  booking: { readonly booking_id: string | null; readonly reservation_id: string | null },
): Promise<readonly TraceEntry[]> {
  const { booking_id, reservation_id } = booking;
  return await run(sql<TraceEntry[]>`
    with paid as (
      select p.*
      from payments p
      where p.booking_id = ${booking_id} or p.reservation_id = ${reservation_id}
    ), told as (
      select o.*
      from booking_events_outbox o
      where o.aggregate_id in (
        select ${booking_id}::uuid union all select ${reservation_id}::uuid
        union all select id from paid
      )
    ), entries as (
      select l.created_at as at, 0 as place, l.reservation_version as version, 'hold' as part,
        l.action as what, concat_ws(': ', l.status, l.notes) as detail, l.source, l.request_id,
        null::bigint as sequence, null::interval as took, false as overdue
      from reservation_log_entries l
      where l.reservation_id = ${reservation_id}
      union all ${lockEntries(sql, reservation_id)}
      union all
      select e.created_at, 1, e.booking_version, 'booking', e.action,
        concat_ws(': ', e.status, e.notes), e.source, e.request_id, null, null,
        false
      from booking_logs g
      join booking_log_entries e on e.log_id = g.id
      where g.booking_id = ${booking_id}
      union all
      select p.created_at, 2, 0, 'payment',
        case when p.session_id is null then 'payment.taken' else 'payment.page_opened' end,
        concat_ws(' ', amount_text(p.amount, p.currency), p.currency, p.payment_method), null, null,
        null, p.paid_at - p.created_at, false
      from paid p
      union all
      select a.created_at, 3, 0, 'payment', 'payment.' || a.result,
        concat_ws(' ', amount_text(a.amount, a.currency), a.currency, a.reason), 'webhook', null,
        null, null, false
      from paid p
      join payment_attempts a on a.payment_id = p.id
      union all
      select w.received_at, 2, 0, 'webhook', w.event_type, w.outcome, 'webhook', w.event_id, null,
        null, false
      from webhook_events w
      where w.event_id in (
        select a.event_id from paid p join payment_attempts a on a.payment_id = p.id
      )
      union all ${refundEntries(sql)}
      union all
      select o.created_at, 5, o.aggregate_version, 'event', o.event_type, null, null,
        o.correlation_id, o.sequence, o.published_at - o.created_at,
        o.published_at is null and o.created_at < now() - ${OUT_WITHIN}::interval
      from told o
      union all ${messageEntries(sql, booking_id)}
      union all ${reminderEntries(sql, booking_id)}
      union all ${seriesEntries(sql, booking_id)}
    )
    select at, part, what, nullif(detail, '') as detail, source, request_id, sequence,
      round(extract(epoch from took) * 1000)::integer as out_ms, coalesce(overdue, false) as overdue
    from entries
    order by at, place, version, sequence
    limit ${TRACE_MAX}`);
}
