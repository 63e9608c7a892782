import { AppError } from '../../domain/errors.ts';
import type { Actor } from '../app-types.ts';
import type { DbActor, Scope } from '../store/actor.ts';

/** The caller as the SQL guards see it: customers by their user id, operators by their key. */
export function dbActor(actor: Actor): DbActor {
  const is_customer = actor.role === 'customer';
  return {
    kind: is_customer ? 'customer' : 'operator',
    id: is_customer ? actor.user_id : actor.id,
    clinic_id: actor.clinic_id,
    source: actor.source,
    request_id: actor.request_id,
  };
}

/** The system acting for a caller: where a customer's own right does not reach, but ours does. */
export function systemActor(actor: Actor): DbActor {
  return { ...dbActor(actor), kind: 'system', id: null };
}

/** What a caller may see at all; added to the guard of every read. */
export function scopeOf(actor: Actor): Scope {
  if (actor.role !== 'customer') return { user_id: null, clinic_id: actor.clinic_id };
  if (actor.user_id === null) throw new AppError('forbidden', 'This token names no customer.');
  return { user_id: actor.user_id, clinic_id: actor.clinic_id };
}

/**
 * Whom a booking is for: a customer is always themselves, staff say whom. Naming somebody else is
 * answered as if that owner did not exist.
 */
export function ownerOf(actor: Actor, user_id: string | undefined): string {
  if (actor.role === 'customer') {
    const { user_id: own } = scopeOf(actor);
    if (own === null || (user_id !== undefined && user_id !== own)) {
      throw new AppError('not_found', 'There is no such owner.');
    }
    return own;
  }
  if (user_id === undefined) {
    throw new AppError('invalid_input', 'Say for whom: user_id is missing.', {
      errors: [{ path: 'user_id', message: 'Required when staff book for an owner' }],
    });
  }
  return user_id;
}

/** Refuses a clinic outside the caller's own, as if it did not exist. */
export function assertClinic(actor: Actor, clinic_id: string): void {
  if (actor.clinic_id !== null && actor.clinic_id !== clinic_id) {
    throw new AppError('not_found', 'There is no such clinic.');
  }
}
