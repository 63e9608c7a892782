import { randomBytes, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { lockKey } from '../../src/domain/lock.ts';
import { freePort } from '../../src/sandbox/process.ts';
import { openBench } from '../actions/bench.ts';
import { makeWorld, startBooking } from '../actions/world.ts';
import { cli } from './harness.ts';

// Doctor before real PostgreSQL, Redis, payment provider and mail server, well and with a fault planted in each.

const { app, sql, database_url, redis, stripe, mail, pay } = await openBench();
const client = new Redis(redis.url);
afterAll(() => client.disconnect());

type Env = Readonly<Record<string, string>>;
const well: Env = {
  DATABASE_URL: database_url,
  REDIS_URL: redis.url,
  STRIPE_API_BASE: stripe.url,
  STRIPE_SECRET_KEY: 'sk_test_actions',
  STRIPE_WEBHOOK_SECRET: 'whsec_actions',
  SMTP_URL: mail.smtp_url,
};

type Found = {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
  readonly fix: string | null;
  readonly fixable: boolean;
};

async function look(only: string, change: Env = {}, words: readonly string[] = []) {
  const { code, out, err } = await cli(['doctor', '--only', only, '--json', ...words], {
    env: { ...well, ...change },
  });
  const items: readonly Found[] = JSON.parse(out).items;
  return { code, err, items, found: Object.fromEntries(items.map((item) => [item.id, item])) };
}

test('all of it well: nothing fails, and nothing is left for --fix', async () => {
  const { code, items } = await look('runtime,postgres,redis,stripe,smtp,locks,invariants');
  expect(items.filter(({ state }) => state === 'fail' || state === 'warn')).toEqual([]);
  expect(code).toBe(0);
});

describe('PostgreSQL', () => {
  test('that is away fails once', async () => {
    const url = `postgres://petpro@127.0.0.1:${await freePort()}/petpro`;
    const { code, items } = await look('postgres,invariants', { DATABASE_URL: url });
    expect(code).toBe(10);
    const [failed, ...more] = items.filter(({ state }) => state === 'fail');
    expect(failed).toMatchObject({ id: 'postgres.reach' });
    expect(failed?.fix).toContain('psql -h 127.0.0.1');
    expect(more).toEqual([]);
  });

  test('without a schema is brought up to date by --fix, after saying so', async () => {
    const name = `doctor_${randomBytes(4).toString('hex')}`;
    await sql.unsafe(`create database ${name}`);
    const url = new URL(inject('database_url'));
    url.pathname = `/${name}`;
    try {
      const empty = { DATABASE_URL: url.href };
      const before = await look('postgres.migrations', empty);
      expect(before.code).toBe(10);
      expect(before.items).toMatchObject([{ fix: 'petpro migrate up', fixable: true }]);
      const after = await look('postgres.migrations', empty, ['--fix', '--yes']);
      expect(after.err).toMatch(/This will:\n {2}postgres\.migrations: apply \d+ migrations/);
      expect(after.code).toBe(0);
      expect(after.items).toMatchObject([{ state: 'pass', fixable: false }]);
    } finally {
      await sql.unsafe(`drop database ${name} with (force)`);
    }
  });

  test('whose migrations were changed, or are newer, is told and left alone', async () => {
    const [first] = await sql<{ checksum: string }[]>`
      select checksum from schema_migrations where version = 1`;
    await sql`update schema_migrations set checksum = 'other' where version = 1`;
    const drifted = await look('postgres.migrations');
    await sql`update schema_migrations set checksum = ${first?.checksum ?? ''} where version = 1`;
    expect(drifted.items).toMatchObject([{ state: 'fail', fixable: false }]);
    expect(drifted.items[0]?.detail).toContain('changed after they were applied');
    await sql`
      insert into schema_migrations (version, name, checksum, duration_ms)
      values (9998, 'from_tomorrow', 'x', 1)`;
    const newer = await look('postgres.migrations');
    await sql`delete from schema_migrations where version = 9998`;
    expect(newer.items).toMatchObject([{ state: 'fail', fix: 'install the newer petpro' }]);
  });

  test('whose zones are not ours fails', async () => {
    const { clinic } = await makeWorld(sql);
    await makeWorld(sql);
    // Such a zone PostgreSQL takes, and nobody else.
    await sql`update clinics set time_zone = 'JKT-7' where id = ${clinic.id}`;
    const { items } = await look('runtime.zones');
    await sql`update clinics set time_zone = 'Asia/Jakarta' where id = ${clinic.id}`;
    expect(items[0]).toMatchObject({ state: 'warn' });
    expect(items[0]?.detail).toContain('PostgreSQL has other times for JKT-7');
  });

  test('a broken invariant is exit 12', async () => {
    const { slot_id } = await makeWorld(sql);
    await sql`update slots set booked_count = 1 where id = ${slot_id}`;
    const { code, items } = await look('invariants');
    await sql`update slots set booked_count = 0 where id = ${slot_id}`;
    expect(code).toBe(12);
    expect(items.filter(({ state }) => state === 'fail').map(({ id }) => id)).toContain(
      'invariants.counters',
    );
  });
});

describe('Redis', () => {
  test('that is away fails once', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { code, items } = await look('redis', { REDIS_URL: url });
    expect(code).toBe(10);
    const failed = items.filter(({ state }) => state === 'fail');
    expect(failed).toMatchObject([{ id: 'redis.ping', fix: 'start Redis, or set REDIS_URL' }]);
  });

  test('that may evict locks is set right by --fix', async () => {
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const before = await look('redis.policy');
    expect(before.code).toBe(10);
    expect(before.items).toMatchObject([{ state: 'fail', fixable: true }]);
    const after = await look('redis.policy', {}, ['--fix', '--yes']);
    expect(after.code).toBe(0);
    expect(await client.config('GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
  });

  test('that refuses scripts fails', async () => {
    await client.acl('SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-@scripting');
    const url = new URL(redis.url);
    url.username = 'plain';
    url.password = 'pw';
    const { found } = await look('redis.script', { REDIS_URL: url.href });
    await client.acl('DELUSER', 'plain');
    expect(found['redis.script']).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('scripts are refused'),
      fix: 'allow EVAL and EVALSHA (ACL)',
    });
  });

  test('with a leaked lock: --fix releases it and leaves live ones', async () => {
    const { who, wish } = await makeWorld(sql);
    await startBooking(app, { who, wish });
    const leaked = lockKey(randomUUID(), 1);
    const token = `${'o'.repeat(16)}.${randomBytes(12).toString('base64url')}`;
    await client.set(leaked, token, 'PX', 600_000);
    const before = await look('locks');
    expect(before.items).toMatchObject([{ state: 'warn', fixable: true }]);
    expect(before.items[0]?.detail).toContain('1 leaked');
    const after = await look('locks', {}, ['--fix', '--yes']);
    expect(after.items).toMatchObject([{ state: 'pass' }]);
    expect(after.err).toContain('locks.board: 1 released, 0 kept');
    expect(await client.exists(leaked)).toBe(0);
    const [audit] = await sql<{ reason: string }[]>`
      select reason from audit_log where action like 'lock.%' order by at desc limit 1`;
    expect(audit?.reason).toBe('petpro doctor --fix');
  });
});

