/** Work that waits for a worker, queue by queue. */

export const job_queues = [
  'outbox',
  'email',
  'sms',
  'push',
  'reminders',
  'waitlist',
  'refunds',
  'webhooks',
] as const;
export type JobQueue = (typeof job_queues)[number];

/**
 * What needs somebody comes first. `dead` = given up, a person decides; `retry` = failed, tried again by itself;
 * `running` = a worker has it; `ready` = due now; `later` = due later, or waits for somebody's word.
 */
export const job_states = ['dead', 'retry', 'running', 'ready', 'later'] as const;
export type JobState = (typeof job_states)[number];

/** Nobody needs to know a backlog exactly once it is this long: counts stop here. */
export const JOBS_COUNT_MAX = 10_000;

export function isJobQueue(name: string): name is JobQueue {
  return job_queues.some((queue) => queue === name);
}
