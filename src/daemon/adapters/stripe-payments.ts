// Payments through Stripe: hosted checkout, refunds, signed webhooks.

import type { Stripe } from 'stripe';
import { AppError } from '../../domain/errors.ts';
import type {
  Checkout,
  CheckoutRequest,
  Closed,
  PaymentEvent,
  PaymentGateway,
  RefundRequest,
} from '../../domain/ports.ts';
import { factsOf, refundNews, sessionFacts, timeText } from './stripe-events.ts';
import {
  capture,
  chargeSaved,
  closeIntent,
  createCustomer,
  detachMethod,
  findCharge,
  isIntent,
  listMethods,
  lookAtCharge,
  retrieveIntent,
  voidIntent,
} from './stripe-intents.ts';
import {
  API_VERSION,
  isMissing,
  loadSdk,
  mapError,
  type Sdk,
  type StripeSettings,
} from './stripe-sdk.ts';

const HEALTH_TIMEOUT_MS = 2_000;
/**
 * Stripe takes 30 minutes at least by its own clock; the rest lets ours be two minutes slow and the
 * call be tried again (capabilities 7.2). Its end decides nothing: the hold's does, long before.
 */
const SESSION_LIFE_S = 33 * 60;
/** Oldest webhook signature accepted, in seconds: what stops a replayed request. */
const SIGNATURE_TOLERANCE_S = 300;
/** Sessions looked through for one that an earlier, unanswered call made: pages of a hundred. */
const LOOKUP_PAGES = 3;

/** Stripe takes a known customer or an address, never both. */
function whoPays({ save_for, customer_email }: CheckoutRequest) {
  if (save_for !== null) return { customer: save_for };
  return customer_email === null ? {} : { customer_email };
}

function checkoutParams(request: CheckoutRequest, expires_at: number) {
  const metadata = {
    payment_id: request.payment_id,
    reservation_id: request.reservation_id,
    reference_code: request.reference_code,
  };
  return {
    mode: 'payment',
    submit_type: 'book',
    client_reference_id: request.reference_code,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: request.amount.currency.toLowerCase(),
          unit_amount: request.amount.amount_minor,
          product_data: { name: request.description },
        },
      },
    ],
    metadata,
    // The mark tells the intent's own events, which a finished page makes needless, from those of a
    // payment that only they can tell of.
    payment_intent_data: {
      metadata: { ...metadata, channel: request.authorise_only ? 'approval' : 'checkout' },
      ...(request.authorise_only ? { capture_method: 'manual' as const } : {}),
      ...(request.save_for === null ? {} : { setup_future_usage: 'off_session' as const }),
    },
    ...whoPays(request),
    locale: request.lang,
    expires_at,
    success_url: request.success_url,
    cancel_url: request.cancel_url,
  } satisfies Stripe.Checkout.SessionCreateParams;
}

function toCheckout(session: Stripe.Checkout.Session): Checkout {
  if (session.url === null) {
    throw new AppError('payment_failed', 'This payment attempt is over; start a new one.');
  }
  return {
    session_id: session.id,
    payment_url: session.url,
    expires_at: timeText(session.expires_at),
  };
}

/**
 * The session that an earlier call with this payment made, although its answer never reached us.
 */
async function findByPayment(
  { client }: Sdk,
  payment_id: string,
): Promise<Stripe.Checkout.Session | null> {
  const since = Math.floor(Date.now() / 1000) - SESSION_LIFE_S;
  let starting_after: string | undefined;
  for (let page = 0; page < LOOKUP_PAGES; page += 1) {
    const list = await client.checkout.sessions.list({
      limit: 100,
      created: { gte: since },
      ...(starting_after === undefined ? {} : { starting_after }),
    });
    const found = list.data.find((session) => session.metadata?.['payment_id'] === payment_id);
    if (found !== undefined) return found;
    starting_after = list.data.at(-1)?.id;
    if (!list.has_more || starting_after === undefined) return null;
  }
  return null;
}

