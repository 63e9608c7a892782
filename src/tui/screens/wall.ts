import { figureText } from '../../domain/kpi-words.ts';
import { displayWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { HealthPanel, HealthPart } from '../model-health.ts';
import type { QueueItem } from '../model-jobs.ts';
import type { LockRow } from '../model-ops.ts';
import { layoutOf } from '../selectors.ts';
import { type HealthRow, panelOf } from '../selectors-health.ts';
import { ageText, slotName } from '../selectors-ops.ts';
import { trend } from '../sparkline.ts';
import { cell, fitLine, type Line, lineOf, retone, type Span, span, splitLine } from '../text.ts';
import { glyphSet, type SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import {
  alert_tones,
  alertNow,
  alertWord,
  check_tones,
  kpi_tones,
  kpiWord,
  limitText,
  momentText,
  noteText,
  staleText,
  summaryOf,
  viewAge,
  windowOfRows,
} from './health.ts';
import { panelLines } from './load.ts';
import { tailLine } from './tail.ts';

/** The operators' wall, figure B: locks, figures, jobs, alerts, load, checks and events at once. */

/** Lines of the rows of panels at 40 lines, titles included; what is more goes to the first and the last. */
const heights = { top: 9, middle: 8, low: 5, events: 4 } as const;
const RULES = 3;
export const wall_columns = { figure: 17, now: 7, trend: 10, limit: 8 } as const;

type Panel = { readonly lines: readonly Line[]; readonly cursor: number | null };

const is_old_of = (state: State, part: HealthPart) =>
  state.link.status === 'offline' || state.health.problems[part] !== null;

/** Name and how it stands; the one with the cursor is marked by sign and by tone. */
function titleLine(
  state: State,
  panel: HealthPanel,
  summary: readonly [string, SpanTone],
  columns: number,
): Line {
  const words = wordsOf(state.session.lang).health;
  const [text, tone] = summary;
  const name = nameSpan(state, panel, words.panels[panel], 'bold');
  const said = span(` ${plainLine(text)} `, tone);
  // The name stays whatever has to be said beside it.
  const fits = displayWidth(name.text) + displayWidth(said.text) <= columns;
  return fits ? splitLine([name], [said], columns) : fitLine([name, said], columns);
}

function nameSpan(state: State, panel: HealthPanel, text: string, tone: SpanTone): Span {
  const is_here = panelOf(state) === panel;
  return span(`${is_here ? '>' : ' '}${plainLine(text)} `, is_here ? 'selected' : tone);
}

/** What is old about a part goes before how it stands. */
function partSummary(state: State, part: HealthPart): readonly [string, SpanTone] {
  const stale = staleText(state, part);
  return stale === null ? summaryOf(state, part) : [stale, 'warn'];
}

function kpiLine(state: State, row: HealthRow, columns: number): Line {
  if (row.kind !== 'kpi') return lineOf('', columns);
  const words = wordsOf(state.session.lang).health;
  const { figure, now, trend: width, limit } = wall_columns;
  const word = kpiWord(row.item);
  const line = trend(row.item.series, width, state.session.glyphs);
  const is_over = word === 'critical' || word === 'warning' || word === 'pending';
  return [
    span(`${cell(words.kpis[row.item.name], figure)} `),
    span(`${padStartWidth(figureText(row.item.now, row.item.unit), now)} `, kpi_tones[word]),
    span(`${padStartWidth(line, width)} `, 'accent'),
    is_over
      ? span(words.states[word], kpi_tones[word])
      : span(cell(limitText(row.item), limit), 'dim'),
  ];
}

function alertLine(state: State, row: HealthRow, columns: number): Line {
  if (row.kind !== 'alert') return [];
  const words = wordsOf(state.session.lang).health;
  const { item } = row;
  const word = alertWord(item);
  const at = item.since ?? item.fired_at;
  const when = at === null || item.state === 'ok' ? '' : ` ${momentText(state, at)}`;
  const left: Line = [
    span(`${cell(words.states[word], 5)} `, alert_tones[word]),
    span(words.alert(item.name).title),
  ];
  return splitLine(left, [span(` ${alertNow(item)}${when} `, 'dim')], columns);
}

/** What comes next, or who looks after it: below each alert while there is room. */
function alertBelow(state: State, row: HealthRow): string | null {
  if (row.kind !== 'alert' || row.item.state !== 'firing') return null;
  const note = noteText(state, row.item);
  return note === '' ? `-> ${row.item.next}` : note;
}

function checkLine(state: State, row: HealthRow): Line {
  if (row.kind !== 'check') return [];
  const words = wordsOf(state.session.lang).health;
  const { name, status, detail } = row.item;
  return [
    span(`${words.checks[status]} `, check_tones[status]),
    span(`${plainLine(name)} `),
    span(status === 'ok' ? '' : plainLine(detail), 'dim'),
  ];
}

const row_lines: Readonly<
  Record<HealthPart, (state: State, row: HealthRow, columns: number) => Line>
> = { kpis: kpiLine, alerts: alertLine, checks: checkLine, views: checkLine };

/** A panel of rows of this screen, with the cursor where it is. */
function partPanel(
  state: State,
  part: HealthPart,
  size: { readonly columns: number; readonly lines: number },
  below: readonly Line[] = [],
): Panel {
  const words = wordsOf(state.session.lang).health;
  const { columns, lines: height } = size;
  const room = height - 1 - below.length;
  const { rows, index, all } = windowOfRows(state, part, room);
  const has_cursor = panelOf(state) === part;
  let spare = room - rows.length;
  let cursor: number | null = null;
  const lines: Line[] = [titleLine(state, part, partSummary(state, part), columns)];
  for (const [at, row] of rows.entries()) {
    const is_here = has_cursor && at === index;
    if (is_here) cursor = lines.length;
    const content: Line = [
      span(is_here ? '>' : ' ', 'accent'),
      ...row_lines[part](state, row, columns - 1),
    ];
    const line = fitLine(is_here ? retone(content, 'selected') : content, columns);
    lines.push(is_old_of(state, part) && !is_here ? retone(line, 'dim') : line);
    const more = spare > 0 ? alertBelow(state, row) : null;
    if (more === null) continue;
    spare -= 1;
    lines.push(lineOf(`       ${plainLine(more)}`, columns, 'dim'));
  }
  if (all === 0 && state.health.looked_ms === null) {
    lines.push(lineOf(` ${words.waiting}`, columns, 'dim'));
  }
  const filled = fillLines(lines, height - below.length, columns);
  return { lines: [...filled, ...below], cursor };
}

/** Views in one line: which are old, else how old the oldest is. */
function viewsLine(state: State, columns: number): Line {
  const words = wordsOf(state.session.lang).health;
  const views = state.health.views?.items ?? [];
  const texts = views
    .toSorted((a, b) => Number(b.stale) - Number(a.stale) || (b.age_ms ?? 0) - (a.age_ms ?? 0))
    .slice(0, 2)
    .map((view) => `${view.view_name} ${viewAge(state, view)}${view.stale ? ` ${words.old}` : ''}`);
  const is_stale = views.some((view) => view.stale);
  const text = views.length === 0 ? '' : ` ${words.views_line(texts.join('  '))}`;
  return lineOf(plainLine(text), columns, is_stale ? 'warn' : 'dim');
}

/** Names of what is well, in one line. */
function wellLine(state: State, names: readonly string[], columns: number): Line {
  const words = wordsOf(state.session.lang).health;
  const text = names.length === 0 ? '' : ` ${words.rest_ok(names.join(', '))}`;
  return lineOf(plainLine(text), columns, 'dim');
}

/** Problems one by one; what is well shares a line. */
function checksPanel(state: State, columns: number, lines: number): Panel {
  const well = (state.health.ready?.checks ?? []).filter(({ status }) => status === 'ok');
  const names = well.map(({ name }) => name.replace('worker.', ''));
  const below = [wellLine(state, names, columns), viewsLine(state, columns)];
  return partPanel(state, 'checks', { columns, lines }, below);
}

function alertsPanel(state: State, columns: number, lines: number): Panel {
  const words = wordsOf(state.session.lang).health;
  const well = (state.health.alerts?.items ?? []).filter((one) => one.state === 'ok');
  // Their titles name the fault; beside an ok that would read as if it had happened.
  const below = [lineOf(` ${words.check_counts(well.length, 0)}`, columns, 'dim')];
  return partPanel(state, 'alerts', { columns, lines }, below);
}

const lock_rank = { leaked: 0, ghost: 1, foreign: 2, live: 3 } as const;

function lockLine(state: State, { lock, ends_ms }: LockRow, columns: number): Line {
  const words = wordsOf(state.session.lang);
  const tone: SpanTone =
    lock.class === 'leaked' ? 'error' : lock.class === 'live' ? 'plain' : 'warn';
  // Minutes: a wall that counts seconds is never still.
  const left = ends_ms === null ? null : Math.max(0, ends_ms - state.now_ms);
  const ttl =
    lock.has_end === null
      ? '-'
      : left === null
        ? words.ops.no_end
        : left < 60_000
          ? words.health.under_minute
          : ageText(left);
  const age = lock.class === 'live' || lock.age_ms === null ? '' : ` ${ageText(lock.age_ms)}`;
  return fitLine(
    [
      span(` ${cell(slotName(lock), 24)} ${cell(lock.service_name, 10)} `),
      span(`${cell(lock.holder ?? '-', 9)} ${padStartWidth(ttl, 5)} `),
      span(`${cell(words.ops.reservations[lock.reservation_status ?? 'none'], 9)} `),
      span(`${words.ops.classes[lock.class]}${age}`, tone),
    ],
    columns,
  );
}

function locksPanel(state: State, columns: number, height: number): Panel {
  const words = wordsOf(state.session.lang).ops;
  const { page, rows, problem } = state.locks;
  const summary: readonly [string, SpanTone] =
    problem !== null
      ? [words.look_failed(problem), 'error']
      : page === null
        ? [words.waiting, 'dim']
        : page.doorman === 'down'
          ? [words.door_down, 'banner']
          : [words.lock_counts(page.counts), page.counts.leaked > 0 ? 'error' : 'plain'];
  const sorted = rows.toSorted((a, b) => lock_rank[a.lock.class] - lock_rank[b.lock.class]);
  const shown = sorted.slice(0, height - 1).map((row) => lockLine(state, row, columns));
  const empty = page !== null && rows.length === 0;
  const is_old = state.link.status === 'offline' || problem !== null;
  const lines = [
    fitLine([nameSpan(state, 'locks', summary[0], summary[1])], columns),
    ...(is_old ? shown.map((line) => retone(line, 'dim')) : shown),
    ...(empty ? [lineOf(` ${words.no_locks}`, columns, 'dim')] : []),
  ];
  return {
    lines: fillLines(lines, height, columns),
    cursor: panelOf(state) === 'locks' ? 0 : null,
  };
}

const trouble = (one: QueueItem) =>
  one.dead * 1_000_000 + (one.paused_at === null ? 0 : 500_000) + one.retry * 1_000 + one.ready;

function jobLine(state: State, queue: QueueItem, columns: number): Line {
  const words = wordsOf(state.session.lang).jobs;
  const count = (value: number) => padStartWidth(String(value), 6);
  const why =
    queue.paused_at !== null ? words.paused(queue.pause_reason ?? '') : (queue.last_error ?? '-');
  return fitLine(
    [
      span(
        ` ${cell(words.queues[queue.queue], 10)} ${count(queue.ready)} ${count(queue.running)} `,
      ),
      span(`${count(queue.retry)} `, queue.retry > 0 ? 'warn' : 'plain'),
      span(`${count(queue.dead)}  `, queue.dead > 0 ? 'error' : 'plain'),
      span(plainLine(why), queue.dead + queue.retry > 0 ? 'warn' : 'dim'),
    ],
    columns,
  );
}

function jobsPanel(state: State, columns: number, height: number): Panel {
  const { ops, jobs: words } = wordsOf(state.session.lang);
  const { page, problem } = state.jobs;
  const items = page?.items ?? [];
  const sum = (name: 'ready' | 'retry' | 'dead') => items.reduce((all, one) => all + one[name], 0);
  const ages = items.flatMap(({ oldest_ms }) => (oldest_ms === null ? [] : [oldest_ms]));
  const oldest = ages.length === 0 ? null : ageText(Math.max(...ages));
  const dead = sum('dead');
  const summary: readonly [string, SpanTone] =
    problem !== null
      ? [words.look_failed(problem), 'error']
      : page === null
        ? [ops.waiting, 'dim']
        : [words.title(sum('ready') + sum('retry'), dead, oldest), dead > 0 ? 'error' : 'plain'];
  const { queue, ready, run, retry, dead: dead_head, error } = words.queue_heads;
  const heads = [ready, run, retry, dead_head].map((head) => padStartWidth(head, 6)).join(' ');
  const shown = items
    .toSorted((a, b) => trouble(b) - trouble(a))
    .slice(0, height - 2)
    .map((one) => jobLine(state, one, columns));
  const is_old = state.link.status === 'offline' || problem !== null;
  const lines = [
    fitLine([nameSpan(state, 'jobs', summary[0], summary[1])], columns),
    lineOf(` ${cell(queue, 10)} ${heads}  ${error}`, columns, 'dim'),
    ...(is_old ? shown.map((line) => retone(line, 'dim')) : shown),
  ];
  return { lines: fillLines(lines, height, columns), cursor: panelOf(state) === 'jobs' ? 0 : null };
}

function loadPanel(state: State, columns: number, height: number): Panel {
  const words = wordsOf(state.session.lang);
  const { is_running, list } = state.load;
  const last = list?.runs[0];
  const idle =
    last === undefined
      ? words.health.no_runs
      : `${words.ops.run_title(last.run)} ${words.ops.verdicts[last.verdict]}`;
  const title = titleLine(state, 'load', [is_running ? '' : idle, 'dim'], columns);
  const lines = panelLines(state, columns);
  return {
    lines: fillLines([title, ...lines], height, columns),
    cursor: panelOf(state) === 'load' ? 0 : null,
  };
}

function eventsPanel(state: State, columns: number, height: number): Panel {
  const words = wordsOf(state.session.lang).jobs;
  const { paused_at, items } = state.tail;
  const is_live = paused_at === null;
  const summary = is_live ? words.tail_live : words.tail_paused(paused_at, 0);
  const title = titleLine(state, 'events', [summary, is_live ? 'ok' : 'warn'], columns);
  const shown = items.slice(0, height - 1).map((event) => tailLine(state, event, columns, false));
  const empty = items.length === 0 ? [lineOf(` ${words.no_events}`, columns, 'dim')] : [];
  return {
    lines: fillLines([title, ...shown, ...empty], height, columns),
    cursor: panelOf(state) === 'events' ? 0 : null,
  };
}

/** Two panels side by side. */
function beside(state: State, left: Panel, right: Panel): readonly Line[] {
  const { list_columns } = layoutOf(state);
  const { bar } = glyphSet(state.session.glyphs, state.session.lang);
  return left.lines.map((line, index) =>
    fitLine(
      [...fitLine(line, list_columns), span(bar, 'dim'), ...(right.lines[index] ?? [])],
      state.columns,
    ),
  );
}

/** All panels: exactly as many lines as a list and its column names have. */
export function wallScreen(state: State): Screen {
  const { list_columns: wide, pane_columns: narrow, list_rows } = layoutOf(state);
  const { rule } = glyphSet(state.session.glyphs, state.session.lang);
  const between = lineOf(rule.repeat(state.columns), state.columns, 'dim');
  const all = list_rows + 1 - RULES;
  const extra = Math.max(0, all - heights.top - heights.middle - heights.low - heights.events);
  const top = heights.top + Math.ceil(extra / 2);
  const events_height = heights.events + Math.floor(extra / 2);
  const rows: readonly (readonly [Panel, Panel])[] = [
    [locksPanel(state, wide, top), partPanel(state, 'kpis', { columns: narrow, lines: top })],
    [jobsPanel(state, wide, heights.middle), alertsPanel(state, narrow, heights.middle)],
    [loadPanel(state, wide, heights.low), checksPanel(state, narrow, heights.low)],
  ];
  const lines: Line[] = [];
  let cursor: Screen['cursor'] = null;
  for (const [left, right] of rows) {
    if (left.cursor !== null) cursor = { x: 0, y: lines.length + left.cursor };
    if (right.cursor !== null) cursor = { x: wide + 1, y: lines.length + right.cursor };
    lines.push(...beside(state, left, right), between);
  }
  const events = eventsPanel(state, state.columns, events_height);
  if (events.cursor !== null) cursor = { x: 0, y: lines.length + events.cursor };
  lines.push(...events.lines);
  return { lines: fillLines(lines, list_rows + 1, state.columns), cursor };
}
