import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';

const window_ms = 60_000;
/** Callers that are counted at once; the oldest is forgotten first. */
const counted_max = 50_000;

/** Counts one request of whoever it is by now: the actor once known, the address before. */
export type Limit = (request: FastifyRequest) => Promise<void>;

/**
 * Per-process limit: N daemons allow N times as much, which is right for a guard against floods.
 * Null when it is switched off.
 */
export async function createLimit(server: FastifyInstance, config: Config): Promise<Limit | null> {
  if (config.rate_limit === 0) return null;
  await server.register(rateLimit, {
    global: false,
    max: config.rate_limit,
    timeWindow: window_ms,
    cache: counted_max,
    keyGenerator: (request) => request.actor?.id ?? request.ip,
  });
  const count = server.createRateLimit();
  return async (request) => {
    const state = await count(request);
    if (state.isAllowed || !state.isExceeded) return;
    const facts = { retry_after_ms: state.ttl, limit: state.max, window_ms };
    throw new AppError('rate_limited', `At most ${state.max} requests a minute.`, facts);
  };
}
