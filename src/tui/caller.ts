import { mayAccess } from '../domain/roles.ts';
import { openBook } from './book-open.ts';
import { showCall } from './caller-open.ts';
import { goToVisit, visitToday } from './find.ts';
import { openFind } from './find-open.ts';
import { wordsOf } from './i18n/text.ts';
import { foldKey } from './keys.ts';
import { type Effect, type Event, type State, type Step, say, stay } from './model.ts';
import type { Call, CallerBox } from './model-offline.ts';
import { actionRefusal } from './refused.ts';

/** Who rings: shown at once over a list, but never over a dialog; there it waits on a line of its own. */

/** More rang than anybody can call back from memory; the oldest goes. */
const CALLS_MAX = 5;

/** The telephone rings. */
function ring(state: State, number: string): Step {
  // Whoever may not look owners up is not told who they are; `petpro call` says so to its caller.
  if (!mayAccess(state.session.role, 'desk')) return stay(state);
  const call: Call = { number, at_ms: state.now_ms, owners: null, card: null, local: null };
  const others = state.calls.filter((one) => one.number !== number);
  const effect: Effect = { type: 'look_up', number };
  if (state.overlay === null) return stay(showCall({ ...state, calls: others }, call), effect);
  return stay({ ...state, calls: [...others, call].slice(-CALLS_MAX) }, effect);
}

/** Writes what is known by now into the call, wherever it waits. */
function known(state: State, event: Extract<Event, { type: 'caller_known' }>): State {
  const { number, owners, card, local } = event;
  const fill = (call: Call) => (call.number === number ? { ...call, owners, card, local } : call);
  const box = state.overlay;
  const overlay = box?.screen === 'caller' ? { ...box, call: fill(box.call) } : box;
  return { ...state, overlay, calls: state.calls.map(fill) };
}

/** Takes an event of this part in; null when it is none. */
export function takeCall(state: State, event: Event): Step | null {
  if (event.type === 'rang') return ring(state, event.number);
  return event.type === 'caller_known' ? stay(known(state, event)) : null;
}

/** Looking up failed for another reason than a lost line: the number itself is still worth showing. */
export function callFailed(state: State, effect: Effect, text: string): Step | null {
  if (effect.type !== 'look_up') return null;
  const { number } = effect;
  const empty = { type: 'caller_known', number, owners: [], card: null, local: null } as const;
  return stay(say(known(state, { ...empty, at_ms: state.now_ms }), 'error', text));
}

/** Back to what was open before the call was looked at. */
const closed = (state: State, box: CallerBox): State => ({ ...state, overlay: box.under });

function book(state: State, box: CallerBox): Step {
  const words = wordsOf(state.session.lang).offline;
  const refused = actionRefusal(state, 'caller_book');
  if (refused !== null) return stay(say(state, 'warn', refused));
  // A form that was begun for somebody else is not overwritten.
  if (box.under?.screen === 'book') return stay(say(closed(state, box), 'warn', words.form_open));
  const { owners, number } = box.call;
  const [only] = owners ?? [];
  const here: State = { ...state, place: 'board', overlay: null };
  const is_sure = owners?.length === 1 && only !== undefined;
  return openBook(here, is_sure ? { owner: only } : { text: number });
}

function look(state: State, box: CallerBox): Step {
  const { owners, number } = box.call;
  const [only] = owners?.length === 1 ? owners : [];
  const visit = only === undefined ? null : (visitToday(state, only) ?? only.next_visit);
  if (visit !== null && visit.clinic_id === state.session.clinic_id) {
    return goToVisit(closed(state, box), visit.starts_at, visit.booking_id);
  }
  return stay(openFind(state, number));
}

/** One key of the card. */
export function callerKey(state: State, box: CallerBox, key: string): Step {
  if (state.now_ms < box.guard_until_ms && key !== 'ctrl-o') return stay(state);
  switch (foldKey(key)) {
    case 'esc':
    case 'q':
      return stay(closed(state, box));
    case 'b':
      return book(state, box);
    case 'enter':
      return look(state, box);
    default:
      return stay(state);
  }
}
