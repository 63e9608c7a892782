import type { AggregateType } from '../../domain/events.ts';
import { type Db, run, runOne } from './db.ts';

/** The outbox as an operator reads and mends it. clinic_id null = all clinics. */

type OutboxState = 'waiting' | 'retrying' | 'dead' | 'published';

export type OutboxItem = {
  readonly event_id: string;
  readonly position: number;
  readonly sequence: number | null;
  readonly event_type: string;
  readonly aggregate_type: AggregateType;
  readonly aggregate_id: string;
  readonly aggregate_version: number | null;
  readonly clinic_id: string;
  readonly correlation_id: string;
  readonly state: OutboxState;
  readonly occurred_at: Temporal.Instant;
  readonly attempts: number;
  readonly next_attempt_at: Temporal.Instant | null;
  readonly published_at: Temporal.Instant | null;
  readonly dead_at: Temporal.Instant | null;
  readonly error_code: string | null;
  readonly error: string | null;
};

const columns = (sql: Db) => sql`
  o.id as event_id, o.position, o.sequence, o.event_type, o.aggregate_type, o.aggregate_id,
  o.aggregate_version, o.clinic_id, o.correlation_id, o.created_at as occurred_at, o.attempts,
  o.next_attempt_at, o.published_at, o.dead_at, o.error_code, o.last_error as error,
  case
    when o.published then 'published'
    when o.dead_at is not null then 'dead'
    when o.next_attempt_at is not null then 'retrying'
    else 'waiting'
  end as state`;

/** Each by the words of the partial index that it uses. */
function stateIs(sql: Db, state: OutboxState | null) {
  const waits = sql`o.sequence is not null and not o.published and o.dead_at is null`;
  if (state === 'dead') return sql`o.dead_at is not null`;
  if (state === 'retrying') return sql`${waits} and o.next_attempt_at is not null`;
  if (state === 'waiting') return sql`${waits} and o.next_attempt_at is null`;
  if (state === 'published') return sql`o.sequence is not null and o.published`;
  return sql`((${waits}) or o.dead_at is not null)`;
}

export type OutboxFilter = {
  readonly clinic_id: string | null;
  /** Null = all but the published. */
  readonly state: OutboxState | null;
  readonly error_code: string | null;
  readonly event_type: string | null;
  readonly event_id?: string;
  /** The last row of the page before; a sequence of null stood among those without number. */
  readonly after: { readonly sequence: number | null; readonly position: number } | null;
  readonly limit: number;
};

/** Numbered events by sequence (the published newest first), then those without number. */
export async function listOutbox(sql: Db, filter: OutboxFilter): Promise<readonly OutboxItem[]> {
  const { clinic_id, state, error_code, event_type, event_id, after, limit } = filter;
  const fits = sql`
    ${clinic_id === null ? sql`` : sql`and o.clinic_id = ${clinic_id}`}
    ${error_code === null ? sql`` : sql`and o.error_code = ${error_code}`}
    ${event_type === null ? sql`` : sql`and o.event_type = ${event_type}`}
    ${event_id === undefined ? sql`` : sql`and o.id = ${event_id}`}`;
  const is_newest_first = state === 'published';
  const past = after?.sequence ?? null;
  const behind =
    past === null
      ? sql``
      : is_newest_first
        ? sql`and o.sequence < ${past}`
        : sql`and o.sequence > ${past}`;
  const numbered =
    after !== null && past === null
      ? []
      : await run(sql<OutboxItem[]>`
          select ${columns(sql)}
          from booking_events_outbox o
          where ${stateIs(sql, state)} ${fits} ${behind}
          order by o.sequence ${is_newest_first ? sql`desc` : sql``}
          limit ${limit}`);
  const room = limit - numbered.length;
  if (room === 0 || !(state === null || state === 'waiting')) return numbered;
  const position = after !== null && past === null ? after.position : 0;
  const unnumbered = await run(sql<OutboxItem[]>`
    select ${columns(sql)}
    from booking_events_outbox o
    where o.sequence is null ${fits} and o.position > ${position}
    order by o.position
    limit ${room}`);
  return [...numbered, ...unnumbered];
}

export type OutboxErrorGroup = {
  readonly error_code: string;
  readonly event_type: string;
  readonly dead: number;
  readonly retrying: number;
  readonly first_at: Temporal.Instant;
  readonly last_at: Temporal.Instant;
  readonly sample_error: string;
  readonly sample_event_id: string;
};

/** Causes beyond this many say nothing to a person. */
const GROUPS_MAX = 200;

/** What failed, by cause and type, the most frequent first. */
export async function outboxErrors(
  sql: Db,
  clinic_id: string | null,
  is_dead_only: boolean,
): Promise<readonly OutboxErrorGroup[]> {
  return await run(sql<OutboxErrorGroup[]>`
    select coalesce(o.error_code, 'unknown') as error_code, o.event_type,
      count(o.dead_at) as dead, count(*) - count(o.dead_at) as retrying,
      min(o.created_at) as first_at, max(o.created_at) as last_at,
      coalesce((array_agg(o.last_error order by o.sequence desc))[1], '') as sample_error,
      (array_agg(o.id order by o.sequence desc))[1] as sample_event_id
    from booking_events_outbox o
    where ${
      is_dead_only
        ? sql`o.dead_at is not null`
        : sql`(o.dead_at is not null or (${stateIs(sql, 'retrying')}))`
    }
      ${clinic_id === null ? sql`` : sql`and o.clinic_id = ${clinic_id}`}
    group by 1, 2
    order by count(*) desc, 1, 2
    limit ${GROUPS_MAX}`);
}

export type OutboxEventRow = OutboxItem & { readonly payload: Readonly<Record<string, unknown>> };

/** One event; null = none, or of another clinic. */
export async function findEvent(
  sql: Db,
  event_id: string,
  clinic_id: string | null,
): Promise<OutboxEventRow | null> {
  const [row] = await run(sql<OutboxEventRow[]>`
    select ${columns(sql)}, o.payload
    from booking_events_outbox o
    where o.id = ${event_id}
      ${clinic_id === null ? sql`` : sql`and o.clinic_id = ${clinic_id}`}`);
  return row ?? null;
}

export type EventMessage = {
  readonly delivery_id: string;
  readonly channel: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly error: string | null;
};

/** The messages that an event caused; few, one per owner and channel. */
export async function messagesOf(sql: Db, event_id: string): Promise<readonly EventMessage[]> {
  return await run(sql<EventMessage[]>`
    select id as delivery_id, channel, type, status, attempts, last_error as error
    from deliveries
    where event_id = ${event_id}
    order by channel
    limit 50`);
}

/** Puts these in line again if they are still dead; returns which. */
export async function retryEvents(
  sql: Db,
  event_ids: readonly string[],
  per_second: number,
): Promise<ReadonlySet<string>> {
  const rows = await run(sql<{ event_id: string }[]>`
    select event_id from retry_events(${[...event_ids]}::uuid[], ${per_second})`);
  return new Set(rows.map(({ event_id }) => event_id));
}

/** Counting further tells nobody more. */
const COUNT_MAX = 100_000;

/** Published events older than that. */
export async function countOldEvents(sql: Db, older_than_days: number): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select count(*) from (
      select from booking_events_outbox o
      where o.sequence is not null and o.published
        and o.created_at < now() - ${older_than_days} * interval '1 day'
      order by o.sequence
      limit ${COUNT_MAX}
    ) as old`);
  return count;
}
