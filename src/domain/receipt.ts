import { escapeHtml } from './message.ts';
import { formatMoney, type Money } from './money.ts';
import { receipt_words } from './receipt-words.ts';
import { localTime } from './time.ts';
import { displayWidth, padStartWidth, plainLine, truncateWidth } from './width.ts';

/** A receipt on paper of 42 or 80 columns, and as a page that a browser prints. */

export type ReceiptFacts = {
  readonly receipt_number: string;
  readonly lang: 'en' | 'ja' | 'id';
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly clinic_phone: string | null;
  readonly owner_name: string | null;
  readonly pet_name: string | null;
  readonly service_name: string;
  readonly starts_at: Temporal.Instant;
  readonly paid_at: Temporal.Instant;
  readonly time_zone: string;
  readonly payment_method: string;
  /** What the price is made of, where a service has several prices; with tax. */
  readonly lines?: readonly {
    readonly tier: string;
    readonly units: number;
    readonly total: Money;
  }[];
  /** Of the whole booking; the others of this payment. */
  readonly price: Money;
  readonly amount: Money;
  readonly tax: Money;
  /** Basis points: 1100 = 11 %. */
  readonly tax_bp: number;
  readonly rest: Money;
  readonly refunded: Money;
};

/** `11`, `7.5`: basis points as people write a tax rate. */
export function percentText(basis_points: number): string {
  const whole = Math.trunc(basis_points / 100);
  const part = String(basis_points % 100)
    .padStart(2, '0')
    .replace(/0+$/, '');
  return part === '' ? String(whole) : `${whole}.${part}`;
}

type Row = readonly [label: string, value: string];

/** The lines between head and foot; what does not apply is left out. */
function rowsOf(facts: ReceiptFacts): { readonly about: readonly Row[]; readonly sums: Row[] } {
  const words = receipt_words[facts.lang];
  const moment = (instant: Temporal.Instant) => {
    const { date, time } = localTime(instant, facts.time_zone);
    return `${date} ${time}`;
  };
  const money = (value: Money) => formatMoney(value, facts.lang);
  const methods: Readonly<Record<string, string>> = words.methods;
  const method = methods[facts.payment_method] ?? facts.payment_method;
  const about: readonly (readonly [string, string | null])[] = [
    [words.number, facts.receipt_number],
    [words.date, moment(facts.paid_at)],
    [words.visit, moment(facts.starts_at)],
    [words.service, facts.service_name],
    [words.pet, facts.pet_name],
    [words.owner, facts.owner_name],
  ];
  const sums: readonly (readonly [string, Money, boolean])[] = [
    ...(facts.lines ?? []).map(
      ({ tier, units, total }) => [plainLine(`${units} x ${tier}`), total, true] as const,
    ),
    [words.price, facts.price, true],
    [`${words.paid} (${method})`, facts.amount, true],
    [words.tax(percentText(facts.tax_bp)), facts.tax, facts.tax.amount_minor > 0],
    [words.rest, facts.rest, facts.rest.amount_minor > 0],
    [words.refunded, facts.refunded, facts.refunded.amount_minor > 0],
  ];
  return {
    about: about.flatMap(([label, value]) => (value ? [[label, plainLine(value)] as const] : [])),
    sums: sums.flatMap(([label, value, is_told]) =>
      is_told ? [[label, money(value)] as const] : [],
    ),
  };
}

/** What every form of a receipt says, in order: text, web page and PDF differ in looks alone. */
export function receiptParts(facts: ReceiptFacts): {
  readonly place: readonly string[];
  readonly title: string;
  readonly about: readonly Row[];
  readonly sums: readonly Row[];
  readonly thanks: string;
} {
  const { title, thanks } = receipt_words[facts.lang];
  const place = [facts.clinic_name, facts.clinic_address, facts.clinic_phone].flatMap((text) =>
    text ? [plainLine(text)] : [],
  );
  return { place, title, ...rowsOf(facts), thanks };
}

/** Label left, value right; on two lines when both do not fit. */
function textRow([label, value]: Row, width: number): readonly string[] {
  const room = width - displayWidth(label) - 1;
  if (displayWidth(value) <= room) return [`${label} ${padStartWidth(value, room)}`];
  return [truncateWidth(label, width), padStartWidth(truncateWidth(value, width), width)];
}

function centered(text: string, width: number): string {
  const fitted = truncateWidth(plainLine(text), width);
  return ' '.repeat(Math.floor((width - displayWidth(fitted)) / 2)) + fitted;
}

/** Words wrapped at blanks to the paper; a word longer than a line is cut. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of plainLine(text).split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last === undefined || displayWidth(longer) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => centered(line, width));
}

/** The receipt for a printer of `width` columns; no line is wider. */
export function receiptText(facts: ReceiptFacts, width: number): string {
  const words = receipt_words[facts.lang];
  const { about, sums } = rowsOf(facts);
  const rule = '-'.repeat(width);
  const lines = [
    ...wrapped(facts.clinic_name, width),
    ...[facts.clinic_address, facts.clinic_phone].flatMap((text) =>
      text ? wrapped(text, width) : [],
    ),
    rule,
    centered(words.title, width),
    '',
    ...about.flatMap((row) => textRow(row, width)),
    rule,
    ...sums.flatMap((row) => textRow(row, width)),
    rule,
    centered(words.thanks, width),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as a page of its own: no script, nothing loaded from elsewhere. */
export function receiptHtml(facts: ReceiptFacts): string {
  const { place, title: heading, about, sums, thanks } = receiptParts(facts);
  const row = ([label, value]: Row) =>
    `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`;
  const title = escapeHtml(`${heading} ${facts.receipt_number}`);
  return [
    `<!doctype html><html lang="${facts.lang}"><head><meta charset="utf-8">`,
    `<title>${title}</title>`,
    '<style>body{font-family:sans-serif;max-width:32em;margin:2em auto}table{width:100%}',
    'th{text-align:left;font-weight:normal}td{text-align:right}</style></head><body>',
    `<p>${place.map(escapeHtml).join('<br>')}</p><h1>${escapeHtml(heading)}</h1>`,
    `<table>${about.map(row).join('')}</table><hr>`,
    `<table>${sums.map(row).join('')}</table><p>${escapeHtml(thanks)}</p>`,
    '</body></html>\n',
  ].join('\n');
}
