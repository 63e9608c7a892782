import { keepCursor, wantReload } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { OfflineState } from './model-offline.ts';
import { makeBoard } from './rows.ts';
import { serverNow, timeZone, today } from './selectors.ts';

/** The day cache: kept each minute while somebody answers, shown when nobody does. And the sheet of the opening. */

/** ux §3: rewritten each minute. A little less, because the console wakes when the minute changes. */
const KEEP_EVERY_MS = 59_000;
/** A disk that took nothing is not asked each minute. */
const KEEP_RETRY_MS = 600_000;
/** A console that was opened later than this after the clinic prints no sheet of the opening. */
const OPENING_LATE_MS = 2 * 3_600_000;
/** The console wakes once a minute: when it has not, the machine slept, and what is on screen is old. */
const SLEEP_MS = 90_000;

function withOffline(state: State, change: Partial<OfflineState>): State {
  return { ...state, offline: { ...state.offline, ...change } };
}

/** Those who look at a clinic's day; operators work on other screens, and their names are masked. */
const keepers: readonly string[] = ['viewer', 'desk', 'manager', 'admin'];

/** Keeps today and tomorrow when it is time, and prints the sheet of the opening once. */
export function pumpOffline(state: State): Step {
  const { offline, link, session } = state;
  const is_told = state.day !== null && !offline.is_kept && link.status !== 'offline';
  if (!is_told || !keepers.includes(session.role)) return stay(state);
  const effects: Effect[] = [];
  let next = state;
  if (!offline.is_keeping && state.now_ms >= offline.keep_due_ms) {
    const keep_due_ms = state.now_ms + KEEP_EVERY_MS;
    next = withOffline(next, { is_keeping: true, keep_due_ms });
    effects.push({ type: 'keep_days' });
  }
  const date = today(state);
  if (session.prints_at_opening === true && offline.opened_on !== date && isOpening(state, date)) {
    next = withOffline(next, { opened_on: date });
    effects.push({ type: 'print_opening', date });
  }
  return stay(next, ...effects);
}

/** True from the clinic's first hour of that day on, for a while. */
function isOpening(state: State, date: string): boolean {
  const weekday = Temporal.PlainDate.from(date).dayOfWeek;
  const hours = (state.clinic?.working_hours ?? []).filter((one) => one.weekday === weekday);
  const [opens] = hours.map((one) => one.opens).toSorted();
  if (opens === undefined) return false;
  const zone = timeZone(state);
  const at = Temporal.PlainDateTime.from(`${date}T${opens}`).toZonedDateTime(zone);
  const late_ms = serverNow(state) - at.epochMilliseconds;
  return late_ms >= 0 && late_ms < OPENING_LATE_MS;
}

/** After a sleep of the machine everything is asked for again at once, and the feed with it. */
export function wakeUp(before: State, state: State): Step {
  const slept_ms = state.now_ms - before.now_ms;
  if (slept_ms < SLEEP_MS || before.day === null) return stay(state);
  const reload = { ...state.reload, not_before_ms: state.now_ms, in_flight: false };
  return stay(wantReload({ ...state, reload, waiting: null }), { type: 'retry_feed' });
}

/** What is asked of the cache when a day did not come: only where nothing is on the board that could be read. */
export function askKept(state: State, problem: Problem): readonly Effect[] {
  if (problem.code !== 'unavailable' || state.board.length > 0) return [];
  return [{ type: 'read_kept', date: state.date }];
}

function takeKept(state: State, event: Extract<Event, { type: 'kept_read' }>): State {
  const { day } = event;
  const is_wanted = state.date === event.date && state.board.length === 0;
  if (!is_wanted || state.link.status !== 'offline') return state;
  if (day === null) return say(state, 'warn', wordsOf(state.session.lang).offline.not_kept);
  const data_ms = Temporal.Instant.from(day.as_of).epochMilliseconds - state.offset_ms;
  const board = makeBoard(day.items, serverNow(state), state.show_open);
  const shown = withOffline(
    { ...state, day, board, board_due_ms: 0, link: { ...state.link, data_ms } },
    { is_kept: true },
  );
  return keepCursor(shown, []);
}

/** Takes an answer in; null when it is none of these. */
export function takeOfflineAnswer(state: State, event: Event): Step | null {
  const words = wordsOf(state.session.lang).offline;
  switch (event.type) {
    case 'days_kept':
      return stay(withOffline(state, { is_keeping: false, has_complained: false }));
    case 'kept_read':
      return stay(takeKept(state, event));
    case 'found_kept': {
      const box = state.overlay;
      if (box?.screen !== 'find' || box.local === null || box.searched !== event.query) {
        return stay(state);
      }
      const known = new Set(box.local.map(({ id }) => id));
      const local = [...box.local, ...event.rows.filter(({ id }) => !known.has(id))];
      return stay({ ...state, overlay: { ...box, local } });
    }
    case 'sheet_printed': {
      const closed = state.overlay?.screen === 'print' ? { ...state, overlay: null } : state;
      const { title, warning } = event;
      if (warning === null) return stay(say(closed, 'ok', words.printed(title)));
      return stay(say(closed, 'warn', `${words.printed(title)} ${words.signs_lost}`));
    }
    default:
      return null;
  }
}

/** Something of this part failed; null when it was none of it. */
export function offlineFailed(state: State, effect: Effect, problem: Problem): Step | null {
  const words = wordsOf(state.session.lang).offline;
  switch (effect.type) {
    case 'keep_days': {
      const kept = withOffline(state, { is_keeping: false });
      // Nobody answered: the header says so already, and the next minute tries again.
      if (problem.code === 'unavailable' || problem.code === 'rate_limited') return stay(kept);
      const keep_due_ms = state.now_ms + KEEP_RETRY_MS;
      const quiet = withOffline(kept, { keep_due_ms, has_complained: true });
      if (state.offline.has_complained) return stay(quiet);
      return stay(say(quiet, 'warn', words.not_keeping(problem.detail)));
    }
    case 'find_kept':
      return stay(state);
    case 'read_kept':
      return stay(say(state, 'warn', words.not_kept));
    case 'print_sheet':
    case 'print_opening': {
      const box = state.overlay;
      const free =
        box?.screen === 'print' ? { ...state, overlay: { ...box, is_busy: false } } : state;
      return stay(say(free, 'error', words.not_printed(problem.detail)));
    }
    default:
      return null;
  }
}
