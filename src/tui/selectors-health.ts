import type { KpiName } from '../domain/kpi.ts';
import { mayAccess } from '../domain/roles.ts';
import type { State } from './model.ts';
import {
  type AlertItem,
  type HealthPanel,
  type HealthPart,
  health_parts,
  type KpiItem,
  type ReadyCheck,
  type ViewItem,
} from './model-health.ts';

/** What the health screen and the wall read from the state. */

/** The wall needs figure B's area: ux §3. */
const WALL_COLUMNS = 120;
const WALL_ROWS = 40;
/** The daemons look at their alerts every few seconds, and count once a minute. */
const HEALTH_EVERY_MS = 5_000;

/** In the order of the wall, row by row. */
const wall_panels: readonly HealthPanel[] = [
  'locks',
  'kpis',
  'jobs',
  'alerts',
  'load',
  'checks',
  'events',
];

/** True where the operators' screens are all shown at once: who has them, and a terminal that holds them. */
export function hasWall({ columns, rows, session }: State): boolean {
  return columns >= WALL_COLUMNS && rows >= WALL_ROWS && mayAccess(session.role, 'sre');
}

/** True while the wall is what is painted. */
export function isWallShown(state: State): boolean {
  const is_clear = state.overlay === null || state.overlay.screen === 'palette';
  return state.place === 'health' && is_clear && hasWall(state) && !state.health.is_zoomed;
}

/** The panels that Tab goes through. */
export function panelsOf(state: State): readonly HealthPanel[] {
  if (hasWall(state) && !state.health.is_zoomed) return wall_panels;
  return health_parts.filter((part) => part !== 'views' || mayAccess(state.session.role, 'sre'));
}

/** The panel with the cursor; what a smaller terminal lacks falls back to the alerts. */
export function panelOf(state: State): HealthPanel {
  const { panel } = state.health;
  return panelsOf(state).includes(panel) ? panel : 'alerts';
}

export type HealthRow =
  | { readonly kind: 'alert'; readonly id: string; readonly item: AlertItem }
  | { readonly kind: 'kpi'; readonly id: string; readonly item: KpiItem }
  | { readonly kind: 'check'; readonly id: string; readonly item: ReadyCheck }
  | { readonly kind: 'view'; readonly id: string; readonly item: ViewItem };

const alert_rank = { firing: 0, pending: 1, ok: 2 } as const;
const severity_rank = { critical: 0, warning: 1 } as const;

/** What nobody looks after comes before what somebody does. */
function alertRank(item: AlertItem): number {
  const is_quiet = item.muted_until !== null || item.acked_at !== null;
  const by_state = alert_rank[item.state] * 10;
  return by_state + (item.state === 'firing' && is_quiet ? 5 : 0) + severity_rank[item.severity];
}

/** Those of figure B first: they are what the wall has room for. */
const kpi_order: readonly KpiName[] = [
  'bookings_per_minute',
  'conversion_rate',
  'cancellation_rate',
  'error_rate',
  'latency_p95',
  'lock_contention',
  'inventory_mismatches',
  'failed_payments',
  'revenue_per_hour',
  'throughput',
  'latency_average',
  'expired_rate',
  'deadlock_rate',
  'inventory_accuracy',
  'time_to_book',
  'payment_latency',
  'notification_delay',
  'client_timing',
];

function kpiRank({ name, threshold }: KpiItem): number {
  return (threshold?.state === 'firing' ? 0 : 100) + kpi_order.indexOf(name);
}

const check_rank = { down: 0, degraded: 1, ok: 2 } as const;

/** The rows of a part, what needs somebody first. The wall has no room for what is well. */
export function healthRows(state: State, part: HealthPart): readonly HealthRow[] {
  const rows = allRows(state, part);
  if (!hasWall(state) || state.health.is_zoomed || state.overlay?.screen === 'fact') return rows;
  return rows.filter((row) => {
    if (row.kind === 'alert') return row.item.state !== 'ok' || row.item.muted_until !== null;
    return row.kind !== 'check' || row.item.status !== 'ok';
  });
}

function allRows(state: State, part: HealthPart): readonly HealthRow[] {
  const { alerts, kpis, ready, views } = state.health;
  switch (part) {
    case 'alerts':
      return (alerts?.items ?? [])
        .toSorted((a, b) => alertRank(a) - alertRank(b))
        .map((item) => ({ kind: 'alert', id: item.name, item }));
    case 'kpis':
      return (kpis?.items ?? [])
        .toSorted((a, b) => kpiRank(a) - kpiRank(b))
        .map((item) => ({ kind: 'kpi', id: item.name, item }));
    case 'checks':
      return (ready?.checks ?? [])
        .toSorted((a, b) => check_rank[a.status] - check_rank[b.status])
        .map((item) => ({ kind: 'check', id: item.name, item }));
    case 'views':
      return (views?.items ?? [])
        .toSorted((a, b) => Number(b.stale) - Number(a.stale))
        .map((item) => ({ kind: 'view', id: item.view_name, item }));
  }
}

export const isPart = (panel: HealthPanel): panel is HealthPart =>
  health_parts.some((part) => part === panel);

/** The row under the cursor of the panel; the first until somebody moves. */
export function selectedHealth(state: State, panel = panelOf(state)): HealthRow | null {
  if (!isPart(panel)) return null;
  const rows = healthRows(state, panel);
  return rows.find(({ id }) => id === state.health.cursors[panel]) ?? rows[0] ?? null;
}

/** The row that is acted on: of the open page, else under the cursor. */
export function healthTarget(state: State): HealthRow | null {
  const box = state.overlay;
  if (box?.screen !== 'fact') return selectedHealth(state);
  return healthRows(state, box.panel).find(({ id }) => id === box.id) ?? null;
}

export type AlertCounts = {
  readonly critical: number;
  readonly warning: number;
  readonly pending: number;
  readonly quiet: number;
};

/** Alerts that fire: those that somebody has to look at, and the acked and muted ones. */
export function alertCounts(state: State): AlertCounts {
  const items = state.health.alerts?.items ?? [];
  const firing = items.filter((one) => one.state === 'firing');
  const loud = firing.filter((one) => one.muted_until === null && one.acked_at === null);
  return {
    critical: loud.filter(({ severity }) => severity === 'critical').length,
    warning: loud.filter(({ severity }) => severity === 'warning').length,
    pending: items.filter((one) => one.state === 'pending').length,
    quiet: firing.length - loud.length,
  };
}

/** When health is next asked for, by our clock; null while it is hidden or asked for. */
export function healthDue(state: State): number | null {
  const { health, place, overlay } = state;
  const screen = overlay?.screen ?? 'health';
  const is_shown = place === 'health' && ['health', 'palette', 'fact'].includes(screen);
  if (!is_shown || health.in_flight) return null;
  const by_itself = health.looked_ms === null ? 0 : health.looked_ms + HEALTH_EVERY_MS;
  return Math.max(health.not_before_ms, health.wanted ? 0 : by_itself);
}
