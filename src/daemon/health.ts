import type { App } from './app-types.ts';
import { run } from './store/db.ts';
import { readMigrations } from './store/migrate.ts';
import type { WorkerStatus } from './workers/loop.ts';

/** Longer, and the prober would have given up already. */
const check_timeout_ms = 2_000;
/** Probes of many balancers share one answer this long. */
const answer_kept_ms = 500;
/** A worker that has ended no tick for this long, or for ten intervals, is stuck. */
const stuck_after_ms = 30_000;

type Check = {
  readonly name: string;
  /** `degraded` = slower or later, never wrong: the daemon stays in service. */
  readonly status: 'ok' | 'degraded' | 'down';
  readonly detail: string;
  readonly latency_ms: number | null;
};
type HealthReport = {
  readonly status: Check['status'];
  readonly draining: boolean;
  readonly version: string;
  /** PETPRO_ENV: dev, staging or prod. */
  readonly env: string;
  readonly checks: readonly Check[];
};
export type Health = {
  readonly check: () => Promise<HealthReport>;
  /** From now on: not ready, so that balancers send nobody more. */
  readonly drain: () => void;
};

type Parts = {
  readonly version: string;
  readonly workers: () => readonly WorkerStatus[];
};

/** Rejects when the work takes too long; the work itself is left to its own timeout. */
async function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('No answer in time')), check_timeout_ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A newer schema is no fault: another daemon of the next version may have brought it. */
async function checkDatabase(app: App, wanted_version: number): Promise<readonly Check[]> {
  const started = performance.now();
  try {
    const [newest] = await within(
      run(app.sql<{ version: number }[]>`
        select coalesce(max(version), 0) as version from schema_migrations`),
    );
    const latency_ms = Math.round(performance.now() - started);
    const missing = wanted_version - (newest?.version ?? 0);
    return [
      { name: 'database', status: 'ok', detail: 'answers', latency_ms },
      {
        name: 'migrations',
        status: missing > 0 ? 'down' : 'ok',
        detail: missing > 0 ? `${missing} pending: petpro migrate up` : 'all applied',
        latency_ms: null,
      },
    ];
  } catch (err) {
    app.log.warn('health.database', { err });
    return [{ name: 'database', status: 'down', detail: 'does not answer', latency_ms: null }];
  }
}

async function checkLocks(app: App): Promise<Check> {
  const name = 'redis';
  try {
    const { state, breaker, latency_ms } = await within(app.locks.health());
    if (state === 'absent') return { name, status: 'ok', detail: 'not configured', latency_ms };
    const is_well = state === 'up' && breaker === 'closed';
    return {
      name,
      status: is_well ? 'ok' : 'degraded',
      detail: is_well ? 'answers' : `${state}, breaker ${breaker}: PostgreSQL alone decides`,
      latency_ms,
    };
  } catch (err) {
    app.log.warn('health.redis', { err });
    return { name, status: 'degraded', detail: 'does not answer', latency_ms: null };
  }
}

function checkWorker({ name, every_ms, idle_ms, ticks, last_error }: WorkerStatus): Check {
  const is_stuck = idle_ms !== null && idle_ms > Math.max(stuck_after_ms, 10 * every_ms);
  const never_done = ticks === 0 && last_error !== null;
  const since = idle_ms === null ? 'no tick yet' : `last tick ${Math.round(idle_ms)} ms ago`;
  return {
    name: `worker.${name}`,
    status: is_stuck || never_done ? 'degraded' : 'ok',
    detail: since,
    latency_ms: null,
  };
}

/** What the periodic look found. Degraded, not down: sending customers elsewhere would mend nothing. */
function checkInventory(workers: readonly WorkerStatus[]): readonly Check[] {
  const looking = workers.find(({ name, ticks }) => name === 'reconcile' && ticks > 0);
  if (!looking) return [];
  const found = Object.entries(looking.findings).map(([kind, count]) => `${kind} ${count}`);
  const is_well = found.length === 0;
  return [
    {
      name: 'inventory',
      status: is_well ? 'ok' : 'degraded',
      detail: is_well ? 'everything fits together' : `${found.join(', ')}: petpro reconcile run`,
      latency_ms: null,
    },
  ];
}

/** What `/readyz` says. Errors stay in the log: the answer is public. */
export function createHealth(app: App, parts: Parts): Health {
  const wanted_version = readMigrations().length;
  let draining = false;
  let kept: { readonly until_ms: number; readonly report: Promise<HealthReport> } | null = null;

  async function look(): Promise<HealthReport> {
    const [database, locks] = await Promise.all([
      checkDatabase(app, wanted_version),
      checkLocks(app),
    ]);
    const workers = parts.workers();
    const checks = [...database, locks, ...checkInventory(workers), ...workers.map(checkWorker)];
    const worst = (status: Check['status']) => checks.some((check) => check.status === status);
    const status = worst('down') ? 'down' : worst('degraded') ? 'degraded' : 'ok';
    return { status, draining: false, version: parts.version, env: app.config.env, checks };
  }

  return {
    check: async () => {
      const now_ms = performance.now();
      if (!kept || kept.until_ms <= now_ms) {
        kept = { until_ms: now_ms + answer_kept_ms, report: look() };
      }
      const report = await kept.report;
      return draining ? { ...report, draining, status: 'down' } : report;
    },
    drain: () => {
      draining = true;
    },
  };
}
