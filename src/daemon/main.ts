import fs from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import type { Log } from '../log.ts';
import { openApp } from './app.ts';
import type { App } from './app-types.ts';
import { armFailpoint } from './failpoint.ts';
import { createHealth, type Health } from './health.ts';
import { kpiSources } from './http/kpi-metrics.ts';
import { createMetrics } from './http/metrics.ts';
import { createServer } from './http/server.ts';
import { assertSchema } from './store/migrate.ts';
import { outboxBacklog } from './store/outbox.ts';
import { packageRoot } from './store/package-root.ts';
import { toReachError } from './store/pg-errors.ts';
import { startTcp } from './tcp/server.ts';
import { createFeed } from './workers/feed.ts';
import { createWakeups } from './workers/loop.ts';
import { startWorkers, type Workers } from './workers/start.ts';

/** Requests under way get this long to finish once we were asked to stop. */
const drain_limit_ms = 10_000;
const idle_check_ms = 50;

export type Daemon = {
  readonly app: App;
  /** Where the API listens: with the port that was really taken. */
  readonly url: string;
  readonly health: Health;
  /**
   * Stops accepting, finishes what is under way within `drain_limit_ms`, then closes everything.
   */
  readonly stop: () => Promise<void>;
};

function version(): string {
  const manifest = fs.readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  return JSON.parse(manifest).version;
}

function listenError(error: unknown, { host, port }: Config): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    const next = `PETPRO_PORT=${port === 65_535 ? 0 : port + 1} petpro serve`;
    return new AppError('unavailable', `Port ${port} on ${host} is taken.`, { port, next });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    const detail = `Cannot listen on ${host} port ${port} (${code}).`;
    return new AppError('unavailable', detail, { next: 'petpro config show' }, { cause: error });
  }
  return error;
}

async function listen(server: FastifyInstance, config: Config): Promise<string> {
  try {
    return await server.listen({ host: config.host, port: config.port });
  } catch (error) {
    throw listenError(error, config);
  }
}

/** Closes the server; connections that are still busy after the limit are cut. */
async function drain(server: FastifyInstance, log: Log): Promise<void> {
  const timer = setTimeout(() => {
    log.warn('daemon.drain_cut', { drain_limit_ms });
    server.server.closeAllConnections();
  }, drain_limit_ms);
  // A connection whose last answer went out after the close began would idle until its own timeout.
  const reaper = setInterval(() => server.server.closeIdleConnections(), idle_check_ms);
  try {
    await server.close();
  } finally {
    clearTimeout(timer);
    clearInterval(reaper);
  }
}

/**
 * Opens everything, checks the schema, listens and starts the workers that `config.roles` names.
 */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  armFailpoint(config);
  await using starting = new AsyncDisposableStack();
  const wakeups = createWakeups();
  const app = starting.use(await openApp(config, log, wakeups.wake));
  await assertSchema(app.sql).catch((error: unknown) => {
    throw toReachError(error, config.database_url ?? '');
  });
  const feed = starting.adopt(createFeed(app), (opened) => opened.stop());
  // Closed in reverse: the server drains first, while its requests may still wake the workers.
  let workers: Workers | null = null;
  starting.defer(async () => await workers?.stop());
  const health = createHealth(app, {
    version: version(),
    workers: () => workers?.status() ?? [],
  });
  const metrics = createMetrics(() => outboxBacklog(app.sql), kpiSources(app));
  const server = await createServer({ app, health, feed, metrics, version: version() });
  starting.defer(() => drain(server, log));
  const url = await listen(server, config);
  if (config.tcp_port > 0 && config.roles.includes('api')) {
    const tcp = { port: config.tcp_port, host: config.tcp_host };
    starting.adopt(await startTcp(app, tcp), (opened) => opened.stop());
  }
  workers = startWorkers(app, wakeups, feed, metrics.onTick);
  const opened = starting.move();
  log.info('daemon.ready', { url, roles: config.roles, version: version(), pid: process.pid });
  let stopping: Promise<void> | null = null;
  return {
    app,
    url,
    health,
    stop: () => {
      health.drain();
      stopping ??= opened.disposeAsync();
      return stopping;
    },
  };
}

/** Resolves with the first signal that asks us to stop; a second one ends the process at once. */
function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let is_asked = false;
  const on_signal = (signal: NodeJS.Signals) => {
    if (is_asked) process.exit(signal === 'SIGINT' ? 130 : 143);
    is_asked = true;
    resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, on_signal);
  return promise;
}

/**
 * After a bug that nobody caught the state is unknown: say it, and let the supervisor start us
 * afresh.
 */
function crashOnBugs(log: Log): void {
  const crash = (event: string) => (err: unknown) => {
    log.error(event, { err });
    process.exit(1);
  };
  process.on('uncaughtException', crash('daemon.uncaught_exception'));
  process.on('unhandledRejection', crash('daemon.unhandled_rejection'));
}

/**
 * The daemon in the foreground until SIGTERM, SIGINT or SIGHUP, or until one of `asked_too` says
 * why to stop. Returns the exit code 0 after an orderly stop; throws AppError when it cannot start
 * (taken port, no database, pending migrations).
 */
export async function runDaemon(
  config: Config,
  log: Log,
  asked_too: readonly Promise<string>[] = [],
): Promise<number> {
  crashOnBugs(log);
  // Listened to from the start, so that a signal during the start is not lost.
  const signalled = stopSignal();
  const daemon = await startDaemon(config, log);
  const reason = await Promise.race([signalled, ...asked_too]);
  const started = performance.now();
  log.info('daemon.stopping', { reason, drain_limit_ms });
  await daemon.stop();
  log.info('daemon.stopped', { ms: Math.round(performance.now() - started) });
  return 0;
}
