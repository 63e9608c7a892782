import type { AlertName } from '../domain/alerts.ts';
import type { Output } from '../domain/shapes.ts';
import type { Field, Problem } from './model.ts';

/** Screen 7: alerts, figures, checks and views; wide, the operators' wall. */

export type Kpis = Output<'get_kpis'>;
export type KpiItem = Kpis['items'][number];
export type Alerts = Output<'list_alerts'>;
export type AlertItem = Alerts['items'][number];
export type Views = Output<'list_views'>;
export type ViewItem = Views['items'][number];
export type Reconciliation = Output<'reconcile'>;

/** What the daemon says at `/readyz`; the address needs no token, so it is no row of the endpoint table. */
export type ReadyCheck = {
  readonly name: string;
  readonly status: 'ok' | 'degraded' | 'down';
  readonly detail: string;
  readonly latency_ms: number | null;
};
export type Ready = {
  readonly version: string;
  readonly draining: boolean;
  readonly checks: readonly ReadyCheck[];
};

/** What is asked for separately, so that one that fails leaves the others standing. */
export const health_parts = ['alerts', 'kpis', 'checks', 'views'] as const;
export type HealthPart = (typeof health_parts)[number];
/** The wall has the other operators' screens beside them. */
export type HealthPanel = HealthPart | 'locks' | 'jobs' | 'load' | 'events';

export type HealthState = {
  readonly alerts: Alerts | null;
  readonly kpis: Kpis | null;
  readonly ready: Ready | null;
  readonly views: Views | null;
  /** Why the last look at a part failed. */
  readonly problems: Readonly<Record<HealthPart, string | null>>;
  /** When each part was last answered, by our clock. */
  readonly at_ms: Readonly<Record<HealthPart, number | null>>;
  readonly panel: HealthPanel;
  /** Of each panel the id under the cursor. */
  readonly cursors: Readonly<Partial<Record<HealthPanel, string>>>;
  /** One panel of the wall over the whole screen. */
  readonly is_zoomed: boolean;
  readonly seq: number;
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly not_before_ms: number;
  readonly looked_ms: number | null;
  /** Alerts that an ack is on its way for. */
  readonly busy: ReadonlySet<string>;
};

export type HealthDeed =
  | { readonly kind: 'mute'; readonly alert: AlertItem }
  | { readonly kind: 'unmute'; readonly alert: AlertItem }
  | { readonly kind: 'refresh'; readonly view: ViewItem };
export type HealthFocus = 'keep' | 'time' | 'reason';
export type HealthDeedBox = {
  readonly screen: 'healthdeed';
  readonly deed: HealthDeed;
  readonly for_s: number;
  readonly reason: Field;
  readonly focus: HealthFocus;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};
/** One row of a panel in full; followed while it is open. */
export type FactBox = {
  readonly screen: 'fact';
  readonly panel: HealthPart;
  readonly id: string;
  readonly top: number;
};
export type ReconcileBox = {
  readonly screen: 'reconcile';
  /** Null while the server looks. */
  readonly report: Reconciliation | null;
  readonly top: number;
};
export type HealthOverlay = HealthDeedBox | FactBox | ReconcileBox;

export type Got<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export type HealthResult =
  | {
      readonly type: 'health';
      readonly seq: number;
      readonly alerts: Got<Alerts>;
      readonly kpis: Got<Kpis>;
      readonly checks: Got<Ready>;
      /** Null where the role may not see them. */
      readonly views: Got<Views> | null;
      readonly took_ms: number;
    }
  | {
      readonly type: 'alert_changed';
      readonly what: 'ack' | 'mute' | 'unmute';
      readonly alert: AlertItem;
    }
  | { readonly type: 'view_requested'; readonly view: ViewItem }
  | { readonly type: 'reconciled'; readonly report: Reconciliation };

export type HealthEffect =
  | { readonly type: 'load_health'; readonly seq: number; readonly with_views: boolean }
  | { readonly type: 'ack_alert'; readonly name: AlertName; readonly key: string }
  | {
      readonly type: 'mute_alert';
      readonly name: AlertName;
      readonly for_s: number;
      readonly reason: string;
      readonly key: string;
    }
  | { readonly type: 'unmute_alert'; readonly name: AlertName; readonly key: string }
  | {
      readonly type: 'request_refresh';
      readonly view_name: string;
      readonly concurrently: boolean;
      readonly key: string;
    }
  | { readonly type: 'reconcile_dry'; readonly key: string };

const none = { alerts: null, kpis: null, checks: null, views: null } as const;

/** Nothing seen yet. */
export const no_health: HealthState = {
  alerts: null,
  kpis: null,
  ready: null,
  views: null,
  problems: none,
  at_ms: none,
  panel: 'alerts',
  cursors: {},
  is_zoomed: false,
  seq: 0,
  wanted: false,
  in_flight: false,
  not_before_ms: 0,
  looked_ms: null,
  busy: new Set(),
};
