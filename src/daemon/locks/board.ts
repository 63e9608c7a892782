import { createHash } from 'node:crypto';
import {
  classifyLock,
  classifyUnlocked,
  type LockCause,
  type LockClass,
  type LockVerdict,
  lockKey,
  parseLockKey,
} from '../../domain/lock.ts';
import type { LockEntry } from '../../domain/ports.ts';
import type { App } from '../app-types.ts';
import {
  type HoldFacts,
  holdsByLockId,
  pendingHolds,
  pendingHoldsOfSlot,
  type SlotFacts,
  slotFacts,
} from '../store/locks.ts';
import { stillPending } from '../store/reservations.ts';

/** The lock board: Redis and PostgreSQL side by side, one row per lock and per seat that should have one. */

export type LockRow = {
  readonly key: string;
  readonly class: LockClass;
  readonly cause: LockCause;
  /** Null for keys that are not ours. */
  readonly slot_id: string | null;
  readonly seat: number | null;
  /** Null when there is no such slot. */
  readonly slot: SlotFacts | null;
  /** The hold that the lock was made for, or that lacks it. */
  readonly hold: HoldFacts | null;
  /** Null for a ghost. */
  readonly entry: LockEntry | null;
  /** What a release must name; a ghost has the one that its lock would have. */
  readonly token: string;
};

export type Board = {
  readonly rows: readonly LockRow[];
  /** False: Redis is away or not configured, so that nothing can be said about locks. */
  readonly is_up: boolean;
  /** False: there were too many keys or holds to look at all of them. */
  readonly is_complete: boolean;
};

const HOLDS_BATCH = 1_000;
const HOLDS_MAX = 20_000;
/** Ids in one statement. */
const IDS_BATCH = 2_000;
/** Doubtful rows that are looked at a second time. */
const RECHECK_MAX = 2_000;

/** As inspect.lua makes it. */
function tokenOf(lock_id: string): string {
  return createHash('sha1').update(lock_id).digest('hex').slice(0, 16);
}

async function allPending(app: App): Promise<{ holds: HoldFacts[]; complete: boolean }> {
  const holds: HoldFacts[] = [];
  let after: string | null = null;
  while (holds.length < HOLDS_MAX) {
    const batch = await pendingHolds(app.sql, HOLDS_BATCH, after);
    holds.push(...batch);
    after = batch.at(-1)?.reservation_id ?? null;
    if (batch.length < HOLDS_BATCH) return { holds, complete: true };
  }
  return { holds, complete: false };
}

