import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { extendReservation } from '../../src/daemon/actions/extend-reservation.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { listSlots } from '../../src/daemon/actions/list-slots.ts';
import { traceBooking } from '../../src/daemon/actions/trace-booking.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { expectProblem, openBench, staff } from '../actions/bench.ts';
import { makeWorld, startBooking } from '../actions/world.ts';

const { app, sql, pay, drain } = await openBench();

test('a trace tells the whole story in order, with how long each part took', async () => {
  const { clinic, who, wish } = await makeWorld(sql, { in_hours: 72 });
  const { reference_code: booking_id } = await startBooking(app, { who, wish });
  const hold = await getReservation(app, who, { reservation_id: booking_id });
  expect(hold).toMatchObject({ state: 'PAYMENT_PENDING', salon_state: 'PENDING' });
  await pay(booking_id);
  expect((await getBooking(app, who, { booking_id })).state).toBe('CONFIRMED');
  await drain('relay', 'dispatcher');
  expect((await getBooking(app, who, { booking_id })).state).toBe('TICKETS_DELIVERED');
  await cancelBooking(app, who, { booking_id, quote: false, by: 'owner' });
  const desk = staff('desk', clinic.id);
  const waiting = await traceBooking(app, desk, { booking_id });
  const last_event = waiting.items.findLast(({ part }) => part === 'event');
  expect(last_event).toMatchObject({ what: 'booking.cancelled', out_ms: null });
  await drain('refunds', 'relay', 'dispatcher');

  const after = shapes.get_booking.output.parse(await getBooking(app, who, { booking_id }));
  expect(after).toMatchObject({ state: 'REFUNDED', salon_state: 'CANCELLED' });
  const trace = shapes.trace_booking.output.parse(await traceBooking(app, desk, { booking_id }));
  expect(trace.reference_code).toBe(booking_id);
  const story = trace.items.map(({ what }) => what);
  const told = [
    'reservation.created',
    'payment.page_opened',
    'payment.success',
    'booking.confirmed',
    'booking_confirmed.sent',
    'booking.cancelled',
    'refund.completed',
    'booking_cancelled.sent',
    'refund.processed',
    'refund_processed.sent',
  ];
  expect(story).toEqual(expect.arrayContaining(told));
  // The first who asks for a slot is judged before the doorman knows it.
  expect(story.slice(0, 2)).toEqual(['reservation.created', 'lock.acquired']);
  const locks = trace.items.filter(({ part }) => part === 'lock');
  expect(locks.map(({ what }) => what)).toEqual(['lock.acquired', 'lock.released']);
  expect(locks[0]?.detail).toMatch(/^fence \d+, seat 1, after the judge, for 600 s$/);
  expect(trace.items.at(-1)?.total_ms).toBe(
    trace.items.reduce((sum, { since_ms }) => sum + since_ms, 0),
  );
  const place = (what: string) => story.indexOf(what);
  expect(place('payment.page_opened')).toBeLessThan(place('payment.success'));
  expect(place('booking.confirmed')).toBeLessThan(place('booking.cancelled'));
  expect(trace.items.some(({ part }) => part === 'webhook')).toBe(true);
  for (const { part, out_ms, sequence, since_ms } of trace.items) {
    expect(since_ms).toBeGreaterThanOrEqual(0);
    if (part === 'event') expect(sequence).toBeGreaterThan(0);
    if (part === 'event' || part === 'refund' || part === 'message') {
      expect(out_ms).toBeGreaterThanOrEqual(0);
    }
  }
});

test('a clinic sees the traces of its own bookings only', async () => {
  const { who, wish } = await makeWorld(sql);
  const { reference_code: booking_id } = await startBooking(app, { who, wish });
  await pay(booking_id);
  const elsewhere = staff('desk', (await makeWorld(sql)).clinic.id);
  await expectProblem(traceBooking(app, elsewhere, { booking_id }), 'not_found');
});

