import { AppError } from '../../src/domain/errors.ts';
import { isJobQueue, job_queues } from '../../src/domain/job.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { JobItem, QueueItem } from '../../src/tui/model-jobs.ts';
import { NOW } from './fixture.ts';
import { figureJobs } from './fixture-jobs.ts';

/** The endpoints of the queues in memory, with the rules of the real ones: frozen plans, only what is dead. */

type Stored = JobItem & { readonly queue: QueueItem['queue'] };

export type FakeJobs = {
  items: readonly Stored[];
  readonly paused: Map<string, string>;
  /** Jobs that are no longer dead when their turn comes. */
  readonly changing: Set<string>;
  readonly audit: { readonly what: string; readonly ids: readonly string[]; reason: string }[];
  readonly handlers: {
    readonly list_jobs: () => Output<'list_jobs'>;
    readonly inspect_jobs: (request: Request<'inspect_jobs'>) => Output<'inspect_jobs'>;
    readonly retry_outbox: (request: Request<'retry_outbox'>) => Output<'retry_outbox'>;
    readonly retry_deliveries: (request: Request<'retry_deliveries'>) => Changed;
    readonly discard_deliveries: (request: Request<'discard_deliveries'>) => Changed;
    readonly pause_channel: (request: Request<'pause_channel'>) => Output<'pause_channel'>;
    readonly resume_channel: (request: Request<'resume_channel'>) => Output<'resume_channel'>;
  };
};
type Changed = Output<'retry_deliveries'>;

const as_of = Temporal.Instant.fromEpochMilliseconds(NOW).toString();
const queues = job_queues;

