import { wordsOf } from './i18n/text.ts';
import { loadFailed, takeCompared, takeEnded, takeLoadList, takeProgress } from './load.ts';
import {
  severeFailed,
  takeChanged,
  takeChecked,
  takeCleaned,
  takeFreed,
  takePlanned,
} from './lock-dialogs.ts';
import { locksFailed, takeInspected, takeLocks } from './locks.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import { GUARD_MS } from './selectors.ts';

/** Answers and failures of what the operators' screens asked for. */

/** Takes an answer in; null when it is none of theirs. */
export function takeOpsAnswer(state: State, event: Event): Step | null {
  switch (event.type) {
    case 'locks':
      return stay(takeLocks(state, event.seq, event.page, event.took_ms));
    case 'lock_inspected':
      return stay(takeInspected(state, event.id, event.lock));
    case 'release_checked':
      return stay(takeChecked(state, event.with_hold, event.check));
    case 'lock_freed':
      return stay(takeFreed(state, event.lock, event.done));
    case 'lock_changed':
      return stay(takeChanged(state, event.was, event.now));
    case 'locks_planned':
      return stay(takePlanned(state, event.plan, GUARD_MS));
    case 'locks_cleaned':
      return stay(takeCleaned(state, event.result));
    case 'load_listed':
      return stay(takeLoadList(state, event.list));
    case 'load_progress':
      return stay(takeProgress(state, event.progress));
    case 'load_ended':
      return takeEnded(state, event.run);
    case 'load_exported': {
      const { exported } = wordsOf(state.session.lang).ops;
      return stay(say(state, 'ok', exported(event.path)));
    }
    case 'load_compared':
      return stay(takeCompared(state, event.measures));
    default:
      return null;
  }
}

/** A request of theirs failed; null when it was none of theirs. */
export function opsFailed(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  switch (effect.type) {
    case 'list_locks':
      return stay(locksFailed(state, effect.seq, problem, text));
    case 'inspect_lock':
      // A lock that went meanwhile leaves the board with the next look.
      return stay(problem.code === 'not_found' ? state : say(state, 'error', text));
    case 'load_start':
      return loadFailed(state, howText(problem, text));
    case 'load_list':
    case 'load_export':
      return stay(say(state, 'error', text));
    case 'load_compare':
      return stay(say({ ...state, overlay: null }, 'error', text));
    default:
      return severeFailed(state, effect, problem, text);
  }
}

/** What is wrong, in its own words, and the command that helps. */
function howText(problem: Problem, text: string): string {
  const { next } = problem.facts;
  const said = problem.detail === '' ? text : problem.detail;
  return typeof next === 'string' ? `${said} (${next})` : said;
}
