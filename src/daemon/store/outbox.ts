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
      (select min(sequence) from booking_events_outbox where sequence is not null)
        as first_sequence
    from outbox_state`);
}

export type OutboxBacklog = {
  readonly waiting: number;
  /** Age of the oldest event that is not published, in milliseconds. */
  readonly lag_ms: number;
};

/** How far publication is behind. */
export async function outboxBacklog(sql: Db): Promise<OutboxBacklog> {
  return await runOne(sql<OutboxBacklog[]>`
    select count(*) as waiting,
      coalesce(extract(epoch from now() - min(created_at)) * 1000, 0)::integer as lag_ms
    from booking_events_outbox
    where sequence is null or not published`);
}

/** Deletes published events older than that, a batch at a time; returns how many. */
export async function pruneEvents(sql: Db, older_than_days: number, limit: number) {
  const rows = await run(sql`
    delete from booking_events_outbox
    where id in (
      select id
      from booking_events_outbox
      where published and sequence is not null
        and created_at < now() - ${older_than_days} * interval '1 day'
      order by sequence
      limit ${limit}
    )
    returning id`);
  return rows.length;
}
