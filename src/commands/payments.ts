import { AppError } from '../domain/errors.ts';
import { payment_statuses } from '../domain/money-words.ts';
import { bookingRef, callOptions, firstWord, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';
import { durationOf, wait } from './watch.ts';

const EXIT_EXPIRED = 7;
const EXIT_PENDING = 8;
/** Between two looks at a payment that somebody waits for. */
const LOOK_EVERY_MS = 1_000;
const WAIT_MS = 600_000;

const payment_csv = [
  'payment_id',
  'reference_code',
  'status',
  'amount',
  'currency',
  'payment_method',
  'refund_status',
  'refund_amount',
  'failure_reason',
  'external_reference',
  'session_id',
  'paid_at',
  'created_at',
];

function pageFields(args: Args) {
  const booking = textOption(args, 'booking');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  return {
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  };
}

/** `petpro payments inbox`: what a person has to look at. */
export async function paymentsInbox(context: Context): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { clinic_id } = clinic;
  const { items } = await session.client.call('list_inbox', { clinic_id, limit: 200 });
  printList(context, {
    kind: 'MoneyInbox',
    items,
    columns: [
      { head: 'SINCE', text: (one) => look.moment(one.since), whole: true },
      { head: 'CAUSE', text: (one) => one.cause, whole: true },
      {
        head: 'AMOUNT',
        text: ({ amount, currency }) => (amount && currency ? look.money(amount, currency) : '?'),
        right: true,
      },
      { head: 'REF', text: (one) => one.reference_code ?? '-', whole: true },
      { head: 'DETAIL', text: (one) => one.detail ?? '', wide: true },
      { head: 'NEXT', text: (one) => one.next },
    ],
    csv: [
      'item_id',
      'cause',
      'since',
      'amount',
      'currency',
      'reference_code',
      'payment_id',
      'refund_id',
      'detail',
      'next',
    ],
    name: (one) => one.item_id,
    as_of: look.now(),
    empty: 'No money needs anybody.',
  });
}

/** `petpro payments settle` */
export async function settleItem(context: Context, args: Args): Promise<undefined> {
  const reason = textOption(args, 'reason');
  if (reason === null) {
    throw new AppError('invalid_input', 'Say how it was settled, with --reason "..".');
  }
  const item_id = firstWord(args);
  const session = openSession(context);
  await session.client.call('settle_inbox_item', { item_id, reason }, callOptions(args));
  printOne(context, {
    kind: 'SettledItem',
    item: { item_id, reason },
    csv: ['item_id', 'reason'],
    name: item_id,
    lines: [['Settled', item_id]],
  });
}

