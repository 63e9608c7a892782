import { wordsOf } from './i18n/text.ts';
import type { ActionId } from './keys.ts';
import type { LoadList, LoadProgress, LoadRun } from './load-port.ts';
import { type State, type Step, say, stay } from './model.ts';
import type { CompareBox, LoadState, StartBox } from './model-ops.ts';
import { GUARD_MS } from './selectors.ts';
import { runRows, selectedRun } from './selectors-ops.ts';

/** The load screen: what ran, what runs, and how the next run is asked for. */

function withLoad(state: State, change: Partial<LoadState>): State {
  return { ...state, load: { ...state.load, ...change } };
}

/** Enters the screen; what others ran meanwhile is read anew. */
export function enterLoad(state: State): Step {
  return state.session.has_load ? stay(state, { type: 'load_list' }) : stay(state);
}

export function takeLoadList(state: State, list: LoadList): State {
  const known = list.runs.some(({ run }) => run === state.load.cursor_run);
  const cursor_run = known ? state.load.cursor_run : (list.runs[0]?.run ?? null);
  return withLoad(state, { list, cursor_run });
}

export function takeProgress(state: State, live: LoadProgress): State {
  return state.load.is_running ? withLoad(state, { live }) : state;
}

/** The panel of a run that is over shows what its report counted, not what was last heard of it. */
function finalProgress(live: LoadProgress | null, run: LoadRun): LoadProgress | null {
  if (live === null || live.facts.run !== run.run) return live;
  const { duration_ms: total_ms, double_bookings } = run;
  const last = { ...run, elapsed_ms: total_ms, vus: 0, p95_now_ms: 0 };
  return {
    facts: { ...live.facts, total_ms, double_bookings },
    samples: [...live.samples, last],
  };
}

/** The run is over; its figures stay in the panel, its report is on top of the list. */
export function takeEnded(state: State, run: LoadRun): Step {
  const words = wordsOf(state.session.lang).ops;
  const ended = { is_running: false, is_stopping: false, problem: null, cursor_run: run.run };
  const tone = run.verdict === 'PASSED' ? 'ok' : run.verdict === 'STOPPED' ? 'warn' : 'error';
  const text = words.load_ended(run.run, words.verdicts[run.verdict], run.double_bookings);
  const list = state.load.list;
  const runs = list === null ? [] : [run, ...list.runs.filter((one) => one.run !== run.run)];
  const known = list === null ? null : { ...list, runs };
  const live = finalProgress(state.load.live, run);
  const next = withLoad(state, { ...ended, live, list: known });
  return stay(say(next, tone, text), { type: 'load_list' });
}

/** It did not start, or k6 broke: the panel says why. */
export function loadFailed(state: State, text: string): Step {
  const next = withLoad(state, { is_running: false, is_stopping: false, problem: text });
  return stay(say(next, 'error', text), { type: 'load_list' });
}

function moveRun(state: State, by: number): State {
  const runs = state.load.list?.runs ?? [];
  const index = runs.findIndex(({ run }) => run === state.load.cursor_run);
  const to = Math.max(0, Math.min(runs.length - 1, Math.max(0, index) + by));
  return withLoad(state, { cursor_run: runs[to]?.run ?? null });
}

/** Scrolls the history so that the cursor is in sight. */
export function keepRunInView(state: State): State {
  const runs = state.load.list?.runs ?? [];
  const room = runRows(state);
  const index = runs.findIndex(({ run }) => run === state.load.cursor_run);
  let top = Math.min(state.load.top, Math.max(0, runs.length - room));
  if (index >= 0 && index < top) top = index;
  if (index >= top + room) top = index - room + 1;
  return top === state.load.top ? state : withLoad(state, { top });
}

