import { JOBS_COUNT_MAX, type JobState } from '../../domain/job.ts';
import { padEndWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { JobBox, JobCause, JobItem, JobsProgress, QueueItem } from '../model-jobs.ts';
import { clockText, instantOf, layoutOf, timeZone } from '../selectors.ts';
import { type JobRow, jobRoom, jobRows, selectedJobRow, shownQueue } from '../selectors-jobs.ts';
import { ageText } from '../selectors-ops.ts';
import { cell, fitLine, type Line, lineOf, retone, span, splitLine, wrap } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { paper } from './life.ts';
import { FACT, factLine } from './locks.ts';

/** Screen 6, figure B: the queues, why their jobs fail, and the jobs themselves. */

/** Columns with a fixed width; the last one takes the rest. */
export const queue_columns = {
  queue: 10,
  ready: 6,
  run: 5,
  retry: 6,
  dead: 6,
  oldest: 6,
  rate: 6,
} as const;
export const cause_columns = { state: 8, count: 6, since: 11, last: 11 } as const;
export const job_columns = { state: 8, at: 11, kind: 22, ref: 10, tries: 5 } as const;

const state_tones: Readonly<Record<JobState, SpanTone>> = {
  dead: 'error',
  retry: 'warn',
  running: 'ok',
  ready: 'plain',
  later: 'dim',
};

const msOf = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;

/** `20/11 10:42` by the clock of the clinic. */
function momentText(state: State, instant: string): string {
  const ms = msOf(instant);
  const { day, month } = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate();
  const date = `${String(day).padStart(2, '0')}/${String(month).padStart(2, '0')}`;
  return `${date} ${clockText(state, ms, 'minute')}`;
}

/** A count that stopped at the ceiling says so. */
function countText(count: number): string {
  return count >= JOBS_COUNT_MAX ? `>${JOBS_COUNT_MAX / 1_000}k` : String(count);
}

const rateText = (rate: number | null) =>
  rate === null ? '-' : rate >= 100 ? String(Math.round(rate)) : String(rate);

function why(state: State, queue: QueueItem): string {
  const words = wordsOf(state.session.lang).jobs;
  if (queue.paused_at !== null) return words.paused(queue.pause_reason ?? '');
  if (queue.last_error !== null) return queue.last_error;
  return queue.next_at === null ? '-' : words.next_at(momentText(state, queue.next_at).slice(6));
}

function queueLine(state: State, queue: QueueItem): Line {
  const words = wordsOf(state.session.lang).jobs;
  const { ready, run, retry, dead, oldest, rate } = queue_columns;
  const number = (count: number, columns: number) => `${padStartWidth(countText(count), columns)} `;
  const age = queue.oldest_ms === null ? '-' : ageText(queue.oldest_ms);
  const text = plainLine(why(state, queue));
  const tone: SpanTone =
    queue.paused_at !== null || queue.retry > 0 || queue.dead > 0 ? 'warn' : 'dim';
  return [
    span(`${cell(words.queues[queue.queue], queue_columns.queue)} `),
    span(number(queue.ready, ready)),
    span(number(queue.running, run)),
    span(number(queue.retry, retry), queue.retry > 0 ? 'warn' : 'plain'),
    span(number(queue.dead, dead), queue.dead > 0 ? 'error' : 'plain'),
    span(`${padStartWidth(age, oldest)} `),
    span(`${padStartWidth(rateText(queue.done_per_minute), rate)}  `),
    span(text, tone),
  ];
}

function causeLine(state: State, cause: JobCause): Line {
  const words = wordsOf(state.session.lang).jobs;
  const { state: state_columns, count, since, last } = cause_columns;
  const error = cause.last_error === null || cause.last_error === cause.cause;
  return [
    span(`${cell(words.states[cause.state], state_columns)} `, state_tones[cause.state]),
    span(`${padStartWidth(countText(cause.count), count)}  `),
    span(`${cell(momentText(state, cause.oldest_at), since)} `),
    span(`${cell(momentText(state, cause.newest_at), last)}  `),
    span(plainLine(cause.cause)),
    span(error ? '' : `: ${plainLine(cause.last_error ?? '')}`, 'dim'),
  ];
}

function jobLine(state: State, job: JobItem): Line {
  const words = wordsOf(state.session.lang).jobs;
  const { state: state_columns, at, kind, ref, tries } = job_columns;
  const mark = state.jobs.marked.has(job.job_id) ? '*' : ' ';
  const next = job.next_at === null ? '' : words.next_at(momentText(state, job.next_at).slice(6));
  return [
    span(mark, 'accent'),
    span(`${cell(words.states[job.state], state_columns)} `, state_tones[job.state]),
    span(`${cell(momentText(state, job.at), at)} `),
    span(`${cell(job.kind, kind)} `),
    span(`${cell(job.reference_code ?? '-', ref)} `),
    span(`${padStartWidth(String(job.attempts), tries)}  `),
    span(plainLine(job.last_error ?? next), job.last_error === null ? 'dim' : 'warn'),
  ];
}

function contentOf(state: State, row: JobRow): Line {
  switch (row.kind) {
    case 'queue':
      return queueLine(state, row.item);
    case 'cause':
      return causeLine(state, row.item);
    case 'job':
      return jobLine(state, row.item);
    case 'all':
      return [span(wordsOf(state.session.lang).jobs.every_job, 'accent')];
  }
}

function headText(state: State): string {
  const words = wordsOf(state.session.lang).jobs;
  const { queue_heads: q, cause_heads: c, job_heads: j } = words;
  switch (state.jobs.level) {
    case 'queues': {
      const right = (['ready', 'run', 'retry', 'dead', 'oldest', 'rate'] as const).map((name) =>
        padStartWidth(q[name], queue_columns[name]),
      );
      return `${cell(q.queue, queue_columns.queue)} ${right.join(' ')}  ${q.error}`;
    }
    case 'causes':
      return [
        cell(c.state, cause_columns.state),
        `${padStartWidth(c.count, cause_columns.count)} `,
        cell(c.since, cause_columns.since),
        `${cell(c.last, cause_columns.last)} `,
        c.cause,
      ].join(' ');
    case 'jobs':
      return [
        ` ${cell(j.state, job_columns.state)}`,
        cell(j.at, job_columns.at),
        cell(j.kind, job_columns.kind),
        cell(j.ref, job_columns.ref),
        `${padStartWidth(j.tries, job_columns.tries)} `,
        j.error,
      ].join(' ');
  }
}

/** How a retry goes on, until somebody leaves it. */
function progressText(state: State, progress: JobsProgress): string {
  const words = wordsOf(state.session.lang).jobs;
  const { queue, ids, done, waiting, dead } = progress;
  return words.progress(words.queues[queue], ids.size, done, waiting, dead);
}

/** Where one is, and what of it there is; or why nothing can be told. */
function titleLine(state: State, columns: number): Line {
  const { ops, jobs: words } = wordsOf(state.session.lang);
  const { page, problem, level, queue, choice, marked, progress } = state.jobs;
  if (problem !== null) {
    return lineOf(` ${plainLine(words.look_failed(problem))}`, columns, 'error');
  }
  if (page === null) return lineOf(` ${ops.waiting}`, columns, 'dim');
  const notes = [
    ...(progress === null ? [] : [progressText(state, progress)]),
    ...(marked.size === 0 ? [] : [ops.marked(marked.size)]),
  ];
  const right = notes.length === 0 ? '' : ` ${notes.join('  ')} `;
  if (level === 'queues') {
    const sum = (name: 'ready' | 'retry' | 'dead') =>
      page.items.reduce((all, one) => all + one[name], 0);
    const dead = sum('dead');
    const ages = page.items.flatMap(({ oldest_ms }) => (oldest_ms === null ? [] : [oldest_ms]));
    const oldest = ages.length === 0 ? null : ageText(Math.max(...ages));
    const text = words.title(sum('ready') + sum('retry'), dead, oldest);
    return splitLine(
      [span(` ${text}`, dead > 0 ? 'error' : 'bold')],
      [span(right, 'accent')],
      columns,
    );
  }
  const parts = [words.queues[queue].toUpperCase()];
  if (level === 'jobs') parts.push(choice?.cause ?? words.every_job);
  const item = shownQueue(state);
  if (item !== null && level === 'causes') parts.push(words.counts(item));
  const text = parts.join('  ');
  return splitLine([span(` ${plainLine(text)}`, 'bold')], [span(right, 'accent')], columns);
}

/** What an empty list means, in words. */
function emptyText(state: State): string {
  const { ops, jobs: words } = wordsOf(state.session.lang);
  const { level, detail, page } = state.jobs;
  if (page === null || (level !== 'queues' && detail === null)) return ops.waiting;
  return words.no_jobs;
}

/** Title, column names and rows: exactly as many lines as the day board has. */
export function jobsBoard(state: State): Screen {
  const { list_columns, list_rows } = layoutOf(state);
  const { jobs: words } = wordsOf(state.session.lang);
  const rows = jobRows(state);
  const is_stale = state.link.status === 'offline';
  const lines: Line[] = [
    titleLine(state, list_columns),
    lineOf(`  ${headText(state)}`, list_columns, 'bold'),
  ];
  const shown = rows.slice(state.jobs.top, state.jobs.top + jobRoom(state));
  const index = shown.findIndex((row) => row.id === state.jobs.cursor_id);
  const cursor = index < 0 ? null : { x: 0, y: lines.length + index };
  for (const row of shown) {
    const is_selected = row.id === state.jobs.cursor_id;
    const content: Line = [span(is_selected ? '> ' : '  ', 'accent'), ...contentOf(state, row)];
    const line = fitLine(is_selected ? retone(content, 'selected') : content, list_columns);
    lines.push(is_stale && !is_selected ? retone(line, 'dim') : line);
  }
  const is_calm = state.jobs.level === 'causes' && state.jobs.detail?.causes.length === 0;
  if (rows.length === 0) lines.push(lineOf(` ${emptyText(state)}`, list_columns, 'accent'));
  else if (is_calm) lines.push(lineOf(` ${words.no_causes}`, list_columns, 'accent'));
  const all = state.jobs.level === 'queues' ? (state.jobs.page?.items ?? []) : [];
  const is_quiet =
    all.length > 0 &&
    all.every((one) => one.dead + one.retry + one.ready === 0 && one.paused_at === null);
  if (is_quiet) lines.push(lineOf('', 1), lineOf(` ${words.all_quiet}`, list_columns, 'ok'));
  return { lines: fillLines(lines, list_rows + 1, list_columns), cursor };
}

/** What can be done about the row; the server decides again. */
function nextStep(state: State, row: JobRow): string {
  const words = wordsOf(state.session.lang).jobs;
  switch (row.kind) {
    case 'queue': {
      const { dead, paused_at, queue, later, next_at } = row.item;
      if (paused_at !== null) return words.step_paused(momentText(state, paused_at));
      if (dead > 0) return words.step_dead(words.never[queue] ?? null);
      if (later > 0 && next_at !== null) return words.step_later(later, momentText(state, next_at));
      return words.what[queue];
    }
    case 'cause':
      return row.item.state === 'dead' ? words.step_cause : words.goes_by_itself;
    case 'job':
      return row.item.state === 'dead' ? words.step_job : words.goes_by_itself;
    case 'all':
      return words.step_all;
  }
}

function summaryOf(state: State, row: JobRow): string {
  const words = wordsOf(state.session.lang).jobs;
  switch (row.kind) {
    case 'queue':
      return `${words.queues[row.item.queue]} | ${why(state, row.item)}`;
    case 'cause':
      return [row.item.cause, row.item.last_error].filter((part) => part !== null).join(' | ');
    case 'job': {
      const { kind, reference_code, recipient, last_error, cause } = row.item;
      const parts = [kind, reference_code, recipient, last_error ?? cause];
      return parts.filter((part) => part !== null).join(' | ');
    }
    case 'all': {
      const item = shownQueue(state);
      return item === null ? '' : words.counts(item);
    }
  }
}

/** The selected row on two lines: what it is, and what can be done. */
export function jobFacts(state: State): readonly Line[] {
  const row = selectedJobRow(state);
  if (row === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  const tone = state.link.status === 'offline' ? 'dim' : 'plain';
  return [summaryOf(state, row), `-> ${nextStep(state, row)}`].map((text) =>
    lineOf(` ${plainLine(text)}`, state.columns, tone),
  );
}

/** `name  value` lines of what a job carries. */
function payloadLines(job: JobItem, columns: number): readonly Line[] {
  const entries = Object.entries(job.payload ?? {}).filter(([, value]) => value !== null);
  return entries.flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    const [first = '', ...more] = wrap(plainLine(text), Math.max(10, columns - 24));
    return [
      [span(padEndWidth(`  ${plainLine(name)}`, 22), 'dim'), span(` ${first}`)],
      ...more.map((rest): Line => [span(`${' '.repeat(23)}${rest}`)]),
    ];
  });
}

