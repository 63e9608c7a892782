import { calendarDocument } from '../../domain/calendar.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { export_days_max } from '../../domain/shapes-calendar.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { findBooking } from '../store/bookings.ts';
import { calendarRows, syncCalendar as sync } from '../store/calendar.ts';
import { findClinic, listStaff } from '../store/clinics.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { calendarText, eventOf } from './calendar-text.ts';

/** More visits than this are not looked at in a calendar. */
const EVENTS_MAX = 2_000;
const EXPORT_DAYS = 7;

function invalid(path: string, message: string): AppError {
  return new AppError('invalid_input', message, { errors: [{ path, message }] });
}

/** Local days, both included. */
function daysOf(input: Input<'get_calendar'>, today: string) {
  const from = Temporal.PlainDate.from(input.from ?? today);
  const to = input.to ? Temporal.PlainDate.from(input.to) : from.add({ days: EXPORT_DAYS - 1 });
  const days = from.until(to, { largestUnit: 'day' }).days;
  if (days < 0) throw invalid('query.to', 'The last day is before the first.');
  if (days >= export_days_max) {
    throw invalid('query.to', `A file holds ${export_days_max} days at most.`);
  }
  return { from: from.toString(), to: to.toString() };
}

/** Visits of a clinic, or of one of its vets, as a file. */
export async function getCalendar(
  app: App,
  actor: Actor,
  input: Input<'get_calendar'>,
): Promise<Output<'get_calendar'>> {
  const { clinic_id, staff_id = null } = input;
  assertClinic(actor, clinic_id);
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const { time_zone } = clinic;
  const staff = staff_id === null ? [] : await listStaff(app.sql, clinic_id);
  const vet = staff.find((one) => one.staff_id === staff_id);
  if (staff_id !== null && !vet) throw new AppError('not_found', 'The clinic has no such vet.');
  const days = daysOf(input, localTime(Temporal.Now.instant(), time_zone).date);
  const span = { from: dayRange(days.from, time_zone).from, to: dayRange(days.to, time_zone).to };
  const rows = await calendarRows(app.sql, { clinic_id, staff_id }, span, EVENTS_MAX + 1);
  const kept = rows.slice(0, EVENTS_MAX);
  const name = vet ? `${vet.name}, ${clinic.name}` : clinic.name;
  return {
    clinic_id,
    staff_id,
    ...days,
    event_count: kept.length,
    is_complete: kept.length === rows.length,
    ics: calendarText(name, kept, 'clinic'),
  };
}

/** One booking as a file. */
export async function getBookingCalendar(
  app: App,
  actor: Actor,
  input: Input<'get_booking_calendar'>,
): Promise<Output<'get_booking_calendar'>> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id, reference_code } = booking;
  const [row] = await calendarRows(app.sql, { booking_id }, null, 1);
  if (!row) throw new Error(`The booking ${booking_id} has no calendar entry`);
  const reader = actor.role === 'customer' ? 'owner' : 'clinic';
  return { booking_id, reference_code, ics: calendarDocument(eventOf(row, reader)) };
}

/** Notes that a booking stands in somebody's calendar, or no longer does. Seed 000, 8. */
export async function syncCalendar(
  app: App,
  actor: Actor,
  input: Input<'sync_calendar'>,
): Promise<Output<'sync_calendar'>> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const row = await sync(app.sql, booking.booking_id, input.synced, dbActor(actor));
  if (!row) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id, reference_code, calendar_synced_at: at, changed_at, time_zone } = row;
  return {
    booking_id,
    reference_code,
    calendar_synced: at !== null,
    calendar_synced_at: at === null ? null : localTime(at, time_zone).text,
    is_current: at !== null && Temporal.Instant.compare(at, changed_at) >= 0,
  };
}
