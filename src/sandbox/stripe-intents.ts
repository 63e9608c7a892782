// Payment intents: charge now, authorise and capture later, with or without the customer present.

import { behaviourOf, type CardBehaviour, cardError, findMethod } from './stripe-cards.ts';
import {
  childOf,
  choiceOf,
  type Form,
  flagOf,
  metadataOf,
  requiredInteger,
  requiredText,
  rowsOf,
  textOf,
  wireError,
} from './stripe-form.ts';
import { mustFind, newId, nowSeconds, put, type State } from './stripe-state.ts';
import type {
  Charge,
  IntentStatus,
  PaymentIntent,
  PaymentMethod,
  StripeEvent,
} from './stripe-types.ts';
import { type ApiRequest, recordEvent } from './stripe-webhooks.ts';

/**
 * Smallest and largest amounts taken, in minor units; Stripe's ceiling for IDR has twelve digits.
 */
const MAX_AMOUNT = 999_999_999_999;

/** An API answer together with the events that it caused; the caller decides how those travel. */
export type Outcome<T> = { readonly object: T; readonly events: readonly StripeEvent[] };

type IntentSeed = Pick<
  PaymentIntent,
  'amount' | 'currency' | 'customer' | 'capture_method' | 'description' | 'metadata'
> &
  Partial<
    Pick<PaymentIntent, 'setup_future_usage' | 'receipt_email' | 'automatic_payment_methods'>
  >;

export function newIntent(state: State, seed: IntentSeed): PaymentIntent {
  const id = newId('pi_3', 17);
  const intent: PaymentIntent = {
    id,
    object: 'payment_intent',
    amount: seed.amount,
    amount_capturable: 0,
    amount_received: 0,
    automatic_payment_methods: seed.automatic_payment_methods ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: seed.capture_method,
    client_secret: `${id}_secret_${newId('', 18)}`,
    confirmation_method: 'automatic',
    created: nowSeconds(),
    currency: seed.currency,
    customer: seed.customer,
    description: seed.description,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: seed.metadata,
    next_action: null,
    payment_method: null,
    payment_method_types: ['card'],
    processing: null,
    receipt_email: seed.receipt_email ?? null,
    setup_future_usage: seed.setup_future_usage ?? null,
    statement_descriptor: null,
    status: 'requires_payment_method',
  };
  put(state, 'intents', id, intent);
  return intent;
}

function newCharge(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  ok: boolean,
): Charge {
  const captured = ok && intent.capture_method !== 'manual';
  const charge: Charge = {
    id: newId('ch_3', 17),
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    balance_transaction: captured ? newId('txn_3', 17) : null,
    billing_details: method.billing_details,
    captured,
    created: nowSeconds(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: ok ? null : 'card_declined',
    failure_message: ok ? null : 'Your card was declined.',
    livemode: false,
    metadata: { ...intent.metadata },
    outcome: {
      network_status: ok ? 'approved_by_network' : 'declined_by_network',
      risk_level: 'normal',
      type: ok ? 'authorized' : 'issuer_declined',
    },
    paid: ok,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: {
      type: 'card',
      card: { brand: method.card.brand, last4: method.card.last4 },
    },
    receipt_url: null,
    refunded: false,
    status: ok ? 'succeeded' : 'failed',
  };
  put(state, 'charges', charge.id, charge);
  intent.latest_charge = charge.id;
  return charge;
}

/** The bank says yes: charged, or authorised when the capture is manual. */
export function approveIntent(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  request?: ApiRequest,
): readonly StripeEvent[] {
  const charge = newCharge(state, intent, method, true);
  Object.assign(intent, {
    payment_method: method.id,
    last_payment_error: null,
    next_action: null,
    processing: null,
  });
  const authorised = intent.capture_method === 'manual';
  intent.status = authorised ? 'requires_capture' : 'succeeded';
  intent.amount_capturable = authorised ? intent.amount : 0;
  intent.amount_received = authorised ? 0 : intent.amount;
  const type = authorised ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded';
  return [
    recordEvent(state, 'charge.succeeded', charge, request),
    recordEvent(state, type, intent, request),
  ];
}

/** The bank says no; the intent waits for another card. */
export function declineIntent(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  behaviour: CardBehaviour | 'not_authenticated',
  request?: ApiRequest,
): readonly StripeEvent[] {
  const charge = newCharge(state, intent, method, false);
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.next_action = null;
  intent.processing = null;
  intent.last_payment_error = cardError(behaviour, charge.id);
  return [
    recordEvent(state, 'charge.failed', charge, request),
    recordEvent(state, 'payment_intent.payment_failed', intent, request),
  ];
}

/** The bank wants to see the customer: 3-D Secure on a page of its own. */
export function challengeIntent(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  url: string,
  request?: ApiRequest,
): readonly StripeEvent[] {
  intent.status = 'requires_action';
  intent.payment_method = method.id;
  intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url: null } };
  return [recordEvent(state, 'payment_intent.requires_action', intent, request)];
}

function unexpectedState(intent: PaymentIntent, verb: string): never {
  throw wireError({
    status: 400,
    code: 'payment_intent_unexpected_state',
    message: `This PaymentIntent could not be ${verb} because it has a status of ${intent.status}.`,
    extra: { payment_intent: intent },
  });
}

/** Stripe's 400 for an intent that is past (or before) the asked step. */
export function requireStatus(
  intent: PaymentIntent,
  allowed: readonly IntentStatus[],
  verb: string,
): void {
  if (!allowed.includes(intent.status)) unexpectedState(intent, verb);
}

