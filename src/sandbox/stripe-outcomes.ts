// What happens when the customer presses a button on the pay page (or the control API presses it).

import { AppError } from '../domain/errors.ts';
import { findMethod, makeMethod } from './stripe-cards.ts';
import { approveIntent, challengeIntent, declineIntent, newIntent } from './stripe-intents.ts';
import { newId, nowSeconds, put, type State } from './stripe-state.ts';
import type {
  CheckoutSession,
  Customer,
  Job,
  PaymentIntent,
  PaymentMethod,
  StripeEvent,
} from './stripe-types.ts';
import { type DeliveryPlan, recordEvent } from './stripe-webhooks.ts';

export const pay_outcomes = [
  'success',
  'decline',
  'sca',
  'processing',
  'late',
  'duplicate',
  'reordered',
  'lost_webhook',
] as const;
export type PayOutcome = (typeof pay_outcomes)[number];

export type PayWish = {
  readonly outcome: PayOutcome;
  /**
   * Before the webhooks leave, or before the money settles (`processing`, `late`); null = the
   * usual wait.
   */
  readonly delay_ms: number | null;
  /** How a payment that settles later ends. */
  readonly settles: 'success' | 'decline';
};

/** The usual wait of `processing`: long enough to watch, short enough not to leave. */
const PROCESSING_MS = 5_000;
/** Our hold (seed 000, Business Rules 1) and a margin: `late` money comes after it. */
const HOLD_S = 600;
const LATE_MARGIN_S = 30;

export type PayResult = {
  readonly events: readonly StripeEvent[];
  readonly plan: DeliveryPlan;
  /** The settling that waits, if any. */
  readonly job: Job | null;
};

/** Makes the customer whom Checkout saves a card for, when the session asked for it. */
function customerOf(state: State, session: CheckoutSession): string | null {
  if (session.customer !== null) return session.customer;
  const saves = state.extras.get(session.id)?.intent.setup_future_usage !== null;
  if (session.customer_creation !== 'always' && !saves) return null;
  const customer = newCustomer(state, { email: session.customer_email });
  session.customer = customer.id;
  return customer.id;
}

