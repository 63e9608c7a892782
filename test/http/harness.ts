import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/main.ts';
import { addApiKey } from '../../src/daemon/store/operators.ts';
import { type Endpoint, type EndpointName, endpoints } from '../../src/domain/api.ts';
import type { Json } from '../../src/domain/errors.ts';
import type { Role } from '../../src/domain/roles.ts';
import { openLog } from '../../src/log.ts';
import { startIssuer } from '../../src/sandbox/issuer.ts';
import { startRedis } from '../../src/sandbox/redis.ts';
import { startStripeSandbox } from '../../src/sandbox/stripe-server.ts';
import { createTestDatabase } from '../helpers/database.ts';

export type Env = Readonly<Record<string, string>>;

export type Harness = {
  readonly sql: Sql;
  readonly daemon: Daemon;
  readonly env: Env;
  readonly stripe_url: string;
  readonly webhook_secret: string;
  readonly mintCustomerToken: (user_id: string, ttl_s?: number) => Promise<string>;
  /** A new API key of that role; null = all clinics. */
  readonly addKey: (role: Exclude<Role, 'customer'>, clinic_id?: string | null) => Promise<string>;
};

const webhook_secret = 'whsec_of_a_test';

/** Stores a key of that role and returns the key itself. */
export async function addKey(
  sql: Sql,
  role: Exclude<Role, 'customer'>,
  clinic_id: string | null = null,
): Promise<string> {
  const prefix = randomBytes(4).toString('hex');
  const key = `ppk_${prefix}_${randomBytes(32).toString('hex')}`;
  const key_hash = createHash('sha256').update(key).digest();
  const name = `test ${role}`;
  await addApiKey(sql, { prefix, key_hash, role, clinic_id, name, expires_at: null });
  return key;
}

/** The environment of a daemon on real PostgreSQL, Redis, payment provider and token issuer. */
export async function startSurroundings(options: { readonly redis?: boolean } = {}) {
  const database = await createTestDatabase({ max: 10 });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-http-'));
  const redis = options.redis === false ? null : await startRedis({ dir: path.join(dir, 'redis') });
  const stripe = await startStripeSandbox({
    webhook_url: null,
    webhook_secret,
    secret_key: 'sk_test_of_a_test',
  });
  const issuer = await startIssuer({ key_file: path.join(dir, 'issuer.json') });
  afterAll(async () => {
    await issuer.stop();
    await stripe.stop();
    await redis?.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const env: Env = {
    PETPRO_PORT: '0',
    PETPRO_RATE_LIMIT: '0',
    PETPRO_TICKET_SECRET: 'a ticket secret for tests of 32 signs or more',
    PETPRO_LOG_LEVEL: 'silent',
    PETPRO_HOME: dir,
    DATABASE_URL: database.url,
    ...(redis ? { REDIS_URL: redis.url } : {}),
    STRIPE_SECRET_KEY: 'sk_test_of_a_test',
    STRIPE_WEBHOOK_SECRET: webhook_secret,
    STRIPE_API_BASE: stripe.url,
    AUTH_JWKS_URL: issuer.jwks_url,
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
  };
  return { sql: database.sql, env, stripe, issuer };
}

/** A daemon in this process with everything around it; all of it ends with the test file. */
export async function startHarness(extra: Env = {}): Promise<Harness> {
  const { sql, env, stripe, issuer } = await startSurroundings();
  const config = loadConfig({ env: { ...env, ...extra } });
  const daemon = await startDaemon(config, openLog({ level: config.log_level }));
  afterAll(() => daemon.stop());
  stripe.setWebhookUrl(`${daemon.url}/v1/webhooks/payment`);
  return {
    sql,
    daemon,
    env: { ...env, ...extra },
    stripe_url: stripe.url,
    webhook_secret,
    mintCustomerToken: (user_id, ttl_s = 600) => issuer.mintCustomerToken(user_id, ttl_s),
    addKey: (role, clinic_id = null) => addKey(sql, role, clinic_id),
  };
}

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Json | undefined;
};

export type Sent = {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw_body?: string | Uint8Array<ArrayBuffer>;
};

/** One request over a real socket. */
export async function send(base: string, address: string, sent: Sent = {}): Promise<Answer> {
  const { method = 'GET', token, headers = {}, body, raw_body } = sent;
  const payload = raw_body ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${base}${address}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { body: payload }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const is_json = /json/.test(response.headers.get('content-type') ?? '');
  const json: Json | undefined = is_json ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

export type Request = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** Method and address of an endpoint with its parameters filled in. */
export function addressOf(name: EndpointName, request: Request = {}) {
  const endpoint: Endpoint = endpoints[name];
  const filled = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(request.params?.[key] ?? ''),
  );
  const query = new URLSearchParams(request.query).toString();
  return { method: endpoint.method, address: query === '' ? filled : `${filled}?${query}` };
}

/** Calls an endpoint of the table. */
export async function call(
  base: string,
  name: EndpointName,
  request: Request,
  sent: Omit<Sent, 'method' | 'body'> = {},
): Promise<Answer> {
  const { method, address } = addressOf(name, request);
  const body = method === 'GET' || sent.raw_body !== undefined ? undefined : (request.body ?? {});
  return await send(base, address, { ...sent, method, body });
}

/** A member of a JSON object, or undefined. */
export function member(json: Json | undefined, name: string): Json | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  return Reflect.get(json, name);
}

/** The code of a problem answer, or null when it is none. */
export function codeOf(answer: Answer): string | null {
  const is_problem = answer.headers.get('content-type')?.startsWith('application/problem+json');
  const code = member(answer.json, 'code');
  return is_problem && typeof code === 'string' ? code : null;
}
