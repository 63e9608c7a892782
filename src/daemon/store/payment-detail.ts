import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';
import { type PaymentRow, paymentColumns } from './money.ts';

/** Rows of one kind shown with a payment; one with more has a problem of its own. */
const RELATED_MAX = 200;

export type PaymentDetailRow = PaymentRow & {
  readonly purpose: 'due' | 'rest';
  readonly payment_url: string | null;
  readonly session_expires_at: Temporal.Instant | null;
  readonly session_closed_at: Temporal.Instant | null;
};

/** A payment by its id, or the last one of a reference; null outside the scope. */
export async function findPayment(
  sql: Db,
  payment_ref: string,
  scope: Scope,
): Promise<PaymentDetailRow | null> {
  const is_code = payment_ref.startsWith('BP');
  const wanted = is_code
    ? sql`r.reference_code = ${payment_ref}`
    : sql`(p.id = ${payment_ref} or p.booking_id = ${payment_ref})`;
  const [row] = await run(sql<PaymentDetailRow[]>`
    select ${paymentColumns(sql)}, p.purpose, p.payment_url, p.session_expires_at,
      p.session_closed_at
    from payments p
    join reservations r on r.id = p.reservation_id
    where ${wanted}
      ${scope.user_id === null ? sql`` : sql`and p.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and p.clinic_id = ${scope.clinic_id}`}
    order by p.created_at desc, p.id desc
    limit 1`);
  return row ?? null;
}

export type AttemptRow = {
  readonly result: string;
  readonly outcome: string | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly event_id: string | null;
  readonly at: Temporal.Instant;
};

/** Every answer of the provider about a payment, in order. */
export async function listAttempts(sql: Db, payment_id: string): Promise<readonly AttemptRow[]> {
  return await run(sql<AttemptRow[]>`
    select result, reason as outcome, amount_text(amount, currency) as amount, currency, event_id,
      created_at as at
    from payment_attempts
    where payment_id = ${payment_id}
    order by created_at
    limit ${RELATED_MAX}`);
}

export type DisputeRow = {
  readonly dispute_id: string;
  readonly external_reference: string;
  readonly status: 'open' | 'won' | 'lost';
  readonly amount: string;
  readonly currency: string;
  readonly reason: string | null;
  readonly opened_at: Temporal.Instant;
  readonly closed_at: Temporal.Instant | null;
};

/** What the owner's bank asked back, in order. */
export async function listDisputes(sql: Db, payment_id: string): Promise<readonly DisputeRow[]> {
  return await run(sql<DisputeRow[]>`
    select id as dispute_id, external_reference, status, amount_text(amount, currency) as amount,
      currency, reason, opened_at, closed_at
    from disputes
    where payment_id = ${payment_id}
    order by opened_at
    limit ${RELATED_MAX}`);
}
