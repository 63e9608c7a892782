import { type SheetLetter, type SheetWords, sheet_words, sheetDate } from './day-sheet-words.ts';
import type { Output } from './shapes.ts';
import { localTime } from './time.ts';
import { displayWidth, padEndWidth, plainLine, truncateWidth } from './width.ts';

/** A day of a clinic on paper of 80 or 42 columns: what a desk works from when nothing else works. */

type Day = Output<'get_day'>;
type DayRow = Day['items'][number];

/** Pages of a printer with six lines to the inch: A4 has 70, less the margins that no printer reaches. */
const PAGE_LINES = 58;
/** Longer notes are for the screen. */
const NOTE_LINES_MAX = 2;
/** Below this a cut name says nothing any more. */
const NARROWEST = 4;
/** Where the second line of a visit begins: under its pet. */
const INDENT = 8;

export type SheetAsk = {
  readonly day: Day;
  readonly lang: 'en' | 'ja' | 'id';
  readonly width: 80 | 42;
  /** One vet's visits; null = all. */
  readonly staff_id: string | null;
  /** A sheet for each vet instead of one for all. */
  readonly per_vet: boolean;
  readonly printed_at: Temporal.Instant;
  /** Read from the day cache, not from the daemon. */
  readonly is_saved: boolean;
  /** What becomes of signs that the printer lacks; widths are measured after it. */
  readonly spell?: (text: string) => string;
};

/** Each page ends where the paper does; pages of a 42-column roll are as long as they need to be. */
export type Sheet = { readonly title: string; readonly pages: readonly string[] };

type Entry = {
  readonly time: string;
  readonly letter: SheetLetter;
  readonly pet: string;
  readonly owner: string;
  readonly phone: string;
  readonly service: string;
  readonly vet: string;
  readonly pay: string;
  readonly ref: string;
  readonly notes: string;
};
type Name = Exclude<keyof Entry, 'notes' | 'letter'>;

function letterOf(row: DayRow): SheetLetter {
  if (row.kind === 'hold') return 'H';
  if (row.status === 'in-progress') return 'I';
  if (row.status === 'completed') return 'C';
  if (row.status === 'no-show') return 'N';
  return row.arrived_at === null ? '-' : 'A';
}

function entryOf(row: DayRow, words: SheetWords, spell: (text: string) => string): Entry {
  const text = (value: string | null | undefined) => spell(plainLine(value ?? ''));
  return {
    time: row.time,
    letter: letterOf(row),
    pet: text(row.participants ?? row.pet_name ?? '-'),
    owner: text(row.owner_name),
    // Whole and in little room: one dials digits, not blanks.
    phone: text(row.owner_phone).replace(/[\s()-]/g, ''),
    service: text(row.service_name),
    vet: text(row.staff_name ?? '-'),
    pay: row.kind === 'hold' || row.payment_state === null ? '' : words.pay[row.payment_state],
    ref: row.reference_code ?? '',
    notes: text(row.notes),
  };
}

/** Left and right on one line; the left one is cut when both do not fit. */
function sides(left: string, right: string, width: number): string {
  const room = Math.max(0, width - displayWidth(right) - 1);
  return `${padEndWidth(left, room)} ${right}`.trimEnd();
}

/** Text in lines of at most `width`, broken at blanks where there are some. */
function folded(text: string, width: number, lines_max: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > width && lines.length < lines_max - 1) {
    const head = truncateWidth(rest, width, '');
    const blank = head.lastIndexOf(' ');
    const cut = blank > width / 3 ? blank : Math.max(1, head.length);
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, truncateWidth(rest, width)];
}

function noteLines(entry: Entry, words: SheetWords, width: number): readonly string[] {
  if (entry.notes === '') return [];
  const text = `${words.note}: ${entry.notes}`;
  const blank = ' '.repeat(INDENT);
  return folded(text, width - INDENT, NOTE_LINES_MAX).map((line) => `${blank}${line}`);
}

const columns: readonly Name[] = ['time', 'pet', 'owner', 'phone', 'service', 'vet', 'pay', 'ref'];
/**
 * These give way when a line is too long, down to what a name needs; a cut telephone number or reference is of no
 * use. The figures are columns.
 */
