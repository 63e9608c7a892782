import type { FastifyInstance } from 'fastify';
import type { Health } from '../health.ts';
import type { Metrics } from './metrics.ts';

/**
 * Liveness, readiness, metrics, and at `/` what this is. No token: they say nothing about anybody,
 * and probes carry none.
 */
export function addProbes(
  server: FastifyInstance,
  parts: { readonly health: Health; readonly metrics: Metrics; readonly version: string },
): void {
  const { health, metrics, version } = parts;
  server.get('/', async () => ({
    name: 'petpro',
    version,
    docs: '/docs',
    openapi: '/openapi.json',
    health: '/healthz',
    ready: '/readyz',
  }));
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
