import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import type { Io } from './io.ts';
import { type Args, type Run, textOption } from './spec.ts';
import { intervalOf, wait } from './watch.ts';

/** `--watch` of the commands that know nothing of it: they are run again and again. ux §2. */

type Sight = { readonly out: string; readonly err: string };

/** One run, with what it wrote. */
async function look(context: Context, args: Args, run: Run): Promise<Sight> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    ...context.io,
    out: (text) => {
      out.push(text);
    },
    err: (text) => {
      err.push(text);
    },
  };
  await run({ ...context, io }, args);
  return { out: out.join(''), err: err.join('') };
}

/** What fits; more would scroll the head away at each repaint. */
function screenful(io: Io, text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const room = io.rows() - 2;
  if (lines.length <= room) return `${lines.join('\n')}\n`;
  return `${[...lines.slice(0, room), `(${lines.length - room} more lines)`].join('\n')}\n`;
}

/** In place on a terminal; for screen readers only what is new, below the old. */
function repaint(context: Context, sight: Sight, before: string): string {
  const text = `${sight.out}${sight.err}`;
  if (context.config.accessible) {
    if (text !== before) context.io.out(text);
  } else {
    // Home, clear to the end: no flicker, and the scroll-back stays.
    context.io.out(`\u001b[H\u001b[2J${screenful(context.io, text)}`);
  }
  return text;
}

/** Runs the command until Ctrl-C. A daemon that is away for a while is said and waited for. */
export async function watchAgain(context: Context, args: Args, run: Run): Promise<never> {
  const interval_ms = intervalOf(textOption(args, 'watch') ?? '');
  const { io, signal } = context;
  const paints = io.is_tty && (context.mode === 'table' || context.mode === 'wide');
  // One document cannot be followed: elsewhere each row that changed is a line.
  const asked: Context = paints ? context : { ...context, mode: 'jsonl' };
  let seen: ReadonlySet<string> = new Set();
  let painted = '';
  let is_first = true;
  while (!signal.aborted) {
    try {
      const sight = await look(asked, args, run);
      if (paints) painted = repaint(context, sight, painted);
      else {
        const rows = sight.out.split('\n').filter((line) => line !== '');
        for (const row of rows) if (!seen.has(row)) io.out(`${row}\n`);
        seen = new Set(rows);
        if (is_first) io.err(sight.err);
      }
      is_first = false;
    } catch (error) {
      const is_away = error instanceof AppError && error.code === 'unavailable';
      if (is_first || !is_away) throw error;
      io.err(`${error.detail} Trying again.\n`);
    }
    await wait(interval_ms, signal);
  }
  throw new AppError('cancelled', '');
}
