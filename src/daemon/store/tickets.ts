import type { PaymentState } from '../../domain/booking.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type TicketBooking = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly kind: 'clinic' | 'salon' | 'venue';
  readonly status: string;
  readonly lang: 'en' | 'ja' | 'id';
  readonly clinic_id: string;
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly time_zone: string;
  readonly service_name: string;
  readonly owner_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly payment_state: PaymentState;
  readonly seats: readonly {
    readonly seat: number;
    /** What the seat is called where seats are numbered by a plan. */
    readonly name: string | null;
    readonly tier: string | null;
    /** RFC 3339, or null while it was not used. */
    readonly used_at: string | null;
  }[];
};

/**
 * What the tickets of a booking say, whoever asks: the caller has looked whether they may. Null for
 * an unknown one.
 */
export async function findTickets(sql: Db, booking_ref: string): Promise<TicketBooking | null> {
  const id = booking_ref.startsWith('BP')
    ? sql`(select x.id from bookings x where x.reference_code = ${booking_ref})`
    : sql`${booking_ref}`;
  const [row] = await run(sql<TicketBooking[]>`
    select b.id as booking_id, b.reference_code, c.kind, b.status, u.lang, b.clinic_id,
      c.name as clinic_name, c.address as clinic_address, c.time_zone,
      b.service_snapshot ->> 'name' as service_name,
      case when u.is_erased then null else u.full_name end as owner_name,
      sl.starts_at, sl.ends_at, w.payment_state,
      coalesce((
        select jsonb_agg(
          jsonb_build_object(
            'seat', s.seat, 'name', coalesce(k.label, l.label), 'tier', t.name,
            'used_at', x.used_at
          ) order by s.seat
        )
        from unnest(r.seats) as s (seat)
        left join slot_claims k
          on k.slot_id = b.slot_id and k.seat = s.seat and k.reservation_id = r.id
        left join price_tiers t on t.id = k.tier_id
        left join seat_plan_seats l on l.service_id = b.service_id and l.seat = s.seat
        left join ticket_uses x on x.booking_id = b.id and x.seat = s.seat
      ), '[]') as seats
    from bookings b
    join booking_rows w on w.booking_id = b.id
    join clinics c on c.id = b.clinic_id
    join users u on u.id = b.user_id
    join slots sl on sl.id = b.slot_id
    left join reservations r on r.id = b.reservation_id
    -- By one id in either case: the planner passes that on to the view, and reads no other booking.
    where b.id = ${id}`);
  return row ?? null;
}

export type TicketProblem =
  | 'other_place'
  | 'no_tickets'
  | 'booking_final'
  | 'ticket_used'
  | 'seat_changed'
  | 'event_over'
  | 'other_day';

export type TicketUse = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly problem: TicketProblem | null;
  /** Admitted now. */
  readonly seats: readonly number[] | null;
  readonly used_at: Temporal.Instant | null;
  readonly seats_left: number | null;
  /** When the doors open for it. */
  readonly admits_from: Temporal.Instant | null;
  readonly version: number | null;
};

/** Admits one seat of a booking, or all that are left; each at most once. */
export async function admitSeats(
  sql: Db,
  request: {
    readonly booking_id: string;
    /** Null: all that are left. */
    readonly seat: number | null;
    /** At whose door; null = not said. */
    readonly place: string | null;
    readonly expected_version: number | null;
  },
  actor: DbActor,
): Promise<TicketUse> {
  const { booking_id, seat, place, expected_version } = request;
  return await runOne(sql<TicketUse[]>`
    select outcome, problem, seats, used_at, seats_left, admits_from, version
    from use_tickets(${booking_id}, ${seat}, ${place}, ${expected_version}, ${sql.json(actor)})`);
}

/** Writes down what leaves with a message, before it leaves. */
export async function noteAttached(
  sql: Db,
  delivery_id: string,
  attached: readonly string[],
): Promise<void> {
  await run(sql`update deliveries set attached = ${[...attached]} where id = ${delivery_id}`);
}
