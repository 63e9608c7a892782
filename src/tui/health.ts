import { mayAccess } from '../domain/roles.ts';
import { wordsOf } from './i18n/text.ts';
import { wantJobs } from './jobs.ts';
import { enterLoad } from './load.ts';
import { resyncLocks } from './locks.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { Got, HealthPart, HealthResult, HealthState } from './model-health.ts';
import {
  hasWall,
  healthDue,
  healthRows,
  isPart,
  panelOf,
  panelsOf,
  selectedHealth,
} from './selectors-health.ts';
import { enterTail } from './tail.ts';

/** Screen 7 in step with the server: asked for while it is shown, never while it is hidden. */

/** Not more often than this, nor for more than a fifth of the time. */
const GAP_MS = 1_000;
const SHARE = 4;
/** A server that was slow to answer is asked again soon: it may be well by now. */
const GAP_MAX_MS = 5_000;

export function withHealth(state: State, change: Partial<HealthState>): State {
  return { ...state, health: { ...state.health, ...change } };
}

/** Asks for a fresh look, at once. */
export function wantHealth(state: State): State {
  return withHealth(state, { wanted: true, in_flight: false, not_before_ms: state.now_ms });
}

/** Enters the screen. On the wall the other operators' screens are asked for as well. */
export function enterHealth(state: State): Step {
  const next = wantHealth(withHealth(state, { is_zoomed: false }));
  if (!hasWall(next)) return stay(next);
  const top = { ...next, jobs: { ...next.jobs, level: 'queues', detail: null } as const };
  const load = enterLoad(wantJobs(resyncLocks(top)));
  const tail = enterTail(load.state);
  return stay(tail.state, ...load.effects, ...tail.effects);
}

/** Starts the look that is due. */
export function pumpHealth(state: State): Step {
  const due_ms = healthDue(state);
  if (due_ms === null || state.now_ms < due_ms) return stay(state);
  const seq = state.health.seq + 1;
  const with_views = mayAccess(state.session.role, 'sre');
  const asked = withHealth(state, { seq, wanted: false, in_flight: true });
  return stay(asked, { type: 'load_health', seq, with_views });
}

type Look = Extract<HealthResult, { type: 'health' }>;

function problemText(state: State, { code, detail }: Problem): string {
  const title = wordsOf(state.session.lang).problems[code] ?? code;
  return detail === '' ? title : `${title}: ${detail}`;
}

/** Takes a look in. A part that failed keeps what it showed, with the reason and its age beside it. */
function takeLook(state: State, look: Look): State {
  const { health } = state;
  if (look.seq !== health.seq) return state;
  const parts: Readonly<Record<HealthPart, Got<unknown> | null>> = look;
  const problemOf = (part: HealthPart) => {
    const answer = parts[part];
    return answer === null || answer.ok ? null : problemText(state, answer.problem);
  };
  const atOf = (part: HealthPart) => (parts[part]?.ok ? state.now_ms : health.at_ms[part]);
  const gap_ms = Math.min(GAP_MAX_MS, Math.max(GAP_MS, look.took_ms * SHARE));
  return withHealth(state, {
    alerts: look.alerts.ok ? look.alerts.value : health.alerts,
    kpis: look.kpis.ok ? look.kpis.value : health.kpis,
    ready: look.checks.ok ? look.checks.value : health.ready,
    views: look.views?.ok ? look.views.value : health.views,
    problems: {
      alerts: problemOf('alerts'),
      kpis: problemOf('kpis'),
      checks: problemOf('checks'),
      views: problemOf('views'),
    },
    at_ms: {
      alerts: atOf('alerts'),
      kpis: atOf('kpis'),
      checks: atOf('checks'),
      views: atOf('views'),
    },
    in_flight: false,
    looked_ms: state.now_ms,
    not_before_ms: state.now_ms + gap_ms,
  });
}

function takeAlert(state: State, event: Extract<HealthResult, { type: 'alert_changed' }>): State {
  const { alert, what } = event;
  const words = wordsOf(state.session.lang).health;
  const { alerts, busy } = state.health;
  const items = (alerts?.items ?? []).map((one) => (one.name === alert.name ? alert : one));
  const left = new Set([...busy].filter((name) => name !== alert.name));
  const known = alerts === null ? null : { ...alerts, items };
  const closed = state.overlay?.screen === 'healthdeed' ? { ...state, overlay: null } : state;
  const next = wantHealth(withHealth(closed, { alerts: known, busy: left }));
  return say(next, 'ok', words.changed[what](words.alert(alert.name).title));
}

/** Takes an answer in; null when it is none of these. */
export function takeHealthAnswer(state: State, event: Event): Step | null {
  const words = wordsOf(state.session.lang).health;
  switch (event.type) {
    case 'health':
      return stay(takeLook(state, event));
    case 'alert_changed':
      return stay(takeAlert(state, event));
    case 'view_requested': {
      const closed = state.overlay?.screen === 'healthdeed' ? { ...state, overlay: null } : state;
      return stay(wantHealth(say(closed, 'ok', words.refresh_asked(event.view.view_name))));
    }
    case 'reconciled': {
      const box = state.overlay;
      if (box?.screen !== 'reconcile') return stay(state);
      return stay({ ...state, overlay: { ...box, report: event.report } });
    }
    default:
      return null;
  }
}

/** A request failed; null when it was none of these. */
export function healthFailed(state: State, effect: Effect, text: string): Step | null {
  switch (effect.type) {
    case 'ack_alert': {
      const busy = new Set([...state.health.busy].filter((name) => name !== effect.name));
      return stay(wantHealth(say(withHealth(state, { busy }), 'error', text)));
    }
    case 'mute_alert':
    case 'unmute_alert':
    case 'request_refresh': {
      const box = state.overlay;
      const next = box?.screen === 'healthdeed' ? { ...box, is_busy: false } : box;
      return stay(wantHealth(say({ ...state, overlay: next }, 'error', text)));
    }
    case 'reconcile_dry': {
      const overlay = state.overlay?.screen === 'reconcile' ? null : state.overlay;
      return stay(say({ ...state, overlay }, 'error', text));
    }
    default:
      return null;
  }
}

/** Goes to another panel, round and round. */
export function nextPanel(state: State, by: 1 | -1): State {
  const panels = panelsOf(state);
  const index = panels.indexOf(panelOf(state));
  const panel = panels[(index + by + panels.length) % panels.length] ?? 'alerts';
  return withHealth({ ...state, message: null }, { panel });
}

/** Moves the cursor of the panel by rows, or to an end with ±Infinity. */
export function moveHealth(state: State, by: number): State {
  const panel = panelOf(state);
  if (!isPart(panel)) return state;
  const rows = healthRows(state, panel);
  const index = rows.findIndex(({ id }) => id === selectedHealth(state, panel)?.id);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  const id = rows[to]?.id;
  if (id === undefined) return state;
  return withHealth(state, { cursors: { ...state.health.cursors, [panel]: id } });
}
