import { AppError } from '../../domain/errors.ts';
import { amountText, type Money, parseAmount } from '../../domain/money.ts';
import { receiptPaper } from '../../domain/paper.ts';
import { percentText, type ReceiptFacts, receiptHtml, receiptText } from '../../domain/receipt.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { printPdf } from '../paper/print.ts';
import { findReceipt } from '../store/receipts.ts';
import { scopeOf } from './actor.ts';
import { masker } from './personal-data.ts';
import { zonedText } from './slot-time.ts';

/** The receipt of a payment; a reference names the last payment of its booking. */
export async function getReceipt(
  app: App,
  actor: Actor,
  input: Input<'get_receipt'>,
): Promise<Output<'get_receipt'>> {
  const row = await findReceipt(app.sql, input.payment_id, scopeOf(actor));
  if (!row) throw new AppError('not_found', 'There is no such payment of a booking.');
  const mask = masker(actor);
  const { currency, time_zone, reference_code, tax_bp } = row;
  const money = (text: string): Money => parseAmount(text, currency);
  const rest_minor = money(row.price).amount_minor - money(row.amount_paid).amount_minor;
  const facts: ReceiptFacts = {
    receipt_number: `${reference_code}-${row.number}`,
    lang: input.lang ?? row.lang,
    clinic_name: row.clinic_name,
    clinic_address: row.clinic_address,
    clinic_phone: row.clinic_phone,
    owner_name: mask(row.owner_name),
    pet_name: mask(row.pet_name),
    service_name: row.service_name,
    starts_at: row.starts_at,
    paid_at: row.paid_at,
    time_zone,
    payment_method: row.payment_method,
    lines: (row.price_lines ?? []).map(({ tier, units, total }) => ({
      tier: tier ?? row.service_name,
      units,
      total: money(total),
    })),
    price: money(row.price),
    amount: money(row.amount),
    tax: money(row.tax_amount),
    tax_bp,
    rest: { amount_minor: Math.max(0, rest_minor), currency },
    refunded: money(row.refunded),
  };
  const { price, amount, tax, rest, lines: _, refunded, starts_at, paid_at, ...words } = facts;
  const pdf =
    input.format === 'pdf' ? await printPdf(receiptPaper(facts, input.paper ?? 'a4')) : null;
  return {
    ...words,
    payment_id: row.payment_id,
    booking_id: row.booking_id,
    reference_code,
    starts_at: zonedText(starts_at, time_zone),
    paid_at: zonedText(paid_at, time_zone),
    price: amountText(price),
    amount: amountText(amount),
    tax_amount: amountText(tax),
    tax_percent: percentText(tax_bp),
    amount_rest: amountText(rest),
    refunded: amountText(refunded),
    currency,
    text: receiptText(facts, Number(input.width)),
    html: receiptHtml(facts),
    ...(pdf === null ? {} : { pdf: pdf.toString('base64') }),
  };
}
