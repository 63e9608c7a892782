import { isLate } from '../../domain/booking.ts';
import { formatMoney, parseAmount } from '../../domain/money.ts';
import type { Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Lang } from '../session.ts';
import type { Desk, Look, PrintedRow } from './desk.ts';
import { expandTargets } from './parse.ts';
import { refuse } from './refuse.ts';
import type { DeskState, DeskWords } from './words.ts';

/** The rows of a day: their numbers, their sentences, and which row a word names. */

export type DayRow = Output<'get_day'>['items'][number];

/** Bookings and holds are numbered from 1 in the order of the day, as on the console's board. */
export function numberRows(items: readonly DayRow[]): readonly PrintedRow[] {
  return items
    .filter(({ kind }) => kind === 'booking' || kind === 'hold')
    .map((row, index) => ({ number: index + 1, row }));
}

const msOf = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;

/** Of a booking by its parts; arrived is a state of its own at the desk. */
export function stateOf(
  row: Pick<DayRow, 'status' | 'arrived_at' | 'starts_at' | 'ends_at'>,
  now_ms: number,
): DeskState {
  const is_over = msOf(row.ends_at) < now_ms;
  switch (row.status) {
    case 'completed':
    case 'cancelled':
    case 'no-show':
      return row.status;
    case 'in-progress':
      return is_over ? 'unresolved' : 'in-progress';
    case 'confirmed':
    case null: {
      if (is_over) return 'unresolved';
      if (row.arrived_at !== null) return 'arrived';
      return isLate(msOf(row.starts_at), now_ms) ? 'late' : 'booked';
    }
  }
}

/** The server's clock as well as it is known here. */
export function serverNow(desk: Desk): Temporal.Instant {
  const ms = Temporal.Now.instant().epochMilliseconds + desk.offset_ms;
  return Temporal.Instant.fromEpochMilliseconds(Math.trunc(ms));
}

/** `10:42` at the clinic, or in --tz. */
export function timeText(desk: Desk, instant: string | Temporal.Instant): string {
  return desk.look.time(Temporal.Instant.from(instant).toString());
}

/** Amounts in the language of the words, times on the clinic's clock or in --tz. */
export function makeLook(lang: Lang, zone: string): Look {
  const local = (instant: string) => localTime(Temporal.Instant.from(instant), zone);
  return {
    money: (amount, currency) => formatMoney(parseAmount(amount, currency), lang),
    time: (instant) => local(instant).time,
    moment: (instant) => `${local(instant).date} ${local(instant).time}`,
  };
}

/** Whom a row is for: the pet and its owner, or the names of those who come. */
export function whoOf(
  row: {
    readonly pet_name: string | null;
    readonly owner_name: string | null;
    readonly participants?: string | readonly { readonly name: string }[] | undefined;
  },
  words: DeskWords,
): string {
  const { participants } = row;
  if (typeof participants === 'string') return participants;
  if (participants !== undefined && participants.length > 0) {
    return participants.map(({ name }) => name).join(', ');
  }
  const names = [row.pet_name, row.owner_name].filter((name) => name !== null && name !== '');
  return names.length === 0 ? words.nobody : names.join(', ');
}

/** What stands behind the number: `10:30 arrived: Mochi, Siti Rahmawati, Checkup, Sari, paid`. */
export function rowText(desk: Desk, { row }: PrintedRow): string {
  const { words } = desk;
  const state =
    row.kind === 'hold'
      ? words.held_until(row.hold_expires_at === null ? '' : timeText(desk, row.hold_expires_at))
      : words.states[stateOf(row, serverNow(desk).epochMilliseconds)];
  const pay =
    row.payment_state === null || row.kind === 'hold' ? null : words.pays[row.payment_state];
  const facts = [whoOf(row, words), row.service_name, row.staff_name, pay];
  // A reference is what scripts need; people see it with `sh`.
  if (!desk.talks_to_people) facts.push(row.reference_code);
  const known = facts.filter((fact) => fact !== null && fact !== '').join(', ');
  return `${timeText(desk, row.starts_at)} ${state}: ${known}`;
}

