import { describe, expect, inject, test } from 'vitest';
import { runControl } from '../../src/load/unsafe-control.ts';
import { judge } from '../../src/load/verdict.ts';
import { createTestDatabase } from '../helpers/database.ts';

// The control of the proof: the same contest, in a database of its own, with and without the guard.

const { sql } = await createTestDatabase();

const quiet = {
  k6: {
    counts: {
      requests: 1,
      requests_per_second: 1,
      winners: 0,
      seats_won: 0,
      conflicts: 0,
      replays: 0,
      refused: 0,
      confirmed: 0,
      cancelled: 0,
      moved: 0,
      server_errors: 0,
      dirty_answers: 0,
      timeouts: 0,
      dropped_iterations: 0,
    },
    interruptions: { interrupted: 0, unavailable_answers: 0, unresolved: 0 },
    latency_ms: { p50: 1, p90: 1, p95: 1, p99: 1, max: 1 },
    latency_by: {},
    thresholds: [],
    duration_ms: 1,
  },
  scenario: { ends: 'within', seats_max: 1 },
  seconds: 1,
  slots: [],
  invariants: [],
  memory: { before: null, after: null },
  stopped: false,
} as const;

describe('the control', () => {
  test('has one winner with the guard and several without, and leaves no database behind', async () => {
    const control = await runControl(inject('database_url'), 'dev');
    expect(control.with_guard).toBe(1);
    expect(control.without_guard).toBeGreaterThan(1);
    expect(control.double_bookings).toBe(control.without_guard - 1);
    const left = await sql`select from pg_database where datname like 'petpro_control_%'`;
    expect(left).toHaveLength(0);
    expect(judge({ ...quiet, control })).toMatchObject({ passed: true, double_bookings: 0 });
  });

  test('that does not lose fails the run: it would not have noticed', () => {
    const blind = { contenders: 20, with_guard: 1, without_guard: 1, double_bookings: 0 };
    const verdict = judge({ ...quiet, control: blind });
    expect(verdict).toMatchObject({ passed: false, exit: 13 });
    expect(verdict.checks.find(({ passed }) => !passed)?.name).toContain('without the guard');
  });

  test('is refused in production and on other machines, before anything is made', async () => {
    const refused = { code: 'policy_refused', detail: expect.stringContaining('of its own') };
    await expect(runControl(inject('database_url'), 'prod')).rejects.toMatchObject(refused);
    await expect(runControl('postgres://db.example.com/petpro', 'dev')).rejects.toMatchObject(
      refused,
    );
  });
});
