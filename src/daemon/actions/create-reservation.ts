import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { holdWanted } from './hold-wanted.ts';
import { itemsField } from './items-json.ts';
import { seatNames } from './seat-names.ts';
import { zonedText } from './slot-time.ts';

/** Holds seats of a slot without payment; the answer's `lock_id` proves the holder. */
export async function createReservation(
  app: App,
  actor: Actor,
  input: Input<'create_reservation'>,
  call: Call,
): Promise<Output<'create_reservation'>> {
  const holding = await holdWanted(app, actor, input, call);
  const { held, slot, earlier, items } = holding;
  return {
    reservation_id: held.reservation_id,
    lock_id: held.lock_id,
    reference_code: held.reference_code,
    expires_at: zonedText(held.expires_at, slot.time_zone),
    seats: held.seats,
    ...(await seatNames(app, holding)),
    replayed: earlier !== null,
    ...itemsField(items, slot.time_zone),
  };
}
