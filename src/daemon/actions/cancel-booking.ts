import { AppError } from '../../domain/errors.ts';
import { whyNotCancel } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { refusalsOf } from '../locks/recent-refusals.ts';
import { type BookingRow, cancelBooking as cancel, findBooking } from '../store/bookings.ts';
import { itemsOf } from '../store/items.ts';
import { endGrace, graceOf } from '../store/undo.ts';
import { dbActor, scopeOf } from './actor.ts';
import { refusedBooking, refusedBy } from './explain.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { zonedTextOrNull } from './slot-time.ts';

/** Losers of its slots may try again; those of later items too. */
async function forgetRefusals(app: App, booking: BookingRow): Promise<void> {
  const refusals = refusalsOf(app.locks);
  refusals?.forget(booking.slot_id);
  if (booking.item_count === 1 || booking.reservation_id === null) return;
  const items = await itemsOf(app.sql, booking.reservation_id);
  for (const { slot_id } of items) refusals?.forget(slot_id);
}

/** Cancels with the refund that the booking's policy gives; `quote` only says what would happen. */
export async function cancelBooking(
  app: App,
  actor: Actor,
  input: Input<'cancel_booking'>,
): Promise<Output<'cancel_booking'>> {
  if (input.by === 'clinic' && actor.role === 'customer') {
    throw new AppError('forbidden', 'Only staff may cancel for the clinic.');
  }
  // A reference code is as good as an id; the function below takes ids and judges by its own rows.
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const request = {
    booking_id: booking.booking_id,
    reason: input.reason ?? null,
    by: input.by,
    expected_version: input.expected_version ?? null,
    quote: input.quote,
  };
  const cancelled = await cancel(app.sql, request, dbActor(actor));
  const { outcome, refund_percent, refund_amount, version } = cancelled;
  if (outcome === 'policy_refused') {
    throw refusedBy(whyNotCancel(await refusedBooking(app, booking), input.by));
  }
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  let undo_until: Temporal.Instant | null = null;
  if (!input.quote) {
    await forgetRefusals(app, booking);
    // When this is lost, refund and message leave after the grace like all others.
    if (input.now) await endGrace(app.sql, booking.booking_id);
    undo_until = await graceOf(app.sql, booking.booking_id, version ?? booking.version);
    app.wake.relay();
    app.wake.dispatcher();
  }
  return {
    booking_id: booking.booking_id,
    reference_code: booking.reference_code,
    quote: input.quote,
    status: input.quote ? booking.status : 'cancelled',
    refund_percent: refund_percent ?? 0,
    refund_amount: moneyText(refund_amount ?? '0', booking.currency),
    currency: booking.currency,
    refund_id: cancelled.refund_id,
    undo_until: zonedTextOrNull(undo_until, booking.time_zone),
    version: version ?? booking.version,
  };
}
