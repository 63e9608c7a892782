import { figureText } from '../../domain/kpi-words.ts';
import { displayWidth, padEndWidth, plainLine } from '../../domain/width.ts';
import { windowOf } from '../field.ts';
import { mute_times } from '../health-actions.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type {
  AlertItem,
  FactBox,
  HealthDeedBox,
  KpiItem,
  ReadyCheck,
  ReconcileBox,
  ViewItem,
} from '../model-health.ts';
import { layoutOf } from '../selectors.ts';
import { type HealthRow, healthTarget, selectedHealth } from '../selectors-health.ts';
import { trend } from '../sparkline.ts';
import { fitLine, type Line, lineOf, span, splitLine, wrap } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import {
  alert_tones,
  alertLimit,
  alertNow,
  alertWord,
  calmLatency,
  check_tones,
  kpi_tones,
  kpiWord,
  limitText,
  momentText,
  noteText,
  viewAge,
} from './health.ts';
import { paper } from './life.ts';
import { FACT, factLine } from './locks.ts';

/** Screen 7: one row in full, the dialogs, and what reconcile found. */

type Add = (name: string, text: string | null, tone?: SpanTone) => void;

function adder(lines: Line[], columns: number): Add {
  return (name, text, tone = 'plain') => {
    if (text !== null && text !== '') lines.push(...factLine(name, plainLine(text), columns, tone));
  };
}

function addAlert(state: State, alert: AlertItem, add: Add): void {
  const words = wordsOf(state.session.lang).health;
  const { facts } = words;
  const word = alertWord(alert);
  const acked = alert.acked_at === null ? null : momentText(state, alert.acked_at);
  const reasons = [alert.ack_reason, alert.mute_reason].filter((text) => text !== null);
  const { runbook } = words.alert(alert.name);
  add(facts.state, words.states[word], alert_tones[word]);
  add(facts.value, `${alertNow(alert)}  (${facts.limit} ${alertLimit(alert)})`);
  add(facts.seen, alert.detail);
  add(facts.since, alert.since === null ? null : momentText(state, alert.since));
  add(facts.acked, acked === null ? null : `${alert.acked_by ?? '?'} ${acked}`);
  add(facts.muted, alert.muted_until === null ? null : noteText(state, alert));
  add('', reasons.join(' | '));
  add(facts.means, runbook);
  add(facts.next, alert.next, 'accent');
}

function addKpi(state: State, kpi: KpiItem, columns: number, add: Add): void {
  const words = wordsOf(state.session.lang).health;
  const { facts } = words;
  const word = kpiWord(kpi);
  const now = figureText(kpi.now, kpi.unit);
  const known = kpi.series.filter((one) => one !== null);
  const range =
    known.length === 0
      ? null
      : `${figureText(Math.min(...known), kpi.unit)} .. ${figureText(Math.max(...known), kpi.unit)}`;
  const width = Math.max(8, Math.min(60, columns - FACT - 2));
  add(facts.now, kpi.currency === null ? now : `${kpi.currency} ${now}`, kpi_tones[word]);
  add(facts.limit, limitText(kpi) === '' ? null : `${limitText(kpi)}  ${words.states[word]}`);
  add(facts.window, words.minutes_of(kpi.window_minutes));
  add(facts.series, range);
  const line = trend(kpi.series, width, state.session.glyphs);
  add('', line.trim() === '' ? null : line, 'accent');
  add(facts.means, words.definition(kpi.name));
}

function addCheck(state: State, check: ReadyCheck, add: Add): void {
  const words = wordsOf(state.session.lang).health;
  const { facts } = words;
  add(facts.state, words.checks[check.status], check_tones[check.status]);
  add(facts.latency, calmLatency(check.latency_ms));
  // A worker that is well says when it last ticked: a new figure with every look.
  const is_calm = check.status === 'ok' && check.name.startsWith('worker.');
  add(facts.seen, is_calm ? null : check.detail);
  if (check.status !== 'ok') add(facts.next, 'petpro doctor', 'accent');
}

