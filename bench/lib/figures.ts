/** Figures of several rounds, and where they are kept. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const results = fileURLToPath(new URL('../results/', import.meta.url));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const rounded = (value: number, decimals = 2): number =>
  Math.round(value * 10 ** decimals) / 10 ** decimals;

/** Median of the rounds' own ratios: what disturbs one round disturbs both of its sides. */
export function ratioOf(a: readonly number[], b: readonly (number | null)[]): number | null {
  const ratios = a.flatMap((value, index) => {
    const other = b[index];
    return other ? [value / other] : [];
  });
  return ratios.length > 0 ? rounded(median(ratios)) : null;
}

/** One line of the table: what was measured, the figure, and the goal where there is one. */
export type Figure = {
  readonly what: string;
  readonly value: number | null;
  readonly unit: string;
  readonly goal?: { readonly at_least: number } | { readonly at_most: number };
  readonly baseline?: number | null;
};

export type Report = {
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly details: unknown;
};

function commit(): string {
  try {
    const args = ['describe', '--always', '--dirty'];
    return execFileSync('git', args, { cwd: results, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Keeps a report as bench/results/NAME.json, with what is needed to read it later. */
export function keep(report: Report): void {
  fs.mkdirSync(results, { recursive: true });
  const where = {
    commit: commit(),
    measured_at: new Date().toISOString(),
    machine: {
      cpus: os.cpus().length,
      model: os.cpus()[0]?.model ?? 'unknown',
      node: process.version,
      load_average: os.loadavg().map((value) => rounded(value)),
    },
  };
  const text = JSON.stringify({ ...where, ...report }, null, 2);
  fs.writeFileSync(path.join(results, `${report.name}.json`), `${text}\n`);
}

function verdict({ value, goal }: Figure): string {
  if (!goal || value === null) return '';
  const [sign, limit, is_met] =
    'at_least' in goal
      ? ['>=', goal.at_least, value >= goal.at_least]
      : ['<=', goal.at_most, value <= goal.at_most];
  return `${sign} ${limit} ${is_met ? 'met' : 'MISSED'}`;
}

/** The figures as an aligned table for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.value === null ? '-' : `${figure.value} ${figure.unit}`.trim(),
    verdict(figure),
    typeof figure.baseline === 'number' ? `before: ${figure.baseline}` : '',
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
