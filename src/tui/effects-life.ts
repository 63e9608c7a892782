import type { ApiClient } from '../domain/client.ts';
import { amountText, parseAmount } from '../domain/money.ts';
import type { Booking, Lang } from './model.ts';
import type { Due, LifeEffect, LifeResult } from './model-life.ts';

/** Carries out what the life of a booking asks for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** Of the slips that desks print on; the server wraps to it. */
const RECEIPT_COLUMNS = '42';

export type LifeOutside = {
  readonly client: ApiClient;
  readonly print: (title: string, text: string, lang: Lang) => Promise<void>;
};

/** What has been paid of a booking; what came back does not make it unpaid (SQL: booking_paid). */
function dueOf(booking: Booking): Due {
  const { currency, version, amount: price } = booking;
  const minor = (text: string) => parseAmount(text, currency).amount_minor;
  const taken = booking.payments.filter(({ status }) => ['success', 'refunded'].includes(status));
  const paid = taken.reduce((sum, payment) => sum + minor(payment.amount), 0);
  const textOf = (amount_minor: number) => amountText({ amount_minor, currency });
  const rest = textOf(Math.max(0, minor(price) - paid));
  return { price, paid: textOf(paid), rest, currency, version };
}

async function read(outside: LifeOutside, effect: LifeEffect): Promise<LifeResult | null> {
  const { client } = outside;
  const options = { timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'quote_move': {
      const { booking_id, slot_id, by, asked } = effect;
      const request = { booking_id, slot_id, by, quote: true };
      const quote = await client.call('reschedule_booking', request, options);
      return { type: 'move_quoted', asked, quote };
    }
    case 'load_due': {
      const { target } = effect;
      if (target.kind === 'hold') {
        const { amount: price, currency, version } = target;
        const paid = amountText({ amount_minor: 0, currency });
        return { type: 'due_loaded', target, due: { price, paid, rest: price, currency, version } };
      }
      const booking = await client.call('get_booking', { booking_id: target.id }, options);
      return { type: 'due_loaded', target, due: dueOf(booking) };
    }
    case 'load_receipt': {
      const request = { payment_id: effect.reference_code, width: RECEIPT_COLUMNS } as const;
      return {
        type: 'receipt_loaded',
        receipt: await client.call('get_receipt', request, options),
      };
    }
    case 'load_trace': {
      const request = { booking_id: effect.reference_code };
      return { type: 'traced', trace: await client.call('trace_booking', request, options) };
    }
    case 'load_hold': {
      const { reservation_id } = effect;
      const hold = await client.call('get_reservation', { reservation_id }, options);
      return { type: 'hold_loaded', hold };
    }
    case 'load_changed': {
      const { saw } = effect;
      const booking = await client.call('get_booking', { booking_id: saw.id }, options);
      return { type: 'changed_loaded', saw, booking };
    }
    case 'print':
      await outside.print(effect.title, effect.text, effect.lang);
      return { type: 'printed' };
    default:
      return null;
  }
}

/** Carries out one effect of this part. */
export async function askLife(
  outside: LifeOutside,
  effect: LifeEffect,
): Promise<LifeResult | null> {
  if (!('key' in effect)) return await read(outside, effect);
  const { client } = outside;
  const options = { idempotency_key: effect.key, timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'reschedule': {
      const { target, slot_id, by } = effect;
      const request = { booking_id: target.id, slot_id, by, expected_version: target.version };
      const result = await client.call('reschedule_booking', request, options);
      return { type: 'rescheduled', target, result };
    }
    case 'pay': {
      const { target, method, amount, expected_version } = effect;
      if (target.kind === 'hold') {
        const request = { reservation_id: target.id, payment_method: method };
        await client.call('confirm_reservation', request, options);
        return { type: 'paid', target, method, paid: null };
      }
      const part = amount === null ? {} : { amount };
      const request = { booking_id: target.id, payment_method: method, expected_version, ...part };
      return {
        type: 'paid',
        target,
        method,
        paid: await client.call('pay_booking', request, options),
      };
    }
    case 'undo': {
      const { booking_id, version: expected_version } = effect.undo;
      const request = { booking_id, expected_version };
      const booking = await client.call('undo_booking', request, options);
      return { type: 'undone', undo: effect.undo, booking };
    }
  }
}
