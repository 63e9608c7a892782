import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import type { ChargeResult } from '../../domain/ports.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { findCheckoutFacts } from '../store/mail-facts.ts';
import type { ReservationRow } from '../store/reservations.ts';
import { type Begun, beginSavedPayment, readPayment } from '../store/saved-payments.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { findHold } from './find-hold.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { findMethod } from './payment-methods.ts';
import { endCharge, neverCharged, settleCharge } from './settle-charge.ts';
import { zonedText } from './slot-time.ts';
import { returnUrl } from './start-checkout.ts';
import { timeToPayOver } from './time-to-pay.ts';

type Started = Extract<Begun, { readonly outcome: 'ok' | 'in_flight' }>;

const RETRY_AFTER_MS = 2_000;

function isStarted(begun: Begun): begun is Started {
  return begun.outcome === 'ok' || begun.outcome === 'in_flight';
}

function refused(begun: Exclude<Begun, Started>, hold: ReservationRow): Error {
  const { reference_code } = hold;
  const facts = { reference_code };
  switch (begun.outcome) {
    case 'conflict': {
      const detail =
        hold.status === 'pending'
          ? `The card for ${reference_code} is authorised already; the clinic decides.`
          : `${reference_code} is ${hold.status}; nothing is to be paid for it.`;
      return failure('conflict', { ...facts, next: `petpro hold show ${reference_code}` }, detail);
    }
    case 'policy_refused':
      return failure('policy_refused', facts, `Nothing is to be paid for ${reference_code}.`);
    default:
      return failure(begun.outcome, facts);
  }
}

/** The charge of this request. An earlier one with another card is ended first, or stands. */
async function begin(
  app: App,
  actor: Actor,
  hold: ReservationRow,
  method_id: string,
  customer_id: string,
): Promise<Started> {
  const { reservation_id } = hold;
  const ask = () => {
    const wish = { payment_id: randomUUID(), reservation_id, method_id };
    return beginSavedPayment(app.sql, wish, dbActor(actor));
  };
  let begun = await ask();
  if (isStarted(begun) && begun.method_id !== method_id) {
    const { payment_id, session_id } = begun;
    if (session_id !== null) await endCharge(app, session_id);
    else {
      const found = await app.payments.findCharge({ payment_id, customer_id });
      if (found !== null) await settleCharge(app, payment_id, found);
    }
    begun = await ask();
  }
  if (begun.outcome === 'reservation_expired') throw await timeToPayOver(app, hold);
  if (!isStarted(begun)) throw refused(begun, hold);
  if (begun.method_id === method_id) return begun;
  const detail = 'Another card is being charged for this hold; wait for its end.';
  throw failure('conflict', { retry_after_ms: RETRY_AFTER_MS }, detail);
}

async function charge(
  app: App,
  hold: ReservationRow,
  begun: Started,
  customer_id: string,
): Promise<ChargeResult> {
  const { payment_id, method_id, session_id } = begun;
  const { reservation_id, reference_code } = hold;
  if (session_id !== null) {
    const looked = await app.payments.lookAtCharge(session_id);
    if (looked !== null) return looked;
  }
  const facts = await findCheckoutFacts(app.sql, reservation_id);
  if (!facts) throw new Error(`The reservation ${reservation_id} is not there`);
  failpoint('before-checkout');
  try {
    return await app.payments.chargeSaved({
      payment_id,
      reservation_id,
      reference_code,
      amount: parseAmount(begun.amount, begun.currency),
      description: `${facts.service_name}, ${facts.clinic_name}`,
      customer_id,
      payment_method_id: method_id,
      authorise_only: begun.needs_approval,
      return_url: returnUrl(app, reference_code, 'paid'),
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'payment_failed') {
      await settleCharge(app, payment_id, {
        outcome: 'voided',
        event: neverCharged(payment_id, error.detail),
      });
      throw error;
    }
    const detail =
      'The payment provider did not say whether the card was charged. ' +
      'Send the same request again: it is charged once at most.';
    const facts = { reference_code, retry_after_ms: RETRY_AFTER_MS };
    throw new AppError('unavailable', detail, facts, { cause: error });
  }
}

/** What the payment came to, as PostgreSQL has it: the webhook may have been faster than we. */
async function answer(
  app: App,
  hold: ReservationRow,
  begun: Started,
  result: ChargeResult,
): Promise<Output<'create_payment'>> {
  const { payment_id, amount, currency } = begun;
  const { reservation_id, reference_code } = hold;
  const row = await readPayment(app.sql, payment_id);
  const expires_at = zonedText(row.expires_at, row.time_zone);
  const is_over = row.status === 'success' || row.status === 'refunded';
  if (is_over && row.booking_id === null) {
    const detail = 'The place was gone when the money came; all of it goes back to the card.';
    throw failure('reservation_expired', { reference_code, payment_id }, detail);
  }
  if (row.status === 'failed') {
    const code = result.outcome === 'declined' ? result.decline_code : null;
    const detail =
      `The card was declined${code === null ? '' : ` (${code})`}; nothing was charged. ` +
      `The place is kept until ${expires_at}.`;
    const next = `petpro payments link ${reference_code}`;
    throw failure(
      'payment_failed',
      { reference_code, decline_code: code, expires_at, next },
      detail,
    );
  }
  const waits = result.outcome === 'requires_action' && !is_over;
  return {
    payment_id,
    reservation_id,
    reference_code,
    status: is_over
      ? 'success'
      : row.is_asked
        ? 'awaiting_approval'
        : waits
          ? 'requires_action'
          : 'processing',
    booking_id: row.booking_id,
    payment_url: waits && !row.is_asked ? result.payment_url : null,
    amount: moneyText(amount, currency),
    currency,
    expires_at,
  };
}

/**
 * Pays a hold with a method that its owner saved, without them: booked in this request when the
 * bank says yes. Asked twice it charges once. A card that is declined leaves the hold as it was.
 */
export async function createPayment(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, payment_method_id }: Input<'create_payment'>,
): Promise<Output<'create_payment'>> {
  const hold = await findHold(app, actor, hold_ref);
  const { customer_id } = await findMethod(app, hold.user_id, payment_method_id);
  const begun = await begin(app, actor, hold, payment_method_id, customer_id);
  const result = await charge(app, hold, begun, customer_id);
  failpoint('after-charge');
  await settleCharge(app, begun.payment_id, result);
  const answered = await answer(app, hold, begun, result);
  // Paid with the card: nobody may pay on the page a second time.
  const has_page = hold.session_id !== null && hold.session_id !== begun.session_id;
  const is_settled = answered.status === 'success' || answered.status === 'awaiting_approval';
  if (has_page && is_settled) await closePage(app, hold.session_id ?? '');
  return answered;
}
