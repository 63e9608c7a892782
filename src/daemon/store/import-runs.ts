import type { ImportKind } from '../../domain/import-fields.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** How far each import has come, and who began it. */

export type ImportCounts = {
  /** Rows of the file that are dealt with, rejected ones too. */
  readonly rows_read: number;
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  /** Bookings that life has gone on for here. */
  readonly kept: number;
  readonly rejected: number;
};

export const no_counts: ImportCounts = {
  rows_read: 0,
  added: 0,
  changed: 0,
  same: 0,
  kept: 0,
  rejected: 0,
};

export type ImportRun = ImportCounts & {
  readonly run_id: string;
  readonly status: 'running' | 'stopped' | 'failed' | 'done';
  readonly source: string;
  readonly settings: ImportSettings;
  readonly started_at: Temporal.Instant;
};

/** How the file was read: a run that goes on reads it alike. */
export type ImportSettings = {
  /** As --map was written. */
  readonly map: string | null;
  readonly on_error: 'stop' | 'skip';
  readonly open_slots: boolean;
};

type NewRun = {
  readonly kind: ImportKind;
  readonly file_name: string;
  /** Null: from a pipe, which nobody can read again. */
  readonly file_sha256: string | null;
  readonly source: string;
  readonly settings: ImportSettings;
  /** Account and machine of whoever runs it. */
  readonly started_by: string;
};

/** A new run, with its entry in the audit log. */
export async function addImportRun(sql: Db, wish: NewRun): Promise<string> {
  const { kind, file_name, file_sha256, source, settings, started_by } = wish;
  const { run_id } = await runOne(sql<{ run_id: string }[]>`
    with added as (
      insert into import_runs (kind, file_name, file_sha256, source, settings, started_by)
      values (
        ${kind}, ${file_name}, ${file_sha256}, ${source}, ${sql.json(toJson(settings))},
        ${started_by}
      )
      returning *
    ), noted as (
      insert into audit_log (
        actor_kind, source, request_id, action, target_type, target_id, after
      )
      select 'system', 'cli', a.started_by, 'data.import', 'import_run', a.id::text,
        jsonb_build_object('kind', a.kind, 'file_name', a.file_name, 'source', a.source)
      from added a
    )
    select id as run_id from added`);
  return run_id;
}

/** The newest run over the same file (and of this source, when one is named) that did not end. */
export async function findImportRun(
  sql: Db,
  wish: {
    readonly kind: ImportKind;
    readonly file_sha256: string;
    readonly source: string | null;
  },
): Promise<ImportRun | null> {
  const [found] = await run(sql<ImportRun[]>`
    select id as run_id, status, source, settings, started_at, rows_read, added, changed, same, kept,
      rejected
    from import_runs
    where kind = ${wish.kind} and file_sha256 = ${wish.file_sha256} and (${wish.source}::text is null or source = ${wish.source})
      and status <> 'done'
    order by started_at desc
    limit 1`);
  return found ?? null;
}

/**
 * Notes how far the run has come; part of the batch's transaction. False when somebody else has gone on with this run
 * meanwhile.
 */
export async function saveImportRun(
  sql: Db,
  run_id: string,
  before: ImportCounts,
  now: ImportCounts,
): Promise<boolean> {
  const rows = await run(sql`
    update import_runs
    set rows_read = ${now.rows_read}, added = ${now.added}, changed = ${now.changed},
      same = ${now.same}, kept = ${now.kept}, rejected = ${now.rejected}, status = 'running',
      ended_at = null, updated_at = now()
    where id = ${run_id} and rows_read = ${before.rows_read}`);
  return rows.count === 1;
}

/** How it ended; `stopped` and `failed` ones can be gone on with. */
export async function endImportRun(
  sql: Db,
  run_id: string,
  status: 'stopped' | 'failed' | 'done',
): Promise<void> {
  await run(sql`
    update import_runs
    set status = ${status}, ended_at = now(), updated_at = now()
    where id = ${run_id}`);
}

/** The tables that a fresh import has filled are unknown to the planner until somebody looks. */
export async function analyzeImported(sql: Db, kind: ImportKind): Promise<void> {
  switch (kind) {
    case 'owners':
      await run(sql`analyze users`);
      return;
    case 'pets':
      await run(sql`analyze pets`);
      return;
    case 'bookings':
      await run(sql`analyze bookings, reservations, slots, slot_claims`);
      return;
    case 'clinics':
    case 'services':
    case 'vets':
      await run(sql`analyze clinics, services, staff`);
  }
}
