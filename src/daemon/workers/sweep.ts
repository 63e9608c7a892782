import { endOverdue } from '../actions/end-overdue.ts';
import { releaseLocks } from '../actions/release-locks.ts';
import type { App, Worker } from '../app-types.ts';
import { dueReservations, expireDue, nextDueMs } from '../store/reservations.ts';

/**
 * Holds ended per tick. Those without a payment page go in one statement; each of the others in its
 * own, so that one stuck page stops nobody.
 */
const BATCH = 100;
/** Provider calls at the same time: they take a hundred times as long as ours. */
const PARALLEL = 8;
/** Backstop; the next due moment wakes the sweeper earlier. design §9: swept within 2 s. */
const EVERY_MS = 1_000;
/** A payment page that could not be closed is tried again this much later. */
const STUCK_RETRY_MS = 10_000;
const STUCK_MAX = 10_000;

/**
 * Ends holds whose time is over, closing their payment pages first. Nobody waits for it: a claim
 * frees an overdue seat by itself; the sweeper keeps boards, locks and waiting lists true when
 * nobody asks.
 */
export function createSweeper(): Worker {
  const stuck_until = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  const wakeWhenDue = async (app: App): Promise<void> => {
    const due_in_ms = await nextDueMs(app.sql);
    clearTimeout(timer);
    if (due_in_ms === null || due_in_ms > EVERY_MS) return;
    timer = setTimeout(app.wake.sweeper, Math.max(due_in_ms, 1));
    timer.unref();
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const now = performance.now();
    for (const [id, until] of stuck_until) if (until < now) stuck_until.delete(id);
    const expired = await expireDue(app.sql, BATCH);
    await Promise.all(expired.map((hold) => releaseLocks(app, hold)));
    if (expired.length > 0) app.wake.relay();
    // More of the cheap kind may wait: they do not wait for the provider.
    if (expired.length === BATCH) return expired.length;
    const all = await dueReservations(app.sql, BATCH + stuck_until.size);
    const due = all.filter(({ reservation_id }) => !stuck_until.has(reservation_id));
    let done = expired.length;
    for (let from = 0; from < due.length && !signal.aborted; from += PARALLEL) {
      const ended = await Promise.all(
        due.slice(from, from + PARALLEL).map(async (overdue) => {
          const ending = await endOverdue(app, overdue);
          if (ending === 'unknown' && stuck_until.size < STUCK_MAX) {
            stuck_until.set(overdue.reservation_id, now + STUCK_RETRY_MS);
          }
          return ending === 'ended';
        }),
      );
      done += ended.filter(Boolean).length;
    }
    if (done === 0) await wakeWhenDue(app);
    return done;
  };

  return { name: 'sweeper', every_ms: EVERY_MS, tick };
}
