import { afterAll, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { rescheduleBooking } from '../../src/daemon/store/reschedule.ts';
import {
  addScene,
  customer,
  desk,
  eventsOf,
  hold,
  mustBook,
  mustHold,
} from '../helpers/booking.ts';
import { addOwner, addSlot, addStaff, createTestDatabase, lapse } from '../helpers/database.ts';

const { sql } = await createTestDatabase({ max: 6 });

afterAll(async () => {
  await assertInvariants(sql);
});

type Wish = Partial<Parameters<typeof rescheduleBooking>[1]>;

const move = async (booking_id: string, slot_id: string, more: Wish = {}, actor = desk) =>
  await rescheduleBooking(
    sql,
    {
      booking_id,
      slot_id,
      by: 'owner',
      seats: null,
      reason: null,
      expected_version: null,
      quote: false,
      ...more,
    },
    actor,
  );

const rowOf = async (booking_id: string) => {
  const [row] = await sql<
    { slot_id: string; amount: string; cap: number; status: string; version: number }[]
  >`
    select slot_id, round(amount)::text as amount, refund_percent_cap as cap, status, version
    from bookings where id = ${booking_id}`;
  return row!;
};

const seatsOf = async (slot_id: string) => {
  const [row] = await sql<{ claims: number; booked_count: number; status: string }[]>`
    select (select count(*)::integer from slot_claims c where c.slot_id = sl.id) as claims,
      booked_count, status
    from slots sl where id = ${slot_id}`;
  return row!;
};

test('a move takes the new seat, gives the old one back, and tells of both', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const to = await addSlot(sql, clinic, service_id, { in_hours: 96 });
  const booking_id = await mustBook(sql, slot_id, owner);
  const quote = await move(booking_id, to, { quote: true });
  expect(quote).toMatchObject({ outcome: 'ok', refund_amount: '0', refund_percent: 100 });
  expect(await seatsOf(to)).toEqual({ claims: 0, booked_count: 0, status: 'available' });

  const done = await move(booking_id, to, { expected_version: 1 }, customer(owner.user_id));
  expect(done).toMatchObject({ outcome: 'ok', old_slot_id: slot_id, seats: [1], version: 2 });
  expect(await rowOf(booking_id)).toMatchObject({ slot_id: to, version: 2, cap: 100 });
  expect(await seatsOf(slot_id)).toEqual({ claims: 0, booked_count: 0, status: 'available' });
  expect(await seatsOf(to)).toEqual({ claims: 1, booked_count: 1, status: 'booked' });
  expect((await eventsOf(sql, booking_id)).at(-1)).toBe('booking.rescheduled');
  const [event] = await sql<{ payload: Record<string, unknown> }[]>`
    select payload from booking_events_outbox
    where aggregate_id = ${booking_id} and event_type = 'booking.rescheduled'`;
  expect(event!.payload).toMatchObject({ slot_id: to, previous_slot_id: slot_id });
  const reminders = await sql`
    select reminder_type from booking_reminders m join bookings b on b.id = m.booking_id
    where b.id = ${booking_id} and m.status = 'pending' and m.booking_time = b.booking_time`;
  expect(reminders).toHaveLength(2);
  // And the old seat is for sale, the new one can be given back as ever.
  await mustBook(sql, slot_id, await addOwner(sql));
  const cancel = { booking_id, reason: null, by: 'owner', expected_version: 2 } as const;
  expect((await cancelBooking(sql, { ...cancel, quote: false }, desk)).outcome).toBe('ok');
  expect(await seatsOf(to)).toMatchObject({ claims: 0, booked_count: 0 });
});

// The scene's price is 250000; cheaper, dearer and equal slots, in each tier of the policy.
test.each([
  { in_hours: 72, price: 250000, by: 'owner', refund: '0', due: '0', amount: '250000', cap: 100 },
  {
    in_hours: 72,
    price: 200000,
    by: 'owner',
    refund: '50000',
    due: '0',
    amount: '250000',
    cap: 100,
  },
  {
    in_hours: 30,
    price: 200000,
    by: 'owner',
    refund: '25000',
    due: '0',
    amount: '250000',
    cap: 50,
  },
  { in_hours: 5, price: 200000, by: 'owner', refund: '0', due: '0', amount: '250000', cap: 0 },
  {
    in_hours: 5,
    price: 200000,
    by: 'clinic',
    refund: '50000',
    due: '0',
    amount: '250000',
    cap: 100,
  },
  {
    in_hours: 72,
    price: 300000,
    by: 'owner',
    refund: '0',
    due: '50000',
    amount: '300000',
    cap: 100,
  },
  { in_hours: 72, price: 300000, by: 'clinic', refund: '0', due: '0', amount: '250000', cap: 100 },
] as const)('from $in_hours h ahead to $price by $by', async (one) => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql, one.in_hours);
  const price = String(one.price);
  const to = await addSlot(sql, clinic, service_id, { in_hours: 200, price });
  const booking_id = await mustBook(sql, slot_id, owner);
  const quoted = await move(booking_id, to, { by: one.by, quote: true });
  const done = await move(booking_id, to, { by: one.by });
  expect(done.outcome).toBe('ok');
  expect(Number(done.refund_amount)).toBe(Number(one.refund));
  expect(Number(done.due_amount)).toBe(Number(one.due));
  expect([quoted.refund_amount, quoted.due_amount]).toEqual([done.refund_amount, done.due_amount]);
  expect(await rowOf(booking_id)).toMatchObject({ amount: one.amount, cap: one.cap });
  const refunds = await sql<{ amount: string; reason: string }[]>`
    select round(amount)::text as amount, reason from refunds where booking_id = ${booking_id}`;
  const expected = { amount: one.refund, reason: `rescheduled_by_${one.by}` };
  expect(refunds).toEqual(one.refund === '0' ? [] : [expected]);
});

