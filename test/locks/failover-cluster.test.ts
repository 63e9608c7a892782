import { describe, expect, test } from 'vitest';
import { hashSlot } from '../../src/daemon/adapters/redis-shards.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { eventually } from '../helpers/poll.ts';
import { startCluster } from '../helpers/redis-cluster.ts';
import { expectNoNativeRedis, native_redis, type RedisNode } from '../helpers/redis-server.ts';
import { request } from './contract.ts';
import { openFailoverBench, SLOW_MS } from './failover-bench.ts';

const LONG_MS = 120_000;

if (native_redis === null) {
  test('without a native server people are told what to install', expectNoNativeRedis);
} else {
  const cluster = await startCluster();
  const bench = await openFailoverBench(cluster.url);
  const { app, sql } = bench;
  let away: RedisNode | null = null;
  const get = (key: string) => cluster.ask(away, 'GET', key);
  const count = () => cluster.ask(away, 'XLEN', STREAM_KEY);
  const isUp = async () => {
    const { state, breaker } = await app.locks.health();
    return state === 'up' && breaker === 'closed';
  };
  /** True once another node serves what this one did. */
  const isReplaced = async (slot: number, old: RedisNode) => {
    const now = await cluster.ownerOf(slot, old).catch(() => null);
    return now !== null && now !== old;
  };

  describe('the loss of a node of a Cluster', () => {
    test(
      'killed: the other masters stay the doormen of their slots, and the replica gets every lock',
      async () => {
        await eventually('the doorman is up', isUp);
        await bench.fight();
        await bench.rebuilt(get);
        await bench.publish(count);
        const slot = hashSlot('any');
        const old = await cluster.ownerOf(slot);
        const elsewhere = [];
        while (elsewhere.length < 10) {
          const one = request();
          const owner = await cluster.ownerOf(hashSlot(lockKey(one.slot_id, 1)));
          if (owner !== old) elsewhere.push(one);
        }
        away = old;
        await old.kill();
        for (const one of elsewhere) {
          expect((await app.locks.acquire(one)).outcome).toBe('acquired');
          expect(await app.locks.release(one.slot_id, [1], one.lock_id)).toBe(true);
        }
        const worst_ms = await bench.fightUntil('the replica takes over', () =>
          isReplaced(slot, old),
        );
        expect(worst_ms).toBeLessThan(SLOW_MS);
        await bench.rebuilt(get);
        await eventually('the doorman is up again', isUp);
        await bench.publish(count);
        await assertInvariants(sql);
        await old.start();
        away = null;
        await cluster.settled();
      },
      LONG_MS,
    );

    test(
      'frozen: its breaker opens, PostgreSQL decides its slots, nobody waits',
      async () => {
        await eventually('the doorman is up', isUp);
        const slot = hashSlot('any');
        const old = await cluster.ownerOf(slot);
        away = old;
        old.signal('SIGSTOP');
        try {
          let was_open = false;
          const worst_ms = await bench.fightUntil('the replica takes over', async () => {
            was_open ||= (await app.locks.health()).breaker !== 'closed';
            return was_open && (await isReplaced(slot, old));
          });
          expect(worst_ms).toBeLessThan(SLOW_MS);
          await bench.rebuilt(get);
        } finally {
          old.signal('SIGCONT');
          away = null;
        }
        await cluster.settled();
        await eventually('the doorman is up again', isUp);
        await bench.fight();
        await bench.rebuilt(get);
        await assertInvariants(sql);
      },
      LONG_MS,
    );

    test(
      'a master that was emptied is filled again',
      async () => {
        await eventually('the doorman is up', isUp);
        const owner = await cluster.ownerOf(hashSlot('any'));
        await owner.raw.flushall();
        await bench.rebuilt(get);
      },
      LONG_MS,
    );
  });
}
