import { parseLockKey } from '../../domain/lock.ts';
import type { App } from '../app-types.ts';
import { type EndedHold, holdsEndedAfter } from '../store/ended-holds.ts';
import { holdsByLockId } from '../store/locks.ts';
import { feedBounds } from '../store/outbox.ts';

/** Holds that ended since the last look, and looks at most: the rest comes with the next. */
const BATCH = 500;
const BATCHES_MAX = 20;
/** Tokens in one statement. */
const TOKENS_MAX = 2_000;

/**
 * Frees locks by their own token: a lock that stands for anybody else stays, and a hold that has ended never comes
 * back. Returns how many stood.
 */
async function freeAll(app: App, ended: readonly EndedHold[]): Promise<number> {
  const freed = await Promise.all(
    ended.map(({ slot_id, seats, lock_id }) => app.locks.release(slot_id, seats, lock_id)),
  );
  return freed.filter(Boolean).length;
}

/**
 * Frees the locks of holds whose process died between commit and unlock, by the events since `after`. Returns where
 * the next look begins, and how many locks still stood.
 */
export async function freeLocksSince(
  app: App,
  after: number,
): Promise<{ readonly after: number; readonly freed: number }> {
  // Read first: what is numbered from now on comes with the next look.
  const { last_sequence } = await feedBounds(app.sql);
  let from = after;
  let freed = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const ended = await holdsEndedAfter(app.sql, from, BATCH);
    freed += await freeAll(app, ended);
    if (ended.length < BATCH) return { after: Math.max(from, last_sequence), freed };
    from = ended.at(-1)?.sequence ?? from;
  }
  return { after: from, freed };
}

/** The same for all locks that stand now, whenever their holds ended. Returns how many went. */
export async function freeEndedLocks(app: App): Promise<number> {
  const listed = await app.locks.list();
  const standing = (listed?.entries ?? []).flatMap(({ key, value }) => {
    const place = parseLockKey(key);
    return place === null || value === null ? [] : { ...place, lock_id: value };
  });
  let freed = 0;
  for (let from = 0; from < standing.length; from += TOKENS_MAX) {
    const batch = standing.slice(from, from + TOKENS_MAX);
    const holds = await holdsByLockId(app.sql, [...new Set(batch.map(({ lock_id }) => lock_id))]);
    const ended = new Set(
      holds.flatMap(({ status, lock_id }) => (status === 'pending' ? [] : lock_id)),
    );
    freed += await freeAll(
      app,
      batch
        .filter(({ lock_id }) => ended.has(lock_id))
        .map(({ slot_id, seat, lock_id }) => ({ slot_id, seats: [seat], lock_id })),
    );
  }
  return freed;
}
