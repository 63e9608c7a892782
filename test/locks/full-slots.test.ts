import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { lookIfFull, noteFull } from '../../src/daemon/locks/full-slots.ts';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { no_key, openBench, problemOf } from '../actions/bench.ts';
import { makeWorld, rivalOf } from '../actions/world.ts';

const { app, sql } = await openBench();
const SEATS = 100;

/** A slot of a hundred seats, all held by two owners. */
async function fullSlot() {
  const world = await makeWorld(sql, { capacity: SEATS });
  const second = await rivalOf(sql, world);
  const half = SEATS / 2;
  const key = { idempotency_key: randomUUID() };
  const wish = { ...world.wish, quantity: half };
  const first = await createReservation(app, world.who, wish, key);
  await createReservation(app, second.who, { ...second.wish, quantity: half }, no_key);
  return { world, wish, key, first };
}

type Ask = Parameters<typeof createReservation>;

const ask = (who: Ask[1], wish: Ask[2]) => problemOf(createReservation(app, who, wish, no_key));

test('a crowd before a full slot is told so by one count, and hears when the first hold may lapse', async () => {
  const { world } = await fullSlot();
  const rivals = await Promise.all(Array.from({ length: 20 }, () => rivalOf(sql, world)));
  const [one] = rivals;
  if (!one) throw new Error('no rival');
  expect((await ask(one.who, one.wish)).code).toMatch(/^slot_/);
  const told = await Promise.all(rivals.map(({ who, wish }) => ask(who, wish)));
  for (const { code, facts } of told) {
    expect(code).toBe('slot_locked');
    expect(facts['retry_after_ms']).toBeGreaterThan(500_000);
  }
});

test('owners of its seats and repeated requests are heard by the judge', async () => {
  const { world, wish, key, first } = await fullSlot();
  noteFull(app, world.slot_id);
  const again = await createReservation(app, world.who, wish, key);
  expect(again).toMatchObject({ reservation_id: first.reservation_id, replayed: true });
  const own = await createReservation(app, world.who, wish, no_key);
  expect(own).toMatchObject({ reservation_id: first.reservation_id, replayed: true });
});

test('seats that are given back are sold at once, also to those who wait for the next count', async () => {
  const { world, first } = await fullSlot();
  const rival = await rivalOf(sql, world);
  expect((await ask(rival.who, rival.wish)).code).toMatch(/^slot_/);
  await cancelReservation(sql, first.reservation_id, null, system_actor);
  await app.locks.release(world.slot_id, first.seats, first.lock_id);
  const held = await createReservation(app, rival.who, { ...rival.wish, quantity: 50 }, no_key);
  expect(held.seats).toHaveLength(50);
});

test('what is free but too little for one is enough for another', async () => {
  const world = await makeWorld(sql, { capacity: SEATS });
  const owners = await Promise.all(Array.from({ length: 3 }, () => rivalOf(sql, world)));
  const [a, b, c] = owners;
  if (!a || !b || !c) throw new Error('no rivals');
  await createReservation(app, a.who, { ...a.wish, quantity: 50 }, no_key);
  await createReservation(app, b.who, { ...b.wish, quantity: 48 }, no_key);
  noteFull(app, world.slot_id);
  const wish = (quantity: number) =>
    lookIfFull(app, world.slot_id, {
      user_id: c.who.user_id ?? '',
      idempotency_key: null,
      quantity,
    });
  const answers = await Promise.all([wish(3), wish(2), wish(1)]);
  expect(answers.map((answer) => answer !== null)).toEqual([true, false, false]);
});

test('a slot that nobody found full is not counted', async () => {
  const world = await makeWorld(sql, { capacity: SEATS });
  const wish = { user_id: world.owner.user_id, idempotency_key: null, quantity: SEATS };
  expect(await lookIfFull(app, world.slot_id, wish)).toBeNull();
});
