import { displayWidth, plainLine } from '../../domain/width.ts';
import { dateOf } from '../actions.ts';
import { windowOf } from '../field.ts';
import { findRoom, findRows, isOldFind, queryOf, visitToday } from '../find.ts';
import { moneyText, wordsOf } from '../i18n/text.ts';
import { stateWord } from '../legal.ts';
import type { Owner, State } from '../model.ts';
import type { FindBox, FindRow, OwnerCard, OwnerVisit } from '../model-find.ts';
import { clockText, layoutOf, today } from '../selectors.ts';
import { cell, fitLine, type Line, lineOf, retone, span, splitLine } from '../text.ts';
import { glyphSet } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { factLine } from './locks.ts';

/** Screen 2: the box, who or what is found, and the selected one in full. */

/** Columns with a fixed width; OWNER and PETS share the rest as 4 to 3. */
export const find_columns = { phone: 17, next: 12, last: 12 } as const;
/** Cursor and the blanks between the columns. */
const GAPS = 6;
/** The server's page of the effect: as many, and there may be more. */
const FOUND_MAX = 20;

function widthsOf(columns: number) {
  const { phone, next, last } = find_columns;
  const flex = columns - phone - next - last - GAPS;
  const pets = Math.floor((flex * 3) / 7);
  return { owner: flex - pets, pets };
}

const msOf = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;

/** `TODAY 11:30`, `27/11 11:30` within half a year, `27/11/2027` beyond: at most 12 columns. */
function whenText(state: State, visit: OwnerVisit): string {
  const date = dateOf(state, visit.starts_at);
  const time = clockText(state, msOf(visit.starts_at), 'minute');
  const here = today(state);
  if (date === here) return `${wordsOf(state.session.lang).find.today} ${time}`;
  const day = `${date.slice(8)}/${date.slice(5, 7)}`;
  const days = Math.abs(Temporal.PlainDate.from(here).until(date).total('days'));
  return days < 180 ? `${day} ${time}` : `${day}/${date.slice(0, 4)}`;
}

const petNames = (owner: Owner) => owner.pets.map((pet) => pet.name).join(', ');

type Cells = Readonly<Record<'owner' | 'phone' | 'pets' | 'next' | 'last', string>>;

function cellsOf(state: State, row: FindRow): Cells {
  const { find } = wordsOf(state.session.lang);
  if (row.kind === 'owner') {
    const { full_name: owner, phone, next_visit, last_visit } = row.owner;
    return {
      owner,
      phone: phone ?? '-',
      pets: petNames(row.owner),
      next: next_visit === null ? '-' : whenText(state, next_visit),
      last: last_visit === null ? '-' : whenText(state, last_visit),
    };
  }
  const { owner_name, owner_phone, pet_name, starts_at, reference_code } =
    row.kind === 'row' ? row.row.row : row.booking;
  const time = clockText(state, msOf(starts_at), 'minute');
  const date = dateOf(state, starts_at);
  const day = date === today(state) ? find.today : `${date.slice(8)}/${date.slice(5, 7)}`;
  return {
    owner: owner_name ?? '-',
    phone: owner_phone ?? '-',
    pets: pet_name ?? '-',
    next: `${day} ${time}`,
    last: reference_code ?? '-',
  };
}

function rowText(texts: Cells, columns: number): string {
  const widths = widthsOf(columns);
  return [
    cell(texts.owner, widths.owner),
    cell(texts.phone, find_columns.phone),
    cell(texts.pets, widths.pets),
    cell(texts.next, find_columns.next),
    cell(texts.last, find_columns.last),
  ].join(' ');
}

function comesToday(state: State, row: FindRow): boolean {
  return row.kind === 'owner' && visitToday(state, row.owner) !== null;
}

function rowLine(state: State, box: FindBox, row: FindRow, is_here: boolean): Line {
  const { list_columns: columns } = layoutOf(state);
  const text = `${is_here ? '> ' : '  '}${rowText(cellsOf(state, row), columns)}`;
  if (is_here) return lineOf(text, columns, box.focus === 'list' ? 'selected' : 'bold');
  if (isOldFind(box) || row.kind === 'row') return lineOf(text, columns, 'dim');
  return lineOf(text, columns, comesToday(state, row) ? 'ok' : 'plain');
}

