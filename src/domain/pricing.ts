import { splitAmount } from './money.ts';

/**
 * What seats of several tiers cost, in minor units. PostgreSQL decides (price_items, in hold_slot);
 * this is the same arithmetic written once more, which tests and models hold it against.
 */

/** From `from` seats on each seat costs this; or each full package of `from` seats does. */
export type QuantityPrice = {
  readonly from: number;
  readonly price_minor: number;
  readonly per: 'seat' | 'package';
};

export type PricedTier = {
  readonly name: string;
  readonly price_minor: number;
  readonly quantity_prices: readonly QuantityPrice[];
};

/** `unit_minor` x `units` = `amount_minor`; `seats` is how many seats that is. */
export type PriceLine = {
  readonly tier: string;
  readonly seats: number;
  readonly units: number;
  readonly unit: 'seat' | 'package';
  readonly unit_minor: number;
  readonly amount_minor: number;
};

export type TaxedLine = PriceLine & {
  readonly tax_minor: number;
  /** What is paid for the line: with tax, whether it was contained or came on top. */
  readonly total_minor: number;
};

export type TaxRule = {
  /** Basis points: 1100 = 11 %. */
  readonly tax_bp: number;
  /** False: prices are without tax, which comes on top. */
  readonly is_included: boolean;
};

function line(
  tier: PricedTier,
  seats: number,
  units: number,
  unit: PriceLine['unit'],
  unit_minor: number,
): PriceLine {
  return { tier: tier.name, seats, units, unit, unit_minor, amount_minor: unit_minor * units };
}

/** What some seats of one tier cost: the quantity price with the highest `from` that they reach. */
export function tierLines(tier: PricedTier, seats: number): readonly PriceLine[] {
  const rule = tier.quantity_prices
    .filter(({ from }) => from <= seats)
    .toSorted((a, b) => b.from - a.from)[0];
  if (!rule) return [line(tier, seats, seats, 'seat', tier.price_minor)];
  if (rule.per === 'seat') return [line(tier, seats, seats, 'seat', rule.price_minor)];
  const packages = Math.trunc(seats / rule.from);
  const rest = seats % rule.from;
  const full = line(tier, packages * rule.from, packages, 'package', rule.price_minor);
  return rest === 0 ? [full] : [full, line(tier, rest, rest, 'seat', tier.price_minor)];
}

/** Half up, exactly: both are whole and not negative. */
function divideRounded(numerator: bigint, denominator: bigint): number {
  return Number((numerator * 2n + denominator) / (denominator * 2n));
}

/** Tax of all lines, rounded once; the lines share it by largest remainder. */
export function taxLines(
  lines: readonly PriceLine[],
  { tax_bp, is_included }: TaxRule,
): {
  readonly lines: readonly TaxedLine[];
  readonly amount_minor: number;
  readonly tax_minor: number;
} {
  const sum = lines.reduce((total, one) => total + one.amount_minor, 0);
  const base = is_included ? 10_000 + tax_bp : 10_000;
  const tax_minor = divideRounded(BigInt(sum) * BigInt(tax_bp), BigInt(base));
  const weights = lines.map(({ amount_minor }) => amount_minor);
  const shares = tax_minor === 0 ? [] : splitAmount(tax_minor, weights);
  return {
    lines: lines.map((one, index) => {
      const share = shares[index] ?? 0;
      const total_minor = one.amount_minor + (is_included ? 0 : share);
      return { ...one, tax_minor: share, total_minor };
    }),
    amount_minor: sum + (is_included ? 0 : tax_minor),
    tax_minor,
  };
}
