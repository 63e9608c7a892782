import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { App, Worker } from '../app-types.ts';
import { createGauges } from '../kpi-gauges.ts';
import { countEvents, countMinute, endDaemon, tellCounts } from '../store/kpis.ts';

const EVERY_MS = 10_000;
/** A daemon with nothing to tell says once in a minute that it is there. */
const SILENT_MS = 50_000;
/** A daemon that stops does not wait longer for a database that is away. */
const LAST_WORD_MS = 1_000;
/** Events in one statement: some tens of milliseconds. */
const EVENT_BATCH = 2_000;
/** Batches in a tick: more than 4000 changes a second. */
const EVENT_BATCHES_MAX = 20;
/** Less than a minute, so that jitter leaves no minute out. */
const MINUTE_MS = 55_000;

/**
 * Tells the database what this process has counted. Every daemon has one, whatever its roles: the figures
 * are of all together.
 */
export function createTeller(): Worker {
  const daemon_id = randomUUID();
  const gauges = createGauges();
  let told_ms: number | null = null;
  let last: App | null = null;

  const tick = async (app: App): Promise<number> => {
    last = app;
    const counts = app.tally.take();
    const is_silent = Object.keys(counts).length === 0;
    if (is_silent && told_ms !== null && performance.now() - told_ms < SILENT_MS) return 0;
    try {
      await tellCounts(app.sql, daemon_id, counts, await gauges(app));
      told_ms = performance.now();
    } catch (error) {
      app.tally.putBack(counts);
      throw error;
    }
    return 0;
  };
  const settle = async (): Promise<void> => {
    if (last === null) return;
    const { sql, tally, log } = last;
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WORD_MS);
    const told = endDaemon(sql, daemon_id, tally.take()).catch((error: unknown) => {
      log.warn('kpis.last_not_told', { err: error });
    });
    await Promise.race([told, patience]);
    clearTimeout(timer);
  };
  return { name: 'kpis', every_ms: EVERY_MS, tick, settle };
}

/** One batch; where an event of it cannot be read, once more without such events. */
async function countBatch(app: App): Promise<number> {
  try {
    return await countEvents(app.sql, EVENT_BATCH);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') throw error;
    app.log.error('kpis.odd_event', { err: error });
    return await countEvents(app.sql, EVENT_BATCH, true);
  }
}

/** Counts what left through the outbox, whichever daemon comes first; and once a minute what is no event. */
export async function countBusiness(app: App, signal: AbortSignal): Promise<void> {
  for (let done = 0; done < EVENT_BATCHES_MAX && !signal.aborted; done += 1) {
    if ((await countBatch(app)) < EVENT_BATCH) break;
  }
  await countMinute(app.sql, MINUTE_MS);
}
