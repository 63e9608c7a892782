import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** The keys of the jobs screen and of the tail of events: rows of the table in keys.ts. */

export const jobs_ids = [
  'screen_jobs',
  'screen_events',
  'job_open',
  'job_causes',
  'job_retry',
  'job_discard',
  'job_pause',
  'job_mark',
  'job_unmark',
  'job_trace',
  'job_copy',
  'job_go',
  'tail_pause',
  'tail_next',
  'tail_open',
] as const;
export type JobsActionId = (typeof jobs_ids)[number];

const jobs: readonly ScreenName[] = ['jobs'];
const tail: readonly ScreenName[] = ['events'];
const look = { mutates: false, dangerous: false, access: 'sre' } as const;
const change = { mutates: true, dangerous: true, access: 'sre' } as const;

export const jobs_bindings: readonly Binding[] = [
  { id: 'job_open', keys: ['enter'], screens: jobs, ...look },
  { id: 'job_retry', keys: ['R'], screens: jobs, ...change },
  { id: 'job_discard', keys: ['K'], screens: jobs, ...change },
  { id: 'job_pause', keys: ['P'], screens: jobs, ...change },
  { id: 'job_causes', keys: ['C'], screens: jobs, ...look },
  { id: 'job_mark', keys: [' '], screens: jobs, ...look },
  { id: 'job_unmark', keys: ['u'], screens: jobs, ...look },
  { id: 'job_trace', keys: ['T'], screens: ['jobs', 'job'], ...look },
  { id: 'job_copy', keys: ['y'], screens: ['jobs', 'job'], ...look },
  { id: 'tail_pause', keys: [' '], screens: tail, ...look },
  { id: 'tail_open', keys: ['enter'], screens: tail, ...look },
  { id: 'tail_next', keys: ['.'], screens: tail, ...look },
  { id: 'job_go', keys: ['ctrl-g'], screens: ['jobdeed'], ...change },
];
