import { endedEvent, neverCharged, settleCharge } from '../actions/settle-charge.ts';
import { takePaymentEvent } from '../actions/take-payment-event.ts';
import type { App, Worker } from '../app-types.ts';
import { silentPayments } from '../store/payments.ts';
import { type LostCharge, lostCharges } from '../store/saved-payments.ts';

/** More than a busy minute opens, so that pages left open do not hide the others. */
const BATCH = 200;
/**
 * A webhook normally comes within seconds; asking earlier would only double the provider's work.
 */
const AGE_MS = 60_000;
const PARALLEL = 4;
const EVERY_MS = 30_000;

/** Asks the provider what became of a payment page or charge; true when it had news. */
export async function askProvider(app: App, session_id: string): Promise<boolean> {
  const looked = await app.payments.retrieveCheckout(session_id);
  if ('event' in looked) {
    app.log.warn('payment.webhook_missed', { session_id });
    await takePaymentEvent(app, looked.event);
    return true;
  }
  if (looked.outcome !== 'expired' && looked.outcome !== 'unknown_session') return false;
  await takePaymentEvent(app, endedEvent(session_id, { looked_up: looked.outcome }));
  return true;
}

/** A charge of a saved method whose answer never came. */
async function find(app: App, lost: LostCharge): Promise<boolean> {
  const { payment_id } = lost;
  const found = await app.payments.findCharge(lost);
  app.log.warn('payment.answer_missed', { payment_id, found: found?.outcome ?? null });
  if (found === null) {
    await takePaymentEvent(app, neverCharged(payment_id, 'the provider never heard of it'));
  } else await settleCharge(app, payment_id, found);
  return true;
}

/**
 * Asks the provider about payment pages that have been open for a while: for the payment whose
 * webhook never came. A webhook that comes after all finds everything done.
 */
export function createPoller(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const sessions = await silentPayments(app.sql, AGE_MS, BATCH);
    let taken = 0;
    for (let from = 0; from < sessions.length && !signal.aborted; from += PARALLEL) {
      const some = sessions.slice(from, from + PARALLEL);
      const asked = await Promise.all(some.map(({ session_id }) => askProvider(app, session_id)));
      taken += asked.filter(Boolean).length;
    }
    for (const lost of await lostCharges(app.sql, AGE_MS, BATCH)) {
      if (signal.aborted) break;
      if (await find(app, lost)) taken += 1;
    }
    return taken;
  };
  return { name: 'payments', every_ms: EVERY_MS, tick };
}
