import { type DeskVerb, desk_verbs, desk_words, deskVerbs } from '../../domain/desk-words.ts';
import { refuse } from './refuse.ts';
import type { DeskWords } from './words.ts';

/** From a typed line to a verb, its words and its flags. The flags are those of the command line. */

export type Flags = Readonly<Record<string, string | true>>;

export type Command = {
  readonly verb: DeskVerb;
  readonly words: readonly string[];
  readonly flags: Flags;
};

/** What each verb takes, spelled as the command line spells it. `true`: without a value. */
const flags_of: Readonly<Partial<Record<DeskVerb, Readonly<Record<string, boolean>>>>> = {
  'check-in': { yes: true, confirm: false },
  start: { yes: true, confirm: false },
  complete: { yes: true, confirm: false },
  'no-show': { yes: true, confirm: false },
  book: {
    pet: false,
    service: false,
    at: false,
    vet: false,
    pay: false,
    note: false,
    yes: true,
  },
  reschedule: { to: false, vet: false, by: false, reason: false, yes: true },
  cancel: { by: false, reason: false, yes: true },
  pay: { method: false, amount: false, yes: true },
  waitlist: { reason: false, pay: false, yes: true },
};

/** Splits at blanks; quotes keep words together. An open quote ends with the line. */
export function splitWords(text: string): readonly string[] {
  const found = text.matchAll(/([^\s"']+=)?(?:"([^"]*)"?|'([^']*)'?)|[^\s"']+/g);
  return [...found].map(([whole, name = '', double, single]) => {
    const quoted = double ?? single;
    return quoted === undefined ? whole : `${name}${quoted}`;
  });
}

/** Widths folded (an IME leaves full-width letters and digits), and `bp1000 0127` made one word. */
export function foldLine(text: string): string {
  return text
    .normalize('NFKC')
    .trim()
    .replace(/\bbp[\s-]?(\d{4})[\s-]?(\d{4})\b/gi, 'BP$1$2');
}

function readFlag(
  verb: DeskVerb,
  word: string,
  following: string | undefined,
  words: DeskWords,
): { readonly name: string; readonly value: string | true; readonly used: boolean } {
  const [name = '', ...values] = word.slice(2).split('=');
  const known = flags_of[verb] ?? {};
  const is_switch = Object.hasOwn(known, name) ? known[name] : undefined;
  if (is_switch === undefined) {
    const names = Object.keys(known).map((one) => `--${one}`);
    throw refuse('invalid_input', words.unknown_flag(verb, `--${name}`, names.join(', ')));
  }
  if (is_switch) return { name, value: true, used: false };
  if (values.length > 0) return { name, value: values.join('='), used: false };
  if (following === undefined || following.startsWith('--')) {
    throw refuse('invalid_input', words.flag_without_value(`--${name}`));
  }
  return { name, value: following, used: true };
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

/** The word that was probably meant, as `complete (co)`; null when nothing is near. */
function nearest(typed: string): string | null {
  // A key that was hit twice, or one too many: `cii`.
  const short = desk_verbs.find((verb) => desk_words[verb].short[0] === typed.slice(0, 2));
  if (typed.length <= 3 && short !== undefined) return nameOf(short);
  const [near] = desk_verbs
    .map((verb) => ({ verb, far: distance(typed, verb) }))
    .toSorted((a, b) => a.far - b.far);
  return near !== undefined && near.far <= 2 ? nameOf(near.verb) : null;
}

const nameOf = (verb: DeskVerb) => `${verb} (${desk_words[verb].short[0]})`;

/** Reads a line that is not empty. Throws `invalid_input` that says what is known instead. */
export function parseLine(text: string, words: DeskWords): Command {
  const [typed = '', ...rest] = splitWords(foldLine(text).replace(/^(?:petpro\s+)+/i, ''));
  // `ci6`: an expert's finger is faster than the space bar.
  const glued = /^(\p{L}{2})(\d[\d,-]*)$/u.exec(typed);
  const [first, others] = glued ? [glued[1] ?? '', [glued[2] ?? '', ...rest]] : [typed, rest];
  const [verb, ...more] = deskVerbs(first);
  if (verb === undefined) {
    throw refuse('invalid_input', words.unknown_word(first, nearest(first.toLowerCase())));
  }
  if (more.length > 0) {
    const names = [verb, ...more].map(nameOf).join(', ');
    throw refuse('invalid_input', words.several_words(first, names));
  }
  const flags: Record<string, string | true> = {};
  const positional: string[] = [];
  for (let index = 0; index < others.length; index += 1) {
    const word = others[index] ?? '';
    if (!/^--\w/.test(word)) {
      positional.push(word);
      continue;
    }
    const flag = readFlag(verb, word, others[index + 1], words);
    flags[flag.name] = flag.value;
    if (flag.used) index += 1;
  }
  return { verb, words: positional, flags };
}

/** The text of a flag, or null. */
export function flagText(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

/** Rows of one line, at most: a slip of the finger must not name a thousand. */
const TARGETS_MAX = 200;

/** `6 8-9,12` -> `6 8 9 12`; references stay as they are. Null: some of it is neither. */
export function expandTargets(words: readonly string[]): readonly string[] | null {
  const targets: string[] = [];
  for (const part of words.flatMap((word) => word.split(',')).filter((word) => word !== '')) {
    const range = /^(\d{1,4})-(\d{1,4})$/.exec(part);
    const [from, to] = range ? [Number(range[1]), Number(range[2])] : [0, -1];
    if (range && from <= to && to - from < TARGETS_MAX) {
      for (let number = from; number <= to; number += 1) targets.push(String(number));
    } else if (/^\d{1,4}$|^BP\d{8}$/i.test(part)) targets.push(part.toUpperCase());
    else return null;
  }
  const unique = [...new Set(targets)];
  return unique.length > TARGETS_MAX ? null : unique;
}
