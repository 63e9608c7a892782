import { addSlot } from '../helpers/database.ts';
import type { World } from './world.ts';

/** One request per endpoint of capacity. */
export const capacity_samples = {
  set_overbooking: async ({ harness, clinic, service_id }: World) => {
    const { sql } = harness;
    await sql`update clinics set overbooking_percent = 10 where id = ${clinic.id}`;
    const slot_id = await addSlot(sql, clinic, service_id);
    return { params: { slot_id }, body: { seats: 1, reason: 'walk-in' } };
  },
} as const;
