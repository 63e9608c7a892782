import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, expect, test } from 'vitest';
import { certificateDays, diskUsedPercent } from '../../src/daemon/kpi-gauges.ts';

/** What a daemon sees of its machine, against a real TLS server and a real disk. */

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-gauges-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
const DAY_MS = 86_400_000;
const now_ms = Temporal.Now.instant().epochMilliseconds;

/** Of nobody, for localhost, good for a hundred years. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJjd7cT6+DXWiUwQA
DUVXX/xfyLI4S/FC7dAeraTxvumhRANCAAQbBvy7cvXPkOZrHwnajx3B9SZ1r89W
AFA/05z2oeOQL1SfFWntM3Rl6wjtvMgocmBt6IK2t0/sxOI9UYeZCWOa
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUbLsK+sYpyZdiwZcWULCqrwBBRHgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE1Mjc1MloYDzIxMjYxMDI3
MTUyNzUyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQbBvy7cvXPkOZrHwnajx3B9SZ1r89WAFA/05z2oeOQL1SfFWntM3Rl
6wjtvMgocmBt6IK2t0/sxOI9UYeZCWOao1MwUTAdBgNVHQ4EFgQUPnu0zCwXVDuq
nCZDXJp0gOLzoa0wHwYDVR0jBBgwFoAUPnu0zCwXVDuqnCZDXJp0gOLzoa0wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAi6vllJEf/Ys8n36rnWOz
OLozF8jIUVaBok82QTtyausCIQCCWeAOkzmEeTSUNqkB6YVgjWts57YtraryjhwB
VXZvAg==
-----END CERTIFICATE-----`;

async function serve(): Promise<string> {
  const server = tls.createServer({ key, cert });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `https://localhost:${address.port}`;
}

test('days until a certificate ends, also when it has ended', async () => {
  const address = await serve();
  const ends_ms = Date.parse(new X509Certificate(cert).validTo);
  expect(await certificateDays(address, ends_ms - 9 * DAY_MS)).toBe(9);
  expect(await certificateDays(address, ends_ms + 2 * DAY_MS)).toBe(-2);
});

test('no https address, or nobody there, is not known', async () => {
  expect(await certificateDays(null, now_ms)).toBeNull();
  expect(await certificateDays('http://127.0.0.1:1', now_ms)).toBeNull();
  expect(await certificateDays('https://127.0.0.1:1', now_ms)).toBeNull();
});

test('the disk is that of the folder, or of the first above it that is there', async () => {
  const used = await diskUsedPercent(path.join(dir, 'not', 'there', 'yet'));
  expect(used).toBeGreaterThan(0);
  expect(used).toBeLessThanOrEqual(100);
});
