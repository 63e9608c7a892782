import type { LoadList, LoadProgress, LoadRun } from '../../src/tui/load-port.ts';
import type { LockItem } from '../../src/tui/model-ops.ts';
import { at, clinic_id, NOW, uuid } from './fixture.ts';

/** The locks and the load run of figure B. */

type Line = {
  readonly n: number;
  readonly code: string;
  readonly when: readonly [time: string, date: string];
  readonly vet: string;
  readonly service: string;
  readonly kind: LockItem['class'];
  readonly cause: LockItem['cause'];
  readonly status: LockItem['reservation_status'];
  /** Null: a lock without end; undefined: no lock. */
  readonly ttl_ms?: number | null;
  readonly age_ms: number | null;
  readonly extended?: boolean;
};

function lockOf(line: Line): LockItem {
  const { n, when, ttl_ms } = line;
  const has_hold = line.status !== null;
  const slot_id = uuid(4, 800 + n);
  return {
    key: `hold:{${slot_id}}:1`,
    class: line.kind,
    cause: line.cause,
    slot_id,
    seat: 1,
    clinic_id,
    clinic_code: line.code,
    starts_at: at(...when),
    staff_name: line.vet,
    service_name: line.service,
    holder: has_hold ? `u:5f2${n}**` : `o:k3J${n}**`,
    lock_id: ttl_ms === undefined ? null : `k3J${n}**`,
    token: `finger-${n}`,
    ttl_ms: ttl_ms ?? null,
    has_end: ttl_ms === undefined ? null : ttl_ms !== null,
    reservation_id: has_hold ? uuid(6, 800 + n) : null,
    reference_code: has_hold ? `BP1000080${n}` : null,
    reservation_status: line.status,
    expires_at: has_hold ? at('10:51') : null,
    extended: line.extended === true,
    age_ms: line.age_ms,
  };
}

/** What needs somebody first, as the server sorts it. */
export function figureLocks(): LockItem[] {
  const lines: readonly Line[] = [
    {
      n: 1,
      code: 'BSD',
      when: ['14:30', '2026-11-20'],
      vet: 'Andi',
      service: 'Dental clean',
      kind: 'leaked',
      cause: 'reservation_expired',
      status: 'expired',
      ttl_ms: null,
      age_ms: 560_000,
    },
    {
      n: 2,
      code: 'KMG',
      when: ['09:30', '2026-11-21'],
      vet: 'ルディ',
      service: 'Grooming',
      kind: 'leaked',
      cause: 'no_reservation',
      status: null,
      ttl_ms: 242_000,
      age_ms: null,
    },
    {
      n: 3,
      code: 'KMG',
      when: ['09:00', '2026-11-21'],
      vet: 'Rudi',
      service: 'Grooming',
      kind: 'ghost',
      cause: 'no_lock',
      status: 'pending',
      age_ms: 75_000,
    },
    {
      n: 4,
      code: 'BSD',
      when: ['11:00', '2026-11-20'],
      vet: 'Sari',
      service: 'Checkup',
      kind: 'live',
      cause: 'held',
      status: 'pending',
      ttl_ms: 461_000,
      age_ms: 140_000,
    },
    {
      n: 5,
      code: 'TNG',
      when: ['10:00', '2026-11-22'],
      vet: 'Ayu',
      service: 'Vaccination',
      kind: 'live',
      cause: 'held',
      status: 'pending',
      ttl_ms: 72_000,
      age_ms: 828_000,
      extended: true,
    },
  ];
  const foreign: LockItem = {
    ...lockOf({ ...lines[0]!, n: 9, kind: 'foreign', cause: 'strange_key', status: null }),
    key: 'hold:somebody-else',
    slot_id: null,
    seat: null,
    clinic_id: null,
    clinic_code: null,
    starts_at: null,
    staff_name: null,
    service_name: null,
    holder: null,
    lock_id: null,
    age_ms: null,
  };
  const [first, second, third, ...live] = lines.map(lockOf);
  return [first!, second!, third!, foreign, ...live];
}

/** A report, good unless it is said otherwise. */
export function runOf(run: number, change: Partial<LoadRun> = {}): LoadRun {
  return {
    run,
    scenario: 'one-slot',
    form: 'full',
    started_at: Temporal.Instant.fromEpochMilliseconds(NOW - run * 3_600_000).toString(),
    duration_ms: 38_000,
    vus: 1_000,
    host: '127.0.0.1:7387',
    verdict: 'PASSED',
    double_bookings: 0,
    requests: 19_960,
    requests_per_second: 525,
    winners: 2,
    confirmed: 1,
    conflicts: 19_958,
    server_errors: 0,
    timeouts: 0,
    dirty_answers: 0,
    p50_ms: 2,
    p95_ms: 9.7,
    p99_ms: 18,
    max_ms: 85,
    missed: [],
    rules: 24,
    ...change,
  };
}

export function figureRuns(): LoadRun[] {
  const missed = ['no double booking: 1 seats given away twice'];
  return [
    runOf(40),
    runOf(39, { verdict: 'FAILED', double_bookings: 1, missed, p95_ms: 212.4 }),
    runOf(38, { scenario: 'clinic-day', form: 'short', vus: 80, requests: 6_991 }),
    runOf(37, { verdict: 'STOPPED', requests: 812 }),
  ];
}

export function figureList(): LoadList {
  const sizes = {
    short: { vus: 100, rate: 0, seconds: 6 },
    full: { vus: 1_000, rate: 0, seconds: 30 },
  };
  return {
    runs: figureRuns(),
    scenarios: [
      { name: 'one-slot', about: 'everybody wants one slot', sizes },
      { name: 'clinic-day', about: 'people look, hold, pay or walk away', sizes },
    ],
    k6: 'v2.1.0',
    how: '',
  };
}

/** The run of figure B after 18 of 30 seconds. */
export function figureProgress(): LoadProgress {
  const samples = Array.from({ length: 36 }, (_, index) => ({
    elapsed_ms: (index + 1) * 500,
    vus: Math.min(1_000, 50 * (index + 1)),
    requests: Math.round(18_204 * ((index + 1) / 36) ** 2),
    winners: 1,
    confirmed: index < 8 ? 0 : 1,
    conflicts: Math.round(18_190 * ((index + 1) / 36) ** 2),
    server_errors: 0,
    timeouts: 13,
    dirty_answers: 0,
    p50_ms: 38,
    p95_ms: 120 + ((index * 37) % 101),
    p99_ms: 411,
    max_ms: 604,
    p95_now_ms: 90 + ((index * 53) % 160),
  }));
  const facts = {
    run: 41,
    scenario: 'one-slot',
    vus: 1_000,
    slots: 2,
    host: '127.0.0.1:7387',
    total_ms: 30_000,
    double_bookings: 0,
  };
  return { facts, samples };
}
