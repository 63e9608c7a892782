import { JOBS_COUNT_MAX, type JobQueue, type JobState, job_queues } from '../../domain/job.ts';
import { type Db, run } from './db.ts';
import { jobSource } from './jobs-sources.ts';

/** The queues as one table, for whoever has to see what hangs. */

export type QueueRow = {
  readonly queue: JobQueue;
  readonly ready: number;
  readonly running: number;
  readonly retry: number;
  readonly later: number;
  readonly dead: number;
  readonly oldest_at: Temporal.Instant | null;
  readonly done: number | null;
  readonly last_error: string | null;
  readonly next_at: Temporal.Instant | null;
  readonly paused_at: Temporal.Instant | null;
  readonly pause_reason: string | null;
  readonly now: Temporal.Instant;
};

export type CauseRow = {
  readonly state: JobState;
  readonly cause: string;
  readonly count: number;
  readonly oldest_at: Temporal.Instant;
  readonly newest_at: Temporal.Instant;
  readonly last_error: string | null;
};

export type JobRow = {
  readonly job_id: string;
  readonly state: JobState;
  readonly kind: string;
  readonly at: Temporal.Instant;
  readonly next_at: Temporal.Instant | null;
  readonly attempts: number;
  readonly cause: string | null;
  readonly last_error: string | null;
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly recipient: string | null;
  readonly payload: Readonly<Record<string, unknown>> | null;
};

/** Rows looked at for the rate: the newest, so that a long history costs nothing. */
const DONE_MAX = 5_000;
/** Minutes that the rate is taken over. */
export const DONE_MINUTES = 5;
const CAUSES_MAX = 50;

const recently = `now() - ${DONE_MINUTES} * interval '1 minute'`;

/**
 * How many of a queue were done lately; null where nothing tells. The limit comes before the clinic: a quiet one
 * must not make the whole history be walked through.
 */
function doneOf(sql: Db, queue: JobQueue, clinic_id: string | null) {
  const here = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  const since = sql.unsafe(recently);
  switch (queue) {
    case 'outbox':
      return sql`(select count(*) from (
        select clinic_id, published_at from booking_events_outbox
        where sequence is not null
        order by sequence desc limit ${DONE_MAX}
      ) as o where o.published_at > ${since} ${here})`;
    case 'email':
    case 'sms':
    case 'push':
      return sql`(select count(*) from (
        select clinic_id, channel, sent_at from deliveries
        order by created_at desc limit ${DONE_MAX}
      ) as d where d.channel = ${queue} and d.sent_at > ${since} ${here})`;
    case 'refunds':
      return sql`(select count(*) from (
        select clinic_id, status, updated_at from refunds
        order by created_at desc, id desc limit ${DONE_MAX}
      ) as f where f.status = 'completed' and f.updated_at > ${since} ${here})`;
    case 'webhooks':
      return sql`(select count(*) from (
        select clinic_id, delivered_at from webhook_deliveries
        where status in ('delivered', 'dead')
        order by created_at desc limit ${DONE_MAX}
      ) as w where w.delivered_at > ${since} ${here})`;
    case 'reminders':
    case 'waitlist':
      return sql`null::bigint`;
  }
}

/** One queue as a row. */
function queueRow(sql: Db, queue: JobQueue, clinic_id: string | null) {
  const is_channel = queue === 'email' || queue === 'sms' || queue === 'push';
  const count = (state: JobState) =>
    sql`least(count(*) filter (where state = ${state}), ${JOBS_COUNT_MAX})`;
  return sql`
    select ${queue}::text as queue,
      ${count('ready')} as ready, ${count('running')} as running, ${count('retry')} as retry,
      ${count('later')} as later, ${count('dead')} as dead,
      min(at) filter (where state in ('ready', 'running', 'retry')) as oldest_at,
      ${doneOf(sql, queue, clinic_id)} as done,
      (array_agg(last_error order by at desc) filter (
        where last_error is not null and state in ('dead', 'retry')
      ))[1] as last_error,
      min(next_at) filter (where state in ('retry', 'later')) as next_at,
      (select c.paused_at from delivery_channels c
        where ${is_channel} and c.channel = ${queue}) as paused_at,
      (select c.pause_reason from delivery_channels c
        where ${is_channel} and c.channel = ${queue}) as pause_reason,
      now() as now
    from (${jobSource(sql, queue, clinic_id, 'light')}) as job`;
}

/** Every queue, in the order of the table of queues. clinic_id null = all clinics. */
export async function listQueues(sql: Db, clinic_id: string | null): Promise<readonly QueueRow[]> {
  const [first, ...others] = job_queues.map((queue) => queueRow(sql, queue, clinic_id));
  return await run(sql<QueueRow[]>`
    ${first ?? sql``} ${others.map((one) => sql`union all ${one}`)}`);
}

/** One queue, or nothing when there is no such. */
export async function findQueue(
  sql: Db,
  queue: JobQueue,
  clinic_id: string | null,
): Promise<QueueRow> {
  const [row] = await run(sql<QueueRow[]>`${queueRow(sql, queue, clinic_id)}`);
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

/** Why jobs of a queue failed: dead first, then most first. */
export async function listCauses(
  sql: Db,
  queue: JobQueue,
  clinic_id: string | null,
): Promise<readonly CauseRow[]> {
  return await run(sql<CauseRow[]>`
    select state, cause, least(count(*), ${JOBS_COUNT_MAX}) as count, min(at) as oldest_at,
      max(at) as newest_at, (array_agg(last_error order by at desc))[1] as last_error
    from (${jobSource(sql, queue, clinic_id, 'light')}) as job
    where state in ('dead', 'retry')
    group by state, cause
    order by state = 'dead' desc, count(*) desc, cause
    limit ${CAUSES_MAX}`);
}

/** Jobs of a queue, what needs somebody first. */
export async function listJobs(
  sql: Db,
  queue: JobQueue,
  filter: {
    readonly clinic_id: string | null;
    readonly state?: JobState | undefined;
    readonly cause?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly JobRow[]> {
  const { clinic_id, state, cause, limit } = filter;
  return await run(sql<JobRow[]>`
    select job.job_id, job.state, job.kind, job.at, job.next_at, job.attempts, job.cause,
      job.last_error, job.booking_id,
      coalesce(job.reference_code, b.reference_code) as reference_code, job.recipient, job.payload
    from (${jobSource(sql, queue, clinic_id, 'whole')}) as job
    left join bookings b on b.id = job.booking_id
    where true
      ${state === undefined ? sql`` : sql`and job.state = ${state}`}
      ${cause === undefined ? sql`` : sql`and job.cause = ${cause}`}
    order by array_position(array['dead', 'retry', 'running', 'ready', 'later'], job.state),
      case when job.state = 'dead' then job.at end desc nulls last, job.at, job.job_id
    limit ${limit}`);
}
