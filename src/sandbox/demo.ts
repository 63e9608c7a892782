import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Log } from '../log.ts';
import { daemonFailure, startDaemon, stopDaemon } from './demo-daemon.ts';
import {
  type DemoSecrets,
  type DemoState,
  demoPaths,
  dropLock,
  lastPort,
  loadSecrets,
  portTaken,
  prepareHome,
  takeLock,
  writePrivate,
} from './demo-home.ts';
import { startIssuer } from './issuer.ts';
import { keepAlive } from './keep-alive.ts';
import { startPostgres } from './postgres.ts';
import { answersTcp, freePort, isPortFree, isSameProcess, refOf, until } from './process.ts';
import { startRedis } from './redis.ts';
import { type SeedResult, seedDatabase } from './seed.ts';
import { startSmtpSink } from './smtp-sink.ts';
import { startStripeSandbox } from './stripe-server.ts';

const DEFAULT_PORT = 7_387;
/** A start that hangs must not keep a demo from ending. */
const SETTLE_MS = 15_000;
const CUSTOMER_TOKEN_S = 30 * 86_400;
const MAX_PORT_TRIES = 3;

export type SuperviseOptions = {
  readonly home: string;
  /** Wanted by the person; then no other will do. */
  readonly port: number | null;
  readonly database_url: string | null;
  readonly redis_url: string | null;
  readonly seed: number;
  /** How to run `petpro serve`: program and arguments before `serve`. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Brings the schema up to date; given from outside because it belongs to the daemon. */
  readonly migrate: (database_url: string) => Promise<void>;
  readonly onProgress: (sentence: string) => void;
  readonly onReady: (state: DemoState) => void;
  /** Aborts when the demo shall end. */
  readonly signal: AbortSignal;
  readonly log: Log;
};

/** Undone in reverse order, each step whatever the others did. */
type Undo = (() => Promise<void> | void)[];

/** Says again where everything is, after a part was started anew. Does nothing before the demo is ready. */
type Notice = { tell: () => void };

type Part = { readonly gone: Promise<void> };

async function startDatabase(
  options: SuperviseOptions,
  secrets: DemoSecrets,
  undo: Undo,
  notice: Notice,
) {
  if (options.database_url !== null) return { url: options.database_url, port: 0, ref: () => null };
  options.onProgress('starting PostgreSQL');
  const data_dir = demoPaths(options.home).postgres;
  const start = async (port: number) => {
    const server = await startPostgres({ data_dir, ...(port ? { port } : {}) });
    const ref = refOf(server.pid);
    const poll = { gone: watch(ref, options.signal), server, ref };
    return poll;
  };
  let running = await start(await lastPort(secrets, 'postgres'));
  const { port, url } = running.server;
  undo.push(async () => await running.server.stop());
  const restart = async () => {
    running = await start(port);
    notice.tell();
    return running;
  };
  void keepAlive('postgres', running, restart, options.signal, options.log);
  return { url, port, ref: () => running.ref };
}

/** Settles when the process has ended; it may not be our child, so it is looked at. */
async function watch(ref: ReturnType<typeof refOf>, signal: AbortSignal): Promise<void> {
  const one_day_ms = 86_400_000;
  while (!signal.aborted && isSameProcess(ref)) {
    await until(one_day_ms, () => signal.aborted || !isSameProcess(ref), 250);
  }
}

async function startDoorman(
  options: SuperviseOptions,
  secrets: DemoSecrets,
  undo: Undo,
  notice: Notice,
) {
  if (options.redis_url !== null) return { url: options.redis_url, port: 0, ref: () => null };
  options.onProgress('starting Redis');
  const dir = demoPaths(options.home).redis;
  const start = async (port: number) =>
    await startRedis({
      dir,
      password: secrets.redis_password,
      log: options.log,
      ...(port ? { port } : {}),
    });
  let running = await start(await lastPort(secrets, 'redis'));
  if (!running) {
    options.onProgress('no Redis on this machine: PostgreSQL alone decides (slower, as correct)');
    return { url: null, port: 0, ref: () => null };
  }
  const { port, url } = running;
  undo.push(async () => await running?.stop());
  const restart = async (): Promise<Part> => {
    const next = await start(port);
    if (!next) throw new Error('no engine started');
    running = next;
    notice.tell();
    return { gone: next.exited };
  };
  void keepAlive('redis', { gone: running.exited }, restart, options.signal, options.log);
  return { url, port, ref: () => (running ? refOf(running.pid) : null) };
}

