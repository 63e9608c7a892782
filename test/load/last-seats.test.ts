import { describe, expect, it } from 'vitest';
import type { LoadReport } from '../../src/load/report-types.ts';
import { expectNoK6, itemOf, startLoadBench, wrongs } from './bench.ts';

const { k6, load } = await startLoadBench();
const last_seats = ['run', '--scenario', 'last-seats', '--json'];

const RUN_MS = 60_000;

describe('petpro load run --scenario last-seats', () => {
  it(
    'sells all twenty seats to groups of one to four, and not one more',
    async () => {
      const result = await load(...last_seats, '--vus', '40');
      if (k6 === null) return expectNoK6(result);
      const report = itemOf<LoadReport>(result);
      expect(wrongs(report)).toEqual([]);
      expect(report.counts.seats_won).toBe(20);
      expect(report.slots).toMatchObject([{ capacity: 20, seats_taken: 20, seats_oversold: 0 }]);
      expect(report.counts.conflicts).toBeGreaterThan(20);
    },
    RUN_MS,
  );

  it(
    'exits 13 when the thresholds are missed: two buyers cannot sell it out',
    async () => {
      const result = await load(...last_seats, '--vus', '2');
      if (k6 === null) return expectNoK6(result);
      const report = itemOf<LoadReport>(result);
      expect(result.code).toBe(13);
      expect(report.k6_exit).toBe(99);
      expect(report.double_bookings).toBe(0);
      expect(wrongs(report).some((line) => line.startsWith('seats_won'))).toBe(true);
    },
    RUN_MS,
  );
});
