import { runAction } from './actions.ts';
import { bookKey, bookPaste } from './book.ts';
import { bookFailed, pumpDraft, takeBookAnswer, takeOwners } from './book-answers.ts';
import { bulkKey } from './bulk.ts';
import { ageBoard, keepInView, pumpReload, reloadFailed, takeDay, wantReload } from './day.ts';
import { deedKey, moneyRefused, pasteDeed, takeMoneyAnswer } from './deed.ts';
import { cancelled, free, moved, tellConflict } from './desk-answers.ts';
import { insert } from './field.ts';
import { findFailed, findKey, pumpFind, takeFound, typeFind } from './find.ts';
import { followDetail } from './follow-detail.ts';
import { wordsOf } from './i18n/text.ts';
import { jobDeedKey, pasteJobDeed } from './job-dialogs.ts';
import { ageJobs, keepJobInView, pumpJobs, wantJobs } from './jobs.ts';
import { hearFrame, jobsRefused, takeJobsAnswer } from './jobs-actions.ts';
import { journalKey } from './journal.ts';
import { bindingFor, foldKey } from './keys.ts';
import { tableKey } from './keys-remap.ts';
import { changedKey, lifeFailed, linkKey, refusedText, takeLifeAnswer } from './life.ts';
import { enterLoad, keepRunInView, startKey } from './load.ts';
import { severeKey, severePaste } from './lock-dialogs.ts';
import { ageLocks, followLock, keepLockInView, pumpLocks, wantLocks } from './locks.ts';
import {
  type Effect,
  type Event,
  type Link,
  type Problem,
  type ScreenName,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import { keepMoneyInView, pumpMoney, wantMoney } from './money.ts';
import { moveKey, pumpMove } from './move.ts';
import { confirmKey, filterKey, helpKey, typeFilter } from './overlays.ts';
import { paletteKey } from './palette.ts';
import { pastePay, payKey } from './pay.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS, isTooSmall, layoutOf } from './selectors.ts';
import { switchKey } from './switch-user.ts';
import { keepEventInView } from './tail.ts';
import { deskFailed, takeDeskAnswer } from './update-desk.ts';
import { opsFailed, takeOpsAnswer } from './update-ops.ts';
import {
  pumpWaitlist,
  takeWaitlistAnswer,
  waitlistFailed,
  waitlistKey,
  wantWaitlist,
} from './waitlist.ts';

/** The reducer: one event in, the next state and what is to be done outside out. Pure. */

/** So many things are remembered for telling who was faster; the oldest go first. */
const HEARD_MAX = 500;
/** Lines of an inspected lock or a load report; theirs are fewer. */
const OPS_LINES_MAX = 60;
/** A traced booking, or the money of one. */
const PAPER_LINES_MAX = 400;

function key(state: State, typed: string): Step {
  const on: ScreenName = state.overlay?.screen ?? state.place;
  const name = tableKey(state.session.keys, on, typed);
  if (name === null) return stay({ ...state, last_key_ms: state.now_ms });
  if (name === 'ctrl-c') return stay(state, { type: 'quit', code: 130 });
  if (isTooSmall(state)) {
    return foldKey(name) === 'q' ? stay(state, { type: 'quit', code: 0 }) : stay(state);
  }
  const pressed: State = { ...state, last_key_ms: state.now_ms };
  if (name === 'ctrl-r') return runAction(pressed, 'resync');
  const box = pressed.overlay;
  switch (box?.screen) {
    case 'book': {
      const binding = bindingFor('book', name);
      const refused = binding === null ? null : actionRefusal(pressed, binding.id);
      if (refused !== null) return stay(say(pressed, 'warn', refused));
      return bookKey(pressed, name);
    }
    case 'find':
      return findKey(pressed, box, name);
    case 'filter':
      return filterKey(pressed, box, name);
    case 'help':
      return helpKey(pressed, box, name);
    case 'palette':
      return paletteKey(pressed, box, name);
    case 'confirm':
      return confirmKey(pressed, box, name);
    case 'release':
    case 'cleanup':
      return severeKey(pressed, box, name);
    case 'start':
      return startKey(pressed, box, name, actionRefusal(pressed, 'load_go'));
    case 'move':
      return moveKey(pressed, box, name);
    case 'pay':
      return payKey(pressed, box, name);
    case 'deed':
      return deedKey(pressed, box, name);
    case 'jobdeed':
      return jobDeedKey(pressed, box, name);
    case 'changed':
      return changedKey(pressed, box, name);
    case 'waitlist':
      return waitlistKey(pressed, box, name);
    case 'link':
      return linkKey(pressed, box, name);
    case 'bulk':
      return bulkKey(pressed, box, name);
    case 'journal':
      return journalKey(pressed, box, name);
    case 'switch':
      return switchKey(pressed, box, name);
    case 'detail':
    case 'receipt':
    case 'trace':
    case 'payment':
    case 'inspect':
    case 'job':
    case 'run':
    case 'compare':
      return listKey(pressed, box.screen, name);
    case undefined:
      return listKey(pressed, pressed.place, name);
  }
}

function listKey(state: State, screen: ScreenName, name: string): Step {
  const binding = bindingFor(screen, name);
  if (binding === null) {
    const is_ime = !/^[\x20-\x7e]*$/.test(foldKey(name));
    return stay(is_ime ? say(state, 'info', wordsOf(state.session.lang).ime_on) : state);
  }
  const box = state.overlay;
  if (box !== null && 'top' in box) {
    const page = Math.max(1, layoutOf(state).body_rows - 2);
    const by = { up: -1, down: 1, page_up: -page, page_down: page, first: -9999, last: 9999 };
    const move = Object.entries(by).find(([id]) => id === binding.id);
    if (move !== undefined) {
      const top = Math.max(0, Math.min(scrollEnd(state), box.top + move[1]));
      return stay({ ...state, overlay: { ...box, top } });
    }
  }
  return runAction(state, binding.id);
}

/** A bound on scrolling; the screen stops at its last line anyway. */
function scrollEnd(state: State): number {
  const screen = state.overlay?.screen;
  if (screen === 'trace' || screen === 'payment') return PAPER_LINES_MAX;
  if (state.place !== 'board' || screen === 'receipt') return OPS_LINES_MAX;
  const booking = state.detail?.booking;
  const lists = [booking?.payments, booking?.refunds, booking?.messages, booking?.history];
  return lists.reduce((sum, list) => sum + (list?.length ?? 0), 10);
}

function paste(state: State, text: string): State {
  const box = state.overlay;
  switch (box?.screen) {
    case 'book':
      return bookPaste(state, text);
    case 'find':
      return typeFind(state, box, insert(box.field, text.trim()));
    case 'filter':
      return typeFilter(state, box, insert(box.field, text.trim()));
    case 'release':
    case 'cleanup':
      return severePaste(state, box, text);
    case 'deed':
      return pasteDeed(state, box, text);
    case 'jobdeed':
      return pasteJobDeed(state, box, text);
    case 'pay':
      return pastePay(state, box, text);
    case 'help':
    case 'palette':
      return { ...state, overlay: { ...box, field: insert(box.field, text.trim()) } };
    case 'switch':
      return { ...state, overlay: { ...box, token: insert(box.token, text.trim()) } };
    default:
      return state;
  }
}

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
    lifeFailed(state, effect, problem, text) ??
    waitlistFailed(state, effect, problem, text) ??
    deskFailed(state, effect, problem, text);
  if (in_life !== null) return in_life;
  const in_form = bookFailed(state, effect, problem);
  if (in_form !== null) return stay(in_form);
  const in_ops =
    moneyRefused(state, effect, problem, text) ??
    jobsRefused(state, effect, problem, text) ??
    opsFailed(state, effect, problem, text);
  if (in_ops !== null) return in_ops;
  switch (effect.type) {
    case 'load_day':
      if (effect.seq !== state.reload.seq) return stay(state);
      return stay(reloadFailed(state, problem.code === 'unavailable' ? null : text));
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
      return key(state, event.key);
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
  run(pumpFind(next));
  run(pumpDraft(next));
  run(pumpMove(next));
  run(pumpWaitlist(next));
  run(pumpReload(next));
  run(pumpLocks(next));
  run(pumpMoney(next));
  run(pumpJobs(next));
  // A window that is too small shows no list; its scroll position waits for a larger one.
  if (!isTooSmall(next)) {
    next = keepMoneyInView(keepRunInView(keepLockInView(keepInView(next))));
    next = keepEventInView(keepJobInView(next));
  }
  run(followDetail(state, next));
  run(followLock(state, next));
  return stay(next, ...effects);
}
