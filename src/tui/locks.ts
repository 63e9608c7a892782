import { mayMove } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import { type Problem, type State, type Step, say, stay } from './model.ts';
import type {
  LockDetail,
  LockItem,
  LockPage,
  LockRow,
  LocksState,
  LockTarget,
} from './model-ops.ts';
import { foldText } from './rows.ts';
import { locksDue } from './selectors.ts';
import { isLocksShown, lockRows, selectedLock, visibleLocks } from './selectors-ops.ts';

/** The lock board in step with the server: asked for while it is shown, never while it is hidden. */

/** Events make it look sooner than by itself, but not more often than this, nor for more than a fifth of the time. */
const GAP_MS = 1_000;
const SHARE = 4;
const RETRY_MAX_MS = 30_000;
/** The pane follows the cursor once it has rested this long. */
const DETAIL_AFTER_MS = 200;
/** So many locks are handled one by one; more is the business of a plan. ux §2, danger tiers: bulk. */
export const MARKS_MAX = 50;

function withLocks(state: State, change: Partial<LocksState>): State {
  return { ...state, locks: { ...state.locks, ...change } };
}

/** Asks for a fresh look; many asks become one request. */
export function wantLocks(state: State): State {
  return withLocks(state, { wanted: true });
}

/** Starts the look that is due. */
export function pumpLocks(state: State): Step {
  const { locks } = state;
  if (!isLocksShown(state) || locks.in_flight || state.now_ms < locksDue(state)) return stay(state);
  const seq = locks.seq + 1;
  const next = withLocks(state, { seq, wanted: false, in_flight: true });
  return stay(next, { type: 'list_locks', seq, leaked_only: locks.leaked_only });
}

function rowOf(lock: LockItem, at_ms: number): LockRow {
  const texts = [
    lock.clinic_code,
    lock.starts_at?.slice(0, 16).replace('T', ' '),
    lock.staff_name,
    lock.service_name,
    lock.holder,
    lock.reference_code,
    lock.reservation_status,
    lock.class,
    lock.cause,
    lock.key,
  ];
  return {
    id: `${lock.key}|${lock.has_end === null ? 'hold' : 'lock'}`,
    lock,
    ends_ms: lock.ttl_ms === null ? null : at_ms + lock.ttl_ms,
    haystack: foldText(texts.filter((text) => text != null).join(' ')),
  };
}

function show(state: State, page: LockPage, at_ms: number): State {
  const before = visibleLocks(state);
  const rows = page.items.map((lock) => rowOf(lock, at_ms));
  const ids = new Set(rows.map((row) => row.id));
  const marked = new Map([...state.locks.marked].filter(([id]) => ids.has(id)));
  const next = withLocks(state, { page, rows, at_ms, marked, waiting: null });
  return keepLockCursor(next, before);
}

/** The cursor stays on its lock; when that is gone, on what moved into its place. */
export function keepLockCursor(state: State, before: readonly LockRow[]): State {
  const rows = visibleLocks(state);
  if (rows.some((row) => row.id === state.locks.cursor_id)) return state;
  const index = before.findIndex((row) => row.id === state.locks.cursor_id);
  const heir = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  return withLocks(state, { cursor_id: heir?.id ?? null });
}

/** New facts in the old order: what is new waits, what is gone stays until the hand rests. */
function patch(state: State, page: LockPage, at_ms: number): State {
  const fresh = new Map(page.items.map((lock) => [rowOf(lock, at_ms).id, lock]));
  const rows = state.locks.rows.map((row) => {
    const lock = fresh.get(row.id);
    return lock === undefined ? row : rowOf(lock, at_ms);
  });
  const known = { ...page, items: state.locks.page?.items ?? [] };
  return withLocks(state, { page: known, rows, at_ms, waiting: { page, at_ms } });
}

/** Takes a look in. */
export function takeLocks(state: State, seq: number, page: LockPage, took_ms: number): State {
  const { locks } = state;
  if (seq !== locks.seq) return state;
  const at_ms = state.now_ms - Math.round(took_ms / 2);
  const gap_ms = Math.max(GAP_MS, took_ms * SHARE);
  const asked = withLocks(state, {
    in_flight: false,
    failures: 0,
    problem: null,
    not_before_ms: state.now_ms + gap_ms,
  });
  const ids = page.items.map((lock) => rowOf(lock, at_ms).id);
  const is_same =
    ids.length === locks.rows.length && ids.every((id, n) => id === locks.rows[n]?.id);
  const is_first = locks.rows.length === 0 || locks.at_ms === null;
  return is_first || is_same || mayMove(state)
    ? show(asked, page, at_ms)
    : patch(asked, page, at_ms);
}

/** A look failed: the panel says so, the rest of the console lives on, and it is tried again. */
export function locksFailed(state: State, seq: number, problem: Problem, text: string): State {
  if (seq !== state.locks.seq) return state;
  const failures = state.locks.failures + 1;
  const wait_ms = Math.min(GAP_MS * 2 ** (failures - 1), RETRY_MAX_MS);
  const said = problem.code === 'unavailable' && state.link.status === 'offline' ? null : text;
  return withLocks(state, {
    in_flight: false,
    wanted: true,
    failures,
    problem: said,
    not_before_ms: state.now_ms + wait_ms,
  });
}

