import { beforeAll, expect, test } from 'vitest';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { cli } from '../cli/harness.ts';
import { desk, mustHold } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot, type Clinic } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';

/** `petpro reports money` against the ledger itself, over days of 23 and 25 hours. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let clinic: Clinic;
let manager = '';
let other_manager = '';

type Fact = { readonly day: string; readonly method: string; readonly total: number };
const facts: Fact[] = [];

/** Both clock changes of New York in 2025, and moments around their midnights. */
const moments = [
  '2025-03-08T23:59:59-05:00',
  '2025-03-09T00:00:00-05:00',
  '2025-03-09T23:59:59-04:00',
  '2025-03-10T00:00:00-04:00',
  '2025-11-01T23:59:59-04:00',
  '2025-11-02T01:30:00-04:00',
  '2025-11-02T01:30:00-05:00',
  '2025-11-02T23:59:59-05:00',
  '2025-11-03T00:00:00-05:00',
];

beforeAll(async () => {
  clinic = await addClinic(sql, {
    currency: 'USD',
    time_zone: 'America/New_York',
    commission_bp: 1_250,
    tax_bp: 700,
  });
  manager = await harness.addKey('manager', clinic.id);
  other_manager = await harness.addKey('manager', (await addClinic(sql)).id);
  const service_id = await addService(sql, clinic, { price: '80.25' });
  for (const [index, moment] of moments.entries()) {
    const slot_id = await addSlot(sql, clinic, service_id, { in_hours: 100 + 2 * index });
    const reservation_id = await mustHold(sql, slot_id, await addOwner(sql));
    const payment_method = index % 3 === 0 ? 'card_terminal' : 'cash';
    const paid = await confirmReservation(sql, { reservation_id, payment_method }, desk);
    if (paid.outcome !== 'ok') throw new Error(`the confirm failed: ${paid.outcome}`);
    const { booking_id } = paid;
    await sql`
      update financial_entries set created_at = ${moment} where booking_id = ${booking_id}`;
    const day = Temporal.Instant.from(moment)
      .toZonedDateTimeISO(clinic.time_zone)
      .toPlainDate()
      .toString();
    facts.push({ day, method: payment_method, total: 8_025 });
    if (index !== 4) continue;
    // One is given back in part at the desk, a day later on the clinic's calendar.
    await sql`
      with r as (
        insert into refunds (payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason,
          status)
        select id, reservation_id, booking_id, clinic_id, 20.05, 'USD', 'goodwill', 'completed'
        from payments where booking_id = ${booking_id}
        returning id, payment_id
      )
      insert into financial_entries (
        booking_id, payment_id, refund_id, clinic_id, type, total_amount, platform_fee, clinic_amount,
        tax_amount, currency, created_at
      )
      select ${booking_id}, r.payment_id, r.id, ${clinic.id}, 'refund', -20.05, -2.50, -16.15, -1.40,
        'USD', '2025-11-02T12:00:00-05:00'
      from r`;
    facts.push({ day: '2025-11-02', method: payment_method, total: -2_005 });
  }
});

const run = (words: readonly string[], token = manager) =>
  cli(['reports', 'money', ...words], {
    env: { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token },
  });
const range = ['--from', '2025-03-08', '--to', '2025-11-30'];

type Row = {
  readonly key: string;
  readonly taken: string;
  readonly refunded: string;
  readonly net: string;
  readonly platform_fee: string;
  readonly tax_amount: string;
  readonly clinic_amount: string;
  readonly methods: readonly { readonly payment_method: string; readonly taken: string }[];
};
const rowsOf = (out: string): readonly Row[] => JSON.parse(out).items;
const cents = (text: string) => Math.round(Number(text) * 100);
const sum = (some: readonly Fact[]) => some.reduce((all, { total }) => all + total, 0);

test.each([
  ['day', 268, (day: string) => day],
  ['month', 9, (day: string) => `${day.slice(0, 7)}-01`],
  ['week', 39, null],
  ['method', 2, null],
] as const)('by %s it is the ledger, row for row', async (by, count, keyOf) => {
  const { out, code } = await run([...range, '--by', by, '--json']);
  expect(code).toBe(0);
  const rows = rowsOf(out);
  expect(rows).toHaveLength(count);
  const net = rows.reduce((all, row) => all + cents(row.net), 0);
  expect(net).toBe(sum(facts));
  for (const row of rows) {
    const parts = cents(row.platform_fee) + cents(row.tax_amount) + cents(row.clinic_amount);
    expect(parts).toBe(cents(row.net));
    expect(cents(row.taken) - cents(row.refunded)).toBe(cents(row.net));
    if (keyOf) {
      const own = facts.filter(({ day }) => keyOf(day) === row.key);
      expect([row.key, cents(row.net)]).toEqual([row.key, sum(own)]);
    }
    if (by === 'method') {
      expect(cents(row.net)).toBe(sum(facts.filter(({ method }) => method === row.key)));
    }
  }
});

test('a day tells what came in by which means, as the cash-up of that day does', async () => {
  const day = ['--from', '2025-11-02', '--to', '2025-11-02'];
  const [row] = rowsOf((await run([...day, '--json'])).out);
  const cash_up = await sql<{ payment_method: string; taken: string; returned: string }[]>`
    select payment_method, taken, returned from cash_up(${clinic.id}, '2025-11-02')`;
  expect(row?.methods.map(({ payment_method, taken }) => [payment_method, cents(taken)])).toEqual(
    cash_up.map(({ payment_method, taken }) => [payment_method, cents(taken)]),
  );
  expect(row).toMatchObject({ refunded: '20.05', refunds: 1 });
});

test('people get a table, spreadsheets get columns, others get nothing', async () => {
  const month = ['--from', '2025-11-01', '--to', '2025-11-30', '--by', 'month'];
  const table = await run(month);
  expect(table.out).toMatch(/^2025-11\t5\t/m);
  const { out } = await run([...month, '-o', 'csv']);
  expect(out.split('\r\n')[0]).toBe(
    'key,payments,taken,refunds,refunded,net,platform_fee,tax_amount,clinic_amount',
  );
  expect(out).toContain('2025-11-01,5,401.25,1,20.05,381.20,');
  const odd = await run(['--by', 'year']);
  expect(odd).toMatchObject({ code: 2 });
  const long = await run(['--from', '2023-01-01', '--to', '2025-01-01']);
  expect(long).toMatchObject({ code: 2 });
  expect(long.err).toContain('366 days');
  const foreign = await run([...month, '--clinic', clinic.id], other_manager);
  expect([3, 5]).toContain(foreign.code);
});
