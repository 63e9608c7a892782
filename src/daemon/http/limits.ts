import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';

const window_ms = 60_000;
/** Callers that are counted at once; the one who came first is forgotten first. */
const counted_max = 50_000;

type Count = { requests: number; ends_at_ms: number };

export type Limit = {
  /**
   * Counts one request of whoever it is by now: the actor once known, the address before. Throws
   * `rate_limited`.
   */
  readonly count: (request: FastifyRequest) => void;
  /** Counts one request of an actor; false, and nothing counted, when it would be too many. */
  readonly takes: (actor_id: string) => boolean;
};

/**
 * Per-process limit: N daemons allow N times as much, which is right for a guard against floods. A
 * minute begins with a caller's first request. Null when it is switched off.
 */
export function createLimit(config: Pick<Config, 'rate_limit'>): Limit | null {
  const { rate_limit: limit } = config;
  if (limit === 0) return null;
  const counts = new Map<string, Count>();

  const countOf = (key: string): Count => {
    const now = performance.now();
    const known = counts.get(key);
    if (known && now < known.ends_at_ms) return known;
    const oldest = counts.size >= counted_max ? counts.keys().next() : undefined;
    if (oldest && !oldest.done) counts.delete(oldest.value);
    counts.delete(key);
    const fresh = { requests: 0, ends_at_ms: now + window_ms };
    counts.set(key, fresh);
    return fresh;
  };

  return {
    count: (request) => {
      const count = countOf(request.actor?.id ?? request.ip);
      count.requests += 1;
      if (count.requests <= limit) return;
      const retry_after_ms = Math.ceil(count.ends_at_ms - performance.now());
      const facts = { retry_after_ms, limit, window_ms };
      throw new AppError('rate_limited', `At most ${limit} requests a minute.`, facts);
    },
    takes: (actor_id) => {
      const count = countOf(actor_id);
      if (count.requests >= limit) return false;
      count.requests += 1;
      return true;
    },
  };
}
