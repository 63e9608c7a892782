import { runGeneration } from '../actions/generate-slots.ts';
import type { App, Worker } from '../app-types.ts';
import { claimRun, finishRun } from '../store/generate-slots.ts';

/** A look is one probe of a small index; changes of hours are followed by the request already. */
const EVERY_MS = 2_000;
/** A daemon that died in the middle is followed by another after this long. */
const LEASE_MS = 120_000;

/**
 * Makes slots as days go by. Every daemon with the role `cron` has one: a lease gives each clinic to one
 * of them, an advisory lock in the writing statement and a unique index are the net (docs/schedules.md).
 */
export function createSlotMaker(lease_ms = LEASE_MS): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    const claimed = await claimRun(app.sql, lease_ms);
    if (claimed === null) return 0;
    const { clinic_id } = claimed;
    const started = performance.now();
    try {
      const wish = { clinic_id, until: null, dry_run: false, is_request: false, signal };
      const report = await runGeneration(app.sql, wish);
      if (!report) return 0;
      const { opened, reopened, closed, kept, until } = report;
      const sums = { opened: opened + reopened, closed, kept, covered_until: until };
      await finishRun(app.sql, claimed, sums, null);
      const ms = performance.now() - started;
      if (opened + reopened + closed > 0) {
        app.log.info('slots.generated', { clinic_id, opened, reopened, closed, kept, until, ms });
      }
    } catch (error) {
      if (signal.aborted) {
        // Somebody else goes on at once.
        await finishRun(app.sql, { clinic_id, version: -1 }, null, null);
        return 0;
      }
      const text = error instanceof Error ? error.message : String(error);
      await finishRun(app.sql, claimed, null, text);
      app.log.error('slots.generation_failed', { clinic_id, err: error });
    }
    return 1;
  };
  return { name: 'slots', every_ms: EVERY_MS, tick };
}
