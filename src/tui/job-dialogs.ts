import type { JobQueue } from '../domain/job.ts';
import { type Access, mayAccess } from '../domain/roles.ts';
import { nextKey } from './book-open.ts';
import { dialogKey, nextFocus, scrolledTop } from './dialog-keys.ts';
import { edit, fieldOf, insert } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { wantJobs, withJobs } from './jobs.ts';
import { type Problem, type State, type Step, say, stay } from './model.ts';
import type {
  JobDeedBox,
  JobFocus,
  JobPlan,
  JobScope,
  JobsEffect,
  JobVerb,
  RunJobs,
} from './model-jobs.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS } from './selectors.ts';
import { selectedJobRow } from './selectors-jobs.ts';

/**
 * Retry, discard, pause. The focus starts on leaving it, a reason is needed, only Ctrl-G does it; more than a
 * handful has to be counted out. ux §2, danger tiers: bulk.
 */

/** Up to so many are seen at once; more need their number typed. ux §2, danger tiers: bulk > 20. */
const SEEN_MAX = 20;

/** What can be done with the jobs of a queue, and by whom; the server's endpoints say the same. */
export const queue_verbs: Readonly<Record<JobQueue, Readonly<Partial<Record<JobVerb, Access>>>>> = {
  outbox: { retry: 'sre' },
  email: { retry: 'sre', discard: 'sre', pause: 'sre', resume: 'sre' },
  sms: { retry: 'sre', discard: 'sre', pause: 'sre', resume: 'sre' },
  push: { retry: 'sre', discard: 'sre', pause: 'sre', resume: 'sre' },
  // A reminder without an address cannot go out; one that is due goes by itself.
  reminders: {},
  // What became free is offered by itself; people offer on the waiting list's own screen.
  waitlist: {},
  refunds: { retry: 'manager' },
  webhooks: { retry: 'admin' },
};

/** Why that cannot be done with this queue; null when it can. */
function verbRefusal(state: State, queue: JobQueue, verb: JobVerb): string | null {
  const words = wordsOf(state.session.lang).jobs;
  const needed = queue_verbs[queue][verb];
  if (needed === undefined) return words.never[queue] ?? words.no_such_verb(words.queues[queue]);
  return mayAccess(state.session.role, needed) ? null : words.needs_role(needed);
}

