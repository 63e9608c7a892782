import { type PlanSeat, SEATS_MAX } from '../../domain/seat-plan.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** Numbered seats: plans of services, and who has which seat of a slot. */

/** Numbered seats by their names (these or none), or where they should be. */
export type SeatWish = {
  readonly labels?: readonly string[] | undefined;
  readonly prefer?: 'together' | 'front' | undefined;
};

/** Why a wish for numbered seats makes no sense; `tier` of the answer names the seat. */
export type SeatRule = 'seat_no_plan' | 'seat_unknown' | 'seat_count' | 'seat_tier';

export type SeatPlanRow = {
  readonly service_id: string;
  readonly service_name: string;
  readonly version: number;
  readonly seats: readonly PlanSeat[];
};

/** The seat plan of a service, seats in their order; null when it has none. */
export async function findSeatPlan(sql: Db, service_id: string): Promise<SeatPlanRow | null> {
  const [row] = await run(sql<SeatPlanRow[]>`
    select p.service_id, sv.name as service_name, p.version, (
        select jsonb_agg(jsonb_build_object(
          'seat', s.seat, 'label', s.label, 'row', s.row_label, 'place', s.place,
          'category', s.category, 'tier', s.tier
        ) order by s.seat)
        from seat_plan_seats s
        where s.service_id = p.service_id
      ) as seats
    from seat_plans p
    join services sv on sv.id = p.service_id
    where p.service_id = ${service_id}`);
  return row ?? null;
}

export type SetPlanResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly rule: 'seats_sold' | 'seats_too_few' | 'seats_tier_unknown' | null;
  /** The seat that is sold, or the tier that is not. */
  readonly label: string | null;
  /** As many seats as the largest coming slot has. */
  readonly needed: number | null;
  readonly version: number | null;
};

/** Exchanges the seat plan of a service; seats that are sold keep their names. */
export async function setSeatPlan(
  sql: Db,
  change: {
    readonly service_id: string;
    readonly seats: readonly PlanSeat[];
    readonly expected_version: number | null;
    readonly dry_run: boolean;
  },
  actor: DbActor,
): Promise<SetPlanResult> {
  const { service_id, seats, expected_version, dry_run } = change;
  return await runOne(sql<SetPlanResult[]>`
    select outcome, rule, label, needed, version
    from set_seat_plan(
      ${service_id}, ${sql.json(toJson(seats))}, ${expected_version}, ${dry_run}, ${sql.json(actor)}
    )`);
}

type SeatState = 'free' | 'held' | 'booked';

export type SlotSeats = {
  readonly slot_id: string;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly service_name: string;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly capacity: number;
  readonly has_plan: boolean;
  readonly currency: string;
  /** What a seat costs where no tier says otherwise. */
  readonly price: string;
  readonly tiers: readonly { readonly tier: string; readonly price: string }[];
  /** Seats by number, as [seat, label, row, place, category, tier, state]: a row of keys per seat is slow. */
  readonly seats: readonly (readonly [number, string, string, number, string, string, SeatState])[];
};

/** All seats of a slot and who has them; without a plan their numbers are their names. */
export async function slotSeats(sql: Db, slot_id: string): Promise<SlotSeats | null> {
  const [row] = await run(sql<SlotSeats[]>`
    select sl.id as slot_id, sl.clinic_id, sl.service_id, sv.name as service_name, sl.starts_at,
      c.time_zone, sl.capacity, sv.has_seats as has_plan, sv.currency,
      coalesce(sl.price, sv.price) as price,
      case when sv.has_tiers then (
        select jsonb_agg(jsonb_build_object('tier', t.name, 'price', t.price::text))
        from tiers_of_slot(sl.id) t
      ) else '[]' end as tiers, (
        select jsonb_agg(
          jsonb_build_array(n.seat, coalesce(k.label, s.label, n.seat::text),
            coalesce(s.row_label, ''), coalesce(s.place, n.seat), coalesce(s.category, ''),
            coalesce(s.tier, ''), case
              when k.seat is null then 'free'
              when k.expires_at is null then 'booked'
              else 'held'
            end)
          order by n.seat)
        from generate_series(1, least(sl.capacity, ${SEATS_MAX})) as n (seat)
        left join seat_plan_seats s on s.service_id = sl.service_id and s.seat = n.seat
        left join slot_claims k
          on k.slot_id = sl.id and k.seat = n.seat
          and (k.expires_at is null or k.expires_at > now())
      ) as seats
    from slots sl
    join services sv on sv.id = sl.service_id
    join clinics c on c.id = sl.clinic_id
    where sl.id = ${slot_id}`);
  return row ?? null;
}

/** What the seats of a hold or booking are called; null where they have numbers only. */
export async function labelsOf(
  sql: Db,
  hold: {
    readonly slot_id: string;
    readonly reservation_id: string;
    readonly seats: readonly number[];
  },
): Promise<readonly string[] | null> {
  const { slot_id, reservation_id, seats } = hold;
  const { labels } = await runOne(sql<{ labels: readonly string[] | null }[]>`
    select seat_labels(${slot_id}, ${reservation_id}, ${[...seats]}::integer[]) as labels`);
  return labels;
}
