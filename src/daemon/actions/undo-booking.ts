import { AppError } from '../../domain/errors.ts';
import { whyNotUndo } from '../../domain/refusal-undo.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findBooking } from '../store/bookings.ts';
import { listUndoable as list, undoBooking as undo } from '../store/undo.ts';
import { dbActor, scopeOf } from './actor.ts';
import { bookingJson } from './booking-json.ts';
import { refusedBy } from './explain.ts';
import { failure } from './outcome.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

/** Entries of the journal: what somebody remembers having done. */
const JOURNAL_MAX = 20;

/** Takes a cancel, a no-show or an arrival back; refused once anything of it has left the house. */
export async function undoBooking(
  app: App,
  actor: Actor,
  input: Input<'undo_booking'>,
): Promise<Output<'undo_booking'>> {
  const scope = scopeOf(actor);
  const booking = await findBooking(app.sql, input.booking_id, scope);
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id } = booking;
  const { expected_version = null } = input;
  const result = await undo(app.sql, { booking_id, expected_version }, dbActor(actor));
  const { outcome, problem, undone, version } = result;
  if (problem !== null) throw refusedBy(whyNotUndo(booking, problem));
  if (outcome !== 'ok' || undone === null) {
    throw failure(outcome, version === null ? {} : { version });
  }
  app.wake.relay();
  const restored = await findBooking(app.sql, booking_id, scope);
  if (!restored) throw new Error(`The booking ${booking_id} is not there any more`);
  return { ...bookingJson(restored, actor), undone };
}

/** What the caller did last and can still take back. */
export async function listUndoable(app: App, actor: Actor): Promise<Output<'list_undoable'>> {
  const { id } = dbActor(actor);
  const rows = id === null ? [] : await list(app.sql, id, JOURNAL_MAX);
  const items = rows.map(({ time_zone, at, leaves_at, ...row }) => ({
    ...row,
    at: zonedText(at, time_zone),
    leaves_at: zonedTextOrNull(leaves_at, time_zone),
  }));
  return { items, next_cursor: null };
}
