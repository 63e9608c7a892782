import { expect, test } from 'vitest';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getMoneyRules, setMoneyRules } from '../../src/daemon/actions/prices.ts';
import { createRefund } from '../../src/daemon/actions/refunds.ts';
import { expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld } from '../actions/world.ts';

const { app, sql } = await openBench();
const desk = staff('desk');
const manager = staff('manager');

/** A booking of 250000 IDR paid in cash, at a clinic whose desk may give back that much. */
async function booked(desk_refund_limit: string | null): Promise<string> {
  const world = await makeWorld(sql);
  const { id: clinic_id } = world.clinic;
  await setMoneyRules(app, manager, { clinic_id, desk_refund_limit });
  const { reservation_id } = await createReservation(app, world.who, world.wish, no_key);
  const done = await confirmReservation(app, desk, { reservation_id, payment_method: 'cash' });
  return done.reference_code;
}

const giveBack = (who: typeof desk, booking_id: string, amount: string, ask?: boolean) =>
  createRefund(app, who, { booking_id, amount, reason: 'waited', ...(ask ? { ask } : {}) });

test('the desk gives back up to the limit of a booking, in parts too', async () => {
  const ref = await booked('60000');
  expect(await giveBack(desk, ref, '40000')).toMatchObject({ decision: 'granted' });
  expect(await giveBack(desk, ref, '20000')).toMatchObject({ decision: 'granted' });
  const refused = await expectProblem(giveBack(desk, ref, '1'), 'policy_refused');
  expect(refused.facts).toMatchObject({
    rule: 'refund_limit',
    limit_amount: '0.00',
    next: `petpro refunds request ${ref} --reason "waited"`,
  });
  await expectInvariants(sql);
});

test('above the limit it is refused with the way to a manager, who is asked and may', async () => {
  const ref = await booked('60000.00');
  const refused = await expectProblem(giveBack(desk, ref, '60000.01'), 'policy_refused');
  expect(refused.detail).toContain('60000.00 IDR');
  expect(await giveBack(desk, ref, '90000', true)).toMatchObject({ decision: 'awaiting' });
  // What was asked for does not use the desk's limit up.
  expect(await giveBack(desk, ref, '60000')).toMatchObject({ decision: 'granted' });
  expect(await giveBack(manager, ref, '100000')).toMatchObject({ decision: 'granted' });
  await expectProblem(giveBack(manager, ref, '1'), 'policy_refused');
});

test('without a limit every refund of the desk waits for a manager', async () => {
  const ref = await booked(null);
  expect(await giveBack(desk, ref, '1')).toMatchObject({ decision: 'awaiting' });
  expect(await giveBack(staff('admin'), ref, '1')).toMatchObject({ decision: 'granted' });
});

test('ten clicks at once on the last of the limit: one goes', async () => {
  const ref = await booked('50000');
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () => giveBack(desk, ref, '50000')),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('rules are kept, and read back as they were said', async () => {
  const { clinic } = await makeWorld(sql);
  const clinic_id = clinic.id;
  await setMoneyRules(app, manager, { clinic_id, tax_percent: '7.5', tax_included: false });
  await setMoneyRules(app, manager, { clinic_id, desk_refund_limit: '1000' });
  expect(await getMoneyRules(app, desk, { clinic_id })).toEqual({
    clinic_id,
    currency: 'IDR',
    tax_percent: '7.5',
    tax_included: false,
    desk_refund_limit: '1000.00',
  });
  await expectProblem(
    setMoneyRules(app, manager, { clinic_id, desk_refund_limit: '0.001' }),
    'invalid_input',
  );
});
