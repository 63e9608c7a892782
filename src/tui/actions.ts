import { allowedMoves, type DeskMove } from '../domain/booking.ts';
import { nextKey, openBook } from './book-open.ts';
import { runMarked } from './bulk.ts';
import { openCall } from './caller-open.ts';
import { changeDay, keepInView, moveCursor } from './day.ts';
import { runMoneyAction } from './deed.ts';
import { openDiff } from './diff.ts';
import { hasContent } from './draft.ts';
import { fieldOf } from './field.ts';
import { openFind } from './find-open.ts';
import { behindPanel, runHealthAction } from './health-actions.ts';
import { wordsOf } from './i18n/text.ts';
import { runJobsAction, runTailAction } from './jobs-actions.ts';
import { openJournal } from './journal.ts';
import { type ActionId, bindings } from './keys.ts';
import { refusedMove } from './legal.ts';
import { moveRefusal, statusWord } from './legal-row.ts';
import { runLifeAction } from './life.ts';
import { runLoadAction } from './load.ts';
import { runLockAction } from './lock-actions.ts';
import { toggleMark, unmarkRows } from './marks.ts';
import { type State, type Step, say, stay } from './model.ts';
import { openPrint } from './paper-box.ts';
import { goTo, nextPlace, resync } from './places.ts';
import { actionRefusal } from './refused.ts';
import { type BoardRow, makeBoard } from './rows.ts';
import { GUARD_MS, instantOf, layoutOf, selectedRow, serverNow, today } from './selectors.ts';
import { openSwitch } from './switch-user.ts';
import { filterTail } from './tail.ts';
import { rowTarget } from './target.ts';
import { nextTheme, type ThemeName } from './theme.ts';
import { moveColumn, moveInColumn, toggleVets } from './vets.ts';
import { openWaitlist } from './waitlist.ts';

/** What each named action does, whether a key, the help list or the palette asks for it. */

const moves: Readonly<Partial<Record<ActionId, DeskMove>>> = {
  arrived: 'arrived',
  in_room: 'in-progress',
  complete: 'completed',
  no_show: 'no-show',
};

function move(state: State, row: BoardRow, to: DeskMove): Step {
  const words = wordsOf(state.session.lang);
  const refused = moveRefusal(state, row, to);
  if (refused !== null) return stay(say(state, 'warn', refused));
  const { booking_id, version } = row.row;
  if (booking_id === null || version === null) return stay(say(state, 'warn', words.refused_row));
  if (state.busy.has(booking_id)) return stay(say(state, 'warn', words.busy));
  const [next, key] = nextKey({ ...state, busy: new Set(state.busy).add(booking_id) });
  return stay(next, {
    type: 'move',
    booking_id,
    move: to,
    was: statusWord(state, row),
    expected_version: version,
    key,
  });
}

function askCancel(state: State, row: BoardRow): Step {
  const words = wordsOf(state.session.lang);
  const { booking_id, status } = row.row;
  if (row.kind !== 'booking' || booking_id === null || status === null) {
    return stay(say(state, 'warn', words.refused_row));
  }
  if (!allowedMoves(status).includes('cancelled')) {
    const text = refusedMove(words, words.letters.x, status, row.row.arrived_at, state.columns);
    return stay(say(state, 'warn', text));
  }
  const guard_until_ms = state.now_ms + GUARD_MS;
  const target = rowTarget(state, row);
  return stay(
    {
      ...state,
      overlay: {
        screen: 'confirm',
        kind: 'cancel',
        row,
        by: 'owner',
        quote: null,
        due: null,
        guard_until_ms,
      },
    },
    { type: 'quote', booking_id, by: 'owner' },
    ...(target === null ? [] : [{ type: 'load_due', target } as const]),
  );
}

function open(state: State, row: BoardRow | null): Step {
  if (row === null) return stay(state);
  if (row.kind === 'open') return bookAt(state, row);
  const booking_id = row.row.booking_id;
  if (booking_id === null) return stay(state);
  const known = state.detail?.booking_id === booking_id ? state.detail.booking : null;
  return stay(
    {
      ...state,
      overlay: { screen: 'detail', top: 0 },
      detail: { booking_id, booking: known },
      detail_due_ms: null,
    },
    { type: 'load_booking', why: 'detail', booking_id },
  );
}

function bookAt(state: State, row: BoardRow | null): Step {
  const is_free = row?.kind === 'open';
  if (is_free && row.starts_ms <= serverNow(state)) {
    return stay(say(state, 'warn', wordsOf(state.session.lang).refused_past));
  }
  return openBook(state, is_free ? { row } : {});
}

