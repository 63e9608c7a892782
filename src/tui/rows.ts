import { isLate, NO_SHOW_AFTER_MS } from '../domain/booking.ts';
import type { Output } from '../domain/shapes.ts';

/** Turns what the server says of a day into the board's rows. */

export type DayRow = Output<'get_day'>['items'][number];

/** The letter is also the key that sets it. `!` = its time has come and nobody said what happened. */
export type Letter = '-' | 'A' | 'I' | 'C' | 'N' | 'x' | 'H' | '!' | ' ';

export type BoardRow = {
  /** Stays the same while the thing lives, whatever else moves around it. */
  readonly id: string;
  readonly kind: DayRow['kind'];
  /** Bookings and holds are numbered from 1, for `:ci 6`. */
  readonly number: number | null;
  readonly letter: Letter;
  /** Past its end without an outcome: the end-of-day worklist. */
  readonly unresolved: boolean;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly hold_ends_ms: number | null;
  readonly row: DayRow;
  /** Open and blocked slots of one time share a line; a booking stands alone. */
  readonly group: readonly DayRow[];
  /** What `/` looks through. */
  readonly haystack: string;
};

const HIRAGANA_TO_KATAKANA = 0x60;

/** Makes text comparable: width, case, accents and the two kana scripts do not matter. */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[ぁ-ゖ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + HIRAGANA_TO_KATAKANA));
}

