import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { eventually } from './poll.ts';

/** A real terminal: a tmux server of our own with one window, driven by keys and read by its picture. */

const run = promisify(execFile);
const TMUX_MS = 5_000;
const EXPECT_MS = 20_000;

export type Pane = {
  /** What is on the screen now. */
  readonly capture: () => Promise<string>;
  /** Keys by tmux name: `Enter`, `Tab`, `C-g`, `j`. */
  readonly keys: (...names: readonly string[]) => Promise<void>;
  /** Text, letter by letter. */
  readonly type: (text: string) => Promise<void>;
  readonly paste: (text: string) => Promise<void>;
  /** Waits until the picture holds the text, or matches; gives the picture. */
  readonly expect: (wanted: string | RegExp, deadline_ms?: number) => Promise<string>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** A format of tmux such as `#{alternate_on}`. */
  readonly ask: (format: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

/** Opens a window that runs `command`. The server's socket has a name that nobody else uses. */
export async function openPane(options: {
  readonly columns: number;
  readonly rows: number;
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Pane> {
  const socket = `petpro-test-${process.pid}-${randomBytes(4).toString('hex')}`;
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...options.env };
  // A tmux around us must not take our commands.
  const { TMUX: _around, ...clean } = env as Record<string, string | undefined>;
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const done = await run('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      env: clean,
      timeout: TMUX_MS,
    });
    return done.stdout;
  };
  const size = ['-x', String(options.columns), '-y', String(options.rows)];
  await tmux('new-session', '-d', ...size, options.command);

  const capture = () => tmux('capture-pane', '-p');
  return {
    capture,
    keys: async (...names) => {
      await tmux('send-keys', ...names);
    },
    type: async (text) => {
      await tmux('send-keys', '-l', text);
    },
    paste: async (text) => {
      await tmux('set-buffer', text);
      // -p marks the paste, as terminals do for programs that ask for it.
      await tmux('paste-buffer', '-p');
    },
    expect: async (wanted, deadline_ms = EXPECT_MS) => {
      let seen = '';
      const holds = async () => {
        seen = await capture();
        return typeof wanted === 'string' ? seen.includes(wanted) : wanted.test(seen);
      };
      await eventually(`${wanted}`, holds, deadline_ms).catch((cause: unknown) => {
        throw new Error(`${wanted} is not on the screen:\n${seen}`, { cause });
      });
      return seen;
    },
    resize: async (columns, rows) => {
      await tmux('resize-window', '-x', String(columns), '-y', String(rows));
    },
    ask: async (format) => (await tmux('display-message', '-p', format)).trim(),
    close: async () => {
      await tmux('kill-server').catch(() => {
        // The last window has closed, and the server with it.
      });
    },
  };
}
