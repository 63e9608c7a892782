import { afterAll, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { itemsOf } from '../../src/daemon/store/items.ts';
import { expireReservation } from '../../src/daemon/store/reservations.ts';
import { customer, eventsOf, hold, mustHold } from '../helpers/booking.ts';
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
