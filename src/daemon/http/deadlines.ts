import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Patience with this route where it differs: files take longer than questions. */
    timeout_ms?: number;
  }
}

/** How exactly the limit is kept; a tenth of the shortest limit that the configuration takes. */
const look_every_ms = 100;

/**
 * Answers 503 for handlers that are not done in time; what they do may still take effect. One timer
 * looks after all requests: a timer and an abort signal for each (the framework's own way) cost
 * more than the work of a request that loses a race.
 */
export function addDeadlines(server: FastifyInstance, limit_ms: number): void {
  // An array with holes that are filled again. A Map that things enter and leave all the time links
  // each table that it outgrew to the next: once one of them is old, so is every request after it.
  const under_way: (FastifyReply | null)[] = [];
  const free: number[] = [];
  server.decorateRequest('deadline_place', -1);

  const leave = (request: FastifyRequest) => {
    const { deadline_place: place } = request;
    if (place < 0) return;
    request.deadline_place = -1;
    under_way[place] = null;
    free.push(place);
  };

  const look = () => {
    const now = performance.now();
    const too_old = now - limit_ms;
    for (const reply of under_way) {
      if (reply === null || reply.request.started_ms > too_old) continue;
      const timeout_ms = reply.request.routeOptions.config?.timeout_ms ?? limit_ms;
      if (reply.request.started_ms > now - timeout_ms) continue;
      // Also feeds, which never have an answer that ends.
      leave(reply.request);
      if (reply.sent) continue;
      if (reply.raw.headersSent) {
        // A file that leaves too slowly: all that is left to say is the end.
        reply.raw.destroy();
        continue;
      }
      if (!reply.request.raw.complete) {
        reply.send(new AppError('request_timeout', 'Send the whole request faster.'));
        continue;
      }
      const detail = 'The answer took too long; it may still take effect.';
      reply.send(new AppError('unavailable', detail, { retry_after_ms: 1_000 }));
    }
  };
  const timer = setInterval(look, look_every_ms);
  timer.unref();

  server.addHook('onRequest', (request, reply, done) => {
    const place = free.pop() ?? under_way.length;
    under_way[place] = reply;
    request.deadline_place = place;
    done();
  });
  server.addHook('onResponse', (request, _reply, done) => {
    leave(request);
    done();
  });
  server.addHook('onClose', (_server, done) => {
    clearInterval(timer);
    done();
  });
}
