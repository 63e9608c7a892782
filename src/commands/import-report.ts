import fs from 'node:fs';
import type { Reject } from '../daemon/actions/import-file.ts';
import type { ImportCounts } from '../daemon/store/import-runs.ts';
import { type Context, say } from './context.ts';
import type { Source } from './import-source.ts';
import { alignedTable, csvField, tabbedTable } from './table.ts';

/** What a person sees of an import: how far it is, which rows were not taken, and why. */

/** Enough to see what is wrong; the file of rejected rows has all of them. */
const SHOWN_MAX = 20;
const TERMINAL_EVERY_MS = 100;
/** Where nobody looks at the line, one in a while is enough. */
const LOG_EVERY_MS = 10_000;
const BAR_WIDTH = 24;

export type ShownReject = {
  readonly line: number;
  readonly field: string | null;
  readonly why: string;
};

const number = (value: number) => value.toLocaleString('en');

function seconds(ms: number): string {
  const whole = Math.round(ms / 1_000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A bar in place on a terminal, lines elsewhere. */
export function progressOf(
  context: Context,
  verb: string,
  of_bytes: number | null,
  began_at_row: number,
) {
  const { io, config } = context;
  const in_place = io.is_err_tty && !config.accessible && config.term !== 'dumb';
  const begun = performance.now();
  let bytes = 0;
  let shown_at = begun;
  let is_shown = false;
  let first: { readonly ms: number; readonly part: number } | null = null;
  const textOf = (rows: number) => {
    const ms = performance.now() - begun;
    const rate = ((rows - began_at_row) * 1_000) / Math.max(ms, 1);
    const figures = `${number(rows)} rows, ${number(Math.round(rate))}/s`;
    if (of_bytes === null || of_bytes === 0) return `${verb} ${figures}`;
    const part = Math.min(bytes / of_bytes, 1);
    // Rows that an earlier run has dealt with pass by at once.
    first ??= { ms, part };
    const rest = ((ms - first.ms) / (part - first.part)) * (1 - part);
    const left = part > first.part && part < 1 ? `, ${seconds(rest)} left` : '';
    const percent = `${Math.floor(part * 100)} %`;
    const full = Math.round(part * BAR_WIDTH);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
    return `${verb} ${in_place ? `${bar} ` : ''}${percent}  ${figures}${left}`;
  };
  return {
    addBytes: (more: number) => {
      bytes += more;
    },
    show: (rows: number) => {
      const now = performance.now();
      if (context.quiet || now - shown_at < (in_place ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return;
      shown_at = now;
      is_shown = true;
      io.err(
        in_place ? `\r\u001b[K${textOf(rows).slice(0, io.columns() - 1)}` : `${textOf(rows)}\n`,
      );
    },
    /** Takes the bar away, so that what follows stands on a line of its own. */
    end: () => {
      if (in_place && is_shown) io.err('\r\u001b[K');
    },
  };
}

/** Keeps the first rejects for the eyes, and writes all of them to a file that can be mended and imported. */
export function rejectsOf(source: Source, file: string | null, is_appended: boolean) {
  const shown: ShownReject[] = [];
  let columns: readonly string[] = [];
  let fd: number | null = null;
  let count = 0;
  const write = (reject: Reject) => {
    if (file === null) return;
    const is_new = fd === null && !(is_appended && fs.existsSync(file));
    fd ??= fs.openSync(file, is_appended ? 'a' : 'w', 0o600);
    const [fault] = reject.faults;
    const why = reject.faults
      .map(({ field, why }) => [field, why].filter(Boolean).join(' '))
      .join('; ');
    const about = { _line: reject.line, _field: fault?.field ?? '', _why: why };
    if (source.format !== 'csv') {
      const { raw } = reject;
      const fields =
        typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? raw : { _raw: raw };
      fs.writeSync(fd, `${JSON.stringify({ ...fields, ...about })}\n`);
      return;
    }
    if (is_new)
      fs.writeSync(fd, `${[...columns, '_line', '_field', '_why'].map(csvField).join(',')}\r\n`);
    const cells = Array.isArray(reject.raw) ? reject.raw : [];
    const padded = columns.map((_, index) => cells[index] ?? '');
    // Cells of the file stand as they stood: their quotes are their own.
    const line = [...padded.map(plainField), ...Object.values(about).map(csvField)];
    fs.writeSync(fd, `${line.join(',')}\r\n`);
  };
  return {
    setColumns: (names: readonly string[]) => {
      columns = names.filter((name) => !name.startsWith('_'));
    },
    add: (reject: Reject) => {
      count += 1;
      for (const { field, why } of reject.faults) {
        if (shown.length < SHOWN_MAX) shown.push({ line: reject.line, field, why });
      }
      write(reject);
    },
    close: () => {
      if (fd !== null) fs.closeSync(fd);
    },
    shown,
    count: () => count,
    /** Null: nothing was rejected, or nobody wants the file. */
    file: () => (fd === null ? null : file),
  };
}

export type Rejects = ReturnType<typeof rejectsOf>;

function plainField(value: unknown): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows that were not taken, as a table on stderr. */
export function showRejects(context: Context, shown: readonly ShownReject[], count: number): void {
  if (context.quiet || shown.length === 0) return;
  const columns = [
    { head: 'LINE', text: (one: ShownReject) => String(one.line), right: true },
    { head: 'COLUMN', text: (one: ShownReject) => one.field ?? '-', whole: true },
    { head: 'WHY', text: (one: ShownReject) => one.why, whole: true },
  ];
  const lines = context.io.is_err_tty
    ? alignedTable(columns, shown, context.io.columns())
    : tabbedTable(columns, shown);
  context.io.err(`${lines.join('\n')}\n`);
  if (count > shown.length) say(context, `.. and more: ${number(count)} rows in all.`);
}

/** `1,200 rows: 1,000 new, 150 changed, 50 same`. */
export function countsText(counts: ImportCounts, is_dry: boolean): string {
  const parts = [
    [counts.added, 'new'],
    [counts.changed, 'changed'],
    [counts.same, 'same'],
    [counts.kept, 'left as they are here'],
    [counts.rejected, 'rejected'],
  ] as const;
  const said = parts.filter(([count], index) => count > 0 || index === 0);
  const list = said.map(([count, label]) => `${number(count)} ${label}`).join(', ');
  const rows = counts.rows_read === 1 ? 'row' : 'rows';
  return `${number(counts.rows_read)} ${rows}: ${list}${is_dry ? ' (nothing was written)' : ''}`;
}
