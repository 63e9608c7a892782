import { z } from 'zod';
import type { Alias, Hints, Parts } from '../../domain/aliases.ts';
import { AppError } from '../../domain/errors.ts';
import type { Actor, App } from '../app-types.ts';
import { comingSlots, holdOfLock, holdsOfSlot, petsFor } from '../store/alias-lookups.ts';
import { findSlotMeta } from '../store/slots.ts';
import { ownerOf } from './actor.ts';

/** As many are named when an event has several performances. */
const PERFORMANCES_MAX = 5;

type Body = Readonly<Record<string, unknown>>;

const is_lock = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,100}$/.test(value);
const is_id = (value: unknown): value is string => z.uuid().safeParse(value).success;

function wrong(path: string, message: string, facts: { candidates?: string[] } = {}): AppError {
  return new AppError('invalid_input', `${path}: ${message}`, {
    errors: [{ path, message }],
    ...facts,
  });
}

/** The one slot that an event's id means. Two performances are two prices and two days: ask. */
async function performanceOf(app: App, event_id: unknown): Promise<Body> {
  if (!is_id(event_id)) throw wrong('body.eventId', 'Give the id of a slot, a service or a venue');
  const coming = await comingSlots(app.sql, event_id, PERFORMANCES_MAX);
  const [only] = coming;
  if (!only) throw new AppError('not_found', 'There is no such event, or it is over.');
  if (coming.length === 1) return { slot_id: only.slot_id, service_id: only.service_id };
  const candidates = coming.map(({ slot_id }) => slot_id);
  throw wrong('body.eventId', 'It takes place several times: give the id of one slot', {
    candidates,
  });
}

/** The service of a slot that is named alone. */
async function placeOf(app: App, body: Body, hints: Hints): Promise<Body> {
  if (hints['@event'] !== undefined) return await performanceOf(app, hints['@event']);
  const { slot_id, service_id } = body;
  // Items of several services name their own.
  if (service_id !== undefined || body['items'] !== undefined || !is_id(slot_id)) return {};
  const slot = await findSlotMeta(app.sql, slot_id);
  if (!slot) throw new AppError('not_found', 'There is no such slot.');
  return { service_id: slot.service_id };
}

/**
 * Salons and ticket offices know no pets, and need none; a clinic's visit is for the owner's only one.
 */
async function petOf(app: App, actor: Actor, body: Body): Promise<Body> {
  if (body['pet_id'] !== undefined) return {};
  const { user_id, slot_id } = body;
  const owner = ownerOf(actor, is_id(user_id) ? user_id : undefined);
  const pets = await petsFor(app.sql, owner, is_id(slot_id) ? slot_id : null);
  const [first] = pets;
  // Where a pet does not matter nobody's is made up; the judge says so where one does.
  if (first?.kind !== 'clinic') return {};
  if (pets.length > 1) throw wrong('body.pet_id', 'The owner has several pets: say which');
  return { pet_id: first.pet_id };
}

/** The hold that a slot means, or a lock together with its payment. */
async function holdOf(app: App, actor: Actor, hints: Hints, body: Body): Promise<Body> {
  const lock_id = hints['@held_lock'];
  if (lock_id !== undefined) {
    const { payment_id } = body;
    if (!is_lock(lock_id)) throw wrong('body.reservation_lock_id', 'Give the lock_id of the hold');
    if (!is_id(payment_id)) throw wrong('body.payment_id', 'Give it, or the reservation_id');
    const reservation_id = await holdOfLock(app.sql, payment_id, lock_id);
    if (reservation_id === null) throw new AppError('not_found', 'There is no such hold.');
    return { reservation_id };
  }
  const slot_id = hints['@held_slot'];
  if (!is_id(slot_id)) throw wrong('path.slot_id', 'Give the id of a slot');
  const [only, another] = await holdsOfSlot(app.sql, slot_id, actor.clinic_id);
  if (only === undefined) throw new AppError('not_found', 'Nobody holds this slot.');
  if (another !== undefined) throw wrong('body.reservation_id', 'Several hold it: say whose');
  return { reservation_id: only };
}

/** Adds to a request in our words what the words of the source documents leave out. */
export async function fillAlias(
  app: App,
  actor: Actor,
  alias: Alias,
  { hints, ...parts }: Parts & { readonly hints: Hints },
): Promise<Parts> {
  const params: Body = Object(parts.params);
  const is_held = hints['@held_slot'] !== undefined || hints['@held_lock'] !== undefined;
  if (is_held && params['reservation_id'] === undefined) {
    return {
      ...parts,
      params: { ...params, ...(await holdOf(app, actor, hints, Object(parts.body))) },
    };
  }
  if (alias.fill === undefined || typeof parts.body !== 'object') return parts;
  let body: Body = Object(parts.body);
  if (alias.fill.includes('place')) body = { ...body, ...(await placeOf(app, body, hints)) };
  if (alias.fill.includes('pet')) body = { ...body, ...(await petOf(app, actor, body)) };
  return { ...parts, body };
}
