import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { openLog } from '../../src/log.ts';
import { eventually } from '../helpers/poll.ts';
import { startSentinelGroup } from '../helpers/redis-sentinel.ts';
import { expectNoNativeRedis, native_redis } from '../helpers/redis-server.ts';
import { describeContract, ready, request } from './contract.ts';

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
  });
}
