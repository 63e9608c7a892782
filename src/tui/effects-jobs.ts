import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { JobQueue } from '../domain/job.ts';
import type { Output } from '../domain/shapes.ts';
import { JOBS_PAGE } from './jobs.ts';
import type {
  CauseChoice,
  JobItem,
  JobPlan,
  JobScope,
  JobsEffect,
  JobsResult,
  PlannedJob,
  QueueDetail,
  RunJobs,
} from './model-jobs.ts';

/** Carries out what the jobs screen asks for: each queue by its own endpoints. Nothing here decides anything. */

const CALL_MS = 8_000;
/** A plan may hold a thousand jobs. */
const PLAN_MS = 60_000;

export type JobsOutside = { readonly client: ApiClient; readonly now: () => number };

type Asks<T extends JobsEffect['type']> = Extract<JobsEffect, { type: T }>;

async function lookInto(
  client: ApiClient,
  queue: JobQueue | null,
  choice: CauseChoice,
): Promise<QueueDetail | null> {
  if (queue === null) return null;
  const request = { queue, limit: JOBS_PAGE, ...(choice ?? {}) };
  return await client.call('inspect_jobs', request, { timeout_ms: CALL_MS });
}

async function load(outside: JobsOutside, effect: Asks<'load_jobs'>): Promise<JobsResult> {
  const { client, now } = outside;
  const { seq, queue, choice, watch } = effect;
  const from_ms = now();
  const same = watch === queue && choice === null;
  const [page, detail, watched] = await Promise.all([
    client.call('list_jobs', {}, { timeout_ms: CALL_MS }),
    lookInto(client, queue, choice),
    same ? null : lookInto(client, watch, null),
  ]);
  const took_ms = now() - from_ms;
  return { type: 'jobs', seq, page, detail, watched: same ? detail : watched, took_ms };
}

const nameOf = (job: JobItem) =>
  [job.kind, job.reference_code ?? job.recipient].filter((part) => part !== null).join(' ');

function plannedJob(job: JobItem, outcome: PlannedJob['outcome'] = 'planned'): PlannedJob {
  return { job_id: job.job_id, name: nameOf(job), cause: job.cause, outcome };
}

/** Jobs that were chosen one by one are frozen here: only those, only while they are still dead. */
function planHere(jobs: readonly JobItem[]): JobPlan {
  const dead = jobs.filter(({ state }) => state === 'dead');
  return { plan_id: null, expires_at: null, items: dead.map((job) => plannedJob(job)) };
}

/** The dead jobs of a queue that has no plans on the server. */
async function deadJobs(
  client: ApiClient,
  queue: JobQueue,
  scope: JobScope,
): Promise<readonly JobItem[]> {
  if (scope.kind === 'jobs') return scope.jobs;
  const cause = scope.kind === 'cause' ? { cause: scope.cause } : {};
  const request = { queue, state: 'dead', limit: JOBS_PAGE, ...cause } as const;
  return (await client.call('inspect_jobs', request, { timeout_ms: CALL_MS })).items;
}

function outboxPlan(plan: Output<'retry_outbox'>): JobPlan {
  const items = plan.items.map(({ event_id, event_type, error_code, outcome }) => {
    const done = outcome === 'retried' ? 'done' : outcome;
    return { job_id: event_id, name: event_type, cause: error_code, outcome: done } as const;
  });
  return { plan_id: plan.plan_id, expires_at: plan.expires_at, items };
}

function deliveryPlan(plan: Output<'retry_deliveries'>): JobPlan {
  const items = plan.items.map(({ delivery_id, type, reference_code, error_code, outcome }) => {
    const name = [type, reference_code].filter((part) => part !== null).join(' ');
    const done = outcome === 'changed' ? 'done' : outcome;
    return { job_id: delivery_id, name, cause: error_code, outcome: done } as const;
  });
  return { plan_id: plan.plan_id, expires_at: plan.expires_at, items };
}

async function makePlan(client: ApiClient, effect: Asks<'plan_jobs'>): Promise<JobPlan> {
  const { queue, verb, scope } = effect;
  const options = { timeout_ms: PLAN_MS };
  if (scope.kind === 'jobs') return planHere(scope.jobs);
  const error_code = scope.kind === 'cause' ? { error_code: scope.cause } : {};
  switch (queue) {
    case 'outbox':
      return outboxPlan(
        await client.call('retry_outbox', { dry_run: true, ...error_code }, options),
      );
    case 'email':
    case 'sms':
    case 'push': {
      const name = verb === 'retry' ? 'retry_deliveries' : 'discard_deliveries';
      const request = { dry_run: true, channel: queue, ...error_code };
      return deliveryPlan(await client.call(name, request, options));
    }
    case 'refunds':
    case 'webhooks':
    case 'waitlist':
    case 'reminders':
      return planHere(await deadJobs(client, queue, scope));
  }
}

