// Checkout sessions: made over the API, paid on the pay page, expired by us or by their own clock.

import {
  childOf,
  choiceOf,
  type Form,
  integerOf,
  metadataOf,
  requiredInteger,
  requiredText,
  rowsOf,
  textOf,
  wireError,
} from './stripe-form.ts';
import { currencyOf, type Outcome } from './stripe-intents.ts';
import { mustFind, newId, nowSeconds, put, type State } from './stripe-state.ts';
import type { CheckoutSession, Job, LineItem, SessionIntentData } from './stripe-types.ts';
import { type ApiRequest, recordEvent } from './stripe-webhooks.ts';

/** Stripe's window for `expires_at`, in seconds from creation. */
const LEAST_LIFE_S = 30 * 60;
const MOST_LIFE_S = 24 * 60 * 60;

function expiresAt(form: Form, created: number): number {
  const wanted = integerOf(form, 'expires_at', 0);
  if (wanted === null) return created + MOST_LIFE_S;
  if (wanted < created + LEAST_LIFE_S) {
    throw wireError({
      status: 400,
      param: 'expires_at',
      message:
        'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
    });
  }
  if (wanted > created + MOST_LIFE_S) {
    throw wireError({
      status: 400,
      param: 'expires_at',
      message:
        'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
    });
  }
  return wanted;
}

function lineItem(row: string | Form, index: number): LineItem {
  const path = `line_items[${index}]`;
  if (typeof row === 'string') {
    throw wireError({ status: 400, param: path, message: 'Invalid object' });
  }
  const price = childOf(row, 'price_data');
  const currency = currencyOf(price, `${path}[price_data][currency]`);
  const unit_amount = requiredInteger(price, 'unit_amount', 0, `${path}[price_data][unit_amount]`);
  const quantity = integerOf(row, 'quantity', 1, `${path}[quantity]`) ?? 1;
  const product = childOf(price, 'product_data');
  const total = unit_amount * quantity;
  return {
    id: newId('li_1', 17),
    object: 'item',
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency,
    description: requiredText(product, 'name', `${path}[price_data][product_data][name]`),
    metadata: {},
    price: {
      id: newId('price_1', 17),
      object: 'price',
      active: false,
      currency,
      product: newId('prod_', 10),
      type: 'one_time',
      unit_amount,
      unit_amount_decimal: String(unit_amount),
    },
    quantity,
  };
}

function lineItems(form: Form): LineItem[] {
  const items = rowsOf(form, 'line_items').map(lineItem);
  const currency = items[0]?.currency;
  if (currency === undefined) {
    throw wireError({
      status: 400,
      code: 'parameter_missing',
      param: 'line_items',
      message: 'Missing required param: line_items.',
    });
  }
  if (items.some((item) => item.currency !== currency)) {
    throw wireError({
      status: 400,
      param: 'line_items',
      message: 'All line items must have the same currency.',
    });
  }
  return items;
}

function intentData(form: Form): SessionIntentData {
  const data = childOf(form, 'payment_intent_data');
  return {
    capture_method:
      choiceOf(data, 'capture_method', ['automatic', 'automatic_async', 'manual']) ??
      'automatic_async',
    description: textOf(data, 'description'),
    metadata: metadataOf(data),
    setup_future_usage: choiceOf(data, 'setup_future_usage', ['on_session', 'off_session']),
  };
}

function addressOf(form: Form, name: string): string | null {
  const text = textOf(form, name);
  if (text === null || URL.canParse(text.replaceAll('{CHECKOUT_SESSION_ID}', 'x'))) return text;
  throw wireError({ status: 400, code: 'url_invalid', param: name, message: 'Not a valid URL' });
}

/**
 * POST /v1/checkout/sessions. The payment intent comes into being only when somebody pays, as on
 * Stripe.
 */
export function createSession(
  state: State,
  form: Form,
  base_url: string,
): { session: CheckoutSession; job: Job } {
  const created = nowSeconds();
  if (choiceOf(form, 'mode', ['payment']) === null) requiredText(form, 'mode');
  const items = lineItems(form);
  const total = items.reduce((sum, item) => sum + item.amount_total, 0);
  const customer = textOf(form, 'customer');
  if (customer !== null) mustFind(state.customers, customer, 'customer', 'customer');
  requiredText(form, 'success_url');
  const id = newId('cs_test_a1', 42);
  const session: CheckoutSession = {
    id,
    object: 'checkout.session',
    amount_subtotal: total,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    cancel_url: addressOf(form, 'cancel_url'),
    client_reference_id: textOf(form, 'client_reference_id'),
    client_secret: null,
    created,
    currency: items[0]?.currency ?? '',
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null },
    customer,
    customer_creation: choiceOf(form, 'customer_creation', ['always', 'if_required']),
    customer_details: null,
    customer_email: textOf(form, 'customer_email'),
    expires_at: expiresAt(form, created),
    invoice: null,
    livemode: false,
    locale: textOf(form, 'locale'),
    metadata: metadataOf(form),
    mode: 'payment',
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'if_required',
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    recovered_from: null,
    setup_intent: null,
    shipping_options: [],
    status: 'open',
    submit_type: textOf(form, 'submit_type'),
    subscription: null,
    success_url: addressOf(form, 'success_url'),
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${base_url}/pay/${id}`,
  };
  const intent = intentData(form);
  put(state, 'sessions', id, session);
  put(state, 'extras', id, { line_items: items, intent });
  const job: Job = {
    id: `expire_${id}`,
    kind: 'expire',
    due_at_ms: session.expires_at * 1000,
    session_id: id,
  };
  return { session, job };
}

/** Closes an open session for good; its page cannot take money any more. */
export function expireSession(
  state: State,
  id: string,
  request?: ApiRequest,
): Outcome<CheckoutSession> {
  const session = mustFind(state.sessions, id, 'checkout.session');
  if (session.status !== 'open') {
    throw wireError({
      status: 400,
      message:
        'Only Checkout Sessions with a status in ["open"] can be expired. ' +
        `This Checkout Session has a status of \`${session.status}\`.`,
    });
  }
  session.status = 'expired';
  session.url = null;
  return {
    object: session,
    events: [recordEvent(state, 'checkout.session.expired', session, request)],
  };
}

/** Finds a session by its id, its reservation, its reference code or the client's own reference. */
export function findSession(state: State, ref: string): CheckoutSession | null {
  const direct = state.sessions.get(ref);
  if (direct !== undefined) return direct;
  let found: CheckoutSession | null = null;
  // A reservation may have had several attempts: the newest open one is meant, else the newest.
  for (const session of state.sessions.values()) {
    const names = [
      session.metadata['reservation_id'],
      session.metadata['reference_code'],
      session.metadata['payment_id'],
      session.client_reference_id,
      session.payment_intent,
    ];
    const matches = names.includes(ref);
    if (matches && (session.status === 'open' || found?.status !== 'open')) found = session;
  }
  return found;
}
