import type { App, Worker } from '../app-types.ts';
import { pruneIdempotencyKeys } from '../store/audit.ts';
import { pruneEvents } from '../store/outbox.ts';

const BATCH = 200;
const EVERY_MS = 30_000;
/** Readers of the feed can resume this far back. */
const EVENTS_KEPT_DAYS = 30;
/** Events per statement: about 6 ms. docs/adr/0006-outbox-retention.md */
const EVENT_BATCH = 1_000;
/** Batches per round: more than 50 million events a day, so that a backlog of old ones shrinks. */
const EVENT_BATCHES_MAX = 20;

async function forgetEvents(app: App, signal: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (let batch = 0; batch < EVENT_BATCHES_MAX && !signal.aborted; batch += 1) {
    const gone = await pruneEvents(app.sql, EVENTS_KEPT_DAYS, EVENT_BATCH);
    forgotten += gone;
    if (gone < EVENT_BATCH) break;
  }
  return forgotten;
}

/** What is due by the clock: old answers and events to forget. */
export function createHousekeeper(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    const answers = await pruneIdempotencyKeys(app.sql, BATCH);
    return answers + (await forgetEvents(app, signal));
  };
  return { name: 'cron', every_ms: EVERY_MS, tick };
}
