import { type ActionId, bindingOf } from './keys.ts';
import type { Place } from './model.ts';

/** The words of the `:` line: those of the command line, and what only a screen has. */

export type Command = {
  readonly word: string;
  /** Two letters, as desks know them from VistA (CI, NS, CA, MA); domain/desk-words.ts has them too. */
  readonly short: string;
  /** `rows`: one or several (`6 8-9`). */
  readonly argument: 'rows' | 'row' | 'text' | 'day' | 'theme' | null;
  readonly action: ActionId;
  /** The same act on the command line, whose words are taken here too; null where there is none. */
  readonly cli: string | null;
};

type Row = readonly [string, string, Command['argument'], ActionId, string | null];

const rows: readonly Row[] = [
  ['check-in', 'ci', 'rows', 'arrived', 'check-in'],
  ['start', 'in', 'row', 'in_room', 'start'],
  ['complete', 'co', 'rows', 'complete', 'complete'],
  ['no-show', 'ns', 'rows', 'no_show', 'no-show'],
  ['cancel', 'ca', 'row', 'cancel', 'cancel'],
  ['show', 'sh', 'row', 'open', 'bookings show'],
  ['copy', 'cp', 'row', 'copy', null],
  ['book', 'ma', 'text', 'book', 'book'],
  ['hold', 'ho', null, 'hold', 'hold create'],
  ['reschedule', 'mv', 'row', 'move', 'reschedule'],
  ['pay', 'pa', 'row', 'pay', 'pay'],
  ['receipt', 'rc', 'row', 'receipt', 'receipts print'],
  ['link', 'li', 'row', 'link', 'payments link'],
  ['resend', 'rs', 'rows', 'resend', 'bookings resend'],
  ['trace', 'tr', 'row', 'trace', 'bookings trace'],
  ['undo', 'un', 'row', 'undo', 'undo'],
  ['redo', 'rd', null, 'redo', null],
  ['journal', 'jn', null, 'journal', 'undo list'],
  ['mark', 'mk', 'rows', 'mark', null],
  ['unmark', 'um', null, 'unmark', null],
  ['find', 'fi', 'text', 'find', 'find'],
  ['filter', 'fl', 'text', 'filter', null],
  ['waitlist', 'wl', null, 'waitlist', 'waitlist list'],
  ['day', 'da', 'day', 'day_today', null],
  ['today', 'to', null, 'day_today', 'today'],
  ['vets', 've', null, 'vet_columns', null],
  ['board', 'bd', null, 'screen_board', null],
  ['money', 'my', null, 'screen_money', 'payments day'],
  ['locks', 'lo', null, 'screen_locks', 'locks list'],
  ['jobs', 'jo', null, 'screen_jobs', 'jobs list'],
  ['health', 'hl', null, 'screen_health', 'alerts list'],
  ['print', 'pr', null, 'print_sheet', null],
  ['load', 'ld', null, 'screen_load', 'load list'],
  ['events', 'ev', null, 'screen_events', 'events tail'],
  ['user', 'us', null, 'switch_user', 'auth switch'],
  ['theme', 'th', 'theme', 'theme', null],
  ['resync', 're', null, 'resync', null],
  ['help', 'he', 'text', 'help', 'help'],
  ['quit', 'q', null, 'quit', null],
];

export const commands: readonly Command[] = rows.map(([word, short, argument, action, cli]) => {
  return { word, short, argument, action, cli };
});

/** What was typed, taken apart: `bookings show 6` means what `show 6` means. */
export type Typed = { readonly word: string; readonly text: string };

/** The first words of the line as one command of this table, and what follows them. */
export function typedOf(line: string): Typed {
  const folded = line
    .normalize('NFKC')
    .trim()
    .replace(/^(?:petpro\s+)+/i, '');
  const words = folded.split(/\s+/);
  const two = words.slice(0, 2).join(' ').toLowerCase();
  const path = commands.find(({ cli }) => cli?.includes(' ') && cli === two);
  const text = (from: number) => words.slice(from).join(' ');
  if (path !== undefined) return { word: path.word, text: text(2) };
  return { word: (words[0] ?? '').toLowerCase(), text: text(1) };
}

/** True when the command can be given on this screen. */
export function isHere(command: Command, place: Place): boolean {
  return bindingOf(command.action).screens.includes(place);
}

/** Commands of the screen that begin with what was typed; all of them for an empty line. */
export function suggestions(text: string, place: Place = 'board'): readonly Command[] {
  const { word } = typedOf(text);
  const two = text.trim().toLowerCase();
  return commands.filter((row) => {
    const begins = row.word.startsWith(word) || row.short === word;
    return (begins || (two !== '' && row.cli?.startsWith(two) === true)) && isHere(row, place);
  });
}

/** How many letters have to change to make one of the other. */
export function distance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    let corner = row[0] ?? 0;
    row[0] = i;
    for (let j = 1; j <= b.length; j += 1) {
      const above = row[j] ?? 0;
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above + 1, (row[j - 1] ?? 0) + 1, corner + change);
      corner = above;
    }
  }
  return row[b.length] ?? 0;
}

/** The command that was probably meant; null when nothing is near. */
export function nearest(word: string): string | null {
  const near = commands
    .map((row) => ({ word: row.word, far: distance(word, row.word) }))
    .toSorted((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= 2 ? near.word : null;
}

/**
 * The commands that a word can mean here: the one of that name, else those that begin so, are of use
 * on this screen (the way to where one is already is not) and can take what follows.
 */
export function meant(word: string, has_text: boolean, place: Place): readonly Command[] {
  const exact = commands.find((row) => row.word === word || row.short === word);
  if (exact !== undefined) return [exact];
  const begun = commands.filter((row) => row.word.startsWith(word));
  const of_use = begun.filter(
    (row) =>
      isHere(row, place) &&
      row.action !== `screen_${place}` &&
      (row.argument !== null || !has_text),
  );
  return of_use.length > 0 ? of_use : begun;
}
