import { wordsOf } from './i18n/text.ts';
import { foldKey } from './keys.ts';
import { type State, type Step, say, stay } from './model.ts';
import type { PrintBox } from './model-offline.ts';

/** The dialog that prints the day sheet. Printing harms nothing, so Enter prints. */

export type SheetChoice = {
  readonly staff_id: string | null;
  readonly per_vet: boolean;
  readonly name: string;
  readonly visits: number;
};

/** Whose sheets can be printed: all together, one for each, and every vet of the day alone. */
export function sheetChoices(state: State): readonly SheetChoice[] {
  const words = wordsOf(state.session.lang).offline;
  const rows = (state.day?.items ?? []).filter(
    ({ kind, status }) => (kind === 'booking' || kind === 'hold') && status !== 'cancelled',
  );
  const vets = [...Map.groupBy(rows, (row) => row.staff_id)]
    .filter((pair): pair is [string, typeof rows] => pair[0] !== null)
    .map(([staff_id, own]) => ({
      staff_id,
      per_vet: false,
      name: own[0]?.staff_name ?? '',
      visits: own.length,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const all = { staff_id: null, visits: rows.length };
  return [
    { ...all, per_vet: false, name: words.whole },
    { ...all, per_vet: true, name: words.each_vet },
    ...vets,
  ];
}

/** Opens the dialog; the board's own day is printed, whatever the line is. */
export function openPrint(state: State): Step {
  const words = wordsOf(state.session.lang);
  const is_here = state.day !== null && (state.date === null || state.day.date === state.date);
  if (!is_here) return stay(say(state, 'warn', words.loading));
  const box: PrintBox = { screen: 'print', index: 0, copies: 1, is_busy: false };
  return stay({ ...state, message: null, overlay: box });
}

/** One key of the dialog. */
export function printKey(state: State, box: PrintBox, key: string): Step {
  const choices = sheetChoices(state);
  const folded = foldKey(key);
  const to = (index: number): Step =>
    stay({
      ...state,
      overlay: { ...box, index: Math.max(0, Math.min(choices.length - 1, index)) },
    });
  if (folded === 'esc') return stay({ ...state, overlay: null });
  if (folded === 'up' || folded === 'k') return to(box.index - 1);
  if (folded === 'down' || folded === 'j') return to(box.index + 1);
  if (/^[1-9]$/.test(folded)) {
    return stay({ ...state, overlay: { ...box, copies: Number(folded) } });
  }
  const choice = choices[box.index];
  const is_go = folded === 'enter' || folded === 'p';
  if (!is_go || box.is_busy || choice === undefined || state.day === null) return stay(state);
  const { staff_id, per_vet } = choice;
  return stay(
    { ...state, overlay: { ...box, is_busy: true } },
    {
      type: 'print_sheet',
      day: state.day,
      staff_id,
      per_vet,
      copies: box.copies,
      is_kept: state.offline.is_kept || state.link.status === 'offline',
    },
  );
}
