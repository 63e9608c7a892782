import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findReservation } from '../store/reservations.ts';
import { findSlotMeta } from '../store/slots.ts';
import {
  acceptOffer as accept,
  type EndMode,
  endWaitlist,
  type HandOffer,
  offerSlot,
} from '../store/waitlist.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { assertPaymentMethod, bookHeld } from './create-booking.ts';
import { endOverdue } from './end-overdue.ts';
import { findSlots } from './find-slot.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';
import { tierFailure } from './tier-refusal.ts';
import { type Entry, entryJson, entryRow } from './waitlist-json.ts';
import { lockOffer } from './waitlist-offers.ts';

/** Told while a payment page of the hold in the way cannot be closed. */
const GATEWAY_RETRY_MS = 5_000;
/** Vets tried when any will do. */
const CANDIDATES_MAX = 5;

/** What becomes of an offer that nobody can answer: said with what the entry is now. */
async function notOffered(app: App, actor: Actor, entry_id: string): Promise<Error> {
  const { status, offer } = await entryJson(app, actor, entry_id);
  const next = `petpro waitlist show ${entry_id}`;
  const facts = { entry_id, status, ended_as: offer?.ended_as ?? null, next };
  const detail = {
    waiting:
      offer?.ended_as === 'expired'
        ? 'The offer was not answered in time and has gone to the next; you wait on.'
        : 'Nothing is offered at the moment.',
    offered: 'Something else is offered meanwhile; look at it again.',
    taken: 'This place is booked already.',
    declined: 'The offer was declined, and the place on the list with it.',
    left: 'This entry has left the list.',
  }[status];
  return failure('conflict', facts, detail);
}

/**
 * Takes what is offered: from here on it is a hold like any other, with the clinic's time to pay.
 * Asked twice it answers with the same page.
 */
export async function acceptOffer(
  app: App,
  actor: Actor,
  input: Input<'accept_offer'>,
): Promise<Output<'accept_offer'>> {
  const { entry_id } = input;
  assertPaymentMethod(actor, input);
  const { user_id } = await entryRow(app, actor, entry_id);
  const accepted = await accept(app.sql, entry_id, dbActor(actor));
  const { outcome, reservation_id, repeated, hold } = accepted;
  if (outcome === 'conflict') throw await notOffered(app, actor, entry_id);
  if (outcome !== 'ok' || reservation_id === null || hold === null) {
    throw failure(outcome, { entry_id }, 'The offer has ended; the place goes to the next.');
  }
  app.wake.relay();
  const held = await findReservation(app.sql, reservation_id, { user_id, clinic_id: null });
  const slot = await findSlotMeta(app.sql, hold.slot_id);
  if (!held || !slot) throw new Error(`The offered hold ${reservation_id} is not there`);
  if (held.status === 'pending') await lockOffer(app, hold);
  const holding = { held, slot, user_id, earlier: held };
  return { ...(await bookHeld(app, actor, holding, input)), replayed: repeated === true };
}

async function end(
  app: App,
  actor: Actor,
  entry_id: string,
  mode: EndMode,
  reason: string | undefined,
): Promise<Entry> {
  const ended = await endWaitlist(app.sql, entry_id, mode, reason ?? null, dbActor(actor));
  if (ended.outcome === 'not_found') {
    throw failure('not_found', { entry_id }, 'There is no such entry on the waiting list.');
  }
  if (ended.outcome === 'conflict') throw await notOffered(app, actor, entry_id);
  await releaseLocks(app, ended);
  app.wake.relay();
  if (ended.session_id !== null) await closePage(app, ended.session_id);
  return await entryJson(app, actor, entry_id);
}

/** Gives an offer back; the owner waits on unless they leave with it. */
export async function declineOffer(
  app: App,
  actor: Actor,
  { entry_id, leave, reason }: Input<'decline_offer'>,
): Promise<Entry> {
  return await end(app, actor, entry_id, leave ? 'refuse' : 'decline', reason);
}

/** Leaves the list, whatever is offered. */
export async function leaveWaitlist(
  app: App,
  actor: Actor,
  { entry_id, reason }: Input<'leave_waitlist'>,
): Promise<Entry> {
  return await end(app, actor, entry_id, 'leave', reason);
}

async function refusedOffer(
  app: App,
  actor: Actor,
  entry_id: string,
  offered: HandOffer,
): Promise<Error> {
  const { outcome, rule, slot_id } = offered;
  if (outcome === 'no_slot') {
    return failure(
      'conflict',
      { entry_id, next: `petpro waitlist offer ${entry_id} --at "fri 11:15"` },
      'No open slot fits this entry; name one that the owner would take.',
    );
  }
  if (outcome === 'conflict') return await notOffered(app, actor, entry_id);
  if (rule !== null && (outcome === 'invalid_input' || outcome === 'policy_refused')) {
    return tierFailure(outcome, rule, null, slot_id ?? '');
  }
  if (outcome === 'policy_refused' || outcome === 'replayed') {
    const detail =
      'The owner holds a place or has a visit at that time, or the slot has too few seats.';
    return failure('policy_refused', { entry_id, slot_id }, detail);
  }
  if (outcome === 'overdue_session') {
    return failure('slot_locked', { slot_id, retry_after_ms: GATEWAY_RETRY_MS });
  }
  return failure(outcome, slot_id === null ? { entry_id } : { entry_id, slot_id });
}

/** The slots that the caller names, in the order in which they are tried; null = any that fits. */
async function namedSlots(
  app: App,
  actor: Actor,
  { entry_id, slot_id, date, time, staff_id }: Input<'offer_waitlist_slot'>,
): Promise<readonly (string | null)[]> {
  if (slot_id !== undefined) return [slot_id];
  if (date === undefined) return [null];
  const { service_id } = await entryRow(app, actor, entry_id);
  const found = await findSlots(app, actor, { service_id, date, time, staff_id });
  return found.slice(0, CANDIDATES_MAX).map((slot) => slot.slot_id);
}

async function offerOne(
  app: App,
  actor: Actor,
  entry_id: string,
  slot_id: string | null,
): Promise<HandOffer> {
  const ask = () => offerSlot(app.sql, entry_id, slot_id, dbActor(actor));
  const offered = await ask();
  const { blocking_reservation_id: reservation_id, blocking_session_id: session_id } = offered;
  if (offered.outcome !== 'overdue_session' || reservation_id === null) return offered;
  const ending = await endOverdue(app, { reservation_id, session_id });
  return ending === 'unknown' ? offered : await ask();
}

/** Offers a slot by hand, out of turn; the judge of all holds decides about it. */
export async function offerWaitlistSlot(
  app: App,
  actor: Actor,
  input: Input<'offer_waitlist_slot'>,
): Promise<Entry> {
  const { entry_id } = input;
  let offered: HandOffer | null = null;
  for (const slot_id of await namedSlots(app, actor, input)) {
    offered = await offerOne(app, actor, entry_id, slot_id);
    if (offered.outcome !== 'slot_taken' && offered.outcome !== 'slot_locked') break;
  }
  if (offered === null) throw new Error('namedSlots gave no slot');
  if (offered.outcome !== 'ok' || offered.hold === null) {
    throw await refusedOffer(app, actor, entry_id, offered);
  }
  await lockOffer(app, offered.hold);
  app.wake.relay();
  return await entryJson(app, actor, entry_id);
}
