import { putAlert } from '../../src/daemon/store/alerts.ts';
import type { World } from './world.ts';

/** Requests about figures and alerts, for the table of samples (world.ts). */
export const kpi_samples = {
  get_kpis: async () => ({ query: { range: '24h' } }),
  report_timings: async () => ({ body: { timings: [{ screen: 'slots', ms: 120 }] } }),
  list_alerts: async () => ({ query: { firing: '0' } }),
  ack_alert: async ({ harness }: World) => {
    const over_since = Temporal.Now.instant();
    const look = { name: 'disk', state: 'firing', value: 99, detail: null } as const;
    await putAlert(harness.sql, { ...look, over_since, well_since: null });
    return { params: { name: 'disk' }, body: { reason: 'for a test' } };
  },
  mute_alert: async () => ({
    params: { name: 'relay_lag' },
    body: { for_s: 600, reason: 'for a test' },
  }),
  unmute_alert: async () => ({ params: { name: 'relay_lag' }, body: {} }),
  test_alerts: async () => ({ body: { for_s: 10 } }),
  note_backup: async () => ({ body: { label: 'nightly', bytes: 4_096, is_verified: true } }),
};
