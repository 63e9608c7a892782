import { amountText } from '../../domain/money.ts';
import type { PaymentEvent } from '../../domain/ports.ts';
import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import {
  type PaymentEventResult,
  sessionOfPayment,
  takePaymentEvent as take,
} from '../store/payments.ts';
import { releaseLocks } from './release-locks.ts';

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A declined card is told by its payment alone, which carries our id but not the page's. */
async function sessionOf(app: App, event: PaymentEvent): Promise<string | null> {
  if (event.session_id !== null || event.result !== 'failed') return event.session_id;
  const payment_id = event.metadata['payment_id'] ?? '';
  return uuid_form.test(payment_id) ? await sessionOfPayment(app.sql, payment_id) : null;
}

/**
 * Takes what the provider says, whether it came by webhook or was looked up. The store decides in
 * one statement; a second event of the same id changes nothing.
 */
export async function takePaymentEvent(
  app: App,
  event: PaymentEvent,
  request_id: string | null = null,
): Promise<PaymentEventResult> {
  const { amount } = event;
  if (event.result === 'success') failpoint('before-payment-event');
  const taken = await take(app.sql, {
    event_id: event.event_id,
    event_type: event.event_type,
    payload: event.payload,
    session_id: await sessionOf(app, event),
    payment_intent: event.payment_intent,
    result: event.result,
    amount: amount === null ? null : amountText(amount),
    currency: amount?.currency ?? null,
  });
  if (taken.outcome === 'confirmed') failpoint('after-payment-event');
  app.log.info('payment.event', {
    request_id,
    event_id: event.event_id,
    event_type: event.event_type,
    result: event.result,
    outcome: taken.outcome,
    reservation_id: taken.reservation_id,
    booking_id: taken.booking_id,
  });
  // Booked seats need no doorman: PostgreSQL refuses them by itself, also when this is never
  // reached.
  if (taken.outcome === 'confirmed') await releaseLocks(app, taken);
  app.wake.relay();
  if (taken.outcome === 'refund_requested' || taken.outcome === 'mismatch') app.wake.dispatcher();
  return taken;
}
