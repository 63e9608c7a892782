import { sleep } from 'k6';
import { book, browse, cancel, confirmedBooking, move, payFor, release } from './calls.ts';
import { head, type Owner, type Slot } from './data.ts';

/** One person at the booking page, from the first look to whatever they decide. */

const day_ms = 86_400_000;
/** Webhooks arrive within milliseconds; a person looks again a few times. */
const looks = 25;
const look_every_s = 0.2;

const localDate = (ahead_days: number) =>
  new Date(Date.now() + ahead_days * day_ms).toISOString().slice(0, 10);

function waitForBooking(reservation_id: string, paid_at: number): string | null {
  for (let look = 0; look < looks; look += 1) {
    const booking_id = confirmedBooking(reservation_id, paid_at);
    if (booking_id !== null) return booking_id;
    sleep(look_every_s);
  }
  return null;
}

/** Shares of what people do once they hold a slot; the rest walk away and let the hold lapse. */
export type Mix = {
  readonly pay: number;
  readonly release: number;
  /** Of those who have booked. */
  readonly cancel: number;
  /** Of those who have booked and come. */
  readonly move: number;
};

export type Visitor = {
  readonly owner: Owner;
  readonly slot: Slot;
  /** Where the visitor would rather go, should a booking be moved. */
  readonly other_slot: Slot;
  /** Tells visits of one person apart. */
  readonly attempt: number;
};

/** Browses, and in `tries` of the cases goes on to hold, pay, change their mind or walk away. */
export function visit(who: Visitor, tries: number, mix: Mix): void {
  browse(who.slot.service_id, localDate(0), localDate(14));
  if (Math.random() >= tries) return;
  const dice = Math.random();
  const how = dice < mix.pay && head.stripe_url !== null ? 'checkout' : 'hold';
  const won = book({ ...who, quantity: 1, how });
  if (won === null || won.replayed) return;
  if (how === 'hold') {
    if (dice < mix.pay + mix.release) release(won.reservation_id);
    return;
  }
  const paid_at = Date.now();
  if (!payFor(won.reservation_id)) return;
  const booking_id = waitForBooking(won.reservation_id, paid_at);
  if (booking_id === null) return;
  if (Math.random() < mix.cancel) cancel(booking_id);
  else if (Math.random() < mix.move) move(booking_id, who.other_slot.slot_id);
}
