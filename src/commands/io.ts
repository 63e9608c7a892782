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
  /** Set by tests. Absent: the environment of the process, which only config.ts reads. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The folder that the person stands in. Set by tests. Absent: that of the process. */
  readonly cwd?: string;
  /** Asks on stderr; null when the person closed the input. */
  readonly ask: (question: string, signal?: AbortSignal) => Promise<string | null>;
  /**
   * From now on Ctrl-C and TERM end the command politely: the signal aborts with the exit code as its reason, a
   * second one quits at once. Commands that do their own (serve, demo up, tui) never call it.
   */
  readonly trapSignals: () => AbortSignal;
  /** While a pager has the terminal, Ctrl-C is the pager's: it ends a search there, not this program. */
  readonly duringPager: <T>(work: () => Promise<T>) => Promise<T>;
};

/** Exit codes of the signals: 128 + number, what every shell expects. ux §2. */
const signal_exits = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function ask(question: string, signal?: AbortSignal): Promise<string | null> {
  // Loaded when somebody is asked, which is seldom: start-up time.
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
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

/** The real streams. A reader that went away (`| head -1`) is no failure: exit 0. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  return {
    out: (text) => process.stdout.write(text),
    out_bytes: (bytes) => process.stdout.write(bytes),
    err: (text) => process.stderr.write(text),
    is_tty: process.stdout.isTTY === true,
    is_err_tty: process.stderr.isTTY === true,
    can_ask: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: () => process.stdout.columns || 80,
    rows: () => process.stdout.rows || 24,
    ask,
    trapSignals,
    duringPager,
  };
}

/** Ends the process once everything is written; open sockets must not keep a finished command alive. */
export function finish(exit_code: number): void {
  process.exitCode = exit_code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exit_code)));
}