async function inBatches<T>(
  ids: readonly string[],
  read: (batch: readonly string[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let from = 0; from < ids.length; from += IDS_BATCH) {
    found.push(...(await read(ids.slice(from, from + IDS_BATCH))));
  }
  return found;
}

type Seen = {
  readonly entries: readonly LockEntry[];
  readonly holds: readonly HoldFacts[];
  readonly is_up: boolean;
};

/** The hold of a lock's token, if it is on this very seat. */
function holdOf(
  entry: LockEntry,
  by_lock_id: ReadonlyMap<string, readonly HoldFacts[]>,
): HoldFacts | null {
  const place = parseLockKey(entry.key);
  const holds = entry.value === null ? undefined : by_lock_id.get(entry.value);
  if (!place || !holds) return null;
  const { slot_id, seat } = place;
  return holds.find((hold) => hold.slot_id === slot_id && hold.seats.includes(seat)) ?? null;
}

/** Joins what Redis and PostgreSQL said. */
async function join(app: App, seen: Seen): Promise<readonly LockRow[]> {
  const { entries, holds, is_up } = seen;
  const known = Map.groupBy(holds, ({ lock_id }) => lock_id);
  const unknown = entries.flatMap(({ value }) =>
    value !== null && !known.has(value) ? value : [],
  );
  const earlier = await inBatches([...new Set(unknown)], (ids) => holdsByLockId(app.sql, ids));
  for (const [lock_id, found] of Map.groupBy(earlier, (hold) => hold.lock_id)) {
    known.set(lock_id, found);
  }
  const slot_ids = new Set([
    ...entries.flatMap(({ key }) => parseLockKey(key)?.slot_id ?? []),
    ...holds.map(({ slot_id }) => slot_id),
  ]);
  const slots = new Map(
    (await inBatches([...slot_ids], (ids) => slotFacts(app.sql, ids))).map((one) => [
      one.slot_id,
      one,
    ]),
  );
  const row = (
    key: string,
    verdict: LockVerdict,
    rest: Pick<LockRow, 'hold' | 'entry' | 'token'>,
  ): LockRow => {
    const place = parseLockKey(key);
    const slot = slots.get(place?.slot_id ?? '') ?? null;
    return { key, ...verdict, slot_id: null, seat: null, ...place, slot, ...rest };
  };
  const locked = entries.map((entry) => {
    const hold = holdOf(entry, known);
    return row(entry.key, classifyLock(entry, hold), { hold, entry, token: entry.token });
  });
  const by_key = new Map(entries.map((entry) => [entry.key, entry]));
  const unlocked = holds.flatMap((hold) =>
    hold.seats.flatMap((seat) => {
      const key = lockKey(hold.slot_id, seat);
      const entry = by_key.get(key);
      if (hold.status !== 'pending' || entry?.value === hold.lock_id) return [];
      const verdict = classifyUnlocked(hold, { is_up, has_other_lock: entry !== undefined });
      return [row(key, verdict, { hold, entry: null, token: tokenOf(hold.lock_id) })];
    }),
  );
  return [...locked, ...unlocked];
}

/** Redis was read first, PostgreSQL after it: what changed in between must not look like damage. */
async function stillTrue(app: App, rows: readonly LockRow[]): Promise<readonly LockRow[]> {
  const doubtful = rows
    .filter((row) => row.class === 'leaked' || row.class === 'ghost')
    .slice(0, RECHECK_MAX);
  const now = await Promise.all(doubtful.map(({ key }) => app.locks.inspect(key)));
  const ghosts = doubtful.flatMap((row) => (row.class === 'ghost' && row.hold ? [row.hold] : []));
  const ids = [...new Set(ghosts.map(({ reservation_id }) => reservation_id))];
  const pending = new Set(await stillPending(app.sql, ids));
  const gone = new Set<LockRow>();
  for (const [index, row] of doubtful.entries()) {
    const entry = now[index] ?? null;
    const stands = entry !== null && entry !== 'none' && entry.token === row.token;
    if (row.class === 'leaked' && entry !== null && !stands) gone.add(row);
    const has_ended = row.cause !== 'overdue' && !pending.has(row.hold?.reservation_id ?? '');
    if (row.class === 'ghost' && (stands || has_ended)) gone.add(row);
  }
  return rows.filter((row) => !gone.has(row));
}

/** Every lock and every seat that should have one, within one clinic if given. */
export async function readBoard(app: App, clinic_id: string | null): Promise<Board> {
  const listed = await app.locks.list();
  const pending = await allPending(app);
  const entries = listed?.entries ?? [];
  const seen = { entries, holds: pending.holds, is_up: listed !== null };
  const rows = await stillTrue(app, await join(app, seen));
  return {
    rows: rows.filter((row) => clinic_id === null || row.slot?.clinic_id === clinic_id),
    is_up: seen.is_up,
    is_complete: pending.complete && (listed?.complete ?? true),
  };
}

/**
 * What stands under one key, and what should: the lock first, then the hold that lacks it. Empty when there is
 * nothing, or nothing within the clinic.
 */
export async function readKey(
  app: App,
  key: string,
  clinic_id: string | null,
): Promise<Pick<Board, 'rows' | 'is_up'>> {
  const entry = await app.locks.inspect(key);
  const place = parseLockKey(key);
  const holds = place === null ? [] : await pendingHoldsOfSlot(app.sql, place.slot_id);
  const entries = entry === null || entry === 'none' ? [] : [entry];
  const rows = await join(app, { entries, holds, is_up: entry !== null });
  return {
    rows: rows.filter(
      (row) => row.key === key && (clinic_id === null || row.slot?.clinic_id === clinic_id),
    ),
    is_up: entry !== null,
  };
}
