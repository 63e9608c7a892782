import {
  escapeHtml,
  type MailFacts,
  type MailType,
  oneLine,
  type RenderedMail,
  visitTime,
} from '../../domain/message.ts';
import { formatMoney } from '../../domain/money.ts';
import { type Catalogue, catalogues, type Words } from './catalogue.ts';

function wordsOf(facts: MailFacts): Words {
  return {
    reference_code: facts.reference_code,
    owner_name: oneLine(facts.owner_name),
    pet_name: oneLine(facts.pet_name),
    service_name: oneLine(facts.service_name),
    clinic_name: oneLine(facts.clinic_name),
    when: visitTime(facts.starts_at, facts.time_zone, facts.lang),
    amount: formatMoney(facts.amount, facts.lang),
    refund: facts.refund === null ? null : formatMoney(facts.refund, facts.lang),
    refund_percent: facts.refund_percent,
    cancelled_by: facts.cancelled_by,
    payment_state: facts.payment_state,
    answer_by: visitTime(facts.answer_by, facts.time_zone, facts.lang),
    has_card: facts.has_card,
  };
}

/** The facts as label and value, in the order in which people look for them. */
function rowsOf(
  type: MailType,
  facts: MailFacts,
  words: Words,
  { labels }: Catalogue,
): readonly (readonly [string, string])[] {
  const state = facts.payment_state === 'paid' ? labels.paid : labels.due;
  // A card that is only authorised is neither paid nor to be paid at the visit.
  const is_request = type === 'approval_asked' || type === 'approval_declined';
  const rows: readonly (readonly [string, string | null])[] = [
    [labels.reference, words.reference_code],
    [labels.when, words.when],
    [labels.service, words.service_name],
    [labels.pet, words.pet_name],
    [labels.staff, facts.staff_name],
    [labels.place, [facts.clinic_name, facts.clinic_address].filter(Boolean).join(', ')],
    [labels.phone, facts.clinic_phone],
    [labels.quantity, facts.quantity > 1 ? String(facts.quantity) : null],
    [labels.amount, is_request ? words.amount : `${words.amount} (${state})`],
    [labels.refund, words.refund],
  ];
  return rows.flatMap(([label, value]) => (value ? [[label, oneLine(value)] as const] : []));
}

function htmlOf(
  lang: string,
  subject: string,
  parts: {
    readonly head: readonly string[];
    readonly rows: readonly (readonly [string, string])[];
    readonly tail: readonly string[];
  },
): string {
  const paragraph = (text: string) => `<p>${escapeHtml(text).replaceAll('\n', '<br>')}</p>`;
  const row = ([label, value]: readonly [string, string]) =>
    `<tr><th scope="row" align="left">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`;
  return [
    `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">`,
    `<title>${escapeHtml(subject)}</title></head><body>`,
    ...parts.head.map(paragraph),
    `<table cellpadding="4">${parts.rows.map(row).join('')}</table>`,
    ...parts.tail.map(paragraph),
    '</body></html>',
  ].join('\n');
}

/** Writes one mail in the owner's language, as text and as HTML with the same content. */
export function renderMail(type: MailType, facts: MailFacts): RenderedMail {
  const catalogue = catalogues[facts.lang];
  const template = catalogue.mails[type];
  const words = wordsOf(facts);
  const subject = oneLine(template.subject(words));
  const head = [catalogue.greeting(words), template.intro(words)];
  const rows = rowsOf(type, facts, words, catalogue);
  const tail = [...template.notes(words), catalogue.closing(words)];
  const table = rows.map(([label, value]) => `${label}: ${value}`).join('\n');
  return {
    subject,
    text: `${[...head, table, ...tail].join('\n\n')}\n`,
    html: htmlOf(facts.lang, subject, { head, rows, tail }),
  };
}
