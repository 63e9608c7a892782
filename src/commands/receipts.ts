import { bookingRef, isForPeople } from './choice.ts';
import type { Context } from './context.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const csv = [
  'receipt_number',
  'reference_code',
  'payment_id',
  'paid_at',
  'payment_method',
  'amount',
  'tax_amount',
  'currency',
];

/** `petpro receipts print`: the paper itself on stdout, or its figures with -o. */
export async function printReceipt(context: Context, args: Args): Promise<undefined> {
  const payment_id = bookingRef(args);
  const session = openSession(context);
  const lang = textOption(args, 'speaks');
  const receipt = await session.client.call('get_receipt', {
    payment_id,
    width: textOption(args, 'width') === '80' ? '80' : '42',
    ...(lang === 'en' || lang === 'ja' || lang === 'id' ? { lang } : {}),
  });
  if (isForPeople(context)) {
    context.io.out(flagOption(args, 'html') ? receipt.html : receipt.text);
    return;
  }
  const name = receipt.receipt_number;
  printOne(context, { kind: 'Receipt', item: receipt, csv, name, lines: [] });
}
