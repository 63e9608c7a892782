import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConsoleOptions, runConsole } from '../../src/tui/run.tsx';
import { copySequence, makeRestore } from '../../src/tui/terminal.ts';
import { eventually } from '../helpers/poll.ts';
import { type FakeApi, fakeApi } from './fake-api.ts';
import { clinic_id, figureDay } from './fixture.ts';

/** The console on a terminal that is a pair of streams: what goes in as bytes, what comes out as bytes. */

class FakeStdout extends EventEmitter {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  chunks: string[] = [];
  write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    this.chunks.push(String(chunk));
    const done = rest.findLast((one) => typeof one === 'function');
    if (typeof done === 'function') done();
    return true;
  }
  text(): string {
    return this.chunks.join('');
  }
}

class FakeStdin extends PassThrough {
  readonly isTTY = true;
  readonly raw: boolean[] = [];
  setRawMode(is_raw: boolean): this {
    this.raw.push(is_raw);
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

const MARK = '\u0000here\u0000';

type Terminal = {
  readonly stdout: FakeStdout;
  readonly stdin: FakeStdin;
  readonly api: FakeApi;
  readonly code: Promise<number>;
};

let open: Terminal | null = null;
afterEach(async () => {
  open?.stdin.write('\u0003');
  await open?.code;
  open = null;
});

function start(change: Partial<ConsoleOptions> = {}, api = fakeApi()): Terminal {
  const stdout = new FakeStdout();
  const stdin = new FakeStdin();
  const code = runConsole({
    client: api.client,
    // A port that nobody has: the feed stays away, the board works by requests.
    feed_url: 'ws://127.0.0.1:1/events',
    token: 'none',
    clinic_id,
    lang: 'en',
    role: 'desk',
    name: 'Rina',
    env: 'dev',
    ascii: true,
    read_only: false,
    theme: 'mono',
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    ...change,
  });
  open = { stdout, stdin, api, code };
  return open;
}

const shows = (terminal: Terminal, text: string) =>
  eventually(text, () => terminal.stdout.text().includes(text));

describe('the console on a terminal', () => {
  it('opens on the other screen, takes keys, and gives everything back on q', async () => {
    const terminal = start();
    await shows(terminal, 'Mochi');
    expect(terminal.stdout.text()).toContain('\u001b[?1049h');
    expect(terminal.stdout.text()).toContain('\u001b[?2004h');
    expect(terminal.stdin.raw.at(-1)).toBe(true);
    terminal.stdin.write('?');
    await shows(terminal, 'HELP');
    // Esc and the next key in one read would be Alt-q: a person is slower.
    terminal.stdout.chunks.splice(0, terminal.stdout.chunks.length, terminal.stdout.text(), MARK);
    terminal.stdin.write('\u001b');
    await eventually('the board again', () =>
      /Mochi/.test(terminal.stdout.text().split(MARK)[1] ?? ''),
    );
    terminal.stdin.write('q');
    expect(await terminal.code).toBe(0);
    const end = terminal.stdout.text();
    expect(end.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(end.lastIndexOf('\u001b[?1049h'));
    expect(end.lastIndexOf('\u001b[?25h')).toBeGreaterThan(end.lastIndexOf('\u001b[?25l'));
    expect(end.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(end.lastIndexOf('\u001b[?2004h'));
    expect(terminal.stdin.raw.at(-1)).toBe(false);
    open = null;
  });

  it('draws every line again on Ctrl-R, whatever was written over the screen', async () => {
    const terminal = start();
    await shows(terminal, 'Mochi');
    terminal.stdout.chunks = [];
    terminal.stdin.write('\u0012');
    await eventually('the whole board', () => {
      const [, drawn = ''] = terminal.stdout.text().split('\u001b[2J\u001b[H');
      return drawn.includes('Mochi') && drawn.includes('PetPro') && drawn.includes('? help');
    });
  });

  it('ends with 130 on Ctrl-C', async () => {
    const terminal = start();
    await shows(terminal, 'Mochi');
    terminal.stdin.write('\u0003');
    expect(await terminal.code).toBe(130);
    open = null;
  });

  it('takes type-ahead in one chunk, and a marked paste as text only', async () => {
    const terminal = start();
    await shows(terminal, 'Mochi');
    terminal.stdin.write('fsiti');
    await shows(terminal, 'FIND');
    terminal.stdin.write('\u001b[200~q\rx\ry\u001b[201~');
    await shows(terminal, 'sitiq x y');
    expect(terminal.api.calls).not.toContain('cancel_booking');
  });

  it('writes nothing while nothing changes, and little per key', async () => {
    const items = figureDay().items.filter((row) => row.kind !== 'hold');
    const terminal = start({}, fakeApi({ ...figureDay(), items }));
    await shows(terminal, 'OFFLINE');
    // The banner counts seconds; without it nothing on this board moves.
    terminal.stdin.write('?');
    await shows(terminal, 'HELP');
    const before = terminal.stdout.chunks.length;
    terminal.stdin.write('\u001b[B');
    await eventually('the key painted', () => terminal.stdout.chunks.length > before);
    const bytes = terminal.stdout.chunks.slice(before).join('').length;
    expect(bytes).toBeLessThan(4_096);
  });

  it('says a sentence in a small window and works again in a larger one', async () => {
    const terminal = start();
    await shows(terminal, 'Mochi');
    terminal.stdout.rows = 10;
    terminal.stdout.emit('resize');
    await shows(terminal, 'This window is 80x10');
    terminal.stdout.rows = 24;
    terminal.stdout.chunks = [];
    terminal.stdout.emit('resize');
    await shows(terminal, 'Mochi');
  });

  it('refuses what is no terminal, naming what works instead', async () => {
    const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
    await expect(start({ stdout }).code).rejects.toMatchObject({
      code: 'input_needed',
      facts: { next: 'petpro today' },
    });
    open = null;
  });
});

describe('restoring', () => {
  it('happens once, and by hand when the normal way fails', () => {
    const stdout = new FakeStdout();
    const stdin = new FakeStdin();
    const restore = makeRestore(
      () => {
        throw new Error('broken');
      },
      stdin,
      stdout as unknown as NodeJS.WritableStream,
    );
    restore();
    restore();
    expect(stdin.raw).toEqual([false]);
    expect(stdout.text()).toBe('\u001b[?1049l\u001b[0m\u001b[?25h\u001b[?2004l');
  });
});

describe('copying', () => {
  it('puts text on the clipboard by OSC 52', () => {
    expect(copySequence('BP10000127')).toBe('\u001b]52;c;QlAxMDAwMDEyNw==\u0007');
  });
});
