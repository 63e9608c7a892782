import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { extendReservation } from '../../src/daemon/actions/extend-reservation.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { AppError } from '../../src/domain/errors.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { addOwner, addSlot, addStaff, lapse } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { customer, expectProblem, no_key, openBench, staff } from './bench.ts';
import { expectInvariants } from './invariants.ts';
import { makeWorld, rivalOf, startBooking } from './world.ts';

const { app, sql, redis, control, drain } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());

/** The hold of a customer who has not come to pay yet. */
const reserve = (world: Pick<Awaited<ReturnType<typeof makeWorld>>, 'who' | 'wish'>) =>
  createReservation(app, world.who, world.wish, no_key);

test('the doorman knows the hold, its length and its token; a loser learns all of it', async () => {
  const world = await makeWorld(sql);
  const later = await addSlot(sql, world.clinic, world.service_id, { in_hours: 73 });
  const held = await reserve(world);
  const key = lockKey(world.slot_id, 1);
  expect(await raw.get(key)).toBe(held.lock_id);
  expect(await raw.pttl(key)).toBeGreaterThan(590_000);
  const problem = await expectProblem(reserve(await rivalOf(sql, world)), 'slot_locked');
  expect(problem.facts['retry_after_ms']).toBeGreaterThan(590_000);
  expect(problem.facts['nearest']).toMatchObject([{ slot_id: later, remaining: 1 }]);
  await cancelReservation(app, world.who, held);
  expect(await raw.exists(key)).toBe(0);
  expect((await reserve(await rivalOf(sql, world))).replayed).toBe(false);
  await expectInvariants(sql);
});

test('a booked slot is refused by PostgreSQL, and the attempt leaves no lock behind', async () => {
  const world = await makeWorld(sql);
  const held = await reserve(world);
  await confirmReservation(app, staff('desk'), { ...held, payment_method: 'cash' });
  await expectProblem(reserve(await rivalOf(sql, world)), 'slot_taken');
  expect(await raw.exists(lockKey(world.slot_id, 1))).toBe(0);
});

test('an overdue hold is freed by whoever wants the slot', async () => {
  const world = await makeWorld(sql);
  const old = await reserve(world);
  await lapse(sql, old.reservation_id);
  await raw.pexpire(lockKey(world.slot_id, 1), 4_000);
  const rival = await rivalOf(sql, world);
  const held = await reserve(rival);
  expect((await getReservation(app, world.who, old)).status).toBe('expired');
  expect(await raw.get(lockKey(world.slot_id, 1))).toBe(held.lock_id);
  expect(await raw.pttl(lockKey(world.slot_id, 1))).toBeGreaterThan(590_000);
  await expectInvariants(sql);
});

/**
 * Asks again while the answer is "locked", as that answer says: the news of a page that was closed a
 * moment ago may have the old hold in hand.
 */
async function insist(who: Parameters<typeof reserve>[0]) {
  return await eventually('the slot is free or taken', async () => {
    try {
      return await reserve(who);
    } catch (error) {
      if (error instanceof AppError && error.code === 'slot_locked') return null;
      throw error;
    }
  });
}

test('an overdue hold with a page: the page closes first, then the slot is free', async () => {
  const world = await makeWorld(sql);
  const old = await startBooking(app, world);
  await lapse(sql, old.reservation_id);
  await raw.del(lockKey(world.slot_id, 1));
  const rival = await rivalOf(sql, world);
  // While the provider does not answer nobody can know whether it is paid: the slot stays held.
  await control('faults', { mode: 'outage' });
  const waiting = await expectProblem(reserve(rival), 'slot_locked');
  expect(waiting.facts['retry_after_ms']).toBe(5_000);
  await control('faults', { mode: 'none' });
  expect((await insist(rival)).replayed).toBe(false);
  expect((await getReservation(app, world.who, old)).status).toBe('expired');
  await expect(control('pay', { ref: old.reference_code, outcome: 'success' })).rejects.toThrow();
  await expectInvariants(sql);
});

