import type { EventEnvelope } from '../domain/events.ts';
import type { JobQueue, JobState } from '../domain/job.ts';
import type { Output } from '../domain/shapes.ts';
import type { Field } from './model.ts';

/** The jobs screen (queues, causes, jobs) and the tail of events: screens 6 and 9. */

export type QueuePage = Output<'list_jobs'>;
export type QueueItem = QueuePage['items'][number];
export type QueueDetail = Output<'inspect_jobs'>;
export type JobCause = QueueDetail['causes'][number];
export type JobItem = QueueDetail['items'][number];

/** How deep one has gone: every queue, why one fails, the jobs of one cause. */
export type JobsLevel = 'queues' | 'causes' | 'jobs';

/** Which jobs of a queue are shown; null = all of them. */
export type CauseChoice = { readonly state: JobState; readonly cause: string } | null;

/** Jobs that were sent on their way again, and what has become of them. */
export type JobsProgress = {
  readonly queue: JobQueue;
  readonly ids: ReadonlySet<string>;
  readonly done: number;
  readonly waiting: number;
  readonly dead: number;
};

export type JobsState = {
  readonly page: QueuePage | null;
  readonly detail: QueueDetail | null;
  /** A newer answer that waits until nobody's hand is on the keys. */
  readonly waiting: QueueDetail | null;
  readonly at_ms: number | null;
  readonly level: JobsLevel;
  readonly queue: JobQueue;
  readonly choice: CauseChoice;
  /** Key of the cause, `all` for every job, or id of the job under the cursor. */
  readonly cursor_id: string | null;
  readonly top: number;
  readonly marked: ReadonlyMap<string, JobItem>;
  readonly progress: JobsProgress | null;
  readonly seq: number;
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly not_before_ms: number;
  readonly problem: string | null;
};

export type JobVerb = 'retry' | 'discard' | 'pause' | 'resume';

/** What a deed is about: the whole queue, one cause, or jobs that were marked. */
export type JobScope =
  | { readonly kind: 'queue' }
  | { readonly kind: 'cause'; readonly cause: string }
  | { readonly kind: 'jobs'; readonly jobs: readonly JobItem[] };

export type PlannedJob = {
  readonly job_id: string;
  readonly name: string;
  readonly cause: string | null;
  readonly outcome: 'planned' | 'done' | 'kept';
};
/** Frozen: what comes later is not touched. `plan_id` null = frozen here, job by job. */
export type JobPlan = {
  readonly plan_id: string | null;
  readonly expires_at: string | null;
  readonly items: readonly PlannedJob[];
};

export type JobFocus = 'keep' | 'reason' | 'typed';
export type JobDeedBox = {
  readonly screen: 'jobdeed';
  readonly verb: JobVerb;
  readonly queue: JobQueue;
  readonly scope: JobScope;
  /** Null while it is made; pause and resume need none. */
  readonly plan: JobPlan | null;
  readonly result: JobPlan | null;
  readonly top: number;
  readonly reason: Field;
  readonly typed: Field;
  readonly focus: JobFocus;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};
export type JobBox = { readonly screen: 'job'; readonly job: JobItem; readonly top: number };
export type JobsOverlay = JobDeedBox | JobBox;

export type TailEvent =
  | ({ readonly kind: 'event' } & EventEnvelope)
  /** Events before this sequence could not be told. */
  | { readonly kind: 'gap'; readonly sequence: number };

export type TailState = {
  /** Newest first, at most TAIL_MAX. */
  readonly items: readonly TailEvent[];
  readonly filter: string;
  readonly cursor_seq: number | null;
  readonly top: number;
  /** The newest that is shown while it stands still; null = it runs. */
  readonly paused_at: number | null;
  readonly last_sequence: number;
  /** What happened before the console was opened has been asked for. */
  readonly has_history: boolean;
};

export type JobsResult =
  | {
      readonly type: 'jobs';
      readonly seq: number;
      readonly page: QueuePage;
      readonly detail: QueueDetail | null;
      /** Everything that is open in the queue that progress is watched of. */
      readonly watched: QueueDetail | null;
      readonly took_ms: number;
    }
  | { readonly type: 'jobs_planned'; readonly plan: JobPlan }
  | { readonly type: 'jobs_done'; readonly effect: RunJobs; readonly result: JobPlan }
  | {
      readonly type: 'queue_switched';
      readonly queue: JobQueue;
      readonly verb: 'pause' | 'resume';
    };

export type RunJobs = {
  readonly type: 'run_jobs';
  readonly verb: 'retry' | 'discard';
  readonly queue: JobQueue;
  readonly plan: JobPlan;
  readonly reason: string;
  readonly key: string;
};

export type JobsEffect =
  | {
      readonly type: 'load_jobs';
      readonly seq: number;
      /** The queue that is looked into; null = none. */
      readonly queue: JobQueue | null;
      readonly choice: CauseChoice;
      readonly watch: JobQueue | null;
    }
  | {
      readonly type: 'plan_jobs';
      readonly verb: 'retry' | 'discard';
      readonly queue: JobQueue;
      readonly scope: JobScope;
    }
  | RunJobs
  | {
      readonly type: 'switch_queue';
      readonly queue: JobQueue;
      readonly verb: 'pause' | 'resume';
      readonly reason: string;
      readonly key: string;
    };

/** Nothing seen yet. */
export const no_jobs: JobsState = {
  page: null,
  detail: null,
  waiting: null,
  at_ms: null,
  level: 'queues',
  queue: 'outbox',
  choice: null,
  cursor_id: null,
  top: 0,
  marked: new Map(),
  progress: null,
  seq: 0,
  wanted: false,
  in_flight: false,
  not_before_ms: 0,
  problem: null,
};

export const no_tail: TailState = {
  items: [],
  filter: '',
  cursor_seq: null,
  top: 0,
  paused_at: null,
  last_sequence: 0,
  has_history: false,
};
