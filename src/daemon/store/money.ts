import type { InboxCause, PaymentStatus } from '../../domain/money-words.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Money as lists: payments, ledger entries, and what a person has to look at. */

export type InboxRow = {
  readonly item_id: string;
  readonly cause: InboxCause;
  readonly clears: 'action' | 'mark';
  /** Null: nobody can say whose money it is. */
  readonly clinic_id: string | null;
  readonly payment_id: string | null;
  readonly refund_id: string | null;
  readonly reference_code: string | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly detail: string | null;
  readonly since: Temporal.Instant;
};

type After = { readonly at: Temporal.Instant; readonly id: string } | null;

/** What a person has to look at, oldest first. Money of nobody is shown to those of all clinics. */
export async function listInbox(
  sql: Db,
  filter: {
    readonly scope: Scope;
    readonly clinic_id?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly InboxRow[]> {
  const { scope, clinic_id, limit } = filter;
  return await run(sql<InboxRow[]>`
    select item_id, cause, clears, clinic_id, payment_id, refund_id, reference_code, amount,
      currency, detail, since
    from (
      select * from money_inbox
      union all
      select * from authorisation_inbox
    ) as item
    where true
      ${scope.clinic_id === null ? sql`` : sql`and clinic_id = ${scope.clinic_id}`}
      ${clinic_id ? sql`and (clinic_id = ${clinic_id} or clinic_id is null)` : sql``}
    order by since, item_id
    limit ${limit}`);
}

/** Takes an item off the inbox on a person's word. */
export async function markInboxItem(
  sql: Db,
  item_id: string,
  note: string,
  actor: DbActor,
): Promise<'ok' | 'not_found' | 'policy_refused'> {
  type Row = { outcome: 'ok' | 'not_found' | 'policy_refused' };
  const { outcome } = await runOne(sql<Row[]>`
    select mark_inbox_item(${item_id}, ${note}, ${sql.json(actor)}) as outcome`);
  return outcome;
}

export type PaymentRow = {
  readonly payment_id: string;
  readonly reference_code: string;
  readonly reservation_id: string;
  readonly booking_id: string | null;
  readonly clinic_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly payment_method: string;
  readonly status: PaymentStatus;
  readonly failure_reason: string | null;
  readonly refund_status: string | null;
  readonly refund_amount: string | null;
  readonly external_reference: string | null;
  readonly session_id: string | null;
  readonly paid_at: Temporal.Instant | null;
  readonly created_at: Temporal.Instant;
};

/** Of payments p and reservations r. */
export const paymentColumns = (sql: Db) => sql`
  p.id as payment_id, r.reference_code, p.reservation_id, p.booking_id, p.clinic_id,
  amount_text(p.amount, p.currency) as amount, p.currency, p.payment_method, p.status,
  p.failure_reason, p.refund_status, amount_text(p.refund_amount, p.currency) as refund_amount,
  p.external_reference, p.session_id, p.paid_at, p.created_at`;

/** Payments, newest first. */
export async function listPayments(
  sql: Db,
  filter: {
    readonly scope: Scope;
    readonly clinic_id?: string | undefined;
    /** Id of a booking, or the reference of a booking or hold. */
    readonly booking_ref?: string | undefined;
    readonly status?: PaymentStatus | undefined;
    readonly after?: After;
    readonly limit: number;
  },
): Promise<readonly PaymentRow[]> {
  const { scope, clinic_id, booking_ref, status, after, limit } = filter;
  const is_code = booking_ref?.startsWith('BP') === true;
  return await run(sql<PaymentRow[]>`
    select ${paymentColumns(sql)}
    from payments p
    join reservations r on r.id = p.reservation_id
    where true
      ${scope.user_id === null ? sql`` : sql`and p.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and p.clinic_id = ${scope.clinic_id}`}
      ${clinic_id ? sql`and p.clinic_id = ${clinic_id}` : sql``}
      ${booking_ref && is_code ? sql`and r.reference_code = ${booking_ref}` : sql``}
      ${booking_ref && !is_code ? sql`and p.booking_id = ${booking_ref}` : sql``}
      ${status ? sql`and p.status = ${status}` : sql``}
      ${after ? sql`and (p.created_at, p.id) < (${after.at.toString()}, ${after.id})` : sql``}
    order by p.created_at desc, p.id desc
    limit ${limit}`);
}

export type EntryRow = {
  readonly entry_id: string;
  readonly reference_code: string;
  readonly booking_id: string;
  readonly payment_id: string;
  readonly refund_id: string | null;
  readonly clinic_id: string;
  readonly type: 'payment' | 'refund' | 'reversal';
  readonly total_amount: string;
  readonly platform_fee: string;
  readonly clinic_amount: string;
  readonly tax_amount: string;
  readonly currency: string;
  readonly status: 'pending' | 'settled' | 'void';
  readonly transaction_reference: string | null;
  readonly created_at: Temporal.Instant;
};

/** The ledger, oldest first: the order in which it is read into other books. */
export async function listEntries(
  sql: Db,
  filter: {
    readonly scope: Scope;
    readonly clinic_id?: string | undefined;
    readonly booking_ref?: string | undefined;
    readonly payment_id?: string | undefined;
    readonly after?: After;
    readonly limit: number;
  },
): Promise<readonly EntryRow[]> {
  const { scope, clinic_id, booking_ref, payment_id, after, limit } = filter;
  const is_code = booking_ref?.startsWith('BP') === true;
  return await run(sql<EntryRow[]>`
    select e.id as entry_id, b.reference_code, e.booking_id, e.payment_id, e.refund_id,
      e.clinic_id, e.type, amount_text(e.total_amount, e.currency) as total_amount,
      amount_text(e.platform_fee, e.currency) as platform_fee,
      amount_text(e.clinic_amount, e.currency) as clinic_amount,
      amount_text(e.tax_amount, e.currency) as tax_amount, e.currency, e.status,
      e.transaction_reference, e.created_at
    from financial_entries e
    join bookings b on b.id = e.booking_id
    where true
      ${scope.clinic_id === null ? sql`` : sql`and e.clinic_id = ${scope.clinic_id}`}
      ${clinic_id ? sql`and e.clinic_id = ${clinic_id}` : sql``}
      ${booking_ref && is_code ? sql`and b.reference_code = ${booking_ref}` : sql``}
      ${booking_ref && !is_code ? sql`and e.booking_id = ${booking_ref}` : sql``}
      ${payment_id ? sql`and e.payment_id = ${payment_id}` : sql``}
      ${after ? sql`and (e.created_at, e.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by e.created_at, e.id
    limit ${limit}`);
}
