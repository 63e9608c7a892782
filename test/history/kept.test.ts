import { expect, test } from 'vitest';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getPayment } from '../../src/daemon/actions/get-payment.ts';
import { getReceipt } from '../../src/daemon/actions/get-receipt.ts';
import { listBookings } from '../../src/daemon/actions/list-bookings.ts';
import { getMoneyReport } from '../../src/daemon/actions/money-report.ts';
import { searchOwners } from '../../src/daemon/actions/search-owners.ts';
import { traceBooking } from '../../src/daemon/actions/trace-booking.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking } from '../actions/world.ts';
import { passDays, pruneAll } from './age.ts';

/** Whatever goes: a booking of three years ago, its money and its papers are all there. */

const bench = await openBench();
const { app, sql, drain } = bench;
const manager = staff('manager');

test('three years and every rule later a booking is found, shown, traced and on a receipt', async () => {
  const world = await makeWorld(sql);
  const { reference_code } = await startBooking(app, world);
  await bench.pay(reference_code);
  await drain('relay', 'dispatcher');
  const before = await getBooking(app, manager, { booking_id: reference_code });
  await sql`update booking_reminders set status = 'cancelled'`;
  await passDays(sql, 1_095);
  expect(await pruneAll(app)).toBeGreaterThan(0);
  const counts = await sql<{ seats: number; messages: number }[]>`
    select (select count(*) from slot_claims) as seats, (select count(*) from deliveries) as messages`;
  expect(counts).toEqual([{ seats: 0, messages: 0 }]);

  const shown = await getBooking(app, manager, { booking_id: reference_code });
  expect(shown).toMatchObject({
    booking_id: before.booking_id,
    status: before.status,
    amount: before.amount,
    payment_state: 'paid',
  });
  expect(shown.payments).toHaveLength(1);
  expect(shown.history).toEqual(
    before.history.map((entry) => ({ ...entry, at: expect.any(String) })),
  );
  const trace = await traceBooking(app, manager, { booking_id: reference_code });
  const parts = new Set(trace.items.map(({ part }) => part));
  expect([...parts].sort()).toEqual(expect.arrayContaining(['booking', 'hold', 'payment']));
  const receipt = await getReceipt(app, manager, { payment_id: reference_code, width: '80' });
  expect(receipt).toMatchObject({ reference_code });
  expect(await getPayment(app, manager, { payment_id: reference_code })).toMatchObject({
    status: 'success',
  });
  const mine = await listBookings(app, world.who, { limit: 50 });
  expect(mine.items.map((one) => one.reference_code)).toEqual([reference_code]);
  const found = await searchOwners(app, manager, { q: reference_code, near: false, limit: 5 });
  expect(found.items.map(({ user_id }) => user_id)).toEqual([world.owner.user_id]);
  const day = shown.starts_at.slice(0, 10);
  const from = Temporal.PlainDate.from(day).subtract({ days: 30 }).toString();
  const wish = { clinic_id: world.clinic.id, by: 'month', from, to: day } as const;
  const { total } = await getMoneyReport(app, manager, wish);
  expect(total).toMatchObject({ payments: 1, taken: '250000.00' });
  await expectInvariants(sql);
});