/** How the search stands, in words: what is on the list may be old. */
function statusOf(state: State, box: FindBox): readonly [string, 'dim' | 'warn' | 'accent'] {
  const { find } = wordsOf(state.session.lang);
  const query = queryOf(box);
  if (box.searched === null && box.due_ms === null && query.length < 2) return [find.hint, 'dim'];
  if (box.local !== null) return [find.offline(box.local.length), 'warn'];
  if (box.searched === null || isOldFind(box)) return [find.searching, 'dim'];
  const rows = findRows(state, box);
  if (rows.length === 0) return [find.none(plainLine(query)), 'warn'];
  const is_near = box.owners.length > 0 && box.owners.every((one) => one.matched_by === 'near');
  if (is_near) return [find.only_near, 'warn'];
  return [find.found(rows.length, box.owners.length >= FOUND_MAX), 'accent'];
}

/** `Checkup Rudi BP10000133` */
function visitText(state: State, visit: OwnerVisit): string {
  const words = wordsOf(state.session.lang);
  const status = visit.status === 'confirmed' ? null : stateWord(words, visit.status, null);
  const { service_name, staff_name, pet_name, reference_code } = visit;
  const parts = [whenText(state, visit), service_name, staff_name, pet_name, status];
  return [...parts, reference_code].filter((part) => part !== null).join(' ');
}

/** The selected row on two lines: what its columns cut away. */
function factTexts(state: State, row: FindRow | null): readonly [string, string] {
  const words = wordsOf(state.session.lang);
  const { find } = words;
  if (row === null) return ['', ''];
  if (row.kind === 'owner') {
    const { full_name, phone, email, pets, next_visit, last_visit } = row.owner;
    const animals = pets.map((pet) => [pet.name, pet.species].filter(Boolean).join(' '));
    const next = next_visit === null ? find.no_visit : find.next(visitText(state, next_visit));
    const last = last_visit === null ? find.never_here : find.last(visitText(state, last_visit));
    const who = [full_name, phone, email, animals.join(', ')];
    return [who.filter((part) => part !== null && part !== '').join(' | '), `${next} | ${last}`];
  }
  const facts = row.kind === 'row' ? row.row.row : row.booking;
  const who = [facts.reference_code, facts.pet_name, facts.owner_name, facts.owner_phone];
  const state_word =
    facts.status === null ? null : stateWord(words, facts.status, facts.arrived_at);
  const what = [cellsOf(state, row).next, facts.service_name, facts.staff_name, state_word];
  const text = (parts: readonly (string | null)[]) =>
    parts.filter((part) => part !== null).join(' | ');
  return [text(who), text(what)];
}

function cardVisits(
  state: State,
  title: string,
  visits: OwnerCard['next_visits'],
  columns: number,
): readonly Line[] {
  if (visits.length === 0) return [];
  const words = wordsOf(state.session.lang);
  const lines = visits.map((visit): Line => {
    const date = dateOf(state, visit.starts_at);
    const time = clockText(state, msOf(visit.starts_at), 'minute');
    const is_due = visit.payment_state === 'due' || visit.payment_state === 'failed';
    const pay = is_due ? `  ${words.pay_short[visit.payment_state]}` : '';
    const when = `${date.slice(8)}/${date.slice(5, 7)}/${date.slice(2, 4)} ${time}`;
    const what = [visit.service_name, visit.staff_name, visit.pet_name];
    const text = what.filter((part) => part !== null).join(' ');
    return fitLine([span(`  ${when} ${plainLine(text)}`), span(pay, 'warn')], columns);
  });
  return [lineOf('', columns), lineOf(` ${title}`, columns, 'bold'), ...lines];
}

/** The selected owner whole, as the desk wants to see them while the phone rings. */
function cardLines(state: State, box: FindBox, columns: number): readonly Line[] {
  const card = box.card?.card ?? null;
  const lines = card === null ? [] : ownerLines(state, card, columns);
  return isOldFind(box) ? lines.map((line) => retone(line, 'dim')) : lines;
}

