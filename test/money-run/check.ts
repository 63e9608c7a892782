import type { Sql } from 'postgres';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { exponentOf } from '../../src/domain/money.ts';
import { partsOf, splitByWeights } from '../model/ledger.ts';
import type { Generated } from './generate.ts';

/**
 * Adds the ledger up again outside of the database, in whole minor units, and compares it with what
 * the product's functions say.
 */

type Clinic = Generated['clinics'][number];
type Entry = {
  readonly booking_id: string;
  readonly payment_id: string;
  readonly refund_id: string | null;
  readonly type: 'payment' | 'refund' | 'reversal';
  readonly method: string;
  /** Minor units. */
  readonly total: number;
  readonly fee: number;
  readonly clinic: number;
  readonly tax: number;
  readonly at: Temporal.Instant;
};
type Sums = { total: number; fee: number; clinic: number; tax: number; entries: number };

export type Checked = {
  readonly bookings: number;
  readonly payments: number;
  readonly refunds: number;
  readonly entries: number;
  readonly settlements: number;
  readonly cash_up_days: number;
};

const wrong = (what: string, found: unknown, expected: unknown): never => {
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
};

function expectSame(what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) wrong(what, found, expected);
}

const noSums = (): Sums => ({ total: 0, fee: 0, clinic: 0, tax: 0, entries: 0 });

function addTo(sums: Sums, entry: Entry): void {
  sums.total += entry.total;
  sums.fee += entry.fee;
  sums.clinic += entry.clinic;
  sums.tax += entry.tax;
  sums.entries += 1;
}

async function entriesOf(sql: Sql, clinic: Clinic): Promise<readonly Entry[]> {
  const unit = 10 ** exponentOf(clinic.currency);
  return await sql<Entry[]>`
    select e.booking_id, e.payment_id, e.refund_id, e.type, p.payment_method as method,
      (e.total_amount * ${unit}::integer)::bigint as total,
      (e.platform_fee * ${unit}::integer)::bigint as fee,
      (e.clinic_amount * ${unit}::integer)::bigint as clinic,
      (e.tax_amount * ${unit}::integer)::bigint as tax, e.created_at as at
    from financial_entries e
    join payments p on p.id = e.payment_id
    where e.clinic_id = ${clinic.id} and e.currency = ${clinic.currency}
    order by e.created_at, e.id`;
}

/** Every entry is split to the last unit by largest remainder, refunds as their payment was. */
function checkSplits(entries: readonly Entry[], { commission_bp, tax_bp }: Clinic): void {
  const of_payment = new Map<string, readonly number[]>();
  for (const entry of entries) {
    if (entry.type !== 'payment') continue;
    const parts = partsOf(entry.total, commission_bp, tax_bp);
    of_payment.set(entry.payment_id, parts);
    expectSame('a payment is split', [entry.fee, entry.clinic, entry.tax], parts);
  }
  for (const entry of entries) {
    if (entry.type === 'payment') continue;
    const sign = entry.type === 'refund' ? -1 : 1;
    const whole = of_payment.get(entry.payment_id) ?? [];
    const parts = splitByWeights(entry.total * sign, whole.map(BigInt));
    const found = [entry.fee * sign, entry.clinic * sign, entry.tax * sign];
    expectSame(`a ${entry.type} is split`, found, parts);
  }
}

/** What came in less what went back, booking by booking, from the payments and refunds themselves. */
async function checkBookings(sql: Sql, clinic: Clinic, entries: readonly Entry[]) {
  const unit = 10 ** exponentOf(clinic.currency);
  const rows = await sql<{ booking_id: string; received: number; returned: number }[]>`
    select p.booking_id, sum(p.amount * ${unit}::integer)::bigint as received,
      sum(coalesce(f.amount, 0) * ${unit}::integer)::bigint as returned
    from payments p
    left join (
      select payment_id, sum(amount) as amount from refunds where status = 'completed'
      group by payment_id
    ) as f on f.payment_id = p.id
    where p.clinic_id = ${clinic.id} and p.booking_id is not null
      and p.status in ('success', 'refunded')
    group by p.booking_id`;
  const sums = new Map<string, number>();
  for (const { booking_id, total } of entries) {
    sums.set(booking_id, (sums.get(booking_id) ?? 0) + total);
  }
  let kept = 0;
  for (const { booking_id, received, returned } of rows) {
    expectSame(`ledger of ${booking_id}`, sums.get(booking_id), received - returned);
    kept += received - returned;
    sums.delete(booking_id);
  }
  expectSame('entries without a payment', sums.size, 0);
  return { kept, paid_bookings: rows.length };
}

const dayOf = ({ at }: Entry, { time_zone }: Clinic) =>
  at.toZonedDateTimeISO(time_zone).toPlainDate().toString();

