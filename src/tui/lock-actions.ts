import { fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import type { ActionId } from './keys.ts';
import { markLock, moveLock, toggleLeaked, unmarkLocks } from './locks.ts';
import { type State, type Step, say, stay } from './model.ts';
import { GUARD_MS } from './selectors.ts';
import { lockRows, selectedLock } from './selectors-ops.ts';

/** What the keys of the lock board do; the dialogs that they open have their own file. */

function openRelease(state: State): Step {
  const lock = selectedLock(state)?.lock ?? null;
  if (lock === null) return stay(say(state, 'warn', wordsOf(state.session.lang).ops.no_lock_here));
  const guard_until_ms = state.now_ms + GUARD_MS;
  return stay(
    {
      ...state,
      overlay: {
        screen: 'release',
        lock,
        check: null,
        refused: null,
        with_hold: false,
        reason: fieldOf(''),
        typed: fieldOf(''),
        focus: 'keep',
        is_busy: false,
        guard_until_ms,
      },
    },
    { type: 'check_release', lock, with_hold: false },
  );
}

function openPlan(state: State): Step {
  const { marked } = state.locks;
  const targets = marked.size === 0 ? null : [...marked.values()];
  return stay(
    {
      ...state,
      overlay: {
        screen: 'cleanup',
        targets,
        plan: null,
        result: null,
        top: 0,
        reason: fieldOf(''),
        typed: fieldOf(''),
        focus: 'keep',
        is_busy: false,
        guard_until_ms: state.now_ms + GUARD_MS,
      },
    },
    { type: 'plan_locks', targets },
  );
}

/** An action on the lock board; null when it is none of its own. */
export function runLockAction(state: State, id: ActionId): Step | null {
  const page = Math.max(1, lockRows(state) - 1);
  switch (id) {
    case 'up':
      return stay(moveLock(state, -1));
    case 'down':
      return stay(moveLock(state, 1));
    case 'page_up':
      return stay(moveLock(state, -page));
    case 'page_down':
      return stay(moveLock(state, page));
    case 'first':
      return stay(moveLock(state, Number.NEGATIVE_INFINITY));
    case 'last':
      return stay(moveLock(state, Number.POSITIVE_INFINITY));
    case 'zoom':
      if (state.overlay?.screen === 'inspect') return stay({ ...state, overlay: null });
      return runLockAction(state, 'lock_open');
    case 'lock_open':
      if (selectedLock(state) === null) return stay(state);
      return stay({ ...state, overlay: { screen: 'inspect', top: 0 } });
    case 'lock_mark':
      return stay(markLock(state));
    case 'lock_unmark':
      return stay(unmarkLocks(state));
    case 'lock_leaked':
      return stay(toggleLeaked(state));
    case 'lock_release':
      return openRelease(state);
    case 'lock_plan':
      return openPlan(state);
    case 'lock_copy': {
      const key = selectedLock(state)?.lock.key ?? null;
      return key === null ? stay(state) : stay(state, { type: 'copy', text: key });
    }
    default:
      return null;
  }
}
