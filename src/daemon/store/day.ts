import type { BookingStatus, PaymentState } from '../../domain/booking.ts';
import { type Db, run, runOne } from './db.ts';

export type DayRow = {
  readonly kind: 'booking' | 'hold' | 'open' | 'blocked';
  readonly slot_id: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly service_id: string;
  readonly service_name: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly capacity: number;
  readonly remaining: number;
  /** Of capacity: seats beyond those that the slot was made for. */
  readonly extra_seats: number;
  readonly amount: string;
  readonly currency: string;
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly status: BookingStatus | null;
  readonly arrived_at: Temporal.Instant | null;
  /** Of the booking or the hold. */
  readonly version: number | null;
  readonly reservation_id: string | null;
  readonly hold_expires_at: Temporal.Instant | null;
  readonly user_id: string | null;
  readonly owner_name: string | null;
  readonly owner_phone: string | null;
  readonly pet_id: string | null;
  readonly pet_name: string | null;
  readonly species: string | null;
  readonly payment_state: PaymentState | null;
  readonly notes: string | null;
  /** Which of several services in a row this line is; null where there is one. */
  readonly item: number | null;
};

export type DayBoard = {
  /** The database clock when the rows were read. */
  readonly as_of: Temporal.Instant;
  /** Follow the feed from here; an event in between is merely seen twice. */
  readonly sequence: number;
  readonly rows: readonly DayRow[];
};

/** A clinic with more lines in a day would need another screen. */
const ROWS_MAX = 5_000;

/**
 * The day board: one line per booking and per live hold, one for the seats of a slot that are still
 * free, one for a blocked slot. Cancelled bookings have left the board. Half-open range.
 */
export async function readDay(
  sql: Db,
  clinic_id: string,
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<DayBoard> {
  // Read first: the rows below may know more than this sequence, never less.
  const { as_of, sequence } = await runOne(sql<{ as_of: Temporal.Instant; sequence: number }[]>`
    select now() as as_of, last_sequence as sequence from outbox_state`);
  const rows = await run(sql<DayRow[]>`
    with day as materialized (
      select *
      from slot_states
      where clinic_id = ${clinic_id}
        and starts_at >= ${from.toString()}
        and starts_at < ${to.toString()}
    ), lines as (
      ${bookedLines(sql)}
      union all
      ${itemLines(sql)}
      union all
      ${heldLines(sql)}
      union all
      ${freeLines(sql)}
    )
    select l.kind, d.slot_id, d.starts_at, d.ends_at, d.service_id, d.service_name, d.staff_id,
      d.staff_name, d.capacity, least(d.remaining, d.capacity - d.booked_count) as remaining,
      coalesce(l.amount, d.price) as amount, d.currency, l.booking_id, l.reference_code, l.status,
      l.arrived_at, l.version, l.reservation_id, l.hold_expires_at, l.user_id, l.owner_name, l.owner_phone, l.pet_id,
      l.pet_name, l.species, l.payment_state, l.notes, l.item, sl.extra_seats
    from lines l
    join day d on d.slot_id = l.slot_id
    join slots sl on sl.id = l.slot_id
    order by d.starts_at, d.staff_name, d.slot_id, l.rank, l.created_at, l.reference_code
    limit ${ROWS_MAX}`);
  return { as_of, sequence, rows };
}

const bookedLines = (sql: Db) => sql`
  select 'booking' as kind, 1 as rank, b.slot_id,
    case
      when b.item_count > 1 then (
        select i.amount from reservation_items i
        where i.reservation_id = b.reservation_id and i.position = 1
      )
      else b.amount
    end as amount,
    b.booking_id, b.reference_code, b.status, b.arrived_at, b.version, b.reservation_id,
    null::timestamptz as hold_expires_at, b.user_id, b.owner_name, b.owner_phone, b.pet_id,
    b.pet_name, b.species, b.payment_state, b.notes, b.created_at,
    case when b.item_count > 1 then 1 end as item
  from booking_rows b
  -- Not a join: with the tables of the view it would be more than the planner weighs together
  -- (join_collapse_limit), and every booking of all years would be read.
  where b.slot_id = any (array(select d.slot_id from day d)) and b.status <> 'cancelled'`;

/** Later ones of several services: each stands at its own time, with its own vet. */
const itemLines = (sql: Db) => sql`
  select 'booking', 1, i.slot_id, i.amount, b.booking_id, b.reference_code, b.status, b.arrived_at,
    b.version, b.reservation_id, null, b.user_id, b.owner_name, b.owner_phone, b.pet_id, b.pet_name,
    b.species, b.payment_state, b.notes, b.created_at, i.position
  from reservation_items i
  cross join lateral (
    select * from booking_rows w where w.reservation_id = i.reservation_id offset 0
  ) b
  where i.slot_id = any (array(select d.slot_id from day d)) and i.position > 1
    and b.status <> 'cancelled'`;

const heldLines = (sql: Db) => sql`
  select 'hold', 2, d.slot_id, coalesce(i.amount, r.amount), null, r.reference_code, null, null,
    r.version, r.id, r.expires_at, r.user_id, u.full_name, u.phone, r.pet_id, p.name, p.species,
    case when f.reservation_id is null then 'pending' else 'failed' end, r.notes, r.created_at,
    i.position
  from day d
  cross join lateral (
    select distinct c.reservation_id
    from slot_claims c
    where c.slot_id = d.slot_id and c.expires_at > now()
  ) as c
  join reservations r on r.id = c.reservation_id
  left join reservation_items i
    on r.item_count > 1 and i.reservation_id = r.id and i.slot_id = d.slot_id
  left join users u on u.id = r.user_id
  left join pets p on p.id = r.pet_id
  left join lateral (
    select x.reservation_id
    from payments x
    where x.reservation_id = r.id and x.status = 'failed'
    limit 1
  ) as f on true
  where r.status = 'pending'`;

const freeLines = (sql: Db) => sql`
  select case when d.status = 'blocked' then 'blocked' else 'open' end, 3, d.slot_id, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
  from day d
  -- Of days long ago the count alone is left: the seats of old visits are not kept.
  -- What the hours closed is off the board, as if it had never been made.
  where d.closed_for is null
    and (d.status = 'blocked' or least(d.remaining, d.capacity - d.booked_count) > 0)`;
