import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { assertInvariants, runInvariants } from '../../src/daemon/store/invariants.ts';
import { recordPaymentSession, takePaymentEvent } from '../../src/daemon/store/payments.ts';
import { recountSlot } from '../../src/daemon/store/repairs.ts';
import {
  cancelReservation,
  expireDue,
  expireReservation,
  extendReservation,
} from '../../src/daemon/store/reservations.ts';
import { undoBooking } from '../../src/daemon/store/undo.ts';
import { customer, desk, mustHold } from '../helpers/booking.ts';
import { addOwner, createTestDatabase, lapse, type OwnerIds } from '../helpers/database.ts';
import { addSalon, claimsOf, mustBookRow, mustHoldRow, slotAt } from './world.ts';

const { sql } = await createTestDatabase();

afterAll(async () => {
  await assertInvariants(sql);
});

/** A bath with Mia and nails with Tom right after it, for an owner. */
async function addRow() {
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 600, { staff_id: salon.mia });
  const nails = await slotAt(sql, salon, salon.nails, 630, { staff_id: salon.tom, capacity: 2 });
  return { salon, bath, nails, slots: [bath, nails], owner: await addOwner(sql) };
}

const nothing = { seats: 0, staff: 0, rooms: 0, booked: 0 };

async function openPage(reservation_id: string, owner: OwnerIds): Promise<string> {
  const payment_id = randomUUID();
  const session_id = `cs_${payment_id}`;
  const session = {
    payment_id,
    reservation_id,
    session_id,
    payment_url: 'http://127.0.0.1/pay',
    expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
  };
  const { outcome } = await recordPaymentSession(sql, session, customer(owner.user_id));
  expect(outcome).toBe('ok');
  return session_id;
}

const pay = (session_id: string) =>
  takePaymentEvent(sql, {
    event_id: `evt_${randomUUID()}`,
    event_type: 'checkout.session.completed',
    payload: { object: 'event' },
    session_id,
    payment_intent: `pi_${session_id}`,
    result: 'success',
    amount: '250000.00',
    currency: 'IDR',
  });

test('a row is extended, given back and swept as one', async () => {
  const { slots, owner } = await addRow();
  const reservation_id = await mustHoldRow(sql, slots, owner);
  const by = customer(owner.user_id);
  expect((await extendReservation(sql, reservation_id, null, desk)).outcome).toBe('ok');
  const ends = await sql`
    select distinct c.expires_at = r.expires_at as is_same from slot_claims c
    join reservations r on r.id = c.reservation_id where r.id = ${reservation_id}`;
  expect([...ends]).toEqual([{ is_same: true }]);
  expect((await cancelReservation(sql, reservation_id, null, by)).outcome).toBe('ok');
  expect(await claimsOf(sql, slots)).toEqual(nothing);
  const again = await mustHoldRow(sql, slots, owner);
  await lapse(sql, again);
  expect((await expireDue(sql, 10)).map(({ reservation_id: id }) => id)).toContain(again);
  expect(await claimsOf(sql, slots)).toEqual(nothing);
});

test('a cancelled booking frees and uncounts all items; an undo takes all of them again', async () => {
  const { slots, owner, salon } = await addRow();
  await sql`update clinics set undo_ms = 30000 where id = ${salon.clinic.id}`;
  const { booking_id } = await mustBookRow(sql, slots, owner);
  const request = { booking_id, reason: null, expected_version: null, quote: false } as const;
  const cancelled = await cancelBooking(sql, { ...request, by: 'owner' }, desk);
  expect(cancelled.outcome).toBe('ok');
  expect(await claimsOf(sql, slots)).toEqual(nothing);
  const waits = await sql`
    select slot_id from waitlist_openings where not_before > now() and slot_id = any (${slots})`;
  expect(waits.map(({ slot_id }) => slot_id).toSorted()).toEqual(slots.toSorted());
  const undone = await undoBooking(sql, { booking_id, expected_version: null }, desk);
  expect(undone).toMatchObject({ outcome: 'ok', undone: 'cancelled' });
  expect(await claimsOf(sql, slots)).toEqual({ seats: 2, staff: 2, rooms: 0, booked: 2 });
});

