import type { Argument, Command, Option } from 'commander';
import { displayWidth, plainLine, truncateWidth } from '../domain/width.ts';
import type { Known } from './complete-values.ts';
import type { Io } from './io.ts';

/** `petpro __complete WORDS.. CURRENT`: what may come next, one `value<tab>description` a line, for the shells. */

export type Candidate = { readonly value: string; readonly doc: string };

/** Where the cursor stands: the command so far, and what its current word is to become. */
export type Place =
  | { readonly at: 'flag'; readonly command: Command }
  | { readonly at: 'command'; readonly command: Command }
  /** `word` is the placeholder of the tree: `reference` of `<reference>`; it says what values there are. */
  | {
      readonly at: 'value';
      readonly word: string;
      readonly choices: readonly string[] | null;
      readonly or_command?: Command;
    }
  | { readonly at: 'nothing' };

export type Asked = {
  readonly place: Place;
  /** The current word, without `--flag=` and without an opening quote. */
  readonly current: string;
  /** What stands before it in the same word: `--status=`. */
  readonly prefix: string;
  /** Flags that are there already, so that they are not offered again. */
  readonly given: ReadonlySet<string>;
};

const placeholder = (text: string) =>
  /[<[]([^>\]]+)[>\]]/.exec(text)?.[1]?.replace(/\.+$/, '') ?? '';

function optionOf(command: Command, flag: string): Option | null {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const option = at.options.find((one) => one.long === flag || one.short === flag);
    if (option) return option;
  }
  return null;
}

/** Names and vets are told apart by their flag: `--vet <name>`, `--service <name>`. */
function placeOfValue(option: Option): Place {
  const word = placeholder(option.flags);
  const by_flag = new Set([
    '--vet',
    '--service',
    '--services',
    '--booking',
    '--clinic',
    '--profile',
  ]);
  const long = option.long ?? '';
  const named = by_flag.has(long) ? long.slice(2).replace(/^services$/, 'service') : word;
  const asked = named === 'booking' ? 'reference' : named;
  return { at: 'value', word: asked, choices: option.argChoices ?? null };
}

function argumentOf(list: readonly Argument[], position: number): Place {
  const last = list.at(-1);
  const argument = list[position] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return { at: 'nothing' };
  const name = argument.name();
  const either = name.includes('|') ? name.split('|') : null;
  return { at: 'value', word: name, choices: argument.argChoices ?? either };
}

/** Reads the words before the cursor as the parser would, as far as they go. */
export function whereIs(program: Command, words: readonly string[]): Asked {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const given = new Set<string>();
  let command = program;
  let positions = 0;
  let waiting: Option | null = null;
  for (const word of before) {
    if (waiting !== null) {
      waiting = null;
      continue;
    }
    if (word.startsWith('-')) {
      const [flag = ''] = word.split('=', 1);
      given.add(flag);
      const option = optionOf(command, flag);
      if (option?.required === true && !word.includes('=')) waiting = option;
      continue;
    }
    const next = command.commands.find(
      (one) => one.name() === word || one.aliases().includes(word),
    );
    if (next !== undefined && positions === 0) command = next;
    else positions += 1;
  }
  const [, flag = '', value = ''] = /^(--[\w-]+)=(.*)$/s.exec(typed) ?? [];
  const open = flag === '' ? null : optionOf(command, flag);
  const wanted = waiting ?? open;
  if (wanted !== null) {
    const current = open === null ? typed : value;
    const prefix = open === null ? '' : `${flag}=`;
    return { place: placeOfValue(wanted), current: current.replace(/^["']/, ''), prefix, given };
  }
  const place = placeOf(command, positions, typed);
  return { place, current: typed.replace(/^["']/, ''), prefix: '', given };
}

function placeOf(command: Command, positions: number, typed: string): Place {
  if (typed.startsWith('-')) return { at: 'flag', command };
  const has_words = command.commands.length > 0 && positions === 0;
  const value = argumentOf(command.registeredArguments, positions);
  // `undo BP..` and `undo list`: both a value and a word may stand here.
  if (has_words && value.at === 'value') return { ...value, or_command: command };
  return has_words ? { at: 'command', command } : value;
}

/** Commander keeps what is hidden from help in a field of its own making. */
function isHidden(command: Command): boolean {
  return command.parent?.createHelp().visibleCommands(command.parent).includes(command) === false;
}

function flagsOf(command: Command, given: ReadonlySet<string>): readonly Candidate[] {
  const found: Candidate[] = [{ value: '--help', doc: 'help for this command' }];
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const option of at.options) {
      const value = option.long ?? option.short ?? '';
      const is_given = given.has(value) || (option.short !== undefined && given.has(option.short));
      if (!is_given && !option.hidden) found.push({ value, doc: option.description });
    }
  }
  return found;
}

function commandsOf(command: Command): readonly Candidate[] {
  return command.commands
    .filter((one) => !isHidden(one))
    .map((one) => ({ value: one.name(), doc: one.summary() }));
}

/** More would scroll away what the person looks at. */
const CANDIDATES_MAX = 200;
const DOC_COLUMNS = 60;

function lineOf({ value, doc }: Candidate, prefix: string): string {
  const plain = plainLine(doc);
  const short = displayWidth(plain) > DOC_COLUMNS ? truncateWidth(plain, DOC_COLUMNS) : plain;
  return `${prefix}${plainLine(value)}\t${short}\n`;
}

/** Answers one press of the Tab key. Whatever goes wrong, the shell is told nothing. */
export async function complete(program: Command, words: readonly string[], io: Io): Promise<void> {
  const { place, current, prefix, given } = whereIs(program, words);
  let known: Known = { candidates: [], files: null };
  if (place.at === 'flag') known = { candidates: flagsOf(place.command, given), files: null };
  if (place.at === 'command') known = { candidates: commandsOf(place.command), files: null };
  if (place.at === 'value') {
    const { valuesOf } = await import('./complete-values.ts');
    const values = await valuesOf(place, { program, words, io, commandsOf });
    const also = place.or_command === undefined ? [] : commandsOf(place.or_command);
    known = { ...values, candidates: [...also, ...values.candidates] };
  }
  if (known.files !== null) io.out(`:${known.files}\n`);
  const folded = current.normalize('NFKC').toLowerCase();
  const fitting = known.candidates.filter(({ value }) => value.toLowerCase().startsWith(folded));
  for (const one of fitting.slice(0, CANDIDATES_MAX)) io.out(lineOf(one, prefix));
}
