import type { BookingStatus, PaymentState } from '../../domain/booking.ts';
import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';

export type VisitRow = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly clinic_name: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly pet_name: string | null;
  readonly status: BookingStatus;
  readonly amount: string;
  readonly amount_paid: string;
  readonly currency: string;
  readonly payment_state: PaymentState;
  readonly is_past: boolean;
};

/** More say nothing that the desk wants to know while the phone rings. */
const VISITS_MAX = 200;

/** The latest bookings of an owner within the caller's reach, latest visit first. */
export async function visitsOf(
  sql: Db,
  user_id: string,
  scope: Scope,
): Promise<readonly VisitRow[]> {
  return await run(sql<VisitRow[]>`
    select booking_id, reference_code, starts_at, time_zone, clinic_name, service_name, staff_name,
      pet_name, status, amount, amount_paid, currency, payment_state, booking_time <= now() as is_past
    from booking_rows
    where user_id = ${user_id}
      ${scope.clinic_id === null ? sql`` : sql`and clinic_id = ${scope.clinic_id}`}
    order by booking_time desc, booking_id
    limit ${VISITS_MAX}`);
}
