import { displayWidth, padEndWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { LockItem, LockRow } from '../model-ops.ts';
import { countdown, layoutOf } from '../selectors.ts';
import {
  agesOf,
  ageText,
  lockRows,
  selectedLock,
  slotName,
  visibleLocks,
} from '../selectors-ops.ts';
import { cell, fitLine, type Line, lineOf, retone, span, splitLine, wrap } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';

/** Screen 5, figure B: locks and holds side by side, and one lock in full. */

/** Columns with a fixed width; SLOT and SERVICE share the rest as 5 to 3. */
export const lock_columns = { holder: 8, ttl: 5, reserv: 9, state: 13 } as const;
/** Cursor and mark, and a blank after each column but the last. */
const GAPS = 7;
const SERVICE_MIN = 8;

const class_tones: Readonly<Record<LockItem['class'], SpanTone>> = {
  leaked: 'error',
  ghost: 'warn',
  foreign: 'warn',
  live: 'plain',
};

function widthsOf(columns: number) {
  const { holder, ttl, reserv, state } = lock_columns;
  const flex = columns - holder - ttl - reserv - state - GAPS;
  const service = Math.max(SERVICE_MIN, Math.floor((flex * 3) / 8));
  return { slot: flex - service, service };
}

/** Life that is left of the lock, counted down by our clock; the server's was asked a moment ago. */
export function ttlText(state: State, row: LockRow): string {
  const words = wordsOf(state.session.lang).ops;
  if (row.lock.has_end === null) return '-';
  if (row.ends_ms === null) return words.no_end;
  const left_ms = row.ends_ms - state.now_ms;
  return left_ms > 5_999_000 ? ageText(left_ms) : countdown(row.ends_ms, state.now_ms);
}

function stateText(state: State, lock: LockItem): string {
  const words = wordsOf(state.session.lang).ops;
  const name = words.classes[lock.class];
  if (lock.class === 'live') return lock.extended ? `${name} ${words.extended}` : name;
  return lock.age_ms === null ? name : `${name} ${ageText(lock.age_ms)}`;
}

function rowLine(state: State, row: LockRow, columns: number): Line {
  const words = wordsOf(state.session.lang).ops;
  const { lock } = row;
  const widths = widthsOf(columns);
  const is_selected = row.id === state.locks.cursor_id;
  const mark = state.locks.marked.has(row.id) ? '*' : ' ';
  const status = words.reservations[lock.reservation_status ?? 'none'];
  const tone = class_tones[lock.class];
  const ttl = padStartWidth(ttlText(state, row), lock_columns.ttl);
  const line: Line = [
    span(`${is_selected ? '>' : ' '}${mark}`, 'accent'),
    span(`${cell(slotName(lock), widths.slot)} ${cell(lock.service_name, widths.service)} `),
    span(`${cell(lock.holder ?? '-', lock_columns.holder)} `),
    span(`${ttl} `, lock.has_end === false ? 'error' : 'plain'),
    span(`${cell(status, lock_columns.reserv)} `),
    span(cell(stateText(state, lock), lock_columns.state), tone),
  ];
  return fitLine(is_selected ? retone(line, 'selected') : line, columns);
}

function headLine(state: State, columns: number): Line {
  const { lock_heads } = wordsOf(state.session.lang).ops;
  const { slot, service } = widthsOf(columns);
  const text = [
    `  ${cell(lock_heads.slot, slot)}`,
    cell(lock_heads.service, service),
    cell(lock_heads.holder, lock_columns.holder),
    padStartWidth(lock_heads.ttl, lock_columns.ttl),
    cell(lock_heads.reserv, lock_columns.reserv),
    lock_heads.state,
  ].join(' ');
  return lineOf(text, columns, 'bold');
}

/** Counts and ages; or why they cannot be told. */
function titleLine(state: State, columns: number): Line {
  const words = wordsOf(state.session.lang).ops;
  const { page, problem, marked, leaked_only } = state.locks;
  if (problem !== null) {
    return lineOf(` ${plainLine(words.look_failed(problem))}`, columns, 'error');
  }
  if (page === null) return lineOf(` ${words.waiting}`, columns, 'dim');
  if (page.doorman === 'absent') return lineOf(` ${words.door_absent}`, columns, 'warn');
  const ages = agesOf(state);
  const notes = [
    ...(leaked_only ? [words.leaked_only] : []),
    ...(marked.size > 0 ? [words.marked(marked.size)] : []),
    ...(page.is_complete ? [] : [words.incomplete]),
    ...(page.next_cursor === null ? [] : [words.page_only(state.locks.rows.length)]),
  ];
  const tone = page.counts.leaked > 0 ? 'error' : 'bold';
  const counts = ` ${words.lock_counts(page.counts)}`;
  const age = ages === null ? '' : words.ages(ageText(ages.p50), ageText(ages.p99));
  const whole = `  ${[...notes, age].join('  ')} `;
  // Ages are the first to go where the line is too narrow.
  const fits = displayWidth(counts) + displayWidth(whole) <= columns;
  const right = fits ? whole : `  ${notes.join('  ')} `;
  return splitLine([span(counts, tone)], [span(right, 'accent')], columns);
}

function emptyText(state: State): string {
  const words = wordsOf(state.session.lang);
  const { page, filter, rows, leaked_only } = state.locks;
  if (filter !== '' && rows.length > 0) return words.no_match(filter);
  if (page === null || state.locks.at_ms === null) return words.ops.waiting;
  return leaked_only ? words.ops.nothing_leaked : words.ops.no_locks;
}

/** Title, column names and rows: exactly as many lines as the day board has. */
export function lockBoard(state: State): Screen {
  const { list_columns, list_rows } = layoutOf(state);
  const rows = visibleLocks(state);
  const is_stale = state.link.status === 'offline';
  const lines: Line[] = [titleLine(state, list_columns), headLine(state, list_columns)];
  const shown = rows.slice(state.locks.top, state.locks.top + lockRows(state));
  const index = shown.findIndex((row) => row.id === state.locks.cursor_id);
  const cursor = index < 0 ? null : { x: 0, y: lines.length + index };
  for (const row of shown) {
    const line = rowLine(state, row, list_columns);
    lines.push(is_stale && row.id !== state.locks.cursor_id ? retone(line, 'dim') : line);
  }
  if (rows.length === 0) lines.push(lineOf(` ${emptyText(state)}`, list_columns, 'accent'));
  return { lines: fillLines(lines, list_rows + 1, list_columns), cursor };
}

/** The selected lock on two lines. */
export function lockFacts(state: State): readonly Line[] {
  const words = wordsOf(state.session.lang).ops;
  const row = selectedLock(state);
  if (row === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  const { lock } = row;
  const status = words.reservations[lock.reservation_status ?? 'none'];
  const hold = [lock.reference_code, status].filter((part) => part !== null).join(' ');
  const parts = [slotName(lock), lock.service_name, lock.holder, hold];
  const first = parts.filter((part) => part !== null && part !== '').join(' | ');
  const why = `${words.classes[lock.class]}: ${words.causes[lock.cause]}`;
  const next = nextStep(state, lock);
  const second = next === null ? why : `${why} | ${next}`;
  const tone = state.link.status === 'offline' ? 'dim' : 'plain';
  return [first, second].map((text) => lineOf(` ${plainLine(text)}`, state.columns, tone));
}

/** What can be done about it; the server decides again. */
function nextStep(state: State, lock: LockItem): string | null {
  const words = wordsOf(state.session.lang).ops;
  const can_release = lock.class === 'leaked' && lock.reservation_status !== 'pending';
  if (can_release) return words.can_release;
  const is_mended = lock.class === 'ghost' || lock.class === 'leaked';
  return is_mended && lock.cause !== 'degraded' ? words.use_reconcile : null;
}

/** Column of the values beside the names of facts. */
export const FACT = 12;

/** ` name      value`, wrapped under the value. */
export function factLine(
  name: string,
  value: string,
  columns: number,
  tone: SpanTone = 'plain',
): readonly Line[] {
  const parts = wrap(value, Math.max(10, columns - FACT - 1));
  return parts.map((part, index) => [
    span(padEndWidth(index === 0 ? ` ${name}` : '', FACT), 'dim'),
    span(part, tone),
  ]);
}

/** `20/11 14:30`, as the server wrote it: by the clock of the clinic. */
function shortTime(text: string): string {
  return `${text.slice(8, 10)}/${text.slice(5, 7)} ${text.slice(11, 16)}`;
}

/** Everything that is known of the selected lock; its history comes a moment later. */
export function inspectLines(state: State, columns: number): readonly Line[] {
  const all = wordsOf(state.session.lang);
  const words = all.ops;
  const row = selectedLock(state);
  if (row === null) return [[span(` ${words.no_lock_here}`, 'dim')]];
  const { lock } = row;
  const names = words.lock_facts;
  const lines: Line[] = [];
  const add = (name: string, value: string | null, tone: SpanTone = 'plain') => {
    if (value !== null && value !== '') lines.push(...factLine(name, value, columns, tone));
  };
  const why = `${words.classes[lock.class]}: ${words.causes[lock.cause]}`;
  const status = words.reservations[lock.reservation_status ?? 'none'];
  const has_hold = lock.reservation_id !== null;
  add(names.state, why, class_tones[lock.class]);
  add(names.slot, slotName(lock));
  add(names.service, lock.service_name);
  add(names.seat, lock.seat === null ? null : String(lock.seat));
  add(names.holder, lock.holder);
  add(names.ttl, lock.has_end === null ? words.no_lock : ttlText(state, row));
  add(names.hold, [lock.reference_code, status].filter((part) => part !== null).join(' '));
  const is_pending = lock.reservation_status === 'pending';
  const until = is_pending && lock.expires_at !== null ? shortTime(lock.expires_at) : null;
  const extended = lock.extended ? words.extended : words.not_extended;
  add(names.until, until === null ? null : `${until}  ${extended}`);
  add(names.age, lock.age_ms === null || !has_hold ? null : ageText(lock.age_ms));
  add(names.token, lock.token);
  add(names.key, lock.key);
  const next = nextStep(state, lock);
  if (next !== null) lines.push([span('')], [span(` ${next}`, 'accent')]);
  const known = state.locks.detail;
  const history = known?.id === row.id ? (known.lock?.history ?? null) : null;
  if (history === null || history.length === 0) return lines.map((line) => fitLine(line, columns));
  lines.push([span('')], [span(` ${words.inspect_history}`, 'bold')]);
  for (const step of history) {
    const by = step.source === null ? '' : `  ${step.source}`;
    const notes = step.notes === null ? '' : `  ${step.notes}`;
    lines.push([span(`  ${shortTime(step.at)}  ${plainLine(`${step.action}${by}${notes}`)}`)]);
  }
  return lines.map((line) => fitLine(line, columns));
}

/** The lock as a screen of its own, scrolled. */
export function inspectScreen(state: State, top: number): Screen {
  const { body_rows } = layoutOf(state);
  const words = wordsOf(state.session.lang).ops;
  const row = selectedLock(state);
  const title: Line = [
    span(` ${words.inspect_title}  `, 'bold'),
    span(row === null ? '' : plainLine(slotName(row.lock)), 'bold'),
  ];
  const lines = [title, ...inspectLines(state, state.columns)];
  const from = Math.min(top, Math.max(0, lines.length - body_rows));
  return { lines: fillLines(lines.slice(from), body_rows, state.columns), cursor: null };
}
