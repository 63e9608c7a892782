import { type AlertName, alert_names, alert_rules, isAlertName } from '../../domain/alerts.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import {
  type AlertRow,
  readAlertChanges,
  readAlerts,
  tellAlert,
  testAlerts,
} from '../store/alerts.ts';
import { readKpiState, noteBackup as storeBackup } from '../store/kpis.ts';
import { dbActor } from './actor.ts';
import { failure } from './outcome.ts';

type Alert = Output<'ack_alert'>;
type Alerts = Output<'list_alerts'>;

const CHANGES_SHOWN = 20;
/** Evaluated every ten seconds; after six missed looks nobody may trust what stands here. */
const STALE_MS = 60_000;
const NEXT = 'petpro alerts list';

const textOf = (at: Temporal.Instant | null | undefined) =>
  at?.toString({ smallestUnit: 'second' }) ?? null;

function alertJson(name: AlertName, row: AlertRow | undefined): Alert {
  const rule = alert_rules[name];
  return {
    name,
    ...rule,
    state: row?.state ?? 'ok',
    value: row?.value ?? null,
    detail: row?.detail ?? null,
    since: textOf(row?.over_since),
    fired_at: textOf(row?.fired_at),
    cleared_at: textOf(row?.cleared_at),
    acked_at: textOf(row?.acked_at),
    acked_by: row?.acked_by ?? null,
    ack_reason: row?.ack_reason ?? null,
    muted_until: textOf(row?.muted_until),
    muted_by: row?.muted_by ?? null,
    mute_reason: row?.mute_reason ?? null,
  };
}

const state_ranks = { firing: 0, pending: 1, ok: 2 } as const;
const severity_ranks = { critical: 0, warning: 1 } as const;

const rankOf = ({ state, severity, muted_until }: Alert) =>
  state_ranks[state] * 4 + (muted_until === null ? 0 : 2) + severity_ranks[severity];

/** Every alert, what needs somebody first. */
export async function listAlerts(
  app: App,
  _actor: Actor,
  { firing }: Input<'list_alerts'>,
): Promise<Alerts> {
  const [rows, changes, { looked_at, now }] = await Promise.all([
    readAlerts(app.sql),
    readAlertChanges(app.sql, CHANGES_SHOWN),
    readKpiState(app.sql),
  ]);
  const by_name = new Map(rows.map((row) => [row.name, row]));
  const all = alert_names
    .map((name) => alertJson(name, by_name.get(name)))
    .toSorted((one, other) => rankOf(one) - rankOf(other));
  const loud = all.filter((one) => one.state === 'firing' && one.muted_until === null);
  const count = (severity: Alert['severity']) =>
    loud.filter((one) => one.severity === severity).length;
  const age_ms =
    looked_at === null ? Infinity : now.epochMilliseconds - looked_at.epochMilliseconds;
  return {
    items: firing ? all.filter(({ state }) => state === 'firing') : all,
    firing: { critical: count('critical'), warning: count('warning') },
    changes: changes
      .filter(({ name }) => isAlertName(name))
      .map((one) => ({
        ...one,
        at: one.at.toString({ smallestUnit: 'second' }),
        severity: alert_rules[one.name].severity,
      })),
    looked_at: textOf(looked_at),
    stale: age_ms > STALE_MS,
    as_of: now.toString({ smallestUnit: 'second' }),
  };
}

/** Alerts are of the whole system: whoever has one clinic may look, not decide. */
function assertEverywhere(actor: Actor): void {
  if (actor.clinic_id === null) return;
  throw new AppError('forbidden', 'A key of one clinic reaches its own things only.');
}

function nameOf(text: string): AlertName {
  if (isAlertName(text)) return text;
  const detail = `There is no alert "${text}"; there are ${alert_names.join(', ')}.`;
  throw failure('not_found', { next: NEXT }, detail);
}

async function readOne(app: App, name: AlertName): Promise<Alert> {
  const rows = await readAlerts(app.sql);
  return alertJson(
    name,
    rows.find((row) => row.name === name),
  );
}

async function tell(
  app: App,
  actor: Actor,
  text: string,
  said: {
    readonly word: 'ack' | 'mute' | 'unmute';
    readonly for_s?: number;
    readonly reason?: string | undefined;
  },
): Promise<Alert> {
  assertEverywhere(actor);
  const name = nameOf(text);
  const { word, for_s = null, reason = null } = said;
  const wish = { name, word, for_s, reason, by: actor.name };
  const outcome = await tellAlert(app.sql, wish, dbActor(actor));
  if (outcome === 'policy_refused') {
    const detail = `${name} does not fire: there is nothing to acknowledge.`;
    const next = `petpro alerts mute ${name} --for 1h --reason ..`;
    throw failure('policy_refused', { rule: 'not_firing', next }, detail);
  }
  if (outcome === 'ok') {
    app.log.info(`alert.${word}`, { alert: name, for_s, reason, actor_id: actor.id });
  }
  return await readOne(app, name);
}

/** Somebody looks after it. */
export async function ackAlert(
  app: App,
  actor: Actor,
  { name, reason }: Input<'ack_alert'>,
): Promise<Alert> {
  return await tell(app, actor, name, { word: 'ack', reason });
}

/** Silent for a while: shown, but counted nowhere. */
export async function muteAlert(
  app: App,
  actor: Actor,
  { name, for_s, reason }: Input<'mute_alert'>,
): Promise<Alert> {
  return await tell(app, actor, name, { word: 'mute', for_s, reason });
}

/** Ends a silence; one that is over already is no mistake. */
export async function unmuteAlert(
  app: App,
  actor: Actor,
  { name, reason }: Input<'unmute_alert'>,
): Promise<Alert> {
  return await tell(app, actor, name, { word: 'unmute', reason });
}

/** Lets the alert `test` fire at the next look, within ten seconds. */
export async function testAlert(
  app: App,
  actor: Actor,
  { for_s, reason }: Input<'test_alerts'>,
): Promise<Alert> {
  assertEverywhere(actor);
  await testAlerts(app.sql, for_s, reason ?? null, dbActor(actor));
  return await readOne(app, 'test');
}

/** Notes a backup, for the alert about its age. */
export async function noteBackup(
  app: App,
  actor: Actor,
  { label, bytes: said_bytes, is_verified }: Input<'note_backup'>,
): Promise<Output<'note_backup'>> {
  assertEverywhere(actor);
  const bytes = said_bytes ?? null;
  const note = { label, bytes, is_verified };
  const made_at = await storeBackup(app.sql, note, dbActor(actor));
  return { ...note, made_at: made_at.toString({ smallestUnit: 'second' }) };
}
