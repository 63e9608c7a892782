import { localTime } from '../domain/time.ts';
import type { ScreenName, State } from './model.ts';
import { type BoardRow, filterBoard } from './rows.ts';
import { healthDue, isWallShown } from './selectors-health.ts';

/** What the screens and the reducer read from the state. */

export const MIN_COLUMNS = 80;
export const MIN_ROWS = 24;
/** From here the board has a detail pane on its right. ux §3, screens and roles. */
const WIDE_COLUMNS = 120;
export const PANE_COLUMNS = 46;
/** Others' changes carry a `*` for this long. */
export const MARK_MS = 5_000;
/** No row moves for this long after a key, so that the next key hits what was seen. */
export const STILL_MS = 2_000;
/** Locks come and go without an event when Redis alone changes, so the board looks by itself. */
export const LOCKS_EVERY_MS = 3_000;
/** Money moves without an event only at the provider; the worker that hears of it is no faster. */
const MONEY_EVERY_MS = 10_000;
/** The queues look by themselves this often: workers say nothing when a job fails. */
const JOBS_EVERY_MS = 3_000;
/** Keys are dropped for this long after a dialog opens. */
export const GUARD_MS = 300;
/** Header, counts, rule, column names; rule, two facts, message, rule, two hint lines. */
const CHROME_ROWS = 11;

export type Layout = {
  readonly list_columns: number;
  /** 0: no pane. */
  readonly pane_columns: number;
  readonly list_rows: number;
  /** Between the header's rule and the message line, for screens that replace the board. */
  readonly body_rows: number;
};

/** How the terminal's area is shared out. One row stays free: a full-height frame would scroll. */
export function layoutOf(state: State): Layout {
  const height = state.rows - 1;
  const is_wide = state.columns >= WIDE_COLUMNS;
  return {
    list_columns: is_wide ? state.columns - PANE_COLUMNS - 1 : state.columns,
    pane_columns: is_wide ? PANE_COLUMNS : 0,
    list_rows: Math.max(1, height - CHROME_ROWS),
    body_rows: Math.max(1, height - CHROME_ROWS + 4),
  };
}

export function isTooSmall(state: State): boolean {
  return state.columns < MIN_COLUMNS || state.rows < MIN_ROWS;
}

/** The database's clock as well as we know it. */
export function serverNow(state: State): number {
  return state.now_ms + state.offset_ms;
}

export function timeZone(state: State): string {
  return state.day?.clinic.time_zone ?? state.clinic?.time_zone ?? 'UTC';
}

export function today(state: State): string {
  return localTime(instantOf(serverNow(state)), timeZone(state)).date;
}

/** Epoch milliseconds as an instant; fractions of a clock estimate are dropped. */
export function instantOf(ms: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.trunc(ms));
}

/** `10:42` or `10:42:07` on the clinic's wall. */
export function clockText(state: State, ms: number, unit: 'minute' | 'second'): string {
  return instantOf(ms)
    .toZonedDateTimeISO(timeZone(state))
    .toPlainTime()
    .toString({ smallestUnit: unit });
}

export function visibleRows(state: State): readonly BoardRow[] {
  return filterBoard(state.board, state.filter);
}

/** The row under the cursor; of a line that several vets share, only what the cursor's column has. */
export function selectedRow(state: State): BoardRow | null {
  const row = visibleRows(state).find((one) => one.id === state.cursor_id) ?? null;
  if (row === null || state.board_view === 'list' || row.group.length < 2) return row;
  const group = row.group.filter((part) => (part.staff_name ?? '-') === state.vet);
  const [first] = group;
  return first === undefined ? row : { ...row, row: first, group };
}

/** Finds a row by its number on the board or by reference code; `6`, `BP10000127`, `bp1000 0127`. */
export function rowByName(state: State, name: string): BoardRow | null {
  const folded = name.normalize('NFKC').replace(/\s/g, '').toUpperCase();
  if (/^\d{1,4}$/.test(folded)) {
    return state.board.find((row) => row.number === Number(folded)) ?? null;
  }
  return state.board.find((row) => row.row.reference_code === folded) ?? null;
}

export type Counts = {
  readonly booked: number;
  readonly inside: number;
  readonly late: number;
  readonly unresolved: number;
  readonly done: number;
  readonly held: number;
  readonly open: number;
};

/** The figures above the board. `late` = not here 10 minutes after the start; open counts free slots. */
export function countsOf(board: readonly BoardRow[]): Counts {
  const counts = { booked: 0, inside: 0, late: 0, unresolved: 0, done: 0, held: 0, open: 0 };
  for (const row of board) {
    if (row.kind === 'open') counts.open += row.group.length;
    if (row.unresolved) counts.unresolved += 1;
    if (row.letter === '-') counts.booked += 1;
    if (row.letter === 'A' || row.letter === 'I') counts.inside += 1;
    if (row.letter === '!') counts.late += 1;
    if (row.letter === 'C') counts.done += 1;
    if (row.letter === 'H') counts.held += 1;
  }
  return counts;
}

