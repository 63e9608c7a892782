import { JOBS_COUNT_MAX, type JobQueue } from '../../domain/job.ts';
import type { Db } from './db.ts';

/**
 * Each queue as rows of one form: job_id, state, kind, at, next_at, attempts, cause, last_error; `whole` adds booking,
 * reference, recipient and payload. Each branch walks an index and stops at JOBS_COUNT_MAX, however long the history.
 */

type Form = 'light' | 'whole';

/** Causes that only a text tells are as long as this. */
const CAUSE_CHARS = 80;
/** Of what is over, so many of the newest are looked through for dead ones. */
const ENDED_MAX = 20_000;

function outbox(sql: Db, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return sql`
    select o.id::text as job_id,
      case
        when o.dead_at is not null then 'dead'
        when o.next_attempt_at is not null then 'retry'
        else 'ready'
      end as state,
      o.event_type as kind, o.created_at as at, o.next_attempt_at as next_at, o.attempts,
      coalesce(o.error_code, left(o.last_error, ${CAUSE_CHARS})) as cause, o.last_error
      ${
        form === 'light'
          ? sql``
          : sql`, nullif(o.payload ->> 'booking_id', '')::uuid as booking_id,
              o.payload ->> 'reference_code' as reference_code, null::text as recipient, o.payload`
      }
    from (
      (select * from booking_events_outbox
        where sequence is null ${here}
        order by position limit ${JOBS_COUNT_MAX})
      union all
      (select * from booking_events_outbox
        where sequence is not null and not published and dead_at is null ${here}
        order by sequence limit ${JOBS_COUNT_MAX})
      union all
      (select * from booking_events_outbox
        where dead_at is not null ${here}
        order by error_code, sequence limit ${JOBS_COUNT_MAX})
    ) as o`;
}

function deliveries(sql: Db, channel: JobQueue, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return sql`
    select d.id::text as job_id,
      case
        when d.status = 'dead' then 'dead'
        when d.status = 'sending' and d.leased_until > now() then 'running'
        -- What a person put in line again begins anew, whatever it failed for before.
        when d.last_error is not null and d.attempts > 0 then 'retry'
        when d.next_attempt_at > now() then 'later'
        else 'ready'
      end as state,
      d.type as kind, d.created_at as at,
      case when d.status <> 'dead' then d.next_attempt_at end as next_at, d.attempts,
      coalesce(d.error_code, left(d.last_error, ${CAUSE_CHARS})) as cause, d.last_error
      ${
        form === 'light'
          ? sql``
          : sql`, d.booking_id, d.payload ->> 'reference_code' as reference_code,
              d.address as recipient, d.payload`
      }
    from (
      (select * from deliveries
        where channel = ${channel} and status in ('pending', 'sending') ${here}
        limit ${JOBS_COUNT_MAX})
      union all
      (select * from deliveries
        where channel = ${channel} and status = 'dead' ${here}
        order by dead_at desc limit ${JOBS_COUNT_MAX})
    ) as d`;
}

function reminders(sql: Db, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return sql`
    select m.id::text as job_id,
      case
        when m.status = 'failed' then 'dead'
        when m.scheduled_time > now() then 'later'
        else 'ready'
      end as state,
      m.reminder_type as kind, m.scheduled_time as at,
      case when m.status = 'pending' then m.scheduled_time end as next_at, 0 as attempts,
      m.reason as cause, m.reason as last_error
      ${
        form === 'light'
          ? sql``
          : sql`, m.booking_id, null::text as reference_code, null::text as recipient,
              null::jsonb as payload`
      }
    from (
      (select * from booking_reminders
        where status = 'pending' ${here}
        order by scheduled_time limit ${JOBS_COUNT_MAX})
      union all
      -- An owner without any address is nobody's work for longer than a week.
      (select m.* from clinics c
        cross join lateral (
          select * from booking_reminders
          where clinic_id = c.id and status = 'failed'
            and scheduled_time > now() - interval '7 days' and scheduled_time < now()
          limit ${JOBS_COUNT_MAX}
        ) as m
        where true ${clinic_id === null ? sql`` : sql`and c.id = ${clinic_id}`}
        limit ${JOBS_COUNT_MAX})
    ) as m`;
}

