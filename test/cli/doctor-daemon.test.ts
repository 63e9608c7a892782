import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { version } from '../../src/commands/version.ts';
import { freePort, listenLoopback } from '../../src/sandbox/process.ts';
import { addClinic } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { own_certificate, own_key } from './doctor-certificate.ts';
import { cli } from './harness.ts';
import { scriptedServer } from './scripted-server.ts';

// Doctor before a real daemon, before one that is away, one of another version, one with TLS, and before silence.

const { daemon, addKey, sql } = await startHarness();
const clinic = await addClinic(sql);
const token = await addKey('desk', clinic.id);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-doctor-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

async function look(env: Readonly<Record<string, string>>, only = 'daemon') {
  const { code, out } = await cli(['doctor', '--only', only, '--json', '-q'], { env });
  const items: readonly {
    readonly id: string;
    readonly state: string;
    readonly detail: string;
    readonly fix: string | null;
  }[] = JSON.parse(out).items;
  return { code, found: Object.fromEntries(items.map((item) => [item.id, item])), items };
}

describe('a daemon', () => {
  test('that is well passes, feed included', async () => {
    const { code, found } = await look({ PETPRO_URL: daemon.url, PETPRO_TOKEN: token });
    expect(code).toBe(0);
    expect(found['daemon.reach']?.state).toBe('pass');
    expect(found['daemon.ready']?.state).toBe('pass');
    expect(found['daemon.version']?.detail).toBe(`daemon ${version()}, this program ${version()}`);
    expect(found['daemon.feed']?.detail).toMatch(/^live after \d+ ms, a heartbeat each \d+ s$/);
    expect(found['daemon.certificate']).toMatchObject({ state: 'skip' });
  });

  test('whose feed refuses the token fails there only', async () => {
    const { code, found } = await look({ PETPRO_URL: daemon.url, PETPRO_TOKEN: 'ppk_x_y' });
    expect(code).toBe(10);
    expect(found['daemon.reach']?.state).toBe('pass');
    expect(found['daemon.feed']).toMatchObject({ state: 'fail' });
    const nobody = await look({ PETPRO_URL: daemon.url }, 'daemon.feed');
    expect(nobody.found['daemon.feed']).toMatchObject({ state: 'skip' });
  });

  test('that is away is told once, with what to do', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, found } = await look({ PETPRO_URL: url, PETPRO_TOKEN: token });
    expect(code).toBe(10);
    expect(found['daemon.reach']).toMatchObject({
      state: 'fail',
      detail: `no daemon answers at ${url}`,
      fix: 'petpro serve, or set PETPRO_URL',
    });
    expect(found['daemon.ready']?.state).toBe('skip');
    expect(found['daemon.version']?.state).toBe('skip');
    expect(found['daemon.feed']?.state).toBe('skip');
  });

  test('of another version, and not well, says which part', async () => {
    const body = {
      status: 'degraded',
      version: '9.9.9',
      checks: [
        { name: 'database', status: 'ok', detail: 'answers' },
        { name: 'redis', status: 'degraded', detail: 'does not answer' },
      ],
    };
    await using server = await scriptedServer(
      Array.from({ length: 2 }, () => ({ status: 200, body })),
    );
    const { code, found } = await look({ PETPRO_URL: server.url }, 'daemon.ready,daemon.version');
    expect(code).toBe(0);
    expect(found['daemon.ready']).toMatchObject({
      state: 'warn',
      detail: 'degraded: redis: does not answer',
    });
    expect(found['daemon.version']).toMatchObject({
      state: 'warn',
      detail: `daemon 9.9.9, this program ${version()}`,
    });
  });
});

describe('a certificate', () => {
  test('is told with its end where its issuer is trusted, and refused where not', async () => {
    const server = https.createServer({ key: own_key, cert: own_certificate }, (_, response) => {
      response.end('{}');
    });
    const port = await listenLoopback(server, 0);
    try {
      const ca_file = path.join(dir, 'ca.pem');
      fs.writeFileSync(ca_file, own_certificate);
      const env = { PETPRO_URL: `https://127.0.0.1:${port}` };
      const strange = await look(env, 'daemon.certificate');
      expect(strange.code).toBe(10);
      expect(strange.found['daemon.certificate']).toMatchObject({
        detail: expect.stringContaining('not trusted'),
        fix: 'set PETPRO_CA_FILE to its issuer',
      });
      const known = await look({ ...env, PETPRO_CA_FILE: ca_file }, 'daemon.certificate');
      expect(known.found['daemon.certificate']).toMatchObject({
        state: 'pass',
        detail: expect.stringContaining('the certificate ends on 2126-10-27'),
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('servers that take the connection and say nothing', () => {
  test('cost three seconds in all, not each; one failure per part, and none is asked twice', async () => {
    const sockets = new Set<net.Socket>();
    const silence = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    const port = await listenLoopback(silence, 0);
    const started = performance.now();
    try {
      const { code, items } = await look(
        {
          PETPRO_URL: `http://127.0.0.1:${port}`,
          PETPRO_TOKEN: token,
          DATABASE_URL: `postgres://petpro@127.0.0.1:${port}/petpro`,
          REDIS_URL: `redis://127.0.0.1:${port}`,
          STRIPE_API_BASE: `http://127.0.0.1:${port}`,
          STRIPE_SECRET_KEY: 'sk_test_silence',
          STRIPE_WEBHOOK_SECRET: 'whsec_silence',
          SMTP_URL: `smtp://127.0.0.1:${port}`,
          PETPRO_HOME: dir,
        },
        'daemon,postgres,redis,stripe,smtp,invariants',
      );
      expect(code).toBe(10);
      // Three seconds for the checks, and what the two cores of a build machine need on top.
      expect(performance.now() - started).toBeLessThan(6_000);
      const failed = items.filter(({ state }) => state === 'fail').map(({ id }) => id);
      expect(failed).toEqual(
        expect.arrayContaining([
          'daemon.reach',
          'postgres.reach',
          'redis.ping',
          'stripe.reach',
          'smtp.verify',
        ]),
      );
      expect(failed.filter((id) => /^(invariants|redis|postgres)\./.test(id))).toEqual([
        'postgres.reach',
        'redis.ping',
      ]);
      expect(items.filter(({ state, fix }) => state === 'fail' && !fix)).toEqual([]);
    } finally {
      silence.close();
      for (const socket of sockets) socket.destroy();
    }
  });
});