/** A customer with what is known of them. */
export function newCustomer(
  state: State,
  known: Partial<Pick<Customer, 'email' | 'name' | 'phone' | 'description' | 'metadata'>>,
): Customer {
  const customer: Customer = {
    id: newId('cus_', 10),
    object: 'customer',
    balance: 0,
    created: nowSeconds(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: known.description ?? null,
    email: known.email ?? null,
    invoice_settings: { default_payment_method: null },
    livemode: false,
    metadata: known.metadata ?? {},
    name: known.name ?? null,
    phone: known.phone ?? null,
  };
  put(state, 'customers', customer.id, customer);
  return customer;
}

function intentOf(state: State, session: CheckoutSession): PaymentIntent {
  const existing = state.intents.get(session.payment_intent ?? '');
  if (existing !== undefined) return existing;
  const extra = state.extras.get(session.id)?.intent;
  const intent = newIntent(state, {
    amount: session.amount_total,
    currency: session.currency,
    customer: customerOf(state, session),
    capture_method: extra?.capture_method ?? 'automatic_async',
    description: extra?.description ?? null,
    metadata: { ...extra?.metadata },
    setup_future_usage: extra?.setup_future_usage ?? null,
    receipt_email: session.customer_email,
  });
  session.payment_intent = intent.id;
  return intent;
}

function cardFor(state: State, session: CheckoutSession, token: string): PaymentMethod {
  const method = makeMethod(state, token, session.customer_email);
  return method;
}

/** The card that is charged: the one that the bank asked about, else a good one; saved if wished. */
function chargedCard(state: State, session: CheckoutSession, intent: PaymentIntent): PaymentMethod {
  const asked = intent.status === 'requires_action' ? intent.payment_method : null;
  const method =
    asked === null ? cardFor(state, session, 'pm_card_visa') : findMethod(state, asked);
  const saves = state.extras.get(session.id)?.intent.setup_future_usage !== null;
  if (saves) method.customer = session.customer;
  return method;
}

function complete(session: CheckoutSession, payment_status: 'paid' | 'unpaid'): void {
  session.status = 'complete';
  session.payment_status = payment_status;
  session.url = null;
  session.customer_details = { email: session.customer_email, name: null, phone: null };
}

function requirePayable(session: CheckoutSession, outcome: PayOutcome): void {
  if (session.status === 'complete') {
    throw new AppError('conflict', 'This checkout is complete already; nothing was charged again.');
  }
  // Money that was on its way when we expired the session is the one thing that an expired page
  // still takes.
  if (session.status === 'expired' && outcome !== 'late') {
    throw new AppError('payment_timeout', 'This checkout has expired; nothing was charged.');
  }
}

/** Charges the card and completes the session, as one moment. */
function payNow(state: State, session: CheckoutSession): readonly StripeEvent[] {
  const intent = intentOf(state, session);
  const charged = approveIntent(state, intent, chargedCard(state, session, intent));
  complete(session, intent.capture_method === 'manual' ? 'unpaid' : 'paid');
  return [...charged, recordEvent(state, 'checkout.session.completed', session)];
}

/** The customer has committed, the bank has not: complete, unpaid, and settled by a job later. */
function payLater(
  state: State,
  session: CheckoutSession,
  due_at_ms: number,
  result: PayWish['settles'],
): { events: readonly StripeEvent[]; job: Job } {
  const intent = intentOf(state, session);
  intent.status = 'processing';
  intent.processing = { type: 'card' };
  complete(session, 'unpaid');
  return {
    events: [
      recordEvent(state, 'payment_intent.processing', intent),
      recordEvent(state, 'checkout.session.completed', session),
    ],
    job: { id: newId('job_'), kind: 'settle', due_at_ms, session_id: session.id, result },
  };
}

/** The bank's late word on a processing payment. Nothing happens when it came already. */
export function settleSession(
  state: State,
  session: CheckoutSession,
  result: PayWish['settles'],
): readonly StripeEvent[] {
  const intent = state.intents.get(session.payment_intent ?? '');
  if (intent === undefined || intent.status !== 'processing') return [];
  if (result === 'decline') {
    const card = cardFor(state, session, 'pm_card_chargeDeclined');
    const declined = declineIntent(state, intent, card, 'decline');
    return [...declined, recordEvent(state, 'checkout.session.async_payment_failed', session)];
  }
  const charged = approveIntent(state, intent, chargedCard(state, session, intent));
  // Authorised only: nothing is paid yet, and the intent has told of it.
  if (intent.capture_method === 'manual') return charged;
  session.payment_status = 'paid';
  return [...charged, recordEvent(state, 'checkout.session.async_payment_succeeded', session)];
}

/**
 * When `late` money arrives: after the hold that began with the session, or at once when that has
 * passed.
 */
function lateAt(session: CheckoutSession, delay_ms: number | null): number {
  if (delay_ms !== null) return Date.now() + delay_ms;
  if (session.status === 'expired') return Date.now();
  return Math.max(Date.now(), (session.created + HOLD_S + LATE_MARGIN_S) * 1000);
}

/**
 * Carries out what the customer did on the page. Throws AppError when the session takes no
 * payment.
 */
export function paySession(
  state: State,
  session: CheckoutSession,
  wish: PayWish,
  base_url: string,
): PayResult {
  requirePayable(session, wish.outcome);
  const plan: DeliveryPlan = { mode: 'normal', delay_ms: wish.delay_ms ?? 0 };
  switch (wish.outcome) {
    case 'success':
      return { events: payNow(state, session), plan, job: null };
    case 'duplicate':
      return { events: payNow(state, session), plan: { ...plan, mode: 'duplicate' }, job: null };
    case 'lost_webhook':
      return { events: payNow(state, session), plan: { ...plan, mode: 'lost' }, job: null };
    case 'reordered': {
      // The worst order there is: the settled news first, then the old snapshot that still says
      // unpaid.
      const { events } = payLater(state, session, 0, 'success');
      const all = [...events, ...settleSession(state, session, 'success')];
      return { events: all, plan: { ...plan, mode: 'reversed' }, job: null };
    }
    case 'processing': {
      const due_at_ms = Date.now() + (wish.delay_ms ?? PROCESSING_MS);
      const begun = payLater(state, session, due_at_ms, wish.settles);
      return { ...begun, plan: { mode: 'normal', delay_ms: 0 } };
    }
    case 'late': {
      const begun = payLater(state, session, lateAt(session, wish.delay_ms), wish.settles);
      return { ...begun, plan: { mode: 'normal', delay_ms: 0 } };
    }
    case 'decline': {
      const card = cardFor(state, session, 'pm_card_chargeDeclined');
      const events = declineIntent(state, intentOf(state, session), card, 'decline');
      return { events, plan, job: null };
    }
    case 'sca': {
      const card = cardFor(state, session, 'pm_card_authenticationRequired');
      const url = `${base_url}/pay/${session.id}`;
      const events = challengeIntent(state, intentOf(state, session), card, url);
      return { events, plan, job: null };
    }
  }
}
