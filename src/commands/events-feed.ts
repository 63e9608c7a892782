import { AppError, isProblemCode } from '../domain/errors.ts';
import type { FeedFrame } from '../domain/events.ts';

/** One connection of a command to the live feed. */

/** A feed that says nothing for this many heartbeats is dead although the socket does not know it yet. */
const MISSED_HEARTBEATS = 3;
const HEARTBEAT_FALLBACK_MS = 10_000;
const WATCH_MS = 1_000;
/** WebSocket close code: policy violation; the reason is a problem code. */
const REFUSED = 1008;

/** The address of the feed with these wishes; a token never stands in it. */
export function feedUrl(base: string, query: Readonly<Record<string, string>>): string {
  const url = new URL('/events', base.replace(/^http/, 'ws'));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

function isFrame(value: unknown): value is FeedFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function readFrame(data: unknown): FeedFrame | null {
  const value: unknown = JSON.parse(String(data));
  return isFrame(value) ? value : null;
}

/**
 * One connection, until it ends: `done` when `on_frame` has seen enough, else `lost`. Throws what
 * the server refuses for good: a token, a clinic, a filter.
 */
export function followOnce(options: {
  readonly url: string;
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly on_frame: (frame: FeedFrame) => 'more' | 'done';
}): Promise<'done' | 'lost'> {
  const { signal, on_frame } = options;
  const { promise, resolve, reject } = Promise.withResolvers<'done' | 'lost'>();
  const socket = new WebSocket(options.url);
  let quiet_ms = HEARTBEAT_FALLBACK_MS * MISSED_HEARTBEATS;
  let heard_at = performance.now();
  const close = () => end('lost');
  const watchdog = setInterval(() => {
    if (performance.now() - heard_at > quiet_ms) end('lost');
  }, WATCH_MS);
  const end = (how: 'done' | 'lost') => {
    clearInterval(watchdog);
    signal.removeEventListener('abort', close);
    socket.onmessage = null;
    socket.close();
    resolve(how);
  };
  signal.addEventListener('abort', close);
  // The token goes in the first message: in an address it would end up in logs.
  socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token: options.token ?? '' }));
  socket.onclose = ({ code, reason }) => {
    if (code === REFUSED && isProblemCode(reason)) {
      reject(new AppError(reason, 'The feed refuses this token, or what it asks for.'));
    }
    end('lost');
  };
  socket.onerror = () => {};
  socket.onmessage = (event) => {
    heard_at = performance.now();
    try {
      const frame = readFrame(event.data);
      if (frame === null) return;
      if (frame.type === 'hello') quiet_ms = frame.heartbeat_ms * MISSED_HEARTBEATS;
      if (on_frame(frame) === 'done') end('done');
    } catch (error) {
      reject(error);
      end('lost');
    }
  };
  return promise;
}
