import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Access } from '../../domain/roles.ts';
import { type Authenticator, authorize, bearerToken, type Principal } from './auth.ts';
import type { Limit } from './limits.ts';
import { sourceOf } from './request-info.ts';

/** Decides who may come in; sets `request.actor` or fails. A hook in the style of callbacks. */
export type Admit = (
  needed: Access,
) => (request: FastifyRequest, reply: unknown, done: (error?: Error) => void) => void;

export function createAdmission(authenticator: Authenticator, limit: Limit | null): Admit {
  const enter = (request: FastifyRequest, principal: Principal) => {
    request.actor = { ...principal, source: sourceOf(request.raw), request_id: request.id };
  };

  /** What is left once the caller is known: the count first, so that a flood of refusals is counted. */
  const check = (request: FastifyRequest, needed: Access) => {
    limit?.count(request);
    if (needed !== 'public') authorize(request.actor, needed);
  };

  async function admit(request: FastifyRequest, token: string | null, needed: Access) {
    try {
      if (token === null) {
        throw new AppError('unauthorized', 'Send Authorization: Bearer <token>.');
      }
      enter(request, await authenticator.authenticate(token));
    } catch (error) {
      // Guessing tokens is counted against the address.
      limit?.count(request);
      throw error;
    }
    check(request, needed);
  }

  return (needed) => (request, _reply, done) => {
    const token = bearerToken(request.headers.authorization);
    // The short way for a token that was checked a moment ago: no promise, nothing to wait for.
    const principal = token === null ? null : authenticator.known(token);
    if (needed !== 'public' && principal === null) {
      admit(request, token, needed).then(
        () => done(),
        (error) => done(error),
      );
      return;
    }
    try {
      if (needed !== 'public' && principal !== null) enter(request, principal);
      check(request, needed);
    } catch (error) {
      done(error instanceof Error ? error : new Error('Not admitted', { cause: error }));
      return;
    }
    done();
  };
}
