import type { Scope } from './actor.ts';
import { type BookingRow, findBooking } from './bookings.ts';
import { type Db, run, runOne } from './db.ts';
import type { PriceLines } from './prices.ts';

/** Rows of one kind shown with a booking; a booking with more has a problem of its own. */
const RELATED_MAX = 200;

export type BookingPayment = {
  readonly payment_id: string;
  readonly status: string;
  readonly payment_method: string;
  readonly amount: string;
  readonly currency: string;
  readonly external_reference: string | null;
  readonly paid_at: Temporal.Instant | null;
  readonly refund_status: string | null;
};

export type BookingRefund = {
  readonly refund_id: string;
  readonly status: string;
  readonly amount: string;
  readonly currency: string;
  readonly reason: string;
  readonly created_at: Temporal.Instant;
};

export type BookingHistory = {
  readonly action: string;
  readonly status: string;
  readonly performed_by: string | null;
  readonly operator_name: string | null;
  readonly owner_name: string | null;
  readonly source: string | null;
  readonly notes: string | null;
  readonly at: Temporal.Instant;
  readonly was: Readonly<Record<string, unknown>> | null;
  readonly now: Readonly<Record<string, unknown>> | null;
};

export type PaymentAttempt = {
  readonly result: 'success' | 'failed' | 'expired';
  readonly at: Temporal.Instant;
};

export type BookingMessage = {
  readonly channel: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly sent_at: Temporal.Instant | null;
};

type Snapshot = Readonly<Record<string, unknown>>;

/** What the booking costs beyond its amount. */
export type BookingCost = {
  readonly amount_paid: string;
  /** Null where price x seats says it all. */
  readonly price_lines: PriceLines | null;
  readonly tax_amount: string;
  readonly tax_bp: number;
  readonly tax_included: boolean;
};

export type BookingDetail = BookingRow & {
  readonly pet_snapshot: Snapshot;
  readonly service_snapshot: Snapshot;
  /** Null where seats have numbers only. */
  readonly seat_labels: readonly string[] | null;
  readonly cost: BookingCost;
  readonly payments: readonly BookingPayment[];
  readonly attempts: readonly PaymentAttempt[];
  readonly refunds: readonly BookingRefund[];
  readonly history: readonly BookingHistory[];
  readonly messages: readonly BookingMessage[];
};

/** One booking with everything that hangs on it, by id or reference code; null outside the scope. */
export async function findBookingDetail(
  sql: Db,
  booking_ref: string,
  scope: Scope,
): Promise<BookingDetail | null> {
  const booking = await findBooking(sql, booking_ref, scope);
  if (!booking) return null;
  const { booking_id, reservation_id } = booking;
  const [snapshots, cost, payments, attempts, refunds, history, messages] = await Promise.all([
    run(sql<Pick<BookingDetail, 'pet_snapshot' | 'service_snapshot' | 'seat_labels'>[]>`
      select b.pet_snapshot, b.service_snapshot,
        seat_labels(b.slot_id, r.id, r.seats) as seat_labels
      from bookings b
      left join reservations r on r.id = b.reservation_id
      where b.id = ${booking_id}`),
    readCost(sql, booking_id),
    run(sql<BookingPayment[]>`
      select id as payment_id, status, payment_method, amount, currency, external_reference,
        paid_at, refund_status
      from payments
      where booking_id = ${booking_id} or reservation_id = ${reservation_id}
      order by created_at
      limit ${RELATED_MAX}`),
    reservation_id === null ? [] : readAttempts(sql, reservation_id),
    run(sql<BookingRefund[]>`
      select id as refund_id, status, amount, currency, reason, created_at
      from refunds
      where booking_id = ${booking_id}
        or payment_id in (select id from payments where reservation_id = ${reservation_id})
      order by created_at
      limit ${RELATED_MAX}`),
    readHistory(sql, booking_id, reservation_id),
    run(sql<BookingMessage[]>`
      select channel, type, status, attempts, last_error, sent_at
      from deliveries
      where booking_id = ${booking_id}
      order by created_at, channel
      limit ${RELATED_MAX}`),
  ]);
  const { pet_snapshot = {}, service_snapshot = {}, seat_labels = null } = snapshots[0] ?? {};
  const money = { cost, payments, attempts, refunds };
  return { ...booking, ...money, pet_snapshot, service_snapshot, seat_labels, history, messages };
}

/** The tax is the booking's own where it has lines, else what its amount contains. */
async function readCost(sql: Db, booking_id: string): Promise<BookingCost> {
  return await runOne(sql<BookingCost[]>`
    select booking_paid(b.id) as amount_paid, b.price_lines,
      round(coalesce(b.tax_amount, (split_payment(
        b.amount, b.currency, coalesce((b.service_snapshot ->> 'commission_bp')::integer, 0),
        coalesce((b.service_snapshot ->> 'tax_bp')::integer, 0)
      ))[3]), 3) as tax_amount,
      coalesce((b.service_snapshot ->> 'tax_bp')::integer, 0) as tax_bp,
      coalesce((b.service_snapshot ->> 'tax_included')::boolean, true) as tax_included
    from bookings b
    where b.id = ${booking_id}`);
}

/** What the provider said of the payments of a reservation, in order. */
export async function readAttempts(
  sql: Db,
  reservation_id: string,
): Promise<readonly PaymentAttempt[]> {
  return await run(sql<PaymentAttempt[]>`
    select a.result, a.created_at as at
    from payments p
    join payment_attempts a on a.payment_id = p.id
    where p.reservation_id = ${reservation_id} and a.result in ('success', 'failed', 'expired')
      -- A charge is told twice: in the answer to us, and by the webhook. A page may fail twice.
      and not (p.payment_method = 'saved_card' and a.reason = 'already_done')
    order by a.created_at
    limit ${RELATED_MAX}`);
}

/** The hold's entries and the booking's, in order. */
async function readHistory(sql: Db, booking_id: string, reservation_id: string | null) {
  return await run(sql<BookingHistory[]>`
    select entries.action, entries.status, entries.performed_by, entries.source, entries.notes,
      entries.at, entries.was, entries.now, coalesce(o.full_name, k.name) as operator_name, u.full_name as owner_name
    from (
      select action, status, performed_by, source, notes, created_at as at,
        0 as part, reservation_version as version, null::jsonb as was, null::jsonb as now
      from reservation_log_entries
      where reservation_id = ${reservation_id}
      union all
      select e.action, e.status, e.performed_by, e.source, e.notes, e.created_at,
        1, e.booking_version, e.previous_state, e.new_state
      from booking_log_entries e
      join booking_logs l on l.id = e.log_id
      where l.booking_id = ${booking_id}
    ) as entries
    left join api_keys k on k.id = entries.performed_by
    left join operators o on o.id = k.operator_id
    left join users u on u.id = entries.performed_by and not u.is_erased
    order by entries.at, entries.part, entries.version
    limit ${RELATED_MAX}`);
}
