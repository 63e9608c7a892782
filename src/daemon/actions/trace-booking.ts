import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { gapsOf } from '../../domain/trace.ts';
import type { Actor, App } from '../app-types.ts';
import { findStory, readTrace } from '../store/booking-trace.ts';
import { findBooking } from '../store/bookings.ts';
import { scopeOf } from './actor.ts';
import { zonedText } from './slot-time.ts';

/** A booking from another system has no hold; a hold that ended has no booking. */
async function findEither(app: App, actor: Actor, ref: string) {
  const scope = scopeOf(actor);
  const story = await findStory(app.sql, ref, scope);
  if (story !== null) {
    const { status, expires_at } = story;
    return { ...story, hold: { status, expires_at } };
  }
  const booking = await findBooking(app.sql, ref, scope);
  if (booking === null) {
    throw new AppError('not_found', 'There is no such booking, hold or payment.');
  }
  const { booking_id, reservation_id, clinic_id, reference_code, time_zone } = booking;
  const now = Temporal.Now.instant();
  return { booking_id, reservation_id, clinic_id, reference_code, time_zone, now, hold: null };
}

/**
 * One timeline of a booking: lock, log, payments, webhooks, refunds, events, messages and reminders, with latencies
 * and with what is missing. Also of a hold that was never booked, by reference, by its own id, by a payment's, or
 * by an owner's: their newest.
 */
export async function traceBooking(
  app: App,
  actor: Actor,
  { booking_id: ref }: Input<'trace_booking'>,
): Promise<Output<'trace_booking'>> {
  const found = await findEither(app, actor, ref);
  const { booking_id, reservation_id, clinic_id, reference_code, time_zone, now, hold } = found;
  const entries = await readTrace(app.sql, found);
  const first = entries[0]?.at;
  let before_ms = 0;
  const items = entries.map(({ at, ...entry }) => {
    const total_ms = Math.round(first?.until(at).total('milliseconds') ?? 0);
    const since_ms = total_ms - before_ms;
    before_ms = total_ms;
    return { ...entry, at: zonedText(at, time_zone), since_ms, total_ms };
  });
  const gaps = gapsOf({ now, has_booking: booking_id !== null, hold, entries });
  return {
    booking_id,
    reservation_id,
    clinic_id,
    reference_code,
    gaps: gaps.map(({ at, ...gap }) => ({ ...gap, at: zonedText(at, time_zone) })),
    items,
  };
}
