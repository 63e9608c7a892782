import { z } from 'zod';
import { amount, currency, id, instant, local_date, local_time } from './basics.ts';
import { ITEMS_MAX } from './item-limits.ts';

/** Several services in a row as they cross the API; docs/items.md. */

const place = {
  position: z.number().int().describe('From 1, in the order of the visit'),
  service_id: id,
  service_name: z.string(),
  slot_id: id,
  staff_id: id.nullable(),
  staff_name: z.string().nullable(),
  starts_at: instant,
  ends_at: instant,
  quantity: z.number().int(),
  amount,
};

export const BookedItem = z
  .object({ ...place, seats: z.array(z.number().int()).readonly() })
  .meta({ id: 'BookedItem' });

/** Absent on holds and bookings of one service. */
export const booked_items = z
  .array(BookedItem)
  .readonly()
  .optional()
  .describe('Several services in a row; absent where there is one');

export const ItemRow = z
  .object({
    starts_at: instant,
    ends_at: instant,
    date: local_date,
    time: local_time,
    duration_minutes: z.number().int().describe('From the first start to the last end'),
    amount: amount.describe('Of all services, tax included'),
    currency,
    items: z.array(z.object(place)).readonly(),
  })
  .meta({ id: 'ItemRow' });

/** Ids by comma; the order is that of the visit. */
export const service_list = z
  .string()
  .max(400)
  .transform((text) => text.split(',').map((one) => one.trim()))
  .pipe(z.array(id).min(2).max(ITEMS_MAX))
  .describe(`2 to ${ITEMS_MAX} service ids by comma, in the order of the visit`);
