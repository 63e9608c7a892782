import { main } from '../../src/commands/cli.ts';
import type { Io } from '../../src/commands/io.ts';

export type CliResult = { readonly code: number; readonly out: string; readonly err: string };

export type CliOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Columns of a terminal; absent = a pipe. */
  readonly terminal?: number;
  /** Columns that the terminal gives any sign; null = it does not tell; absent = it is not asked. */
  readonly glyph_columns?: number | null;
  /** What comes through stdin. */
  readonly input?: string;
  readonly cwd?: string;
  /** What the person answers; absent = nobody is there. */
  readonly answers?: readonly string[];
  /** Ctrl-C, as its exit code in the reason. */
  readonly signal?: AbortSignal;
  readonly on_out?: (text: string) => void;
  readonly on_err?: (text: string) => void;
};

const never = new AbortController().signal;

/** Runs one command line in this process, with streams of its own. */
export async function cli(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const answers = [...(options.answers ?? [])];
  const io: Io = {
    out: (text) => {
      out.push(text);
      options.on_out?.(text);
    },
    out_bytes: (bytes) => {
      out.push(Buffer.from(bytes).toString('latin1'));
    },
    err: (text) => {
      err.push(text);
      options.on_err?.(text);
    },
    is_tty: options.terminal !== undefined,
    is_err_tty: options.terminal !== undefined,
    can_ask: options.answers !== undefined,
    columns: () => options.terminal ?? 80,
    rows: () => 24,
    env: {
      PETPRO_HOME: '/nonexistent/petpro',
      HOME: '/nonexistent',
      TERM: 'xterm',
      ...options.env,
    },
    ask: async (question) => {
      err.push(question);
      return answers.shift() ?? null;
    },
    askHidden: async (question) => {
      err.push(question);
      return answers.shift() ?? null;
    },
    readInput: async (bytes_max) => {
      const text = options.input ?? '';
      return text.length > bytes_max ? null : text;
    },
    ...(options.glyph_columns === undefined
      ? {}
      : { measureWidth: async () => options.glyph_columns ?? null }),
    cwd: options.cwd ?? '/nonexistent',
    trapSignals: () => options.signal ?? never,
    duringPager: async (work) => await work(),
  };
  const code = await main(['node', 'petpro', ...words], io);
  return { code, out: out.join(''), err: err.join('') };
}