function amountOf(form: Form): number {
  const amount = requiredInteger(form, 'amount', 1);
  if (amount <= MAX_AMOUNT) return amount;
  throw wireError({
    status: 400,
    code: 'amount_too_large',
    param: 'amount',
    message: 'Amount must be no more than twelve digits.',
  });
}

export function currencyOf(form: Form, path = 'currency'): string {
  const currency = requiredText(form, 'currency', path).toLowerCase();
  if (/^[a-z]{3}$/.test(currency)) return currency;
  throw wireError({ status: 400, param: path, message: `Invalid currency: ${currency}` });
}

type Confirmation = { readonly outcome: Outcome<PaymentIntent>; readonly refused: boolean };

/**
 * Charges the intent with a card. `refused` asks the caller to answer 402 after the events are
 * sent.
 */
function confirmWith(
  state: State,
  intent: PaymentIntent,
  form: Form,
  base_url: string,
  request: ApiRequest,
): Confirmation {
  requireStatus(
    intent,
    ['requires_payment_method', 'requires_confirmation', 'requires_action'],
    'confirmed',
  );
  const method_id = textOf(form, 'payment_method') ?? intent.payment_method;
  if (method_id === null) {
    throw wireError({
      status: 400,
      code: 'parameter_missing',
      param: 'payment_method',
      message: 'You cannot confirm this PaymentIntent because it is missing a payment method.',
    });
  }
  const method = findMethod(state, method_id, intent.receipt_email);
  if (method.customer !== null && method.customer !== intent.customer) {
    throw wireError({
      status: 400,
      param: 'payment_method',
      message: 'The provided PaymentMethod belongs to another customer.',
    });
  }
  const behaviour = behaviourOf(method);
  if (behaviour === 'approve') {
    const events = approveIntent(state, intent, method, request);
    return { outcome: { object: intent, events }, refused: false };
  }
  if (behaviour === 'authenticate' && !flagOf(form, 'off_session')) {
    const url = `${base_url}/pay/intent/${intent.id}`;
    const events = challengeIntent(state, intent, method, url, request);
    return { outcome: { object: intent, events }, refused: false };
  }
  const events = declineIntent(state, intent, method, behaviour, request);
  return { outcome: { object: intent, events }, refused: true };
}

export type IntentAnswer = Outcome<PaymentIntent> & { readonly refused: boolean };

/** POST /v1/payment_intents */
export function createIntent(
  state: State,
  form: Form,
  base_url: string,
  request: ApiRequest,
): IntentAnswer {
  const customer = textOf(form, 'customer');
  if (customer !== null) mustFind(state.customers, customer, 'customer', 'customer');
  const method_types = rowsOf(form, 'payment_method_types').filter((row) => row !== 'card');
  if (method_types.length > 0) {
    throw wireError({
      status: 400,
      param: 'payment_method_types',
      message: 'The sandbox takes the payment method type card only.',
    });
  }
  const intent = newIntent(state, {
    amount: amountOf(form),
    currency: currencyOf(form),
    customer,
    capture_method:
      choiceOf(form, 'capture_method', ['automatic', 'automatic_async', 'manual']) ??
      'automatic_async',
    description: textOf(form, 'description'),
    metadata: metadataOf(form),
    setup_future_usage: choiceOf(form, 'setup_future_usage', ['on_session', 'off_session']),
    receipt_email: textOf(form, 'receipt_email'),
    automatic_payment_methods: flagOf(childOf(form, 'automatic_payment_methods'), 'enabled')
      ? { enabled: true }
      : null,
  });
  const created = recordEvent(state, 'payment_intent.created', intent, request);
  if (!flagOf(form, 'confirm')) {
    const method_id = textOf(form, 'payment_method');
    if (method_id !== null) {
      intent.payment_method = findMethod(state, method_id).id;
      intent.status = 'requires_confirmation';
    }
    return { object: intent, events: [created], refused: false };
  }
  const { outcome, refused } = confirmWith(state, intent, form, base_url, request);
  return { object: outcome.object, events: [created, ...outcome.events], refused };
}

/** POST /v1/payment_intents/{id}/confirm */
export function confirmIntent(
  state: State,
  id: string,
  form: Form,
  base_url: string,
  request: ApiRequest,
): IntentAnswer {
  const intent = mustFind(state.intents, id, 'payment_intent');
  const { outcome, refused } = confirmWith(state, intent, form, base_url, request);
  return { ...outcome, refused };
}

/** The customer's word to a bank that asked: the card is charged, or refused for good. */
export function authenticateIntent(
  state: State,
  id: string,
  approved: boolean,
): Outcome<PaymentIntent> {
  const intent = mustFind(state.intents, id, 'payment_intent');
  requireStatus(intent, ['requires_action'], 'authenticated');
  const method = findMethod(state, intent.payment_method ?? '');
  const events = approved
    ? approveIntent(state, intent, method)
    : declineIntent(state, intent, method, 'not_authenticated');
  return { object: intent, events };
}

/** The 402 answer of a refused card; the intent goes with it, as on Stripe's wire. */
export function refusal(intent: PaymentIntent): ReturnType<typeof wireError> {
  const error = intent.last_payment_error;
  return wireError({
    status: 402,
    type: 'card_error',
    code: error?.code ?? 'card_declined',
    message: error?.message ?? 'Your card was declined.',
    extra: {
      decline_code: error?.decline_code ?? null,
      charge: error?.charge ?? null,
      payment_intent: intent,
    },
  });
}
