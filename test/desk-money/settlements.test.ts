import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { createSettlement, listSettledEntries } from '../../src/daemon/store/settlements.ts';
import { splitAmount } from '../../src/domain/money.ts';
import { desk, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addOwners,
  addService,
  addSlot,
  type Clinic,
  createTestDatabase,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase({ statement_timeout_ms: 120_000 });

afterEach(async () => {
  await assertInvariants(sql);
});

async function sellOn(clinic: Clinic, at: string): Promise<string> {
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id);
  const reservation_id = await mustHold(sql, slot_id, await addOwner(sql));
  const sold = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (sold.outcome !== 'ok') throw new Error(sold.outcome);
  await sql`
    update financial_entries set created_at = ${at} where booking_id = ${sold.booking_id}`;
  return sold.booking_id;
}

const march = (clinic: Clinic, more: { readonly dry_run?: boolean } = {}) => ({
  settlement_id: randomUUID(),
  clinic_id: clinic.id,
  from: '2026-03-01',
  to: '2026-03-31',
  dry_run: false,
  ...more,
});

test('a period is settled once: ten at a time, one batch, every entry in it', async () => {
  const clinic = await addClinic(sql, { tax_bp: 1100, commission_bp: 1500 });
  await sellOn(clinic, '2026-02-28T17:00:00Z');
  await sellOn(clinic, '2026-03-31T16:59:59Z');
  await sellOn(clinic, '2026-03-31T17:00:00Z');
  const plan = await createSettlement(sql, march(clinic, { dry_run: true }), desk);
  expect(plan).toMatchObject({ outcome: 'ok', entry_count: 2, total_amount: '500000.000' });
  const tries = Array.from({ length: 10 }, () => createSettlement(sql, march(clinic), desk));
  const results = await Promise.all(tries);
  expect(results.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
  expect(results.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(9);
  const [batch] = await sql<{ id: string; clinic_amount: string; sum: string }[]>`
    select s.id, s.clinic_amount, (
      select sum(e.clinic_amount) from financial_entries e where e.settlement_id = s.id
    ) as sum
    from settlements s where s.clinic_id = ${clinic.id}`;
  expect(batch?.clinic_amount).toBe(batch?.sum);
  const page = { settlement_id: batch?.id ?? '', after: null, limit: 10 };
  expect(await listSettledEntries(sql, page)).toHaveLength(2);
});

test('closed batches and their entries never change', async () => {
  const clinic = await addClinic(sql);
  const booking_id = await sellOn(clinic, '2026-03-10T05:00:00Z');
  expect(await createSettlement(sql, march(clinic), desk)).toMatchObject({ outcome: 'ok' });
  const kept = { constraint_name: 'financial_entries_settled' };
  await expect(sql`
    update financial_entries set settlement_date = now() where booking_id = ${booking_id}
  `).rejects.toMatchObject(kept);
  await expect(sql`
    delete from financial_entries where booking_id = ${booking_id}`).rejects.toMatchObject(kept);
  const closed = { constraint_name: 'settlements_append_only' };
  await expect(sql`update settlements set entry_count = 0`).rejects.toMatchObject(closed);
  await expect(sql`delete from settlements`).rejects.toMatchObject(closed);
});

test('a period that still runs, and another clinic’s, are refused', async () => {
  const clinic = await addClinic(sql);
  const [day] = await sql<{ today: string }[]>`
    select (now() at time zone ${clinic.time_zone})::date::text as today`;
  const running = { ...march(clinic), to: day?.today ?? '' };
  const refused = { outcome: 'policy_refused' };
  expect(await createSettlement(sql, running, desk)).toMatchObject(refused);
  const backwards = { ...march(clinic), to: '2026-02-01' };
  expect(await createSettlement(sql, backwards, desk)).toMatchObject(refused);
  const elsewhere = { ...desk, clinic_id: (await addClinic(sql)).id };
  const foreign = await createSettlement(sql, march(clinic), elsewhere);
  expect(foreign).toMatchObject({ outcome: 'not_found' });
});

test('five thousand random payments are split in SQL as in the program, to the last unit', async () => {
  const cases = fc.sample(
    fc.record({
      amount: fc.integer({ min: 0, max: 2_000_000_000 }),
      commission: fc.integer({ min: 0, max: 5_000 }),
      tax: fc.integer({ min: 0, max: 5_000 }),
      currency: fc.constantFrom('IDR', 'JPY', 'KWD'),
    }),
    5_000,
  );
  const exponents = { IDR: 2, JPY: 0, KWD: 3 } as const;
  const rows = await sql<{ parts: number[] }[]>`
    select array(
      select (part * power(10::numeric, c.exponent))::bigint::integer
      from unnest(split_payment(
        k.amount / power(10::numeric, c.exponent), k.currency, k.commission, k.tax
      )) with ordinality as u (part, i)
      order by i
    ) as parts
    from unnest(
      ${cases.map(({ amount }) => amount)}::bigint[],
      ${cases.map(({ commission }) => commission)}::integer[],
      ${cases.map(({ tax }) => tax)}::integer[],
      ${cases.map(({ currency }) => currency)}::text[]
    ) with ordinality as k (amount, commission, tax, currency, n)
    join currencies c on c.code = k.currency
    order by n`;
  cases.forEach(({ amount, commission, tax, currency }, index) => {
    expect(exponents[currency]).toBeDefined();
    const whole = 10_000 * (10_000 + tax);
    const fee = commission * (10_000 + tax);
    const weights = [fee, whole - fee - 10_000 * tax, 10_000 * tax];
    expect(rows[index]?.parts).toEqual(splitAmount(amount, weights));
    expect(rows[index]?.parts.reduce((sum, part) => sum + part, 0)).toBe(amount);
  });
});

test('a generated season of bookings: entries make up payments less refunds', {
  timeout: 120_000,
}, async () => {
  const bookings = 1_000;
  const clinic = await addClinic(sql, { tax_bp: 1100, commission_bp: 1250 });
  const service_id = await addService(sql, clinic, { price: '333333.33', deposit: '100000.01' });
  const owners = await addOwners(sql, bookings);
  await sql`
    insert into slots (
      clinic_id, service_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time
    )
    select ${clinic.id}, ${service_id}, t, t + interval '1 minute', t::date, t::time,
      (t + interval '1 minute')::time
    from generate_series(1, ${bookings}::integer) as n,
      lateral (select date_trunc('minute', now()) + n * interval '1 minute' as t) as at`;
  const actor = sql.json(desk);
  // Each step through the real functions, for all of them in one statement.
  await sql`
    with pairs as (
      select s.id as slot_id, o.user_id, o.pet_id
      from (
        select id, row_number() over (order by starts_at) as n
        from slots where service_id = ${service_id}
      ) s
      join unnest(
        ${owners.map(({ user_id }) => user_id)}::uuid[], ${owners.map(({ pet_id }) => pet_id)}::uuid[]
      ) with ordinality as o (user_id, pet_id, n) on o.n = s.n
    )
    select count(h.outcome)
    from pairs, hold_slot(
      gen_random_uuid(), slot_id, user_id, pet_id, 1, null, 'lock', null, ${actor}
    ) h`;
  await sql`
    select count(x.outcome)
    from (select id from reservations where service_id = ${service_id} and status = 'pending') r,
      confirm_reservation(r.id, 'cash', null, null, ${actor}) x`;
  await sql`
    select count(x.outcome)
    from (select id from bookings where service_id = ${service_id}
      and hashtext(id::text) % 2 = 0) b,
      pay_booking(b.id, 'transfer', null, null, ${actor}) x`;
  await sql`
    select count(x.outcome)
    from (select id from bookings where service_id = ${service_id}
      and hashtext(id::text) % 3 = 0) b,
      cancel_booking(b.id, null, 'clinic', null, false, ${actor}) x`;
  await sql`
    select count(x.outcome)
    from (select refund_id from claim_refunds(${bookings * 2}, 60000)) f,
      finish_refund(f.refund_id, 'completed', null, null) x`;
  const [sums] = await sql<{ n: number; paid: string; returned: string; entered: string }[]>`
    select
      (select count(*) from bookings where clinic_id = ${clinic.id}) as n,
      (select sum(amount) from payments where clinic_id = ${clinic.id}
        and status in ('success', 'refunded')) as paid,
      (select sum(amount) from refunds where clinic_id = ${clinic.id}
        and status = 'completed') as returned,
      (select sum(platform_fee + clinic_amount + tax_amount) from financial_entries
        where clinic_id = ${clinic.id}) as entered`;
  expect(sums?.n).toBe(bookings);
  expect(Number(sums?.returned)).toBeGreaterThan(0);
  const minor = (text = '0') => BigInt(text.replace('.', ''));
  expect(minor(sums?.entered)).toBe(minor(sums?.paid) - minor(sums?.returned));
});
