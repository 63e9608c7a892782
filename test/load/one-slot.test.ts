import { describe, expect, it } from 'vitest';
import type { LoadReport } from '../../src/load/report-types.ts';
import { verifyReport } from '../../src/load/sign.ts';
import { expectNoK6, itemOf, startLoadBench, wrongs } from './bench.ts';

const { harness, k6, load } = await startLoadBench();
const one_slot = ['run', '--scenario', 'one-slot', '--vus', '40', '--duration', '3s', '--json'];

/** Half a minute for a run of 12 s: other tests share the machine. */
const RUN_MS = 90_000;

describe('petpro load run --scenario one-slot', () => {
  it(
    'ends with one winner per slot and a clean 409 for everybody else',
    async () => {
      const result = await load(...one_slot);
      if (k6 === null) return expectNoK6(result);
      const report = itemOf<LoadReport>(result);
      expect(wrongs(report)).toEqual([]);
      expect([0, 13]).toContain(result.code);
      expect(result.code).toBe(report.exit);
      expect(report.counts.winners).toBe(2);
      expect(report.counts.conflicts).toBeGreaterThan(70);
      expect(report.double_bookings).toBe(0);
      expect(report.invariants.length).toBeGreaterThan(8);
      expect(report.slots.map(({ holders }) => holders)).toEqual([1, 1]);
      // The winner of the first slot has paid, and the webhook has confirmed it.
      expect(report.counts.confirmed).toBe(1);
      expect(verifyReport(harness.env['PETPRO_HOME'] ?? '', report)).toEqual({
        is_intact: true,
        is_ours: true,
      });
      const keys = await harness.sql<{ live: number }[]>`
        select count(*)::integer as live from api_keys
        where name like 'load %' and revoked_at is null`;
      expect(keys).toEqual([{ live: 0 }]);
    },
    RUN_MS,
  );

  // The unsafe control: a judge that never says no proves nothing.
  it(
    'exits 12 when a seat was given away twice behind its back',
    async () => {
      const made = itemOf<{ file: string }>(await load('setup', '--vus', '5', '--json'));
      const planted = await harness.sql<{ id: string }[]>`
        insert into bookings (
          user_id, pet_id, clinic_id, service_id, slot_id, reference_code, amount, amount_due,
          currency, booking_time, payment_mode
        )
        select p.user_id, p.id, s.clinic_id, s.service_id, s.id, 'BP99999999', 0, 0, 'IDR',
          s.starts_at, 'at_clinic'
        from slots s
        join services v on v.id = s.service_id and v.name = 'Load crowd'
        cross join (select id, user_id from pets limit 1) as p
        order by s.created_at desc
        limit 1
        returning id`;
      expect(planted).toHaveLength(1);
      const result = await load('run', '--setup', made.file, '--json');
      if (k6 === null) return expectNoK6(result);
      const report = itemOf<LoadReport>(result);
      expect(result.code).toBe(12);
      expect(report.passed).toBe(false);
      expect(report.double_bookings).toBe(1);
    },
    RUN_MS,
  );
});
