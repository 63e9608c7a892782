import { expect, test } from 'vitest';
import { createPayment } from '../../src/daemon/actions/create-payment.ts';
import { createPaymentSession } from '../../src/daemon/actions/create-payment-session.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { problems } from '../../src/domain/errors.ts';
import { expectProblem, no_key, openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, startBooking } from '../actions/world.ts';
import { lapse } from '../helpers/database.ts';
import { saveCard } from './saved-bench.ts';

/** Too late to pay: 408 when there was a page to pay on, 410 when it never came to that. */

const bench = await openBench();
const { app, sql, drain } = bench;

test('a page that nobody paid on in time: 408, on a new page and with a saved card', async () => {
  const world = await makeWorld(sql);
  const { reservation_id, reference_code } = await startBooking(app, world);
  await lapse(sql, reservation_id);
  await drain('sweeper');
  const late = createPaymentSession(app, world.who, { reservation_id });
  const problem = await expectProblem(late, 'payment_timeout');
  expect(problem.facts).toMatchObject({ reservation_id, reference_code });
  expect(problem.detail).toContain('The time to pay is over');
  const payment_method_id = await saveCard(bench, world.owner.user_id);
  const charge = createPayment(app, world.who, { reservation_id, payment_method_id });
  await expectProblem(charge, 'payment_timeout');
  expect(problems.payment_timeout.status).toBe(408);
  await expectInvariants(sql);
});

test('money that comes on that page all the same books the place, as the answer says', async () => {
  const world = await makeWorld(sql);
  const { reservation_id, reference_code } = await startBooking(app, world);
  await expireUnseen(app, reservation_id);
  await expectProblem(createPaymentSession(app, world.who, { reservation_id }), 'payment_timeout');
  await bench.pay(reference_code);
  const [row] = await sql`select status from bookings where reservation_id = ${reservation_id}`;
  expect(row).toEqual({ status: 'confirmed' });
  await expectInvariants(sql);
});

test('a hold that lapsed before it came to paying: 410', async () => {
  const world = await makeWorld(sql);
  const { reservation_id } = await createReservation(app, world.who, world.wish, no_key);
  await lapse(sql, reservation_id);
  await drain('sweeper');
  const late = createPaymentSession(app, world.who, { reservation_id });
  await expectProblem(late, 'reservation_expired');
  const payment_method_id = await saveCard(bench, world.owner.user_id);
  const charge = createPayment(app, world.who, { reservation_id, payment_method_id });
  await expectProblem(charge, 'reservation_expired');
});
