import { alert_names, alert_rules } from '../../src/domain/alerts.ts';
import { AppError } from '../../src/domain/errors.ts';
import { kpi_names, kpis } from '../../src/domain/kpi.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type {
  AlertItem,
  Kpis,
  Ready,
  Reconciliation,
  ViewItem,
} from '../../src/tui/model-health.ts';
import { NOW } from './fixture.ts';

/** Health as in figure B: a mismatch fires, messages are dead, a view is old. */

const ago = (ms: number) => Temporal.Instant.fromEpochMilliseconds(NOW - ms).toString();

function alertOf(name: (typeof alert_names)[number], change: Partial<AlertItem> = {}): AlertItem {
  const rule = alert_rules[name];
  const { title, severity, unit, compare, threshold, clears_at, for_s, clear_for_s } = rule;
  return {
    name,
    title,
    severity,
    state: 'ok',
    value: 0,
    unit,
    compare,
    threshold,
    clears_at,
    for_s,
    clear_for_s,
    detail: null,
    kpi: rule.kpi,
    runbook: rule.runbook,
    next: rule.next,
    since: null,
    fired_at: null,
    cleared_at: null,
    acked_at: null,
    acked_by: null,
    ack_reason: null,
    muted_until: null,
    muted_by: null,
    mute_reason: null,
    ...change,
  };
}

const firing: Readonly<Record<string, Partial<AlertItem>>> = {
  inventory_mismatch: {
    state: 'firing',
    value: 1,
    detail: 'invariant.capacity 1: slot BSD 22/11 10:00 booked 2 cap 1',
    since: ago(12_000),
    fired_at: ago(12_000),
  },
  messages_dead: {
    state: 'firing',
    value: 11,
    since: ago(750_000),
    fired_at: ago(690_000),
    acked_at: ago(600_000),
    acked_by: 'wayan',
  },
  latency_p95: { state: 'pending', value: 2_120, since: ago(20_000) },
  disk: { state: 'ok', value: 61 },
};

const figures: Readonly<Record<string, number | null>> = {
  bookings_per_minute: 12.4,
  conversion_rate: 71.8,
  revenue_per_hour: 18_250_000,
  cancellation_rate: 4.1,
  latency_average: 42,
  latency_p95: 2_120,
  error_rate: 0.3,
  throughput: 96.5,
  lock_contention: 18,
  deadlock_rate: 0,
  expired_rate: 21.4,
  inventory_accuracy: 99.98,
  time_to_book: 94.2,
  payment_latency: 61,
  notification_delay: 1.4,
  client_timing: null,
  failed_payments: 1.2,
  inventory_mismatches: 1,
};

/** Sixty minutes that end in the figure: a wave, so that every level is seen. */
function seriesOf(name: string, now: number | null): readonly (number | null)[] {
  if (now === null) return Array.from({ length: 60 }, () => null);
  if (name === 'inventory_mismatches') {
    return Array.from({ length: 60 }, (_, minute) => (minute < 59 ? 0 : 1));
  }
  return Array.from({ length: 60 }, (_, minute) => {
    // The daemon was started ten minutes into the hour.
    if (minute < 10) return null;
    const wave = 0.55 + 0.45 * Math.sin(minute / 7);
    return minute === 59 ? now : Math.round(now * wave * 100) / 100;
  });
}

function kpisOf(alerts: readonly AlertItem[]): Kpis {
  return {
    items: kpi_names.map((name) => {
      const { group, title, unit, definition, window_minutes, better } = kpis[name];
      const alert = alerts.find((one) => one.kpi === name);
      const now = figures[name] ?? null;
      return {
        name,
        group,
        title,
        unit,
        definition,
        window_minutes,
        better,
        currency: name === 'revenue_per_hour' ? 'IDR' : null,
        now,
        series: seriesOf(name, now),
        threshold:
          alert === undefined
            ? null
            : {
                value: alert.threshold,
                compare: alert.compare,
                alert: alert.name,
                severity: alert.severity,
                state: alert.state,
              },
      };
    }),
    range: '60m',
    step_s: 60,
    ends_at: ago(0),
    daemons: 2,
    counted_at: ago(20_000),
    as_of: ago(0),
  };
}

function viewOf(view_name: string, age_ms: number, change: Partial<ViewItem> = {}): ViewItem {
  return {
    view_name,
    as_of: ago(age_ms),
    age_ms,
    stale: false,
    stale_after_ms: 120_000,
    refresh_every_ms: 60_000,
    next_at: ago(age_ms - 60_000),
    requested_at: null,
    duration_ms: 84,
    average_ms: 91,
    total_ms: 90_000,
    refresh_count: 990,
    row_count: 1_420,
    size_bytes: 1_048_576,
    is_concurrent: true,
    note: null,
    failures_in_row: 0,
    failed_at: null,
    last_error: null,
    ...change,
  };
}

