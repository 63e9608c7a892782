import { nextKey } from './book-open.ts';
import { wordsOf } from './i18n/text.ts';
import { foldKey } from './keys.ts';
import { type Problem, type State, type Step, say, stay } from './model.ts';
import type { DeskResult, JournalBox, JournalItem } from './model-desk.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS } from './selectors.ts';

/** The server's journal: what this person did in the last day and can still take back. */

/** Opens it; the server is asked at once. */
export function openJournal(state: State): Step {
  const guard_until_ms = state.now_ms + GUARD_MS;
  const overlay: JournalBox = { screen: 'journal', items: null, index: 0, guard_until_ms };
  return stay({ ...state, overlay, message: null }, { type: 'load_journal' });
}

/** The name on the board, where the visit is of the shown day; else its reference. */
export function journalName(state: State, item: JournalItem): string {
  const row = state.board.find((one) => one.row.booking_id === item.booking_id)?.row;
  return row?.pet_name ?? row?.owner_name ?? item.reference_code;
}

export function takeJournal(
  state: State,
  { items }: Extract<DeskResult, { type: 'journal_loaded' }>,
): State {
  const box = state.overlay;
  if (box?.screen !== 'journal') return state;
  // What is to be read has only now appeared.
  const guard_until_ms = state.now_ms + GUARD_MS;
  return { ...state, overlay: { ...box, items, index: 0, guard_until_ms } };
}

export function journalFailed(state: State, _problem: Problem, text: string): State {
  const closed = state.overlay?.screen === 'journal' ? { ...state, overlay: null } : state;
  return say(closed, 'error', text);
}

function takeBack(state: State, item: JournalItem): Step {
  const words = wordsOf(state.session.lang);
  const refused = actionRefusal(state, 'journal_go');
  if (refused !== null) return stay(say(state, 'warn', refused));
  const { booking_id, version } = item;
  if (state.busy.has(booking_id)) return stay(say(state, 'warn', words.busy));
  const busy = new Set(state.busy).add(booking_id);
  const [next, key] = nextKey({ ...state, busy, overlay: null });
  const undo = { booking_id, version, name: journalName(state, item), until_ms: 0 };
  return stay(next, { type: 'undo', undo, key });
}

/** One key of the journal. Enter and Esc leave everything as it is. */
export function journalKey(state: State, box: JournalBox, key: string): Step {
  const folded = foldKey(key);
  if (folded === 'esc' || folded === 'enter') return stay({ ...state, overlay: null });
  const items = box.items ?? [];
  const by = { up: -1, k: -1, down: 1, j: 1 }[folded];
  if (by !== undefined) {
    const index = Math.max(0, Math.min(items.length - 1, box.index + by));
    return stay({ ...state, overlay: { ...box, index } });
  }
  const item = items[box.index];
  if (folded !== 'y' || item === undefined || state.now_ms < box.guard_until_ms) return stay(state);
  return takeBack(state, item);
}
