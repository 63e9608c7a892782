import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { openLog } from '../../src/log.ts';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { addKey, call, codeOf, member, send, startSurroundings } from '../http/harness.ts';

// A daemon that meets a leak when it starts.

const { sql, env } = await startSurroundings();
const raw = new Redis(env['REDIS_URL'] ?? '');
afterAll(() => raw.disconnect());
const leaked = lockKey(randomUUID(), 1);
await raw.set(leaked, `leaked.${randomUUID()}`);
const config = loadConfig({ env });
const daemon = await startDaemon(config, openLog({ level: config.log_level }));
afterAll(() => daemon.stop());
const sre = await addKey(sql, 'sre');
const base = daemon.url;

async function inventory() {
  const { json } = await send(base, '/readyz');
  const checks = member(json, 'checks');
  if (!Array.isArray(checks)) throw new Error('no checks');
  return checks.find((check) => member(check, 'name') === 'inventory');
}

test('readiness warns, the gauge counts, and the daemon stays in service', async () => {
  const check = await eventually('the inventory was looked at', inventory);
  expect(member(check, 'status')).toBe('degraded');
  expect(member(check, 'detail')).toBe('lock.leaked 1: petpro reconcile run');
  expect((await send(base, '/readyz')).status).toBe(200);
  const metrics = await send(base, '/metrics');
  expect(metrics.text).toContain('petpro_inventory_mismatches{kind="lock.leaked"} 1');
  expect(metrics.text).toContain('petpro_inventory_mismatches{kind="any"} 1');
});

test('the command line asks the daemon while there is one', async () => {
  const options = { env: { PETPRO_URL: base, PETPRO_TOKEN: sre } };
  const { out, err, code } = await cli(['locks', 'list', '-o', 'name'], options);
  expect({ out, code }).toEqual({ out: `${leaked}\n`, code: 0 });
  expect(err).not.toContain('No daemon');
});

describe('keys in addresses', () => {
  const get = (key: string) =>
    send(base, `/v1/ops/locks/${encodeURIComponent(key)}`, { token: sre });

  test('are taken as they are listed', async () => {
    const answer = await get(leaked);
    expect(answer.status).toBe(200);
    expect(member(answer.json, 'class')).toBe('leaked');
  });

  test.each([
    ['of 10 kB', 'a'.repeat(10_000), 414, 'uri_too_long'],
    ['that rings the bell', 'hold:\u0007', 400, 'invalid_input'],
    ['with U+0000', 'hold:\u0000', 400, 'invalid_input'],
    ['of nobody', 'hold:{x}', 404, 'not_found'],
    ['of another prefix', 'petpro:locks_epoch', 404, 'not_found'],
    ['that is a pattern', '*', 404, 'not_found'],
  ])('%s are refused', async (_, key, status, code) => {
    const answer = await get(key);
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status, code });
    const body = { token: 'ffff', reason: 'x', foreign: true, cancel_reservation: true };
    const address = `/v1/ops/locks/${encodeURIComponent(key)}/release`;
    const released = await send(base, address, { method: 'POST', token: sre, body });
    expect({ status: released.status, code: codeOf(released) }).toEqual({ status, code });
    expect(await raw.exists(leaked, 'petpro:locks_epoch')).toBe(2);
  });
});

test("the clean-up answers on the platform's old address too, with a reason only", async () => {
  const old = '/api/v1/availability/cleanup-locks';
  const none = await send(base, old, { method: 'POST', token: sre, body: {} });
  expect(codeOf(none)).toBe('invalid_input');
  const body = { class: 'live', reason: 'x' };
  expect((await send(base, old, { method: 'POST', token: sre, body })).status).toBe(400);
  expect(await raw.exists(leaked)).toBe(1);
});

test('a repeated release with one key has one effect and one answer', async () => {
  const { json } = await call(base, 'inspect_lock', { params: { key: leaked } }, { token: sre });
  const token = member(json, 'token');
  const request = { params: { key: leaked }, body: { token, reason: 'INC-9' } };
  const headers = { 'idempotency-key': 'release once' };
  const first = await call(base, 'release_lock', request, { token: sre, headers });
  const second = await call(base, 'release_lock', request, { token: sre, headers });
  expect(first.status).toBe(200);
  expect(second.json).toEqual(first.json);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await raw.exists(leaked)).toBe(0);
});
