import { displayWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { LoadProgress, LoadRun, LoadSample } from '../load-port.ts';
import type { State } from '../model.ts';
import type { CompareBox, StartBox } from '../model-ops.ts';
import { instantOf, layoutOf, timeZone } from '../selectors.ts';
import { panelRows, runRows, selectedRun } from '../selectors-ops.ts';
import { cell, fitLine, type Line, lineOf, retone, span, splitLine, wrap } from '../text.ts';
import { glyphSet, type SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { barChart, perSecond } from './load-chart.ts';
import { factLine } from './locks.ts';

/** Screen 8, figure B: the run under way, the runs before it, and one report. */

const BAR = 30;
const SPARK = 28;
/** Of the panel without charts. */
const SMALL_PANEL = 7;
const CHART_ROWS = 6;

/** `18 204`: digits in groups of three. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** The last values as levels, the largest being the highest. */
export function sparkline(values: readonly number[], levels: string, width = SPARK): string {
  const shown = values.slice(-width);
  const top = Math.max(...shown, 0);
  if (top === 0) return '';
  const steps = [...levels];
  return shown.map((value) => steps[Math.ceil((value / top) * (steps.length - 1))] ?? '').join('');
}

/** Requests per second between neighbours. */
function rates(samples: readonly LoadSample[]): readonly number[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index];
    const ms = sample.elapsed_ms - (before?.elapsed_ms ?? 0);
    return ms <= 0 ? 0 : ((sample.requests - (before?.requests ?? 0)) / ms) * 1_000;
  });
}

/** What matters most is readable from across the room: on a large screen three lines high. */
function bigLines(text: string, is_tall: boolean, is_bad: boolean): readonly Line[] {
  const tone: SpanTone = is_bad ? 'banner' : 'selected';
  const line = (inner: string): Line => [span(' '), span(inner, tone)];
  const pad = is_tall ? '   ' : ' ';
  const middle = line(`${pad}${text}${pad}`);
  if (!is_tall) return [middle];
  const empty = line(' '.repeat(displayWidth(text) + 2 * pad.length));
  return [empty, middle, empty];
}

function sparkLine(samples: readonly LoadSample[], levels: string): Line {
  const p95 = sparkline(
    samples.map((one) => one.p95_ms),
    levels,
  );
  return [
    span(` p95 ${p95}   `, 'accent'),
    span(`rps ${sparkline(rates(samples), levels)}`, 'accent'),
  ];
}

/** Requests and answer times of each second, side by side. */
function chartLines(
  samples: readonly LoadSample[],
  levels: string,
  columns: number,
): readonly Line[] {
  const width = Math.max(10, Math.floor((columns - 5) / 2));
  const seconds = perSecond(samples).slice(-width);
  const sides = [
    { name: 'rps', values: seconds.map((one) => one.rps) },
    { name: 'p95 ms', values: seconds.map((one) => one.p95_ms) },
  ];
  const heads = sides.map(({ name, values }) => `${name}, max ${grouped(Math.max(0, ...values))}`);
  const bars = sides.map(({ values }) => barChart(values, CHART_ROWS, levels));
  const both = (texts: readonly string[]) => texts.map((text) => ` ${cell(text, width)} `).join('');
  return [
    lineOf(both(heads), columns, 'dim'),
    ...Array.from({ length: CHART_ROWS }, (_, row): Line => {
      return lineOf(both(bars.map((lines) => lines[row] ?? '')), columns, 'accent');
    }),
  ];
}

