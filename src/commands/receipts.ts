import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef, isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { type Charset, charsets, escposDocument } from './escpos.ts';
import { printOne } from './output.ts';
import { type PrintOut, putOut } from './paper-out.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
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
const formats = ['text', 'html', 'pdf', 'escpos'] as const;
type Format = (typeof formats)[number];
const COPIES_MAX = 10;

function formatOf(args: Args): Format {
  const asked = textOption(args, 'format');
  if (asked === null) return flagOption(args, 'html') ? 'html' : 'text';
  return formats.find((format) => format === asked) ?? 'text';
}

/** Where nothing was said: what the printers of that language can do. */
function charsetOf(args: Args, lang: 'en' | 'ja' | 'id'): Charset {
  const asked = textOption(args, 'charset');
  const standard = lang === 'ja' ? 'shift_jis' : 'cp437';
  return charsets.find((charset) => charset === asked) ?? standard;
}

/** The receipt in the format that was asked for, ready to go somewhere. */
function documentOf(
  context: Context,
  args: Args,
  format: Format,
  receipt: Output<'get_receipt'>,
): PrintOut {
  const copies = wholeOption(args, 'copies', 1, COPIES_MAX) ?? 1;
  const name = `receipt-${receipt.receipt_number}`;
  switch (format) {
    case 'text':
      return { content: receipt.text, name: `${name}.txt`, raw: false, copies };
    case 'html':
      return { content: receipt.html, name: `${name}.html`, raw: false, copies };
    case 'pdf': {
      if (receipt.pdf === undefined) {
        const detail = 'The daemon sent no PDF; it is older than this command.';
        throw new AppError('unavailable', detail, { next: 'petpro version' });
      }
      const content = Buffer.from(receipt.pdf, 'base64');
      return { content, name: `${name}.pdf`, raw: false, copies };
    }
    case 'escpos': {
      const charset = charsetOf(args, receipt.lang);
      const { bytes, lost } = escposDocument(receipt.text, charset, copies);
      if (lost > 0) {
        say(context, `${lost} signs are not in ${charset} and became "?"; try --charset utf8.`);
      }
      return { content: bytes, name: `${name}.bin`, raw: true, copies: 1 };
    }
  }
}

/** `petpro receipts print`: the paper itself to stdout, a file or a printer; its figures with -o. */
export async function printReceipt(context: Context, args: Args): Promise<undefined> {
  const payment_id = bookingRef(args);
  const format = formatOf(args);
  const session = openSession(context);
  // The flag speaks of this paper; a language of the desk's own settings does not: owners read theirs.
  const lang = textOption(args, 'speaks') ?? textOption(args, 'lang');
  const receipt = await session.client.call('get_receipt', {
    payment_id,
    width: textOption(args, 'width') === '80' ? '80' : '42',
    ...(format === 'pdf' ? { format } : {}),
    ...(textOption(args, 'paper') === '80mm' ? { paper: '80mm' } : {}),
    ...(lang === 'en' || lang === 'ja' || lang === 'id' ? { lang } : {}),
  });
  if (isForPeople(context)) {
    await putOut(context, args, documentOf(context, args, format, receipt));
    return;
  }
  const name = receipt.receipt_number;
  printOne(context, { kind: 'Receipt', item: receipt, csv, name, lines: [] });
}