async function startNeighbours(options: SuperviseOptions, secrets: DemoSecrets, undo: Undo) {
  options.onProgress('starting the payment sandbox, the outbox and the token issuer');
  const paths = demoPaths(options.home);
  const stripe = await startStripeSandbox({
    port: await lastPort(secrets, 'stripe'),
    webhook_url: null,
    webhook_secret: secrets.stripe_webhook_secret,
    secret_key: secrets.stripe_secret_key,
    merchant: 'PetPro demo',
    state_file: paths.stripe_state,
    log: (event, fields) => options.log.info(event, fields),
  });
  undo.push(stripe.stop);
  const mail = await startSmtpSink({
    dir: paths.outbox,
    smtp_port: await lastPort(secrets, 'smtp'),
    outbox_port: await lastPort(secrets, 'outbox'),
  });
  undo.push(mail.stop);
  const issuer = await startIssuer({
    key_file: paths.issuer_key,
    port: await lastPort(secrets, 'issuer'),
  });
  undo.push(issuer.stop);
  return { stripe, mail, issuer };
}

/** Brings tables and demo data up to date. */
async function fill(
  options: SuperviseOptions,
  url: string,
  secrets: DemoSecrets,
): Promise<SeedResult> {
  options.onProgress('preparing the database');
  await options.migrate(url);
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    return await seedDatabase(sql, { seed: options.seed, keys: secrets.api_keys });
  } finally {
    await sql.end({ timeout: 2 });
  }
}

async function choosePort(options: SuperviseOptions, secrets: DemoSecrets): Promise<number> {
  if (options.port !== null) {
    if (await isPortFree(options.port)) return options.port;
    throw portTaken(options.port);
  }
  const last = await lastPort(secrets, 'api');
  if (last) return last;
  return (await isPortFree(DEFAULT_PORT)) ? DEFAULT_PORT : await freePort();
}

type Neighbours = Awaited<ReturnType<typeof startNeighbours>>;

function daemonEnv(
  options: SuperviseOptions,
  secrets: DemoSecrets,
  urls: { database: string; redis: string | null },
  { stripe, mail, issuer }: Neighbours,
  ports: { api: number; tcp: number },
): NodeJS.ProcessEnv {
  return {
    // A demo is where load tests run; one token then asks for everybody.
    PETPRO_RATE_LIMIT: '0',
    ...options.env,
    PETPRO_HOST: '127.0.0.1',
    PETPRO_PORT: String(ports.api),
    PETPRO_TCP_PORT: String(ports.tcp),
    // Whoever tries webhooks here has the receiver on the same machine.
    PETPRO_WEBHOOK_ALLOW: options.env['PETPRO_WEBHOOK_ALLOW'] ?? '127.0.0.1,::1,localhost',
    PETPRO_PUBLIC_URL: `http://127.0.0.1:${ports.api}`,
    DATABASE_URL: urls.database,
    REDIS_URL: urls.redis ?? '',
    STRIPE_SECRET_KEY: secrets.stripe_secret_key,
    STRIPE_WEBHOOK_SECRET: secrets.stripe_webhook_secret,
    STRIPE_API_BASE: stripe.url,
    PETPRO_TICKET_SECRET: secrets.ticket_secret,
    SMTP_URL: mail.smtp_url,
    PETPRO_SMS_URL: mail.outbox_url,
    PETPRO_SMS_ACCOUNT: 'demo',
    PETPRO_SMS_TOKEN: 'demo',
    PETPRO_SMS_FROM: 'PetPro',
    AUTH_JWKS_URL: issuer.jwks_url,
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
    PETPRO_HOME: options.home,
    PETPRO_ENV: 'dev',
  };
}