const flexible: Readonly<Partial<Record<Name, number>>> = { pet: 8, owner: 15, service: 9, vet: 6 };

/** How wide each column of the broad sheet is, taken from where there is most to spare until the line fits. */
function widthsOf(
  entries: readonly Entry[],
  shown: readonly Name[],
  words: SheetWords,
  room: number,
): ReadonlyMap<Name, number> {
  const widths = new Map(
    shown.map((name) => {
      const texts = [words.heads[name], ...entries.map((entry) => entry[name])];
      return [name, Math.max(...texts.map(displayWidth))] as const;
    }),
  );
  // The letter and a blank after each column but the last.
  const gaps = 2 + shown.length - 1;
  const total = () => [...widths.values()].reduce((sum, width) => sum + width, gaps);
  const spare = ([name, width]: readonly [Name, number]) => width - (flexible[name] ?? Infinity);
  for (let over = total() - room; over > 0; over -= 1) {
    const [first, ...rest] = [...widths].filter(([name]) => flexible[name] !== undefined);
    if (first === undefined) break;
    const [name, width] = rest.reduce((a, b) => (spare(b) > spare(a) ? b : a), first);
    if (width <= NARROWEST) break;
    widths.set(name, width - 1);
  }
  return widths;
}

type Body = { readonly head: readonly string[]; readonly blocks: readonly (readonly string[])[] };

/** One line per visit under column heads, and a second one where there is a note. */
function broad(entries: readonly Entry[], shows_vet: boolean, ask: Layout): Body {
  const { words, width } = ask;
  const shown = columns.filter((name) => shows_vet || name !== 'vet');
  const widths = widthsOf(entries, shown, words, width);
  const line = (text: (name: Name) => string, letter: string) =>
    shown
      .map((name) => {
        const cell = padEndWidth(text(name), widths.get(name) ?? 0);
        return name === 'time' ? `${cell} ${letter}` : cell;
      })
      .join(' ')
      .trimEnd();
  return {
    head: [line((name) => words.heads[name], ' '), '-'.repeat(width)],
    blocks: entries.map((entry) => [
      line((name) => entry[name], entry.letter),
      ...noteLines(entry, words, width),
    ]),
  };
}

/** Three lines per visit, for the roll of a till. */
function narrow(entries: readonly Entry[], shows_vet: boolean, ask: Layout): Body {
  const { words, width } = ask;
  const blank = ' '.repeat(INDENT);
  const rule = '-'.repeat(width);
  return {
    head: [],
    blocks: entries.map((entry) => {
      const { time, letter, pet, owner, phone, service, vet, pay, ref } = entry;
      const about = shows_vet ? `${service}, ${vet}` : service;
      const fits = displayWidth(`${owner} ${phone}`) <= width - INDENT;
      const who = fits || phone === '' ? [`${owner} ${phone}`.trim()] : [owner, phone];
      return [
        sides(`${time} ${letter} ${pet}`, pay, width),
        ...who.filter((text) => text !== '').map((text) => `${blank}${text}`),
        ...[sides(`${blank}${about}`, ref, width)],
        ...noteLines(entry, words, width),
        rule,
      ].map((text) => truncateWidth(text, width));
    }),
  };
}

type Layout = { readonly words: SheetWords; readonly width: number };

/** Blocks on pages of `lines`, none of them torn; a block larger than a page has one of its own. */
function paginate(
  blocks: readonly (readonly string[])[],
  lines: number,
): readonly (readonly string[])[] {
  const pages: string[][] = [[]];
  for (const block of blocks) {
    const page = pages.at(-1) ?? [];
    if (page.length > 0 && page.length + block.length > lines) pages.push([...block]);
    else page.push(...block);
  }
  return pages;
}

function totalsOf(rows: readonly DayRow[], words: SheetWords): string {
  const kept = rows.filter(({ status }) => status !== 'cancelled');
  return words.totals({
    visits: kept.filter(({ kind }) => kind === 'booking').length,
    holds: kept.filter(({ kind }) => kind === 'hold').length,
    due: kept.filter(({ payment_state }) => payment_state === 'due').length,
    cancelled: rows.length - kept.length,
  });
}

