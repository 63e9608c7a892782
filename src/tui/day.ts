import { type Day, type Effect, type State, type Step, say, stay } from './model.ts';
import { type BoardRow, boardDue, makeBoard, thingId } from './rows.ts';
import { isAiming, layoutOf, MARK_MS, STILL_MS, serverNow, visibleRows } from './selectors.ts';

/** Keeps the board in step with the server without moving what a hand is about to act on. */

/** At most five snapshots a second, and never more than a fifth of the time spent on them. */
const RELOAD_GAP_MS = 200;
const RELOAD_SHARE = 4;
/** Retry of a failed snapshot: 1 s doubling up to 30 s. ux §3, errors and offline. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

function toMap(board: readonly BoardRow[]): ReadonlyMap<string, BoardRow> {
  return new Map(board.map((row) => [row.id, row]));
}

/** Asks for a fresh snapshot; many asks become one request. */
export function wantReload(state: State): State {
  return { ...state, reload: { ...state.reload, wanted: true } };
}

/** Starts the snapshot that is due, if any. An answer to an older request is dropped by its number. */
export function pumpReload(state: State): Step {
  const { reload } = state;
  // Behind another screen the day is not asked for again; coming back asks at once.
  // A server that did not answer is asked on, wherever we are: that is how we hear that it is back.
  const is_lost = reload.failures > 0;
  if (state.place !== 'board' && state.day !== null && !is_lost) return stay(state);
  if (!reload.wanted || reload.in_flight || state.now_ms < reload.not_before_ms) return stay(state);
  const seq = reload.seq + 1;
  const next = { ...state, reload: { ...reload, wanted: false, in_flight: true, seq } };
  return stay(next, { type: 'load_day', seq, date: state.date });
}

/** Shows another day: the board is empty until it is there, and no older answer can fill it. */
export function changeDay(state: State, date: string | null, go_to: string | null = null): State {
  return {
    ...state,
    date,
    go_to,
    day: state.day === null ? null : { ...state.day, items: [] },
    board: [],
    waiting: null,
    cursor_id: null,
    top: 0,
    marks: new Map(),
    marked: new Set(),
    reload: {
      ...state.reload,
      wanted: true,
      in_flight: false,
      not_before_ms: state.now_ms,
      seq: state.reload.seq + 1,
    },
  };
}

function wasMine(state: State, row: BoardRow): boolean {
  if (row.row.reservation_id !== null) {
    if (row.row.reservation_id === state.draft?.hold?.reservation_id) return true;
    if (state.mine.has(row.row.reservation_id)) return true;
  }
  if (row.row.booking_id === null) return false;
  const version = state.mine.get(row.row.booking_id);
  return version !== undefined && version >= (row.row.version ?? 0);
}

function marksAfter(
  state: State,
  before: ReadonlyMap<string, BoardRow>,
  board: readonly BoardRow[],
): ReadonlyMap<string, number> {
  const marks = new Map([...state.marks].filter(([, until]) => until > state.now_ms));
  for (const row of board) {
    if (row.kind === 'open' || row.kind === 'blocked') continue;
    const old = before.get(row.id);
    const has_changed =
      old === undefined || old.row.version !== row.row.version || old.kind !== row.kind;
    if (has_changed && !wasMine(state, row)) marks.set(row.id, state.now_ms + MARK_MS);
  }
  return marks;
}

function sameOrder(a: readonly BoardRow[], b: readonly BoardRow[]): boolean {
  return a.length === b.length && a.every((row, index) => row.id === b[index]?.id);
}

/** Rows may move only when no key was pressed just now and nobody is typing a row number. */
export function mayMove(state: State): boolean {
  return !isAiming(state) && state.now_ms - state.last_key_ms >= STILL_MS;
}

/** The first row that still needs somebody: where a receptionist starts. */
function firstOf(state: State): string | null {
  const rows = visibleRows(state);
  const now = serverNow(state);
  const next = rows.find((row) => row.ends_ms > now && row.kind !== 'blocked');
  return (next ?? rows[0])?.id ?? null;
}

/** A new day opens with some of what was before in sight, and most of what comes. */
function begin(state: State): State {
  const cursor_id = firstOf(state);
  const index = visibleRows(state).findIndex((row) => row.id === cursor_id);
  const { list_rows } = layoutOf(state);
  const is_near = index < (list_rows * 2) / 3;
  return { ...state, cursor_id, top: is_near ? 0 : index - Math.floor(list_rows / 3) };
}

/** Keeps the cursor on its row; when the row is gone, on what took its place, else on its neighbour. */
export function keepCursor(state: State, before: readonly BoardRow[]): State {
  const rows = visibleRows(state);
  if (state.go_to !== null) {
    const { go_to } = state;
    const found = rows.find(({ row }) => row.booking_id === go_to || row.reservation_id === go_to);
    if (found) return { ...state, cursor_id: found.id, go_to: null };
  }
  if (state.cursor_id === null) return begin(state);
  if (rows.some((row) => row.id === state.cursor_id)) return state;
  const index = before.findIndex((row) => row.id === state.cursor_id);
  const slots = new Set(before[index]?.group.map((row) => row.slot_id) ?? []);
  const heir = rows.find((row) => row.group.some((part) => slots.has(part.slot_id)));
  const neighbour = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  return { ...state, cursor_id: (heir ?? neighbour)?.id ?? null };
}

function show(state: State, day: Day, board: readonly BoardRow[]): State {
  const board_due_ms = boardDue(board, serverNow(state));
  return keepCursor({ ...state, day, board, board_due_ms, waiting: null }, state.board);
}