/** The row as it is printed, its number first. */
export function rowLine(desk: Desk, printed: PrintedRow): string {
  const number = String(printed.number);
  return `${desk.is_accessible ? number : number.padStart(2)} ${rowText(desk, printed)}`;
}

/** A row by its number in the last list. */
function byNumber(desk: Desk, number: number): PrintedRow {
  const { printed, words } = desk;
  if (printed === null) throw refuse('not_found', words.nothing_printed);
  const found = printed.rows.find((row) => row.number === number);
  if (found !== undefined) return found;
  throw refuse('not_found', words.no_such_row(number, printed.rows.length));
}

type BookingFields = Output<'set_booking_status'>;

/** What an answer of the server says of a booking, as a row of the day. */
export function rowOfBooking(booking: BookingFields, before: DayRow | null): DayRow {
  const { booking_id, reference_code, status, arrived_at, version, payment_state } = booking;
  const fresh = { booking_id, reference_code, status, arrived_at, version, payment_state };
  if (before !== null) return { ...before, ...fresh };
  const { slot_id, starts_at, ends_at, time, service_id, service_name, staff_id, staff_name } =
    booking;
  const { amount, currency, user_id, owner_name, owner_phone, pet_id, pet_name, species } = booking;
  return {
    kind: 'booking',
    ...fresh,
    ...{ slot_id, starts_at, ends_at, time, service_id, service_name, staff_id, staff_name },
    ...{ amount, currency, user_id, owner_name, owner_phone, pet_id, pet_name, species },
    capacity: booking.quantity,
    remaining: 0,
    reservation_id: null,
    hold_expires_at: null,
    notes: null,
  };
}

/** Keeps what the server has just said of a booking, so that the next act is made on it. */
export function keepRow(desk: Desk, row: DayRow): void {
  const { printed } = desk;
  if (printed === null) return;
  const rows = printed.rows.map((one) =>
    one.row.booking_id !== null && one.row.booking_id === row.booking_id
      ? {
          ...one,
          row: {
            ...one.row,
            status: row.status,
            arrived_at: row.arrived_at,
            version: row.version,
            payment_state: row.payment_state,
          },
        }
      : one,
  );
  desk.printed = { ...printed, rows };
}

/** What a word names: a number of the last list, or a reference, which is read now. */
export async function rowOf(desk: Desk, target: string): Promise<PrintedRow> {
  if (/^\d+$/.test(target)) return byNumber(desk, Number(target));
  const known = desk.printed?.rows.find(({ row }) => row.reference_code === target);
  if (known !== undefined) return known;
  const booking = await desk.session.client.call('get_booking', { booking_id: target });
  return { number: null, row: rowOfBooking(booking, null) };
}

/** The one row that the first word names; the rest of the words. */
export async function firstRow(
  desk: Desk,
  words: readonly string[],
): Promise<{ readonly target: PrintedRow; readonly rest: readonly string[] }> {
  const [first, ...rest] = words;
  if (first === undefined) throw refuse('invalid_input', desk.words.which_row);
  const targets = expandTargets([first]);
  const [target] = targets ?? [];
  if (target === undefined) throw refuse('invalid_input', desk.words.no_row_word(first));
  if (targets !== null && targets.length > 1) {
    throw refuse('invalid_input', desk.words.one_row_only);
  }
  return { target: await rowOf(desk, target), rest };
}

/** A booking's id and the version that was printed. */
export function bookingOf(desk: Desk, { row }: PrintedRow) {
  if (row.kind === 'booking' && row.booking_id !== null && row.version !== null) {
    return { booking_id: row.booking_id, expected_version: row.version };
  }
  throw refuse('policy_refused', desk.words.row_is_hold);
}
