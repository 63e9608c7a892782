import { describe, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { eventually } from '../helpers/poll.ts';
import { startSentinelGroup } from '../helpers/redis-sentinel.ts';
import { expectNoNativeRedis, native_redis } from '../helpers/redis-server.ts';
import { openFailoverBench, SLOW_MS } from './failover-bench.ts';

const LONG_MS = 120_000;

if (native_redis === null) {
  test('without a native server people are told what to install', expectNoNativeRedis);
} else {
  const group = await startSentinelGroup();
  const bench = await openFailoverBench(group.url);
  const { app, sql } = bench;
  const isUp = async () => {
    const { state, breaker } = await app.locks.health();
    return state === 'up' && breaker === 'closed';
  };
  const lockAt = (node: Awaited<ReturnType<typeof group.master>>) => (key: string) =>
    node.raw.get(key);

  describe('a failover by Sentinels', () => {
    test(
      'master killed: holds go on, no double booking, the heir gets every lock and event',
      async () => {
        await eventually('the doorman is up', isUp);
        const old = await group.master();
        await bench.fight();
        await bench.rebuilt(lockAt(old));
        await bench.publish(() => old.raw.xlen(STREAM_KEY));
        await old.kill();
        const heir = group.successorOf(old);
        let named = false;
        heir.then(
          () => {
            named = true;
          },
          () => {},
        );
        const worst_ms = await bench.fightUntil('the Sentinels name an heir', async () => named);
        expect(worst_ms).toBeLessThan(SLOW_MS);
        // The holds of the meantime are in no Redis: only the rebuild brings them there.
        await bench.rebuilt(lockAt(await heir));
        await eventually('the doorman is up again', isUp);
        await bench.fight();
        await bench.rebuilt(lockAt(await heir));
        await bench.publish(async () => (await heir).raw.xlen(STREAM_KEY));
        await assertInvariants(sql);
        await old.start();
        await group.settled();
      },
      LONG_MS,
    );

    test(
      'master frozen: the breaker opens, PostgreSQL decides; thawed, it is asked no more',
      async () => {
        await eventually('the doorman is up', isUp);
        const old = await group.master();
        old.signal('SIGSTOP');
        try {
          let was_open = false;
          const heir = group.successorOf(old);
          let named = false;
          heir.then(
            () => {
              named = true;
            },
            () => {},
          );
          const worst_ms = await bench.fightUntil(
            'the breaker opens and an heir is named',
            async () => {
              was_open ||= (await app.locks.health()).breaker !== 'closed';
              return named && was_open;
            },
          );
          expect(worst_ms).toBeLessThan(SLOW_MS);
          await bench.rebuilt(lockAt(await heir));
        } finally {
          old.signal('SIGCONT');
        }
        await group.settled();
        await eventually('the doorman is up again', isUp);
        const heir = await group.master();
        const { held } = await bench.fight();
        expect(held.length).toBeGreaterThan(0);
        await bench.rebuilt(lockAt(heir));
        await assertInvariants(sql);
      },
      LONG_MS,
    );

    test(
      'a flush on the master is noticed, and the locks are there again',
      async () => {
        await eventually('the doorman is up', isUp);
        const master = await group.master();
        await master.raw.flushall();
        await bench.rebuilt(lockAt(master));
      },
      LONG_MS,
    );
  });
}
