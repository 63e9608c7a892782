import type { LoadSample } from '../load-port.ts';

/** Charts of a load run, one column per second. */

export type Second = { readonly rps: number; readonly p95_ms: number };

/** Samples come twice a second, not evenly: the last one of each second stands for it. */
export function perSecond(samples: readonly LoadSample[]): readonly Second[] {
  const last = new Map<number, LoadSample>();
  for (const sample of samples) last.set(Math.floor(sample.elapsed_ms / 1_000), sample);
  const ends = [...last.values()];
  return ends.map((sample, index) => {
    const before = ends[index - 1];
    const ms = sample.elapsed_ms - (before?.elapsed_ms ?? 0);
    const requests = sample.requests - (before?.requests ?? 0);
    return { rps: ms <= 0 ? 0 : Math.max(0, (requests / ms) * 1_000), p95_ms: sample.p95_now_ms };
  });
}

/**
 * Bars as text, top row first; the largest value is as high as the chart. `levels` are signs from empty to full; what
 * is more than nothing is never drawn as nothing.
 */
export function barChart(
  values: readonly number[],
  rows: number,
  levels: string,
): readonly string[] {
  const steps = [...levels];
  const full = steps.length - 1;
  const top = Math.max(0, ...values);
  const heights = values.map((value) => (top === 0 ? 0 : Math.ceil((value / top) * rows * full)));
  return Array.from({ length: rows }, (_, index) => {
    const below = (rows - 1 - index) * full;
    return heights
      .map((height) => steps[Math.max(0, Math.min(full, height - below))] ?? ' ')
      .join('');
  });
}
