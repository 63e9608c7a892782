import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { type ImportResult, importFile } from '../daemon/actions/import-file.ts';
import {
  addImportRun,
  analyzeImported,
  endImportRun,
  findImportRun,
  type ImportCounts,
  no_counts,
} from '../daemon/store/import-runs.ts';
import { assertSchema } from '../daemon/store/migrate.ts';
import { AppError } from '../domain/errors.ts';
import { readMap } from '../domain/import.ts';
import type { ImportKind } from '../domain/import-fields.ts';
import { type Context, say } from './context.ts';
import { countsText, progressOf, type Rejects, rejectsOf } from './import-report.ts';
import { readRows, type Source } from './import-source.ts';

/** One run of an import, from its first row or from where it broke off. */

/** Ids of a file are of this system when nobody names another. */
const SOURCE_DEFAULT = 'default';

/** What was typed. */
export type ImportWish = {
  readonly kind: ImportKind;
  readonly file: string;
  readonly source_name: string | null;
  readonly is_dry: boolean;
  readonly is_resumed: boolean;
  /** Null: not said. */
  readonly on_error: 'stop' | 'skip' | null;
  readonly open_slots: boolean;
  readonly map_text: string | null;
  readonly given: Readonly<Record<string, string>>;
  readonly rejects: string | null;
};

/** Beside the file; of a pipe, in the folder where one stands. A dry run leaves none unless asked. */
function rejectsFile(wish: ImportWish, source: Source): string | null {
  if (wish.rejects !== null) return wish.rejects;
  if (wish.is_dry || wish.on_error !== 'skip') return null;
  const end = source.format === 'csv' ? 'csv' : 'jsonl';
  return wish.file === '-' ? `${wish.kind}.rejects.${end}` : `${wish.file}.rejects.${end}`;
}

type Begun = {
  readonly run_id: string | null;
  readonly counts: ImportCounts;
  /** A run that goes on reads the file as it was read before. */
  readonly wish: ImportWish;
};

async function resume(
  context: Context,
  sql: Sql,
  wish: ImportWish,
  source: Source,
): Promise<Begun> {
  const { kind } = wish;
  const wanted = { kind, file_sha256: source.sha256 ?? '', source: wish.source_name };
  const found = await findImportRun(sql, wanted);
  if (found === null) {
    const detail =
      'No import of exactly this file broke off: it is done, was changed, or never began.';
    throw new AppError('not_found', detail, {
      next: `petpro import ${kind} ${wish.file} (rows that are here already count as same)`,
    });
  }
  const { run_id, rows_read, added, changed, same, kept, rejected, settings } = found;
  say(context, `Going on behind ${rows_read.toLocaleString('en')} rows that are done.`);
  return {
    run_id,
    counts: { rows_read, added, changed, same, kept, rejected },
    wish: {
      ...wish,
      source_name: found.source,
      map_text: wish.map_text ?? settings.map,
      on_error: wish.on_error ?? settings.on_error,
      open_slots: wish.open_slots || settings.open_slots,
    },
  };
}

async function begin(context: Context, sql: Sql, wish: ImportWish, source: Source): Promise<Begun> {
  if (wish.is_dry) return { run_id: null, counts: no_counts, wish };
  if (wish.is_resumed) return await resume(context, sql, wish, source);
  const run_id = await addImportRun(sql, {
    kind: wish.kind,
    file_name: path.basename(wish.file),
    file_sha256: source.sha256,
    source: wish.source_name ?? SOURCE_DEFAULT,
    settings: {
      map: wish.map_text,
      on_error: wish.on_error ?? 'stop',
      open_slots: wish.open_slots,
    },
    started_by: `${os.userInfo().username}@${os.hostname()}`.slice(0, 64),
  });
  return { run_id, counts: no_counts, wish };
}

export type ImportEnd = ImportResult & {
  readonly run_id: string | null;
  readonly rejects: Rejects;
  readonly ms: number;
};

/** Begins or goes on, and says how it ended; throws what broke it. */
export async function runImport(
  context: Context,
  sql: Sql,
  asked: ImportWish,
  source: Source,
): Promise<ImportEnd> {
  await assertSchema(sql);
  const { run_id, counts, wish } = await begin(context, sql, asked, source);
  const rejects = rejectsOf(source, rejectsFile(wish, source), wish.is_resumed);
  const progress = progressOf(context, wish.kind, source.bytes, counts.rows_read);
  const begun = performance.now();
  let done: ImportCounts = counts;
  const reading = {
    source,
    kind: wish.kind,
    map: readMap(wish.kind, wish.map_text),
    given: wish.given,
    on_bytes: progress.addBytes,
    on_columns: rejects.setColumns,
    stdin: process.stdin,
  };
  try {
    const result = await importFile(sql, {
      kind: wish.kind,
      source: wish.source_name ?? SOURCE_DEFAULT,
      run_id,
      on_error: wish.is_dry ? 'skip' : (wish.on_error ?? 'stop'),
      open_slots: wish.open_slots,
      rows: readRows(reading, context.signal),
      begin: counts,
      on_reject: rejects.add,
      on_batch: (now) => {
        done = now;
        progress.show(now.rows_read);
      },
      signal: context.signal,
    });
    if (run_id !== null)
      await endImportRun(sql, run_id, result.state === 'done' ? 'done' : 'stopped');
    if (run_id !== null && result.counts.added > 0) await analyzeImported(sql, wish.kind);
    return { ...result, run_id, rejects, ms: performance.now() - begun };
  } catch (error) {
    progress.end();
    const is_interrupted = context.signal.aborted;
    if (run_id !== null) {
      await endImportRun(sql, run_id, is_interrupted ? 'stopped' : 'failed').catch(() => {});
    }
    if (is_interrupted)
      return { counts: done, state: 'interrupted', run_id, rejects, ms: performance.now() - begun };
    if (done.rows_read > counts.rows_read)
      say(context, `Before that: ${countsText(done, wish.is_dry)}`);
    throw error;
  } finally {
    progress.end();
    rejects.close();
  }
}
