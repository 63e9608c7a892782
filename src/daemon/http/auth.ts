import { createHash, hash } from 'node:crypto';
import type { Sql } from 'postgres';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';
import { type Access, mayAccess } from '../../domain/roles.ts';
import type { Actor } from '../app-types.ts';
import { findApiKey } from '../store/operators.ts';
import { boundedCache } from './bounded-cache.ts';
import { tokenVerifier } from './jwt.ts';

/** An actor without what belongs to one request. */
export type Principal = Omit<Actor, 'source' | 'request_id'>;

/** A revoked key works this much longer at most; a new one is found at once. */
const remember_ms = 5_000;
const remembered_max = 20_000;
/** Bad tokens have a place of their own, so that a flood of them cannot push good ones out. */
const refused_max = 5_000;
/** Real tokens are 1 to 2 KB; a longer one is not worth hashing. */
const token_length_max = 8_192;

const api_key_prefix = 'ppk_';

export type Authenticator = {
  /**
   * The principal of a token; throws `unauthorized`, or `unavailable` when it cannot be checked
   * now.
   */
  readonly authenticate: (token: string) => Promise<Principal>;
  /** The principal at once when the token was checked a moment ago; otherwise null. */
  readonly known: (token: string) => Principal | null;
};

/** The token of an Authorization header, or null when there is none or it is not a Bearer token. */
export function bearerToken(header: string | undefined): string | null {
  const match = header === undefined ? null : /^bearer +(\S+)$/i.exec(header);
  return match?.[1] ?? null;
}

/** Throws `forbidden` unless the role may; `unauthorized` when there is nobody. */
export function authorize(
  principal: Principal | null,
  needed: Access,
): asserts principal is Principal {
  if (!principal)
    throw new AppError('unauthorized', 'Send a token: Authorization: Bearer <token>.');
  if (mayAccess(principal.role, needed)) return;
  const facts = { role: principal.role, needs: needed };
  throw new AppError('forbidden', `The role ${principal.role} may not do this.`, facts);
}

async function byApiKey(sql: Sql, hash: Buffer): Promise<Principal> {
  const key = await findApiKey(sql, hash);
  if (!key) throw new AppError('unauthorized', 'The API key is unknown, expired or revoked.');
  return { ...key, user_id: null };
}

/** Checks API keys against PostgreSQL and customer tokens against the issuer's public keys. */
export function createAuthenticator(sql: Sql, config: Config): Authenticator {
  const verify = tokenVerifier(config);
  const known = boundedCache<Principal>(remembered_max, remember_ms);
  const refused = boundedCache<AppError>(refused_max, remember_ms);
  const under_way = new Map<string, Promise<Principal>>();

  async function byToken(token: string): Promise<{ principal: Principal; lives_ms: number }> {
    if (token.startsWith(api_key_prefix)) {
      const hash = createHash('sha256').update(token).digest();
      return { principal: await byApiKey(sql, hash), lives_ms: remember_ms };
    }
    if (!verify) throw new AppError('unauthorized', 'Customer tokens are not accepted here.');
    const claims = await verify(token);
    const principal = {
      role: 'customer' as const,
      id: claims.sub,
      user_id: claims.sub,
      clinic_id: null,
      name: claims.name ?? 'customer',
      expires_at: Temporal.Instant.fromEpochMilliseconds(claims.exp * 1000),
    };
    return { principal, lives_ms: claims.exp * 1000 - Date.now() };
  }

  async function lookUp(token: string, cache_key: string): Promise<Principal> {
    try {
      const { principal, lives_ms } = await byToken(token);
      known.set(cache_key, principal, lives_ms);
      return principal;
    } catch (error) {
      if (error instanceof AppError && error.code === 'unauthorized') refused.set(cache_key, error);
      throw error;
    } finally {
      under_way.delete(cache_key);
    }
  }

  // Hashed, so that a heap dump holds no usable tokens.
  const cacheKey = (token: string) => hash('sha256', token, 'base64');

  return {
    known: (token) =>
      token.length > token_length_max ? null : (known.get(cacheKey(token)) ?? null),
    authenticate: async (token) => {
      if (token.length > token_length_max) {
        throw new AppError('unauthorized', 'The token is not valid.');
      }
      const cache_key = cacheKey(token);
      const principal = known.get(cache_key);
      if (principal) return principal;
      const refusal = refused.get(cache_key);
      if (refusal) throw new AppError('unauthorized', refusal.detail);
      // A burst with one token costs one look-up.
      const running = under_way.get(cache_key) ?? lookUp(token, cache_key);
      under_way.set(cache_key, running);
      return running;
    },
  };
}
