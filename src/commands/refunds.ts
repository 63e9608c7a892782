import { AppError } from '../domain/errors.ts';
import { isRefundStatus } from '../domain/money-words.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef, callOptions, firstWord, referenceOf } from './choice.ts';
import type { Context } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, type Run, textOption } from './spec.ts';

type Refund = Output<'create_refund'>;

const csv = [
  'refund_id',
  'reference_code',
  'status',
  'decision',
  'amount',
  'currency',
  'reason',
  'origin',
  'payment_method',
  'handed_over',
  'error',
  'attempts',
  'payment_id',
  'booking_id',
  'created_at',
  'updated_at',
];

/** One word for where a refund is; the decision counts first. */
function stateOf({ status, decision }: Refund): string {
  return decision === 'awaiting' ? 'asked for' : status;
}

/** `petpro refunds list` */
export async function listRefunds(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const status = textOption(args, 'status');
  const decision = textOption(args, 'decision');
  const booking = textOption(args, 'booking');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_refunds', {
    clinic_id: clinic.clinic_id,
    ...(status !== null && isRefundStatus(status) ? { status } : {}),
    ...(decision === 'granted' || decision === 'awaiting' || decision === 'denied'
      ? { decision }
      : {}),
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'RefundList',
    items: page.items,
    columns: [
      { head: 'ASKED FOR', text: (one) => look.moment(one.created_at), whole: true },
      { head: 'STATUS', text: stateOf, whole: true },
      { head: 'AMOUNT', text: (one) => look.money(one.amount, one.currency), right: true },
      { head: 'PAID BY', text: (one) => one.payment_method },
      { head: 'WHY', text: (one) => one.reason },
      { head: 'ERROR', text: (one) => one.error ?? '' },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      { head: 'ID', text: (one) => one.refund_id, wide: true },
    ],
    csv,
    name: (one) => one.refund_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No refund fits.',
  });
}

async function show(context: Context, session: Session, refund: Refund, verb: string) {
  const clinic = await session.client.call('get_clinic', { clinic_id: refund.clinic_id });
  const look: Look = lookOf(context, clinic);
  printOne(context, {
    kind: 'Refund',
    item: refund,
    csv,
    name: refund.refund_id,
    as_of: look.now(),
    lines: [
      [verb, `${look.money(refund.amount, refund.currency)} of ${refund.reference_code}`],
      ['status', stateOf(refund)],
      ['refund', refund.refund_id],
      ['next', nextOf(refund)],
    ],
  });
}

function nextOf({ decision, refund_id, status }: Refund): string {
  if (decision === 'awaiting') return `a manager: petpro refunds approve ${refund_id}`;
  if (status === 'failed') return `petpro refunds retry ${refund_id}, or petpro refunds complete`;
  return '';
}

async function giveBack(context: Context, args: Args, ask: boolean): Promise<undefined> {
  const booking_id = bookingRef(args);
  const reason = textOption(args, 'reason');
  if (reason === null) throw new AppError('invalid_input', 'Say why, with --reason "..".');
  const amount = textOption(args, 'amount');
  const session = openSession(context);
  const wish = { booking_id, reason, ask, ...(amount === null ? {} : { amount }) };
  const refund = await session.client.call('create_refund', wish, callOptions(args));
  await show(context, session, refund, refund.decision === 'awaiting' ? 'Asked for' : 'Refunding');
}

/** `petpro refunds create` */
export const createRefund: Run = async (context, args) => await giveBack(context, args, false);

/** `petpro refunds request`: a manager decides, whatever the desk may do itself. */
export const requestRefund: Run = async (context, args) => await giveBack(context, args, true);

/** The refund that the words mean: an id, or the one of a booking that waits for such a step. */
async function refundOf(
  session: Session,
  args: Args,
  waits: (refund: Refund) => boolean,
): Promise<string> {
  const word = referenceOf(firstWord(args));
  if (isId(word)) return word;
  const booking_id = bookingRef(args);
  const { items } = await session.client.call('list_refunds', { booking_id });
  const fitting = items.filter(waits);
  const [only] = fitting;
  if (only && fitting.length === 1) return only.refund_id;
  const next = `petpro refunds list --booking ${booking_id} -o wide`;
  const detail = `${booking_id} has ${fitting.length} refunds that wait for this; name one by id.`;
  throw new AppError(fitting.length === 0 ? 'not_found' : 'invalid_input', detail, { next });
}

function decision(word: 'granted' | 'denied', verb: string): Run {
  return async (context, args) => {
    const session = openSession(context);
    const refund_id = await refundOf(session, args, (one) => one.decision === 'awaiting');
    const reason = textOption(args, 'reason');
    const wish = { refund_id, decision: word, ...(reason === null ? {} : { reason }) };
    const refund = await session.client.call('decide_refund', wish, callOptions(args));
    await show(context, session, refund, verb);
    return;
  };
}

export const approveRefund = decision('granted', 'Granted');
export const denyRefund = decision('denied', 'Denied');

/** `petpro refunds complete` */
export async function completeRefund(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const refund_id = await refundOf(
    session,
    args,
    (one) => one.status === 'failed' || one.status === 'pending',
  );
  const by = textOption(args, 'by');
  const handed_over =
    by === 'card_terminal' || by === 'transfer' || by === 'provider' ? by : 'cash';
  const reason = textOption(args, 'reason');
  const wish = { refund_id, handed_over, ...(reason === null ? {} : { reason }) } as const;
  const refund = await session.client.call('complete_refund', wish, callOptions(args));
  await show(context, session, refund, 'Handed over');
}

/** `petpro refunds retry` */
export async function retryRefund(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const refund_id = await refundOf(session, args, (one) => one.status === 'failed');
  const reason = textOption(args, 'reason');
  const wish = { refund_id, ...(reason === null ? {} : { reason }) };
  const refund = await session.client.call('retry_refund', wish, callOptions(args));
  await show(context, session, refund, 'Sending again');
}
