import { plainLine } from '../../domain/width.ts';
import { moneyText, wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { TailEvent } from '../model-jobs.ts';
import { clockText, instantOf, layoutOf, timeZone } from '../selectors.ts';
import { aboutOf, referenceOf, selectedEvent, tailNews, tailRows } from '../selectors-jobs.ts';
import { tailRoom } from '../tail.ts';
import { cell, fitLine, type Line, lineOf, retone, span, splitLine, wrap } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { factLine } from './locks.ts';

/** Screen 9, figure B: what happens, newest first. */

const SEQUENCE = 8;
const TYPE = 26;

type Told = Extract<TailEvent, { kind: 'event' }>;

const bad: readonly string[] = ['failed', 'late', 'disputed', 'expired', 'cancelled', 'disabled'];

function toneOf(event: Told): SpanTone {
  return bad.some((word) => event.event_type.endsWith(`.${word}`)) ? 'warn' : 'plain';
}

function timeOf(state: State, event: Told, is_wide: boolean): string {
  const ms = Temporal.Instant.from(event.occurred_at).epochMilliseconds;
  const text = clockText(state, ms, 'second');
  return is_wide ? `${text}.${String(ms % 1_000).padStart(3, '0')}` : text;
}

const said = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);

/** Money, who and why, as far as the event says it. */
function summary(state: State, { payload }: Told): string {
  const amount = said(payload['refund_amount']) ?? said(payload['amount']);
  const currency = said(payload['currency']);
  const money =
    amount === null || currency === null ? null : moneyText(amount, currency, state.session.lang);
  const parts = [
    money,
    said(payload['status']),
    said(payload['payment_method']),
    said(payload['reason']),
    said(payload['source']),
  ];
  return parts.filter((part) => part !== null).join('  ');
}

/** One event on a line; the wall has no cursor on it. */
export function tailLine(state: State, event: TailEvent, columns: number, has_cursor = true): Line {
  const words = wordsOf(state.session.lang).jobs;
  const is_selected = has_cursor && event.sequence === state.tail.cursor_seq;
  const lead = span(is_selected ? '> ' : '  ', 'accent');
  if (event.kind === 'gap') {
    const line = [lead, span(words.gap(event.sequence), 'error')];
    return fitLine(is_selected ? retone(line, 'selected') : line, columns);
  }
  const about = referenceOf(state, event) ?? event.aggregate_id.slice(0, 8);
  const line: Line = [
    lead,
    span(`${timeOf(state, event, state.columns >= 120)} `, 'dim'),
    span(`${String(event.sequence).padStart(SEQUENCE)} `),
    span(`${cell(event.event_type, TYPE)} `, toneOf(event)),
    span(`${cell(about, 10)}  `),
    span(plainLine(summary(state, event)), 'dim'),
  ];
  return fitLine(is_selected ? retone(line, 'selected') : line, columns);
}

function titleLine(state: State, columns: number): Line {
  const words = wordsOf(state.session.lang).jobs;
  const { filter, paused_at } = state.tail;
  const name = words.tail_title(filter);
  const news = tailNews(state);
  const right = paused_at === null ? words.tail_live : words.tail_paused(paused_at, news);
  const tone: SpanTone = paused_at === null ? 'ok' : 'warn';
  return splitLine([span(` ${plainLine(name)}`, 'bold')], [span(` ${right} `, tone)], columns);
}

/** Title and rows: exactly as many lines as the day board has. */
export function tailBoard(state: State): Screen {
  const words = wordsOf(state.session.lang);
  const { list_columns, list_rows } = layoutOf(state);
  const rows = tailRows(state);
  const lines: Line[] = [titleLine(state, list_columns)];
  const shown = rows.slice(state.tail.top, state.tail.top + tailRoom(state));
  const index = shown.findIndex((event) => event.sequence === state.tail.cursor_seq);
  const cursor = index < 0 ? null : { x: 0, y: lines.length + index };
  const is_stale = state.link.status === 'offline';
  for (const event of shown) {
    const line = tailLine(state, event, list_columns);
    const is_selected = event.sequence === state.tail.cursor_seq;
    lines.push(is_stale && !is_selected ? retone(line, 'dim') : line);
  }
  if (rows.length === 0) {
    const { filter, items } = state.tail;
    const is_filtered = filter !== '' && items.length > 0;
    const text = is_filtered ? words.no_match(filter) : words.jobs.no_events;
    lines.push(lineOf(` ${text}`, list_columns, 'accent'));
  }
  return { lines: fillLines(lines, list_rows + 1, list_columns), cursor };
}

/** The selected event on two lines. */
export function tailFacts(state: State): readonly Line[] {
  const words = wordsOf(state.session.lang).jobs;
  const event = selectedEvent(state);
  if (event === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  if (event.kind === 'gap') {
    return [lineOf(` ${words.gap(event.sequence)}`, state.columns), lineOf('', state.columns)];
  }
  const first = [event.event_type, aboutOf(state, event), summary(state, event)];
  const second = [`${event.aggregate_type} ${event.aggregate_id}`, event.correlation_id];
  return [first, second].map((parts) => {
    const text = parts.filter((part) => part !== null && part !== '').join(' | ');
    return lineOf(` ${plainLine(text)}`, state.columns);
  });
}

/** The selected event whole, where there is room beside the list. */
export function tailPane(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).jobs;
  const event = selectedEvent(state);
  if (event?.kind !== 'event') return [[span(' ', 'dim')]];
  const names = words.facts;
  const ms = Temporal.Instant.from(event.occurred_at).epochMilliseconds;
  const date = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate().toString();
  const lines: Line[] = [[span(` ${event.event_type}`, 'bold')]];
  const add = (name: string, text: string | null) => {
    if (text !== null) lines.push(...factLine(name, plainLine(text), columns));
  };
  add(names.since, `${date} ${timeOf(state, event, true)}`);
  add(names.number, String(event.sequence));
  add(names.about, `${event.aggregate_type} ${event.aggregate_id}`);
  add(names.trace, event.correlation_id);
  add(names.id, event.event_id);
  lines.push([span('')], [span(` ${words.payload}`, 'bold')]);
  for (const [name, value] of Object.entries(event.payload)) {
    if (value === null) continue;
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    lines.push([span(`  ${plainLine(name)}`, 'dim')]);
    const parts = wrap(plainLine(text), Math.max(10, columns - 5));
    for (const part of parts) lines.push([span(`    ${part}`)]);
  }
  return lines.map((line) => fitLine(line, columns));
}
