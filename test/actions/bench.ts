import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll, expect } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { takePaymentEvent } from '../../src/daemon/actions/take-payment-event.ts';
import { openApp } from '../../src/daemon/app.ts';
import type { Actor, App, Worker } from '../../src/daemon/app-types.ts';
import { createAuthoriser } from '../../src/daemon/workers/authorisations.ts';
import { createDispatcher } from '../../src/daemon/workers/dispatch.ts';
import { createFeed, type Feed } from '../../src/daemon/workers/feed.ts';
import { createRefunder } from '../../src/daemon/workers/refunds.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { createSweeper } from '../../src/daemon/workers/sweep.ts';
import { AppError, type ProblemCode } from '../../src/domain/errors.ts';
import { openLog } from '../../src/log.ts';
import { type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';
import { type SmtpSink, startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { type StripeSandbox, startStripeSandbox } from '../../src/sandbox/stripe-server.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

const secret_key = 'sk_test_actions';
const webhook_secret = 'whsec_actions';

/** The whole back end in one process, on real PostgreSQL, Redis, Stripe's wire format and SMTP. */
export type Bench = {
  readonly app: App;
  readonly sql: Sql;
  readonly database_url: string;
  readonly redis: RedisServer;
  readonly stripe: StripeSandbox;
  readonly mail: SmtpSink;
  readonly feed: Feed;
  /** Where the provider's webhooks go; switched off and on through `control('webhook', ..)`. */
  readonly webhook_url: string;
  readonly workers: Readonly<
    Record<'relay' | 'dispatcher' | 'refunds' | 'authorisations' | 'sweeper', Worker>
  >;
  /** Runs a worker until it has nothing left to do. */
  readonly drain: (
    ...names: readonly ('relay' | 'dispatcher' | 'refunds' | 'authorisations' | 'sweeper')[]
  ) => Promise<number>;
  /** A person in front of the pay page; resolves when the webhooks have been answered. */
  readonly pay: (ref: string, outcome?: string) => Promise<void>;
  /** A request to the sandbox's controls. */
  readonly control: (address: string, body?: unknown) => Promise<unknown>;
};

const never = new AbortController().signal;

/** A provider that is away keeps holds due: then the sweeper is let go after this long. */
const SWEEP_ON_MS = 400;

/**
 * The news of a page that the sweeper has just closed may have the hold's row in hand: the sweeper
 * skips it and comes again, as it does in the daemon.
 */
async function sweepOn(sql: Sql, again: () => Promise<void>): Promise<void> {
  const is_done = async () => {
    const due = await sql`select from due_reservations(1)`;
    if (due.length > 0) await again();
    return due.length === 0;
  };
  await eventually('no hold is due', is_done, SWEEP_ON_MS).catch(() => {});
}

/** Takes webhooks as the HTTP layer does: raw bytes, signature, action; 500 when that fails. */
async function startReceiver(app: App) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    try {
      const signature = String(request.headers['stripe-signature']);
      const event = await app.payments.verifyWebhook(Buffer.concat(chunks), signature);
      await takePaymentEvent(app, event);
      response.writeHead(200).end();
    } catch (error) {
      app.log.error('test.webhook_failed', { err: error });
      response.writeHead(500).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/`, server };
}

async function controlOf(stripe: StripeSandbox, address: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${stripe.url}/sandbox/${address}`, {
    ...(body === undefined
      ? {}
      : {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
    signal: AbortSignal.timeout(15_000),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${address}: ${JSON.stringify(answer)}`);
  return answer;
}

/**
 * Opens the bench of one test file; call it at the top of the file. It closes after the last test.
 */
export async function openBench(): Promise<Bench> {
  const database = await createTestDatabase({ max: 4 });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-actions-'));
  afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir: path.join(dir, 'redis') });
  if (!redis) throw new Error('no Redis starts here');
  afterAll(() => redis.stop());
  const stripe = await startStripeSandbox({ webhook_url: null, webhook_secret, secret_key });
  afterAll(() => stripe.stop());
  const mail = await startSmtpSink({ dir: path.join(dir, 'mail') });
  afterAll(() => mail.stop());
  const config = loadConfig({
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      // A busy machine must not look like a Redis that is away.
      PETPRO_REDIS_TIMEOUT_MS: '1s',
      STRIPE_SECRET_KEY: secret_key,
      STRIPE_WEBHOOK_SECRET: webhook_secret,
      STRIPE_API_BASE: stripe.url,
      SMTP_URL: mail.smtp_url,
      PETPRO_HOME: dir,
    },
  });
  const level = process.env['PETPRO_TEST_LOG'] ? 'debug' : 'silent';
  const app = await openApp(config, openLog({ level }));
  afterAll(() => app[Symbol.asyncDispose]());
  const receiver = await startReceiver(app);
  afterAll(() => {
    receiver.server.closeAllConnections();
    receiver.server.close();
  });
  stripe.setWebhookUrl(receiver.url);
  const feed = createFeed(app);
  afterAll(() => feed.stop());
  const workers = {
    relay: createRelay({ feed, stream: null }),
    dispatcher: createDispatcher(),
    refunds: createRefunder(),
    authorisations: createAuthoriser(),
    sweeper: createSweeper(),
  };
  return {
    app,
    sql: database.sql,
    database_url: database.url,
    redis,
    stripe,
    mail,
    feed,
    webhook_url: receiver.url,
    workers,
    drain: async (...names) => {
      let done = 0;
      const work = async (name: (typeof names)[number]) => {
        for (let units = 1; units > 0; done += units) {
          units = await workers[name].tick(app, never);
        }
      };
      for (const name of names) {
        await work(name);
        if (name === 'sweeper') await sweepOn(database.sql, () => work(name));
      }
      return done;
    },
    pay: async (ref, outcome = 'success') => {
      const paid = await controlOf(stripe, 'pay', { ref, outcome });
      const { events } = paid as { events: readonly { id: string }[] };
      for (const { id } of events) {
        await controlOf(stripe, `deliveries?event_id=${id}&wait_ms=10000`);
      }
    },
    control: (address, body) => controlOf(stripe, address, body),
  };
}

export function customer(user_id: string): Actor {
  return {
    role: 'customer',
    id: user_id,
    user_id,
    clinic_id: null,
    name: 'customer',
    source: 'api',
    request_id: randomUUID(),
  };
}

export function staff(
  role: Exclude<Actor['role'], 'customer'>,
  clinic_id: string | null = null,
): Actor {
  return {
    role,
    id: randomUUID(),
    user_id: null,
    clinic_id,
    name: role,
    source: 'tui',
    request_id: randomUUID(),
  };
}

export const no_key = { idempotency_key: null };

/** The problem that an action ends with; fails when it succeeds or breaks differently. */
export async function problemOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

export async function expectProblem(work: Promise<unknown>, code: ProblemCode): Promise<AppError> {
  const problem = await problemOf(work);
  expect(problem.code).toBe(code);
  return problem;
}
