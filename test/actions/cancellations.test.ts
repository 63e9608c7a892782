import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { listBookings } from '../../src/daemon/actions/list-bookings.ts';
import { setBookingStatus } from '../../src/daemon/actions/set-booking-status.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { customer, expectProblem, no_key, openBench, staff } from './bench.ts';
import { expectInvariants } from './invariants.ts';
import { makeWorld, rivalOf, startBooking } from './world.ts';

const { app, sql, pay, drain, mail } = await openBench();

/** A paid booking that starts in so many hours. */
async function booked(in_hours: number) {
  const world = await makeWorld(sql, { in_hours });
  const { reference_code } = await startBooking(app, world);
  await pay(reference_code);
  return { ...world, booking_id: reference_code };
}

const as_owner = { quote: false, by: 'owner' } as const;

// Seed 000, Business Rules 2: less than a day 0 %, one to two days 50 %, more 100 %.
test.each([
  { in_hours: 72, percent: 100, amount: '250000.00' },
  { in_hours: 30, percent: 50, amount: '125000.00' },
  { in_hours: 5, percent: 0, amount: '0.00' },
])('the owner cancels $in_hours h before: $percent %', async ({ in_hours, percent, amount }) => {
  const { who, booking_id, ...world } = await booked(in_hours);
  const quote = await cancelBooking(app, who, { booking_id, quote: true, by: 'owner' });
  expect(quote).toMatchObject({
    quote: true,
    status: 'confirmed',
    refund_percent: percent,
    refund_amount: amount,
    refund_id: null,
  });
  expect((await getBooking(app, who, { booking_id })).status).toBe('confirmed');

  const done = await cancelBooking(app, who, { booking_id, ...as_owner, reason: 'moved away' });
  expect(shapes.cancel_booking.output.parse(done)).toMatchObject({
    status: 'cancelled',
    refund_percent: percent,
    refund_amount: amount,
  });
  await drain('refunds', 'relay', 'dispatcher');
  const after = await getBooking(app, who, { booking_id });
  expect(after.refunds.map(({ status, amount }) => ({ status, amount }))).toEqual(
    percent === 0 ? [] : [{ status: 'completed', amount }],
  );
  const letters = mail.list().filter(({ subject }) => subject.includes(booking_id));
  const cancelled = letters.find(({ subject }) => subject.startsWith('Cancelled'));
  expect(cancelled?.text).toContain(percent === 0 ? 'No refund is due' : `(${percent} %)`);
  const raw = await (await fetch(`${mail.outbox_url}/messages/${cancelled?.id}.eml`)).text();
  expect(raw).toContain('method=CANCEL');
  await expectProblem(cancelBooking(app, who, { booking_id, ...as_owner }), 'policy_refused');
  // The seat is for sale again.
  expect((await startBooking(app, await rivalOf(sql, { who, ...world }))).replayed).toBe(false);
  await expectInvariants(sql);
});

test('the clinic cancels: everything back, whatever the hour', async () => {
  const { clinic, who, booking_id } = await booked(3);
  const by_clinic = { booking_id, quote: false, by: 'clinic' } as const;
  await expectProblem(cancelBooking(app, who, by_clinic), 'forbidden');
  const done = await cancelBooking(app, staff('desk', clinic.id), by_clinic);
  expect(done).toMatchObject({ refund_percent: 100, refund_amount: '250000.00' });
  await drain('refunds', 'relay', 'dispatcher');
  const letter = mail.list().find(({ subject }) => subject.startsWith('Cancelled'));
  expect(letter?.text).toContain('We are sorry');
  await expectInvariants(sql);
});

test('a stale screen does not cancel what has changed meanwhile', async () => {
  const { who, booking_id } = await booked(72);
  const stale = { booking_id, ...as_owner, expected_version: 99 };
  const problem = await expectProblem(cancelBooking(app, who, stale), 'conflict');
  expect(problem.facts['version']).toBe(1);
});

test('cash that was taken at the desk waits for a person to hand it back', async () => {
  const world = await makeWorld(sql);
  const desk = staff('desk', world.clinic.id);
  const wish = { ...world.wish, payment_method: 'cash', user_id: world.owner.user_id } as const;
  const { booking_id } = await createBooking(app, desk, wish, no_key);
  await cancelBooking(app, desk, { booking_id: booking_id ?? '', quote: false, by: 'clinic' });
  await drain('refunds');
  const [refund] =
    await sql`select status, last_error from refunds where booking_id = ${booking_id}`;
  expect(refund).toEqual({ status: 'failed', last_error: 'to be paid back at the clinic (cash)' });
});

