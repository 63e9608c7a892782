import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { Sql } from 'postgres';
import { afterAll, expect } from 'vitest';
import type { Failpoint } from '../../src/daemon/failpoint.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';
import { type SmtpSink, startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { type StripeSandbox, startStripeSandbox } from '../../src/sandbox/stripe-server.ts';
import { type DaemonChild, type Env, startChild } from '../helpers/chaos.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type OwnerIds,
  type SlotOptions,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, addKey, call } from '../http/harness.ts';

const secret_key = 'sk_test_crash';
const webhook_secret = 'whsec_crash';

/** One place for sale, an owner who wants it and one who wants it too. */
export type Scene = {
  readonly slot_id: string;
  readonly owner: OwnerIds;
  readonly rival: OwnerIds;
  readonly body: { readonly service_id: string; readonly slot_id: string };
};

export type CrashBench = {
  readonly sql: Sql;
  readonly env: Env;
  readonly redis: RedisServer;
  /** A client of the tests' own. */
  readonly raw: Redis;
  readonly stripe: StripeSandbox;
  readonly mail: SmtpSink;
  readonly desk: string;
  /** A daemon (webhooks go to it when it has the API), dying at `failpoint` when one is given. */
  readonly start: (extra?: Env & { readonly PETPRO_FAILPOINT?: Failpoint }) => Promise<DaemonChild>;
  readonly makeScene: (slot?: SlotOptions) => Promise<Scene>;
  /** POST /v1/bookings by the desk for an owner; rejects when the daemon dies under it. */
  readonly book: (
    url: string,
    scene: Scene,
    who?: 'owner' | 'rival',
    key?: string,
  ) => Promise<Answer>;
  readonly control: (address: string, body?: unknown) => Promise<unknown>;
  /** GET of the provider's own API. */
  readonly provider: (address: string) => Promise<readonly Record<string, unknown>[]>;
};

async function readJson(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15_000) });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${url}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Everything around a daemon, for real, on a database that the caller made. */
export async function openCrashBench(database: {
  readonly sql: Sql;
  readonly url: string;
}): Promise<CrashBench> {
  const { sql } = database;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-crash-'));
  afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir: path.join(dir, 'redis') });
  if (!redis) throw new Error('no Redis starts here');
  afterAll(() => redis.stop());
  const raw = new Redis(redis.url);
  raw.on('error', () => {});
  afterAll(() => raw.disconnect());
  const stripe = await startStripeSandbox({ webhook_url: null, webhook_secret, secret_key });
  afterAll(() => stripe.stop());
  const mail = await startSmtpSink({ dir: path.join(dir, 'mail') });
  afterAll(() => mail.stop());
  const env: Env = {
    PETPRO_RATE_LIMIT: '0',
    PETPRO_HOME: dir,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    STRIPE_SECRET_KEY: secret_key,
    STRIPE_WEBHOOK_SECRET: webhook_secret,
    STRIPE_API_BASE: stripe.url,
    SMTP_URL: mail.smtp_url,
  };
  const desk = await addKey(sql, 'desk');
  const clinic = await addClinic(sql);
  return {
    sql,
    env,
    redis,
    raw,
    stripe,
    mail,
    desk,
    start: async (extra = {}) => {
      const child = await startChild({ ...env, ...extra });
      const has_api = (extra['PETPRO_ONLY'] ?? 'api').includes('api');
      if (has_api) stripe.setWebhookUrl(`${child.url}/v1/webhooks/payment`);
      return child;
    },
    makeScene: async (slot = {}) => {
      const service_id = await addService(sql, clinic, { capacity: slot.capacity });
      const slot_id = await addSlot(sql, clinic, service_id, slot);
      const [owner, rival] = [await addOwner(sql), await addOwner(sql)];
      return { slot_id, owner, rival, body: { service_id, slot_id } };
    },
    book: (url, scene, who = 'owner', key = randomUUID()) =>
      call(
        url,
        'create_booking',
        { body: { ...scene.body, ...scene[who] } },
        { token: desk, headers: { 'idempotency-key': key } },
      ),
    control: (address, body) =>
      readJson(`${stripe.url}/sandbox/${address}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json' },
      }),
    provider: async (address) => {
      const headers = { authorization: `Bearer ${secret_key}` };
      const list = await readJson(`${stripe.url}/v1/${address}`, { headers });
      return (list as { data: readonly Record<string, unknown>[] }).data;
    },
  };
}

/** The doorman's lock on seat 1: who holds it and for how long yet (ms); null when it is free. */
export async function lockOf(
  { raw }: Pick<CrashBench, 'raw'>,
  { slot_id }: Pick<Scene, 'slot_id'>,
): Promise<{ readonly holder: string; readonly pttl_ms: number } | null> {
  const key = lockKey(slot_id, 1);
  const [holder, pttl_ms] = await Promise.all([raw.get(key), raw.pttl(key)]);
  return holder === null ? null : { holder, pttl_ms };
}

/** Lets the rest of a lock's life pass at once. */
export async function endLock({ raw }: CrashBench, { slot_id }: Scene): Promise<void> {
  await raw.pexpire(lockKey(slot_id, 1), 1);
}

/** What is left of a slot's story, counted. */
export async function storyOf({ sql }: Pick<CrashBench, 'sql'>, { slot_id }: Scene) {
  const [row] = await sql<
    {
      pending: number;
      ended: number;
      bookings: number;
      cancelled: number;
      claims: number;
      paid: number;
      refunds: number;
    }[]
  >`
    select
      (select count(*) from reservations r
        where r.slot_id = ${slot_id} and r.status = 'pending') as pending,
      (select count(*) from reservations r
        where r.slot_id = ${slot_id} and r.status in ('cancelled', 'expired')) as ended,
      (select count(*) from bookings b
        where b.slot_id = ${slot_id} and b.status <> 'cancelled') as bookings,
      (select count(*) from bookings b
        where b.slot_id = ${slot_id} and b.status = 'cancelled') as cancelled,
      (select count(*) from slot_claims c where c.slot_id = ${slot_id}) as claims,
      (select count(*) from payments p join reservations r on r.id = p.reservation_id
        where r.slot_id = ${slot_id} and p.status = 'success') as paid,
      (select count(*) from refunds f join reservations r on r.id = f.reservation_id
        where r.slot_id = ${slot_id}) as refunds`;
  if (!row) throw new Error('no row');
  return row;
}

/** What a new daemon or the provider's next try has to do first may take a while on a busy machine. */
export const patiently = <T>(what: string, probe: () => T | Promise<T>) =>
  eventually(what, probe, 60_000);

export const nothing = {
  pending: 0,
  ended: 0,
  bookings: 0,
  cancelled: 0,
  claims: 0,
  paid: 0,
  refunds: 0,
} as const;

/** The request died with its daemon, which died by its own hand. */
export async function expectCrash(child: DaemonChild, request: Promise<unknown>): Promise<void> {
  await expect(request).rejects.toThrow();
  expect(await child.ended).toBe('SIGKILL');
}

/** Events are numbered without holes or doubles, and every invariant holds. */
export async function expectSound({ sql }: Pick<CrashBench, 'sql'>): Promise<void> {
  const [events] = await sql<{ numbered: number; last: number }[]>`
    select count(sequence) as numbered, coalesce(max(sequence), 0) as last
    from booking_events_outbox`;
  expect(events?.numbered).toBe(events?.last);
  await assertInvariants(sql);
}
