import type { DbActor } from './actor.ts';
import { type Db, runOne } from './db.ts';

export type RescheduleRequest = {
  readonly booking_id: string;
  readonly slot_id: string;
  /** clinic = no price rises, all of a difference comes back. */
  readonly by: 'owner' | 'clinic';
  /** Preferred seats (those that the doorman locked), or null. */
  readonly seats: readonly number[] | null;
  readonly reason: string | null;
  /** The version that the caller looked at; null = any. */
  readonly expected_version: number | null;
  /** Only say what would happen. */
  readonly quote: boolean;
};

export type RescheduleOutcome =
  | 'ok'
  | 'not_found'
  | 'conflict'
  | 'policy_refused'
  | 'invalid_slot'
  | 'service_unavailable'
  | 'slot_taken'
  | 'slot_locked'
  | 'overdue_session';

/** Fields that the outcome has no use for are null. Amounts are decimal text. */
export type RescheduleResult = {
  readonly outcome: RescheduleOutcome;
  readonly old_slot_id: string | null;
  readonly seats: readonly number[] | null;
  readonly old_amount: string | null;
  readonly amount: string | null;
  readonly refund_percent: number | null;
  readonly refund_amount: string | null;
  readonly refund_id: string | null;
  readonly due_amount: string | null;
  readonly version: number | null;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
  /** With `policy_refused`: the new time is not sold in this tier of the booking. */
  readonly tier: string | null;
  /** With `policy_refused`: the rule, where PostgreSQL tells it. */
  readonly rule: string | null;
};

/** Moves a booking to another slot of its service in one statement, or quotes what that would give. */
export async function rescheduleBooking(
  sql: Db,
  request: RescheduleRequest,
  actor: DbActor,
): Promise<RescheduleResult> {
  const { booking_id, slot_id, by, seats, reason, expected_version, quote } = request;
  return await runOne(sql<RescheduleResult[]>`
    select outcome, old_slot_id, seats, old_amount, amount, refund_percent, refund_amount,
      refund_id, due_amount, version, blocking_reservation_id, blocking_session_id,
      case when rule is not null then tier end as tier, rule
    from reschedule_booking(
      ${booking_id}, ${slot_id}, ${by}, ${seats}, ${reason}, ${expected_version}, ${quote},
      ${sql.json(actor)}
    )`);
}
