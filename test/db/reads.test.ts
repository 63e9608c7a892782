import { createHash, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { writeAudit } from '../../src/daemon/store/audit.ts';
import { findBooking, listBookings } from '../../src/daemon/store/bookings.ts';
import { findClinic, listClinics, listServices } from '../../src/daemon/store/clinics.ts';
import { readDay } from '../../src/daemon/store/day.ts';
import { addApiKey, findApiKey, revokeApiKey } from '../../src/daemon/store/operators.ts';
import * as owners from '../../src/daemon/store/owners.ts';
import { findReservation, liveHolds, stillPending } from '../../src/daemon/store/reservations.ts';
import {
  findSlotMeta,
  listSlots,
  nearestOpenSlots,
  setSlotBlocked,
  slotsStartingAt,
} from '../../src/daemon/store/slots.ts';
import { addScene, desk, mustBook, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  addStaff,
  createTestDatabase,
  lapse,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase();
const everyone = { user_id: null, clinic_id: null };
const now = Temporal.Now.instant();
const week = { from: now.subtract({ hours: 48 }), to: now.add({ hours: 168 }) };

test('open slots by start; the closed ones with their reason when asked', async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const other_service = await addService(sql, clinic);
  const staff_id = await addStaff(sql, clinic, 'Sari');
  const at = async (in_hours: number, more = {}) =>
    await addSlot(sql, clinic, service_id, { in_hours, ...more });
  const past = await at(-2);
  const open = await at(24);
  const held = await at(25);
  const booked = await at(26);
  const blocked = await at(27);
  const busy = await at(28, { staff_id });
  const overdue = await at(29);
  const group = await at(30, { capacity: 4 });
  await mustHold(sql, held, await addOwner(sql));
  await mustBook(sql, booked, await addOwner(sql));
  expect(await setSlotBlocked(sql, blocked, true)).toBe(true);
  expect(await setSlotBlocked(sql, randomUUID(), true)).toBe(false);
  const elsewhere = await addSlot(sql, clinic, other_service, { in_hours: 28, staff_id });
  await mustHold(sql, elsewhere, await addOwner(sql));
  await lapse(sql, await mustHold(sql, overdue, await addOwner(sql)));
  await mustHold(sql, group, await addOwner(sql), { quantity: 3 });

  const filter = { service_id, ...week, limit: 100 };
  const free = await listSlots(sql, filter);
  expect(free.map(({ slot_id }) => slot_id)).toEqual([open, overdue, group]);
  expect(free.at(-1)).toMatchObject({ remaining: 1, capacity: 4, price: '250000.000' });
  const explained = await listSlots(sql, { ...filter, explain: true });
  expect(explained.map(({ slot_id, reason }) => [slot_id, reason])).toEqual([
    [past, 'past'],
    [open, null],
    [held, 'held'],
    [booked, 'booked'],
    [blocked, 'blocked'],
    [busy, 'staff_busy'],
    [overdue, null],
    [group, null],
  ]);
  const [first] = await listSlots(sql, { ...filter, limit: 1 });
  const rest = await listSlots(sql, { ...filter, after: first! });
  expect(rest.map(({ slot_id }) => slot_id)).toEqual([overdue, group]);
  const only_sari = await listSlots(sql, { ...filter, explain: true, staff_id });
  expect(only_sari).toMatchObject([{ slot_id: busy, staff_name: 'Sari' }]);
  const near = await nearestOpenSlots(sql, held, 2);
  expect(near.map(({ slot_id }) => slot_id)).toEqual([open, overdue]);
  const meta = await findSlotMeta(sql, group);
  expect(meta).toMatchObject({ capacity: 4, time_zone: 'Asia/Jakarta', hold_ms: 600_000 });
  const starting = await slotsStartingAt(sql, service_id, meta!.starts_at, null);
  expect(starting.map(({ slot_id }) => slot_id)).toEqual([group]);
});

test('the day board shows bookings, holds, free seats and blocked slots', async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const staff_id = await addStaff(sql, clinic, 'Andi');
  const owner = await addOwner(sql, { full_name: 'Siti', phone: '+6281234567890' });
  const booked = await addSlot(sql, clinic, service_id, { in_hours: 5, staff_id });
  const group = await addSlot(sql, clinic, service_id, { in_hours: 6, capacity: 3 });
  const blocked = await addSlot(sql, clinic, service_id, { in_hours: 7 });
  await setSlotBlocked(sql, blocked, true);
  const booking_id = await mustBook(sql, booked, owner);
  const held = await mustHold(sql, group, owner, { quantity: 2 });
  const day = await readDay(sql, clinic.id, now, now.add({ hours: 24 }));
  expect(day.rows).toMatchObject([
    {
      kind: 'booking',
      slot_id: booked,
      booking_id,
      owner_name: 'Siti',
      owner_phone: '+6281234567890',
      pet_name: 'Mochi',
      staff_name: 'Andi',
      payment_state: 'paid',
      status: 'confirmed',
      version: 1,
    },
    { kind: 'hold', slot_id: group, reservation_id: held, payment_state: 'pending', remaining: 1 },
    { kind: 'open', slot_id: group, remaining: 1, booking_id: null },
    { kind: 'blocked', slot_id: blocked },
  ]);
  expect(day.rows[1]!.hold_expires_at).not.toBeNull();
});

