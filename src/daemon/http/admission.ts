import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Access } from '../../domain/roles.ts';
import { type Authenticator, authorize, bearerToken } from './auth.ts';
import type { Limit } from './limits.ts';
import { sourceOf } from './request-info.ts';

/** Decides who may come in; sets `request.actor` or throws. */
export type Admit = (needed: Access) => (request: FastifyRequest) => Promise<void>;

export function createAdmission(authenticator: Authenticator, limit: Limit): Admit {
  async function principalOf(request: FastifyRequest) {
    const token = bearerToken(request.headers.authorization);
    if (token === null) throw new AppError('unauthorized', 'Send Authorization: Bearer <token>.');
    return await authenticator.authenticate(token);
  }
  return (needed) => async (request) => {
    if (needed === 'public') return await limit(request);
    try {
      const principal = await principalOf(request);
      request.actor = {
        ...principal,
        source: sourceOf(request.raw),
        request_id: request.id,
      };
    } catch (error) {
      // Guessing tokens is counted against the address.
      await limit(request);
      throw error;
    }
    await limit(request);
    authorize(request.actor, needed);
  };
}
