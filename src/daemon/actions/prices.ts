import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import { percentText } from '../../domain/receipt.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findService, type ServiceRow } from '../store/clinics.ts';
import {
  findMoneyRules,
  listTiers,
  quoteSlot as quote,
  type SetTierResult,
  setPriceTier,
  setMoneyRules as setRules,
  slotTiers,
  withdrawPriceTier,
} from '../store/prices.ts';
import { assertClinic, dbActor } from './actor.ts';
import { wantedSeats } from './hold.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { tierJson } from './price-tiers.ts';
import { tierFailure } from './tier-refusal.ts';

async function visibleService(app: App, actor: Actor, service_id: string): Promise<ServiceRow> {
  const service = await findService(app.sql, service_id);
  const is_foreign = actor.clinic_id !== null && actor.clinic_id !== service?.clinic_id;
  if (!service || is_foreign) throw new AppError('not_found', 'There is no such service.');
  return service;
}

/** The amount in the currency's own decimals; more decimals than it has are refused. */
function exactAmount(text: string, currency: string, path: string): string {
  try {
    return amountText(parseAmount(text, currency));
  } catch (error) {
    const facts = { errors: [{ path, message: `An amount of ${currency}` }] };
    throw new AppError('invalid_input', `${text} is no amount of ${currency}.`, facts, {
      cause: error,
    });
  }
}

/** The price tiers of a service, or those of one slot with what is left of each. */
export async function listPrices(
  app: App,
  actor: Actor,
  { service_id, slot_id }: Input<'list_prices'>,
): Promise<Output<'list_prices'>> {
  await visibleService(app, actor, service_id);
  if (slot_id === undefined) {
    const tiers = await listTiers(app.sql, [service_id]);
    return { items: tiers.map((tier) => tierJson(tier, null)), next_cursor: null };
  }
  const rows = await slotTiers(app.sql, [slot_id]);
  const items = rows
    .filter(({ tier }) => tier.service_id === service_id)
    .map(({ tier, remaining }) => tierJson(tier, remaining));
  return { items, next_cursor: null };
}

function refusedTier({ rule, sold }: SetTierResult): Error {
  const facts = { rule, ...(sold === null ? {} : { sold }) };
  switch (rule) {
    case 'tier_sold_more': {
      const detail =
        `${sold ?? 0} seats of this tier are sold at one slot; ` +
        'the limit cannot go below that.';
      return failure('policy_refused', facts, detail);
    }
    case 'tier_other_default':
      return failure(
        'policy_refused',
        facts,
        'Another tier is the default already; change that one first.',
      );
    default:
      return failure('policy_refused', facts, 'The service has too many tiers; withdraw some.');
  }
}

/** Contradictions that a schema cannot see. */
function checkTier(input: Input<'set_price'>): void {
  const wrong = (path: string, message: string) =>
    new AppError('invalid_input', message, { errors: [{ path, message }] });
  if (input.min_quantity > input.max_quantity) {
    throw wrong('max_quantity', 'max_quantity must not be below min_quantity.');
  }
  if (input.from_time >= input.to_time) throw wrong('to_time', 'to_time must be after from_time.');
  const { sale_from, sale_until } = input;
  if (
    sale_from !== null &&
    sale_until !== null &&
    Temporal.Instant.compare(sale_from, sale_until) >= 0
  ) {
    throw wrong('sale_until', 'sale_until must be after sale_from.');
  }
  const steps = input.quantity_prices.map(({ from }) => from);
  if (new Set(steps).size < steps.length) {
    throw wrong('quantity_prices', 'Each number of seats can have one price only.');
  }
}

