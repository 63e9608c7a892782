import type { DbActor } from './actor.ts';
import { type Db, runOne } from './db.ts';

export type OverbookingRule =
  | 'overbooking_off'
  | 'overbooking_limit'
  | 'overbooking_sold'
  | 'overbooking_none'
  | 'overbooking_unlabelled';

export type OverbookingResult = {
  readonly outcome: 'ok' | 'not_found' | 'invalid_slot' | 'policy_refused';
  readonly rule: OverbookingRule | null;
  /** As they would be: also of what was refused. */
  readonly capacity: number | null;
  readonly extra_seats: number | null;
  /** Extra seats that the clinic's rule allows on this slot. */
  readonly allowed: number | null;
  /** Seats held or booked, and the highest of them. */
  readonly taken: number | null;
  readonly seat: number | null;
  readonly version: number | null;
};

/** Adds seats beyond those that a slot was made for, or takes unsold ones back; audited. */
export async function setOverbooking(
  sql: Db,
  change: {
    readonly slot_id: string;
    /** Negative: to take back. */
    readonly seats: number;
    readonly reason: string;
    readonly dry_run: boolean;
  },
  actor: DbActor,
): Promise<OverbookingResult> {
  const { slot_id, seats, reason, dry_run } = change;
  return await runOne(sql<OverbookingResult[]>`
    select outcome, rule, capacity, extra_seats, allowed, taken, seat, version
    from set_overbooking(${slot_id}, ${seats}, ${reason}, ${dry_run}, ${sql.json(actor)})`);
}

/** What a slot is, for the answer. */
export async function slotNames(
  sql: Db,
  slot_id: string,
): Promise<{
  readonly clinic_id: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
}> {
  return await runOne(sql`
    select sl.clinic_id, sv.name as service_name, st.name as staff_name, sl.starts_at, c.time_zone
    from slots sl
    join services sv on sv.id = sl.service_id
    join clinics c on c.id = sl.clinic_id
    left join staff st on st.id = sl.staff_id
    where sl.id = ${slot_id}`);
}
