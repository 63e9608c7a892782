import { AppError } from '../../domain/errors.ts';
import { serviceItems, tierItems } from '../../domain/items.ts';
import type { Input } from '../../domain/shapes.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { type Holding, hold } from './hold.ts';
import { holdRow } from './hold-row.ts';

/** Holds what a request asks for: seats of one slot, or a row of slots for several services. */
export async function holdWanted(
  app: App,
  actor: Actor,
  input: Input<'create_reservation'>,
  call: Call,
): Promise<Holding> {
  const { service_id, items, ...rest } = input;
  const services = serviceItems(items);
  if (services !== null) return await holdRow(app, actor, rest, services, call);
  if (service_id === undefined) throw new AppError('invalid_input', 'Say which service.');
  return await hold(app, actor, { ...rest, service_id, items: tierItems(items) }, call);
}
