import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classifyLock,
  classifyUnlocked,
  isTrouble,
  LOCK_CLASS_GRACE_MS,
  LOCK_UNDECIDED_MS,
  lockKey,
  parseLockKey,
} from './lock.ts';

const key = lockKey('0198a000-0000-7000-8000-000000000001', 3);
const lock = { key, value: 'owner.random', ttl_ms: 500_000 };
const pending = { status: 'pending', changed_ms_ago: 60_000 } as const;
const over = { status: 'expired', changed_ms_ago: 60_000 } as const;

describe('keys', () => {
  it('come back as slot and seat', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 10_000 }), (slot_id, seat) => {
        expect(parseLockKey(lockKey(slot_id, seat))).toEqual({ slot_id, seat });
      }),
    );
  });

  it.each([
    '',
    'hold:',
    'hold:{x}:1',
    'hold:0198a000-0000-7000-8000-000000000001:1',
    'hold:{0198a000-0000-7000-8000-000000000001}:0',
    'hold:{0198a000-0000-7000-8000-000000000001}:1:2',
    'hold:{0198A000-0000-7000-8000-000000000001}:1',
    ` ${key}`,
    `${key}\n`,
    'petpro:locks_epoch',
  ])('%j is not ours', (text) => {
    expect(parseLockKey(text)).toBeNull();
    expect(classifyLock({ ...lock, key: text }, pending)).toEqual({
      class: 'foreign',
      cause: 'strange_key',
    });
  });
});

describe('a lock that stands', () => {
  it('is live while its hold is pending, and leaked when it would never end', () => {
    expect(classifyLock(lock, pending)).toEqual({ class: 'live', cause: 'held' });
    expect(classifyLock({ ...lock, ttl_ms: null }, pending)).toEqual({
      class: 'leaked',
      cause: 'no_end',
    });
  });

  it('is leaked when its hold is over or never was', () => {
    expect(classifyLock(lock, null)).toEqual({ class: 'leaked', cause: 'no_reservation' });
    expect(classifyLock(lock, over)).toEqual({ class: 'leaked', cause: 'reservation_expired' });
  });

  it('gets its grace: undecided, or just ended', () => {
    const short = { ...lock, ttl_ms: LOCK_UNDECIDED_MS };
    expect(classifyLock(short, null)).toEqual({ class: 'live', cause: 'in_flight' });
    expect(classifyLock({ ...lock, ttl_ms: LOCK_UNDECIDED_MS + 1 }, null).class).toBe('leaked');
    const just_now = { ...over, changed_ms_ago: LOCK_CLASS_GRACE_MS - 1 };
    expect(classifyLock(lock, just_now)).toEqual({ class: 'live', cause: 'ending' });
    // Without end it would stay for ever: no grace by its life.
    expect(classifyLock({ ...lock, ttl_ms: null }, null).class).toBe('leaked');
  });

  it.each([null, '', 'x', 'two words', 'a.b.c', 'ä.b', '\u0000.\u0001', 'x'.repeat(200)])(
    'is foreign with the value %j',
    (value) => {
      expect(classifyLock({ ...lock, value }, null).cause).toBe('strange_value');
    },
  );
});

describe('a pending hold without its lock', () => {
  const hold = { changed_ms_ago: 60_000, expires_in_ms: 100_000 };
  const up = { is_up: true, has_other_lock: false };

  it('is a ghost', () => {
    expect(classifyUnlocked(hold, up)).toEqual({ class: 'ghost', cause: 'no_lock' });
    expect(classifyUnlocked(hold, { ...up, has_other_lock: true }).cause).toBe('other_lock');
  });

  it('is no trouble while Redis is away, while it is being made, or once it is over', () => {
    const degraded = classifyUnlocked(hold, { is_up: false, has_other_lock: false });
    expect(degraded).toEqual({ class: 'ghost', cause: 'degraded' });
    const overdue = classifyUnlocked({ ...hold, expires_in_ms: 0 }, up);
    expect(overdue).toEqual({ class: 'ghost', cause: 'overdue' });
    const fresh = classifyUnlocked({ ...hold, changed_ms_ago: 10 }, up);
    expect(fresh).toEqual({ class: 'live', cause: 'in_flight' });
    expect([degraded, overdue, fresh].map(isTrouble)).toEqual([false, false, false]);
  });
});
