import type { Sql } from 'postgres';
import { claimDeliveries, finishDelivery } from '../../src/daemon/store/deliveries.ts';
import { claimRefunds, finishRefund } from '../../src/daemon/store/payments.ts';
import { takeDisputeNews, takeRefundNews } from '../../src/daemon/store/provider-news.ts';
import { completeRefund, decideRefund, retryRefund } from '../../src/daemon/store/refunds.ts';
import { recountSlot } from '../../src/daemon/store/repairs.ts';
import { endGrace } from '../../src/daemon/store/undo.ts';
import { desk } from '../helpers/booking.ts';
import { bookingIdOf, rupiah } from './door.ts';
import type { Ending } from './ledger.ts';
import type { HoldModel, PaymentModel, SlotModel } from './model.ts';

const BATCH = 1_000;
const LEASE_MS = 60_000;

export type Gone = {
  readonly event_id: string;
  readonly reference: string;
  readonly amount: number;
  readonly status: 'completed' | 'processing' | 'failed';
};

/** Money on its way back, and what people and the provider say of it. */
export type RefundDoor = {
  readonly ask: (
    hold: HoldModel,
    amount: number | null,
    needs_decision: boolean,
  ) => Promise<string>;
  /** The n-th refund of a hold, in the order of `refundsOf`. */
  readonly decide: (hold: HoldModel, n: number, grant: boolean) => Promise<string>;
  readonly complete: (hold: HoldModel, n: number) => Promise<string>;
  readonly retry: (hold: HoldModel, n: number) => Promise<string>;
  readonly bankSays: (
    hold: HoldModel,
    n: number,
    news: { readonly event_id: string; readonly status: 'completed' | 'failed' },
  ) => Promise<string>;
  /** A refund made in the provider's dashboard, or a dispute that was lost. */
  readonly gone: (
    payment: PaymentModel,
    how: 'dashboard' | 'dispute',
    gone: Gone,
  ) => Promise<string>;
  readonly payBack: (ending: Ending) => Promise<void>;
  readonly endGrace: (hold: HoldModel) => Promise<void>;
  readonly dispatch: () => Promise<void>;
  /** Counts a slot anew, after somebody miscounted it by so many. */
  readonly recount: (slot: SlotModel, by: number) => Promise<string>;
  /** Moves a slot's beginning into the past, with all that follows from it. */
  readonly begin: (slot: SlotModel, minutes_ago: number) => Promise<void>;
};

/** The desk asks for money of a booking to go back; null = all that is left. */
export async function askRefund(
  sql: Sql,
  booking_id: string,
  amount: string | null,
  needs_decision: boolean,
): Promise<{ readonly outcome: string; readonly refund_id: string }> {
  const [row] = await sql<{ outcome: string; refund_id: string | null }[]>`
    select outcome, refund_id
    from request_refund(${booking_id}, ${amount}, 'model', ${needs_decision}, ${sql.json(desk)})`;
  return { outcome: row?.outcome ?? '', refund_id: row?.refund_id ?? '' };
}

type Known = {
  readonly id: string;
  readonly external_reference: string | null;
  readonly amount: string;
};

// What is asked for anew beside a refund made elsewhere has its time; ours comes after it.
async function nth(sql: Sql, hold: HoldModel, n: number): Promise<Known> {
  const rows = await sql<Known[]>`
    select f.id, f.external_reference, f.amount
    from refunds f
    join payments p on p.id = f.payment_id
    where f.reservation_id = ${hold.id}
    order by p.paid_at, f.created_at, f.origin`;
  const row = rows[n];
  if (!row) throw new Error(`${hold.id} has no refund ${n}`);
  return row;
}

