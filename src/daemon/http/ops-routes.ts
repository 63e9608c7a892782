import {
  ackAlert,
  listAlerts,
  muteAlert,
  noteBackup,
  testAlert,
  unmuteAlert,
} from '../actions/alerts.ts';
import { getKpis, reportTimings } from '../actions/kpis.ts';
import { listViews, refreshView } from '../actions/views.ts';

/** What answers the endpoints of api-views.ts and api-kpis.ts. */
export const ops_actions = {
  list_views: listViews,
  refresh_view: refreshView,
  get_kpis: getKpis,
  report_timings: reportTimings,
  list_alerts: listAlerts,
  ack_alert: ackAlert,
  mute_alert: muteAlert,
  unmute_alert: unmuteAlert,
  test_alerts: testAlert,
  note_backup: noteBackup,
};
