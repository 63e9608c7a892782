import type { BookingStatus, DeskMove, PaymentState } from '../../domain/booking.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type BookingRow = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly status: BookingStatus;
  readonly clinic_id: string;
  readonly clinic_code: string;
  readonly clinic_name: string;
  readonly time_zone: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly slot_id: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  /** What lists are ordered by: the start of the appointment. */
  readonly booking_time: Temporal.Instant;
  readonly duration_minutes: number;
  readonly user_id: string;
  readonly owner_name: string | null;
  readonly owner_phone: string | null;
  readonly owner_email: string | null;
  readonly pet_id: string | null;
  readonly pet_name: string | null;
  readonly species: string | null;
  readonly quantity: number;
  readonly amount: string;
  readonly amount_due: string;
  readonly currency: string;
  readonly payment_id: string | null;
  readonly payment_state: PaymentState;
  readonly arrived_at: Temporal.Instant | null;
  readonly reservation_id: string | null;
  /** Services in a row; 1 = one. */
  readonly item_count: number;
  readonly notes: string | null;
  readonly cancellation_reason: string | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
};

export type CancelRequest = {
  readonly booking_id: string;
  readonly reason: string | null;
  /** clinic = everything back. */
  readonly by: 'owner' | 'clinic';
  /** The version that the caller looked at; null = any. */
  readonly expected_version: number | null;
  /** Only say what would happen. */
  readonly quote: boolean;
};

/** Fields but the outcome are null when it was not found; refund figures unless `ok`. */
export type CancelResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly refund_percent: number | null;
  readonly refund_amount: string | null;
  readonly currency: string | null;
  readonly slot_id: string | null;
  readonly refund_id: string | null;
  readonly version: number | null;
};

/** Cancels a booking by the policy that it was made under, or quotes what that would give. */
export async function cancelBooking(
  sql: Db,
  request: CancelRequest,
  actor: DbActor,
): Promise<CancelResult> {
  const { booking_id, reason, by, expected_version, quote } = request;
  return await runOne(sql<CancelResult[]>`
    select outcome, booking_id, reference_code, refund_percent, refund_amount, currency, slot_id,
      refund_id, version
    from cancel_booking(
      ${booking_id}, ${reason}, ${by}, ${expected_version}, ${quote}, ${sql.json(actor)}
    )`);
}

export type StatusResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly status: BookingStatus | null;
  readonly arrived_at: Temporal.Instant | null;
  readonly version: number | null;
};

/** Moves a booking on. Said twice it changes nothing and is still ok. */
export async function setBookingStatus(
  sql: Db,
  request: {
    readonly booking_id: string;
    readonly status: DeskMove;
    readonly expected_version: number | null;
  },
  actor: DbActor,
): Promise<StatusResult> {
  return await runOne(sql<StatusResult[]>`
    select outcome, status, arrived_at, version
    from set_booking_status(
      ${request.booking_id}, ${request.status}, ${request.expected_version},
      ${sql.json(actor)}
    )`);
}

export type MoveTimes = {
  readonly check_in_from: Temporal.Instant;
  readonly is_check_in_open: boolean;
  readonly no_show_from: Temporal.Instant;
  readonly is_no_show_open: boolean;
};

/** When the clock allows to say what became of a visit. Read only after a refusal. */
export async function moveTimes(sql: Db, booking_id: string): Promise<MoveTimes> {
  return await runOne(sql<MoveTimes[]>`
    select t.check_in_from, t.check_in_from <= now() as is_check_in_open,
      t.no_show_from, t.no_show_from <= now() as is_no_show_open
    from bookings b,
      lateral (select check_in_from(b), no_show_from(b)) as t (check_in_from, no_show_from)
    where b.id = ${booking_id}`);
}

const columns = (sql: Db) => sql`
  booking_id, reference_code, status, clinic_id, clinic_code, clinic_name, time_zone, service_id,
  service_name, slot_id, staff_id, staff_name, starts_at, ends_at, booking_time, duration_minutes,
  user_id, owner_name, owner_phone, owner_email, pet_id, pet_name, species, quantity, amount,
  amount_due, currency, payment_id, payment_state, arrived_at, reservation_id, notes,
  cancellation_reason, version, created_at, item_count`;

const within = (sql: Db, scope: Scope) => sql`
  ${scope.user_id === null ? sql`` : sql`and user_id = ${scope.user_id}`}
  ${scope.clinic_id === null ? sql`` : sql`and clinic_id = ${scope.clinic_id}`}`;

/** One booking by id or reference code, within the caller's scope. */
export async function findBooking(
  sql: Db,
  booking_ref: string,
  scope: Scope,
): Promise<BookingRow | null> {
  const is_code = booking_ref.startsWith('BP');
  const [row] = await run(sql<BookingRow[]>`
    select ${columns(sql)}
    from booking_rows
    where ${is_code ? sql`reference_code = ${booking_ref}` : sql`booking_id = ${booking_ref}`}
      ${within(sql, scope)}`);
  return row ?? null;
}

export type BookingFilter = {
  readonly scope: Scope;
  readonly user_id?: string | undefined;
  readonly clinic_id?: string | undefined;
  readonly service_id?: string | undefined;
  readonly staff_id?: string | undefined;
  /** Empty = all. */
  readonly statuses?: readonly BookingStatus[];
  /** Half-open, over the start of the appointment. */
  readonly from?: Temporal.Instant | undefined;
  readonly to?: Temporal.Instant | undefined;
  /** The last row of the page before. */
  readonly after?: { readonly booking_time: Temporal.Instant; readonly booking_id: string } | null;
  readonly limit: number;
};

/** Bookings by appointment, earliest first. */
export async function listBookings(sql: Db, filter: BookingFilter): Promise<readonly BookingRow[]> {
  const {
    scope,
    user_id,
    clinic_id,
    service_id,
    staff_id,
    statuses = [],
    from,
    to,
    after,
  } = filter;
  return await run(sql<BookingRow[]>`
    select ${columns(sql)}
    from booking_rows
    where true
      ${within(sql, scope)}
      ${user_id ? sql`and user_id = ${user_id}` : sql``}
      ${clinic_id ? sql`and clinic_id = ${clinic_id}` : sql``}
      ${service_id ? sql`and service_id = ${service_id}` : sql``}
      ${
        staff_id
          ? sql`and (
              staff_id = ${staff_id}
              or item_count > 1 and reservation_id in (
                select i.reservation_id from reservation_items i
                where i.reservation_id = booking_rows.reservation_id and i.staff_id = ${staff_id}
              )
            )`
          : sql``
      }
      ${statuses.length > 0 ? sql`and status = any (${statuses})` : sql``}
      ${from ? sql`and booking_time >= ${from.toString()}` : sql``}
      ${to ? sql`and booking_time < ${to.toString()}` : sql``}
      ${after ? sql`and (booking_time, booking_id) > (${after.booking_time.toString()}, ${after.booking_id})` : sql``}
    order by booking_time, booking_id
    limit ${filter.limit}`);
}
