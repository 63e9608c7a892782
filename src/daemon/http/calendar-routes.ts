import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { endpoints } from '../../domain/api.ts';
import { readCalendarFeed } from '../actions/calendar-links.ts';
import type { App } from '../app-types.ts';
import { addressesOf, routePattern } from './addresses.ts';
import type { Admit } from './admission.ts';
import { inputParser } from './parse.ts';

/** Programs that ask more often than this get their own copy. */
const MAX_AGE_S = 300;

/** RFC 9110 section 13.1.2: a list, or `*`; weak and strong tags are compared alike. */
function matches(if_none_match: string | undefined, etag: string): boolean {
  if (if_none_match === undefined) return false;
  const tags = if_none_match.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

/** Calendars for programs that can hold a URL but no token: the secret is part of the address. */
export function addCalendarRoutes(server: FastifyInstance, app: App, admit: Admit): void {
  const endpoint = endpoints.get_calendar_feed;
  const parse = inputParser('get_calendar_feed');
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const { params, query, headers } = request;
    const { token } = parse({ params, query, body: undefined });
    const known = (etag: string) => matches(headers['if-none-match'], etag);
    const { etag, ics } = await readCalendarFeed(app, token, known);
    reply.headers({
      etag,
      // Private: what stands between must not keep what only the address protects.
      'cache-control': `private, max-age=${MAX_AGE_S}`,
      'x-robots-tag': 'noindex',
    });
    if (ics === null) {
      reply.code(304);
      return '';
    }
    reply.code(endpoint.success).headers({
      'content-type': 'text/calendar; charset=utf-8',
      'content-disposition': 'inline; filename="petpro.ics"',
    });
    return ics;
  };
  for (const { method, path } of addressesOf(endpoint)) {
    server.route({ method, url: routePattern(path), onRequest: admit('public'), handler });
  }
}
