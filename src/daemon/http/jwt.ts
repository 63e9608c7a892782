import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';

/** No symmetric algorithm and no `none`: the daemon holds public keys only. */
const algorithms = ['ES256', 'RS256', 'EdDSA'];
const clock_tolerance_s = 5;
const jwks_timeout_ms = 3_000;
const jwks_max_age_ms = 600_000;
/** An unknown key id asks the issuer again, but not more often than this. */
const jwks_cooldown_ms = 10_000;

/** Whom a customer's token names: `sub` is the user id of this platform. */
const Claims = z.object({
  sub: z.uuid(),
  exp: z.number(),
  name: z.string().max(200).optional(),
});
type CustomerClaims = z.output<typeof Claims>;

export type VerifyToken = (token: string) => Promise<CustomerClaims>;

function claimsOf(payload: JWTPayload): CustomerClaims {
  const parsed = Claims.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new AppError('unauthorized', 'The token does not name a customer of this platform.');
}

/**
 * Failures to reach the issuer are ours (503); everything else is a bad token (401), without saying
 * why.
 */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const bad_token =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    // The base class itself is what a wrong answer of the issuer throws.
    error.constructor !== errors.JOSEError;
  if (error instanceof errors.JWTExpired) {
    return new AppError('unauthorized', 'The token has expired.', {}, { cause: error });
  }
  if (bad_token) {
    return new AppError('unauthorized', 'The token is not valid.', {}, { cause: error });
  }
  const facts = { retry_after_ms: 2_000 };
  const detail = 'The service that issues tokens does not answer.';
  return new AppError('unavailable', detail, facts, { cause: error });
}

/** The verifier of customer tokens, or null when no issuer is configured. */
export function tokenVerifier(config: Config): VerifyToken | null {
  if (!config.auth_jwks_url) return null;
  const keys = createRemoteJWKSet(new URL(config.auth_jwks_url), {
    timeoutDuration: jwks_timeout_ms,
    cacheMaxAge: jwks_max_age_ms,
    cooldownDuration: jwks_cooldown_ms,
  });
  const options = {
    audience: config.auth_audience,
    algorithms,
    clockTolerance: clock_tolerance_s,
    requiredClaims: ['sub', 'exp'],
    ...(config.auth_issuer ? { issuer: config.auth_issuer } : {}),
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, options);
      return claimsOf(payload);
    } catch (error) {
      throw asAppError(error);
    }
  };
}