async function createCheckout(sdk: Sdk, request: CheckoutRequest): Promise<Checkout> {
  const expires_at = Math.floor(Date.now() / 1000) + SESSION_LIFE_S;
  try {
    const session = await sdk.client.checkout.sessions.create(checkoutParams(request, expires_at), {
      idempotencyKey: `checkout_${request.payment_id}`,
    });
    return toCheckout(session);
  } catch (error) {
    // A second call for the same payment differs in `expires_at`, which Stripe refuses under one
    // key.
    if (!(error instanceof sdk.errors.StripeIdempotencyError)) throw error;
    const earlier = await findByPayment(sdk, request.payment_id);
    if (earlier === null) throw error;
    return toCheckout(earlier);
  }
}

/** Verifies with each secret in turn; throws when none of them signed these bytes recently. */
async function verifyWebhook(
  sdk: Sdk,
  settings: StripeSettings,
  raw_body: Buffer,
  signature: string | undefined,
): Promise<PaymentEvent> {
  let refused: unknown;
  for (const secret of settings.stripe_webhook_secret) {
    let event: Stripe.Event;
    try {
      event = await sdk.client.webhooks.constructEventAsync(
        raw_body,
        signature ?? '',
        secret,
        SIGNATURE_TOLERANCE_S,
      );
    } catch (error) {
      refused = error;
      continue;
    }
    const occurred_at = timeText(event.created);
    return { event_id: event.id, event_type: event.type, occurred_at, ...factsOf(event) };
  }
  const detail = 'The signature of the payment event does not hold.';
  throw new AppError('invalid_input', detail, {}, { cause: refused });
}

type Looked = Awaited<ReturnType<PaymentGateway['retrieveCheckout']>>;

async function retrieveCheckout(sdk: Sdk, session_id: string): Promise<Looked> {
  if (isIntent(session_id)) return await retrieveIntent(sdk, session_id);
  let session: Stripe.Checkout.Session;
  try {
    session = await sdk.client.checkout.sessions.retrieve(session_id);
  } catch (error) {
    if (isMissing(sdk, error)) return { outcome: 'unknown_session' };
    throw error;
  }
  if (session.status === 'open') return { outcome: 'open' };
  if (session.status === 'expired') return { outcome: 'expired' };
  if (session.payment_status === 'unpaid') {
    // Complete without money: the bank thinks about it, or keeps the money ready for us.
    const { payment_intent } = session;
    return typeof payment_intent === 'string'
      ? await retrieveIntent(sdk, payment_intent)
      : { outcome: 'processing' };
  }
  const event: PaymentEvent = {
    // Not an event of Stripe's: the inbox must tell this look-up from the webhook that may still
    // come.
    event_id: `lookup_${session.id}`,
    event_type: 'checkout.session.completed',
    occurred_at: timeText(session.created),
    ...sessionFacts(session, 'success'),
  };
  return { outcome: 'paid', event };
}

async function expireCheckout(sdk: Sdk, session_id: string): Promise<Closed> {
  if (isIntent(session_id)) return await closeIntent(sdk, session_id);
  try {
    await sdk.client.checkout.sessions.expire(session_id);
    return { outcome: 'expired' };
  } catch (error) {
    if (isMissing(sdk, error)) return { outcome: 'unknown_session' };
    if (!(error instanceof sdk.errors.StripeInvalidRequestError)) throw error;
    // Not open any more. Whether it was paid or had expired already, only the session itself can
    // say.
    const looked = await retrieveCheckout(sdk, session_id);
    if (looked.outcome === 'open') throw error;
    return looked;
  }
}

/**
 * The refund that an earlier, unanswered call made. Keys are forgotten after a day, metadata is not.
 */
async function findRefund(sdk: Sdk, request: RefundRequest): Promise<Stripe.Refund | null> {
  const list = await sdk.client.refunds.list({
    payment_intent: request.payment_intent,
    limit: 100,
  });
  const ours = list.data.filter((one) => one.metadata?.['refund_id'] === request.refund_id);
  return ours.find((one) => refundNews(one).status !== 'failed') ?? null;
}

