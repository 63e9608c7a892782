import { amountText } from '../../domain/money.ts';
import type { PaymentEvent } from '../../domain/ports.ts';
import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { keepPlaces } from '../locks/places.ts';
import { remainingMs } from '../store/hold-times.ts';
import {
  type PaymentEventResult,
  sessionOfPayment,
  takePaymentEvent as take,
} from '../store/payments.ts';
import { takeDisputeNews, takeRefundNews } from '../store/provider-news.ts';
import { releaseLocks } from './release-locks.ts';

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A declined card is told by its payment alone, which carries our id but not the page's. */
async function sessionOf(app: App, event: PaymentEvent): Promise<string | null> {
  if (event.session_id !== null || event.result !== 'failed') return event.session_id;
  const payment_id = event.metadata['payment_id'] ?? '';
  return uuid_form.test(payment_id) ? await sessionOfPayment(app.sql, payment_id) : null;
}

const no_booking = {
  booking_id: null,
  reference_code: null,
  reservation_id: null,
  slot_id: null,
  seats: null,
  lock_id: null,
} as const;

/** Something is to be done at the provider now. */
const at_provider: readonly PaymentEventResult['outcome'][] = [
  'refund_requested',
  'mismatch',
  'void_requested',
];

/** The hold lives longer now: the doorman turns losers away for as long. */
async function keepLocks(app: App, taken: PaymentEventResult): Promise<void> {
  const { reservation_id, slot_id, seats, lock_id } = taken;
  if (reservation_id === null || slot_id === null || seats === null || lock_id === null) return;
  const ttl_ms = await remainingMs(app.sql, reservation_id);
  if (ttl_ms !== null && ttl_ms > 0) await keepPlaces(app, { slot_id, seats, lock_id }, ttl_ms);
}

/** What happened, from the part of the store that knows this kind of news. */
async function store(app: App, event: PaymentEvent): Promise<PaymentEventResult> {
  const { amount, refund, dispute } = event;
  const news = {
    event_id: event.event_id,
    event_type: event.event_type,
    payload: event.payload,
    payment_intent: event.payment_intent,
    amount: amount === null ? null : amountText(amount),
    currency: amount?.currency ?? null,
  };
  if (refund) return { outcome: await takeRefundNews(app.sql, news, refund), ...no_booking };
  if (dispute) return { outcome: await takeDisputeNews(app.sql, news, dispute), ...no_booking };
  const session_id = await sessionOf(app, event);
  return await take(app.sql, { ...news, session_id, result: event.result });
}

/**
 * Takes what the provider says, whether it came by webhook or was looked up. The store decides in
 * one statement; a second event of the same id changes nothing.
 */
export async function takePaymentEvent(
  app: App,
  event: PaymentEvent,
  request_id: string | null = null,
): Promise<PaymentEventResult> {
  if (event.result === 'success') failpoint('before-payment-event');
  const taken = await store(app, event);
  if (taken.outcome === 'confirmed') failpoint('after-payment-event');
  const level = taken.outcome === 'unknown_money' ? 'warn' : 'info';
  app.log[level]('payment.event', {
    request_id,
    event_id: event.event_id,
    event_type: event.event_type,
    result: event.result,
    outcome: taken.outcome,
    reservation_id: taken.reservation_id,
    booking_id: taken.booking_id,
  });
  // Booked seats need no doorman: PostgreSQL refuses them by itself, also when this is never
  // reached.
  if (taken.outcome === 'confirmed') await releaseLocks(app, taken);
  if (taken.outcome === 'awaiting_approval') await keepLocks(app, taken);
  app.wake.relay();
  if (at_provider.includes(taken.outcome)) app.wake.dispatcher();
  return taken;
}
