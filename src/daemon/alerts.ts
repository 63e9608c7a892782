import { ALERT_PAYMENTS_MIN, ALERT_REQUESTS_MIN, type AlertName } from '../domain/alerts.ts';
import { addCounts, type Counts, type KpiName, kpis } from '../domain/kpi.ts';
import { stepsOf } from './actions/kpis.ts';
import type { App } from './app-types.ts';
import { listQueues } from './store/jobs.ts';
import { backupAge, type KpiState, readKpiState, readSamples } from './store/kpis.ts';
import { outboxBacklog } from './store/outbox.ts';
import { type InventoryState, readInventory } from './store/repairs.ts';

/** What an alert looks at. `value` null = it could not be measured. */
export type Measure = {
  readonly value: number | null;
  /** Judged by `value`, but there is no figure to show. */
  readonly is_bare?: true;
  readonly detail: string | null;
};

/** What was measured of everything, by the database's clock. */
export type Measures = {
  readonly now: Temporal.Instant;
  readonly by_name: ReadonlyMap<AlertName, Measure>;
};

/** The longest window of a figure that an alert looks at, and what the inventory needs. */
const MINUTES = 15;
/** An inventory that nobody has looked at for longer says nothing. */
const INVENTORY_OLD_MS = 300_000;

const known = (value: number, detail: string | null = null): Measure => ({ value, detail });
/** Nothing to measure: well, or as bad as can be. */
const bare = (value: number, detail: string): Measure => ({ value, is_bare: true, detail });
const unknown = (detail: string): Measure => ({ value: null, detail });

/** Without enough to judge by there is nothing wrong: a share of three requests is no share. */
function share(counts: Counts, name: KpiName, total: number, least: number, what: string): Measure {
  if (total < least) return bare(0, `${total} ${what}: too few to judge`);
  const value = kpis[name].value({ counts, seconds: 1, currency: null }) ?? 0;
  return known(Math.round(value * 10) / 10, `of ${total} ${what}`);
}

function ofFigures(recent: (minutes: number) => Counts): readonly [AlertName, Measure][] {
  const five = recent(kpis.error_rate.window_minutes);
  const payments = recent(kpis.failed_payments.window_minutes);
  const requests = five['requests'] ?? 0;
  const tries = (five['holds_won'] ?? 0) + (five['holds_locked'] ?? 0) + (five['holds_taken'] ?? 0);
  const decided = (payments['payments_ok'] ?? 0) + (payments['payments_failed'] ?? 0);
  const least = ALERT_REQUESTS_MIN;
  return [
    ['error_rate', share(five, 'error_rate', requests, least, 'requests')],
    ['latency_p95', share(five, 'latency_p95', requests, least, 'requests')],
    ['lock_contention', share(five, 'lock_contention', tries, least, 'tries for a hold')],
    [
      'failed_payments',
      share(payments, 'failed_payments', decided, ALERT_PAYMENTS_MIN, 'payments'),
    ],
  ];
}

function ofInventory({ findings, age_ms }: InventoryState): readonly [AlertName, Measure][] {
  if (age_ms === null || age_ms > INVENTORY_OLD_MS) {
    const measure = unknown('nobody has looked for five minutes: petpro health --ready');
    return [
      ['inventory_mismatch', measure],
      ['locks_leaked', measure],
    ];
  }
  const broken = Object.entries(findings).filter(([kind]) => kind.startsWith('invariant.'));
  const wrong = broken.reduce((sum, [, count]) => sum + count, 0);
  const names = broken.map(([kind, count]) => `${kind.slice('invariant.'.length)} ${count}`);
  const leaked = findings['lock.leaked'] ?? 0;
  return [
    ['inventory_mismatch', known(wrong, names.join(', ') || null)],
    ['locks_leaked', known(leaked)],
  ];
}

async function ofQueues(app: App): Promise<readonly [AlertName, Measure][]> {
  const [backlog, queues] = await Promise.all([outboxBacklog(app.sql), listQueues(app.sql, null)]);
  const others = queues.filter(({ queue, dead }) => queue !== 'outbox' && dead > 0);
  const dead = others.reduce((sum, one) => sum + one.dead, 0);
  const names = others.map((one) => `${one.queue} ${one.dead}`).join(', ');
  return [
    ['events_dead', known(backlog.dead)],
    ['messages_dead', known(dead, names || null)],
    ['relay_lag', known(Math.round(backlog.lag_ms / 100) / 10, `${backlog.waiting} events wait`)],
  ];
}

/** Never one: worth a warning where it matters, and nothing to say of a machine for trying things out. */
function ofBackup(app: App, age_s: number | null): Measure {
  if (age_s !== null) return known(Math.round(age_s / 360) / 10);
  if (app.config.env === 'dev') return bare(0, 'none was ever made; not asked for in dev');
  return bare(Infinity, 'none was ever made, as far as we were told');
}

function ofMachines(state: KpiState): readonly [AlertName, Measure][] {
  const { disk_used_percent: disk, certificate_days: days, test_until, now } = state;
  const is_tested = test_until !== null && Temporal.Instant.compare(test_until, now) > 0;
  return [
    ['disk', disk === null ? unknown('no daemon sees its disk') : known(disk)],
    [
      'certificate',
      days === null ? bare(Infinity, 'PETPRO_PUBLIC_URL is no https address') : known(days),
    ],
    ['test', known(is_tested ? 1 : 0)],
  ];
}

/** Measures everything that alerts look at. One part that fails leaves the others to be judged. */
export async function measureAll(app: App): Promise<Measures> {
  const [state, samples, inventory] = await Promise.all([
    readKpiState(app.sql),
    readSamples(app.sql, MINUTES),
    readInventory(app.sql),
  ]);
  const steps = stepsOf(samples, state.now, 60, MINUTES);
  const recent = (minutes: number) => addCounts(steps.slice(-minutes).map(({ counts }) => counts));
  const failed = (names: readonly AlertName[]) => (error: unknown) => {
    app.log.warn('alerts.not_measured', { alerts: names, err: error });
    return names.map((name) => [name, unknown('could not be measured')] as [AlertName, Measure]);
  };
  const [queues, backup] = await Promise.all([
    ofQueues(app).catch(failed(['events_dead', 'messages_dead', 'relay_lag'])),
    backupAge(app.sql).then(
      (age_s): readonly [AlertName, Measure][] => [['backup_age', ofBackup(app, age_s)]],
      failed(['backup_age']),
    ),
  ]);
  const all = [...ofFigures(recent), ...ofInventory(inventory), ...queues, ...backup];
  return { now: state.now, by_name: new Map([...all, ...ofMachines(state)]) };
}
