import { bookFailed, pumpDraft, takeBookAnswer, takeOwners } from './book-answers.ts';
import { callFailed, takeCall } from './caller.ts';
import { ageBoard, keepInView, pumpReload, reloadFailed, takeDay, wantReload } from './day.ts';
import { moneyRefused, takeMoneyAnswer } from './deed.ts';
import { cancelled, free, moved, tellConflict } from './desk-answers.ts';
import { findFailed, pumpFind, takeFound } from './find.ts';
import { followDetail } from './follow-detail.ts';
import { healthFailed, pumpHealth, takeHealthAnswer } from './health.ts';
import { wordsOf } from './i18n/text.ts';
import { ageJobs, keepJobInView, pumpJobs, wantJobs } from './jobs.ts';
import { hearFrame, jobsRefused, takeJobsAnswer } from './jobs-actions.ts';
import { lifeFailed, refusedText, takeLifeAnswer } from './life.ts';
import { enterLoad, keepRunInView } from './load.ts';
import { ageLocks, followLock, keepLockInView, pumpLocks, wantLocks } from './locks.ts';
import {
  type Effect,
  type Event,
  type Link,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import { keepMoneyInView, pumpMoney, wantMoney } from './money.ts';
import { pumpMove } from './move.ts';
import { askKept, offlineFailed, pumpOffline, takeOfflineAnswer, wakeUp } from './offline.ts';
import { GUARD_MS, isTooSmall } from './selectors.ts';
import { keepEventInView } from './tail.ts';
import { deskFailed, takeDeskAnswer } from './update-desk.ts';
import { paste, pressKey } from './update-keys.ts';
import { opsFailed, takeOpsAnswer } from './update-ops.ts';
import { pumpWaitlist, takeWaitlistAnswer, waitlistFailed, wantWaitlist } from './waitlist.ts';

/** The reducer: one event in, the next state and what is to be done outside out. Pure. */

/** So many things are remembered for telling who was faster; the oldest go first. */
const HEARD_MAX = 500;
function changeLink(state: State, status: Link['status'], retry_at_ms: number | null): State {
  const { link } = state;
  const was_offline = link.status === 'offline';
  // A server that answers no request is offline for us, whatever the open socket says.
  const shown = state.reload.failures > 0 ? 'offline' : status;
  if (link.feed === status && link.status === shown && link.retry_at_ms === retry_at_ms)
    return state;
  const since_ms = link.status === shown ? link.since_ms : state.now_ms;
  const next = {
    ...state,
    link: { ...link, feed: status, status: shown, since_ms, retry_at_ms },
    // Who is there is news of an open line only.
    presence: status === 'offline' ? null : state.presence,
  };
  // Whatever happened while the line was down is only in a fresh snapshot.
  return was_offline && status === 'live' ? wantReload(next) : next;
}

function frame(state: State, event: Extract<Event, { type: 'frame' }>): State {
  const { frame: said } = event;
  if (said.type === 'gap') return wantReload(state);
  if (said.type === 'heartbeat') {
    // Nothing is on its way: what is on screen was true a moment ago.
    const { wanted, in_flight } = state.reload;
    const is_current = !wanted && !in_flight && state.waiting === null;
    return is_current ? { ...state, link: { ...state.link, data_ms: state.now_ms } } : state;
  }
  if (said.type === 'presence') return { ...state, presence: said };
  if (said.type === 'bye') {
    const text = wordsOf(state.session.lang).feed_bye[said.reason];
    return text === undefined ? state : say(state, 'warn', text);
  }
  if (said.type !== 'event') return state;
  const heard = new Map(state.heard);
  heard.delete(said.aggregate_id);
  heard.set(said.aggregate_id, { event_type: said.event_type, at_ms: state.now_ms });
  const [oldest] = heard.keys();
  if (heard.size > HEARD_MAX && oldest !== undefined) heard.delete(oldest);
  const fresh = wantReload({ ...state, heard });
  const news = said.aggregate_type === 'waitlist' ? wantWaitlist(fresh) : fresh;
  if (state.place === 'money') return wantMoney(news);
  if (state.place === 'jobs') return wantJobs(news);
  return state.place === 'locks' ? wantLocks(news) : news;
}

function problemText(state: State, problem: Problem): string {
  const words = wordsOf(state.session.lang);
  const title = words.problems[problem.code] ?? problem.code;
  return problem.detail === '' ? title : `${title}: ${problem.detail}`;
}

function failed(state: State, effect: Effect, problem: Problem): Step {
  const text = problemText(state, problem);
  const in_life =
    findFailed(state, effect, problem, text) ??
    offlineFailed(state, effect, problem) ??
    callFailed(state, effect, text) ??
    lifeFailed(state, effect, problem, text) ??
    waitlistFailed(state, effect, problem, text) ??
    deskFailed(state, effect, problem, text);
  if (in_life !== null) return in_life;
  const in_form = bookFailed(state, effect, problem);
  if (in_form !== null) return stay(in_form);
  const in_ops =
    moneyRefused(state, effect, problem, text) ??
    jobsRefused(state, effect, problem, text) ??
    healthFailed(state, effect, text) ??
    opsFailed(state, effect, problem, text);
  if (in_ops !== null) return in_ops;
  switch (effect.type) {
    case 'load_day':
      if (effect.seq !== state.reload.seq) return stay(state);
      return stay(
        reloadFailed(state, problem.code === 'unavailable' ? null : text),
        ...askKept(state, problem),
      );
    case 'move':
    case 'cancel': {
      const freed = free(state, effect.booking_id);
      if (problem.code !== 'conflict') {
        return stay(wantReload(say(freed, 'error', refusedText(state, problem, text))));
      }
      if (effect.type === 'cancel') {
        return stay(wantReload(freed), { type: 'load_changed', saw: effect.saw });
      }
      const { booking_id } = effect;
      return stay(wantReload(freed), { type: 'load_booking', why: 'conflict', booking_id });
    }
    case 'quote': {
      const closes = state.overlay?.screen === 'confirm';
      return stay(say(closes ? { ...state, overlay: null } : state, 'error', text));
    }
    case 'load_booking':
      return stay(
        effect.why === 'detail' && problem.code === 'unavailable'
          ? state
          : say(state, 'error', text),
      );
    case 'load_clinic':
      return stay(state.link.status === 'offline' ? state : say(state, 'error', text));
    default:
      return stay(say(state, 'error', text));
  }
}

function answer(state: State, event: Event): Step {
  const words = wordsOf(state.session.lang);
  switch (event.type) {
    case 'day':
      return event.seq === state.reload.seq
        ? takeDay(state, event.day, event.took_ms)
        : stay(state);
    case 'clinic':
      return stay({ ...state, clinic: event.clinic });
    case 'booking': {
      if (event.why === 'conflict') return stay(tellConflict(state, event.booking));
      const is_asked = state.detail?.booking_id === event.booking.booking_id;
      const { booking } = event;
      return stay(
        is_asked ? { ...state, detail: { booking_id: booking.booking_id, booking } } : state,
      );
    }
    case 'moved':
      return stay(moved(state, event));
    case 'quoted': {
      const box = state.overlay;
      const is_asked = box?.screen === 'confirm' && box.kind === 'cancel' && box.by === event.by;
      if (!is_asked || box.row.row.booking_id !== event.quote.booking_id) return stay(state);
      // What must be read has only now appeared.
      const guard_until_ms = state.now_ms + GUARD_MS;
      return stay({ ...state, overlay: { ...box, quote: event.quote, guard_until_ms } });
    }
    case 'cancelled':
      return stay(cancelled(state, event));
    case 'owners':
      return stay(takeOwners(state, event.query, event.owners));
    case 'copied':
      return stay(say(state, 'ok', words.copied(event.text)));
    default:
      return (
        takeLifeAnswer(state, event) ??
        takeMoneyAnswer(state, event) ??
        takeWaitlistAnswer(state, event) ??
        takeDeskAnswer(state, event) ??
        takeJobsAnswer(state, event) ??
        takeFound(state, event) ??
        takeHealthAnswer(state, event) ??
        takeOfflineAnswer(state, event) ??
        takeCall(state, event) ??
        takeBookAnswer(state, event) ??
        takeOpsAnswer(state, event) ??
        stay(state)
      );
  }
}

/** Who begins on the load screen sees its reports at once. */
function startEffects(state: State): readonly Effect[] {
  return state.place === 'load' ? enterLoad(state).effects : [];
}

function apply(state: State, event: Event): Step {
  switch (event.type) {
    case 'start':
      return stay(wantReload(state), { type: 'load_clinic' }, ...startEffects(state));
    case 'key':
      return pressKey(state, event.key);
    case 'paste':
      return stay(paste({ ...state, last_key_ms: state.now_ms }, event.text));
    case 'resize':
      return stay({ ...state, columns: event.columns, rows: event.rows });
    case 'tick':
      return stay(ageJobs(ageLocks(ageBoard(state))));
    case 'link':
      return stay(changeLink(state, event.status, event.retry_at_ms));
    case 'frame':
      return stay(hearFrame(state, event.frame, (heard) => frame(heard, event)));
    case 'failed':
      return failed(state, event.effect, event.problem);
    default:
      return answer(state, event);
  }
}

/** Takes one event in. Everything that is due at its time is asked for in the same step. */
export function update(state: State, event: Event): Step {
  const now: State = { ...state, now_ms: Math.max(state.now_ms, event.at_ms) };
  const effects: Effect[] = [];
  let next = now;
  const run = (step: Step): void => {
    next = step.state;
    effects.push(...step.effects);
  };
  run(apply(next, event));
  run(wakeUp(state, next));
  run(pumpOffline(next));
  run(pumpFind(next));
  run(pumpDraft(next));
  run(pumpMove(next));
  run(pumpWaitlist(next));
  run(pumpReload(next));
  run(pumpLocks(next));
  run(pumpMoney(next));
  run(pumpJobs(next));
  run(pumpHealth(next));
  // A window that is too small shows no list; its scroll position waits for a larger one.
  if (!isTooSmall(next)) {
    next = keepMoneyInView(keepRunInView(keepLockInView(keepInView(next))));
    next = keepEventInView(keepJobInView(next));
  }
  run(followDetail(state, next));
  run(followLock(state, next));
  return stay(next, ...effects);
}