test('an overdue hold whose payment came first becomes a booking; the rival loses', async () => {
  const world = await makeWorld(sql);
  const old = await startBooking(app, world);
  await control('pay', { ref: old.reference_code, outcome: 'lost_webhook' });
  await lapse(sql, old.reservation_id);
  await raw.del(lockKey(world.slot_id, 1));
  await expectProblem(insist(await rivalOf(sql, world)), 'slot_taken');
  expect((await getReservation(app, world.who, old)).status).toBe('confirmed');
  await expectInvariants(sql);
});

test('the sweeper ends overdue holds, their pages and their locks', async () => {
  await drain('sweeper');
  const worlds = await Promise.all([makeWorld(sql), makeWorld(sql), makeWorld(sql)]);
  const plain = await reserve(worlds[0]!);
  const paging = await startBooking(app, worlds[1]!);
  const live = await reserve(worlds[2]!);
  await lapse(sql, plain.reservation_id);
  await lapse(sql, paging.reservation_id);
  expect(await drain('sweeper')).toBe(2);
  expect((await getReservation(app, worlds[0]!.who, plain)).status).toBe('expired');
  expect((await getReservation(app, worlds[1]!.who, paging)).status).toBe('expired');
  expect((await getReservation(app, worlds[2]!.who, live)).status).toBe('pending');
  const keys = worlds.map(({ slot_id }) => lockKey(slot_id, 1));
  expect(await Promise.all(keys.map((key) => raw.exists(key)))).toEqual([0, 0, 1]);
  await expectInvariants(sql);
});

test('a hold can be extended once, by its holder; its lock lives as long', async () => {
  const world = await makeWorld(sql);
  const held = await reserve(world);
  const { reservation_id, lock_id } = held;
  const wrong = { reservation_id, lock_id: 'somebody.else' };
  await expectProblem(extendReservation(app, world.who, wrong), 'conflict');
  const extended = await extendReservation(app, world.who, { reservation_id, lock_id });
  const gained = Temporal.Instant.from(held.expires_at).until(extended.expires_at);
  expect(gained.total('seconds')).toBeCloseTo(300, -1);
  expect(await raw.pttl(lockKey(world.slot_id, 1))).toBeGreaterThan(890_000);
  await expectProblem(extendReservation(app, world.who, { reservation_id }), 'policy_refused');
});

test('several seats are held together or not at all, and locked where they are', async () => {
  const world = await makeWorld(sql, { capacity: 5 });
  const three = await reserve({ who: world.who, wish: { ...world.wish, quantity: 3 } });
  expect(three.seats).toHaveLength(3);
  for (const seat of three.seats) {
    expect(await raw.get(lockKey(world.slot_id, seat))).toBe(three.lock_id);
  }
  const rival = await rivalOf(sql, world);
  const too_many = { ...rival, wish: { ...rival.wish, quantity: 3 } };
  await expectProblem(reserve(too_many), 'slot_locked');
  const two = await reserve({ ...rival, wish: { ...rival.wish, quantity: 2 } });
  expect([...three.seats, ...two.seats].toSorted()).toEqual([1, 2, 3, 4, 5]);
  const another = await rivalOf(sql, world);
  const six = { ...another, wish: { ...another.wish, quantity: 6 } };
  await expectProblem(reserve(six), 'policy_refused');
  await expectInvariants(sql);
});

test('by date and time any free vet will do, until all are busy', async () => {
  const world = await makeWorld(sql, { staff_id: null });
  const vets = await Promise.all(['Sari', 'Rudi'].map((name) => addStaff(sql, world.clinic, name)));
  await sql`delete from slots where id = ${world.slot_id}`;
  for (const staff_id of vets) await addSlot(sql, world.clinic, world.service_id, { staff_id });
  const [when] = await sql<{ date: Temporal.PlainDate; time: Temporal.PlainTime }[]>`
    select slot_date as date, slot_start_time as time
    from slots where service_id = ${world.service_id} limit 1`;
  const date = String(when?.date);
  const time = when?.time.toString({ smallestUnit: 'minute' }) ?? '';
  const ask = async (staff_id?: string) => {
    const { who, wish } = await rivalOf(sql, world);
    const { slot_id: _slot_id, ...rest } = wish;
    return await createReservation(app, who, { ...rest, date, time, staff_id }, no_key);
  };
  const first = await ask(vets[1]);
  const second = await ask();
  expect(second.reservation_id).not.toBe(first.reservation_id);
  await expectProblem(ask(), 'slot_locked');
});

