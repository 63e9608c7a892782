import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import { type Invariant, type InvariantResult, readInvariants } from '../store/invariants.ts';
import { toAppError } from '../store/pg-errors.ts';
import { moneyTroubles } from '../store/repairs.ts';
import { type Board, readBoard } from './board.ts';
import { type Found, fromBoard, fromInvariant, fromMoney, notLookedAt } from './findings.ts';

/** One look at slots, bookings, money and locks. Reads only. */

/** Rows of one invariant: what one plan can repair of it. */
const ROWS_MAX = 500;
/** PostgreSQL's code of a statement that took too long. */
const TOO_LONG = '57014';

/**
 * One invariant, which sees one moment as every single statement does; null when it took too long, or the
 * signal ended it.
 */
export async function checkInvariant(
  app: App,
  invariant: Invariant,
  timeout_ms: number,
  signal?: AbortSignal,
): Promise<InvariantResult | null> {
  const { name, sql: text } = invariant;
  try {
    return await app.sql.begin('read only', async (tx) => {
      await tx`select set_config('statement_timeout', ${String(timeout_ms)}, true)`;
      const asked = tx.unsafe<Record<string, unknown>[]>(`${text}\nlimit ${ROWS_MAX}`);
      const cancel = () => asked.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        const sample = await asked;
        return { name, rows: sample.length, sample };
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    });
  } catch (error) {
    const known = toAppError(error);
    if (known instanceof AppError && known.facts['sqlstate'] === TOO_LONG) return null;
    throw known;
  }
}

/** All invariants within the budget, one after the other: looking must not slow bookings down. */
async function checkInvariants(app: App, budget_ms: number): Promise<readonly Found[]> {
  const ends_at = performance.now() + budget_ms;
  const found: Found[] = [];
  for (const invariant of readInvariants()) {
    const left_ms = Math.round(ends_at - performance.now());
    const result = left_ms > 0 ? await checkInvariant(app, invariant, left_ms) : null;
    if (result === null) found.push(notLookedAt(invariant.name));
    else if (result.rows > 0) found.push(fromInvariant(result));
  }
  return found;
}

/** Everything once. Locks first: they change fastest, and what they belong to is read afterwards. */
export async function lookAtAll(
  app: App,
  budget_ms: number,
): Promise<{ readonly found: readonly Found[]; readonly board: Board }> {
  const board = await readBoard(app, null);
  const money = (await moneyTroubles(app.sql)).map(fromMoney);
  const invariants = await checkInvariants(app, budget_ms);
  return { found: [...invariants, ...fromBoard(board), ...money], board };
}
