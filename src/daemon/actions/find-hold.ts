import { AppError } from '../../domain/errors.ts';
import type { Actor, App } from '../app-types.ts';
import { reservationOfCode } from '../store/reservation-codes.ts';
import { findReservation, type ReservationRow } from '../store/reservations.ts';
import { scopeOf } from './actor.ts';

const absent = () => new AppError('not_found', 'There is no such reservation.');

/** The id of a hold that is named by its id or its reference code. */
export async function holdId(app: App, actor: Actor, hold_ref: string): Promise<string> {
  if (!hold_ref.startsWith('BP')) return hold_ref;
  const reservation_id = await reservationOfCode(app.sql, hold_ref, scopeOf(actor));
  if (reservation_id === null) throw absent();
  return reservation_id;
}

/** A hold by id or reference code; throws `not_found` outside the caller's scope. */
export async function findHold(app: App, actor: Actor, hold_ref: string): Promise<ReservationRow> {
  const id = await holdId(app, actor, hold_ref);
  const row = await findReservation(app.sql, id, scopeOf(actor));
  if (!row) throw absent();
  return row;
}
