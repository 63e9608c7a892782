import type { Sql } from 'postgres';
import type { DbActor } from './actor.ts';
import { type Db, openPatient, run, runOne } from './db.ts';

/** Materialized views: how old they are, and refreshing them. sql/migrations/0065_views_state.sql */

export type ViewRow = {
  readonly view_name: string;
  readonly refresh_every_ms: number;
  readonly stale_after_ms: number;
  readonly refreshed_at: Temporal.Instant | null;
  readonly is_concurrent: boolean | null;
  readonly duration_ms: number | null;
  readonly row_count: number | null;
  readonly refresh_count: number;
  readonly total_ms: number;
  readonly requested_at: Temporal.Instant | null;
  readonly failed_at: Temporal.Instant | null;
  readonly failures_in_row: number;
  readonly last_error: string | null;
  readonly note: 'no_unique_index' | null;
  readonly next_at: Temporal.Instant;
  readonly size_bytes: number | null;
  /** The clock of the database. */
  readonly now: Temporal.Instant;
};

/** More views than this are not ours. */
const VIEWS_MAX = 50;

/** Every view, or the one of that name. */
export async function readViews(sql: Db, view_name: string | null): Promise<readonly ViewRow[]> {
  return await run(sql<ViewRow[]>`
    select view_name, refresh_every_ms, stale_after_ms, refreshed_at, is_concurrent, duration_ms,
      row_count, refresh_count, total_ms, requested_at, failed_at, failures_in_row, last_error,
      note, next_at, pg_total_relation_size(to_regclass(view_name)) as size_bytes, now() as now
    from views_state
    where ${view_name}::text is null or view_name = ${view_name}
    order by view_name
    limit ${VIEWS_MAX}`);
}

/** Asks for a refresh; whichever daemon looks first does it. */
export async function requestRefresh(
  sql: Db,
  { view_name, concurrently }: { readonly view_name: string; readonly concurrently: boolean },
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' | 'policy_refused' }> {
  return await runOne(sql<{ outcome: 'ok' | 'not_found' | 'policy_refused' }[]>`
    select outcome
    from request_view_refresh(${view_name}, ${concurrently}, ${sql.json(actor)})`);
}

/** Names of views whose time has come. */
export async function dueViews(sql: Db): Promise<readonly string[]> {
  const rows = await run(sql<{ view_name: string }[]>`
    select view_name from views_state where next_at <= now() order by next_at limit ${VIEWS_MAX}`);
  return rows.map(({ view_name }) => view_name);
}

export type Refreshed = {
  readonly outcome: 'ok' | 'not_due' | 'busy' | 'not_found';
  readonly duration_ms: number | null;
  readonly row_count: number | null;
  readonly note: string | null;
};

/**
 * Refreshes one view when it is due, on a connection of its own that may take that long; the signal cancels the
 * statement. Raises what the database says.
 */
export async function refreshView(
  sql: Sql,
  view_name: string,
  limits: { readonly timeout_ms: number; readonly signal: AbortSignal },
): Promise<Refreshed> {
  const { timeout_ms, signal } = limits;
  const patient = openPatient(sql, timeout_ms);
  const statement = patient<Refreshed[]>`
    select outcome, duration_ms, row_count, note from refresh_view(${view_name})`;
  const cancel = () => statement.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const [row] = await statement;
    if (row === undefined) throw new Error('refresh_view returned no row');
    return row;
  } finally {
    signal.removeEventListener('abort', cancel);
    await patient.end({ timeout: 1 });
  }
}

/** Keeps why a refresh failed; returns how many have failed in a row. */
export async function noteViewFailure(sql: Db, view_name: string, error: string): Promise<number> {
  const { failures } = await runOne(sql<{ failures: number }[]>`
    select coalesce(note_view_failure(${view_name}, ${error}), 0) as failures`);
  return failures;
}
