import type { BookingStatus, ReservationStatus } from '../../src/domain/booking.ts';
import { isReceived, newRefund, paidOf } from './ledger.ts';

/**
 * The engine as it should behave, small enough to be believed by reading it. Plain data, changed in
 * place; the real database is compared with it after every step.
 */

export type SlotModel = {
  readonly id: string;
  readonly service_id: string;
  readonly capacity: number;
  /** Minutes on one common axis, half-open; below 0 it has begun. */
  from: number;
  to: number;
  readonly staff: string | null;
  readonly room: string | null;
  /** Per seat, in hundredths of a rupiah; due = what confirms a booking. */
  readonly price: number;
  readonly due: number;
  is_blocked: boolean;
};

export type RefundModel = {
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'denied';
  readonly amount: number;
  readonly origin: 'ours' | 'dashboard' | 'dispute';
  decision: 'granted' | 'awaiting' | 'denied';
  attempts: number;
  /** Set once the provider has taken it. */
  reference: string | null;
  is_returned: boolean;
  /** Stays at home while the cancel can be undone. */
  is_kept: boolean;
  /** The step that asked for it. */
  readonly born: number;
};

export type PaymentModel = {
  readonly id: string;
  readonly session_id: string;
  status: 'pending' | 'failed' | 'success' | 'refunded';
  amount: number;
  is_closed: boolean;
  is_booked: boolean;
  /** Taken at the desk: no provider can pay it back. */
  readonly is_desk: boolean;
  /** The step in which the money came; 0 = it did not. */
  paid_at: number;
  refunds: RefundModel[];
};

export type BookingModel = {
  status: BookingStatus;
  version: number;
  mode: 'prepaid' | 'at_clinic';
  has_arrived: boolean;
  amount: number;
  amount_due: number;
  /** The price of one seat that the booking was last given. */
  unit: number;
  /** The worst tier in which the owner moved it. */
  cap: number;
  /** The last change, while it is one that can be taken back. */
  last: {
    readonly kind: 'cancelled' | 'arrived' | 'no-show';
    readonly born: number;
    is_kept: boolean;
    is_published: boolean;
    is_told: boolean;
  } | null;
};

export type HoldModel = {
  readonly id: string;
  /** Where it is now; a booking can move. */
  slot: SlotModel;
  readonly owner: number;
  readonly quantity: number;
  readonly key: string | null;
  /** What the price of the slot was when it was held. */
  readonly amount: number;
  readonly due: number;
  status: ReservationStatus;
  version: number;
  is_overdue: boolean;
  is_extended: boolean;
  booking: BookingModel | null;
  readonly payments: PaymentModel[];
};

export type Model = { readonly slots: readonly SlotModel[]; readonly holds: HoldModel[] };

/** Seats are taken by holds (overdue ones too, until somebody ends them) and by bookings. */
const holdsSeats = (hold: HoldModel) =>
  hold.status === 'pending' || (hold.booking !== null && hold.booking.status !== 'cancelled');
export const isLive = (hold: HoldModel) =>
  holdsSeats(hold) && !(hold.status === 'pending' && hold.is_overdue);
export const overlap = (a: SlotModel, b: SlotModel) => a.from < b.to && b.from < a.to;
const shares = (a: SlotModel, b: SlotModel) =>
  overlap(a, b) &&
  ((a.staff !== null && a.staff === b.staff) || (a.room !== null && a.room === b.room));
/** A page that could still be paid: also after a declined card. */
export const openPage = (hold: HoldModel) =>
  hold.payments.find(
    ({ status, is_closed }) => (status === 'pending' || status === 'failed') && !is_closed,
  ) ?? null;

export const seatHolders = (model: Model, slot: SlotModel) =>
  model.holds.filter((hold) => hold.slot === slot && holdsSeats(hold));

export function hasRoom(model: Model, slot: SlotModel, quantity: number): boolean {
  const is_busy = model.holds.some(
    (hold) => hold.slot !== slot && holdsSeats(hold) && shares(hold.slot, slot),
  );
  const taken = seatHolders(model, slot).reduce((sum, hold) => sum + hold.quantity, 0);
  return !is_busy && taken + quantity <= slot.capacity;
}

export function endHold(hold: HoldModel, status: 'cancelled' | 'expired'): void {
  hold.status = status;
  hold.version += 1;
}

/** `functions`: SQL alone. `actions`: with the doorman in front, and a provider that can be asked. */
export type Level = 'functions' | 'actions';