test('the lock comes first where the doorman knew the slot, and grows with the hold', async () => {
  const { who, wish, service_id } = await makeWorld(sql);
  await listSlots(app, who, { service_id, explain: false, limit: 50 });
  const { reservation_id, reference_code } = await startBooking(app, { who, wish });
  await extendReservation(app, who, { reservation_id });
  await pay(reference_code);
  const { items } = await traceBooking(app, staff('desk'), { booking_id: reference_code });
  const locks = items.filter(({ part }) => part === 'lock');
  expect(locks.map(({ what, detail }) => [what, detail?.replace(/^fence \d+/, 'fence')])).toEqual([
    ['lock.acquired', 'fence, seat 1, at the door, for 600 s'],
    ['lock.extended', 'fence, seat 1, for 300 s more'],
    ['lock.released', 'fence, seat 1'],
  ]);
  expect(items[0]?.what).toBe('lock.acquired');
});

const traceOf = async (ref: string) => {
  const found = await traceBooking(app, staff('desk'), { booking_id: ref });
  return shapes.trace_booking.output.parse(found);
};

test('one story under every name: reference, hold, booking, payment, and the owner of it', async () => {
  const { who, wish } = await makeWorld(sql);
  const { reference_code, reservation_id } = await startBooking(app, { who, wish });
  const held = await traceOf(reference_code);
  expect(held).toMatchObject({ booking_id: null, reservation_id, reference_code, gaps: [] });
  await pay(reference_code);
  const [payment] = await sql<{ id: string; booking_id: string }[]>`
    select id, booking_id from payments where reservation_id = ${reservation_id}`;
  const names = [reservation_id, payment?.id, payment?.booking_id, who.user_id];
  for (const name of names) {
    const trace = await traceOf(name ?? '');
    expect(trace).toMatchObject({ reference_code, booking_id: payment?.booking_id, gaps: [] });
  }
  await expectProblem(traceOf('BP00000000'), 'not_found');
});

test('a reminder is planned in the story, and ends with the visit', async () => {
  const { who, wish } = await makeWorld(sql, { in_hours: 72 });
  const { reference_code } = await startBooking(app, { who, wish });
  await pay(reference_code);
  const story = async () =>
    (await traceOf(reference_code)).items.filter(({ part }) => part === 'reminder');
  expect((await story()).map(({ what }) => what)).toContain('reminder.planned');
  await cancelBooking(app, who, { booking_id: reference_code, quote: false, by: 'owner' });
  expect((await story()).map(({ what }) => what)).toContain('reminder.cancelled');
});

test('what is missing is told: a hold that nobody ended, news, messages and refunds that wait', async () => {
  const codes = async (ref: string) => ((await traceOf(ref)).gaps ?? []).map(({ code }) => code);
  const left = await makeWorld(sql);
  const { reference_code: lost } = await startBooking(app, left);
  await sql`
    update reservations
    set created_at = now() - interval '20 minutes', expires_at = now() - interval '5 minutes'
    where reference_code = ${lost}`;
  expect(await codes(lost)).toEqual(['hold_not_ended']);

  const { who, wish } = await makeWorld(sql, { in_hours: 72 });
  const { reference_code } = await startBooking(app, { who, wish });
  await pay(reference_code);
  expect(await codes(reference_code)).toEqual([]);
  const [booking] = await sql<{ id: string }[]>`
    select id from bookings where reference_code = ${reference_code}`;
  await sql`
    update booking_events_outbox set created_at = now() - interval '1 hour'
    where aggregate_id = ${booking?.id ?? ''} and published_at is null`;
  expect(await codes(reference_code)).toContain('news_not_out');
  await drain('relay');
  await sql`
    update deliveries set status = 'dead', dead_at = now(), last_error = '550 no such user'
    where booking_id = ${booking?.id ?? ''}`;
  expect(await codes(reference_code)).toContain('message_not_out');
  await cancelBooking(app, who, { booking_id: reference_code, quote: false, by: 'owner' });
  await sql`
    update refunds set created_at = now() - interval '2 hours'
    where booking_id = ${booking?.id ?? ''}`;
  expect(await codes(reference_code)).toContain('refund_not_out');
});
