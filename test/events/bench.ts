import { randomUUID } from 'node:crypto';
import type { JSONValue, Sql } from 'postgres';
import { type EventRow, fanOutEvents, sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Scene } from '../helpers/booking.ts';

export type Planted = { readonly event_id: string; readonly aggregate_id: string };

/** An event that no owner can be told of: it names its booking by something that is no id. */
export async function plantPoison(
  sql: Sql,
  { clinic, owner }: Scene,
  more: {
    readonly aggregate_id?: string;
    readonly payload?: Readonly<Record<string, JSONValue>>;
  } = {},
): Promise<Planted> {
  const payload = more.payload ?? { booking_id: 'of yesterday', user_id: owner.user_id };
  const [row] = await sql<Planted[]>`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    values (
      'booking', coalesce(${more.aggregate_id ?? null}::uuid, gen_random_uuid()),
      'booking.confirmed', ${clinic.id}, 'planted', ${sql.json(payload)}
    )
    returning id as event_id, aggregate_id`;
  if (!row) throw new Error('nothing was planted');
  return row;
}

/** Numbers and publishes all that is committed; answers what went out, in order. */
export async function publishAll(sql: Sql, batch = 100): Promise<readonly EventRow[]> {
  while ((await sequenceEvents(sql, batch)) > 0);
  const all: EventRow[] = [];
  for (;;) {
    const out = await fanOutEvents(sql, batch);
    all.push(...out);
    if (out.length === 0) return all;
  }
}

/** How an action ended: the code of its refusal, or `ok`. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/**
 * Stories told chapter by chapter: each statement adds the next chapter to every story, as writers
 * under a row lock would. Returns how many events were written.
 */
export async function writeStories(
  sql: Sql,
  {
    stories,
    chapters,
    filling_bytes = 0,
  }: { readonly stories: number; readonly chapters: number; readonly filling_bytes?: number },
): Promise<number> {
  const ids = Array.from({ length: stories }, () => randomUUID());
  for (let chapter = 1; chapter <= chapters; chapter += 1) {
    await sql`
      insert into booking_events_outbox (
        aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
      )
      select 'booking', id, 'booking.rescheduled', gen_random_uuid(), 'story', jsonb_build_object(
        'chapter', ${chapter}::int, 'filling', repeat('x', ${filling_bytes}::int)
      )
      from unnest(${ids}::uuid[]) as id`;
  }
  return stories * chapters;
}
