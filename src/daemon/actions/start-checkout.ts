import { createHash } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import type { Checkout } from '../../domain/ports.ts';
import type { Actor, App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { releasePlaces } from '../locks/places.ts';
import { findCheckoutFacts } from '../store/mail-facts.ts';
import { openSession, recordPaymentSession } from '../store/payments.ts';
import { giveUpReservation } from '../store/reservations.ts';
import { dbActor, systemActor } from './actor.ts';
import { closePage } from './close-page.ts';
import type { Holding } from './hold.ts';
import { failure } from './outcome.ts';
import { customerOf } from './payment-methods.ts';

const RETRY_AFTER_MS = 5_000;

/**
 * The id of a reservation's payment, derived from it: a request that is repeated after a crash asks
 * the provider for the same session instead of opening a second one. RFC 9562, version 8.
 */
function paymentIdOf(reservation_id: string): string {
  const hex = createHash('sha256').update(`checkout:${reservation_id}`).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Where the payment page sends people: a page of ours, under the address that customers know. */
export function returnUrl(app: App, reference_code: string, result: 'paid' | 'left'): string {
  const { public_url, host, port } = app.config;
  const base = public_url ?? `http://${host}:${port}`;
  return new URL(`/payment/${result}/${reference_code}`, base).href;
}

async function openPage(
  app: App,
  holding: Holding,
  payment_id: string,
  save: boolean,
): Promise<Checkout> {
  const { held } = holding;
  const facts = await findCheckoutFacts(app.sql, held.reservation_id);
  if (!facts) throw new Error(`The reservation ${held.reservation_id} is not there`);
  return await app.payments.createCheckout({
    payment_id,
    reservation_id: held.reservation_id,
    reference_code: held.reference_code,
    amount: parseAmount(held.amount_due, held.currency),
    description: `${facts.service_name}, ${facts.clinic_name}`,
    customer_email: facts.email,
    save_for: save ? await customerOf(app, facts.user_id) : null,
    authorise_only: facts.needs_approval,
    lang: facts.lang,
    success_url: returnUrl(app, held.reference_code, 'paid'),
    cancel_url: returnUrl(app, held.reference_code, 'left'),
  });
}

/**
 * Gives the slot back when there is no way to pay for it: an unpaid hold would only block others.
 * Answers the address of a page that a request beside this one has opened for it after all.
 */
async function giveUp(
  app: App,
  actor: Actor,
  holding: Holding,
  reason: string,
): Promise<string | null> {
  const { held, slot } = holding;
  const { reservation_id } = held;
  try {
    const given_up = await giveUpReservation(app.sql, reservation_id, reason, systemActor(actor));
    if (given_up.outcome === 'conflict') {
      return (await openSession(app.sql, reservation_id))?.payment_url ?? null;
    }
    await releasePlaces(app, { ...held, slot_id: slot.slot_id });
    app.wake.relay();
  } catch (error) {
    // The sweeper ends the hold later; the caller hears of the payment's failure, not of ours.
    app.log.warn('hold.not_cancelled', { reservation_id, err: error });
  }
  return null;
}

/**
 * Opens the payment page of a hold, or finds the one that is open. No transaction is open
 * meanwhile.
 */
export async function startCheckout(
  app: App,
  actor: Actor,
  holding: Holding,
  save = false,
): Promise<string> {
  const { held } = holding;
  if (holding.earlier !== null) {
    const known = await openSession(app.sql, held.reservation_id);
    if (known?.payment_url) return known.payment_url;
  }
  const payment_id = paymentIdOf(held.reservation_id);
  failpoint('before-checkout');
  let checkout: Checkout;
  try {
    checkout = await openPage(app, holding, payment_id, save);
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'unavailable';
    const other_page = await giveUp(app, actor, holding, code);
    if (other_page !== null) return other_page;
    // A clear no (declined, not set up) is passed on; everything else may work later.
    if (error instanceof AppError && code !== 'unavailable') throw error;
    throw new AppError(
      'unavailable',
      'The payment provider does not answer; the slot was not kept. Try again.',
      { retry_after_ms: RETRY_AFTER_MS },
      { cause: error },
    );
  }
  failpoint('after-checkout');
  const session = { payment_id, reservation_id: held.reservation_id, ...checkout };
  const recorded = await recordPaymentSession(app.sql, session, dbActor(actor));
  failpoint('after-record');
  if (recorded.outcome !== 'ok') {
    // The hold ended while the page was being made: nobody may pay on it any more.
    await closePage(app, checkout.session_id);
    throw failure(recorded.outcome);
  }
  return checkout.payment_url;
}
