import { wordsOf } from './i18n/text.ts';
import { type State, type Step, say, stay } from './model.ts';
import type { Call } from './model-offline.ts';
import { GUARD_MS } from './selectors.ts';

/** How a call comes on the screen; its keys stand in caller.ts. */

/** Shows a call over what is open, which comes back with Esc. */
export function showCall(state: State, call: Call): State {
  const guard_until_ms = state.now_ms + GUARD_MS;
  const under = state.overlay?.screen === 'caller' ? state.overlay.under : state.overlay;
  const calls = state.calls.filter((one) => one.number !== call.number);
  return { ...state, calls, overlay: { screen: 'caller', call, under, guard_until_ms } };
}

/** `Ctrl-O`: the last one who rang and was not looked at. */
export function openCall(state: State): Step {
  const call = state.calls.at(-1);
  if (call === undefined) {
    return stay(say(state, 'info', wordsOf(state.session.lang).offline.no_call));
  }
  return stay(showCall(state, call));
}
