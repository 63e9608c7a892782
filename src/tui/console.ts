import { makeRunner, type Outside } from './effects.ts';
import type { Event, Input, Result, Session, State } from './model.ts';
import { wakeAt } from './selectors.ts';
import { initialState } from './state.ts';
import type { Frame } from './text.ts';
import { update } from './update.ts';
import { reuse, view } from './view.ts';

/** Runs the reducer: events in, frames out, effects carried out, one timer. */

/** What is not a key waits this long, so that a burst of events is painted once. ux §3: maxFps 60. */
const FRAME_MS = 16;
/** A clock that stands still cannot make the timer spin. */
const TICK_MIN_MS = 5;
/** Node's timers cannot wait longer than 2^31 ms; the minute comes first anyway. */
const TICK_MAX_MS = 60_000;

export type ConsoleDeps = Omit<Outside, 'send'> & {
  readonly session: Session;
  readonly size: { readonly columns: number; readonly rows: number };
  /** What is kept of the console of the one who sat here before. */
  readonly kept?: Partial<Pick<State, 'draft' | 'message'>>;
};

export type Console = {
  readonly send: (event: Input | Result) => void;
  readonly frame: () => Frame;
  readonly state: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  readonly close: () => void;
};

/** Opens a console; `send({ type: 'start' })` begins its work, `close` ends it. */
export function openConsole(deps: ConsoleDeps): Console {
  let state: State = { ...initialState(deps.session, deps.size, deps.now()), ...deps.kept };
  let frame = view(state);
  let { theme } = state.session;
  let wake: NodeJS.Timeout | null = null;
  let paint: NodeJS.Timeout | null = null;
  let is_closed = false;
  const listeners = new Set<() => void>();
  const runner = makeRunner({ ...deps, send: (event) => send(event) });

  const repaint = (): void => {
    if (paint !== null) clearTimeout(paint);
    paint = null;
    const next = reuse(frame, view(state));
    if (next === frame && theme === state.session.theme) return;
    theme = state.session.theme;
    frame = next;
    for (const listener of listeners) listener();
  };

  const arm = (): void => {
    if (wake !== null) clearTimeout(wake);
    const wait = Math.min(TICK_MAX_MS, Math.max(TICK_MIN_MS, wakeAt(state) - deps.now()));
    wake = setTimeout(() => send({ type: 'tick' }), wait);
  };

  function send(input: Input | Result): void {
    if (is_closed) return;
    const event: Event = { ...input, at_ms: deps.now() };
    const step = update(state, event);
    state = step.state;
    const is_felt = input.type === 'key' || input.type === 'paste' || input.type === 'resize';
    if (is_felt) repaint();
    else paint ??= setTimeout(repaint, FRAME_MS);
    for (const effect of step.effects) runner.run(effect);
    if (!is_closed) arm();
  }

  return {
    send,
    frame: () => frame,
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      is_closed = true;
      if (wake !== null) clearTimeout(wake);
      if (paint !== null) clearTimeout(paint);
      runner.close();
    },
  };
}
