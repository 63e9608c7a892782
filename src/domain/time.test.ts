import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayRange, instantOf, localTime } from './time.ts';

const zones = ['Asia/Jakarta', 'Asia/Tokyo', 'America/New_York', 'Europe/London', 'Asia/Kathmandu'];
const zone = fc.constantFrom(...zones, 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Cairo');
const minute = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => Temporal.Instant.fromEpochMilliseconds(Math.floor(+date / 60_000) * 60_000));

describe('clinic time', () => {
  it('comes back to the same instant, except in the repeated hour of autumn', () => {
    fc.assert(
      fc.property(minute, zone, (instant, time_zone) => {
        const local = localTime(instant, time_zone);
        const back = instantOf(local.date, local.time, time_zone);
        expect(back.kind).not.toBe('gap');
        if (back.kind === 'plain') expect(back.instant.equals(instant)).toBe(true);
        else expect(Temporal.Instant.compare(back.instant, instant)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('writes RFC 3339 that names the same instant', () => {
    fc.assert(
      fc.property(minute, zone, (instant, time_zone) => {
        expect(Temporal.Instant.from(localTime(instant, time_zone).text).equals(instant)).toBe(
          true,
        );
      }),
    );
  });

  it('shows the offset of the clinic', () => {
    const instant = Temporal.Instant.from('2026-11-20T07:30:00Z');
    expect(localTime(instant, 'Asia/Jakarta')).toEqual({
      date: '2026-11-20',
      time: '14:30',
      text: '2026-11-20T14:30:00+07:00',
    });
  });

  it('moves a time that spring skips to the instant just after', () => {
    const { instant, kind } = instantOf('2026-03-08', '02:30', 'America/New_York');
    expect(kind).toBe('gap');
    expect(localTime(instant, 'America/New_York').time).toBe('03:30');
  });

  it('takes the first of two when autumn repeats the hour', () => {
    const { instant, kind } = instantOf('2026-11-01', '01:30', 'America/New_York');
    expect(kind).toBe('double');
    expect(localTime(instant, 'America/New_York').text).toBe('2026-11-01T01:30:00-04:00');
  });

  it('refuses dates and zones that do not exist', () => {
    expect(() => instantOf('2026-02-30', '10:00', 'Asia/Tokyo')).toThrow(RangeError);
    expect(() => instantOf('2026-02-20', '10:00', 'Mars/Olympus')).toThrow(RangeError);
  });
});

describe('a local day', () => {
  const hours = (date: string, time_zone: string) => {
    const { from, to } = dayRange(date, time_zone);
    return from.until(to).total('hours');
  };

  it.each([
    ['2026-03-08', 'America/New_York', 23],
    ['2026-11-01', 'America/New_York', 25],
    ['2026-11-02', 'America/New_York', 24],
    ['2026-11-20', 'Asia/Jakarta', 24],
    // Midnight itself does not exist on this day.
    ['2026-04-24', 'Africa/Cairo', 23],
  ])('%s in %s has %i hours', (date, time_zone, count) => {
    expect(hours(date, time_zone)).toBe(count);
  });

  it('ends where the next one begins', () => {
    fc.assert(
      fc.property(minute, zone, (instant, time_zone) => {
        const { date } = localTime(instant, time_zone);
        const { from, to } = dayRange(date, time_zone);
        expect(Temporal.Instant.compare(from, instant)).toBeLessThanOrEqual(0);
        expect(Temporal.Instant.compare(instant, to)).toBe(-1);
        expect(dayRange(localTime(to, time_zone).date, time_zone).from.equals(to)).toBe(true);
      }),
    );
  });
});
