import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { run } from '../../src/daemon/store/db.ts';
import { payBooking } from '../../src/daemon/store/desk-payments.ts';
import { recordPaymentSession, takePaymentEvent } from '../../src/daemon/store/payments.ts';
import { rescheduleBooking } from '../../src/daemon/store/reschedule.ts';
import {
  cancelReservation,
  confirmReservation,
  expireReservation,
  extendReservation,
  holdSlot,
} from '../../src/daemon/store/reservations.ts';
import { undoBooking } from '../../src/daemon/store/undo.ts';
import type { DeskMove } from '../../src/domain/booking.ts';
import { AppError } from '../../src/domain/errors.ts';
import { amountText, parseAmount } from '../../src/domain/money.ts';
import { customer, desk } from '../helpers/booking.ts';
import type { OwnerIds } from '../helpers/database.ts';
import type { HoldModel, HoldWish, Level, PaymentModel, SlotModel } from './model.ts';
import type { ChangeWish } from './visit.ts';

/** Amounts of the model, in hundredths of a rupiah, as the engine writes them. */
export const rupiah = (amount_minor: number) => amountText({ amount_minor, currency: 'IDR' });
export const minorOf = (text: string | null) => parseAmount(text ?? '', 'IDR').amount_minor;

export type Result = 'success' | 'failed' | 'expired';
export type Money = {
  readonly event_id: string;
  readonly result: Result;
  readonly amount: number | null;
};

/** The way into the engine: SQL functions alone, or the actions with Redis in front. */
export type Door = {
  readonly level: Level;
  readonly hold: (wish: HoldWish, owner: OwnerIds) => Promise<string>;
  readonly extend: (hold: HoldModel, owner: OwnerIds, has_token: boolean) => Promise<string>;
  readonly cancelHold: (hold: HoldModel) => Promise<string>;
  readonly confirm: (hold: HoldModel, method: 'cash' | 'at_clinic') => Promise<string>;
  readonly openPage: (hold: HoldModel, payment: PaymentModel) => Promise<string>;
  readonly pay: (hold: HoldModel, payment: PaymentModel, money: Money) => Promise<string>;
  readonly cancelBooking: (hold: HoldModel, wish: ChangeWish) => Promise<string>;
  readonly reschedule: (
    hold: HoldModel,
    wish: ChangeWish & { readonly to: SlotModel },
  ) => Promise<string>;
  readonly payDesk: (
    hold: HoldModel,
    wish: { readonly amount: number | null; readonly version: number | null },
  ) => Promise<string>;
  readonly undo: (hold: HoldModel) => Promise<string>;
  readonly move: (hold: HoldModel, status: DeskMove) => Promise<string>;
  /** Ends overdue holds; those with an open page only where they can be closed. */
  readonly sweep: (overdue: readonly HoldModel[]) => Promise<string>;
};

export async function bookingIdOf(sql: Sql, hold: HoldModel): Promise<string> {
  const [row] = await run(sql<{ id: string }[]>`
    select id from bookings where reservation_id = ${hold.id}`);
  return row?.id ?? randomUUID();
}

/** The provider's object: its metadata names the hold, as we asked it to. */
export const payloadOf = (hold: HoldModel, payment: PaymentModel) => ({
  metadata: { payment_id: payment.id, reservation_id: hold.id },
});

const SESSION_LIFE = Temporal.Duration.from({ minutes: 31 });

export function sessionOf(hold: HoldModel, payment: PaymentModel) {
  return {
    payment_id: payment.id,
    reservation_id: hold.id,
    session_id: payment.session_id,
    payment_url: `http://127.0.0.1/${payment.session_id}`,
    expires_at: Temporal.Now.instant().add(SESSION_LIFE).toString(),
  };
}

/** Said in place of an outcome when the first answer was lost: only what is seen counts then. */
export const LOST = 'lost';
const TRIES_MAX = 20;

/** Asks again after a lost answer, as callers do: whatever had happened must not happen twice. */
export async function insist(work: () => Promise<string>): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      const said = await work();
      return tries === 1 ? said : LOST;
    } catch (error) {
      const is_lost = error instanceof AppError && error.code === 'unavailable';
      if (!is_lost || tries === TRIES_MAX) throw error;
    }
  }
}

