import type { Output } from '../domain/shapes.ts';
import type { LoadForm, LoadList, LoadMeasure, LoadProgress, LoadRun } from './load-port.ts';
import type { Field } from './model.ts';

/** The operators' part of the model: the lock board and the load screen. */

export type LockItem = Output<'list_locks'>['items'][number];
export type LockPage = Output<'list_locks'>;
export type LockDetail = Output<'inspect_lock'>;
export type LockPlan = Output<'cleanup_locks'>;
export type LockRelease = Output<'release_lock'>;

export type LockRow = {
  /** A seat may have a lock and, on its own line, a hold that lacks one. */
  readonly id: string;
  readonly lock: LockItem;
  /** Our clock, at which the lock ends in Redis; null when it has no end or does not stand. */
  readonly ends_ms: number | null;
  /** What `/` looks through. */
  readonly haystack: string;
};

/** A lock as it was painted: whoever acts on it later must find the same one. */
export type LockTarget = Pick<
  LockItem,
  'key' | 'token' | 'class' | 'cause' | 'clinic_code' | 'starts_at'
>;

type Received = { readonly page: LockPage; readonly at_ms: number };

export type LocksState = {
  readonly page: LockPage | null;
  readonly rows: readonly LockRow[];
  /** A newer answer that waits until nobody's hand is on the keys. */
  readonly waiting: Received | null;
  /** When the rows were received, by our clock. */
  readonly at_ms: number | null;
  readonly leaked_only: boolean;
  readonly filter: string;
  readonly cursor_id: string | null;
  readonly top: number;
  /** Row id -> the lock as it was when it was marked. */
  readonly marked: ReadonlyMap<string, LockTarget>;
  readonly seq: number;
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly not_before_ms: number;
  readonly failures: number;
  readonly problem: string | null;
  readonly detail: { readonly id: string; readonly lock: LockDetail | null } | null;
  readonly detail_due_ms: number | null;
};

export type LoadState = {
  readonly list: LoadList | null;
  readonly cursor_run: number | null;
  readonly top: number;
  readonly is_running: boolean;
  readonly is_stopping: boolean;
  readonly live: LoadProgress | null;
  /** Why the last run did not start, or did not end well. */
  readonly problem: string | null;
};

export type InspectBox = { readonly screen: 'inspect'; readonly top: number };

export type ReleaseFocus = 'keep' | 'hold' | 'reason' | 'typed';
export type ReleaseBox = {
  readonly screen: 'release';
  readonly lock: LockItem;
  /** What the server's rehearsal said; null while it is asked. */
  readonly check: LockRelease | null;
  /** Why the server would refuse it. */
  readonly refused: string | null;
  readonly with_hold: boolean;
  readonly reason: Field;
  readonly typed: Field;
  readonly focus: ReleaseFocus;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};
export type CleanupBox = {
  readonly screen: 'cleanup';
  /** The marked locks; null = all that leaked, frozen by the server. */
  readonly targets: readonly LockTarget[] | null;
  readonly plan: LockPlan | null;
  readonly result: LockPlan | null;
  readonly top: number;
  readonly reason: Field;
  readonly typed: Field;
  readonly focus: Exclude<ReleaseFocus, 'hold'>;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};
export type StartBox = {
  readonly screen: 'start';
  readonly index: number;
  readonly form: LoadForm;
  readonly guard_until_ms: number;
};
export type RunBox = { readonly screen: 'run'; readonly top: number };
export type CompareBox = {
  readonly screen: 'compare';
  readonly before: number;
  readonly after: number;
  readonly measures: readonly LoadMeasure[] | null;
  readonly top: number;
};
export type OpsOverlay = InspectBox | ReleaseBox | CleanupBox | StartBox | RunBox | CompareBox;

export type OpsResult =
  | {
      readonly type: 'locks';
      readonly seq: number;
      readonly page: LockPage;
      readonly took_ms: number;
    }
  | { readonly type: 'lock_inspected'; readonly id: string; readonly lock: LockDetail }
  | {
      readonly type: 'release_checked';
      readonly with_hold: boolean;
      readonly check: LockRelease;
    }
  | { readonly type: 'lock_freed'; readonly lock: LockTarget; readonly done: LockRelease }
  | { readonly type: 'lock_changed'; readonly was: LockItem; readonly now: LockDetail }
  | { readonly type: 'locks_planned'; readonly plan: LockPlan }
  | { readonly type: 'locks_cleaned'; readonly result: LockPlan }
  | { readonly type: 'load_listed'; readonly list: LoadList }
  | { readonly type: 'load_progress'; readonly progress: LoadProgress }
  | { readonly type: 'load_ended'; readonly run: LoadRun }
  | { readonly type: 'load_exported'; readonly path: string }
  | { readonly type: 'load_compared'; readonly measures: readonly LoadMeasure[] };

export type OpsEffect =
  | { readonly type: 'list_locks'; readonly seq: number; readonly leaked_only: boolean }
  | { readonly type: 'inspect_lock'; readonly id: string; readonly lock_key: string }
  | { readonly type: 'check_release'; readonly lock: LockItem; readonly with_hold: boolean }
  | {
      readonly type: 'free_lock';
      readonly lock: LockItem;
      readonly with_hold: boolean;
      readonly reason: string;
      readonly key: string;
    }
  /** Looks what has become of a lock that was not what it had been. */
  | { readonly type: 'look_again'; readonly lock: LockItem }
  | { readonly type: 'plan_locks'; readonly targets: readonly LockTarget[] | null }
  | {
      readonly type: 'run_plan';
      readonly plan: LockPlan;
      readonly targets: readonly LockTarget[] | null;
      readonly reason: string;
      readonly key: string;
    }
  | { readonly type: 'load_list' }
  | { readonly type: 'load_start'; readonly scenario: string; readonly form: LoadForm }
  | { readonly type: 'load_stop' }
  | { readonly type: 'load_export'; readonly run: number }
  | { readonly type: 'load_compare'; readonly before: number; readonly after: number };

/** Nothing seen yet. */
export const no_locks: LocksState = {
  page: null,
  rows: [],
  waiting: null,
  at_ms: null,
  leaked_only: false,
  filter: '',
  cursor_id: null,
  top: 0,
  marked: new Map(),
  seq: 0,
  wanted: false,
  in_flight: false,
  not_before_ms: 0,
  failures: 0,
  problem: null,
  detail: null,
  detail_due_ms: null,
};

export const no_load: LoadState = {
  list: null,
  cursor_run: null,
  top: 0,
  is_running: false,
  is_stopping: false,
  live: null,
  problem: null,
};
