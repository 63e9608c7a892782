import type { KpiUnit } from './kpi.ts';

/** Figures as people read them: short enough for a column, the same on the command line and the console. */

function grouped(value: number, decimals: number): string {
  const scale = 10 ** decimals;
  const [whole = '', rest] = String(Math.round(value * scale) / scale).split('.');
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? thousands : `${thousands}.${rest}`;
}

/** `12.4`, `71.8`, `1,240`; `-` where there is nothing to say. The unit stands in the title. */
export function figureText(value: number | null, unit: KpiUnit): string {
  if (value === null) return '-';
  switch (unit) {
    case 'ms':
    case 'count':
    case 'money_per_hour':
      return grouped(value, value < 10 && unit === 'ms' ? 1 : 0);
    case 'percent':
    case 'per_minute':
    case 'per_second':
    case 'per_hour':
    case 's':
      return grouped(value, value < 100 ? 1 : 0);
  }
}

const LEVELS = '.:-=+*#';

/**
 * The newest values as one sign each, from nothing (the first of `levels`) to the largest; what is not
 * known is a blank. Where there are more than `width`, several share a sign: the largest of them counts.
 */
export function trendText(
  series: readonly (number | null)[],
  width: number,
  levels: string = LEVELS,
): string {
  const each = Math.max(1, Math.ceil(series.length / width));
  const columns: (number | null)[] = [];
  for (let end = series.length; end > 0; end -= each) {
    const known = series.slice(Math.max(0, end - each), end).filter((one) => one !== null);
    columns.unshift(known.length === 0 ? null : Math.max(...known));
  }
  const known = columns.filter((one) => one !== null);
  const high = Math.max(...known);
  const signs = [...levels];
  return columns
    .map((value) => {
      if (value === null) return ' ';
      const share = high > 0 ? value / high : 0;
      return signs[Math.round(share * (signs.length - 1))] ?? ' ';
    })
    .join('');
}
