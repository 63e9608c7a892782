import type { World } from './world.ts';

/** Requests of reports and materialized views, for the table of samples (world.ts). */
export const view_samples = {
  get_report: async ({ clinic }: World) => ({
    params: { clinic_id: clinic.id },
    query: { by: 'vet' },
  }),
  get_money_report: async ({ clinic }: World) => ({
    params: { clinic_id: clinic.id },
    query: { by: 'method' },
  }),
  list_retention: async () => ({ query: { what: 'holds' } }),
  set_retention: async () => ({
    params: { what: 'replays' },
    body: { keep_days: 500, reason: 'for a test' },
  }),
  run_retention: async () => ({ body: { what: 'replays', reason: 'for a test' } }),
  list_views: async () => ({}),
  refresh_view: async () => ({
    params: { view_name: 'booking_completion_rates' },
    body: { concurrently: true },
  }),
};