export function fakeJobs(): FakeJobs {
  const plans = new Map<string, readonly string[]>();
  let next_plan = 91;

  function countsOf(queue: QueueItem['queue']): QueueItem {
    const all = fake.items.filter((one) => one.queue === queue);
    const count = (state: JobItem['state']) => all.filter((one) => one.state === state).length;
    const overdue = all.filter(({ state }) => ['ready', 'running', 'retry'].includes(state));
    const ages = overdue.map(({ at }) => NOW - Temporal.Instant.from(at).epochMilliseconds);
    const failed = all.find((one) => one.last_error !== null);
    const later = all.find(({ state }) => state === 'later');
    const pause_reason = fake.paused.get(queue) ?? null;
    return {
      queue,
      ready: count('ready'),
      running: count('running'),
      retry: count('retry'),
      later: count('later'),
      dead: count('dead'),
      oldest_ms: ages.length === 0 ? null : Math.max(...ages),
      done_per_minute:
        queue === 'reminders' || queue === 'waitlist' ? null : queue === 'outbox' ? 12.4 : 0,
      last_error: failed?.last_error ?? null,
      next_at: later?.next_at ?? null,
      paused_at: pause_reason === null ? null : as_of,
      pause_reason,
    };
  }

  function causesOf(all: readonly Stored[]): Output<'inspect_jobs'>['causes'] {
    const failed = all.filter(({ state }) => state === 'dead' || state === 'retry');
    const groups = Map.groupBy(failed, ({ state, cause }) => `${state}|${cause}`);
    return [...groups.values()].map((group) => {
      const times = group.map(({ at }) => at).toSorted();
      const [first] = group;
      return {
        state: first?.state ?? 'dead',
        cause: first?.cause ?? '',
        count: group.length,
        oldest_at: times[0] ?? as_of,
        newest_at: times.at(-1) ?? as_of,
        last_error: first?.last_error ?? null,
      };
    });
  }

  function freeze(ids: readonly string[]): string {
    const plan_id = `PL${next_plan}`;
    next_plan += 1;
    plans.set(plan_id, ids);
    return plan_id;
  }

  function take(plan_id: string): readonly string[] {
    const ids = plans.get(plan_id);
    if (ids === undefined) throw new AppError('conflict', `${plan_id} was carried out before.`);
    plans.delete(plan_id);
    return ids;
  }

  /** Puts dead jobs in line or gives them up; answers which. */
  function change(what: string, ids: readonly string[], reason: string): ReadonlySet<string> {
    const done = ids.filter(
      (id) =>
        !fake.changing.has(id) &&
        fake.items.some((one) => one.job_id === id && one.state === 'dead'),
    );
    fake.audit.push({ what, ids: done, reason });
    fake.items = fake.items.flatMap((one) => {
      if (!done.includes(one.job_id)) return [one];
      if (what === 'discard') return [];
      return [{ ...one, state: 'ready', cause: null, last_error: null, attempts: 0 } as const];
    });
    return new Set(done);
  }

  function changeDeliveries(what: string, request: Request<'retry_deliveries'>): Changed {
    const { delivery_id, channel, error_code, plan_id, dry_run = false, reason = '' } = request;
    const fits = fake.items.filter(
      (one) =>
        one.state === 'dead' &&
        (channel === undefined || one.queue === channel) &&
        (error_code === undefined || one.cause === error_code),
    );
    const ids =
      delivery_id !== undefined
        ? [delivery_id]
        : plan_id !== undefined
          ? take(plan_id)
          : fits.map((one) => one.job_id);
    const before = fake.items;
    const done = dry_run ? new Set<string>() : change(what, ids, reason);
    if (delivery_id !== undefined && done.size === 0) {
      throw new AppError('conflict', 'It is no longer dead.');
    }
    const items = ids.map((id) => {
      const job = before.find((one) => one.job_id === id);
      const outcome = dry_run ? 'planned' : done.has(id) ? 'changed' : 'kept';
      return {
        delivery_id: id,
        channel: job?.queue === 'sms' ? ('sms' as const) : ('email' as const),
        type: job?.kind ?? '',
        reference_code: job?.reference_code ?? null,
        error_code: job?.cause ?? null,
        outcome: outcome as 'planned' | 'changed' | 'kept',
      };
    });
    return {
      plan_id: dry_run ? freeze(ids) : (plan_id ?? null),
      expires_at: dry_run ? Temporal.Instant.fromEpochMilliseconds(NOW + 900_000).toString() : null,
      dry_run,
      planned: ids.length,
      changed: done.size,
      kept: dry_run ? 0 : ids.length - done.size,
      items,
    };
  }

  function channelOf(channel: 'email' | 'push' | 'sms'): Output<'pause_channel'> {
    const { ready, later, dead, paused_at, pause_reason } = countsOf(channel);
    const rest = { waiting: ready, later, dead, sent_last_hour: 0, oldest_due_at: null };
    return { channel, paused_at, pause_reason, ...rest, providers: [] };
  }

  const fake: FakeJobs = {
    items: figureJobs(),
    paused: new Map(),
    changing: new Set(),
    audit: [],
    handlers: {
      list_jobs: () => ({ items: queues.map(countsOf), as_of }),
      inspect_jobs: ({ queue, state, cause }) => {
        if (!isJobQueue(queue)) throw new AppError('not_found', 'No queue is called so.');
        const all = fake.items.filter((one) => one.queue === queue);
        const items = all
          .filter((one) => state === undefined || one.state === state)
          .filter((one) => cause === undefined || one.cause === cause)
          .map(({ queue: _, ...job }) => job);
        return { ...countsOf(queue), causes: causesOf(all), items, as_of };
      },
      retry_outbox: ({ event_id, error_code, plan_id, dry_run = false, reason = '' }) => {
        const fits = fake.items.filter(
          (one) =>
            one.queue === 'outbox' &&
            one.state === 'dead' &&
            (error_code === undefined || one.cause === error_code),
        );
        const chosen = event_id === undefined ? fits.map((one) => one.job_id) : [event_id];
        const ids = plan_id === undefined ? chosen : take(plan_id);
        const done = dry_run ? new Set<string>() : change('retry', ids, reason);
        return {
          plan_id: dry_run ? freeze(ids) : null,
          expires_at: null,
          dry_run,
          planned: ids.length,
          retried: done.size,
          kept: dry_run ? 0 : ids.length - done.size,
          items: ids.map((id) => ({
            event_id: id,
            sequence: 1,
            event_type: 'booking.confirmed',
            error_code: null,
            outcome: dry_run ? 'planned' : done.has(id) ? 'retried' : 'kept',
          })),
        };
      },
      retry_deliveries: (request) => changeDeliveries('retry', request),
      discard_deliveries: (request) => changeDeliveries('discard', request),
      pause_channel: ({ channel, reason }) => {
        fake.paused.set(channel, reason);
        return channelOf(channel);
      },
      resume_channel: ({ channel }) => {
        fake.paused.delete(channel);
        return channelOf(channel);
      },
    },
  };
  return fake;
}