test('a confirmation that waited too long is not sent for a cancelled booking', async () => {
  const { who, booking_id } = await booked(72);
  await drain('relay');
  await cancelBooking(app, who, { booking_id, ...as_owner });
  await drain('dispatcher', 'relay', 'dispatcher');
  const { messages } = await getBooking(app, who, { booking_id });
  expect(messages).toMatchObject([
    { type: 'booking_confirmed', status: 'dropped' },
    { type: 'booking_cancelled', status: 'sent' },
  ]);
  expect(messages[0]?.last_error).toContain('cancelled meanwhile');
});

test('the desk moves a booking on, and only along the allowed moves', async () => {
  const { clinic, booking_id } = await booked(1);
  const desk = staff('desk', clinic.id);
  const move = (status: 'arrived' | 'in-progress' | 'completed' | 'no-show') =>
    setBookingStatus(app, desk, { booking_id, status });
  expect((await expectProblem(move('no-show'), 'policy_refused')).detail).toContain('ten minutes');
  expect(shapes.set_booking_status.output.parse(await move('arrived')).arrived_at).not.toBeNull();
  expect(await move('in-progress')).toMatchObject({ status: 'in-progress' });
  expect(await move('completed')).toMatchObject({ status: 'completed', version: 4 });
  const refused = await expectProblem(move('arrived'), 'policy_refused').catch(() => null);
  expect(refused === null || refused.facts['allowed']).toBeTruthy();
  await expectInvariants(sql);
});

test('nobody sees or touches bookings of others', async () => {
  const { who, booking_id, clinic } = await booked(72);
  const stranger = customer((await rivalOf(sql, await makeWorld(sql))).owner.user_id);
  const elsewhere = staff('desk', (await makeWorld(sql)).clinic.id);
  for (const other of [stranger, elsewhere]) {
    await expectProblem(getBooking(app, other, { booking_id }), 'not_found');
    await expectProblem(cancelBooking(app, other, { booking_id, ...as_owner }), 'not_found');
    const seen = await listBookings(app, other, { limit: 50 });
    expect(seen.items.map((item) => item.reference_code)).not.toContain(booking_id);
  }
  await expectProblem(
    setBookingStatus(app, elsewhere, { booking_id, status: 'arrived' }),
    'not_found',
  );
  const own = await listBookings(app, who, { limit: 50 });
  expect(shapes.list_bookings.output.parse(own).items).toHaveLength(1);
  const sre = await listBookings(app, staff('sre', clinic.id), { limit: 50 });
  expect(sre.items[0]).toMatchObject({ owner_name: '***', pet_name: '***', owner_phone: '***' });
});

test('lists go on where the page before ended, and refuse cursors that are not ours', async () => {
  const world = await makeWorld(sql, { capacity: 5 });
  for (let index = 0; index < 3; index += 1) {
    const { who, wish, owner } = await rivalOf(sql, world);
    const desk_wish = { ...wish, payment_method: 'at_clinic', user_id: owner.user_id } as const;
    expect(who.user_id).toBe(owner.user_id);
    await createBooking(app, staff('desk'), desk_wish, no_key);
  }
  const desk = staff('desk', world.clinic.id);
  const first = await listBookings(app, desk, { limit: 2 });
  expect(first.items).toHaveLength(2);
  const cursor = first.next_cursor ?? '';
  const second = await listBookings(app, desk, { limit: 2, cursor });
  expect(second.items).toHaveLength(1);
  expect(second.next_cursor).toBeNull();
  const codes = [...first.items, ...second.items].map((item) => item.reference_code);
  expect(new Set(codes).size).toBe(3);
  for (const broken of ['', 'x', Buffer.from('["now","1"]').toString('base64url')]) {
    await expectProblem(listBookings(app, desk, { limit: 2, cursor: broken }), 'invalid_input');
  }
  await expectProblem(listBookings(app, desk, { limit: 2, status: 'gone' }), 'invalid_input');
});
