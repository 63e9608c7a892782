import { PassThrough } from 'node:stream';
import { main } from '../../src/commands/cli.ts';
import type { Io } from '../../src/commands/io.ts';
import { eventually } from '../helpers/poll.ts';

/** The line mode in this process, with streams of its own: typed at, or given a script. */

export type SatDown = {
  /** Types a line, waits for the text or pattern in what comes out after it; gives what came. */
  readonly type: (line: string, wanted: string | RegExp) => Promise<string>;
  readonly expect: (wanted: string | RegExp) => Promise<string>;
  /** Raw bytes, as a terminal hands them over. */
  readonly send: (bytes: string) => void;
  readonly signal: (exit: number) => void;
  readonly transcript: () => string;
  /** Ctrl-D, then the exit code. */
  readonly end: () => Promise<number>;
  readonly code: Promise<number>;
};

type Options = {
  readonly env: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly columns?: number;
};

function makeIo(
  options: Options,
  streams: {
    readonly input: PassThrough;
    readonly is_tty: boolean;
    readonly out: (text: string) => void;
    readonly err: (text: string) => void;
    readonly onSignal: (take: (exit: number) => boolean) => () => void;
  },
): Io {
  const { input, is_tty, out, err, onSignal } = streams;
  return {
    out,
    err,
    out_bytes: (bytes) => out(Buffer.from(bytes).toString('latin1')),
    is_tty,
    is_err_tty: is_tty,
    can_ask: is_tty,
    // Wide, so that a sentence is one line unless a test is about narrow terminals.
    columns: () => options.columns ?? 200,
    rows: () => 24,
    env: { HOME: '/nonexistent', TERM: 'dumb', ...options.env },
    ask: async () => null,
    askHidden: async () => null,
    readInput: async () => null,
    trapSignals: () => new AbortController().signal,
    input: () => ({ stream: input, is_tty, onSignal }),
    duringPager: async (work) => await work(),
  };
}

/** A person at a terminal. */
export function sitDown(options: Options): SatDown {
  const input = new PassThrough();
  let shown = '';
  let seen = 0;
  let take: (exit: number) => boolean = () => false;
  const write = (text: string) => {
    shown += text;
  };
  const io = makeIo(options, {
    input,
    is_tty: true,
    out: write,
    err: write,
    onSignal: (taker) => {
      take = taker;
      return () => {};
    },
  });
  const code = main(['node', 'petpro', 'desk', ...(options.flags ?? [])], io);
  const expectText = async (wanted: string | RegExp): Promise<string> => {
    const from = seen;
    const holds = () => {
      const fresh = shown.slice(from);
      const at = typeof wanted === 'string' ? fresh.indexOf(wanted) : fresh.search(wanted);
      return at >= 0;
    };
    await eventually(`${wanted}`, holds).catch((cause: unknown) => {
      throw new Error(`${wanted} did not come; this did:\n${shown.slice(from)}`, { cause });
    });
    seen = shown.length;
    return shown.slice(from);
  };
  return {
    type: async (line, wanted) => {
      shown += `${line}\n`;
      seen = shown.length;
      input.write(`${line}\n`);
      return await expectText(wanted);
    },
    expect: expectText,
    send: (bytes) => {
      input.write(bytes);
    },
    signal: (exit) => {
      take(exit);
    },
    transcript: () => shown,
    end: async () => {
      input.end();
      return await code;
    },
    code,
  };
}

/** A script on stdin. */
export async function runScript(
  script: string,
  options: Options,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const input = new PassThrough();
  let out = '';
  let err = '';
  const io = makeIo(options, {
    input,
    is_tty: false,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    onSignal: () => () => {},
  });
  input.end(script);
  const code = await main(['node', 'petpro', 'desk', ...(options.flags ?? [])], io);
  return { code, out, err };
}
