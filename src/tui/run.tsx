import { randomUUID } from 'node:crypto';
import { render } from 'ink';
import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import { mayAccess, type Role } from '../domain/roles.ts';
import { App } from './app.tsx';
import { openCallerSocket } from './caller-socket.ts';
import { type Console, openConsole } from './console.ts';
import type { Outside } from './effects.ts';
import type { UserChoice } from './effects-desk.ts';
import { askReady } from './effects-health.ts';
import { openFeed } from './feed.ts';
import { wordsOf } from './i18n/text.ts';
import type { Remap } from './keys-remap.ts';
import type { LoadPort } from './load-port.ts';
import { settleHeap } from './memory.ts';
import type { Lang, Session, State } from './model.ts';
import type { OfflinePort } from './offline-port.ts';
import { LINE_MODE } from './state.ts';
import { copySequence, makeRestore, wipe } from './terminal.ts';
import type { ThemeName } from './theme.ts';

/** The console's entry: opens it on a terminal and gives the terminal back, whatever happens. */

/** Somebody whom the server knows. */
export type Login = {
  readonly client: ApiClient;
  readonly token: string;
  readonly role: Role;
  /** Who sits at the desk, for the header. */
  readonly name: string;
};

export type ConsoleOptions = Login & {
  /** Address of the live feed, `ws://host:port/events`. */
  readonly feed_url: string;
  readonly clinic_id: string;
  readonly lang: Lang;
  /** `dev`, `staging`, `prod`: shown as a banner. */
  readonly env: string;
  /** The server is to be handled with care: the banner is loud, whatever it is called. */
  readonly is_protected?: boolean;
  /** Whoever runs the machinery only looks. */
  readonly operators_look_only?: boolean;
  readonly ascii: boolean;
  readonly read_only: boolean;
  /** Who can sit down here: names without typing anything, and the way in. */
  readonly users?: {
    readonly names: readonly string[];
    readonly login: (choice: UserChoice) => Promise<Login>;
  };
  /** Runs load tests; without it the load screen says that it cannot. */
  readonly load?: LoadPort;
  /** Paper and the day cache; without them neither. */
  readonly offline?: OfflinePort;
  /** Folder for the socket of this desk; without it nobody can ring. */
  readonly socket_dir?: string | null;
  /** Runs inside tmux, which takes the clipboard's sequences in its own way. Default: no. */
  readonly in_tmux?: boolean;
  /** Default: the terminal's own colours. */
  readonly theme?: ThemeName;
  /** Action -> keys, where they differ from the table. Default: none. */
  readonly keys?: Remap;
  /** With the stack when the console ends by a fault. Default: off. */
  readonly debug?: boolean;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
};

/** Exit codes of ux §2: 130 Ctrl-C, 128 + signal number else, 1 for a fault. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const MAX_FPS = 60;

type Ending = { readonly code: number; readonly text: string | null };

function textOf(error: unknown, debug: boolean): string {
  return debug && error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs `end` once on the first signal or fault; the result takes the listeners off again. */
