import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Requests that wait for the yes of a clinic, and the money that banks keep ready for them. */

export type ApprovalRow = {
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly clinic_id: string;
  readonly status: 'pending' | 'confirmed' | 'cancelled' | 'expired';
  readonly approval: 'awaiting' | 'approved' | 'rejected';
  readonly owner_name: string;
  readonly pet_name: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly quantity: number;
  readonly amount: string;
  readonly currency: string;
  readonly asked_at: Temporal.Instant;
  readonly expires_at: Temporal.Instant;
  readonly authorisation: 'open' | 'capturing' | 'captured' | 'voiding' | 'voided' | null;
  readonly booking_id: string | null;
  readonly error: string | null;
};

export type ApprovalFilter = {
  readonly scope: Scope;
  readonly clinic_id?: string | undefined;
  /** One of them, whatever became of it; else those that wait. */
  readonly reservation_id?: string | undefined;
  /** The last row of the page before. */
  readonly after?: { readonly at: Temporal.Instant; readonly id: string } | null;
  readonly limit: number;
};

/** Requests by their end, the most urgent first. */
export async function listApprovals(
  sql: Db,
  filter: ApprovalFilter,
): Promise<readonly ApprovalRow[]> {
  const { scope, clinic_id, reservation_id, after, limit } = filter;
  return await run(sql<ApprovalRow[]>`
    select r.id as reservation_id, r.reference_code, r.clinic_id, r.status, r.approval,
      u.full_name as owner_name, coalesce(pt.name, '') as pet_name,
      coalesce(items_name(r), sv.name) as service_name, st.name as staff_name, sl.starts_at, c.time_zone, r.quantity,
      amount_text(r.amount_due, r.currency) as amount, r.currency,
      r.approval_asked_at as asked_at, r.expires_at, a.status as authorisation,
      b.id as booking_id, a.last_error as error
    from reservations r
    join users u on u.id = r.user_id
    join clinics c on c.id = r.clinic_id
    join services sv on sv.id = r.service_id
    join slots sl on sl.id = r.slot_id
    left join staff st on st.id = sl.staff_id
    left join pets pt on pt.id = r.pet_id
    left join bookings b on b.reservation_id = r.id
    left join lateral (
      select w.status, w.last_error
      from authorisations w
      where w.reservation_id = r.id
      order by w.reason is not distinct from 'duplicate_payment', w.created_at desc
      limit 1
    ) as a on true
    where r.approval_asked_at is not null
      ${reservation_id ? sql`and r.id = ${reservation_id}` : sql`and r.status = 'pending'`}
      ${scope.user_id === null ? sql`` : sql`and r.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and r.clinic_id = ${scope.clinic_id}`}
      ${clinic_id ? sql`and r.clinic_id = ${clinic_id}` : sql``}
      ${after ? sql`and (r.expires_at, r.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by r.expires_at, r.id
    limit ${limit}`);
}

export type Decision = {
  readonly outcome:
    | 'ok'
    | 'already_done'
    | 'not_found'
    | 'reservation_expired'
    | 'conflict'
    | 'policy_refused';
  readonly payment_id: string | null;
  readonly payment_intent: string | null;
  readonly booking_id: string | null;
  readonly slot_id: string | null;
  readonly seats: readonly number[] | null;
  readonly lock_id: string | null;
};

/** The clinic's yes or no, noted before the provider is asked to follow it. */
export async function decideApproval(
  sql: Db,
  reservation_id: string,
  approve: boolean,
  reason: string | null,
  actor: DbActor,
): Promise<Decision> {
  return await runOne(sql<Decision[]>`
    select outcome, payment_id, payment_intent, booking_id, slot_id, seats, lock_id
    from decide_approval(${reservation_id}, ${approve}, ${reason}, ${sql.json(actor)})`);
}

/** Asks the clinic about a hold that costs nothing. */
export async function askApproval(
  sql: Db,
  reservation_id: string,
  actor: DbActor,
): Promise<{
  readonly outcome: 'ok' | 'not_found' | 'conflict';
  readonly expires_at: Temporal.Instant | null;
}> {
  return await runOne(
    sql<
      { outcome: 'ok' | 'not_found' | 'conflict'; expires_at: Temporal.Instant | null }[]
    >`select outcome, expires_at from ask_approval(${reservation_id}, ${sql.json(actor)})`,
  );
}

export type ClaimedAuthorisation = {
  readonly payment_id: string;
  readonly reservation_id: string;
  readonly payment_intent: string;
  readonly verb: 'capture' | 'void';
  readonly attempts: number;
  /** The bank has long let it go by itself. */
  readonly is_lapsed: boolean;
};

/** Leases authorisations that the provider has to fetch or let go. */
export async function claimAuthorisations(
  sql: Db,
  limit: number,
  lease_ms: number,
): Promise<readonly ClaimedAuthorisation[]> {
  return await run(sql<ClaimedAuthorisation[]>`
    select payment_id, reservation_id, payment_intent, verb, attempts, is_lapsed
    from claim_authorisations(${limit}, ${lease_ms})`);
}

/** Notes a try that did not end it. `is_final`: the bank will never pay, and the hold ends. */
export async function delayAuthorisation(
  sql: Db,
  attempt: {
    readonly payment_id: string;
    readonly error: string;
    readonly retry_after_ms: number;
    readonly is_final: boolean;
  },
  actor: DbActor,
): Promise<void> {
  const { payment_id, error, retry_after_ms, is_final } = attempt;
  await run(sql`
    select delay_authorisation(
      ${payment_id}, ${error}, ${retry_after_ms}, ${is_final}, ${sql.json(actor)}
    )`);
}