describe('the payment provider', () => {
  test('that refuses the key, or is away, fails', async () => {
    const wrong = await look('stripe.reach', { STRIPE_SECRET_KEY: 'sk_test_wrong' });
    expect(wrong.items).toMatchObject([{ state: 'fail', fix: 'set STRIPE_SECRET_KEY' }]);
    const away = await look('stripe.reach', {
      STRIPE_API_BASE: `http://127.0.0.1:${await freePort()}`,
    });
    expect(away.items[0]).toMatchObject({ state: 'fail' });
    expect(away.items[0]?.detail).toContain('ECONNREFUSED');
  });

  test('a webhook secret that is missing, or is none', async () => {
    const env = { ...well, STRIPE_WEBHOOK_SECRET: '' };
    const missing = await cli(['doctor', '--only', 'stripe'], { env });
    expect(missing.code).toBe(2);
    expect(missing.err).toContain('STRIPE_WEBHOOK_SECRET');
    const strange = await look('stripe.webhook', { STRIPE_WEBHOOK_SECRET: 'sk_test_1' });
    expect(strange.items).toMatchObject([{ state: 'warn' }]);
    // A secret never reaches the output.
    expect(JSON.stringify(strange.items)).not.toContain('sk_test_1');
  });

  test('the age of the last webhook, and pages that ended in silence', async () => {
    const first = await makeWorld(sql);
    const { reference_code } = await startBooking(app, first);
    await pay(reference_code);
    const told = await look('stripe.last_webhook');
    expect(told.items[0]).toMatchObject({ state: 'pass' });
    expect(told.items[0]?.detail).toMatch(/^the last one came \d+ s ago$/);
    const second = await makeWorld(sql);
    const lost = await startBooking(app, second);
    await sql`update webhook_events set received_at = received_at - interval '3 hours'`;
    await sql`
      update payments set session_expires_at = now() - interval '1 hour'
      where reservation_id = ${lost.reservation_id}`;
    const silent = await look('stripe.last_webhook');
    expect(silent.items[0]).toMatchObject({
      state: 'warn',
      detail: 'the last one came 3 h ago, and 1 payment pages ended without a word since',
    });
  });

  test('without one only pay at clinic works, which is no failure', async () => {
    const none = { STRIPE_SECRET_KEY: '', STRIPE_API_BASE: '', STRIPE_WEBHOOK_SECRET: '' };
    const { code, items } = await look('stripe.reach,stripe.mode,stripe.webhook_secret', none);
    expect(code).toBe(0);
    expect(items.map(({ state }) => state)).toEqual(['skip', 'skip', 'skip']);
  });
});

test('a mail server that is away fails, with its name', async () => {
  const { items } = await look('smtp', { SMTP_URL: `smtp://127.0.0.1:${await freePort()}` });
  expect(items).toMatchObject([{ state: 'fail', fix: 'set SMTP_URL' }]);
  expect(items[0]?.detail).toMatch(/^127\.0\.0\.1:\d+: /);
});
