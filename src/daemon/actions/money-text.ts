import { amountText, parseAmount } from '../../domain/money.ts';

/** SQL's `250000.000` as the API writes it: `250000.00`, with the currency's own decimals. */
export function moneyText(amount: string, currency: string): string {
  return amountText(parseAmount(amount, currency));
}
