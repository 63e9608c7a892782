import { rebuildLocks } from '../actions/rebuild-locks.ts';
import type { App, Worker } from '../app-types.ts';

/** How soon a Redis that came back is noticed when no hold happens to ask it. design §9: 5 s. */
const EVERY_MS = 1_000;

/** Probes the doorman, and rebuilds the locks whenever some may have been lost. */
export function createLockKeeper(): Worker {
  let built_for: string | null = null;
  const tick = async (app: App, _signal: AbortSignal): Promise<number> => {
    const { epoch } = await app.locks.health();
    if (epoch === null || epoch === built_for) return 0;
    const rebuilt = await rebuildLocks(app);
    app.log.info('locks.rebuilt', { rebuilt });
    // Only now: a rebuild that failed halfway is repeated by the next tick.
    built_for = epoch;
    // Not "work done": an answer above 0 would make the loop tick again at once.
    return 0;
  };
  return { name: 'locks', every_ms: EVERY_MS, tick };
}