/** Ends overdue holds in the way of a slot; those with an open page only when it can be closed. */
export function clearOverdue(model: Model, slot: SlotModel, level: Level) {
  const in_way = model.holds.filter(
    (hold) =>
      hold.status === 'pending' &&
      hold.is_overdue &&
      (hold.slot === slot || shares(hold.slot, slot)),
  );
  const open = in_way.filter((hold) => openPage(hold) !== null);
  const ended = in_way.filter((hold) => openPage(hold) === null);
  for (const hold of ended) endHold(hold, 'expired');
  // An action closes one page per attempt and then asks once more.
  if (ended.length === 0 && level === 'actions' && open[0]) {
    endHold(open[0], 'expired');
    return { freed: 1, blocked: open.length - 1 };
  }
  return { freed: ended.length, blocked: open.length };
}

export type HoldWish = {
  readonly id: string;
  readonly slot: SlotModel;
  readonly owner: number;
  readonly quantity: number;
  readonly key: string | null;
};

/** What a hold may answer (one outcome, except where the engine is free), and what it changes. */
export function hold(model: Model, wish: HoldWish, level: Level): readonly string[] {
  const holders = seatHolders(model, wish.slot);
  const locked = holders
    .filter(({ status }) => status === 'pending')
    // A wish for nothing (no caller gets that far) asks for the one seat there is.
    .reduce((sum, { quantity }) => sum + quantity, Math.max(wish.quantity, 1));
  const outcomes = judge(model, wish, level);
  if (level === 'functions') return outcomes;
  // An action answers a repeated request with the hold only while it stands and is the same.
  const answers = outcomes.map((outcome) => {
    const earlier = model.holds.find(({ id }) => outcome === `replayed ${id}`);
    if (earlier?.quantity !== wish.quantity) return earlier ? 'conflict' : outcome;
    if (earlier.status === 'expired') return 'reservation_expired';
    return earlier.status === 'cancelled' ? 'conflict' : outcome;
  });
  // Who is turned away at the door does not hear what else there is to say; but nobody who has
  // seats, or can have them, is turned away.
  const has_seats = answers.some((answer) =>
    ['ok', ...holders.map(({ id }) => id)].some((word) => answer.split(' ').includes(word)),
  );
  return locked > wish.slot.capacity && !has_seats ? [...answers, 'slot_taken'] : answers;
}

function judge(model: Model, wish: HoldWish, level: Level): readonly string[] {
  const { slot, owner, quantity, key } = wish;
  const known = model.holds.find(
    (one) => one.owner === owner && one.key !== null && one.key === key,
  );
  if (known) return [`replayed ${known.id}`];
  if (slot.is_blocked || slot.from < 0) return ['invalid_slot'];
  if (quantity < 1 || quantity > slot.capacity) return ['policy_refused'];
  const [only] = seatHolders(model, slot);
  if (slot.capacity === 1 && only && isLive(only) && only.owner !== owner) return ['slot_taken'];
  const own = model.holds.filter(
    (one) => one.owner === owner && isLive(one) && overlap(one.slot, slot),
  );
  if (own.length > 0) {
    // Late money can put an owner into two places at once; then either answer is right.
    return own.map((one) =>
      one.slot === slot && one.booking === null ? `replayed ${one.id}` : 'policy_refused',
    );
  }
  if (!hasRoom(model, slot, quantity)) {
    const { freed, blocked } = clearOverdue(model, slot, level);
    if (freed === 0) return [blocked > 0 ? 'overdue_session' : 'slot_taken'];
    if (!hasRoom(model, slot, quantity)) return ['slot_taken'];
  }
  model.holds.push({
    ...wish,
    amount: slot.price * quantity,
    due: slot.due * quantity,
    status: 'pending',
    version: 1,
    is_overdue: false,
    is_extended: false,
    booking: null,
    payments: [],
  });
  return [`ok ${wish.id}`];
}

export function extend(hold: HoldModel, has_token: boolean): string {
  if (hold.status === 'expired') return 'reservation_expired';
  if (hold.status === 'pending' && hold.is_overdue) return 'reservation_expired';
  if (hold.status !== 'pending' || !has_token) return 'conflict';
  if (hold.is_extended) return 'policy_refused';
  hold.is_extended = true;
  hold.version += 1;
  return 'ok';
}

export function cancelHold(hold: HoldModel): string {
  if (hold.status === 'expired') return 'reservation_expired';
  if (hold.status === 'confirmed') return 'conflict';
  if (hold.status === 'pending') endHold(hold, 'cancelled');
  return 'ok';
}

