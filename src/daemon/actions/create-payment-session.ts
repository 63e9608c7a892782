import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { bookHeld } from './create-booking.ts';
import { findHold } from './find-hold.ts';
import { findSlots } from './find-slot.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';
import { timeToPayOver } from './time-to-pay.ts';

/** A payment page for a hold that stands: the second half of create_booking. */
export async function createPaymentSession(
  app: App,
  actor: Actor,
  input: Input<'create_payment_session'>,
): Promise<Output<'create_payment_session'>> {
  const row = await findHold(app, actor, input.reservation_id);
  const { reservation_id } = row;
  if (row.status === 'expired') throw await timeToPayOver(app, row);
  if (row.status === 'cancelled') {
    throw failure('conflict', { reservation_id }, 'This hold was given back already.');
  }
  const due = parseAmount(row.amount_due, row.currency);
  const { amount = row.amount_due, currency = row.currency } = input;
  if (
    currency.toUpperCase() !== row.currency ||
    parseAmount(amount, row.currency).amount_minor !== due.amount_minor
  ) {
    const facts = { amount: amountText(due), currency: row.currency };
    throw new AppError('conflict', `To be paid is ${amountText(due)} ${row.currency}.`, facts);
  }
  const [slot] = await findSlots(app, actor, row);
  if (!slot) throw failure('not_found');
  const { save_payment_method } = input;
  const holding = { held: row, slot, user_id: row.user_id, earlier: row };
  const wish = { payment_method: 'checkout', save_payment_method } as const;
  const { payment_url } = await bookHeld(app, actor, holding, wish);
  const now = await findHold(app, actor, reservation_id);
  return {
    reservation_id,
    reference_code: now.reference_code,
    payment_id: now.payment_id,
    session_id: now.session_id,
    payment_url,
    booking_id: now.booking_id,
    amount: amountText(due),
    currency: row.currency,
    expires_at: zonedText(now.expires_at, now.time_zone),
  };
}
