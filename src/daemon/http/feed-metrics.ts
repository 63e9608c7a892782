import { Counter, Gauge, type Registry } from 'prom-client';
import type { ByeReason } from '../../domain/events.ts';

/** What is counted of the live feed. */
export type FeedMetrics = {
  /** One more connection; returns what to call when it is gone. */
  readonly countClient: () => () => void;
  readonly countBye: (reason: ByeReason) => void;
};

export function addFeedMetrics(registry: Registry): FeedMetrics {
  const clients = new Gauge({
    name: 'petpro_feed_clients',
    help: 'Open connections to the live feed of this daemon',
    registers: [registry],
  });
  const byes = new Counter({
    name: 'petpro_feed_byes_total',
    help: 'Connections to the live feed that this daemon ended, and why',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  return {
    countClient: () => {
      clients.inc();
      return () => clients.dec();
    },
    countBye: (reason) => byes.inc({ reason }),
  };
}