function shiftDay(state: State, by: number): State {
  const shown = state.day?.date ?? state.date ?? today(state);
  const date = Temporal.PlainDate.from(shown).add({ days: by }).toString();
  return changeDay({ ...state, message: null }, date === today(state) ? null : date);
}

function copy(state: State, row: BoardRow | null): Step {
  const text = row?.row.reference_code ?? null;
  if (text === null) return stay(say(state, 'warn', wordsOf(state.session.lang).nothing_to_copy));
  return stay(state, { type: 'copy', text });
}

function quit(state: State): Step {
  const is_loading = state.load.is_running;
  if (!hasContent(state.draft) && !is_loading) return stay(state, { type: 'quit', code: 0 });
  const guard_until_ms = state.now_ms + GUARD_MS;
  const kind = is_loading ? 'quit_load' : 'quit';
  return stay({ ...state, overlay: { screen: 'confirm', kind, guard_until_ms } });
}

function back(state: State): State {
  if (state.overlay !== null) return { ...state, overlay: null };
  if (state.place === 'locks') {
    return { ...state, message: null, locks: { ...state.locks, filter: '' } };
  }
  if (state.place === 'events') return filterTail({ ...state, message: null }, '');
  if (state.filter !== '') return keepInView({ ...state, filter: '' });
  return { ...state, message: null };
}

/** The `/` text of the list on screen. */
function filterHere(state: State): string {
  if (state.place === 'events') return state.tail.filter;
  return state.place === 'locks' ? state.locks.filter : state.filter;
}

function toggleOpen(state: State): State {
  const show_open = !state.show_open;
  const items = state.day?.items ?? [];
  const board = makeBoard(items, serverNow(state), show_open, state.board);
  const is_kept = board.some((row) => row.id === state.cursor_id);
  const index = state.board.findIndex((row) => row.id === state.cursor_id);
  const near = state.board.slice(0, index).findLast((row) => row.kind !== 'open') ?? board[0];
  const cursor_id = is_kept ? state.cursor_id : (near?.id ?? null);
  // Zero: the next tick works out anew when the board changes by itself.
  return { ...state, show_open, board, board_due_ms: 0, cursor_id };
}

function openList(state: State, screen: 'help' | 'palette'): State {
  const below = state.overlay;
  return { ...state, overlay: { screen, field: fieldOf(''), index: 0, below } };
}

/** On the wall, Enter and zoom lead to the screen whose panel has the cursor. */
function healthAction(state: State, id: ActionId): Step | null {
  const behind = state.overlay === null ? behindPanel(state) : null;
  const is_way = id === 'health_open' || id === 'health_zoom';
  return is_way && behind !== null ? runAction(state, behind) : runHealthAction(state, id);
}

/** An action of a screen other than the board; null when it is none of its own. */
function ownAction(state: State, id: ActionId): Step | null {
  switch (state.place) {
    case 'board':
      return null;
    case 'money':
      return runMoneyAction(state, id) ?? runLifeAction(state, id, null);
    case 'locks':
      return runLockAction(state, id);
    case 'jobs':
      return runJobsAction(state, id);
    case 'health':
      return healthAction(state, id);
    case 'load':
      return runLoadAction(state, id);
    case 'events':
      return runTailAction(state, id);
  }
}

/** Does an action, on the row that the caller names or on the selected one. */
export function runAction(state: State, id: ActionId, named: BoardRow | null = null): Step {
  const refused = actionRefusal(state, id);
  if (refused !== null) return stay(say(state, 'warn', refused));
  if (state.place !== 'board') {
    const own = ownAction(state, id);
    if (own !== null) return own;
    const is_here = bindings.some((one) => one.id === id && one.screens.includes(state.place));
    if (!is_here) return stay(say(state, 'info', wordsOf(state.session.lang).other_screen));
  }
  const row = named ?? selectedRow(state);
  const many = named === null ? runMarked(state, id, row) : runMarked(unmarked(state), id, row);
  if (many !== null) return many;
  const page = Math.max(1, layoutOf(state).list_rows - 1);
  const life = runLifeAction(state, id, row === null ? null : rowTarget(state, row));
  if (life !== null) return life;
  const to = moves[id];
  if (to !== undefined) {
    if (row === null) return stay(say(state, 'warn', wordsOf(state.session.lang).refused_row));
    return move(state, row, to);
  }
  const steps = { up: -1, down: 1, page_up: -page, page_down: page, first: -9999, last: 9999 };
  const by = Object.entries(steps).find(([name]) => name === id)?.[1];
  if (by !== undefined) {
    return stay(state.board_view === 'vets' ? moveInColumn(state, by) : moveCursor(state, by));
  }
  switch (id) {
    case 'day_prev':
      return stay(shiftDay(state, -1));
    case 'day_next':
      return stay(shiftDay(state, 1));
    case 'day_today':
      return stay(changeDay({ ...state, message: null }, null));
    case 'open':
      return open(state, row);
    case 'cancel':
      if (row === null) return stay(say(state, 'warn', wordsOf(state.session.lang).refused_row));
      return askCancel(state, row);
    default:
      return runScreenAction(state, id, row);
  }
}