async function run(options: SuperviseOptions, undo: Undo): Promise<void> {
  const { home, log } = options;
  const secrets = loadSecrets(home);
  const token = secrets.api_keys.admin;
  const notice: Notice = { tell: () => {} };
  const database = await startDatabase(options, secrets, undo, notice);
  const [doorman, neighbours, seeded] = await Promise.all([
    startDoorman(options, secrets, undo, notice),
    startNeighbours(options, secrets, undo),
    fill(options, database.url, secrets),
  ]);
  options.signal.throwIfAborted();
  options.onProgress('starting the daemon');
  const urls = { database: database.url, redis: doorman.url };
  let ports = { api: 0, tcp: 0 };
  let daemon: Awaited<ReturnType<typeof startDaemon>> = null;
  let env: NodeJS.ProcessEnv = {};
  for (let tries = 1; daemon === null && !options.signal.aborted; tries += 1) {
    const tcp = (await lastPort(secrets, 'tcp')) || (await freePort());
    ports = { api: await choosePort(options, secrets), tcp };
    neighbours.stripe.setWebhookUrl(`http://127.0.0.1:${ports.api}/v1/webhooks/payment`);
    env = daemonEnv(options, secrets, urls, neighbours, ports);
    daemon = await startDaemon(options, env, token);
    if (daemon === null && tries >= MAX_PORT_TRIES) throw daemonFailure(home);
  }
  if (daemon === null) return;
  let running = daemon;
  undo.push(async () => await stopDaemon(running.child));
  secrets.ports = {
    ...ports,
    postgres: database.port,
    redis: doorman.port,
    stripe: neighbours.stripe.port,
    smtp: neighbours.mail.smtp_port,
    outbox: neighbours.mail.outbox_port,
    issuer: neighbours.issuer.port,
  };
  writePrivate(demoPaths(home).secrets, secrets);
  const has_tcp = await answersTcp(ports.tcp, 1_000);
  const customer = await neighbours.issuer.mintCustomerToken(seeded.user_id, CUSTOMER_TOKEN_S);
  const started_at = new Date().toISOString();
  const state = (): DemoState => ({
    url: `http://127.0.0.1:${ports.api}`,
    tcp_url: has_tcp ? `tcp://127.0.0.1:${ports.tcp}` : null,
    database_url: urls.database,
    redis_url: urls.redis,
    stripe_url: neighbours.stripe.url,
    smtp_outbox_url: neighbours.mail.outbox_url,
    smtp_url: neighbours.mail.smtp_url,
    clinic_id: seeded.clinic_id,
    service_id: seeded.service_id,
    pet_id: seeded.pet_id,
    tokens: { customer, ...secrets.api_keys },
    home,
    started_at,
    pids: {
      supervisor: refOf(process.pid),
      daemon: refOf(running.child.pid ?? 0),
      postgres: database.ref(),
      redis: doorman.ref(),
    },
  });
  notice.tell = () => {
    // After the end nobody may find a demo here.
    if (options.signal.aborted) return;
    try {
      writePrivate(demoPaths(home).state, state());
    } catch (err) {
      // The part runs all the same; its old number in the file is no reason to stop it.
      log.warn('demo.state_not_written', { err });
    }
  };
  writePrivate(demoPaths(home).state, state());
  options.onReady(state());
  log.info('demo.ready', { url: state().url });
  const restart = async (): Promise<Part> => {
    const next = await startDaemon(options, env, token);
    if (!next) throw daemonFailure(home);
    running = next;
    notice.tell();
    return next;
  };
  await keepAlive('daemon', running, restart, options.signal, log);
}

/**
 * Runs a whole demo until the signal aborts, then stops what it started. False when another living
 * process already supervises this home.
 */
export async function superviseDemo(options: SuperviseOptions): Promise<boolean> {
  prepareHome(options.home);
  if (!takeLock(options.home)) return false;
  const undo: Undo = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const running = run({ ...options, signal }, undo);
  try {
    await Promise.race([running, aborted]);
    return true;
  } finally {
    stop.abort();
    // What is just being started joins the list of what has to be stopped.
    await Promise.race([running.catch(() => {}), sleep(SETTLE_MS, undefined, { ref: false })]);
    fs.rmSync(demoPaths(options.home).state, { force: true });
    for (const step of undo.reverse()) {
      await Promise.resolve(step()).catch((err: unknown) => {
        options.log.error('demo.stop_failed', { err });
      });
    }
    dropLock(options.home);
  }
}