test('a time that the clocks skip is refused with the reason', async () => {
  const world = await makeWorld(sql);
  await sql`update clinics set time_zone = 'Europe/Berlin' where id = ${world.clinic.id}`;
  const { slot_id: _slot_id, ...rest } = world.wish;
  const input = { ...rest, date: '2027-03-28', time: '02:30' };
  const problem = await expectProblem(
    createReservation(app, world.who, input, no_key),
    'invalid_slot',
  );
  expect(problem.detail).toContain('does not exist in Europe/Berlin');
});

test('without Redis the same holds are won and lost, decided by PostgreSQL alone', async () => {
  const world = await makeWorld(sql);
  process.kill(redis.pid, 'SIGSTOP');
  try {
    const held = await reserve(world);
    const rival = await rivalOf(sql, world);
    await expectProblem(reserve(rival), 'slot_taken');
    await cancelReservation(app, world.who, held);
    expect((await reserve(rival)).replayed).toBe(false);
    expect((await app.locks.health()).state).toBe('down');
  } finally {
    process.kill(redis.pid, 'SIGCONT');
  }
  await expectInvariants(sql);
});

test('customers book for themselves alone, staff for an owner of their clinic', async () => {
  const world = await makeWorld(sql);
  const stranger = await addOwner(sql);
  const as_stranger = { ...world.wish, user_id: world.owner.user_id };
  await expectProblem(
    createReservation(app, customer(stranger.user_id), as_stranger, no_key),
    'not_found',
  );
  await expectProblem(
    createReservation(app, customer(stranger.user_id), world.wish, no_key),
    'not_found',
  );
  await expectProblem(createReservation(app, staff('desk'), world.wish, no_key), 'invalid_input');
  const other = await makeWorld(sql);
  const for_owner = { ...world.wish, user_id: world.owner.user_id };
  const foreign_desk = staff('desk', other.clinic.id);
  await expectProblem(createReservation(app, foreign_desk, for_owner, no_key), 'not_found');
  const held = await createReservation(app, staff('desk', world.clinic.id), for_owner, no_key);
  await expectProblem(getReservation(app, foreign_desk, held), 'not_found');
  await expectProblem(getReservation(app, customer(stranger.user_id), held), 'not_found');
  const cancel = { reservation_id: held.reservation_id };
  await expectProblem(cancelReservation(app, foreign_desk, cancel), 'not_found');
  await expectProblem(cancelReservation(app, customer(stranger.user_id), cancel), 'not_found');
  const wrong_service = { ...world.wish, service_id: other.service_id };
  await expectProblem(createReservation(app, world.who, wrong_service, no_key), 'not_found');
});

test('staff book at once what is paid at the clinic; customers may not', async () => {
  const world = await makeWorld(sql);
  const at_clinic = { ...world.wish, payment_method: 'at_clinic' as const };
  await expectProblem(
    createBooking(app, world.who, at_clinic, no_key),
    'payment_method_unsupported',
  );
  const desk = staff('desk', world.clinic.id);
  const for_owner = { ...at_clinic, user_id: world.owner.user_id, notes: 'shy' };
  const booked = await createBooking(app, desk, for_owner, no_key);
  expect(booked.booking_id).not.toBeNull();
  expect(await raw.exists(lockKey(world.slot_id, 1))).toBe(0);
  const [row] = await sql`select notes, payment_mode from bookings where id = ${booked.booking_id}`;
  expect(row).toEqual({ notes: 'shy', payment_mode: 'at_clinic' });
  await expectInvariants(sql);
});
