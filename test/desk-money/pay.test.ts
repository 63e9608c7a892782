import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { cancelBooking, findBooking } from '../../src/daemon/store/bookings.ts';
import { payBooking } from '../../src/daemon/store/desk-payments.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { claimRefunds, finishRefund } from '../../src/daemon/store/payments.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { customer, desk, eventsOf, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  createTestDatabase,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase({ max: 20 });
const anywhere = { user_id: null, clinic_id: null };

afterEach(async () => {
  await assertInvariants(sql);
});

/** A booking of 250000, confirmed by the desk: paid now (the deposit or all), or at the visit. */
async function book(payment_method: 'cash' | 'at_clinic', deposit: string | null = null) {
  const clinic = await addClinic(sql, { tax_bp: 1100 });
  const service_id = await addService(sql, clinic, { deposit });
  const slot_id = await addSlot(sql, clinic, service_id);
  const owner = await addOwner(sql);
  const reservation_id = await mustHold(sql, slot_id, owner);
  const confirmed = await confirmReservation(sql, { reservation_id, payment_method }, desk);
  if (confirmed.outcome !== 'ok') throw new Error(confirmed.outcome);
  return { ...confirmed, owner, clinic };
}

const all = (booking_id: string) => ({
  booking_id,
  payment_method: 'cash' as const,
  amount: null,
  expected_version: null,
});

async function stateOf(booking_id: string) {
  const row = await findBooking(sql, booking_id, anywhere);
  return row?.payment_state;
}

test('a booking to be paid at the visit is due, then paid', async () => {
  const { booking_id } = await book('at_clinic');
  expect(await stateOf(booking_id)).toBe('due');
  const paid = await payBooking(sql, { ...all(booking_id), expected_version: 1 }, desk);
  expect(paid).toMatchObject({ outcome: 'ok', amount: '250000.000', version: 2 });
  expect(paid).toMatchObject({ amount_rest: '0.000', already_paid: false });
  expect(await stateOf(booking_id)).toBe('paid');
  expect(await eventsOf(sql, paid.payment_id ?? '')).toEqual(['payment.processed']);
  const [log] = await sql`
    select e.action, e.performed_by, e.new_state ->> 'payment_method' as method
    from booking_log_entries e join booking_logs l on l.id = e.log_id
    where l.booking_id = ${booking_id} and e.booking_version = 2`;
  expect(log).toEqual({ action: 'booking.paid', performed_by: desk.id, method: 'cash' });
});

test('after a deposit the rest is due, and the ledger has both', async () => {
  const { booking_id } = await book('cash', '100000');
  expect(await stateOf(booking_id)).toBe('due');
  const paid = await payBooking(sql, { ...all(booking_id), payment_method: 'transfer' }, desk);
  expect(paid).toMatchObject({ outcome: 'ok', amount: '150000.000' });
  expect(await stateOf(booking_id)).toBe('paid');
  const [sums] = await sql`
    select sum(total_amount) as total, sum(platform_fee + clinic_amount + tax_amount) as parts
    from financial_entries where booking_id = ${booking_id}`;
  expect(sums).toEqual({ total: '250000.000', parts: '250000.000' });
});

test('a rest as large as the deposit does not look like a second deposit', async () => {
  const { booking_id } = await book('cash', '125000');
  expect(await payBooking(sql, all(booking_id), desk)).toMatchObject({ amount: '125000.000' });
});

test('twenty clicks at once take the money once', async () => {
  const { booking_id } = await book('at_clinic');
  const clicks = Array.from({ length: 20 }, () => payBooking(sql, all(booking_id), desk));
  const results = await Promise.all(clicks);
  expect(results.every(({ outcome }) => outcome === 'ok')).toBe(true);
  expect(results.filter(({ already_paid }) => already_paid === false)).toHaveLength(1);
  expect(new Set(results.map(({ payment_id }) => payment_id)).size).toBe(1);
  const [row] =
    await sql`select count(*)::integer as n from payments where booking_id = ${booking_id}`;
  expect(row).toEqual({ n: 1 });
});

test('parts need the version that was looked at, and never exceed what is left', async () => {
  const { booking_id } = await book('at_clinic');
  const part = { ...all(booking_id), amount: '100000' };
  expect(await payBooking(sql, part, desk)).toMatchObject({ outcome: 'policy_refused' });
  const first = { ...part, expected_version: 1 };
  const twice = await Promise.all([payBooking(sql, first, desk), payBooking(sql, first, desk)]);
  expect(twice.map(({ outcome }) => outcome).toSorted()).toEqual(['conflict', 'ok']);
  expect(await stateOf(booking_id)).toBe('due');
  const refused = { outcome: 'policy_refused', amount_rest: '150000.000' };
  for (const amount of ['150000.01', '0', '-1', '10.005']) {
    const wrong = { ...part, amount, expected_version: 2 };
    expect(await payBooking(sql, wrong, desk)).toMatchObject(refused);
  }
  const rest = { ...part, amount: '150000', payment_method: 'card_terminal' as const };
  expect(await payBooking(sql, rest, desk)).toMatchObject({ amount_rest: '0.000' });
  expect(await stateOf(booking_id)).toBe('paid');
});

test('customers, other clinics and unknown bookings are not_found; cancelled ones are refused', async () => {
  const { booking_id, owner } = await book('at_clinic');
  const pay = all(booking_id);
  const elsewhere = { ...desk, clinic_id: (await addClinic(sql)).id };
  const unknown = all(randomUUID());
  expect(await payBooking(sql, pay, customer(owner.user_id))).toMatchObject({
    outcome: 'not_found',
  });
  expect(await payBooking(sql, pay, elsewhere)).toMatchObject({ outcome: 'not_found' });
  expect(await payBooking(sql, unknown, desk)).toMatchObject({ outcome: 'not_found' });
  const cancel = {
    booking_id,
    reason: null,
    by: 'owner',
    expected_version: null,
    quote: false,
  } as const;
  await cancelBooking(sql, cancel, desk);
  expect(await payBooking(sql, pay, desk)).toMatchObject({ outcome: 'policy_refused' });
});

test('cancelled by the clinic, deposit and rest both go back, each once', async () => {
  const { booking_id } = await book('cash', '100000');
  await payBooking(sql, all(booking_id), desk);
  const ask = { booking_id, reason: null, by: 'clinic', expected_version: null } as const;
  const quote = await cancelBooking(sql, { ...ask, quote: true }, desk);
  expect(quote).toMatchObject({ outcome: 'ok', refund_amount: '250000.000', refund_id: null });
  const done = await cancelBooking(sql, { ...ask, quote: false }, desk);
  expect(done).toMatchObject({ outcome: 'ok', refund_amount: '250000.000' });
  const claimed = await claimRefunds(sql, 10, 60_000);
  expect(claimed.map(({ amount }) => amount).toSorted()).toEqual(['100000.000', '150000.000']);
  for (const { refund_id } of claimed) {
    const refund = {
      refund_id,
      result: 'completed',
      external_reference: null,
      error: null,
    } as const;
    await finishRefund(sql, refund);
  }
  const [sums] = await sql`
    select sum(total_amount) as total, sum(platform_fee) as fee, sum(tax_amount) as tax
    from financial_entries where booking_id = ${booking_id}`;
  expect(sums).toEqual({ total: '0.000', fee: '0.000', tax: '0.000' });
});
