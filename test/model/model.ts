import type { BookingStatus, ReservationStatus } from '../../src/domain/booking.ts';

/**
 * The engine as it should behave, small enough to be believed by reading it. Plain data, changed in
 * place; the real database is compared with it after every step.
 */

export type SlotModel = {
  readonly id: string;
  readonly service_id: string;
  readonly capacity: number;
  /** Minutes on one common axis, half-open. */
  readonly from: number;
  readonly to: number;
  readonly staff: string | null;
  readonly room: string | null;
  /** Whole rupiah per seat. */
  readonly due: number;
  /** What an owner gets back who cancels now. Seed 000, Business Rules 2. */
  readonly refund_percent: number;
  is_blocked: boolean;
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
  readonly refunds: { status: 'pending' | 'completed' | 'failed'; readonly amount: number }[];
};

export type BookingModel = {
  status: BookingStatus;
  version: number;
  mode: 'prepaid' | 'at_clinic';
  has_arrived: boolean;
};

export type HoldModel = {
  readonly id: string;
  readonly slot: SlotModel;
  readonly owner: number;
  readonly quantity: number;
  readonly key: string | null;
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
const isLive = (hold: HoldModel) =>
  holdsSeats(hold) && !(hold.status === 'pending' && hold.is_overdue);
const overlap = (a: SlotModel, b: SlotModel) => a.from < b.to && b.from < a.to;
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

function hasRoom(model: Model, slot: SlotModel, quantity: number): boolean {
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
function clearOverdue(model: Model, slot: SlotModel, level: Level) {
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
  if (slot.is_blocked) return ['invalid_slot'];
  if (quantity < 1 || quantity > slot.capacity) return ['policy_refused'];
  const [only] = seatHolders(model, slot);
  if (slot.capacity === 1 && only && isLive(only) && only.owner !== owner) return ['slot_taken'];
  const own = model.holds.filter(
    (one) => one.owner === owner && isLive(one) && overlap(one.slot, slot),
  );
  if (own.length > 0) {
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
  hold.booking = { status: 'confirmed', version: 1, mode, has_arrived: false };
}

/** The owner of an overdue hold may have taken another place at that time meanwhile. */
const isElsewhere = (model: Model, hold: HoldModel) =>
  model.holds.some(
    (one) =>
      one !== hold && one.owner === hold.owner && isLive(one) && overlap(one.slot, hold.slot),
  );

export const dueOf = (hold: HoldModel) => hold.slot.due * hold.quantity;

/** Staff take the money, or none yet (`at_clinic`). */
export function confirm(model: Model, hold: HoldModel, method: 'cash' | 'at_clinic'): string {
  if (hold.status === 'confirmed') return 'ok';
  if (hold.status === 'expired') return 'reservation_expired';
  if (hold.status !== 'pending') return 'conflict';
  if (isElsewhere(model, hold)) return 'policy_refused';
  if (method === 'cash') {
    hold.payments.push({
      id: '',
      session_id: '',
      status: 'success',
      amount: dueOf(hold),
      is_closed: true,
      is_booked: true,
      is_desk: true,
      refunds: [],
    });
  }
  book(hold, method === 'cash' ? 'prepaid' : 'at_clinic');
  return 'ok';
}

function giveBack(payment: PaymentModel, status: 'success' | 'refunded', amount: number): void {
  payment.status = status;
  payment.amount = amount;
  payment.is_closed = true;
  if (amount > 0) payment.refunds.push({ status: 'pending', amount });
}

/** A lapsed hold whose money came after all takes its place again, if nobody else has it. */
function retake(model: Model, hold: HoldModel): boolean {
  const { slot, quantity } = hold;
  if (slot.is_blocked) return false;
  if (hasRoom(model, slot, quantity)) return true;
  const { freed } = clearOverdue(model, slot, 'functions');
  return freed > 0 && hasRoom(model, slot, quantity);
}

/** Money arrived. Never kept without a place (capabilities 7.3). */
export function paid(model: Model, hold: HoldModel, payment: PaymentModel, amount: number): string {
  if (payment.status === 'success' || payment.status === 'refunded') return 'already_done';
  if (amount !== payment.amount) {
    giveBack(payment, 'refunded', amount);
    return 'mismatch';
  }
  if (hold.payments.some((other) => other !== payment && other.status === 'success')) {
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
      : hold.status === 'pending' ||
        (hold.booking !== null &&
          ['confirmed', 'in-progress', 'completed'].includes(hold.booking.status));
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
    hold.booking.version += 1;
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

export function cancelBooking(
  hold: HoldModel,
  wish: {
    readonly by: 'owner' | 'clinic';
    readonly quote: boolean;
    readonly version: number | null;
  },
): string {
  const { booking } = hold;
  if (booking === null) return 'not_found';
  if (wish.version !== null && wish.version !== booking.version) return 'conflict';
  if (booking.status !== 'confirmed') return 'policy_refused';
  const percent = wish.by === 'clinic' ? 100 : hold.slot.refund_percent;
  const payment = hold.payments.find((one) => one.status === 'success' && one.is_booked);
  const given = (payment?.refunds ?? [])
    .filter(({ status }) => status !== 'failed')
    .reduce((sum, { amount }) => sum + amount, 0);
  const amount = payment ? Math.min((payment.amount * percent) / 100, payment.amount - given) : 0;
  if (!wish.quote) {
    booking.status = 'cancelled';
    booking.version += 1;
    if (amount > 0) payment?.refunds.push({ status: 'pending', amount });
  }
  return `ok ${percent} ${amount}`;
}

export function move(hold: HoldModel, status: 'arrived' | 'in-progress' | 'completed' | 'no-show') {
  const { booking } = hold;
  if (booking === null) return 'not_found';
  if (status === booking.status || (status === 'arrived' && booking.has_arrived)) return 'ok';
  const is_allowed =
    booking.status === 'confirmed'
      ? // All appointments of this world lie ahead: too early for a no-show.
        status === 'arrived' || status === 'in-progress'
      : booking.status === 'in-progress' && status === 'completed';
  if (!is_allowed) return 'policy_refused';
  if (status !== 'arrived') booking.status = status;
  if (status !== 'completed') booking.has_arrived = true;
  booking.version += 1;
  return 'ok';
}

/** The provider, or for desk money nobody, pays back what waits. */
export function payBack(hold: HoldModel): void {
  for (const payment of hold.payments) {
    for (const refund of payment.refunds) {
      if (refund.status === 'pending') refund.status = payment.is_desk ? 'failed' : 'completed';
    }
    const done = payment.refunds
      .filter(({ status }) => status === 'completed')
      .reduce((sum, { amount }) => sum + amount, 0);
    if (done > 0 && done === payment.amount) payment.status = 'refunded';
  }
}
