import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { LoadReport } from './report-types.ts';

/** Runs under `<home>/load/runs/NNNN`: the report, k6's own summary, and the load file while it runs. */

const report_name = 'report.json';
/** Numbers tried when several runs start at once. */
const TRIES_MAX = 100;

const runsDir = (home: string) => path.join(home, 'load/runs');
/** Where a run's files lie. */
export const folderOf = (home: string, run: number) =>
  path.join(runsDir(home), String(run).padStart(4, '0'));

/** Numbers of all runs, oldest first. */
export function listRuns(home: string): readonly number[] {
  if (!fs.existsSync(runsDir(home))) return [];
  return fs
    .readdirSync(runsDir(home))
    .filter((name) => /^\d{4,}$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

export type RunFolder = { readonly run: number; readonly dir: string };

/** Takes the next number. */
export function newRun(home: string): RunFolder {
  fs.mkdirSync(runsDir(home), { recursive: true, mode: 0o700 });
  const next = (listRuns(home).at(-1) ?? 0) + 1;
  for (let run = next; run < next + TRIES_MAX; run += 1) {
    const dir = folderOf(home, run);
    try {
      // Fails when another run was faster: then the number is taken.
      fs.mkdirSync(dir, { mode: 0o700 });
      return { run, dir };
    } catch (error) {
      if (!fs.existsSync(dir)) throw error;
    }
  }
  throw new Error('no free number for a run');
}

/** Files of a run hold tokens or addresses: for their owner only. */
export function writePrivate(file: string, text: string): void {
  fs.writeFileSync(file, text, { mode: 0o600 });
}

export function keepReport(folder: RunFolder, report: LoadReport): void {
  writePrivate(path.join(folder.dir, report_name), `${JSON.stringify(report, null, 2)}\n`);
}

function parse(text: string, where: string): LoadReport {
  try {
    const report: LoadReport = JSON.parse(text);
    if (report.report_version === 1 && typeof report.signature.value === 'string') return report;
  } catch (error) {
    throw new AppError('invalid_input', `${where} is no load report.`, {}, { cause: error });
  }
  throw new AppError('invalid_input', `${where} is no load report of version 1.`);
}

/** A report by its number, `last`, or a file. Throws `not_found`. */
export function readReport(home: string, ref: string): LoadReport {
  const number = ref === 'last' ? listRuns(home).at(-1) : Number(ref);
  const file = Number.isSafeInteger(number)
    ? path.join(folderOf(home, Number(number)), report_name)
    : ref;
  if (fs.existsSync(file)) return parse(fs.readFileSync(file, 'utf8'), `Run ${ref}`);
  throw new AppError('not_found', `There is no load report ${ref}.`, { next: 'petpro load list' });
}

/** The reports of all runs that have one, oldest first; at most `limit` of the newest. */
export function readReports(home: string, limit: number): readonly LoadReport[] {
  return listRuns(home)
    .slice(-limit)
    .flatMap((run) => {
      const file = path.join(folderOf(home, run), report_name);
      return fs.existsSync(file) ? [parse(fs.readFileSync(file, 'utf8'), `Run ${run}`)] : [];
    });
}
