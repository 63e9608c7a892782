import { type AlertName, type AlertState, alert_rules } from '../../domain/alerts.ts';
import {
  addCounts,
  type Counts,
  type KpiName,
  kpi_names,
  kpis,
  mainCurrency,
} from '../../domain/kpi.ts';
import { exponentOf } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { readAlerts } from '../store/alerts.ts';
import { type CountRow, readHours, readKpiState, readSamples } from '../store/kpis.ts';

type Kpi = Output<'get_kpis'>['items'][number];

const MINUTE_S = 60;
const HOUR_S = 3_600;
const POINTS_60M = 60;
const POINTS_24H = 24;
/** The longest window before the first of sixty minutes. */
const MINUTES_READ = 120;

/** One step of a series: what was counted, and how long it lasted. */
type Step = { readonly counts: Counts; readonly seconds: number };

const secondOf = (at: Temporal.Instant) => Math.floor(at.epochMilliseconds / 1_000);

/** Steps up to the one under way, oldest first; without rows of a step nothing was counted in it. */
export function stepsOf(
  rows: readonly CountRow[],
  now: Temporal.Instant,
  step_s: number,
  count: number,
): readonly Step[] {
  const by_step = Map.groupBy(rows, ({ at }) => Math.floor(secondOf(at) / step_s));
  const last = Math.floor(secondOf(now) / step_s);
  return Array.from({ length: count }, (_, index) => {
    const step = last - count + 1 + index;
    const elapsed = secondOf(now) - last * step_s;
    return {
      counts: addCounts((by_step.get(step) ?? []).map(({ counts }) => counts)),
      // A minute that has just begun has no rate of its own.
      seconds: step === last ? Math.max(1, elapsed) : step_s,
    };
  });
}

/** Money in whole units, as people count it. */
function inUnits(name: KpiName, value: number | null, currency: string | null): number | null {
  if (value === null) return null;
  const scaled =
    name === 'revenue_per_hour' && currency !== null ? value / 10 ** exponentOf(currency) : value;
  return Math.round(scaled * 100) / 100;
}

/** A figure over the steps that end with `end`. */
export function kpiOver(
  name: KpiName,
  steps: readonly Step[],
  end: number,
  window: number,
  currency: string | null,
): number | null {
  const part = steps.slice(Math.max(0, end - window + 1), end + 1);
  const seconds = part.reduce((sum, one) => sum + one.seconds, 0);
  const counts = addCounts(part.map((one) => one.counts));
  return inUnits(name, kpis[name].value({ counts, seconds, currency }), currency);
}

type Thresholds = ReadonlyMap<KpiName, Kpi['threshold']>;

function thresholdsOf(states: ReadonlyMap<AlertName, AlertState>): Thresholds {
  const rules = Object.entries(alert_rules) as [AlertName, (typeof alert_rules)[AlertName]][];
  return new Map(
    rules.flatMap(([alert, { kpi, threshold: value, compare, severity }]) =>
      kpi === null
        ? []
        : [[kpi, { value, compare, alert, severity, state: states.get(alert) ?? 'ok' }] as const],
    ),
  );
}

/** The figures as they stand: for the API, the alerts and /metrics. */
export async function readKpis(app: App, range: '60m' | '24h'): Promise<Output<'get_kpis'>> {
  const is_hours = range === '24h';
  const [state, minutes, hours, alerts] = await Promise.all([
    readKpiState(app.sql),
    readSamples(app.sql, MINUTES_READ),
    is_hours ? readHours(app.sql, POINTS_24H) : [],
    readAlerts(app.sql),
  ]);
  const { now } = state;
  const recent = stepsOf(minutes, now, MINUTE_S, MINUTES_READ);
  const by_hour = stepsOf(hours, now, HOUR_S, POINTS_24H);
  const currency = mainCurrency(addCounts([...recent, ...by_hour].map(({ counts }) => counts)));
  const thresholds = thresholdsOf(new Map(alerts.map((one) => [one.name, one.state])));
  const items = kpi_names.map((name): Kpi => {
    const { value: _value, ...words } = kpis[name];
    const { window_minutes: window } = words;
    const at = (end: number) => kpiOver(name, recent, end, window, currency);
    const series = is_hours
      ? by_hour.map((_, index) => kpiOver(name, by_hour, index, 1, currency))
      : Array.from({ length: POINTS_60M }, (_, index) => at(MINUTES_READ - POINTS_60M + index));
    return {
      name,
      ...words,
      currency: name === 'revenue_per_hour' ? currency : null,
      now: at(MINUTES_READ - 1),
      series,
      threshold: thresholds.get(name) ?? null,
    };
  });
  const step_s = is_hours ? HOUR_S : MINUTE_S;
  const end_s = (Math.floor(secondOf(now) / step_s) + 1) * step_s;
  return {
    items,
    range,
    step_s,
    ends_at: Temporal.Instant.fromEpochMilliseconds(end_s * 1_000).toString(),
    daemons: state.daemons,
    counted_at: state.counted_at?.toString({ smallestUnit: 'second' }) ?? null,
    as_of: now.toString({ smallestUnit: 'second' }),
  };
}

/**
 * The figures for whoever asks. Those of the business are of all clinics, so a key of one clinic gets the
 * others only.
 */
export async function getKpis(
  app: App,
  actor: Actor,
  { range }: Input<'get_kpis'>,
): Promise<Output<'get_kpis'>> {
  const all = await readKpis(app, range);
  if (actor.clinic_id === null) return all;
  return { ...all, items: all.items.filter(({ group }) => group !== 'business') };
}

/** Counts how long screens took; nobody's name is kept. */
export async function reportTimings(
  app: App,
  _actor: Actor,
  { timings }: Input<'report_timings'>,
): Promise<Output<'report_timings'>> {
  for (const { ms } of timings) app.tally.client(ms);
  return { taken: timings.length };
}
