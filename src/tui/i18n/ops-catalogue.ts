import type { LockCause, LockClass } from '../../domain/lock.ts';
import type { LoadForm, LoadRun } from '../load-port.ts';
import type { Place } from '../model.ts';
import type { LockItem } from '../model-ops.ts';

/** The words of the lock board and of the load screen. Numbers beside a group are column budgets (test/tui). */

export type LockHead = 'slot' | 'service' | 'holder' | 'ttl' | 'reserv' | 'state';
/** Names of facts; budget 10. */
export type LockFact =
  | 'slot'
  | 'service'
  | 'seat'
  | 'holder'
  | 'state'
  | 'token'
  | 'ttl'
  | 'hold'
  | 'until'
  | 'age'
  | 'key'
  | 'effect'
  | 'check'
  | 'reason'
  | 'type';
export type RunHead =
  | 'run'
  | 'started'
  | 'scenario'
  | 'users'
  | 'requests'
  | 'p95'
  | 'twice'
  | 'verdict';
export type RunFact =
  | 'target'
  | 'users'
  | 'requests'
  | 'won'
  | 'confirmed'
  | 'conflicts'
  | 'errors'
  | 'timeouts'
  | 'dirty'
  | 'latency';

type Counts = Readonly<Record<LockClass, number>>;

export type OpsCatalogue = {
  /** Budget 8. */
  readonly screens: Readonly<Record<Place, string>>;
  readonly writes: (is_on: boolean) => string;
  readonly masked: string;
  /** Why a lock was kept, by the server's code; anything else is shown as it came. */
  readonly kept_why: Readonly<Record<string, string>>;
  /** Budget 7. */
  readonly classes: Readonly<Record<LockClass, string>>;
  readonly causes: Readonly<Record<LockCause, string>>;
  /** Budget 9. */
  readonly reservations: Readonly<
    Record<NonNullable<LockItem['reservation_status']> | 'none', string>
  >;
  readonly lock_heads: Readonly<Record<LockHead, string>>;
  readonly lock_facts: Readonly<Record<LockFact, string>>;
  readonly lock_counts: (n: Counts) => string;
  readonly ages: (p50: string, p99: string) => string;
  /** A lock that would stay for ever; budget 5. */
  readonly no_end: string;
  readonly no_lock: string;
  readonly extended: string;
  readonly not_extended: string;
  readonly leaked_only: string;
  readonly marked: (n: number) => string;
  readonly page_only: (n: number) => string;
  readonly door_down: string;
  readonly door_absent: string;
  readonly incomplete: string;
  readonly no_locks: string;
  readonly nothing_leaked: string;
  readonly waiting: string;
  readonly look_failed: (text: string) => string;
  readonly marks_full: (most: number) => string;
  readonly no_lock_here: string;
  readonly inspect_title: string;
  readonly inspect_history: string;
  readonly can_release: string;
  readonly use_reconcile: string;

  readonly release_title: string;
  readonly effect_free: string;
  readonly effect_hold: (reference: string) => string;
  readonly effect_kept: string;
  readonly hold_too: string;
  readonly check_ok: string;
  readonly refused: (text: string) => string;
  readonly type_word: (word: string) => string;
  readonly keep_lock: string;
  readonly release_it: string;
  readonly dialog_keys: string;
  readonly server_refuses: string;
  readonly still_checking: string;
  readonly need_reason: string;
  readonly need_word: (word: string) => string;
  readonly freed: (name: string, was: string) => string;
  readonly freed_with_hold: (name: string) => string;
  readonly lock_changed: (name: string, now: string, is_other: boolean) => string;

  readonly plan_title: string;
  readonly plan_leaked: (n: number) => string;
  readonly plan_marked: (n: number, of: number) => string;
  readonly plan_frozen: (id: string, until: string) => string;
  readonly plan_here: string;
  readonly plan_more: (n: number) => string;
  readonly plan_nothing: string;
  readonly plan_effect: string;
  readonly keep_all: string;
  readonly release_all: (n: number) => string;
  readonly result_title: (released: number, kept: number) => string;
  readonly result_keys: string;
  readonly cleaned: (released: number, kept: number) => string;

  readonly load_idle: string;
  readonly load_starting: string;
  readonly load_absent: string;
  readonly load_stopping: string;
  readonly k6_is: (version: string) => string;
  readonly run_line: (n: {
    readonly run: number;
    readonly scenario: string;
    readonly vus: number;
    readonly all: number;
    readonly slots: number;
    readonly host: string;
  }) => string;
  readonly double_bookings: string;
  readonly pass_so_far: string;
  readonly fail_so_far: string;
  readonly verdicts: Readonly<Record<LoadRun['verdict'], string>>;
  readonly forms: Readonly<Record<LoadForm, string>>;
  readonly run_heads: Readonly<Record<RunHead, string>>;
  readonly run_facts: Readonly<Record<RunFact, string>>;
  readonly run_title: (run: number) => string;
  readonly missed: (n: number) => string;
  readonly all_held: (n: number) => string;
  readonly no_runs: string;
  readonly nothing_before: string;
  readonly load_ended: (run: number, verdict: string, twice: number) => string;
  readonly exported: (path: string) => string;
  readonly start_title: string;
  readonly start_size: (vus: number, rate: number, seconds: number) => string;
  readonly start_effect: string;
  readonly start_keep: string;
  readonly start_yes: string;
  readonly start_keys: string;
  readonly stop_title: string;
  readonly stop_text: string;
  readonly stop_keep: string;
  readonly stop_yes: string;
  readonly quit_load: string;
  readonly compare_title: (before: number, after: number) => string;
  readonly compare_heads: readonly [measure: string, before: string, after: string, worse: string];
  readonly compare_ok: string;
  readonly compare_worse: string;
};
