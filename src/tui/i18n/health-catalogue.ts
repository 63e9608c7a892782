import type { AlertName } from '../../domain/alerts.ts';
import type { KpiName } from '../../domain/kpi.ts';
import type { HealthActionId } from '../keys-health.ts';
import type { HealthPanel, ReadyCheck } from '../model-health.ts';

/** The words of the health screen and of the wall. Numbers beside a group are column budgets (test/tui). */

type Head = 'figure' | 'now' | 'trend' | 'limit' | 'alert' | 'since' | 'check' | 'state' | 'detail';
type ViewHead = 'view' | 'age' | 'took' | 'rows' | 'note';
/** Names of facts; budget 10. */
export type HealthFact =
  | 'state'
  | 'value'
  | 'limit'
  | 'since'
  | 'seen'
  | 'acked'
  | 'muted'
  | 'means'
  | 'next'
  | 'now'
  | 'window'
  | 'series'
  | 'rows'
  | 'took'
  | 'error'
  | 'latency';

export type HealthCatalogue = {
  readonly actions: Readonly<Record<HealthActionId, string>>;
  readonly hints: Readonly<Partial<Record<HealthActionId, string>>>;
  /** Budget 8. */
  readonly panels: Readonly<Record<HealthPanel, string>>;
  /** With the unit; budget 17. */
  readonly kpis: Readonly<Record<KpiName, string>>;
  /** What exactly is counted. */
  readonly definition: (name: KpiName) => string;
  readonly alert: (name: AlertName) => { readonly title: string; readonly runbook: string };
  /** Budget 5. */
  readonly states: Readonly<
    Record<'critical' | 'warning' | 'pending' | 'ok' | 'acked' | 'muted' | 'none', string>
  >;
  /** Budget 5. */
  readonly checks: Readonly<Record<ReadyCheck['status'], string>>;
  readonly heads: Readonly<Record<Head, string>>;
  readonly view_heads: Readonly<Record<ViewHead, string>>;
  readonly facts: Readonly<Record<HealthFact, string>>;

  readonly alert_counts: (critical: number, warning: number, quiet: number) => string;
  readonly alerts_quiet: string;
  readonly check_counts: (ok: number, bad: number) => string;
  readonly view_counts: (all: number, stale: number) => string;
  readonly kpi_counts: (over: number) => string;
  readonly stale: (since: string | null, why: string) => string;
  readonly nobody_looks: string;
  readonly no_daemons: string;
  readonly counted_late: (at: string) => string;
  readonly draining: string;
  readonly waiting: string;
  readonly no_rows: string;
  readonly own_clinic_only: string;
  readonly acked_by: (name: string) => string;
  readonly muted_until: (time: string) => string;
  readonly minutes_of: (minutes: number) => string;
  readonly old: string;
  readonly never: string;
  readonly views_line: (text: string) => string;
  readonly rest_ok: (names: string) => string;
  readonly more_rows: (count: number) => string;
  readonly no_runs: string;
  readonly under_minute: string;

  readonly no_alert: string;
  readonly not_firing: string;
  readonly acked_already: (name: string, at: string) => string;
  readonly choose_view: string;
  readonly changed: Readonly<Record<'ack' | 'mute' | 'unmute', (title: string) => string>>;
  readonly refresh_asked: (view: string) => string;

  readonly mute_title: (title: string) => string;
  readonly mute_effect: string;
  readonly mute_time: string;
  readonly mute_times: readonly [string, string, string, string];
  readonly unmute_title: (title: string) => string;
  readonly unmute_effect: string;
  readonly refresh_title: (view: string) => string;
  readonly refresh_effect: (took: string | null, is_blocking: boolean) => string;
  readonly leave: string;
  readonly do_mute: string;
  readonly do_unmute: string;
  readonly do_refresh: string;
  readonly deed_keys: string;
  readonly fact_keys: string;
  readonly reconcile_title: string;
  readonly reconcile_asking: string;
  readonly reconcile_ok: string;
  readonly reconcile_bad: (kinds: number) => string;
  readonly reconcile_dry: (planned: number) => string;
  readonly reconcile_doorman: string;
  readonly reconcile_partial: string;
  readonly reconcile_keys: string;
};
