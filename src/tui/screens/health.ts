import { figureText } from '../../domain/kpi-words.ts';
import { displayWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { AlertItem, HealthPart, KpiItem, ReadyCheck, ViewItem } from '../model-health.ts';
import { clockText, instantOf, layoutOf, serverNow, timeZone, today } from '../selectors.ts';
import {
  alertCounts,
  type HealthRow,
  healthRows,
  isPart,
  panelOf,
  panelsOf,
  selectedHealth,
} from '../selectors-health.ts';
import { ageText } from '../selectors-ops.ts';
import { trend } from '../sparkline.ts';
import { cell, fitLine, type Line, lineOf, retone, span } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';

/** Screen 7, one panel at a time: alerts, figures, checks, views. The wall shows them side by side. */

export const kpi_columns = { figure: 17, now: 10, limit: 9, state: 5 } as const;
export const alert_columns = { state: 5, now: 7, limit: 10, since: 11 } as const;
export const check_columns = { name: 24, state: 5, latency: 8 } as const;
export const view_columns = { name: 28, age: 6, took: 7, rows: 9 } as const;
const TREND_MAX = 30;

const msOf = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;

/** `10:42` today, `19/11 10:42` on another day. */
export function momentText(state: State, instant: string): string {
  const ms = msOf(instant);
  const date = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate().toString();
  const time = clockText(state, ms, 'minute');
  return date === today(state) ? time : `${date.slice(8)}/${date.slice(5, 7)} ${time}`;
}

/** An age that does not change with every look: below a minute it is only that. */
export function calmAge(state: State, ms: number): string {
  return ms < 60_000 ? wordsOf(state.session.lang).health.under_minute : ageText(ms);
}

/** Answers of a few milliseconds jitter; nobody acts on that, and an idle screen stays still. */
export function calmLatency(ms: number | null): string {
  if (ms === null) return '';
  return ms < 10 ? '<10 ms' : `${Math.round(ms / 10) * 10} ms`;
}

type AlertWord = 'critical' | 'warning' | 'pending' | 'ok' | 'acked' | 'muted';

export function alertWord(alert: AlertItem): AlertWord {
  if (alert.state === 'firing') {
    if (alert.muted_until !== null) return 'muted';
    return alert.acked_at === null ? alert.severity : 'acked';
  }
  return alert.muted_until !== null ? 'muted' : alert.state;
}

export const alert_tones: Readonly<Record<AlertWord, SpanTone>> = {
  critical: 'error',
  warning: 'warn',
  pending: 'accent',
  acked: 'warn',
  muted: 'dim',
  ok: 'ok',
};

const alert_units = { percent: ' %', ms: ' ms', s: ' s', hours: ' h', days: ' d', count: '' };

function numberText(value: number, unit: AlertItem['unit']): string {
  const is_kpi_unit = unit === 'percent' || unit === 'ms' || unit === 's' || unit === 'count';
  return figureText(value, is_kpi_unit ? unit : 'count');
}

/** `11`, `71.2`; `-` when it was not measured. */
export function alertNow({ value, unit }: AlertItem): string {
  return value === null ? '-' : numberText(value, unit);
}

/** `> 50 %`: where it fires. */
export function alertLimit({ unit, compare, threshold }: AlertItem): string {
  const sign = compare === 'above' ? '>' : '<';
  return `${sign} ${numberText(threshold, unit)}${alert_units[unit]}`;
}

/** Who does what about it. */
export function noteText(state: State, alert: AlertItem): string {
  const words = wordsOf(state.session.lang).health;
  if (alert.muted_until !== null) return words.muted_until(momentText(state, alert.muted_until));
  return alert.acked_by === null || alert.state !== 'firing' ? '' : words.acked_by(alert.acked_by);
}

function alertTitleWidth(columns: number): number {
  const { state, now, limit, since } = alert_columns;
  return columns - state - now - limit - since - 4;
}

function alertContent(state: State, alert: AlertItem, columns: number): Line {
  const words = wordsOf(state.session.lang).health;
  const { state: word_columns, now, limit, since } = alert_columns;
  const word = alertWord(alert);
  const at = alert.state === 'ok' ? null : (alert.since ?? alert.fired_at);
  const title = words.alert(alert.name).title;
  return [
    span(`${cell(words.states[word], word_columns)} `, alert_tones[word]),
    span(`${cell(title, alertTitleWidth(columns))} `),
    span(`${padStartWidth(alertNow(alert), now)} `, alert_tones[word]),
    span(`${cell(alertLimit(alert), limit)} `, 'dim'),
    span(cell(at === null ? '' : momentText(state, at), since)),
  ];
}

type KpiWord = 'critical' | 'warning' | 'pending' | 'ok' | 'none';

export function kpiWord({ threshold }: KpiItem): KpiWord {
  if (threshold === null) return 'none';
  return threshold.state === 'firing' ? threshold.severity : threshold.state;
}

export const kpi_tones: Readonly<Record<KpiWord, SpanTone>> = {
  critical: 'error',
  warning: 'warn',
  pending: 'accent',
  ok: 'plain',
  none: 'plain',
};

/** `> 5`: the unit stands in the name. */
export function limitText({ threshold, unit }: KpiItem): string {
  if (threshold === null) return '';
  return `${threshold.compare === 'above' ? '>' : '<'} ${figureText(threshold.value, unit)}`;
}

function trendWidth(columns: number): number {
  const { figure, now, limit, state } = kpi_columns;
  return Math.max(8, Math.min(TREND_MAX, columns - figure - now - limit - state - 8));
}

function kpiContent(state: State, kpi: KpiItem, columns: number): Line {
  const words = wordsOf(state.session.lang).health;
  const { figure, now, limit, state: word_columns } = kpi_columns;
  const width = trendWidth(columns);
  const word = kpiWord(kpi);
  const line = trend(kpi.series, width, state.session.glyphs);
  return [
    span(`${cell(words.kpis[kpi.name], figure)} `),
    span(`${padStartWidth(figureText(kpi.now, kpi.unit), now)}  `, kpi_tones[word]),
    span(`${padStartWidth(line, width)}  `, 'accent'),
    span(`${cell(limitText(kpi), limit)} `, 'dim'),
    span(cell(words.states[word], word_columns), kpi_tones[word]),
  ];
}

export const check_tones: Readonly<Record<ReadyCheck['status'], SpanTone>> = {
  ok: 'ok',
  degraded: 'warn',
  down: 'error',
};

function checkContent(state: State, check: ReadyCheck): Line {
  const words = wordsOf(state.session.lang).health;
  const { name, state: word_columns, latency } = check_columns;
  return [
    span(`${cell(check.name, name)} `),
    span(`${cell(words.checks[check.status], word_columns)} `, check_tones[check.status]),
    span(`${padStartWidth(calmLatency(check.latency_ms), latency)}  `),
    // What is well says how many milliseconds ago it ticked: a new figure with every look.
    span(check.status === 'ok' ? '' : plainLine(check.detail), check_tones[check.status]),
  ];
}

export function viewAge(state: State, view: ViewItem): string {
  const words = wordsOf(state.session.lang).health;
  if (view.as_of === null) return words.never;
  return calmAge(state, Math.max(0, serverNow(state) - msOf(view.as_of)));
}

function viewContent(state: State, view: ViewItem): Line {
  const words = wordsOf(state.session.lang).health;
  const { name, age, took, rows } = view_columns;
  const note = view.last_error ?? view.note ?? '';
  return [
    span(`${cell(view.view_name, name)} `),
    span(`${padStartWidth(viewAge(state, view), age)} `, view.stale ? 'warn' : 'plain'),
    span(`${cell(view.stale ? words.old : '', 5)} `, 'warn'),
    span(`${padStartWidth(view.duration_ms === null ? '-' : `${view.duration_ms}ms`, took)} `),
    span(`${padStartWidth(view.row_count === null ? '-' : String(view.row_count), rows)}  `),
    span(plainLine(note), 'warn'),
  ];
}

/** What a row says, without the cursor before it. */
function contentOf(state: State, row: HealthRow, columns: number): Line {
  switch (row.kind) {
    case 'alert':
      return alertContent(state, row.item, columns);
    case 'kpi':
      return kpiContent(state, row.item, columns);
    case 'check':
      return checkContent(state, row.item);
    case 'view':
      return viewContent(state, row.item);
  }
}

function headText(state: State, part: HealthPart, columns: number): string {
  const { heads, view_heads } = wordsOf(state.session.lang).health;
  switch (part) {
    case 'alerts': {
      const { state: word, now, limit } = alert_columns;
      const title = cell(heads.alert, alertTitleWidth(columns));
      const texts = [cell(heads.state, word), title, padStartWidth(heads.now, now)];
      return [...texts, cell(heads.limit, limit), heads.since].join(' ');
    }
    case 'kpis': {
      const { figure, now, limit } = kpi_columns;
      const width = trendWidth(columns);
      const texts = [cell(heads.figure, figure), `${padStartWidth(heads.now, now)} `];
      return [
        ...texts,
        `${padStartWidth(heads.trend, width)} `,
        cell(heads.limit, limit),
        heads.state,
      ].join(' ');
    }
    case 'checks': {
      const { name, state: word, latency } = check_columns;
      return [
        cell(heads.check, name),
        cell(heads.state, word),
        `${padStartWidth('ms', latency)} `,
        heads.detail,
      ].join(' ');
    }
    case 'views': {
      const { name, age, took, rows } = view_columns;
      return [
        cell(view_heads.view, name),
        padStartWidth(view_heads.age, age),
        cell('', 5),
        padStartWidth(view_heads.took, took),
        `${padStartWidth(view_heads.rows, rows)} `,
        view_heads.note,
      ].join(' ');
    }
  }
}

/** How the part stands in a few words, and whether that needs somebody. */
export function summaryOf(state: State, part: HealthPart): readonly [string, SpanTone] {
  const words = wordsOf(state.session.lang).health;
  const { alerts, kpis, ready, views } = state.health;
  switch (part) {
    case 'alerts': {
      if (alerts === null) return ['', 'dim'];
      const { critical, warning, quiet } = alertCounts(state);
      if (critical + warning + quiet === 0) return [words.alerts_quiet, 'ok'];
      return [words.alert_counts(critical, warning, quiet), critical > 0 ? 'error' : 'warn'];
    }
    case 'kpis': {
      if (kpis === null) return ['', 'dim'];
      const over = kpis.items.filter(({ threshold }) => threshold?.state === 'firing').length;
      return [words.kpi_counts(over), over > 0 ? 'error' : 'dim'];
    }
    case 'checks': {
      if (ready === null) return ['', 'dim'];
      const ok = ready.checks.filter(({ status }) => status === 'ok').length;
      const bad = ready.checks.length - ok;
      return [words.check_counts(ok, bad), bad > 0 ? 'error' : 'ok'];
    }
    case 'views': {
      if (views === null) return ['', 'dim'];
      const stale = views.items.filter((one) => one.stale).length;
      return [words.view_counts(views.items.length, stale), stale > 0 ? 'warn' : 'ok'];
    }
  }
}

/** Counted once a minute; when that is longer ago than this, it is said. */
const COUNTED_LATE_MS = 180_000;

/** Why what is shown is old, or cannot be told; null when it is true now. */
export function staleText(state: State, part: HealthPart): string | null {
  const words = wordsOf(state.session.lang).health;
  const { problems, at_ms, alerts, kpis, ready } = state.health;
  const problem = problems[part];
  if (problem !== null) {
    const at = at_ms[part];
    const since = at === null ? null : clockText(state, at + state.offset_ms, 'second');
    return words.stale(since, problem);
  }
  if (part === 'alerts' && alerts?.stale === true) return words.nobody_looks;
  if (part === 'checks' && ready?.draining === true) return words.draining;
  if (part !== 'kpis' || kpis === null) return null;
  if (kpis.items.length === 0) return words.own_clinic_only;
  if (kpis.daemons === 0) return words.no_daemons;
  const { counted_at } = kpis;
  const is_late = counted_at !== null && serverNow(state) - msOf(counted_at) > COUNTED_LATE_MS;
  return is_late ? words.counted_late(momentText(state, counted_at)) : null;
}

/** The panels by name with how each stands; the shown one is marked. */
function barLine(state: State, columns: number): Line {
  const words = wordsOf(state.session.lang).health;
  const here = panelOf(state);
  const parts = panelsOf(state).filter(isPart);
  const texts = (is_long: boolean) =>
    parts.map((part) => {
      const [summary] = summaryOf(state, part);
      return is_long || part === here ? `${words.panels[part]} ${summary}` : words.panels[part];
    });
  const widthOf = (all: readonly string[]) =>
    all.reduce((sum, text) => sum + displayWidth(text) + 3, 0);
  // Where all of them do not fit, the shown one keeps its summary; the tones of the others tell.
  const is_long = widthOf(texts(true)) <= columns;
  return parts.flatMap((part, index): Line => {
    const [, tone] = summaryOf(state, part);
    const text = ` ${(texts(is_long)[index] ?? '').trim()} `;
    return [span(text, part === here ? 'selected' : tone), span(' ')];
  });
}

/** The rows of a part that fit, with the cursor in sight. */
export function windowOfRows(
  state: State,
  part: HealthPart,
  room: number,
): { readonly rows: readonly HealthRow[]; readonly index: number; readonly all: number } {
  const rows = healthRows(state, part);
  const index = rows.findIndex(({ id }) => id === selectedHealth(state, part)?.id);
  const top = Math.max(0, Math.min(index - room + 1, rows.length - room));
  return { rows: rows.slice(top, top + room), index: index - top, all: rows.length };
}

/** One panel over the whole list: names of the panels, what is old about it, columns, rows. */
export function healthBoard(state: State): Screen {
  const words = wordsOf(state.session.lang).health;
  const { list_columns: columns, list_rows } = layoutOf(state);
  const panel = panelOf(state);
  const part: HealthPart = isPart(panel) ? panel : 'alerts';
  const stale = staleText(state, part);
  const is_old = state.link.status === 'offline' || state.health.problems[part] !== null;
  const lines: Line[] = [barLine(state, columns)];
  if (stale !== null) lines.push(lineOf(` ${plainLine(stale)}`, columns, 'warn'));
  lines.push(lineOf(`  ${headText(state, part, columns - 2)}`, columns, 'bold'));
  const room = Math.max(1, list_rows + 1 - lines.length);
  const { rows, index, all } = windowOfRows(state, part, room);
  const first = lines.length;
  for (const [at, row] of rows.entries()) {
    const is_here = at === index;
    const content: Line = [
      span(is_here ? '> ' : '  ', 'accent'),
      ...contentOf(state, row, columns - 2),
    ];
    const line = fitLine(is_here ? retone(content, 'selected') : content, columns);
    lines.push(is_old && !is_here ? retone(line, 'dim') : line);
  }
  if (all === 0) {
    const text = state.health.looked_ms === null ? words.waiting : words.no_rows;
    lines.push(lineOf(` ${text}`, columns, 'accent'));
  }
  const cursor = all === 0 ? null : { x: 0, y: first + index };
  return { lines: fillLines(lines, list_rows + 1, columns), cursor };
}