/** A row that was named is meant alone, whatever is marked. */
function unmarked(state: State): State {
  return { ...state, marked: new Set() };
}

/** Does again what was taken back; a cancel asks again, for its price may be another one by now. */
function redo(state: State): Step {
  const words = wordsOf(state.session.lang).desk;
  const { redo: last } = state;
  if (last === null) return stay(say(state, 'info', words.nothing_to_redo));
  const row = state.board.find((one) => one.row.booking_id === last.booking_id);
  const once: State = { ...state, redo: null };
  if (row === undefined || row.row.version !== last.version) {
    return stay(say(once, 'warn', words.redo_changed(last.name)));
  }
  return last.what === 'cancelled' ? askCancel(once, row) : move(once, row, last.what);
}

/** Other colours from now on, until the console is closed. */
export function setTheme(state: State, theme: ThemeName): Step {
  const { session } = state;
  const text = wordsOf(session.lang).desk.theme_is(theme);
  return stay(say({ ...state, session: { ...session, theme } }, 'ok', text), { type: 'repaint' });
}

/** The form for a hold alone; only a free time that has not begun can be held. */
function holdHere(state: State, row: BoardRow | null): Step {
  const words = wordsOf(state.session.lang);
  if (row?.kind !== 'open') return stay(say(state, 'warn', words.desk.hold_free));
  if (row.starts_ms <= serverNow(state)) return stay(say(state, 'warn', words.refused_past));
  return openBook(state, { row, hold_only: true });
}

/** What the board shows beside the booking, as large as the screen. */
function zoom(state: State, row: BoardRow | null): Step {
  return state.overlay?.screen === 'detail' ? stay(back(state)) : open(state, row);
}

function runDeskAction(state: State, id: ActionId, row: BoardRow | null): Step | null {
  switch (id) {
    case 'mark':
      return stay(toggleMark(state));
    case 'unmark':
      return stay(unmarkRows(state));
    case 'redo':
      return redo(state);
    case 'journal':
      return openJournal(state);
    case 'diff':
      return openDiff(state);
    case 'hold':
      return holdHere(state, row);
    case 'zoom':
      return zoom(state, row);
    case 'vet_columns':
      return stay(toggleVets(state));
    case 'col_prev':
    case 'col_next':
      if (state.board_view === 'list') return stay(state);
      return stay(moveColumn(state, id === 'col_next' ? 1 : -1));
    case 'theme':
      return setTheme(state, nextTheme(state.session.theme));
    case 'switch_user':
      return openSwitch(state);
    default:
      return null;
  }
}

function runScreenAction(state: State, id: ActionId, row: BoardRow | null): Step {
  const desk = runDeskAction(state, id, row);
  if (desk !== null) return desk;
  switch (id) {
    case 'book':
      return bookAt(state, row);
    case 'find':
      return stay(openFind(state));
    case 'print_sheet':
      return openPrint(state);
    case 'call_open':
      return openCall(state);
    case 'filter':
      return stay({
        ...state,
        overlay: {
          screen: 'filter',
          field: fieldOf(filterHere(state)),
        },
      });
    case 'screen_board':
      return goTo(state, 'board');
    case 'screen_money':
      return goTo(state, 'money');
    case 'screen_locks':
      return goTo(state, 'locks');
    case 'screen_jobs':
      return goTo(state, 'jobs');
    case 'screen_health':
      return goTo(state, 'health');
    case 'screen_load':
      return goTo(state, 'load');
    case 'screen_events':
      return goTo(state, 'events');
    case 'waitlist':
      return openWaitlist(state);
    case 'next_screen':
      return nextPlace(state);
    case 'palette':
    case 'help':
      return stay(openList(state, id));
    case 'toggle_open':
      return stay(toggleOpen(state));
    case 'copy':
      return copy(state, row);
    case 'resync':
      return resync(state);
    case 'back':
      return stay(back(state));
    case 'quit':
      return quit(state);
    default:
      return stay(state);
  }
}

/** The local date of an instant of the API, at the clinic. */
export function dateOf(state: State, instant: string): string {
  const zone = state.day?.clinic.time_zone ?? 'UTC';
  const ms = Temporal.Instant.from(instant).epochMilliseconds;
  return instantOf(ms).toZonedDateTimeISO(zone).toPlainDate().toString();
}
