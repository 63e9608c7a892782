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
import { AppError, problems } from '../domain/errors.ts';
import { readMap } from '../domain/import.ts';
import { type ImportKind, import_schemas } from '../domain/import-fields.ts';
import { type Context, say } from './context.ts';
import { databaseUrl, withDatabase } from './database.ts';
import { countsText, progressOf, rejectsOf, showRejects } from './import-report.ts';
import { openSource, readRows, type Source } from './import-source.ts';
import { printOne } from './output.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

/** `petpro import KIND FILE`: into PostgreSQL itself, as `migrate` does; docs/data.md says why. */

type Wish = {
  readonly kind: ImportKind;
  readonly file: string;
  readonly source_name: string;
  readonly is_dry: boolean;
  readonly is_resumed: boolean;
  readonly on_error: 'stop' | 'skip';
  readonly open_slots: boolean;
  readonly map: ReturnType<typeof readMap>;
  readonly given: Readonly<Record<string, string>>;
  readonly rejects: string | null;
};

function wishOf(context: Context, args: Args, kind: ImportKind): Wish {
  const [file = ''] = args.positional;
  const is_dry = flagOption(args, 'dry_run');
  const is_resumed = flagOption(args, 'resume');
  const source_name = textOption(args, 'source') ?? 'default';
  const clinic = context.config.clinic;
  const takes_clinic = Object.hasOwn(import_schemas[kind].shape, 'clinic_id');
  if (!/^[\w.-]{1,40}$/.test(source_name)) {
    throw new AppError(
      'invalid_input',
      '--source takes up to 40 letters, digits, dots and dashes.',
    );
  }
  if (is_dry && is_resumed) {
    throw new AppError('invalid_input', '--dry-run and --resume contradict each other.');
  }
  if (is_resumed && file === '-') {
    const next = `petpro import ${kind} - (again: rows that are here already count as same)`;
    throw new AppError('invalid_input', 'A pipe cannot be read again from where it broke off.', {
      next,
    });
  }
  return {
    kind,
    file,
    source_name,
    is_dry,
    is_resumed,
    on_error: textOption(args, 'on_error') === 'skip' ? 'skip' : 'stop',
    open_slots: flagOption(args, 'open_slots'),
    map: readMap(kind, textOption(args, 'map')),
    given: takes_clinic && clinic !== null ? { clinic_id: clinic } : {},
    rejects: textOption(args, 'rejects'),
  };
}

/** Beside the file; of a pipe, in the folder where one stands. A dry run leaves none unless asked. */
function rejectsFile(wish: Wish, source: Source): string | null {
  if (wish.rejects !== null) return wish.rejects;
  if (wish.is_dry || wish.on_error === 'stop') return null;
  const end = source.format === 'csv' ? 'csv' : 'jsonl';
  return wish.file === '-' ? `${wish.kind}.rejects.${end}` : `${wish.file}.rejects.${end}`;
}

type Begun = { readonly run_id: string | null; readonly begin: ImportCounts };

async function begin(context: Context, sql: Sql, wish: Wish, source: Source): Promise<Begun> {
  if (wish.is_dry) return { run_id: null, begin: no_counts };
  const { kind } = wish;
  if (wish.is_resumed) {
    const { sha256 } = source;
    const wanted = { kind, file_sha256: sha256 ?? '', source: wish.source_name };
    const found = await findImportRun(sql, wanted);
    if (found === null) {
      const detail = `No import of exactly this file broke off: it is done, was changed, or never began.`;
      throw new AppError('not_found', detail, {
        next: `petpro import ${kind} ${wish.file} (rows that are here already count as same)`,
      });
    }
    const { run_id, rows_read, added, changed, same, kept, rejected } = found;
    say(context, `Going on behind ${rows_read.toLocaleString('en')} rows that are done.`);
    return { run_id, begin: { rows_read, added, changed, same, kept, rejected } };
  }
  const run_id = await addImportRun(sql, {
    kind,
    file_name: path.basename(wish.file),
    file_sha256: source.sha256,
    source: wish.source_name,
    settings: { map: Object.fromEntries(wish.map), on_error: wish.on_error },
    started_by: `${os.userInfo().username}@${os.hostname()}`.slice(0, 64),
  });
  return { run_id, begin: no_counts };
}

function againText(wish: Wish, flag: string): string {
  return `petpro import ${wish.kind} ${wish.file} ${flag}`;
}

type Ended = ImportResult & { readonly run_id: string | null; readonly ms: number };

