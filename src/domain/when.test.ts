import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from './errors.ts';
import { parseDay, parseTime, parseWhen } from './when.ts';

// Friday 20 November 2026, 10:42 in Jakarta.
const friday = { now: Temporal.Instant.from('2026-11-20T03:42:00Z'), time_zone: 'Asia/Jakarta' };

function refusal(text: string, context: Parameters<typeof parseWhen>[1] = friday): string {
  try {
    parseWhen(text, context);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_input') return error.detail;
    throw error;
  }
  throw new Error(`"${text}" was not refused`);
}

describe('when', () => {
  test.each([
    ['today', '2026-11-20', null],
    ['tomorrow', '2026-11-21', null],
    ['besok', '2026-11-21', null],
    ['明日', '2026-11-21', null],
    ['fri', '2026-11-20', null],
    ['Friday', '2026-11-20', null],
    ['sat', '2026-11-21', null],
    ['thu', '2026-11-26', null],
    ['senin', '2026-11-23', null],
    ['+2d', '2026-11-22', null],
    ['+1w', '2026-11-27', null],
    ['23/11', '2026-11-23', null],
    ['12/12', '2026-12-12', null],
    ['20/1', '2027-01-20', null],
    ['23/11/2027', '2027-11-23', null],
    ['2026-11-28', '2026-11-28', null],
    ['fri 11:15', '2026-11-20', '11:15'],
    ['11:15 fri', '2026-11-20', '11:15'],
    ['11:15', '2026-11-20', '11:15'],
    ['sat 9.30', '2026-11-21', '09:30'],
    ['sat 9am', '2026-11-21', '09:00'],
    ['sat 12:30pm', '2026-11-21', '12:30'],
    ['２３/１１ １１：１５', '2026-11-23', '11:15'],
    ['2026-11-28T11:15', '2026-11-28', '11:15'],
    ['2026-11-28 11:15', '2026-11-28', '11:15'],
    ['2026-11-28, 11:15', '2026-11-28', '11:15'],
  ])('%s', (text, date, time) => {
    expect(parseWhen(text, friday)).toEqual({ date, time });
  });

  test('says the reading that it made when that is past', () => {
    expect(refusal('fri 09:00')).toBe(
      '"fri 09:00" reads as Fri 2026-11-20 09:00, which is past; for next week say +7d',
    );
    expect(refusal('19/11')).toBe('"19/11" reads as Thu 2026-11-19, which is past');
    expect(refusal('yesterday')).toContain('reads as Thu 2026-11-19, which is past');
  });

  test('looks back where that is asked for', () => {
    expect(parseDay('yesterday', { ...friday, past: 'allow' })).toBe('2026-11-19');
    expect(parseDay('-7d', { ...friday, past: 'allow' })).toBe('2026-11-13');
  });

  test('refuses what can be two things, naming both', () => {
    expect(refusal('03/12')).toBe(
      '"03/12" can be 2026-12-03 (day/month) or 2026-03-12: write the one that you mean',
    );
    expect(refusal('next fri')).toBe(
      '"next fri" can be Fri 2026-11-27 or Fri 2026-12-04: write the date',
    );
  });

  test.each([
    '',
    '11',
    'fri sat',
    '11:15 12:15',
    '25:00',
    'mochi',
    '2026-02-30',
    '31/11',
    'fri 9:5',
  ])('refuses %j', (text) => {
    expect(refusal(text)).toContain(`"${text}"`);
  });

  test('refuses a time that the clock change skips', () => {
    const berlin = {
      now: Temporal.Instant.from('2026-03-20T08:00:00Z'),
      time_zone: 'Europe/Berlin',
    };
    expect(refusal('2026-03-29 02:30', berlin)).toContain('which the clock change skips');
    expect(parseWhen('2026-10-25 02:30', berlin)).toEqual({ date: '2026-10-25', time: '02:30' });
  });

  test('a day is a day and a time is a time', () => {
    expect(() => parseDay('fri 11:15', friday)).toThrow('but a day is asked');
    expect(parseTime('9.05')).toBe('09:05');
    expect(() => parseTime('fri')).toThrow('is no time');
  });

  test('reads every ISO date and time back, in any zone', () => {
    const zone = fc.constantFrom('Asia/Jakarta', 'Asia/Tokyo', 'Europe/Berlin', 'America/New_York');
    const day = fc.date({
      min: new Date('2026-11-22T00:00:00Z'),
      max: new Date('2060-01-01T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(zone, day, (time_zone, moment) => {
        const date = moment.toISOString().slice(0, 10);
        const context = { now: friday.now, time_zone };
        expect(parseWhen(`${date} 12:34`, context)).toEqual({ date, time: '12:34' });
      }),
    );
  });

  test('gives a valid day that is not past, or an AppError, for any text', () => {
    const word = fc.constantFrom('fri', 'sat', '+', '2d', '23/11', '11:15', 'next', 't', ' ', '/');
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (said) => {
        try {
          const { date } = parseWhen(said, friday);
          expect(date >= '2026-11-20').toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
