import { AppError } from '../domain/errors.ts';
import { parseDay } from '../domain/when.ts';
import { runAction } from './actions.ts';
import { openBook } from './book-open.ts';
import { changeDay } from './day.ts';
import { edit, fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type ActionId, bindingOf } from './keys.ts';
import { type ListBox, type Place, type State, type Step, say, stay } from './model.ts';
import { instantOf, rowByName, serverNow, timeZone, today } from './selectors.ts';

/** The `:` line takes the words of the command line, and row numbers of the board. */

export type Command = {
  readonly word: string;
  /** Two letters, as desks know them from VistA (CI, NS, CA, MA). */
  readonly short: string | null;
  readonly argument: 'row' | 'text' | 'day' | null;
  readonly action: ActionId;
};

export const commands: readonly Command[] = [
  { word: 'check-in', short: 'ci', argument: 'row', action: 'arrived' },
  { word: 'start', short: 'st', argument: 'row', action: 'in_room' },
  { word: 'complete', short: 'co', argument: 'row', action: 'complete' },
  { word: 'no-show', short: 'ns', argument: 'row', action: 'no_show' },
  { word: 'cancel', short: 'ca', argument: 'row', action: 'cancel' },
  { word: 'show', short: 'sh', argument: 'row', action: 'open' },
  { word: 'copy', short: 'cp', argument: 'row', action: 'copy' },
  { word: 'book', short: 'ma', argument: 'text', action: 'book' },
  { word: 'find', short: 'fi', argument: 'text', action: 'find' },
  { word: 'day', short: 'da', argument: 'day', action: 'day_today' },
  { word: 'today', short: 'to', argument: null, action: 'day_today' },
  { word: 'board', short: 'bd', argument: null, action: 'screen_board' },
  { word: 'locks', short: 'lo', argument: null, action: 'screen_locks' },
  { word: 'jobs', short: 'jo', argument: null, action: 'screen_jobs' },
  { word: 'load', short: 'ld', argument: null, action: 'screen_load' },
  { word: 'events', short: 'ev', argument: null, action: 'screen_events' },
  { word: 'resync', short: 're', argument: null, action: 'resync' },
  { word: 'help', short: 'he', argument: null, action: 'help' },
  { word: 'quit', short: 'q', argument: null, action: 'quit' },
];

/** Commands of the screen that begin with what was typed; all of them for an empty line. */
export function suggestions(text: string, place: Place = 'board'): readonly Command[] {
  const [word = ''] = text.trimStart().toLowerCase().split(/\s+/);
  return commands.filter(
    (row) =>
      (row.word.startsWith(word) || row.short === word) &&
      bindingOf(row.action).screens.includes(place),
  );
}

function distance(a: string, b: string): number {
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

function goToDay(state: State, text: string): Step {
  const words = wordsOf(state.session.lang);
  try {
    const now = instantOf(serverNow(state));
    const date = parseDay(text, { now, time_zone: timeZone(state), past: 'allow' });
    return stay(changeDay(state, date === today(state) ? null : date));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const said = state.session.lang === 'en' ? error.detail : words.when_hint;
    return stay(say(state, 'warn', said));
  }
}

/** Opens the find box with a text that is searched at once. */
export function openFind(state: State, text: string): Step {
  const step = runAction(state, 'find');
  const { overlay } = step.state;
  if (overlay?.screen !== 'find') return step;
  const box = { ...overlay, field: fieldOf(text), due_ms: text === '' ? null : state.now_ms };
  return stay({ ...step.state, overlay: box }, ...step.effects);
}

/**
 * The commands that a word can mean here: the one of that name, else those that begin so, are of use
 * on this screen (the way to where one is already is not) and can take what follows.
 */
function meant(word: string, has_text: boolean, place: Place): readonly Command[] {
  const exact = commands.find((row) => row.word === word || row.short === word);
  if (exact !== undefined) return [exact];
  const begun = commands.filter((row) => row.word.startsWith(word));
  const of_use = begun.filter(
    (row) =>
      bindingOf(row.action).screens.includes(place) &&
      row.action !== `screen_${place}` &&
      (row.argument !== null || !has_text),
  );
  return of_use.length > 0 ? of_use : begun;
}

/** Carries out one line, `ci 6`, `book 3456`, `day fri`. */
export function runCommand(closed: State, line: string): Step {
  const words = wordsOf(closed.session.lang);
  const folded = line.normalize('NFKC').trim();
  const [typed = '', ...rest] = folded.split(/\s+/);
  const text = rest.join(' ');
  const word = typed.toLowerCase();
  if (word === '') return stay(closed);
  const [command, ...others] = meant(word, text !== '', closed.place);
  if (command !== undefined && others.length > 0) {
    const names = [command, ...others].map((row) => `${row.word} (${row.short ?? row.word})`);
    return stay(say(closed, 'warn', words.several_commands(word, names.join(', '))));
  }
  if (command === undefined) {
    return stay(say(closed, 'warn', words.unknown_command(word, nearest(word))));
  }
  if (!bindingOf(command.action).screens.includes(closed.place)) {
    return stay(say(closed, 'info', words.other_screen));
  }
  if (command.argument === 'row' && text !== '') {
    const row = rowByName(closed, text);
    if (row === null) return stay(say(closed, 'warn', words.no_such_row(text)));
    return runAction({ ...closed, cursor_id: row.id }, command.action, row);
  }
  if (command.argument === 'day' && text !== '') return goToDay(closed, text);
  if (command.action === 'find') return openFind(closed, text);
  if (command.action === 'book' && text !== '') {
    const step = runAction(closed, 'book');
    return step.state.overlay?.screen === 'book' ? openBook(closed, { text }) : step;
  }
  return runAction(closed, command.action);
}

/** One key in the `:` line. */
export function paletteKey(state: State, box: ListBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (key === 'enter') return runCommand({ ...state, overlay: null }, box.field.text);
  if (key === 'tab') {
    const [first] = suggestions(box.field.text, state.place);
    if (first === undefined || /\s/.test(box.field.text.trim())) return stay(state);
    const field = fieldOf(first.argument === null ? first.word : `${first.word} `);
    return stay({ ...state, overlay: { ...box, field } });
  }
  if (key === 'backspace' && box.field.text === '') return stay({ ...state, overlay: null });
  const field = edit(box.field, key);
  return stay(field === null ? state : { ...state, overlay: { ...box, field } });
}