function put(state: State, box: JobDeedBox, change: Partial<JobDeedBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

function open(state: State, queue: JobQueue, verb: JobVerb, scope: JobScope): Step {
  const refused = verbRefusal(state, queue, verb);
  if (refused !== null) return stay(say(state, 'warn', refused));
  const box: JobDeedBox = {
    screen: 'jobdeed',
    verb,
    queue,
    scope,
    plan: null,
    result: null,
    top: 0,
    reason: fieldOf(''),
    typed: fieldOf(''),
    focus: 'keep',
    is_busy: false,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  const shown = { ...state, message: null, overlay: box };
  if (verb === 'pause' || verb === 'resume') return stay(shown);
  return stay(shown, { type: 'plan_jobs', verb, queue, scope });
}

/** What the deed would hit: the marked jobs, else the row under the cursor. */
function scopeHere(state: State): { readonly queue: JobQueue; readonly scope: JobScope } | null {
  const { marked, queue } = state.jobs;
  if (marked.size > 0) return { queue, scope: { kind: 'jobs', jobs: [...marked.values()] } };
  const row = selectedJobRow(state);
  switch (row?.kind) {
    case 'queue':
      return { queue: row.item.queue, scope: { kind: 'queue' } };
    case 'all':
      return { queue, scope: { kind: 'queue' } };
    case 'cause':
      return { queue, scope: { kind: 'cause', cause: row.item.cause } };
    case 'job':
      return { queue, scope: { kind: 'jobs', jobs: [row.item] } };
    case undefined:
      return null;
  }
}

/** Opens retry or discard; only what is dead can be either. */
export function askJobs(state: State, verb: 'retry' | 'discard'): Step {
  const words = wordsOf(state.session.lang).jobs;
  const here = scopeHere(state);
  if (here === null) return stay(say(state, 'warn', words.no_job_here));
  const row = selectedJobRow(state);
  const is_alive =
    (row?.kind === 'cause' || row?.kind === 'job') &&
    state.jobs.marked.size === 0 &&
    row.item.state !== 'dead';
  if (is_alive) return stay(say(state, 'info', words.goes_by_itself));
  return open(state, here.queue, verb, here.scope);
}

/** Opens pause, or resume where the queue is paused. */
export function askPause(state: State): Step {
  const words = wordsOf(state.session.lang).jobs;
  const here = scopeHere(state);
  if (here === null) return stay(say(state, 'warn', words.no_job_here));
  const item = state.jobs.page?.items.find((one) => one.queue === here.queue);
  const verb = item?.paused_at == null ? 'pause' : 'resume';
  return open(state, here.queue, verb, { kind: 'queue' });
}

export function plannedOf(plan: JobPlan): number {
  return plan.items.filter(({ outcome }) => outcome === 'planned').length;
}

/** What has to be typed; null where the reason is enough. */
export function jobWord(box: JobDeedBox): string | null {
  const count = box.plan === null ? 0 : plannedOf(box.plan);
  return count > SEEN_MAX ? String(count) : null;
}

/** The fields of the dialog, in the order of Tab. */
export function jobFields(box: JobDeedBox): readonly JobFocus[] {
  return jobWord(box) === null ? ['keep', 'reason'] : ['keep', 'reason', 'typed'];
}

/** Why Ctrl-G does nothing yet; null when everything is there. */
function missing(state: State, box: JobDeedBox): string | null {
  const { ops, jobs } = wordsOf(state.session.lang);
  const is_switch = box.verb === 'pause' || box.verb === 'resume';
  if (!is_switch && box.plan === null) return ops.still_checking;
  if (box.plan !== null && plannedOf(box.plan) === 0) return jobs.nothing_dead;
  if (box.reason.text.trim() === '') return ops.need_reason;
  const word = jobWord(box);
  if (word === null) return null;
  return box.typed.text.normalize('NFKC').trim() === word ? null : ops.need_word(word);
}

function carryOut(state: State, box: JobDeedBox): Step {
  const refused = actionRefusal(state, 'job_go') ?? missing(state, box);
  if (refused !== null) return stay(say(state, 'warn', refused));
  const [counted, key] = nextKey(state);
  const { verb, queue, plan } = box;
  const reason = box.reason.text.trim();
  const next = put(counted, box, { is_busy: true });
  if (verb === 'pause' || verb === 'resume') {
    return stay(next, { type: 'switch_queue', queue, verb, reason, key });
  }
  if (plan === null) return stay(state);
  return stay(next, { type: 'run_jobs', verb, queue, plan, reason, key });
}

function moveFocus(state: State, box: JobDeedBox, by: 1 | -1): State {
  return put(state, box, { focus: nextFocus(jobFields(box), box.focus, by) });
}

function typeInto(state: State, box: JobDeedBox, key: string): State {
  if (box.focus === 'keep') return state;
  const field = edit(box[box.focus], key);
  return field === null ? state : put(state, box, { [box.focus]: field });
}

function closed(state: State): State {
  return wantJobs({ ...state, overlay: null });
}

function resultKey(state: State, box: JobDeedBox, key: string): State {
  if (key === 'enter') return closed(state);
  return put(state, box, { top: scrolledTop(box.top, key, box.result?.items.length ?? 0) });
}

/** One key in the dialog. Enter on the first choice and Esc leave everything as it is. */
export function jobDeedKey(state: State, box: JobDeedBox, key: string): Step {
  return dialogKey(state, box, key, {
    close: () => closed(state),
    carry_out: () => carryOut(state, box),
    move: (by) => moveFocus(state, box, by),
    type: (typed) => stay(typeInto(state, box, typed)),
    result: box.result === null ? null : (pressed) => resultKey(state, box, pressed),
  });
}

/** Pasted text goes into the field, and nowhere when the focus is on the choice. */
export function pasteJobDeed(state: State, box: JobDeedBox, text: string): State {
  if (box.is_busy || box.focus === 'keep') return state;
  return put(state, box, { [box.focus]: insert(box[box.focus], text.trim()) });
}

/** The frozen plan has come; its keys count from now on, for only now it can be read. */
export function takeJobPlan(state: State, plan: JobPlan): State {
  const box = state.overlay;
  if (box?.screen !== 'jobdeed' || box.plan !== null) return state;
  if (plan.items.length === 0) {
    return say(closed(state), 'info', wordsOf(state.session.lang).jobs.nothing_dead);
  }
  return put(state, box, { plan, guard_until_ms: state.now_ms + GUARD_MS });
}

/** What it came to. Retried jobs are followed until they are out, or dead again. */
export function takeJobsDone(state: State, { verb, queue }: RunJobs, result: JobPlan): State {
  const words = wordsOf(state.session.lang).jobs;
  const done = result.items.filter(({ outcome }) => outcome === 'done');
  const kept = result.items.length - done.length;
  const ids = new Set(done.map(({ job_id }) => job_id));
  const progress =
    verb === 'retry' && ids.size > 0
      ? { queue, ids, done: 0, waiting: ids.size, dead: 0 }
      : state.jobs.progress;
  // Nobody's hand is on rows that the deed itself has just made old.
  const next = withJobs(state, { progress, marked: new Map(), detail: null });
  const text = words.deed_done[verb](done.length, words.queues[queue], kept);
  const said = say(next, kept > 0 ? 'warn' : 'ok', text);
  const box = said.overlay;
  if (box?.screen !== 'jobdeed' || kept === 0) return closed(said);
  // What was left as it was comes first: it is what somebody has to look at.
  const items = result.items.toSorted(
    (a, b) => Number(a.outcome !== 'kept') - Number(b.outcome !== 'kept'),
  );
  return put(said, box, { result: { ...result, items }, is_busy: false, top: 0 });
}

/** The queue stands, or goes on. */
export function takeSwitched(state: State, queue: JobQueue, verb: 'pause' | 'resume'): State {
  const words = wordsOf(state.session.lang).jobs;
  return say(closed(state), 'ok', words.switched[verb](words.queues[queue]));
}

/** A request of this screen failed; null when it was none of its own. */
export function jobDeedFailed(
  state: State,
  effect: Pick<JobsEffect, 'type'>,
  problem: Problem,
  text: string,
): State {
  const box = state.overlay;
  if (box?.screen !== 'jobdeed') return say(state, 'error', text);
  // A plan is taken once: whatever failed, a new look makes a new one.
  if (effect.type !== 'switch_queue' || problem.code === 'conflict') {
    return say(closed(state), 'error', text);
  }
  return say(put(state, box, { is_busy: false }), 'error', text);
}