const reconciliation: Reconciliation = {
  is_ok: false,
  mismatches: 1,
  findings: [
    {
      kind: 'invariant.capacity',
      severity: 'mismatch',
      count: 1,
      sample: [{ slot_id: '00000004-0000-4000-8000-000000000009', live_seats: 2, capacity: 1 }],
      repair: null,
      repairable: 0,
      next: 'petpro trace BP10000127',
    },
  ],
  plan_id: 'PL12345',
  plan_expires_at: ago(-900_000),
  planned: 0,
  repaired: 0,
  repairs: [],
  doorman: 'up',
  is_complete: true,
  as_of: ago(0),
};

export type FakeHealth = {
  alerts: readonly AlertItem[];
  views: readonly ViewItem[];
  checks: Ready;
  /** Parts that do not answer. */
  readonly broken: Set<'alerts' | 'kpis' | 'checks' | 'views'>;
  readonly ready: () => Ready;
  readonly handlers: {
    readonly list_alerts: () => Output<'list_alerts'>;
    readonly get_kpis: () => Kpis;
    readonly list_views: () => Output<'list_views'>;
    readonly ack_alert: (request: Request<'ack_alert'>) => AlertItem;
    readonly mute_alert: (request: Request<'mute_alert'>) => AlertItem;
    readonly unmute_alert: (request: Request<'unmute_alert'>) => AlertItem;
    readonly refresh_view: (request: Request<'refresh_view'>) => ViewItem;
    readonly reconcile: () => Reconciliation;
  };
};

/** Makes a system with two alerts that fire. */
export function fakeHealth(): FakeHealth {
  const down = (part: 'alerts' | 'kpis' | 'checks' | 'views') => {
    if (health.broken.has(part)) throw new AppError('unavailable', 'No daemon answers.');
  };
  const change = (name: string, fields: Partial<AlertItem>): AlertItem => {
    const known = health.alerts.find((one) => one.name === name);
    if (known === undefined) throw new AppError('not_found', `No alert ${name}.`);
    const changed = { ...known, ...fields };
    health.alerts = health.alerts.map((one) => (one.name === name ? changed : one));
    return changed;
  };
  const health: FakeHealth = {
    alerts: alert_names.map((name) => alertOf(name, firing[name] ?? {})),
    views: [
      viewOf('upcoming_bookings_view', 42_000),
      viewOf('booking_completion_rates', 10_800_000, {
        stale: true,
        note: 'no_unique_index',
        last_error: 'canceling statement due to statement timeout',
        failed_at: ago(300_000),
      }),
      viewOf('search_words', 240_000),
    ],
    checks: {
      version: '1.4.2',
      draining: false,
      checks: [
        { name: 'database', status: 'ok', detail: 'answers', latency_ms: 1 },
        { name: 'migrations', status: 'ok', detail: 'all applied', latency_ms: null },
        {
          name: 'redis',
          status: 'degraded',
          detail: 'up, breaker open: PostgreSQL alone decides',
          latency_ms: 204,
        },
        { name: 'worker.relay', status: 'ok', detail: 'last tick 41 ms ago', latency_ms: null },
        { name: 'worker.sweeper', status: 'ok', detail: 'last tick 312 ms ago', latency_ms: null },
      ],
    },
    broken: new Set(),
    ready: () => {
      down('checks');
      return health.checks;
    },
    handlers: {
      list_alerts: () => {
        down('alerts');
        const { alerts } = health;
        const fires = (severity: string) =>
          alerts.filter((one) => one.state === 'firing' && one.severity === severity).length;
        return {
          items: alerts,
          firing: { critical: fires('critical'), warning: fires('warning') },
          changes: [],
          looked_at: ago(2_000),
          stale: false,
          as_of: ago(0),
        };
      },
      get_kpis: () => {
        down('kpis');
        return kpisOf(health.alerts);
      },
      list_views: () => {
        down('views');
        return { items: health.views, as_of: ago(0) };
      },
      ack_alert: ({ name }) => change(name, { acked_at: ago(0), acked_by: 'rina' }),
      mute_alert: ({ name, for_s, reason }) =>
        change(name, {
          muted_until: ago(-(for_s ?? 3_600) * 1_000),
          muted_by: 'rina',
          mute_reason: reason,
        }),
      unmute_alert: ({ name }) => change(name, { muted_until: null, muted_by: null }),
      refresh_view: ({ view_name }) => {
        const view = health.views.find((one) => one.view_name === view_name);
        if (view === undefined) throw new AppError('not_found', `No view ${view_name}.`);
        return { ...view, requested_at: ago(0) };
      },
      reconcile: () => reconciliation,
    },
  };
  return health;
}