/** One job whole. */
function jobLines(state: State, job: JobItem, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).jobs;
  const names = words.facts;
  const lines: Line[] = [];
  const add = (name: string, text: string | null, tone: SpanTone = 'plain') => {
    if (text !== null && text !== '') lines.push(...factLine(name, plainLine(text), columns, tone));
  };
  add(names.state, words.states[job.state], state_tones[job.state]);
  add(names.kind, job.kind);
  add(names.booking, job.reference_code);
  add(names.to, job.recipient);
  add(names.since, momentText(state, job.at));
  add(names.tries, String(job.attempts));
  add(names.next, job.next_at === null ? null : momentText(state, job.next_at));
  add(names.cause, job.cause);
  add(names.error, job.last_error, 'warn');
  add(names.id, job.job_id);
  if (job.payload !== null) {
    lines.push([span('')], [span(` ${words.payload}`, 'bold')], ...payloadLines(job, columns));
  }
  return lines.map((line) => fitLine(line, columns));
}

function queueLines(state: State, queue: QueueItem, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).jobs;
  const names = words.facts;
  const lines: Line[] = [[span(` ${words.queues[queue.queue].toUpperCase()}`, 'bold')]];
  const add = (name: string, text: string, tone: SpanTone = 'plain') =>
    lines.push(...factLine(name, plainLine(text), columns, tone));
  add('', words.what[queue.queue], 'dim');
  add(names.waiting, words.counts(queue));
  if (queue.oldest_ms !== null) add(names.oldest, ageText(queue.oldest_ms));
  if (queue.done_per_minute !== null) add(names.rate, words.rate(queue.done_per_minute));
  if (queue.next_at !== null) add(names.next, momentText(state, queue.next_at));
  if (queue.paused_at !== null) {
    add(names.paused, `${momentText(state, queue.paused_at)} ${queue.pause_reason ?? ''}`, 'warn');
  }
  const { detail } = state.jobs;
  const causes = detail?.queue === queue.queue ? detail.causes : [];
  lines.push([span('')], [span(` ${words.by_cause}`, 'bold')]);
  if (causes.length === 0) lines.push([span(`  ${words.no_causes}`, 'dim')]);
  for (const cause of causes) {
    const count = padStartWidth(countText(cause.count), cause_columns.count);
    const text = wrap(plainLine(cause.cause), Math.max(10, columns - 18));
    lines.push([
      span(`${count} `),
      span(`${cell(words.states[cause.state], cause_columns.state)} `, state_tones[cause.state]),
      span(text[0] ?? ''),
    ]);
    for (const rest of text.slice(1)) lines.push([span(`${' '.repeat(16)}${rest}`)]);
  }
  return lines.map((line) => fitLine(line, columns));
}

