import type { Duplex } from 'node:stream';
import type { WebSocket } from '@fastify/websocket';
import { AppError } from '../../domain/errors.ts';
import type { ByeReason, EventEnvelope, FeedFrame } from '../../domain/events.ts';
import type { Log } from '../../log.ts';
import type { Presence } from './feed-presence.ts';
import type { Rounds } from './feed-rounds.ts';
import { type Asked, readMessage, type View } from './feed-view.ts';
import { wireOf } from './feed-wire.ts';

/** Events in order; `oldest` is the first sequence that is still kept. */
type FeedPage = { readonly events: readonly EventEnvelope[]; readonly oldest: number };

/** Where the events come from: the process's own tail of the outbox, and the outbox for older ones. */
export type FeedSource = {
  /** The newest sequence that this process knows of; 0 until the outbox was read once. */
  readonly head: () => number;
  /** False until the outbox was read once. */
  readonly is_ready: () => boolean;
  /** Looks into the outbox now. Never throws: without a database nothing is new. */
  readonly refresh: () => Promise<void>;
  /** At most `limit` events after a sequence: at once from memory, or later from the outbox. */
  readonly read: (after: number, limit: number) => FeedPage | Promise<FeedPage>;
  /** Calls back when there is something new; returns how to stop. */
  readonly subscribe: (on_news: () => void) => () => void;
};

export type SessionLimits = {
  readonly heartbeat_ms: number;
  /** A page that a client has not taken after this long: `too_slow`. */
  readonly stall_ms: number;
  /** What is handed to the network for one client before it has taken the last of it. */
  readonly page_events: number;
  readonly page_bytes: number;
  /** Bytes that may wait for one client, answers to its own messages included: `too_slow`. */
  readonly buffer_bytes: number;
  /** Messages and pings of one client between two heartbeats: `too_chatty`. */
  readonly messages_max: number;
};

export type SessionParts = {
  readonly source: FeedSource;
  readonly rounds: Rounds;
  readonly presence: Presence;
  readonly limits: SessionLimits;
  readonly version: string;
  readonly on_bye: (reason: ByeReason) => void;
  readonly log: Log;
};

export type SessionOptions = {
  /** The connection under the WebSocket: a page leaves in one write. */
  readonly raw: Duplex;
  readonly asked: Asked;
  readonly view: View;
  /** What the token admits to now; null once it no longer holds. Throws when the wish is refused. */
  readonly renew: (asked: Asked) => Promise<View | null>;
};

export type Session = { readonly bye: (reason: ByeReason) => void };

/** WebSocket close codes, RFC 6455 7.4.1; 1013 (try again later) is in the registry. */
export const close_codes = {
  shutting_down: 1001,
  too_slow: 1013,
  too_chatty: 1008,
  expired: 1008,
  full: 1013,
  too_many: 1013,
} as const satisfies Record<ByeReason, number>;
/**
 * Pings without an answer after which a client is gone. Counted, not timed: when this process itself stood still,
 * its clients have done nothing wrong.
 */
const unanswered_max = 3;
/** After bye, a client that does not close by itself is cut off. */
const bye_grace_ms = 2_000;
const as_text = { binary: false } as const;

/** The last words to a client, with the reason in the frame and in the close. */
export function sayBye(socket: WebSocket, reason: ByeReason): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'bye', reason }));
  socket.close(close_codes[reason], reason);
  setTimeout(() => socket.terminate(), bye_grace_ms).unref();
}

/**
 * One client of the live feed. Events are pulled page by page, and the next page is read only when
 * the client has taken the last one: a slow client costs references to a page that all readers
 * share, never more, and is let go when it does not take it in time.
 */
