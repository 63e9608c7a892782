import type { AggregateType, EventType } from '../../domain/events.ts';
import { type Db, run, runOne } from './db.ts';

export type EventRow = {
  readonly event_id: string;
  readonly sequence: number;
  readonly event_type: EventType;
  readonly aggregate_type: AggregateType;
  readonly aggregate_id: string;
  readonly clinic_id: string;
  readonly correlation_id: string;
  readonly occurred_at: Temporal.Instant;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** Numbers committed events; 0 also when another relay is at it. */
export async function sequenceEvents(sql: Db, limit: number): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select sequence_events(${limit}) as count`);
  return count;
}

/** Publishes numbered events once, with their deliveries; returns them in order of sequence. */
export async function fanOutEvents(sql: Db, limit: number): Promise<readonly EventRow[]> {
  return await run(sql<EventRow[]>`
    select event_id, sequence, event_type, aggregate_type, aggregate_id, clinic_id, correlation_id,
      occurred_at, payload
    from fan_out_events(${limit})`);
}

/** Events after a sequence, for a reader that resumes. clinic_id null = all clinics. */
export async function eventsAfter(
  sql: Db,
  sequence: number,
  limit: number,
  clinic_id: string | null = null,
): Promise<readonly EventRow[]> {
  return await run(sql<EventRow[]>`
    select id as event_id, sequence, event_type, aggregate_type, aggregate_id, clinic_id,
      correlation_id, created_at as occurred_at, payload
    from booking_events_outbox
    where sequence > ${sequence}
      ${clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`}
    order by sequence
    limit ${limit}`);
}

export type FeedBounds = {
  /** The newest sequence; 0 = no event yet. */
  readonly last_sequence: number;
  /** The oldest that is still kept; null = none is. */
  readonly first_sequence: number | null;
};

/** What a reader can resume from. */
export async function feedBounds(sql: Db): Promise<FeedBounds> {
  return await runOne(sql<FeedBounds[]>`
    select last_sequence,
      nullif(
        greatest(
          pruned_through + 1,
          (select min(sequence) from booking_events_outbox where sequence is not null)
        ),
        last_sequence + 1
      ) as first_sequence
    from outbox_state`);
}

/** Nobody needs to know a backlog exactly once it is this long. */
const COUNT_MAX = 100_000;

export type OutboxBacklog = {
  /** Not yet published, dead ones left out; at most `COUNT_MAX`. */
  readonly waiting: number;
  /** Of those, tried and failed. */
  readonly retrying: number;
  readonly dead: number;
  /** Age of the oldest event that waits, in milliseconds. */
  readonly lag_ms: number;
};

/** How far publication is behind. clinic_id null = all clinics. */
export async function outboxBacklog(
  sql: Db,
  clinic_id: string | null = null,
): Promise<OutboxBacklog> {
  const of_clinic = clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`;
  return await runOne(sql<OutboxBacklog[]>`
    with unnumbered as (
      select created_at from booking_events_outbox
      where sequence is null ${of_clinic}
      order by position limit ${COUNT_MAX}
    ), numbered as (
      select created_at, next_attempt_at from booking_events_outbox
      where sequence is not null and not published and dead_at is null ${of_clinic}
      order by sequence limit ${COUNT_MAX}
    ), dead as (
      select from booking_events_outbox
      where dead_at is not null ${of_clinic} limit ${COUNT_MAX}
    )
    select
      (select count(*) from unnumbered) + (select count(*) from numbered) as waiting,
      (select count(next_attempt_at) from numbered) as retrying,
      (select count(*) from dead) as dead,
      coalesce(extract(epoch from now() - least(
        (select min(created_at) from unnumbered), (select min(created_at) from numbered)
      )) * 1000, 0)::bigint as lag_ms`);
}

/** Forgets published events older than that, a batch at a time; returns how many. */
export async function pruneEvents(
  sql: Db,
  older_than_days: number,
  limit: number,
): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select prune_events(${older_than_days}, ${limit}) as count`);
  return count;
}
