import type { State } from './model.ts';
import type { BoardRow, DayRow } from './rows.ts';
import { visibleRows } from './selectors.ts';

/** The board with a column for each vet: who is where at one look. The rows are those of the list. */

/** Whoever has no vet stands in a column of their own. */
export const NO_VET = '-';

export type VetCell = { readonly row: BoardRow; readonly part: DayRow };

export function vetOf(part: DayRow): string {
  return part.staff_name ?? NO_VET;
}

/** Vets of the day, by name; the column without a vet last. */
export function vetsOf(state: State): readonly string[] {
  const names = new Set(visibleRows(state).flatMap((row) => row.group.map(vetOf)));
  const known = [...names].filter((name) => name !== NO_VET).toSorted();
  return names.has(NO_VET) ? [...known, NO_VET] : known;
}

/** What a vet has, in the order of the day. */
export function cellsOf(state: State, vet: string): readonly VetCell[] {
  return visibleRows(state).flatMap((row) => {
    const part = row.group.find((one) => vetOf(one) === vet);
    return part === undefined ? [] : [{ row, part }];
  });
}

/** The column that the cursor is in: the chosen one, as long as the row under the cursor has it. */
export function vetHere(state: State): string | null {
  const row = visibleRows(state).find((one) => one.id === state.cursor_id);
  if (row === undefined) return state.vet ?? vetsOf(state)[0] ?? null;
  const vets = row.group.map(vetOf);
  return vets.find((vet) => vet === state.vet) ?? vets[0] ?? null;
}

/** Turns the view over; the cursor stays on its row. */
export function toggleVets(state: State): State {
  const board_view = state.board_view === 'list' ? 'vets' : 'list';
  return { ...state, board_view, vet: vetHere(state), message: null };
}

/** Up and down within a column, or to an end with ±Infinity. */
export function moveInColumn(state: State, by: number): State {
  const vet = vetHere(state);
  if (vet === null) return state;
  const cells = cellsOf(state, vet);
  const index = cells.findIndex(({ row }) => row.id === state.cursor_id);
  const to = Math.max(0, Math.min(cells.length - 1, Math.max(0, index) + by));
  return { ...state, vet, cursor_id: cells[to]?.row.id ?? state.cursor_id };
}

/** To the next vet, at the time that is nearest. */
export function moveColumn(state: State, by: 1 | -1): State {
  const vets = vetsOf(state);
  const here = vetHere(state);
  const vet = vets[vets.indexOf(here ?? '') + by];
  if (vet === undefined) return state;
  const now = visibleRows(state).find((row) => row.id === state.cursor_id);
  const far = (cell: VetCell) => Math.abs(cell.row.starts_ms - (now?.starts_ms ?? 0));
  const [nearest] = cellsOf(state, vet).toSorted((a, b) => far(a) - far(b));
  return nearest === undefined ? state : { ...state, vet, cursor_id: nearest.row.id };
}
