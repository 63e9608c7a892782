import type { App, Worker } from '../app-types.ts';
import { pruneIdempotencyKeys } from '../store/audit.ts';
import { pruneEvents } from '../store/outbox.ts';

const EVERY_MS = 30_000;
const ANSWER_BATCH = 500;
/** Batches per round: more than 300 changes a second, all day. */
const ANSWER_BATCHES_MAX = 20;
/** Readers of the feed can resume this far back. */
const EVENTS_KEPT_DAYS = 30;
/** Events per statement: about 6 ms. docs/adr/0006-outbox-retention.md */
const EVENT_BATCH = 1_000;
/** Batches per round: more than 50 million events a day, so that a backlog of old ones shrinks. */
const EVENT_BATCHES_MAX = 20;

/** Batch after batch until nothing is left, or the round is over. */
async function forget(
  prune: (limit: number) => Promise<number>,
  limits: { readonly batch: number; readonly batches_max: number; readonly signal: AbortSignal },
): Promise<number> {
  const { batch, batches_max, signal } = limits;
  let forgotten = 0;
  for (let done = 0; done < batches_max && !signal.aborted; done += 1) {
    const gone = await prune(batch);
    forgotten += gone;
    if (gone < batch) break;
  }
  return forgotten;
}

/** What is due by the clock: old answers and events to forget. */
export function createHousekeeper(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const answers = await forget(async (limit) => await pruneIdempotencyKeys(app.sql, limit), {
      batch: ANSWER_BATCH,
      batches_max: ANSWER_BATCHES_MAX,
      signal,
    });
    const events = await forget(
      async (limit) => await pruneEvents(app.sql, EVENTS_KEPT_DAYS, limit),
      { batch: EVENT_BATCH, batches_max: EVENT_BATCHES_MAX, signal },
    );
    return answers + events;
  };
  return { name: 'cron', every_ms: EVERY_MS, tick };
}