/** Pays back what is due; desk money fails, because no provider ever had it. */
async function payBackAll(sql: Sql, ending: Ending): Promise<void> {
  // What was tried before waits for its next turn: it comes now.
  await sql`
    update refunds set next_attempt_at = now()
    where status in ('pending', 'processing') and (attempts > 0 or external_reference is not null)`;
  for (const refund of await claimRefunds(sql, BATCH, LEASE_MS)) {
    const { refund_id, external_reference, refund_reference } = refund;
    const is_desk = external_reference === null;
    const is_answered = !is_desk && ending !== 'retry';
    const name = refund_reference ?? `re_${refund_id}_${refund.tries_failed}`;
    await finishRefund(sql, {
      refund_id,
      result: is_desk ? 'failed' : ending,
      external_reference: is_answered ? name : null,
    });
  }
}

/** Mails, as fast as they come. */
const claim = {
  channel: 'email',
  limit: BATCH,
  lease_ms: LEASE_MS,
  rate_per_minute: 0,
} as const;

async function dispatchAll(sql: Sql): Promise<void> {
  for (const { delivery_id } of await claimDeliveries(sql, claim)) {
    await finishDelivery(sql, { delivery_id, result: 'sent' });
  }
}

async function begin(sql: Sql, slot: SlotModel, minutes_ago: number): Promise<void> {
  await sql`
    with s as (
      update slots sl
      set starts_at = t.at, ends_at = t.at + (sl.ends_at - sl.starts_at)
      from (
        select date_trunc('minute', now()) - ${minutes_ago} * interval '1 minute' as at
      ) as t
      where sl.id = ${slot.id}
      returning sl.id, sl.starts_at, sl.ends_at
    ), c as (
      update slot_claims c set starts_at = s.starts_at, ends_at = s.ends_at
      from s
      where c.slot_id = s.id
    ), m as (
      update booking_reminders m set booking_time = s.starts_at
      from s, bookings b
      where b.slot_id = s.id and m.booking_id = b.id and m.status = 'pending'
    )
    update bookings b set booking_time = s.starts_at
    from s
    where b.slot_id = s.id`;
}

/** On the functions. Not through connections that a fault cuts: a person sees whether it was done. */
export function refundDoor(sql: Sql): RefundDoor {
  return {
    ask: async (hold, amount, needs_decision) => {
      const booking_id = await bookingIdOf(sql, hold);
      const text = amount === null ? null : rupiah(amount);
      return (await askRefund(sql, booking_id, text, needs_decision)).outcome;
    },
    decide: async (hold, n, grant) =>
      await decideRefund(sql, (await nth(sql, hold, n)).id, grant, 'model', desk),
    complete: async (hold, n) =>
      await completeRefund(sql, (await nth(sql, hold, n)).id, 'cash', 'model', desk),
    retry: async (hold, n) =>
      (await retryRefund(sql, (await nth(sql, hold, n)).id, 'model', desk)).outcome,
    bankSays: async (hold, n, { event_id, status }) => {
      const { id, external_reference, amount } = await nth(sql, hold, n);
      const news = { event_id, event_type: 'refund.updated', payload: {}, payment_intent: null };
      const refund = { external_reference: external_reference ?? '', refund_id: id, status };
      return await takeRefundNews(
        sql,
        { ...news, amount, currency: 'IDR' },
        { ...refund, error: null },
      );
    },
    gone: async (payment, how, { event_id, reference, amount, status }) => {
      const news = {
        event_id,
        event_type: how,
        payload: {},
        payment_intent: `pi_${payment.session_id}`,
        amount: rupiah(amount),
        currency: 'IDR',
      };
      const external_reference = reference;
      if (how === 'dispute') {
        return await takeDisputeNews(sql, news, {
          external_reference,
          status: 'lost',
          reason: null,
        });
      }
      return await takeRefundNews(sql, news, {
        external_reference,
        refund_id: null,
        status,
        error: null,
      });
    },
    payBack: (ending) => payBackAll(sql, ending),
    endGrace: async (hold) => endGrace(sql, await bookingIdOf(sql, hold)),
    dispatch: () => dispatchAll(sql),
    recount: async (slot, by) => {
      if (by !== 0) {
        await sql`update slots set booked_count = booked_count + ${by} where id = ${slot.id}`;
      }
      return await recountSlot(sql, slot.id, 'model', desk);
    },
    begin: (slot, minutes_ago) => begin(sql, slot, minutes_ago),
  };
}
