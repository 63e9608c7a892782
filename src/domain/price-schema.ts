import { z } from 'zod';
import { amount, currency, id, instant, line, local_time } from './basics.ts';

/** Price tiers and price lines as they cross the API. */

export const tier_name = line(60).regex(/^[^,:/]*$/, 'Without comma, colon or slash');
export const price = amount.regex(/^\d/, 'Not negative');
const seats = z.number().int().min(1).max(50);

/** Several tiers in one hold; the quantities make the number of seats. */
export const tier_items = z
  .array(z.object({ tier: tier_name, quantity: seats }))
  .min(1)
  .max(10)
  .readonly();

const QuantityPrice = z.object({
  from: z.number().int().min(2).max(50).describe('From that many seats of the tier on'),
  price,
  per: z
    .enum(['seat', 'package'])
    .default('seat')
    .describe(
      'package = each full package of `from` seats costs this, single seats the tier price',
    ),
});

export const tier_fields = {
  price: price.describe('Per seat'),
  slot_id: id.nullable().default(null).describe('Only at this slot; null = at all that fit'),
  seats_limit: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe('Of this tier, per slot; null = as many as the slot has'),
  sale_from: instant.nullable().default(null),
  sale_until: instant.nullable().default(null).describe('Not included'),
  min_quantity: seats.default(1),
  max_quantity: seats.default(50),
  is_default: z.boolean().default(false).describe('For callers who name no tier'),
  weekdays: z
    .array(z.number().int().min(1).max(7))
    .min(1)
    .max(7)
    .readonly()
    .default([1, 2, 3, 4, 5, 6, 7])
    .describe('Of the visit; 1 = Monday (ISO)'),
  from_time: local_time.default('00:00').describe('Of the visit, included'),
  to_time: z
    .union([local_time, z.literal('24:00')])
    .default('24:00')
    .describe('Of the visit, not included'),
  quantity_prices: z.array(QuantityPrice).max(5).readonly().default([]),
};

export const PriceTier = z
  .object({
    tier_id: id,
    tier: tier_name,
    service_id: id,
    currency,
    ...z.object(tier_fields).shape,
    on_sale: z.boolean().describe('Now'),
    remaining: z
      .number()
      .int()
      .nullable()
      .describe('Seats of the tier that the slot still has; null when no slot was named'),
    version: z.number().int(),
  })
  .meta({ id: 'PriceTier' });

export const PriceLine = z
  .object({
    tier_id: id.nullable(),
    tier: z.string().nullable().describe('Null: the ordinary price'),
    seats: z.number().int(),
    units: z.number().int().describe('unit_price x units = amount'),
    unit: z.enum(['seat', 'package']),
    unit_price: amount,
    amount,
    tax_amount: amount,
    total: amount.describe('What is paid for the line'),
  })
  .meta({ id: 'PriceLine' });
