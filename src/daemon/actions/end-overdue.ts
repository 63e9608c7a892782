import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import { expireReservation } from '../store/reservations.ts';
import { releaseLocks } from './release-locks.ts';
import { takePaymentEvent } from './take-payment-event.ts';

/**
 * Ends a hold whose time is over. A payment page that could still be paid is closed first; if the
 * payment came before that, it wins and the hold becomes a booking. False when only the provider
 * could tell and it does not answer: then the hold stays until it does.
 */
export async function endOverdue(
  app: App,
  overdue: { readonly reservation_id: string; readonly session_id: string | null },
): Promise<boolean> {
  if (overdue.session_id !== null) {
    try {
      const closed = await app.payments.expireCheckout(overdue.session_id);
      if (closed.outcome === 'paid') {
        await takePaymentEvent(app, closed.event);
        return true;
      }
      // processing: the bank decides in hours or days. Late money finds its way (capabilities
      // §7.3).
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      app.log.warn('hold.session_not_closed', { ...overdue, err: error });
      return false;
    }
  }
  const expired = await expireReservation(app.sql, overdue.reservation_id);
  if (expired.outcome === 'ok') {
    releaseLocks(app, expired);
    app.wake.relay();
  }
  return true;
}
