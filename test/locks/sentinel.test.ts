import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { openLog } from '../../src/log.ts';
import { eventually } from '../helpers/poll.ts';
import { startSentinelGroup } from '../helpers/redis-sentinel.ts';
import { expectNoNativeRedis, native_redis } from '../helpers/redis-server.ts';
import { cutConnections, describeContract, ready, request } from './contract.ts';
import { doctorOf } from './doctor.ts';

const log = openLog({ level: 'silent' });

if (native_redis === null) {
  test('without a native server people are told what to install', expectNoNativeRedis);
} else {
  const group = await startSentinelGroup();

  describeContract('a master that three Sentinels name', async () => {
    const { port, raw } = await group.master();
    const { password } = raw.options;
    const client = new Redis({ port, host: '127.0.0.1', ...(password ? { password } : {}) });
    return {
      url: group.url,
      raw: client,
      flush: async () => {
        await client.flushall();
      },
      cut: () => cutConnections(client),
      close: async () => client.disconnect(),
    };
  });

  describe('Sentinels', () => {
    test('locks reach the replicas, and a planned switch changes the epoch', async () => {
      const locks = openRedisLocks({ url: group.url, timeout_ms: 1_000, log });
      try {
        await ready(locks);
        const old = await group.master();
        const mine = request();
        expect((await locks.acquire(mine)).outcome).toBe('acquired');
        // WAIT: the number of replicas that have all of what this connection wrote.
        expect(await old.raw.set('petpro:test', '1')).toBe('OK');
        expect(await old.raw.wait(2, 5_000)).toBe(2);
        const { epoch } = await locks.health();
        await group.sentinels[0]?.raw.call('SENTINEL', 'FAILOVER', 'petpro');
        const heir = await group.successorOf(old);
        await eventually('the doorman is at the new master', async () => {
          const now = await locks.health();
          return now.state === 'up' && now.epoch !== epoch;
        });
        // Writes go to the new master now, and the lock has come along.
        const key = lockKey(mine.slot_id, 1);
        expect(await heir.raw.get(key)).toBe(mine.lock_id);
        expect(await locks.release(mine.slot_id, [1], mine.lock_id)).toBe(true);
        expect(await heir.raw.exists(key)).toBe(0);
      } finally {
        await locks.close();
        await group.settled();
      }
    }, 60_000);

    test('a Sentinel that is away is passed over', async () => {
      const [first] = group.sentinels;
      await first?.kill();
      const locks = openRedisLocks({ url: group.url, timeout_ms: 1_000, log });
      try {
        await ready(locks);
        expect((await locks.acquire(request())).outcome).toBe('acquired');
      } finally {
        await locks.close();
        await first?.start();
      }
    }, 60_000);

    test('doctor asks every server, replicas included', async () => {
      const well = await doctorOf(group.url);
      expect(well.found).toMatchObject({
        'redis.ping': { state: 'pass', detail: expect.stringContaining('3 servers (sentinel)') },
        'redis.policy': { state: 'pass' },
        'redis.topology': { state: 'pass', detail: 'master of "petpro" with 2 replicas' },
        'redis.clock': { state: 'pass' },
        'redis.persistence': { state: 'pass' },
      });
      expect(well.code).toBe(0);
      const master = await group.master();
      const replica = group.nodes.find((node) => node !== master);
      await replica?.raw.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const ill = await doctorOf(group.url);
      expect(ill.code).toBe(10);
      expect(ill.found['redis.policy']).toMatchObject({
        state: 'fail',
        detail: `${replica?.address}: maxmemory-policy allkeys-lru: locks can be evicted`,
      });
      await replica?.raw.config('SET', 'maxmemory-policy', 'noeviction');
      const direct = `redis://:${replica?.raw.options.password}@${replica?.address}`;
      expect((await doctorOf(direct)).found['redis.topology']).toMatchObject({ state: 'fail' });
    }, 60_000);
  });
}
