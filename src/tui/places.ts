import { wantReload } from './day.ts';
import { enterHealth, wantHealth } from './health.ts';
import { enterJobs, wantJobs } from './jobs.ts';
import { placesOf } from './keys.ts';
import { enterLoad } from './load.ts';
import { enterLocks, resyncLocks } from './locks.ts';
import { type Place, type State, type Step, stay } from './model.ts';
import { enterMoney } from './money.ts';
import { enterTail } from './tail.ts';

/** Going from screen to screen, and asking for everything again. */

/** Goes to a screen. What is open above the old one closes; the day is asked for again when it comes back. */
export function goTo(state: State, place: Place): Step {
  // Marks die with the screen.
  const shown: State = { ...state, place, overlay: null, message: null, marked: new Set() };
  if (place === state.place) {
    return stay({ ...shown, message: state.message, marked: state.marked });
  }
  if (place === 'locks') return stay(enterLocks(shown));
  if (place === 'money') return stay(enterMoney(shown));
  if (place === 'jobs') return stay(enterJobs(shown));
  if (place === 'events') return enterTail(shown);
  if (place === 'health') return enterHealth(shown);
  return place === 'load' ? enterLoad(shown) : stay(wantReload(shown));
}

/** To the next screen of this role, round and round. */
export function nextPlace(state: State): Step {
  const places = placesOf(state.session);
  const index = places.indexOf(state.place);
  return goTo(state, places[(index + 1) % places.length] ?? 'board');
}

/** Asks for everything again and for the feed at once, and draws the whole screen anew. */
export function resync(asked: State): Step {
  const state =
    asked.place === 'locks'
      ? resyncLocks(asked)
      : asked.place === 'money'
        ? enterMoney(asked)
        : asked.place === 'health'
          ? wantHealth(resyncLocks(wantJobs(asked)))
          : wantJobs(asked);
  const reload = { ...state.reload, not_before_ms: state.now_ms, in_flight: false };
  const draft = state.draft === null ? null : { ...state.draft, slots_asked: null };
  const next = wantReload({ ...state, draft, reload, waiting: null });
  const load = state.clinic === null ? ([{ type: 'load_clinic' }] as const) : [];
  const list = state.place === 'load' ? enterLoad(state).effects : [];
  return stay(next, { type: 'repaint' }, { type: 'retry_feed' }, ...load, ...list);
}
