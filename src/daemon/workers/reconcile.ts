import type { App, Worker } from '../app-types.ts';
import { readBoard } from '../locks/board.ts';
import {
  type Finding,
  type Found,
  fromBoard,
  fromInvariant,
  fromMoney,
} from '../locks/findings.ts';
import { checkInvariant } from '../locks/look.ts';
import { readInvariants } from '../store/invariants.ts';
import { claimInventory, moneyTroubles, readInventory, writeInventory } from '../store/repairs.ts';

/** How often one of the daemons looks. */
const EVERY_MS = 60_000;
/** How often each daemon asks what was found last, and whether it is its turn. */
const ASK_EVERY_MS = 10_000;
/**
 * An invariant that takes longer is given up. Some compare all money with all bookings, 3 to 10 seconds for
 * each million (bench/history.ts), and would never be looked at if this were short; the rest bounds the load.
 */
const INVARIANT_TIMEOUT_MS = 60_000;
/** Looking takes at most one fiftieth of the database's time: what takes a second is asked once in a minute. */
const REST_FACTOR = 50;

type Known = {
  readonly found: Found | null;
  /** By the monotonic clock of this process: not before then again. */
  readonly rests_until: number;
};

/**
 * Looks at the inventory and repairs nothing. One daemon at a time looks (a stamp in the database decides, so that
 * a daemon that dies is followed by another); every daemon shows what was found, in its log, gauge and readiness.
 */
export function createReconciler(): Worker {
  const known = new Map<string, Known>();
  let findings: Readonly<Record<string, number>> = {};

  const invariants = async (app: App, signal: AbortSignal): Promise<readonly Found[]> => {
    for (const invariant of readInvariants()) {
      const started = performance.now();
      const last = known.get(invariant.name);
      if (signal.aborted || (last && last.rests_until > started)) continue;
      const result = await checkInvariant(app, invariant, INVARIANT_TIMEOUT_MS, signal);
      const took_ms = performance.now() - started;
      // Without an answer the last one stands: a mismatch does not end because the database is busy.
      if (signal.aborted) continue;
      if (result === null) app.log.warn('inventory.not_looked', { invariant: invariant.name });
      const found =
        result === null ? (last?.found ?? null) : result.rows > 0 ? fromInvariant(result) : null;
      known.set(invariant.name, { found, rests_until: started + took_ms * REST_FACTOR });
    }
    return [...known.values()].flatMap(({ found }) => found ?? []);
  };

  const look = async (app: App, signal: AbortSignal): Promise<readonly Finding[]> => {
    const locks = fromBoard(await readBoard(app, null));
    const money = (await moneyTroubles(app.sql)).map(fromMoney);
    const all = [...(await invariants(app, signal)), ...locks, ...money];
    return all.map(({ finding }) => finding);
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (await claimInventory(app.sql, EVERY_MS)) {
      const seen = await look(app, signal);
      if (signal.aborted) return 0;
      await writeInventory(
        app.sql,
        Object.fromEntries(seen.map(({ kind, count }) => [kind, count])),
      );
      for (const { kind, severity, count, sample, next } of seen) {
        const facts = { kind, count, sample: sample[0] ?? null, next };
        if (severity === 'mismatch') app.log.error('inventory.mismatch', facts);
        else app.log.warn('inventory.warning', facts);
      }
    }
    ({ findings } = await readInventory(app.sql));
    return 0;
  };

  return { name: 'reconcile', every_ms: ASK_EVERY_MS, tick, findings: () => findings };
}
