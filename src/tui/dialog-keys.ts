import { type State, type Step, stay } from './model.ts';

/** What a key does in every dialog about harm, so that the rules which protect people stand in one place. ux §2. */

/** The part of a dialog's box that the rules look at. */
type Guarded = {
  readonly focus: string;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};

type Does = {
  /** Leaves everything as it is. */
  readonly close: () => State;
  readonly carry_out: () => Step;
  readonly move: (by: 1 | -1) => State;
  /** What is not a key of the dialog itself. */
  readonly type: (key: string) => Step;
  /** Once the deed is done: what a key does to its result. */
  readonly result?: ((key: string) => State) | null;
};

/** Enter on the first choice and Esc leave everything as it is; Enter never does the deed, only Ctrl-G does. */
export function dialogKey(state: State, box: Guarded, key: string, does: Does): Step {
  if (box.is_busy) return stay(state);
  if (key === 'esc') return stay(does.close());
  if (does.result) return stay(does.result(key));
  // Keys of the first moments were typed for the list behind.
  if (state.now_ms < box.guard_until_ms) return stay(state);
  switch (key) {
    case 'ctrl-g':
      return does.carry_out();
    case 'tab':
    case 'down':
      return stay(does.move(1));
    case 'shift-tab':
    case 'up':
      return stay(does.move(-1));
    case 'enter':
      return stay(box.focus === 'keep' ? does.close() : does.move(1));
    default:
      return does.type(key);
  }
}

/** The field before or after one, round and round. */
export function nextFocus<T extends string>(all: readonly T[], focus: T, by: 1 | -1): T {
  return all[(all.indexOf(focus) + by + all.length) % all.length] ?? focus;
}

/** The first line of a result of so many items after a key that scrolls. */
export function scrolledTop(top: number, key: string, count: number): number {
  const by = { up: -1, down: 1, k: -1, j: 1, pgup: -8, pgdn: 8 }[key] ?? 0;
  return Math.max(0, Math.min(Math.max(0, count - 1), top + by));
}
