import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PricedTier, taxLines, tierLines } from './pricing.ts';

const minor = fc.integer({ min: 0, max: 10_000_000_00 });
const tier: fc.Arbitrary<PricedTier> = fc.record({
  name: fc.constantFrom('Adult', 'Child'),
  price_minor: minor,
  quantity_prices: fc.uniqueArray(
    fc.record({
      from: fc.integer({ min: 2, max: 50 }),
      price_minor: minor,
      per: fc.constantFrom('seat' as const, 'package' as const),
    }),
    { selector: ({ from }) => from, maxLength: 4 },
  ),
});
const seats = fc.integer({ min: 1, max: 50 });
const rule = fc.record({ tax_bp: fc.integer({ min: 0, max: 5_000 }), is_included: fc.boolean() });

test('lines cover every seat once, and each is unit price x units', () => {
  fc.assert(
    fc.property(tier, seats, (one, count) => {
      const lines = tierLines(one, count);
      expect(lines.reduce((sum, line) => sum + line.seats, 0)).toBe(count);
      for (const line of lines) {
        expect(line.amount_minor).toBe(line.unit_minor * line.units);
        expect(line.units).toBeGreaterThan(0);
      }
    }),
  );
});

test('the highest step that is reached decides; a package leaves single seats at the tier price', () => {
  const family: PricedTier = {
    name: 'Adult',
    price_minor: 100,
    quantity_prices: [
      { from: 10, price_minor: 70, per: 'seat' },
      { from: 4, price_minor: 301, per: 'package' },
    ],
  };
  const cost = (count: number) => tierLines(family, count).reduce((s, l) => s + l.amount_minor, 0);
  expect([1, 3, 4, 5, 8, 9, 10, 11].map(cost)).toEqual([100, 300, 301, 401, 602, 702, 700, 770]);
});

test('tax of the lines is the tax of the sum, and the totals are what is paid', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(tier, seats), { minLength: 1, maxLength: 6 }),
      rule,
      (all, by) => {
        const lines = all.flatMap(([one, count]) => tierLines(one, count));
        const taxed = taxLines(lines, by);
        const net = lines.reduce((sum, line) => sum + line.amount_minor, 0);
        const sum = (of: 'tax_minor' | 'total_minor') =>
          taxed.lines.reduce((total, line) => total + line[of], 0);
        expect(sum('tax_minor')).toBe(taxed.tax_minor);
        expect(sum('total_minor')).toBe(taxed.amount_minor);
        expect(taxed.amount_minor).toBe(by.is_included ? net : net + taxed.tax_minor);
        // Within half a unit of the exact tax, in whole numbers.
        const base = BigInt(by.is_included ? 10_000 + by.tax_bp : 10_000);
        const off = BigInt(taxed.tax_minor) * base - BigInt(net) * BigInt(by.tax_bp);
        expect((off < 0n ? -off : off) * 2n <= base).toBe(true);
        for (const line of taxed.lines) expect(Number.isSafeInteger(line.total_minor)).toBe(true);
      },
    ),
  );
});
