import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import { type Access, mayAccess } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findBooking } from '../store/bookings.ts';
import {
  completeRefund as complete,
  decideRefund as decide,
  listRefunds as list,
  type RefundRow,
  requestRefund,
  retryRefund as retry,
} from '../store/refunds.ts';
import { dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

type Refund = Output<'create_refund'>;

/** Who needs nobody's leave to give money back. */
const may_decide: Access = 'manager';

export function refundJson(row: RefundRow): Refund {
  const { created_at, updated_at, ...rest } = row;
  return { ...rest, created_at: created_at.toString(), updated_at: updated_at.toString() };
}

async function findRefund(app: App, actor: Actor, refund_id: string): Promise<Refund> {
  const [row] = await list(app.sql, { scope: scopeOf(actor), refund_id, limit: 1 });
  if (!row) throw failure('not_found');
  return refundJson(row);
}

/** Refunds, newest first. */
export async function listRefunds(
  app: App,
  actor: Actor,
  input: Input<'list_refunds'>,
): Promise<Output<'list_refunds'>> {
  const { clinic_id, booking_id: booking_ref, status, decision, limit } = input;
  const rows = await list(app.sql, {
    scope: scopeOf(actor),
    clinic_id,
    booking_ref,
    status,
    decision,
    after: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.refund_id]);
  return { items: page.items.map(refundJson), next_cursor: page.next_cursor };
}

/** The amount in the currency's own decimals, or a clear refusal. */
function amountOf(text: string | undefined, currency: string): string | null {
  if (text === undefined) return null;
  try {
    return amountText(parseAmount(text, currency));
  } catch (error) {
    const detail = `${text} is no amount of ${currency}.`;
    const facts = { errors: [{ path: 'amount', message: `An amount of ${currency}` }] };
    throw new AppError('invalid_input', detail, facts, { cause: error });
  }
}

/** More than the clinic lets its desk give back: what may be, and who can do more. */
function overLimit(reference_code: string, limit_amount: string, currency: string, reason: string) {
  const facts = {
    rule: 'refund_limit',
    limit_amount,
    currency,
    next: `petpro refunds request ${reference_code} --reason ${JSON.stringify(reason)}`,
  };
  const detail =
    `The desk may give back ${limit_amount} ${currency} more of this booking; ` +
    'a manager decides about the rest: ask one.';
  return failure('policy_refused', facts, detail);
}

/** Gives money of a booking back, or asks a manager to. */
export async function createRefund(
  app: App,
  actor: Actor,
  input: Input<'create_refund'>,
): Promise<Refund> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw failure('not_found');
  const { booking_id } = booking;
  const asked = await requestRefund(
    app.sql,
    {
      booking_id,
      amount: amountOf(input.amount, booking.currency),
      reason: input.reason,
      needs_decision: !mayAccess(actor.role, may_decide),
      ask: input.ask ?? false,
    },
    dbActor(actor),
  );
  if (asked.outcome === 'policy_refused' && asked.limit_amount !== null) {
    throw overLimit(booking.reference_code, asked.limit_amount, booking.currency, input.reason);
  }
  if (asked.outcome === 'policy_refused') {
    const left = `${asked.left_amount ?? '0'} ${asked.currency ?? booking.currency}`;
    const facts = { left_amount: asked.left_amount, currency: asked.currency };
    throw failure(asked.outcome, facts, `At most ${left} of this booking can go back.`);
  }
  if (asked.refund_id === null) throw failure(asked.outcome);
  app.wake.relay();
  app.wake.dispatcher();
  return await findRefund(app, actor, asked.refund_id);
}

/** Grants or denies what the desk asked for. */
export async function decideRefund(
  app: App,
  actor: Actor,
  { refund_id, decision, reason }: Input<'decide_refund'>,
): Promise<Refund> {
  const grant = decision === 'granted';
  const outcome = await decide(app.sql, refund_id, grant, reason ?? null, dbActor(actor));
  if (outcome === 'conflict') {
    throw failure(outcome, {}, 'This refund has been decided already.');
  }
  if (outcome !== 'ok' && outcome !== 'already_done') throw failure(outcome);
  app.wake.relay();
  app.wake.dispatcher();
  return await findRefund(app, actor, refund_id);
}

/** Notes that a person gave the money back. */
export async function completeRefund(
  app: App,
  actor: Actor,
  { refund_id, handed_over, reason }: Input<'complete_refund'>,
): Promise<Refund> {
  const outcome = await complete(app.sql, refund_id, handed_over, reason ?? null, dbActor(actor));
  if (outcome === 'policy_refused') {
    const detail =
      'Only a refund that no machine can send, or that failed, is handed over by hand.';
    throw failure(outcome, {}, detail);
  }
  if (outcome !== 'ok' && outcome !== 'already_done') throw failure(outcome);
  app.wake.relay();
  return await findRefund(app, actor, refund_id);
}

/** Sends a failed refund once more. */
export async function retryRefund(
  app: App,
  actor: Actor,
  { refund_id, reason }: Input<'retry_refund'>,
): Promise<Refund> {
  const asked = await retry(app.sql, refund_id, reason ?? null, dbActor(actor));
  if (asked.outcome === 'conflict') throw failure('conflict', {}, 'This refund has not failed.');
  if (asked.outcome === 'policy_refused') {
    const detail = 'It was paid at the desk, or nothing is left of the payment to give back.';
    throw failure('policy_refused', { next: `petpro refunds complete ${refund_id}` }, detail);
  }
  if (asked.outcome !== 'ok' || asked.refund_id === null) throw failure(asked.outcome);
  app.wake.relay();
  app.wake.dispatcher();
  return await findRefund(app, actor, asked.refund_id);
}
