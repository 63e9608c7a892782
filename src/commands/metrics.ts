import { AppError } from '../domain/errors.ts';
import { type KpiUnit, kpi_groups } from '../domain/kpi.ts';
import { figureText, trendText } from '../domain/kpi-words.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord, isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { askHttp } from './http.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { durationOf, watchable } from './watch.ts';

/** `petpro metrics`: the figures of the whole system. docs/metrics.md */

type Kpis = Output<'get_kpis'>;
type Kpi = Kpis['items'][number];

const TREND_WIDTH = 20;
const csv = ['name', 'group', 'now', 'unit', 'currency', 'window_minutes', 'better', 'definition'];

const unit_words: Readonly<Record<KpiUnit, string>> = {
  per_minute: '/min',
  per_second: '/s',
  per_hour: '/h',
  money_per_hour: '/h',
  percent: '%',
  ms: 'ms',
  s: 's',
  count: '',
};

function nowText({ now, unit, currency }: Kpi): string {
  if (now === null) return '-';
  const text = figureText(now, unit);
  return currency === null ? `${text} ${unit_words[unit]}`.trim() : `${currency} ${text}/h`;
}

/** `> 5 %`, and in capitals what is beyond it. */
function alertText({ threshold, unit }: Kpi): string {
  if (threshold === null) return '';
  const sign = threshold.compare === 'above' ? '>' : '<';
  const limit = `${sign} ${figureText(threshold.value, unit)}`;
  if (threshold.state === 'firing') return `${limit} ${threshold.severity.toUpperCase()}`;
  return threshold.state === 'pending' ? `${limit} pending` : limit;
}

/** One line below the table: whether these figures can be believed. */
function freshness({ daemons, counted_at }: Pick<Kpis, 'daemons' | 'counted_at'>): string {
  if (daemons === 0) return 'No daemon has told of itself for two minutes: petpro health --ready';
  const who = daemons === 1 ? '1 daemon' : `${daemons} daemons`;
  const when = counted_at === null ? 'not counted yet' : `counted ${counted_at.slice(11, 19)} UTC`;
  return `${who}; bookings and money ${when}. '-' = nothing to take it from.`;
}

/** `petpro metrics show` */
export async function showMetrics(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context);
  const range = textOption(args, 'range') === '24h' ? '24h' : '60m';
  const group = kpi_groups.find((one) => one === textOption(args, 'group')) ?? null;
  let last: Kpis | null = null;
  await watchable(context, args, {
    read: async () => {
      last = await client.call('get_kpis', { range });
      return last.items.filter((one) => group === null || one.group === group);
    },
    show: (items) => {
      printList(context, {
        kind: 'KpiList',
        items,
        columns: [
          { head: 'FIGURE', text: (one) => one.title, whole: true },
          { head: 'NOW', text: nowText, right: true, whole: true },
          {
            head: `TREND ${range}`,
            text: (one) => trendText(one.series, TREND_WIDTH),
            whole: true,
          },
          { head: 'OVER', text: (one) => `${one.window_minutes} min`, right: true, whole: true },
          { head: 'ALERT AT', text: alertText, whole: true },
          { head: 'NAME', text: (one) => one.name, wide: true },
          { head: 'WHAT IT IS', text: (one) => one.definition, wide: true },
        ],
        csv,
        name: (one) => one.name,
        ...(last === null ? {} : { as_of: last.as_of }),
        empty: 'A key of one clinic sees no figures of the business, which are of all clinics.',
      });
      if (last !== null && items.length > 0 && isForPeople(context)) say(context, freshness(last));
    },
    key: (one) => one.name,
  });
}

type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
};

/** `name{a="b"} 1` as data; values stay text, because of NaN and +Inf. */
function samplesOf(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] =
      /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '') return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return [{ name, labels: Object.fromEntries(pairs.map(([, key, word]) => [key, word])), value }];
  });
}

/** `petpro metrics export`: what /metrics says, as it is or as data. */
export async function exportMetrics(context: Context, args: Args): Promise<undefined> {
  const { url } = openSession(context);
  const deadline = AbortSignal.timeout(context.config.timeout_ms);
  const signal = AbortSignal.any([deadline, context.signal]);
  const answer = await askHttp({ url: `${url}/metrics`, signal }).catch((error: unknown) => {
    const next = 'petpro health';
    throw new AppError(
      'unavailable',
      `No PetPro daemon answers at ${url}.`,
      { next },
      { cause: error },
    );
  });
  if (answer.status !== 200) {
    const detail = `${url}/metrics answered ${answer.status}: is this a PetPro daemon?`;
    throw new AppError('unavailable', detail, { next: 'petpro health' });
  }
  if (textOption(args, 'output') === 'prom' || isForPeople(context)) {
    context.io.out(`${answer.text.trimEnd()}\n`);
    return;
  }
  printList(context, {
    kind: 'MetricSampleList',
    items: samplesOf(answer.text),
    columns: [{ head: 'NAME', text: (one) => one.name }],
    csv: ['name', 'value'],
    name: (one) => one.name,
  });
}

const screens = ['slots', 'book', 'pay', 'bookings', 'board', 'other'] as const;

/** `petpro metrics report`: how long a screen took, for scripts that play a customer. */
export async function reportTiming(context: Context, args: Args): Promise<undefined> {
  const word = firstWord(args);
  const screen = screens.find((one) => one === word);
  if (screen === undefined) {
    const detail = `"${word}" is no screen; there are ${screens.join(', ')}.`;
    throw new AppError('invalid_input', detail, { next: 'petpro metrics report slots 120ms' });
  }
  const text = args.positional[1] ?? '';
  const ms = durationOf('The time', text);
  const { client } = openSession(context);
  const wish = { timings: [{ screen, ms }] };
  const { taken } = await client.call('report_timings', wish, callOptions(args));
  printOne(context, {
    kind: 'TimingsTaken',
    item: { screen, ms, taken },
    csv: ['screen', 'ms', 'taken'],
    name: screen,
    lines: [['taken', `${screen} ${ms} ms`]],
  });
}

/** `petpro backups note`: for the script that makes the backup. */
export async function noteBackup(context: Context, args: Args): Promise<undefined> {
  const label = firstWord(args);
  const bytes = bytesOf(textOption(args, 'bytes'));
  const { client } = openSession(context, 'sre');
  const wish = { label, is_verified: flagOption(args, 'verified'), ...bytes };
  const note = await client.call('note_backup', wish, callOptions(args));
  printOne(context, {
    kind: 'BackupNote',
    item: note,
    csv: ['made_at', 'label', 'bytes', 'is_verified'],
    name: note.label,
    lines: [
      ['noted', `${note.label} at ${note.made_at}`],
      ['verified', note.is_verified ? 'yes' : 'no: restore it somewhere before you rely on it'],
    ],
  });
}

function bytesOf(text: string | null): { readonly bytes?: number } {
  if (text === null) return {};
  if (/^\d{1,15}$/.test(text)) return { bytes: Number(text) };
  throw new AppError('invalid_input', `--bytes takes a whole number, not "${text}".`);
}
