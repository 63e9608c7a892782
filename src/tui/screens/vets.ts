import { plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import { countdown, layoutOf, serverNow, visibleRows } from '../selectors.ts';
import { cell, fitLine, type Line, lineOf, type Span, span } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import { cellsOf, type VetCell, vetHere, vetsOf } from '../vets.ts';
import { boardLines, letter_tones } from './board.ts';

/** The day with a column for each vet. Letters mean what they mean on the list. */

const TIME = 5;
/** Narrower columns would cut most names. */
const COLUMN_MIN = 14;

type Grid = { readonly lines: readonly Line[]; readonly cursor_y: number | null };

function cellText(state: State, one: VetCell, more: number): string {
  const words = wordsOf(state.session.lang);
  const { row, part } = one;
  const left = row.hold_ends_ms === null ? '' : countdown(row.hold_ends_ms, serverNow(state));
  const names = {
    booking: part.pet_name ?? part.owner_name ?? part.reference_code ?? '',
    hold: `${words.held_row} ${left}`,
    open: words.open_row,
    blocked: part.notes ?? words.blocked_row,
  };
  const beside = more > 0 ? ` +${more}` : '';
  return `${row.letter} ${plainLine(names[part.kind])}${beside}`;
}

function cellSpan(
  state: State,
  cells: readonly VetCell[],
  width: number,
  is_column: boolean,
): Span {
  const [first] = cells;
  if (first === undefined) return span(' '.repeat(width));
  // Free times of one moment are one row in several columns.
  const here = is_column ? cells.find(({ row }) => row.id === state.cursor_id) : undefined;
  const one = here ?? first;
  const is_marked = state.marked.has(one.row.id);
  const is_new = state.marks.has(one.row.id);
  const lead = here === undefined ? ' ' : '>';
  const text = `${lead}${cell(cellText(state, one, cells.length - 1), width - 3)}`;
  const tail = is_marked ? '+' : is_new ? '*' : one.row.unresolved ? '!' : ' ';
  const tone: SpanTone = here === undefined ? letter_tones[one.row.letter] : 'selected';
  return span(`${text}${tail} `, tone);
}

/** The vets that fit, the one under the cursor among them. */
function shownVets(vets: readonly string[], here: string | null, room: number): readonly string[] {
  const count = Math.max(1, Math.floor(room / COLUMN_MIN));
  if (vets.length <= count) return vets;
  const index = Math.max(0, vets.indexOf(here ?? ''));
  const from = Math.max(0, Math.min(index - Math.floor(count / 2), vets.length - count));
  return vets.slice(from, from + count);
}

/** The grid, exactly as many lines as the list would have. */
export function vetLines(state: State): Grid {
  const { list_columns, list_rows } = layoutOf(state);
  const rows = visibleRows(state);
  if (rows.length === 0) return boardLines(state);
  const words = wordsOf(state.session.lang);
  const here = vetHere(state);
  const vets = vetsOf(state);
  const shown = shownVets(vets, here, list_columns - TIME - 2);
  const width = Math.floor((list_columns - TIME - 2) / shown.length);
  const times = [...new Set(rows.map((row) => row.row.time))];
  const time = rows.find((row) => row.id === state.cursor_id)?.row.time ?? times[0] ?? '';
  const at = times.indexOf(time);
  const last_top = Math.max(0, times.length - list_rows);
  const top = Math.max(0, Math.min(at - Math.floor(list_rows / 2), last_top));
  const columns = shown.map((vet) => cellsOf(state, vet));
  const hidden = vets.length > shown.length ? ` ${shown.length}/${vets.length}` : '';
  const names = shown.map((vet) => cell(` ${vet}`, width)).join('');
  const head = `${cell(` ${words.heads.time}`, TIME + 2)}${names}`;
  const is_stale = state.link.status === 'offline';
  const lines: Line[] = [lineOf(`${head.trimEnd()}${hidden}`, list_columns, 'bold')];
  for (const one of times.slice(top, top + list_rows)) {
    const spans = columns.map((cells, index) => {
      const at_time = cells.filter(({ row }) => row.row.time === one);
      return cellSpan(state, at_time, width, shown[index] === here);
    });
    const dimmed = spans.map(
      (part): Span => (is_stale && part.tone !== 'selected' ? { ...part, tone: 'dim' } : part),
    );
    lines.push(fitLine([span(` ${cell(one, TIME)} `), ...dimmed, span('')], list_columns));
  }
  while (lines.length < list_rows + 1) lines.push(lineOf('', list_columns));
  return { lines, cursor_y: at < 0 ? null : at - top + 1 };
}
