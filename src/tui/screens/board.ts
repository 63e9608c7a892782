import { displayWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import type { Catalogue } from '../i18n/catalogue.ts';
import { moneyText, wordsOf } from '../i18n/text.ts';
import { statusWord } from '../legal-row.ts';
import type { State } from '../model.ts';
import type { BoardRow, Letter } from '../rows.ts';
import {
  clockText,
  countdown,
  layoutOf,
  selectedRow,
  serverNow,
  visibleRows,
} from '../selectors.ts';
import { cell, fitLine, type Line, lineOf, retone, type Span, span } from '../text.ts';
import type { SpanTone } from '../theme.ts';

/** Figure A: the day, one line per booking, hold, free or blocked time. */

export type Columns = {
  readonly number: number;
  readonly pet: number;
  readonly owner: number;
  readonly service: number;
  readonly vet: number;
};

/** Columns with a fixed width, and the blanks between all of them. */
const TIME = 5;
const PAY = 5;
const REF = 10;
const FIXED = 32;
/** The flexible widths of figure A at 80 columns; other widths keep their proportion. */
const figure = { pet: 10, owner: 16, service: 13, vet: 7 };
const FIGURE_FLEX = 46;

/** How wide each column is when the list has `columns` and rows are numbered up to `last_number`. */
export function columnsOf(columns: number, last_number: number): Columns {
  const number = Math.max(2, String(last_number).length);
  const flex = columns - FIXED - number;
  const share = (part: number) => Math.floor((flex * part) / FIGURE_FLEX);
  const pet = Math.max(8, share(figure.pet));
  const service = Math.max(8, share(figure.service));
  const vet = Math.min(14, Math.max(6, share(figure.vet)));
  return { number, pet, service, vet, owner: Math.max(6, flex - pet - service - vet) };
}

export const letter_tones: Readonly<Record<Letter, SpanTone>> = {
  '-': 'plain',
  A: 'ok',
  I: 'accent',
  C: 'dim',
  N: 'dim',
  x: 'dim',
  H: 'warn',
  '!': 'error',
  ' ': 'plain',
};

function unique(texts: readonly (string | null)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== null))];
}

/** All names when they fit, else the first and how many more. */
function vetsText(row: BoardRow, columns: number): string {
  const names = unique(row.group.map((one) => one.staff_name));
  const all = names.join(' ');
  const [first = ''] = names;
  return displayWidth(all) <= columns ? all : `${first}+${names.length - 1}`;
}

type Cells = {
  readonly pet: string;
  readonly owner: string;
  readonly service: string;
  readonly pay: string;
  readonly pay_tone: SpanTone;
  readonly ref: string;
};

/** `+1 Checkup`: the slot has one seat more than it was made for. */
const serviceText = (name: string, extra_seats = 0) =>
  extra_seats > 0 ? `+${extra_seats} ${name}` : name;

function bookingCells(row: BoardRow, words: Catalogue): Cells {
  const { row: data } = row;
  const state = data.payment_state;
  const is_open = state === 'due' || state === 'failed';
  return {
    pet: data.pet_name ?? '',
    owner: data.owner_name ?? '',
    service: serviceText(data.service_name, data.extra_seats),
    pay: state === null ? '' : words.pay_short[state],
    pay_tone: is_open && row.letter !== 'x' ? 'warn' : 'plain',
    ref: data.reference_code ?? '',
  };
}

function cellsOf(row: BoardRow, words: Catalogue, now_ms: number): Cells {
  const { row: data } = row;
  if (row.kind === 'booking') return bookingCells(row, words);
  const [first = data.service_name, ...more] = unique(row.group.map((one) => one.service_name));
  const service =
    more.length === 0
      ? serviceText(first, data.extra_seats)
      : words.services_more(first, more.length);
  const base = { service, pay: '', pay_tone: 'plain' as const, ref: '', owner: '' };
  if (row.kind === 'open') return { ...base, pet: words.open_row };
  if (row.kind === 'blocked') {
    return { ...base, pet: words.blocked_row, owner: data.notes ?? '', service: '' };
  }
  const left = row.hold_ends_ms === null ? '' : countdown(row.hold_ends_ms, now_ms);
  return {
    ...base,
    pet: words.held_row,
    owner: data.owner_name ?? '',
    pay: left,
    pay_tone: 'warn',
    ref: data.reference_code ?? '',
  };
}

/** One line of the board. */
export function rowLine(
  row: BoardRow,
  columns: Columns,
  words: Catalogue,
  look: {
    readonly is_selected: boolean;
    readonly is_marked: boolean;
    readonly mark: string;
    readonly now_ms: number;
  },
): Line {
  const cells = cellsOf(row, words, look.now_ms);
  const is_quiet = ['C', 'N', 'x'].includes(row.letter) || row.kind === 'open';
  const tone: SpanTone = is_quiet ? 'dim' : 'plain';
  const vets = vetsText(row, columns.vet);
  const number = row.number === null ? '' : String(row.number);
  const line: Span[] = [
    span(`${look.is_selected ? '>' : ' '}${padStartWidth(number, columns.number)}`, tone),
    span(look.is_marked ? '+' : ' ', 'accent'),
    span(`${cell(row.row.time, TIME)} `, tone),
    span(`${row.letter} `, letter_tones[row.letter]),
    span(`${cell(cells.pet, columns.pet)} ${cell(cells.owner, columns.owner)} `, tone),
    span(`${cell(cells.service, columns.service)} ${cell(vets, columns.vet)} `, tone),
    span(`${cell(cells.pay, PAY)} `, tone === 'dim' ? tone : cells.pay_tone),
    span(`${cell(cells.ref, REF)} `, tone),
    span(look.mark, look.mark === '!' ? 'error' : 'accent'),
  ];
  return look.is_selected ? retone(line, 'selected') : line;
}

