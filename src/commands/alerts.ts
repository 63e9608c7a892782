import type { AlertRule } from '../domain/alerts.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import { callOptions, firstWord, isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { reasonOf } from './severe.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { durationOf, watchable } from './watch.ts';

/** `petpro alerts`: what is wrong with the whole system, and who looks after it. docs/alerts.md */

type Alerts = Output<'list_alerts'>;
type Alert = Output<'ack_alert'>;

/** ux §2: an alert fires. */
const EXIT_FIRING = 10;
const MUTE_DEFAULT = '1h';
const TEST_DEFAULT = '1m';

const csv = [
  'name',
  'severity',
  'state',
  'value',
  'unit',
  'compare',
  'threshold',
  'since',
  'fired_at',
  'cleared_at',
  'detail',
  'acked_at',
  'acked_by',
  'muted_until',
  'mute_reason',
  'next',
];

const unit_signs: Readonly<Record<AlertRule['unit'], string>> = {
  percent: ' %',
  ms: ' ms',
  s: ' s',
  hours: ' h',
  days: ' d',
  count: '',
};

const short = (value: number) => String(Math.round(value * 10) / 10);

const valueText = ({ value, unit }: Alert) =>
  value === null ? '-' : `${short(value)}${unit_signs[unit]}`;

const limitText = ({ compare, threshold, unit }: Alert) =>
  `${compare === 'above' ? '>' : '<'} ${short(threshold)}${unit_signs[unit]}`;

/** What a person has to know first, in one word or two. */
function stateText({ state, severity, muted_until, acked_at }: Alert): string {
  if (state === 'ok') return muted_until === null ? 'ok' : 'ok, muted';
  if (state === 'pending') return 'pending';
  const word = severity === 'critical' ? 'CRITICAL' : 'WARNING';
  if (muted_until !== null) return `${word}, muted`;
  return acked_at === null ? word : `${word}, acked`;
}

const clockText = (at: string | null) => (at === null ? '-' : at.slice(0, 16).replace('T', ' '));

function saidText({ acked_by, ack_reason, muted_until, mute_reason }: Alert): string {
  const acked = acked_by === null ? [] : [`${acked_by}: ${ack_reason ?? 'on it'}`];
  const muted =
    muted_until === null ? [] : [`muted until ${clockText(muted_until)}: ${mute_reason}`];
  return plainLine([...acked, ...muted].join('; ')) || '-';
}

/** What to do, for each that fires and nobody has in hand. */
function sayNext(context: Context, alerts: Alerts): void {
  if (!isForPeople(context)) return;
  if (alerts.stale) {
    say(context, 'STALE: nobody has looked for a minute. Does a daemon with the role cron run?');
    say(context, 'next: petpro health --ready');
  }
  for (const one of alerts.items) {
    if (one.state !== 'firing' || one.muted_until !== null) continue;
    say(context, `${one.name}: ${one.detail ?? one.title}. ${one.runbook}`);
    say(context, `next: ${one.next}`);
  }
}

function showAlerts(context: Context, items: readonly Alert[], as_of: string | null): void {
  printList(context, {
    kind: 'AlertList',
    items,
    columns: [
      { head: 'ALERT', text: (one) => one.name, whole: true },
      { head: 'STATE', text: stateText, whole: true },
      { head: 'VALUE', text: valueText, right: true, whole: true },
      { head: 'AT', text: limitText, right: true, whole: true },
      { head: 'SINCE (UTC)', text: (one) => clockText(one.since), whole: true },
      { head: 'SAID', text: saidText },
      { head: 'WHAT', text: (one) => one.detail ?? one.title, wide: true },
      { head: 'NEXT', text: (one) => one.next, wide: true },
    ],
    csv,
    name: (one) => one.name,
    ...(as_of === null ? {} : { as_of }),
    empty: 'Nothing fires.',
  });
}

