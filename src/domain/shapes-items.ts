import { z } from 'zod';
import { id, limit, local_date, page } from './basics.ts';
import { ItemRow, service_list } from './item-schema.ts';

/** What the endpoints of api-items.ts take and give. */
export const item_shapes = {
  list_rows: {
    params: z.object({ clinic_id: id }),
    query: z.object({
      services: service_list,
      date: local_date.optional().describe('Default: today at the clinic'),
      staff_id: id.optional().describe('All of it with this vet'),
      limit,
    }),
    body: z.object({}),
    output: page(ItemRow),
  },
} as const;
