import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { readTrace } from '../store/booking-trace.ts';
import { findBooking } from '../store/bookings.ts';
import { scopeOf } from './actor.ts';
import { zonedText } from './slot-time.ts';

/** One timeline of a booking: lock, log, payments, webhooks, refunds, events and messages, with latencies. */
export async function traceBooking(
  app: App,
  actor: Actor,
  { booking_id: booking_ref }: Input<'trace_booking'>,
): Promise<Output<'trace_booking'>> {
  const booking = await findBooking(app.sql, booking_ref, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id, reference_code, time_zone } = booking;
  const entries = await readTrace(app.sql, booking);
  const first = entries[0]?.at;
  let before_ms = 0;
  const items = entries.map(({ at, ...entry }) => {
    const total_ms = Math.round(first?.until(at).total('milliseconds') ?? 0);
    const since_ms = total_ms - before_ms;
    before_ms = total_ms;
    return { ...entry, at: zonedText(at, time_zone), since_ms, total_ms };
  });
  return { booking_id, reference_code, items };
}
