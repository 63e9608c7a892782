import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { findBooking } from '../store/bookings.ts';
import { giveUpReservation, noteReservation } from '../store/reservations.ts';
import {
  type ParticipantRow,
  type ParticipantsResult,
  participantsOf,
  setParticipants as set,
} from '../store/series-groups.ts';
import { dbActor, scopeOf } from './actor.ts';
import { assertPaymentMethod, bookHeld } from './create-booking.ts';
import { hold } from './hold.ts';
import { failure } from './outcome.ts';
import { masker } from './personal-data.ts';
import { releaseLocks } from './release-locks.ts';

/** Several pets and owners in one booking of a class: one pays, each seat has a name. */

type Participants = Output<'set_participants'>['participants'];

const sentences: Readonly<Record<NonNullable<ParticipantsResult['rule']>, string>> = {
  too_many_people: 'More names than seats: book more seats, or name fewer.',
  pet_twice: 'A pet is named twice, or comes with another booking of this class.',
  visit_started: 'The visit has begun; ask the clinic to change the names.',
  hold_ended: 'The seats are not held or booked any more.',
};

function refused({ outcome, rule }: ParticipantsResult): Error {
  if (rule !== null) return failure(outcome, { rule }, sentences[rule]);
  return failure('not_found', {}, 'There is no such pet, or it is not yours.');
}

/** Names as the caller may see them. */
export function participantsJson(rows: readonly ParticipantRow[], actor: Actor): Participants {
  const mask = masker(actor);
  return rows.map(({ position, name, owner_name, pet_id }) => ({
    position,
    name: mask(name) ?? '',
    owner_name: mask(owner_name),
    pet_id,
  }));
}

/**
 * Books a seat for each of those who come: the seats are held together or not at all, and a list that
 * cannot be (a pet twice) gives them back before anybody pays.
 */
export async function createGroupBooking(
  app: App,
  actor: Actor,
  input: Input<'create_group_booking'>,
  call: Call,
): Promise<Output<'create_group_booking'>> {
  const { participants: people, ...wish } = input;
  assertPaymentMethod(actor, wish);
  const holding = await hold(app, actor, { ...wish, quantity: people.length }, call);
  const { reservation_id, lock_id, seats } = holding.held;
  const done = await set(app.sql, { reservation_id, people, is_first: true }, dbActor(actor));
  if (done.outcome !== 'ok') {
    if (holding.earlier === null) {
      await giveUpReservation(app.sql, reservation_id, 'participants', dbActor(actor));
      await releaseLocks(app, { slot_id: holding.slot.slot_id, seats, lock_id });
      app.wake.relay();
    }
    throw refused(done);
  }
  if (wish.notes) await noteReservation(app.sql, reservation_id, wish.notes);
  return await bookHeld(app, actor, holding, wish);
}

/** Says anew who comes with a booking. */
export async function setParticipants(
  app: App,
  actor: Actor,
  input: Input<'set_participants'>,
): Promise<Output<'set_participants'>> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  const reservation_id = booking?.reservation_id ?? null;
  if (!booking || reservation_id === null) {
    throw new AppError('not_found', 'There is no such booking.');
  }
  const people = input.participants;
  const done = await set(app.sql, { reservation_id, people, is_first: false }, dbActor(actor));
  if (done.outcome !== 'ok') throw refused(done);
  const { booking_id, reference_code, quantity } = booking;
  const participants = participantsJson(await participantsOf(app.sql, [reservation_id]), actor);
  return { booking_id, reference_code, quantity, participants };
}