/** Adds a price tier or changes it, whole. */
export async function setPrice(
  app: App,
  actor: Actor,
  input: Input<'set_price'>,
): Promise<Output<'set_price'>> {
  const { service_id, tier: name, expected_version, ...fields } = input;
  const { currency } = await visibleService(app, actor, service_id);
  checkTier(input);
  const tier = {
    ...fields,
    weekdays: [...new Set(fields.weekdays)].toSorted((a, b) => a - b),
    price: exactAmount(fields.price, currency, 'price'),
    quantity_prices: fields.quantity_prices.map((step) => ({
      ...step,
      price: exactAmount(step.price, currency, 'quantity_prices'),
    })),
  };
  const by = dbActor(actor);
  const set = await setPriceTier(app.sql, service_id, name, tier, expected_version ?? null, by);
  if (set.outcome === 'policy_refused') throw refusedTier(set);
  if (set.tier === null) throw failure(set.outcome);
  return tierJson(set.tier, null);
}

/** Sells a tier no longer. */
export async function withdrawPrice(
  app: App,
  actor: Actor,
  { service_id, tier, slot_id }: Input<'withdraw_price'>,
): Promise<Output<'withdraw_price'>> {
  const by = dbActor(actor);
  if (!(await withdrawPriceTier(app.sql, service_id, tier, slot_id ?? null, by))) {
    throw failure('not_found', {}, `The service has no price tier "${tier}" on sale.`);
  }
  return { success: true };
}

/** What seats of a slot would cost now; reserves nothing. */
export async function quoteSlot(
  app: App,
  actor: Actor,
  input: Input<'quote_slot'>,
): Promise<Output<'quote_slot'>> {
  const { slot_id } = input;
  const { quantity, items } = wantedSeats(input);
  const row = await quote(app.sql, slot_id, items, quantity, dbActor(actor));
  const { outcome, rule, tier } = row;
  if (rule !== null && (outcome === 'invalid_input' || outcome === 'policy_refused')) {
    throw tierFailure(outcome, rule, tier, slot_id);
  }
  const { price_lines, amount, tax_amount, tax_included, amount_due, currency } = row;
  if (
    price_lines === null ||
    amount === null ||
    tax_amount === null ||
    tax_included === null ||
    amount_due === null ||
    currency === null
  ) {
    throw failure(outcome, {}, 'There is no such slot.');
  }
  return {
    slot_id,
    quantity,
    price_lines,
    amount: moneyText(amount, currency),
    tax_amount: moneyText(tax_amount, currency),
    tax_included,
    amount_due: moneyText(amount_due, currency),
    currency,
  };
}

/** A clinic's tax and the desk's refund limit. */
export async function getMoneyRules(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'get_money_rules'>,
): Promise<Output<'get_money_rules'>> {
  assertClinic(actor, clinic_id);
  const row = await findMoneyRules(app.sql, clinic_id);
  if (!row) throw new AppError('not_found', 'There is no such clinic.');
  const { tax_bp, desk_refund_limit, ...rest } = row;
  return {
    ...rest,
    tax_percent: percentText(tax_bp),
    desk_refund_limit: desk_refund_limit && moneyText(desk_refund_limit, row.currency),
  };
}

/** `7.5` as basis points: 750. */
function basisPoints(percent: string): number {
  const [whole = '0', part = ''] = percent.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

/** Changes the rules that are given; the others stay. */
export async function setMoneyRules(
  app: App,
  actor: Actor,
  input: Input<'set_money_rules'>,
): Promise<Output<'set_money_rules'>> {
  const { clinic_id, tax_percent, tax_included, desk_refund_limit } = input;
  const { currency } = await getMoneyRules(app, actor, { clinic_id });
  const rules = {
    tax_bp: tax_percent === undefined ? null : basisPoints(tax_percent),
    tax_included: tax_included ?? null,
    desk_refund_limit:
      desk_refund_limit === undefined || desk_refund_limit === null
        ? desk_refund_limit
        : exactAmount(desk_refund_limit, currency, 'desk_refund_limit'),
  };
  if (!(await setRules(app.sql, clinic_id, rules, dbActor(actor)))) throw failure('not_found');
  return await getMoneyRules(app, actor, { clinic_id });
}
