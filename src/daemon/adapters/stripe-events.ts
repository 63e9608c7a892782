// Stripe's events in our words. Pure: the signature has been checked before anything comes here.

import type { Stripe } from 'stripe';
import { exponentOf, type Money } from '../../domain/money.ts';
import type { PaymentEvent } from '../../domain/ports.ts';

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
  'result' | 'session_id' | 'payment_intent' | 'amount' | 'metadata' | 'payload'
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

function intentFacts(intent: Stripe.PaymentIntent, result: PaymentEvent['result']): Facts {
  // A paid checkout speaks through its session; counting its intent too would count it twice.
  const told_by_session = result === 'success' && intent.metadata['channel'] === 'checkout';
  return {
    result: told_by_session ? 'ignored' : result,
    session_id: null,
    payment_intent: intent.id,
    amount: moneyOf(intent.amount, intent.currency),
    metadata: { ...intent.metadata },
    payload: intent,
  };
}

/** Card and holder are left out: what is not stored cannot leak. */
function chargeFacts(charge: Stripe.Charge): Facts {
  const { payment_method_details: _details, billing_details: _billing, ...payload } = charge;
  return {
    result: 'refunded',
    session_id: null,
    payment_intent: idOf(charge.payment_intent),
    amount: moneyOf(charge.amount_refunded, charge.currency),
    metadata: { ...charge.metadata },
    payload,
  };
}

function disputeFacts(dispute: Stripe.Dispute): Facts {
  const { payment_method_details: _details, evidence: _evidence, ...payload } = dispute;
  return {
    result: 'disputed',
    session_id: null,
    payment_intent: idOf(dispute.payment_intent),
    amount: moneyOf(dispute.amount, dispute.currency),
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
      return intentFacts(event.data.object, 'success');
    case 'payment_intent.payment_failed':
      return intentFacts(event.data.object, 'failed');
    case 'charge.refunded':
      return chargeFacts(event.data.object);
    case 'charge.dispute.created':
      return disputeFacts(event.data.object);
    default: {
      const nothing = { session_id: null, payment_intent: null, amount: null, metadata: {} };
      return { result: 'ignored', ...nothing, payload: { type: event.type } };
    }
  }
}
