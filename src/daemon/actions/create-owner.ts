import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { addOwner, findOwner } from '../store/owners.ts';
import { ownerJson } from './search-owners.ts';

/**
 * A new owner with a first pet, as told on the phone. A known number is a conflict that names who
 * has it.
 */
export async function createOwner(
  app: App,
  actor: Actor,
  input: Input<'create_owner'>,
): Promise<Output<'create_owner'>> {
  const added = await addOwner(app.sql, {
    full_name: input.full_name,
    phone: input.phone,
    email: input.email ?? null,
    lang: input.lang ?? 'en',
    pet_name: input.pet_name,
    species: input.species ?? null,
  });
  const { user_id } = added;
  if (!added.is_new) {
    throw new AppError('conflict', 'An owner with this phone number exists.', { user_id });
  }
  const owner = await findOwner(app.sql, user_id, actor.clinic_id);
  if (!owner) throw new Error(`The new owner ${user_id} is not there`);
  return ownerJson(owner, actor);
}
