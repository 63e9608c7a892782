import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { openRedisLocks } from '../../src/daemon/adapters/redis-locks.ts';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { createLockKeeper } from '../../src/daemon/workers/keep-locks.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { no_key, openBench } from '../actions/bench.ts';
import { makeWorld, rivalOf, startBooking } from '../actions/world.ts';
import { eventually } from '../helpers/poll.ts';

const { app, sql, redis, drain, pay } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());
const signal = new AbortController().signal;

/** A hold that ended in PostgreSQL only, as when its process dies before the unlock. */
async function orphan(seats = 1) {
  const world = await makeWorld(sql, { capacity: seats });
  const wish = { ...world.wish, quantity: seats };
  const held = await createReservation(app, world.who, wish, no_key);
  const end = () => cancelReservation(sql, held.reservation_id, null, system_actor);
  const keys = held.seats.map((seat) => lockKey(world.slot_id, seat));
  const standing = () => raw.exists(...keys);
  return { world, held, end, keys, standing };
}

test('a keeper frees locks of ended holds by their events, and no other lock', async () => {
  const keeper = createLockKeeper();
  await keeper.tick(app, signal);
  const orphans = [await orphan(), await orphan(3)];
  const living = await orphan();
  for (const { end } of orphans) expect((await end()).outcome).toBe('ok');
  const stolen = await orphan();
  expect((await stolen.end()).outcome).toBe('ok');
  // Somebody else has the seat by now.
  const [key = ''] = stolen.keys;
  await raw.set(key, `rival.${randomUUID()}`, 'PX', 60_000);
  await drain('relay');
  await keeper.tick(app, signal);
  for (const { standing } of orphans) expect(await standing()).toBe(0);
  expect(await living.standing()).toBe(1);
  expect(await raw.get(key)).toMatch(/^rival\./);
});

test('a keeper that starts looks at all locks, also of holds that ended long ago', async () => {
  const { end, standing } = await orphan();
  const living = await orphan();
  await end();
  await drain('relay');
  await createLockKeeper().tick(app, signal);
  expect(await standing()).toBe(0);
  expect(await living.standing()).toBe(1);
});

test('a booking whose lock stayed is freed of it', async () => {
  const keeper = createLockKeeper();
  await keeper.tick(app, signal);
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  const key = lockKey(world.slot_id, 1);
  const lock_id = await raw.get(key);
  await pay(started.reference_code);
  expect(await raw.exists(key)).toBe(0);
  await raw.set(key, lock_id ?? '', 'PX', 600_000);
  await drain('relay');
  await keeper.tick(app, signal);
  expect(await raw.exists(key)).toBe(0);
});

test('a lock that landed after nobody waited any more does not stay, unless it won', async () => {
  const locks = openRedisLocks({ url: redis.url, timeout_ms: 100, log: app.log });
  const impatient = { ...app, locks };
  try {
    await eventually('connected', async () => (await locks.health()).state === 'up');
    const taken = await makeWorld(sql);
    await createReservation(app, taken.who, taken.wish, no_key);
    await raw.del(lockKey(taken.slot_id, 1));
    const open = await makeWorld(sql);
    const rival = await rivalOf(sql, taken);
    // Both slots are known, so that the doorman is asked first.
    const rush = async (world: typeof taken, wish: typeof taken.wish, who: typeof taken.who) =>
      await createReservation(impatient, who, wish, no_key).then(
        ({ lock_id }) => ({ lock_id, key: lockKey(world.slot_id, 1) }),
        ({ code }) => code,
      );
    const seen = await rivalOf(sql, open);
    const first = await createReservation(impatient, seen.who, seen.wish, no_key);
    await cancelReservation(sql, first.reservation_id, null, system_actor);
    await locks.release(open.slot_id, first.seats, first.lock_id);
    expect(await rush(taken, rival.wish, rival.who)).toMatch(/^slot_/);
    await raw.call('client', 'pause', '600', 'write');
    const [lost, won] = await Promise.all([
      rush(taken, rival.wish, rival.who),
      rush(open, open.wish, open.who),
    ]);
    expect(lost).toMatch(/^slot_/);
    await raw.call('client', 'unpause');
    const isFree = async () => (await raw.exists(lockKey(taken.slot_id, 1))) === 0;
    // By itself it would take ten seconds.
    await eventually('the loser leaves nothing', isFree, 5_000);
    expect(await raw.get(won.key)).toBe(won.lock_id);
  } finally {
    await locks.close();
  }
});
