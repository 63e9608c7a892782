import type { EventType } from '../../domain/events.ts';
import { offerPlaces } from '../actions/waitlist-offers.ts';
import type { App, Worker } from '../app-types.ts';
import { claimOpenings, forgetOpenings, lookThrough, slotsFreed } from '../store/waitlist.ts';
import type { Feed } from './feed.ts';

/** Per tick, so that one big cancellation does not keep others waiting for long. */
const OPENINGS = 20;
const ENTRIES = 20;
const SLOTS_MAX = 200;
/** Longer than all offers of one tick take. A worker that dies is followed up after this. */
const LEASE_MS = 60_000;
/** Backstop; news of the feed wakes it earlier. Grace times of cancels end by this clock too. */
const EVERY_MS = 1_000;
const PAGE = 500;

/**
 * Offers what becomes free to those who wait. Any number of these may run: openings are leased, a slot
 * is given out by one caller at a time, and the judge of all holds decides.
 */
export function createWaitlister(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const openings = await claimOpenings(app.sql, OPENINGS, LEASE_MS);
    const looked_at = await lookThrough(app.sql, ENTRIES);
    if (openings.length + looked_at.length === 0) return 0;
    const freed_ids = [...new Set(openings.map(({ slot_id }) => slot_id))];
    const freed = freed_ids.length === 0 ? [] : await slotsFreed(app.sql, freed_ids, SLOTS_MAX);
    const open = looked_at.flatMap(({ slot_id }) => (slot_id === null ? [] : [slot_id]));
    let offers = 0;
    for (const slot_id of new Set([...freed, ...open])) {
      // What is left stays leased and is taken up again.
      if (signal.aborted) return offers;
      offers += await offerPlaces(app, slot_id, signal);
    }
    if (openings.length > 0) {
      await forgetOpenings(
        app.sql,
        openings.map(({ opening_id }) => opening_id),
      );
    }
    // An entry that left, or an offer: somebody is to hear of it.
    app.wake.relay();
    return openings.length + looked_at.length;
  };
  return { name: 'waitlist', every_ms: EVERY_MS, tick };
}

/** What frees a place, or lets somebody wait for one. */
const awaited: readonly EventType[] = [
  'reservation.cancelled',
  'reservation.expired',
  'booking.cancelled',
  'booking.rescheduled',
  'waitlist.changed',
];

/** Wakes the worker when the feed tells of something that it is for; returns how to stop. */
export function wakeOnNews(app: App, feed: Feed, wake: () => void): () => void {
  let seen = feed.head();
  let is_looking = false;
  const look = async (): Promise<void> => {
    if (is_looking) return;
    is_looking = true;
    try {
      for (;;) {
        const { events } = await feed.read(seen, PAGE);
        const newest = events.at(-1);
        if (!newest) break;
        seen = newest.sequence;
        if (events.some(({ event_type }) => awaited.includes(event_type))) wake();
      }
    } catch (error) {
      app.log.warn('waitlist.feed_failed', { err: error });
    } finally {
      is_looking = false;
    }
  };
  return feed.subscribe(() => void look());
}
