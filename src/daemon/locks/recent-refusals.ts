import { parseLockKey } from '../../domain/lock.ts';
import type { LockStore } from '../../domain/ports.ts';

/**
 * What this process has just told the losers of a slot, so that the next ones in the same instant are told the same
 * from memory. Only slots that turn many away are answered so, only for a moment, and never the owner who is in the
 * way himself: a memory says nothing that Redis or PostgreSQL would not have said `LATE_MAX_MS` ago.
 */
export type Refused = {
  readonly outcome: 'slot_locked' | 'slot_taken';
  readonly service_id: string;
  readonly clinic_id: string;
  /** The owner part of the lock_id in the way. */
  readonly holder: string;
  /** When the seat may be free again, on the process's clock; null = it is booked. */
  readonly ends_at_ms: number | null;
};

/** A slot that was freed by another process is refused this much longer at most. */
const LATE_MAX_MS = 50;
/** Losers within a second that make a slot hot; below that everybody asks the doorman. */
const HOT_AFTER = 8;
const HOT_WINDOW_MS = 1_000;
/** Slots that a process can be asked for in 50 ms are far fewer. */
const SLOTS_MAX = 1_000;
/** Freed slots are noted by three hex digits of their id: a list that needs no clearing. */
const FREED_BUCKETS = 4_096;

type Entry = { refused: Refused; until_ms: number; losers: number; window_from_ms: number };

export type RecentRefusals = {
  /** True while some slot may be answered from memory. */
  readonly isHot: () => boolean;
  readonly find: (slot_id: string) => Refused | null;
  /** `asked_at_ms` is when Redis or PostgreSQL was asked: what was freed since then is not noted. */
  readonly note: (slot_id: string, refused: Refused, asked_at_ms: number) => void;
  readonly forget: (slot_id: string) => void;
};

/** Of a strange key NaN, which no list has. */
const bucketOf = (slot_id: string) => Number.parseInt(slot_id.slice(-3), 16) % FREED_BUCKETS;

export function createRecentRefusals(): RecentRefusals {
  const entries = new Map<string, Entry>();
  const freed_at_ms = new Float64Array(FREED_BUCKETS);
  let hot_until_ms = 0;

  const enter = (slot_id: string, refused: Refused, now: number): Entry => {
    const oldest = entries.size >= SLOTS_MAX ? entries.keys().next() : undefined;
    if (oldest && !oldest.done) entries.delete(oldest.value);
    const entry = { refused, until_ms: 0, losers: 0, window_from_ms: now };
    entries.set(slot_id, entry);
    return entry;
  };

  return {
    isHot: () => hot_until_ms > 0 && performance.now() < hot_until_ms,
    find: (slot_id) => {
      const entry = entries.get(slot_id);
      if (entry === undefined || entry.losers < HOT_AFTER) return null;
      return performance.now() < entry.until_ms ? entry.refused : null;
    },
    note: (slot_id, refused, asked_at_ms) => {
      if (asked_at_ms <= (freed_at_ms[bucketOf(slot_id)] ?? 0)) return;
      const now = performance.now();
      const entry = entries.get(slot_id) ?? enter(slot_id, refused, now);
      if (now - entry.window_from_ms > HOT_WINDOW_MS) {
        entry.window_from_ms = now;
        entry.losers = 0;
      }
      entry.losers += 1;
      entry.refused = refused;
      // Never beyond the end of the hold in the way: then the next caller may be the winner.
      entry.until_ms = Math.min(asked_at_ms + LATE_MAX_MS, refused.ends_at_ms ?? Infinity);
      if (entry.losers >= HOT_AFTER) hot_until_ms = Math.max(hot_until_ms, entry.until_ms);
    },
    forget: (slot_id) => {
      freed_at_ms[bucketOf(slot_id)] = performance.now();
      entries.delete(slot_id);
    },
  };
}

type Withdraw = (slot_id: string, seats: readonly number[], lock_id: string) => Promise<boolean>;

type Memory = RecentRefusals & {
  /** Gives a lock back that was only a try: the seat was not freed by it, so nothing is forgotten. */
  readonly withdraw: Withdraw;
};

const memories = new WeakMap<LockStore, Memory>();

/** The memory that goes with a lock store; null for one that does not tell when seats are freed. */
export function refusalsOf(locks: LockStore): Memory | null {
  return memories.get(locks) ?? null;
}

/** The store with a memory beside it that forgets a slot whenever this process changes its locks. */
export function withRecentRefusals(store: LockStore): LockStore {
  const memory = createRecentRefusals();
  const changed = async <T>(slot_id: string, work: Promise<T>): Promise<T> => {
    memory.forget(slot_id);
    try {
      return await work;
    } finally {
      // Whoever asked meanwhile may have been told of the old lock.
      memory.forget(slot_id);
    }
  };
  const made: LockStore = {
    ...store,
    assign: (slot_id, ...rest) => changed(slot_id, store.assign(slot_id, ...rest)),
    extend: (slot_id, ...rest) => changed(slot_id, store.extend(slot_id, ...rest)),
    release: (slot_id, ...rest) => changed(slot_id, store.release(slot_id, ...rest)),
    forceRelease: (key, ...rest) =>
      changed(parseLockKey(key)?.slot_id ?? key, store.forceRelease(key, ...rest)),
  };
  memories.set(made, { ...memory, withdraw: store.release });
  return made;
}
