import type { Sql } from 'postgres';
import type { SlotCount } from './report-types.ts';
import type { Slot } from './setup.ts';

/** Counts, in PostgreSQL's own words, who has the slots of a run. */

export type OneSlot = {
  readonly slot_id: string;
  readonly capacity: number;
  readonly claims: number;
  readonly live_seats: number;
  readonly booked_seats: number;
  readonly holders: number;
};

/**
 * Three independent tellings per slot: claims (the guard), live reservations and bookings. A double booking shows in
 * at least one of them, whichever part of the engine let it through.
 */
export async function countSlots(
  sql: Sql,
  slot_ids: readonly string[],
): Promise<readonly OneSlot[]> {
  const ids = sql.array([...slot_ids]);
  return await sql<OneSlot[]>`
    with claims as (
      select c.slot_id, count(*)::integer as n
      from slot_claims c
      where c.slot_id = any (${ids}::uuid[]) and (c.expires_at is null or c.expires_at > now())
      group by c.slot_id
    ), live as (
      select r.slot_id, sum(r.quantity)::integer as seats, count(*)::integer as holders
      from reservations r
      left join bookings b on b.reservation_id = r.id
      where r.slot_id = any (${ids}::uuid[])
        and (
          r.status = 'pending' and r.expires_at > now()
          or r.status = 'confirmed' and b.status is distinct from 'cancelled'
        )
      group by r.slot_id
    ), booked as (
      select b.slot_id, sum(b.quantity)::integer as seats
      from bookings b
      where b.slot_id = any (${ids}::uuid[]) and b.status <> 'cancelled'
      group by b.slot_id
    )
    select
      s.id as slot_id, s.capacity,
      coalesce(claims.n, 0) as claims,
      coalesce(live.seats, 0) as live_seats,
      coalesce(live.holders, 0) as holders,
      coalesce(booked.seats, 0) as booked_seats
    from slots s
    left join claims on claims.slot_id = s.id
    left join live on live.slot_id = s.id
    left join booked on booked.slot_id = s.id
    where s.id = any (${ids}::uuid[])`;
}

/** Seats that were given away twice. */
export const oversold = ({ capacity, claims, live_seats, booked_seats }: OneSlot): number =>
  Math.max(0, Math.max(claims, live_seats, booked_seats) - capacity);

/** The counts of all slots, added up by group. */
export function byGroup(slots: readonly Slot[], counts: readonly OneSlot[]): readonly SlotCount[] {
  const by_id = new Map(counts.map((count) => [count.slot_id, count]));
  return [...Map.groupBy(slots, (slot) => slot.group)].map(([group, members]) => {
    const found = members.flatMap((slot) => by_id.get(slot.slot_id) ?? []);
    const sum = (read: (one: OneSlot) => number) => found.reduce((all, one) => all + read(one), 0);
    return {
      group,
      slots: found.length,
      capacity: sum((one) => one.capacity),
      seats_taken: sum((one) => Math.max(one.claims, one.live_seats)),
      holders: sum((one) => one.holders),
      seats_oversold: sum(oversold),
    };
  });
}
