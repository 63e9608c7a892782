/** Requests of materialized views, for the table of samples (world.ts). */
export const view_samples = {
  list_views: async () => ({}),
  refresh_view: async () => ({
    params: { view_name: 'booking_completion_rates' },
    body: { concurrently: true },
  }),
};
