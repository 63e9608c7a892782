import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';
import type { ByeReason } from '../../domain/events.ts';
import type { App } from '../app-types.ts';
import { type Authenticator, bearerToken, type Principal } from './auth.ts';
import type { FeedMetrics } from './feed-metrics.ts';
import { createPresence } from './feed-presence.ts';
import { createRounds } from './feed-rounds.ts';
import {
  type FeedSource,
  type Session,
  type SessionLimits,
  type SessionOptions,
  type SessionParts,
  sayBye,
  startSession,
} from './feed-session.ts';
import { type Asked, readAuth, readQuery, type View, viewOf } from './feed-view.ts';

/** Clients send small messages only: a token, a filter. A longer one closes the connection (1009). */
export const feed_message_bytes_max = 16_384;
/** Sending to many clients stops for other work after so long. */
const round_ms = 8;

export type FeedLimits = SessionLimits & {
  readonly auth_ms: number;
  /** Of one daemon. Those who have not shown a token yet count too. */
  readonly clients_max: number;
  /** The desks of a clinic often share one key. */
  readonly clients_per_token_max: number;
};

const default_limits: Omit<FeedLimits, 'clients_max' | 'clients_per_token_max'> = {
  heartbeat_ms: 10_000,
  stall_ms: 10_000,
  page_events: 200,
  page_bytes: 262_144,
  buffer_bytes: 1_048_576,
  messages_max: 60,
  /** A browser cannot set headers on a WebSocket: it has this long to send its token. */
  auth_ms: 5_000,
};

/** Patience and room of the live feed. */
export function feedLimits(config: Config): FeedLimits {
  return {
    ...default_limits,
    clients_max: config.feed_clients_max,
    clients_per_token_max: config.feed_clients_per_token,
  };
}

/** The token of the client's first message; rejects when it is not one or does not come in time. */
async function firstToken(socket: WebSocket, auth_ms: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const refuse = () => reject(new AppError('unauthorized', 'Send {"type":"auth","token":...}.'));
  const timer = setTimeout(refuse, auth_ms);
  socket.once('close', refuse);
  socket.once('message', (data: Buffer) => {
    // What comes next is for the session, which does not listen yet.
    socket.pause();
    const token = readAuth(data.toString('utf8'));
    if (token === null) refuse();
    else resolve(token);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off('close', refuse);
  }
}

/** How many are here, in all and of each token. */
function createCounts(limits: FeedLimits) {
  const by_token = new Map<string, number>();
  /** Who says nothing may keep half of the places at most from those who have a token. */
  const strangers = new Set<WebSocket>();
  const strangers_max = Math.ceil(limits.clients_max / 2);
  let all = 0;
  return {
    /** Null when there is room, and then the client counts until it closes. */
    enter: (socket: WebSocket, is_known: boolean): ByeReason | null => {
      if (all >= limits.clients_max) return 'full';
      if (!is_known) {
        if (strangers.size >= strangers_max) return 'full';
        strangers.add(socket);
        socket.once('close', () => strangers.delete(socket));
      }
      all += 1;
      socket.once('close', () => {
        all -= 1;
      });
      return null;
    },
    enterAs: (socket: WebSocket, id: string): ByeReason | null => {
      strangers.delete(socket);
      const count = by_token.get(id) ?? 0;
      if (count >= limits.clients_per_token_max) return 'too_many';
      by_token.set(id, count + 1);
      socket.once('close', () => {
        const left = (by_token.get(id) ?? 1) - 1;
        if (left > 0) by_token.set(id, left);
        else by_token.delete(id);
      });
      return null;
    },
  };
}

export type FeedParts = {
  readonly app: App;
  readonly authenticator: Authenticator;
  readonly source: FeedSource;
  readonly metrics: FeedMetrics;
  readonly version: string;
  readonly limits: FeedLimits;
};

/** What the token admits to now; null once it no longer holds. */
function renewal(authenticator: Authenticator, token: string, first: Principal) {
  let principal = first;
  return async (asked: Asked): Promise<View | null> => {
    try {
      principal = await authenticator.authenticate(token);
    } catch (error) {
      // Only a clear no ends a session; a database that is away does not.
      if (error instanceof AppError && error.code === 'unauthorized') return null;
    }
    return viewOf(principal, asked);
  };
}

/** The live feed: WebSocket `/events`. Frames: domain/events.ts; the protocol: docs/events-feed.md. */
export function addFeed(
  server: FastifyInstance,
  feed: FeedParts,
): { readonly farewell: () => void } {
  const { app, authenticator, source, metrics, version, limits } = feed;
  const sessions = new Set<Session>();
  const counts = createCounts(limits);
  const presence = createPresence(app);
  const rounds = createRounds(round_ms);
  const on_bye = metrics.countBye;
  const parts: SessionParts = {
    source,
    rounds,
    presence,
    limits,
    version,
    on_bye,
    log: app.log,
  };

  const refuse = (socket: WebSocket, reason: ByeReason): void => {
    on_bye(reason);
    app.log.warn('feed.refused', { reason });
    sayBye(socket, reason);
  };

  async function optionsOf(
    socket: WebSocket,
    request: FastifyRequest,
  ): Promise<SessionOptions | null> {
    const asked = readQuery(request.query);
    const header = bearerToken(request.headers.authorization);
    if (header !== null) socket.pause();
    const token = header ?? (await firstToken(socket, limits.auth_ms));
    const principal = await authenticator.authenticate(token);
    const view = viewOf(principal, asked);
    if (!source.is_ready()) await source.refresh();
    if (!source.is_ready()) throw new AppError('unavailable', 'The outbox cannot be read now.');
    if (socket.readyState !== socket.OPEN) return null;
    const full = counts.enterAs(socket, principal.id);
    if (full !== null) {
      refuse(socket, full);
      return null;
    }
    const renew = renewal(authenticator, token, principal);
    return { raw: request.raw.socket, asked, view, renew };
  }

  async function open(socket: WebSocket, request: FastifyRequest): Promise<void> {
    const options = await optionsOf(socket, request);
    if (options === null) return;
    const session = startSession(socket, parts, options);
    sessions.add(session);
    socket.once('close', () => sessions.delete(session));
  }

  server.route({
    method: 'GET',
    url: '/events',
    onRequest: async (request) => {
      const token = bearerToken(request.headers.authorization);
      // With a header the refusal is an HTTP answer that any client can read.
      const asked = readQuery(request.query);
      if (token !== null) viewOf(await authenticator.authenticate(token), asked);
    },
    handler: async (_request, reply) => {
      reply.header('upgrade', 'websocket').header('connection', 'upgrade');
      throw new AppError('invalid_input', 'This address speaks WebSocket only.');
    },
    wsHandler: (socket, request) => {
      // Frames that are too long or no frames at all: the connection closes by itself.
      socket.on('error', (err: Error) => app.log.debug('feed.client_failed', { err }));
      socket.once('close', metrics.countClient());
      // With a token in the header it was checked before the upgrade.
      const is_known = bearerToken(request.headers.authorization) !== null;
      const full = counts.enter(socket, is_known);
      if (full !== null) return refuse(socket, full);
      open(socket, request)
        .catch((error: unknown) => {
          const reason = error instanceof AppError ? error.code : 'internal';
          if (reason === 'internal') app.log.error('feed.failed', { err: error });
          const code = { internal: 1011, unavailable: 1013 }[String(reason)] ?? 1008;
          socket.close(code, reason);
        })
        .finally(() => socket.resume());
    },
  });
  server.addHook('onClose', () => presence.stop());
  return {
    farewell: () => {
      for (const session of sessions) session.bye('shutting_down');
    },
  };
}
