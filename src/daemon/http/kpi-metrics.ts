import { Counter, Gauge, type Registry } from 'prom-client';
import { alert_names, alert_rules } from '../../domain/alerts.ts';
import type { App } from '../app-types.ts';
import type { Tally } from '../kpi-tally.ts';
import { type AlertRow, readAlerts } from '../store/alerts.ts';
import { listQueues, type QueueRow } from '../store/jobs.ts';
import { backupAge, type KpiState, readConnections, readKpiState } from '../store/kpis.ts';

/** What the figures and alerts are made of, for Prometheus. Names and meanings: docs/metrics.md */

/** One look serves all gauges of a scrape, and scrapers that come together. */
const KEPT_MS = 5_000;
/** A scrape does not wait longer for a database that is away: it then says nothing of it. */
const WAIT_MS = 2_000;

export type KpiSources = {
  readonly tally: Tally;
  readonly pool_max: number;
  readonly look: () => Promise<Look>;
};

type Connections = { readonly active: number; readonly idle: number; readonly waiting: number };

type Look = {
  readonly state: KpiState;
  readonly queues: readonly QueueRow[];
  readonly alerts: readonly AlertRow[];
  readonly connections: Connections;
  readonly deadlocks: number;
  readonly backup_age_s: number | null;
};

/** Where the gauges of a daemon come from. */
export function kpiSources(app: App): KpiSources {
  return {
    tally: app.tally,
    pool_max: app.config.database_pool_max,
    look: async () => {
      const [state, queues, alerts, { deadlocks, ...connections }, backup_age_s] =
        await Promise.all([
          readKpiState(app.sql),
          listQueues(app.sql, null),
          readAlerts(app.sql),
          readConnections(app.sql),
          backupAge(app.sql),
        ]);
      return { state, queues, alerts, connections, deadlocks, backup_age_s };
    },
  };
}

/** Asks at most once in a while, and gives up on a database that is away. */
function keeper(look: () => Promise<Look>): () => Promise<Look | null> {
  let kept: { readonly until_ms: number; readonly look: Promise<Look | null> } | null = null;
  const within = async (): Promise<Look | null> => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), WAIT_MS);
    try {
      return await Promise.race([look().catch(() => null), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  return () => {
    const now_ms = performance.now();
    if (!kept || kept.until_ms <= now_ms) kept = { until_ms: now_ms + KEPT_MS, look: within() };
    return kept.look;
  };
}

type Put = (value: number, labels?: Readonly<Record<string, string>>) => void;

/** Adds everything; each family says nothing at all while the database is away. */
export function addKpiMetrics(registry: Registry, sources: KpiSources): void {
  const { tally, pool_max } = sources;
  const read = keeper(sources.look);
  const gauge = (name: string, help: string, labels: readonly string[], fill: Fill) =>
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      async collect() {
        const look = await read();
        this.reset();
        // Without labels a reset is a nought, which would be a lie.
        if (look === null || labels.length === 0) this.remove();
        if (look !== null) fill(look, (value, of = {}) => this.set({ ...of }, value));
      },
    });
  const counter = (name: string, help: string, labels: readonly string[], fill: Fill) =>
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      async collect() {
        const look = await read();
        this.reset();
        if (look === null || labels.length === 0) this.remove();
        if (look !== null) fill(look, (value, of = {}) => this.inc({ ...of }, value));
      },
    });
  addTotals(counter);
  addGauges(gauge, pool_max);
  new Counter({
    name: 'petpro_hold_tries_total',
    help: 'Tries for a hold at this daemon: won, locked (another has it), taken (it is booked)',
    labelNames: ['outcome'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(tally.tries())) this.inc({ outcome }, count);
    },
  });
}

type Fill = (look: Look, put: Put) => void;
type Add = (name: string, help: string, labels: readonly string[], fill: Fill) => unknown;