/** `petpro alerts list`: exit code 10 while a critical one fires that is not muted. */
export async function listAlerts(context: Context, args: Args): Promise<number | undefined> {
  const { client } = openSession(context);
  const wish = flagOption(args, 'firing') ? { firing: '1' as const } : {};
  let last: Alerts | null = null;
  await watchable(context, args, {
    read: async () => {
      last = await client.call('list_alerts', wish);
      return last.items;
    },
    show: (items) => {
      showAlerts(context, items, last?.as_of ?? null);
      if (last !== null) sayNext(context, last);
    },
    key: (one) => one.name,
  });
  const { critical } = (last as Alerts | null)?.firing ?? { critical: 0 };
  return critical > 0 ? EXIT_FIRING : undefined;
}

/** `petpro alerts log`: what fired and cleared, and who said what about it. */
export async function logAlerts(context: Context): Promise<undefined> {
  const { client } = openSession(context);
  const { changes, as_of } = await client.call('list_alerts', {});
  printList(context, {
    kind: 'AlertChangeList',
    items: changes,
    columns: [
      { head: 'AT (UTC)', text: (one) => one.at.slice(0, 19).replace('T', ' '), whole: true },
      { head: 'ALERT', text: (one) => one.name, whole: true },
      { head: 'CHANGE', text: (one) => one.change, whole: true },
      { head: 'VALUE', text: (one) => (one.value === null ? '-' : short(one.value)), right: true },
      { head: 'BY', text: (one) => plainLine(one.by ?? '-') },
      { head: 'REASON', text: (one) => plainLine(one.reason ?? '-') },
    ],
    csv: ['at', 'name', 'severity', 'change', 'value', 'by', 'reason'],
    name: (one) => one.name,
    as_of,
    empty: 'No alert has ever changed.',
  });
}

function showOne(context: Context, alert: Alert, verb: string): void {
  printOne(context, {
    kind: 'Alert',
    item: alert,
    csv,
    name: alert.name,
    lines: [
      [verb, alert.name],
      ['state', stateText(alert)],
      ['said', saidText(alert)],
      ['runbook', alert.state === 'firing' ? alert.runbook : ''],
      ['next', alert.state === 'firing' ? alert.next : ''],
    ],
  });
}

const reasonField = (args: Args) => {
  const reason = textOption(args, 'reason');
  return reason === null ? {} : { reason };
};

/** `--for 1h` in seconds. */
function secondsOf(args: Args, fallback: string): number {
  const text = textOption(args, 'for') ?? fallback;
  const [, count, unit] = /^(\d{1,4})(h|d)$/.exec(text) ?? [];
  if (unit !== undefined) return Number(count) * (unit === 'h' ? 3_600 : 86_400);
  const seconds = durationOf('--for', text) / 1_000;
  if (Number.isInteger(seconds)) return seconds;
  throw new AppError(
    'invalid_input',
    `--for takes whole seconds, such as 90s or 1h, not "${text}".`,
  );
}

/** `petpro alerts ack` */
export async function ackAlert(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const wish = { name: firstWord(args), ...reasonField(args) };
  showOne(context, await client.call('ack_alert', wish, callOptions(args)), 'Acknowledged');
}

/** `petpro alerts mute` */
export async function muteAlert(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const for_s = secondsOf(args, MUTE_DEFAULT);
  const reason = await reasonOf(context, args);
  const wish = { name: firstWord(args), for_s, reason };
  const alert = await client.call('mute_alert', wish, callOptions(args));
  showOne(context, alert, 'Muted');
}

/** `petpro alerts unmute` */
export async function unmuteAlert(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const wish = { name: firstWord(args), ...reasonField(args) };
  showOne(context, await client.call('unmute_alert', wish, callOptions(args)), 'Not muted');
}

/** `petpro alerts test` */
export async function testAlerts(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const for_s = secondsOf(args, TEST_DEFAULT);
  const alert = await client.call(
    'test_alerts',
    { for_s, ...reasonField(args) },
    callOptions(args),
  );
  showOne(context, alert, 'Test asked for');
  say(
    context,
    `It fires within ten seconds and clears after ${for_s} s: petpro alerts list --watch`,
  );
}
