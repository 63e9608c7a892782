import type { AlertName, AlertState } from '../../domain/alerts.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Where alerts stand and what was said about them. sql/migrations/0070_kpis.sql */

export type AlertRow = {
  readonly name: AlertName;
  readonly state: AlertState;
  readonly value: number | null;
  readonly detail: string | null;
  readonly over_since: Temporal.Instant | null;
  readonly well_since: Temporal.Instant | null;
  readonly fired_at: Temporal.Instant | null;
  readonly cleared_at: Temporal.Instant | null;
  readonly acked_at: Temporal.Instant | null;
  readonly acked_by: string | null;
  readonly ack_reason: string | null;
  readonly muted_until: Temporal.Instant | null;
  readonly muted_by: string | null;
  readonly mute_reason: string | null;
};

/** All that have ever been looked at; silences that are over are left out. */
export async function readAlerts(sql: Db): Promise<readonly AlertRow[]> {
  return await run(sql<AlertRow[]>`
    select name, state, value, detail, over_since, well_since, fired_at, cleared_at, acked_at,
      acked_by, ack_reason,
      case when muted_until > now() then muted_until end as muted_until,
      case when muted_until > now() then muted_by end as muted_by,
      case when muted_until > now() then mute_reason end as mute_reason
    from alerts`);
}

export type ChangeRow = {
  readonly at: Temporal.Instant;
  readonly name: AlertName;
  readonly change: 'fired' | 'cleared' | 'acked' | 'muted' | 'unmuted';
  readonly value: number | null;
  readonly by: string | null;
  readonly reason: string | null;
};

/** The newest changes first. */
export async function readAlertChanges(sql: Db, limit: number): Promise<readonly ChangeRow[]> {
  return await run(sql<ChangeRow[]>`
    select at, name, change, value, by, reason
    from alert_changes
    order by id desc
    limit ${limit}`);
}

/** Takes the next look for this daemon when the last one, whoever had it, is old enough. */
export async function claimAlertLook(sql: Db, every_ms: number): Promise<boolean> {
  const rows = await run(sql`
    update kpi_state
    set looked_at = now()
    where looked_at is null or looked_at < now() - ${every_ms}::integer * interval '1 millisecond'
    returning looked_at`);
  return rows.length === 1;
}

export type Look = {
  readonly name: AlertName;
  readonly state: AlertState;
  readonly value: number | null;
  readonly detail: string | null;
  readonly over_since: Temporal.Instant | null;
  readonly well_since: Temporal.Instant | null;
};

/** Keeps where an alert stands; says what changed, if anything. */
export async function putAlert(sql: Db, look: Look): Promise<'fired' | 'cleared' | null> {
  const { name, state, value, detail, over_since, well_since } = look;
  const { change } = await runOne(sql<{ change: 'fired' | 'cleared' | null }[]>`
    select put_alert(
      ${name}, ${state}, ${value}::float8, ${detail}, ${over_since?.toString() ?? null}::timestamptz,
      ${well_since?.toString() ?? null}::timestamptz
    ) as change`);
  return change;
}

/** What somebody says about an alert. */
export async function tellAlert(
  sql: Db,
  word: {
    readonly name: AlertName;
    readonly word: 'ack' | 'mute' | 'unmute';
    readonly for_s: number | null;
    readonly reason: string | null;
    readonly by: string;
  },
  actor: DbActor,
): Promise<'ok' | 'already_done' | 'policy_refused'> {
  const { outcome } = await runOne(sql<{ outcome: 'ok' | 'already_done' | 'policy_refused' }[]>`
    select tell_alert(
      ${word.name}, ${word.word}, ${word.for_s}::integer, ${word.reason}, ${word.by},
      ${sql.json(actor)}
    ) as outcome`);
  return outcome;
}

/** Lets the alert `test` fire. */
export async function testAlerts(
  sql: Db,
  for_s: number,
  reason: string | null,
  actor: DbActor,
): Promise<void> {
  await run(sql`select test_alerts(${for_s}::integer, ${reason}, ${sql.json(actor)})`);
}
