import type { App } from '../app-types.ts';
import { liveHolds, stillPending } from '../store/reservations.ts';

const BATCH = 200;
/** Far above the holds that a region has at once; a ceiling all the same. */
const BATCHES_MAX = 5_000;

/**
 * Writes the doorman's locks anew from the pending reservations: after a restart, flush or outage
 * of Redis. Holds that end meanwhile get their lock taken away again. Returns how many were
 * written.
 */
export async function rebuildLocks(app: App): Promise<number> {
  let written = 0;
  let after: string | null = null;
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const holds = await liveHolds(app.sql, BATCH, after);
    await Promise.all(
      holds.map(({ slot_id, seats, lock_id, ttl_ms }) =>
        app.locks.assign(slot_id, seats, lock_id, ttl_ms),
      ),
    );
    // Whoever ended one of these between the read and the write found no lock to release.
    const ids = holds.map(({ reservation_id }) => reservation_id);
    const pending = new Set(await stillPending(app.sql, ids));
    const ended = holds.filter(({ reservation_id }) => !pending.has(reservation_id));
    await Promise.all(
      ended.map(({ slot_id, seats, lock_id }) => app.locks.release(slot_id, seats, lock_id)),
    );
    written += holds.length - ended.length;
    after = holds.at(-1)?.reservation_id ?? null;
    if (holds.length < BATCH) return written;
  }
  return written;
}
