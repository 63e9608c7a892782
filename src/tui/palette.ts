import { AppError } from '../domain/errors.ts';
import { parseDay } from '../domain/when.ts';
import { runAction, setTheme } from './actions.ts';
import { openBook } from './book-open.ts';
import { runRows } from './bulk.ts';
import { changeDay } from './day.ts';
import { edit, fieldOf } from './field.ts';
import { openFind } from './find-open.ts';
import { wordsOf } from './i18n/text.ts';
import { type ListBox, type State, type Step, say, stay } from './model.ts';
import { type Command, isHere, meant, nearest, suggestions, typedOf } from './palette-words.ts';
import { actionRefusal } from './refused.ts';
import { type BoardRow, foldText } from './rows.ts';
import { instantOf, rowByName, serverNow, timeZone, today } from './selectors.ts';
import { theme_names, themeOf } from './theme.ts';

/** The `:` line: reads it, completes it, carries it out. */

/** Candidates that a message can name. */
const NAMED_MAX = 4;

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

/** Opens the find screen with a text that is searched at once. */
function findText(state: State, text: string): Step {
  const step = runAction(state, 'find');
  if (step.state.overlay?.screen !== 'find') return step;
  return stay(openFind(step.state, text), ...step.effects);
}

/** Rows that a name can mean: number, reference, or what only stands in that row (`:ci mochi`). */
export function rowsNamed(state: State, name: string): readonly BoardRow[] {
  const exact = rowByName(state, name);
  if (exact !== null) return [exact];
  const wanted = foldText(name.normalize('NFKC')).trim();
  if (wanted === '' || /^\d+$/.test(wanted)) return [];
  return state.board.filter((row) => row.number !== null && row.haystack.includes(wanted));
}

/** `6 8-9`, `6,8`: the rows of the numbers; null when it is no list of numbers. */
function rowsOfList(state: State, text: string): readonly (BoardRow | string)[] | null {
  if (!/^\d{1,4}(?:-\d{1,4})?(?:[\s,]+\d{1,4}(?:-\d{1,4})?)*$/.test(text)) return null;
  const numbers = text.split(/[\s,]+/).flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    const count = Math.min(Math.max(0, to - from + 1), state.board.length + 1);
    return Array.from({ length: count }, (_, index) => from + index);
  });
  return [...new Set(numbers)].map((number) => {
    return state.board.find((row) => row.number === number) ?? String(number);
  });
}

/** A command about rows. One that is not there stops all: half a list is not what was said. */
function onRows(state: State, command: Command, text: string): Step {
  const words = wordsOf(state.session.lang);
  const listed = command.argument === 'rows' ? rowsOfList(state, text) : null;
  const missing = listed?.find((row) => typeof row === 'string');
  if (typeof missing === 'string') return stay(say(state, 'warn', words.no_such_row(missing)));
  const many = listed?.filter((row) => typeof row !== 'string') ?? [];
  if (many.length > 1) return runRows(state, command.action, many);
  const [row, ...others] = rowsNamed(state, text);
  if (row === undefined) return stay(say(state, 'warn', words.no_such_row(text)));
  if (others.length > 0) {
    const named = [row, ...others].slice(0, NAMED_MAX).map(rowLabel);
    const more = others.length + 1 > NAMED_MAX ? ', ...' : '';
    return stay(say(state, 'warn', words.several_commands(text, named.join(', ') + more)));
  }
  return runAction({ ...state, cursor_id: row.id }, command.action, row);
}

function rowLabel({ number, row }: BoardRow): string {
  return `${number} ${row.time} ${row.pet_name ?? row.owner_name ?? ''}`;
}

function setThemeNamed(state: State, text: string): Step {
  const words = wordsOf(state.session.lang).desk;
  const theme = themeOf(text);
  if (theme === null) return stay(say(state, 'warn', words.theme_names(theme_names.join(', '))));
  return setTheme(state, theme);
}

