import { giveOff, paidOf, receivedOf, refundableOf } from './ledger.ts';
import {
  type BookingModel,
  clearOverdue,
  deskPayment,
  type HoldModel,
  hasRoom,
  isElsewhere,
  isLive,
  type Level,
  type Model,
  type SlotModel,
} from './model.ts';

/** What happens to a booking after it was made (docs/bookings.md), beside the engine. */

const HOUR = 60;
/** How long before a visit the clinic of the model's world lets the desk check somebody in. */
export const CHECK_IN_HOURS = 40;

/** What an owner gets back who cancels now. Seed 000, Business Rules 2. */
function tierOf({ from }: SlotModel): number {
  if (from > 48 * HOUR) return 100;
  return from >= 24 * HOUR ? 50 : 0;
}

export type ChangeWish = {
  readonly by: 'owner' | 'clinic';
  readonly quote: boolean;
  readonly version: number | null;
};

function refusal({ slot }: HoldModel, booking: BookingModel, wish: ChangeWish): string | null {
  if (wish.version !== null && wish.version !== booking.version) return 'conflict';
  if (booking.status !== 'confirmed') return 'policy_refused';
  return wish.by === 'owner' && slot.from < 0 ? 'policy_refused' : null;
}

const percentFor = ({ slot }: HoldModel, booking: BookingModel, by: ChangeWish['by']) =>
  by === 'clinic' ? 100 : Math.min(booking.cap, tierOf(slot));

export function cancelBooking(hold: HoldModel, wish: ChangeWish, at: number): string {
  const { booking } = hold;
  if (booking === null) return 'not_found';
  const refused = refusal(hold, booking, wish);
  if (refused !== null) return refused;
  const percent = percentFor(hold, booking, wish.by);
  const amount = Math.floor((refundableOf(hold) * percent) / 100);
  if (!wish.quote) {
    booking.status = 'cancelled';
    booking.version += 1;
    booking.last = {
      kind: 'cancelled',
      born: at,
      is_kept: true,
      is_published: false,
      is_told: false,
    };
    giveOff(receivedOf(hold), amount, { is_kept: true, born: at });
  }
  return `ok ${percent} ${amount}`;
}

/** Room for it, ending overdue holds in the way when there is none at once. */
function makeRoom(model: Model, slot: SlotModel, quantity: number, level: Level): string {
  if (hasRoom(model, slot, quantity)) return 'ok';
  const { freed, blocked } = clearOverdue(model, slot, level);
  if (freed === 0) return blocked > 0 ? 'overdue_session' : 'slot_taken';
  return hasRoom(model, slot, quantity) ? 'ok' : 'slot_taken';
}

/** A lower price first lowers what is still to be paid, then the percent of the rest comes back. */
function moneyOfMove(hold: HoldModel, booking: BookingModel, unit: number, percent: number) {
  const change = (unit - booking.unit) * hold.quantity;
  const paid = paidOf(hold);
  const open = Math.max(booking.amount - paid, 0);
  const off = change < 0 ? Math.min(-change, open) : 0;
  const amount = booking.amount + (change < 0 ? -off : change);
  const over = change < 0 ? Math.min(-change - off, refundableOf(hold)) : 0;
  const back = Math.floor((over * percent) / 100);
  return { amount, back, due: Math.max(amount - paid, 0) };
}

export type MoveWish = ChangeWish & { readonly to: SlotModel; readonly at: number };

/** What a move to another time may answer. A quote changes nothing. */
export function reschedule(
  model: Model,
  hold: HoldModel,
  wish: MoveWish,
  level: Level,
): readonly string[] {
  const { booking } = hold;
  const { to, by } = wish;
  if (booking === null) return ['not_found'];
  const refused = refusal(hold, booking, wish);
  if (refused !== null) return [refused];
  if (to === hold.slot || to.service_id !== hold.slot.service_id) return ['policy_refused'];
  if (to.is_blocked || to.from < 0) return ['invalid_slot'];
  if (hold.quantity > to.capacity || isElsewhere(model, hold, to)) return ['policy_refused'];
  const percent = percentFor(hold, booking, by);
  const unit = by === 'clinic' ? Math.min(to.price, booking.unit) : to.price;
  const { amount, back, due } = moneyOfMove(hold, booking, unit, percent);
  const told = `ok ${percent} ${back} ${due}`;
  if (wish.quote) {
    // Looks through holds whose time is over, as the move itself would end them.
    const live = { ...model, holds: model.holds.filter(isLive) };
    return [hasRoom(live, to, hold.quantity) ? told : 'slot_taken'];
  }
  const place = makeRoom(model, to, hold.quantity, level);
  if (place !== 'ok') return [place];
  hold.slot = to;
  Object.assign(booking, {
    amount,
    amount_due: Math.min(booking.amount_due, amount),
    unit,
    has_arrived: false,
    last: null,
    cap: by === 'owner' ? percent : booking.cap,
  });
  booking.version += 1;
  giveOff(receivedOf(hold), back, { born: wish.at });
  return [told];
}

