import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { recordPaymentSession } from '../../src/daemon/store/payments.ts';
import { expireReservation } from '../../src/daemon/store/reservations.ts';
import {
  addScene,
  customer,
  desk,
  eventsOf,
  hold,
  mustBook,
  mustHold,
} from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addRoom,
  addService,
  addSlot,
  addStaff,
  createTestDatabase,
  lapse,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase();

afterAll(async () => {
  await assertInvariants(sql);
});

test('a hold gives a code, a seat, a fence, an end and one event', async () => {
  const { slot_id, owner, service_id, clinic } = await addScene(sql);
  const held = await hold(sql, slot_id, owner);
  expect(held).toMatchObject({
    outcome: 'ok',
    seats: [1],
    hold_ms: 600_000,
    amount: '250000.000',
    amount_due: '250000.000',
    currency: 'IDR',
    clinic_id: clinic.id,
    service_id,
    retry_after_ms: null,
  });
  expect(held.reference_code).toMatch(/^BP\d{8}$/);
  expect(held.fence).toBeGreaterThan(0);
  const left_ms = held.expires_at!.epochMilliseconds - Temporal.Now.instant().epochMilliseconds;
  expect(left_ms).toBeGreaterThan(590_000);
  expect(left_ms).toBeLessThanOrEqual(600_500);
  expect(await eventsOf(sql, held.reservation_id!)).toEqual(['reservation.created']);
  const [event] = await sql<{ payload: Record<string, unknown>; correlation_id: string }[]>`
    select payload, correlation_id from booking_events_outbox
    where aggregate_id = ${held.reservation_id}`;
  expect(event!.payload).toMatchObject({
    reservation_id: held.reservation_id,
    user_id: owner.user_id,
    pet_id: owner.pet_id,
    service_id,
    slot_id,
  });
  expect(event!.correlation_id).toBe(`req-${owner.user_id}`);
});

test('reference codes of successive holds differ in every digit group', async () => {
  const rows = await sql<{ code: string }[]>`
    select reference_code(n) as code from generate_series(0, 20000) as n`;
  expect(new Set(rows.map(({ code }) => code)).size).toBe(20_001);
  const [last] = await sql<{ code: string }[]>`select reference_code(99999999) as code`;
  expect(last?.code).toMatch(/^BP\d{8}$/);
});

test('when all reference codes are given out, a hold is refused in words and changes nothing', async () => {
  const { slot_id, owner } = await addScene(sql);
  const [{ last_value } = { last_value: 0 }] = await sql<{ last_value: number }[]>`
    select last_value from hold_numbers`;
  await sql`select setval('hold_numbers', 99999999)`;
  try {
    const refused = hold(sql, slot_id, owner);
    await expect(refused).rejects.toMatchObject({
      code: 'unavailable',
      detail: 'All reference codes are given out: no hold can be made.',
    });
    expect(await sql`select from slot_claims where slot_id = ${slot_id}`).toHaveLength(0);
  } finally {
    await sql`select setval('hold_numbers', ${last_value})`;
  }
});

test('the second owner gets slot_taken with the time that is left', async () => {
  const { slot_id, owner } = await addScene(sql);
  await mustHold(sql, slot_id, owner);
  const lost = await hold(sql, slot_id, await addOwner(sql));
  expect(lost).toMatchObject({ outcome: 'slot_taken', reservation_id: null, expires_at: null });
  expect(lost.retry_after_ms).toBeGreaterThan(590_000);
});

test('a booked slot is taken without a time to come back', async () => {
  const { slot_id, owner } = await addScene(sql);
  await mustBook(sql, slot_id, owner);
  const lost = await hold(sql, slot_id, await addOwner(sql));
  expect(lost).toMatchObject({ outcome: 'slot_taken', retry_after_ms: null });
});

test('a loser takes no transaction id, so it costs no WAL and no fsync', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const big = await addSlot(sql, clinic, service_id, { capacity: 3, in_hours: 90 });
  await mustHold(sql, slot_id, owner);
  await mustHold(sql, big, owner, { quantity: 3 });
  const other = await addOwner(sql);
  for (const lost of [slot_id, big]) {
    const xid = await sql.begin(async (tx) => {
      const [row] = await tx<{ outcome: string }[]>`
        select outcome from hold_slot(
          ${randomUUID()}, ${lost}, ${other.user_id}, ${other.pet_id}, 1, null, 'l', null,
          ${tx.json(customer(other.user_id))}
        )`;
      expect(row!.outcome).toBe('slot_taken');
      const [id] = await tx<{ xid: string | null }[]>`
        select pg_current_xact_id_if_assigned()::text as xid`;
      return id!.xid;
    });
    expect(xid).toBeNull();
  }
});