const wordOf = (value: unknown) => (typeof value === 'string' ? value : null);

/** Sends one job on its way, or gives it up. */
async function one(
  client: ApiClient,
  effect: RunJobs,
  job_id: string,
  webhooks: ReadonlyMap<string, { readonly webhook_id: string; readonly sequence: number }>,
  index: number,
): Promise<void> {
  const { queue, verb, reason, key } = effect;
  const options = { timeout_ms: CALL_MS, idempotency_key: `${key}-${index}` };
  switch (queue) {
    case 'outbox':
      await client.call('retry_outbox', { event_id: job_id, reason }, options);
      return;
    case 'email':
    case 'sms':
    case 'push': {
      const name = verb === 'retry' ? 'retry_deliveries' : 'discard_deliveries';
      await client.call(name, { delivery_id: job_id, reason }, options);
      return;
    }
    case 'refunds':
      await client.call('retry_refund', { refund_id: job_id, reason }, options);
      return;
    case 'webhooks': {
      const found = webhooks.get(job_id);
      if (found === undefined) throw new AppError('not_found', 'It is no longer dead.');
      const { webhook_id, sequence } = found;
      const range = { after: Math.max(0, sequence - 1), to: sequence };
      await client.call('replay_webhook', { webhook_id, ...range }, options);
      return;
    }
    case 'waitlist':
    case 'reminders':
      throw new AppError('policy_refused', `Jobs of ${queue} go on by themselves.`);
  }
}

/** Where the webhook deliveries of the plan go to, and which events they carry. */
async function webhooksOf(client: ApiClient, queue: JobQueue) {
  if (queue !== 'webhooks') return new Map<string, never>();
  const jobs = await deadJobs(client, queue, { kind: 'queue' });
  return new Map(
    jobs.flatMap(({ job_id, payload }) => {
      const webhook_id = wordOf(payload?.['webhook_id']);
      const sequence = payload?.['sequence'];
      return webhook_id === null || typeof sequence !== 'number'
        ? []
        : [[job_id, { webhook_id, sequence }] as const];
    }),
  );
}

/** Failures that are about the one job; with anything else the rest need not be tried. */
const about_one: readonly string[] = ['conflict', 'not_found', 'policy_refused'];

async function eachJob(client: ApiClient, effect: RunJobs): Promise<JobPlan> {
  const webhooks = await webhooksOf(client, effect.queue);
  const items: PlannedJob[] = [];
  for (const [index, job] of effect.plan.items.entries()) {
    try {
      await one(client, effect, job.job_id, webhooks, index);
      items.push({ ...job, outcome: 'done' });
    } catch (error) {
      const is_first = items.every(({ outcome }) => outcome !== 'done');
      const is_own = error instanceof AppError && about_one.includes(error.code);
      // After the first that was done, what cannot be reached is said, never lost with the rest.
      if (!is_own && is_first) throw error;
      items.push({ ...job, outcome: 'kept' });
    }
  }
  return { ...effect.plan, items };
}

async function runPlan(client: ApiClient, effect: RunJobs): Promise<JobPlan> {
  const { plan, queue, verb, reason, key } = effect;
  const { plan_id } = plan;
  if (plan_id === null) return await eachJob(client, effect);
  const options = { timeout_ms: PLAN_MS, idempotency_key: key };
  if (queue === 'outbox') {
    return outboxPlan(await client.call('retry_outbox', { plan_id, reason }, options));
  }
  const name = verb === 'retry' ? 'retry_deliveries' : 'discard_deliveries';
  return deliveryPlan(await client.call(name, { plan_id, reason }, options));
}

async function switchQueue(client: ApiClient, effect: Asks<'switch_queue'>): Promise<JobsResult> {
  const { queue, verb, reason, key } = effect;
  const options = { timeout_ms: CALL_MS, idempotency_key: key };
  if (queue !== 'email' && queue !== 'sms' && queue !== 'push') {
    throw new AppError('policy_refused', `${queue} cannot be paused.`);
  }
  const name = verb === 'pause' ? 'pause_channel' : 'resume_channel';
  await client.call(name, { channel: queue, reason }, options);
  return { type: 'queue_switched', queue, verb };
}

/** Asks the server. */
export async function askJobs(outside: JobsOutside, effect: JobsEffect): Promise<JobsResult> {
  const { client } = outside;
  switch (effect.type) {
    case 'load_jobs':
      return await load(outside, effect);
    case 'plan_jobs':
      return { type: 'jobs_planned', plan: await makePlan(client, effect) };
    case 'run_jobs':
      return { type: 'jobs_done', effect, result: await runPlan(client, effect) };
    case 'switch_queue':
      return await switchQueue(client, effect);
  }
}
