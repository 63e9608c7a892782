import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { render } from 'ink';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { App } from '../../src/tui/app.tsx';
import { openConsole } from '../../src/tui/console.ts';
import type { FeedOptions } from '../../src/tui/feed.ts';
import { session } from '../../test/tui/driver.ts';
import { fakeApi } from '../../test/tui/fake-api.ts';
import { clinic_id, largeDay, uuid } from '../../test/tui/fixture.ts';

/**
 * Key to paint: from the bytes of a key to the first write of its frame, 2 000 rows, idle and with 50 events a
 * second that each ask for a new snapshot; then a day of eight hours, driven fast. design §9: p95 <= 33 ms idle,
 * <= 50 ms busy. Run built: `node bench/tui/run.ts`.
 */

const ROWS = 2_000;
const KEYS = 300;
/** A held key repeats about as fast; each must be painted before the next. */
const KEY_EVERY_MS = 30;
const EVENTS_PER_S = 50;
/** A desk that looks at every second of eight hours presses about as many keys, and the clinic does this much. */
const DAY_KEYS = 14_400;
const DAY_EVENTS = 4_800;
/** Keys of a day that change nothing: up and down, ends, a filter and back, help and back. */
const day_keys = ['j', 'j', 'j', 'k', 'G', 'g', '/', 'm', '\u001b', 'j', '?', '\u001b'];
const DAY_LIMIT_MS = 180_000;

class Screen extends EventEmitter {
  readonly isTTY = true;
  columns = 120;
  rows = 40;
  bytes = 0;
  /** What was written, until the first data are there. */
  text = '';
  is_kept = true;
  on_write: (() => void) | null = null;
  write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    this.bytes += Buffer.byteLength(String(chunk));
    if (this.is_kept) this.text += String(chunk);
    // Cursor moves alone are no paint; a frame is longer than any of them.
    if (String(chunk).length > 24) this.on_write?.();
    const done = rest.findLast((one) => typeof one === 'function');
    if (typeof done === 'function') done();
    return true;
  }
}