function book(hold: HoldModel, mode: BookingModel['mode']): void {
  hold.status = 'confirmed';
  hold.version += 1;
  hold.booking = {
    status: 'confirmed',
    version: 1,
    mode,
    has_arrived: false,
    amount: hold.amount,
    amount_due: hold.due,
    unit: hold.slot.price,
    cap: 100,
    last: null,
  };
}

/** Money that the desk took. */
export function deskPayment(amount: number, at: number): PaymentModel {
  return {
    id: '',
    session_id: '',
    status: 'success',
    amount,
    is_closed: true,
    is_booked: true,
    is_desk: true,
    paid_at: at,
    refunds: [],
  };
}

/** The owner of an overdue hold may have taken another place at that time meanwhile. */
export const isElsewhere = (model: Model, hold: HoldModel, slot = hold.slot) =>
  model.holds.some(
    (one) => one !== hold && one.owner === hold.owner && isLive(one) && overlap(one.slot, slot),
  );

/** Staff take the money, or none yet (`at_clinic`). */
export function confirm(
  model: Model,
  hold: HoldModel,
  method: 'cash' | 'at_clinic',
  at: number,
): string {
  if (hold.status === 'confirmed') return 'ok';
  if (hold.status === 'expired') return 'reservation_expired';
  if (hold.status !== 'pending') return 'conflict';
  if (isElsewhere(model, hold)) return 'policy_refused';
  if (method === 'cash') hold.payments.push(deskPayment(hold.due, at));
  book(hold, method === 'cash' ? 'prepaid' : 'at_clinic');
  return 'ok';
}

function giveBack(payment: PaymentModel, status: 'success' | 'refunded', amount: number): void {
  payment.status = status;
  payment.amount = amount;
  payment.is_closed = true;
  if (amount > 0) payment.refunds.push(newRefund(amount));
}

/** A lapsed hold whose money came after all takes its place again, if nobody else has it. */
function retake(model: Model, hold: HoldModel): boolean {
  const { slot, quantity } = hold;
  if (slot.is_blocked || slot.from < 0) return false;
  if (hasRoom(model, slot, quantity)) return true;
  const { freed } = clearOverdue(model, slot, 'functions');
  return freed > 0 && hasRoom(model, slot, quantity);
}

const isStanding = ({ status }: BookingModel) =>
  ['confirmed', 'in-progress', 'completed'].includes(status);

/** Money arrived. Never kept without a place (capabilities 7.3). */
export function paid(
  model: Model,
  hold: HoldModel,
  payment: PaymentModel,
  { amount, at }: { readonly amount: number; readonly at: number },
): string {
  if (isReceived(payment)) return 'already_done';
  payment.paid_at = at;
  if (amount !== payment.amount) {
    giveBack(payment, 'refunded', amount);
    return 'mismatch';
  }
  const is_more_than_the_price =
    hold.booking !== null &&
    isStanding(hold.booking) &&
    paidOf(hold) + amount > hold.booking.amount;
  if (
    is_more_than_the_price ||
    hold.payments.some((other) => other !== payment && other.status === 'success')
  ) {
    giveBack(payment, 'refunded', amount);
    return 'refund_requested';
  }
  if ((hold.status === 'pending' || hold.status === 'expired') && isElsewhere(model, hold)) {
    if (hold.status === 'pending') endHold(hold, hold.is_overdue ? 'expired' : 'cancelled');
    giveBack(payment, 'success', amount);
    return 'refund_requested';
  }
  const can_book =
    hold.status === 'expired'
      ? retake(model, hold)
      : hold.status === 'pending' || (hold.booking !== null && isStanding(hold.booking));
  if (!can_book) {
    giveBack(payment, 'success', amount);
    return 'refund_requested';
  }
  payment.status = 'success';
  payment.is_closed = true;
  payment.is_booked = true;
  if (hold.booking === null) {
    book(hold, 'prepaid');
  } else {
    hold.booking.mode = 'prepaid';
    hold.booking.amount_due = amount;
    hold.booking.version += 1;
    hold.booking.last = null;
  }
  return 'confirmed';
}

/** A declined card leaves the page open; a page that lapsed is closed. */
export function notPaid(payment: PaymentModel, result: 'failed' | 'expired'): string {
  if (result === 'expired') payment.is_closed = true;
  if (payment.status !== 'pending') return 'already_done';
  payment.status = 'failed';
  return 'failed_recorded';
}
