import type { JobQueue } from '../domain/job.ts';
import { mayMove } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import { type State, type Step, say, stay } from './model.ts';
import type {
  CauseChoice,
  JobsLevel,
  JobsProgress,
  JobsState,
  QueueDetail,
  QueuePage,
} from './model-jobs.ts';
import { jobsDue, layoutOf } from './selectors.ts';
import {
  type JobRow,
  jobRoom,
  jobRows,
  levelAbove,
  sameChoice,
  selectedJobRow,
} from './selectors-jobs.ts';

/** The queues in step with the server: asked for while they are shown, never while they are hidden. */

/** Not more often than this, nor for more than a fifth of the time. */
const GAP_MS = 1_000;
const SHARE = 4;
const RETRY_MS = 5_000;
/** The pane follows the cursor once it has rested this long. */
const PANE_AFTER_MS = 200;
/** So many jobs are handled one by one; more is the business of a plan. */
export const JOB_MARKS_MAX = 50;
/** The server's own page: a list that is as long may have more behind it. */
export const JOBS_PAGE = 200;

export function withJobs(state: State, change: Partial<JobsState>): State {
  return { ...state, jobs: { ...state.jobs, ...change } };
}

/** Asks for a fresh look, at once. */
export function wantJobs(state: State): State {
  return withJobs(state, { wanted: true, in_flight: false, not_before_ms: state.now_ms });
}

const hasPane = (state: State) => layoutOf(state).pane_columns > 0;

/** The queue to look into: the one that was opened, or where there is a pane the one under the cursor. */
function lookedInto(state: State): JobQueue | null {
  const { level, queue } = state.jobs;
  if (level !== 'queues') return queue;
  if (!hasPane(state)) return null;
  const row = selectedJobRow(state);
  return row?.kind === 'queue' ? row.item.queue : queue;
}

/** Starts the look that is due. */
export function pumpJobs(state: State): Step {
  const due_ms = jobsDue(state);
  if (due_ms === null || state.now_ms < due_ms) return stay(state);
  const { jobs } = state;
  const seq = jobs.seq + 1;
  return stay(withJobs(state, { seq, wanted: false, in_flight: true }), {
    type: 'load_jobs',
    seq,
    queue: lookedInto(state),
    choice: jobs.level === 'jobs' ? jobs.choice : null,
    watch: jobs.progress?.queue ?? null,
  });
}

/** The cursor stays on its row; when that is gone, on what moved into its place. */
function keepCursor(state: State, before: readonly JobRow[]): State {
  const rows = jobRows(state);
  if (rows.some((row) => row.id === state.jobs.cursor_id)) return state;
  const index = before.findIndex((row) => row.id === state.jobs.cursor_id);
  const heir = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  return withJobs(state, { cursor_id: heir?.id ?? null });
}

/** What has become of the jobs that were sent on their way: whatever is no longer open is done. */
function progressed(progress: JobsProgress | null, watched: QueueDetail | null) {
  if (progress === null || watched === null || watched.queue !== progress.queue) return progress;
  const open = watched.items.filter(({ job_id }) => progress.ids.has(job_id));
  const dead = open.filter(({ state }) => state === 'dead').length;
  // Behind a full page there may be more of them: then they count as waiting.
  const unseen = watched.items.length < JOBS_PAGE ? 0 : progress.ids.size - open.length;
  const waiting = open.length - dead + unseen;
  return { ...progress, dead, waiting, done: progress.ids.size - dead - waiting };
}

function show(state: State, detail: QueueDetail | null): State {
  const before = jobRows(state);
  const next = withJobs(state, { detail, waiting: null });
  const ids = new Set((detail?.items ?? []).map(({ job_id }) => job_id));
  const marked = new Map([...next.jobs.marked].filter(([id]) => ids.has(id)));
  return keepCursor(withJobs(next, { marked }), before);
}

function sameRows(state: State, detail: QueueDetail | null): boolean {
  const next = withJobs(state, { detail });
  const [was, now] = [jobRows(state), jobRows(next)];
  return was.length === now.length && was.every((row, index) => row.id === now[index]?.id);
}

type Look = {
  readonly seq: number;
  readonly page: QueuePage;
  readonly detail: QueueDetail | null;
  readonly watched: QueueDetail | null;
  readonly took_ms: number;
};

/** Takes a look in. Rows keep still while a hand is on the keys. */
export function takeJobs(state: State, look: Look): State {
  const { jobs } = state;
  if (look.seq !== jobs.seq) return state;
  const asked = withJobs(state, {
    page: look.page,
    progress: progressed(jobs.progress, look.watched),
    at_ms: state.now_ms,
    in_flight: false,
    problem: null,
    not_before_ms: state.now_ms + Math.max(GAP_MS, look.took_ms * SHARE),
  });
  const is_first = jobs.page === null || jobs.detail === null;
  if (is_first || sameRows(asked, look.detail) || mayMove(asked)) {
    return keepCursor(show(asked, look.detail), jobRows(state));
  }
  return withJobs(asked, { waiting: look.detail });
}

