import { whyNotChangeHold } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { keepPlaces } from '../locks/places.ts';
import { remainingMs } from '../store/hold-times.ts';
import { extendReservation as extend } from '../store/reservations.ts';
import { dbActor } from './actor.ts';
import { refusedBy } from './explain.ts';
import { findHold } from './find-hold.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

/** Five more minutes, once. Customers prove with `lock_id` that they are the holder. */
export async function extendReservation(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, lock_id }: Input<'extend_reservation'>,
): Promise<Output<'extend_reservation'>> {
  const row = await findHold(app, actor, hold_ref);
  const { reservation_id } = row;
  const by = dbActor(actor);
  const { outcome, expires_at } = await extend(app.sql, reservation_id, lock_id ?? null, by);
  if (outcome === 'policy_refused' || outcome === 'conflict') {
    throw refusedBy(whyNotChangeHold(row, 'extend', outcome), outcome);
  }
  if (outcome !== 'ok' || expires_at === null) throw failure(outcome);
  // By PostgreSQL's clock, not ours: a daemon whose clock is off must not lock for longer or
  // shorter.
  const ttl_ms = await remainingMs(app.sql, reservation_id);
  if (ttl_ms !== null) await keepPlaces(app, row, ttl_ms);
  app.wake.relay();
  return { reservation_id, expires_at: zonedText(expires_at, row.time_zone) };
}
