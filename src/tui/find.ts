import { dateOf, runAction } from './actions.ts';
import { openBook } from './book-open.ts';
import { changeDay, wantReload } from './day.ts';
import { edit } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { bindingFor, foldKey } from './keys.ts';
import {
  type Effect,
  type Event,
  type Field,
  type Owner,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { FindBox, FindRow, OwnerVisit } from './model-find.ts';
import { actionRefusal } from './refused.ts';
import { filterBoard } from './rows.ts';
import { layoutOf, today } from './selectors.ts';

/** Screen 2, find: what its keys do, what it asks for, and what it makes of the answers. */

/** Shorter pauses are still typing. With the search it stays within ux §3: find p95 150 ms. */
const SEARCH_AFTER_MS = 60;
const SEARCH_LETTERS_MIN = 2;
/** The pane follows the cursor once it has rested this long. */
const CARD_AFTER_MS = 200;
/** Title, state of the search, column names; a rule, two facts, the keys. */
const FIND_LINES = 7;

/** Rows that fit. */
export function findRoom(state: State): number {
  return Math.max(1, layoutOf(state).body_rows - FIND_LINES);
}

function withFind(state: State, box: FindBox, change: Partial<FindBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

/** The text that is looked for. */
export const queryOf = (box: FindBox) => box.field.text.trim();

/** True while the rows belong to a text that has been changed since. */
export const isOldFind = (box: FindBox) => box.searched !== null && box.searched !== queryOf(box);

/** Text that was typed or pasted into the box. */
export function typeFind(state: State, box: FindBox, field: Field): State {
  const focused: FindBox = { ...box, focus: 'box' };
  if (field.text === box.field.text) return withFind(state, focused, { field });
  const is_long = field.text.trim().length >= SEARCH_LETTERS_MIN;
  const nothing = { owners: [], booking: null, local: null, searched: null, card: null };
  return withFind(state, focused, {
    ...(is_long ? {} : nothing),
    field,
    index: 0,
    due_ms: is_long ? state.now_ms + SEARCH_AFTER_MS : null,
    open_when_found: false,
  });
}

/** Of an owner's visits the one of today, that is to come rather than that was. */
export function visitToday(state: State, owner: Owner): OwnerVisit | null {
  const visits = [owner.next_visit, owner.last_visit];
  return (
    visits.find((one) => one !== null && dateOf(state, one.starts_at) === today(state)) ?? null
  );
}

/** What was found: the booking that was named, then owners, those who come today first. */
export function findRows(state: State, box: FindBox): readonly FindRow[] {
  if (box.local !== null) return box.local.map((row) => ({ kind: 'row', id: row.id, row }));
  const { booking } = box;
  const named: readonly FindRow[] =
    booking === null ? [] : [{ kind: 'booking', id: `b:${booking.booking_id}`, booking }];
  const owners = box.owners.map((owner): FindRow => ({ kind: 'owner', id: owner.user_id, owner }));
  const comes = (row: FindRow) => row.kind === 'owner' && visitToday(state, row.owner) !== null;
  return [...named, ...owners.filter(comes), ...owners.filter((row) => !comes(row))];
}

function selected(state: State, box: FindBox): FindRow | null {
  return findRows(state, box)[box.index] ?? null;
}

/** Whose row it is, when the search has told. */
function ownerOf(box: FindBox, row: FindRow): Owner | null {
  if (row.kind === 'owner') return row.owner;
  if (row.kind === 'row') return null;
  return box.owners.find(({ user_id }) => user_id === row.booking.user_id) ?? null;
}

function phoneOf(box: FindBox, row: FindRow): string | null {
  if (row.kind === 'row') return row.row.row.owner_phone;
  return ownerOf(box, row)?.phone ?? (row.kind === 'booking' ? row.booking.owner_phone : null);
}

/** The board of that day, the cursor on the visit: there the desk's keys act on it. */
export function goToVisit(state: State, starts_at: string, booking_id: string): Step {
  const date = dateOf(state, starts_at);
  const was_elsewhere = state.place !== 'board';
  const closed: State = { ...state, place: 'board', overlay: null, filter: '', message: null };
  if (date !== state.day?.date) {
    return stay(changeDay(closed, date === today(state) ? null : date, booking_id));
  }
  const row = closed.board.find((one) => one.row.booking_id === booking_id);
  if (row === undefined) return stay(wantReload({ ...closed, go_to: booking_id }));
  const there = { ...closed, cursor_id: row.id };
  return stay(was_elsewhere ? wantReload(there) : there);
}

function openRow(state: State, row: FindRow): Step {
  const is_on_board = state.board.some((one) => one.id === row.id);
  if (row.kind === 'row' && !is_on_board && row.row.row.booking_id !== null) {
    return goToVisit(state, row.row.row.starts_at, row.row.row.booking_id);
  }
  if (row.kind === 'row') {
    return stay({ ...state, place: 'board', overlay: null, filter: '', cursor_id: row.row.id });
  }
  if (row.kind === 'booking') {
    return goToVisit(state, row.booking.starts_at, row.booking.booking_id);
  }
  const { owner } = row;
  const visit = visitToday(state, owner) ?? owner.next_visit;
  if (visit === null) return bookFor(state, owner);
  // The board shows one clinic.
  if (visit.clinic_id !== state.session.clinic_id) {
    const { elsewhere } = wordsOf(state.session.lang).find;
    return stay(say(state, 'info', elsewhere(visit.reference_code)));
  }
  return goToVisit(state, visit.starts_at, visit.booking_id);
}

function bookFor(state: State, owner: Owner): Step {
  const refused = actionRefusal(state, 'book_found');
  if (refused !== null) return runAction(state, 'book_found');
  const there = state.place === 'board' ? state : wantReload({ ...state, place: 'board' });
  return openBook(there, { owner });
}

function actOn(state: State, box: FindBox, id: string): Step {
  const words = wordsOf(state.session.lang);
  const row = selected(state, box);
  if (row === null) return stay(state);
  if (id === 'find_open') return openRow(state, row);
  if (id === 'book_found') {
    const owner = ownerOf(box, row);
    return owner === null ? stay(say(state, 'warn', words.find.no_owner)) : bookFor(state, owner);
  }
  const phone = phoneOf(box, row);
  if (phone === null) return stay(say(state, 'warn', words.find.no_phone));
  return stay(state, { type: 'copy', text: phone });
}

function move(state: State, box: FindBox, by: number): State {
  const last = findRows(state, box).length - 1;
  if (last < 0) return withFind(state, box, { focus: 'box' });
  if (by < 0 && box.index === 0) return withFind(state, box, { focus: 'box' });
  const index = Math.max(0, Math.min(last, box.index + by));
  return withFind(state, box, { index, focus: 'list' });
}

const steps: Readonly<Record<string, (room: number) => number>> = {
  up: () => -1,
  down: () => 1,
  pgup: (room) => -room,
  pgdn: (room) => room,
};
const list_steps: Readonly<Record<string, (room: number) => number>> = {
  k: () => -1,
  j: () => 1,
  g: () => Number.NEGATIVE_INFINITY,
  home: () => Number.NEGATIVE_INFINITY,
  G: () => Number.POSITIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
};

/** One key while the cursor stands on the list. */
function listKey(state: State, box: FindBox, key: string): Step {
  const words = wordsOf(state.session.lang);
  const by = list_steps[foldKey(key)];
  if (by !== undefined) {
    const to = by(findRoom(state));
    const from_top = to === Number.NEGATIVE_INFINITY ? { ...box, index: 0 } : box;
    return stay(
      to === Number.NEGATIVE_INFINITY ? withFind(state, from_top, {}) : move(state, box, to),
    );
  }
  const binding = bindingFor('find', key);
  if (binding === null) return stay(say(state, 'info', words.find.type_again));
  if (binding.id === 'find_focus') return stay(withFind(state, box, { focus: 'box' }));
  return actOn(state, box, binding.id);
}

/** One key of the screen. */
export function findKey(state: State, box: FindBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: null });
  const by = steps[key];
  if (by !== undefined) return stay(move(state, box, by(findRoom(state))));
  if (key === 'enter' && (box.searched === null || isOldFind(box))) {
    const now = { due_ms: state.now_ms, open_when_found: true };
    return stay(withFind(state, box, queryOf(box) === '' ? {} : now));
  }
  if (box.focus === 'list') return listKey(state, box, key);
  if (key === 'enter') return actOn(state, box, 'find_open');
  if (key === 'ctrl-g') return actOn(state, box, 'book_found');
  if (key === 'tab') {
    const has_rows = findRows(state, box).length > 0;
    return stay(withFind(state, box, has_rows ? { focus: 'list' } : {}));
  }
  const field = edit(box.field, key);
  return stay(field === null ? state : typeFind(state, box, field));
}

