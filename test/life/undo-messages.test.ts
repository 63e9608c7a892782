import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import { openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking } from '../actions/world.ts';

const { app, sql, pay, drain, mail } = await openBench();

/** A paid booking whose confirmation waits for the dispatcher, cancelled within the grace. */
async function cancelledUntold() {
  const world = await makeWorld(sql);
  await sql`update clinics set undo_ms = 30000 where id = ${world.clinic.id}`;
  const { reference_code } = await startBooking(app, world);
  await pay(reference_code);
  await drain('relay');
  const cancel = { booking_id: reference_code, by: 'owner', quote: false } as const;
  await cancelBooking(app, world.who, cancel);
  await drain('relay', 'dispatcher');
  return { who: world.who, booking_id: reference_code };
}

const told = (reference: string) =>
  mail.list().filter(({ subject }) => subject.includes(reference)).length;

test('a confirmation that a cancel dropped goes out once when the cancel is taken back', async () => {
  const { who, booking_id } = await cancelledUntold();
  expect(told(booking_id)).toBe(0);
  await undoBooking(app, who, { booking_id });
  await drain('relay', 'dispatcher');
  expect(told(booking_id)).toBe(1);
  expect(mail.list().at(-1)?.subject).toMatch(/^Booked/);
  await drain('relay', 'dispatcher');
  expect(told(booking_id)).toBe(1);
  const rows = await sql`
    select n.delivery_status
    from notifications n
    join bookings b on b.id = n.booking_id
    where b.reference_code = ${booking_id}`;
  expect(rows).toEqual([{ delivery_status: 'sent' }]);
  await expectInvariants(sql);
});

test('what was dropped for another reason stays dropped', async () => {
  const { who, booking_id } = await cancelledUntold();
  await sql`
    update deliveries set error_code = 'unwanted'
    where booking_id = (select id from bookings where reference_code = ${booking_id})
      and status = 'dropped'`;
  await undoBooking(app, who, { booking_id });
  await drain('relay', 'dispatcher');
  expect(told(booking_id)).toBe(0);
  await expectInvariants(sql);
});