test('the same key or the same owner in the same slot gets the first hold again', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const key = randomUUID();
  const first = await hold(sql, slot_id, owner, { idempotency_key: key });
  const by_key = await hold(sql, slot_id, owner, { idempotency_key: key });
  const by_slot = await hold(sql, slot_id, owner);
  for (const again of [by_key, by_slot]) {
    expect(again).toMatchObject({
      outcome: 'replayed',
      reservation_id: first.reservation_id,
      lock_id: first.lock_id,
      reference_code: first.reference_code,
      amount: '250000.000',
    });
  }
  const elsewhere = await addSlot(sql, clinic, service_id, { in_hours: 100 });
  const reused = await hold(sql, elsewhere, owner, { idempotency_key: key });
  expect(reused).toMatchObject({ outcome: 'replayed', reservation_id: first.reservation_id });
});

test('an owner cannot be in two places at once', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  await mustHold(sql, slot_id, owner);
  const overlapping = await addSlot(sql, clinic, service_id, { minutes: 60 });
  expect((await hold(sql, overlapping, owner)).outcome).toBe('policy_refused');
  const after = await addSlot(sql, clinic, service_id, { in_hours: 72.5 });
  expect((await hold(sql, after, owner)).outcome).toBe('ok');
});

test('refuses what cannot be sold', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const other = await addOwner(sql);
  const past = await addSlot(sql, clinic, service_id, { in_hours: -1 });
  expect((await hold(sql, past, owner)).outcome).toBe('invalid_slot');
  expect((await hold(sql, randomUUID(), owner)).outcome).toBe('not_found');
  const foreign_pet = { user_id: owner.user_id, pet_id: other.pet_id };
  expect((await hold(sql, slot_id, foreign_pet)).outcome).toBe('not_found');
  for (const quantity of [0, -1, 2, 51]) {
    expect((await hold(sql, slot_id, owner, { quantity })).outcome).toBe('policy_refused');
  }
  const elsewhere = { ...desk, clinic_id: randomUUID() };
  expect((await hold(sql, slot_id, owner, {}, elsewhere)).outcome).toBe('not_found');
  const stranger = customer(other.user_id);
  expect((await hold(sql, slot_id, owner, {}, stranger)).outcome).toBe('not_found');
  await sql`update slots set status = 'blocked' where id = ${slot_id}`;
  expect((await hold(sql, slot_id, owner)).outcome).toBe('invalid_slot');
  await sql`update slots set status = 'available' where id = ${slot_id}`;
  await sql`update services set is_available = false where id = ${service_id}`;
  expect((await hold(sql, slot_id, owner)).outcome).toBe('service_unavailable');
});

test('the price of the slot and the deposit of the service decide what is due', async () => {
  const clinic = await addClinic(sql, { currency: 'JPY' });
  const service_id = await addService(sql, clinic, { price: '3500', deposit: '1000', capacity: 4 });
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 4, price: '5000' });
  const held = await hold(sql, slot_id, await addOwner(sql), { quantity: 3 });
  expect(held).toMatchObject({ amount: '15000.000', amount_due: '3000.000', currency: 'JPY' });
});

test('several seats come together or not at all; preferred ones first', async () => {
  const { clinic, service_id } = await addScene(sql);
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 6, in_hours: 80 });
  const first = await hold(sql, slot_id, await addOwner(sql), { quantity: 2, seats: [5, 2] });
  expect(first.seats).toEqual([2, 5]);
  const taken = await hold(sql, slot_id, await addOwner(sql), { quantity: 1, seats: [5] });
  expect(taken.outcome).toBe('ok');
  expect(taken.seats).not.toContain(5);
  const wish = await hold(sql, slot_id, await addOwner(sql), { quantity: 1, seats: [99] });
  expect(wish.seats![0]).toBeLessThanOrEqual(6);
  const too_many = await hold(sql, slot_id, await addOwner(sql), { quantity: 3 });
  expect(too_many.outcome).toBe('slot_taken');
  const rest = await hold(sql, slot_id, await addOwner(sql), { quantity: 2 });
  expect(rest.outcome).toBe('ok');
  const [row] = await sql<{ claimed: number }[]>`
    select count(*) as claimed from slot_claims where slot_id = ${slot_id}`;
  expect(row!.claimed).toBe(6);
});