/** The same from every daemon, because the database counts them: take the largest, never the sum. */
function addTotals(add: Add): void {
  const total = (name: string, key: string, help: string) =>
    add(name, `${help}; the same at every daemon`, [], ({ state }, put) =>
      put(state.totals[key] ?? 0),
    );
  total('petpro_bookings_total', 'bookings', 'Bookings confirmed');
  total('petpro_cancellations_total', 'cancellations', 'Bookings cancelled');
  add(
    'petpro_holds_total',
    'Holds by what became of them: made, expired, cancelled; the same at every daemon',
    ['event'],
    ({ state: { totals } }, put) => {
      put(totals['holds'] ?? 0, { event: 'made' });
      put(totals['holds_expired'] ?? 0, { event: 'expired' });
      put(totals['holds_cancelled'] ?? 0, { event: 'cancelled' });
    },
  );
  add(
    'petpro_payments_total',
    'Payments by result: ok, failed; the same at every daemon',
    ['result'],
    ({ state: { totals } }, put) => {
      put(totals['payments_ok'] ?? 0, { result: 'ok' });
      put(totals['payments_failed'] ?? 0, { result: 'failed' });
    },
  );
  add(
    'petpro_revenue_minor_total',
    'Money taken, in the smallest unit that the provider counts; the same at every daemon',
    ['currency'],
    ({ state: { totals } }, put) => {
      for (const [key, value] of Object.entries(totals)) {
        if (key.startsWith('revenue_')) put(value, { currency: key.slice('revenue_'.length) });
      }
    },
  );
  for (const [name, sum, count, help] of [
    ['petpro_time_to_book', 'book_ms', 'booked_timed', 'From the hold to the booking'],
    ['petpro_payment_latency', 'pay_ms', 'paid_timed', 'From the page to the money'],
    ['petpro_notification_delay', 'notify_ms', 'notified', 'From due to handed over'],
  ] as const) {
    add(`${name}_seconds_total`, `${help}, summed; the same at every daemon`, [], (look, put) =>
      put((look.state.totals[sum] ?? 0) / 1_000),
    );
    total(`${name}_timed_total`, count, `${help}: how many were timed`);
  }
  add(
    'petpro_database_deadlocks_total',
    'Deadlocks that PostgreSQL counted; the same at every daemon',
    [],
    ({ deadlocks }, put) => put(deadlocks),
  );
}

function addGauges(add: Add, pool_max: number): void {
  add('petpro_queue_jobs', 'Jobs by queue and state', ['queue', 'state'], ({ queues }, put) => {
    for (const { queue, ready, running, retry, later, dead } of queues) {
      const states = { ready, running, retry, later, dead };
      for (const [state, count] of Object.entries(states)) put(count, { queue, state });
    }
  });
  add(
    'petpro_queue_oldest_seconds',
    'Age of the oldest job that should be done by now',
    ['queue'],
    ({ queues }, put) => {
      for (const { queue, oldest_at, now } of queues) {
        const age_ms = oldest_at === null ? 0 : now.epochMilliseconds - oldest_at.epochMilliseconds;
        put(Math.max(0, age_ms) / 1_000, { queue });
      }
    },
  );
  add(
    'petpro_database_connections',
    'Connections of all daemons, by what they do; waiting = for a lock',
    ['state'],
    ({ connections }, put) => {
      for (const [state, count] of Object.entries(connections)) put(count, { state });
    },
  );
  add('petpro_database_pool_max', 'Connections of this daemon at most', [], (_, put) =>
    put(pool_max),
  );
  add(
    'petpro_alert_state',
    'Alerts of the daemon: 0 ok, 1 pending, 2 firing; muted="1" = nobody is told',
    ['alert', 'severity', 'muted'],
    ({ alerts }, put) => {
      const known = new Map(alerts.map((row) => [row.name, row]));
      for (const alert of alert_names) {
        const row = known.get(alert);
        const { severity } = alert_rules[alert];
        const muted = row?.muted_until == null ? '0' : '1';
        put({ ok: 0, pending: 1, firing: 2 }[row?.state ?? 'ok'], { alert, severity, muted });
      }
    },
  );
  add(
    'petpro_daemons',
    'Daemons that told of themselves in the last two minutes',
    [],
    (look, put) => put(look.state.daemons),
  );
  add('petpro_alerts_age_seconds', 'Since alerts were judged last', [], ({ state }, put) => {
    const { looked_at, now } = state;
    if (looked_at !== null) put((now.epochMilliseconds - looked_at.epochMilliseconds) / 1_000);
  });
  add('petpro_disk_used_percent', 'The fullest disk of a daemon', [], ({ state }, put) => {
    if (state.disk_used_percent !== null) put(state.disk_used_percent);
  });
  add('petpro_certificate_days', 'Until the certificate ends', [], ({ state }, put) => {
    if (state.certificate_days !== null) put(state.certificate_days);
  });
  add('petpro_backup_age_seconds', 'Since the newest backup', [], ({ backup_age_s }, put) => {
    if (backup_age_s !== null) put(backup_age_s);
  });
}
