import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { AppError, isProblemCode, type ProblemCode, problems } from '../../domain/errors.ts';
import { openApiDocument } from './openapi.ts';
import { addReturnPage } from './return-page.ts';

/**
 * Own scripts only, and nobody may frame it. No upgrade-insecure-requests: inside a clinic the API
 * may well be plain HTTP.
 */
const page_policy = {
  'default-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'script-src': ["'self'"],
  // The document viewer sets styles on its elements.
  'style-src': ["'self'", "'unsafe-inline'"],
};

function policyText(policy: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(policy)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ');
}

function problemPage(code: ProblemCode): string {
  const { status, exit, title } = problems[code];
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${code}</title><h1>${title}</h1>`,
    `<dl><dt>code</dt><dd><code>${code}</code></dd>`,
    `<dt>HTTP status</dt><dd>${status}</dd>`,
    `<dt>exit code of the command line</dt><dd>${exit}</dd></dl>`,
    '<p>All codes: <code>docs/errors.md</code>.</p></html>',
  ].join('\n');
}

const pages: FastifyPluginCallback = (scope, _options, done) => {
  // Pages for browsers get the full set of browser headers in place of the few of an API answer.
  scope.addHook('onRequest', (_request, reply, next) => {
    reply.removeHeader('content-security-policy').removeHeader('referrer-policy');
    next();
  });
  scope.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: page_policy },
  });
  scope.get<{ Params: { code: string } }>('/problems/:code', async (request, reply) => {
    const code = request.params.code.replaceAll('-', '_');
    if (!isProblemCode(code)) throw new AppError('not_found', 'There is no such problem code.');
    reply.type('text/html; charset=utf-8');
    return problemPage(code);
  });
  addReturnPage(scope);
  done();
};

/**
 * Pages for people and the document for programs. No token: they describe the product, not its
 * data.
 */
export function addDocs(server: FastifyInstance, version: string): void {
  const text = JSON.stringify(openApiDocument(version));
  server.get('/openapi.json', async (_request, reply) => {
    reply.type('application/json; charset=utf-8');
    return text;
  });
  server.register(pages);
  server.register((scope, _options, done) => {
    scope.register(swagger, { mode: 'static', specification: { document: JSON.parse(text) } });
    scope.register(swaggerUi, { routePrefix: '/docs', staticCSP: policyText(page_policy) });
    done();
  });
}