test('an overdue hold makes way at once, with its expiry logged', async () => {
  const { slot_id, owner } = await addScene(sql);
  const old = await mustHold(sql, slot_id, owner);
  await lapse(sql, old);
  const held = await hold(sql, slot_id, await addOwner(sql));
  expect(held.outcome).toBe('ok');
  expect(await eventsOf(sql, old)).toEqual(['reservation.created', 'reservation.expired']);
});

test('an own overdue hold makes way as well', async () => {
  const { slot_id, owner } = await addScene(sql);
  const old = await mustHold(sql, slot_id, owner);
  await lapse(sql, old);
  const held = await hold(sql, slot_id, owner);
  expect(held.outcome).toBe('ok');
  expect(held.reservation_id).not.toBe(old);
});

test('an overdue hold with an open payment page is named, not expired', async () => {
  const { slot_id, owner } = await addScene(sql);
  const old = await mustHold(sql, slot_id, owner);
  const session = {
    payment_id: randomUUID(),
    reservation_id: old,
    session_id: `cs_${old}`,
    payment_url: 'http://127.0.0.1/pay',
    expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
  };
  await recordPaymentSession(sql, session, customer(owner.user_id));
  await lapse(sql, old);
  const second = await addOwner(sql);
  expect(await hold(sql, slot_id, second)).toMatchObject({
    outcome: 'overdue_session',
    blocking_reservation_id: old,
    blocking_session_id: `cs_${old}`,
  });
  expect((await expireReservation(sql, old)).outcome).toBe('ok');
  expect((await hold(sql, slot_id, second)).outcome).toBe('ok');
});

test('a hold that somebody is deciding about is slot_locked, not waited for', async () => {
  const { slot_id, owner } = await addScene(sql);
  const old = await mustHold(sql, slot_id, owner);
  await lapse(sql, old);
  const other = await addOwner(sql);
  await sql.begin(async (tx) => {
    await tx`select from reservations where id = ${old} for update`;
    expect(await hold(sql, slot_id, other)).toMatchObject({
      outcome: 'slot_locked',
      retry_after_ms: 250,
    });
  });
  expect((await hold(sql, slot_id, other)).outcome).toBe('ok');
});

test('one vet is not sold twice through two services, one room neither', async () => {
  const clinic = await addClinic(sql);
  const staff_id = await addStaff(sql, clinic);
  const room_id = await addRoom(sql, clinic);
  const [checkup, dental] = [await addService(sql, clinic), await addService(sql, clinic)];
  const a = await addSlot(sql, clinic, checkup, { staff_id, in_hours: 50 });
  const b = await addSlot(sql, clinic, dental, { staff_id, in_hours: 50, minutes: 60 });
  const c = await addSlot(sql, clinic, checkup, { room_id, in_hours: 50 });
  const d = await addSlot(sql, clinic, dental, { room_id, in_hours: 50 });
  const group = await addSlot(sql, clinic, dental, { staff_id, capacity: 5, in_hours: 50 });
  const first = await mustHold(sql, a, await addOwner(sql));
  expect((await hold(sql, b, await addOwner(sql))).outcome).toBe('slot_taken');
  expect((await hold(sql, group, await addOwner(sql))).outcome).toBe('slot_taken');
  await mustHold(sql, c, await addOwner(sql));
  expect((await hold(sql, d, await addOwner(sql))).outcome).toBe('slot_taken');
  await lapse(sql, first);
  expect((await hold(sql, b, await addOwner(sql))).outcome).toBe('ok');
  const [row] = await sql<{ slot_id: string }[]>`
    select slot_id from staff_claims where staff_id = ${staff_id}`;
  expect(row!.slot_id).toBe(b);
});

test('a slot with seats held cannot be deleted', async () => {
  const { slot_id, owner } = await addScene(sql);
  await mustHold(sql, slot_id, owner);
  await expect(sql`delete from slots where id = ${slot_id}`).rejects.toMatchObject({
    constraint_name: 'slots_claimed',
  });
});
