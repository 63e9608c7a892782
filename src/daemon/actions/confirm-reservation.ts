import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { confirmReservation as confirm, findReservation } from '../store/reservations.ts';
import { dbActor, scopeOf } from './actor.ts';
import { closePage } from './close-page.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';

/** Staff confirm a hold that is paid at the clinic, now or at the visit. */
export async function confirmReservation(
  app: App,
  actor: Actor,
  { reservation_id, payment_method }: Input<'confirm_reservation'>,
): Promise<Output<'confirm_reservation'>> {
  const row = await findReservation(app.sql, reservation_id, scopeOf(actor));
  if (!row) throw new AppError('not_found', 'There is no such reservation.');
  const confirmed = await confirm(app.sql, { reservation_id, payment_method }, dbActor(actor));
  if (confirmed.outcome !== 'ok') throw failure(confirmed.outcome);
  await releaseLocks(app, row);
  // It is settled at the desk: nobody may pay online a second time.
  if (row.session_id !== null) await closePage(app, row.session_id);
  app.wake.relay();
  const { booking_id, reference_code } = confirmed;
  return { booking_id, reference_code, reference: reference_code };
}
