import type { Request } from './harness.ts';
import type { World } from './world.ts';

/** Requests of the endpoints of reminders, for the walk over all endpoints. */
export const reminderSamples = (freshBooking: (world: World) => Promise<string>) => ({
  list_reminders: async ({ clinic }: World): Promise<Request> => ({
    query: { clinic_id: clinic.id, due_minutes: '60' },
  }),
  run_reminders: async (): Promise<Request> => ({ body: { dry_run: true } }),
  skip_reminder: async (world: World): Promise<Request> => {
    const booking_id = await freshBooking(world);
    const [row] = await world.harness.sql<{ id: string }[]>`
      select id from booking_reminders where booking_id = ${booking_id} limit 1`;
    return { params: { reminder_id: row?.id ?? '' } };
  },
  list_reminder_rules: async ({ clinic }: World): Promise<Request> => ({
    params: { clinic_id: clinic.id },
  }),
  set_reminder_rule: async ({ clinic }: World): Promise<Request> => ({
    params: { clinic_id: clinic.id },
    body: { reminder_type: 'follow_up', offsets_minutes: [10_080] },
  }),
});