export function headLine(columns: Columns, words: Catalogue, width: number): Line {
  const { heads } = words;
  const text = [
    ` ${padStartWidth('#', columns.number)}`,
    cell(heads.time, TIME),
    'S',
    cell(heads.pet, columns.pet),
    cell(heads.owner, columns.owner),
    cell(heads.service, columns.service),
    cell(heads.vet, columns.vet),
    cell(heads.pay, PAY),
    cell(heads.ref, REF),
  ].join(' ');
  return lineOf(text, width, 'bold');
}

function emptyText(state: State): string {
  const words = wordsOf(state.session.lang);
  if (state.filter !== '' && state.board.length > 0) return words.no_match(state.filter);
  const is_here = state.day !== null && !state.reload.in_flight && !state.reload.wanted;
  return is_here ? words.no_rows : words.loading;
}

/** The head line and the visible rows, exactly as many lines as the layout gives, and the cursor's row. */
export function boardLines(state: State): {
  readonly lines: readonly Line[];
  readonly cursor_y: number | null;
} {
  const words = wordsOf(state.session.lang);
  const { list_columns, list_rows } = layoutOf(state);
  const rows = visibleRows(state);
  const last_number = state.board.findLast((row) => row.number !== null)?.number ?? 0;
  const columns = columnsOf(list_columns, last_number);
  const is_stale = state.link.status === 'offline';
  const now_ms = serverNow(state);
  const lines: Line[] = [headLine(columns, words, list_columns)];
  let cursor_y: number | null = null;
  for (const row of rows.slice(state.top, state.top + list_rows)) {
    const is_selected = row.id === state.cursor_id;
    if (is_selected) cursor_y = lines.length;
    const mark = state.marks.has(row.id) ? '*' : row.unresolved ? '!' : ' ';
    const is_marked = state.marked.has(row.id);
    const look = { is_selected, is_marked, mark, now_ms };
    const line = fitLine(rowLine(row, columns, words, look), list_columns);
    lines.push(is_stale && !is_selected ? retone(line, 'dim') : line);
  }
  if (rows.length === 0) lines.push(lineOf(` ${emptyText(state)}`, list_columns, 'accent'));
  while (lines.length < list_rows + 1) lines.push(lineOf('', list_columns));
  return { lines, cursor_y };
}

function openFacts(state: State, row: BoardRow): readonly string[] {
  const words = wordsOf(state.session.lang);
  const { lang } = state.session;
  const offers = row.group.map(
    (one) =>
      `${one.service_name} ${moneyText(one.amount, one.currency, lang)} ${one.staff_name ?? ''}`,
  );
  return [`${row.row.time} ${words.open_row}: ${unique(offers).join(' | ')}`, ''];
}

/** Everything that a receptionist needs of the selected row, on two lines. */
export function factLines(state: State): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const row = selectedRow(state);
  const width = state.columns;
  if (row === null) return [lineOf('', width), lineOf('', width)];
  const { row: data } = row;
  const join = (parts: readonly (string | null)[]) =>
    parts.filter((part) => part !== null && part.trim() !== '').join(' | ');
  const minutes = words.minutes(Math.round((row.ends_ms - row.starts_ms) / 60_000));
  const note = data.notes === null ? null : `${words.note}: ${data.notes}`;
  let facts: readonly string[];
  if (row.kind === 'open') facts = openFacts(state, row);
  else if (row.kind === 'blocked') {
    facts = [join([`${data.time} ${words.blocked_row}`, minutes, data.staff_name]), note ?? ''];
  } else {
    const money = moneyText(data.amount, data.currency, state.session.lang);
    const pay = data.payment_state === null ? '' : words.pay_long[data.payment_state];
    const arrived =
      data.arrived_at === null ? null : words.arrived_at(wallTime(state, data.arrived_at));
    const held =
      data.hold_expires_at === null
        ? null
        : words.hold_until(wallTime(state, data.hold_expires_at));
    const pet = [data.reference_code, data.pet_name, data.species];
    const owner = [data.owner_name, data.owner_phone];
    facts = [
      join([
        pet.filter((part) => part !== null).join(' '),
        owner.filter((part) => part !== null).join(' '),
        `${data.service_name} ${minutes} ${data.staff_name ?? ''}`,
      ]),
      join([`${pay} ${money}`.trim(), statusWord(state, row), arrived, held, note]),
    ];
  }
  const tone = state.link.status === 'offline' ? 'dim' : 'plain';
  return facts.map((text) => lineOf(` ${plainLine(text)}`, width, tone));
}

function wallTime(state: State, instant: string): string {
  return clockText(state, Temporal.Instant.from(instant).epochMilliseconds, 'minute');
}

/** Budgets of the column heads; the tests hold the catalogues to them. */
export const head_budgets = {
  time: TIME,
  pet: 8,
  owner: 8,
  service: 8,
  vet: 6,
  pay: PAY,
  ref: REF,
};

/** True when the head fits its column at the narrowest layout. */
export function fitsHead(name: keyof typeof head_budgets, text: string): boolean {
  return displayWidth(text) <= head_budgets[name];
}
