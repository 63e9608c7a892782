import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/**
 * Lines from a terminal or a pipe, one at a time. The terminal itself edits the line (its cooked mode), so nothing
 * here ever moves the cursor or draws again: what a screen reader or a slow link has is what was typed.
 */

export type Line = {
  readonly text: string;
  /** `performance.now()` of its arrival: a line typed before a question must not answer it. */
  readonly at_ms: number;
};

export type Answer =
  | { readonly kind: 'line'; readonly line: Line }
  /** Ctrl-C. */
  | { readonly kind: 'left' }
  /** Ctrl-D, or the end of the pipe. */
  | { readonly kind: 'ended' };

export type Lines = {
  readonly next: () => Promise<Answer>;
  /**
   * Ctrl-C: whoever waits for a line is told so, and what was typed ahead is forgotten. False: nobody waits, something
   * else is under way.
   */
  readonly leave: () => boolean;
  /** No more lines: as if the input had ended. */
  readonly end: () => void;
  readonly close: () => void;
};

/** A longer line is cut: nobody types it, and it must not fill the memory. */
export const LINE_MAX = 4_000;
/** Lines that may wait; then the pipe has to. */
const QUEUE_MAX = 200;

/** Escape sequences of arrow and other keys: the terminal puts them into the line as they come. */
const escape_sign = String.fromCharCode(27);
const key_sequences = new RegExp(`${escape_sign}(?:\\[[0-9;?]*[ -/]*[@-~]|O.|.)?`, 'g');

/** A line without what keys such as arrows leave in it, and without other control characters. */
export function cleanLine(text: string): string {
  return text
    .replace(key_sequences, '')
    .replace(/\p{Cc}/gu, ' ')
    .trim();
}

/** Reads from a stream; `\n`, `\r\n` and `\r` end a line. */
export function openLines(input: Readable): Lines {
  const queue: Line[] = [];
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let after_cr = false;
  let has_ended = false;
  let waiting: ((answer: Answer) => void) | null = null;

  const serve = () => {
    if (waiting === null) return;
    const [line] = queue;
    if (line === undefined && !has_ended) return;
    const give = waiting;
    waiting = null;
    queue.shift();
    give(line === undefined ? { kind: 'ended' } : { kind: 'line', line });
  };
  const push = (text: string) => {
    queue.push({ text: text.slice(0, LINE_MAX), at_ms: performance.now() });
    if (queue.length >= QUEUE_MAX) input.pause();
  };
  const take = (chunk: string) => {
    for (const sign of chunk) {
      const is_second_half = sign === '\n' && after_cr;
      after_cr = sign === '\r';
      if (is_second_half) continue;
      if (sign === '\n' || sign === '\r') {
        push(rest);
        rest = '';
      } else if (rest.length < LINE_MAX) rest += sign;
    }
    serve();
  };
  const on_data = (bytes: Buffer | string) =>
    take(typeof bytes === 'string' ? bytes : decoder.write(bytes));
  const on_end = () => {
    // The last line of a file may lack its end.
    if (rest !== '') push(rest);
    rest = '';
    has_ended = true;
    serve();
  };
  input.on('data', on_data);
  input.on('end', on_end);
  input.on('error', on_end);

  return {
    next: () =>
      new Promise((resolve) => {
        waiting = resolve;
        if (queue.length === 0 && !has_ended) input.resume();
        serve();
      }),
    leave: () => {
      queue.length = 0;
      rest = '';
      const give = waiting;
      waiting = null;
      give?.({ kind: 'left' });
      return give !== null;
    },
    end: () => {
      queue.length = 0;
      rest = '';
      on_end();
    },
    close: () => {
      input.off('data', on_data);
      input.off('end', on_end);
      input.off('error', on_end);
      input.pause();
    },
  };
}
