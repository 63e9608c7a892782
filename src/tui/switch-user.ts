import { edit, fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type Problem, type State, type Step, say, stay } from './model.ts';
import type { SwitchBox } from './model-desk.ts';

/**
 * Somebody else sits down: by a name that this machine knows, or by their token. The console begins anew as that
 * person; what was typed into the booking form stays.
 */

/** Shorter ones are typing mistakes. */
const TOKEN_MIN = 8;

export function openSwitch(state: State): Step {
  const words = wordsOf(state.session.lang).desk;
  if (state.load.is_running) return stay(say(state, 'warn', words.switch_load));
  const { users: names } = state.session;
  const index = Math.max(0, names.indexOf(state.session.name));
  const token = fieldOf('');
  const box: SwitchBox = { screen: 'switch', names, index, token, is_busy: false, problem: null };
  return stay({ ...state, overlay: box, message: null });
}

function put(state: State, box: SwitchBox, change: Partial<SwitchBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

function go(state: State, box: SwitchBox): Step {
  const words = wordsOf(state.session.lang).desk;
  const token = box.token.text.trim();
  const name = box.names[box.index] ?? null;
  if (token !== '' && token.length < TOKEN_MIN) {
    return stay(put(state, box, { problem: words.switch_short }));
  }
  if (token === '' && name === null) return stay(put(state, box, { problem: words.switch_how }));
  const choice = token === '' ? { name, token: null } : { name: null, token };
  return stay(put(state, box, { is_busy: true, problem: null }), {
    type: 'switch_user',
    ...choice,
  });
}

/** One key of the dialog. */
export function switchKey(state: State, box: SwitchBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (box.is_busy) return stay(state);
  if (key === 'enter') return go(state, box);
  if (key === 'up' || key === 'down') {
    const to = box.index + (key === 'down' ? 1 : -1);
    const index = Math.max(0, Math.min(box.names.length - 1, to));
    return stay(put(state, box, { index }));
  }
  const token = edit(box.token, key);
  return stay(token === null ? state : put(state, box, { token, problem: null }));
}

/** Nobody was let in: the one who sat here stays. */
export function switchFailed(state: State, problem: Problem, text: string): State {
  const words = wordsOf(state.session.lang).desk;
  const box = state.overlay;
  const said = problem.code === 'unauthorized' ? words.switch_refused : text;
  if (box?.screen !== 'switch') return say(state, 'error', said);
  return put(state, box, { is_busy: false, problem: said });
}
