import { moveCursor } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import { type State, say } from './model.ts';
import type { BoardRow } from './rows.ts';
import { selectedRow } from './selectors.ts';

/** Marks on the board. They die with the screen and with the day: nobody acts on what is not seen. */

/** More than a day of one vet; each row is one request. */
const MARKS_MAX = 100;

/** The marked rows that the board still has, in its order. */
export function markedRows(state: State): readonly BoardRow[] {
  return state.marked.size === 0 ? [] : state.board.filter((row) => state.marked.has(row.id));
}

/** Marks the selected booking or takes its mark away, and goes on to the next row. */
export function toggleMark(state: State): State {
  const words = wordsOf(state.session.lang);
  const row = selectedRow(state);
  if (row === null || row.kind !== 'booking') return say(state, 'warn', words.refused_row);
  const marked = new Set(state.marked);
  if (!marked.delete(row.id)) {
    if (marked.size >= MARKS_MAX) return say(state, 'warn', words.desk.marks_full(MARKS_MAX));
    marked.add(row.id);
  }
  return moveCursor({ ...state, marked }, 1);
}

/** Takes all marks away. */
export function unmarkRows(state: State): State {
  const words = wordsOf(state.session.lang).desk;
  if (state.marked.size === 0) return say(state, 'info', words.no_marks);
  return { ...state, marked: new Set(), message: null };
}
