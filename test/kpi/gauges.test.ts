import { execFileSync } from 'node:child_process';
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
const now_ms = Temporal.Now.instant().epochMilliseconds;

async function serve(days: number): Promise<string> {
  const key = path.join(dir, 'key.pem');
  const cert = path.join(dir, 'cert.pem');
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...words, '-days', String(days), '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) });
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

test('days until a certificate ends', async () => {
  const address = await serve(9);
  expect(await certificateDays(address, now_ms)).toBeCloseTo(9, 0);
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
