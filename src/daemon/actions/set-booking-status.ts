import { AppError } from '../../domain/errors.ts';
import { whyNotMove } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findBooking, setBookingStatus as set } from '../store/bookings.ts';
import { dbActor, scopeOf } from './actor.ts';
import { bookingJson } from './booking-json.ts';
import { refusedBooking, refusedBy } from './explain.ts';
import { failure } from './outcome.ts';

/** Arrived, in progress, completed or no-show. Saying it twice changes nothing. */
export async function setBookingStatus(
  app: App,
  actor: Actor,
  input: Input<'set_booking_status'>,
): Promise<Output<'set_booking_status'>> {
  const scope = scopeOf(actor);
  const booking = await findBooking(app.sql, input.booking_id, scope);
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id } = booking;
  const { status, expected_version = null } = input;
  const move = { booking_id, status, expected_version };
  const { outcome, version } = await set(app.sql, move, dbActor(actor));
  if (outcome === 'policy_refused') {
    throw refusedBy(whyNotMove(await refusedBooking(app, booking), status));
  }
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  app.wake.relay();
  const moved = await findBooking(app.sql, booking_id, scope);
  if (!moved) throw new Error(`The booking ${booking_id} is not there any more`);
  return bookingJson(moved, actor);
}
