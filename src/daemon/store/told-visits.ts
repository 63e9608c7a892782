import type { MailType } from '../../domain/message.ts';
import { type Db, run } from './db.ts';

/** Visits of a series that one message tells of. */

export type ToldVisit = {
  readonly booking_id: string;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly amount: string;
  /** What goes back because of the change that is told. */
  readonly refund_amount: string;
  readonly staff_name: string | null;
  readonly version: number;
  readonly changed_at: Temporal.Instant;
};

/**
 * Of the bookings that an event's message is about those of which it is still true, in the order of
 * time: what was taken back, or cancelled since, is not told.
 */
export async function toldVisits(
  sql: Db,
  type: MailType,
  booking_ids: readonly string[],
  cancelled_at: string | null,
): Promise<readonly ToldVisit[]> {
  return await run(sql<ToldVisit[]>`
    select b.id as booking_id, b.reservation_id, b.reference_code, sl.starts_at, sl.ends_at,
      b.amount, st.name as staff_name, b.version, b.updated_at as changed_at,
      coalesce((
        select sum(f.amount) from refunds f
        where f.booking_id = b.id and f.status <> 'denied' and f.created_at = b.cancelled_at
      ), 0)::text as refund_amount
    from bookings b
    join slots sl on sl.id = b.slot_id
    left join staff st on st.id = sl.staff_id
    where b.id = any (${[...booking_ids]}::uuid[])
      and b.reservation_id is not null
      and ${
        type === 'booking_cancelled'
          ? sql`b.status = 'cancelled' and b.cancelled_at = ${cancelled_at}::timestamptz`
          : sql`b.status <> 'cancelled' and sl.ends_at > now()`
      }
    order by sl.starts_at, b.id`);
}
