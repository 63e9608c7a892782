import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { assertInvariants, runInvariants } from '../../src/daemon/store/invariants.ts';
import {
  cancelReservation,
  confirmReservation,
  expireReservation,
} from '../../src/daemon/store/reservations.ts';
import { addScene, desk, hold, mustBook, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwners,
  addService,
  addSlot,
  addStaff,
  createTestDatabase,
  lapse,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

const { sql } = await createTestDatabase({ max: 40 });
const CONTENDERS = 200;
const ROUNDS = 20;

afterEach(async () => {
  await assertInvariants(sql);
});

test('200 owners, one slot: one wins, 199 are told slot_taken', async () => {
  const { slot_id } = await addScene(sql);
  const owners = await addOwners(sql, CONTENDERS);
  const results = await Promise.all(owners.map((owner) => hold(sql, slot_id, owner)));
  const outcomes = Map.groupBy(results, ({ outcome }) => outcome);
  expect(outcomes.get('ok')).toHaveLength(1);
  expect(outcomes.get('slot_taken')).toHaveLength(CONTENDERS - 1);
});

test('the same with an overdue hold in the way: still one', async () => {
  const { slot_id, owner } = await addScene(sql);
  await lapse(sql, await mustHold(sql, slot_id, owner));
  const owners = await addOwners(sql, CONTENDERS);
  const results = await Promise.all(owners.map((each) => hold(sql, slot_id, each)));
  expect(results.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
  const others = new Set(results.map(({ outcome }) => outcome));
  expect(others.difference(new Set(['ok', 'slot_taken', 'slot_locked'])).size).toBe(0);
});

test('control: reading, then writing, oversells the same slot', async () => {
  // Without this, a race test that never races would pass for ever.
  await sql`create table naive_slots (id int primary key, capacity int, held int not null default 0)`;
  await sql`create table naive_holds (slot_id int, owner int)`;
  await sql`insert into naive_slots values (1, 1)`;
  await sql.unsafe(`
    create function naive_hold(p_owner int) returns text language plpgsql as $$
    declare v_free boolean;
    begin
      select s.capacity > (select count(*) from naive_holds h where h.slot_id = s.id) into v_free
      from naive_slots s where s.id = 1;
      if not v_free then return 'slot_taken'; end if;
      -- The gate: nobody writes before two have read.
      perform pg_advisory_xact_lock_shared(7001);
      insert into naive_holds values (1, p_owner);
      return 'ok';
    end $$`);
  let fight: Promise<readonly Record<string, unknown>[][]> = Promise.resolve([]);
  await sql.begin(async (gate) => {
    await gate`select pg_advisory_xact_lock(7001)`;
    fight = Promise.all(
      Array.from({ length: CONTENDERS }, (_, n) => sql`select naive_hold(${n}) as outcome`),
    );
    await eventually('two readers before the gate', async () => {
      const [waiting] = await gate<{ count: number }[]>`
        select count(*) from pg_locks where locktype = 'advisory' and objid = 7001 and not granted`;
      return Number(waiting?.count) >= 2;
    });
  });
  const results = await fight;
  expect(results.filter(([row]) => row?.['outcome'] === 'ok').length).toBeGreaterThan(1);
  await sql`drop function naive_hold`;
  await sql`drop table naive_holds, naive_slots`;
});

test('the last seats of a class: quantities 1 to 4, never more than 20, none left for one', async () => {
  const { clinic, service_id } = await addScene(sql);
  const staff_id = await addStaff(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 20, staff_id });
  const owners = await addOwners(sql, 60);
  const results = await Promise.all(
    owners.map((owner, n) => hold(sql, slot_id, owner, { quantity: (n % 4) + 1 })),
  );
  const seats = results.flatMap((result) => (result.outcome === 'ok' ? result.seats! : []));
  expect(new Set(seats).size).toBe(seats.length);
  expect(seats.length).toBeLessThanOrEqual(20);
  // A single owner after the storm gets a seat exactly when one is left.
  const [late] = await addOwners(sql, 1);
  const after = await hold(sql, slot_id, late!);
  expect(after.outcome).toBe(seats.length < 20 ? 'ok' : 'slot_taken');
});

test('single seats under the same storm sell out exactly', async () => {
  const { clinic, service_id } = await addScene(sql);
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 20 });
  const owners = await addOwners(sql, 100);
  const results = await Promise.all(owners.map((owner) => hold(sql, slot_id, owner)));
  const won = results.filter(({ outcome }) => outcome === 'ok');
  const again = results.filter(({ outcome }) => outcome === 'slot_locked');
  expect(won.length).toBeLessThanOrEqual(20);
  expect(won.length + again.length).toBeGreaterThanOrEqual(20);
  expect(new Set(won.map(({ seats }) => seats![0])).size).toBe(won.length);
});

