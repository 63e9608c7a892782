import { type Db, run } from './db.ts';

/** A hold that is over, and the locks that were its own. */
export type EndedHold = {
  readonly slot_id: string;
  readonly seats: readonly number[];
  readonly lock_id: string;
};

type EndedRow = EndedHold & { readonly sequence: number };

/** Holds that ended by up to `limit` events after a sequence, oldest first; one row per slot of each. */
export async function holdsEndedAfter(
  sql: Db,
  sequence: number,
  limit: number,
): Promise<readonly EndedRow[]> {
  return await run(sql<EndedRow[]>`
    select e.sequence, p.slot_id, p.seats, (e.hold).lock_id
    from (
      select o.sequence, r as hold
      from booking_events_outbox o
      left join bookings b on o.aggregate_type = 'booking' and b.id = o.aggregate_id
      join reservations r
        on r.id = case o.aggregate_type when 'booking' then b.reservation_id else o.aggregate_id end
      where o.sequence > ${sequence}
        and o.event_type in ('reservation.cancelled', 'reservation.expired', 'booking.created')
        and r.status <> 'pending'
      order by o.sequence
      limit ${limit}
    ) as e
    cross join lateral places_of(e.hold) p
    order by e.sequence`);
}