function addView(state: State, view: ViewItem, add: Add): void {
  const words = wordsOf(state.session.lang).health;
  const { facts } = words;
  const age = `${viewAge(state, view)}${view.stale ? `  ${words.old}` : ''}`;
  add(facts.since, age, view.stale ? 'warn' : 'plain');
  add(facts.took, view.duration_ms === null ? null : `${view.duration_ms} ms`);
  add(facts.rows, view.row_count === null ? null : String(view.row_count));
  const failed = view.failed_at === null ? '' : momentText(state, view.failed_at);
  add(facts.error, view.last_error === null ? null : `${failed} ${view.last_error}`, 'warn');
  add(facts.next, `petpro views refresh ${view.view_name}`, 'accent');
}

/** What the row is called. */
function titleOf(state: State, row: HealthRow): string {
  const words = wordsOf(state.session.lang).health;
  switch (row.kind) {
    case 'alert':
      return words.alert(row.item.name).title;
    case 'kpi':
      return words.kpis[row.item.name];
    case 'check':
      return row.item.name;
    case 'view':
      return row.item.view_name;
  }
}

function factLines(state: State, row: HealthRow, columns: number): readonly Line[] {
  const lines: Line[] = [];
  const add = adder(lines, columns);
  if (row.kind === 'alert') addAlert(state, row.item, add);
  else if (row.kind === 'kpi') addKpi(state, row.item, columns, add);
  else if (row.kind === 'check') addCheck(state, row.item, add);
  else addView(state, row.item, add);
  return lines.map((line) => fitLine(line, columns));
}

/** The selected row whole, where there is room beside the list. */
export function healthPane(state: State, columns: number): readonly Line[] {
  const row = selectedHealth(state);
  if (row === null) return [];
  const title = lineOf(` ${plainLine(titleOf(state, row))}`, columns, 'bold');
  return [title, ...factLines(state, row, columns)];
}

/** The selected row on two lines: what it means, and the next command. */
export function healthFacts(state: State): readonly Line[] {
  const words = wordsOf(state.session.lang).health;
  const row = selectedHealth(state);
  const texts = ((): readonly [string, string] => {
    switch (row?.kind) {
      case 'alert': {
        const { runbook } = words.alert(row.item.name);
        const note = noteText(state, row.item);
        const next = `-> ${row.item.next}`;
        return [row.item.detail ?? runbook, note === '' ? next : `${next} | ${note}`];
      }
      case 'kpi':
        return [words.definition(row.item.name), words.minutes_of(row.item.window_minutes)];
      case 'check':
        return [
          `${row.item.name}: ${words.checks[row.item.status]}`,
          row.item.status === 'ok' ? '' : `-> ${row.item.detail}`,
        ];
      case 'view':
        return [
          row.item.last_error ?? row.item.view_name,
          `-> petpro views refresh ${row.item.view_name}`,
        ];
      case undefined:
        return ['', ''];
    }
  })();
  const tone = state.link.status === 'offline' ? 'dim' : 'plain';
  return texts.map((text) => lineOf(` ${plainLine(text)}`, state.columns, tone));
}

/** One row as a page of its own, followed while it is open. */
export function factScreen(state: State, box: FactBox): Screen {
  const words = wordsOf(state.session.lang).health;
  const row = healthTarget(state);
  const title = row === null ? words.no_rows : titleOf(state, row);
  const lines = row === null ? [] : factLines(state, row, state.columns);
  return paper(state, plainLine(title), lines, box.top, words.fact_keys);
}

