import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { spanText } from './locks.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { durationOf, wait, watchable } from './watch.ts';

/** `petpro views list` and `refresh`: materialized views, their age and cost. */

type View = Output<'refresh_view'>;

const LOOK_EVERY_MS = 500;
const WAIT_MS = 60_000;
/** Exit code of "not finished". */
const STILL_WAITING = 8;

const csv = [
  'view_name',
  'as_of',
  'stale',
  'age_ms',
  'row_count',
  'duration_ms',
  'average_ms',
  'total_ms',
  'refresh_count',
  'size_bytes',
  'next_at',
  'requested_at',
  'failures_in_row',
  'failed_at',
  'last_error',
  'note',
];

function stateText({ requested_at, failures_in_row, stale, note }: View): string {
  if (requested_at !== null) return 'asked for';
  if (failures_in_row > 0) return `failed ${failures_in_row}x`;
  if (stale) return 'STALE';
  return note === null ? 'fresh' : 'fresh, locked readers';
}

function sizeText(bytes: number | null): string {
  if (bytes === null) return 'missing';
  return bytes < 1_048_576
    ? `${Math.ceil(bytes / 1_024)} kB`
    : `${Math.round(bytes / 1_048_576)} MB`;
}

const errorText = ({ last_error, failures_in_row }: View) =>
  failures_in_row === 0 || last_error === null ? '-' : plainLine(last_error);

function showViews(context: Context, items: readonly View[]): void {
  printList(context, {
    kind: 'ViewList',
    items,
    columns: [
      { head: 'VIEW', text: (one) => one.view_name, whole: true },
      { head: 'STATE', text: stateText, whole: true },
      { head: 'AGE', text: (one) => spanText(one.age_ms), right: true, whole: true },
      { head: 'ROWS', text: (one) => String(one.row_count ?? '-'), right: true, whole: true },
      { head: 'TOOK MS', text: (one) => String(one.duration_ms ?? '-'), right: true, whole: true },
      { head: 'SIZE', text: (one) => sizeText(one.size_bytes), right: true, whole: true },
      { head: 'LAST ERROR', text: errorText },
      { head: 'REFRESHES', text: (one) => String(one.refresh_count), right: true, wide: true },
      { head: 'TOTAL MS', text: (one) => String(one.total_ms), right: true, wide: true },
      { head: 'NEXT (UTC)', text: (one) => one.next_at, wide: true },
    ],
    csv,
    name: (one) => one.view_name,
    empty: 'There is no view.',
  });
}

/** `petpro views list` */
export async function listViews(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  await watchable(context, args, {
    read: async () => (await client.call('list_views', {})).items,
    show: (items) => showViews(context, items),
    key: (one) => one.view_name,
  });
}

/** The one view whose name begins so. */
async function viewOf({ client }: Session, word: string): Promise<View> {
  const { items } = await client.call('list_views', {});
  const exact = items.find((one) => one.view_name === word);
  const fitting = items.filter((one) => one.view_name.startsWith(word));
  const [only] = fitting;
  if (exact) return exact;
  if (only && fitting.length === 1) return only;
  const names = (fitting.length === 0 ? items : fitting).map((one) => one.view_name).join(', ');
  if (fitting.length === 0) {
    throw new AppError('not_found', `No view begins with "${word}"; there are ${names}.`, {
      next: 'petpro views list',
    });
  }
  throw new AppError('invalid_input', `"${word}" can be ${names}.`, { next: 'petpro views list' });
}

/** True when `instant` is not before `asked`; both of the database's clock. */
const isSince = (instant: string | null, asked: string) =>
  instant !== null && Temporal.Instant.compare(instant, asked) >= 0;

/** Looks until the refresh that was asked for has ended, well or not, or the time is over. */
async function waitUntilDone(
  context: Context,
  session: Session,
  asked_view: View,
  wait_ms: number,
): Promise<View> {
  const asked = asked_view.requested_at ?? '';
  const end = performance.now() + wait_ms;
  let view = asked_view;
  while (performance.now() < end && !context.signal.aborted) {
    await wait(LOOK_EVERY_MS, context.signal);
    view = await viewOf(session, asked_view.view_name);
    if (isSince(view.as_of, asked)) return view;
    if (isSince(view.failed_at, asked)) {
      const detail = `The refresh of ${view.view_name} failed: ${errorText(view)}`;
      throw new AppError('unavailable', detail, { next: 'petpro views list' });
    }
  }
  return view;
}

function show(context: Context, view: View, verb: string): void {
  printOne(context, {
    kind: 'View',
    item: view,
    csv,
    name: view.view_name,
    lines: [
      [verb, view.view_name],
      ['as of', view.as_of ?? 'never refreshed'],
      ['rows', String(view.row_count ?? '')],
      ['took', view.duration_ms === null ? '' : `${view.duration_ms} ms`],
    ],
  });
}

/** `petpro views refresh`: 0 done (or asked for), 8 not done when the time of --wait is over. */
export async function refreshView(context: Context, args: Args): Promise<number | undefined> {
  const text = textOption(args, 'wait');
  const wait_ms = text === null ? WAIT_MS : durationOf('--wait', text);
  const session = openSession(context, 'sre');
  const { view_name } = await viewOf(session, firstWord(args));
  const concurrently = flagOption(args, 'concurrently');
  const wish = { view_name, concurrently };
  const asked = await session.client.call('refresh_view', wish, callOptions(args));
  if (text === null && !flagOption(args, 'wait')) {
    show(context, asked, 'Asked for');
    say(context, 'A daemon does it within seconds: petpro views list');
    return;
  }
  const view = await waitUntilDone(context, session, asked, wait_ms);
  const is_done = isSince(view.as_of, asked.requested_at ?? '');
  show(context, view, is_done ? 'Refreshed' : 'Not done yet');
  if (is_done) return;
  say(context, 'Does a daemon with the role cron run? petpro health');
  return STILL_WAITING;
}
