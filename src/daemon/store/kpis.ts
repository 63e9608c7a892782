import type { Counts } from '../../domain/kpi.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Counts of all daemons, by minute and by hour. sql/migrations/0070_kpis.sql */

/** What only the process itself sees. */
export type Gauges = {
  readonly disk_used_percent: number | null;
  /** Until the certificate of PETPRO_PUBLIC_URL ends; null = none, or it cannot be seen. */
  readonly certificate_days: number | null;
};

/** Adds what one daemon counted since it told last. */
export async function tellCounts(
  sql: Db,
  daemon_id: string,
  counts: Counts,
  gauges: Gauges,
): Promise<void> {
  await run(sql`select tell_counts(${daemon_id}, ${sql.json(counts)}, ${sql.json(gauges)})`);
}

/** The last that a daemon tells before it stops. */
export async function endDaemon(sql: Db, daemon_id: string, counts: Counts): Promise<void> {
  await tellCounts(sql, daemon_id, counts, { disk_used_percent: null, certificate_days: null });
  await run(sql`delete from kpi_daemons where daemon_id = ${daemon_id}`);
}

/**
 * Counts the next events of the outbox; how many it went past, 0 also when another is at it. `is_careful`
 * leaves out what cannot be read.
 */
export async function countEvents(sql: Db, limit: number, is_careful = false): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select count_events(${limit}::integer, ${is_careful}) as count`);
  return count;
}

/** Takes the counts of once a minute; false when another daemon has. */
export async function countMinute(sql: Db, every_ms: number): Promise<boolean> {
  const { is_done } = await runOne(sql<{ is_done: boolean }[]>`
    select count_minute(${every_ms}::integer) as is_done`);
  return is_done;
}

export type CountRow = { readonly at: Temporal.Instant; readonly counts: Counts };

/** Of every source, the minutes from `minutes` ago on. */
export async function readSamples(sql: Db, minutes: number): Promise<readonly CountRow[]> {
  return await run(sql<CountRow[]>`
    select minute as at, counts
    from kpi_samples
    where minute > date_trunc('minute', now()) - ${minutes}::integer * interval '1 minute'
    order by minute`);
}

/** The whole hours from `hours` ago on, and the one under way. */
export async function readHours(sql: Db, hours: number): Promise<readonly CountRow[]> {
  return await run(sql<CountRow[]>`
    select hour as at, counts
    from kpi_hours
    where hour > date_trunc('hour', now()) - ${hours}::integer * interval '1 hour'
    order by hour`);
}

export type KpiState = {
  readonly counted_at: Temporal.Instant | null;
  readonly looked_at: Temporal.Instant | null;
  readonly test_until: Temporal.Instant | null;
  readonly totals: Counts;
  readonly daemons: number;
  readonly disk_used_percent: number | null;
  readonly certificate_days: number | null;
  /** The clock of the database. */
  readonly now: Temporal.Instant;
};

/** A daemon that has told nothing for longer is gone. */
const DAEMON_GONE_S = 120;

/** How far was counted, and the worst of what the daemons see. */
export async function readKpiState(sql: Db): Promise<KpiState> {
  return await runOne(sql<KpiState[]>`
    select s.counted_at, s.looked_at, s.test_until, s.totals, now() as now, d.*
    from kpi_state s
    cross join (
      select count(*) as daemons,
        max((gauges ->> 'disk_used_percent')::float8) as disk_used_percent,
        min((gauges ->> 'certificate_days')::float8) as certificate_days
      from kpi_daemons
      where seen_at > now() - ${DAEMON_GONE_S}::integer * interval '1 second'
    ) as d`);
}

type BackupNote = {
  readonly label: string;
  readonly bytes: number | null;
  readonly is_verified: boolean;
};

/** Notes a backup that somebody made. */
export async function noteBackup(
  sql: Db,
  { label, bytes, is_verified }: BackupNote,
  actor: DbActor,
): Promise<Temporal.Instant> {
  const { made_at } = await runOne(sql<{ made_at: Temporal.Instant }[]>`
    select note_backup(${label}, ${bytes}::bigint, ${is_verified}, ${sql.json(actor)}) as made_at`);
  return made_at;
}

/** Age of the newest backup in seconds, archived write-ahead log counted too; null = there never was one. */
export async function backupAge(sql: Db): Promise<number | null> {
  const { age_s } = await runOne(sql<{ age_s: number | null }[]>`
    select extract(epoch from now() - greatest(
      (select max(made_at) from backup_notes),
      (select last_archived_time from pg_stat_archiver)
    ))::float8 as age_s`);
  return age_s;
}

/** Connections of all daemons to this database, and the deadlocks that it has counted. */
export async function readConnections(sql: Db): Promise<{
  readonly active: number;
  readonly idle: number;
  readonly waiting: number;
  readonly deadlocks: number;
}> {
  return await runOne(sql<{ active: number; idle: number; waiting: number; deadlocks: number }[]>`
    select
      count(*) filter (
        where state = 'active' and wait_event_type is distinct from 'Lock'
      ) as active,
      count(*) filter (where state like 'idle%') as idle,
      count(*) filter (where wait_event_type = 'Lock') as waiting,
      (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks
    from pg_stat_activity
    where datname = current_database() and application_name = 'petpro'`);
}
