import type { CancellationPolicy } from '../../domain/shapes-rules.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

export type BookingRulesRow = {
  readonly clinic_id: string;
  readonly hold_ms: number;
  readonly undo_ms: number;
  readonly approval_ms: number;
  readonly check_in_hours: number;
  readonly waitlist_offer_ms: number;
  readonly waitlist_notice_ms: number;
  readonly waitlist_misses: number;
  readonly cancellation_policy: CancellationPolicy;
  /** Of the seats of a slot; 0 = the clinic never overbooks. */
  readonly overbooking_percent: number;
  readonly version: number;
};

/** A clinic's rules for bookings; null when there is no such clinic. */
export async function findBookingRules(
  sql: Db,
  clinic_id: string,
): Promise<BookingRulesRow | null> {
  const [row] = await run(sql<BookingRulesRow[]>`
    select id as clinic_id, hold_ms, undo_ms, approval_ms, check_in_hours, waitlist_offer_ms,
      waitlist_notice_ms, waitlist_misses, cancellation_policy, overbooking_percent, version
    from clinics
    where id = ${clinic_id}`);
  return row ?? null;
}

type Changes = Partial<Omit<BookingRulesRow, 'clinic_id' | 'version'>>;

/** Changes what is given and leaves the rest. */
export async function setBookingRules(
  sql: Db,
  clinic_id: string,
  changes: { readonly [K in keyof Changes]: Changes[K] | undefined },
  expected_version: number | null,
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' | 'conflict'; readonly version: number | null }> {
  return await runOne(sql`
    select outcome, version
    from set_booking_rules(
      ${clinic_id}, ${sql.json(toJson(changes))}, ${expected_version}, ${sql.json(actor)}
    )`);
}

/** Whether a service has to be granted before it is booked. */
export async function setServiceApproval(
  sql: Db,
  service_id: string,
  requires_approval: boolean,
  actor: DbActor,
): Promise<'ok' | 'not_found'> {
  const { outcome } = await runOne(sql<{ outcome: 'ok' | 'not_found' }[]>`
    select set_service_approval(${service_id}, ${requires_approval}, ${sql.json(actor)}) as outcome`);
  return outcome;
}
