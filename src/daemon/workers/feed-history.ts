import type { Sql } from 'postgres';
import type { EventEnvelope } from '../../domain/events.ts';
import { feedBounds } from '../store/outbox.ts';
import { readEvents } from './read-events.ts';

/** Events of one page; pages begin at multiples of it, so that readers who come back share them. */
const PAGE = 200;
/** Pages in memory: what a crowd that comes back after a restart reads, not an archive. */
const PAGES_MAX = 16;
/** Pages of older events that are read at a time: the pool belongs to those who book. */
const READS_MAX = 2;

/** Events in order; `oldest` is the first sequence that is still kept. */
export type FeedPage = { readonly events: readonly EventEnvelope[]; readonly oldest: number };

/**
 * Older events for those who resume. A thousand clients that come back at once after a restart ask
 * for the same few pages: each page is read once for all of them, two pages at a time.
 */
export function createHistory(sql: Sql): {
  readonly read: (after: number) => Promise<FeedPage>;
} {
  /** By first sequence less one; the last used stands last. */
  const pages = new Map<number, FeedPage>();
  const under_way = new Map<number, Promise<FeedPage>>();
  const queue: (() => void)[] = [];
  let reading = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (reading >= READS_MAX) await new Promise<void>((resolve) => queue.push(resolve));
    else reading += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      // The place passes to who waits longest.
      if (next) next();
      else reading -= 1;
    }
  }

  async function load(start: number): Promise<FeedPage> {
    const [events, bounds] = await inTurn(() =>
      Promise.all([readEvents(sql, start, PAGE), feedBounds(sql)]),
    );
    const oldest = bounds.first_sequence ?? bounds.last_sequence + 1;
    const page = { events, oldest };
    // Numbers are given without holes: a page with its last number on it will never change.
    if (events.some(({ sequence }) => sequence === start + PAGE)) {
      pages.set(start, page);
      const [first] = pages.keys();
      if (pages.size > PAGES_MAX && first !== undefined) pages.delete(first);
    }
    return page;
  }

  async function pageAt(start: number): Promise<FeedPage> {
    const kept = pages.get(start);
    if (kept) {
      pages.delete(start);
      pages.set(start, kept);
      return kept;
    }
    const running = under_way.get(start) ?? load(start).finally(() => under_way.delete(start));
    under_way.set(start, running);
    return await running;
  }

  return {
    read: async (after) => {
      const start = after - (after % PAGE);
      const { events, oldest } = await pageAt(start);
      return { events: events.filter(({ sequence }) => sequence > after), oldest };
    },
  };
}
