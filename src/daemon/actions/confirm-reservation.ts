import { AppError } from '../../domain/errors.ts';
import { whyNotChangeHold } from '../../domain/refusal.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { paymentOfHold } from '../store/alias-lookups.ts';
import { confirmReservation as confirm, type ReservationRow } from '../store/reservations.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { explainHold, refusedBy } from './explain.ts';
import { findHold } from './find-hold.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';

/**
 * The booking that a payment has made. Its verified webhook is what confirms; nobody's word does (capabilities §7.17).
 */
async function paidFor(
  app: App,
  { reservation_id, reference_code }: ReservationRow,
  payment_id: string,
): Promise<Output<'confirm_reservation'>> {
  const payment = await paymentOfHold(app.sql, payment_id, reservation_id);
  if (!payment) throw new AppError('not_found', 'This hold has no such payment.');
  const { booking_id } = payment;
  if (booking_id !== null) return { booking_id, reference_code, reference: reference_code };
  throw new AppError(
    'conflict',
    'The provider has not said yet that this payment came in; once it does, the hold is booked.',
    { payment_id, status: payment.status },
  );
}

/** Staff confirm a hold that is paid: at the clinic, now or at the visit, or online already. */
export async function confirmReservation(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, payment_method, payment_id }: Input<'confirm_reservation'>,
): Promise<Output<'confirm_reservation'>> {
  const row = await findHold(app, actor, hold_ref);
  if (payment_id !== undefined) return await paidFor(app, row, payment_id);
  if (payment_method === undefined) throw new AppError('invalid_input', 'Say how it is paid.');
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
