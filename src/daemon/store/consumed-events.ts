import type { ConsumedEvent } from '../../domain/consumed.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

export type Taken = {
  readonly outcome: 'applied' | 'outdated' | 'ignored' | 'waiting' | 'parked' | 'already_done';
  readonly reason: string | null;
};

/** Tries before an event whose owner never came is parked. */
const ATTEMPTS_MAX = 5;

/** Takes one event; `again` also takes one that was parked. */
export async function takePlatformEvent(
  sql: Db,
  event: ConsumedEvent,
  from: { readonly raw: string; readonly stream_id: string; readonly again?: boolean },
): Promise<Taken> {
  const { event_id, event_type, thing_id, occurred_at, version, data } = event;
  const { raw, stream_id, again = false } = from;
  return await runOne(sql<Taken[]>`
    select outcome, reason from take_platform_event(
      ${event_id}, ${event_type}, ${thing_id}, ${occurred_at}, ${version}, ${sql.json(toJson(data))},
      ${raw}, ${stream_id}, ${ATTEMPTS_MAX}, ${again}
    )`);
}

/** Keeps what cannot be read, for a person to look at. */
export async function parkEvent(
  sql: Db,
  poison: {
    readonly event_id: string;
    readonly event_type: string;
    readonly raw: string;
    readonly stream_id: string;
    readonly reason: string;
  },
): Promise<void> {
  const { event_id, event_type, raw, stream_id, reason } = poison;
  await run(sql`
    select park_event(${event_id}, ${event_type}, ${raw}, ${stream_id}, ${reason})`);
}

/** What the provider calls a payment: its page, or the charge of a saved card; null = none. */
export async function sessionOfPayment(sql: Db, payment_id: string): Promise<string | null> {
  const [row] = await run(sql<{ session_id: string | null }[]>`
    select session_id from payments where id = ${payment_id}`);
  return row?.session_id ?? null;
}

export type ParkedRow = {
  readonly parked_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly thing_id: string | null;
  readonly occurred_at: Temporal.Instant | null;
  readonly stream_id: string;
  readonly status: 'applied' | 'outdated' | 'ignored' | 'waiting' | 'parked' | 'discarded';
  readonly attempts: number;
  readonly reason: string | null;
  readonly raw: string | null;
  readonly created_at: Temporal.Instant;
};

/** Parked events, oldest first, or the one of that id whatever became of it. */
export async function readParked(
  sql: Db,
  wanted: {
    readonly id?: string;
    readonly after?: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly ParkedRow[]> {
  const { id, after = null, limit } = wanted;
  return await run(sql<ParkedRow[]>`
    select id as parked_id, event_id, event_type, thing_id, occurred_at, stream_id, status,
      attempts, reason, raw, created_at
    from consumed_events
    where ${id === undefined ? sql`status = 'parked'` : sql`id = ${id}`}
      ${after === null ? sql`` : sql`and (created_at, id) > (${after.at.toString()}, ${after.id})`}
    order by created_at, id
    limit ${limit}`);
}

export async function discardParked(sql: Db, id: string, reason: string, actor: DbActor) {
  return await runOne(sql<{ readonly outcome: string }[]>`
    select outcome from discard_parked_event(${id}, ${reason}, ${sql.json(actor)})`);
}
