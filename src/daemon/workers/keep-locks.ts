import { freeEndedLocks, freeLocksSince } from '../actions/free-ended-locks.ts';
import { rebuildLocks } from '../actions/rebuild-locks.ts';
import type { App, Worker } from '../app-types.ts';
import { feedBounds } from '../store/outbox.ts';

/** How soon a Redis that came back is noticed when no hold happens to ask it. design §9: 5 s. */
const EVERY_MS = 1_000;
/** All locks are looked at when a keeper starts and this often: for what no event told (no relay at work). */
const LOOK_AT_ALL_MS = 60_000;

/**
 * Probes the doorman, rebuilds the locks whenever some may have been lost, and frees those whose process died between
 * the end of the hold and its unlock.
 */
export function createLockKeeper(): Worker {
  let built_for: string | null = null;
  let after: number | null = null;
  let looked_at_ms = Number.NEGATIVE_INFINITY;

  const freeEnded = async (app: App): Promise<void> => {
    let freed = 0;
    if (after === null || performance.now() - looked_at_ms >= LOOK_AT_ALL_MS) {
      const { last_sequence } = await feedBounds(app.sql);
      freed = await freeEndedLocks(app);
      after ??= last_sequence;
      looked_at_ms = performance.now();
    }
    const since = await freeLocksSince(app, after);
    after = since.after;
    freed += since.freed;
    if (freed > 0) app.log.info('locks.freed', { freed });
  };

  const tick = async (app: App, _signal: AbortSignal): Promise<number> => {
    const { epoch } = await app.locks.health();
    if (epoch === null) return 0;
    if (epoch !== built_for) {
      const rebuilt = await rebuildLocks(app);
      app.log.info('locks.rebuilt', { rebuilt });
      // Only now: a rebuild that failed halfway is repeated by the next tick.
      built_for = epoch;
    }
    await freeEnded(app);
    // Not "work done": an answer above 0 would make the loop tick again at once.
    return 0;
  };
  return { name: 'locks', every_ms: EVERY_MS, tick };
}
