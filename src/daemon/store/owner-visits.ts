import { type Db, run } from './db.ts';

export type OverlappingVisit = {
  readonly reference_code: string;
  readonly clinic_id: string;
  readonly service_name: string;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly is_booked: boolean;
};

/**
 * The owner's live hold or booking that overlaps this slot, by the rule of hold_slot; null when there
 * is none any more. Read only after a refusal.
 */
export async function overlappingVisit(
  sql: Db,
  user_id: string,
  slot_id: string,
): Promise<OverlappingVisit | null> {
  const [visit] = await run(sql<OverlappingVisit[]>`
    select r.reference_code, r.clinic_id, sv.name as service_name, c.starts_at,
      cl.time_zone, c.expires_at is null as is_booked
    from slots wished
    join slot_claims c
      on c.user_id = ${user_id}
      and c.ends_at > wished.starts_at
      and c.starts_at < wished.ends_at
    join reservations r on r.id = c.reservation_id
    join services sv on sv.id = r.service_id
    join clinics cl on cl.id = r.clinic_id
    where wished.id = ${slot_id}
      and (c.expires_at is null or c.expires_at > now())
    order by c.starts_at
    limit 1`);
  return visit ?? null;
}
