import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { DueBooking, MoneyEffect, MoneyResult, PaymentDetail } from './model-money.ts';

/** Carries out what the money screen asks for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** The page of each list; what is older is found by the command line. */
const LIST_MAX = 50;
const INBOX_MAX = 200;
/** Of what is unpaid: visits of the last week, and so many pages of them at most. */
const DUE_DAYS = 7;
const DUE_PAGES = 5;
const DUE_LIMIT = 200;

export type MoneyOutside = {
  readonly client: ApiClient;
  readonly clinic_id: string;
  readonly now: () => number;
};

/** Visits that are not paid in full, newest first. A clinic's week fits a few pages. */
async function unpaid(outside: MoneyOutside, until: string): Promise<readonly DueBooking[]> {
  const { client, clinic_id } = outside;
  const from = Temporal.PlainDate.from(until).subtract({ days: DUE_DAYS }).toString();
  const status = 'confirmed,in-progress,completed';
  const found: DueBooking[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < DUE_PAGES; page += 1) {
    const after: { cursor?: string } = cursor === null ? {} : { cursor };
    const request = { clinic_id, from, to: until, status, limit: DUE_LIMIT, ...after };
    const list = await client.call('list_bookings', request, { timeout_ms: CALL_MS });
    const is_due = ({ payment_state }: DueBooking) => ['due', 'failed'].includes(payment_state);
    found.push(...list.items.filter(is_due));
    cursor = list.next_cursor;
    if (cursor === null) break;
  }
  return found.toReversed();
}

type Asks<T extends MoneyEffect['type']> = Extract<MoneyEffect, { type: T }>;

async function loadMoney(outside: MoneyOutside, effect: Asks<'load_money'>): Promise<MoneyResult> {
  const { client, clinic_id, now } = outside;
  const from_ms = now();
  const options = { timeout_ms: CALL_MS };
  const date = effect.date === null ? {} : { date: effect.date };
  const lists = { clinic_id, limit: LIST_MAX };
  const [cash_up, inbox, approvals, due, refunds, payments, settlements] = await Promise.all([
    client.call('get_cash_up', { clinic_id, ...date }, options),
    client.call('list_inbox', { clinic_id, limit: INBOX_MAX }, options),
    client.call('list_approvals', lists, options),
    unpaid(outside, effect.until),
    client.call('list_refunds', lists, options),
    client.call('list_payments', lists, options),
    effect.with_settlements ? client.call('list_settlements', lists, options) : null,
  ]);
  const page = {
    cash_up,
    inbox: inbox.items,
    approvals: approvals.items,
    due,
    refunds: refunds.items,
    payments: payments.items,
    settlements: settlements === null ? null : settlements.items.toReversed(),
  };
  return { type: 'money', seq: effect.seq, page, took_ms: now() - from_ms };
}

/** What was tried: of the booking, or of the hold while there is none. */
async function attemptsOf(
  client: ApiClient,
  reference_code: string,
): Promise<PaymentDetail['attempts']> {
  const options = { timeout_ms: CALL_MS };
  try {
    const request = { reservation_id: reference_code };
    return (await client.call('get_reservation', request, options)).payment_attempts;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return [];
    throw error;
  }
}

async function loadPayment(client: ApiClient, effect: Asks<'load_payment'>): Promise<MoneyResult> {
  const { reference_code, with_entries } = effect;
  const options = { timeout_ms: CALL_MS };
  const request = { booking_id: reference_code, limit: LIST_MAX };
  const [payments, refunds, entries, attempts] = await Promise.all([
    client.call('list_payments', request, options),
    client.call('list_refunds', request, options),
    with_entries ? client.call('list_entries', request, options) : null,
    attemptsOf(client, reference_code),
  ]);
  const payment = {
    reference_code,
    payments: payments.items,
    refunds: refunds.items,
    entries: entries === null ? null : entries.items,
    attempts,
  };
  return { type: 'payment_loaded', payment };
}

async function doDeed(outside: MoneyOutside, effect: Asks<'do_deed'>): Promise<MoneyResult> {
  const { client, clinic_id } = outside;
  const { kind, id, amount, method, reference_code } = effect;
  const options = { idempotency_key: effect.key, timeout_ms: CALL_MS };
  const reason = effect.reason === null ? {} : { reason: effect.reason };
  // The dialog asks for a reason where the server wants one.
  const said = effect.reason ?? kind;
  switch (kind) {
    case 'accept': {
      const request = { reservation_id: id, decision: 'approved' } as const;
      await client.call('decide_approval', request, options);
      break;
    }
    case 'reject': {
      const request = { reservation_id: id, decision: 'rejected', ...reason } as const;
      await client.call('decide_approval', request, options);
      break;
    }
    case 'approve':
      await client.call(
        'decide_refund',
        { refund_id: id, decision: 'granted', ...reason },
        options,
      );
      break;
    case 'deny':
      await client.call('decide_refund', { refund_id: id, decision: 'denied', ...reason }, options);
      break;
    case 'retry':
      await client.call('retry_refund', { refund_id: id, ...reason }, options);
      break;
    case 'handed': {
      const request = { refund_id: id, handed_over: method, ...reason };
      await client.call('complete_refund', request, options);
      break;
    }
    case 'settle':
      await client.call('settle_inbox_item', { item_id: id, reason: said }, options);
      break;
    case 'refund': {
      const part = amount === null ? {} : { amount };
      await client.call('create_refund', { booking_id: id, reason: said, ...part }, options);
      break;
    }
    case 'count': {
      const note = effect.reason === null ? {} : { note: effect.reason };
      const request = { clinic_id, date: id, counted: amount ?? '0', ...note };
      return { type: 'counted', cash_up: await client.call('count_cash', request, options) };
    }
  }
  return { type: 'deed_done', kind, reference_code };
}

/** Carries out one effect of the money screen. */
export async function askMoney(outside: MoneyOutside, effect: MoneyEffect): Promise<MoneyResult> {
  switch (effect.type) {
    case 'load_money':
      return await loadMoney(outside, effect);
    case 'load_payment':
      return await loadPayment(outside.client, effect);
    case 'do_deed':
      return await doDeed(outside, effect);
  }
}

/** True when the effect belongs to the money screen. */
export function isMoneyEffect(effect: { readonly type: string }): effect is MoneyEffect {
  return ['load_money', 'load_payment', 'do_deed'].includes(effect.type);
}
