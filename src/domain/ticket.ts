import type { Block, Paper } from './paper.ts';
import { ticket_words } from './ticket-words.ts';
import { localTime } from './time.ts';
import { plainLine } from './width.ts';

/**
 * A ticket is a reference and a seat, signed: `PT1.BP10000127.3.<20 signs>`. Only letters, digits and
 * points, so that a QR code stays small (its alphanumeric mode) and a scanner that types like a
 * keyboard types the same on every keyboard.
 */
const ticket_code = /^PT1\.(BP\d{8})\.([1-9]\d{0,4})\.([A-Z2-7]{20})$/;

export type TicketCode = {
  readonly reference_code: string;
  readonly seat: number;
  readonly signature: string;
};

export type CheckInCode =
  | ({ readonly kind: 'ticket' } & TicketCode)
  | { readonly kind: 'booking'; readonly booking_ref: string }
  /** A ticket of a version that this program does not know, or a damaged one. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'unknown' };

const uuid = /^[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}$/;

/** What was scanned or typed at the door: case and blanks do not matter. */
export function readCheckInCode(text: string): CheckInCode {
  const packed = text.replace(/\s/g, '').toUpperCase();
  const [, ticket_reference, seat, signature] = ticket_code.exec(packed) ?? [];
  if (ticket_reference !== undefined && seat !== undefined && signature !== undefined) {
    return { kind: 'ticket', reference_code: ticket_reference, seat: Number(seat), signature };
  }
  if (/^PT\d*\./.test(packed)) return { kind: 'unreadable' };
  if (uuid.test(packed)) return { kind: 'booking', booking_ref: packed.toLowerCase() };
  const reference = packed.replace(/-/g, '');
  if (/^BP\d{8}$/.test(reference)) return { kind: 'booking', booking_ref: reference };
  return { kind: 'unknown' };
}

/** What is signed. The words in front keep it apart from whatever else the secret may sign one day. */
export function signedText({ reference_code, seat }: Omit<TicketCode, 'signature'>): string {
  return `petpro ticket 1 ${reference_code} ${seat}`;
}

export function ticketText({ reference_code, seat, signature }: TicketCode): string {
  return `PT1.${reference_code}.${seat}.${signature}`;
}

export type TicketFacts = {
  readonly lang: 'en' | 'ja' | 'id';
  readonly reference_code: string;
  /** What it admits to: the service. */
  readonly event_name: string;
  readonly place_name: string;
  readonly place_address: string | null;
  readonly owner_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly time_zone: string;
  /** Something is still to be paid at the door. */
  readonly is_due: boolean;
  readonly seats: readonly {
    readonly seat: number;
    /** What it is called, where seats are numbered by a plan: `A-12`. */
    readonly name?: string | null | undefined;
    /** Its price tier, where the event is sold in tiers. */
    readonly tier: string | null;
    /** The signed text of the code. */
    readonly code: string;
  }[];
};

/** `Seat 12` or `Seat A-12`, with its tier: `Seat 12, VIP`. */
export function seatLabel(
  lang: TicketFacts['lang'],
  { seat, name, tier }: Pick<TicketFacts['seats'][number], 'seat' | 'name' | 'tier'>,
): string {
  const words = ticket_words[lang];
  const called = words.seat(name ? plainLine(name) : String(seat));
  return tier === null ? called : `${called}${words.comma}${plainLine(tier)}`;
}

/** `2026-11-28 19:30 (Asia/Jakarta)`: the wall clock of the place, wherever the owner reads it. */
function momentOf(facts: TicketFacts): string {
  const { date, time } = localTime(facts.starts_at, facts.time_zone);
  const end = localTime(facts.ends_at, facts.time_zone);
  const until = end.date === date ? end.time : `${end.date} ${end.time}`;
  return `${date} ${time} - ${until} (${facts.time_zone})`;
}

/** One page per seat, so that each guest can have their own. */
export function ticketPaper(facts: TicketFacts): Paper {
  const words = ticket_words[facts.lang];
  const count = facts.seats.length;
  const pages = facts.seats.map(({ code, ...seat }, index): readonly Block[] => {
    const rows: readonly (readonly [string, string | null])[] = [
      [words.when, momentOf(facts)],
      [words.where, [facts.place_name, facts.place_address].filter(Boolean).join(', ')],
      [words.name, facts.owner_name],
      [words.reference, facts.reference_code],
      [words.ticket, words.of(index + 1, count)],
      [words.to_pay, facts.is_due ? words.at_the_door : null],
    ];
    return [
      { kind: 'text', text: plainLine(facts.place_name), size: 'head', align: 'center' },
      { kind: 'rule' },
      { kind: 'text', text: plainLine(facts.event_name), size: 'title', align: 'center' },
      { kind: 'text', text: seatLabel(facts.lang, seat), size: 'head', align: 'center' },
      { kind: 'gap' },
      { kind: 'code', text: code },
      { kind: 'text', text: code, size: 'small', align: 'center' },
      { kind: 'gap' },
      ...rows.flatMap(([label, value]): readonly Block[] =>
        value ? [{ kind: 'row', label, value: plainLine(value) }] : [],
      ),
      { kind: 'rule' },
      { kind: 'text', text: words.admits_once, size: 'small', align: 'center' },
    ];
  });
  return {
    format: 'a4',
    lang: facts.lang,
    title: `${words.tickets} ${facts.reference_code}`,
    author: plainLine(facts.place_name),
    blocks: pages.flatMap((page, index) => (index === 0 ? page : [{ kind: 'page' }, ...page])),
  };
}
