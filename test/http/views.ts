import type { World } from './world.ts';

/** Requests of reports and materialized views, for the table of samples (world.ts). */
export const view_samples = {
  get_report: async ({ clinic }: World) => ({
    params: { clinic_id: clinic.id },
    query: { by: 'vet' },
  }),
  list_views: async () => ({}),
  refresh_view: async () => ({
    params: { view_name: 'booking_completion_rates' },
    body: { concurrently: true },
  }),
};
