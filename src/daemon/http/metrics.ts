import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OutboxBacklog } from '../store/outbox.ts';
import type { OnTick } from '../workers/loop.ts';
import { addFeedMetrics, type FeedMetrics } from './feed-metrics.ts';
import { addKpiMetrics, type KpiSources } from './kpi-metrics.ts';
import { addOutboxMetrics } from './outbox-metrics.ts';
import type { Observe } from './request-log.ts';
import { createRequestTimes, seconds } from './request-times.ts';

export type Metrics = {
  readonly observeRequest: Observe;
  /** A loser of a slot who was answered from memory. */
  readonly countQuickRefusal: () => void;
  readonly onTick: OnTick;
  readonly feed: FeedMetrics;
  readonly text: () => Promise<string>;
  readonly content_type: string;
};

/** A registry per daemon, so that several can live in one process (tests do). */
export function createMetrics(
  readBacklog: (() => Promise<OutboxBacklog>) | null = null,
  kpis: KpiSources | null = null,
): Metrics {
  const registry = new Registry();
  if (readBacklog) addOutboxMetrics(registry, readBacklog);
  if (kpis) addKpiMetrics(registry, kpis);
  collectDefaultMetrics({ register: registry, prefix: 'petpro_' });
  const requests = createRequestTimes();
  const quick_refusals = new Counter({
    name: 'petpro_refusals_from_memory_total',
    help: 'Losers of a slot who were told what losers in the 100 ms before them were told',
    registers: [registry],
  });
  const ticks = new Histogram({
    name: 'petpro_worker_tick_duration_seconds',
    help: 'One batch of a worker',
    labelNames: ['worker', 'ok'] as const,
    buckets: seconds,
    registers: [registry],
  });
  const units = new Counter({
    name: 'petpro_worker_units_total',
    help: 'Holds swept, events published, mails sent and so on, by worker',
    labelNames: ['worker'] as const,
    registers: [registry],
  });
  const mismatches = new Gauge({
    name: 'petpro_inventory_mismatches',
    help: 'Rows that do not fit together, by kind; kind="any" counts the kinds, 0 is normal',
    labelNames: ['kind'] as const,
    registers: [registry],
  });
  return {
    observeRequest: (route, method, status, ms, code) => {
      requests.observe(route, method, status, ms);
      kpis?.tally.request(route, status, ms, code);
    },
    countQuickRefusal: () => quick_refusals.inc(),
    onTick: (tick) => {
      ticks.observe({ worker: tick.name, ok: String(tick.ok) }, tick.ms / 1000);
      units.inc({ worker: tick.name }, tick.units);
      if (tick.name !== 'reconcile') return;
      mismatches.reset();
      mismatches.set({ kind: 'any' }, Object.keys(tick.findings).length);
      for (const [kind, count] of Object.entries(tick.findings)) mismatches.set({ kind }, count);
    },
    feed: addFeedMetrics(registry),
    text: async () => `${await registry.metrics()}\n${requests.text()}`,
    content_type: registry.contentType,
  };
}
