import ICAL from 'ical.js';
import { expect } from 'vitest';

/** What another program reads in one of our calendars. */
export type ReadEvent = {
  readonly uid: string;
  readonly sequence: number;
  readonly status: string;
  readonly summary: string;
  readonly description: string;
  readonly location: string;
  /** By the VTIMEZONE of the file, not by the zone data of the reader. */
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly time_zone: string;
};

function textOf(event: ICAL.Component, name: string): string {
  const value: unknown = event.getFirstPropertyValue(name);
  return value === null || value === undefined ? '' : String(value);
}

function timeOf(event: ICAL.Component, name: string): ICAL.Time {
  const value: unknown = event.getFirstPropertyValue(name);
  if (value instanceof ICAL.Time) return value;
  throw new Error(`${name} is no time`);
}

const instant = (time: ICAL.Time) =>
  Temporal.Instant.fromEpochMilliseconds(time.toUnixTime() * 1_000);

/** Parses a calendar with ical.js; the form of its bytes is checked first. */
export function readCalendar(text: string): {
  readonly root: ICAL.Component;
  readonly method: string;
  readonly events: readonly ReadEvent[];
} {
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  const bytes = Buffer.from(text);
  for (const line of bytes.toString('latin1').split('\r\n')) {
    expect(line.length).toBeLessThanOrEqual(75);
    // A piece that is no whole text has a character cut in two.
    const piece = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1'));
    expect(piece).not.toContain('\ufffd');
  }
  const root = new ICAL.Component(ICAL.parse(text));
  const events = root.getAllSubcomponents('vevent').map((event) => ({
    uid: textOf(event, 'uid'),
    sequence: Number(textOf(event, 'sequence')),
    status: textOf(event, 'status'),
    summary: textOf(event, 'summary'),
    description: textOf(event, 'description'),
    location: textOf(event, 'location'),
    starts_at: instant(timeOf(event, 'dtstart')),
    ends_at: instant(timeOf(event, 'dtend')),
    time_zone: timeOf(event, 'dtstart').zone?.tzid ?? '',
  }));
  return { root, method: textOf(root, 'method'), events };
}
