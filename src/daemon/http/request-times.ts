/** 1 ms to 15 s: from the loser of a race to the request timeout. */
export const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15];

const metric = 'petpro_http_request_duration_seconds';
const help = 'From the first byte of a request to the last byte of its answer';

type Series = { readonly labels: string; readonly counts: Float64Array; sum: number };

export type RequestTimes = {
  readonly observe: (route: string, method: string, status: number, ms: number) => void;
  /** The histogram in the Prometheus text format, without a line feed at its end. */
  readonly text: () => string;
};

const quoted = (text: string) => `"${text.replaceAll(/[\\"\n]/g, '_')}"`;

function lines({ labels, counts, sum }: Series): readonly string[] {
  let total = 0;
  const buckets = [...counts].map((count, index) => {
    total += count;
    return `${metric}_bucket{le="${seconds[index] ?? '+Inf'}",${labels}} ${total}`;
  });
  return [...buckets, `${metric}_sum{${labels}} ${sum}`, `${metric}_count{${labels}} ${total}`];
}

/**
 * The one histogram that every request touches. The metrics library hashes the labels on each
 * observation, which cost as much as a look at a lock; here it is two look-ups and an addition.
 * Routes, methods and statuses are few and ours, so the series are bounded.
 */
export function createRequestTimes(): RequestTimes {
  const by_route = new Map<string, Map<string, Series>>();

  const seriesOf = (route: string, method: string, status: number): Series => {
    const known_route = by_route.get(route) ?? new Map<string, Series>();
    by_route.set(route, known_route);
    const key = `${method} ${status}`;
    const known = known_route.get(key);
    if (known) return known;
    const labels = `route=${quoted(route)},method=${quoted(method)},status="${status}"`;
    const counts = new Float64Array(seconds.length + 1);
    const made: Series = { labels, counts, sum: 0 };
    known_route.set(key, made);
    return made;
  };

  return {
    observe: (route, method, status, ms) => {
      const series = seriesOf(route, method, status);
      const took = ms / 1000;
      series.sum += took;
      let bucket = 0;
      while (bucket < seconds.length && took > (seconds[bucket] ?? 0)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    },
    text: () => {
      const all = [...by_route.values()].flatMap((series) => [...series.values()]);
      return [`# HELP ${metric} ${help}`, `# TYPE ${metric} histogram`, ...all.flatMap(lines)]
        .join('\n')
        .concat('\n');
    },
  };
}
