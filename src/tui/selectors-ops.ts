import type { State } from './model.ts';
import type { LockItem, LockRow } from './model-ops.ts';
import { foldText } from './rows.ts';
import { layoutOf } from './selectors.ts';
import { isWallShown } from './selectors-health.ts';

/** What the lock board and the load screen read from the state. */

/** True while the rows of the lock board are on screen: nothing is asked for behind a dialog. */
export function isLocksShown(state: State): boolean {
  if (isWallShown(state)) return true;
  const screen = state.overlay?.screen ?? 'locks';
  return state.place === 'locks' && ['locks', 'filter', 'palette', 'inspect'].includes(screen);
}

/** Rows that the lock board shows; one line of the list is its title. */
export function lockRows(state: State): number {
  return Math.max(1, layoutOf(state).list_rows - 1);
}

export function visibleLocks(state: State): readonly LockRow[] {
  const words = foldText(state.locks.filter)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return state.locks.rows;
  return state.locks.rows.filter((row) => words.every((word) => row.haystack.includes(word)));
}

export function selectedLock(state: State): LockRow | null {
  return visibleLocks(state).find((row) => row.id === state.locks.cursor_id) ?? null;
}

/** Median and 99th percentile of the ages, in ms; null when no age is known or rows are missing. */
export function agesOf(state: State): { readonly p50: number; readonly p99: number } | null {
  const { page, rows, leaked_only } = state.locks;
  if (page === null || page.next_cursor !== null || leaked_only) return null;
  const ages = rows
    .flatMap(({ lock }) => (lock.age_ms === null ? [] : [lock.age_ms]))
    .toSorted((a, b) => a - b);
  if (ages.length === 0) return null;
  const at = (part: number) => ages[Math.min(ages.length - 1, Math.floor(ages.length * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** `9s`, `4m`, `3h`: an age that is taken in at a glance. */
export function ageText(ms: number): string {
  const s = Math.round(ms / 1_000);
  if (s < 60) return `${s}s`;
  if (s < 3_600) return `${Math.floor(s / 60)}m`;
  return s < 86_400 ? `${Math.floor(s / 3_600)}h` : `${Math.floor(s / 86_400)}d`;
}

/** `BSD 20/11 14:30 Andi`, by the clock of the clinic; the key when the lock is no slot's. */
export function slotName(
  lock: Pick<LockItem, 'key' | 'clinic_code' | 'starts_at'> & {
    readonly staff_name?: string | null;
    readonly seat?: number | null;
  },
): string {
  const { clinic_code, starts_at, staff_name, seat } = lock;
  if (starts_at === null) return lock.key;
  const day = `${starts_at.slice(8, 10)}/${starts_at.slice(5, 7)}`;
  const parts = [clinic_code, day, starts_at.slice(11, 16), staff_name];
  const name = parts.filter((part) => part != null && part !== '').join(' ');
  return seat == null || seat < 2 ? name : `${name} #${seat}`;
}

/** What is typed to release it: the digits of the slot's time; of a lock without a slot, its class. */
export function releaseWord(lock: Pick<LockItem, 'starts_at' | 'class'>): string {
  return lock.starts_at === null ? lock.class : lock.starts_at.slice(11, 16).replace(':', '');
}

/** The run under the cursor. */
export function selectedRun(state: State) {
  return state.load.list?.runs.find(({ run }) => run === state.load.cursor_run) ?? null;
}

/** Lines of the live panel above the history, and those of the charts below it where there is room. */
const PANEL_LINES = 7;
const CHART_LINES = 9;
/** On a smaller screen the history would be squeezed to nothing. */
const CHART_FROM_ROWS = 26;

export function panelRows(state: State): number {
  const { list_rows } = layoutOf(state);
  return list_rows >= CHART_FROM_ROWS ? PANEL_LINES + CHART_LINES : PANEL_LINES;
}

/** Rows of the history of runs: below the panel, its rule and the column names. */
export function runRows(state: State): number {
  return Math.max(1, layoutOf(state).list_rows - panelRows(state) - 1);
}
