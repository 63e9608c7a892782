import { whyNotChangeHold } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { cancelReservation as cancel } from '../store/reservations.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { refusedBy } from './explain.ts';
import { findHold, holdId } from './find-hold.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';

/** Gives a hold back: the seat is free at once, and its payment page closes. */
export async function cancelReservation(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, reason }: Input<'cancel_reservation'>,
): Promise<Output<'cancel_reservation'>> {
  const reservation_id = await holdId(app, actor, hold_ref);
  const ended = await cancel(app.sql, reservation_id, reason ?? null, dbActor(actor));
  if (ended.outcome === 'conflict') {
    const hold = await findHold(app, actor, reservation_id);
    throw refusedBy(whyNotChangeHold(hold, 'cancel', ended.outcome), ended.outcome);
  }
  if (ended.outcome !== 'ok') throw failure(ended.outcome);
  await releaseLocks(app, ended);
  app.wake.relay();
  if (ended.session_id !== null) await closePage(app, ended.session_id);
  return { success: true };
}
