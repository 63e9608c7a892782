import { z } from 'zod';
import { id, instant, limit, line } from './basics.ts';
import { JOBS_COUNT_MAX, job_queues, job_states } from './job.ts';

/** What the endpoints of api-jobs.ts take and give. */

const nothing = z.object({});
const count = z.number().int().describe(`Stops at ${JOBS_COUNT_MAX}: that many, or more`);

const JobQueue = z
  .object({
    queue: z.enum(job_queues),
    ready: count,
    running: count,
    retry: count.describe('Failed, and tried again by itself'),
    later: count.describe('Due later, or waiting for a word'),
    dead: count.describe('Given up: a person decides'),
    oldest_ms: z
      .number()
      .int()
      .nullable()
      .describe('Age of the oldest that should be out by now, dead ones left out'),
    done_per_minute: z
      .number()
      .nullable()
      .describe('Over the last five minutes; null = nobody counts it'),
    last_error: z.string().nullable(),
    next_at: instant.nullable().describe('When the next of `retry` and `later` is due'),
    paused_at: instant.nullable(),
    pause_reason: z.string().nullable(),
  })
  .meta({ id: 'JobQueue' });

const JobCause = z
  .object({
    state: z.enum(job_states),
    cause: z.string(),
    count,
    oldest_at: instant,
    newest_at: instant,
    last_error: z.string().nullable(),
  })
  .meta({ id: 'JobCause' });

const Job = z
  .object({
    job_id: z.string().describe('Of the event, message, reminder, refund or webhook delivery'),
    state: z.enum(job_states),
    kind: z.string().describe('Which event, message or reminder'),
    at: instant.describe('Since when it waits'),
    next_at: instant.nullable(),
    attempts: z.number().int(),
    cause: z.string().nullable(),
    last_error: z.string().nullable(),
    booking_id: id.nullable(),
    reference_code: z.string().nullable(),
    recipient: z.string().nullable().describe('*** for those who need no names'),
    payload: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('What it carries, names and numbers masked'),
  })
  .meta({ id: 'Job' });

/** Rows of the shape table. */
export const job_shapes = {
  list_jobs: {
    params: nothing,
    query: nothing,
    body: nothing,
    output: z
      .object({ items: z.array(JobQueue).readonly(), as_of: instant })
      .meta({ id: 'JobQueues' }),
  },
  inspect_jobs: {
    params: z.object({ queue: line(40).describe(job_queues.join(', ')) }),
    query: z.object({
      state: z.enum(job_states).optional(),
      cause: line(200).optional(),
      limit,
    }),
    body: nothing,
    output: JobQueue.extend({
      causes: z.array(JobCause).readonly().describe('Of what failed; dead first, most first'),
      items: z.array(Job).readonly().describe('Those that state and cause ask for'),
      as_of: instant,
    }).meta({ id: 'JobQueueDetail' }),
  },
} as const;
