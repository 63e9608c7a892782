// Payments without a page of Stripe's: saved methods, and money that is authorised first.

import { createHash } from 'node:crypto';
import type { Stripe } from 'stripe';
import { AppError } from '../../domain/errors.ts';
import type {
  ChargeRequest,
  ChargeResult,
  Closed,
  PaymentEvent,
  SavedMethod,
} from '../../domain/ports.ts';
import { intentFacts, timeText } from './stripe-events.ts';
import { isMissing, type Sdk } from './stripe-sdk.ts';

/** Methods shown of one owner: people have a handful. */
const METHODS_MAX = 100;
/** An unanswered charge is looked for among this many of its owner's newest. */
const CHARGES_MAX = 100;

/** A page's session and a charge share one column of ours; Stripe's prefixes tell them apart. */
export function isIntent(session_id: string): boolean {
  return session_id.startsWith('pi_');
}

/** Not an event of Stripe's: the inbox must tell a look from the webhook that may still come. */
function lookEvent(
  intent: Stripe.PaymentIntent,
  event_type: string,
  result: PaymentEvent['result'],
): PaymentEvent {
  const try_id = typeof intent.latest_charge === 'string' ? intent.latest_charge : '';
  return {
    event_id: `lookup_${intent.id}_${intent.status}_${try_id}`,
    event_type,
    occurred_at: timeText(intent.created),
    ...intentFacts(intent, result),
  };
}

/** How far a charge is, in our words. */
function resultOf(intent: Stripe.PaymentIntent): ChargeResult {
  switch (intent.status) {
    case 'succeeded': {
      const event = lookEvent(intent, 'payment_intent.succeeded', 'success');
      return { outcome: 'paid', event };
    }
    case 'requires_capture': {
      const type = 'payment_intent.amount_capturable_updated';
      return { outcome: 'authorised', event: lookEvent(intent, type, 'authorised') };
    }
    case 'canceled':
      return { outcome: 'voided', event: lookEvent(intent, 'payment_intent.canceled', 'voided') };
    case 'processing':
      return { outcome: 'processing', payment_intent: intent.id };
    case 'requires_action': {
      const payment_url = intent.next_action?.redirect_to_url?.url;
      if (payment_url)
        return { outcome: 'requires_action', payment_intent: intent.id, payment_url };
      return declined(intent);
    }
    default:
      return declined(intent);
  }
}

function declined(intent: Stripe.PaymentIntent): ChargeResult {
  const error = intent.last_payment_error;
  return {
    outcome: 'declined',
    event: lookEvent(intent, 'payment_intent.payment_failed', 'failed'),
    decline_code: error?.decline_code ?? error?.code ?? null,
  };
}

/** The name under which Stripe knows an owner; the same one however often it is asked for. */
export async function createCustomer(
  { client }: Sdk,
  { user_id, email }: { readonly user_id: string; readonly email: string | null },
): Promise<string> {
  // Another address is another request: Stripe refuses it under the same key.
  const mark = createHash('sha256')
    .update(email ?? '')
    .digest('hex');
  const customer = await client.customers.create(
    { metadata: { user_id }, ...(email === null ? {} : { email }) },
    { idempotencyKey: `customer_${user_id}_${mark.slice(0, 16)}` },
  );
  return customer.id;
}

/** The cards that an owner saved, newest first. */
export async function listMethods(sdk: Sdk, customer_id: string): Promise<readonly SavedMethod[]> {
  let list: Stripe.ApiList<Stripe.PaymentMethod>;
  try {
    const params = { type: 'card', limit: METHODS_MAX } as const;
    list = await sdk.client.customers.listPaymentMethods(customer_id, params);
  } catch (error) {
    if (isMissing(sdk, error)) return [];
    throw error;
  }
  return list.data.flatMap(({ id, card }) => {
    if (!card) return [];
    const { brand, last4, exp_month, exp_year } = card;
    return [{ payment_method_id: id, brand, last4, exp_month, exp_year }];
  });
}

/** Makes Stripe forget a saved method. One that is gone already is as good as gone. */
export async function detachMethod(sdk: Sdk, payment_method_id: string): Promise<void> {
  try {
    await sdk.client.paymentMethods.detach(payment_method_id);
  } catch (error) {
    if (!isMissing(sdk, error)) throw error;
  }
}

/**
 * Charges a saved card while its owner is not there. A bank that insists on seeing them gets a page
 * to ask on. Repeated with the same payment it charges once.
 */
