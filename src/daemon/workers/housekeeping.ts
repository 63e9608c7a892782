import type { App, Worker } from '../app-types.ts';
import { pruneIdempotencyKeys } from '../store/audit.ts';
import { queueReminders } from '../store/deliveries.ts';
import { pruneEvents } from '../store/outbox.ts';

const BATCH = 200;
/** Reminders speak of tomorrow: half a minute later is early enough. */
const EVERY_MS = 30_000;
/** Readers of the feed can resume this far back. */
const EVENTS_KEPT_DAYS = 30;

/** What is due by the clock: reminders to send, old answers and events to forget. */
export function createHousekeeper(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const reminded = await queueReminders(app.sql, BATCH);
    if (reminded > 0) app.wake.dispatcher();
    if (signal.aborted) return reminded;
    const answers = await pruneIdempotencyKeys(app.sql, BATCH);
    const events = await pruneEvents(app.sql, EVENTS_KEPT_DAYS, BATCH);
    return reminded + answers + events;
  };
  return { name: 'cron', every_ms: EVERY_MS, tick };
}
