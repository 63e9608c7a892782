/** Percentiles of a run under way, from the counters that the k6 scripts keep (loadtest/lib/calls.ts). */

/** Upper bounds in ms; what took longer than the last is counted apart. */
const bounds_ms = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const;

/** Names of k6's counters, in the order of their bounds. */
export const bucket_names: readonly string[] = [
  ...bounds_ms.map((ms) => `took_${ms}`),
  'took_more',
];

/**
 * Where that part of the answers lies: inside of a bucket as if they were spread evenly. What took longer than all
 * bounds is told as the last bound: "at least". 0 = nothing was counted.
 */
export function percentileOf(counts: readonly number[], part: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return 0;
  let before = 0;
  for (const [index, count] of counts.entries()) {
    const wanted = all * part - before;
    const from = index === 0 ? 0 : (bounds_ms[index - 1] ?? 0);
    const to = bounds_ms[index] ?? from;
    if (count > 0 && wanted <= count) return from + (to - from) * (wanted / count);
    before += count;
  }
  return bounds_ms[bounds_ms.length - 1] ?? 0;
}

/** What was counted since an earlier look. */
export function since(now: readonly number[], before: readonly number[]): readonly number[] {
  return now.map((count, index) => Math.max(0, count - (before[index] ?? 0)));
}
