import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { type BookingRow, findBooking } from '../store/bookings.ts';
import { type PayResult, payBooking as pay } from '../store/desk-payments.ts';
import { dbActor, scopeOf } from './actor.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';

/** The decimal text in the booking's currency; more decimals than it has are refused. */
export function amountIn(text: string, currency: string): string {
  try {
    return amountText(parseAmount(text, currency));
  } catch (cause) {
    const detail = `${text} is no amount in ${currency}.`;
    const errors = [{ path: 'body.amount', message: 'Not an amount in this currency' }];
    throw new AppError('invalid_input', detail, { errors }, { cause });
  }
}

function refused(booking: BookingRow, result: PayResult, amount: string | null): Error {
  const { reference_code, status, currency } = booking;
  const amount_rest = moneyText(result.amount_rest ?? '0', currency);
  const facts = { reference_code, status, amount_rest, currency };
  if (status === 'cancelled' || status === 'no-show') {
    const detail = `The booking ${reference_code} is ${status}; nothing is to be paid.`;
    return failure('policy_refused', { rule: 'booking_final', ...facts }, detail);
  }
  const left = parseAmount(amount_rest, currency).amount_minor;
  if (amount !== null && parseAmount(amount, currency).amount_minor > left) {
    const detail = `${amount_rest} ${currency} is left to pay, not ${amount}.`;
    return failure('policy_refused', { rule: 'more_than_due', ...facts }, detail);
  }
  const detail = 'A part needs expected_version, so that a second click does not take it again.';
  return failure('policy_refused', { rule: 'part_needs_version', ...facts }, detail);
}

/** Takes what is due at the visit. Said twice it is taken once. */
export async function payBooking(
  app: App,
  actor: Actor,
  input: Input<'pay_booking'>,
): Promise<Output<'pay_booking'>> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id, reference_code, currency } = booking;
  const amount = input.amount === undefined ? null : amountIn(input.amount, currency);
  const { payment_method, expected_version = null } = input;
  const request = { booking_id, payment_method, amount, expected_version };
  const result = await pay(app.sql, request, dbActor(actor));
  const { outcome, payment_id, version } = result;
  if (outcome === 'policy_refused') throw refused(booking, result, amount);
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  if (payment_id === null || version === null) {
    // A free booking: nothing was due, and no payment can be named.
    throw failure(
      'policy_refused',
      { reference_code },
      `Nothing is to be paid for ${reference_code}.`,
    );
  }
  app.wake.relay();
  return {
    payment_id,
    booking_id,
    reference_code,
    already_paid: result.already_paid === true,
    amount: moneyText(result.amount ?? '0', currency),
    amount_rest: moneyText(result.amount_rest ?? '0', currency),
    currency,
    version,
  };
}
