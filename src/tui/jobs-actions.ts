import type { FeedFrame } from '../domain/events.ts';
import { mayAccess } from '../domain/roles.ts';
import { wordsOf } from './i18n/text.ts';
import {
  askJobs,
  askPause,
  jobDeedFailed,
  takeJobPlan,
  takeJobsDone,
  takeSwitched,
} from './job-dialogs.ts';
import {
  jobsBack,
  jobsFailed,
  markJob,
  moveJob,
  openCauses,
  openJobRow,
  takeJobs,
  unmarkJobs,
} from './jobs.ts';
import type { ActionId } from './keys.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { JobsEffect } from './model-jobs.ts';
import { jobRoom, selectedJobRow } from './selectors-jobs.ts';
import {
  hearEvent,
  isOldNews,
  moveTail,
  nextOfSame,
  openEventBooking,
  pauseTail,
  tailRoom,
} from './tail.ts';

/** What the keys of the jobs screen and of the tail do, and what they were answered. */

const jobs_types: Readonly<Record<JobsEffect['type'], true>> = {
  load_jobs: true,
  plan_jobs: true,
  run_jobs: true,
  switch_queue: true,
};

/** True when the effect belongs to the jobs screen. */
export function isJobsEffect(effect: Effect): effect is JobsEffect {
  return Object.hasOwn(jobs_types, effect.type);
}

const steps: Readonly<Record<string, (page: number) => number>> = {
  up: () => -1,
  down: () => 1,
  page_up: (page) => -page,
  page_down: (page) => page,
  first: () => Number.NEGATIVE_INFINITY,
  last: () => Number.POSITIVE_INFINITY,
};

function openTrace(state: State): Step {
  const words = wordsOf(state.session.lang).jobs;
  const box = state.overlay;
  const row = selectedJobRow(state);
  const job = box?.screen === 'job' ? box.job : row?.kind === 'job' ? row.item : null;
  const reference_code = job?.reference_code ?? null;
  if (reference_code === null) return stay(say(state, 'info', words.no_booking_here));
  const overlay = { screen: 'trace', reference_code, trace: null, top: 0 } as const;
  return stay({ ...state, overlay }, { type: 'load_trace', reference_code });
}

function copyJob(state: State): Step {
  const row = selectedJobRow(state);
  if (row === null || row.kind === 'all') return stay(state);
  return stay(state, { type: 'copy', text: row.kind === 'cause' ? row.item.cause : row.id });
}

/** An action on the jobs screen; null when it is none of its own. */
export function runJobsAction(state: State, id: ActionId): Step | null {
  const by = steps[id];
  if (by !== undefined) return stay(moveJob(state, by(Math.max(1, jobRoom(state) - 1))));
  switch (id) {
    case 'job_open':
      return stay(openJobRow(state));
    case 'job_causes':
      return stay(openCauses(state));
    case 'job_mark':
      return stay(markJob(state));
    case 'job_unmark':
      return stay(unmarkJobs(state));
    case 'job_retry':
      return askJobs(state, 'retry');
    case 'job_discard':
      return askJobs(state, 'discard');
    case 'job_pause':
      return askPause(state);
    case 'job_trace':
      return openTrace(state);
    case 'job_copy':
      return copyJob(state);
    case 'back': {
      if (state.overlay !== null) return null;
      const above = jobsBack(state);
      return above === null ? null : stay(above);
    }
    default:
      return null;
  }
}

/** An action on the tail of events; null when it is none of its own. */
export function runTailAction(state: State, id: ActionId): Step | null {
  const by = steps[id];
  if (by !== undefined) return stay(moveTail(state, by(Math.max(1, tailRoom(state) - 1))));
  switch (id) {
    case 'tail_pause':
      return stay(pauseTail(state));
    case 'tail_next':
      return stay(nextOfSame(state));
    case 'tail_open':
      return openEventBooking(state);
    default:
      return null;
  }
}

/** Takes an answer in; null when it is none of theirs. */
export function takeJobsAnswer(state: State, event: Event): Step | null {
  switch (event.type) {
    case 'jobs':
      return stay(takeJobs(state, event));
    case 'jobs_planned':
      return stay(takeJobPlan(state, event.plan));
    case 'jobs_done':
      return stay(takeJobsDone(state, event.effect, event.result));
    case 'queue_switched':
      return stay(takeSwitched(state, event.queue, event.verb));
    default:
      return null;
  }
}

/** A request of theirs failed; null when it was none of theirs. */
export function jobsRefused(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  if (!isJobsEffect(effect)) return null;
  if (effect.type === 'load_jobs') return stay(jobsFailed(state, effect.seq, text));
  return stay(jobDeedFailed(state, effect, problem, text));
}

/** What the feed says: kept for the tail, and news for the screens unless it was told before. */
export function hearFrame(state: State, frame: FeedFrame, news: (state: State) => State): State {
  if (!mayAccess(state.session.role, 'sre')) return news(state);
  const is_old = isOldNews(state, frame);
  const heard = hearEvent(state, frame);
  return is_old ? heard : news(heard);
}
