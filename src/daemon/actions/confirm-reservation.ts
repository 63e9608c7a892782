import { whyNotChangeHold } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { confirmReservation as confirm } from '../store/reservations.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { explainHold, refusedBy } from './explain.ts';
import { findHold } from './find-hold.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';

/** Staff confirm a hold that is paid at the clinic, now or at the visit. */
export async function confirmReservation(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, payment_method }: Input<'confirm_reservation'>,
): Promise<Output<'confirm_reservation'>> {
  const row = await findHold(app, actor, hold_ref);
  const { reservation_id } = row;
  const confirmed = await confirm(app.sql, { reservation_id, payment_method }, dbActor(actor));
  if (confirmed.outcome === 'conflict') {
    throw refusedBy(whyNotChangeHold(row, 'confirm', confirmed.outcome), confirmed.outcome);
  }
  if (confirmed.outcome === 'policy_refused') {
    const { slot_id, user_id, quantity } = row;
    const slot = { slot_id, capacity: quantity };
    throw await explainHold(app, actor, { slot, user_id, quantity });
  }
  if (confirmed.outcome !== 'ok') throw failure(confirmed.outcome);
  await releaseLocks(app, row);
  // It is settled at the desk: nobody may pay online a second time.
  if (row.session_id !== null) await closePage(app, row.session_id);
  app.wake.relay();
  const { booking_id, reference_code } = confirmed;
  return { booking_id, reference_code, reference: reference_code };
}