test('an undo is refused as a whole when one of the items is taken by now', async () => {
  const { slots, bath, owner } = await addRow();
  const { booking_id } = await mustBookRow(sql, slots, owner);
  const request = { booking_id, reason: null, expected_version: null, quote: false } as const;
  await cancelBooking(sql, { ...request, by: 'clinic' }, desk);
  await mustHold(sql, bath, await addOwner(sql));
  const undone = await undoBooking(sql, { booking_id, expected_version: null }, desk);
  expect(undone).toMatchObject({ outcome: 'policy_refused', problem: 'slot_gone' });
  expect(await claimsOf(sql, slots)).toEqual({ seats: 1, staff: 1, rooms: 0, booked: 0 });
});

test('money that comes late takes all items again, or goes back when one is taken', async () => {
  const free = await addRow();
  const kept = await mustHoldRow(sql, free.slots, free.owner);
  const page = await openPage(kept, free.owner);
  await lapse(sql, kept);
  expect((await expireReservation(sql, kept)).outcome).toBe('ok');
  expect(await pay(page)).toMatchObject({ outcome: 'confirmed', slot_id: free.bath });
  expect(await claimsOf(sql, free.slots)).toEqual({ seats: 2, staff: 2, rooms: 0, booked: 2 });

  const taken = await addRow();
  const lost = await mustHoldRow(sql, taken.slots, taken.owner);
  const late = await openPage(lost, taken.owner);
  await lapse(sql, lost);
  await expireReservation(sql, lost);
  await mustHold(sql, taken.bath, await addOwner(sql));
  expect(await pay(late)).toMatchObject({ outcome: 'refund_requested' });
  expect(await claimsOf(sql, taken.slots)).toMatchObject({ seats: 1, staff: 1, booked: 0 });
});

test('an owner who took another place at the time of a later item keeps that one', async () => {
  const { slots, owner, salon } = await addRow();
  const lost = await mustHoldRow(sql, slots, owner);
  const page = await openPage(lost, owner);
  await lapse(sql, lost);
  await expireReservation(sql, lost);
  const other = await slotAt(sql, salon, salon.bath, 640);
  await mustHold(sql, other, owner);
  expect(await pay(page)).toMatchObject({ outcome: 'refund_requested' });
});

test('a recount knows the seats of later items', async () => {
  const { slots, nails, owner } = await addRow();
  await mustBookRow(sql, slots, owner);
  expect(await recountSlot(sql, nails, 'look', desk)).toBe('already_done');
  await sql`update slots set booked_count = 0 where id = ${nails}`;
  expect(await recountSlot(sql, nails, 'look', desk)).toBe('ok');
});

test('the invariant `items` sees a row that is torn', async () => {
  const { slots, nails, owner } = await addRow();
  const reservation_id = await mustHoldRow(sql, slots, owner);
  const broken = async () => {
    const [found] = await runInvariants(sql, ['items']);
    return found?.sample.map(({ problem }) => problem).toSorted();
  };
  expect(await broken()).toEqual([]);
  // Each is planted, seen and taken back in turn.
  const plant = async (damage: string, undo: string) => {
    await sql.unsafe(damage);
    const seen = await broken();
    await sql.unsafe(undo);
    expect(await broken()).toEqual([]);
    return seen;
  };
  const claim = `slot_claims where slot_id = '${nails}'`;
  const item = `where reservation_id = '${reservation_id}' and position = 2`;
  expect(
    await plant(
      `create table kept as select * from ${claim}; delete from ${claim}`,
      'insert into slot_claims select * from kept; drop table kept',
    ),
  ).toEqual(['seats']);
  expect(
    await plant(
      `update reservation_items set starts_at = starts_at - interval '1 minute' ${item}`,
      `update reservation_items set starts_at = starts_at + interval '1 minute' ${item}`,
    ),
  ).toEqual(['order']);
  expect(
    await plant(
      `update reservation_items set amount = amount + 1 ${item}`,
      `update reservation_items set amount = amount - 1 ${item}`,
    ),
  ).toEqual(['sum']);
  expect(
    await plant(
      `update reservations set item_count = 3 where id = '${reservation_id}'`,
      `update reservations set item_count = 2 where id = '${reservation_id}'`,
    ),
  ).toEqual(['sum']);
});
