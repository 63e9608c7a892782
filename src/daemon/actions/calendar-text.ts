import { type CalendarEvent, calendarFeed, calendarUid } from '../../domain/calendar.ts';
import type { CalendarRow } from '../store/calendar.ts';

/** Who reads: owners look for their pet, the people of a clinic for whom they expect. */
type Reader = 'owner' | 'clinic';

/** Programs ask again after this; servers of others may take longer. */
const REFRESH_MINUTES = 15;

/**
 * One visit as a calendar shows it. Never the owner's name or number: calendars are copied to servers
 * that we know nothing of.
 */
export function eventOf(row: CalendarRow, reader: Reader): CalendarEvent {
  const { reference_code, service_name, pet_name, staff_name, clinic_name } = row;
  const who = reader === 'owner' || staff_name === null ? [] : [staff_name];
  return {
    uid: calendarUid(reference_code),
    sequence: row.version,
    status: row.status === 'cancelled' ? 'cancelled' : 'confirmed',
    starts_at: row.starts_at,
    ends_at: row.ends_at,
    time_zone: row.time_zone,
    stamped_at: row.changed_at,
    summary: pet_name === null ? service_name : `${pet_name}: ${service_name}`,
    description: [clinic_name, ...who, reference_code].join('\n'),
    location: row.clinic_address ?? clinic_name,
    organizer: { name: clinic_name, email: row.clinic_email ?? 'no-reply@petpro.localhost' },
  };
}

/** Many visits as one calendar. */
export function calendarText(name: string, rows: readonly CalendarRow[], reader: Reader): string {
  const events = rows.map((row) => eventOf(row, reader));
  return calendarFeed({ name, refresh_minutes: REFRESH_MINUTES, events });
}
