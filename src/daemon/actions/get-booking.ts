import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import { percentText } from '../../domain/receipt.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { type BookingDetail, findBookingDetail } from '../store/booking-detail.ts';
import { itemsOf } from '../store/items.ts';
import { participantsOf, seriesOfBooking } from '../store/series-groups.ts';
import { readTriple } from '../store/triple.ts';
import { scopeOf } from './actor.ts';
import { bookingJson } from './booking-json.ts';
import { derivedStates } from './derived-states.ts';
import { participantsJson } from './group-bookings.ts';
import { itemsField } from './items-json.ts';
import { moneyText } from './money-text.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

/** What it costs, what is paid, and the lines that make the price. */
function bookingMoney(row: BookingDetail): Output<'get_booking'>['money'] {
  const { currency, quantity, cost } = row;
  const money = (text: string) => moneyText(text, currency);
  const amount = money(row.amount);
  const minor = (text: string) => parseAmount(text, currency).amount_minor;
  const rest_minor = Math.max(0, minor(row.amount) - minor(cost.amount_paid));
  const snapshot = row.service_snapshot['price'];
  const one = {
    tier_id: null,
    tier: null,
    seats: quantity,
    units: quantity,
    unit: 'seat' as const,
    unit_price: typeof snapshot === 'string' ? snapshot : amount,
    amount,
    tax_amount: money(cost.tax_amount),
    total: amount,
  };
  return {
    amount,
    amount_due: money(row.amount_due),
    amount_paid: money(cost.amount_paid),
    amount_rest: amountText({ amount_minor: rest_minor, currency }),
    tax_amount: money(cost.tax_amount),
    tax_percent: percentText(cost.tax_bp),
    tax_included: cost.tax_included,
    price_lines: cost.price_lines ?? [one],
  };
}

/** One booking by id or reference code, with snapshots, payments, messages and history. */
export async function getBooking(
  app: App,
  actor: Actor,
  { booking_id }: Input<'get_booking'>,
): Promise<Output<'get_booking'>> {
  const row = await findBookingDetail(app.sql, booking_id, scopeOf(actor));
  if (!row) throw new AppError('not_found', 'There is no such booking.');
  const { reservation_id } = row;
  const [triple, items] =
    reservation_id === null
      ? [null, []]
      : await Promise.all([readTriple(app.sql, reservation_id), itemsOf(app.sql, reservation_id)]);
  const [series, people] = await Promise.all([
    seriesOfBooking(app.sql, row.booking_id),
    reservation_id === null ? [] : participantsOf(app.sql, [reservation_id]),
  ]);
  const mask = masker(actor);
  const sees_log = actor.role !== 'customer' && seesPersonalData(actor.role);
  const { time_zone } = row;
  const { name: pet_name, ...pet } = row.pet_snapshot;
  return {
    ...bookingJson(row, actor),
    ...derivedStates(triple),
    ...(series === null ? {} : { series }),
    ...(people.length === 0 ? {} : { participants: participantsJson(people, actor) }),
    reservation_id: row.reservation_id,
    payment_id: row.payment_id,
    owner_email: mask(row.owner_email),
    notes: mask(row.notes),
    cancellation_reason: mask(row.cancellation_reason),
    ...(row.seat_labels === null ? {} : { seat_labels: row.seat_labels }),
    pet_snapshot: { ...pet, name: typeof pet_name === 'string' ? mask(pet_name) : null },
    service_snapshot: { ...row.service_snapshot },
    money: bookingMoney(row),
    ...itemsField(items, time_zone),
    payments: row.payments.map(({ refund_status: _refund_status, ...payment }) => ({
      ...payment,
      amount: moneyText(payment.amount, payment.currency),
      paid_at: zonedTextOrNull(payment.paid_at, time_zone),
    })),
    payment_attempts: row.attempts.map(({ result, at }) => ({
      result,
      at: zonedText(at, time_zone),
    })),
    refunds: row.refunds.map((refund) => ({
      ...refund,
      amount: moneyText(refund.amount, refund.currency),
      created_at: zonedText(refund.created_at, time_zone),
    })),
    history: row.history.map(({ operator_name, owner_name, was, now, ...entry }) => ({
      ...entry,
      was: sees_log ? was : null,
      now: sees_log ? now : null,
      performed_by_name: operator_name ?? mask(owner_name),
      notes: mask(entry.notes),
      at: zonedText(entry.at, time_zone),
    })),
    messages: row.messages.map((message) => ({
      ...message,
      sent_at: zonedTextOrNull(message.sent_at, time_zone),
    })),
  };
}