function liveLines(state: State, live: LoadProgress, now: LoadSample, columns: number): Line[] {
  const words = wordsOf(state.session.lang).ops;
  const names = words.run_facts;
  const { facts, samples } = live;
  const share = Math.min(1, now.elapsed_ms / Math.max(1, facts.total_ms));
  const filled = Math.round(share * BAR);
  const per_second = rates(samples);
  const twice = facts.double_bookings;
  const is_clean = (twice ?? 0) === 0 && now.server_errors === 0 && now.dirty_answers === 0;
  const { levels } = glyphSet(state.session.glyphs, state.session.lang);
  const time = `${clock(now.elapsed_ms)} / ${clock(facts.total_ms)} `;
  const title = words.run_line({ ...facts, vus: now.vus, all: facts.vus });
  const ended = state.load.list?.runs.find(({ run }) => run === facts.run) ?? null;
  const so_far = is_clean ? words.pass_so_far : words.fail_so_far;
  const verdict = ended === null ? so_far : words.verdicts[ended.verdict];
  const fair = is_clean ? 'ok' : 'error';
  const verdict_tone = ended === null ? fair : verdict_tones[ended.verdict];
  const is_tall = panelRows(state) > SMALL_PANEL;
  const big = bigLines(`${words.double_bookings}  ${twice ?? '?'}`, is_tall, (twice ?? 0) > 0);
  return [
    splitLine([span(` ${plainLine(title)}`, 'bold')], [span(` ${time}`)], columns),
    [
      span(` [${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}]`),
      span(` ${String(Math.round(share * 100)).padStart(3)}%   `),
      span(`${names.requests} ${grouped(now.requests)}   rps ${grouped(per_second.at(-1) ?? 0)}`),
    ],
    [
      span(` ${names.won} ${grouped(now.winners)}   ${names.confirmed} ${grouped(now.confirmed)}`),
      span(`   409 ${grouped(now.conflicts)}   `),
      span(`5xx ${now.server_errors}`, now.server_errors > 0 ? 'error' : 'plain'),
      span(`   ${names.timeouts} ${now.timeouts}   ${names.dirty} ${now.dirty_answers}`),
    ],
    ...big.map((line, index): Line => {
      const is_middle = index === Math.floor(big.length / 2);
      return is_middle ? [...line, span('  '), span(verdict, verdict_tone)] : line;
    }),
    [
      span(` p50 ${Math.round(now.p50_ms)}ms  p95 ${Math.round(now.p95_ms)}ms`),
      span(`  p99 ${Math.round(now.p99_ms)}ms  max ${Math.round(now.max_ms)}ms`),
    ],
    ...(is_tall ? chartLines(samples, levels, columns) : [sparkLine(samples, levels)]),
  ];
}

/** The panel of the run under way, of the last one, or how to start one. */
export function panelLines(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).ops;
  const { live, is_running, is_stopping, list, problem } = state.load;
  const now = live?.samples.at(-1);
  const lines: Line[] = [];
  if (problem !== null) {
    lines.push(...wrap(problem, columns - 2).map((text): Line => [span(` ${text}`, 'error')]));
  } else if (live !== null && now !== undefined)
    lines.push(...liveLines(state, live, now, columns));
  else if (is_running) lines.push([span(` ${words.load_starting}`, 'accent')]);
  else if (!state.session.has_load) lines.push([span(` ${words.load_absent}`, 'warn')]);
  else if (list !== null && list.k6 === null) {
    lines.push(...wrap(list.how, columns - 2).map((text): Line => [span(` ${text}`, 'warn')]));
  } else lines.push([span(` ${words.load_idle}`)]);
  if (is_stopping) lines.push([span(` ${words.load_stopping}`, 'warn')]);
  else if (!is_running && list?.k6 != null) lines.push([span(` ${words.k6_is(list.k6)}`, 'dim')]);
  return fillLines(lines, panelRows(state), columns);
}

function startedText(state: State, run: LoadRun): string {
  const ms = Temporal.Instant.from(run.started_at).epochMilliseconds;
  const local = instantOf(ms).toZonedDateTimeISO(timeZone(state));
  const two = (value: number) => String(value).padStart(2, '0');
  const time = local.toPlainTime().toString({ smallestUnit: 'minute' });
  return `${two(local.day)}/${two(local.month)} ${time}`;
}

const verdict_tones: Readonly<Record<LoadRun['verdict'], SpanTone>> = {
  PASSED: 'ok',
  STOPPED: 'warn',
  FAILED: 'error',
};

/** Widths of the history; SCENARIO takes the form along. */
export const run_columns = {
  run: 4,
  started: 11,
  scenario: 17,
  users: 5,
  requests: 8,
  p95: 7,
  twice: 6,
  verdict: 8,
} as const;

