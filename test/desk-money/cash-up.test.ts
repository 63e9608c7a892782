import { afterEach, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { countCash, readCashUp } from '../../src/daemon/store/cash-up.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { claimRefunds, finishRefund } from '../../src/daemon/store/payments.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { desk, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  createTestDatabase,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase();

afterEach(async () => {
  await assertInvariants(sql);
});

async function sell(clinic: Clinic, payment_method: 'cash' | 'transfer'): Promise<string> {
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id);
  const reservation_id = await mustHold(sql, slot_id, await addOwner(sql));
  const sold = await confirmReservation(sql, { reservation_id, payment_method }, desk);
  if (sold.outcome !== 'ok') throw new Error(sold.outcome);
  return sold.booking_id;
}

async function dayOf(clinic: Clinic, days = 0): Promise<string> {
  const [row] = await sql<{ day: string }[]>`
    select ((now() at time zone ${clinic.time_zone})::date + ${days}::integer)::text as day`;
  return row?.day ?? '';
}

test('takings by method less what went back; the drawer should hold the cash', async () => {
  const clinic = await addClinic(sql);
  const today = await dayOf(clinic);
  await sell(clinic, 'cash');
  await sell(clinic, 'transfer');
  const booking_id = await sell(clinic, 'cash');
  const call_off = { booking_id, reason: null, by: 'clinic', expected_version: null } as const;
  await cancelBooking(sql, { ...call_off, quote: false }, desk);
  for (const { refund_id } of await claimRefunds(sql, 10, 60_000)) {
    const handed_over = { result: 'completed', external_reference: null, error: null } as const;
    await finishRefund(sql, { refund_id, ...handed_over });
  }
  const { rows, expected, count } = await readCashUp(sql, clinic.id, today);
  expect(rows).toMatchObject([
    { payment_method: 'cash', taken: '500000.000', taken_count: 2, returned: '250000.000' },
    { payment_method: 'transfer', taken: '250000.000', taken_count: 1, returned_count: 0 },
  ]);
  expect(expected).toBe('250000.000');
  expect(count).toBeNull();
});

test('a count keeps who counted and the difference; a recount is another one', async () => {
  const clinic = await addClinic(sql);
  const date = await dayOf(clinic);
  await sell(clinic, 'cash');
  const first = { clinic_id: clinic.id, date, counted: '240000', note: 'drawer 2' };
  expect(await countCash(sql, first, desk)).toEqual({ outcome: 'ok' });
  expect(await countCash(sql, { ...first, counted: '250000' }, desk)).toEqual({ outcome: 'ok' });
  const rows = await sql`
    select expected, counted, difference, counted_by from cash_counts
    where clinic_id = ${clinic.id} order by created_at`;
  expect(rows.map(({ difference }) => difference)).toEqual(['-10000.000', '0.000']);
  expect(rows[0]?.['counted_by']).toBe(desk.id);
  expect((await readCashUp(sql, clinic.id, date)).count).toMatchObject({ counted: '250000.000' });
  const kept = { constraint_name: 'cash_counts_append_only' };
  await expect(sql`update cash_counts set counted = 1`).rejects.toMatchObject(kept);
  await expect(sql`delete from cash_counts`).rejects.toMatchObject(kept);
});

test('a day to come and a strange clinic cannot be counted', async () => {
  const clinic = await addClinic(sql);
  const count = { clinic_id: clinic.id, counted: '1', note: null };
  const tomorrow = { ...count, date: await dayOf(clinic, 1) };
  expect(await countCash(sql, tomorrow, desk)).toEqual({ outcome: 'policy_refused' });
  const elsewhere = { ...desk, clinic_id: (await addClinic(sql)).id };
  const today = { ...count, date: await dayOf(clinic) };
  expect(await countCash(sql, today, elsewhere)).toEqual({ outcome: 'not_found' });
});

test('a day is the clinic’s own, also when it has 25 hours', async () => {
  const clinic = await addClinic(sql, { time_zone: 'America/New_York' });
  // The clocks went back on 1 November 2026: 24:30 hours after its midnight it is still that day.
  await sell(clinic, 'cash');
  const moveTo = async (at: string) => {
    await sql`update financial_entries set created_at = ${at} where clinic_id = ${clinic.id}`;
  };
  await moveTo('2026-11-02T04:30:00Z');
  expect((await readCashUp(sql, clinic.id, '2026-11-01')).expected).toBe('250000.000');
  await moveTo('2026-11-02T05:00:00Z');
  expect((await readCashUp(sql, clinic.id, '2026-11-01')).expected).toBe('0');
  expect((await readCashUp(sql, clinic.id, '2026-11-02')).expected).toBe('250000.000');
});
