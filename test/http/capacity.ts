import { addService, addSlot } from '../helpers/database.ts';
import type { World } from './world.ts';

const rows = [{ row: 'A', places: '1-4', category: 'Stalls' }];

/** One request per endpoint of capacity. */
export const capacity_samples = {
  set_overbooking: async ({ harness, clinic, service_id }: World) => {
    const { sql } = harness;
    await sql`update clinics set overbooking_percent = 10 where id = ${clinic.id}`;
    const slot_id = await addSlot(sql, clinic, service_id);
    return { params: { slot_id }, body: { seats: 1, reason: 'walk-in' } };
  },
  get_slot_seats: async ({ harness, clinic, service_id }: World) => ({
    params: { slot_id: await addSlot(harness.sql, clinic, service_id, { capacity: 3 }) },
  }),
  get_seat_plan: async ({ harness, clinic }: World) => {
    const { sql } = harness;
    const service_id = await addService(sql, clinic);
    await sql`
      insert into seat_plans (service_id, clinic_id, seat_count)
      values (${service_id}, ${clinic.id}, 1)`;
    await sql`
      insert into seat_plan_seats (service_id, seat, label, row_label, place, category, tier)
      values (${service_id}, 1, 'A-1', 'A', 1, 'Stalls', 'Stalls')`;
    return { params: { service_id } };
  },
  set_seat_plan: async ({ harness, clinic }: World) => {
    const service_id = await addService(harness.sql, clinic, { capacity: 4 });
    return { params: { service_id }, body: { rows } };
  },
} as const;
