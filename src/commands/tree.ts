import type { CommandSpec } from './spec.ts';
import { alerts_tree } from './tree-alerts.ts';
import { attachments_tree } from './tree-attachments.ts';
import { calendar_tree } from './tree-calendar.ts';
import { capacity_tree } from './tree-capacity.ts';
import { config_tree } from './tree-config.ts';
import { data_tree } from './tree-data.ts';
import { desk_tree } from './tree-desk.ts';
import { desk_money_tree } from './tree-desk-money.ts';
import { jobs_tree } from './tree-jobs.ts';
import { life_tree } from './tree-life.ts';
import { line_mode_tree } from './tree-line-mode.ts';
import { load_tree } from './tree-load.ts';
import { locks_tree } from './tree-locks.ts';
import { messages_tree } from './tree-messages.ts';
import { money_tree } from './tree-money.ts';
import { ops_tree } from './tree-ops.ts';
import { outbox_tree } from './tree-outbox.ts';
import { prices_tree } from './tree-prices.ts';
import { reminders_tree } from './tree-reminders.ts';
import { reports_tree } from './tree-reports.ts';
import { retention_tree } from './tree-retention.ts';
import { reviews_tree } from './tree-reviews.ts';
import { rules_tree } from './tree-rules.ts';
import { saved_tree } from './tree-saved.ts';
import { schedules_tree } from './tree-schedules.ts';
import { search_tree } from './tree-search.ts';
import { series_tree } from './tree-series.ts';
import { ticket_tree } from './tree-tickets.ts';
import { time_off_tree } from './tree-time-off.ts';
import { views_tree } from './tree-views.ts';
import { waitlist_tree } from './tree-waitlist.ts';
import { webhooks_tree } from './tree-webhooks.ts';

/** Every command of the program. */
export const tree: readonly CommandSpec[] = [
  ...desk_tree,
  ...line_mode_tree,
  ...search_tree,
  ...life_tree,
  ...ticket_tree,
  ...time_off_tree,
  ...schedules_tree,
  ...series_tree,
  ...capacity_tree,
  ...waitlist_tree,
  ...rules_tree,
  ...retention_tree,
  ...reviews_tree,
  ...reminders_tree,
  ...calendar_tree,
  ...attachments_tree,
  ...messages_tree,
  ...ops_tree,
  ...config_tree,
  ...data_tree,
  ...locks_tree,
  ...outbox_tree,
  ...jobs_tree,
  ...views_tree,
  ...alerts_tree,
  ...prices_tree,
  ...money_tree,
  ...saved_tree,
  ...desk_money_tree,
  ...reports_tree,
  ...webhooks_tree,
  ...load_tree,
];
