import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { extendReservation } from '../../src/daemon/actions/extend-reservation.ts';
import { setBookingStatus } from '../../src/daemon/actions/set-booking-status.ts';
import { takePaymentEvent } from '../../src/daemon/actions/take-payment-event.ts';
import type { App } from '../../src/daemon/app-types.ts';
import { recordPaymentSession } from '../../src/daemon/store/payments.ts';
import { createSweeper } from '../../src/daemon/workers/sweep.ts';
import { AppError } from '../../src/domain/errors.ts';
import { customer, staff } from '../actions/bench.ts';
import { desk as desk_row } from '../helpers/booking.ts';
import { bookingIdOf, type Door, minorOf, payloadOf, sessionOf, sqlDoor } from './door.ts';

/** Which of the two refused, the doorman or the judge, is nobody's concern in the end. */
const withoutDoorman = (outcome: string) => (outcome === 'slot_locked' ? 'slot_taken' : outcome);

/** The outcome in one word. */
async function said(work: Promise<string>): Promise<string> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code;
  }
}

const never = new AbortController().signal;

/**
 * Through the actions that HTTP calls, with Redis in front and the provider to ask. `outwait` lets the
 * seconds pass that the lock of a try lives whose answer was lost.
 */
export function actionsDoor(app: App, outwait: (slot_id: string) => Promise<void>): Door {
  const desk = staff('desk');
  const sweeper = createSweeper();
  const done = async (work: Promise<unknown>) => {
    await work;
    return 'ok';
  };
  return {
    ...sqlDoor(app.sql),
    level: 'actions',
    hold: async ({ slot, quantity, key }, { user_id, pet_id }) => {
      const wish = { service_id: slot.service_id, slot_id: slot.id, pet_id, quantity };
      const ask = async () => {
        const call = { idempotency_key: key };
        const answer = await createReservation(app, customer(user_id), wish, call);
        return `${answer.replayed ? 'replayed' : 'ok'} ${answer.reservation_id}`;
      };
      const first = await said(ask());
      if (first !== 'slot_locked') return withoutDoorman(first);
      await outwait(slot.id);
      return withoutDoorman(await said(ask()));
    },
    extend: async ({ id: reservation_id }, { user_id }, has_token) => {
      const [row] = await app.sql<{ lock_id: string }[]>`
        select lock_id from reservations where id = ${reservation_id}`;
      const lock_id = has_token ? (row?.lock_id ?? '') : 'lock.of-another';
      const input = { reservation_id, lock_id };
      return await said(done(extendReservation(app, customer(user_id), input)));
    },
    cancelHold: ({ id: reservation_id }) =>
      said(done(cancelReservation(app, desk, { reservation_id }))),
    confirm: ({ id: reservation_id }, payment_method) =>
      said(done(confirmReservation(app, desk, { reservation_id, payment_method }))),
    openPage: async (hold, payment) =>
      (await recordPaymentSession(app.sql, sessionOf(hold, payment), desk_row)).outcome,
    pay: async (hold, payment, { event_id, result, amount }) => {
      const payload = payloadOf(hold, payment);
      const money = { amount_minor: amount ?? 0, currency: 'IDR' };
      const taken = await takePaymentEvent(app, {
        event_id,
        event_type: 'model',
        result,
        session_id: payment.session_id,
        payment_intent: `pi_${payment.session_id}`,
        amount: amount === null ? null : money,
        metadata: payload.metadata,
        occurred_at: Temporal.Now.instant().toString(),
        payload,
      });
      return taken.outcome;
    },
    cancelBooking: async (hold, { by, quote, version }) => {
      const booking_id = await bookingIdOf(app.sql, hold);
      const input = {
        booking_id,
        by,
        quote,
        ...(version === null ? {} : { expected_version: version }),
      };
      const told = cancelBooking(app, desk, input);
      return await said(told.then((t) => `ok ${t.refund_percent} ${minorOf(t.refund_amount)}`));
    },
    move: async (hold, status) => {
      const booking_id = await bookingIdOf(app.sql, hold);
      return await said(done(setBookingStatus(app, desk, { booking_id, status })));
    },
    sweep: async () => {
      while ((await sweeper.tick(app, never)) > 0);
      return 'ok';
    },
  };
}
