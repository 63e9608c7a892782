import {
  type MailFacts,
  type MailType,
  oneLine,
  type RenderedMail,
  type RenderedPush,
  shortTime,
  visitTime,
} from '../../domain/message.ts';
import { formatMoney } from '../../domain/money.ts';
import { fitSms } from '../../domain/sms.ts';
import { localTime } from '../../domain/time.ts';
import { type Catalogue, catalogues, type Words } from './catalogue.ts';
import { offer_words } from './offer-page.ts';

/** What goes with a message besides the facts of the visit. */
type Extras = {
  readonly has_tickets?: boolean;
  readonly unsubscribe_url?: string | null;
  /** Where an offer is answered. */
  readonly offer_url?: string | null;
};

function wordsOf(facts: MailFacts, has_tickets = false): Words {
  const { starts_at, answer_by, time_zone, lang, visits = [] } = facts;
  const more = visits.length > 1 ? ` (+${visits.length - 1})` : '';
  return {
    reference_code: facts.reference_code,
    owner_name: oneLine(facts.owner_name),
    // Where nobody asked for a pet, sentences speak of what was booked.
    pet_name: oneLine(facts.pet_name || facts.service_name),
    has_pet: facts.pet_name !== '',
    service_name: oneLine(facts.service_name),
    clinic_name: oneLine(facts.clinic_name),
    when: `${visitTime(starts_at, time_zone, lang)}${more}`,
    when_short: `${shortTime(starts_at, time_zone, lang)}${more}`,
    amount: formatMoney(facts.amount, lang),
    refund: facts.refund === null ? null : formatMoney(facts.refund, lang),
    refund_percent: facts.refund_percent,
    cancelled_by: facts.cancelled_by,
    payment_state: facts.payment_state,
    answer_by: visitTime(answer_by, time_zone, lang),
    answer_by_short: shortTime(answer_by, time_zone, lang),
    has_card: facts.has_card,
    has_tickets,
  };
}

/** Messages about what is not booked say neither paid nor due. */
const requests: readonly MailType[] = ['approval_asked', 'approval_declined', 'waitlist_offered'];

/** When: once, or a line for each visit of a series with its own reference. */
function whenRows(
  facts: MailFacts,
  words: Words,
  { labels }: Catalogue,
): readonly (readonly [string, string])[] {
  const { visits = [], time_zone, lang } = facts;
  if (visits.length < 2) {
    return [
      [labels.reference, words.reference_code],
      [labels.when, words.when],
    ];
  }
  return visits.map(({ starts_at, reference_code }, index) => [
    `${labels.when} ${index + 1}`,
    `${visitTime(starts_at, time_zone, lang)} (${reference_code})`,
  ]);
}

/** What: once, or a line for each of several services with its time and who does it. */
function serviceRows(
  { items = [], time_zone }: MailFacts,
  words: Words,
  { labels }: Catalogue,
): readonly (readonly [string, string])[] {
  if (items.length === 0) return [[labels.service, words.service_name]];
  return items.map(({ starts_at, service_name, staff_name }, index) => {
    const { time } = localTime(starts_at, time_zone);
    const who = staff_name === null ? '' : ` (${staff_name})`;
    return [`${labels.service} ${index + 1}`, `${time} ${service_name}${who}`];
  });
}

/** How many places, or which ones where they are numbered; one without a number goes without saying. */
function placesText({ seat_names, quantity }: MailFacts): string | null {
  if (seat_names) return seat_names.join(', ');
  return quantity > 1 ? String(quantity) : null;
}

