import { expect, test } from 'vitest';
import { configTable, describeConfig, loadConfig } from '../../src/config.ts';
import { AppError } from '../../src/domain/errors.ts';

const refusal = (run: () => unknown): AppError => {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('prefers flags to the environment to defaults, and says where a value came from', () => {
  const env = { PETPRO_PORT: '8001', REDIS_URL: '', HOME: '/home/rina', LANG: 'id_ID.UTF-8' };
  const config = loadConfig({ env, flags: { port: 8002 } });
  expect(config.port).toBe(8002);
  expect(config.redis_url).toBeNull();
  expect(config.home).toBe('/home/rina/.local/state/petpro');
  expect(config.lang).toBe('id');
  expect(config.roles).toEqual(['api', 'sweeper', 'cron', 'dispatcher', 'relay']);
  expect(config.request_timeout_ms).toBe(15_000);
  const rows = Object.fromEntries(describeConfig(config).map((row) => [row.key, row.source]));
  expect(rows['port']).toBe('flag');
  expect(rows['redis_url']).toBe('default');
  expect(describeConfig(loadConfig({ env })).find((row) => row.key === 'port')?.source).toBe('env');
});

test('is frozen through and through', () => {
  const config = loadConfig({ env: { STRIPE_WEBHOOK_SECRET: 'whsec_a, whsec_b' } });
  expect(config.stripe_webhook_secret).toEqual(['whsec_a', 'whsec_b']);
  expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  expect(() => Object.assign(config.stripe_webhook_secret, { 0: 'x' })).toThrow(TypeError);
});

test('reports all problems at once, under the names that people used', () => {
  const env = { DATABASE_URL: 'mysql://x', PETPRO_ONLY: 'api,cook', PETPRO_TZ: 'Mars/Base' };
  const error = refusal(() => loadConfig({ env, flags: { body_limit_bytes: '1e9' } }));
  expect(error.code).toBe('invalid_input');
  expect(error.facts['problems']).toEqual([
    'DATABASE_URL must be a URL that starts with postgres:// or postgresql://',
    'PETPRO_ONLY must be one of api, sweeper, cron, dispatcher, relay',
    '--body-limit-bytes must be a whole number from 1024 to 104857600',
    'PETPRO_TZ must be a time zone such as Asia/Jakarta',
  ]);
});

test('keeps test keys out of production and live keys out of everything else', () => {
  const stripe = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
  expect(loadConfig({ env: stripe }).env).toBe('dev');
  const in_prod = refusal(() => loadConfig({ env: { ...stripe, PETPRO_ENV: 'prod' } }));
  expect(in_prod.detail).toContain('test key');
  const live = { ...stripe, STRIPE_SECRET_KEY: 'sk_live_1' };
  expect(refusal(() => loadConfig({ env: live })).detail).toContain('live key');
  const deaf = refusal(() => loadConfig({ env: { STRIPE_SECRET_KEY: 'sk_test_1' } }));
  expect(deaf.detail).toContain('STRIPE_WEBHOOK_SECRET');
});

test('masks every secret and nothing else', () => {
  const env = {
    DATABASE_URL: 'postgres://rina:hunter2@db.example/petpro',
    REDIS_URL: 'redis://:hunter2@cache.example',
    STRIPE_SECRET_KEY: 'sk_test_hunter2',
    STRIPE_WEBHOOK_SECRET: 'whsec_hunter2',
    PETPRO_TOKEN: 'ppk_hunter2',
    SMTP_URL: 'smtp://u:hunter2@mail.example',
  };
  const rows = describeConfig(loadConfig({ env }));
  expect(JSON.stringify(rows)).not.toContain('hunter2');
  const shown = rows.find((row) => row.key === 'database_url')?.value;
  expect(shown).toBe('postgres://rina:***@db.example/petpro');
});

test('has one environment name and one sentence per setting', () => {
  const names = configTable().map(([, setting]) => setting.env);
  expect(new Set(names).size).toBe(names.length);
  for (const [, setting] of configTable()) expect(setting.doc).toMatch(/^[A-Z`].*\.$/);
});
