import type { Readable } from 'node:stream';

/** What a command sees of the terminal. Only `processIo` below touches the streams of the process. */
export type Io = {
  /** Data. Everything else, also a question, goes to `err`. */
  readonly out: (text: string) => void;
  /** Data that is no text: documents. Never to a terminal; whoever calls it has looked. */
  readonly out_bytes: (bytes: Uint8Array) => void;
  readonly err: (text: string) => void;
  /** stdout is a terminal: tables are aligned, cut to the width and may be coloured. */
  readonly is_tty: boolean;
  readonly is_err_tty: boolean;
  /** Somebody can be asked: stdin and stderr are terminals. */
  readonly can_ask: boolean;
  readonly columns: () => number;
  readonly rows: () => number;
  /** Columns that the terminal really gives a text; null when it does not tell. Absent: not a terminal. */
  readonly measureWidth?: (text: string) => Promise<number | null>;
  /** Set by tests. Absent: the environment of the process, which only config.ts reads. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The folder that the person stands in. Set by tests. Absent: that of the process. */
  readonly cwd?: string;
  /** Asks on stderr; null when the person closed the input. */
  readonly ask: (question: string, signal?: AbortSignal) => Promise<string | null>;
  /** As `ask`, but what is typed is not shown. */
  readonly askHidden: (question: string, signal?: AbortSignal) => Promise<string | null>;
  /** All of stdin; null when it is longer than this. */
  readonly readInput: (bytes_max: number, signal?: AbortSignal) => Promise<string | null>;
  /**
   * From now on Ctrl-C and TERM end the command politely: the signal aborts with the exit code as its reason, a
   * second one quits at once. Commands that do their own (serve, demo up, tui) never call it.
   */
  readonly trapSignals: () => AbortSignal;
  /** Standard input, for commands that read lines of it; they see to their signals themselves. */
  readonly input?: () => Input;
  /** While a pager has the terminal, Ctrl-C is the pager's: it ends a search there, not this program. */
  readonly duringPager: <T>(work: () => Promise<T>) => Promise<T>;
};

export type Input = {
  readonly stream: Readable;
  /** A person types. */
  readonly is_tty: boolean;
  /**
   * Ctrl-C, TERM and HUP come here with their exit codes. Where `take` says that it did not help (false), the next
   * one ends the program at once. Gives back how to stop listening.
   */
  readonly onSignal: (take: (exit: number) => boolean) => () => void;
};

/** Exit codes of the signals: 128 + number, what every shell expects. ux §2. */
const signal_exits = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const ask: Io['ask'] = async (question, signal) => await askOn(process.stderr, question, signal);

/** The question is shown, the echo of what is typed is not. */
const askHidden: Io['askHidden'] = async (question, signal) => {
  const { Writable } = await import('node:stream');
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await askOn(silent, '', signal);
  process.stderr.write('\n');
  return answer;
};

const readInput: Io['readInput'] = async (bytes_max, signal) => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const quit = () => process.stdin.destroy();
  signal?.addEventListener('abort', quit, { once: true });
  try {
    for await (const chunk of process.stdin) {
      chunks.push(Buffer.from(chunk));
      bytes += chunks.at(-1)?.length ?? 0;
      if (bytes > bytes_max) return null;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    signal?.removeEventListener('abort', quit);
  }
  return Buffer.concat(chunks).toString('utf8');
};

async function askOn(
  output: NodeJS.WritableStream,
  question: string,
  signal?: AbortSignal,
): Promise<string | null> {
  // Loaded when somebody is asked, which is seldom: start-up time.
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  const closed = new AbortController();
  reader.once('close', () => closed.abort());
  reader.once('SIGINT', () => {
    reader.close();
    // readline swallows Ctrl-C; hand it on, so that it means the same here as anywhere else.
    process.kill(process.pid, 'SIGINT');
  });
  const signals = signal ? AbortSignal.any([closed.signal, signal]) : closed.signal;
  try {
    return await reader.question(question, { signal: signals });
  } catch (error) {
    if (signals.aborted) return null;
    throw error;
  } finally {
    reader.close();
  }
}

async function measureWidth(text: string): Promise<number | null> {
  const glyphs = await import('./glyph-width.ts');
  const write = (sequence: string) => {
    process.stdout.write(sequence);
  };
  return await glyphs.measureWidth(process.stdin, write, text);
}

let pager_has_terminal = false;

async function duringPager<T>(work: () => Promise<T>): Promise<T> {
  // Without a listener of ours the first Ctrl-C would end this program and leave the pager behind.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  pager_has_terminal = true;
  try {
    return await work();
  } finally {
    pager_has_terminal = false;
    process.off('SIGINT', ignore);
  }
}

function trapSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exit] of Object.entries(signal_exits)) {
    process.on(name, () => {
      if (pager_has_terminal && name === 'SIGINT') return;
      if (controller.signal.aborted) process.exit(exit);
      controller.abort(exit);
    });
  }
  return controller.signal;
}

function onSignal(take: (exit: number) => boolean): () => void {
  let is_last = false;
  const listeners = Object.entries(signal_exits).map(([name, exit]) => {
    const listener = () => {
      const helped = take(exit);
      if (!helped && is_last) process.exit(exit);
      is_last = !helped;
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}

/** The real streams. A reader that went away (`| head -1`) is no failure: exit 0. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  const is_terminal = process.stdout.isTTY === true && process.stdin.isTTY === true;
  return {
    ...(is_terminal ? { measureWidth } : {}),
    out: (text) => process.stdout.write(text),
    out_bytes: (bytes) => process.stdout.write(bytes),
    err: (text) => process.stderr.write(text),
    is_tty: process.stdout.isTTY === true,
    is_err_tty: process.stderr.isTTY === true,
    can_ask: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: () => process.stdout.columns || 80,
    rows: () => process.stdout.rows || 24,
    ask,
    askHidden,
    readInput,
    trapSignals,
    input: () => ({ stream: process.stdin, is_tty: process.stdin.isTTY === true, onSignal }),
    duringPager,
  };
}

/** Ends the process once everything is written; open sockets must not keep a finished command alive. */
export function finish(exit_code: number): void {
  process.exitCode = exit_code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exit_code)));
}
