import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import type { Item } from './output.ts';
import { type Args, textOption } from './spec.ts';

/** `--watch`: repaints in place on a terminal, elsewhere prints the changed rows as jsonl. ux §2. */

/** Faster would be a load test. */
const SHORTEST_MS = 500;

/** `2s`, `500ms`, `1m`; a bare number counts seconds. */
export function durationOf(flag: string, text: string): number {
  const match = /^(\d{1,6})(ms|s|m)?$/.exec(text);
  const unit_ms = match?.[2] === 'ms' ? 1 : match?.[2] === 'm' ? 60_000 : 1_000;
  if (!match)
    throw new AppError('invalid_input', `${flag} takes a time such as 2s, not "${text}".`);
  return Number(match[1]) * unit_ms;
}

/** What `--watch` was given, not faster than makes sense. */
export function intervalOf(text: string): number {
  return Math.max(SHORTEST_MS, durationOf('--watch', text));
}

/** Resolves after a while, or at once when the signal aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/**
 * Reads and shows once, or with --watch again and again until Ctrl-C. `show` paints everything; `key` names a row
 * so that a changed one can be told from a new one.
 */
export async function watchable<T extends Item>(
  context: Context,
  args: Args,
  view: {
    readonly read: () => Promise<readonly T[]>;
    readonly show: (items: readonly T[]) => void;
    readonly key: (item: T) => string;
  },
): Promise<void> {
  const every = textOption(args, 'watch');
  if (every === null) {
    view.show(await view.read());
    return;
  }
  const interval_ms = intervalOf(every);
  const { io, signal } = context;
  let seen = new Map<string, string>();
  let heard = '';
  while (!signal.aborted) {
    const items = await view.read();
    if (io.is_tty && context.config.accessible) {
      // Heard, not seen: said again only when something is new, below the old.
      const text = JSON.stringify(items);
      if (text !== heard) view.show(items);
      heard = text;
    } else if (io.is_tty) {
      // Home, clear to the end: no flicker, and the scroll-back stays.
      io.out('\u001b[H\u001b[2J');
      view.show(items);
    } else {
      const now = new Map(items.map((item) => [view.key(item), JSON.stringify(item)]));
      for (const [key, text] of now) if (seen.get(key) !== text) io.out(`${text}\n`);
      seen = now;
    }
    await wait(interval_ms, signal);
  }
  throw new AppError('cancelled', '');
}
