import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type SettlementRow = {
  readonly settlement_id: string;
  readonly clinic_id: string;
  readonly clinic_code: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly period_from: string;
  readonly period_to: string;
  readonly entry_count: number;
  readonly total_amount: string;
  readonly platform_fee: string;
  readonly tax_amount: string;
  readonly clinic_amount: string;
  readonly created_at: Temporal.Instant;
};

export type NewSettlement = {
  readonly settlement_id: string;
  readonly clinic_id: string;
  /** Local days of the clinic, both included. */
  readonly from: string;
  readonly to: string;
  readonly dry_run: boolean;
};

export type SettlementResult = {
  readonly outcome: 'ok' | 'not_found' | 'policy_refused' | 'conflict';
  readonly entry_count: number | null;
  readonly total_amount: string | null;
  readonly platform_fee: string | null;
  readonly tax_amount: string | null;
  readonly clinic_amount: string | null;
  readonly currency: string | null;
};

/** Closes a period of a clinic, or says what closing it would give. */
export async function createSettlement(
  sql: Db,
  wish: NewSettlement,
  actor: DbActor,
): Promise<SettlementResult> {
  return await runOne(sql<SettlementResult[]>`
    select outcome, entry_count, total_amount, platform_fee, tax_amount, clinic_amount, currency
    from create_settlement(
      ${wish.settlement_id}, ${wish.clinic_id}, ${wish.from}, ${wish.to}, ${wish.dry_run},
      ${sql.json(actor)}
    )`);
}

/** Batches by the time they were closed, oldest first; of one clinic, or of all. */
export async function listSettlements(
  sql: Db,
  filter: {
    readonly clinic_id: string | null;
    readonly settlement_id?: string;
    readonly after: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly SettlementRow[]> {
  const { clinic_id, settlement_id, after, limit } = filter;
  return await run(sql<SettlementRow[]>`
    select s.id as settlement_id, s.clinic_id, c.code as clinic_code, c.time_zone, s.currency,
      s.period_from::text, s.period_to::text, s.entry_count, s.total_amount, s.platform_fee,
      s.tax_amount, s.clinic_amount, s.created_at
    from settlements s
    join clinics c on c.id = s.clinic_id
    where true
      ${clinic_id === null ? sql`` : sql`and s.clinic_id = ${clinic_id}`}
      ${settlement_id === undefined ? sql`` : sql`and s.id = ${settlement_id}`}
      ${after ? sql`and (s.created_at, s.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by s.created_at, s.id
    limit ${limit}`);
}

export type SettledEntry = {
  readonly entry_id: string;
  readonly type: string;
  readonly reference_code: string;
  readonly payment_id: string;
  readonly payment_method: string;
  readonly total_amount: string;
  readonly platform_fee: string;
  readonly tax_amount: string;
  readonly clinic_amount: string;
  readonly created_at: Temporal.Instant;
};

/** The ledger entries of a batch, oldest first. */
export async function listSettledEntries(
  sql: Db,
  filter: {
    readonly settlement_id: string;
    readonly after: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly SettledEntry[]> {
  const { settlement_id, after, limit } = filter;
  return await run(sql<SettledEntry[]>`
    select e.id as entry_id, e.type, b.reference_code, e.payment_id, p.payment_method,
      e.total_amount, e.platform_fee, e.tax_amount, e.clinic_amount, e.created_at
    from financial_entries e
    join bookings b on b.id = e.booking_id
    join payments p on p.id = e.payment_id
    where e.settlement_id = ${settlement_id}
      ${after ? sql`and (e.created_at, e.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by e.created_at, e.id
    limit ${limit}`);
}