/** The desk takes all that is left, or a part of it. */
export function payDesk(
  hold: HoldModel,
  wish: { readonly amount: number | null; readonly version: number | null },
  at: number,
): string {
  const { booking } = hold;
  if (booking === null) return 'not_found';
  if (booking.status === 'cancelled' || booking.status === 'no-show') return 'policy_refused';
  const rest = booking.amount - paidOf(hold);
  if (rest <= 0) return 'ok 0 0';
  if (wish.version !== null && wish.version !== booking.version) return 'conflict';
  const amount = wish.amount ?? rest;
  if (amount <= 0 || amount > rest) return 'policy_refused';
  if (amount < rest && wish.version === null) return 'policy_refused';
  hold.payments.push(deskPayment(amount, at));
  booking.version += 1;
  booking.last = null;
  return `ok ${amount} ${rest - amount}`;
}

/** Takes the last change back while nothing of it has left the house. */
export function undo(model: Model, hold: HoldModel): string {
  const { booking, slot } = hold;
  if (booking === null) return 'not_found';
  const { last } = booking;
  if (last === null) return 'nothing_to_undo';
  if (last.is_told) return 'already_told';
  if (last.kind === 'cancelled') {
    const asked = receivedOf(hold).flatMap(({ refunds }) =>
      refunds.filter(({ born }) => born === last.born),
    );
    if (asked.some(({ status, attempts }) => status !== 'pending' || attempts > 0)) {
      return 'refund_under_way';
    }
    if (isElsewhere(model, hold, slot)) return 'owner_busy';
    if (slot.is_blocked || makeRoom(model, slot, hold.quantity, 'functions') !== 'ok') {
      return 'slot_gone';
    }
    for (const payment of receivedOf(hold)) {
      payment.refunds = payment.refunds.filter(({ born }) => born !== last.born);
    }
  }
  booking.status = 'confirmed';
  if (last.kind === 'arrived') booking.has_arrived = false;
  booking.version += 1;
  booking.last = null;
  return `ok ${last.kind}`;
}

/** Nobody will undo it: what waits may leave. */
export function endGrace({ payments, booking }: HoldModel): void {
  for (const { refunds } of payments) for (const refund of refunds) refund.is_kept = false;
  if (booking?.last) booking.last.is_kept = false;
}

export function move(
  hold: HoldModel,
  status: 'arrived' | 'in-progress' | 'completed' | 'no-show',
  at: number,
): string {
  const { booking, slot } = hold;
  if (booking === null) return 'not_found';
  if (status === booking.status || (status === 'arrived' && booking.has_arrived)) return 'ok';
  const is_allowed =
    booking.status === 'confirmed'
      ? status === 'no-show'
        ? slot.from < 0
        : status !== 'completed' && slot.from <= CHECK_IN_HOURS * HOUR
      : booking.status === 'in-progress' && status === 'completed';
  if (!is_allowed) return 'policy_refused';
  if (status !== 'arrived') booking.status = status;
  if (status === 'arrived' || status === 'in-progress') booking.has_arrived = true;
  booking.version += 1;
  const is_undoable = status === 'arrived' || status === 'no-show';
  booking.last = is_undoable
    ? { kind: status, born: at, is_kept: false, is_published: false, is_told: false }
    : null;
  return 'ok';
}

/** The relay publishes what happened. */
export function publish(model: Model): void {
  for (const { booking } of model.holds) if (booking?.last) booking.last.is_published = true;
}

/** The owner is told; only of a cancel there is a message. */
export function dispatch(model: Model): void {
  for (const { booking } of model.holds) {
    const last = booking?.last;
    if (last?.kind === 'cancelled' && last.is_published && !last.is_kept) last.is_told = true;
  }
}
