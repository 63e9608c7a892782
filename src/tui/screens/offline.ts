import { padEndWidth, plainLine } from '../../domain/width.ts';
import { dateOf } from '../actions.ts';
import { dateText, wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { CallerBox, PrintBox } from '../model-offline.ts';
import { sheetChoices } from '../paper-box.ts';
import { layoutOf } from '../selectors.ts';
import { type Line, lineOf, span } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { ownerLines } from './find.ts';

/** The dialog that prints, and the card of whoever rings. */

const NAME_COLUMNS = 32;
/** Title, blank, copies, blank, keys. */
const PRINT_CHROME = 7;

/** Whose sheet, how many, and the keys. */
export function printScreen(state: State, box: PrintBox): Screen {
  const words = wordsOf(state.session.lang).offline;
  const { body_rows } = layoutOf(state);
  const { columns } = state;
  const choices = sheetChoices(state);
  const room = Math.max(1, body_rows - PRINT_CHROME);
  const top = Math.max(0, Math.min(box.index - room + 1, choices.length - room));
  const date = state.day === null ? '' : dateText(state.day.date, state.session.lang);
  const is_kept = state.offline.is_kept || state.link.status === 'offline';
  const rows = choices.slice(top, top + room).map((choice, index): Line => {
    const is_here = top + index === box.index;
    const name = padEndWidth(plainLine(choice.name), NAME_COLUMNS);
    const text = ` ${is_here ? '>' : ' '} ${name} ${words.visits(choice.visits)}`;
    return lineOf(text, columns, is_here ? 'selected' : 'plain');
  });
  const lines: readonly Line[] = [
    [span(` ${words.print_title(date)}`, 'bold')],
    [span(is_kept ? `   ${words.print_kept}` : '', 'warn')],
    ...rows,
    [span('')],
    [span(`   ${words.copies(box.copies)}`)],
    [span('')],
    [span(` ${box.is_busy ? words.printing : words.print_keys}`, 'dim')],
  ];
  const cursor = { x: 1, y: 2 + box.index - top };
  return { lines: fillLines(lines, body_rows, columns), cursor };
}

function bodyLines(state: State, { call }: CallerBox): readonly Line[] {
  const words = wordsOf(state.session.lang).offline;
  const { columns } = state;
  if (call.card !== null) return ownerLines(state, call.card, columns);
  if (call.local !== null) {
    const head: Line = [span(` ${words.call_kept(call.local.length)}`, 'warn')];
    const rows = call.local.map(({ row }): Line => {
      const { time, pet_name, owner_name, service_name, staff_name, reference_code } = row;
      const day = dateOf(state, row.starts_at).slice(5);
      const parts = [pet_name, owner_name, service_name, staff_name, reference_code];
      const text = parts.filter((part) => part !== null).join('  ');
      return [span(`   ${day} ${time}  ${plainLine(text)}`)];
    });
    return [head, [span('')], ...rows];
  }
  if (call.owners === null) return [[span(` ${words.call_looking}`, 'dim')]];
  if (call.owners.length === 0) return [[span(` ${words.call_nobody}`, 'warn')]];
  const names = call.owners.map((owner): Line => {
    const pets = owner.pets.map((pet) => pet.name).join(', ');
    return [span(`   ${plainLine(`${owner.full_name}  ${owner.phone ?? ''}  ${pets}`)}`)];
  });
  return [[span(` ${words.call_several(call.owners.length)}`, 'accent')], ...names];
}

/** The card of whoever rings. */
export function callerScreen(state: State, box: CallerBox): Screen {
  const words = wordsOf(state.session.lang).offline;
  const { body_rows } = layoutOf(state);
  const { columns } = state;
  const title = words.call_title(plainLine(box.call.number));
  return {
    lines: [
      lineOf(` ${title}`, columns, 'selected'),
      ...fillLines(bodyLines(state, box), body_rows - 2, columns),
      lineOf(` ${words.call_keys}`, columns, 'dim'),
    ],
    cursor: null,
  };
}
