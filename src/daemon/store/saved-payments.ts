import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';
import { withinReach } from './owners.ts';

/** Payments with a saved method. The methods themselves are the provider's. */

export type Payer = {
  readonly user_id: string;
  readonly email: string | null;
  /** The provider's name for them; null until they save a first method. */
  readonly customer_id: string | null;
};

/** An owner whom the caller may see: themselves, or (staff of one clinic) one who came there. */
export async function findPayer(sql: Db, user_id: string, scope: Scope): Promise<Payer | null> {
  const [row] = await run(sql<Payer[]>`
    select u.id as user_id, u.email, c.provider_customer_id as customer_id
    from users u
    left join payment_customers c on c.user_id = u.id
    where u.id = ${user_id} and not u.is_erased
      ${withinReach(sql, scope)}`);
  return row ?? null;
}

/** Keeps the provider's name for an owner; of two who ask at once, the first one's stands. */
export async function keepCustomer(sql: Db, user_id: string, customer_id: string): Promise<string> {
  const row = await runOne(sql<{ customer_id: string }[]>`
    with kept as (
      insert into payment_customers (user_id, provider_customer_id)
      values (${user_id}, ${customer_id})
      on conflict (user_id) do nothing
      returning provider_customer_id
    )
    select coalesce(
      (select provider_customer_id from kept),
      (select provider_customer_id from payment_customers where user_id = ${user_id}),
      ${customer_id}
    ) as customer_id`);
  return row.customer_id;
}

/** Notes that a method was made to be forgotten. */
export async function auditRemoval(
  sql: Db,
  user_id: string,
  payment_method_id: string,
  actor: DbActor,
): Promise<void> {
  await run(sql`
    select audit(
      'payment_method.removed', 'user', ${user_id}::text, ${actor.clinic_id ?? null}::uuid, null,
      jsonb_build_object('payment_method_id', ${payment_method_id}::text), null,
      ${sql.json(actor)}
    )`);
}

export type Begun =
  | {
      readonly outcome: 'ok' | 'in_flight';
      readonly payment_id: string;
      readonly method_id: string;
      /** The provider's charge, once we know its name. */
      readonly session_id: string | null;
      readonly payment_url: string | null;
      readonly amount: string;
      readonly currency: string;
      readonly needs_approval: boolean;
    }
  | { readonly outcome: 'not_found' | 'reservation_expired' | 'conflict' | 'policy_refused' };

/** Notes a charge before the provider is asked; one at a time per hold. */
export async function beginSavedPayment(
  sql: Db,
  wish: {
    readonly payment_id: string;
    readonly reservation_id: string;
    readonly method_id: string;
  },
  actor: DbActor,
): Promise<Begun> {
  return await runOne(sql<Begun[]>`
    select outcome, payment_id, method_id, session_id, payment_url, amount, currency,
      needs_approval
    from begin_saved_payment(
      ${wish.payment_id}, ${wish.reservation_id}, ${wish.method_id}, ${sql.json(actor)}
    )`);
}

/** Keeps the provider's name of a charge that has not ended, and the bank's page if it asks. */
export async function recordSavedPayment(
  sql: Db,
  payment_id: string,
  payment_intent: string,
  payment_url: string | null,
): Promise<void> {
  await run(sql`select record_saved_payment(${payment_id}, ${payment_intent}, ${payment_url})`);
}

export type LostCharge = { readonly payment_id: string; readonly customer_id: string };

/** Charges whose answer never came, oldest first. */
export async function lostCharges(
  sql: Db,
  older_than_ms: number,
  limit: number,
): Promise<readonly LostCharge[]> {
  return await run(sql<LostCharge[]>`
    select payment_id, provider_customer_id as customer_id
    from lost_charges(${older_than_ms}, ${limit})`);
}

export type PaymentRow = {
  readonly status: 'pending' | 'processing' | 'success' | 'failed' | 'refunded';
  readonly booking_id: string | null;
  readonly failure_reason: string | null;
  readonly expires_at: Temporal.Instant;
  readonly time_zone: string;
  readonly approval: 'none' | 'awaiting' | 'approved' | 'rejected';
  readonly is_asked: boolean;
};

/** Where a payment and its hold are now. */
export async function readPayment(sql: Db, payment_id: string): Promise<PaymentRow> {
  return await runOne(sql<PaymentRow[]>`
    select p.status, p.booking_id, p.failure_reason, r.expires_at, c.time_zone, r.approval,
      r.approval_asked_at is not null as is_asked
    from payments p
    join reservations r on r.id = p.reservation_id
    join clinics c on c.id = p.clinic_id
    where p.id = ${payment_id}`);
}
