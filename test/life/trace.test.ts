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
