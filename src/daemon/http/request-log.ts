import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../log.ts';
import type { Actor } from '../app-types.ts';
import { traceId } from './request-info.ts';

/** Probes come every second or so and say nothing; they are logged at debug level. */
const quiet = new Set(['/healthz', '/readyz', '/metrics']);

export type Observe = (
  route: string,
  method: string,
  status: number,
  ms: number,
  code: string | null,
) => void;

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

/** What is known of a request once its answer is out. */
export type RequestLine = {
  readonly request_id: string;
  readonly trace_id: string | null;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly code: string | null;
  readonly ms: number;
  readonly actor: Pick<Actor, 'role' | 'id' | 'clinic_id'> | null;
  readonly source: string | undefined;
};

/** Writes the canonical line of a request, and counts it. */
export function requestNotes(log: Log, observe: Observe): (line: RequestLine) => void {
  return ({ request_id, trace_id, method, route, status, code, ms: exact_ms, actor, source }) => {
    const ms = Math.round(exact_ms * 100) / 100;
    observe(route, method, status, ms, code);
    const line = {
      request_id,
      trace_id: trace_id ?? undefined,
      method,
      route,
      status,
      code: code ?? undefined,
      ms,
      role: actor?.role,
      actor_id: actor?.id,
      clinic_id: actor?.clinic_id ?? undefined,
      source,
    };
    if (quiet.has(route)) log.debug('http.request', line);
    else log.info('http.request', line);
  };
}

/** Says which daemon has answered, so that a command line of another version can say so. */
const VERSION_HEADER = 'x-petpro-version';

/** One canonical line per request, written when the answer is out. */
export function addRequestLog(
  server: FastifyInstance,
  note: (line: RequestLine) => void,
  version: string,
): void {
  const headers = { ...safe_headers, [VERSION_HEADER]: version };
  server.addHook('onRequest', (request, reply, done) => {
    request.started_ms = performance.now();
    reply.headers(headers).header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    note({
      request_id: request.id,
      trace_id: traceId(request.raw),
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      code: request.problem_code,
      ms: performance.now() - request.started_ms,
      actor: request.actor,
      source: request.actor?.source,
    });
    done();
  });
}