/** Minutes and seconds that are left, `07:41`; never below zero. */
export function countdown(ends_ms: number, now_ms: number): string {
  const seconds = Math.max(0, Math.ceil((ends_ms - now_ms) / 1000));
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

const aiming: readonly ScreenName[] = [
  'palette',
  'confirm',
  'release',
  'cleanup',
  'start',
  'move',
  'pay',
  'deed',
  'jobdeed',
  'healthdeed',
  'changed',
  'print',
  'bulk',
];

/** True while somebody types a row number or answers a dialog: the rows must stand still. */
export function isAiming(state: State): boolean {
  const screen = state.overlay?.screen;
  return screen !== undefined && aiming.includes(screen);
}

/** True while something on screen counts seconds. */
function showsSeconds(state: State): boolean {
  if (state.link.status === 'offline' && state.link.retry_at_ms !== null) return true;
  const screen = state.overlay?.screen ?? state.place;
  if (screen === 'locks' || screen === 'inspect' || state.place === 'locks') {
    return state.locks.rows.some(({ ends_ms }) => ends_ms !== null && ends_ms > state.now_ms);
  }
  const is_undoable = state.undo !== null && state.undo.until_ms > state.now_ms;
  if (is_undoable && (state.place === 'board' || state.place === 'money')) return true;
  if (state.place !== 'board') return false;
  if (screen === 'book') return state.draft?.hold !== null && state.draft?.hold !== undefined;
  if (screen !== 'board' && screen !== 'palette' && screen !== 'filter') return false;
  const { list_rows } = layoutOf(state);
  return visibleRows(state)
    .slice(state.top, state.top + list_rows)
    .some((row) => row.hold_ends_ms !== null && row.hold_ends_ms > serverNow(state));
}

/** When the lock board is next asked for, by our clock. */
export function locksDue(state: State): number {
  const { locks } = state;
  const by_itself = locks.at_ms === null ? 0 : locks.at_ms + LOCKS_EVERY_MS;
  return Math.max(locks.not_before_ms, locks.wanted ? 0 : by_itself);
}

/** When the money screen is next asked for, by our clock; null while it is hidden or asked for. */
export function moneyDue(state: State): number | null {
  const { money, place, overlay } = state;
  const is_shown = place === 'money' && (overlay === null || overlay.screen === 'palette');
  if (!is_shown || money.in_flight) return null;
  const by_itself = money.at_ms === null ? 0 : money.at_ms + MONEY_EVERY_MS;
  return Math.max(money.not_before_ms, money.wanted ? 0 : by_itself);
}

/** True while the rows are on screen: nothing is asked for behind a dialog, except how a retry goes. */
function isJobsShown(state: State): boolean {
  if (isWallShown(state)) return true;
  const screen = state.overlay?.screen ?? 'jobs';
  return state.place === 'jobs' && ['jobs', 'palette', 'job'].includes(screen);
}

/** When the queues are next asked for, by our clock; null while they are hidden or asked for. */
export function jobsDue(state: State): number | null {
  const { jobs } = state;
  if (!isJobsShown(state) || jobs.in_flight) return null;
  const by_itself = jobs.at_ms === null ? 0 : jobs.at_ms + JOBS_EVERY_MS;
  return Math.max(jobs.not_before_ms, jobs.wanted ? 0 : by_itself);
}

/** The lock board looks again by itself while it is shown. */
function lockTimes(state: State): readonly number[] {
  const { locks } = state;
  const times: number[] = [];
  if (!locks.in_flight && !isAiming(state)) times.push(locksDue(state));
  if (locks.waiting !== null && !isAiming(state)) times.push(state.last_key_ms + STILL_MS);
  if (locks.detail_due_ms !== null) times.push(locks.detail_due_ms);
  return times;
}

/**
 * When the state must next be looked at without an event: the minute, a countdown's second, a mark's end or
 * something that is due. Nothing else ticks, so an idle console writes nothing.
 */
export function wakeAt(state: State): number {
  const unit = showsSeconds(state) ? 1_000 : 60_000;
  const clock = serverNow(state);
  const times = [state.now_ms + unit - (clock % unit)];
  for (const until of state.marks.values()) times.push(until);
  if (state.waiting !== null && !isAiming(state)) times.push(state.last_key_ms + STILL_MS);
  const is_lost = state.reload.failures > 0;
  const is_day_due = state.place === 'board' || state.day === null || is_lost;
  if (is_day_due && state.reload.wanted && !state.reload.in_flight) {
    times.push(state.reload.not_before_ms);
  }
  if (state.detail_due_ms !== null) times.push(state.detail_due_ms);
  if (state.place === 'locks' || isWallShown(state)) times.push(...lockTimes(state));
  const health_ms = healthDue(state);
  if (health_ms !== null) times.push(health_ms);
  const money_ms = moneyDue(state);
  if (money_ms !== null) times.push(money_ms);
  const jobs_ms = jobsDue(state);
  if (jobs_ms !== null) times.push(jobs_ms);
  if (state.jobs.waiting !== null && !isAiming(state)) times.push(state.last_key_ms + STILL_MS);
  if (state.overlay?.screen === 'move' && state.overlay.quote_due_ms !== null) {
    times.push(state.overlay.quote_due_ms);
  }
  if (state.draft?.search_due_ms != null) times.push(state.draft.search_due_ms);
  if (state.overlay?.screen === 'find') {
    const { due_ms, card_due_ms } = state.overlay;
    times.push(...[due_ms, card_due_ms].filter((time) => time !== null));
  }
  return Math.min(...times);
}
