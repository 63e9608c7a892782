import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CalendarEvent, calendarDocument } from './calendar.ts';
import { escapeText, foldLine } from './calendar-text.ts';

const event: CalendarEvent = {
  uid: 'BP12345678@petpro',
  sequence: 2,
  status: 'confirmed',
  starts_at: Temporal.Instant.from('2026-11-20T14:30:00+07:00'),
  ends_at: Temporal.Instant.from('2026-11-20T15:00:00+07:00'),
  time_zone: 'UTC',
  stamped_at: Temporal.Instant.from('2026-11-19T01:02:03.456Z'),
  summary: 'Mochi: Checkup, 30 min; first',
  description: 'Line one\nLine two \\ end',
  location: 'Jl. Raya BSD 1, Jakarta',
  organizer: { name: 'Klinik "Sehat" BSD', email: 'bsd@petpro.localhost' },
};

/** What a reading program does: joins folded lines. */
const unfold = (text: string) => text.replaceAll('\r\n ', '');

test('writes UTC times, escaped text and CRLF line ends', () => {
  const document = calendarDocument(event);
  expect(document.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(document.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  const lines = unfold(document).split('\r\n');
  expect(lines).toContain('DTSTART:20261120T073000Z');
  expect(lines).toContain('DTEND:20261120T080000Z');
  expect(lines).toContain('DTSTAMP:20261119T010203Z');
  expect(lines).toContain('METHOD:PUBLISH');
  expect(lines).toContain('SUMMARY:Mochi: Checkup\\, 30 min\\; first');
  expect(lines).toContain('DESCRIPTION:Line one\\nLine two \\\\ end');
  expect(lines).toContain('ORGANIZER;CN="Klinik Sehat BSD":mailto:bsd@petpro.localhost');
});

test('takes the entry away when the booking is cancelled', () => {
  const document = calendarDocument({ ...event, status: 'cancelled', location: null });
  expect(document).toContain('METHOD:CANCEL\r\n');
  expect(document).toContain('STATUS:CANCELLED\r\n');
  expect(document).not.toContain('LOCATION');
});

test('rounds to whole seconds, which is all that the format holds', () => {
  const document = calendarDocument({
    ...event,
    stamped_at: Temporal.Instant.from('2026-11-19T01:02:03.999Z'),
  });
  expect(document).toContain('DTSTAMP:20261119T010204Z');
});

test('folds at 75 octets without cutting a character, and loses nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
      const line = `SUMMARY:${escapeText(text)}`;
      const folded = foldLine(line);
      for (const piece of folded.split('\r\n')) {
        expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(75);
      }
      expect(unfold(folded)).toBe(line);
    }),
  );
  const japanese = foldLine(`SUMMARY:${'山田太郎のムギ'.repeat(10)}`);
  expect(japanese.split('\r\n').length).toBeGreaterThan(2);
  expect(japanese).not.toContain('\ufffd');
});

test('lets no text start a line of its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const names = unfold(calendarDocument({ ...event, summary: text, description: text }))
        .split('\r\n')
        .map((line) => line.split(/[:;]/)[0]);
      expect(names).toHaveLength(21);
    }),
  );
});
