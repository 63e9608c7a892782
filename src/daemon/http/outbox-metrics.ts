import { Gauge, type Registry } from 'prom-client';
import type { OutboxBacklog } from '../store/outbox.ts';

/** One look serves all gauges of a scrape, and scrapers that come together. */
const KEPT_MS = 1_000;
/** A scrape does not wait longer for a database that is away: it then says nothing of the outbox. */
const WAIT_MS = 2_000;

async function within<T>(work: Promise<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), WAIT_MS);
  try {
    return await Promise.race([work.catch(() => null), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * How far publication is behind, asked when somebody scrapes: also from a daemon that relays nothing,
 * so that it shows when no relay runs at all.
 */
export function addOutboxMetrics(registry: Registry, read: () => Promise<OutboxBacklog>): void {
  let kept: { readonly until_ms: number; readonly backlog: Promise<OutboxBacklog | null> } | null =
    null;
  const look = () => {
    const now_ms = performance.now();
    if (!kept || kept.until_ms <= now_ms) {
      kept = { until_ms: now_ms + KEPT_MS, backlog: within(read()) };
    }
    return kept.backlog;
  };
  const add = (name: string, help: string, value: (backlog: OutboxBacklog) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const backlog = await look();
        if (backlog === null) this.remove();
        else this.set(value(backlog));
      },
    });
  add(
    'petpro_outbox_lag_seconds',
    'Age of the oldest event that is not published; the dead do not count',
    ({ lag_ms }) => lag_ms / 1000,
  );
  add(
    'petpro_outbox_unpublished',
    'Events that are not published yet, 100000 at most; the dead do not count',
    ({ waiting }) => waiting,
  );
  add(
    'petpro_outbox_retrying',
    'Events that failed and will be tried again',
    ({ retrying }) => retrying,
  );
  add(
    'petpro_outbox_dead',
    'Events that were given up: petpro outbox list --dead --by-error',
    ({ dead }) => dead,
  );
}