/** Carries out a command with what was typed behind it. */
function runNamed(closed: State, command: Command, text: string): Step {
  const { argument, action } = command;
  if (argument === 'rows' || argument === 'row') return onRows(closed, command, text);
  if (argument === 'day') return goToDay(closed, text);
  if (argument === 'theme') return setThemeNamed(closed, text);
  const step = runAction(closed, action);
  const box = step.state.overlay;
  if (box?.screen === 'book') return openBook(closed, { text });
  if (box?.screen === 'find') return findText(closed, text);
  if (box?.screen === 'help') {
    return stay({ ...step.state, overlay: { ...box, field: fieldOf(text) } });
  }
  if (box?.screen === 'filter') return stay({ ...step.state, filter: text, overlay: null });
  return step;
}

/** Carries out one line, `ci 6`, `ci 6 8-9`, `book 3456`, `day fri`, `bookings show BP10000127`. */
export function runCommand(closed: State, line: string): Step {
  const words = wordsOf(closed.session.lang);
  const { word, text } = typedOf(line);
  if (word === '') return stay(closed);
  const [command, ...others] = meant(word, text !== '', closed.place);
  if (command !== undefined && others.length > 0) {
    const names = [command, ...others].map((row) => `${row.word} (${row.short})`);
    return stay(say(closed, 'warn', words.several_commands(word, names.join(', '))));
  }
  if (command === undefined) {
    return stay(say(closed, 'warn', words.unknown_command(word, nearest(word))));
  }
  const refused = actionRefusal(closed, command.action);
  if (refused !== null) return stay(say(closed, 'warn', refused));
  if (!isHere(command, closed.place)) return stay(say(closed, 'info', words.other_screen));
  if (text === '' || command.argument === null) return runAction(closed, command.action);
  return runNamed(closed, command, text);
}

/** What Tab makes of the line: the first word that fits, then the row that was meant. */
function completed(state: State, text: string): string | null {
  const { word, text: rest } = typedOf(text);
  const is_done = /\s$/.test(text) || rest !== '';
  const [first] = is_done ? meant(word, rest !== '', state.place) : suggestions(text, state.place);
  if (first === undefined) return null;
  if (!is_done) return first.argument === null ? first.word : `${first.word} `;
  if (first.argument === 'theme') {
    const name = theme_names.find((one) => one.startsWith(rest));
    return name === undefined ? null : `${first.word} ${name}`;
  }
  if (first.argument !== 'rows' && first.argument !== 'row') return null;
  const here = state.board.find((row) => row.id === state.cursor_id);
  const [row, ...others] =
    rest === '' ? (here === undefined ? [] : [here]) : rowsNamed(state, rest);
  return row?.number == null || others.length > 0 ? null : `${first.word} ${row.number}`;
}

/** What the line could mean: commands, or the rows that its name fits. */
export function candidates(state: State, text: string): readonly string[] {
  const { word, text: rest } = typedOf(text);
  const [command] = rest === '' && !/\s$/.test(text) ? [] : meant(word, true, state.place);
  if (command?.argument === 'theme') return theme_names;
  if (rest !== '' && (command?.argument === 'rows' || command?.argument === 'row')) {
    return rowsNamed(state, rest).map(rowLabel);
  }
  const names = { rows: ' 6 8-9', row: ' N', text: ' ...', day: ' fri', theme: ' light' };
  return suggestions(text, state.place).map((row) => {
    return `${row.word}|${row.short}${row.argument === null ? '' : names[row.argument]}`;
  });
}

/** One key in the `:` line. */
export function paletteKey(state: State, box: ListBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: box.below });
  if (key === 'enter') return runCommand({ ...state, overlay: null }, box.field.text);
  if (key === 'tab') {
    const text = completed(state, box.field.text);
    if (text === null) return stay(state);
    return stay({ ...state, overlay: { ...box, field: fieldOf(text) } });
  }
  if (key === 'backspace' && box.field.text === '') return stay({ ...state, overlay: box.below });
  const field = edit(box.field, key);
  return stay(field === null ? state : { ...state, overlay: { ...box, field } });
}
