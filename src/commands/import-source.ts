import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { SourceRow } from '../daemon/actions/import-file.ts';
import { AppError, type Json } from '../domain/errors.ts';
import { type Columns, fieldOf, matchColumns } from '../domain/import.ts';
import { CsvFault, csvReader, withoutGuard } from '../domain/import-csv.ts';
import type { ImportKind } from '../domain/import-fields.ts';
import { JsonFault, jsonLinesReader, jsonReader } from '../domain/import-json.ts';

/** The file of an import, read piece by piece: its bytes, its text, its rows. */

export const file_formats = ['csv', 'json', 'jsonl'] as const;
export type FileFormat = (typeof file_formats)[number];

export type Source = {
  /** `-` = standard input, which cannot be read twice. */
  readonly file: string;
  readonly format: FileFormat;
  /** Null: unknown, from a pipe. */
  readonly bytes: number | null;
  readonly sha256: string | null;
};

const LINE_FEED = 0x0a;

/** By --format, else by the end of the name. */
function formatOf(file: string, asked: string | null): FileFormat {
  const word = asked ?? path.extname(file).slice(1).toLowerCase();
  const known = file_formats.find((format) => format === (word === 'ndjson' ? 'jsonl' : word));
  if (known !== undefined) return known;
  throw new AppError(
    'invalid_input',
    `Nothing says which format ${file === '-' ? 'the input' : file} has.`,
    {
      next: `--format ${file_formats.join('|')}`,
    },
  );
}

/** Looks at the file once, all of it, so that a run that goes on knows that it is the same. */
export async function openSource(
  file: string,
  asked: string | null,
  signal: AbortSignal,
): Promise<Source> {
  const format = formatOf(file, asked);
  if (file === '-') return { file, format, bytes: null, sha256: null };
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of fs.createReadStream(file, { signal })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const detail = `${file} cannot be read (${why}).`;
    throw new AppError('invalid_input', detail, { next: `ls -l ${file}` }, { cause: error });
  }
  return { file, format, bytes, sha256: hash.digest('hex') };
}

function encodingFault(line: number): AppError {
  const detail = `Line ${line} is not UTF-8.`;
  return new AppError('invalid_input', detail, {
    line,
    next: 'save the file as "CSV UTF-8", or: iconv -f WINDOWS-1252 -t UTF-8 FILE',
  });
}

/** Text of a stream of bytes, cut at line feeds where possible; refuses what is not UTF-8, by its line. */
function decoder() {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let line = 1;
  let is_first = true;
  return (chunk: Uint8Array, is_last: boolean): string => {
    if (
      is_first &&
      ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff))
    ) {
      throw encodingFault(1);
    }
    try {
      const text = strict.decode(chunk, { stream: !is_last });
      const shown = is_first && text.startsWith('\ufeff') ? text.slice(1) : text;
      is_first = is_first && text === '';
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) {
        line += 1;
      }
      return shown;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw encodingFault(line + linesBeforeFault(chunk));
    }
  };
}

/** Whole lines of the piece that are fine before the first that is not. */
function linesBeforeFault(chunk: Uint8Array): number {
  let from = 0;
  let lines = 0;
  for (;;) {
    const end = chunk.indexOf(LINE_FEED, from);
    // The first line may begin within a character that the piece before has begun.
    const is_judged = lines > 0 || end === -1;
    try {
      new TextDecoder('utf-8', { fatal: is_judged }).decode(
        chunk.subarray(from, end === -1 ? chunk.length : end),
      );
    } catch {
      return lines;
    }
    if (end === -1) return lines;
    from = end + 1;
    lines += 1;
  }
}

type Reading = {
  readonly source: Source;
  readonly kind: ImportKind;
  readonly map: Columns;
  /** Fields for rows that do not have them: `--clinic`. */
  readonly given: Readonly<Record<string, string>>;
  readonly on_bytes: (bytes: number) => void;
  /** Told once, for the head of the file of rejected rows. */
  readonly on_columns: (columns: readonly string[]) => void;
  readonly stdin: Readable;
};

function csvRows(reading: Reading) {
  const reader = csvReader();
  let columns: readonly string[] | null = null;
  let fields: readonly (string | null)[] = [];
  const take = (rows: ReturnType<typeof reader.push>): readonly SourceRow[] =>
    rows.flatMap(({ line, cells }): readonly SourceRow[] => {
      if (columns === null) {
        columns = cells.map((cell) => cell.trim());
        const { kind, map, given } = reading;
        const matched = matchColumns(kind, columns, map, Object.keys(given));
        fields = columns.map((column) => matched.get(column) ?? null);
        reading.on_columns(columns);
        return [];
      }
      if (cells.length !== columns.length) {
        const why = `the row has ${cells.length} cells, the first line has ${columns.length}`;
        return [{ line, values: null, fault: { field: null, why }, raw: cells }];
      }
      const values: Record<string, string> = { ...reading.given };
      for (const [index, cell] of cells.entries()) {
        const field = fields[index];
        if (field !== null && field !== undefined) values[field] = withoutGuard(cell);
      }
      return [{ line, values, fault: null, raw: cells }];
    });
  return {
    push: (text: string) => take(reader.push(text)),
    end: () => {
      const rows = take(reader.end());
      if (columns !== null) return rows;
      throw new AppError('invalid_input', 'The file is empty: not even its columns are named.');
    },
  };
}

function jsonRows(reading: Reading) {
  const reader = reading.source.format === 'json' ? jsonReader() : jsonLinesReader();
  const { kind, map, given } = reading;
  const names = new Map<string, string | null | undefined>();
  const nameOf = (key: string) => {
    if (!names.has(key)) names.set(key, map.has(key) ? map.get(key) : fieldOf(kind, key));
    return names.get(key);
  };
  const rowOf = ({ line, text }: { readonly line: number; readonly text: string }): SourceRow => {
    let value: Json;
    try {
      value = JSON.parse(text);
    } catch {
      return { line, values: null, fault: { field: null, why: 'is no JSON' }, raw: text };
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { line, values: null, fault: { field: null, why: 'is no object' }, raw: value };
    }
    const values: Record<string, unknown> = { ...given };
    for (const [key, one] of Object.entries(value)) {
      const field = nameOf(key);
      // A key that is no field is refused by its own name.
      if (field !== null) values[field ?? key] = one;
    }
    return { line, values, fault: null, raw: value };
  };
  return {
    push: (text: string) => reader.push(text).map(rowOf),
    end: () => reader.end().map(rowOf),
  };
}

/** Every row of the file in order, in the memory of a piece of it. Throws when the file itself is broken. */
export async function* readRows(reading: Reading, signal: AbortSignal): AsyncIterable<SourceRow> {
  const { file, format } = reading.source;
  const rows = format === 'csv' ? csvRows(reading) : jsonRows(reading);
  const decode = decoder();
  const stream = file === '-' ? reading.stdin : fs.createReadStream(file, { signal });
  try {
    for await (const chunk of stream) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      reading.on_bytes(bytes.length);
      yield* rows.push(decode(bytes, false));
    }
    yield* rows.push(decode(new Uint8Array(), true));
    yield* rows.end();
  } catch (error) {
    if (error instanceof CsvFault || error instanceof JsonFault) {
      const detail = `Line ${error.line} of ${file}: ${error.message}.`;
      const next = `mend it, then the same line again: rows that are here already count as same`;
      throw new AppError('invalid_input', detail, { line: error.line, next }, { cause: error });
    }
    throw error;
  }
}
