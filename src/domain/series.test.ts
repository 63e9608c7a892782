import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ruleText, type SeriesRule, seriesDates, VISITS_MAX, visitsInScope } from './series.ts';
import { instantOf, localTime } from './time.ts';

const weekly: SeriesRule = {
  every: 1,
  unit: 'week',
  weekdays: [],
  month_by: 'date',
  start: '2026-12-01',
  count: 4,
  until: null,
};
const datesOf = (rule: Partial<SeriesRule>) =>
  seriesDates({ ...weekly, ...rule }).map(({ date }) => date);

const rules: fc.Arbitrary<SeriesRule> = fc
  .record({
    unit: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
    every: fc.integer({ min: 1, max: 24 }),
    weekdays: fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 7 }),
    month_by: fc.constantFrom('date' as const, 'weekday' as const),
    day: fc.integer({ min: 0, max: 3_000 }),
    count: fc.integer({ min: 1, max: VISITS_MAX }),
  })
  .map(({ unit, weekdays, day, ...rest }) => ({
    ...rest,
    unit,
    weekdays: unit === 'week' ? weekdays : [],
    start: Temporal.PlainDate.from('2026-01-01').add({ days: day }).toString(),
    until: null,
  }));

describe('the dates of a rule', () => {
  test.each([
    ['weeks', {}, ['2026-12-01', '2026-12-08', '2026-12-15', '2026-12-22']],
    ['days', { unit: 'day', every: 10 }, ['2026-12-01', '2026-12-11', '2026-12-21', '2026-12-31']],
    [
      'two weekdays of every second week, from the first day on',
      { every: 2, weekdays: [5, 1] },
      ['2026-12-04', '2026-12-14', '2026-12-18', '2026-12-28'],
    ],
    [
      'the 31st: the last day where a month is shorter, and back',
      { unit: 'month', start: '2027-12-31', count: 5 },
      ['2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30'],
    ],
    [
      'the second Tuesday',
      { unit: 'month', month_by: 'weekday', start: '2026-12-08' },
      ['2026-12-08', '2027-01-12', '2027-02-09', '2027-03-09'],
    ],
    [
      'the fifth Monday, or the last',
      { unit: 'month', month_by: 'weekday', start: '2026-11-30', count: 3 },
      ['2026-11-30', '2026-12-28', '2027-01-25'],
    ],
  ] satisfies [string, Partial<SeriesRule>, string[]][])('%s', (_, rule, dates) => {
    expect(datesOf(rule)).toEqual(dates);
  });

  test('what is not quite what the rule says is marked', () => {
    const rule = { ...weekly, unit: 'month', start: '2027-01-31', count: 3 } as const;
    expect(seriesDates(rule).map(({ note }) => note)).toEqual([null, 'short_month', null]);
    const fifth = { ...rule, month_by: 'weekday', start: '2026-11-30' } as const;
    expect(seriesDates(fifth).map(({ note }) => note)).toEqual([null, 'no_fifth', 'no_fifth']);
  });

  test('the last day counts, a rule without end gives one date too many and no more', () => {
    expect(datesOf({ count: null, until: '2026-12-15' })).toHaveLength(3);
    expect(datesOf({ count: null, until: '2026-12-14' })).toHaveLength(2);
    expect(datesOf({ count: null, until: '2026-11-30' })).toEqual([]);
    expect(datesOf({ unit: 'day', count: null, until: '2030-01-01' })).toHaveLength(VISITS_MAX + 1);
  });

  test('any rule: as many as asked, in order, none twice, none before the first day', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const dates = seriesDates(rule).map(({ date }) => date);
        expect(dates).toHaveLength(rule.count ?? 0);
        expect(dates).toEqual([...new Set(dates)].toSorted());
        expect((dates[0] ?? '') >= rule.start).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('any rule: each date fits it', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const start = Temporal.PlainDate.from(rule.start);
        const monday = start.subtract({ days: start.dayOfWeek - 1 });
        for (const { date, note } of seriesDates(rule)) {
          const day = Temporal.PlainDate.from(date);
          const { days } = start.until(day, { largestUnit: 'day' });
          if (rule.unit === 'day') expect(days % rule.every).toBe(0);
          if (rule.unit === 'week') {
            const weeks = Math.floor(monday.until(day, { largestUnit: 'day' }).days / 7);
            expect(weeks % rule.every).toBe(0);
            const wanted = rule.weekdays.length === 0 ? [start.dayOfWeek] : rule.weekdays;
            expect(wanted).toContain(day.dayOfWeek);
          }
          if (rule.unit !== 'month') continue;
          const months = (day.year - start.year) * 12 + day.month - start.month;
          expect(months % rule.every).toBe(0);
          if (rule.month_by === 'date') {
            expect(day.day).toBe(Math.min(start.day, day.daysInMonth));
            expect(note === null).toBe(day.day === start.day);
          } else {
            expect(day.dayOfWeek).toBe(start.dayOfWeek);
            const nth = Math.ceil(start.day / 7);
            expect(Math.ceil(day.day / 7)).toBe(note === null ? nth : nth - 1);
            if (note !== null) expect(day.day + 7).toBeGreaterThan(day.daysInMonth);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Ten real clock changes in seven zones: the Sunday (or day) on which the clock jumps. */
const changes = [
  ['Europe/Berlin', '2026-03-29', '02:30', 'gap'],
  ['Europe/Berlin', '2026-10-25', '02:30', 'double'],
  ['America/New_York', '2026-03-08', '02:30', 'gap'],
  ['America/New_York', '2026-11-01', '01:30', 'double'],
  ['Australia/Lord_Howe', '2026-10-04', '02:15', 'gap'],
  ['Australia/Lord_Howe', '2026-04-05', '01:45', 'double'],
  ['America/St_Johns', '2026-03-08', '02:15', 'gap'],
  ['Pacific/Chatham', '2026-09-27', '03:00', 'gap'],
  ['Africa/Cairo', '2026-04-24', '00:30', 'gap'],
  ['America/Santiago', '2026-09-06', '00:30', 'gap'],
] as const;

describe.each(changes)('%s on %s', (zone, day, special, kind) => {
  const start = Temporal.PlainDate.from(day).subtract({ days: 14 }).toString();

  test('every visit of a weekly series is at the same time of the clock', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 95 }), (quarter) => {
        const wall = Temporal.PlainTime.from('00:00').add({ minutes: quarter * 15 });
        const time = wall.toString({ smallestUnit: 'minute' });
        const moments = seriesDates({ ...weekly, start }).map(({ date }) => ({
          date,
          ...instantOf(date, time, zone),
        }));
        for (const { date, instant, kind: reading } of moments) {
          if (reading === 'gap') expect(date).toBe(day);
          else expect(localTime(instant, zone)).toMatchObject({ date, time });
        }
        const hours = moments.slice(1).map(({ instant }, index) => {
          const before = moments[index]?.instant ?? instant;
          return instant.since(before).total('hours');
        });
        // A week of the calendar: an hour (at Lord Howe half an hour) more or less over the change.
        for (const length of hours) expect(Math.abs(length - 168)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 96 },
    );
  });

  test(`${special} is a ${kind}`, () => {
    const kinds = seriesDates({ ...weekly, start }).map(
      ({ date }) => instantOf(date, special, zone).kind,
    );
    expect(kinds).toEqual(['plain', 'plain', kind, 'plain']);
  });
});

test('a rule in words', () => {
  expect(ruleText(weekly)).toBe('every week on Tue');
  expect(ruleText({ ...weekly, every: 2, weekdays: [2, 5] })).toBe('every 2 weeks on Tue, Fri');
  expect(ruleText({ ...weekly, unit: 'day', every: 10 })).toBe('every 10 days');
  expect(ruleText({ ...weekly, unit: 'month' })).toBe('every month on day 1');
  expect(ruleText({ ...weekly, unit: 'month', month_by: 'weekday' })).toBe(
    'every month on the first Tue',
  );
});

test('a scope names what stands and has not begun; one visit is left to the rules of bookings', () => {
  const now = Temporal.Instant.from('2026-12-05T00:00:00Z');
  const visits = [1, 8, 15, 22].map((day, index) => ({
    booking_id: String(index + 1),
    status: index === 2 ? 'cancelled' : 'confirmed',
    starts_at: Temporal.Instant.from(`2026-12-${String(day).padStart(2, '0')}T10:00:00Z`),
  }));
  const ids = (scope: 'one' | 'following' | 'all', from: number) =>
    visitsInScope(visits, scope, visits[from] ?? null, now).map(({ booking_id }) => booking_id);
  expect(ids('all', 9)).toEqual(['2', '4']);
  expect(ids('following', 0)).toEqual(['2', '4']);
  expect(ids('following', 2)).toEqual(['4']);
  expect(ids('one', 2)).toEqual(['3']);
});