/** Shows what waited, as soon as nobody's hand is on the keys. */
export function ageLocks(state: State): State {
  const { waiting } = state.locks;
  return waiting !== null && mayMove(state) ? show(state, waiting.page, waiting.at_ms) : state;
}

/** Enters the lock board. Marks do not outlive the screen: nobody sees what they would hit. */
export function enterLocks(state: State): State {
  const empty = new Map<string, LockTarget>();
  const fresh = { wanted: true, in_flight: false, not_before_ms: state.now_ms, at_ms: null };
  return withLocks(state, { ...fresh, marked: empty, waiting: null });
}

/** Asks anew at once, even while an older question is open. */
export function resyncLocks(state: State): State {
  return withLocks(state, { wanted: true, in_flight: false, not_before_ms: state.now_ms });
}

/** Moves the cursor by rows, or to an end with ±Infinity. */
export function moveLock(state: State, by: number): State {
  const rows = visibleLocks(state);
  const index = rows.findIndex((row) => row.id === state.locks.cursor_id);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  return withLocks(state, { cursor_id: rows[to]?.id ?? null });
}

/** Scrolls so that the cursor is on screen, and no further than the last page. */
export function keepLockInView(state: State): State {
  const rows = visibleLocks(state);
  const room = lockRows(state);
  const index = rows.findIndex((row) => row.id === state.locks.cursor_id);
  let top = Math.min(state.locks.top, Math.max(0, rows.length - room));
  if (index >= 0 && index < top) top = index;
  if (index >= top + room) top = index - room + 1;
  return top === state.locks.top ? state : withLocks(state, { top });
}

/** What of a lock is remembered to act on it later: its fingerprint as it was painted. */
export function targetOf(lock: LockItem): LockTarget {
  const { key, token, class: kind, cause, clinic_code, starts_at } = lock;
  return { key, token, class: kind, cause, clinic_code, starts_at };
}

/** Marks the selected lock or takes its mark away, and goes on to the next. */
export function markLock(state: State): State {
  const words = wordsOf(state.session.lang).ops;
  const row = selectedLock(state);
  if (row === null) return state;
  const marked = new Map(state.locks.marked);
  if (!marked.delete(row.id)) {
    if (marked.size >= MARKS_MAX) return say(state, 'warn', words.marks_full(MARKS_MAX));
    marked.set(row.id, targetOf(row.lock));
  }
  return moveLock(withLocks(state, { marked }), 1);
}

export function unmarkLocks(state: State): State {
  return withLocks(state, { marked: new Map() });
}

/** Only what leaked, asked of the server, so that none is hidden behind a full page. */
export function toggleLeaked(state: State): State {
  const leaked_only = !state.locks.leaked_only;
  const cleared = { leaked_only, rows: [], waiting: null, marked: new Map(), cursor_id: null };
  return resyncLocks(withLocks({ ...state, message: null }, { ...cleared, top: 0, at_ms: null }));
}

/** The `/` text of the lock board. */
export function filterLocks(state: State, filter: string): State {
  const before = visibleLocks(state);
  return keepLockCursor(withLocks(state, { filter, top: 0 }), before);
}

/** A released lock leaves the board at once; the next look confirms it. */
export function dropLocks(state: State, keys: ReadonlySet<string>): State {
  const before = visibleLocks(state);
  const rows = state.locks.rows.filter((row) => !keys.has(row.lock.key));
  return keepLockCursor(withLocks(state, { rows, waiting: null, marked: new Map() }), before);
}

/** Where the selected lock is shown in full, it is asked for once the cursor rests. */
export function followLock(before: State, state: State): Step {
  const is_open = state.overlay?.screen === 'inspect';
  const has_pane = state.place === 'locks' && isLocksShown(state) && isWide(state);
  const row = selectedLock(state);
  if ((!is_open && !has_pane) || row === null) return stay(state);
  const { detail } = state.locks;
  let next = state;
  if (detail?.id !== row.id) {
    const due = is_open ? state.now_ms : state.now_ms + DETAIL_AFTER_MS;
    next = withLocks(state, { detail: { id: row.id, lock: null }, detail_due_ms: due });
  } else if (isStale(before, detail.lock, row.lock)) {
    next = withLocks(state, { detail_due_ms: state.now_ms });
  }
  const { detail_due_ms } = next.locks;
  if (detail_due_ms === null || detail_due_ms > next.now_ms) return stay(next);
  const asked = withLocks(next, { detail_due_ms: null });
  return stay(asked, { type: 'inspect_lock', id: row.id, lock_key: row.lock.key });
}

function isWide(state: State): boolean {
  return state.columns >= 120;
}

/** True when the board has just learned something that the inspected lock does not show. */
function isStale(before: State, shown: LockDetail | null, lock: LockItem): boolean {
  if (shown === null) return false;
  const old = before.locks.rows.find((row) => row.lock.key === lock.key)?.lock;
  if (old === undefined || old === lock) return false;
  return (
    old.token !== lock.token ||
    old.class !== lock.class ||
    old.reservation_status !== lock.reservation_status ||
    old.extended !== lock.extended
  );
}

/** The inspected lock, if it still is the one that is asked about. */
export function takeInspected(state: State, id: string, lock: LockDetail): State {
  return state.locks.detail?.id === id ? withLocks(state, { detail: { id, lock } }) : state;
}
