import type { Input, Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { readAttempts } from '../store/booking-detail.ts';
import { itemsOf } from '../store/items.ts';
import { labelsOf } from '../store/seats.ts';
import { readTriple } from '../store/triple.ts';
import { derivedStates } from './derived-states.ts';
import { findHold } from './find-hold.ts';
import { itemsField } from './items-json.ts';
import { moneyText } from './money-text.ts';
import { zonedText } from './slot-time.ts';

/** One hold, with the payment page that is open for it. */
export async function getReservation(
  app: App,
  actor: Actor,
  { reservation_id }: Input<'get_reservation'>,
): Promise<Output<'get_reservation'>> {
  const row = await findHold(app, actor, reservation_id);
  const [attempts, triple, items, labels] = await Promise.all([
    readAttempts(app.sql, row.reservation_id),
    readTriple(app.sql, row.reservation_id),
    itemsOf(app.sql, row.reservation_id),
    labelsOf(app.sql, row),
  ]);
  const { time_zone } = row;
  const local = localTime(row.starts_at, time_zone);
  return {
    reservation_id: row.reservation_id,
    reference_code: row.reference_code,
    status: row.status,
    ...derivedStates(triple),
    user_id: row.user_id,
    pet_id: row.pet_id,
    clinic_id: row.clinic_id,
    service_id: row.service_id,
    slot_id: row.slot_id,
    starts_at: local.text,
    date: local.date,
    time: local.time,
    quantity: row.quantity,
    seats: row.seats,
    ...(labels === null ? {} : { seat_labels: labels }),
    amount: moneyText(row.amount, row.currency),
    amount_due: moneyText(row.amount_due, row.currency),
    price_lines: row.price_lines ?? [],
    currency: row.currency,
    expires_at: zonedText(row.expires_at, time_zone),
    extended: row.extended,
    booking_id: row.booking_id,
    payment_url: row.payment_url,
    ...(row.approval === 'none' ? {} : { approval: row.approval }),
    ...(row.approval_asked_at === null
      ? {}
      : { approval_asked_at: zonedText(row.approval_asked_at, time_zone) }),
    payment_attempts: attempts.map(({ result, at }) => ({ result, at: zonedText(at, time_zone) })),
    ...itemsField(items, time_zone),
    version: row.version,
    created_at: zonedText(row.created_at, time_zone),
  };
}