export function startSession(
  socket: WebSocket,
  parts: SessionParts,
  options: SessionOptions,
): Session {
  const { source, rounds, limits, log } = parts;
  const { raw, renew } = options;
  let { asked, view } = options;
  let cursor = asked.after ?? source.head();
  /** A page is being read or is on its way. */
  let is_busy = false;
  let is_over = false;
  let unanswered = 0;
  let messages = 0;
  let stall: NodeJS.Timeout | undefined;
  let end: NodeJS.Timeout | undefined;
  let leave = (): void => {};
  let turn: Promise<void> = Promise.resolve();

  function stopAll(): void {
    is_over = true;
    clearInterval(heartbeat);
    clearTimeout(stall);
    clearTimeout(end);
    unsubscribe();
    rounds.remove(step);
    leave();
  }

  const bye: Session['bye'] = (reason) => {
    if (is_over) return;
    stopAll();
    parts.on_bye(reason);
    sayBye(socket, reason);
  };

  /** Answers to a client that sends and never reads must not pile up either. */
  const checkBuffer = (): void => {
    if (socket.bufferedAmount > limits.buffer_bytes) bye('too_slow');
  };

  const tell = (frame: FeedFrame): void => {
    if (is_over || socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(frame));
    checkBuffer();
  };

  const goOn = (): void => {
    if (!is_over && !is_busy && cursor < source.head()) rounds.add(step);
  };

  const taken = (): void => {
    clearTimeout(stall);
    is_busy = false;
    goOn();
  };

  function transmit(frames: readonly (Buffer | string)[]): void {
    if (socket.readyState !== socket.OPEN) return;
    raw.cork();
    for (const [index, frame] of frames.entries()) {
      if (index < frames.length - 1) socket.send(frame, as_text);
      else socket.send(frame, as_text, taken);
    }
    raw.uncork();
    if (socket.bufferedAmount > 0) stall = setTimeout(() => bye('too_slow'), limits.stall_ms);
  }

  function sendPage({ events, oldest }: FeedPage): void {
    const frames: (Buffer | string)[] = [];
    let bytes = 0;
    if (cursor + 1 < oldest) {
      cursor = oldest - 1;
      frames.push(JSON.stringify({ type: 'gap', sequence: cursor }));
    }
    for (const event of events) {
      if (event.sequence <= cursor) continue;
      cursor = event.sequence;
      if (!view.wants(event)) continue;
      const wire = wireOf(event, view.is_masked);
      frames.push(wire);
      bytes += wire.length;
      if (bytes >= limits.page_bytes) break;
    }
    if (frames.length > 0) {
      transmit(frames);
      return;
    }
    is_busy = false;
    // An empty page brings nobody further: the next news or heartbeat tries again.
    if (events.length > 0) goOn();
  }

  async function sendOlder(page: Promise<FeedPage>): Promise<void> {
    const from = cursor;
    try {
      const read = await page;
      if (is_over) return;
      // Another place was asked for meanwhile.
      if (from === cursor) sendPage(read);
      else {
        is_busy = false;
        goOn();
      }
    } catch (err) {
      // The next news or heartbeat tries again from the same place: nothing is skipped.
      is_busy = false;
      log.warn('feed.read_failed', { err });
    }
  }

  function step(): void {
    if (is_over || is_busy || cursor >= source.head()) return;
    is_busy = true;
    const page = source.read(cursor, limits.page_events);
    if (page instanceof Promise) void sendOlder(page);
    else sendPage(page);
  }

  /** A place that lies behind the newest event is of another database, or this daemon is late. */
  async function findPlace(): Promise<void> {
    if (cursor > source.head()) await source.refresh();
    if (cursor > source.head()) {
      cursor = source.head();
      tell({ type: 'gap', sequence: cursor });
    }
    goOn();
  }

  function attend(): void {
    leave();
    const { presence, role } = view;
    const { clinic_id } = view.filter;
    if (presence === null || clinic_id === null) {
      leave = () => {};
      return;
    }
    const depart = presence === 'board' ? parts.presence.join(clinic_id, role) : () => {};
    const unwatch = parts.presence.watch(clinic_id, (count) =>
      tell({ type: 'presence', ...count }),
    );
    leave = () => {
      depart();
      unwatch();
    };
  }

  function watchEnd(): void {
    clearTimeout(end);
    if (is_over || view.ends_at_ms === null) return;
    const left_ms = view.ends_at_ms - Date.now();
    if (left_ms <= 0) bye('expired');
    // Later ends are looked at with a later heartbeat.
    else if (left_ms <= 2 * limits.heartbeat_ms) end = setTimeout(() => bye('expired'), left_ms);
  }

  /** False when the session is over. */
  async function look(wanted: Asked): Promise<boolean> {
    const found = await renew(wanted);
    if (is_over) return false;
    if (found === null) {
      bye('expired');
      return false;
    }
    asked = wanted;
    view = found;
    watchEnd();
    return !is_over;
  }

  async function beat(): Promise<void> {
    if (unanswered >= unanswered_max) return socket.terminate();
    messages = 0;
    if (!(await look(asked))) return;
    unanswered += 1;
    socket.ping();
    tell({ type: 'heartbeat', sequence: cursor, at: new Date().toISOString() });
    goOn();
  }

  async function take(text: string): Promise<void> {
    if (is_over) return;
    try {
      const wanted = readMessage(text);
      if (!(await look(wanted))) return;
      cursor = wanted.after ?? cursor;
      // The place was the wish of that moment: later heartbeats ask for the filter only.
      const { after: _, ...filter } = wanted;
      asked = filter;
      tell({ type: 'subscribed', sequence: cursor, ...view.filter });
      attend();
      await findPlace();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      tell({ type: 'error', code: error.code, detail: error.detail });
    }
  }

  const count = (): void => {
    messages += 1;
    if (messages > limits.messages_max) bye('too_chatty');
    else checkBuffer();
  };
  const warn = (event: string) => (err: unknown) => log.warn(event, { err });
  socket.on('message', (data: Buffer) => {
    count();
    if (is_over) return;
    // One after the other: the last filter asked for is the one that holds.
    turn = turn.then(() => take(data.toString('utf8'))).catch(warn('feed.message_failed'));
  });
  socket.on('ping', count);
  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.on('close', stopAll);
  const heartbeat = setInterval(() => {
    void beat().catch(warn('feed.heartbeat_failed'));
  }, limits.heartbeat_ms);
  const unsubscribe = source.subscribe(goOn);
  const { heartbeat_ms } = limits;
  tell({ type: 'hello', sequence: source.head(), heartbeat_ms, version: parts.version });
  watchEnd();
  if (!is_over) {
    attend();
    void findPlace();
  }
  return { bye };
}
