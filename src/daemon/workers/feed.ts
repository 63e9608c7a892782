import type { EventEnvelope } from '../../domain/events.ts';
import type { App } from '../app-types.ts';
import { feedBounds } from '../store/outbox.ts';
import { createHistory, type FeedPage } from './feed-history.ts';
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
  /** The newest sequence that this process knows of; 0 until the outbox was read once. */
  readonly head: () => number;
  /** False until the outbox was read once. */
  readonly is_ready: () => boolean;
  /** Looks for news and waits for the answer. Never throws: without a database nothing is new. */
  readonly refresh: () => Promise<void>;
  /**
   * Events after a sequence in order, at most `limit`: at once from memory, older ones later.
   * `oldest` is the first one still kept.
   */
  readonly read: (after: number, limit: number) => FeedPage | Promise<FeedPage>;
  /** Calls back when there is something new; returns how to stop. */
  readonly subscribe: (on_news: () => void) => () => void;
  /**
   * Looks for news now: called by the own relay, so that nobody here waits for the notification.
   */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
};

/** Where the first event after that sequence stands in a list that is in order. */
function placeAfter(events: readonly EventEnvelope[], sequence: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.sequence ?? 0) > sequence) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Follows the outbox by sequence. Woken by the own relay, by NOTIFY from other daemons, and by the
 * clock; whatever wakes it, events are read in order and none is left out.
 */
export function createFeed(app: App): Feed {
  const subscribers = new Set<() => void>();
  const history = createHistory(app.sql);
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
    is_ready: () => is_started,
    refresh: async () => {
      wake();
      await looking;
    },
    subscribe: (on_news) => {
      subscribers.add(on_news);
      return () => subscribers.delete(on_news);
    },
    read: (after, limit) => {
      const [first] = tail;
      if (first && after >= first.sequence - 1) {
        const from = placeAfter(tail, after);
        return { events: tail.slice(from, from + limit), oldest: first.sequence };
      }
      return history.read(after).then(({ events, oldest }) => {
        return { events: events.slice(0, limit), oldest };
      });
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