function runCells(texts: Readonly<Record<keyof typeof run_columns, string>>): string {
  const { run, users, requests, p95, twice } = run_columns;
  return [
    padStartWidth(texts.run, run),
    cell(texts.started, run_columns.started),
    cell(texts.scenario, run_columns.scenario),
    padStartWidth(texts.users, users),
    padStartWidth(texts.requests, requests),
    padStartWidth(texts.p95, p95),
    padStartWidth(texts.twice, twice),
  ].join(' ');
}

function runLine(state: State, run: LoadRun, columns: number): Line {
  const words = wordsOf(state.session.lang).ops;
  const is_here = run.run === state.load.cursor_run;
  const text = runCells({
    run: String(run.run),
    started: startedText(state, run),
    scenario: `${run.scenario} ${words.forms[run.form]}`,
    users: grouped(run.vus),
    requests: grouped(run.requests),
    p95: `${Math.round(run.p95_ms)}ms`,
    twice: String(run.double_bookings),
    verdict: '',
  });
  const verdict = words.verdicts[run.verdict];
  const line: Line = [
    span(`${is_here ? '>' : ' '}${text} `),
    span(verdict, verdict_tones[run.verdict]),
  ];
  return fitLine(is_here ? retone(line, 'selected') : line, columns);
}

/** Panel, rule, column names and the history of runs: as many lines as the day board has. */
export function loadBoard(state: State): Screen {
  const words = wordsOf(state.session.lang).ops;
  const { list_columns, list_rows } = layoutOf(state);
  const runs = state.load.list?.runs ?? [];
  const { rule } = glyphSet(state.session.glyphs, state.session.lang);
  const { verdict, ...heads } = words.run_heads;
  const head = ` ${runCells({ ...heads, verdict: '' })} ${verdict}`;
  const lines: Line[] = [
    ...panelLines(state, list_columns),
    lineOf(rule.repeat(list_columns), list_columns, 'dim'),
    lineOf(head, list_columns, 'bold'),
  ];
  const shown = runs.slice(state.load.top, state.load.top + runRows(state));
  const index = shown.findIndex(({ run }) => run === state.load.cursor_run);
  const cursor = index < 0 ? null : { x: 0, y: lines.length + index };
  lines.push(...shown.map((run) => runLine(state, run, list_columns)));
  const is_waiting = state.load.list === null && state.session.has_load;
  if (runs.length === 0) {
    lines.push(lineOf(` ${is_waiting ? words.waiting : words.no_runs}`, list_columns, 'accent'));
  }
  return { lines: fillLines(lines, list_rows + 1, list_columns), cursor };
}

/** The selected run on two lines. */
export function loadFacts(state: State): readonly Line[] {
  const words = wordsOf(state.session.lang).ops;
  const run = selectedRun(state);
  if (run === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  const [missed] = run.missed;
  const names = words.run_facts;
  const first =
    `${words.run_title(run.run)} ${run.scenario} ${words.forms[run.form]} | ${run.host} | ` +
    `p50 ${run.p50_ms} p95 ${run.p95_ms} p99 ${run.p99_ms} max ${run.max_ms} ms | ` +
    `${names.confirmed} ${run.confirmed}`;
  const second =
    missed === undefined
      ? words.all_held(run.rules)
      : `${words.missed(run.missed.length)}: ${missed}`;
  return [
    lineOf(` ${plainLine(first)}`, state.columns),
    lineOf(` ${plainLine(second)}`, state.columns, missed === undefined ? 'ok' : 'error'),
  ];
}

/** The report of the selected run. */
export function reportLines(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).ops;
  const run = selectedRun(state);
  if (run === null) return [[span(` ${words.no_runs}`, 'dim')]];
  const names = words.run_facts;
  const latency = `p50 ${run.p50_ms}  p95 ${run.p95_ms}  p99 ${run.p99_ms}  max ${run.max_ms} ms`;
  const facts: readonly (readonly [string, string])[] = [
    [names.target, run.host],
    [names.users, `${grouped(run.vus)}, ${Math.round(run.duration_ms / 1_000)} s`],
    [names.requests, `${grouped(run.requests)}, ${grouped(run.requests_per_second)}/s`],
    [names.won, grouped(run.winners)],
    [names.confirmed, grouped(run.confirmed)],
    [names.conflicts, grouped(run.conflicts)],
    [names.errors, grouped(run.server_errors)],
    [names.timeouts, grouped(run.timeouts)],
    [names.dirty, grouped(run.dirty_answers)],
    [names.latency, latency],
  ];
  const is_held = run.missed.length === 0;
  const twice = ` ${words.double_bookings}  ${run.double_bookings} `;
  const lines: Line[] = [
    [
      span(
        ` ${words.run_title(run.run)}  ${plainLine(run.scenario)} ${words.forms[run.form]}  `,
        'bold',
      ),
      span(words.verdicts[run.verdict], verdict_tones[run.verdict]),
    ],
    [span(' '), span(twice, run.double_bookings > 0 ? 'banner' : 'selected')],
    lineOf('', columns),
    ...facts.flatMap(([name, value]) => factLine(name, value, columns)),
    lineOf('', columns),
    is_held
      ? [span(` ${words.all_held(run.rules)}`, 'ok')]
      : [span(` ${words.missed(run.missed.length)}`, 'error')],
    ...run.missed.flatMap((text) =>
      wrap(text, columns - 3).map((part): Line => [span(`  ${part}`, 'error')]),
    ),
  ];
  return lines.map((line) => fitLine(line, columns));
}

