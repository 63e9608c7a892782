import type { KpiName } from './kpi.ts';

/**
 * The alerts: five of seed 004, Critical Alerts, and those about the machinery. The daemon, the rules for
 * Prometheus (scripts/alerts-prom.ts), docs/alerts.md and the tests derive from this table.
 */

export const alert_names = [
  'error_rate',
  'latency_p95',
  'lock_contention',
  'inventory_mismatch',
  'failed_payments',
  'locks_leaked',
  'events_dead',
  'messages_dead',
  'relay_lag',
  'backup_age',
  'certificate',
  'disk',
  'test',
] as const;
export type AlertName = (typeof alert_names)[number];

export const alert_severities = ['critical', 'warning'] as const;
export type AlertSeverity = (typeof alert_severities)[number];

export const alert_states = ['ok', 'pending', 'firing'] as const;
export type AlertState = (typeof alert_states)[number];

export type AlertRule = {
  readonly title: string;
  readonly severity: AlertSeverity;
  readonly unit: 'percent' | 'ms' | 's' | 'hours' | 'days' | 'count';
  /** The figure of the console that shows the threshold. */
  readonly kpi: KpiName | null;
  readonly compare: 'above' | 'below';
  readonly threshold: number;
  /** Hysteresis: it clears at this value, not at the threshold. */
  readonly clears_at: number;
  /** So long over the threshold before it fires. */
  readonly for_s: number;
  /** So long well before it clears. */
  readonly clear_for_s: number;
  /** What it means, and what to look at first. */
  readonly runbook: string;
  /** The command that comes next. */
  readonly next: string;
};

/** Fewer say nothing about a share. */
export const ALERT_REQUESTS_MIN = 20;
export const ALERT_PAYMENTS_MIN = 5;