function msOf(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

function letterOf(row: DayRow, starts_ms: number, now_ms: number): Letter {
  if (row.kind === 'hold') return 'H';
  if (row.kind === 'open') return ' ';
  if (row.kind === 'blocked') return 'x';
  switch (row.status) {
    case 'cancelled':
      return 'x';
    case 'completed':
      return 'C';
    case 'in-progress':
      return 'I';
    case 'no-show':
      return 'N';
    default:
      if (row.arrived_at !== null) return 'A';
      return isLate(starts_ms, now_ms) ? '!' : '-';
  }
}

/** Several services of one booking are lines of their own. */
const itemOf = (row: DayRow) => (row.item === undefined ? '' : `:${row.item}`);

/** One booking, hold or seat of a slot, before rows are grouped. */
export function thingId(row: DayRow): string {
  return `${row.kind}:${row.booking_id ?? row.reservation_id ?? row.slot_id}${itemOf(row)}`;
}

function idOf(row: DayRow): string {
  if (row.kind === 'booking') return `b:${row.booking_id ?? row.slot_id}${itemOf(row)}`;
  if (row.kind === 'hold') return `h:${row.reservation_id ?? row.slot_id}${itemOf(row)}`;
  return row.kind === 'open' ? `o:${row.time}` : `x:${row.time}:${row.notes ?? ''}`;
}

/** All fields of a row; a record, so that a new field of the API fails the type check here. */
const field_record: Readonly<Record<keyof DayRow, true>> = {
  kind: true,
  slot_id: true,
  starts_at: true,
  ends_at: true,
  time: true,
  service_id: true,
  service_name: true,
  staff_id: true,
  staff_name: true,
  capacity: true,
  remaining: true,
  extra_seats: true,
  amount: true,
  currency: true,
  booking_id: true,
  reference_code: true,
  status: true,
  arrived_at: true,
  version: true,
  reservation_id: true,
  hold_expires_at: true,
  user_id: true,
  owner_name: true,
  owner_phone: true,
  pet_id: true,
  pet_name: true,
  species: true,
  payment_state: true,
  notes: true,
  item: true,
  participants: true,
};
const isField = (name: string): name is keyof DayRow => Object.hasOwn(field_record, name);
const fields = Object.keys(field_record).filter(isField);

function sameData(a: DayRow, b: DayRow): boolean {
  if (a === b) return true;
  for (const name of fields) if (a[name] !== b[name]) return false;
  return true;
}

function sameGroup(a: readonly DayRow[], b: readonly DayRow[]): boolean {
  return a.length === b.length && a.every((row, index) => sameData(row, b[index] ?? row));
}

function haystackOf(group: readonly DayRow[]): string {
  const texts = group.flatMap((row) => [
    row.time,
    row.kind,
    row.reference_code,
    row.status,
    row.pet_name,
    row.owner_name,
    row.owner_phone?.replace(/\D/g, ''),
    row.service_name,
    row.staff_name,
    row.payment_state,
    row.notes,
  ]);
  return foldText(texts.filter((text) => text !== null && text !== undefined).join(' '));
}

function groupRows(
  items: readonly DayRow[],
  now_ms: number,
  show_open: boolean,
): ReadonlyMap<string, DayRow[]> {
  const groups = new Map<string, DayRow[]>();
  for (const row of items) {
    // A free time that has begun can no longer be sold.
    if (row.kind === 'open' && (!show_open || msOf(row.starts_at) <= now_ms)) continue;
    const id = idOf(row);
    const group = groups.get(id);
    if (group) group.push(row);
    else groups.set(id, [row]);
  }
  return groups;
}

/**
 * The board of a day at `now_ms` (server clock). Rows whose data did not change keep their identity, so that
 * unchanged lines are not built again.
 */
export function makeBoard(
  items: readonly DayRow[],
  now_ms: number,
  show_open: boolean,
  previous: readonly BoardRow[] = [],
): readonly BoardRow[] {
  const known = new Map(previous.map((row) => [row.id, row]));
  const board: BoardRow[] = [];
  let number = 0;
  for (const [id, group] of groupRows(items, now_ms, show_open)) {
    const [row] = group;
    if (row === undefined) continue;
    const is_numbered = row.kind === 'booking' || row.kind === 'hold';
    if (is_numbered) number += 1;
    board.push(makeRow(id, row, group, is_numbered ? number : null, now_ms, known.get(id) ?? null));
  }
  return board;
}

function makeRow(
  id: string,
  row: DayRow,
  group: readonly DayRow[],
  number: number | null,
  now_ms: number,
  before: BoardRow | null,
): BoardRow {
  const is_same = before !== null && sameGroup(before.group, group);
  const starts_ms = is_same ? before.starts_ms : msOf(row.starts_at);
  const ends_ms = is_same ? before.ends_ms : msOf(row.ends_at);
  const letter = letterOf(row, starts_ms, now_ms);
  const is_alive = row.status === 'confirmed' || row.status === 'in-progress';
  const unresolved = row.kind === 'booking' && is_alive && ends_ms < now_ms;
  const is_unmoved = is_same && before.number === number;
  if (is_unmoved && before.letter === letter && before.unresolved === unresolved) return before;
  return {
    id,
    kind: row.kind,
    number,
    letter,
    unresolved,
    starts_ms,
    ends_ms,
    hold_ends_ms: row.hold_expires_at === null ? null : msOf(row.hold_expires_at),
    row,
    group,
    haystack: is_same ? before.haystack : haystackOf(group),
  };
}

/** The rows that a filter lets through: every word must occur somewhere in the row. */
export function filterBoard(board: readonly BoardRow[], filter: string): readonly BoardRow[] {
  const words = foldText(filter)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return board;
  return board.filter((row) => words.every((word) => row.haystack.includes(word)));
}

/** The next instant (server clock) at which a row's letter, its `!` or its place on the board changes. */
export function boardDue(board: readonly BoardRow[], now_ms: number): number {
  let due = Number.POSITIVE_INFINITY;
  const consider = (ms: number) => {
    if (ms > now_ms && ms < due) due = ms;
  };
  for (const row of board) {
    if (row.kind === 'open') consider(row.starts_ms);
    if (row.letter === '-') consider(row.starts_ms + NO_SHOW_AFTER_MS);
    // A visit is unresolved once its end has passed, so one millisecond later.
    if (row.kind === 'booking' && !row.unresolved) consider(row.ends_ms + 1);
  }
  return due;
}
