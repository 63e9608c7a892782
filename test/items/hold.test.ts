import { afterAll, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { itemsOf } from '../../src/daemon/store/items.ts';
import { eventsOf, hold, mustHold } from '../helpers/booking.ts';
import { addOwner, addRoom, createTestDatabase, lapse } from '../helpers/database.ts';
import { addSalon, claimsOf, holdRow, mustBookRow, mustHoldRow, slotAt } from './world.ts';

const { sql } = await createTestDatabase();

afterAll(async () => {
  await assertInvariants(sql);
});

test('several services in a row are one hold with one price, one end and one event', async () => {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 540, { staff_id: salon.mia });
  const nails = await slotAt(sql, salon, salon.nails, 575, { minutes: 15, staff_id: salon.tom });
  const owner = await addOwner(sql);
  const held = await holdRow(sql, [bath, nails], owner);
  expect(held).toMatchObject({
    outcome: 'ok',
    seats: [1],
    amount: '250000.00',
    amount_due: '250000.00',
    currency: 'IDR',
    items: [
      { position: 1, service_name: 'Bath', slot_id: bath, staff_name: 'Mia', amount: '200000.00' },
      { position: 2, service_name: 'Nails', slot_id: nails, staff_name: 'Tom', amount: '50000.00' },
    ],
  });
  expect(await claimsOf(sql, [bath, nails])).toEqual({ seats: 2, staff: 2, rooms: 0, booked: 0 });
  expect(await eventsOf(sql, held.reservation_id ?? '')).toEqual(['reservation.created']);
  expect(await itemsOf(sql, held.reservation_id ?? '')).toEqual(held.items);
});

test('when one slot is taken, none of the others is kept', async () => {
  const salon = await addSalon(sql);
  const room_id = await addRoom(sql, salon.clinic);
  const bath = await slotAt(sql, salon, salon.bath, 540, { staff_id: salon.mia, room_id });
  const nails = await slotAt(sql, salon, salon.nails, 570, { staff_id: salon.tom });
  await mustHold(sql, nails, await addOwner(sql));
  const refused = await holdRow(sql, [bath, nails], await addOwner(sql));
  expect(refused).toMatchObject({ outcome: 'slot_locked', rule: 'held', slot_id: nails });
  expect(refused.retry_after_ms).toBeGreaterThan(500_000);
  expect(await claimsOf(sql, [bath])).toEqual({ seats: 0, staff: 0, rooms: 0, booked: 0 });
});

test('items that overlap, leave a long gap, or are of another clinic are refused by name', async () => {
  const salon = await addSalon(sql);
  const other = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600);
  const during = await slotAt(sql, salon, salon.nails, 615);
  const late = await slotAt(sql, salon, salon.nails, 641);
  const elsewhere = await slotAt(sql, other, other.nails, 630);
  const owner = await addOwner(sql);
  const ask = async (...slot_ids: string[]) => {
    const { outcome, rule, slot_id } = await holdRow(sql, slot_ids, owner);
    return { outcome, rule, slot_id };
  };
  const refused = 'policy_refused';
  expect(await ask(bath, during)).toEqual({
    outcome: refused,
    rule: 'items_overlap',
    slot_id: during,
  });
  expect(await ask(bath, late)).toEqual({ outcome: refused, rule: 'items_gap', slot_id: late });
  expect(await ask(bath, elsewhere)).toEqual({
    outcome: refused,
    rule: 'items_clinic',
    slot_id: elsewhere,
  });
  expect(await ask(bath)).toEqual({ outcome: 'invalid_input', rule: 'items_count', slot_id: null });
  expect(await claimsOf(sql, [bath, during, late])).toMatchObject({ seats: 0, staff: 0 });
});

test('asked again, by key or as the same row, the owner gets the hold that stands', async () => {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600);
  const nails = await slotAt(sql, salon, salon.nails, 630);
  const later = await slotAt(sql, salon, salon.nails, 640);
  const owner = await addOwner(sql);
  const first = await holdRow(sql, [bath, nails], owner, { idempotency_key: 'key-1' });
  expect(first.outcome).toBe('ok');
  const { reservation_id } = first;
  const replayed = { outcome: 'replayed', reservation_id };
  expect(await holdRow(sql, [bath, nails], owner, { idempotency_key: 'key-1' })).toMatchObject(
    replayed,
  );
  expect(await holdRow(sql, [bath, nails], owner)).toMatchObject(replayed);
  expect(await holdRow(sql, [bath, later], owner)).toMatchObject({
    outcome: 'policy_refused',
    rule: 'owner_busy',
  });
  expect((await hold(sql, nails, owner)).outcome).toBe('replayed');
});

test('confirmed, all items are booked and counted, and one line stands for each', async () => {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600, { staff_id: salon.mia, capacity: 2 });
  const nails = await slotAt(sql, salon, salon.nails, 635, { staff_id: salon.mia });
  const { booking_id } = await mustBookRow(sql, [bath, nails], await addOwner(sql));
  expect(await claimsOf(sql, [bath, nails])).toEqual({ seats: 2, staff: 2, rooms: 0, booked: 2 });
  const lines = await sql`
    select position, name, slot_id, amount::float8 as amount from booking_items
    where booking_id = ${booking_id} order by position`;
  expect([...lines]).toEqual([
    { position: 1, name: 'Bath', slot_id: bath, amount: 200_000 },
    { position: 2, name: 'Nails', slot_id: nails, amount: 50_000 },
  ]);
  const [row] = await sql`
    select service_name, duration_minutes, amount::float8 as amount, item_count
    from booking_rows where booking_id = ${booking_id}`;
  expect(row).toEqual({
    service_name: 'Bath + Nails',
    duration_minutes: 65,
    amount: 250_000,
    item_count: 2,
  });
});

test('an overdue row in the way ends as a whole, and its slots go to who asks', async () => {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600, { staff_id: salon.mia });
  const nails = await slotAt(sql, salon, salon.nails, 630, { staff_id: salon.tom });
  const earlier = await mustHoldRow(sql, [bath, nails], await addOwner(sql));
  await lapse(sql, earlier);
  const owner = await addOwner(sql);
  // What was freed is committed first, so that nobody waits for others with the locks of it.
  expect((await holdRow(sql, [bath, nails], owner)).outcome).toBe('again');
  expect(await eventsOf(sql, earlier)).toEqual(['reservation.created', 'reservation.expired']);
  expect((await holdRow(sql, [bath, nails], owner)).outcome).toBe('ok');
});

test('a hold of one slot ends an overdue row that has it, with all its items', async () => {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600, { staff_id: salon.mia });
  const nails = await slotAt(sql, salon, salon.nails, 630, { staff_id: salon.tom });
  await lapse(sql, await mustHoldRow(sql, [bath, nails], await addOwner(sql)));
  await mustHold(sql, nails, await addOwner(sql));
  expect(await claimsOf(sql, [bath])).toMatchObject({ seats: 0, staff: 0 });
});
