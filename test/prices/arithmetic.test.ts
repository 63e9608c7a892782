import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amountText, currency_exponents } from '../../src/domain/money.ts';
import { type PriceLine, taxLines, tierLines } from '../../src/domain/pricing.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();
const currencies = Object.keys(currency_exponents);

const price = fc.integer({ min: 0, max: 100_000_000 });
const step = fc.record({
  from: fc.integer({ min: 2, max: 50 }),
  price_minor: price,
  per: fc.constantFrom('seat' as const, 'package' as const),
});
const wish = fc.record({
  // JPY has no decimals, IDR two, BHD three; the others as they come.
  currency: fc.oneof(fc.constantFrom('JPY', 'IDR', 'BHD'), fc.constantFrom(...currencies)),
  tax_bp: fc.integer({ min: 0, max: 5_000 }),
  is_included: fc.boolean(),
  parts: fc.array(
    fc.record({
      seats: fc.integer({ min: 1, max: 50 }),
      price_minor: price,
      quantity_prices: fc.uniqueArray(step, { selector: ({ from }) => from, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

/** The same question asked of PostgreSQL: the lines of each part, then the tax of all. */
async function askSql(one: typeof wish extends fc.Arbitrary<infer T> ? T : never) {
  const money = (amount_minor: number) => amountText({ amount_minor, currency: one.currency });
  const parts = one.parts.map(({ seats, price_minor, quantity_prices }, index) => ({
    seats,
    name: `T${index}`,
    price: money(price_minor),
    quantity_prices: quantity_prices.map(({ price_minor: of, ...rest }) => ({
      ...rest,
      price: money(of),
    })),
  }));
  const [row] = await sql<{ lines: Record<string, unknown>[]; amount: string; tax: string }[]>`
    with parts as (
      select p, i from jsonb_array_elements(${sql.json(parts)}) with ordinality as u (p, i)
    ), priced as (
      select i, k, l
      from parts,
        jsonb_array_elements(price_tier_lines(
          jsonb_populate_record(null::price_tiers, p - 'seats'), (p ->> 'seats')::integer
        )) with ordinality as v (l, k)
    )
    select x.lines, x.amount, x.tax_amount as tax
    from tax_lines(
      (select jsonb_agg(l order by i, k) from priced), ${one.currency}, ${one.tax_bp},
      ${one.is_included}
    ) x`;
  return row!;
}

test('SQL and the second reading agree to the last unit, in every currency', async () => {
  await fc.assert(
    fc.asyncProperty(wish, async (one) => {
      const lines: readonly PriceLine[] = one.parts.flatMap(
        ({ seats, price_minor, quantity_prices }, index) =>
          tierLines({ name: `T${index}`, price_minor, quantity_prices }, seats),
      );
      const expected = taxLines(lines, one);
      const money = (amount_minor: number) => amountText({ amount_minor, currency: one.currency });
      const found = await askSql(one);
      expect([found.amount, found.tax]).toEqual([
        money(expected.amount_minor),
        money(expected.tax_minor),
      ]);
      expect(found.lines).toEqual(
        expected.lines.map((line) => ({
          tier_id: null,
          tier: line.tier,
          seats: line.seats,
          units: line.units,
          unit: line.unit,
          unit_price: money(line.unit_minor),
          amount: money(line.amount_minor),
          tax_amount: money(line.tax_minor),
          total: money(line.total_minor),
        })),
      );
    }),
    { numRuns: 400 },
  );
});
