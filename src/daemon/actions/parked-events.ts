import { AppError } from '../../domain/errors.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { writeAudit } from '../store/audit.ts';
import { discardParked, type ParkedRow, readParked } from '../store/consumed-events.ts';
import { takeEvent } from '../workers/consume.ts';
import { dbActor } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

type Parked = Output<'retry_parked_event'>;

function parkedJson({ raw, ...row }: ParkedRow, actor: Actor): Parked {
  return {
    ...row,
    event: seesPersonalData(actor.role) ? raw : null,
    occurred_at: row.occurred_at?.toString() ?? null,
    created_at: row.created_at.toString(),
  };
}

/** These belong to no clinic: a key of one clinic has no business here. */
function assertEverywhere(actor: Actor): void {
  if (actor.clinic_id === null) return;
  throw new AppError('forbidden', 'A key of one clinic reaches its own things only.');
}

async function parkedOf(app: App, id: string): Promise<ParkedRow> {
  const [row] = await readParked(app.sql, { id, limit: 1 });
  if (!row) throw new AppError('not_found', 'There is no such event.');
  return row;
}

/** Events that could not be taken, oldest first. */
export async function listParkedEvents(
  app: App,
  actor: Actor,
  input: Input<'list_parked_events'>,
): Promise<Output<'list_parked_events'>> {
  assertEverywhere(actor);
  const { limit } = input;
  const after = decodeTimeCursor(input.cursor);
  const rows = await readParked(app.sql, { after, limit: limit + 1 });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.parked_id]);
  return {
    items: page.items.map((row) => parkedJson(row, actor)),
    next_cursor: page.next_cursor,
  };
}

/** Takes a parked event once more; what came of it is in the answer. */
export async function retryParkedEvent(
  app: App,
  actor: Actor,
  { parked_id }: Input<'retry_parked_event'>,
): Promise<Parked> {
  assertEverywhere(actor);
  const { status, raw, stream_id, event_id } = await parkedOf(app, parked_id);
  if (status !== 'parked') throw failure('conflict', { status });
  if (raw === null || raw === '') {
    const facts = { next: `petpro events discard ${parked_id} --reason ".."` };
    throw failure('conflict', facts, 'It was too long to be kept: it cannot be taken again.');
  }
  const { outcome, reason } = await takeEvent(app, raw, { stream_id, again: true });
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    action: 'consumed_event.retry',
    target_type: 'consumed_event',
    target_id: parked_id,
    after: { event_id, outcome, reason },
  });
  return parkedJson(await parkedOf(app, parked_id), actor);
}

/** Gives a parked event up. */
export async function discardParkedEvent(
  app: App,
  actor: Actor,
  { parked_id, reason }: Input<'discard_parked_event'>,
): Promise<Parked> {
  assertEverywhere(actor);
  const { outcome } = await discardParked(app.sql, parked_id, reason, dbActor(actor));
  if (outcome !== 'ok' && outcome !== 'already_done') throw failure(outcome);
  return parkedJson(await parkedOf(app, parked_id), actor);
}
