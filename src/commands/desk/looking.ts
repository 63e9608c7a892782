import { type DeskVerb, desk_verbs, desk_words, deskVerbs } from '../../domain/desk-words.ts';
import { AppError } from '../../domain/errors.ts';
import type { Output } from '../../domain/shapes.ts';
import { type Day, readDays, saveDays } from '../day-cache.ts';
import type { Owner } from '../lookup.ts';
import { dateText } from './dates.ts';
import type { Desk, PrintedRow } from './desk.ts';
import type { Command } from './parse.ts';
import { refuse } from './refuse.ts';
import {
  bookingOf,
  type DayRow,
  firstRow,
  numberRows,
  rowLine,
  serverNow,
  stateOf,
  timeText,
  whoOf,
} from './rows.ts';
import { readWhen } from './times.ts';

/** Everything that only looks: the day, a row, people, how things stand, help. */

/** Rows of one list for people; `mo` goes on. A page of a small terminal, and what an ear can keep. */
const PAGE = 15;
const OWNERS_MAX = 10;

async function readDay(desk: Desk, date: string | null): Promise<Output<'get_day'>> {
  const { clinic_id } = desk.clinic;
  const day = await desk.session.client.call('get_day', {
    clinic_id,
    ...(date === null ? {} : { date }),
  });
  const as_of_ms = Temporal.Instant.from(day.as_of).epochMilliseconds;
  desk.offset_ms = as_of_ms - Temporal.Now.instant().epochMilliseconds;
  return day;
}

/** `3 booked, 1 late, 2 held`: the states that occur, in the order of a visit. */
function countsText(desk: Desk, rows: readonly PrintedRow[]): string {
  const { words } = desk;
  const now_ms = serverNow(desk).epochMilliseconds;
  const counts = new Map<string, number>();
  for (const state of Object.values(words.states)) counts.set(state, 0);
  for (const { row } of rows) {
    const state = row.kind === 'hold' ? words.held : words.states[stateOf(row, now_ms)];
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([state, count]) => words.count_of(count, state))
    .join(', ');
}

function printRows(desk: Desk, from: number): void {
  const { printed, talk, words } = desk;
  if (printed === null) return;
  const size = desk.talks_to_people ? PAGE : printed.rows.length;
  const page = printed.rows.slice(from, from + size);
  for (const row of page) talk.say(rowLine(desk, row));
  const shown = from + page.length;
  desk.printed = { ...printed, shown };
  const left = printed.rows.length - shown;
  if (left > 0) talk.remark(words.more_rows(left));
}

/** Today is kept for when nobody answers; a disk that is full is no reason to fail. */
async function keepDay(desk: Desk, day: Day): Promise<void> {
  if (!desk.talks_to_people || desk.date !== null) return;
  const role = desk.role === 'customer' ? null : desk.role;
  await saveDays(desk.place, role, [day]).catch(() => []);
}

/** The day as this machine saw it last; the failure itself when it did not. */
async function keptDay(desk: Desk, error: unknown): Promise<Day> {
  if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
  const date = desk.date ?? readWhen(desk, 'today').date;
  const saved = await readDays(desk.place);
  const { clinic_id } = desk.clinic;
  const kept = saved.find(({ day }) => day.clinic.clinic_id === clinic_id && day.date === date);
  if (kept === undefined) throw error;
  const { as_of } = kept.day;
  desk.talk.say(desk.words.offline_day(timeText(desk, as_of)));
  return kept.day;
}

/** Reads a day and prints it; from now on numbers mean its rows. */
export async function printDay(desk: Desk): Promise<void> {
  const { talk, words, lang } = desk;
  let day: Day;
  try {
    day = await readDay(desk, desk.date);
    await keepDay(desk, day);
  } catch (error) {
    // Its versions are those of then, so that what is done on them later is refused where they have moved.
    day = await keptDay(desk, error);
  }
  const rows = numberRows(day.items);
  desk.printed = { date: day.date, as_of: day.as_of, rows, shown: 0 };
  const what = dateText(day.date, lang);
  if (rows.length === 0) talk.say(words.empty_day(what));
  else talk.say(words.day_head(what, rows.length, countsText(desk, rows)));
  printRows(desk, 0);
}

export async function day(desk: Desk, command: Command): Promise<void> {
  const text = command.words.join(' ');
  const today = readWhen(desk, 'today').date;
  if (command.verb === 'day' && text !== '') {
    const { date, time } = readWhen(desk, text, 'allow');
    if (time !== null) throw refuse('invalid_input', desk.words.day_not_time(text));
    desk.date = date === today ? null : date;
  } else if (command.verb !== 'resync') desk.date = null;
  await printDay(desk);
}

export function more(desk: Desk): void {
  const { printed, words } = desk;
  if (printed === null) throw refuse('not_found', words.nothing_printed);
  if (printed.shown >= printed.rows.length) throw refuse('not_found', words.no_more_rows);
  printRows(desk, printed.shown);
}

/** A row as far as it can be told from the row that was printed: what a person would notice. */
const faceOf = ({ status, arrived_at, version, payment_state, starts_at }: DayRow) =>
  JSON.stringify([status, arrived_at, version, payment_state, starts_at]);

const keyOf = (row: DayRow) =>
  `${row.booking_id ?? row.reservation_id ?? row.slot_id}:${row.item ?? 0}`;

