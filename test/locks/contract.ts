import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mastersOf, type RedisClient } from '../../src/daemon/adapters/redis-client.ts';
import { LOCK_GRACE_MS, openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { lockKey } from '../../src/domain/lock.ts';
import type { LockRequest, LockStore } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';

/** What every doorman owes, wherever its Redis is. */

const log = openLog({ level: 'silent' });
const HOLD_MS = 600_000;
/** A busy machine must not fail the tests of what is locked. */
const PATIENT_MS = 5_000;
const READY_MS = 30_000;

/** A hold of one seat of a slot of its own, unless told otherwise. */
export const request = (over: Partial<LockRequest> = {}): LockRequest => ({
  slot_id: randomUUID(),
  lock_id: `${randomUUID()}.${randomUUID()}`,
  quantity: 1,
  capacity: 1,
  ttl_ms: HOLD_MS,
  ...over,
});

/** Waits until the doorman answers and no breaker is open. */
export async function ready(locks: LockStore): Promise<void> {
  await vi.waitFor(
    async () => expect(await locks.health()).toMatchObject({ state: 'up', breaker: 'closed' }),
    { timeout: READY_MS, interval: 20 },
  );
}

/** Where the contract is tried. */
export type Place = {
  readonly url: string;
  /** A client of the tests' own. */
  readonly raw: RedisClient;
  /** Somebody empties one server behind our back. */
  readonly flush: () => Promise<void>;
  /** One server cuts its connections, all but the tests' own, and takes new ones. */
  readonly cut: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Cuts all other connections of a server, and waits until the doorman is back. */
export async function cutConnections(server: Redis): Promise<void> {
  await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await vi.waitFor(async () => expect(await server.client('LIST')).toContain('petpro-locks'), {
    timeout: READY_MS,
    interval: 20,
  });
}

/** The contract, run at a place that is opened before the first test. */
export function describeContract(name: string, open: () => Promise<Place>): void {
  describe(`the doorman on ${name}`, () => contract(open));
}

function contract(open: () => Promise<Place>): void {
  let place: Place;
  let locks: LockStore;
  let raw: RedisClient;

  const keysOf = async (pattern: string) =>
    (await Promise.all(mastersOf(raw).map((server) => server.keys(pattern)))).flat();

  beforeAll(async () => {
    place = await open();
    raw = place.raw;
    locks = openRedisLocks({ url: place.url, timeout_ms: PATIENT_MS, log });
    await ready(locks);
  }, 120_000);
  afterAll(async () => {
    await locks.close();
    await place.close();
  });

  test('takes a free seat and tells the next how long it is held, without the grace', async () => {
    const first = request();
    expect(await locks.acquire(first)).toEqual({ outcome: 'acquired', seats: [1] });
    const key = lockKey(first.slot_id, 1);
    expect(await raw.get(key)).toBe(first.lock_id);
    expect(await raw.pttl(key)).toBeGreaterThan(HOLD_MS);
    expect(await raw.pttl(key)).toBeLessThanOrEqual(HOLD_MS + LOCK_GRACE_MS);
    const second = await locks.acquire(request({ slot_id: first.slot_id }));
    if (second.outcome !== 'locked') throw new Error(`got ${second.outcome}`);
    expect(second.retry_after_ms).toBeLessThanOrEqual(HOLD_MS);
    expect(second.retry_after_ms).toBeGreaterThan(HOLD_MS - 10_000);
  });

  test('lets only the token release, and then the seat is free', async () => {
    const mine = request();
    await locks.acquire(mine);
    expect(await locks.release(mine.slot_id, [1], 'somebody.else')).toBe(false);
    expect(await raw.get(lockKey(mine.slot_id, 1))).toBe(mine.lock_id);
    expect(await locks.release(mine.slot_id, [1], mine.lock_id)).toBe(true);
    expect(await locks.release(mine.slot_id, [1], mine.lock_id)).toBe(false);
    expect(await locks.acquire(request({ slot_id: mine.slot_id }))).toMatchObject({
      outcome: 'acquired',
    });
  });

  test('extends for the token only, all seats or none', async () => {
    const mine = request({ capacity: 4, quantity: 2, ttl_ms: 10_000 });
    const got = await locks.acquire(mine);
    if (got.outcome !== 'acquired') throw new Error(`got ${got.outcome}`);
    expect(await locks.extend(mine.slot_id, got.seats, 'somebody.else', HOLD_MS)).toBe(false);
    const foreign = [1, 2, 3, 4].find((seat) => !got.seats.includes(seat)) ?? 0;
    const too_many = [...got.seats, foreign];
    expect(await locks.extend(mine.slot_id, too_many, mine.lock_id, HOLD_MS)).toBe(false);
    for (const seat of got.seats) {
      expect(await raw.pttl(lockKey(mine.slot_id, seat))).toBeLessThanOrEqual(15_000);
    }
    expect(await locks.extend(mine.slot_id, got.seats, mine.lock_id, HOLD_MS)).toBe(true);
    for (const seat of got.seats) {
      expect(await raw.pttl(lockKey(mine.slot_id, seat))).toBeGreaterThan(HOLD_MS - 10_000);
    }
  });

  test('takes several seats or none', async () => {
    const slot_id = randomUUID();
    const three = await locks.acquire(request({ slot_id, capacity: 5, quantity: 3 }));
    if (three.outcome !== 'acquired') throw new Error(`got ${three.outcome}`);
    expect(new Set(three.seats).size).toBe(3);
    const again = await locks.acquire(request({ slot_id, capacity: 5, quantity: 3 }));
    expect(again.outcome).toBe('locked');
    expect(await keysOf(`hold:{${slot_id}}:*`)).toHaveLength(3);
    const rest = await locks.acquire(request({ slot_id, capacity: 5, quantity: 2 }));
    if (rest.outcome !== 'acquired') throw new Error(`got ${rest.outcome}`);
    expect([...three.seats, ...rest.seats].toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  test('sends big slots to PostgreSQL when it cannot look at every seat', async () => {
    const slot_id = randomUUID();
    const pipeline = raw.pipeline();
    for (let seat = 1; seat <= 3_000; seat += 1) {
      pipeline.set(lockKey(slot_id, seat), 'x.y', 'PX', HOLD_MS);
    }
    await pipeline.exec();
    expect(await locks.acquire(request({ slot_id, capacity: 3_000 }))).toEqual({
      outcome: 'bypass',
      reason: 'unsure',
    });
  });

  test('knows its own lock from a rival: a repeated request reaches PostgreSQL', async () => {
    for (const capacity of [1, 3]) {
      const mine = request({ lock_id: 'owner.first', capacity, quantity: capacity });
      await locks.acquire(mine);
      expect(await locks.acquire({ ...mine, lock_id: 'owner.second' })).toEqual({
        outcome: 'bypass',
        reason: 'own',
      });
    }
  });

  test('lets PostgreSQL judge a lock that lives on its grace', async () => {
    for (const capacity of [1, 2]) {
      const mine = request({ capacity, quantity: capacity, ttl_ms: 0 });
      await locks.acquire(mine);
      expect(await locks.acquire({ ...mine, lock_id: 'rival.1' })).toEqual({
        outcome: 'bypass',
        reason: 'overdue',
      });
    }
  });

  test('assign overwrites whoever was there', async () => {
    const old = request();
    await locks.acquire(old);
    await locks.assign(old.slot_id, [1], 'new.token', 60_000);
    expect(await raw.get(lockKey(old.slot_id, 1))).toBe('new.token');
    expect(await locks.release(old.slot_id, [1], old.lock_id)).toBe(false);
  });

  test('lets one of 1000 in', async () => {
    const slot_id = randomUUID();
    const all = await Promise.all(
      Array.from({ length: 1_000 }, () => locks.acquire(request({ slot_id }))),
    );
    expect(all.filter((one) => one.outcome === 'acquired')).toHaveLength(1);
    expect(all.filter((one) => one.outcome === 'locked')).toHaveLength(999);
  });

  test('sells the last seats of a class to nobody twice', async () => {
    const slot_id = randomUUID();
    const all = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        locks.acquire(request({ slot_id, capacity: 20, quantity: (index % 3) + 1 })),
      ),
    );
    const seats = all.flatMap((one) => (one.outcome === 'acquired' ? one.seats : []));
    expect(new Set(seats).size).toBe(seats.length);
    expect(seats).toHaveLength(20);
  });

  test('shows operators every lock, and deletes the one that they have seen', async () => {
    const mine = [request(), request(), request({ capacity: 3, quantity: 2 })];
    for (const one of mine) expect((await locks.acquire(one)).outcome).toBe('acquired');
    const listed = await locks.list();
    expect(listed?.complete).toBe(true);
    const ours = (listed?.entries ?? []).filter(({ value }) =>
      mine.some(({ lock_id }) => lock_id === value),
    );
    expect(ours).toHaveLength(4);
    for (const { key, token } of ours) {
      expect(await locks.inspect(key)).toMatchObject({ key, token });
      expect(await locks.forceRelease(key, 'another', 0)).toBe('changed');
      expect(await locks.forceRelease(key, token, 0)).toBe('released');
      expect(await locks.inspect(key)).toBe('none');
    }
  });

  test('a server that forgot the scripts gets them again', async () => {
    for (const server of mastersOf(raw)) await server.script('FLUSH');
    for (let tries = 0; tries < 6; tries += 1) {
      const mine = request({ capacity: 2, quantity: 2 });
      expect((await locks.acquire(mine)).outcome).toBe('acquired');
      expect(await locks.extend(mine.slot_id, [1, 2], mine.lock_id, 5_000)).toBe(true);
      expect(await locks.release(mine.slot_id, [1, 2], mine.lock_id)).toBe(true);
    }
  });

  test('a new connection changes the epoch: it may lead to an heir that missed locks', async () => {
    const { epoch } = await locks.health();
    await place.cut();
    // Not often: five failures would open the breaker, and its recovery is news of its own.
    await vi.waitFor(async () => expect((await locks.health()).state).toBe('up'), {
      timeout: 5_000,
      interval: 500,
    });
    expect((await locks.health()).epoch).not.toBe(epoch);
  });

  test('a flush changes the epoch, so that somebody rebuilds', async () => {
    const { epoch } = await locks.health();
    expect((await locks.health()).epoch).toBe(epoch);
    await place.flush();
    const after = (await locks.health()).epoch;
    expect(after).not.toBe(epoch);
    expect(after).not.toBeNull();
  });
}