function waitlist(sql: Db, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`where s.clinic_id = ${clinic_id}`;
  return sql`
    select w.id::text as job_id,
      case
        when w.leased_until > now() then 'running'
        when w.not_before > now() then 'later'
        else 'ready'
      end as state,
      'opening' as kind, w.created_at as at, w.not_before as next_at, 0 as attempts,
      null::text as cause, null::text as last_error
      ${
        form === 'light'
          ? sql``
          : sql`, null::uuid as booking_id, null::text as reference_code,
              null::text as recipient, jsonb_build_object('slot_id', w.slot_id) as payload`
      }
    from (
      select o.* from waitlist_openings o
        ${clinic_id === null ? sql`` : sql`join slots s on s.id = o.slot_id`} ${here}
        order by o.not_before limit ${JOBS_COUNT_MAX}
    ) as w`;
}

function refunds(sql: Db, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return sql`
    select f.id::text as job_id,
      case
        when f.status = 'failed' then 'dead'
        when f.decision = 'awaiting' then 'later'
        when f.leased_until > now() then 'running'
        when f.last_error is not null then 'retry'
        when f.next_attempt_at > now() then 'later'
        else 'ready'
      end as state,
      case when f.decision = 'awaiting' then 'awaiting' else f.status end as kind,
      f.created_at as at,
      case when f.status <> 'failed' and f.decision <> 'awaiting' then f.next_attempt_at end
        as next_at,
      f.attempts, left(f.last_error, ${CAUSE_CHARS}) as cause, f.last_error
      ${
        form === 'light'
          ? sql``
          : sql`, f.booking_id, r.reference_code, null::text as recipient,
              jsonb_build_object('refund_id', f.id, 'payment_id', f.payment_id, 'amount', f.amount,
                'currency', f.currency, 'reason', f.reason) as payload`
      }
    from (
      (select * from refunds
        where status in ('pending', 'processing') ${here}
        order by next_attempt_at limit ${JOBS_COUNT_MAX})
      union all
      (select * from refunds
        where status = 'failed' and created_at > now() - interval '180 days' ${here}
        order by created_at desc, id desc limit ${JOBS_COUNT_MAX})
    ) as f
    ${form === 'light' ? sql`` : sql`join reservations r on r.id = f.reservation_id`}`;
}

function webhooks(sql: Db, clinic_id: string | null, form: Form) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return sql`
    select w.id::text as job_id,
      case
        when w.status = 'dead' then 'dead'
        when w.status = 'sending' and w.leased_until > now() then 'running'
        when w.attempts > 0 then 'retry'
        else 'ready'
      end as state,
      w.event_type as kind, w.created_at as at,
      case when w.status <> 'dead' then w.next_attempt_at end as next_at, w.attempts,
      coalesce('http ' || w.status_code, left(w.last_error, ${CAUSE_CHARS})) as cause, w.last_error
      ${
        form === 'light'
          ? sql``
          : sql`, null::uuid as booking_id, null::text as reference_code, e.url as recipient,
              jsonb_build_object('webhook_id', w.endpoint_id, 'event_id', w.event_id,
                'sequence', w.sequence, 'response', w.response) as payload`
      }
    from (
      (select * from webhook_deliveries
        where status in ('pending', 'sending') ${here}
        limit ${JOBS_COUNT_MAX})
      union all
      (select * from (
        select * from webhook_deliveries
        where status in ('delivered', 'dead')
        order by created_at desc limit ${ENDED_MAX}
      ) as ended where status = 'dead' ${here} limit ${JOBS_COUNT_MAX})
    ) as w
    ${form === 'light' ? sql`` : sql`join webhook_endpoints e on e.id = w.endpoint_id`}`;
}

/** The open jobs of a queue as a query. clinic_id null = all clinics. */
export function jobSource(sql: Db, queue: JobQueue, clinic_id: string | null, form: Form) {
  switch (queue) {
    case 'outbox':
      return outbox(sql, clinic_id, form);
    case 'email':
    case 'sms':
    case 'push':
      return deliveries(sql, queue, clinic_id, form);
    case 'reminders':
      return reminders(sql, clinic_id, form);
    case 'waitlist':
      return waitlist(sql, clinic_id, form);
    case 'refunds':
      return refunds(sql, clinic_id, form);
    case 'webhooks':
      return webhooks(sql, clinic_id, form);
  }
}
