import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import {
  findBookingRules,
  setServiceApproval as setApproval,
  setBookingRules as setRules,
} from '../store/booking-rules.ts';
import { assertClinic, dbActor } from './actor.ts';
import { failure } from './outcome.ts';

/** The rules of a clinic's bookings as they stand. */
export async function getBookingRules(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'get_booking_rules'>,
): Promise<Output<'get_booking_rules'>> {
  assertClinic(actor, clinic_id);
  const rules = await findBookingRules(app.sql, clinic_id);
  if (!rules) throw new AppError('not_found', 'There is no such clinic.');
  return rules;
}

/** Changes the rules that are given; the others stay, and so does the policy of what is booked. */
export async function setBookingRules(
  app: App,
  actor: Actor,
  input: Input<'set_booking_rules'>,
): Promise<Output<'set_booking_rules'>> {
  const { clinic_id, expected_version = null, ...changes } = input;
  assertClinic(actor, clinic_id);
  const done = await setRules(app.sql, clinic_id, changes, expected_version, dbActor(actor));
  if (done.outcome === 'not_found') throw new AppError('not_found', 'There is no such clinic.');
  if (done.outcome === 'conflict') {
    throw failure('conflict', done.version === null ? {} : { version: done.version });
  }
  return await getBookingRules(app, actor, { clinic_id });
}

/** Lets a service be booked only by the clinic's leave, or by anybody again. */
export async function setServiceApproval(
  app: App,
  actor: Actor,
  input: Input<'set_service_approval'>,
): Promise<Output<'set_service_approval'>> {
  const { service_id, requires_approval } = input;
  const outcome = await setApproval(app.sql, service_id, requires_approval, dbActor(actor));
  if (outcome === 'not_found') throw new AppError('not_found', 'There is no such service.');
  return { service_id, requires_approval };
}
