import { nextKey } from './book-open.ts';
import { dialogKey, nextFocus } from './dialog-keys.ts';
import { edit, fieldOf, insert } from './field.ts';
import { moveHealth, nextPanel, withHealth } from './health.ts';
import { wordsOf } from './i18n/text.ts';
import type { ActionId } from './keys.ts';
import { type State, type Step, say, stay } from './model.ts';
import type { AlertItem, HealthDeed, HealthDeedBox, HealthFocus } from './model-health.ts';
import { actionRefusal } from './refused.ts';
import { clockText, GUARD_MS, layoutOf } from './selectors.ts';
import {
  type HealthRow,
  hasWall,
  healthTarget,
  isPart,
  panelOf,
  selectedHealth,
} from './selectors-health.ts';

/** What the keys of the health screen do, and its dialogs: mute, and the refresh of a view. */

/** How long an alert can be muted for, in seconds; the server's ceiling is a week. */
export const mute_times: readonly number[] = [900, 3_600, 14_400, 86_400];
const MUTE_DEFAULT_S = 3_600;

function openDeed(state: State, deed: HealthDeed): State {
  const overlay: HealthDeedBox = {
    screen: 'healthdeed',
    deed,
    for_s: MUTE_DEFAULT_S,
    reason: fieldOf(''),
    focus: 'keep',
    is_busy: false,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  return { ...state, message: null, overlay };
}

/** The alert that is meant: the row's own, or the one that watches the figure. */
function alertOf(state: State): AlertItem | null {
  const row = healthTarget(state);
  if (row?.kind === 'alert') return row.item;
  if (row?.kind !== 'kpi' || row.item.threshold === null) return null;
  const { alert } = row.item.threshold;
  return state.health.alerts?.items.find(({ name }) => name === alert) ?? null;
}

/** Why there is nothing to act on: the wall lists no alerts that are well. */
function noAlert(state: State): string {
  const words = wordsOf(state.session.lang).health;
  return panelOf(state) === 'alerts' ? words.not_firing : words.no_alert;
}

function ack(state: State): Step {
  const words = wordsOf(state.session.lang).health;
  const alert = alertOf(state);
  if (alert === null) return stay(say(state, 'warn', noAlert(state)));
  if (alert.state !== 'firing') return stay(say(state, 'info', words.not_firing));
  if (alert.acked_at !== null) {
    const ms = Temporal.Instant.from(alert.acked_at).epochMilliseconds;
    const text = words.acked_already(alert.acked_by ?? '?', clockText(state, ms, 'minute'));
    return stay(say(state, 'info', text));
  }
  if (state.health.busy.has(alert.name)) {
    return stay(say(state, 'warn', wordsOf(state.session.lang).busy));
  }
  const [next, key] = nextKey(state);
  const busy = new Set(next.health.busy).add(alert.name);
  return stay(withHealth(next, { busy }), { type: 'ack_alert', name: alert.name, key });
}

function mute(state: State): Step {
  const alert = alertOf(state);
  if (alert === null) {
    return stay(say(state, 'warn', noAlert(state)));
  }
  const kind = alert.muted_until === null ? 'mute' : 'unmute';
  return stay(openDeed(state, { kind, alert }));
}

/** The wall has no list of views: the key goes there first. */
function refresh(state: State): Step {
  const words = wordsOf(state.session.lang).health;
  const row = healthTarget(state);
  if (row?.kind === 'view') return stay(openDeed(state, { kind: 'refresh', view: row.item }));
  const there = withHealth(state, { panel: 'views', is_zoomed: hasWall(state) });
  return stay(say({ ...there, overlay: null }, 'info', words.choose_view));
}

/** The command that comes next, or what the row is called. */
function copyText(row: HealthRow): string {
  switch (row.kind) {
    case 'alert':
      return row.item.next;
    case 'check': {
      const [, command] = /: (petpro .*)$/.exec(row.item.detail) ?? [];
      return command ?? row.item.name;
    }
    case 'view':
      return `petpro views refresh ${row.item.view_name}`;
    case 'kpi':
      return row.item.name;
  }
}

const elsewhere = {
  locks: 'screen_locks',
  jobs: 'screen_jobs',
  load: 'screen_load',
  events: 'screen_events',
} as const satisfies Partial<Record<string, ActionId>>;

/** The screen behind a panel of the wall; null for the panels that are at home here. */
export function behindPanel(state: State): ActionId | null {
  const panel = panelOf(state);
  return isPart(panel) ? null : elsewhere[panel];
}

function open(state: State): State {
  const panel = panelOf(state);
  const row = selectedHealth(state);
  if (row === null || !isPart(panel)) return state;
  return { ...state, overlay: { screen: 'fact', panel, id: row.id, top: 0 } };
}

function zoom(state: State): State {
  if (!hasWall(state)) return open(state);
  return withHealth(state, { is_zoomed: !state.health.is_zoomed, panel: panelOf(state) });
}

const steps: Readonly<Record<string, (page: number) => number>> = {
  up: () => -1,
  down: () => 1,
  page_up: (page) => -page,
  page_down: (page) => page,
  first: () => Number.NEGATIVE_INFINITY,
  last: () => Number.POSITIVE_INFINITY,
};

/** An action on the health screen; null when it is none of its own. */
export function runHealthAction(state: State, id: ActionId): Step | null {
  const by = steps[id];
  if (by !== undefined)
    return stay(moveHealth(state, by(Math.max(1, layoutOf(state).list_rows - 2))));
  switch (id) {
    case 'health_next':
      return stay(nextPanel(state, 1));
    case 'health_prev':
      return stay(nextPanel(state, -1));
    case 'health_open':
      return stay(open(state));
    case 'health_zoom':
      return stay(zoom(state));
    case 'health_ack':
      return ack(state);
    case 'health_mute':
      return mute(state);
    case 'health_refresh':
      return refresh(state);
    case 'health_reconcile': {
      const [next, key] = nextKey({ ...state, message: null });
      const overlay = { screen: 'reconcile', report: null, top: 0 } as const;
      return stay({ ...next, overlay }, { type: 'reconcile_dry', key });
    }
    case 'health_copy': {
      const row = healthTarget(state);
      return row === null ? stay(state) : stay(state, { type: 'copy', text: copyText(row) });
    }
    case 'back':
      if (state.overlay !== null || !state.health.is_zoomed) return null;
      return stay(withHealth({ ...state, message: null }, { is_zoomed: false }));
    default:
      return null;
  }
}

/** What is filled in, in the order of Tab. */
export function deedFields({ deed }: HealthDeedBox): readonly HealthFocus[] {
  return deed.kind === 'mute' ? ['keep', 'time', 'reason'] : ['keep'];
}

function put(state: State, box: HealthDeedBox, change: Partial<HealthDeedBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

function carryOut(state: State, box: HealthDeedBox): Step {
  const words = wordsOf(state.session.lang);
  const refused = actionRefusal(state, 'health_go');
  if (refused !== null) return stay(say(state, 'warn', refused));
  const { deed, for_s } = box;
  const reason = box.reason.text.trim();
  if (deed.kind === 'mute' && reason === '') {
    return stay(say(put(state, box, { focus: 'reason' }), 'warn', words.ops.need_reason));
  }
  const [next, key] = nextKey(put(state, box, { is_busy: true }));
  switch (deed.kind) {
    case 'mute':
      return stay(next, { type: 'mute_alert', name: deed.alert.name, for_s, reason, key });
    case 'unmute':
      return stay(next, { type: 'unmute_alert', name: deed.alert.name, key });
    case 'refresh': {
      const { view_name } = deed.view;
      // Readers go on, where the view can do that; the server says when it cannot.
      const concurrently = deed.view.note !== 'no_unique_index';
      return stay(next, { type: 'request_refresh', view_name, concurrently, key });
    }
  }
}

function typeInto(state: State, box: HealthDeedBox, key: string): Step {
  if (box.focus === 'time') {
    const by = { left: -1, right: 1, ' ': 1 }[key] ?? 0;
    const index = mute_times.indexOf(box.for_s) + by;
    const for_s = mute_times[Math.max(0, Math.min(mute_times.length - 1, index))] ?? box.for_s;
    return stay(put(state, box, { for_s }));
  }
  if (box.focus !== 'reason') return stay(state);
  const reason = edit(box.reason, key);
  return stay(reason === null ? state : put(state, box, { reason }));
}

/** One key in a dialog of this screen. */
export function healthDeedKey(state: State, box: HealthDeedBox, key: string): Step {
  return dialogKey(state, box, key, {
    close: () => ({ ...state, overlay: null }),
    carry_out: () => carryOut(state, box),
    move: (by) => put(state, box, { focus: nextFocus(deedFields(box), box.focus, by) }),
    type: (typed) => typeInto(state, box, typed),
  });
}

export function pasteHealthDeed(state: State, box: HealthDeedBox, text: string): State {
  if (box.focus !== 'reason') return state;
  return put(state, box, { reason: insert(box.reason, text.trim()) });
}
