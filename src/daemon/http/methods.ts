import type { FastifyInstance, HTTPMethods } from 'fastify';
import { AppError } from '../../domain/errors.ts';

const refusable: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Answers 405 with `Allow` where an address exists but not for this method. Call `watch` before the
 * routes are registered and `close` after.
 */
export function refuseOtherMethods(server: FastifyInstance): { readonly close: () => void } {
  const taken = new Map<string, Set<string>>();
  let open = true;
  server.addHook('onRoute', ({ method, url }) => {
    if (!open) return;
    const methods = taken.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    taken.set(url, methods);
  });
  return {
    close: () => {
      open = false;
      for (const [url, methods] of taken) {
        const allow = [...methods].sort();
        const others = refusable.filter((method) => !methods.has(method));
        if (url.includes('*') || others.length === 0) continue;
        server.route({
          method: others,
          url,
          handler: async () => {
            const detail = `Use ${allow.join(' or ')}.`;
            throw new AppError('method_not_allowed', detail, { allow });
          },
        });
      }
    },
  };
}
