import { AppError } from '../../domain/errors.ts';
import { displayWidth, plainLine } from '../../domain/width.ts';
import type { Io } from '../io.ts';
import { type Answer, cleanLine, type Lines } from './lines.ts';
import { refuse } from './refuse.ts';
import type { DeskWords } from './words.ts';

/**
 * What is said to the person and asked of them. Only whole lines go out: nothing is drawn again, nothing moves the
 * cursor, nothing is coloured. Results go to stdout, questions and refusals to stderr.
 */

/** A wrong answer to one question is asked for again this often; then the question is left. */
const TRIES_MAX = 3;
/** A yes of the first moments was typed for something else: the console's guard. ux §3, destructive actions. */
const GUARD_MS = 300;
/** Narrower than this, lines are left to the terminal. */
const NARROWEST = 20;

export type Choice<T> =
  | { readonly kind: 'item'; readonly item: T }
  /** What was typed was no choice, but the caller takes it: another day. */
  | { readonly kind: 'text'; readonly text: string };

export type Talk = {
  /** A result: one sentence. */
  readonly say: (sentence: string) => void;
  /** For people only: prompts, refusals, hints. */
  readonly remark: (sentence: string) => void;
  /** Asks; `flag` is what gives the answer in a script. Throws `cancelled` when the question is left. */
  readonly ask: (question: string, flag: string, is_strict?: boolean) => Promise<string>;
  readonly choose: <T>(choice: {
    readonly head: string;
    readonly items: readonly T[];
    readonly textOf: (item: T) => string;
    /** What Enter takes; null: Enter leaves. */
    readonly fallback: T | null;
    readonly flag: string;
    /** Texts that are taken as they are. */
    readonly takes?: (text: string) => boolean;
  }) => Promise<Choice<T>>;
  /** A yes before what cannot be taken back; anything else keeps things as they are. */
  readonly confirm: (effect: string, is_given: boolean) => Promise<void>;
  /** The word must be typed: for what hits many. */
  readonly confirmWord: (effect: string, word: string, given: string | null) => Promise<void>;
  readonly prompt: (text: string) => Promise<Answer>;
  /** The sentences since the last call, for `-o jsonl`. */
  readonly takeSaid: () => readonly string[];
};

const wide = '\\u3040-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60';
const wrap_parts = new RegExp(`\\s+|[(「]*[${wide}][、。」):]*|[^\\s${wide}]+`, 'g');

/** Breaks text at blanks, and Japanese anywhere, so that no line is longer than `columns`. */
export function wrapText(text: string, columns: number, indent = '   '): string {
  if (columns < NARROWEST || displayWidth(text) <= columns) return text;
  const lines: string[] = [];
  let line = '';
  let width = 0;
  // A wide sign may end a line on either side, but closing signs stay with what they close.
  const parts = text.match(wrap_parts);
  for (const part of parts ?? []) {
    const part_width = displayWidth(part);
    const is_blank = /^\s+$/.test(part);
    if (width + part_width > columns && width > displayWidth(indent)) {
      lines.push(line.trimEnd());
      line = indent;
      width = displayWidth(indent);
      if (is_blank) continue;
    }
    line += part;
    width += part_width;
  }
  lines.push(line);
  return lines.join('\n');
}

type Setup = {
  readonly io: Pick<Io, 'out' | 'err' | 'columns'>;
  readonly lines: Lines;
  readonly words: DeskWords;
  /** Somebody types, or the script says that its lines are answers too. */
  readonly can_ask: boolean;
  /** A terminal: there are prompts, and what was typed ahead is told from answers. */
  readonly is_tty: boolean;
  /** Long lines are broken at blanks; not for screen readers, which read a line at a time. */
  readonly wraps: boolean;
  /** Sentences are collected, not printed. */
  readonly is_quiet: boolean;
};

export function makeTalk(setup: Setup): Talk {
  const { io, lines, words, can_ask, is_tty, is_quiet } = setup;
  const toWidth = (text: string) =>
    setup.wraps ? wrapText(plainLine(text), io.columns()) : plainLine(text);
  let said: string[] = [];

  const say = (sentence: string) => {
    if (is_quiet) said.push(plainLine(sentence));
    else io.out(`${toWidth(sentence)}\n`);
  };
  const remark = (sentence: string) => {
    if (!is_quiet) io.err(`${toWidth(sentence)}\n`);
  };
  const prompt = async (text: string): Promise<Answer> => {
    if (is_tty && !is_quiet) io.err(text);
    const answer = await lines.next();
    // The terminal has shown ^C or nothing; what follows begins on a line of its own.
    if (is_tty && !is_quiet && answer.kind !== 'line') io.err('\n');
    return answer;
  };

  const ask = async (question: string, flag: string, is_strict = false): Promise<string> => {
    if (!can_ask) throw new AppError('input_needed', words.need_answer(question, flag), { flag });
    const asked_ms = performance.now();
    for (;;) {
      const answer = await prompt(`${toWidth(question)} `);
      if (answer.kind !== 'line') throw new AppError('cancelled', words.left);
      const text = cleanLine(answer.line.text.normalize('NFKC'));
      const waited_ms = answer.line.at_ms - asked_ms;
      const is_early = is_tty && waited_ms < (is_strict ? GUARD_MS : 0);
      // A blank line that was there before is the second half of a pasted line end.
      if (!is_early || (!is_strict && text !== '')) return text;
      if (is_strict && text !== '') remark(words.too_early(text));
    }
  };

  const choose: Talk['choose'] = async ({ head, items, textOf, fallback, flag, takes }) => {
    if (!can_ask) throw new AppError('input_needed', words.need_answer(head, flag), { flag });
    remark(head);
    for (const [index, item] of items.entries()) remark(` ${index + 1} ${textOf(item)}`);
    const question = words.which(items.length, fallback === null ? null : textOf(fallback));
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      const text = await ask(question, flag);
      if (text === '') {
        if (fallback !== null) return { kind: 'item', item: fallback };
        throw new AppError('cancelled', words.left);
      }
      const by_number = /^\d{1,3}$/.test(text) ? items[Number(text) - 1] : undefined;
      if (by_number !== undefined) return { kind: 'item', item: by_number };
      const folded = text.toLowerCase();
      const named = items.filter((item) => textOf(item).toLowerCase().startsWith(folded));
      const [only] = named;
      if (only !== undefined && named.length === 1) return { kind: 'item', item: only };
      if (takes?.(text) === true) return { kind: 'text', text };
      remark(words.no_such_choice(text, items.length));
    }
    throw new AppError('cancelled', words.left);
  };

  return {
    say,
    remark,
    ask,
    choose,
    confirm: async (effect, is_given) => {
      if (is_given) return;
      if (!can_ask) throw new AppError('input_needed', words.need_yes(effect), { flag: '--yes' });
      remark(effect);
      const answer = await ask(words.do_it, '--yes', true);
      if (!/^(y|yes|ya|はい)$/i.test(answer)) throw new AppError('cancelled', words.kept);
    },
    confirmWord: async (effect, word, given) => {
      if (given === word) return;
      const flag = `--confirm ${word}`;
      if (given !== null) throw refuse('invalid_input', words.wrong_word(given, word));
      if (!can_ask) throw new AppError('input_needed', words.need_answer(effect, flag), { flag });
      remark(effect);
      const answer = await ask(words.type_word(word), flag, true);
      if (answer !== word) throw new AppError('cancelled', words.kept);
    },
    prompt,
    takeSaid: () => {
      const taken = said;
      said = [];
      return taken;
    },
  };
}
