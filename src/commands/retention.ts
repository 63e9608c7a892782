import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import { callOptions, firstWord, versionField } from './choice.ts';
import { type Context, say } from './context.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { reasonOf, typeToConfirm } from './severe.ts';
import { type Args, flagOption } from './spec.ts';
import { watchable } from './watch.ts';

/** `petpro retention`: how long things are kept, and removing what is not. docs/history.md */

type Rules = Output<'list_retention'>;
type Rule = Output<'set_retention'>;

const DAYS = { d: 1, w: 7, y: 365 } as const;
const CALL_MS = 120_000;

const csv = [
  'what',
  'keep_days',
  'min_days',
  'state',
  'done_percent',
  'due_count',
  'last_count',
  'total_count',
  'table_name',
  'table_bytes',
  'rounded_at',
  'next_at',
  'failed_at',
  'last_error',
  'version',
];

const keptText = ({ keep_days }: Rule) => (keep_days === null ? 'for ever' : `${keep_days} d`);
const sizeText = ({ table_bytes }: Rule) => `${Math.ceil(table_bytes / 1_048_576)} MB`;

function stateText({ state, done_percent, failed_at, rounded_at }: Rule): string {
  const is_failed = failed_at !== null && (rounded_at === null || failed_at > rounded_at);
  const text = state === 'under_way' ? `${done_percent} % done` : state;
  return is_failed ? `${text}, FAILED` : text;
}

function showRules(context: Context, { items, as_of }: Rules, is_counted: boolean): void {
  printList(context, {
    kind: 'RetentionRules',
    items,
    columns: [
      { head: 'WHAT', text: (one) => one.what, whole: true },
      { head: 'KEPT', text: keptText, right: true, whole: true },
      { head: 'STATE', text: stateText, whole: true },
      ...(is_counted
        ? [{ head: 'WOULD GO', text: (one: Rule) => String(one.due_count ?? 0), right: true }]
        : []),
      { head: 'LAST ROUND', text: (one) => String(one.last_count), right: true },
      { head: 'GONE IN ALL', text: (one) => String(one.total_count), right: true },
      { head: 'TABLE', text: (one) => one.table_name },
      { head: 'SIZE', text: sizeText, right: true },
      { head: 'AT LEAST', text: (one) => `${one.min_days} d`, right: true, wide: true },
      { head: 'NEXT (UTC)', text: (one) => one.next_at ?? '-', wide: true },
      { head: 'LAST ERROR', text: (one) => plainLine(one.last_error ?? '-'), wide: true },
    ],
    csv,
    name: (one) => one.what,
    as_of,
    empty: 'There is no rule.',
  });
}

async function rulesOf({ client }: Session, count: boolean, what?: string): Promise<Rules> {
  const wish = {
    ...(what === undefined ? {} : { what }),
    ...(count ? { count: '1' as const } : {}),
  };
  return await client.call('list_retention', wish, { timeout_ms: CALL_MS });
}

/** `petpro retention list` */
export async function listRetention(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'sre');
  const is_counted = flagOption(args, 'count');
  await watchable(context, args, {
    read: async () => (await rulesOf(session, is_counted)).items,
    show: (items) =>
      showRules(
        context,
        { items, as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }) },
        is_counted,
      ),
    key: (one) => one.what,
  });
}

/** `400d`, `2y`, `for-ever`: days, or null for ever. */
function daysOf(text: string): number | null {
  if (/^for-?ever$/i.test(text)) return null;
  const [, count, unit] = /^(\d{1,5})([dwy])$/.exec(text) ?? [];
  const each = unit === 'w' ? DAYS.w : unit === 'y' ? DAYS.y : DAYS.d;
  const days = Number(count) * each;
  if (days > 0) return days;
  const detail = `"${text}" is no time to keep something; say 400d, 52w, 2y or for-ever.`;
  throw new AppError('invalid_input', detail, { next: 'petpro retention list' });
}

/** `petpro retention set` */
export async function setRetention(context: Context, args: Args): Promise<undefined> {
  const what = firstWord(args);
  const keep_days = daysOf(args.positional[1] ?? '');
  const session = openSession(context, 'admin');
  const reason = await reasonOf(context, args);
  const wish = { what, keep_days, reason, ...versionField(args) };
  const rule = await session.client.call('set_retention', wish, callOptions(args));
  printOne(context, {
    kind: 'RetentionRule',
    item: rule,
    csv,
    name: rule.what,
    lines: [
      ['kept', `${rule.what}: ${keptText(rule)}`],
      [
        'next',
        rule.keep_days === null ? 'nothing is removed' : 'a daemon looks within half a minute',
      ],
    ],
  });
}

/** `petpro retention run` */
export async function runRetention(context: Context, args: Args): Promise<undefined> {
  const what = args.positional[0];
  const session = openSession(context, 'sre');
  const named = what === undefined ? {} : { what };
  const options = { ...callOptions(args), timeout_ms: CALL_MS };
  if (flagOption(args, 'dry_run')) {
    const counted = await session.client.call(
      'run_retention',
      { ...named, dry_run: true },
      options,
    );
    showRules(context, counted, true);
    return;
  }
  const reason = await reasonOf(context, args);
  const effect = `This removes what is no longer kept (${what ?? 'every rule'}), for good.`;
  await typeToConfirm(context, args, { effect, word: what ?? 'all' });
  const asked = await session.client.call('run_retention', { ...named, reason }, options);
  showRules(context, asked, false);
  say(context, 'A daemon begins within half a minute: petpro retention list --watch');
}
