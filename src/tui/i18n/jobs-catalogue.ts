import type { JobQueue, JobState } from '../../domain/job.ts';
import type { Access } from '../../domain/roles.ts';
import type { JobsActionId } from '../keys-jobs.ts';
import type { JobVerb, QueueItem } from '../model-jobs.ts';

/** The words of the jobs screen and of the tail of events. Numbers beside a group are column budgets (test/tui). */

type QueueHead = 'queue' | 'ready' | 'run' | 'retry' | 'dead' | 'oldest' | 'rate' | 'error';
type CauseHead = 'state' | 'count' | 'since' | 'last' | 'cause';
type JobHead = 'state' | 'at' | 'kind' | 'ref' | 'tries' | 'error';
/** Names of facts; budget 10. */
type JobFact =
  | 'state'
  | 'kind'
  | 'booking'
  | 'to'
  | 'since'
  | 'last'
  | 'tries'
  | 'next'
  | 'cause'
  | 'error'
  | 'id'
  | 'waiting'
  | 'oldest'
  | 'rate'
  | 'paused'
  | 'count'
  | 'number'
  | 'about'
  | 'trace';

export type JobsCatalogue = {
  readonly actions: Readonly<Record<JobsActionId, string>>;
  readonly hints: Readonly<Partial<Record<JobsActionId, string>>>;
  /** Budget 10. */
  readonly queues: Readonly<Record<JobQueue, string>>;
  /** What a queue is for. */
  readonly what: Readonly<Record<JobQueue, string>>;
  /** Budget 8. */
  readonly states: Readonly<Record<JobState, string>>;
  readonly queue_heads: Readonly<Record<QueueHead, string>>;
  readonly cause_heads: Readonly<Record<CauseHead, string>>;
  readonly job_heads: Readonly<Record<JobHead, string>>;
  readonly facts: Readonly<Record<JobFact, string>>;
  readonly title: (waiting: number, dead: number, oldest: string | null) => string;
  readonly counts: (n: Pick<QueueItem, 'ready' | 'running' | 'retry' | 'later' | 'dead'>) => string;
  readonly rate: (per_minute: number) => string;
  readonly next_at: (time: string) => string;
  readonly paused: (reason: string) => string;
  readonly every_job: string;
  readonly by_cause: string;
  readonly payload: string;
  readonly no_jobs: string;
  readonly no_causes: string;
  readonly all_quiet: string;
  readonly look_failed: (text: string) => string;
  readonly step_paused: (since: string) => string;
  /** `never`: why the dead ones of this queue cannot be sent again. */
  readonly step_dead: (never: string | null) => string;
  readonly step_later: (later: number, next: string) => string;
  readonly step_cause: string;
  readonly step_job: string;
  readonly step_all: string;
  readonly goes_by_itself: string;
  readonly job_keys: string;
  readonly no_job_here: string;
  readonly no_booking_here: string;
  readonly mark_jobs_only: string;
  readonly marks_full: (most: number) => string;

  readonly verbs: Readonly<Record<JobVerb, string>>;
  readonly effects: Readonly<Record<JobVerb, string>>;
  readonly would: Readonly<Record<JobVerb, (n: number) => string>>;
  /** Where nothing of the kind can be done, and what can. */
  readonly never: Readonly<Partial<Record<JobQueue, string>>>;
  readonly no_such_verb: (queue: string) => string;
  readonly needs_role: (needed: Access) => string;
  readonly nothing_dead: string;
  readonly plan_frozen: (id: string, until: string) => string;
  readonly plan_here: string;
  readonly kept: string;
  readonly do_it: (verb: string, count: number | null) => string;
  readonly result_title: (done: number, kept: number) => string;
  readonly deed_done: Readonly<
    Record<'retry' | 'discard', (done: number, queue: string, kept: number) => string>
  >;
  readonly switched: Readonly<Record<'pause' | 'resume', (queue: string) => string>>;
  readonly progress: (
    queue: string,
    all: number,
    done: number,
    waiting: number,
    dead: number,
  ) => string;

  readonly tail_title: (filter: string) => string;
  readonly tail_live: string;
  readonly tail_paused: (sequence: number, news: number) => string;
  readonly no_events: string;
  readonly no_event_here: string;
  readonly no_more_of_same: (about: string) => string;
  readonly gap: (sequence: number) => string;
};