/** `bp1000 0127` -> `BP10000127`; null when the text is no whole reference. */
function referenceOf(text: string): string | null {
  const packed = text.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
  return /^BP\d{8}$/.test(packed) ? packed : null;
}

/** Starts the search that is due. An answer to an older text is dropped when it comes. */
export function pumpFind(state: State): Step {
  const box = state.overlay;
  if (box?.screen !== 'find') return stay(state);
  if (box.due_ms !== null && box.due_ms <= state.now_ms) {
    const query = queryOf(box);
    const next = withFind(state, box, { due_ms: null });
    if (query === '') return stay(next);
    return stay(next, { type: 'find', query, reference: referenceOf(query) });
  }
  return followCard(state, box);
}

/** Where a pane shows the selected owner, the card is asked for once the cursor rests. */
function followCard(state: State, box: FindBox): Step {
  const row = selected(state, box);
  const owner = row === null ? null : ownerOf(box, row);
  if (layoutOf(state).pane_columns === 0 || owner === null || isOldFind(box)) return stay(state);
  const { user_id } = owner;
  if (box.card?.user_id !== user_id) {
    const card_due_ms = state.now_ms + CARD_AFTER_MS;
    return stay(withFind(state, box, { card: { user_id, card: null }, card_due_ms }));
  }
  if (box.card_due_ms === null || box.card_due_ms > state.now_ms) return stay(state);
  return stay(withFind(state, box, { card_due_ms: null }), { type: 'load_card', user_id });
}

