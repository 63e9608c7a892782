import { expect, test } from 'vitest';
import { createTestDatabase } from '../helpers/database.ts';
import { checkLedger } from './check.ts';
import { generate } from './generate.ts';

/** The large form, 100 000 and more: node bench/ledger.ts. */
const BOOKINGS = 2_000;

const { sql } = await createTestDatabase({ max: 3, statement_timeout_ms: 60_000 });

test('thousands of bookings with every kind of money: all books agree to the last unit', {
  timeout: 120_000,
}, async () => {
  const generated = await generate(sql, BOOKINGS);
  const checked = await checkLedger(sql, generated);
  // Every twelfth hold was given back before its money came.
  const [planned] = await sql<{ kept: number }[]>`
    select count(*) as kept from run_plan where kind <> 9`;
  expect(checked.bookings).toBe(planned?.kept);
  expect(checked.refunds).toBeGreaterThan(BOOKINGS / 6);
  // And the comparison is not deaf: one unit in one entry is heard.
  await sql`
    update financial_entries
    set platform_fee = platform_fee + 1, clinic_amount = clinic_amount - 1
    where id = (
      select id from financial_entries
      where clinic_id = ${generated.clinics[0]?.id ?? ''} and settlement_id is null and type = 'payment'
      limit 1
    )`;
  await expect(checkLedger(sql, generated)).rejects.toThrow('a payment is split');
});
