import os from 'node:os';
import path from 'node:path';
import type { Sql, TransactionSql } from 'postgres';
import {
  type ExportKind,
  export_kinds,
  exportFields,
  exportRows,
  findExportClinic,
  inSnapshot,
  noteExport,
} from '../daemon/store/export.ts';
import { assertSchema, verifyMigrations } from '../daemon/store/migrate.ts';
import { AppError } from '../domain/errors.ts';
import { type Context, say } from './context.ts';
import { databaseUrl, withDatabase } from './database.ts';
import {
  type ExportedFile,
  type ExportFormat,
  export_formats,
  exportWriter,
  manifest_name,
  openFolder,
  writeManifest,
} from './export-files.ts';
import { progressOf } from './import-report.ts';
import { printList } from './output.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

/** `petpro export all --to DIR`: one picture of the database as files; docs/data.md. */

type Scope = { readonly clinic_id: string | null; readonly code: string | null };

async function scopeOf(context: Context, sql: Sql): Promise<Scope> {
  const { clinic } = context.config;
  if (clinic === null) return { clinic_id: null, code: null };
  const found = await findExportClinic(sql, clinic);
  if (found !== null) return found;
  throw new AppError('not_found', `There is no clinic "${clinic}" in this database.`);
}

async function writeKind(
  context: Context,
  tx: TransactionSql,
  kind: ExportKind,
  wish: { readonly dir: string; readonly format: ExportFormat; readonly scope: Scope },
): Promise<ExportedFile> {
  const writer = exportWriter(wish.dir, kind, wish.format, await exportFields(tx, kind));
  const progress = progressOf(context, kind, null, 0);
  let rows = 0;
  try {
    for await (const items of exportRows(tx, kind, wish.scope)) {
      context.signal.throwIfAborted();
      writer.add(items);
      rows += items.length;
      progress.show(rows);
    }
    return writer.finish();
  } catch (error) {
    writer.drop();
    throw error;
  } finally {
    progress.end();
  }
}

async function exportKinds(
  context: Context,
  args: Args,
  kinds: readonly ExportKind[],
): Promise<undefined> {
  const dir = path.resolve(textOption(args, 'to') ?? '.');
  const format = export_formats.find((one) => one === textOption(args, 'format')) ?? 'csv';
  const { host, pathname } = new URL(databaseUrl(context));
  const done = await withDatabase(context, async (sql) => {
    await assertSchema(sql);
    const scope = await scopeOf(context, sql);
    openFolder(dir, flagOption(args, 'force'));
    const by = `${os.userInfo().username}@${os.hostname()}`.slice(0, 64);
    const is_noted = await noteExport(sql, { kinds, clinic_id: scope.clinic_id, by });
    if (!is_noted) say(context, 'This is a replica: its audit log cannot say who exported.');
    const only = scope.code === null ? '' : ` of ${scope.code} only`;
    say(context, `${host}${pathname}${only} -> ${dir}`);
    return await inSnapshot(sql, async (tx, as_of) => {
      const files: ExportedFile[] = [];
      for (const kind of kinds) {
        files.push(await writeKind(context, tx, kind, { dir, format, scope }));
      }
      writeManifest(dir, {
        format: 'petpro-export/1',
        as_of,
        schema_version: (await verifyMigrations(tx)).version,
        clinic: scope.code,
        files,
      });
      return { as_of, files };
    });
  });
  printList(context, {
    kind: 'Export',
    items: done.files,
    columns: [
      { head: 'DATA', text: ({ data }) => data },
      { head: 'ROWS', text: ({ rows }) => rows.toLocaleString('en'), right: true },
      { head: 'BYTES', text: ({ bytes }) => bytes.toLocaleString('en'), right: true },
      { head: 'FILE', text: ({ file }) => path.join(dir, file), whole: true },
      { head: 'SHA256', text: ({ sha256 }) => sha256, wide: true },
    ],
    csv: ['data', 'file', 'rows', 'bytes', 'sha256'],
    name: ({ file }) => path.join(dir, file),
    as_of: done.as_of,
  });
  say(context, `These files hold personal data; ${manifest_name} says what belongs to them.`);
}

/** `petpro export all`, or one kind. */
export function exportOf(kind: ExportKind | 'all'): Run {
  return async (context, args) =>
    await exportKinds(context, args, kind === 'all' ? export_kinds : [kind]);
}
