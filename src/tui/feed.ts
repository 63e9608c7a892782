import type { FeedFrame } from '../domain/events.ts';
import type { LinkStatus } from './model.ts';

/** The live feed: one WebSocket that comes back by itself and goes on where it stopped. */

/** Waits between attempts: 1 s doubling to 30 s, each shortened at random so that desks do not return at once. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** No hello within this: the attempt has failed. */
const CONNECT_MS = 5_000;
/** A heartbeat that is late by this much makes the line SLOW, then STALE, then given up. ux §3. */
const SLOW_MS = 2_000;
const STALE_MS = 10_000;
const DEAD_MS = 30_000;
/** Until the server has said its own. */
const HEARTBEAT_MS = 10_000;

export type FeedOptions = {
  readonly url: string;
  readonly token: string;
  readonly clinic_id: string;
  /** Events after this sequence are wanted. */
  readonly after: number;
  readonly on_frame: (frame: FeedFrame) => void;
  readonly on_link: (status: LinkStatus, retry_at_ms: number | null) => void;
  readonly now: () => number;
  readonly random: () => number;
};

export type Feed = {
  /** Connects at once when it was waiting. */
  readonly retry: () => void;
  readonly close: () => void;
};

/** How long attempt number `failures` waits, in ms. `random` is in [0, 1). */
export function retryDelay(failures: number, random: number): number {
  const full = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + random / 2));
}

/** What a silence of `silent_ms` means when a heartbeat comes every `heartbeat_ms`. */
export function linkAfter(silent_ms: number, heartbeat_ms: number): LinkStatus {
  const late = silent_ms - heartbeat_ms;
  if (late > DEAD_MS) return 'offline';
  if (late > STALE_MS) return 'stale';
  return late > SLOW_MS ? 'slow' : 'live';
}

function isFrame(value: unknown): value is FeedFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function parseFrame(data: unknown): FeedFrame | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    return isFrame(value) ? value : null;
  } catch {
    return null;
  }
}

function addressOf(options: FeedOptions, after: number): string {
  const url = new URL(options.url);
  url.searchParams.set('after', String(after));
  url.searchParams.set('clinic_id', options.clinic_id);
  // Whoever has a console open is on the board of the clinic.
  url.searchParams.set('presence', 'board');
  return url.toString();
}

/** Opens the feed; it lives until `close`. */
export function openFeed(options: FeedOptions): Feed {
  const { now, random, on_frame, on_link } = options;
  let after = options.after;
  let heartbeat_ms = HEARTBEAT_MS;
  let failures = 0;
  let last_heard_ms = now();
  let socket: WebSocket | null = null;
  let timer: NodeJS.Timeout | null = null;
  let is_closed = false;

  const later = (ms: number, work: () => void): void => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(work, Math.max(0, ms));
  };

  const drop = (): void => {
    const old = socket;
    socket = null;
    // Closing an attempt that never opened reports an error to nobody.
    old?.close();
  };

  const lose = (): void => {
    drop();
    if (is_closed) return;
    failures += 1;
    const wait_ms = retryDelay(failures, random());
    on_link('offline', now() + wait_ms);
    later(wait_ms, connect);
  };

  /** Looks again when the silence would next change what it means. */
  const watch = (): void => {
    const silent_ms = now() - last_heard_ms;
    const status = linkAfter(silent_ms, heartbeat_ms);
    if (status === 'offline') {
      lose();
      return;
    }
    on_link(status, null);
    const limit = { live: SLOW_MS, slow: STALE_MS, stale: DEAD_MS, connecting: SLOW_MS }[status];
    later(heartbeat_ms + limit + 1 - silent_ms, watch);
  };

  const hear = (frame: FeedFrame): void => {
    last_heard_ms = now();
    if (frame.type === 'hello') {
      failures = 0;
      heartbeat_ms = frame.heartbeat_ms;
    }
    if (frame.type === 'event' || frame.type === 'heartbeat')
      after = Math.max(after, frame.sequence);
    // Backwards too: the server may have been given an older copy of its database.
    if (frame.type === 'gap') after = frame.sequence;
    on_frame(frame);
    if (frame.type === 'bye') {
      // An expired login does not get better by hurrying, and neither does one that is used up.
      if (frame.reason === 'expired' || frame.reason === 'too_many') failures = 5;
      lose();
    } else {
      watch();
    }
  };

  function connect(): void {
    drop();
    if (is_closed) return;
    const headers = { authorization: `Bearer ${options.token}` };
    const opened = new WebSocket(addressOf(options, after), { headers });
    socket = opened;
    later(CONNECT_MS, lose);
    opened.addEventListener('message', (event) => {
      const frame = opened === socket ? parseFrame(event.data) : null;
      if (frame !== null) hear(frame);
    });
    opened.addEventListener('close', () => {
      if (opened === socket) lose();
    });
    opened.addEventListener('error', () => {
      if (opened === socket) lose();
    });
  }

  connect();
  return {
    retry: () => {
      // A line that fell silent while the machine slept only looks open.
      const is_silent = now() - last_heard_ms > heartbeat_ms + SLOW_MS;
      if (socket !== null && failures === 0 && !is_silent) return;
      failures = 0;
      connect();
    },
    close: () => {
      is_closed = true;
      if (timer !== null) clearTimeout(timer);
      drop();
    },
  };
}
