import { runAction } from './actions.ts';
import { nextKey } from './book-open.ts';
import { keepInView } from './day.ts';
import { edit } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type Binding, bindings, foldKey, keyName } from './keys.ts';
import { keysHere } from './keys-remap.ts';
import { stopLoad } from './load.ts';
import { filterLocks } from './locks.ts';
import {
  type ConfirmBox,
  type Field,
  type FilterBox,
  type ListBox,
  type State,
  type Step,
  stay,
} from './model.ts';
import { commands } from './palette-words.ts';
import { actionRefusal } from './refused.ts';
import { foldText } from './rows.ts';
import { GUARD_MS, visibleRows } from './selectors.ts';
import { filterTail } from './tail.ts';
import { rowTarget } from './target.ts';

/** Filter, help and the dialogs: what their keys do. */

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

/**
 * The help list: what the keys of the screen below do, found by key, by word or by command. What is found by its
 * key comes first.
 */
export function helpRows(state: State, text: string): readonly Binding[] {
  const words = wordsOf(state.session.lang);
  const wanted = foldText(text.normalize('NFKC')).trim();
  const below = state.overlay?.screen === 'help' ? state.overlay.below : null;
  const screen = below?.screen ?? state.place;
  const here = bindings.filter((row) => row.screens.includes(screen));
  if (wanted === '') return here;
  const keysOf = (row: Binding) => keysHere(state.session.keys, row).map(keyName);
  // `z` is another key than `Z`, but who types one may mean the other.
  const isExact = (row: Binding) => keysOf(row).includes(text.trim());
  const isKey = (row: Binding) => keysOf(row).some((key) => key.toLowerCase() === wanted);
  const isWord = (row: Binding) =>
    foldText(words.actions[row.id]).includes(wanted) ||
    commands.some(
      ({ action, word, short }) =>
        action === row.id && (word.startsWith(wanted) || short === wanted),
    );
  const rank = (row: Binding) => (isExact(row) ? 0 : isKey(row) ? 1 : 2);
  return here.filter((row) => isKey(row) || isWord(row)).toSorted((a, b) => rank(a) - rank(b));
}

/** One key in the help list; Enter does what the marked line says. */
export function helpKey(state: State, box: ListBox, key: string): Step {
  const rows = helpRows(state, box.field.text);
  if (key === 'esc') return stay({ ...state, overlay: box.below });
  if (key === 'enter') {
    const row = rows[box.index];
    return row === undefined ? stay(state) : runAction({ ...state, overlay: box.below }, row.id);
  }
  const by = { up: -1, down: 1, pgup: -10, pgdn: 10 }[key];
  if (by !== undefined) {
    const index = Math.max(0, Math.min(rows.length - 1, box.index + by));
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
