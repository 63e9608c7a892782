import type { FeedFrame } from '../domain/events.ts';
import { wordsOf } from './i18n/text.ts';
import { type State, type Step, say, stay } from './model.ts';
import type { TailEvent, TailState } from './model-jobs.ts';
import { layoutOf } from './selectors.ts';
import { aboutOf, bookingOf, isSameBooking, selectedEvent, tailRows } from './selectors-jobs.ts';

/** The tail of events: what the live feed said, newest first, standing still on demand. */

/** So many events are kept; with payloads about a megabyte. What is older the command line finds. */
export const TAIL_MAX = 500;
/** Looked back when the screen is first opened, so that it does not begin empty: numbers of all clinics. */
const HISTORY = 2_000;

export function withTail(state: State, change: Partial<TailState>): State {
  return { ...state, tail: { ...state.tail, ...change } };
}

function placed(items: readonly TailEvent[], event: TailEvent): readonly TailEvent[] {
  const index = items.findIndex((one) => one.sequence <= event.sequence);
  if (items[index]?.sequence === event.sequence) return items;
  const at = index < 0 ? items.length : index;
  return [...items.slice(0, at), event, ...items.slice(at)].slice(0, TAIL_MAX);
}

/** Keeps what the feed says. While it runs, the cursor stays on the newest where it was there. */
export function hearEvent(state: State, frame: FeedFrame): State {
  if (frame.type !== 'event' && frame.type !== 'gap') return state;
  const event: TailEvent =
    frame.type === 'gap' ? { kind: 'gap', sequence: frame.sequence } : { ...frame, kind: 'event' };
  const { tail } = state;
  const items = placed(tail.items, event);
  if (items === tail.items) return state;
  const last_sequence = Math.max(tail.last_sequence, event.sequence);
  const next = withTail(state, { items, last_sequence });
  if (tail.paused_at !== null) return next;
  return withTail(next, { cursor_seq: tailRows(next)[0]?.sequence ?? null, top: 0 });
}

/** True for an event that was told before: history that was asked for is no news. */
export function isOldNews(state: State, frame: FeedFrame): boolean {
  return frame.type === 'event' && frame.sequence <= state.tail.last_sequence;
}

/** Enters the screen; the first time with what happened before the console was opened. */
export function enterTail(state: State): Step {
  const { tail } = state;
  const newest = Math.max(tail.last_sequence, state.day?.sequence ?? 0);
  if (tail.has_history || newest === 0) return stay(state);
  const next = withTail(state, { has_history: true, last_sequence: newest });
  return stay(next, { type: 'follow', after: Math.max(0, newest - HISTORY) });
}

/** Stands still at what is shown, or runs on from the newest. */
export function pauseTail(state: State, is_paused = state.tail.paused_at === null): State {
  const { tail } = state;
  if (!is_paused) {
    const running = withTail({ ...state, message: null }, { paused_at: null, top: 0 });
    return withTail(running, { cursor_seq: tailRows(running)[0]?.sequence ?? null });
  }
  if (tail.paused_at !== null) return state;
  return withTail(state, { paused_at: tail.items[0]?.sequence ?? tail.last_sequence });
}

/** Moves the cursor by rows, or to an end with ±Infinity. Leaving the newest stops the list. */
export function moveTail(state: State, by: number): State {
  const rows = tailRows(state);
  const index = rows.findIndex((event) => event.sequence === state.tail.cursor_seq);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  const stopped = to > 0 ? pauseTail(state, true) : state;
  return withTail(stopped, { cursor_seq: rows[to]?.sequence ?? null });
}

/** Goes to the next older event about the same booking. */
export function nextOfSame(state: State): State {
  const words = wordsOf(state.session.lang).jobs;
  const here = selectedEvent(state);
  if (here === null) return say(state, 'info', words.no_event_here);
  const next = tailRows(state).find(
    (event) => event.sequence < here.sequence && isSameBooking(event, here),
  );
  if (next === undefined) return say(state, 'info', words.no_more_of_same(aboutOf(state, here)));
  return withTail(pauseTail(state, true), { cursor_seq: next.sequence });
}

/** The `/` text of the tail. */
export function filterTail(state: State, filter: string): State {
  const next = withTail(state, { filter, top: 0 });
  const rows = tailRows(next);
  const is_kept = rows.some((event) => event.sequence === next.tail.cursor_seq);
  return is_kept ? next : withTail(next, { cursor_seq: rows[0]?.sequence ?? null });
}

export function tailRoom(state: State): number {
  return Math.max(1, layoutOf(state).list_rows);
}

/** Scrolls so that the cursor is on screen, and no further than the last page. */
export function keepEventInView(state: State): State {
  const rows = tailRows(state);
  const room = tailRoom(state);
  const index = rows.findIndex((event) => event.sequence === state.tail.cursor_seq);
  let top = Math.min(state.tail.top, Math.max(0, rows.length - room));
  if (index >= 0 && index < top) top = index;
  if (index >= top + room) top = index - room + 1;
  return top === state.tail.top ? state : withTail(state, { top });
}

/** Everything that is known of the booking behind the event. */
export function openEventBooking(state: State): Step {
  const words = wordsOf(state.session.lang).jobs;
  const event = selectedEvent(state);
  const reference_code = event === null ? null : bookingOf(state, event);
  if (reference_code === null) return stay(say(state, 'info', words.no_booking_here));
  const box = { screen: 'trace', reference_code, trace: null, top: 0 } as const;
  return stay({ ...pauseTail(state, true), overlay: box }, { type: 'load_trace', reference_code });
}
