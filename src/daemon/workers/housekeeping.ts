import type { App, Worker } from '../app-types.ts';
import { pruneIdempotencyKeys } from '../store/audit.ts';
import { pruneEvents } from '../store/outbox.ts';

const BATCH = 200;
const EVERY_MS = 30_000;
/** Readers of the feed can resume this far back. */
const EVENTS_KEPT_DAYS = 30;

/** What is due by the clock: old answers and events to forget. */
export function createHousekeeper(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    const answers = await pruneIdempotencyKeys(app.sql, BATCH);
    const events = await pruneEvents(app.sql, EVENTS_KEPT_DAYS, BATCH);
    return answers + events;
  };
  return { name: 'cron', every_ms: EVERY_MS, tick };
}
