import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { openLog } from '../../src/log.ts';
import { addOwner } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, codeOf, send, startHarness } from './harness.ts';

const issuer = 'https://auth.example';
const audience = 'petpro';
const harness = await startHarness();

/** A token service of our own: it can rotate its keys and be away. */
const keys = {
  es256: await generateKeyPair('ES256'),
  rs256: await generateKeyPair('RS256'),
  ed25519: await generateKeyPair('EdDSA'),
  stranger: await generateKeyPair('ES256'),
};
let is_away = false;
let asked = 0;
const jwks = JSON.stringify({
  keys: [
    { ...(await exportJWK(keys.es256.publicKey)), kid: 'es', alg: 'ES256', use: 'sig' },
    { ...(await exportJWK(keys.rs256.publicKey)), kid: 'rs', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(keys.ed25519.publicKey)), kid: 'ed', alg: 'EdDSA', use: 'sig' },
  ],
});
const service = http.createServer((_request, response) => {
  asked += 1;
  response.writeHead(is_away ? 503 : 200, { 'content-type': 'application/json' });
  response.end(is_away ? '{}' : jwks);
});

let base = '';
let jwks_url = '';
let user_id = '';
async function startWithService() {
  const env = { ...harness.env, AUTH_JWKS_URL: jwks_url, AUTH_ISSUER: issuer, PETPRO_ONLY: 'api' };
  const daemon = await startDaemon(loadConfig({ env }), openLog({ level: 'silent' }));
  afterAll(() => daemon.stop());
  return daemon.url;
}

beforeAll(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const address = service.address();
  jwks_url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/keys`;
  ({ user_id } = await addOwner(harness.sql));
  base = await startWithService();
});
afterAll(() => {
  service.closeAllConnections();
  service.close();
});

function token(changes: Readonly<Record<string, unknown>> = {}): SignJWT {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub: user_id, iss: issuer, aud: audience, exp: now + 60, ...changes });
}

const ask = (bearer: string, url = base): Promise<Answer> =>
  send(url, '/v1/bookings', { token: bearer });

describe('customer tokens', () => {
  it.each([
    ['ES256', 'es', keys.es256.privateKey],
    ['RS256', 'rs', keys.rs256.privateKey],
    ['EdDSA', 'ed', keys.ed25519.privateKey],
  ] as const)('signed with %s are believed', async (alg, kid, key) => {
    const answer = await ask(await token().setProtectedHeader({ alg, kid }).sign(key));
    expect(answer.status).toBe(200);
  });

  const now = Math.floor(Date.now() / 1000);
  it.each([
    ['has expired', { exp: now - 60 }],
    ['never expires', { exp: undefined }],
    ['is not valid yet', { nbf: now + 3_600 }],
    ['is for another audience', { aud: 'other' }],
    ['comes from another issuer', { iss: 'https://evil.example' }],
    ['names nobody', { sub: undefined }],
    ['names somebody who cannot be one of ours', { sub: 'admin' }],
  ])('one that %s is refused', async (_what, changes) => {
    const header = { alg: 'ES256', kid: 'es' };
    const answer = await ask(
      await token(changes).setProtectedHeader(header).sign(keys.es256.privateKey),
    );
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 401,
      code: 'unauthorized',
    });
  });

  it('is refused when the signature is not of the service', async () => {
    const header = { alg: 'ES256', kid: 'es' };
    const forged = await token().setProtectedHeader(header).sign(keys.stranger.privateKey);
    expect((await ask(forged)).status).toBe(401);
    const good = await token().setProtectedHeader(header).sign(keys.es256.privateKey);
    const [head = '', , signature = ''] = good.split('.');
    const claims = base64url.encode(
      JSON.stringify({ sub: randomUUID(), iss: issuer, aud: audience, exp: now + 60 }),
    );
    expect((await ask(`${head}.${claims}.${signature}`)).status).toBe(401);
  });

  it('is refused when it is unsigned, or signed with the public key as a secret', async () => {
    const claims = { sub: user_id, iss: issuer, aud: audience, exp: now + 60 };
    const none = base64url.encode(JSON.stringify({ alg: 'none', kid: 'es' }));
    expect((await ask(`${none}.${base64url.encode(JSON.stringify(claims))}.`)).status).toBe(401);
    const secret = new TextEncoder().encode(jwks);
    const confused = await token().setProtectedHeader({ alg: 'HS256', kid: 'es' }).sign(secret);
    expect((await ask(confused)).status).toBe(401);
  });

  it('never makes somebody more than a customer', async () => {
    const claims = { role: 'admin', roles: ['admin'], scope: 'admin', clinic_id: null };
    const bearer = await token(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'es' })
      .sign(keys.es256.privateKey);
    const answer = await send(base, '/v1/owners?q=a', { token: bearer });
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 403,
      code: 'forbidden',
    });
  });

  it('costs the token service one question, however many customers come', async () => {
    const before = asked;
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const bearer = await token({ n })
          .setProtectedHeader({ alg: 'ES256', kid: 'es' })
          .sign(keys.es256.privateKey);
        expect((await ask(bearer)).status).toBe(200);
      }),
    );
    expect(asked - before).toBeLessThanOrEqual(1);
  });

  it('is answered 503, not 401, while the token service is away', async () => {
    const url = await startWithService();
    is_away = true;
    try {
      const header = { alg: 'ES256', kid: 'es' };
      const bearer = await token().setProtectedHeader(header).sign(keys.es256.privateKey);
      const answer = await ask(bearer, url);
      expect({ status: answer.status, code: codeOf(answer) }).toEqual({
        status: 503,
        code: 'unavailable',
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      is_away = false;
    }
  });
});

describe('API keys', () => {
  const prefix = (key: string) => key.split('_')[1] ?? '';

  it('work until they expire or are revoked', async () => {
    const key = await harness.addKey('viewer');
    expect((await ask(key)).status).toBe(200);
    await harness.sql`update api_keys set revoked_at = now() where prefix = ${prefix(key)}`;
    await eventually('refused', async () => (await ask(key)).status === 401);

    const old = await harness.addKey('viewer');
    await harness.sql`
      update api_keys set expires_at = now() - interval '1 second' where prefix = ${prefix(old)}`;
    expect((await ask(old)).status).toBe(401);
  });

  it('are of no use with a changed letter, in another scheme, or in the address', async () => {
    const key = await harness.addKey('viewer');
    const changed = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
    expect((await ask(changed)).status).toBe(401);
    const basic = { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` };
    expect((await send(base, '/v1/bookings', { headers: basic })).status).toBe(401);
    expect((await send(base, `/v1/bookings?token=${key}`)).status).toBe(401);
  });

  it('take the scheme in any letters', async () => {
    const key = await harness.addKey('viewer');
    const headers = { authorization: `bEARER ${key}` };
    expect((await send(base, '/v1/bookings', { headers })).status).toBe(200);
  });
});
