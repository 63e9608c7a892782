import { type BookingStatus, booking_statuses } from '../../domain/booking.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { listBookings as read } from '../store/bookings.ts';
import { findClinic } from '../store/clinics.ts';
import { scopeOf } from './actor.ts';
import { bookingJson } from './booking-json.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';

function statusesOf(text: string | undefined): readonly BookingStatus[] {
  const wanted = (text ?? '').split(',').map((part) => part.trim());
  return wanted
    .filter((part) => part !== '')
    .map((part) => {
      const known = booking_statuses.find((status) => status === part);
      if (known) return known;
      const list = booking_statuses.join(', ');
      throw new AppError('invalid_input', `There is no status ${part}; there are ${list}.`, {
        errors: [{ path: 'status', message: `One or several of ${list}` }],
      });
    });
}

/** Whose midnight the dates mean: the clinic's, when one is asked for. */
async function zoneOf(app: App, clinic_id: string | null | undefined): Promise<string> {
  if (!clinic_id) return 'UTC';
  return (await findClinic(app.sql, clinic_id))?.time_zone ?? 'UTC';
}

/** Bookings by owner, clinic, status and time, in the order of the visits. */
export async function listBookings(
  app: App,
  actor: Actor,
  input: Input<'list_bookings'>,
): Promise<Output<'list_bookings'>> {
  const { user_id, clinic_id, service_id, staff_id, from, to, limit } = input;
  const has_dates = from !== undefined || to !== undefined;
  const zone = has_dates ? await zoneOf(app, clinic_id ?? actor.clinic_id) : 'UTC';
  const after = decodeTimeCursor(input.cursor);
  const rows = await read(app.sql, {
    scope: scopeOf(actor),
    user_id,
    clinic_id,
    service_id,
    staff_id,
    statuses: statusesOf(input.status),
    from: from === undefined ? undefined : dayRange(from, zone).from,
    to: to === undefined ? undefined : dayRange(to, zone).to,
    after: after && { booking_time: after.at, booking_id: after.id },
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.booking_time.toString(), row.booking_id]);
  const items = page.items.map((row) => bookingJson(row, actor));
  return { items, next_cursor: page.next_cursor };
}
