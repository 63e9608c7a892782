import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { clinicOfItems, type FoundRow, rowsBetween } from './find-rows.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

type ItemRow = Output<'list_rows'>['items'][number];

function rowJson(row: FoundRow, time_zone: string): readonly ItemRow[] {
  const first = row.at(0);
  const last = row.at(-1);
  if (first === undefined || last === undefined) return [];
  const { currency } = first;
  const local = localTime(first.starts_at, time_zone);
  const total_minor = row.reduce(
    (sum, { amount }) => sum + parseAmount(amount, currency).amount_minor,
    0,
  );
  return [
    {
      starts_at: local.text,
      ends_at: zonedText(last.ends_at, time_zone),
      date: local.date,
      time: local.time,
      duration_minutes: Math.round((last.ends_ms - first.starts_ms) / 60_000),
      amount: amountText({ amount_minor: total_minor, currency }),
      currency,
      items: row.map((slot) => ({
        position: slot.position,
        service_id: slot.service_id,
        service_name: slot.service_name,
        slot_id: slot.slot_id,
        staff_id: slot.staff_id,
        staff_name: slot.staff_name,
        starts_at: zonedText(slot.starts_at, time_zone),
        ends_at: zonedText(slot.ends_at, time_zone),
        quantity: 1,
        amount: moneyText(slot.amount, currency),
      })),
    },
  ];
}

/** When several services can be had one after another on a day, one row per beginning. */
export async function listRows(
  app: App,
  actor: Actor,
  input: Input<'list_rows'>,
): Promise<Output<'list_rows'>> {
  const { staff_id, limit } = input;
  const items = input.services.map((service_id) => ({ service_id, staff_id, quantity: 1 }));
  const { clinic_id, time_zone, currencies } = await clinicOfItems(app, actor, items);
  if (clinic_id !== input.clinic_id) {
    throw new AppError('not_found', 'This clinic has no such services.');
  }
  if (currencies.size > 1) {
    const detail = 'All services of one booking have prices in one currency.';
    throw failure('policy_refused', { rule: 'items_currency' }, detail);
  }
  const date = input.date ?? localTime(Temporal.Now.instant(), time_zone).date;
  const { from, to } = dayRange(date, time_zone);
  const is_owner = actor.role === 'customer';
  const rows = await rowsBetween(app, { clinic_id, items, from, to, is_owner, limit });
  return { items: rows.flatMap((row) => rowJson(row, time_zone)), next_cursor: null };
}