/** The facts as label and value, in the order in which people look for them. */
function rowsOf(
  type: MailType,
  facts: MailFacts,
  words: Words,
  catalogue: Catalogue,
): readonly (readonly [string, string])[] {
  const { labels } = catalogue;
  const state = facts.payment_state === 'paid' ? labels.paid : labels.due;
  const rows: readonly (readonly [string, string | null])[] = [
    ...whenRows(facts, words, catalogue),
    ...serviceRows(facts, words, catalogue),
    [labels.pet, facts.pet_name],
    [labels.staff, facts.items?.length ? null : facts.staff_name],
    [labels.place, [facts.clinic_name, facts.clinic_address].filter(Boolean).join(', ')],
    [labels.phone, facts.clinic_phone],
    [labels.quantity, placesText(facts)],
    [labels.amount, requests.includes(type) ? words.amount : `${words.amount} (${state})`],
    [labels.refund, words.refund],
  ];
  return rows.flatMap(([label, value]) => (value ? [[label, oneLine(value)] as const] : []));
}

/**
 * Writes one mail in the owner's language, as text and as HTML with the same content. React is
 * loaded with the first mail: a daemon that sends none does without.
 */
export async function renderMail(
  type: MailType,
  facts: MailFacts,
  { has_tickets = false, unsubscribe_url = null, offer_url = null }: Extras = {},
): Promise<RenderedMail> {
  const { drawMail } = await import('./mail-tree.ts');
  const catalogue = catalogues[facts.lang];
  const template = catalogue.mails[type];
  const words = wordsOf(facts, has_tickets);
  const subject = oneLine(template.subject(words));
  const drawn = drawMail({
    lang: facts.lang,
    subject,
    head: [catalogue.greeting(words), template.intro(words)],
    rows: rowsOf(type, facts, words, catalogue),
    tail: [...template.notes(words), catalogue.closing(words)],
    footer:
      offer_url !== null
        ? { text: offer_words[facts.lang].link, url: offer_url }
        : unsubscribe_url === null
          ? null
          : { text: catalogue.unsubscribe, url: unsubscribe_url },
  });
  return { subject, ...drawn };
}

/** The same as SMS, in at most so many segments. */
export function renderSms(type: MailType, facts: MailFacts, segments_max: number): string {
  const words = wordsOf(facts);
  const text = catalogues[facts.lang].mails[type].sms(words);
  return fitSms(oneLine(`${words.clinic_name}: ${text}`), segments_max);
}

/** Push services take 4 KB in all; screens show far less. */
const PUSH_BODY_MAX = 400;

export function renderPush(type: MailType, facts: MailFacts): RenderedPush {
  const words = wordsOf(facts);
  const { subject, intro } = catalogues[facts.lang].mails[type];
  return {
    title: oneLine(subject(words)).slice(0, PUSH_BODY_MAX),
    body: oneLine(intro(words)).slice(0, PUSH_BODY_MAX),
  };
}

/** A note of the desk: its own words, between our greeting and closing. */
export type Note = {
  readonly lang: MailFacts['lang'];
  readonly owner_name: string;
  readonly clinic_name: string;
  readonly reference_code: string | null;
  readonly title: string;
  readonly content: string;
};

export async function renderNote(note: Note): Promise<RenderedMail> {
  const { drawMail } = await import('./mail-tree.ts');
  const catalogue = catalogues[note.lang];
  const { reference_code, content, lang } = note;
  const reference = reference_code === null ? '' : ` (${reference_code})`;
  const subject = oneLine(`${note.title}${reference}`);
  const owner_name = oneLine(note.owner_name);
  const clinic_name = oneLine(note.clinic_name);
  const drawn = drawMail({
    lang,
    subject,
    head: [catalogue.greeting({ owner_name }), ...content.split(/\n{2,}/)],
    rows: reference_code === null ? [] : [[catalogue.labels.reference, reference_code]],
    tail: [catalogue.closing({ clinic_name })],
    footer: null,
  });
  return { subject, ...drawn };
}

export function renderNoteSms(note: Note, segments_max: number): string {
  const { clinic_name, title, content } = note;
  return fitSms(oneLine(`${clinic_name}: ${title}. ${content}`), segments_max);
}
