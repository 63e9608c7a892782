import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { type Access, mayAccess } from '../../domain/roles.ts';
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

  async function admit(request: FastifyRequest, token: string | null, needed: Access) {
    if (needed === 'public') return await limit?.(request);
    try {
      if (token === null) {
        throw new AppError('unauthorized', 'Send Authorization: Bearer <token>.');
      }
      enter(request, await authenticator.authenticate(token));
    } catch (error) {
      // Guessing tokens is counted against the address.
      await limit?.(request);
      throw error;
    }
    await limit?.(request);
    authorize(request.actor, needed);
  }

  return (needed) => (request, _reply, done) => {
    const token = bearerToken(request.headers.authorization);
    // The short way for a token that was checked a moment ago: no promise, nothing to wait for.
    const principal = limit === null && token !== null ? authenticator.known(token) : null;
    if (principal !== null && needed !== 'public' && mayAccess(principal.role, needed)) {
      enter(request, principal);
      done();
      return;
    }
    admit(request, token, needed).then(
      () => done(),
      (error) => done(error),
    );
  };
}