async function runImport(
  context: Context,
  sql: Sql,
  wish: Wish,
  source: Source,
  rejects: ReturnType<typeof rejectsOf>,
): Promise<Ended> {
  await assertSchema(sql);
  const { run_id, begin: counts } = await begin(context, sql, wish, source);
  const progress = progressOf(context, wish.kind, source.bytes, counts.rows_read);
  const begun = performance.now();
  let done: ImportCounts = counts;
  const reading = {
    source,
    kind: wish.kind,
    map: wish.map,
    given: wish.given,
    on_bytes: progress.addBytes,
    on_columns: rejects.setColumns,
    stdin: process.stdin,
  };
  try {
    const result = await importFile(sql, {
      kind: wish.kind,
      source: wish.source_name,
      run_id,
      on_error: wish.is_dry ? 'skip' : wish.on_error,
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
    return { ...result, run_id, ms: performance.now() - begun };
  } catch (error) {
    progress.end();
    const is_interrupted = context.signal.aborted;
    if (run_id !== null) {
      await endImportRun(sql, run_id, is_interrupted ? 'stopped' : 'failed').catch(() => {});
    }
    if (is_interrupted) return { counts: done, state: 'interrupted', run_id, ms: 0 };
    if (done.rows_read > counts.rows_read)
      say(context, `Before that: ${countsText(done, wish.is_dry)}`);
    throw error;
  } finally {
    progress.end();
  }
}

function stopped(
  context: Context,
  wish: Wish,
  ended: Ended,
  rejects: ReturnType<typeof rejectsOf>,
): AppError {
  const [first] = rejects.shown;
  say(context, `Before that: ${countsText(ended.counts, false)}`);
  const { rows_read, added, changed, same } = ended.counts;
  const where = `Line ${first?.line ?? '?'}`;
  const detail = `${where}: ${[first?.field, first?.why].filter(Boolean).join(' ')}.`;
  return new AppError('invalid_input', detail, {
    run_id: ended.run_id,
    rows_read,
    added,
    changed,
    same,
    errors: rejects.shown.map(({ line, field, why }) => ({
      path: `line ${line}`,
      message: [field, why].filter(Boolean).join(' '),
    })),
    next: `mend it and run the same line again, or: ${againText(wish, '--on-error skip')}`,
  });
}

async function importKind(context: Context, args: Args, kind: ImportKind): Promise<number> {
  const wish = wishOf(context, args, kind);
  const source = await openSource(wish.file, textOption(args, 'format'), context.signal);
  const { host, pathname } = new URL(databaseUrl(context));
  say(
    context,
    `${wish.is_dry ? 'Looking at' : 'Taking in'} ${kind}: ${wish.file} -> ${host}${pathname}`,
  );
  const rejects = rejectsOf(source, rejectsFile(wish, source), wish.is_resumed);
  const ended = await withDatabase(context, async (sql) => {
    return await runImport(context, sql, wish, source, rejects);
  }).finally(rejects.close);
  if (ended.state === 'stopped') throw stopped(context, wish, ended, rejects);
  const is_interrupted = ended.state === 'interrupted';
  const is_partial = ended.counts.rejected > 0;
  const next =
    is_interrupted && !wish.is_dry && wish.file !== '-' ? againText(wish, '--resume') : null;
  showRejects(context, rejects.shown, rejects.count());
  const file = rejects.file();
  printOne(context, {
    kind: 'ImportRun',
    item: {
      run_id: ended.run_id,
      data: kind,
      file: wish.file,
      state: ended.state,
      is_dry_run: wish.is_dry,
      ...ended.counts,
      rejects_file: file,
      duration_ms: Math.round(ended.ms),
      errors: rejects.shown,
      next,
    },
    csv: [
      'data',
      'state',
      'rows_read',
      'added',
      'changed',
      'same',
      'kept',
      'rejected',
      'rejects_file',
    ],
    name: ended.run_id ?? 'dry-run',
    lines: [
      [
        is_interrupted ? 'Stopped' : wish.is_dry ? 'Would be' : 'Done',
        countsText(ended.counts, wish.is_dry),
      ],
      ['rejected', file === null ? '' : `${file} (mend it, then import it)`],
      ['next', next ?? ''],
    ],
  });
  if (is_interrupted) return Number(context.signal.reason);
  return is_partial ? problems.partial.exit : 0;
}

/** `petpro import clinics` and its siblings. */
export function importOf(kind: ImportKind): Run {
  return async (context, args) => await importKind(context, args, kind);
}
