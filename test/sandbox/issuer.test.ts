import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { startIssuer } from '../../src/sandbox/issuer.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-issuer-'));
const key_file = path.join(dir, 'issuer.key.json');
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const user_id = '019a9f6e-0000-7000-8000-000000000001';

test('signs tokens that a JWKS client verifies, also after a restart, and expires them', async () => {
  const first = await startIssuer({ key_file });
  const token = await first.mintCustomerToken(user_id, 60);
  const dead = await first.mintCustomerToken(user_id, -60);
  await first.stop();
  expect(fs.statSync(key_file).mode & 0o777).toBe(0o600);

  await using restarted = Object.assign(await startIssuer({ key_file }), {
    [Symbol.asyncDispose]: async () => await restarted.stop(),
  });
  const keys = createRemoteJWKSet(new URL(restarted.jwks_url));
  const expected = { issuer: restarted.issuer, audience: 'petpro' };
  const { payload } = await jwtVerify(token, keys, expected);
  expect(payload.sub).toBe(user_id);
  await expect(jwtVerify(dead, keys, expected)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  const forged = `${token.slice(0, -4)}AAAA`;
  await expect(jwtVerify(forged, keys, expected)).rejects.toThrow();
});

test('publishes the public half only', async () => {
  const issuer = await startIssuer({ key_file });
  const answer = await fetch(issuer.jwks_url);
  const published = (await answer.json()) as { keys: [object] };
  expect(Object.keys(published.keys[0]).sort()).toEqual([
    'alg',
    'crv',
    'kid',
    'kty',
    'use',
    'x',
    'y',
  ]);
  expect((await fetch(`${issuer.url}/`)).status).toBe(404);
  await issuer.stop();
});
