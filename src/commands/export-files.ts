import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { ExportRow } from '../daemon/store/export.ts';
import { AppError } from '../domain/errors.ts';
import { csvField } from './table.ts';

/** Files of an export: for their owner's eyes only, whole or not there. */

export const export_formats = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof export_formats)[number];

export type ExportedFile = {
  readonly data: string;
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
};

export const manifest_name = 'manifest.json';

/** Step by step: Node's own `recursive` never comes back where a file system makes no folders (/proc). */
function makeFolder(dir: string): void {
  if (fs.existsSync(dir)) return;
  makeFolder(path.dirname(dir));
  fs.mkdirSync(dir, { mode: 0o700 });
}

/** Makes the folder, and refuses one that holds an export already unless it may be replaced. */
export function openFolder(dir: string, may_replace: boolean): void {
  try {
    makeFolder(dir);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new AppError(
      'invalid_input',
      `The folder ${dir} cannot be made (${why}).`,
      {},
      {
        cause: error,
      },
    );
  }
  if (!may_replace && fs.existsSync(path.join(dir, manifest_name))) {
    throw new AppError('conflict', `${dir} holds an export already.`, {
      next: '--force replaces it, or choose another folder',
    });
  }
  // Without its manifest an export is not whole; this one is not whole yet.
  fs.rmSync(path.join(dir, manifest_name), { force: true });
}

/** Writes one file beside its name; it gets the name when it is whole. */
export function exportWriter(
  dir: string,
  data: string,
  format: ExportFormat,
  fields: readonly string[],
) {
  const file = `${data}.${format}`;
  const target = path.join(dir, file);
  const part = `${target}.part`;
  fs.rmSync(part, { force: true });
  const fd = fs.openSync(part, 'wx', 0o600);
  const hash = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  const write = (text: string) => {
    const piece = Buffer.from(text);
    fs.writeSync(fd, piece);
    hash.update(piece);
    bytes += piece.length;
  };
  if (format === 'csv') write(`${fields.join(',')}\r\n`);
  return {
    add: (items: readonly ExportRow[]) => {
      rows += items.length;
      const lines = items.map((item) =>
        format === 'csv'
          ? `${fields.map((field) => csvField(item[field])).join(',')}\r\n`
          : `${JSON.stringify(item)}\n`,
      );
      if (lines.length > 0) write(lines.join(''));
    },
    finish: (): ExportedFile => {
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      fs.renameSync(part, target);
      return { data, file, rows, bytes, sha256: hash.digest('hex') };
    },
    drop: () => {
      fs.closeSync(fd);
      fs.rmSync(part, { force: true });
    },
  };
}

/** Says what the export holds; comes last, so that whoever finds it has all of it. */
export function writeManifest(dir: string, manifest: Readonly<Record<string, unknown>>): void {
  const file = path.join(dir, manifest_name);
  fs.writeFileSync(`${file}.part`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.part`, file);
}
