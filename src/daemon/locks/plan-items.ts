import { z } from 'zod';
import { repairs } from '../../domain/ops-schema.ts';

/** What frozen plans are made of. Read back through the schema: a plan may be of an older version of us. */

const CleanupItem = z.object({
  key: z.string(),
  token: z.string(),
  cause: z.string(),
  clinic_code: z.string().nullable(),
  starts_at: z.string().nullable(),
});
export type CleanupItem = z.output<typeof CleanupItem>;

const RepairItem = z.object({
  repair: z.enum(repairs),
  /** Key of a lock, or id of a slot, reservation or payment. */
  target: z.string(),
  /** Of a lock to release. */
  token: z.string().nullable(),
});
export type RepairItem = z.output<typeof RepairItem>;

export const readCleanupItems = (items: unknown) => z.array(CleanupItem).parse(items);
export const readRepairItems = (items: unknown) => z.array(RepairItem).parse(items);
