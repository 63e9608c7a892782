import type { EventEnvelope } from '../../domain/events.ts';
import type { App } from '../app-types.ts';
import { feedBounds } from '../store/outbox.ts';
import { readEvents } from './read-events.ts';

/** The channel that relays call after numbering events; the payload is the newest sequence. */
export const EVENTS_CHANNEL = 'petpro_events';
/** Without any notification (lost connection, no relay here) news is this late at most. */
const POLL_MS = 500;
/** Events kept in memory for all readers of this process: a busy minute. */
const TAIL_MAX = 2_000;
const PAGE = 500;

/** One process's view of the outbox: the newest events in memory, older ones from PostgreSQL. */
export type Feed = {
  /** The newest sequence that this process knows of. */
  readonly head: () => number;
  /** Events after a sequence in order, at most `limit`; `oldest` is the first one still kept. */
  readonly read: (
    after: number,
    limit: number,
  ) => Promise<{ readonly events: readonly EventEnvelope[]; readonly oldest: number }>;
  /** Calls back when there is something new; returns how to stop. */
  readonly subscribe: (on_news: () => void) => () => void;
  /**
   * Looks for news now: called by the own relay, so that nobody here waits for the notification.
   */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
};

/**
 * Follows the outbox by sequence. Woken by the own relay, by NOTIFY from other daemons, and by the
 * clock; whatever wakes it, events are read in order and none is left out.
 */
export function createFeed(app: App): Feed {
  const subscribers = new Set<() => void>();
  let tail: EventEnvelope[] = [];
  let head = 0;
  let is_started = false;
  let is_stopped = false;
  let looking: Promise<void> | null = null;
  let look_again = false;
  let unlisten: (() => Promise<void>) | null = null;

  const step = async (): Promise<boolean> => {
    if (!is_started) {
      head = (await feedBounds(app.sql)).last_sequence;
      is_started = true;
    }
    const events = await readEvents(app.sql, head, PAGE);
    const newest = events.at(-1);
    if (!newest) return false;
    head = newest.sequence;
    tail = [...tail, ...events].slice(-TAIL_MAX);
    for (const on_news of subscribers) on_news();
    return events.length === PAGE;
  };

  const look = async (): Promise<void> => {
    try {
      do {
        look_again = false;
        while (!is_stopped && (await step()));
      } while (look_again && !is_stopped);
    } catch (error) {
      app.log.warn('feed.look_failed', { err: error });
    } finally {
      looking = null;
    }
  };

  const wake = () => {
    if (is_stopped) return;
    look_again = true;
    looking ??= look();
  };

  const listen = async (): Promise<void> => {
    try {
      const listening = await app.sql.listen(EVENTS_CHANNEL, wake, wake);
      unlisten = listening.unlisten;
      if (is_stopped) await unlisten();
    } catch (error) {
      // Polling carries on alone: half a second slower.
      app.log.warn('feed.listen_failed', { err: error });
    }
  };

  const timer = setInterval(wake, POLL_MS);
  timer.unref();
  wake();
  const listening = listen();

  return {
    head: () => head,
    subscribe: (on_news) => {
      subscribers.add(on_news);
      return () => subscribers.delete(on_news);
    },
    read: async (after, limit) => {
      const [first] = tail;
      if (first && after >= first.sequence - 1) {
        const events = tail.filter((event) => event.sequence > after).slice(0, limit);
        return { events, oldest: first.sequence };
      }
      const [events, bounds] = await Promise.all([
        readEvents(app.sql, after, limit),
        feedBounds(app.sql),
      ]);
      return { events, oldest: bounds.first_sequence ?? bounds.last_sequence + 1 };
    },
    wake,
    stop: async () => {
      is_stopped = true;
      clearInterval(timer);
      await listening;
      await unlisten?.();
      await looking;
    },
  };
}
