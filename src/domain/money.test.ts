import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amountText,
  currency_exponents,
  exponentOf,
  formatMoney,
  parseAmount,
  splitAmount,
} from './money.ts';

const currencies = Object.keys(currency_exponents);
const money = fc.record({
  amount_minor: fc.maxSafeInteger(),
  currency: fc.constantFrom(...currencies),
});

describe('amounts', () => {
  it('reads what it writes, for every currency and every safe integer', () => {
    fc.assert(
      fc.property(money, (value) => {
        const text = amountText(value);
        // 15 digits before the point is what the SQL column holds.
        fc.pre(text.replace('-', '').split('.')[0]!.length <= 15);
        const expected = value.amount_minor === 0 ? 0 : value.amount_minor;
        expect(parseAmount(text, value.currency)).toEqual({ ...value, amount_minor: expected });
      }),
    );
  });

  it.each([
    ['250000.00', 'IDR', 25_000_000],
    ['250000', 'IDR', 25_000_000],
    ['250000.000', 'IDR', 25_000_000],
    ['3500', 'JPY', 3_500],
    ['3500.000', 'JPY', 3_500],
    ['1.500', 'KWD', 1_500],
    ['-0.01', 'EUR', -1],
    ['-0.00', 'EUR', 0],
  ])('reads %s %s as %i minor units', (text, currency, amount_minor) => {
    expect(parseAmount(text, currency)).toEqual({ amount_minor, currency });
    expect(Object.is(parseAmount(text, currency).amount_minor, -0)).toBe(false);
  });

  it.each([
    ['0.001', 'IDR'],
    ['3500.5', 'JPY'],
    ['1e3', 'EUR'],
    ['', 'EUR'],
    ['.5', 'EUR'],
    ['1,5', 'EUR'],
    [' 1', 'EUR'],
    ['999999999999999', 'KWD'],
    ['1', 'XXX'],
  ])('refuses %j %s instead of rounding or guessing', (text, currency) => {
    expect(() => parseAmount(text, currency)).toThrow(RangeError);
  });

  it('knows the exponents that Stripe uses, which are not those of Intl', () => {
    expect(exponentOf('IDR')).toBe(2);
    expect(exponentOf('JPY')).toBe(0);
    expect(exponentOf('KWD')).toBe(3);
  });
});

describe('money for people', () => {
  it.each([
    [25_000_000, 'IDR', 'id', 'Rp 250.000'],
    [25_000_000, 'IDR', 'en', 'IDR 250,000'],
    [25_000_000, 'IDR', 'ja', 'IDR 250,000'],
    [25_000_050, 'IDR', 'id', 'Rp 250.000,50'],
    [3_500, 'JPY', 'en', '¥3,500'],
    [4_500, 'EUR', 'en', '€45.00'],
  ] as const)('writes %i %s in %s as %s', (amount_minor, currency, lang, text) => {
    expect(formatMoney({ amount_minor, currency }, lang)).toBe(text);
  });

  it('never puts a no-break space into text that people copy', () => {
    fc.assert(
      fc.property(money, fc.constantFrom('en', 'ja', 'id'), (value, lang) => {
        expect(formatMoney(value, lang)).not.toMatch(/[\u00a0\u202f]/);
      }),
    );
  });
});

describe('splits', () => {
  const weights = fc
    .array(fc.nat(10_000), { minLength: 1, maxLength: 8 })
    .filter((list) => list.some((weight) => weight > 0));

  it('sum exactly, never invent a negative part, and stay within one unit of the fair share', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), weights, (amount, list) => {
        const parts = splitAmount(amount, list);
        const total = BigInt(list.reduce((sum, weight) => sum + weight, 0));
        expect(parts.reduce((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(amount));
        parts.forEach((part, index) => {
          const fair = BigInt(amount) * BigInt(list[index]!);
          const error = BigInt(part) * total - fair;
          expect(error > -total && error < total).toBe(true);
          if (list[index] === 0) expect(part).toBe(0);
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives the odd unit to the earlier of two equal parts', () => {
    expect(splitAmount(101, [1, 1])).toEqual([51, 50]);
    expect(splitAmount(100, [1, 1, 1])).toEqual([34, 33, 33]);
  });

  it('refuses weights that share nothing', () => {
    expect(() => splitAmount(100, [0, 0])).toThrow(RangeError);
    expect(() => splitAmount(100, [])).toThrow(RangeError);
    expect(() => splitAmount(100, [2, -1])).toThrow(RangeError);
  });
});
