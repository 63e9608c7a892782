import type { Output } from '../domain/shapes.ts';
import type { State } from './model.ts';
import type { Target } from './model-life.ts';
import type { BoardRow } from './rows.ts';
import { today } from './selectors.ts';

/** What a dialog acts on, from wherever it was chosen. */

/** A row of the board; null when it is neither booking nor hold. */
export function rowTarget(state: State, { kind, row }: BoardRow): Target | null {
  if (kind !== 'booking' && kind !== 'hold') return null;
  const id = kind === 'booking' ? row.booking_id : row.reservation_id;
  if (id === null) return null;
  return {
    kind,
    id,
    reference_code: row.reference_code ?? '',
    name: row.pet_name ?? row.owner_name ?? row.reference_code ?? '',
    version: row.version ?? 0,
    service_id: row.service_id,
    service_name: row.service_name,
    staff_name: row.staff_name,
    date: state.day?.date ?? today(state),
    time: row.time,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    arrived_at: row.arrived_at,
    payment_state: row.payment_state,
  };
}

/** A booking of a list. */
export function bookingTarget(booking: Output<'list_bookings'>['items'][number]): Target {
  return {
    kind: 'booking',
    id: booking.booking_id,
    reference_code: booking.reference_code,
    name: booking.pet_name ?? booking.owner_name ?? booking.reference_code,
    version: booking.version,
    service_id: booking.service_id,
    service_name: booking.service_name,
    staff_name: booking.staff_name,
    date: booking.date,
    time: booking.time,
    amount: booking.amount,
    currency: booking.currency,
    status: booking.status,
    arrived_at: booking.arrived_at,
    payment_state: booking.payment_state,
  };
}
