/** Money is a whole number of the currency's smallest unit, as the payment provider counts it. */
export type Money = { readonly amount_minor: number; readonly currency: string };

/**
 * Decimal places per currency, as Stripe counts them. Intl is never asked: it says 0 for IDR, which Stripe
 * charges in hundredths. The SQL table `currencies` holds the same rows (a test compares them).
 */
export const currency_exponents: Readonly<Record<string, number>> = {
  AUD: 2,
  BRL: 2,
  CAD: 2,
  CHF: 2,
  CNY: 2,
  CZK: 2,
  DKK: 2,
  EUR: 2,
  GBP: 2,
  HKD: 2,
  IDR: 2,
  INR: 2,
  MXN: 2,
  MYR: 2,
  NOK: 2,
  NZD: 2,
  PHP: 2,
  PLN: 2,
  SEK: 2,
  SGD: 2,
  THB: 2,
  TRY: 2,
  TWD: 2,
  USD: 2,
  ZAR: 2,
  CLP: 0,
  JPY: 0,
  KRW: 0,
  PYG: 0,
  VND: 0,
  XAF: 0,
  XOF: 0,
  BHD: 3,
  JOD: 3,
  KWD: 3,
  OMR: 3,
  TND: 3,
};

/** Currencies whose amounts people write without decimals although the provider counts hundredths. */
const written_whole: ReadonlySet<string> = new Set(['IDR']);

/** Decimal places of a currency; throws on one that we do not sell in. */
export function exponentOf(currency: string): number {
  const exponent = currency_exponents[currency];
  if (exponent === undefined) throw new RangeError(`Unknown currency ${currency}`);
  return exponent;
}

/**
 * Reads a decimal text (`"250000.00"`, `"3500"`, SQL's `"3500.000"`) into minor units. Exact: digits beyond the
 * currency's exponent must be zero, and the result must be a safe integer, or it throws RangeError.
 */
export function parseAmount(text: string, currency: string): Money {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) throw new RangeError(`Not an amount: ${text}`);
  const exponent = exponentOf(currency);
  const fraction = match[3] ?? '';
  if (/[^0]/.test(fraction.slice(exponent))) {
    throw new RangeError(`${text} has more decimals than ${currency} allows (${exponent})`);
  }
  const digits = `${match[2]}${fraction.slice(0, exponent).padEnd(exponent, '0')}`;
  const amount_minor = Number(`${match[1]}${digits}`);
  if (!Number.isSafeInteger(amount_minor)) throw new RangeError(`Amount out of range: ${text}`);
  return { amount_minor: amount_minor === 0 ? 0 : amount_minor, currency };
}

/** The decimal text that JSON, CSV and SQL carry: `250000.00` IDR, `3500` JPY, `1.500` KWD. */
export function amountText({ amount_minor, currency }: Money): string {
  const exponent = exponentOf(currency);
  const sign = amount_minor < 0 ? '-' : '';
  const digits = String(Math.abs(amount_minor)).padStart(exponent + 1, '0');
  if (exponent === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** Money as people of that language write it: `Rp 250.000` (id), `IDR 250,000` (en, ja), `¥3,500`, `€45.00`. */
export function formatMoney(money: Money, lang: 'en' | 'ja' | 'id'): string {
  const exponent = exponentOf(money.currency);
  const whole_only = written_whole.has(money.currency) && money.amount_minor % 10 ** exponent === 0;
  const locale = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' }[lang];
  const formatter = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    currencyDisplay: money.currency === 'IDR' && lang !== 'id' ? 'code' : 'narrowSymbol',
    minimumFractionDigits: whole_only ? 0 : exponent,
    maximumFractionDigits: exponent,
  });
  // A decimal string keeps the value exact; Intl puts no-break spaces, which terminals copy badly.
  return formatter.format(amountText(money) as `${number}`).replace(/[\u00a0\u202f]/g, ' ');
}

/**
 * Splits an amount by integer weights; the parts sum to it exactly (largest remainder; ties go to the earlier
 * part). Weights are non-negative whole numbers with a positive sum; the amount is non-negative.
 */
export function splitAmount(amount_minor: number, weights: readonly number[]): readonly number[] {
  const total = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
  if (total <= 0n || weights.some((weight) => weight < 0)) {
    throw new RangeError('Weights must be whole numbers >= 0 with a sum > 0');
  }
  const shares = weights.map((weight, index) => {
    const product = BigInt(amount_minor) * BigInt(weight);
    return { index, part: Number(product / total), rest: product % total };
  });
  let left = amount_minor - shares.reduce((sum, share) => sum + share.part, 0);
  const by_rest = shares.toSorted((a, b) => Number(b.rest - a.rest) || a.index - b.index);
  for (const share of by_rest) {
    if (left === 0) break;
    share.part += 1;
    left -= 1;
  }
  return shares.map((share) => share.part);
}