test('a move made in a worse tier keeps that tier for a later cancel', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql, 30);
  const far = await addSlot(sql, clinic, service_id, { in_hours: 300 });
  const booking_id = await mustBook(sql, slot_id, owner);
  await move(booking_id, far);
  const quote = { booking_id, reason: null, by: 'owner', expected_version: null, quote: true };
  const told = await cancelBooking(sql, { ...quote, by: 'owner' }, desk);
  expect(told).toMatchObject({ refund_percent: 50, refund_amount: '125000.00' });
  // The clinic's own cancel gives everything back all the same.
  expect((await cancelBooking(sql, { ...quote, by: 'clinic' }, desk)).refund_percent).toBe(100);
});

test('what must not move stays where it is', async () => {
  const { clinic, service_id, slot_id, owner } = await addScene(sql);
  const other_scene = await addScene(sql, 120);
  const later = await addSlot(sql, clinic, service_id, { in_hours: 100 });
  const booking_id = await mustBook(sql, slot_id, owner);
  const stranger = customer((await addOwner(sql)).user_id);
  const outcome = async (slot: string, more: Wish = {}, actor = desk) =>
    (await move(booking_id, slot, more, actor)).outcome;
  expect(await outcome(later, {}, stranger)).toBe('not_found');
  expect(await outcome(later, { expected_version: 9 })).toBe('conflict');
  expect(await outcome(slot_id)).toBe('policy_refused');
  expect(await outcome(other_scene.slot_id)).toBe('policy_refused');
  expect(await outcome(later, { by: 'clinic' }, customer(owner.user_id))).toBe('policy_refused');
  const past = await addSlot(sql, clinic, service_id, { in_hours: -2 });
  expect(await outcome(past)).toBe('invalid_slot');
  const held = await mustHold(sql, later, await addOwner(sql));
  expect(await outcome(later)).toBe('slot_taken');
  expect(await outcome(later, { quote: true })).toBe('slot_taken');
  // A hold whose time is over is in nobody's way.
  await lapse(sql, held);
  expect(await outcome(later)).toBe('ok');
  // The owner's other visit at that time is.
  const twin = await addSlot(sql, clinic, service_id, { in_hours: 100 });
  const mine = await addSlot(sql, clinic, service_id, { in_hours: 150 });
  const second = await mustBook(sql, mine, owner);
  expect((await move(second, twin)).outcome).toBe('policy_refused');
  expect(await rowOf(second)).toMatchObject({ slot_id: mine, version: 1 });
});

test('the vet comes along: claimed at the new time, free at the old one', async () => {
  const { clinic, service_id, owner } = await addScene(sql);
  const staff_id = await addStaff(sql, clinic);
  const from = await addSlot(sql, clinic, service_id, { in_hours: 80, staff_id });
  const to = await addSlot(sql, clinic, service_id, { in_hours: 90, staff_id });
  const rival = await addSlot(sql, clinic, service_id, { in_hours: 90, staff_id });
  const booking_id = await mustBook(sql, from, owner);
  expect((await move(booking_id, to)).outcome).toBe('ok');
  const claims = await sql`select slot_id from staff_claims where staff_id = ${staff_id}`;
  expect(claims).toEqual([{ slot_id: to }]);
  const taken = await hold(sql, rival, await addOwner(sql));
  expect(taken.outcome).toBe('slot_taken');
});

test.each([1, 3])('moves that cross never deadlock nor double (capacity %i)', async (capacity) => {
  const { clinic, service_id } = await addScene(sql);
  const owners = await Promise.all(Array.from({ length: 4 }, () => addOwner(sql)));
  for (let round = 0; round < 6; round += 1) {
    const at = 200 + round * 10 + capacity * 100;
    const slots = await Promise.all(
      [0, 2, 4].map((more) => addSlot(sql, clinic, service_id, { in_hours: at + more, capacity })),
    );
    const [a = '', b = '', c = ''] = slots;
    const first = await mustBook(sql, a, owners[0]!);
    const second = await mustBook(sql, b, owners[1]!);
    const cancel = {
      booking_id: second,
      reason: null,
      by: 'owner',
      expected_version: null,
    } as const;
    const results = await Promise.all([
      move(first, b),
      move(second, round % 2 === 0 ? a : c),
      move(first, c),
      hold(sql, c, owners[2]!),
      ...(round > 2 ? [cancelBooking(sql, { ...cancel, quote: false }, desk)] : []),
      hold(sql, b, owners[3]!),
    ]);
    const allowed = ['ok', 'slot_taken', 'slot_locked', 'policy_refused', 'conflict'];
    for (const result of results) expect(allowed).toContain(result.outcome);
    await assertInvariants(sql);
    for (const slot of slots) expect((await seatsOf(slot)).claims).toBeLessThanOrEqual(capacity);
  }
});