/** `petpro payments list` */
export async function listPayments(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const word = textOption(args, 'status');
  const status = payment_statuses.find((known) => known === word);
  const page = await session.client.call('list_payments', {
    clinic_id: clinic.clinic_id,
    ...(status === undefined ? {} : { status }),
    ...pageFields(args),
  });
  printList(context, {
    kind: 'PaymentList',
    items: page.items,
    columns: [
      { head: 'STARTED', text: (one) => look.moment(one.created_at), whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'AMOUNT', text: (one) => look.money(one.amount, one.currency), right: true },
      { head: 'PAID BY', text: (one) => one.payment_method },
      { head: 'REFUND', text: (one) => one.refund_status ?? '' },
      { head: 'WHY', text: (one) => one.failure_reason ?? '' },
      { head: 'PAYMENT', text: (one) => one.external_reference ?? '-', wide: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
    ],
    csv: payment_csv,
    name: (one) => one.payment_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No payment fits.',
  });
}

/** `petpro payments show` */
export async function showPayment(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const one = await session.client.call('get_payment', { payment_id: bookingRef(args) });
  const clinic = await session.client.call('get_clinic', { clinic_id: one.clinic_id });
  const look = lookOf(context, clinic);
  const money = (text: string) => look.money(text, one.currency);
  const each = (text: readonly string[]) => text.join('; ');
  const page = one.page?.closed_at === null ? 'open' : 'closed';
  printOne(context, {
    kind: 'Payment',
    item: one,
    csv: payment_csv,
    name: one.payment_id,
    as_of: look.now(),
    lines: [
      ['payment', `${one.payment_id} of ${one.reference_code}`],
      ['status', [one.status, one.failure_reason ?? ''].join(' ').trim()],
      ['amount', `${money(one.amount)} by ${one.payment_method}`],
      ['for', one.purpose === 'due' ? 'the booking' : 'the rest at the visit'],
      ['started', look.moment(one.created_at)],
      ['paid', one.paid_at === null ? '' : look.moment(one.paid_at)],
      ['provider', one.external_reference ?? ''],
      ['page', one.page === null ? '' : `${one.page.session_id} ${page}`],
      [
        'tries',
        each(one.attempts.map((it) => `${look.moment(it.at)} ${it.result} (${it.outcome ?? '-'})`)),
      ],
      [
        'ledger',
        each(
          one.entries.map(
            (it) =>
              `${it.type} ${money(it.total_amount)}: fee ${money(it.platform_fee)}, ` +
              `clinic ${money(it.clinic_amount)}, tax ${money(it.tax_amount)}`,
          ),
        ),
      ],
      [
        'refunds',
        each(
          one.refunds.map((it) =>
            [
              money(it.amount),
              it.decision === 'awaiting' ? 'asked for' : it.status,
              it.reason,
            ].join(' '),
          ),
        ),
      ],
      [
        'disputes',
        each(one.disputes.map((it) => `${money(it.amount)} ${it.status} ${it.reason ?? ''}`)),
      ],
    ],
  });
}

/** `petpro payments entries`: the ledger. */
export async function listEntries(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { clinic_id } = clinic;
  const page = await session.client.call('list_entries', { clinic_id, ...pageFields(args) });
  printList(context, {
    kind: 'LedgerEntryList',
    items: page.items,
    columns: [
      { head: 'WHEN', text: (one) => look.moment(one.created_at), whole: true },
      { head: 'TYPE', text: (one) => one.type, whole: true },
      { head: 'TOTAL', text: (one) => look.money(one.total_amount, one.currency), right: true },
      { head: 'FEE', text: (one) => look.money(one.platform_fee, one.currency), right: true },
      { head: 'CLINIC', text: (one) => look.money(one.clinic_amount, one.currency), right: true },
      { head: 'TAX', text: (one) => look.money(one.tax_amount, one.currency), right: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
    ],
    csv: [
      'entry_id',
      'created_at',
      'type',
      'reference_code',
      'total_amount',
      'platform_fee',
      'clinic_amount',
      'tax_amount',
      'currency',
      'status',
      'transaction_reference',
      'payment_id',
      'refund_id',
      'booking_id',
    ],
    name: (one) => one.entry_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'Nothing has been entered yet.',
  });
}

async function look(session: Session, reservation_id: string) {
  return await session.client.call('get_reservation', { reservation_id });
}

/** `petpro payments link`: the page of a hold that waits for its payment. */
export async function paymentLink(context: Context, args: Args): Promise<undefined> {
  const hold = await look(openSession(context), bookingRef(args));
  const { payment_url, reference_code, status, expires_at } = hold;
  if (status !== 'pending' || payment_url === null) {
    const detail = `${reference_code} is ${status}, and has no payment page that is open.`;
    throw new AppError('policy_refused', detail, { next: `petpro hold show ${reference_code}` });
  }
  printOne(context, {
    kind: 'PaymentLink',
    item: { reference_code, payment_url, expires_at },
    csv: ['reference_code', 'payment_url', 'expires_at'],
    name: payment_url,
    lines: [['Pay', payment_url]],
  });
}

/** `petpro payments wait`: 0 paid, 7 expired or given back, 8 still pending when the time is over. */
export async function waitForPayment(context: Context, args: Args): Promise<number> {
  const session = openSession(context);
  const reservation_id = bookingRef(args);
  const text = textOption(args, 'for');
  const wait_ms = text === null ? WAIT_MS : durationOf('--for', text);
  const end = performance.now() + wait_ms;
  let hold = await look(session, reservation_id);
  while (hold.status === 'pending' && performance.now() < end) {
    await wait(LOOK_EVERY_MS, context.signal);
    hold = await look(session, reservation_id);
  }
  const { reference_code, status, booking_id, expires_at } = hold;
  const words = {
    confirmed: 'paid',
    pending: 'not paid yet',
    cancelled: 'given back',
    expired: 'expired',
  };
  printOne(context, {
    kind: 'PaymentWait',
    item: { reference_code, status, booking_id, expires_at },
    csv: ['reference_code', 'status', 'booking_id', 'expires_at'],
    name: reference_code,
    lines: [[reference_code, words[status]]],
  });
  if (status === 'confirmed') return 0;
  if (status === 'pending') {
    const is_asked = hold.approval === 'awaiting' && hold.approval_asked_at !== undefined;
    const next = is_asked
      ? `The clinic decides until ${expires_at}: petpro approvals list`
      : `The page is open: petpro payments link ${reference_code}`;
    say(context, next);
    return EXIT_PENDING;
  }
  return EXIT_EXPIRED;
}