async function retrieveRefund(
  sdk: Sdk,
  external_reference: string,
): ReturnType<PaymentGateway['retrieveRefund']> {
  try {
    return refundNews(await sdk.client.refunds.retrieve(external_reference));
  } catch (error) {
    if (isMissing(sdk, error)) return null;
    throw error;
  }
}

async function createRefund(sdk: Sdk, request: RefundRequest): Promise<Stripe.Refund> {
  const { refund_id, tries_failed = 0 } = request;
  const suffix = tries_failed === 0 ? '' : `_${tries_failed}`;
  return await sdk.client.refunds.create(
    {
      payment_intent: request.payment_intent,
      amount: request.amount.amount_minor,
      reason: 'requested_by_customer',
      // Stripe knows three reasons only; ours goes along as text, cut to what metadata holds.
      metadata: { refund_id, reason: request.reason.slice(0, 500) },
    },
    { idempotencyKey: `refund_${refund_id}${suffix}` },
  );
}

async function refund(sdk: Sdk, request: RefundRequest): ReturnType<PaymentGateway['refund']> {
  const earlier = request.may_exist === true ? await findRefund(sdk, request) : null;
  const made = earlier ?? (await createRefund(sdk, request));
  const { status, error, external_reference } = refundNews(made);
  if (status === 'failed') {
    const facts = { provider_code: error ?? 'failed', refund: made.id };
    throw new AppError('payment_failed', 'The refund did not go through.', facts);
  }
  return { external_reference, status };
}

async function health(sdk: Sdk): ReturnType<PaymentGateway['health']> {
  await sdk.client.balance.retrieve({}, { timeout: HEALTH_TIMEOUT_MS, maxNetworkRetries: 0 });
  return { ok: true, detail: `Stripe answers (API ${API_VERSION})` };
}

/** Opens the gateway. Nothing is loaded and nobody is called until the first payment. */
export function openStripePayments(settings: StripeSettings): PaymentGateway {
  let loading: Promise<Sdk> | undefined;

  async function withSdk<T>(work: (sdk: Sdk) => Promise<T>): Promise<T> {
    loading ??= loadSdk(settings);
    const sdk = await loading;
    try {
      return await work(sdk);
    } catch (error) {
      throw mapError(sdk, error);
    }
  }

  return {
    createCheckout: (request) => withSdk((sdk) => createCheckout(sdk, request)),
    expireCheckout: (session_id) => withSdk((sdk) => expireCheckout(sdk, session_id)),
    retrieveCheckout: (session_id) => withSdk((sdk) => retrieveCheckout(sdk, session_id)),
    createCustomer: (owner) => withSdk((sdk) => createCustomer(sdk, owner)),
    listMethods: (customer_id) => withSdk((sdk) => listMethods(sdk, customer_id)),
    detachMethod: (method_id) => withSdk((sdk) => detachMethod(sdk, method_id)),
    chargeSaved: (request) => withSdk((sdk) => chargeSaved(sdk, request)),
    findCharge: (charge) => withSdk((sdk) => findCharge(sdk, charge)),
    lookAtCharge: (intent) => withSdk((sdk) => lookAtCharge(sdk, intent)),
    capture: (intent, payment_id) => withSdk((sdk) => capture(sdk, intent, payment_id)),
    voidCharge: (intent) => withSdk((sdk) => voidIntent(sdk, intent)),
    refund: (request) => withSdk((sdk) => refund(sdk, request)),
    retrieveRefund: (reference) => withSdk((sdk) => retrieveRefund(sdk, reference)),
    verifyWebhook: (raw_body, signature) =>
      withSdk((sdk) => verifyWebhook(sdk, settings, raw_body, signature)),
    async health() {
      try {
        return await withSdk(health);
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : 'No answer' };
      }
    },
  };
}
