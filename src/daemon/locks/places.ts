import { randomUUID } from 'node:crypto';
import type { App } from '../app-types.ts';
import { type Place, placesOfLock } from '../store/items.ts';
import { lockOwner } from './lock-owner.ts';

/** Locks of holds that have several slots. Their tokens say so, so that ordinary holds ask nothing more. */

const MARK = '.row-';

/** `owner.row-random`, for all slots of one hold. */
export function newRowLockId(user_id: string): string {
  return `${lockOwner(user_id)}${MARK}${randomUUID()}`;
}

type Locked = Place & { readonly lock_id: string };

/** Every place that the lock of a hold stands for, the ones of later items too. */
export async function lockedPlaces(app: App, hold: Locked): Promise<readonly Place[]> {
  if (!hold.lock_id.includes(MARK)) return [hold];
  const places = await placesOfLock(app.sql, hold.slot_id, hold.lock_id);
  return places.length > 0 ? places : [hold];
}

/** Frees all locks of a hold. Best effort: they also end by themselves. */
export async function releasePlaces(app: App, hold: Locked): Promise<void> {
  const places = await lockedPlaces(app, hold);
  await Promise.all(
    places.map(({ slot_id, seats }) => app.locks.release(slot_id, seats, hold.lock_id)),
  );
}

/** Makes the locks of all places stand for as long as the hold does. */
export async function keepPlaces(app: App, hold: Locked, ttl_ms: number): Promise<void> {
  const places = await lockedPlaces(app, hold);
  await Promise.all(
    places.map(({ slot_id, seats }) => app.locks.assign(slot_id, seats, hold.lock_id, ttl_ms)),
  );
}
