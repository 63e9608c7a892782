import type { UndoProblem } from '../../domain/refusal-undo.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type Undone = 'cancelled' | 'arrived' | 'no-show';

export type UndoResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  /** Set when a rule refuses. */
  readonly problem: UndoProblem | null;
  readonly undone: Undone | null;
  readonly version: number | null;
};

/** Takes the last change of a booking back, while nothing of it has left the house. */
export async function undoBooking(
  sql: Db,
  request: { readonly booking_id: string; readonly expected_version: number | null },
  actor: DbActor,
): Promise<UndoResult> {
  const { booking_id, expected_version } = request;
  return await runOne(sql<UndoResult[]>`
    select outcome, problem, undone, version
    from undo_booking(${booking_id}, ${expected_version}, ${sql.json(actor)})`);
}

/** Lets refunds and messages of the last change leave now: nobody will undo it. */
export async function endGrace(sql: Db, booking_id: string): Promise<void> {
  await run(sql`select end_grace(${booking_id})`);
}

/** Until when nothing of this version of a booking leaves; null when nothing waits. */
export async function graceOf(
  sql: Db,
  booking_id: string,
  version: number,
): Promise<Temporal.Instant | null> {
  const [row] = await run(sql<{ not_before: Temporal.Instant | null }[]>`
    select (payload ->> 'not_before')::timestamptz as not_before
    from booking_events_outbox
    where aggregate_id = ${booking_id} and aggregate_version = ${version}
    limit 1`);
  return row?.not_before ?? null;
}

export type Undoable = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly action: Undone;
  readonly at: Temporal.Instant;
  readonly leaves_at: Temporal.Instant | null;
  readonly version: number;
};

/** What the caller did in the last day and can still take back, newest first. */
export async function listUndoable(
  sql: Db,
  by: string,
  limit: number,
): Promise<readonly Undoable[]> {
  return await run(sql<Undoable[]>`
    select booking_id, reference_code, clinic_id, time_zone, action, at, leaves_at, version
    from undoable_bookings(${by}, ${limit})`);
}
