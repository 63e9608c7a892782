import type { LoadReport } from './report-types.ts';

/** Two runs side by side: is the second one worse by more than is allowed? */

/** Differences below this are the noise of a shared machine. */
const NOISE_MS = 2;
const NOISE_RATE = 1;

export type Comparison = {
  readonly measure: string;
  readonly before: number;
  readonly after: number;
  /** Positive = worse; null where there is nothing to divide by. */
  readonly worse_percent: number | null;
  readonly passed: boolean;
};

type Measure = {
  readonly name: string;
  readonly read: (report: LoadReport) => number;
  readonly better: 'lower' | 'higher';
  readonly noise: number;
};

const counted = (name: 'server_errors' | 'dirty_answers' | 'timeouts'): Measure => ({
  name,
  read: (report) => report.counts[name],
  better: 'lower',
  noise: 0,
});

const latency = (name: 'p50' | 'p95' | 'p99'): Measure => ({
  name: `${name}_ms`,
  read: (report) => report.latency_ms[name],
  better: 'lower',
  noise: NOISE_MS,
});

const measures: readonly Measure[] = [
  latency('p50'),
  latency('p95'),
  latency('p99'),
  {
    name: 'requests_per_second',
    read: (report) => report.counts.requests_per_second,
    better: 'higher',
    noise: NOISE_RATE,
  },
  counted('server_errors'),
  counted('dirty_answers'),
  counted('timeouts'),
  {
    name: 'double_bookings',
    read: (report) => report.double_bookings,
    better: 'lower',
    noise: 0,
  },
];

/** One row per measure; `max_regression` is a share, 0.1 = 10 %. */
export function compareReports(
  before: LoadReport,
  after: LoadReport,
  max_regression: number,
): readonly Comparison[] {
  return measures.map(({ name, read, better, noise }) => {
    const [a, b] = [read(before), read(after)];
    const worse_by = better === 'lower' ? b - a : a - b;
    const share = a === 0 ? null : worse_by / a;
    const is_worse = worse_by > noise && (share === null || share > max_regression);
    return {
      measure: name,
      before: a,
      after: b,
      worse_percent: share === null ? null : Math.round(share * 1_000) / 10,
      passed: !is_worse,
    };
  });
}