/** An owner with pets, visits and what is due; for calls as well. */
export function ownerLines(state: State, card: OwnerCard, columns: number): readonly Line[] {
  const { find } = wordsOf(state.session.lang);
  const { lang } = state.session;
  const pets = card.pets.map((pet) => [pet.name, pet.species].filter(Boolean).join(' '));
  const due = card.due.map((one) => {
    const overdue = /^[0.]*$/.test(one.overdue) ? null : moneyText(one.overdue, one.currency, lang);
    return find.due(moneyText(one.amount, one.currency, lang), overdue);
  });
  const facts: readonly (readonly [string, string | null])[] = [
    [find.facts.phone, card.phone],
    [find.facts.email, card.email],
    [find.facts.pets, pets.join(', ')],
    [find.facts.visits, find.visits(card.visit_count, card.no_show_count, card.cancelled_count)],
    [find.facts.due, due.length === 0 ? find.nothing_due : due.join('; ')],
  ];
  return [
    lineOf(` ${plainLine(card.full_name)}`, columns, 'bold'),
    ...facts.flatMap(([name, value]) =>
      value === null || value === '' ? [] : factLine(name, plainLine(value), columns),
    ),
    ...cardVisits(state, find.next_visits, card.next_visits, columns),
    ...cardVisits(state, find.last_visits, card.last_visits, columns),
  ];
}

function boxLine(state: State, box: FindBox): { readonly line: Line; readonly x: number } {
  const { find } = wordsOf(state.session.lang);
  const title = ` ${find.title}  `;
  const room = Math.max(10, state.columns - displayWidth(title) - 4);
  const { text, x } = windowOf(box.field, room);
  const left = `[${text}${' '.repeat(Math.max(0, room - displayWidth(text)))}]`;
  const line: Line = [span(title, 'bold'), span(left, box.focus === 'box' ? 'bold' : 'plain')];
  return { line: fitLine(line, state.columns), x: displayWidth(title) + 1 + x };
}

/** The screen, with the real cursor in the box or on the row. */
export function findScreen(state: State, box: FindBox): Screen {
  const { find } = wordsOf(state.session.lang);
  const { list_columns, pane_columns, body_rows } = layoutOf(state);
  const rows = findRows(state, box);
  const room = findRoom(state);
  const top = Math.max(0, Math.min(box.index - room + 1, rows.length - room));
  const shown = rows.slice(top, top + room);
  const typed = boxLine(state, box);
  const [status, tone] = statusOf(state, box);
  const { rule, bar } = glyphSet(state.session.glyphs, state.session.lang);
  const list: readonly Line[] = fillLines(
    [
      lineOf(`  ${rowText(find.heads, list_columns)}`, list_columns, 'bold'),
      ...shown.map((row, index) => rowLine(state, box, row, top + index === box.index)),
    ],
    room + 1,
    list_columns,
  );
  const pane = fillLines(cardLines(state, box, pane_columns), room + 1, pane_columns);
  const joined =
    pane_columns === 0
      ? list
      : list.map((line, index) =>
          fitLine([...line, span(bar, 'dim'), ...(pane[index] ?? [])], state.columns),
        );
  const place = rows.length > room ? `${box.index + 1}/${rows.length} ` : '';
  const lines: readonly Line[] = [
    typed.line,
    splitLine([span(` ${status}`, tone)], [span(place, 'dim')], state.columns),
    ...joined,
    lineOf(rule.repeat(state.columns), state.columns, 'dim'),
    ...factTexts(state, rows[box.index] ?? null).map((text) =>
      lineOf(` ${plainLine(text)}`, state.columns, isOldFind(box) ? 'dim' : 'plain'),
    ),
  ];
  const keys = box.focus === 'box' ? find.keys_box : find.keys_list;
  const filled = fillLines(lines, body_rows - 1, state.columns);
  const at_row = { x: 0, y: 3 + box.index - top };
  return {
    lines: [...filled, lineOf(` ${keys}`, state.columns, 'dim')],
    cursor: box.focus === 'box' ? { x: Math.min(typed.x, state.columns - 1), y: 0 } : at_row,
  };
}
