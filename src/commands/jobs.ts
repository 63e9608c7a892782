import type { Output } from '../domain/shapes.ts';
import { localTime } from '../domain/time.ts';
import { type Context, say } from './context.ts';
import { spanText } from './locks.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';
import { watchable } from './watch.ts';

/** `petpro jobs list` and `show`: the queues as the console's screen 6 has them. */

type Queue = Output<'list_jobs'>['items'][number];
type Detail = Output<'inspect_jobs'>;
type Cause = Detail['causes'][number];
type Job = Detail['items'][number];

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

const queue_csv = [
  'queue',
  'ready',
  'running',
  'retry',
  'later',
  'dead',
  'oldest_ms',
  'done_per_minute',
  'last_error',
  'next_at',
  'paused_at',
  'pause_reason',
];
const cause_csv = ['state', 'cause', 'count', 'oldest_at', 'newest_at', 'last_error'];
const job_csv = [
  'job_id',
  'state',
  'kind',
  'at',
  'next_at',
  'attempts',
  'cause',
  'last_error',
  'booking_id',
  'reference_code',
  'recipient',
];

/** Jobs are of every clinic, so no clinic's clock is theirs: UTC, or the zone that was asked for. */
function timeText(context: Context, instant: string): string {
  const { tz } = context.config;
  const { text } = localTime(Temporal.Instant.from(instant), tz ?? 'UTC');
  return `${text.slice(0, 16).replace('T', ' ')}${tz === null ? 'Z' : ''}`;
}

const rateText = (rate: number | null) => (rate === null ? '-' : String(rate));

function showQueues(context: Context, items: readonly Queue[]): void {
  printList(context, {
    kind: 'JobQueueList',
    items,
    columns: [
      { head: 'QUEUE', text: (one) => one.queue, whole: true },
      { head: 'READY', text: (one) => String(one.ready), right: true, whole: true },
      { head: 'RUN', text: (one) => String(one.running), right: true, whole: true },
      { head: 'RETRY', text: (one) => String(one.retry), right: true, whole: true },
      { head: 'LATER', text: (one) => String(one.later), right: true, whole: true },
      { head: 'DEAD', text: (one) => String(one.dead), right: true, whole: true },
      { head: 'OLDEST', text: (one) => spanText(one.oldest_ms), right: true, whole: true },
      { head: '/MIN', text: (one) => rateText(one.done_per_minute), right: true, whole: true },
      {
        head: 'LAST ERROR',
        text: (one) =>
          one.paused_at === null ? (one.last_error ?? '-') : `PAUSED ${one.pause_reason ?? ''}`,
      },
    ],
    csv: queue_csv,
    name: (one) => one.queue,
    empty: 'There is no queue.',
  });
}

/** `petpro jobs list` */
export async function listJobs(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  await watchable(context, args, {
    read: async () => (await client.call('list_jobs', {})).items,
    show: (items) => showQueues(context, items),
    key: (one) => one.queue,
  });
}

function showCauses(context: Context, { causes, queue, as_of }: Detail): void {
  printList<Cause>(context, {
    kind: 'JobCauseList',
    items: causes,
    columns: [
      { head: 'STATE', text: (one) => one.state, whole: true },
      { head: 'COUNT', text: (one) => String(one.count), right: true, whole: true },
      { head: 'CAUSE', text: (one) => one.cause },
      { head: 'SINCE', text: (one) => timeText(context, one.oldest_at) },
      { head: 'LAST', text: (one) => timeText(context, one.newest_at) },
      { head: 'LAST ERROR', text: (one) => one.last_error ?? '-' },
    ],
    csv: cause_csv,
    name: (one) => one.cause,
    as_of,
    empty: `Nothing has failed in ${queue}.`,
  });
}

function showJobs(context: Context, { items, queue, as_of }: Detail): void {
  printList<Job>(context, {
    kind: 'JobList',
    items,
    columns: [
      { head: 'STATE', text: (one) => one.state, whole: true },
      { head: 'SINCE', text: (one) => timeText(context, one.at), whole: true },
      { head: 'KIND', text: (one) => one.kind },
      { head: 'BOOKING', text: (one) => one.reference_code ?? '-', whole: true },
      { head: 'TRIES', text: (one) => String(one.attempts), right: true, whole: true },
      {
        head: 'NEXT',
        text: (one) => (one.next_at === null ? '-' : timeText(context, one.next_at)),
        whole: true,
      },
      { head: 'ERROR', text: (one) => one.last_error ?? '-' },
      { head: 'JOB', text: (one) => one.job_id, wide: true, whole: true },
    ],
    csv: job_csv,
    name: (one) => one.job_id,
    as_of,
    empty: `No such job waits in ${queue}.`,
  });
}

/** `petpro jobs show`: the causes, or with --state or --cause the jobs themselves. */
export async function showQueue(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const [queue = ''] = args.positional;
  const state = textOption(args, 'state');
  const cause = textOption(args, 'cause');
  const limit = wholeOption(args, 'limit', 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const detail = await client.call('inspect_jobs', {
    queue,
    limit,
    ...(state === null ? {} : { state: state as Job['state'] }),
    ...(cause === null ? {} : { cause }),
  });
  if (state !== null || cause !== null) {
    showJobs(context, detail);
    return;
  }
  showCauses(context, detail);
  const { ready, running, retry, later, dead } = detail;
  say(
    context,
    `${queue}: ${ready} ready, ${running} running, ${retry} tried again, ${later} later, ${dead} dead`,
  );
}
