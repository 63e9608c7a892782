/** What a lock of the doorman is worth, judged by what PostgreSQL knows. design §4. */

/** In the order of the lock board: what needs somebody comes first. */
export const lock_classes = ['leaked', 'ghost', 'foreign', 'live'] as const;
export type LockClass = (typeof lock_classes)[number];

export const lock_causes = [
  // live
  'held',
  'in_flight',
  'ending',
  // leaked
  'no_end',
  'no_reservation',
  'reservation_confirmed',
  'reservation_cancelled',
  'reservation_expired',
  // ghost
  'no_lock',
  'other_lock',
  'overdue',
  'degraded',
  // foreign
  'strange_key',
  'strange_value',
] as const;
export type LockCause = (typeof lock_causes)[number];

export type LockVerdict = { readonly class: LockClass; readonly cause: LockCause };

/** Every lock key begins so; anything else in Redis is none of our business. */
export const LOCK_PREFIX = 'hold:';
/** Longer keys cannot be named over the API; ours have 45 to 50 characters. */
export const LOCK_KEY_MAX = 200;

/** One key per seat; the braces keep all seats of a slot on one node of a Redis Cluster. */
export function lockKey(slot_id: string, seat: number): string {
  return `${LOCK_PREFIX}{${slot_id}}:${seat}`;
}

const key_form = /^hold:\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}:([1-9]\d{0,4})$/;

/** Slot and seat of a key that is ours; null for any other. */
export function parseLockKey(
  key: string,
): { readonly slot_id: string; readonly seat: number } | null {
  const [, slot_id, seat] = key_form.exec(key) ?? [];
  return slot_id === undefined ? null : { slot_id, seat: Number(seat) };
}

/** What we write into locks: `owner.random`, or a whole id. */
const value_form = /^(?:[\w-]+\.[\w-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Changes under way get this long before they count as damage. design §3, `holds`. */
export const LOCK_CLASS_GRACE_MS = 5_000;
/**
 * A lock whose hold PostgreSQL has not decided yet lives no longer than this (5 s for the decision and 5 s of
 * grace), and gets its real life only afterwards. A lock with more life, or with no end, is decided.
 */
export const LOCK_UNDECIDED_MS = 10_000;

type SeenLock = {
  readonly key: string;
  readonly value: string | null;
  readonly ttl_ms: number | null;
};

/** The hold that a lock's token belongs to. */
type KnownHold = {
  readonly status: 'pending' | 'confirmed' | 'cancelled' | 'expired';
  /** Since its last change. */
  readonly changed_ms_ago: number;
};

/** Judges a lock that stands. `hold` = the reservation with this token on this very seat. */
export function classifyLock(lock: SeenLock, hold: KnownHold | null): LockVerdict {
  if (parseLockKey(lock.key) === null) return { class: 'foreign', cause: 'strange_key' };
  if (lock.value === null || !value_form.test(lock.value)) {
    return { class: 'foreign', cause: 'strange_value' };
  }
  if (hold?.status === 'pending') {
    return lock.ttl_ms === null
      ? { class: 'leaked', cause: 'no_end' }
      : { class: 'live', cause: 'held' };
  }
  const may_be_undecided = lock.ttl_ms !== null && lock.ttl_ms <= LOCK_UNDECIDED_MS;
  if (hold === null) {
    return may_be_undecided
      ? { class: 'live', cause: 'in_flight' }
      : { class: 'leaked', cause: 'no_reservation' };
  }
  // Its own release is on the way, or its end is.
  if (may_be_undecided || hold.changed_ms_ago < LOCK_CLASS_GRACE_MS) {
    return { class: 'live', cause: 'ending' };
  }
  return { class: 'leaked', cause: `reservation_${hold.status}` };
}

/** Judges a seat of a pending hold on which its own lock does not stand. */
export function classifyUnlocked(
  hold: { readonly changed_ms_ago: number; readonly expires_in_ms: number },
  door: { readonly is_up: boolean; readonly has_other_lock: boolean },
): LockVerdict {
  if (!door.is_up) return { class: 'ghost', cause: 'degraded' };
  if (hold.expires_in_ms <= 0) return { class: 'ghost', cause: 'overdue' };
  if (hold.changed_ms_ago < LOCK_CLASS_GRACE_MS) return { class: 'live', cause: 'in_flight' };
  return { class: 'ghost', cause: door.has_other_lock ? 'other_lock' : 'no_lock' };
}

/** Ghosts that nobody has to look at: Redis is away, or the sweeper is on its way. */
export function isTrouble(verdict: LockVerdict): boolean {
  return verdict.class !== 'live' && verdict.cause !== 'degraded' && verdict.cause !== 'overdue';
}
