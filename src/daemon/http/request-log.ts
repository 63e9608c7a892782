import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../log.ts';
import { traceId } from './request-info.ts';

/** Probes come every second or so and say nothing; they are logged at debug level. */
const quiet = new Set(['/healthz', '/readyz', '/metrics']);

export type Observe = (route: string, method: string, status: number, ms: number) => void;

/** The route pattern, never the address: ids would make every line a kind of its own. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** An API answer is data for a program: nothing may sniff, cache, frame or run it. */
export const safe_headers = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** The same, name and value in turns, as Node writes them fastest. */
export const safe_header_list: readonly string[] = Object.entries(safe_headers).flat();

/** One canonical line per request, written when the answer is out. */
export function addRequestLog(server: FastifyInstance, log: Log, observe: Observe): void {
  server.addHook('onRequest', (request, reply, done) => {
    request.started_ms = performance.now();
    reply.headers(safe_headers).header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const ms = Math.round((performance.now() - request.started_ms) * 100) / 100;
    const route = routeOf(request);
    observe(route, request.method, reply.statusCode, ms);
    const line = {
      request_id: request.id,
      trace_id: traceId(request.raw) ?? undefined,
      method: request.method,
      route,
      status: reply.statusCode,
      code: request.problem_code ?? undefined,
      ms,
      role: request.actor?.role,
      actor_id: request.actor?.id,
      clinic_id: request.actor?.clinic_id ?? undefined,
      source: request.actor?.source,
    };
    if (quiet.has(route)) log.debug('http.request', line);
    else log.info('http.request', line);
    done();
  });
}