test('bookings by filter and page, never outside of the scope', async () => {
  const { clinic, service_id, owner } = await addScene(sql);
  const ids = [];
  for (const in_hours of [30, 31, 32]) {
    ids.push(await mustBook(sql, await addSlot(sql, clinic, service_id, { in_hours }), owner));
  }
  const mine = { user_id: owner.user_id, clinic_id: null };
  const all = await listBookings(sql, { scope: mine, limit: 10 });
  expect(all.map(({ booking_id }) => booking_id)).toEqual(ids);
  const second = await listBookings(sql, { scope: mine, limit: 1, after: all[0]! });
  expect(second[0]!.booking_id).toBe(ids[1]);
  const filtered = await listBookings(sql, {
    scope: { user_id: null, clinic_id: clinic.id },
    service_id,
    statuses: ['confirmed'],
    from: all[1]!.starts_at,
    to: all[2]!.starts_at,
    limit: 10,
  });
  expect(filtered.map(({ booking_id }) => booking_id)).toEqual([ids[1]]);
  const [row] = all;
  expect(await findBooking(sql, row!.reference_code, everyone)).toEqual(row);
  const stranger = { user_id: randomUUID(), clinic_id: null };
  expect(await findBooking(sql, row!.booking_id, stranger)).toBeNull();
  const reservation = await findReservation(sql, row!.reservation_id!, mine);
  expect(reservation).toMatchObject({ status: 'confirmed', booking_id: ids[0], extended: false });
  expect(await findReservation(sql, row!.reservation_id!, stranger)).toBeNull();
});

test('live holds are listed for the doorman', async () => {
  const { slot_id, owner } = await addScene(sql);
  const id = await mustHold(sql, slot_id, owner);
  const holds = await liveHolds(sql, 100);
  expect(holds.find(({ reservation_id }) => reservation_id === id)).toMatchObject({ seats: [1] });
  expect(await stillPending(sql, [id, randomUUID()])).toEqual([id]);
  await lapse(sql, id);
  expect(await stillPending(sql, [id])).toEqual([]);
});

test('a new owner is one person, however often they ring', async () => {
  const wish = {
    full_name: 'Budi',
    phone: '+628551112223',
    email: null,
    lang: 'id',
    pet_name: 'Bruno',
    species: 'dog',
  } as const;
  const first = await owners.addOwner(sql, wish);
  const again = await owners.addOwner(sql, wish);
  expect(first.is_new).toBe(true);
  expect(again).toEqual({ user_id: first.user_id, is_new: false });
  expect((await owners.findOwner(sql, first.user_id, null))!.pets).toHaveLength(1);
});

test('clinics and their services', async () => {
  const clinic = await addClinic(sql, { currency: 'EUR' });
  await addService(sql, clinic, { name: 'Zähne', price: '45' });
  await addService(sql, clinic, { name: 'Impfung', price: '30' });
  const services = await listServices(sql, clinic.id);
  expect(services.map(({ name }) => name)).toEqual(['Impfung', 'Zähne']);
  const found = await findClinic(sql, clinic.id);
  expect(found).toMatchObject({ currency: 'EUR', kind: 'clinic' });
  const listed = await listClinics(sql, { name: found!.name, city: 'jakarta', limit: 5 });
  expect(listed).toContainEqual(found);
  expect(await listClinics(sql, { name: '%', limit: 5 })).toEqual([]);
});

test('an API key is found by its hash while it lives', async () => {
  const key_hash = createHash('sha256').update('ppk_test_secret').digest();
  const key = { prefix: 'test', key_hash, role: 'desk', clinic_id: null, name: 'Front' } as const;
  const id = await addApiKey(sql, { ...key, expires_at: null });
  expect(await findApiKey(sql, key_hash)).toMatchObject({ id, role: 'desk', name: 'Front' });
  expect(await revokeApiKey(sql, id)).toBe(true);
  expect(await findApiKey(sql, key_hash)).toBeNull();
  const old_hash = createHash('sha256').update('ppk_old_secret').digest();
  const expired = { ...key, prefix: 'old', key_hash: old_hash, expires_at: now.toString() };
  await addApiKey(sql, expired);
  expect(await findApiKey(sql, old_hash)).toBeNull();
});

test('what was done is written down', async () => {
  const target_id = randomUUID();
  await writeAudit(sql, {
    actor: desk,
    action: 'lock.released',
    target_type: 'slot',
    target_id,
    reason: 'leaked',
    after: { released: true },
  });
  const [row] = await sql`
    select actor_id, source, reason, after from audit_log where target_id = ${target_id}`;
  expect(row).toMatchObject({ actor_id: desk.id, source: 'tui', after: { released: true } });
});
