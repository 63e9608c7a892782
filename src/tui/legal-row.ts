import { allowedMoves, type DeskMove, NO_SHOW_AFTER_MS } from '../domain/booking.ts';
import { wordsOf } from './i18n/text.ts';
import { refusedMove } from './legal.ts';
import type { State } from './model.ts';
import type { BoardRow } from './rows.ts';
import { clockText, serverNow } from './selectors.ts';

/** What a row of the board can be made to, before the server is asked. */

/** What the desk calls the row's state; late is no state. */
export function statusWord(state: State, row: BoardRow): string {
  const words = wordsOf(state.session.lang);
  if (row.letter === ' ') return words.open_row;
  return row.letter === '!' ? words.letters['-'] : words.letters[row.letter];
}

/** Why the row cannot make that move now; null when it can. The server decides again. */
export function moveRefusal(state: State, row: BoardRow, move: DeskMove): string | null {
  const words = wordsOf(state.session.lang);
  const { status } = row.row;
  if (row.kind !== 'booking' || status === null) return words.refused_row;
  const is_again = move === 'arrived' && row.row.arrived_at !== null;
  if (!allowedMoves(status).includes(move) || is_again) {
    return refusedMove(words, words.moves[move], status, row.row.arrived_at, state.columns);
  }
  const early_ms = row.starts_ms + NO_SHOW_AFTER_MS;
  if (move === 'no-show' && serverNow(state) < early_ms) {
    return words.refused_early(clockText(state, early_ms, 'minute'));
  }
  return null;
}
