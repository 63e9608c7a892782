import { nextKey } from './book-open.ts';
import { wantReload } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import { type ActionId, bindingFor } from './keys.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { WaitEntry, WaitlistBox, WaitlistEffect, WaitVerb } from './model-waitlist.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS, layoutOf } from './selectors.ts';

/** The waiting list over the board: it opens, follows the server while it is open, and takes keys. */

/** Title, column names, a rule, two facts, the keys. */
const WAITLIST_LINES = 6;

/** Rows that fit. */
export function waitlistRoom(state: State): number {
  return Math.max(1, layoutOf(state).body_rows - WAITLIST_LINES);
}

/** True when the effect belongs to the waiting list. */
export function isWaitlistEffect(effect: Effect): effect is WaitlistEffect {
  return effect.type === 'load_waitlist' || effect.type === 'change_waitlist';
}

function boxOf(state: State): WaitlistBox | null {
  return state.overlay?.screen === 'waitlist' ? state.overlay : null;
}

function withBox(state: State, change: Partial<WaitlistBox>): State {
  const box = boxOf(state);
  return box === null ? state : { ...state, overlay: { ...box, ...change } };
}

/** Opens the list; what it shows is asked for at once. */
export function openWaitlist(state: State): Step {
  const overlay: WaitlistBox = {
    screen: 'waitlist',
    items: null,
    cursor_id: null,
    first: 0,
    question: null,
    guard_until_ms: 0,
    wanted: true,
    in_flight: false,
    is_busy: false,
    problem: null,
  };
  return stay({ ...state, message: null, overlay });
}

/** News came: the list is asked for again, when it is open. */
export function wantWaitlist(state: State): State {
  return withBox(state, { wanted: true });
}

/** Asks for the list when it is due, one request at a time. */
export function pumpWaitlist(state: State): Step {
  const box = boxOf(state);
  if (box === null || !box.wanted || box.in_flight) return stay(state);
  return stay(withBox(state, { wanted: false, in_flight: true }), { type: 'load_waitlist' });
}

export function selectedEntry({ items, cursor_id }: WaitlistBox): WaitEntry | null {
  return items?.find(({ entry_id }) => entry_id === cursor_id) ?? null;
}

function scrolled(state: State, box: WaitlistBox): WaitlistBox {
  const rows = box.items ?? [];
  const room = waitlistRoom(state);
  const index = rows.findIndex(({ entry_id }) => entry_id === box.cursor_id);
  let first = Math.min(box.first, Math.max(0, rows.length - room));
  if (index >= 0 && index < first) first = index;
  if (index >= first + room) first = index - room + 1;
  return { ...box, first };
}

function take(state: State, box: WaitlistBox, items: readonly WaitEntry[]): State {
  // Who is served next stands first, as the server does it.
  const rows = items.toSorted(
    (a, b) => b.priority - a.priority || (a.created_at < b.created_at ? -1 : 1),
  );
  const index = box.items?.findIndex(({ entry_id }) => entry_id === box.cursor_id) ?? 0;
  const is_there = rows.some(({ entry_id }) => entry_id === box.cursor_id);
  const heir = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  const cursor_id = is_there ? box.cursor_id : (heir?.entry_id ?? null);
  const question = is_there ? box.question : null;
  const next = { ...box, items: rows, cursor_id, question, in_flight: false, problem: null };
  return { ...state, overlay: scrolled(state, next) };
}

function nameOf(entry: WaitEntry): string {
  return entry.pet_name ?? entry.owner_name ?? entry.entry_id.slice(-6);
}

function change(state: State, entry: WaitEntry, verb: WaitVerb): Step {
  const [next, key] = nextKey(withBox(state, { is_busy: true, question: null }));
  const { entry_id } = entry;
  return stay(next, { type: 'change_waitlist', verb, entry_id, name: nameOf(entry), key });
}

function act(state: State, box: WaitlistBox, id: ActionId): Step {
  const words = wordsOf(state.session.lang);
  const entry = selectedEntry(box);
  if (entry === null) return stay(state);
  if (box.is_busy) return stay(say(state, 'warn', words.busy));
  const is_offered = entry.status === 'offered';
  if (id === 'waitlist_offer') {
    if (is_offered) return stay(say(state, 'warn', words.waitlist.offered_already));
    return change(state, entry, 'offer');
  }
  if (id === 'waitlist_accept' && !is_offered) {
    return stay(say(state, 'warn', words.waitlist.nothing_offered));
  }
  const question = id === 'waitlist_accept' ? 'accept' : 'drop';
  return stay(withBox(state, { question, guard_until_ms: state.now_ms + GUARD_MS }));
}

function move(state: State, box: WaitlistBox, by: number): Step {
  const rows = box.items ?? [];
  const index = rows.findIndex(({ entry_id }) => entry_id === box.cursor_id);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  const cursor_id = rows[to]?.entry_id ?? null;
  return stay({ ...state, overlay: scrolled(state, { ...box, cursor_id }) });
}

const steps: Readonly<Record<string, number>> = {
  up: -1,
  k: -1,
  down: 1,
  j: 1,
  pgup: -10,
  pgdn: 10,
  home: Number.NEGATIVE_INFINITY,
  g: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
  G: Number.POSITIVE_INFINITY,
};

/** One key of the list. What cannot be taken back is asked about; the key that says yes is another. */
export function waitlistKey(state: State, box: WaitlistBox, key: string): Step {
  if (key === 'esc' || key === 'q') {
    const closed = box.question === null ? { ...state, overlay: null } : state;
    return stay(withBox(closed, { question: null }));
  }
  const by = steps[key];
  if (by !== undefined && box.question === null) return move(state, box, by);
  const binding = bindingFor('waitlist', key);
  if (binding === null) return stay(state);
  const refused = actionRefusal(state, binding.id);
  if (refused !== null) return stay(say(state, 'warn', refused));
  if (binding.id !== 'waitlist_yes') return act(state, box, binding.id);
  const entry = selectedEntry(box);
  const is_asked = box.question !== null && state.now_ms >= box.guard_until_ms;
  return is_asked && entry !== null && box.question !== null
    ? change(state, entry, box.question)
    : stay(state);
}

/** Takes an answer in; null when it is none of these. */
export function takeWaitlistAnswer(state: State, event: Event): Step | null {
  const box = boxOf(state);
  if (event.type === 'waitlist_loaded') {
    return stay(box === null ? state : take(state, box, event.items));
  }
  if (event.type !== 'waitlist_done') return null;
  const words = wordsOf(state.session.lang).waitlist;
  const { verb, name, reference_code } = event;
  const text = words.done[verb](name, reference_code ?? '');
  const next = withBox(say(state, 'ok', text), { is_busy: false, wanted: true });
  return stay(wantReload(next));
}

/** A request failed; null when it was none of these. */
export function waitlistFailed(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  if (!isWaitlistEffect(effect)) return null;
  const told = problem.detail === '' ? text : problem.detail;
  if (effect.type === 'load_waitlist') {
    return stay(withBox(say(state, 'error', text), { in_flight: false, problem: text }));
  }
  return stay(withBox(say(state, 'error', told), { is_busy: false, wanted: true }));
}