/** New facts in the old order: rows that are new wait, rows that are gone stay until the hand rests. */
function patch(state: State, day: Day): State {
  const fresh = new Map(day.items.map((row) => [thingId(row), row]));
  const items = (state.day ?? day).items.map((row) => fresh.get(thingId(row)) ?? row);
  const board = makeBoard(items, serverNow(state), state.show_open, state.board);
  return { ...state, day: { ...day, items }, board, board_due_ms: 0, waiting: day };
}

/** Takes a snapshot in. */
export function takeDay(state: State, day: Day, took_ms: number): Step {
  const is_same_day = state.day?.date === day.date && state.board.length > 0;
  const offset_ms =
    Temporal.Instant.from(day.as_of).epochMilliseconds + Math.round(took_ms / 2) - state.now_ms;
  const clocked: State = {
    ...state,
    offset_ms,
    link: {
      ...state.link,
      status: state.link.feed,
      since_ms: state.link.status === state.link.feed ? state.link.since_ms : state.now_ms,
      took_ms,
      data_ms: state.now_ms,
    },
    reload: {
      ...state.reload,
      in_flight: false,
      failures: 0,
      not_before_ms: state.now_ms + Math.max(RELOAD_GAP_MS, took_ms * RELOAD_SHARE),
    },
  };
  const board = makeBoard(day.items, serverNow(clocked), state.show_open, state.board);
  const marks = is_same_day ? marksAfter(clocked, toMap(state.board), board) : state.marks;
  const is_still =
    !is_same_day || state.go_to !== null || mayMove(clocked) || sameOrder(board, state.board);
  const marked = { ...clocked, marks };
  const next = is_still ? show(marked, day, board) : patch(marked, day);
  const effects: Effect[] = [];
  if (!state.offline.is_following) effects.push({ type: 'follow', after: day.sequence });
  // Who answers this also answers the feed; its own next try may be half a minute away.
  else if (state.link.feed === 'offline') effects.push({ type: 'retry_feed' });
  // A console that was opened while nobody answered knows nothing of the clinic yet.
  if (state.offline.is_kept && state.clinic === null) effects.push({ type: 'load_clinic' });
  const offline = { ...next.offline, is_following: true, is_kept: false };
  return stay({ ...next, offline }, ...effects);
}

/** A snapshot failed: try again later, and tell what is wrong when it is more than a lost line. */
export function reloadFailed(state: State, text: string | null): State {
  const failures = state.reload.failures + 1;
  const wait_ms = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MAX_MS);
  const reload = {
    ...state.reload,
    in_flight: false,
    wanted: true,
    failures,
    not_before_ms: state.now_ms + wait_ms,
  };
  const next: State = { ...state, reload };
  if (text !== null) return say(next, 'error', text);
  const since_ms = state.link.status === 'offline' ? state.link.since_ms : state.now_ms;
  const retry_at_ms = reload.not_before_ms;
  return { ...next, link: { ...state.link, status: 'offline', since_ms, retry_at_ms } };
}

/** Minute and mark changes: letters follow the clock, marks end, a waiting snapshot is shown. */
export function ageBoard(state: State): State {
  const { day } = state;
  if (day === null) return state;
  const marks = [...state.marks].some(([, until]) => until <= state.now_ms)
    ? new Map([...state.marks].filter(([, until]) => until > state.now_ms))
    : state.marks;
  const aged: State = { ...state, marks };
  if (state.waiting !== null && !mayMove(state)) return aged;
  const news = state.waiting ?? (serverNow(state) >= state.board_due_ms ? day : null);
  if (news === null) return aged;
  const board = makeBoard(news.items, serverNow(state), state.show_open, state.board);
  // A free time that has just begun leaves the board only when nobody's hand is on the keys.
  const may_show = sameOrder(board, state.board) || mayMove(state);
  return may_show ? show(aged, news, board) : aged;
}

/** Writes one booking's news into its row at once, before the next snapshot. */
export function patchBooking(
  state: State,
  booking_id: string,
  change: Partial<Pick<Day['items'][number], 'status' | 'arrived_at' | 'version'>>,
): State {
  const { day } = state;
  if (day === null) return state;
  const items = day.items.map((row) =>
    row.booking_id === booking_id ? { ...row, ...change } : row,
  );
  const fresh = { ...day, items };
  // Something newer that waited is asked for again by whoever patches.
  const next = { ...state, day: fresh, waiting: null };
  const mine = new Map(state.mine);
  if (change.version != null) mine.set(booking_id, change.version);
  const board = makeBoard(items, serverNow(state), state.show_open, state.board);
  return keepCursor({ ...next, board, board_due_ms: 0, mine }, state.board);
}

/** Moves the cursor by rows, or to an end with ±Infinity. */
export function moveCursor(state: State, by: number): State {
  const rows = visibleRows(state);
  if (rows.length === 0) return state;
  const index = rows.findIndex((row) => row.id === state.cursor_id);
  const to = Math.max(0, Math.min(rows.length - 1, (index < 0 ? 0 : index) + by));
  return { ...state, cursor_id: rows[to]?.id ?? null };
}

/** Scrolls so that the cursor is on screen, and no further than the last page. */
export function keepInView(state: State): State {
  const rows = visibleRows(state);
  const { list_rows } = layoutOf(state);
  const index = rows.findIndex((row) => row.id === state.cursor_id);
  const last_top = Math.max(0, rows.length - list_rows);
  let top = Math.min(state.top, last_top);
  if (index >= 0 && index < top) top = index;
  if (index >= top + list_rows) top = index - list_rows + 1;
  return top === state.top ? state : { ...state, top };
}
