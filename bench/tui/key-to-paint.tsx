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
 * second that each ask for a new snapshot. design §9: p95 <= 33 ms idle, <= 50 ms busy. Run built:
 * `node bench/tui/run.mjs`.
 */

const ROWS = 2_000;
const KEYS = 300;
/** A held key repeats about as fast; each must be painted before the next. */
const KEY_EVERY_MS = 30;
const EVENTS_PER_S = 50;

class Screen extends EventEmitter {
  readonly isTTY = true;
  columns = 120;
  rows = 40;
  bytes = 0;
  on_write: (() => void) | null = null;
  write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    this.bytes += Buffer.byteLength(String(chunk));
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

async function measure(name: string, events_per_s: number) {
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

  const idle_from = stdout.bytes;
  await wait(1_500);
  const idle_bytes = stdout.bytes - idle_from;
  app.unmount();
  console_.close();
  const sorted = times.toSorted((a, b) => a - b);
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return {
    name,
    p50_ms: round(percentile(sorted, 0.5)),
    p95_ms: round(percentile(sorted, 0.95)),
    p99_ms: round(percentile(sorted, 0.99)),
    bytes_per_key: Math.round(bytes / KEYS),
    idle_bytes_1500ms: idle_bytes,
    snapshots: api.calls.filter((call) => call === 'get_day').length,
    rss_mib: Math.round(process.memoryUsage.rss() / 1_048_576),
  };
}

const results = [await measure('idle', 0), await measure('50 events/s', EVENTS_PER_S)];
console.log(JSON.stringify({ rows: ROWS, keys: KEYS, columns: 120, lines: 40, results }, null, 2));
process.exit(0);
