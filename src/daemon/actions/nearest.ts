import type { Json } from '../../domain/errors.ts';
import { localTime } from '../../domain/time.ts';
import type { App } from '../app-types.ts';
import { type BoundedCache, boundedCache } from '../http/bounded-cache.ts';
import { type NearSlot, nearestOpenSlots } from '../store/slots.ts';

/** A loser is shown this many other times. */
const NEAREST_COUNT = 3;
/** One query per wanted slot and second, however many lose. */
const REFRESH_MS = 1_000;
/** Older than this, suggestions mislead more than they help. */
const STALE_MS = 30_000;
/** The very first loser waits for the query this long; later ones never wait. */
const FIRST_WAIT_MS = 50;
const WANTED_SLOTS_MAX = 5_000;

type Entry = {
  items: readonly Json[];
  fetched_at: number;
  loading: Promise<void> | null;
};

/** Per app, not per process: tests open several. */
const caches = new WeakMap<App, BoundedCache<Entry>>();

function cacheOf(app: App): BoundedCache<Entry> {
  const known = caches.get(app);
  if (known) return known;
  const made = boundedCache<Entry>(WANTED_SLOTS_MAX, STALE_MS);
  caches.set(app, made);
  return made;
}

const toJson = (slot: NearSlot): Json => ({
  slot_id: slot.slot_id,
  starts_at: localTime(slot.starts_at, slot.time_zone).text,
  date: localTime(slot.starts_at, slot.time_zone).date,
  time: localTime(slot.starts_at, slot.time_zone).time,
  remaining: slot.remaining,
  staff_name: slot.staff_name,
});

async function load(app: App, slot_id: string, entry: Entry): Promise<void> {
  try {
    const slots = await nearestOpenSlots(app.sql, slot_id, NEAREST_COUNT);
    entry.items = slots.map(toJson);
  } catch (error) {
    // A suggestion is a courtesy: the 409 must not become a 503.
    app.log.debug('nearest.failed', { slot_id, err: error });
  } finally {
    // Set on failure too, so that a database in trouble is not asked more often.
    entry.fetched_at = performance.now();
    entry.loading = null;
  }
}

async function atMost(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}

/** What `nearestTo` would answer at once, without a promise; null when it has to ask. */
export function nearestAtHand(app: App, slot_id: string): readonly Json[] | null {
  const known = cacheOf(app).get(slot_id);
  const is_fresh = known !== undefined && performance.now() - known.fetched_at < REFRESH_MS;
  return is_fresh && known.loading === null ? known.items : null;
}

/**
 * Up to three open slots of the same service near the one that was lost. Served from a cache that
 * one query at a time refreshes, at most once a second, so that 999 losers cost one query.
 */
export async function nearestTo(app: App, slot_id: string): Promise<readonly Json[]> {
  const cache = cacheOf(app);
  const known = cache.get(slot_id);
  if (known && known.loading !== null) {
    if (known.fetched_at === 0) await atMost(known.loading, FIRST_WAIT_MS);
    return known.items;
  }
  if (known && performance.now() - known.fetched_at < REFRESH_MS) return known.items;
  const entry: Entry = known ?? { items: [], fetched_at: 0, loading: null };
  entry.loading = load(app, slot_id, entry);
  cache.set(slot_id, entry);
  if (!known) await atMost(entry.loading, FIRST_WAIT_MS);
  return entry.items;
}
