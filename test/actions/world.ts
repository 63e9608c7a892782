import type { Sql } from 'postgres';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import type { Actor, App } from '../../src/daemon/app-types.ts';
import { expireReservation } from '../../src/daemon/store/reservations.ts';
import type { Output } from '../../src/domain/shapes.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  lapse,
  type OwnerIds,
  type SlotOptions,
} from '../helpers/database.ts';
import { customer, no_key } from './bench.ts';

/** A clinic that sells one slot of one service, and a customer who wants it. */
export type World = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly slot_id: string;
  readonly owner: OwnerIds;
  readonly who: Actor;
  /** The customer's request for the slot. */
  readonly wish: {
    readonly service_id: string;
    readonly slot_id: string;
    readonly pet_id: string;
    readonly quantity: number;
    readonly payment_method: 'checkout';
  };
};

export async function makeWorld(sql: Sql, slot: SlotOptions = {}): Promise<World> {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic, { capacity: slot.capacity });
  const slot_id = await addSlot(sql, clinic, service_id, slot);
  const owner = await addOwner(sql);
  const wish = { service_id, slot_id, quantity: 1, payment_method: 'checkout' } as const;
  return {
    clinic,
    service_id,
    slot_id,
    owner,
    who: customer(owner.user_id),
    wish: { ...wish, pet_id: owner.pet_id },
  };
}

/** The same wish by somebody else. */
export async function rivalOf(
  sql: Sql,
  world: World,
): Promise<Pick<World, 'owner' | 'who' | 'wish'>> {
  const owner = await addOwner(sql);
  return { owner, who: customer(owner.user_id), wish: { ...world.wish, pet_id: owner.pet_id } };
}

/**
 * A hold that ended without its payment page being closed: its time is over and PostgreSQL has
 * given the slot back, but the provider could not be asked.
 */
export async function expireUnseen(app: App, reservation_id: string): Promise<void> {
  await lapse(app.sql, reservation_id);
  const ended = await expireReservation(app.sql, reservation_id);
  if (ended.outcome !== 'ok') throw new Error(`expire_reservation said ${ended.outcome}`);
  await app.locks.release(ended.slot_id ?? '', ended.seats ?? [], ended.lock_id ?? '');
}

/** The slot held with a payment page open. */
export async function startBooking(
  app: App,
  world: Pick<World, 'who' | 'wish'>,
): Promise<Output<'create_booking'>> {
  return await createBooking(app, world.who, world.wish, no_key);
}
