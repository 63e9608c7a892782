import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CalendarEvent, calendarDocument, calendarFeed } from '../../src/domain/calendar.ts';
import { readCalendar } from './ical.ts';

const event: CalendarEvent = {
  uid: 'BP12345678@petpro',
  sequence: 3,
  status: 'confirmed',
  starts_at: Temporal.Instant.from('2026-11-20T14:30:00+07:00'),
  ends_at: Temporal.Instant.from('2026-11-20T15:00:00+07:00'),
  time_zone: 'Asia/Jakarta',
  stamped_at: Temporal.Instant.from('2026-11-19T01:02:03Z'),
  summary: 'Mochi: Checkup, 30 min; first',
  description: 'Line one\nLine two \\ end',
  location: 'Jl. Raya BSD 1, Jakarta',
  organizer: { name: 'Klinik "Sehat" BSD', email: 'bsd@petpro.localhost' },
};

/** Zones with and without clock changes, of whole, half and quarter hours, of both halves of the world. */
const zones = [
  'Asia/Tokyo',
  'Asia/Jakarta',
  'America/New_York',
  'Europe/Berlin',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
];

test('another program reads what we meant, in three alphabets', () => {
  const summary = `ムギ: ${'健康診断と予防接種、'.repeat(12)}犬🐕‍🦺; "a", b\\n`;
  const { method, events } = readCalendar(
    calendarDocument({ ...event, time_zone: 'Asia/Tokyo', summary, location: '東京都港区1-2-3' }),
  );
  expect(method).toBe('PUBLISH');
  expect(events).toEqual([
    {
      uid: event.uid,
      sequence: 3,
      status: 'CONFIRMED',
      summary,
      description: event.description,
      location: '東京都港区1-2-3',
      starts_at: event.starts_at,
      ends_at: event.ends_at,
      time_zone: 'Asia/Tokyo',
    },
  ]);
});

test('a cancelled booking takes its entry away', () => {
  const { method, events } = readCalendar(calendarDocument({ ...event, status: 'cancelled' }));
  expect(method).toBe('CANCEL');
  expect(events[0]).toMatchObject({ status: 'CANCELLED', uid: event.uid, sequence: 3 });
});

test.each(zones)(
  '%s: every instant of ten years comes back by the zone in the file',
  (time_zone) => {
    const from = Date.UTC(2020, 0, 1);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_650 * 24 * 4 }), { minLength: 1, maxLength: 20 }),
        (quarters) => {
          const events = quarters.map((quarter, index) => {
            const starts_at = Temporal.Instant.fromEpochMilliseconds(from + quarter * 900_000);
            const ends_at = starts_at.add({ minutes: 45 });
            return { ...event, uid: `${index}@petpro`, time_zone, starts_at, ends_at };
          });
          const text = calendarFeed({ name: 'All', refresh_minutes: 15, events });
          const read = readCalendar(text);
          expect(read.events.map(({ starts_at }) => starts_at.toString())).toEqual(
            events.map(({ starts_at }) => starts_at.toString()),
          );
          expect(read.events.map(({ ends_at }) => ends_at.toString())).toEqual(
            events.map(({ ends_at }) => ends_at.toString()),
          );
          expect(read.root.getAllSubcomponents('vtimezone')).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test.each([
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
])('%s: the hours around the change of %s', (time_zone, change) => {
  const events = Array.from({ length: 25 }, (_, index) => {
    const starts_at = Temporal.Instant.from(change).add({ minutes: (index - 12) * 15 });
    const ends_at = starts_at.add({ minutes: 15 });
    return { ...event, uid: `${index}@petpro`, time_zone, starts_at, ends_at };
  });
  const text = calendarFeed({ name: 'Change', refresh_minutes: 15, events });
  const read = readCalendar(text);
  expect(read.events.map(({ starts_at }) => String(starts_at))).toEqual(
    events.map(({ starts_at }) => String(starts_at)),
  );
});

test('zones without changes have one observance, the others those that matter', () => {
  const observances = (time_zone: string) =>
    readCalendar(calendarDocument({ ...event, time_zone }))
      .root.getFirstSubcomponent('vtimezone')
      ?.getAllSubcomponents()
      .map((part) => [part.name, String(part.getFirstPropertyValue('tzoffsetto'))]);
  expect(observances('Asia/Tokyo')).toEqual([['standard', '+09:00']]);
  expect(observances('Asia/Jakarta')).toEqual([['standard', '+07:00']]);
  expect(observances('America/New_York')).toEqual([['standard', '-05:00']]);
  const june = { starts_at: Temporal.Instant.from('2026-06-01T12:00:00Z') };
  const summer = calendarDocument({ ...event, ...june, time_zone: 'America/New_York' });
  expect(summer).toContain('BEGIN:DAYLIGHT\r\nDTSTART:20260308T020000\r\nTZOFFSETFROM:-0500');
  expect(summer).toContain('BEGIN:STANDARD\r\nDTSTART:20261101T020000\r\nTZOFFSETFROM:-0400');
});
