import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { LOCK_GRACE_MS } from '../../src/daemon/adapters/redis-locks.ts';
import { createLockKeeper } from '../../src/daemon/workers/keep-locks.ts';
import { LOCK_PREFIX, lockKey } from '../../src/domain/lock.ts';
import { openBench } from '../actions/bench.ts';
import { eventually } from '../helpers/poll.ts';
import { actionsDoor } from './actions-door.ts';
import { lapseBriefly, pendingOf, relayAll, setBlocked } from './parts.ts';
import { refundDoor } from './refund-door.ts';
import { runSteps } from './run.ts';
import { anyHoldStep, type Surroundings } from './steps.ts';

/** Say PETPRO_MODEL_SEED=n to walk the same way again. */
const seed = Number(process.env['PETPRO_MODEL_SEED'] ?? Date.now() % 2_147_483_647);
const RUNS = 16;
const STEPS_MAX = 150;
const STEPS_WANTED = 700;

const { app, sql, redis } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());
const keeper = createLockKeeper();
const never = new AbortController().signal;

let is_stopped = false;
/** Redis goes on, empty, as a new server would; the keeper writes the locks anew. */
async function goOn(): Promise<void> {
  if (!is_stopped) return;
  process.kill(redis.pid, 'SIGCONT');
  is_stopped = false;
  // What had been sent to it meanwhile takes effect late; after that it is as good as new.
  await eventually('Redis has caught up', async () => (await app.locks.health()).state === 'up');
  await raw.flushall();
  await keeper.tick(app, never);
}
afterAll(() => goOn());

/** The doorman's lock while PostgreSQL decides: 5 s, and 5 s of grace. */
const TRY_LIFE_MS = 10_000;
async function outwait(slot_id: string): Promise<void> {
  if (is_stopped) return;
  for (const key of await raw.keys(`${LOCK_PREFIX}{${slot_id}}:*`)) {
    const pttl_ms = await raw.pttl(key);
    if (pttl_ms <= TRY_LIFE_MS) await raw.del(key);
  }
}

const around: Surroundings = {
  lapse: async (hold) => {
    await lapseBriefly(sql, hold);
    if (is_stopped) return;
    const [row] = await sql<{ seats: number[] }[]>`
      select seats from reservations where id = ${hold.id}`;
    // The lock's time passes with the hold's; what is left of it is its grace.
    for (const seat of row?.seats ?? []) {
      await raw.pexpire(lockKey(hold.slot.id, seat), LOCK_GRACE_MS - 1_000);
    }
  },
  relay: () => relayAll(sql),
  refunds: refundDoor(sql),
  pendingOf: (ids) => pendingOf(sql, ids),
  setBlocked: (slot_id, is_blocked) => setBlocked(sql, slot_id, is_blocked),
  fault: async (n) => {
    if (is_stopped) return await goOn();
    await raw.flushall();
    if (n % 3 === 0) {
      process.kill(redis.pid, 'SIGSTOP');
      is_stopped = true;
    }
  },
};

test('the same lives through the actions, with Redis in front, flushed and stopped', {
  timeout: 240_000,
}, async () => {
  let steps = 0;
  const count = () => {
    steps += 1;
  };
  const parts = { sql, door: actionsDoor(app, outwait), around, count };
  const property = fc.asyncProperty(
    fc.array(anyHoldStep, { maxLength: STEPS_MAX, size: 'max' }),
    async (some) => {
      await goOn();
      await runSteps(parts, some);
    },
  );
  process.stderr.write(`model seed: PETPRO_MODEL_SEED=${seed}\n`);
  const limits = { interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true };
  await fc.assert(property, { seed, numRuns: RUNS, unbiased: true, ...limits });
  expect(steps).toBeGreaterThan(STEPS_WANTED);
});
