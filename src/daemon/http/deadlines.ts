import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';

/** How exactly the limit is kept; a tenth of the shortest limit that the configuration takes. */
const look_every_ms = 100;

/**
 * Answers 503 for handlers that are not done in time; what they do may still take effect. One timer
 * looks after all requests: a timer and an abort signal for each (the framework's own way) cost
 * more than the work of a request that loses a race.
 */
export function addDeadlines(server: FastifyInstance, limit_ms: number): void {
  // Requests enter in the order in which they run out of time.
  const under_way = new Map<FastifyRequest, FastifyReply>();

  const look = () => {
    const too_old = performance.now() - limit_ms;
    for (const [request, reply] of under_way) {
      if (request.started_ms > too_old) return;
      under_way.delete(request);
      if (reply.sent) continue;
      const detail = 'The answer took too long; it may still take effect.';
      reply.send(new AppError('unavailable', detail, { retry_after_ms: 1_000 }));
    }
  };
  const timer = setInterval(look, look_every_ms);
  timer.unref();

  server.addHook('onRequest', (request, reply, done) => {
    under_way.set(request, reply);
    done();
  });
  server.addHook('onResponse', (request, _reply, done) => {
    under_way.delete(request);
    done();
  });
  server.addHook('onClose', (_server, done) => {
    clearInterval(timer);
    done();
  });
}
