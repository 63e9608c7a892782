import { escapeText, foldLine, quoted, utcText } from './calendar-text.ts';
import { wallOf, zoneLines } from './calendar-zone.ts';

/** Visits as iCalendar (RFC 5545), as mail programs and phones take them in. */

/** One appointment. */
export type CalendarEvent = {
  /** The same for all versions of one booking: that is how a change or a cancel finds the entry. */
  readonly uid: string;
  /** Grows with each version of the booking. */
  readonly sequence: number;
  readonly status: 'confirmed' | 'cancelled';
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  /** Whose wall clock the times are written by; `UTC` = none. */
  readonly time_zone: string;
  readonly stamped_at: Temporal.Instant;
  readonly summary: string;
  readonly description: string;
  readonly location: string | null;
  readonly organizer: { readonly name: string; readonly email: string };
};

/** A calendar that programs come back to. */
export type CalendarFeed = {
  readonly name: string;
  /** How long a program may wait before it asks again. */
  readonly refresh_minutes: number;
  readonly events: readonly CalendarEvent[];
};

/** What names a booking in every calendar. */
export function calendarUid(reference_code: string): string {
  return `${reference_code}@petpro`;
}

function timeLine(name: string, instant: Temporal.Instant, time_zone: string): string {
  const at = instant.round('second');
  const wall = time_zone === 'UTC' ? null : wallOf(at, time_zone);
  return wall === null ? `${name}:${utcText(at)}` : `${name};TZID=${time_zone}:${wall}`;
}

function eventLines(event: CalendarEvent): readonly string[] {
  const { time_zone, location, organizer } = event;
  const is_cancelled = event.status === 'cancelled';
  return [
    'BEGIN:VEVENT',
    `UID:${escapeText(event.uid)}`,
    `SEQUENCE:${event.sequence}`,
    `DTSTAMP:${utcText(event.stamped_at)}`,
    `LAST-MODIFIED:${utcText(event.stamped_at)}`,
    timeLine('DTSTART', event.starts_at, time_zone),
    timeLine('DTEND', event.ends_at, time_zone),
    `SUMMARY:${escapeText(event.summary)}`,
    `DESCRIPTION:${escapeText(event.description)}`,
    ...(location === null ? [] : [`LOCATION:${escapeText(location)}`]),
    `ORGANIZER;CN=${quoted(organizer.name)}:mailto:${organizer.email}`,
    `STATUS:${is_cancelled ? 'CANCELLED' : 'CONFIRMED'}`,
    // A visit that is off keeps nobody busy.
    `TRANSP:${is_cancelled ? 'TRANSPARENT' : 'OPAQUE'}`,
    'END:VEVENT',
  ];
}

/** Each zone once, over the time in which it is used. */
function allZones(events: readonly CalendarEvent[]): readonly string[] {
  const spans = new Map<string, { from: Temporal.Instant; to: Temporal.Instant }>();
  for (const { time_zone, starts_at: from, ends_at: to } of events) {
    if (time_zone === 'UTC') continue;
    const span = spans.get(time_zone) ?? { from, to };
    if (Temporal.Instant.compare(from, span.from) < 0) span.from = from;
    if (Temporal.Instant.compare(to, span.to) > 0) span.to = to;
    spans.set(time_zone, span);
  }
  return [...spans].flatMap(([time_zone, { from, to }]) => zoneLines(time_zone, from, to));
}

function documentText(
  head: readonly string[],
  method: 'PUBLISH' | 'CANCEL',
  events: readonly CalendarEvent[],
): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//PetPro//PetPro Ops//EN',
    'CALSCALE:GREGORIAN',
    `METHOD:${method}`,
    ...head,
    ...allZones(events),
    ...events.flatMap(eventLines),
    'END:VCALENDAR',
  ];
  return `${lines.map(foldLine).join('\r\n')}\r\n`;
}

/**
 * One appointment, or those of a series, as a file of its own, CRLF line ends. A cancelled event takes
 * the entry away again (METHOD CANCEL; RFC 5546 has it for one entry, several say it by their status).
 */
export function calendarDocument(event: CalendarEvent | readonly CalendarEvent[]): string {
  const events = 'uid' in event ? [event] : event;
  const is_cancel = events.length === 1 && events[0]?.status === 'cancelled';
  return documentText([], is_cancel ? 'CANCEL' : 'PUBLISH', events);
}

/** Many appointments, as a program subscribes to them. What was cancelled says so by its status. */
export function calendarFeed({ name, refresh_minutes, events }: CalendarFeed): string {
  const text = escapeText(name);
  const head = [
    // RFC 7986, and the older names of the same.
    `NAME:${text}`,
    `X-WR-CALNAME:${text}`,
    `REFRESH-INTERVAL;VALUE=DURATION:PT${refresh_minutes}M`,
    `X-PUBLISHED-TTL:PT${refresh_minutes}M`,
  ];
  return documentText(head, 'PUBLISH', events);
}
