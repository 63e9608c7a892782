import { type AlertName, alert_names, alert_rules, stepAlert } from '../../domain/alerts.ts';
import { type Measure, measureAll } from '../alerts.ts';
import type { App, Worker } from '../app-types.ts';
import { type AlertRow, claimAlertLook, type Look, putAlert, readAlerts } from '../store/alerts.ts';
import { countBusiness } from './kpis.ts';

/** How often each daemon asks whether it is its turn. */
const EVERY_MS = 10_000;
/** Less, so that jitter leaves no turn out. */
const LOOK_MS = 8_000;

const msOf = (at: Temporal.Instant | null | undefined) => at?.epochMilliseconds ?? null;
const instantOf = (ms: number | null) =>
  ms === null ? null : Temporal.Instant.fromEpochMilliseconds(ms);

/** Most looks find what the one before them found: those write nothing. */
function isSame(before: AlertRow, look: Look): boolean {
  return (
    before.state === look.state &&
    before.value === look.value &&
    before.detail === look.detail &&
    msOf(before.over_since) === msOf(look.over_since) &&
    msOf(before.well_since) === msOf(look.well_since)
  );
}

/** Moves one alert by what was measured, and tells the log when it begins or ends to fire. */
async function judge(
  app: App,
  name: AlertName,
  before: AlertRow | undefined,
  { value, is_bare, detail }: Measure,
  now_ms: number,
): Promise<boolean> {
  const rule = alert_rules[name];
  const standing = {
    state: before?.state ?? 'ok',
    over_since_ms: msOf(before?.over_since),
    well_since_ms: msOf(before?.well_since),
  } as const;
  const after = stepAlert(rule, standing, value, now_ms);
  const look = {
    name,
    state: after.state,
    value: is_bare === true ? null : value,
    detail,
    over_since: instantOf(after.over_since_ms),
    well_since: instantOf(after.well_since_ms),
  };
  if (before !== undefined && isSame(before, look)) return false;
  const change = await putAlert(app.sql, look);
  if (change === null) return false;
  const { severity, threshold, next } = rule;
  const is_muted = before?.muted_until != null;
  const facts = { alert: name, severity, value: look.value, threshold, detail, is_muted };
  if (change === 'cleared' || is_muted) app.log.info(`alert.${change}`, facts);
  else if (severity === 'critical') app.log.error('alert.fired', { ...facts, next });
  else app.log.warn('alert.fired', { ...facts, next });
  return true;
}

/** Measures and judges everything once; how many alerts began or ended to fire. */
export async function evaluateAlerts(app: App): Promise<number> {
  const { now, by_name } = await measureAll(app);
  const before = new Map((await readAlerts(app.sql)).map((row) => [row.name, row]));
  let changed = 0;
  for (const name of alert_names) {
    const measure = by_name.get(name);
    if (measure === undefined) continue;
    if (await judge(app, name, before.get(name), measure, now.epochMilliseconds)) changed += 1;
  }
  return changed;
}

/**
 * Counts, then judges. One daemon at a time (a stamp in the database decides, so that a daemon that dies
 * is followed by another).
 */
export function createAlerter(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (!(await claimAlertLook(app.sql, LOOK_MS))) return 0;
    // Without fresh figures the machinery is still looked at.
    await countBusiness(app, signal).catch((error: unknown) => {
      app.log.error('kpis.not_counted', { err: error });
    });
    if (!signal.aborted) await evaluateAlerts(app);
    return 0;
  };
  return { name: 'alerts', every_ms: EVERY_MS, tick };
}
