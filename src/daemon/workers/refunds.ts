import { AppError } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import type { App, Worker } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { type ClaimedRefund, claimRefunds, finishRefund } from '../store/payments.ts';

const BATCH = 10;
/** Longer than a call of the gateway with its own retries (10 s, three tries). */
const LEASE_MS = 60_000;
const EVERY_MS = 2_000;

type Result = {
  readonly result: 'completed' | 'processing' | 'retry' | 'failed';
  readonly external_reference: string | null;
  readonly error: string | null;
};

/** How far the bank is with a refund that the provider has taken. */
async function askAfter(app: App, external_reference: string): Promise<Result> {
  const news = await app.payments.retrieveRefund(external_reference);
  if (news === null) {
    return { result: 'failed', external_reference: null, error: 'the provider does not know it' };
  }
  return { result: news.status, external_reference, error: news.error };
}

async function payBack(app: App, refund: ClaimedRefund): Promise<Result> {
  if (refund.external_reference === null) {
    // Cash and terminals: no machine can hand the money over. It stands on the board until a person
    // did.
    const error = `to be paid back at the clinic (${refund.payment_method})`;
    return { result: 'failed', external_reference: null, error };
  }
  try {
    if (refund.refund_reference !== null) return await askAfter(app, refund.refund_reference);
    const { external_reference, status } = await app.payments.refund({
      refund_id: refund.refund_id,
      payment_intent: refund.external_reference,
      amount: parseAmount(refund.amount, refund.currency),
      reason: refund.reason,
      tries_failed: refund.tries_failed,
      // The first call of a refund cannot have a forerunner; every later one can.
      may_exist: refund.attempts > 1 || refund.tries_failed > 0,
    });
    return { result: status, external_reference, error: null };
  } catch (error) {
    // What the bank has in hand is asked after again, however long it takes.
    if (refund.refund_reference !== null) {
      return { result: 'processing', external_reference: null, error: String(error) };
    }
    const is_final = error instanceof AppError && error.code === 'payment_failed';
    const text = error instanceof Error ? error.message : String(error);
    return { result: is_final ? 'failed' : 'retry', external_reference: null, error: text };
  }
}

/**
 * Sends money back. The refund's id is the provider's idempotency key: a refund whose answer was
 * lost is asked for again and happens once. One that the bank works on is asked after until it ends.
 */
export function createRefunder(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const claimed = await claimRefunds(app.sql, BATCH, LEASE_MS);
    for (const refund of claimed) {
      // The lease runs out, and another tick or daemon takes it.
      if (signal.aborted) break;
      const { result, external_reference, error } = await payBack(app, refund);
      if (external_reference !== null) failpoint('after-refund');
      const { refund_id } = refund;
      await finishRefund(app.sql, { refund_id, result, external_reference, error });
      const facts = { refund_id, result, error, attempts: refund.attempts };
      if (error === null) app.log.info('refund.sent', facts);
      else app.log.warn('refund.not_sent', facts);
    }
    if (claimed.length > 0) app.wake.relay();
    return claimed.length;
  };
  return { name: 'refunds', every_ms: EVERY_MS, tick };
}
