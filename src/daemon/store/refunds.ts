import type { RefundStatus } from '../../domain/money-words.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type RefundRow = {
  readonly refund_id: string;
  readonly payment_id: string;
  readonly booking_id: string | null;
  readonly reference_code: string;
  readonly clinic_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly reason: string;
  readonly status: RefundStatus;
  readonly decision: 'granted' | 'awaiting' | 'denied';
  readonly origin: 'ours' | 'dashboard' | 'dispute';
  readonly payment_method: string;
  readonly handed_over: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly created_at: Temporal.Instant;
  readonly updated_at: Temporal.Instant;
};

export type RefundFilter = {
  readonly scope: Scope;
  readonly clinic_id?: string | undefined;
  /** Id or reference code. */
  readonly booking_ref?: string | undefined;
  readonly status?: RefundStatus | undefined;
  readonly decision?: 'granted' | 'awaiting' | 'denied' | undefined;
  readonly refund_id?: string | undefined;
  readonly payment_id?: string | undefined;
  /** The last row of the page before. */
  readonly after?: { readonly at: Temporal.Instant; readonly id: string } | null;
  readonly limit: number;
};

/** Refunds, newest first. */
export async function listRefunds(sql: Db, filter: RefundFilter): Promise<readonly RefundRow[]> {
  const { scope, clinic_id, booking_ref, status, decision, refund_id, payment_id } = filter;
  const { after, limit } = filter;
  return await run(sql<RefundRow[]>`
    select f.id as refund_id, f.payment_id, f.booking_id, r.reference_code, f.clinic_id,
      amount_text(f.amount, f.currency) as amount, f.currency, f.reason, f.status, f.decision,
      f.origin, p.payment_method, f.handed_over, f.attempts, f.last_error as error, f.created_at,
      f.updated_at
    from refunds f
    join payments p on p.id = f.payment_id
    join reservations r on r.id = f.reservation_id
    where true
      ${scope.user_id === null ? sql`` : sql`and p.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and f.clinic_id = ${scope.clinic_id}`}
      ${clinic_id ? sql`and f.clinic_id = ${clinic_id}` : sql``}
      ${booking_ref ? bookingIs(sql, booking_ref) : sql``}
      ${status ? sql`and f.status = ${status}` : sql``}
      ${decision ? sql`and f.decision = ${decision}` : sql``}
      ${refund_id ? sql`and f.id = ${refund_id}` : sql``}
      ${payment_id ? sql`and f.payment_id = ${payment_id}` : sql``}
      ${after ? sql`and (f.created_at, f.id) < (${after.at.toString()}, ${after.id})` : sql``}
    order by f.created_at desc, f.id desc
    limit ${limit}`);
}

const bookingIs = (sql: Db, booking_ref: string) =>
  booking_ref.startsWith('BP')
    ? sql`and r.reference_code = ${booking_ref}`
    : sql`and f.booking_id = ${booking_ref}`;

export type RefundWish = {
  readonly booking_id: string;
  /** Decimal text; null = all that is left. */
  readonly amount: string | null;
  readonly reason: string;
  /** A manager has to agree before anything moves. */
  readonly needs_decision: boolean;
  /** Ask the manager also where the desk might give back that much on its own. */
  readonly ask?: boolean;
};

export type RefundAnswer = {
  readonly outcome: 'ok' | 'not_found' | 'policy_refused';
  readonly refund_id: string | null;
  readonly left_amount: string | null;
  readonly currency: string | null;
  /** With `policy_refused`: what the desk may still give back of this booking; null = not the reason. */
  readonly limit_amount: string | null;
};

/** Asks for money of a booking to go back, never more than is left of it. */
export async function requestRefund(
  sql: Db,
  wish: RefundWish,
  actor: DbActor,
): Promise<RefundAnswer> {
  return await runOne(sql<RefundAnswer[]>`
    select outcome, refund_id, amount_text(left_amount, currency) as left_amount, currency,
      amount_text(limit_amount, currency) as limit_amount
    from request_refund(
      ${wish.booking_id}, ${wish.amount}, ${wish.reason}, ${wish.needs_decision},
      ${sql.json(actor)}, ${wish.ask ?? false}
    )`);
}

type Decided = 'ok' | 'already_done' | 'not_found' | 'conflict' | 'policy_refused';

/** Grants a refund that was asked for, or denies it for good. */
export async function decideRefund(
  sql: Db,
  refund_id: string,
  grant: boolean,
  reason: string | null,
  actor: DbActor,
): Promise<Decided> {
  const { outcome } = await runOne(sql<{ outcome: Decided }[]>`
    select decide_refund(${refund_id}, ${grant}, ${reason}, ${sql.json(actor)}) as outcome`);
  return outcome;
}

/** Notes that a person handed the money over. */
export async function completeRefund(
  sql: Db,
  refund_id: string,
  handed_over: string,
  reason: string | null,
  actor: DbActor,
): Promise<Decided> {
  const { outcome } = await runOne(sql<{ outcome: Decided }[]>`
    select complete_refund(${refund_id}, ${handed_over}, ${reason}, ${sql.json(actor)}) as outcome`);
  return outcome;
}

/** Sends a failed refund once more; one that the bank returned becomes a new one. */
export async function retryRefund(
  sql: Db,
  refund_id: string,
  reason: string | null,
  actor: DbActor,
): Promise<{ readonly outcome: Decided; readonly refund_id: string | null }> {
  return await runOne(sql<{ outcome: Decided; refund_id: string | null }[]>`
    select outcome, refund_id from retry_refund(${refund_id}, ${reason}, ${sql.json(actor)})`);
}
