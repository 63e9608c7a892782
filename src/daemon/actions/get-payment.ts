import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { listEntries } from '../store/money.ts';
import { findPayment, listAttempts, listDisputes } from '../store/payment-detail.ts';
import { listRefunds } from '../store/refunds.ts';
import { scopeOf } from './actor.ts';
import { refundJson } from './refunds.ts';

/** Ledger entries and refunds shown with one payment. */
const RELATED_MAX = 200;

const text = (at: Temporal.Instant | null) => at?.toString() ?? null;

/** One payment with its page, the provider's answers, its ledger entries, refunds and disputes. */
export async function getPayment(
  app: App,
  actor: Actor,
  input: Input<'get_payment'>,
): Promise<Output<'get_payment'>> {
  const scope = scopeOf(actor);
  const row = await findPayment(app.sql, input.payment_id, scope);
  if (!row) throw new AppError('not_found', 'There is no such payment.');
  const { payment_id } = row;
  const related = { scope, payment_id, limit: RELATED_MAX };
  const [attempts, entries, refunds, disputes] = await Promise.all([
    listAttempts(app.sql, payment_id),
    listEntries(app.sql, related),
    listRefunds(app.sql, related),
    listDisputes(app.sql, payment_id),
  ]);
  const { payment_url, session_expires_at, session_closed_at, session_id, ...rest } = row;
  return {
    ...rest,
    session_id,
    paid_at: text(row.paid_at),
    created_at: row.created_at.toString(),
    page:
      session_id === null
        ? null
        : {
            session_id,
            payment_url,
            expires_at: text(session_expires_at),
            closed_at: text(session_closed_at),
          },
    attempts: attempts.map(({ at, ...one }) => ({ ...one, at: at.toString() })),
    entries: entries.map((one) => ({ ...one, created_at: one.created_at.toString() })),
    refunds: refunds.map(refundJson),
    disputes: disputes.map((one) => ({
      ...one,
      opened_at: one.opened_at.toString(),
      closed_at: text(one.closed_at),
    })),
  };
}