/** The takings of each local day by means of payment. */
async function checkCashUp(sql: Sql, clinic: Clinic, entries: readonly Entry[]): Promise<number> {
  const unit = 10 ** exponentOf(clinic.currency);
  const days = new Map<string, Map<string, { taken: number; returned: number }>>();
  for (const entry of entries) {
    const day = dayOf(entry, clinic);
    const methods = days.get(day) ?? new Map<string, { taken: number; returned: number }>();
    const sums = methods.get(entry.method) ?? { taken: 0, returned: 0 };
    if (entry.type === 'payment') sums.taken += entry.total;
    else sums.returned -= entry.total;
    days.set(day, methods.set(entry.method, sums));
  }
  for (const [day, methods] of days) {
    const rows = await sql<{ method: string; taken: number; returned: number }[]>`
      select payment_method as method, (taken * ${unit}::integer)::bigint as taken,
        (returned * ${unit}::integer)::bigint as returned
      from cash_up(${clinic.id}, ${day})
      order by payment_method collate "C"`;
    const expected = [...methods]
      .map(([method, sums]) => ({ method, ...sums }))
      .toSorted((a, b) => (a.method < b.method ? -1 : 1));
    expectSame(`cash-up of ${day}`, rows, expected);
    const [cash] = await sql<{ expected: number }[]>`
      select (expected_cash(${clinic.id}, ${day}) * ${unit}::integer)::bigint as expected`;
    const { taken = 0, returned = 0 } = methods.get('cash') ?? {};
    expectSame(`cash in the drawer on ${day}`, cash?.expected, taken - returned);
  }
  return days.size;
}

/** Closes three periods, and adds up what each of them and all of them together must hold. */
async function checkSettlements(sql: Sql, clinic: Clinic, entries: readonly Entry[]) {
  const unit = 10 ** exponentOf(clinic.currency);
  const days = entries.map((entry) => dayOf(entry, clinic)).toSorted();
  const first = Temporal.PlainDate.from(days[0] ?? '2026-01-01');
  const yesterday = Temporal.Now.plainDateISO(clinic.time_zone).subtract({ days: 1 });
  const bounds = [
    first,
    first.add({ days: 15 }),
    first.add({ days: 30 }),
    yesterday.add({ days: 1 }),
  ];
  const settled = noSums();
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const to = (bounds[index + 1] ?? yesterday).subtract({ days: 1 });
    const inside = noSums();
    for (const entry of entries) {
      const day = dayOf(entry, clinic);
      if (day >= from.toString() && day <= to.toString()) addTo(inside, entry);
    }
    const [batch] = await sql<(Sums & { outcome: string })[]>`
      select outcome, (total_amount * ${unit}::integer)::bigint as total,
        (platform_fee * ${unit}::integer)::bigint as fee,
        (clinic_amount * ${unit}::integer)::bigint as clinic,
        (tax_amount * ${unit}::integer)::bigint as tax, entry_count as entries
      from create_settlement(
        gen_random_uuid(), ${clinic.id}, ${from.toString()}, ${to.toString()}, false,
        '{"kind":"operator","source":"api","request_id":"money-run"}'
      )`;
    expectSame(`settlement from ${from}`, batch, { outcome: 'ok', ...inside });
    for (const key of ['total', 'fee', 'clinic', 'tax', 'entries'] as const) {
      settled[key] += inside[key];
    }
  }
  const open = noSums();
  for (const entry of entries) {
    if (dayOf(entry, clinic) > yesterday.toString()) addTo(open, entry);
  }
  const [left] = await sql<{ total: number }[]>`
    select (coalesce(sum(total_amount), 0) * ${unit}::integer)::bigint as total
    from financial_entries where clinic_id = ${clinic.id} and settlement_id is null`;
  expectSame('not settled yet', left?.total, open.total);
  return { total: settled.total + open.total, batches: bounds.length - 1 };
}

/** Throws at the first figure that does not agree; answers how much there was to compare. */
export async function checkLedger(sql: Sql, { clinics }: Generated): Promise<Checked> {
  let [all_entries, settlements, cash_up_days] = [0, 0, 0];
  for (const clinic of clinics) {
    const entries = await entriesOf(sql, clinic);
    all_entries += entries.length;
    checkSplits(entries, clinic);
    const { kept } = await checkBookings(sql, clinic, entries);
    cash_up_days += await checkCashUp(sql, clinic, entries);
    const { total, batches } = await checkSettlements(sql, clinic, entries);
    settlements += batches;
    // Payments less refunds, once from the bookings and once from what was settled.
    expectSame(`${clinic.currency} settled and open`, total, kept);
  }
  await assertInvariants(sql);
  const [counts] = await sql<
    { bookings: number; payments: number; refunds: number; entries: number }[]
  >`
    select (select count(*) from bookings) as bookings,
      (select count(*) from payments where status in ('success', 'refunded')) as payments,
      (select count(*) from refunds) as refunds,
      (select count(*) from financial_entries) as entries`;
  if (!counts) throw new Error('nothing to count');
  expectSame('entries of all clinics', counts.entries, all_entries);
  return { ...counts, settlements, cash_up_days };
}
