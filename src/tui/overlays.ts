import { dateOf, runAction } from './actions.ts';
import { nextKey, openBook } from './book-open.ts';
import { changeDay, keepInView } from './day.ts';
import { edit } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type Binding, bindings, foldKey, keyName } from './keys.ts';
import { stopLoad } from './load.ts';
import { filterLocks } from './locks.ts';
import {
  type ConfirmBox,
  type Field,
  type FilterBox,
  type FindBox,
  type ListBox,
  type Owner,
  type State,
  type Step,
  stay,
} from './model.ts';
import { actionRefusal } from './refused.ts';
import { foldText } from './rows.ts';
import { GUARD_MS, visibleRows } from './selectors.ts';
import { filterTail } from './tail.ts';
import { rowTarget } from './target.ts';

/** Find, filter, help and the dialogs: what their keys do. */

const SEARCH_AFTER_MS = 150;
const SEARCH_LETTERS_MIN = 2;

function withFind(state: State, box: FindBox, change: Partial<FindBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

/** Text that was typed or pasted into the find box. */
export function typeFind(state: State, box: FindBox, field: Field): State {
  if (field.text === box.field.text) return withFind(state, box, { field });
  const is_long = field.text.trim().length >= SEARCH_LETTERS_MIN;
  return withFind(state, box, {
    field,
    index: 0,
    owners: is_long ? box.owners : [],
    due_ms: is_long ? state.now_ms + SEARCH_AFTER_MS : null,
    open_when_found: false,
  });
}

function openOwner(state: State, owner: Owner): Step {
  const visit = owner.next_visit;
  if (visit === null) return bookFor(state, owner);
  const date = dateOf(state, visit.starts_at);
  const closed = { ...state, overlay: null, filter: '' };
  if (date !== state.day?.date) return stay(changeDay(closed, date, visit.booking_id));
  const row = closed.board.find(({ row }) => row.booking_id === visit.booking_id);
  return stay({ ...closed, cursor_id: row?.id ?? state.cursor_id });
}

function bookFor(state: State, owner: Owner): Step {
  const refused = actionRefusal(state, 'book_found');
  if (refused !== null) return runAction(state, 'book_found');
  return openBook(state, { owner });
}

/** One key in the find box. */
export function findKey(state: State, box: FindBox, key: string): Step {
  const owner = box.owners[box.index];
  switch (key) {
    case 'esc':
      return stay({ ...state, overlay: null });
    case 'down':
    case 'up': {
      const to = box.index + (key === 'down' ? 1 : -1);
      const index = Math.max(0, Math.min(box.owners.length - 1, to));
      return stay(withFind(state, box, { index }));
    }
    case 'ctrl-g':
      return owner === undefined ? stay(state) : bookFor(state, owner);
    case 'enter':
      if (box.searched !== box.field.text.trim()) {
        const now = { due_ms: state.now_ms, open_when_found: true };
        return stay(withFind(state, box, box.field.text.trim() === '' ? {} : now));
      }
      return owner === undefined ? stay(state) : openOwner(state, owner);
    default: {
      const field = edit(box.field, key);
      return stay(field === null ? state : typeFind(state, box, field));
    }
  }
}

/** Starts the search that is due. */
export function pumpFind(state: State): Step {
  const box = state.overlay;
  if (box?.screen !== 'find' || box.due_ms === null || box.due_ms > state.now_ms)
    return stay(state);
  const query = box.field.text.trim();
  const next = withFind(state, box, { due_ms: null });
  return query === '' ? stay(next) : stay(next, { type: 'search', target: 'find', query });
}

/** The answer of a search. An exact reference, or Enter before it came, opens the only hit. */
export function takeFound(state: State, query: string, owners: readonly Owner[]): Step {
  const box = state.overlay;
  if (box?.screen !== 'find' || box.field.text.trim() !== query) return stay(state);
  const found = withFind(state, box, { owners, index: 0, searched: query });
  const [only] = owners;
  const is_sure = owners.length === 1 && only !== undefined && only.matched_by !== 'near';
  return box.open_when_found && is_sure ? openOwner(found, only) : stay(found);
}

/** One key of the `/` line; the board follows each letter. */
export function filterKey(state: State, box: FilterBox, key: string): Step {
  if (key === 'esc' && state.place === 'locks') {
    return stay(filterLocks({ ...state, overlay: null }, ''));
  }
  if (key === 'esc' && state.place === 'events') {
    return stay(filterTail({ ...state, overlay: null }, ''));
  }
  if (key === 'esc') return stay(keepInView({ ...state, overlay: null, filter: '' }));
  if (key === 'enter') return stay({ ...state, overlay: null });
  if (key === 'down' || key === 'up') return runAction({ ...state, overlay: null }, key);
  const field = edit(box.field, key);
  return stay(field === null ? state : typeFilter(state, box, field));
}

/** Puts the filter in force; the cursor goes to the first row that is left when its own is not. */
export function typeFilter(state: State, box: FilterBox, field: Field): State {
  if (state.place === 'locks') {
    return filterLocks({ ...state, overlay: { ...box, field } }, field.text);
  }
  if (state.place === 'events') {
    return filterTail({ ...state, overlay: { ...box, field } }, field.text);
  }
  const filtered: State = { ...state, filter: field.text, overlay: { ...box, field }, top: 0 };
  const rows = visibleRows(filtered);
  const is_kept = rows.some((row) => row.id === state.cursor_id);
  return is_kept ? filtered : { ...filtered, cursor_id: rows[0]?.id ?? state.cursor_id };
}

/** The help list: what the keys of the screen below do, found by key or word. */
export function helpRows(state: State, text: string): readonly Binding[] {
  const words = wordsOf(state.session.lang);
  const wanted = foldText(text).trim();
  return bindings.filter((row) => {
    if (!row.screens.includes(state.place)) return false;
    const label = foldText(words.actions[row.id]);
    const is_key = row.keys.some((key) => keyName(key).toLowerCase() === wanted);
    return wanted === '' || is_key || label.includes(wanted);
  });
}

/** One key in the help list; Enter does what the marked line says. */
export function helpKey(state: State, box: ListBox, key: string): Step {
  const rows = helpRows(state, box.field.text);
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (key === 'enter') {
    const row = rows[box.index];
    return row === undefined ? stay(state) : runAction({ ...state, overlay: null }, row.id);
  }
  if (key === 'down' || key === 'up') {
    const to = box.index + (key === 'down' ? 1 : -1);
    const index = Math.max(0, Math.min(rows.length - 1, to));
    return stay({ ...state, overlay: { ...box, index } });
  }
  const field = edit(box.field, key);
  return stay(field === null ? state : { ...state, overlay: { ...box, field, index: 0 } });
}

function confirmCancel(state: State, box: Extract<ConfirmBox, { kind: 'cancel' }>): Step {
  const refused = actionRefusal(state, 'confirm_yes');
  if (refused !== null) return runAction({ ...state, overlay: null }, 'confirm_yes');
  const { booking_id, version } = box.row.row;
  if (box.quote === null || booking_id === null || version === null) return stay(state);
  const saw = rowTarget(state, box.row);
  if (saw === null) return stay(state);
  const [next, key] = nextKey({ ...state, overlay: null });
  const busy = new Set(next.busy).add(booking_id);
  return stay(
    { ...next, busy },
    { type: 'cancel', saw, booking_id, by: box.by, expected_version: version, key },
  );
}

/** One key in a dialog. Enter and Esc are safe; only `y` does it, and not in the first moments. */
export function confirmKey(state: State, box: ConfirmBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (state.now_ms < box.guard_until_ms) return stay(state);
  const folded = foldKey(key);
  if (folded === 'enter') return stay({ ...state, overlay: null });
  if (box.kind === 'stop_load') return folded === 'y' ? stopLoad(state) : stay(state);
  if (box.kind !== 'cancel') {
    return folded === 'y' ? stay(state, { type: 'quit', code: 0 }) : stay(state);
  }
  if (folded === 'y') return confirmCancel(state, box);
  if (folded !== 'w' || box.row.row.booking_id === null) return stay(state);
  const by = box.by === 'owner' ? 'clinic' : 'owner';
  const guard_until_ms = state.now_ms + GUARD_MS;
  return stay(
    { ...state, overlay: { ...box, by, quote: null, guard_until_ms } },
    { type: 'quote', booking_id: box.row.row.booking_id, by },
  );
}