/** `st`: how things stand, asked for and never told by itself. */
export async function status(desk: Desk): Promise<void> {
  const { talk, words, clinic, lang, printed, role } = desk;
  const started = performance.now();
  const fresh = await readDay(desk, desk.date);
  const ms = Math.round(performance.now() - started);
  const rows = numberRows(fresh.items);
  const [today = ''] = desk.look.moment(fresh.as_of).split(' ');
  const where = `${clinic.name}, ${dateText(today, lang)} ${timeText(desk, fresh.as_of)}`;
  talk.say(words.status_where(where, role, ms));
  talk.say(words.day_head(dateText(fresh.date, lang), rows.length, countsText(desk, rows)));
  if (printed === null || printed.date !== fresh.date) return;
  const before = new Map(printed.rows.map(({ row }) => [keyOf(row), faceOf(row)]));
  const changed = rows.filter(({ row }) => before.get(keyOf(row)) !== faceOf(row)).length;
  const gone = printed.rows.length - rows.filter(({ row }) => before.has(keyOf(row))).length;
  const count = changed + gone;
  talk.say(words.status_changes(count, timeText(desk, printed.as_of)));
}

function sayBooking(desk: Desk, booking: Output<'get_booking'>): void {
  const { talk, words, look, lang } = desk;
  const when = `${dateText(booking.date, lang)} ${booking.time}`;
  const state = words.states[stateOf(booking, serverNow(desk).epochMilliseconds)];
  talk.say(`${booking.reference_code}: ${when}, ${state}.`);
  const visit = [whoOf(booking, words), booking.service_name, booking.staff_name].filter(Boolean);
  talk.say(`${visit.join(', ')}.`);
  if (booking.owner_phone !== null) talk.say(words.phone(booking.owner_phone));
  const money = (amount: string) => look.money(amount, booking.currency);
  const rest = booking.money?.amount_rest ?? '0';
  const due = Number(rest) > 0 ? money(rest) : null;
  talk.say(words.price(money(booking.amount), words.pays[booking.payment_state], due));
  if (booking.notes !== null && booking.notes !== '') talk.say(words.note(booking.notes));
  const failed = booking.messages.filter((one) => one.status === 'dead' || one.status === 'failed');
  if (failed.length > 0) {
    talk.say(words.messages_failed([...new Set(failed.map((one) => one.channel))].join(', ')));
  }
  const newest = booking.history.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  if (newest !== undefined) {
    const who = newest.performed_by_name ?? newest.source ?? words.somebody;
    talk.say(words.last_change(newest.action, who, look.moment(newest.at)));
  }
}

export async function show(desk: Desk, command: Command): Promise<void> {
  const { target } = await firstRow(desk, command.words);
  const { row } = target;
  if (row.kind === 'hold') {
    desk.talk.say(rowLine(desk, target));
    return;
  }
  const { booking_id } = bookingOf(desk, target);
  sayBooking(desk, await desk.session.client.call('get_booking', { booking_id }));
}

const ownerText = (owner: Owner) =>
  [
    owner.full_name,
    owner.phone,
    owner.pets.length === 0 ? null : `(${owner.pets.map((pet) => pet.name).join(', ')})`,
  ]
    .filter(Boolean)
    .join(' ');

async function sayOwner(desk: Desk, user_id: string): Promise<void> {
  const { talk, words, look } = desk;
  const card = await desk.session.client.call('get_owner', { user_id });
  desk.found = card;
  talk.say(ownerText(card));
  for (const visit of card.next_visits) {
    const what = [visit.pet_name, visit.service_name].filter(Boolean).join(', ');
    talk.say(words.next_visit(look.moment(visit.starts_at), what, visit.reference_code));
  }
  const [last] = card.last_visits;
  if (last !== undefined)
    talk.say(words.last_visit(look.moment(last.starts_at), last.service_name));
  for (const one of card.due) talk.say(words.owes(look.money(one.amount, one.currency)));
  if (card.no_show_count > 0) talk.say(words.no_shows(card.no_show_count));
}

export async function find(desk: Desk, command: Command): Promise<void> {
  const { talk, words, session, clinic } = desk;
  const text =
    command.words.length > 0 ? command.words.join(' ') : await talk.ask(words.ask_find, 'fi siti');
  if (text === '') throw new AppError('cancelled', words.left);
  if (/^BP\d{8}$/i.test(text)) {
    const booking_id = text.toUpperCase();
    sayBooking(desk, await session.client.call('get_booking', { booking_id }));
    return;
  }
  const { items } = await session.client.call('search_owners', {
    q: text,
    limit: OWNERS_MAX,
    near: 'true',
    clinic_id: clinic.clinic_id,
  });
  const [only] = items;
  if (only === undefined) throw refuse('not_found', words.nobody_found(text));
  if (items.length === 1) return await sayOwner(desk, only.user_id);
  if (!desk.talks_to_people) {
    for (const owner of items) talk.say(ownerText(owner));
    return;
  }
  const head = words.several_owners(text, items.length === OWNERS_MAX);
  const choice = await talk.choose({
    head,
    items,
    textOf: ownerText,
    fallback: null,
    flag: 'fi +6281234567890',
  });
  if (choice.kind === 'item') await sayOwner(desk, choice.item.user_id);
}

/** `he`, `he ci` */
export function help(desk: Desk, command: Command): void {
  const { talk, words } = desk;
  const line = (verb: DeskVerb) =>
    words.help_line(desk_words[verb].short.join(' '), verb, words.help[verb]);
  const [asked] = command.words;
  const verbs = asked === undefined ? desk_verbs : deskVerbs(asked);
  if (verbs.length === 0) throw refuse('not_found', words.unknown_word(asked ?? '', null));
  for (const verb of verbs) talk.say(line(verb));
  const [only] = verbs;
  if (only !== undefined && verbs.length === 1) {
    for (const example of words.examples[only] ?? []) talk.say(example);
  }
  if (asked === undefined) for (const sentence of words.help_more) talk.say(sentence);
}
