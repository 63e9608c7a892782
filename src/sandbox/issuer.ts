import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { listenLoopback } from './process.ts';

const ALGORITHM = 'ES256';
/** A name, not the address: tokens outlive the port of one run. */
const ISSUER = 'https://auth.petpro.localhost';
const AUDIENCE = 'petpro';

export type Issuer = {
  readonly url: string;
  readonly port: number;
  readonly jwks_url: string;
  readonly issuer: string;
  readonly audience: string;
  /** A customer's token: `sub` is the user, good for `ttl_s` seconds. */
  readonly mintCustomerToken: (user_id: string, ttl_s: number) => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** The key survives restarts, so that tokens do too. */
async function loadKey(key_file: string): Promise<JWK> {
  if (fs.existsSync(key_file)) return JSON.parse(fs.readFileSync(key_file, 'utf8'));
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, alg: ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint(jwk) };
  fs.mkdirSync(path.dirname(key_file), { recursive: true, mode: 0o700 });
  const fresh = `${key_file}.${process.pid}`;
  fs.writeFileSync(fresh, JSON.stringify(key), { mode: 0o600 });
  fs.renameSync(fresh, key_file);
  return key;
}

/** Stands in for the platform's Auth service in the demo: a JWKS endpoint and signed tokens. */
export async function startIssuer(options: {
  readonly key_file: string;
  readonly port?: number;
}): Promise<Issuer> {
  const key = await loadKey(options.key_file);
  const { d: _private_part, ...public_key } = key;
  const private_key = await importJWK(key, ALGORITHM);
  const jwks = JSON.stringify({ keys: [public_key] });
  const server = http.createServer((request, response) => {
    const found = request.method === 'GET' && request.url === '/.well-known/jwks.json';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(found ? jwks : '{"detail":"Only /.well-known/jwks.json is here."}');
  });
  const port = await listenLoopback(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    jwks_url: `${url}/.well-known/jwks.json`,
    issuer: ISSUER,
    audience: AUDIENCE,
    mintCustomerToken: async (user_id, ttl_s) =>
      await new SignJWT({})
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', ...(key.kid ? { kid: key.kid } : {}) })
        .setSubject(user_id)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${ttl_s}s`)
        .sign(private_key),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
