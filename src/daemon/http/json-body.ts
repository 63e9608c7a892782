import type { FastifyInstance } from 'fastify';

/**
 * JSON is the only body we read. An absent body is an empty object: many actions need no fields.
 */
export function readJsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (text === '') done(null, undefined);
    else void parse(request, text, done);
  });
}
