import type { JSONValue } from 'postgres';
import type { Output } from '../../domain/shapes.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** As price_tier_json gives it: instants as PostgreSQL writes them. */
export type TierJson = Omit<Output<'list_prices'>['items'][number], 'remaining'>;

/** Tiers of one service; a service with more has a problem of its own. */
const TIERS_MAX = 500;

/** The active tiers of services, cheapest kind of read: no slot, no counting. */
export async function listTiers(
  sql: Db,
  service_ids: readonly string[],
): Promise<readonly TierJson[]> {
  const rows = await run(sql<{ tier: TierJson }[]>`
    select price_tier_json(t) as tier
    from price_tiers t
    where t.service_id = any (${service_ids}::uuid[]) and t.is_active
    order by t.service_id, t.slot_id nulls first, t.is_default desc, t.price desc, t.name
    limit ${TIERS_MAX}`);
  return rows.map(({ tier }) => tier);
}

export type SlotTier = {
  readonly slot_id: string;
  readonly tier: TierJson;
  readonly remaining: number;
};

/** The tiers that slots are sold in, with the seats that are left of each. */
export async function slotTiers(
  sql: Db,
  slot_ids: readonly string[],
): Promise<readonly SlotTier[]> {
  return await run(sql<SlotTier[]>`
    select s.id as slot_id, price_tier_json(t) as tier,
      tier_remaining(s.id, t.id, least(coalesce(t.seats_limit, s.capacity), s.capacity))
        as remaining
    from slots s
    cross join lateral tiers_of_slot(s.id) t
    where s.id = any (${slot_ids}::uuid[])
    order by s.starts_at, s.id, t.is_default desc, t.price desc, t.name
    limit ${TIERS_MAX}`);
}

export type SetTierResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly rule: 'tier_sold_more' | 'tier_too_many' | 'tier_other_default' | null;
  readonly sold: number | null;
  readonly tier: TierJson | null;
};

/** Adds or changes a tier of a service, whole. */
export async function setPriceTier(
  sql: Db,
  service_id: string,
  name: string,
  tier: JSONValue,
  expected_version: number | null,
  actor: DbActor,
): Promise<SetTierResult> {
  return await runOne(sql<SetTierResult[]>`
    select outcome, rule, sold, tier
    from set_price_tier(
      ${service_id}, ${name}, ${sql.json(tier)}, ${expected_version}, ${sql.json(actor)}
    )`);
}

/** Sells a tier no longer; false when there is none of that name. */
export async function withdrawPriceTier(
  sql: Db,
  service_id: string,
  name: string,
  slot_id: string | null,
  actor: DbActor,
): Promise<boolean> {
  const { outcome } = await runOne(sql<{ outcome: string }[]>`
    select withdraw_price_tier(${service_id}, ${name}, ${slot_id}, ${sql.json(actor)}) as outcome`);
  return outcome === 'ok';
}

/** Which rule about tiers stood in the way of a hold or a quote. */
export type TierRule =
  | 'tier_unknown'
  | 'tier_needed'
  | 'tier_not_on_sale'
  | 'tier_quantity'
  | 'tier_items'
  | 'quantity_over_capacity';

/** As they are kept with a hold and a booking. */
export type PriceLines = Output<'quote_slot'>['price_lines'];

export type QuoteRow = {
  readonly outcome: 'ok' | 'not_found' | 'invalid_input' | 'policy_refused';
  readonly rule: TierRule | null;
  readonly tier: string | null;
  readonly price_lines: PriceLines | null;
  readonly amount: string | null;
  readonly tax_amount: string | null;
  readonly tax_included: boolean | null;
  readonly amount_due: string | null;
  readonly currency: string | null;
};

/** One tier and how many seats of it. */
export type TierItem = { readonly tier: string; readonly quantity: number };

/** What seats of a slot would cost now. */
export async function quoteSlot(
  sql: Db,
  slot_id: string,
  items: readonly TierItem[] | null,
  quantity: number,
  actor: DbActor,
): Promise<QuoteRow> {
  return await runOne(sql<QuoteRow[]>`
    select outcome, rule, tier, price_lines, amount, tax_amount, tax_included, amount_due, currency
    from quote_slot(
      ${slot_id}, ${items === null ? null : sql.json(items)}, ${quantity}, ${sql.json(actor)}
    )`);
}

export type MoneyRulesRow = {
  readonly clinic_id: string;
  readonly currency: string;
  readonly tax_bp: number;
  readonly tax_included: boolean;
  /** null = whatever the desk gives back waits for a manager. */
  readonly desk_refund_limit: string | null;
};

/** A clinic's rules about money; null when there is no such clinic. */
export async function findMoneyRules(sql: Db, clinic_id: string): Promise<MoneyRulesRow | null> {
  const [row] = await run(sql<MoneyRulesRow[]>`
    select id as clinic_id, currency, tax_bp, tax_included, desk_refund_limit
    from clinics
    where id = ${clinic_id}`);
  return row ?? null;
}

/** Changes what is given; null leaves it. False when there is no such clinic for the caller. */
export async function setMoneyRules(
  sql: Db,
  clinic_id: string,
  rules: {
    readonly tax_bp: number | null;
    readonly tax_included: boolean | null;
    /** Undefined leaves it. */
    readonly desk_refund_limit: string | null | undefined;
  },
  actor: DbActor,
): Promise<boolean> {
  const { done } = await runOne(sql<{ done: boolean }[]>`
    select set_money_rules(
      ${clinic_id}, ${rules.tax_bp}, ${rules.tax_included},
      ${rules.desk_refund_limit !== undefined}, ${rules.desk_refund_limit ?? null},
      ${sql.json(actor)}
    ) as done`);
  return done;
}
