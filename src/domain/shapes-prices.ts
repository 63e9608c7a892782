import { z } from 'zod';
import { PriceLine, PriceTier, price, tier_fields, tier_items, tier_name } from './price-schema.ts';
import { amount, currency, id } from './schema.ts';

/** What the endpoints of api-prices.ts take and give. */

const nothing = z.object({});
const Quote = z
  .object({
    slot_id: id,
    quantity: z.number().int(),
    price_lines: z.array(PriceLine).readonly(),
    amount: amount.describe('To be paid in all'),
    tax_amount: amount,
    tax_included: z.boolean(),
    amount_due: amount.describe('Before it is confirmed: the deposit, or all'),
    currency,
  })
  .meta({ id: 'Quote' });

const MoneyRules = z
  .object({
    clinic_id: id,
    currency,
    tax_percent: z.string().describe('Such as 11 or 7.5'),
    tax_included: z.boolean().describe('False: prices are without tax, which comes on top'),
    desk_refund_limit: amount
      .nullable()
      .describe('Of one booking, without a manager; null = every refund waits for one'),
  })
  .meta({ id: 'MoneyRules' });

const tier_params = z.object({ service_id: id, tier: tier_name });

export const price_shapes = {
  list_prices: {
    params: z.object({ service_id: id }),
    query: z.object({ slot_id: id.optional() }),
    body: nothing,
    output: z.object({ items: z.array(PriceTier).readonly(), next_cursor: z.null() }),
  },
  set_price: {
    params: tier_params,
    query: nothing,
    body: z.object({ ...tier_fields, expected_version: z.number().int().optional() }),
    output: PriceTier,
  },
  withdraw_price: {
    params: tier_params,
    query: z.object({ slot_id: id.optional() }),
    body: nothing,
    output: z.object({ success: z.literal(true) }),
  },
  quote_slot: {
    params: z.object({ slot_id: id }),
    query: z.object({
      quantity: z.coerce.number().int().min(1).max(50).default(1),
      tier: tier_name.optional(),
      items: z
        .string()
        .max(700)
        .regex(/^[^,:]+:\d{1,2}(,[^,:]+:\d{1,2})*$/, 'Such as Adult:2,Child:1')
        .transform(
          (text): z.output<typeof tier_items> =>
            text.split(',').map((part) => {
              const [tier = '', quantity = ''] = part.split(':');
              return { tier, quantity: Number(quantity) };
            }),
        )
        .pipe(tier_items)
        .optional(),
    }),
    body: nothing,
    output: Quote,
  },
  get_money_rules: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: nothing,
    output: MoneyRules,
  },
  set_money_rules: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: z.object({
      tax_percent: z
        .string()
        .regex(/^([0-4]?\d)(\.\d{1,2})?$|^50$/, 'A percentage from 0 to 50, such as 7.5')
        .optional(),
      tax_included: z.boolean().optional(),
      desk_refund_limit: price.nullable().optional(),
    }),
    output: MoneyRules,
  },
} as const;
