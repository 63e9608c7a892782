import { setTimeout as sleep } from 'node:timers/promises';
import type { App, Worker } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { fanOutEvents, sequenceEvents } from '../store/outbox.ts';
import { EVENTS_CHANNEL, type Feed } from './feed.ts';
import type { EventStream } from './stream.ts';

/** Events per statement: keeps each under a few milliseconds and memory bounded. */
const BATCH = 500;
const EVERY_MS = 250;
/**
 * Ticks start this far apart while there is little to do: each costs four round trips, whether for
 * one event or for hundreds. A small part of the 150 ms from commit to console (design §9).
 */
const GAP_MS = 20;
/**
 * Whoever numbered events writes them to the stream. The others look this often, for one that died in
 * between and for a stream that was flushed: each look at new events reads them all.
 */
const STREAM_LOOK_MS = 1_000;

/**
 * Turns committed changes into news: numbers them, writes what has to be delivered, tells the feeds
 * of all daemons and the Redis Stream. Any number of relays may run; the database lets one work at
 * a time.
 */
export function createRelay(parts: {
  readonly feed: Feed;
  readonly stream: EventStream | null;
}): Worker {
  const { feed, stream } = parts;
  let next_start = 0;
  let next_stream_look = 0;
  const tick = async (app: App, _signal: AbortSignal): Promise<number> => {
    const wait_ms = next_start - performance.now();
    if (wait_ms > 0) await sleep(wait_ms);
    next_start = performance.now() + GAP_MS;
    const sequenced = await sequenceEvents(app.sql, BATCH);
    if (sequenced > 0) failpoint('after-sequence');
    const published = await fanOutEvents(app.sql, BATCH);
    if (published.length > 0) failpoint('after-fan-out');
    if (sequenced > 0 || published.length > 0) {
      feed.wake();
      app.wake.dispatcher();
      // A statement of its own and one per batch: NOTIFY inside the changes would queue all
      // commits.
      await app.sql.notify(EVENTS_CHANNEL, '');
    }
    if (stream && (sequenced > 0 || performance.now() >= next_stream_look)) {
      next_stream_look = performance.now() + STREAM_LOOK_MS;
      await stream.publish(app);
    }
    if (sequenced === BATCH) next_start = 0;
    return sequenced + published.length;
  };
  return { name: 'relay', every_ms: EVERY_MS, tick };
}