/** The legend in as many lines as it needs: whoever holds the paper may never have seen the screen. */
function footOf(rows: readonly DayRow[], layout: Layout, spell: (text: string) => string) {
  const { words, width } = layout;
  const legend = Object.entries(words.letters).map(([letter, word]) => `${letter} ${word}`);
  const lines = [''];
  for (const part of legend) {
    const line = lines.at(-1) ?? '';
    const joined = line === '' ? part : `${line}  ${part}`;
    if (displayWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return [...folded(spell(totalsOf(rows, words)), width, 3), ...lines];
}

/** The sheet of one vet, or of all together. */
function sheetOf(
  ask: SheetAsk,
  rows: readonly DayRow[],
  whose: string,
  shows_vet: boolean,
): readonly string[] {
  const { day, lang, width, printed_at, is_saved, spell = (text: string) => text } = ask;
  const words = spelled(sheet_words[lang], spell);
  const layout: Layout = { words, width };
  const clock = (instant: Temporal.Instant) => localTime(instant, day.clinic.time_zone).time;
  const listed = rows.filter(({ status }) => status !== 'cancelled');
  const entries = listed.map((row) => entryOf(row, words, spell));
  const body = (width === 80 ? broad : narrow)(entries, shows_vet, layout);
  const foot = footOf(rows, layout, spell);
  const saved = is_saved ? [spell(words.saved(clock(Temporal.Instant.from(day.as_of))))] : [];
  const head_lines = 3 + saved.length + body.head.length;
  const nothing = [[spell(words.nothing)]];
  const blocks = entries.length === 0 ? nothing : body.blocks;
  const room = width === 80 ? PAGE_LINES - head_lines : Number.POSITIVE_INFINITY;
  const pages = paginate([...blocks, ['', ...foot]], room);
  const rule = '-'.repeat(width);
  const name = spell(plainLine(day.clinic.name));
  const date = spell(sheetDate(day.date, lang));
  return pages.map((lines, index) => {
    const number = pages.length === 1 ? '' : `  ${spell(words.page(index + 1, pages.length))}`;
    const printed = `${spell(words.printed(clock(printed_at)))}${number}`;
    const head = [
      sides(name, date, width),
      sides(`${words.title}: ${whose}`, printed, width),
      rule,
    ];
    return `${[...head, ...saved, ...body.head, ...lines].join('\n')}\n`;
  });
}

/** The words that stand in columns, spelled before they are measured. */
function spelled(words: SheetWords, spell: (text: string) => string): SheetWords {
  const each = <K extends string>(
    group: Readonly<Record<K, string>>,
  ): Readonly<Record<K, string>> => {
    const pairs = Object.entries<string>(group).map(([name, text]) => [name, spell(text)]);
    return Object.assign({ ...group }, Object.fromEntries(pairs));
  };
  return {
    ...words,
    title: spell(words.title),
    note: spell(words.note),
    heads: each(words.heads),
    pay: each(words.pay),
    letters: each(words.letters),
  };
}

/** Lays a day out on pages. Free and blocked times are not printed: paper cannot promise a time. */
export function daySheet(ask: SheetAsk): Sheet {
  const { day, lang, staff_id, per_vet, spell = (text: string) => text } = ask;
  const words = sheet_words[lang];
  const rows = day.items.filter(
    ({ kind, staff_id: vet }) =>
      (kind === 'booking' || kind === 'hold') && (staff_id === null || vet === staff_id),
  );
  const title = `${words.title} ${day.clinic.code} ${day.date}`;
  const nameOf = (row: DayRow | undefined) => spell(plainLine(row?.staff_name ?? words.no_vet));
  if (staff_id !== null) {
    const vet = day.items.find((row) => row.staff_id === staff_id);
    return { title, pages: sheetOf(ask, rows, nameOf(vet), false) };
  }
  if (!per_vet) return { title, pages: sheetOf(ask, rows, spell(words.all_vets), true) };
  const groups = [...Map.groupBy(rows, (row) => row.staff_id).values()];
  const sorted = groups.toSorted((a, b) => (nameOf(a[0]) < nameOf(b[0]) ? -1 : 1));
  const pages = sorted.flatMap((group) => sheetOf(ask, group, nameOf(group[0]), false));
  return { title, pages: pages.length > 0 ? pages : sheetOf(ask, [], spell(words.all_vets), true) };
}
