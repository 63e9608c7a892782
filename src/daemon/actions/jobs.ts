import { AppError } from '../../domain/errors.ts';
import { isJobQueue, job_queues } from '../../domain/job.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { maskPayload } from '../http/feed-mask.ts';
import {
  type CauseRow,
  DONE_MINUTES,
  findQueue,
  type JobRow,
  listCauses,
  listJobs as listJobRows,
  listQueues,
  type QueueRow,
} from '../store/jobs.ts';
import { masker } from './personal-data.ts';

type Queue = Output<'list_jobs'>['items'][number];
type Detail = Output<'inspect_jobs'>;

const textOf = (at: Temporal.Instant | null) => at?.toString({ smallestUnit: 'second' }) ?? null;

function queueJson(row: QueueRow): Queue {
  const { oldest_at, done, next_at, paused_at, now, ...rest } = row;
  return {
    ...rest,
    oldest_ms: oldest_at === null ? null : Math.max(0, since(oldest_at, now)),
    done_per_minute: done === null ? null : Math.round((done * 10) / DONE_MINUTES) / 10,
    next_at: textOf(next_at),
    paused_at: textOf(paused_at),
  };
}

const since = (then: Temporal.Instant, now: Temporal.Instant) =>
  now.epochMilliseconds - then.epochMilliseconds;

function causeJson({ oldest_at, newest_at, ...rest }: CauseRow): Detail['causes'][number] {
  return { ...rest, oldest_at: oldest_at.toString(), newest_at: newest_at.toString() };
}

function jobJson(actor: Actor, row: JobRow): Detail['items'][number] {
  const { at, next_at, recipient, payload, ...rest } = row;
  const sees_all = seesPersonalData(actor.role);
  return {
    ...rest,
    at: at.toString(),
    next_at: textOf(next_at),
    recipient: masker(actor)(recipient),
    payload: payload === null || sees_all ? payload : maskPayload(payload),
  };
}

/** Every queue at a glance. */
export async function listJobs(app: App, actor: Actor): Promise<Output<'list_jobs'>> {
  const rows = await listQueues(app.sql, actor.clinic_id);
  const now = rows[0]?.now ?? Temporal.Now.instant();
  return { items: rows.map(queueJson), as_of: now.toString({ smallestUnit: 'second' }) };
}

/** One queue: why its jobs fail, and the jobs themselves. */
export async function inspectJobs(
  app: App,
  actor: Actor,
  input: Input<'inspect_jobs'>,
): Promise<Detail> {
  const { queue, state, cause, limit } = input;
  const { clinic_id } = actor;
  if (!isJobQueue(queue)) {
    const next = 'petpro jobs list';
    throw new AppError('not_found', `No queue is called so; there are ${job_queues.join(', ')}.`, {
      next,
    });
  }
  const row = await findQueue(app.sql, queue, clinic_id);
  const causes = await listCauses(app.sql, queue, clinic_id);
  const jobs = await listJobRows(app.sql, queue, { clinic_id, state, cause, limit });
  return {
    ...queueJson(row),
    causes: causes.map(causeJson),
    items: jobs.map((job) => jobJson(actor, job)),
    as_of: row.now.toString({ smallestUnit: 'second' }),
  };
}