/** Shows what waited, as soon as nobody's hand is on the keys. */
export function ageJobs(state: State): State {
  const { waiting } = state.jobs;
  return waiting !== null && mayMove(state) ? show(state, waiting) : state;
}

/** A look failed: what is on screen stays, with the reason above it. */
export function jobsFailed(state: State, seq: number, text: string): State {
  if (seq !== state.jobs.seq) return state;
  const again = { wanted: true, not_before_ms: state.now_ms + RETRY_MS };
  return withJobs(state, { in_flight: false, problem: text, ...again });
}

/** Enters the screen at the queues. Marks do not outlive it: nobody sees what they would hit. */
export function enterJobs(state: State): State {
  const { queue, progress: was } = state.jobs;
  // A retry that is over has been told; one that goes on is followed further.
  const progress = was === null || was.waiting === 0 ? null : was;
  const top = { progress, level: 'queues', cursor_id: queue, top: 0, choice: null } as const;
  return wantJobs(withJobs(state, { ...top, detail: null, waiting: null, marked: new Map() }));
}

function goTo(state: State, level: JobsLevel, change: Partial<JobsState>): State {
  const fresh = { level, top: 0, marked: new Map(), waiting: null, detail: null, ...change };
  return wantJobs(withJobs({ ...state, message: null }, fresh));
}

/** Why jobs of the queue under the cursor fail. */
export function openCauses(state: State): State {
  const row = selectedJobRow(state);
  if (row?.kind === 'queue') {
    return goTo(state, 'causes', { queue: row.item.queue, cursor_id: null });
  }
  if (state.jobs.level !== 'jobs') return state;
  const { choice } = state.jobs;
  const cursor_id = choice === null ? 'all' : `${choice.state}|${choice.cause}`;
  return goTo(state, 'causes', { cursor_id });
}

/** One level deeper; a job opens in full. */
export function openJobRow(state: State): State {
  const row = selectedJobRow(state);
  switch (row?.kind) {
    case 'queue':
      return openCauses(state);
    case 'cause': {
      const choice: CauseChoice = { state: row.item.state, cause: row.item.cause };
      const same = sameChoice(choice, state.jobs.choice);
      return goTo(state, 'jobs', { choice, cursor_id: same ? state.jobs.cursor_id : null });
    }
    case 'all':
      return goTo(state, 'jobs', { choice: null, cursor_id: null });
    case 'job':
      return { ...state, overlay: { screen: 'job', job: row.item, top: 0 } };
    case undefined:
      return state;
  }
}

/** One level up; null at the top. */
export function jobsBack(state: State): State | null {
  const above = levelAbove(state.jobs.level);
  if (above === null) return null;
  if (above === 'causes') return openCauses(state);
  return goTo(state, 'queues', { cursor_id: state.jobs.queue, choice: null });
}

/** Moves the cursor by rows, or to an end with ±Infinity. */
export function moveJob(state: State, by: number): State {
  const rows = jobRows(state);
  const index = rows.findIndex((row) => row.id === state.jobs.cursor_id);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  const next = withJobs(state, { cursor_id: rows[to]?.id ?? null });
  const has_pane = state.jobs.level === 'queues' && hasPane(state);
  if (!has_pane || to === index) return next;
  return withJobs(next, { wanted: true, not_before_ms: state.now_ms + PANE_AFTER_MS });
}

/** Scrolls so that the cursor is on screen, and no further than the last page. */
export function keepJobInView(state: State): State {
  const rows = jobRows(state);
  const room = jobRoom(state);
  const index = rows.findIndex((row) => row.id === state.jobs.cursor_id);
  let top = Math.min(state.jobs.top, Math.max(0, rows.length - room));
  if (index >= 0 && index < top) top = index;
  if (index >= top + room) top = index - room + 1;
  return top === state.jobs.top ? state : withJobs(state, { top });
}

/** Marks the selected job or takes its mark away, and goes on to the next. */
export function markJob(state: State): State {
  const words = wordsOf(state.session.lang).jobs;
  const row = selectedJobRow(state);
  if (row?.kind !== 'job') return say(state, 'info', words.mark_jobs_only);
  const marked = new Map(state.jobs.marked);
  if (!marked.delete(row.id)) {
    if (marked.size >= JOB_MARKS_MAX) return say(state, 'warn', words.marks_full(JOB_MARKS_MAX));
    marked.set(row.id, row.item);
  }
  return moveJob(withJobs(state, { marked }), 1);
}

export function unmarkJobs(state: State): State {
  return withJobs(state, { marked: new Map() });
}
