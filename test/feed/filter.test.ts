import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventEnvelope, event_types } from '../../src/domain/events.ts';
import {
  filterTest,
  hopelessPatterns,
  patternMatches,
  readPatterns,
} from '../../src/domain/feed-filter.ts';

/** The same by a regular expression: slower, and easy to believe. */
function byRegExp(pattern: string, name: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 's').test(name);
}

const small = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
const clinics = ['clinic-1', 'clinic-2', 'clinic-3'];
const bookings = ['booking-1', 'booking-2'];
const event: fc.Arbitrary<EventEnvelope> = fc.record({
  event_id: fc.uuid(),
  sequence: fc.nat(),
  event_type: fc.constantFrom(...event_types),
  aggregate_type: fc.constant('booking' as const),
  aggregate_id: fc.constantFrom(...bookings),
  clinic_id: fc.constantFrom(...clinics),
  correlation_id: fc.constant(null),
  occurred_at: fc.constant('2026-11-20T03:42:00Z'),
  payload: fc.constant({}),
});
const pattern = fc.constantFrom('*', 'booking.*', '*.cancelled', 'payment.late', '*e*', 'ref*d.*');
const filter = fc.record({
  types: fc.array(pattern, { maxLength: 3 }),
  clinic_id: fc.option(fc.constantFrom(...clinics)),
  aggregate_id: fc.option(fc.constantFrom(...bookings)),
});

describe('a filter', () => {
  it('takes globs as everybody reads them', () => {
    fc.assert(
      fc.property(small, name, (glob, text) => {
        expect(patternMatches(glob, text)).toBe(byRegExp(glob, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('lets through what all of its parts let through, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), filter, (events, asked) => {
        const expected = events.filter(
          ({ clinic_id, aggregate_id, event_type }) =>
            [null, clinic_id].includes(asked.clinic_id) &&
            [null, aggregate_id].includes(asked.aggregate_id) &&
            (asked.types.length === 0 || asked.types.some((glob) => byRegExp(glob, event_type))),
        );
        expect(events.filter(filterTest(asked))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('takes no time to speak of for a glob that is meant to take long', () => {
    const started = performance.now();
    expect(patternMatches(`${'*a'.repeat(200)}*b`, 'a'.repeat(400))).toBe(false);
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('knows slips of the pen', () => {
    const patterns = readPatterns(' booking.*, bokking.*,*.cancelled ,,payment.lates');
    expect(hopelessPatterns(patterns)).toEqual(['bokking.*', 'payment.lates']);
    expect(hopelessPatterns([...event_types, '*'])).toEqual([]);
  });
});
