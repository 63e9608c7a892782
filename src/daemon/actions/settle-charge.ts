import type { ChargeResult, PaymentEvent } from '../../domain/ports.ts';
import type { App } from '../app-types.ts';
import { recordSavedPayment } from '../store/saved-payments.ts';
import { takePaymentEvent } from './take-payment-event.ts';

/** Our own word for the end of a page or charge that the provider, when asked, called over. */
export function endedEvent(session_id: string, payload: Readonly<Record<string, string>>) {
  return {
    event_id: `lookup_expired_${session_id}`,
    event_type: 'checkout.session.expired',
    result: 'expired',
    session_id,
    payment_intent: null,
    amount: null,
    metadata: {},
    occurred_at: Temporal.Now.instant().toString(),
    payload,
  } as const satisfies PaymentEvent;
}

/** A charge that never was: refused before a bank heard of it, or lost on the way. */
export function neverCharged(payment_id: string, why: string): PaymentEvent {
  const metadata = { payment_id };
  return {
    event_id: `never_${payment_id}`,
    event_type: 'payment_intent.payment_failed',
    result: 'failed',
    session_id: null,
    payment_intent: null,
    amount: null,
    metadata,
    occurred_at: Temporal.Now.instant().toString(),
    payload: { why, metadata },
  };
}

/**
 * Takes what a charge came to, by the same way as the webhook that also comes: whichever is first
 * settles it, the other one changes nothing.
 */
export async function settleCharge(
  app: App,
  payment_id: string,
  result: ChargeResult,
): Promise<void> {
  switch (result.outcome) {
    case 'requires_action':
      await recordSavedPayment(app.sql, payment_id, result.payment_intent, result.payment_url);
      return;
    case 'processing':
      await recordSavedPayment(app.sql, payment_id, result.payment_intent, null);
      return;
    default:
      await takePaymentEvent(app, result.event);
  }
}

/** Ends a charge that waits for its owner's bank. Money that came first is settled. */
export async function endCharge(app: App, payment_intent: string): Promise<void> {
  const closed = await app.payments.expireCheckout(payment_intent);
  if ('event' in closed) await takePaymentEvent(app, closed.event);
  else if (closed.outcome !== 'processing') {
    await takePaymentEvent(app, endedEvent(payment_intent, { closed: closed.outcome }));
  }
}
