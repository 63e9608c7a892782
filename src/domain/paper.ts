import type { ReceiptFacts } from './receipt.ts';
import { receiptParts } from './receipt.ts';

/** What stands on a printed page, as data: the daemon's paper/ draws it. All text is final. */

/** `a4` is cut into pages; `80mm` is one strip of a till roll, as long as it needs to be. */
export const paper_formats = ['a4', '80mm'] as const;
export type PaperFormat = (typeof paper_formats)[number];

export type Block =
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly size: 'small' | 'body' | 'head' | 'title';
      readonly align: 'left' | 'center';
    }
  /** Label left, value right. */
  | { readonly kind: 'row'; readonly label: string; readonly value: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'gap' }
  /** A QR code of this text. */
  | { readonly kind: 'code'; readonly text: string }
  /** A new page (on a roll: a place to tear). */
  | { readonly kind: 'page' };

export type Paper = {
  readonly format: PaperFormat;
  readonly lang: 'en' | 'ja' | 'id';
  /** Title of the document, not printed. */
  readonly title: string;
  /** Who made it. */
  readonly author: string;
  readonly blocks: readonly Block[];
};

/** The receipt, with the same content as its text and its web page. */
export function receiptPaper(facts: ReceiptFacts, format: PaperFormat): Paper {
  const { place, title, about, sums, thanks } = receiptParts(facts);
  const [name = '', ...address] = place;
  const row = ([label, value]: readonly [string, string]): Block => ({ kind: 'row', label, value });
  return {
    format,
    lang: facts.lang,
    title: `${title} ${facts.receipt_number}`,
    author: name,
    blocks: [
      { kind: 'text', text: name, size: 'head', align: 'center' },
      ...address.map((text): Block => ({ kind: 'text', text, size: 'small', align: 'center' })),
      { kind: 'rule' },
      { kind: 'text', text: title, size: 'title', align: 'center' },
      { kind: 'gap' },
      ...about.map(row),
      { kind: 'rule' },
      ...sums.map(row),
      { kind: 'rule' },
      { kind: 'text', text: thanks, size: 'body', align: 'center' },
    ],
  };
}