class Keyboard extends PassThrough {
  readonly isTTY = true;
  setRawMode(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** A console with all its rows on a screen of our own. */
async function openScreen() {
  const api = fakeApi(largeDay(ROWS));
  const stdout = new Screen();
  const stdin = new Keyboard();
  let feed: FeedOptions | null = null;
  const console_ = openConsole({
    client: api.client,
    load: null,
    offline: null,
    ready: async () => ({ version: '', draining: false, checks: [] }),
    print: async () => {},
    repaint: () => {},
    feed_url: 'ws://127.0.0.1/events',
    token: 'none',
    clinic_id,
    session: session(),
    size: { columns: stdout.columns, rows: stdout.rows },
    now: () => Date.now(),
    random: () => 0,
    copy: () => {},
    switch_user: async () => {},
    quit: () => {},
    open_feed: (options) => {
      feed = options;
      options.on_link('live', null);
      return { retry: () => {}, close: () => {} };
    },
  });
  const started = performance.now();
  const painted = new Promise<number>((resolve) => {
    stdout.on_write = () => resolve(performance.now() - started);
  });
  const app = render(<App console={console_} />, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 60,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  console_.send({ type: 'start' });
  const first_frame_ms = await painted;
  const data_ms = await new Promise<number>((resolve) => {
    stdout.on_write = () => {
      if (stdout.text.includes('BP1000')) resolve(performance.now() - started);
    };
    stdout.on_write();
  });
  stdout.on_write = null;
  stdout.text = '';
  stdout.is_kept = false;
  await wait(1_000);

  let sequence = 1_000_000;
  const say = () => {
    sequence += 1;
    const row = sequence % ROWS;
    api.change(`BP${10_000_100 + row}`, { notes: String(sequence) });
    const event: EventEnvelope = {
      event_id: uuid(9, row),
      sequence,
      event_type: 'booking.status_changed',
      aggregate_type: 'booking',
      aggregate_id: uuid(5, row + 1),
      clinic_id,
      correlation_id: null,
      occurred_at: '2026-11-20T03:42:00Z',
      payload: {},
    };
    feed?.on_frame({ type: 'event', ...event });
  };
  const close = () => {
    app.unmount();
    console_.close();
  };
  return { api, stdout, stdin, say, close, first_frame_ms, data_ms };
}

async function measure(name: string, events_per_s: number) {
  const { api, stdout, stdin, say, close, first_frame_ms, data_ms } = await openScreen();
  const noise = events_per_s > 0 ? setInterval(say, 1_000 / events_per_s) : null;

  const times: number[] = [];
  const bytes_before = stdout.bytes;
  for (let index = 0; index < KEYS; index += 1) {
    const from = performance.now();
    const painted = new Promise<void>((resolve) => {
      stdout.on_write = resolve;
    });
    stdin.write(index % 20 < 15 ? 'j' : 'k');
    await Promise.race([painted, wait(1_000)]);
    times.push(performance.now() - from);
    stdout.on_write = null;
    await wait(KEY_EVERY_MS);
  }
  const bytes = stdout.bytes - bytes_before;
  if (noise !== null) clearInterval(noise);

  // The pane of the last row comes a moment after the last key.
  await wait(1_000);
  const idle_from = stdout.bytes;
  stdout.is_kept = true;
  await wait(1_500);
  const idle_bytes = stdout.bytes - idle_from;
  if (idle_bytes > 0) console.error(`written while idle: ${JSON.stringify(stdout.text)}`);
  close();
  const sorted = times.toSorted((a, b) => a - b);
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return {
    name,
    p50_ms: round(percentile(sorted, 0.5)),
    p95_ms: round(percentile(sorted, 0.95)),
    p99_ms: round(percentile(sorted, 0.99)),
    first_frame_ms: round(first_frame_ms),
    data_ms: round(data_ms),
    bytes_per_key: Math.round(bytes / KEYS),
    idle_bytes_1500ms: idle_bytes,
    snapshots: api.calls.filter((call) => call === 'get_day').length,
    rss_mib: Math.round(process.memoryUsage.rss() / 1_048_576),
  };
}

const MIB = 1_048_576;

function memory() {
  // Node has it with --expose-gc only; without it the heap is what it happens to be.
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss_mib: Math.round(rss / MIB), heap_mib: Math.round((heapUsed / MIB) * 10) / 10 };
}

/** Keys and events of eight hours as fast as they can be painted, and what they leave in memory. */
async function day() {
  const { stdin, say, close } = await openScreen();
  let said = 0;
  const drive = async (keys: number, events: number) => {
    const ends_at = performance.now() + DAY_LIMIT_MS;
    for (let index = 0; index < keys; index += 1) {
      stdin.write(day_keys[index % day_keys.length] ?? 'j');
      if (Math.floor((index * events) / keys) !== Math.floor(((index + 1) * events) / keys)) {
        say();
        said += 1;
      }
      // A frame each few keys, as with a held key; an escape is told from a sequence by the silence after it.
      await (index % 4 === 0 ? wait(4) : new Promise(setImmediate));
      if (performance.now() > ends_at) return index;
    }
    return keys;
  };
  // The first minutes fill caches and compile: not a leak.
  await drive(1_200, 400);
  await wait(500);
  const before = memory();
  said = 0;
  const keys = await drive(DAY_KEYS, DAY_EVENTS);
  await wait(1_000);
  const after = memory();
  close();
  const growth = (now: number, was: number) => Math.round((now / was - 1) * 1_000) / 10;
  return {
    name: 'day',
    keys,
    events: said,
    /** Below 100 when a busy machine did not get through it in time. */
    share_percent: Math.round((keys / DAY_KEYS) * 100),
    rss_before_mib: before.rss_mib,
    rss_after_mib: after.rss_mib,
    rss_growth_percent: growth(after.rss_mib, before.rss_mib),
    heap_before_mib: before.heap_mib,
    heap_after_mib: after.heap_mib,
    heap_growth_percent: growth(after.heap_mib, before.heap_mib),
  };
}

/** Each in a process of its own when it is named: memory of one must not count for the next. */
const parts = {
  idle: () => measure('idle', 0),
  busy: () => measure('50 events/s', EVENTS_PER_S),
  day,
};
const wanted = process.argv[2];
const results: object[] = [];
for (const [name, run] of Object.entries(parts)) {
  if (wanted === undefined || wanted === name) results.push(await run());
}
console.log(JSON.stringify({ rows: ROWS, keys: KEYS, columns: 120, lines: 40, results }, null, 2));
process.exit(0);