/** The selected row whole, where there is room beside the list. */
export function jobsPane(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang).jobs;
  const row = selectedJobRow(state);
  switch (row?.kind) {
    case 'queue':
      return queueLines(state, row.item, columns);
    case 'job':
      return jobLines(state, row.item, columns);
    case 'cause': {
      const { cause, last_error, count, oldest_at, newest_at } = row.item;
      const names = words.facts;
      const facts: readonly (readonly [string, string])[] = [
        [names.cause, cause],
        [names.count, countText(count)],
        [names.since, momentText(state, oldest_at)],
        [names.last, momentText(state, newest_at)],
        [names.error, last_error ?? '-'],
      ];
      const lines = facts.flatMap(([name, text]) => factLine(name, plainLine(text), columns));
      return lines.map((line) => fitLine(line, columns));
    }
    default:
      return [[span(' ', 'dim')]];
  }
}

/** A job as a page of its own, scrolled. */
export function jobScreen(state: State, box: JobBox): Screen {
  const words = wordsOf(state.session.lang).jobs;
  const title = `${words.queues[state.jobs.queue].toUpperCase()}  ${plainLine(box.job.kind)}`;
  const lines = jobLines(state, box.job, state.columns);
  return paper(state, title, lines, box.top, words.job_keys);
}

/** True when the name of a column fits it. */
export const fact_columns = FACT - 2;
