import { followAuthorisation } from '../actions/follow-authorisation.ts';
import type { App, Worker } from '../app-types.ts';
import { claimAuthorisations } from '../store/approvals.ts';

const BATCH = 10;
/** Longer than a call of the gateway with its own retries (10 s, three tries). */
const LEASE_MS = 60_000;
const EVERY_MS = 2_000;

/**
 * Fetches authorised money that was granted by somebody who died on the way, and lets go what hangs
 * on a hold that has ended: rejected, given back, paid otherwise, or timed out. A hold that nobody
 * answers ends like every other, by the sweeper or by whoever wants its place.
 */
export function createAuthoriser(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const claimed = await claimAuthorisations(app.sql, BATCH, LEASE_MS);
    for (const deed of claimed) {
      // The lease runs out, and another tick or daemon takes it.
      if (signal.aborted) break;
      await followAuthorisation(app, deed);
    }
    return claimed.length;
  };
  return { name: 'authorisations', every_ms: EVERY_MS, tick };
}
