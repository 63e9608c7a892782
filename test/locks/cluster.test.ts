import { describe, expect, test } from 'vitest';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { hashSlot } from '../../src/daemon/adapters/redis-shards.ts';
import { lockKey } from '../../src/domain/lock.ts';
import type { LockStore } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { startCluster } from '../helpers/redis-cluster.ts';
import { expectNoNativeRedis, native_redis, type RedisNode } from '../helpers/redis-server.ts';
import { describeContract, ready, request } from './contract.ts';
import { doctorOf } from './doctor.ts';

const log = openLog({ level: 'silent' });

if (native_redis === null) {
  test('without a native server people are told what to install', expectNoNativeRedis);
} else {
  const cluster = await startCluster();
  const { raw } = cluster;

  describeContract('a Cluster of three masters', async () => ({
    url: cluster.url,
    raw,
    // One of the three is enough to lose a third of the locks.
    flush: async () => {
      await raw.nodes('master')[1]?.flushall();
    },
    // The doorman connects anew with its next question to that server.
    cut: async () => {
      await raw.nodes('master')[1]?.call('CLIENT', 'KILL', 'TYPE', 'normal');
    },
    close: async () => {},
  }));

  const withLocks = async (work: (locks: LockStore) => Promise<void>) => {
    const locks = openRedisLocks({ url: cluster.url, timeout_ms: 2_000, log });
    try {
      await ready(locks);
      await work(locks);
    } finally {
      await locks.close();
    }
  };
  /** A hold request whose lock is on this node. */
  const requestOn = async (node: RedisNode, over: Parameters<typeof request>[0] = {}) => {
    for (;;) {
      const one = request(over);
      if ((await cluster.ownerOf(hashSlot(lockKey(one.slot_id, 1)))) === node) return one;
    }
  };

  describe('a Cluster', () => {
    test('every flushed master is noticed', async () => {
      await withLocks(async (locks) => {
        for (const server of raw.nodes('master')) {
          const { epoch } = await locks.health();
          expect((await locks.health()).epoch).toBe(epoch);
          await server.flushall();
          expect((await locks.health()).epoch).not.toBe(epoch);
        }
      });
    });

    test('a list shows the locks of all masters', async () => {
      await withLocks(async (locks) => {
        const owners = [cluster.nodes[0], cluster.nodes[1], cluster.nodes[2]];
        const wanted: string[] = [];
        for (const owner of owners) {
          const one = await requestOn(owner!);
          expect((await locks.acquire(one)).outcome).toBe('acquired');
          wanted.push(lockKey(one.slot_id, 1));
        }
        const keys = new Set((await locks.list())?.entries.map(({ key }) => key));
        for (const key of wanted) expect(keys.has(key)).toBe(true);
      });
    });

    // Steps of the Cluster manual: import, migrate, move the keys, then tell everybody.
    test('holds go on while their slot moves to another master', async () => {
      await withLocks(async (locks) => {
        const [from, to] = [cluster.nodes[0]!, cluster.nodes[1]!];
        const [from_id, to_id] = [await cluster.idOf(from), await cluster.idOf(to)];
        const before = await requestOn(from);
        expect((await locks.acquire(before)).outcome).toBe('acquired');
        const key = lockKey(before.slot_id, 1);
        const slot = String(hashSlot(key));
        await to.raw.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from_id);
        await from.raw.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to_id);
        // The key is still here: a rival loses, its owner may extend.
        const rival = request({ slot_id: before.slot_id });
        expect((await locks.acquire(rival)).outcome).toBe('locked');
        expect(await locks.extend(before.slot_id, [1], before.lock_id, 60_000)).toBe(true);
        // ASK: the key is gone from the old master, so the new one takes it.
        expect(await locks.release(before.slot_id, [1], before.lock_id)).toBe(true);
        expect((await locks.acquire(before)).outcome).toBe('acquired');
        expect(await from.raw.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0);
        expect(await to.raw.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(1);
        expect((await locks.acquire(rival)).outcome).toBe('locked');
        // Several seats at once cannot be judged meanwhile: PostgreSQL does it, and no breaker opens.
        const several = { ...rival, capacity: 4, quantity: 2 };
        for (let tries = 0; tries < 8; tries += 1) {
          expect((await locks.acquire(several)).outcome).toBe('bypass');
        }
        expect((await locks.health()).breaker).toBe('closed');
        // MOVED: from now on the other one owns it.
        for (const node of [to, from, cluster.nodes[2]!]) {
          await node.raw.call('CLUSTER', 'SETSLOT', slot, 'NODE', to_id);
        }
        expect((await locks.acquire(rival)).outcome).toBe('locked');
        expect((await locks.acquire(several)).outcome).toBe('acquired');
        expect(await locks.release(before.slot_id, [1], before.lock_id)).toBe(true);
        await ready(locks);
      });
    });

    test('one of a thousand wins while the slot is handed over', async () => {
      await withLocks(async (locks) => {
        const [from, to] = [cluster.nodes[1]!, cluster.nodes[2]!];
        const [from_id, to_id] = [await cluster.idOf(from), await cluster.idOf(to)];
        const one = await requestOn(from);
        const slot = String(hashSlot(lockKey(one.slot_id, 1)));
        const race = Array.from({ length: 1_000 }, () =>
          locks.acquire(request({ slot_id: one.slot_id })),
        );
        await to.raw.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from_id);
        await from.raw.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to_id);
        race.push(...Array.from({ length: 500 }, () => locks.acquire(request(one))));
        await from.raw.migrate(
          '127.0.0.1',
          to.port,
          '',
          0,
          5_000,
          'AUTH',
          raw.options.redisOptions?.password ?? '',
          'KEYS',
          lockKey(one.slot_id, 1),
        );
        for (const node of [to, from, cluster.nodes[0]!]) {
          await node.raw.call('CLUSTER', 'SETSLOT', slot, 'NODE', to_id);
        }
        race.push(...Array.from({ length: 500 }, () => locks.acquire(request(one))));
        const outcomes = (await Promise.all(race)).map(({ outcome }) => outcome);
        expect(outcomes.filter((outcome) => outcome === 'acquired')).toHaveLength(1);
      });
    });

    test('doctor asks every node', async () => {
      const well = await doctorOf(cluster.url);
      expect(well.found).toMatchObject({
        'redis.ping': { state: 'pass', detail: expect.stringContaining('6 servers (cluster)') },
        'redis.policy': { state: 'pass' },
        'redis.topology': { state: 'pass' },
        'redis.clock': { state: 'pass' },
        'redis.persistence': { state: 'pass' },
      });
      expect(well.code).toBe(0);
      const replica = cluster.nodes[4];
      await replica?.raw.config('SET', 'maxmemory-policy', 'volatile-ttl');
      const ill = await doctorOf(cluster.url);
      expect(ill.code).toBe(10);
      expect(ill.found['redis.policy']?.detail).toContain(`${replica?.address}: maxmemory-policy`);
      await replica?.raw.config('SET', 'maxmemory-policy', 'noeviction');
    });
  });
}