export const alert_rules: Readonly<Record<AlertName, AlertRule>> = {
  error_rate: {
    title: 'Many requests fail',
    severity: 'critical', // Seed 004, Critical Alerts: > 5 %
    unit: 'percent',
    kpi: 'error_rate',
    compare: 'above',
    threshold: 5,
    clears_at: 4,
    for_s: 60,
    clear_for_s: 120,
    runbook:
      'A part that requests need does not answer: look at database and Redis first, then at http.failed in the log.',
    next: 'petpro doctor',
  },
  latency_p95: {
    title: 'Answers are slow',
    severity: 'critical', // Seed 004: > 2 s, automatic scaling
    unit: 'ms',
    kpi: 'latency_p95',
    compare: 'above',
    threshold: 2_000,
    clears_at: 1_500,
    for_s: 60,
    clear_for_s: 120,
    runbook:
      'Start another daemon when the processors are busy; when they are idle, the database or the payment provider is slow.',
    next: 'petpro metrics show --group performance',
  },
  lock_contention: {
    title: 'Most tries for a slot lose',
    severity: 'warning', // Seed 004: > 50 %. A rush for one slot is no fault, so nobody is woken.
    unit: 'percent',
    kpi: 'lock_contention',
    compare: 'above',
    threshold: 50,
    clears_at: 40,
    for_s: 120,
    clear_for_s: 120,
    runbook:
      'Many want the same slots. A sale or an opening does this; otherwise see who holds slots without paying.',
    next: 'petpro locks list',
  },
  inventory_mismatch: {
    title: 'The inventory does not fit together',
    severity: 'critical', // Seed 004: > 0, urgent reconciliation
    unit: 'count',
    kpi: 'inventory_mismatches',
    compare: 'above',
    threshold: 0,
    clears_at: 0,
    for_s: 0,
    clear_for_s: 0,
    runbook:
      'Rows contradict each other: somebody may come for a seat that another has. Find out which before the day begins.',
    next: 'petpro reconcile run --fix --dry-run',
  },
  failed_payments: {
    title: 'Many payments fail',
    severity: 'critical', // Seed 004: > 10 %, check the external integration
    unit: 'percent',
    kpi: 'failed_payments',
    compare: 'above',
    threshold: 10,
    clears_at: 8,
    for_s: 60,
    clear_for_s: 300,
    runbook:
      'Look at the status page of the payment provider, then at the reasons of the latest failures.',
    next: 'petpro payments list --status failed',
  },
  locks_leaked: {
    title: 'Locks without a hold',
    severity: 'warning',
    unit: 'count',
    kpi: null,
    compare: 'above',
    threshold: 0,
    clears_at: 0,
    for_s: 60,
    clear_for_s: 0,
    runbook:
      'These slots look taken although nobody holds them. They end by themselves unless they have no end.',
    next: 'petpro locks list --leaked',
  },
  events_dead: {
    title: 'Events were given up',
    severity: 'critical',
    unit: 'count',
    kpi: null,
    compare: 'above',
    threshold: 0,
    clears_at: 0,
    for_s: 0,
    clear_for_s: 0,
    runbook:
      'Nobody hears of these changes until they are sent again: no mail, no webhook, no other service.',
    next: 'petpro outbox list --dead --by-error',
  },
  messages_dead: {
    title: 'Messages, refunds or webhooks were given up',
    severity: 'warning',
    unit: 'count',
    kpi: null,
    compare: 'above',
    threshold: 10, // Single wrong addresses are daily business.
    clears_at: 10,
    for_s: 60,
    clear_for_s: 0,
    runbook: 'Group them by cause: one provider or one address is usually behind most of them.',
    next: 'petpro jobs list',
  },
  relay_lag: {
    title: 'Events leave late',
    severity: 'critical',
    unit: 's',
    kpi: null,
    compare: 'above',
    threshold: 30,
    clears_at: 5,
    for_s: 30,
    clear_for_s: 30,
    runbook:
      'No relay runs, or the database is busy: mails, boards and other services are that much behind.',
    next: 'petpro outbox list',
  },
  backup_age: {
    title: 'No fresh backup',
    severity: 'warning',
    unit: 'hours',
    kpi: null,
    compare: 'above',
    threshold: 26, // A nightly one, and two hours for it.
    clears_at: 26,
    for_s: 0,
    clear_for_s: 0,
    runbook:
      'Make one now, and see why the nightly one did not come. Continuous archiving counts as well.',
    next: 'petpro backups note --help',
  },
  certificate: {
    title: 'The certificate ends soon',
    severity: 'warning',
    unit: 'days',
    kpi: null,
    compare: 'below',
    threshold: 14,
    clears_at: 14,
    for_s: 0,
    clear_for_s: 0,
    runbook:
      'Renew the certificate of PETPRO_PUBLIC_URL: afterwards no customer and no payment provider reaches us.',
    next: 'petpro config get public_url',
  },
  disk: {
    title: 'The disk is nearly full',
    severity: 'critical',
    unit: 'percent',
    kpi: null,
    compare: 'above',
    threshold: 90,
    clears_at: 88,
    for_s: 60,
    clear_for_s: 60,
    runbook:
      'Free room where PETPRO_HOME lies: without it no file is taken, and a database there stops.',
    next: 'petpro retention list --count',
  },
  test: {
    title: 'A test of the alerts',
    severity: 'warning',
    unit: 'count',
    kpi: null,
    compare: 'above',
    threshold: 0,
    clears_at: 0,
    for_s: 0,
    clear_for_s: 0,
    runbook: 'Somebody asked for it, to see that alerts reach people. It ends by itself.',
    next: 'petpro alerts list --firing',
  },
};

export const isAlertName = (name: string): name is AlertName => Object.hasOwn(alert_rules, name);

/** Where an alert stands; instants as milliseconds of the database's clock. */
export type Standing = {
  readonly state: AlertState;
  /** Since when it is over the threshold; null = it is not. */
  readonly over_since_ms: number | null;
  /** Since when a firing one is well; null = it is not. */
  readonly well_since_ms: number | null;
};

/**
 * Where it stands after one more look. Null = it could not be measured: nothing changes, because a fault
 * does not end by nobody looking.
 */
export function stepAlert(
  rule: Pick<AlertRule, 'compare' | 'threshold' | 'clears_at' | 'for_s' | 'clear_for_s'>,
  before: Standing,
  value: number | null,
  now_ms: number,
): Standing {
  if (value === null) return before;
  const sign = rule.compare === 'above' ? 1 : -1;
  const is_over = sign * value > sign * rule.threshold;
  if (before.state === 'firing') {
    const is_well = sign * value <= sign * rule.clears_at;
    if (!is_well) return { ...before, well_since_ms: null };
    const well_since_ms = before.well_since_ms ?? now_ms;
    const is_over_now = now_ms - well_since_ms >= rule.clear_for_s * 1_000;
    if (is_over_now) return { state: 'ok', over_since_ms: null, well_since_ms: null };
    return { ...before, well_since_ms };
  }
  if (!is_over) return { state: 'ok', over_since_ms: null, well_since_ms: null };
  const over_since_ms = before.over_since_ms ?? now_ms;
  const is_long = now_ms - over_since_ms >= rule.for_s * 1_000;
  return { state: is_long ? 'firing' : 'pending', over_since_ms, well_since_ms: null };
}