export async function chargeSaved(sdk: Sdk, request: ChargeRequest): Promise<ChargeResult> {
  const { payment_id, reservation_id, reference_code, payment_method_id, return_url } = request;
  const { paymentIntents } = sdk.client;
  try {
    const intent = await paymentIntents.create(
      {
        amount: request.amount.amount_minor,
        currency: request.amount.currency.toLowerCase(),
        customer: request.customer_id,
        payment_method: payment_method_id,
        description: request.description,
        capture_method: request.authorise_only ? 'manual' : 'automatic',
        off_session: true,
        confirm: true,
        metadata: { payment_id, reservation_id, reference_code, channel: 'saved' },
      },
      { idempotencyKey: `charge_${payment_id}` },
    );
    return resultOf(intent);
  } catch (error) {
    if (!(error instanceof sdk.errors.StripeCardError) || !error.payment_intent) throw error;
    if (error.code !== 'authentication_required') return declined(error.payment_intent);
    return await askBank(sdk, error.payment_intent.id, payment_method_id, payment_id, return_url);
  }
}

/** Confirms once more as if the owner were there: the answer has the address of the bank's page. */
async function askBank(
  sdk: Sdk,
  intent_id: string,
  payment_method: string,
  payment_id: string,
  return_url: string,
): Promise<ChargeResult> {
  try {
    const params = { payment_method, return_url };
    const key = { idempotencyKey: `confirm_${payment_id}` };
    return resultOf(await sdk.client.paymentIntents.confirm(intent_id, params, key));
  } catch (error) {
    if (!(error instanceof sdk.errors.StripeCardError) || !error.payment_intent) throw error;
    return declined(error.payment_intent);
  }
}

/** What became of a charge whose answer was lost; null when Stripe never heard of it. */
export async function findCharge(
  sdk: Sdk,
  charge: { readonly payment_id: string; readonly customer_id: string },
): Promise<ChargeResult | null> {
  const list = await sdk.client.paymentIntents.list({
    customer: charge.customer_id,
    limit: CHARGES_MAX,
  });
  const found = list.data.find(({ metadata }) => metadata['payment_id'] === charge.payment_id);
  return found === undefined ? null : resultOf(found);
}

/** Asks without changing anything. */
export async function lookAtCharge(sdk: Sdk, payment_intent: string): Promise<ChargeResult | null> {
  try {
    return resultOf(await sdk.client.paymentIntents.retrieve(payment_intent));
  } catch (error) {
    if (isMissing(sdk, error)) return null;
    throw error;
  }
}

/** A charge as the poller and the sweeper ask after a page. */
export async function retrieveIntent(
  sdk: Sdk,
  payment_intent: string,
): Promise<Closed | { readonly outcome: 'open' }> {
  const looked = await lookAtCharge(sdk, payment_intent);
  switch (looked?.outcome) {
    case undefined:
      return { outcome: 'unknown_session' };
    case 'paid':
    case 'authorised':
      return { outcome: looked.outcome, event: looked.event };
    case 'requires_action':
      return { outcome: 'open' };
    case 'processing':
      return { outcome: 'processing' };
    case 'declined':
    case 'voided':
      return { outcome: 'expired' };
  }
}

/** Ends a charge that waits for its owner's bank; money that came first is handed over. */
export async function closeIntent(sdk: Sdk, payment_intent: string): Promise<Closed> {
  const looked = await retrieveIntent(sdk, payment_intent);
  if (looked.outcome !== 'open') return looked;
  const ended = await voidIntent(sdk, payment_intent);
  if (ended.outcome === 'paid' || ended.outcome === 'authorised') {
    return { outcome: ended.outcome, event: ended.event };
  }
  return { outcome: ended.outcome === 'processing' ? 'processing' : 'expired' };
}

/** Fetches authorised money. Throws `payment_failed` when the bank will not pay it any more. */
export async function capture(
  sdk: Sdk,
  payment_intent: string,
  payment_id: string,
): Promise<ChargeResult> {
  try {
    const key = { idempotencyKey: `capture_${payment_id}` };
    return resultOf(await sdk.client.paymentIntents.capture(payment_intent, {}, key));
  } catch (error) {
    const { StripeCardError, StripeInvalidRequestError } = sdk.errors;
    const is_final = error instanceof StripeCardError || error instanceof StripeInvalidRequestError;
    if (!is_final) throw error;
    // Captured or let go by somebody else: the charge itself says which.
    const looked = await lookAtCharge(sdk, payment_intent);
    if (looked !== null && looked.outcome !== 'authorised') return looked;
    throw error;
  }
}

/** Lets authorised money go, or ends a charge that nobody finished. */
export async function voidIntent(sdk: Sdk, payment_intent: string): Promise<ChargeResult> {
  try {
    return resultOf(await sdk.client.paymentIntents.cancel(payment_intent));
  } catch (error) {
    if (!(error instanceof sdk.errors.StripeInvalidRequestError)) throw error;
    const looked = await lookAtCharge(sdk, payment_intent);
    if (looked === null) {
      throw new AppError('payment_failed', 'The provider does not know this authorisation.');
    }
    // Still the bank's to pay although it may not be let go: to be tried again.
    if (looked.outcome === 'authorised') throw error;
    return looked;
  }
}
