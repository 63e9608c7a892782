import type { Sql } from 'postgres';
import type { DbActor } from './actor.ts';
import { type Db, openPatient, run, runOne } from './db.ts';

/** How long things are kept, and removing them bite by bite. sql/migrations/0067_retention.sql */

export type RetentionRow = {
  readonly what: string;
  readonly table_name: string;
  readonly keep_days: number | null;
  readonly min_days: number;
  readonly version: number;
  readonly next_block: number;
  readonly blocks: number;
  readonly round_count: number;
  readonly next_at: Temporal.Instant;
  readonly rounded_at: Temporal.Instant | null;
  readonly last_count: number;
  readonly total_count: number;
  readonly failed_at: Temporal.Instant | null;
  readonly last_error: string | null;
  readonly table_bytes: number;
  /** The clock of the database. */
  readonly now: Temporal.Instant;
};

/** More rules than this are not ours. */
const RULES_MAX = 100;
/** A count reads a whole table of years. */
const COUNT_TIMEOUT_MS = 100_000;

/** Every rule, or the one of that name. */
export async function readRetention(
  sql: Db,
  what: string | null,
): Promise<readonly RetentionRow[]> {
  return await run(sql<RetentionRow[]>`
    select what, table_name, keep_days, min_days, version, next_block,
      table_blocks(table_name) as blocks, round_count, next_at, rounded_at, last_count, total_count,
      failed_at, last_error, pg_total_relation_size(to_regclass(table_name)) as table_bytes,
      now() as now
    from retention_rules
    where ${what}::text is null or what = ${what}
    order by what
    limit ${RULES_MAX}`);
}

/** How many rows each of these rules would remove now, on a connection of its own. */
export async function countPrunable(
  sql: Sql,
  rules: readonly Pick<RetentionRow, 'what' | 'keep_days'>[],
): Promise<ReadonlyMap<string, number>> {
  const patient = openPatient(sql, COUNT_TIMEOUT_MS);
  const counts = new Map<string, number>();
  try {
    for (const { what, keep_days } of rules) {
      const { count } = await runOne(patient<{ count: number }[]>`
        select count_prunable(${what}, ${keep_days}::integer) as count`);
      counts.set(what, count);
    }
    return counts;
  } finally {
    await patient.end({ timeout: 1 });
  }
}

type Outcome = 'ok' | 'not_found' | 'conflict' | 'policy_refused';

/** Changes how long something is kept; null = for ever. */
export async function setRetention(
  sql: Db,
  wish: {
    readonly what: string;
    readonly keep_days: number | null;
    readonly expected_version: number | null;
    readonly reason: string;
  },
  actor: DbActor,
): Promise<Outcome> {
  const { what, keep_days, expected_version, reason } = wish;
  const { outcome } = await runOne(sql<{ outcome: Outcome }[]>`
    select set_retention(
      ${what}, ${keep_days}::integer, ${expected_version}::integer, ${reason}, ${sql.json(actor)}
    ) as outcome`);
  return outcome;
}

/** Asks for a round at once; whichever daemon looks first begins it. Null = of all rules. */
export async function requestPrune(
  sql: Db,
  what: string | null,
  reason: string,
  actor: DbActor,
): Promise<Outcome> {
  const { outcome } = await runOne(sql<{ outcome: Outcome }[]>`
    select request_prune(${what}::text, ${reason}, ${sql.json(actor)}) as outcome`);
  return outcome;
}

/** Rules whose time has come, the one that waits longest first. */
export async function duePrunes(sql: Db): Promise<readonly string[]> {
  const rows = await run(sql<{ what: string }[]>`
    select what
    from retention_rules
    where keep_days is not null and next_at <= now()
    order by next_at, what
    limit ${RULES_MAX}`);
  return rows.map(({ what }) => what);
}

export type Bite = {
  readonly outcome: 'ok' | 'not_due' | 'busy' | 'not_found';
  readonly removed: number;
  readonly is_round_over: boolean;
};

/** Removes what is old in the next blocks of a rule's table. */
export async function pruneBite(
  sql: Db,
  what: string,
  limits: { readonly blocks: number; readonly rest_ms: number },
): Promise<Bite> {
  return await runOne(sql<Bite[]>`
    select outcome, removed, is_round_over
    from prune_bite(${what}, ${limits.blocks}::integer, ${limits.rest_ms}::integer)`);
}

/** Keeps why a bite failed, and goes on behind it. */
export async function notePruneFailure(
  sql: Db,
  what: string,
  blocks: number,
  error: string,
): Promise<void> {
  await run(sql`select note_prune_failure(${what}, ${blocks}::integer, ${error})`);
}