function watchProcess(end: (ending: Ending) => void, fault: (error: unknown) => void): () => void {
  const listeners = Object.entries(signals).map(([signal, code]) => {
    const listener = () => end({ code, text: null });
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  return () => {
    for (const off of listeners) off();
    process.off('uncaughtException', fault);
    process.off('unhandledRejection', fault);
  };
}

function sessionOf(options: ConsoleOptions, { role, name }: Login): Session {
  const { clinic_id, lang, env, read_only } = options;
  return {
    clinic_id,
    lang,
    role,
    name,
    env,
    read_only: read_only || (options.operators_look_only === true && mayAccess(role, 'sre')),
    is_protected: options.is_protected === true,
    glyphs: options.ascii ? 'ascii' : 'utf',
    theme: options.theme ?? 'default',
    keys: options.keys ?? new Map(),
    has_load: options.load !== undefined,
    prints_at_opening: options.offline?.prints_at_opening === true,
    users: options.users?.names ?? [],
    nonce: randomUUID(),
  };
}

/** One paper at the printer of the desk, where there is one. */
function printBy({ offline, lang: words_in }: ConsoleOptions): Outside['print'] {
  return async (title, text, lang) => {
    if (offline === undefined) {
      throw new AppError('unavailable', wordsOf(words_in).offline.no_paper);
    }
    await offline.print({ title, pages: [text], lang, copies: 1 });
  };
}

/** Callers ring in whichever console is open at that time. */
async function hearCalls({ socket_dir: dir }: ConsoleOptions, open: () => Console) {
  if (dir == null) return null;
  return await openCallerSocket({
    dir,
    on_call: (number) => {
      open().send({ type: 'rang', number });
      return mayAccess(open().state().session.role, 'desk');
    },
  });
}

/** Opens the console and waits until it is closed. Returns the exit code of the process. */
export async function runConsole(options: ConsoleOptions): Promise<number> {
  const stdin = options.stdin ?? process.stdin;
  const stdout = options.stdout ?? process.stdout;
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new AppError('input_needed', 'The console needs a terminal', { next: 'petpro today' });
  }
  const words = wordsOf(options.lang);
  const ended = Promise.withResolvers<Ending>();
  const end = ended.resolve;
  const fault = (error: unknown) =>
    end({ code: 1, text: words.crashed(textOf(error, options.debug === true)) });

  let repaint = () => {};
  let show = () => {};
  const openAs = (who: Login, kept: Partial<Pick<State, 'draft' | 'message'>>): Console =>
    openConsole({
      ...options,
      ...who,
      load: options.load ?? null,
      session: sessionOf(options, who),
      size: { columns: stdout.columns, rows: stdout.rows },
      kept,
      now: () => Temporal.Now.instant().epochMilliseconds,
      random: Math.random,
      open_feed: openFeed,
      ready: async () => await askReady(options.feed_url),
      copy: (text) => stdout.write(copySequence(text, options.in_tmux)),
      offline: options.offline ?? null,
      print: printBy(options),
      repaint: () => repaint(),
      switch_user: sitDown,
      quit: (code) => end({ code, text: null }),
    });

  /** Everything of the one who sat here goes, but for what was typed into the form. */
  async function sitDown(choice: UserChoice): Promise<void> {
    if (options.users === undefined) throw new AppError('policy_refused', words.desk.switch_absent);
    const who = await options.users.login(choice);
    const { draft, now_ms: at_ms } = console.state();
    console.close();
    const text = words.desk.switched(who.name, who.role);
    console = openAs(who, { draft, message: { tone: 'ok', text, at_ms } });
    show();
    console.send({ type: 'start' });
  }

  let console = openAs(options, {});
  const ringing = await hearCalls(options, () => console);
  const unwatch = watchProcess(end, fault);
  const unsettle = settleHeap();
  try {
    const screen = render(<App console={console} />, {
      stdin,
      stdout,
      exitOnCtrlC: false,
      alternateScreen: true,
      incrementalRendering: true,
      maxFps: MAX_FPS,
      interactive: true,
      // Nothing of ours writes to the console; what others write belongs in front of the person.
      patchConsole: false,
    });
    show = () => screen.rerender(<App console={console} />);
    repaint = () => {
      screen.clear();
      stdout.write(wipe);
      show();
    };
    const restore = makeRestore(screen.unmount, stdin, stdout);
    screen.waitUntilExit().catch(fault);
    console.send({ type: 'start' });
    const ending = await ended.promise;
    restore();
    // Ink lets the process end while it waits for keys; lines of text are read from the same stream.
    if (ending.code === LINE_MODE) stdin.ref();
    if (ending.text !== null) process.stderr.write(`${ending.text}\n`);
    return ending.code;
  } finally {
    console.close();
    ringing?.close();
    unsettle();
    unwatch();
  }
}
