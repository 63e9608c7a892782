import { parseLockKey } from '../../domain/lock.ts';
import type { LockStore } from '../../domain/ports.ts';

/**
 * What this process has just told the losers of a slot, so that a crowd behind them is told the same from memory.
 * Only slots that many want at once are answered so, only for a moment, and never the owner who is in the way: a
 * memory says nothing that Redis or PostgreSQL would not have said `LATE_MAX_MS` ago.
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
const LATE_MAX_MS = 100;
/** After this one caller asks anew while the others are still answered: a rush never waits for it. */
const RENEW_MS = 30;
/** Who comes while one of a crowd asks waits for that answer, for so long at most. */
const WAIT_MS = 50;
/** Callers within a second that are a crowd; below that everybody asks for himself. */
const CROWD = 8;
const CROWD_WINDOW_MS = 1_000;
/** Slots that have a crowd before them in the same second are far fewer. */
const SLOTS_MAX = 1_000;
/** Callers are counted, and freed slots noted, by three hex digits of the id: lists that need no clearing. */
const BUCKETS = 4_096;

/** Told what was refused while one waited; null = look again. */
type Wake = (refused: Refused | null) => void;

type Entry = {
  refused: Refused | null;
  until_ms: number;
  /** From then on one caller may ask; moves on with each who does. */
  ask_at_ms: number;
  waiting: Wake[];
  timer: NodeJS.Timeout | null;
};

/** `ask` as if there were no memory; `wait` until another who asks has an answer, then look again. */
type Look = Refused | 'ask' | 'wait';

export type RecentRefusals = {
  /** What one caller is to do. `is_new` = not after a wait: callers are counted once. */
  readonly look: (slot_id: string, is_new: boolean) => Look;
  /** Calls back once, when there is news of the slot or after `WAIT_MS`. */
  readonly wait: (slot_id: string, wake: Wake) => void;
  /** `asked_at_ms` is when Redis or PostgreSQL was asked: what was freed since then is not noted. */
  readonly note: (slot_id: string, refused: Refused, asked_at_ms: number) => void;
  readonly forget: (slot_id: string) => void;
};

/** Of a strange key NaN, which no list has. */
const bucketOf = (slot_id: string) => Number.parseInt(slot_id.slice(-3), 16) % BUCKETS;

function wakeAll(entry: Entry, news: () => Refused | null): void {
  if (entry.timer !== null) clearTimeout(entry.timer);
  entry.timer = null;
  if (entry.waiting.length === 0) return;
  const { waiting } = entry;
  entry.waiting = [];
  // Whoever brings the news has an answer of his own to send first.
  setImmediate(() => {
    const refused = news();
    for (const wake of waiting) wake(refused);
  });
}

const nothing = () => null;

/** Counts callers by slot: true from the eighth within a second on. */
function createCrowds() {
  const callers = new Uint32Array(BUCKETS);
  const from_ms = new Float64Array(BUCKETS);
  return {
    has: (bucket: number, now: number) =>
      (callers[bucket] ?? 0) >= CROWD && now - (from_ms[bucket] ?? 0) < 2 * CROWD_WINDOW_MS,
    add: (bucket: number, now: number) => {
      const age_ms = now - (from_ms[bucket] ?? 0);
      const before = callers[bucket] ?? 0;
      if (age_ms < CROWD_WINDOW_MS) {
        callers[bucket] = before + 1;
        return;
      }
      from_ms[bucket] = now;
      // A crowd that stays is not counted from nothing every second.
      callers[bucket] = age_ms < 2 * CROWD_WINDOW_MS ? Math.min(before, CROWD) + 1 : 1;
    },
  };
}

export function createRecentRefusals(): RecentRefusals {
  const entries = new Map<string, Entry>();
  const crowds = createCrowds();
  const freed_at_ms = new Float64Array(BUCKETS);

  const leave = (slot_id: string) => {
    const entry = entries.get(slot_id);
    if (!entry) return;
    entries.delete(slot_id);
    wakeAll(entry, nothing);
  };
  const enter = (slot_id: string): Entry => {
    const oldest = entries.size >= SLOTS_MAX ? entries.keys().next() : undefined;
    if (oldest && !oldest.done) leave(oldest.value);
    const entry = { refused: null, until_ms: 0, ask_at_ms: 0, waiting: [], timer: null };
    entries.set(slot_id, entry);
    return entry;
  };

  return {
    look: (slot_id, is_new) => {
      const now = performance.now();
      const bucket = bucketOf(slot_id);
      if (is_new) crowds.add(bucket, now);
      if (!crowds.has(bucket, now)) return 'ask';
      const entry = entries.get(slot_id) ?? enter(slot_id);
      const is_fresh = entry.refused !== null && now < entry.until_ms;
      if (now >= entry.ask_at_ms) {
        entry.ask_at_ms = now + (is_fresh ? RENEW_MS : WAIT_MS);
        return 'ask';
      }
      return is_fresh && entry.refused !== null ? entry.refused : 'wait';
    },
    wait: (slot_id, wake) => {
      const entry = entries.get(slot_id) ?? enter(slot_id);
      entry.waiting.push(wake);
      entry.timer ??= setTimeout(() => wakeAll(entry, nothing), WAIT_MS);
    },
    note: (slot_id, refused, asked_at_ms) => {
      const bucket = bucketOf(slot_id);
      if (asked_at_ms <= (freed_at_ms[bucket] ?? 0)) return;
      if (!crowds.has(bucket, performance.now())) return;
      const entry = entries.get(slot_id) ?? enter(slot_id);
      entry.refused = refused;
      // Never beyond the end of the hold in the way: then the next caller may be the winner.
      entry.until_ms = Math.min(asked_at_ms + LATE_MAX_MS, refused.ends_at_ms ?? Infinity);
      entry.ask_at_ms = asked_at_ms + RENEW_MS;
      wakeAll(entry, () => (asked_at_ms > (freed_at_ms[bucket] ?? 0) ? refused : null));
    },
    forget: (slot_id) => {
      freed_at_ms[bucketOf(slot_id)] = performance.now();
      leave(slot_id);
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