/** A door whose every answer may get lost. */
export function patientDoor(door: Door): Door {
  const { level } = door;
  return {
    level,
    hold: (...asked) => insist(() => door.hold(...asked)),
    extend: (...asked) => insist(() => door.extend(...asked)),
    cancelHold: (...asked) => insist(() => door.cancelHold(...asked)),
    confirm: (...asked) => insist(() => door.confirm(...asked)),
    openPage: (...asked) => insist(() => door.openPage(...asked)),
    pay: (...asked) => insist(() => door.pay(...asked)),
    cancelBooking: (...asked) => insist(() => door.cancelBooking(...asked)),
    reschedule: (...asked) => insist(() => door.reschedule(...asked)),
    payDesk: (...asked) => insist(() => door.payDesk(...asked)),
    undo: (...asked) => insist(() => door.undo(...asked)),
    move: (...asked) => insist(() => door.move(...asked)),
    sweep: (...asked) => insist(() => door.sweep(...asked)),
  };
}

/** Straight to the functions: fast, and exactly one outcome each. */
export function sqlDoor(sql: Sql): Door {
  return {
    level: 'functions',
    hold: async ({ id, slot, quantity, key }, owner) => {
      const request = {
        ...owner,
        reservation_id: id,
        slot_id: slot.id,
        quantity,
        seats: null,
        lock_id: `lock.${id}`,
        idempotency_key: key,
      };
      const { outcome, reservation_id } = await holdSlot(sql, request, customer(owner.user_id));
      return reservation_id === null ? outcome : `${outcome} ${reservation_id}`;
    },
    extend: async ({ id }, owner, has_token) => {
      const lock_id = has_token ? `lock.${id}` : 'lock.of-another';
      return (await extendReservation(sql, id, lock_id, customer(owner.user_id))).outcome;
    },
    cancelHold: async ({ id }) => (await cancelReservation(sql, id, 'model', desk)).outcome,
    confirm: async ({ id: reservation_id }, payment_method) =>
      (await confirmReservation(sql, { reservation_id, payment_method }, desk)).outcome,
    openPage: async (hold, payment) =>
      (await recordPaymentSession(sql, sessionOf(hold, payment), desk)).outcome,
    pay: async (hold, payment, { event_id, result, amount }) => {
      const news = {
        event_id,
        event_type: 'model',
        payload: payloadOf(hold, payment),
        session_id: payment.session_id,
        payment_intent: `pi_${payment.session_id}`,
        result,
        amount: amount === null ? null : rupiah(amount),
        currency: 'IDR',
      };
      return (await takePaymentEvent(sql, news)).outcome;
    },
    cancelBooking: async (hold, { by, quote, version }) => {
      const booking_id = await bookingIdOf(sql, hold);
      const request = { booking_id, reason: 'model', by, quote, expected_version: version };
      const told = await cancelBooking(sql, request, desk);
      if (told.outcome !== 'ok') return told.outcome;
      return `ok ${told.refund_percent} ${minorOf(told.refund_amount)}`;
    },
    reschedule: async (hold, { to, by, quote, version }) => {
      const booking_id = await bookingIdOf(sql, hold);
      const wish = { booking_id, slot_id: to.id, by, quote, expected_version: version };
      const told = await rescheduleBooking(sql, { ...wish, seats: null, reason: 'model' }, desk);
      if (told.outcome !== 'ok') return told.outcome;
      return `ok ${told.refund_percent} ${minorOf(told.refund_amount)} ${minorOf(told.due_amount)}`;
    },
    payDesk: async (hold, { amount, version }) => {
      const booking_id = await bookingIdOf(sql, hold);
      const wish = {
        booking_id,
        payment_method: 'cash',
        amount: amount === null ? null : rupiah(amount),
        expected_version: version,
      } as const;
      const told = await payBooking(sql, wish, desk);
      if (told.outcome !== 'ok') return told.outcome;
      return `ok ${minorOf(told.amount)} ${minorOf(told.amount_rest)}`;
    },
    undo: async (hold) => {
      const booking_id = await bookingIdOf(sql, hold);
      const told = await undoBooking(sql, { booking_id, expected_version: null }, desk);
      return told.outcome === 'ok' ? `ok ${told.undone}` : (told.problem ?? told.outcome);
    },
    move: async (hold, status) => {
      const booking_id = await bookingIdOf(sql, hold);
      return (await setBookingStatus(sql, { booking_id, status, expected_version: null }, desk))
        .outcome;
    },
    sweep: async (overdue) => {
      for (const { id } of overdue) await expireReservation(sql, id);
      return 'ok';
    },
  };
}
