import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { AppError } from '../../src/domain/errors.ts';
import { customer, no_key, openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld } from '../actions/world.ts';
import { addOwners, addSlot } from '../helpers/database.ts';

const { app, sql, redis } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());

const HOLDS = 150;
/** A try's lock (5 s and the grace of 5 s) at most: what an attempt of unknown outcome may leave. */
const TRY_LEFT_MS = 10_000;

/** Ends every connection of the app once; the tests' own stays. */
async function cutConnections(): Promise<void> {
  await sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database() and application_name = 'petpro'`;
}

test('connections cut under load: who was told yes has it, who was told no blocks nobody', async () => {
  const world = await makeWorld(sql);
  const owners = await addOwners(sql, HOLDS);
  const wishes: { slot_id: string; user_id: string; pet_id: string }[] = [];
  for (const [index, owner] of owners.entries()) {
    const options = { in_hours: 100 + index };
    const slot_id = await addSlot(sql, world.clinic, world.service_id, options);
    wishes.push({ slot_id, ...owner });
  }
  let cuts = 0;
  let is_over = false;
  const cutting = (async () => {
    for (; !is_over; cuts += 1) await cutConnections();
  })();
  const ends = await Promise.allSettled(
    wishes.map(({ user_id, pet_id, slot_id }) => {
      const wish = { service_id: world.service_id, slot_id, pet_id, quantity: 1 };
      return createReservation(app, customer(user_id), wish, no_key);
    }),
  );
  is_over = true;
  await cutting;
  expect(cuts).toBeGreaterThan(1);

  let told_no = 0;
  for (const [index, end] of ends.entries()) {
    const { slot_id = '' } = wishes[index] ?? {};
    const held = await sql<{ id: string }[]>`
      select id from reservations where slot_id = ${slot_id} and status = 'pending'`;
    if (end.status === 'fulfilled') {
      expect(held.map(({ id }) => id)).toEqual([end.value.reservation_id]);
      continue;
    }
    told_no += 1;
    if (!(end.reason instanceof AppError)) throw end.reason;
    expect(end.reason.code).toBe('unavailable');
    const key_ttl_ms = await raw.pttl(`hold:{${slot_id}}:1`);
    expect(key_ttl_ms).toBeLessThanOrEqual(TRY_LEFT_MS);
  }
  // Otherwise nothing was cut in the middle of a hold, and nothing was shown.
  expect(told_no).toBeGreaterThan(0);
  await expectInvariants(sql);
});
