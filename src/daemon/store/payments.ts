import type { PaymentEvent } from '../../domain/ports.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

export type PaymentSession = {
  readonly payment_id: string;
  readonly reservation_id: string;
  readonly session_id: string;
  readonly payment_url: string;
  /** RFC 3339. */
  readonly expires_at: string;
};

/** Notes the provider's session. Kept even for a hold that is gone: it can still be paid. */
export async function recordPaymentSession(
  sql: Db,
  session: PaymentSession,
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' | 'reservation_expired' | 'conflict' }> {
  return await runOne(sql<
    { readonly outcome: 'ok' | 'not_found' | 'reservation_expired' | 'conflict' }[]
  >`
    select outcome
    from record_payment_session(
      ${session.payment_id}, ${session.reservation_id}, ${session.session_id},
      ${session.payment_url}, ${session.expires_at}, ${sql.json(actor)}
    )`);
}

export type OpenSession = {
  readonly payment_id: string;
  readonly session_id: string;
  readonly payment_url: string | null;
};

/** Whether a page or a charge to pay this hold with was ever opened. */
export async function hadPaymentPage(sql: Db, reservation_id: string): Promise<boolean> {
  const rows = await run(sql`
    select from payments
    where reservation_id = ${reservation_id} and session_id is not null
    limit 1`);
  return rows.length > 0;
}

/** The page of a reservation that can still be paid. */
export async function openSession(sql: Db, reservation_id: string): Promise<OpenSession | null> {
  const [row] = await run(sql<OpenSession[]>`
    select id as payment_id, session_id, payment_url
    from payments
    where reservation_id = ${reservation_id}
      and status in ('pending', 'processing', 'failed')
      and session_id is not null
      and session_closed_at is null
      and session_expires_at > now()
    order by created_at desc
    limit 1`);
  return row ?? null;
}

/** The session that a payment was opened with; null when the payment is not ours. */
export async function sessionOfPayment(sql: Db, payment_id: string): Promise<string | null> {
  const [row] = await run(sql<{ session_id: string | null }[]>`
    select session_id from payments where id = ${payment_id}`);
  return row?.session_id ?? null;
}

export type PaymentNews = {
  readonly event_id: string;
  readonly event_type: string;
  /** The provider's object; kept in the inbox. Its metadata can name an unknown session's hold. */
  readonly payload: unknown;
  readonly session_id: string | null;
  readonly payment_intent: string | null;
  /** Refunds, disputes and what is ignored are only noted in the inbox. */
  readonly result: PaymentEvent['result'];
  /** Decimal text. */
  readonly amount: string | null;
  readonly currency: string | null;
};

export type PaymentEventResult = {
  readonly outcome:
    | 'confirmed'
    | 'already_done'
    | 'ignored'
    | 'failed_recorded'
    | 'refund_requested'
    | 'mismatch'
    | 'awaiting_approval'
    | 'void_requested'
    | 'voided'
    | 'unknown_money'
    | 'refund_recorded'
    | 'dispute_recorded';
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly reservation_id: string | null;
  readonly slot_id: string | null;
  readonly seats: readonly number[] | null;
  readonly lock_id: string | null;
};

/** Takes what the provider said, once per event id, and settles it in the same statement. */
export async function takePaymentEvent(sql: Db, news: PaymentNews): Promise<PaymentEventResult> {
  return await runOne(sql<PaymentEventResult[]>`
    select outcome, booking_id, reference_code, reservation_id, slot_id, seats, lock_id
    from take_payment_event(
      ${news.event_id}, ${news.event_type}, ${sql.json(toJson(news.payload))}, ${news.session_id},
      ${news.payment_intent}, ${news.result}, ${news.amount}, ${news.currency}
    )`);
}

export type SilentPayment = OpenSession & {
  readonly reservation_id: string;
  readonly created_at: Temporal.Instant;
};

/** Sessions that are older than `older_than_ms` and whose webhook never came, oldest first. */
export async function silentPayments(
  sql: Db,
  older_than_ms: number,
  limit: number,
): Promise<readonly SilentPayment[]> {
  return await run(sql<SilentPayment[]>`
    select id as payment_id, session_id, payment_url, reservation_id, created_at
    from payments
    where status in ('pending', 'processing', 'failed')
      and session_id is not null
      and session_closed_at is null
      and created_at < now() - ${older_than_ms} * interval '1 millisecond'
    order by created_at
    limit ${limit}`);
}

export type ClaimedRefund = {
  /** Also the provider's idempotency key. */
  readonly refund_id: string;
  readonly payment_id: string;
  readonly booking_id: string | null;
  readonly clinic_id: string;
  readonly session_id: string | null;
  /** The provider's payment; null when the money was taken at the desk. */
  readonly external_reference: string | null;
  readonly payment_method: string;
  readonly amount: string;
  readonly currency: string;
  readonly reason: string;
  readonly attempts: number;
  /** The provider's name of the refund, once it has taken it. */
  readonly refund_reference: string | null;
  /** Tries that the provider has ended as failed. */
  readonly tries_failed: number;
};

/** Leases due refunds to one worker. */
export async function claimRefunds(
  sql: Db,
  limit: number,
  lease_ms: number,
): Promise<readonly ClaimedRefund[]> {
  return await run(sql<ClaimedRefund[]>`
    select refund_id, payment_id, booking_id, clinic_id, session_id, external_reference,
      payment_method, amount, currency, reason, attempts, refund_reference, tries_failed
    from claim_refunds(${limit}, ${lease_ms})`);
}

export type RefundResult = 'completed' | 'processing' | 'retry' | 'failed' | 'denied';

/** Records how a refund went; answers its new status. */
export async function finishRefund(
  sql: Db,
  refund: {
    readonly refund_id: string;
    readonly result: RefundResult;
    readonly external_reference?: string | null;
    readonly error?: string | null;
  },
): Promise<{ readonly outcome: string }> {
  const { refund_id, result, external_reference = null, error = null } = refund;
  return await runOne(sql<{ outcome: string }[]>`
    select outcome from finish_refund(${refund_id}, ${result}, ${external_reference}, ${error})`);
}
