import type { WebSocket } from '@fastify/websocket';
import type { EventEnvelope, FeedFrame } from '../../domain/events.ts';
import type { Log } from '../../log.ts';

/**
 * Where the events come from: the process's own tail of the outbox, and the outbox for older ones.
 */
export type FeedSource = {
  /** The newest sequence that exists. */
  readonly head: () => number;
  /**
   * Events after a sequence in order, at most `limit`; `oldest` is the first sequence that is still
   * kept.
   */
  readonly read: (
    after: number,
    limit: number,
  ) => Promise<{ readonly events: readonly EventEnvelope[]; readonly oldest: number }>;
  /** Calls back when there is something new; returns how to stop. */
  readonly subscribe: (on_news: () => void) => () => void;
};

export type SessionLimits = {
  readonly heartbeat_ms: number;
  /** A client that takes none of what we sent for this long is told `too_slow` and cut off. */
  readonly stall_ms: number;
  /** Events that may wait in memory for one client: one page. */
  readonly page_events: number;
};

export type SessionOptions = {
  readonly version: string;
  readonly after: number | null;
  readonly wants: (event: EventEnvelope) => boolean;
  readonly show: (event: EventEnvelope) => EventEnvelope;
  /** Asked with every heartbeat; false once the token no longer holds. */
  readonly mayStay: () => Promise<boolean>;
};

export type Session = {
  readonly bye: (reason: Extract<FeedFrame, { type: 'bye' }>['reason']) => void;
};

/** WebSocket close codes, RFC 6455 7.4.1. */
const close_codes = { shutting_down: 1001, too_slow: 1013, expired: 1008 } as const;
/**
 * Pings without an answer after which a client is gone. Counted, not timed: when this process itself stood still,
 * its clients have done nothing wrong.
 */
const unanswered_max = 3;
/** After bye, a client that does not close by itself is cut off. */
const bye_grace_ms = 2_000;

/**
 * One client of the live feed. Events are pulled page by page, and the next page is read only when
 * the client has taken the last one: a slow client costs a page of memory, never more.
 */
export function startSession(
  socket: WebSocket,
  source: FeedSource,
  limits: SessionLimits,
  options: SessionOptions,
  log: Log,
): Session {
  let cursor = options.after ?? source.head();
  let is_pumping = false;
  let is_over = false;
  let unanswered = 0;

  const transmit = (frame: FeedFrame) =>
    new Promise<void>((resolve) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame), () => resolve());
      else resolve();
    });

  const bye: Session['bye'] = (reason) => {
    if (is_over) return;
    is_over = true;
    stopAll();
    void transmit({ type: 'bye', reason });
    socket.close(close_codes[reason]);
    setTimeout(() => socket.terminate(), bye_grace_ms).unref();
  };

  /** Waits until the frames are handed to the network; false when the client does not take them. */
  async function taken(sent: Promise<unknown>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), limits.stall_ms);
    const is_taken = await Promise.race([sent.then(() => true), promise]);
    clearTimeout(timer);
    return is_taken;
  }

  async function sendPage(): Promise<boolean> {
    const { events, oldest } = await source.read(cursor, limits.page_events);
    const sent: Promise<void>[] = [];
    if (cursor + 1 < oldest) {
      cursor = oldest - 1;
      sent.push(transmit({ type: 'gap', sequence: cursor }));
    }
    for (const event of events) {
      if (event.sequence <= cursor) continue;
      cursor = event.sequence;
      if (options.wants(event)) sent.push(transmit({ type: 'event', ...options.show(event) }));
    }
    if (await taken(Promise.all(sent))) return events.length > 0;
    bye('too_slow');
    return false;
  }

  async function pump(): Promise<void> {
    if (is_pumping || is_over) return;
    is_pumping = true;
    try {
      while (!is_over && cursor < source.head()) if (!(await sendPage())) break;
    } catch (err) {
      // The next news or heartbeat tries again from the same place: nothing is skipped.
      log.warn('feed.read_failed', { err });
    } finally {
      is_pumping = false;
    }
  }

  async function beat(): Promise<void> {
    if (unanswered >= unanswered_max) return socket.terminate();
    if (!(await options.mayStay())) return bye('expired');
    unanswered += 1;
    socket.ping();
    const at = new Date().toISOString();
    const beat_frame = transmit({ type: 'heartbeat', sequence: source.head(), at });
    if (!(await taken(beat_frame))) bye('too_slow');
    await pump();
  }

  const heartbeat = setInterval(() => {
    void beat().catch((err: unknown) => log.warn('feed.heartbeat_failed', { err }));
  }, limits.heartbeat_ms);
  const unsubscribe = source.subscribe(() => void pump());
  function stopAll(): void {
    clearInterval(heartbeat);
    unsubscribe();
  }

  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.on('close', () => {
    is_over = true;
    stopAll();
  });
  const { heartbeat_ms } = limits;
  void transmit({ type: 'hello', sequence: source.head(), heartbeat_ms, version: options.version });
  void pump();
  return { bye };
}