/** A report as a screen of its own, scrolled. */
export function runScreen(state: State, top: number): Screen {
  const { body_rows } = layoutOf(state);
  const lines = reportLines(state, state.columns);
  const from = Math.min(top, Math.max(0, lines.length - body_rows));
  return { lines: fillLines(lines.slice(from), body_rows, state.columns), cursor: null };
}

/** Which scenario, how large, against what; nothing starts without `y`. */
export function startScreen(state: State, box: StartBox): Screen {
  const words = wordsOf(state.session.lang).ops;
  const { body_rows } = layoutOf(state);
  const scenarios = state.load.list?.scenarios ?? [];
  const chosen = scenarios[box.index];
  const size = chosen?.sizes[box.form];
  const lines: Line[] = [
    [span(` ${words.start_title}`, 'error')],
    lineOf('', state.columns),
    ...scenarios.map((one, index): Line => {
      const is_here = index === box.index;
      const text = `${is_here ? '>' : ' '} ${cell(one.name, 12)} ${plainLine(one.about)}`;
      return lineOf(`  ${text}`, state.columns, is_here ? 'selected' : 'plain');
    }),
    lineOf('', state.columns),
    [
      span('   '),
      ...(['short', 'full'] as const).map((form) =>
        span(`(${form === box.form ? 'o' : ' '}) ${words.forms[form]}  `),
      ),
      span(size === undefined ? '' : words.start_size(size.vus, size.rate, size.seconds), 'warn'),
    ],
    [span(`   ${words.start_effect}`)],
    lineOf('', state.columns),
    [
      span('   '),
      span(` ${words.start_keep} `, 'selected'),
      span('    '),
      span(words.start_yes, 'error'),
    ],
  ];
  const keys = lineOf(` ${words.start_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor: null };
}

/** Two runs side by side. */
export function compareScreen(state: State, box: CompareBox): Screen {
  const words = wordsOf(state.session.lang).ops;
  const { body_rows } = layoutOf(state);
  const row = (texts: readonly string[], tone: SpanTone): Line => {
    const [name = '', before = '', after = '', worse = ''] = texts;
    const figures = padStartWidth(before, 13) + padStartWidth(after, 13) + padStartWidth(worse, 20);
    return lineOf(` ${cell(name, 22)}${figures}`, state.columns, tone);
  };
  const measures = (box.measures ?? []).map((one) => {
    const percent = one.worse_percent === null ? '-' : `${one.worse_percent} %`;
    const mark = one.passed ? words.compare_ok : words.compare_worse;
    const texts = [one.measure, String(one.before), String(one.after), `${percent} ${mark}`];
    return row(texts, one.passed ? 'plain' : 'error');
  });
  const lines: Line[] = [
    [span(` ${words.compare_title(box.before, box.after)}`, 'bold')],
    lineOf('', state.columns),
    row(words.compare_heads, 'bold'),
    ...(box.measures === null ? [[span(` ${words.waiting}`, 'dim')]] : measures),
  ];
  const from = Math.min(box.top, Math.max(0, lines.length - body_rows));
  return { lines: fillLines(lines.slice(from), body_rows, state.columns), cursor: null };
}
