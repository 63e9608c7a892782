import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import type { Io } from './io.ts';
import type { CommandSpec } from './spec.ts';

export const output_modes = ['table', 'wide', 'json', 'jsonl', 'csv', 'name', 'none'] as const;
export type OutputMode = (typeof output_modes)[number];

/** What every command is given. */
export type Context = {
  readonly io: Io;
  readonly config: Config;
  readonly mode: OutputMode;
  /** Fields asked for by `--json=f1,f2`; null = all. */
  readonly fields: readonly string[] | null;
  readonly quiet: boolean;
  /** Nobody is asked, terminal or not. */
  readonly no_input: boolean;
  readonly debug: boolean;
  /** `--debug=http`: headers and bodies too, without secrets. */
  readonly debug_http: boolean;
  /** What --limit and --cursor ask of a list that the server does not page; null = it does, or all is wanted. */
  readonly page: { readonly limit: number; readonly offset: number } | null;
  /** True when language and zone were asked for, and not just the default of the machine. */
  readonly lang_asked: boolean;
  /** `-o name` also tells what the names stand for: for the Tab key. */
  readonly describes_names?: boolean;
  /** Aborts on Ctrl-C and TERM. */
  readonly signal: AbortSignal;
  /** The command line itself, for commands that tell about it. */
  readonly program: Command;
  readonly tree: readonly CommandSpec[];
};

/** Says a sentence to the person, never to the data. */
export function say(context: Context, sentence: string): void {
  if (!context.quiet) context.io.err(`${sentence}\n`);
}

/** Colour on a stream, by ux §2: --color, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, then the terminal. */
export function hasColour(config: Config, is_tty: boolean): boolean {
  if (config.color !== 'auto') return config.color === 'always';
  if (config.no_color) return false;
  if (config.force_color || config.clicolor_force) return true;
  return is_tty && config.term !== 'dumb';
}

const sgr = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, alarm: '1;41;37' } as const;

/** Text in one of the terminal's own 16 colours, so that the person's palette wins. */
export function paint(style: keyof typeof sgr, text: string, coloured: boolean): string {
  return coloured ? `\u001b[${sgr[style]}m${text}\u001b[0m` : text;
}

/**
 * A yes from the person before something that cannot be taken back. The safe answer is the default. Nobody there
 * to ask and no --yes: `input_needed`, naming the flag.
 */
export async function confirmOrFail(
  context: Context,
  effect: string,
  options: { readonly yes: boolean; readonly next: string },
): Promise<void> {
  if (options.yes) return;
  if (!context.io.can_ask || context.no_input) {
    // Whoever cannot be asked must be told the flag that answers.
    const is_named = /--(?!dry-run)[a-z]/.test(options.next);
    const next = is_named ? options.next : `${options.next}, then --yes`;
    throw new AppError('input_needed', effect, { next });
  }
  const answer = await context.io.ask(`${effect}\nDo it? [y/N] `, context.signal);
  context.signal.throwIfAborted();
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
    throw new AppError('cancelled', 'Nothing was changed.');
  }
}
