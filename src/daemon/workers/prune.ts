import { AppError } from '../../domain/errors.ts';
import type { App, Worker } from '../app-types.ts';
import { duePrunes, notePruneFailure, pruneBite } from '../store/retention.ts';

const EVERY_MS = 30_000;
/** Blocks of a table in one bite: some hundred rows, tens of milliseconds (bench/history.ts). */
const BLOCKS = 8;
/** Of every half minute: a table of 10 GB is walked through within the night, bookings do not notice. */
const BUDGET_MS = 1_000;
/** Between two rounds through a table. */
const REST_MS = 3_600_000;

/** PostgreSQL's codes of a statement, or a lock, that took too long. */
const late = new Set(['57014', '55P03']);

export type PruneLimits = {
  readonly blocks: number;
  readonly budget_ms: number;
  readonly rest_ms: number;
};

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Removes what the rules of `retention_rules` no longer keep, a bite of each rule in turn. Every daemon
 * with the role `cron` has one; the rule's row, locked for a bite, lets one of them work on it.
 */
export function createPruner(limits: Partial<PruneLimits> = {}): Worker {
  const { blocks = BLOCKS, budget_ms = BUDGET_MS, rest_ms = REST_MS } = limits;

  /** Whether the rule has more to walk through now. */
  const bite = async (app: App, what: string, removed: Map<string, number>): Promise<boolean> => {
    try {
      const done = await pruneBite(app.sql, what, { blocks, rest_ms });
      if (done.outcome !== 'ok') return false;
      removed.set(what, (removed.get(what) ?? 0) + done.removed);
      return !done.is_round_over;
    } catch (error) {
      // The database is away: nothing is wrong with the rows. A bite that took too long has a place.
      const is_late = error instanceof AppError && late.has(String(error.facts['sqlstate']));
      if (error instanceof AppError && error.code === 'unavailable' && !is_late) throw error;
      app.log.error('retention.failed', { what, err: error });
      await notePruneFailure(app.sql, what, blocks, textOf(error));
      return false;
    }
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const ends_at = performance.now() + budget_ms;
    const removed = new Map<string, number>();
    let due = await duePrunes(app.sql);
    while (due.length > 0) {
      const more: string[] = [];
      for (const what of due) {
        if (signal.aborted || performance.now() >= ends_at) break;
        if (await bite(app, what, removed)) more.push(what);
      }
      due = signal.aborted || performance.now() >= ends_at ? [] : more;
    }
    const counts = [...removed].filter(([, count]) => count > 0);
    if (counts.length > 0) app.log.info('retention.removed', Object.fromEntries(counts));
    return counts.reduce((sum, [, count]) => sum + count, 0);
  };
  return { name: 'retention', every_ms: EVERY_MS, tick };
}
