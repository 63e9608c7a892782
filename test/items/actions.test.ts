import { afterEach, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { extendReservation } from '../../src/daemon/actions/extend-reservation.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getDay } from '../../src/daemon/actions/get-day.ts';
import { listRows } from '../../src/daemon/actions/list-rows.ts';
import { rebuildLocks } from '../../src/daemon/actions/rebuild-locks.ts';
import { rescheduleBooking } from '../../src/daemon/actions/reschedule-booking.ts';
import { readBoard } from '../../src/daemon/locks/board.ts';
import { customer, no_key, openBench, problemOf, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { addOwner, lapse } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { addSalon, claimsOf, day, type Salon, slotAt } from './world.ts';

const bench = await openBench();
const { app, sql } = bench;

afterEach(async () => {
  await expectInvariants(sql);
});

/** Baths with Mia from 10:00 on, nails with Tom and Mia right after them; and an owner. */
async function openSalon() {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600, { staff_id: salon.mia });
  const nails_tom = await slotAt(sql, salon, salon.nails, 635, {
    minutes: 15,
    staff_id: salon.tom,
  });
  const nails_mia = await slotAt(sql, salon, salon.nails, 630, {
    minutes: 15,
    staff_id: salon.mia,
  });
  const owner = await addOwner(sql);
  return { salon, bath, nails_tom, nails_mia, owner, who: customer(owner.user_id) };
}

const at = (minute: number) => day.add({ minutes: minute }).toString({ timeZoneName: 'never' });

const wishOf = (salon: Salon, pet_id: string, minute = 600) => ({
  items: [{ service_id: salon.bath }, { service_id: salon.nails }],
  starts_at: at(minute),
  pet_id,
  quantity: 1,
});

const locksOf = async (slot_ids: readonly string[]) =>
  ((await app.locks.list())?.entries ?? []).filter(({ key }) =>
    slot_ids.includes(key.slice(6, 42)),
  );
/** Which of these slots are locked. */
const lockedOf = async (slot_ids: readonly string[]) =>
  (await locksOf(slot_ids)).map(({ key }) => key.slice(6, 42)).toSorted();

test('booked by its beginning, paid on one page, one mail of the whole', async () => {
  const { salon, bath, nails_mia, owner, who } = await openSalon();
  const wish = { ...wishOf(salon, owner.pet_id), payment_method: 'checkout' as const };
  const started = await createBooking(app, who, wish, no_key);
  expect(started).toMatchObject({
    amount: '250000.00',
    replayed: false,
    items: [
      { service_name: 'Bath', slot_id: bath, staff_name: 'Mia', starts_at: at(600) },
      { service_name: 'Nails', slot_id: nails_mia, staff_name: 'Mia', starts_at: at(630) },
    ],
  });
  expect(await lockedOf([bath, nails_mia])).toHaveLength(2);
  const again = await createBooking(app, who, wish, no_key);
  expect(again).toMatchObject({
    replayed: true,
    reservation_id: started.reservation_id,
    payment_url: started.payment_url,
  });
  await bench.pay(started.reference_code);
  expect(await lockedOf([bath, nails_mia])).toEqual([]);
  const booking = await getBooking(app, who, { booking_id: started.reference_code });
  expect(booking).toMatchObject({
    status: 'confirmed',
    service_name: 'Bath + Nails',
    duration_minutes: 45,
    ends_at: at(645),
    money: {
      amount_paid: '250000.00',
      price_lines: [
        { tier: 'Bath', total: '200000.00' },
        { tier: 'Nails', total: '50000.00' },
      ],
    },
    items: [{ slot_id: bath }, { slot_id: nails_mia }],
  });
  await bench.drain('relay', 'dispatcher');
  const letter = bench.mail.list().find(({ text }) => text.includes(started.reference_code));
  expect(letter?.text).toContain('Service 1: 10:00 Bath (Mia)\nService 2: 10:30 Nails (Mia)\n');
});

test('availability for a list names one row per beginning with price and length of all', async () => {
  const { salon, bath, nails_tom, nails_mia, who } = await openSalon();
  const later = await slotAt(sql, salon, salon.bath, 605, { staff_id: salon.tom });
  const wish = {
    clinic_id: salon.clinic.id,
    services: [salon.bath, salon.nails],
    date: day.toPlainDate().toString(),
    limit: 50,
  };
  const rows = await listRows(app, who, wish);
  expect(rows.items).toMatchObject([
    {
      time: '10:00',
      duration_minutes: 45,
      amount: '250000.00',
      items: [{ slot_id: bath }, { slot_id: nails_mia }],
    },
    {
      time: '10:05',
      duration_minutes: 45,
      items: [{ slot_id: later }, { slot_id: nails_tom }],
    },
  ]);
  expect((await listRows(app, who, { ...wish, staff_id: salon.tom })).items).toMatchObject([
    { time: '10:05' },
  ]);
  const other = await addSalon(sql);
  const foreign = { ...wish, services: [salon.bath, other.nails] };
  expect((await problemOf(listRows(app, who, foreign))).code).toBe('policy_refused');
});

test('a rival with the same wish is told when else; what is left of a row goes to nobody by halves', async () => {
  const { salon, bath, nails_tom, nails_mia, owner, who } = await openSalon();
  await createReservation(app, who, wishOf(salon, owner.pet_id), no_key);
  const other = await addOwner(sql);
  const later = await slotAt(sql, salon, salon.bath, 660, { staff_id: salon.mia });
  const after = await slotAt(sql, salon, salon.nails, 690, { staff_id: salon.mia });
  const rival = createReservation(
    app,
    customer(other.user_id),
    wishOf(salon, other.pet_id),
    no_key,
  );
  await expect(rival).rejects.toMatchObject({
    code: 'slot_taken',
    facts: { nearest: [{ time: '11:00', slot_id: later }] },
  });
  expect(await lockedOf([bath, nails_mia, nails_tom, later, after])).toEqual(
    [bath, nails_mia].toSorted(),
  );
  expect(await claimsOf(sql, [nails_tom, later, after])).toMatchObject({ seats: 0, staff: 0 });
});

test('named slots are judged each; a busy vet, a gap or an unknown slot is said by name', async () => {
  const { salon, bath, nails_tom, nails_mia, owner, who } = await openSalon();
  const named = (nails: string, first = bath) => ({
    items: [
      { service_id: salon.bath, slot_id: first },
      { service_id: salon.nails, slot_id: nails },
    ],
    pet_id: owner.pet_id,
    quantity: 1,
  });
  const late = await slotAt(sql, salon, salon.nails, 700);
  const refusal = (nails: string) => createReservation(app, who, named(nails), no_key);
  await expect(refusal(late)).rejects.toMatchObject({
    code: 'policy_refused',
    facts: { rule: 'items_gap', slot_id: late },
  });
  await expect(refusal(bath)).rejects.toMatchObject({ code: 'not_found' });
  const held = await createReservation(app, who, named(nails_tom), no_key);
  expect(held.items).toMatchObject([{ slot_id: bath }, { slot_id: nails_tom }]);
  const other = await addOwner(sql);
  const rival = createReservation(
    app,
    customer(other.user_id),
    { ...named(nails_mia), pet_id: other.pet_id },
    no_key,
  );
  await expect(rival).rejects.toMatchObject({ code: 'slot_locked', facts: { slot_id: bath } });
  expect(await lockedOf([bath, nails_tom, nails_mia])).toEqual([bath, nails_tom].toSorted());
});

test('the doorman keeps, extends, rebuilds and frees the locks of all items', async () => {
  const { salon, bath, nails_mia, owner, who } = await openSalon();
  const both = [bath, nails_mia].toSorted();
  const held = await createReservation(app, who, wishOf(salon, owner.pet_id), no_key);
  const board = async () => (await readBoard(app, salon.clinic.id)).rows.map(({ class: c }) => c);
  expect(await board()).toEqual(['live', 'live']);
  await extendReservation(app, who, held);
  const left = (await locksOf(both)).map(({ ttl_ms }) => (ttl_ms ?? 0) > 700_000);
  expect(left).toEqual([true, true]);
  for (const slot_id of both) await app.locks.release(slot_id, [1], held.lock_id);
  await sql`update reservations set updated_at = now() - interval '1 minute'`;
  expect(await board()).toEqual(['ghost', 'ghost']);
  expect(await rebuildLocks(app)).toBeGreaterThan(0);
  expect(await board()).toEqual(['live', 'live']);
  await cancelReservation(app, who, { reservation_id: held.reservation_id });
  expect(await lockedOf(both)).toEqual([]);
});

test('an overdue row with an open page gives way to the next, page closed and all', async () => {
  const { salon, owner, who, bath, nails_mia } = await openSalon();
  const wish = { ...wishOf(salon, owner.pet_id), payment_method: 'checkout' as const };
  const { reservation_id } = await createBooking(app, who, wish, no_key);
  await lapse(sql, reservation_id);
  // The locks' time is over with that of the hold.
  for (const { key, value } of await locksOf([bath, nails_mia])) {
    await app.locks.release(key.slice(6, 42), [1], value ?? '');
  }
  const other = await addOwner(sql);
  // The news of the page that was closed may have the row in hand: clients are told to ask again.
  const next = await eventually('the row is free', async () => {
    const who_next = customer(other.user_id);
    const asked = createReservation(app, who_next, wishOf(salon, other.pet_id), no_key);
    return await asked.catch(() => null);
  });
  expect(next.items).toMatchObject([{ slot_id: bath }, { slot_id: nails_mia }]);
  expect(await lockedOf([bath, nails_mia])).toHaveLength(2);
});

test('a booked row is not moved in part, and cancelled as a whole', async () => {
  const { salon, bath, nails_mia, owner } = await openSalon();
  const desk = staff('desk', salon.clinic.id);
  const wish = { ...wishOf(salon, owner.pet_id), user_id: owner.user_id };
  const booked = await createBooking(app, desk, { ...wish, payment_method: 'at_clinic' }, no_key);
  const later = await slotAt(sql, salon, salon.bath, 900, { staff_id: salon.mia });
  const move = rescheduleBooking(app, desk, {
    booking_id: booked.reference_code,
    slot_id: later,
    by: 'clinic',
    quote: false,
  });
  await expect(move).rejects.toMatchObject({
    code: 'policy_refused',
    facts: { rule: 'several_items' },
  });
  const cancel = { booking_id: booked.reference_code, quote: false, by: 'clinic' } as const;
  expect(await cancelBooking(app, desk, cancel)).toMatchObject({ status: 'cancelled' });
  expect(await claimsOf(sql, [bath, nails_mia])).toEqual({
    seats: 0,
    staff: 0,
    rooms: 0,
    booked: 0,
  });
});

test('on the day board each item stands at its own time with its own vet, as hold and as booking', async () => {
  const { salon, bath, owner, who } = await openSalon();
  const tom = await slotAt(sql, salon, salon.nails, 660, { minutes: 15, staff_id: salon.tom });
  const late = await slotAt(sql, salon, salon.bath, 630, { staff_id: salon.mia });
  const desk = staff('desk', salon.clinic.id);
  const date = day.toPlainDate().toString();
  const board = async () => {
    const { items } = await getDay(app, desk, { clinic_id: salon.clinic.id, date });
    return items
      .filter(({ kind }) => kind === 'hold' || kind === 'booking')
      .map(({ kind, slot_id, time, staff_name, amount, item }) => [
        kind,
        slot_id,
        time,
        staff_name,
        amount,
        item,
      ]);
  };
  const held = await createReservation(app, who, wishOf(salon, owner.pet_id, 630), no_key);
  expect(await board()).toEqual([
    ['hold', late, '10:30', 'Mia', '200000.00', 1],
    ['hold', tom, '11:00', 'Tom', '50000.00', 2],
  ]);
  await confirmReservation(app, desk, {
    reservation_id: held.reservation_id,
    payment_method: 'cash',
  });
  expect(await board()).toEqual([
    ['booking', late, '10:30', 'Mia', '200000.00', 1],
    ['booking', tom, '11:00', 'Tom', '50000.00', 2],
  ]);
  expect(await claimsOf(sql, [bath])).toMatchObject({ seats: 0 });
});
