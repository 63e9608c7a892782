import type { FastifyInstance } from 'fastify';
import type { Health } from '../health.ts';
import type { Metrics } from './metrics.ts';

/**
 * Liveness, readiness and metrics. No token: they say nothing about anybody, and probes carry none.
 */
export function addProbes(server: FastifyInstance, health: Health, metrics: Metrics): void {
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const report = await health.check();
    reply.code(report.status === 'down' ? 503 : 200);
    return report;
  });
  server.get('/metrics', async (_request, reply) => {
    reply.type(metrics.content_type);
    return await metrics.text();
  });
}
