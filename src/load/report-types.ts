import type { Form, ScenarioName, Size } from './scenarios.ts';

/** What a run says of itself. Fields only get added: CI and `load compare` read old reports. */

export type Latency = {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export type Counts = {
  readonly requests: number;
  readonly requests_per_second: number;
  readonly winners: number;
  readonly seats_won: number;
  readonly conflicts: number;
  readonly replays: number;
  readonly refused: number;
  readonly confirmed: number;
  readonly cancelled: number;
  readonly moved: number;
  readonly server_errors: number;
  readonly dirty_answers: number;
  readonly timeouts: number;
  readonly dropped_iterations: number;
};

/** What PostgreSQL holds for the scenario's slots after the run. */
export type SlotCount = {
  readonly group: string;
  readonly slots: number;
  readonly capacity: number;
  readonly seats_taken: number;
  readonly holders: number;
  readonly seats_oversold: number;
};

export type InvariantResult = {
  readonly name: string;
  /** Rows that break it. */
  readonly rows: number;
  readonly first_row: string | null;
};

export type RuleResult = {
  readonly name: string;
  readonly passed: boolean;
  /** What was measured, for people. */
  readonly detail: string;
};

export type Signature = {
  readonly algorithm: 'ed25519';
  /** SPKI, DER, base64. */
  readonly public_key: string;
  readonly value: string;
};

export type Commit = { readonly id: string; readonly changed: boolean };

export type Machine = {
  readonly cpus: number;
  readonly cpu_model: string;
  readonly memory_mb: number;
  /** Of the last minute before the run: above the number of cpus others were working too. */
  readonly load_before: number;
  readonly platform: string;
  readonly node: string;
  readonly k6: string;
  readonly postgresql: string;
};

/** A part killed in the middle of the run; null = not back within half a minute. */
export type ChaosStrike = {
  readonly what: 'redis' | 'daemon' | 'postgres';
  /** Since k6 was started. */
  readonly at_s: number;
  /** From the kill to the first read, and to the first hold on a spare seat, that succeeded. */
  readonly read_after_ms: number | null;
  readonly hold_after_ms: number | null;
  /** The later of the two. */
  readonly back_after_ms: number | null;
};

/** What the customers noticed of it, and answered by asking again under the same Idempotency-Key. */
export type Interruptions = {
  /** Requests without an answer when their daemon went, as the balancer saw it. */
  readonly cut_requests: number;
  /** Connections refused or cut, and repeats that came while the first try was still under way. */
  readonly interrupted: number;
  /** 503 with Retry-After. */
  readonly unavailable_answers: number;
  /** Wishes whose first answer was lost and that got no other until the end of the run. */
  readonly unresolved: number;
};

/** One contest for one seat with the guard and one without it, in a database of their own. */
export type ControlResult = {
  readonly contenders: number;
  /** Who was told that the seat is theirs. */
  readonly with_guard: number;
  readonly without_guard: number;
  /** Of the contest without the guard, as the judge over runs counts them in PostgreSQL. */
  readonly double_bookings: number;
};

export type UnsignedReport = {
  readonly report_version: 1;
  readonly run: number;
  readonly scenario: ScenarioName;
  readonly form: Form;
  readonly seed: number;
  readonly size: Size;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly target: { readonly url: string; readonly version: string | null };
  readonly commit: Commit | null;
  readonly machine: Machine;
  readonly counts: Counts;
  readonly latency_ms: Latency;
  /** By call or part of the scenario, where a threshold asked for it. */
  readonly latency_by: Readonly<Record<string, Latency>>;
  readonly memory_mb: { readonly before: number | null; readonly after: number | null };
  /** By the daemon's own histogram: an upper bound, of all its requests. Far below k6's = k6 was starved. */
  readonly daemon_ms: { readonly p50: number | null; readonly p95: number | null };
  readonly slots: readonly SlotCount[];
  readonly double_bookings: number;
  readonly invariants: readonly InvariantResult[];
  /** k6's own thresholds. */
  readonly thresholds: readonly RuleResult[];
  /** Ours, counted in PostgreSQL. */
  readonly checks: readonly RuleResult[];
  /** Bad answers in the script's own words, a few of them. */
  readonly examples: readonly string[];
  readonly k6_exit: number;
  /** Only of runs with --chaos, as are the interruptions. */
  readonly chaos?: readonly ChaosStrike[];
  readonly interruptions?: Interruptions;
  /** Only of runs with --unsafe-control. */
  readonly control?: ControlResult;
  /** True when a person or a signal ended it early. */
  readonly stopped: boolean;
  readonly passed: boolean;
  readonly exit: number;
};

export type LoadReport = UnsignedReport & { readonly signature: Signature };
