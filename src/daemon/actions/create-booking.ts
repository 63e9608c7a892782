import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { releasePlaces } from '../locks/places.ts';
import { askApproval } from '../store/approvals.ts';
import { confirmReservation, noteReservation } from '../store/reservations.ts';
import { dbActor, systemActor } from './actor.ts';
import type { Holding } from './hold.ts';
import { holdWanted } from './hold-wanted.ts';
import { itemsField } from './items-json.ts';
import { failure } from './outcome.ts';
import { seatNames } from './seat-names.ts';
import { zonedText } from './slot-time.ts';
import { startCheckout } from './start-checkout.ts';

type Started = Output<'create_booking'>;

function started(holding: Holding, result: Pick<Started, 'payment_url' | 'booking_id'>): Started {
  const { held, slot } = holding;
  return {
    reservation_id: held.reservation_id,
    reference_code: held.reference_code,
    expires_at: zonedText(held.expires_at, slot.time_zone),
    amount: amountText(parseAmount(held.amount, held.currency)),
    currency: held.currency,
    replayed: holding.earlier !== null,
    ...itemsField(holding.items, slot.time_zone),
    ...result,
  };
}

/** Confirms at once: nothing has to be paid online first. */
async function confirmNow(
  app: App,
  actor: Actor,
  holding: Holding,
  payment_method: 'cash' | 'card_terminal' | 'transfer' | 'at_clinic',
): Promise<Started> {
  const { held, slot } = holding;
  const by = actor.role === 'customer' ? systemActor(actor) : dbActor(actor);
  const { reservation_id } = held;
  const confirmed = await confirmReservation(app.sql, { reservation_id, payment_method }, by);
  if (confirmed.outcome !== 'ok') throw failure(confirmed.outcome);
  await releasePlaces(app, { ...held, slot_id: slot.slot_id });
  app.wake.relay();
  return started(holding, { payment_url: null, booking_id: confirmed.booking_id });
}

/** Nothing is to be paid: booked at once, unless the clinic wants to be asked. */
async function bookFree(app: App, actor: Actor, holding: Holding): Promise<Started> {
  if (actor.role === 'customer') {
    const { reservation_id } = holding.held;
    const asked = await askApproval(app.sql, reservation_id, systemActor(actor));
    if (asked.outcome === 'ok' && asked.expires_at !== null) {
      app.wake.relay();
      const { expires_at } = asked;
      const kept = { ...holding, held: { ...holding.held, expires_at } };
      return started(kept, { payment_url: null, booking_id: null });
    }
  }
  return await confirmNow(app, actor, holding, 'at_clinic');
}

type Payment = Pick<Input<'create_booking'>, 'payment_method' | 'save_payment_method'>;

/** Refuses before anything is held. */
export function assertPaymentMethod(actor: Actor, { payment_method }: Payment): void {
  if (payment_method !== 'checkout' && actor.role === 'customer') {
    throw new AppError(
      'payment_method_unsupported',
      'Only staff may book to be paid at the clinic.',
    );
  }
}

/** What follows a hold: a payment page, or (staff, and where nothing is due) the booking. */
export async function bookHeld(
  app: App,
  actor: Actor,
  holding: Holding,
  input: Payment,
): Promise<Started> {
  const { payment_method } = input;
  if (holding.earlier?.booking_id) {
    return started(holding, { payment_url: null, booking_id: holding.earlier.booking_id });
  }
  if (payment_method !== 'checkout') return await confirmNow(app, actor, holding, payment_method);
  if (parseAmount(holding.held.amount_due, holding.held.currency).amount_minor === 0) {
    return await bookFree(app, actor, holding);
  }
  const save = input.save_payment_method === true;
  const payment_url = await startCheckout(app, actor, holding, save);
  return started(holding, { payment_url, booking_id: null });
}

/**
 * Books a slot: holds it and opens a payment page, or (staff) confirms at once what is paid at the
 * clinic. A repeated request gets the same hold and the same page.
 */
export async function createBooking(
  app: App,
  actor: Actor,
  input: Input<'create_booking'>,
  call: Call,
): Promise<Started> {
  assertPaymentMethod(actor, input);
  const holding = await holdWanted(app, actor, input, call);
  // Also on the caller's own earlier hold: the desk holds a time first and notes things while it talks.
  if (input.notes) {
    await noteReservation(app.sql, holding.held.reservation_id, input.notes);
  }
  const booked = await bookHeld(app, actor, holding, input);
  return { ...booked, ...(await seatNames(app, holding)) };
}
