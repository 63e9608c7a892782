import type { Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor } from '../app-types.ts';
import type { BookingRow } from '../store/bookings.ts';
import { moneyText } from './money-text.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

export type BookingSummary = Output<'list_bookings'>['items'][number];

/** A booking's row as lists show it. */
export function bookingJson(row: BookingRow, actor: Actor): BookingSummary {
  const mask = masker(actor);
  const { time_zone } = row;
  const local = localTime(row.starts_at, time_zone);
  return {
    booking_id: row.booking_id,
    reference_code: row.reference_code,
    status: row.status,
    clinic_id: row.clinic_id,
    clinic_code: row.clinic_code,
    service_id: row.service_id,
    service_name: row.service_name,
    slot_id: row.slot_id,
    staff_id: row.staff_id,
    staff_name: row.staff_name,
    starts_at: local.text,
    ends_at: zonedText(row.ends_at, time_zone),
    date: local.date,
    time: local.time,
    duration_minutes: row.duration_minutes,
    user_id: row.user_id,
    owner_name: mask(row.owner_name),
    owner_phone: mask(row.owner_phone),
    pet_id: row.pet_id,
    pet_name: mask(row.pet_name),
    species: row.species,
    quantity: row.quantity,
    amount: moneyText(row.amount, row.currency),
    currency: row.currency,
    payment_state: row.payment_state,
    arrived_at: zonedTextOrNull(row.arrived_at, time_zone),
    version: row.version,
    created_at: zonedText(row.created_at, time_zone),
  };
}