function start(state: State): Step {
  const words = wordsOf(state.session.lang).ops;
  const { list, is_running, is_stopping } = state.load;
  const guard_until_ms = state.now_ms + GUARD_MS;
  if (!state.session.has_load) return stay(say(state, 'warn', words.load_absent));
  if (is_stopping) return stay(say(state, 'info', words.load_stopping));
  if (is_running) {
    return stay({ ...state, overlay: { screen: 'confirm', kind: 'stop_load', guard_until_ms } });
  }
  if (list === null || list.scenarios.length === 0) return stay(say(state, 'info', words.waiting));
  if (list.k6 === null) return stay(say(state, 'warn', list.how));
  return stay({ ...state, overlay: { screen: 'start', index: 0, form: 'short', guard_until_ms } });
}

/** Ends the run under way; its report is kept. */
export function stopLoad(state: State): Step {
  if (!state.load.is_running) return stay(state);
  const words = wordsOf(state.session.lang).ops;
  const next = withLoad({ ...state, overlay: null }, { is_stopping: true });
  return stay(say(next, 'info', words.load_stopping), { type: 'load_stop' });
}

/** One key of the question what to run. Enter and Esc start nothing. */
export function startKey(state: State, box: StartBox, key: string, refused: string | null): Step {
  const scenarios = state.load.list?.scenarios ?? [];
  const close: State = { ...state, overlay: null };
  if (key === 'esc') return stay(close);
  if (state.now_ms < box.guard_until_ms) return stay(state);
  const to = { up: -1, k: -1, down: 1, j: 1 }[key];
  if (to !== undefined) {
    const index = Math.max(0, Math.min(scenarios.length - 1, box.index + to));
    return stay({ ...state, overlay: { ...box, index } });
  }
  if (['tab', 'left', 'right', 'shift-tab'].includes(key)) {
    const form = box.form === 'short' ? 'full' : 'short';
    return stay({ ...state, overlay: { ...box, form } });
  }
  if (key === 'enter') return stay(close);
  const scenario = scenarios[box.index];
  if (key.normalize('NFKC') !== 'y' || scenario === undefined) return stay(state);
  if (refused !== null) return stay(say(close, 'warn', refused));
  const running = { is_running: true, is_stopping: false, live: null, problem: null };
  const effect = { type: 'load_start', scenario: scenario.name, form: box.form } as const;
  return stay(withLoad({ ...close, message: null }, running), effect);
}

function exportRun(state: State): Step {
  const run = state.load.cursor_run;
  if (run !== null) return stay(state, { type: 'load_export', run });
  return stay(say(state, 'info', wordsOf(state.session.lang).ops.no_runs));
}

/** Compares the selected run with the one before it of the same scenario and form. */
function compare(state: State): Step {
  const words = wordsOf(state.session.lang).ops;
  const after = selectedRun(state);
  if (after === null) return stay(say(state, 'info', words.no_runs));
  const before = state.load.list?.runs.find(
    (one) => one.run < after.run && one.scenario === after.scenario && one.form === after.form,
  );
  if (before === undefined) return stay(say(state, 'info', words.nothing_before));
  const box = { screen: 'compare', before: before.run, after: after.run } as const;
  return stay(
    { ...state, overlay: { ...box, measures: null, top: 0 } },
    { type: 'load_compare', before: before.run, after: after.run },
  );
}

export function takeCompared(state: State, measures: CompareBox['measures']): State {
  const box = state.overlay;
  return box?.screen === 'compare' ? { ...state, overlay: { ...box, measures } } : state;
}

/** An action on the load screen; null when it is none of its own. */
export function runLoadAction(state: State, id: ActionId): Step | null {
  const page = Math.max(1, runRows(state) - 1);
  switch (id) {
    case 'up':
      return stay(moveRun(state, -1));
    case 'down':
      return stay(moveRun(state, 1));
    case 'page_up':
      return stay(moveRun(state, -page));
    case 'page_down':
      return stay(moveRun(state, page));
    case 'first':
      return stay(moveRun(state, Number.NEGATIVE_INFINITY));
    case 'last':
      return stay(moveRun(state, Number.POSITIVE_INFINITY));
    case 'load_open':
      if (selectedRun(state) === null) return stay(state);
      return stay({ ...state, overlay: { screen: 'run', top: 0 } });
    case 'load_start':
      return start(state);
    case 'load_export':
      return exportRun(state);
    case 'load_compare':
      return compare(state);
    default:
      return null;
  }
}
