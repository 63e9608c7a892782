import type { IncomingMessage } from 'node:http';
import websocket from '@fastify/websocket';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { problems } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import type { Health } from '../health.ts';
import { createAdmission } from './admission.ts';
import { addAttachmentRoutes } from './attachment-routes.ts';
import { createAuthenticator } from './auth.ts';
import { addCalendarRoutes } from './calendar-routes.ts';
import { answerClientErrors } from './client-errors.ts';
import { addDeadlines } from './deadlines.ts';
import { addDocs } from './docs.ts';
import { addFeed, type FeedLimits, feed_message_bytes_max, feedLimits } from './feed.ts';
import type { FeedSource } from './feed-session.ts';
import { readJsonBodies } from './json-body.ts';
import { createLimit } from './limits.ts';
import { refuseOtherMethods } from './methods.ts';
import type { Metrics } from './metrics.ts';
import { addOfferPage } from './offer-page.ts';
import { addProbes } from './probes.ts';
import { notFound, problemAnswer, toAppError } from './problem.ts';
import { createQuickRefusals, type QuickRefusals } from './quick-refusals.ts';
import { requestId } from './request-info.ts';
import { addRequestLog, type RequestLine, requestNotes, safe_headers } from './request-log.ts';
import { addRoutes } from './routes.ts';
import { addUnsubscribe } from './unsubscribe.ts';
import { addWebhook } from './webhook.ts';

/** A client that trickles its headers is cut off after this. */
const headers_timeout_ms = 10_000;
const keep_alive_timeout_ms = 72_000;
/** How often Node looks for connections that broke the two limits above. */
const connections_check_ms = 2_000;
const connections_max = 8_192;
/** Ids and reference codes are short; longer parts of an address are refused before any work. */
const param_length_max = 200;
const header_bytes_max = 16_384;

function answerFailure(app: App) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = toAppError(error);
    const { status } = problems[known.code];
    if (status >= 500) {
      const err = known.code === 'internal' ? (known.cause ?? error) : known;
      app.log.error('http.failed', { request_id: request.id, code: known.code, err });
    }
    // The rest of a body that nobody will read must not be taken for the next request.
    const is_early = status === 408 || status >= 500;
    const is_cut_short = status === 413 || (is_early && !request.raw.complete);
    if (is_cut_short) reply.header('connection', 'close');
    void reply.header('x-request-id', request.id).send(problemAnswer(known, request, reply));
  };
}

function openServer(app: App): FastifyInstance {
  const { config, log } = app;
  const failed = answerFailure(app);
  const server = fastify({
    logger: false,
    genReqId: (raw: IncomingMessage) => requestId(raw),
    bodyLimit: config.body_limit_bytes,
    // Node's own limit knows no routes; deadlines.ts keeps the shorter one where no file comes.
    requestTimeout: Math.max(config.request_timeout_ms, config.attachment_timeout_ms),
    keepAliveTimeout: keep_alive_timeout_ms,
    trustProxy: config.trust_proxy.length > 0 ? [...config.trust_proxy] : false,
    // A request that reached us while we drain is answered, not thrown away.
    return503OnClosing: false,
    routerOptions: { maxParamLength: param_length_max },
    http: {
      headersTimeout: headers_timeout_ms,
      maxHeaderSize: header_bytes_max,
      connectionsCheckingInterval: connections_check_ms,
    },
    clientErrorHandler: answerClientErrors(log),
    // Refused before any hook ran, the one that logs included.
    frameworkErrors: (error, request, reply) => {
      failed(error, request, reply.headers(safe_headers));
      const { id: request_id, problem_code: code } = request;
      log.info('http.refused', { request_id, status: reply.statusCode, code });
    },
  });
  server.server.maxConnections = connections_max;
  server.decorateRequest('actor', null);
  server.decorateRequest('problem_code', null);
  server.decorateRequest('started_ms', 0);
  server.setErrorHandler(failed);
  server.setNotFoundHandler(async (request) => {
    throw notFound(request);
  });
  return server;
}

export type ServerParts = {
  readonly app: App;
  readonly health: Health;
  readonly feed: FeedSource;
  readonly metrics: Metrics;
  readonly version: string;
  /** Shorter patience than usual; tests use it. */
  readonly feed_limits?: FeedLimits;
};

/** Puts a door before the framework. Its own hook for this would leave `localhost` with one address. */
function addDoor(server: FastifyInstance, door: QuickRefusals): void {
  const [framework] = server.server.listeners('request');
  if (framework === undefined) throw new Error('The framework does not listen for requests');
  server.server.removeAllListeners('request');
  server.server.on(
    'request',
    door.before((request, response) => framework.call(server.server, request, response)),
  );
  // While we drain, the framework tells clients to leave.
  server.addHook('preClose', (done) => {
    door.close();
    done();
  });
}

/** Without the api role a daemon answers probes only. */
async function addApi(
  server: FastifyInstance,
  parts: ServerParts,
  note: (line: RequestLine) => void,
): Promise<void> {
  const { app, feed, metrics, version, feed_limits } = parts;
  let farewell = () => {};
  await server.register(websocket, {
    options: { maxPayload: feed_message_bytes_max },
    // Its own would cut the clients off without a word.
    preClose: (done: () => void) => {
      farewell();
      server.websocketServer.close();
      done();
    },
  });
  const authenticator = createAuthenticator(app.sql, app.config);
  const limit = createLimit(app.config);
  const admit = createAdmission(authenticator, limit);
  const door = createQuickRefusals();
  addDoor(server, door);
  const noteQuick = (line: RequestLine) => {
    note(line);
    metrics.countQuickRefusal();
  };
  door.open({ app, authenticator, limit, note: noteQuick });
  addRoutes(server, app, admit);
  addWebhook(server, app, admit);
  addUnsubscribe(server, app);
  addOfferPage(server, app);
  await addAttachmentRoutes(server, app, admit);
  addCalendarRoutes(server, app, admit);
  ({ farewell } = addFeed(server, {
    app,
    authenticator,
    source: feed,
    metrics: metrics.feed,
    version,
    limits: feed_limits ?? feedLimits(app.config),
  }));
  addDocs(server, version);
}

/**
 * The whole HTTP side, ready to listen. Everything but probes, feed and docs is from the endpoint
 * table.
 */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { app, health, metrics, version } = parts;
  const server = openServer(app);
  const others = refuseOtherMethods(server);
  const note = requestNotes(app.log, metrics.observeRequest);
  addRequestLog(server, note, version);
  addDeadlines(server, app.config.request_timeout_ms);
  readJsonBodies(server);
  if (app.config.roles.includes('api')) await addApi(server, parts, note);
  addProbes(server, { health, metrics, version });
  others.close();
  await server.ready();
  return server;
}