/** Takes an answer in; null when it is none of these. */
export function takeFound(state: State, event: Event): Step | null {
  if (event.type !== 'found' && event.type !== 'find_card') return null;
  const box = state.overlay;
  if (box?.screen !== 'find') return stay(state);
  if (event.type === 'find_card') {
    const { card } = event;
    const is_asked = box.card?.user_id === card.user_id;
    return stay(is_asked ? withFind(state, box, { card: { user_id: card.user_id, card } }) : state);
  }
  const { query, owners, booking } = event;
  if (queryOf(box) !== query) return stay(state);
  const found: FindBox = { ...box, owners, booking, local: null, index: 0, searched: query };
  const next: State = { ...state, overlay: { ...found, open_when_found: false } };
  const rows = findRows(next, found);
  const [only] = rows;
  const is_sure = only?.kind === 'booking' || (only?.kind === 'owner' && isSure(only.owner, rows));
  return box.open_when_found && only !== undefined && is_sure ? openRow(next, only) : stay(next);
}

/** Who is only spelled alike is shown, and opened by a second Enter alone. */
const isSure = (owner: Owner, rows: readonly FindRow[]) =>
  rows.length === 1 && owner.matched_by !== 'near';

/** A search failed; null when it was none. Without a server the board on screen is looked through. */
export function findFailed(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  if (effect.type === 'load_card') return stay(state);
  if (effect.type !== 'find') return null;
  const box = state.overlay;
  if (box?.screen !== 'find' || queryOf(box) !== effect.query) return stay(state);
  if (problem.code !== 'unavailable') return stay(say(state, 'error', text));
  const rows = filterBoard(state.board, effect.query).filter(({ kind }) => kind === 'booking');
  const { query } = effect;
  return stay(
    withFind(state, box, {
      local: rows,
      owners: [],
      booking: null,
      searched: effect.query,
      index: 0,
    }),
    { type: 'find_kept', query },
  );
}