/** What reconcile found and would do; nothing was changed. */
export function reconcileScreen(state: State, box: ReconcileBox): Screen {
  const words = wordsOf(state.session.lang).health;
  const { report } = box;
  if (report === null) {
    const asking: Line = [span(` ${words.reconcile_asking}`, 'dim')];
    return paper(state, words.reconcile_title, [asking], 0, words.reconcile_keys);
  }
  const { columns } = state;
  const verdict = report.is_ok ? words.reconcile_ok : words.reconcile_bad(report.mismatches);
  const lines: Line[] = [[span(` ${verdict}`, report.is_ok ? 'ok' : 'error')]];
  for (const { kind, severity, count, sample, next } of report.findings) {
    const tone: SpanTone = severity === 'mismatch' ? 'error' : 'warn';
    lines.push([span(` ${severity.toUpperCase()} `, tone), span(`${kind} ${count}`)]);
    const [first] = sample;
    if (first !== undefined) {
      const text = plainLine(JSON.stringify(first));
      lines.push(...wrap(text, columns - 5).map((part): Line => [span(`    ${part}`, 'dim')]));
    }
    lines.push(
      ...wrap(`-> ${plainLine(next)}`, columns - 5).map((part): Line => [span(`    ${part}`)]),
    );
  }
  if (report.planned > 0) {
    lines.push([span('')], [span(` ${words.reconcile_dry(report.planned)}`, 'accent')]);
  }
  if (report.doorman !== 'up') lines.push([span(` ${words.reconcile_doorman}`, 'warn')]);
  if (!report.is_complete) lines.push([span(` ${words.reconcile_partial}`, 'warn')]);
  return paper(state, words.reconcile_title, lines, box.top, words.reconcile_keys);
}

function deedTexts(state: State, { deed }: HealthDeedBox) {
  const words = wordsOf(state.session.lang).health;
  switch (deed.kind) {
    case 'mute': {
      const { title } = words.alert(deed.alert.name);
      return { title: words.mute_title(title), effect: words.mute_effect, go: words.do_mute };
    }
    case 'unmute': {
      const { title } = words.alert(deed.alert.name);
      return { title: words.unmute_title(title), effect: words.unmute_effect, go: words.do_unmute };
    }
    case 'refresh': {
      const { view_name, average_ms, note } = deed.view;
      const took = average_ms === null ? null : `${average_ms} ms`;
      const effect = words.refresh_effect(took, note === 'no_unique_index');
      return { title: words.refresh_title(view_name), effect, go: words.do_refresh };
    }
  }
}

const REASON = 44;

/** Mute and refresh: what it does first, the safe choice with the focus. */
export function healthDeedScreen(state: State, box: HealthDeedBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.health;
  const { body_rows } = layoutOf(state);
  const { title, effect, go } = deedTexts(state, box);
  const env = state.session.env.toUpperCase();
  const lines: Line[] = [
    splitLine(
      [span(` ${plainLine(title)}`, 'error')],
      [span(` ${env} `, env === 'PROD' ? 'banner' : 'accent')],
      state.columns,
    ),
    lineOf('', 1),
    ...factLine(all.ops.lock_facts.effect, effect, state.columns),
  ];
  let cursor: Screen['cursor'] = null;
  if (box.deed.kind === 'mute') {
    const times = mute_times.map((for_s, index): Line => {
      const is_chosen = for_s === box.for_s;
      const text = `(${is_chosen ? 'o' : ' '}) ${words.mute_times[index] ?? ''}  `;
      return [span(text, is_chosen && box.focus === 'time' ? 'selected' : 'plain')];
    });
    lines.push([span(padEndWidth(` ${words.mute_time}`, FACT), 'dim'), ...times.flat()]);
    const { text, x } = windowOf(box.reason, REASON);
    const label = padEndWidth(` ${all.ops.lock_facts.reason}`, FACT);
    const is_here = box.focus === 'reason';
    if (is_here) cursor = { x: displayWidth(label) + 1 + x, y: lines.length };
    lines.push([
      span(label, 'dim'),
      span('['),
      span(padEndWidth(text, REASON), is_here ? 'selected' : 'plain'),
      span(']'),
    ]);
  }
  lines.push(lineOf('', 1), [
    span('   '),
    span(` ${words.leave} `, box.focus === 'keep' ? 'selected' : 'plain'),
    span('    '),
    span(box.is_busy ? all.working : go, 'error'),
  ]);
  const keys = lineOf(` ${words.deed_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor };
}
