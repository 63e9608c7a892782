/** The daemon's own figures before and after a run: was it slow, or only the load generator starved of CPU? */

const SCRAPE_MS = 5_000;
const MB = 1_048_576;

export type DaemonFigures = {
  readonly memory_mb: number | null;
  /** Requests answered within `le` seconds, all routes together, since the daemon started. */
  readonly buckets: ReadonlyMap<number, number>;
};

/** Scraped from /metrics; null when the daemon does not say. */
export async function daemonFigures(url: string): Promise<DaemonFigures | null> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_MS) });
    if (!response.ok) return null;
    return readFigures(await response.text());
  } catch {
    return null;
  }
}

export function readFigures(text: string): DaemonFigures {
  const bytes = /^petpro_process_resident_memory_bytes (\S+)/m.exec(text);
  const buckets = new Map<number, number>();
  const pattern = /^petpro_http_request_duration_seconds_bucket\{([^}]*)\} (\S+)$/gm;
  for (const [, labels = '', count] of text.matchAll(pattern)) {
    const [, bound = ''] = /\ble="([^"]+)"/.exec(labels) ?? [];
    const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(le, (buckets.get(le) ?? 0) + Number(count));
  }
  return { memory_mb: bytes ? Math.round(Number(bytes[1]) / MB) : null, buckets };
}

/**
 * The time within which that share of the run's requests was answered, as the daemon saw it: the upper bound of
 * a histogram bucket, in ms. Null when nothing was counted or the bucket has no bound.
 */
export function servedWithin(
  before: DaemonFigures | null,
  after: DaemonFigures | null,
  share: number,
): number | null {
  if (after === null) return null;
  const bounds = [...after.buckets.keys()].toSorted((a, b) => a - b);
  const since = (le: number) => (after.buckets.get(le) ?? 0) - (before?.buckets.get(le) ?? 0);
  const total = since(Number.POSITIVE_INFINITY);
  const bound = bounds.find((le) => since(le) >= total * share);
  if (total <= 0 || bound === undefined || !Number.isFinite(bound)) return null;
  return Math.round(bound * 1_000 * 100) / 100;
}
