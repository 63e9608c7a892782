import { fieldOf } from './field.ts';
import type { State } from './model.ts';
import type { FindBox } from './model-find.ts';

const empty: FindBox = {
  screen: 'find',
  field: fieldOf(''),
  owners: [],
  booking: null,
  local: null,
  index: 0,
  searched: null,
  due_ms: null,
  open_when_found: false,
  focus: 'box',
  card: null,
  card_due_ms: null,
};

/** Opens the screen over whatever is shown; a text is looked for at once. */
export function openFind(state: State, text = ''): State {
  const due_ms = text === '' ? null : state.now_ms;
  return { ...state, message: null, overlay: { ...empty, field: fieldOf(text), due_ms } };
}
