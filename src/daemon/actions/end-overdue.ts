import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { expireReservation } from '../store/reservations.ts';
import { releaseLocks } from './release-locks.ts';
import { takePaymentEvent } from './take-payment-event.ts';

export type Overdue = { readonly reservation_id: string; readonly session_id: string | null };

/**
 * `ended`: expired, or paid after all. `busy`: somebody else has it in hand or has ended it.
 * `unknown`: only the payment provider could tell, and it does not answer; the hold stays until it
 * does.
 */
export type Ending = 'ended' | 'busy' | 'unknown';

/**
 * Ends a hold whose time is over. A payment page that could still be paid is closed first; if the
 * payment came before that, it wins and the hold becomes a booking.
 */
export async function endOverdue(app: App, overdue: Overdue): Promise<Ending> {
  if (overdue.session_id !== null) {
    try {
      const closed = await app.payments.expireCheckout(overdue.session_id);
      failpoint('after-session-expire');
      if ('event' in closed) {
        const taken = await takePaymentEvent(app, closed.event);
        if (taken.outcome === 'confirmed' || taken.outcome === 'awaiting_approval') return 'ended';
      }
      // processing: the bank decides in hours or days. Late money finds its way (capabilities
      // §7.3).
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      app.log.warn('hold.session_not_closed', { ...overdue, err: error });
      return 'unknown';
    }
  }
  const expired = await expireReservation(app.sql, overdue.reservation_id);
  if (expired.outcome !== 'ok') return 'busy';
  await releaseLocks(app, expired);
  app.wake.relay();
  return 'ended';
}
