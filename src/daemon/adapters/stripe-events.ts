// Stripe's events in our words. Pure: the signature has been checked before anything comes here.

import type { Stripe } from 'stripe';
import { exponentOf, type Money } from '../../domain/money.ts';
import type { DisputeNews, PaymentEvent, RefundNews } from '../../domain/ports.ts';

/** RFC 3339 from the epoch seconds of Stripe's wire. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function idOf(reference: string | { readonly id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

function moneyOf(amount_minor: number | null, currency: string | null): Money | null {
  if (amount_minor === null || currency === null) return null;
  const code = currency.toUpperCase();
  exponentOf(code);
  return { amount_minor, currency: code };
}

type Facts = Pick<
  PaymentEvent,
  | 'result'
  | 'session_id'
  | 'payment_intent'
  | 'amount'
  | 'metadata'
  | 'payload'
  | 'refund'
  | 'dispute'
>;

/** A session's payment in our words. */
export function sessionFacts(
  session: Stripe.Checkout.Session,
  result: PaymentEvent['result'],
): Facts {
  return {
    result,
    session_id: session.id,
    payment_intent: idOf(session.payment_intent),
    amount: moneyOf(session.amount_total, session.currency),
    metadata: { ...session.metadata },
    payload: session,
  };
}

/** A payment's own state in our words. Its secret and what a bank says of the card are left out. */
export function intentFacts(intent: Stripe.PaymentIntent, result: PaymentEvent['result']): Facts {
  const { client_secret: _secret, last_payment_error, next_action: _page, ...payload } = intent;
  // What moved, or is kept ready: less than was asked for must not pass for all of it.
  const amount_minor =
    result === 'success'
      ? intent.amount_received
      : result === 'authorised'
        ? intent.amount_capturable
        : intent.amount;
  return {
    result,
    session_id: null,
    payment_intent: intent.id,
    amount: moneyOf(amount_minor, intent.currency),
    metadata: { ...intent.metadata },
    payload: { ...payload, error_code: last_payment_error?.code ?? null },
  };
}

/** What an event about a payment means, which depends on where the payment was begun. */
function intentResult(
  intent: Stripe.PaymentIntent,
  result: 'success' | 'failed' | 'voided',
): PaymentEvent['result'] {
  const channel = intent.metadata['channel'] ?? 'checkout';
  // A paid checkout speaks through its session; counting its intent too would count it twice.
  if (result === 'success') return channel === 'checkout' ? 'ignored' : result;
  // Ends with its page, which speaks for itself.
  if (result === 'voided') return channel === 'checkout' ? 'ignored' : result;
  // The bank wants to see the owner of a saved card, who is sent to its page right then.
  const asks = intent.last_payment_error?.code === 'authentication_required';
  return channel === 'saved' && asks ? 'ignored' : result;
}

/** Card and holder are left out: what is not stored cannot leak. */
function chargeFacts(charge: Stripe.Charge): Facts {
  const { payment_method_details: _details, billing_details: _billing, ...payload } = charge;
  return {
    // The sum of all its refunds: each of them is told by an event of its own, which counts.
    result: 'ignored',
    session_id: null,
    payment_intent: idOf(charge.payment_intent),
    amount: moneyOf(charge.amount_refunded, charge.currency),
    metadata: { ...charge.metadata },
    payload,
  };
}

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A refund's progress in our words. */
export function refundNews(refund: Stripe.Refund): RefundNews {
  const refund_id = refund.metadata?.['refund_id'] ?? '';
  const has_failed = refund.status === 'failed' || refund.status === 'canceled';
  return {
    external_reference: refund.id,
    refund_id: uuid_form.test(refund_id) ? refund_id : null,
    status: has_failed ? 'failed' : refund.status === 'succeeded' ? 'completed' : 'processing',
    error: has_failed ? (refund.failure_reason ?? refund.status) : null,
  };
}

function refundFacts(refund: Stripe.Refund): Facts {
  // Where the money went says too much about the card.
  const { destination_details: _details, ...payload } = refund;
  return {
    result: 'refunded',
    session_id: null,
    payment_intent: idOf(refund.payment_intent),
    amount: moneyOf(refund.amount, refund.currency),
    refund: refundNews(refund),
    metadata: { ...refund.metadata },
    payload,
  };
}

/** A warning is not a dispute yet, and one that was withdrawn is as good as won. */
function disputeNews({ id, status, reason }: Stripe.Dispute): DisputeNews {
  const ended = status === 'lost' ? 'lost' : /won|closed|prevented/.test(status) ? 'won' : 'open';
  return { external_reference: id, status: ended, reason };
}

function disputeFacts(dispute: Stripe.Dispute): Facts {
  const { payment_method_details: _details, evidence: _evidence, ...payload } = dispute;
  return {
    result: 'disputed',
    session_id: null,
    payment_intent: idOf(dispute.payment_intent),
    amount: moneyOf(dispute.amount, dispute.currency),
    dispute: disputeNews(dispute),
    metadata: { ...dispute.metadata },
    payload,
  };
}

/** What an event means to us; types that we do not act on are `ignored`. */
export function factsOf(event: Stripe.Event): Facts {
  switch (event.type) {
    case 'checkout.session.completed': {
      // Complete and unpaid: the bank decides later, and then a second event says how.
      const paid = event.data.object.payment_status !== 'unpaid';
      return sessionFacts(event.data.object, paid ? 'success' : 'ignored');
    }
    case 'checkout.session.async_payment_succeeded':
      return sessionFacts(event.data.object, 'success');
    case 'checkout.session.async_payment_failed':
      return sessionFacts(event.data.object, 'failed');
    case 'checkout.session.expired':
      return sessionFacts(event.data.object, 'expired');
    case 'payment_intent.succeeded':
      return intentFacts(event.data.object, intentResult(event.data.object, 'success'));
    case 'payment_intent.payment_failed':
      return intentFacts(event.data.object, intentResult(event.data.object, 'failed'));
    case 'payment_intent.amount_capturable_updated':
      return intentFacts(event.data.object, 'authorised');
    case 'payment_intent.canceled':
      return intentFacts(event.data.object, intentResult(event.data.object, 'voided'));
    case 'charge.refunded':
      return chargeFacts(event.data.object);
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return refundFacts(event.data.object);
    case 'charge.dispute.created':
    case 'charge.dispute.closed':
      return disputeFacts(event.data.object);
    default: {
      const nothing = { session_id: null, payment_intent: null, amount: null, metadata: {} };
      return { result: 'ignored', ...nothing, payload: { type: event.type } };
    }
  }
}
