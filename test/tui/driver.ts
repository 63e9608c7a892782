import { AppError } from '../../src/domain/errors.ts';
import type { Role } from '../../src/domain/roles.ts';
import { displayWidth } from '../../src/domain/width.ts';
import { openConsole } from '../../src/tui/console.ts';
import type { UserChoice } from '../../src/tui/effects-desk.ts';
import type { Remap } from '../../src/tui/keys-remap.ts';
import type { Input, Lang, Result, Session, State } from '../../src/tui/model.ts';
import type { OfflinePort } from '../../src/tui/offline-port.ts';
import type { Frame } from '../../src/tui/text.ts';
import { view } from '../../src/tui/view.ts';
import { eventually } from '../helpers/poll.ts';
import { type FakeApi, fakeApi } from './fake-api.ts';
import { type FakeLoad, fakeLoad } from './fake-load.ts';
import { clinic_id, NOW } from './fixture.ts';

/** Drives a console by keys and reads its frames: the same runtime as on a terminal, without Ink. */

export function session(change: Partial<Session> = {}): Session {
  return {
    clinic_id,
    lang: 'en',
    role: 'desk',
    name: 'Rina',
    env: 'prod',
    glyphs: 'ascii',
    theme: 'default',
    keys: new Map(),
    read_only: false,
    has_load: true,
    users: ['desk', 'manager'],
    nonce: 'test',
    ...change,
  };
}

/** The frame as a terminal would show it. */
export function textOf(frame: Frame): string {
  return frame.lines
    .map((line) =>
      line
        .map((part) => part.text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** Lines that are not exactly as wide as the terminal. */
export function badWidths(frame: Frame, columns: number): readonly string[] {
  return frame.lines
    .map((line) => line.map((part) => part.text).join(''))
    .filter((line) => displayWidth(line) !== columns);
}

export type Driver = {
  readonly api: FakeApi;
  readonly load: FakeLoad;
  /** How often the whole screen was drawn anew. */
  readonly repaints: () => number;
  /** Single keys, or a name such as `enter`. */
  readonly press: (...keys: readonly string[]) => void;
  readonly type: (text: string) => void;
  readonly send: (event: Input | Result) => void;
  readonly text: () => string;
  readonly state: () => State;
  readonly copied: readonly string[];
  readonly quits: readonly number[];
  /** Who was asked to sit down. */
  readonly switches: readonly UserChoice[];
  readonly prints: readonly { readonly title: string; readonly text: string }[];
  /** Moves the console's clock; nothing in it waits for real time. */
  readonly pass: (ms: number) => void;
  /** Waits until the frame holds the text. */
  readonly expect: (text: string) => Promise<void>;
  /** Waits until the state is so. */
  readonly until: (what: string, is_so: (state: State) => boolean) => Promise<void>;
  readonly expectNot: (text: string) => Promise<void>;
  readonly close: () => void;
};

export type DriverOptions = {
  readonly columns?: number;
  readonly rows?: number;
  readonly lang?: Lang;
  readonly role?: Role;
  readonly read_only?: boolean;
  readonly api?: FakeApi;
  readonly offline?: OfflinePort;
  readonly prints_at_opening?: boolean;
  readonly keys?: Remap;
};

/** Opens a console on the fake server and waits for the board. */
export async function openDriver(options: DriverOptions = {}): Promise<Driver> {
  const { columns = 80, rows = 24, lang = 'en', role = 'desk', read_only = false } = options;
  const api = options.api ?? fakeApi();
  const copied: string[] = [];
  const quits: number[] = [];
  const prints: { title: string; text: string }[] = [];
  const load = fakeLoad();
  const switches: UserChoice[] = [];
  let repaints = 0;
  let now = NOW;
  const console = openConsole({
    client: api.client,
    load: load.port,
    ready: async () => api.health.ready(),
    offline: options.offline ?? null,
    print: async (title, printed) => {
      prints.push({ title, text: printed });
    },
    repaint: () => {
      repaints += 1;
    },
    feed_url: 'ws://127.0.0.1/events',
    token: 'none',
    clinic_id,
    session: session({
      lang,
      role,
      read_only,
      keys: options.keys ?? new Map(),
      prints_at_opening: options.prints_at_opening === true,
    }),
    size: { columns, rows },
    now: () => now,
    random: () => 0,
    // What the feed would say is said by hand, so that each test knows when; feed.test.ts uses a socket.
    open_feed: (feed) => {
      feed.on_link('live', null);
      return { retry: () => feed.on_link('live', null), close: () => {} };
    },
    copy: (text) => copied.push(text),
    switch_user: async (choice) => {
      if (choice.token === 'not-a-token') throw new AppError('unauthorized', 'Unknown token.');
      switches.push(choice);
    },
    quit: (code) => quits.push(code),
  });
  const text = () => textOf(view(console.state()));
  const driver: Driver = {
    api,
    load,
    repaints: () => repaints,
    press: (...keys) => {
      for (const key of keys) console.send({ type: 'key', key });
    },
    type: (typed) => {
      for (const key of typed) console.send({ type: 'key', key });
    },
    send: console.send,
    text,
    state: console.state,
    copied,
    prints,
    quits,
    switches,
    pass: (ms) => {
      now += ms;
      api.now_ms += ms;
      console.send({ type: 'tick' });
    },
    expect: async (wanted) => {
      await eventually(
        `${wanted} in\n${text()}`,
        () => {
          // A tick at the same instant carries out what is due without moving the clock.
          console.send({ type: 'tick' });
          return text().includes(wanted);
        },
        3_000,
      ).catch(() => {
        throw new Error(`"${wanted}" is not in\n${text()}`);
      });
    },
    until: async (what, is_so) => {
      await eventually(what, () => {
        console.send({ type: 'tick' });
        return is_so(console.state());
      });
    },
    expectNot: async (unwanted) => {
      await eventually(`no ${unwanted}`, () => !text().includes(unwanted), 3_000);
    },
    close: console.close,
  };
  console.send({ type: 'start' });
  if (!api.is_down) {
    await eventually(
      'the day',
      () => console.state().day !== null && console.state().clinic !== null,
    );
  }
  return driver;
}
