import type { App } from '../app-types.ts';
import { takePaymentEvent } from './take-payment-event.ts';

/**
 * Closes a payment page that nobody should pay on any more. When the payment came first it is
 * settled like any other late one. Never throws: the poller and the webhook clean up what is left.
 */
export async function closePage(app: App, session_id: string): Promise<void> {
  try {
    const closed = await app.payments.expireCheckout(session_id);
    if ('event' in closed) await takePaymentEvent(app, closed.event);
  } catch (error) {
    app.log.warn('payment.page_not_closed', { session_id, err: error });
  }
}
