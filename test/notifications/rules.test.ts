import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isUrgent, quietUntil } from '../../src/domain/quiet.ts';
import { dialable, fitSms, smsSize } from '../../src/domain/sms.ts';

const night = { quiet_from: '21:00', quiet_until: '08:00' };
const at = (text: string) => Temporal.Instant.from(text);

describe('quiet hours', () => {
  test.each([
    ['2026-11-20T20:59:59+07:00', null],
    ['2026-11-20T21:00:00+07:00', '2026-11-21T08:00:00+07:00'],
    ['2026-11-21T03:00:00+07:00', '2026-11-21T08:00:00+07:00'],
    ['2026-11-21T07:59:59+07:00', '2026-11-21T08:00:00+07:00'],
    ['2026-11-21T08:00:00+07:00', null],
  ])('in Jakarta at %s end at %s', (now, until) => {
    const found = quietUntil(at(now), 'Asia/Jakarta', night);
    expect(found?.toString() ?? null).toBe(until === null ? null : at(until).toString());
  });

  test('are the wall clock of the owner on the nights when it jumps', () => {
    const zone = 'America/New_York';
    // Forward on 8 March 2026: the night is an hour shorter.
    const spring = quietUntil(at('2026-03-08T03:30:00Z'), zone, night);
    expect(spring?.toString()).toBe('2026-03-08T12:00:00Z');
    // Back on 1 November 2026: 08:00 comes an hour later.
    const autumn = quietUntil(at('2026-11-01T02:30:00Z'), zone, night);
    expect(autumn?.toString()).toBe('2026-11-01T13:00:00Z');
    // An end that the wall never shows is the first moment after the gap.
    const gap = { quiet_from: '22:00', quiet_until: '02:30' };
    expect(quietUntil(at('2026-03-08T06:00:00Z'), zone, gap)?.toString()).toBe(
      '2026-03-08T07:30:00Z',
    );
  });

  test('can be of one day, and none', () => {
    const noon = { quiet_from: '12:00', quiet_until: '14:00' };
    expect(quietUntil(at('2026-11-20T13:00:00Z'), 'UTC', noon)?.toString()).toBe(
      '2026-11-20T14:00:00Z',
    );
    expect(quietUntil(at('2026-11-20T15:00:00Z'), 'UTC', noon)).toBeNull();
    const none = { quiet_from: '00:00', quiet_until: '00:00' };
    expect(quietUntil(at('2026-11-20T00:00:00Z'), 'UTC', none)).toBeNull();
  });

  test('always end within a day, at a moment that is not quiet', () => {
    const zones = ['Asia/Tokyo', 'America/New_York', 'Europe/London', 'Australia/Lord_Howe'];
    const clock = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
    const moment = fc.integer({ min: 1_767_225_600, max: 1_830_297_600 });
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), clock, clock, (now_s, zone, from, until) => {
        const now = Temporal.Instant.fromEpochMilliseconds(now_s * 1_000);
        const hours = { quiet_from: from, quiet_until: until };
        const ends = quietUntil(now, zone, hours);
        if (ends === null) return;
        expect(Temporal.Instant.compare(ends, now)).toBe(1);
        expect(ends.since(now).total('hours')).toBeLessThanOrEqual(25);
        const later = quietUntil(ends, zone, hours);
        // Only around a jump of the clock may the next night have begun already.
        if (later !== null) expect(later.since(ends).total('hours')).toBeGreaterThan(22);
      }),
    );
  });

  test('do not hold back what cannot wait', () => {
    const now = at('2026-11-20T22:00:00Z');
    expect(isUrgent('payment_failed', null, now)).toBe(true);
    expect(isUrgent('waitlist_offered', now.add({ hours: 400 }), now)).toBe(true);
    expect(isUrgent('booking_cancelled', now.add({ hours: 11 }), now)).toBe(true);
    expect(isUrgent('booking_cancelled', now.add({ hours: 13 }), now)).toBe(false);
    expect(isUrgent('reminder_review_request', now.add({ hours: 1 }), now)).toBe(false);
    expect(isUrgent('booking_confirmed', now.subtract({ hours: 1 }), now)).toBe(false);
  });
});

describe('SMS', () => {
  test.each([
    ['a'.repeat(160), 'gsm7', 160, 1],
    ['a'.repeat(161), 'gsm7', 161, 2],
    ['€'.repeat(80), 'gsm7', 160, 1],
    // 153 septets a part: an escaped sign is never cut, so the 77th opens a second part.
    ['€'.repeat(153), 'gsm7', 306, 3],
    ['モ'.repeat(70), 'ucs2', 70, 1],
    ['モ'.repeat(71), 'ucs2', 71, 2],
    ['🐶'.repeat(35), 'ucs2', 70, 1],
    ['🐶'.repeat(67), 'ucs2', 134, 3],
  ])('%#: is counted as it is charged', (text, encoding, units, segments) => {
    expect(smsSize(text)).toEqual({ encoding, units, segments });
  });

  test('a long text is cut between signs and says so', () => {
    expect(fitSms('short – it’s fine', 1)).toBe("short - it's fine");
    const cut = fitSms('🐶'.repeat(200), 2);
    expect(smsSize(cut).segments).toBe(2);
    expect(cut.endsWith('🐶...')).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), (text) => {
        expect(smsSize(fitSms(text, 2)).segments).toBeLessThanOrEqual(2);
      }),
      { numRuns: 200 },
    );
  });

  test('only whole numbers are dialled', () => {
    expect(dialable('+62 812-3456-7890')).toBe('+6281234567890');
    expect(dialable('0062 812 3456 7890')).toBe('+6281234567890');
    expect(dialable('0812 3456 7890')).toBeNull();
    expect(dialable('+0812')).toBeNull();
  });
});