test('two services of one vet at overlapping times: one of them', async () => {
  const clinic = await addClinic(sql);
  const services = [await addService(sql, clinic), await addService(sql, clinic)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const staff_id = await addStaff(sql, clinic);
    const slots = await Promise.all(
      services.map((service_id, n) =>
        addSlot(sql, clinic, service_id, { staff_id, minutes: 30 + n * 30, capacity: 1 + n }),
      ),
    );
    const owners = await addOwners(sql, 8);
    const results = await Promise.all(
      owners.map(async (owner, n) => ({
        slot_id: slots[n % 2],
        ...(await hold(sql, slots[n % 2]!, owner)),
      })),
    );
    const won = new Set(results.filter((row) => row.outcome === 'ok').map((row) => row.slot_id));
    expect(won.size).toBe(1);
  }
});

test('one owner in many places at once: one of them', async () => {
  const { clinic, service_id } = await addScene(sql);
  const slots = await Promise.all(
    Array.from({ length: 12 }, () => addSlot(sql, clinic, service_id, { in_hours: 40 })),
  );
  const [owner] = await addOwners(sql, 1);
  const results = await Promise.all(slots.map((slot_id) => hold(sql, slot_id, owner!)));
  expect(results.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
  expect(results.filter(({ outcome }) => outcome === 'policy_refused')).toHaveLength(11);
});

test('confirm against expiry: the reservation is one or the other, its seat likewise', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    await lapse(sql, reservation_id);
    const [confirmed, expired] = await Promise.all([
      confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk),
      expireReservation(sql, reservation_id),
    ]);
    const pair = `${confirmed.outcome}/${expired.outcome}`;
    expect(['ok/not_due', 'reservation_expired/ok']).toContain(pair);
    seen.add(pair);
  }
  expect(seen.size).toBeGreaterThan(0);
});

test('two sweepers: one ends the hold, the other finds nothing to do', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    await lapse(sql, reservation_id);
    const both = await Promise.all([
      expireReservation(sql, reservation_id),
      expireReservation(sql, reservation_id),
    ]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['not_due', 'ok']);
  }
});

test('cancel against confirm: never both', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    const [confirmed, cancelled] = await Promise.all([
      confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk),
      cancelReservation(sql, reservation_id, null, desk),
    ]);
    expect(['ok/conflict', 'conflict/ok']).toContain(`${confirmed.outcome}/${cancelled.outcome}`);
  }
});

test('two cancels of one booking: one refund', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { slot_id, owner } = await addScene(sql);
    const booking_id = await mustBook(sql, slot_id, owner);
    const request = { booking_id, reason: null, by: 'clinic' as const, quote: false };
    const both = await Promise.all(
      [1, 2].map(() => cancelBooking(sql, { ...request, expected_version: null }, desk)),
    );
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['ok', 'policy_refused']);
    const refunds = await sql`select from refunds where booking_id = ${booking_id}`;
    expect(refunds).toHaveLength(1);
  }
});

test('freeing the last seat of a class against taking one: the vet stays claimed', async () => {
  const { clinic, service_id } = await addScene(sql);
  for (let round = 0; round < ROUNDS; round += 1) {
    const staff_id = await addStaff(sql, clinic);
    const slot_id = await addSlot(sql, clinic, service_id, { capacity: 5, staff_id });
    const [first, second] = await addOwners(sql, 2);
    const reservation_id = await mustHold(sql, slot_id, first!);
    const [, held] = await Promise.all([
      cancelReservation(sql, reservation_id, null, desk),
      hold(sql, slot_id, second!),
    ]);
    expect(held.outcome).toBe('ok');
    const [broken] = await runInvariants(sql, ['claims']);
    expect(broken).toMatchObject({ name: 'claims', rows: 0 });
  }
});

test('a mixed storm of holds, confirms, cancels and expiries leaves every invariant whole', async () => {
  const { clinic, service_id } = await addScene(sql);
  const staff_id = await addStaff(sql, clinic);
  const slots = await Promise.all([
    addSlot(sql, clinic, service_id, { capacity: 4, staff_id, in_hours: 30 }),
    addSlot(sql, clinic, service_id, { capacity: 1, staff_id, in_hours: 30.25 }),
    addSlot(sql, clinic, service_id, { capacity: 2, in_hours: 30 }),
  ]);
  const owners = await addOwners(sql, 60);
  const walk = async (n: number) => {
    const owner = owners[n % owners.length]!;
    const held = await hold(sql, slots[n % 3]!, owner, { quantity: n % 3 === 0 ? 2 : 1 });
    if (held.outcome !== 'ok') return;
    const reservation_id = held.reservation_id!;
    if (n % 5 === 0) await lapse(sql, reservation_id);
    else if (n % 5 === 1) await cancelReservation(sql, reservation_id, null, desk);
    else {
      const request = { reservation_id, payment_method: 'cash' } as const;
      const booked = await confirmReservation(sql, request, desk);
      if (booked.outcome !== 'ok' || n % 5 === 2) return;
      const { booking_id } = booked;
      await cancelBooking(
        sql,
        { booking_id, reason: randomUUID(), by: 'clinic', expected_version: null, quote: false },
        desk,
      );
    }
  };
  await Promise.all(Array.from({ length: 300 }, (_, n) => walk(n)));
  const overdue = await sql<{ id: string }[]>`
    select id from reservations where status = 'pending' and expires_at < now()`;
  for (const { id } of overdue) await expireReservation(sql, id);
  await assertInvariants(sql);
});
