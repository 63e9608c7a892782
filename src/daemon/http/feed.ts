import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { App } from '../app-types.ts';
import { type Authenticator, authorize, bearerToken, type Principal } from './auth.ts';
import { maskEvent } from './feed-mask.ts';
import {
  type FeedSource,
  type Session,
  type SessionLimits,
  type SessionOptions,
  startSession,
} from './feed-session.ts';

/** Clients only ever send one small message, their token. */
export const feed_message_bytes_max = 16_384;

export type FeedLimits = SessionLimits & {
  readonly auth_ms: number;
  readonly clients_max: number;
};

export const default_feed_limits: FeedLimits = {
  heartbeat_ms: 10_000,
  stall_ms: 10_000,
  page_events: 200,
  /** A browser cannot set headers on a WebSocket: it has this long to send its token. */
  auth_ms: 5_000,
  clients_max: 1_000,
};

const Query = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  types: z.string().max(500).optional(),
  clinic_id: z.uuid().optional(),
});
const AuthMessage = z.strictObject({ type: z.literal('auth'), token: z.string().max(8_192) });

/** `booking.*,payment.late` as a test; no types = all. */
function typeFilter(types: string | undefined): (event_type: string) => boolean {
  const patterns = (types ?? '').split(',').filter((pattern) => pattern !== '');
  if (patterns.length === 0) return () => true;
  return (event_type) =>
    patterns.some((pattern) =>
      pattern.endsWith('*') ? event_type.startsWith(pattern.slice(0, -1)) : event_type === pattern,
    );
}

function parseQuery(request: FastifyRequest): z.output<typeof Query> {
  const parsed = Query.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    path: ['query', ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  throw new AppError('invalid_input', 'The filter of the feed is not valid.', { errors });
}

/** What this client may and wants to see. Operators of one clinic never see another. */
function viewOf(
  principal: Principal,
  query: z.output<typeof Query>,
): Pick<SessionOptions, 'wants' | 'show'> {
  authorize(principal, 'view');
  const { clinic_id } = principal;
  if (clinic_id !== null && query.clinic_id !== undefined && query.clinic_id !== clinic_id) {
    throw new AppError('forbidden', 'This key belongs to another clinic.');
  }
  const clinic = clinic_id ?? query.clinic_id ?? null;
  const wantsType = typeFilter(query.types);
  return {
    wants: (event: EventEnvelope) =>
      wantsType(event.event_type) && (clinic === null || event.clinic_id === clinic),
    show: seesPersonalData(principal.role) ? (event) => event : maskEvent,
  };
}

/** The token of the client's first message; rejects when it is not one or does not come in time. */
async function firstToken(socket: WebSocket, auth_ms: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const refuse = () => reject(new AppError('unauthorized', 'Send {"type":"auth","token":...}.'));
  const timer = setTimeout(refuse, auth_ms);
  socket.once('close', refuse);
  socket.once('message', (data: Buffer) => {
    try {
      resolve(AuthMessage.parse(JSON.parse(data.toString('utf8'))).token);
    } catch {
      refuse();
    }
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off('close', refuse);
  }
}

export type FeedParts = {
  readonly app: App;
  readonly authenticator: Authenticator;
  readonly source: FeedSource;
  readonly version: string;
  readonly limits: FeedLimits;
};

/** The live feed: WebSocket `/events?after=&types=&clinic_id=`. Frames: domain/events.ts. */
export function addFeed(
  server: FastifyInstance,
  parts: FeedParts,
): { readonly farewell: () => void } {
  const { app, authenticator, source, version, limits } = parts;
  const sessions = new Set<Session>();
  let clients = 0;

  async function open(socket: WebSocket, request: FastifyRequest): Promise<void> {
    const query = parseQuery(request);
    const header = bearerToken(request.headers.authorization);
    const token = header ?? (await firstToken(socket, limits.auth_ms));
    const view = viewOf(await authenticator.authenticate(token), query);
    if (socket.readyState !== socket.OPEN) return;
    const mayStay = async () => {
      try {
        viewOf(await authenticator.authenticate(token), query);
        return true;
      } catch (error) {
        // Only a clear no ends a session; a database that is away does not.
        return !(error instanceof AppError) || error.code === 'unavailable';
      }
    };
    const after = query.after ?? null;
    const options = { ...view, version, after, mayStay };
    const session = startSession(socket, source, limits, options, app.log);
    sessions.add(session);
    socket.once('close', () => sessions.delete(session));
  }

  server.route({
    method: 'GET',
    url: '/events',
    onRequest: async (request) => {
      if (clients >= limits.clients_max) {
        throw new AppError('unavailable', 'The feed is full.', { retry_after_ms: 5_000 });
      }
      const token = bearerToken(request.headers.authorization);
      // With a header the refusal is an HTTP answer that any client can read.
      if (token !== null) viewOf(await authenticator.authenticate(token), parseQuery(request));
      else parseQuery(request);
    },
    handler: async (_request, reply) => {
      reply.header('upgrade', 'websocket').header('connection', 'upgrade');
      throw new AppError('invalid_input', 'This address speaks WebSocket only.');
    },
    wsHandler: (socket, request) => {
      clients += 1;
      socket.once('close', () => {
        clients -= 1;
      });
      open(socket, request).catch((error: unknown) => {
        const reason = error instanceof AppError ? error.code : 'internal';
        if (reason === 'internal') app.log.error('feed.failed', { err: error });
        socket.close(reason === 'internal' ? 1011 : 1008, reason);
      });
    },
  });
  return {
    farewell: () => {
      for (const session of sessions) session.bye('shutting_down');
    },
  };
}
