import { z } from 'zod';
import { alert_names, alert_severities, alert_states } from './alerts.ts';
import { flag, instant, line } from './basics.ts';
import { kpi_groups, kpi_names, kpi_units } from './kpi.ts';

/** What the endpoints of api-kpis.ts take and give. */

const nothing = z.object({});
const whole = z.number().int();
const reason = line(500);
const alert_name = line(40).describe(alert_names.join(', '));

const Kpi = z
  .object({
    name: z.enum(kpi_names),
    group: z.enum(kpi_groups),
    title: z.string().describe('Short, English'),
    unit: z.enum(kpi_units),
    definition: z.string().describe('What exactly is counted (`metrics.md`)'),
    window_minutes: whole.describe('`now` and each minute of the series look back this far'),
    better: z.enum(['higher', 'lower']),
    currency: z.string().length(3).nullable().describe('Of revenue; null for all others'),
    now: z.number().nullable().describe('Null: nothing happened that it could be taken from'),
    series: z
      .array(z.number().nullable())
      .readonly()
      .describe('One for each step, oldest first; the last is the step under way'),
    threshold: z
      .object({
        value: z.number(),
        compare: z.enum(['above', 'below']),
        alert: z.enum(alert_names),
        severity: z.enum(alert_severities),
        state: z.enum(alert_states).describe('Of the alert'),
      })
      .nullable()
      .describe('Where an alert watches this figure'),
  })
  .meta({ id: 'Kpi' });

const Kpis = z
  .object({
    items: z.array(Kpi).readonly(),
    range: z.enum(['60m', '24h']),
    step_s: whole.describe('60 or 3600'),
    ends_at: instant.describe('End of the last step'),
    daemons: whole.describe('How many told of themselves within the last two minutes'),
    counted_at: instant
      .nullable()
      .describe('When bookings and money were counted last, once a minute; null: never'),
    as_of: instant,
  })
  .meta({ id: 'Kpis' });

const Alert = z
  .object({
    name: z.enum(alert_names),
    title: z.string(),
    severity: z.enum(alert_severities),
    state: z.enum(alert_states).describe('pending: over the threshold, not yet for long enough'),
    value: z.number().nullable().describe('Null: not measured, or too little to tell'),
    unit: z.enum(['percent', 'ms', 's', 'hours', 'days', 'count']),
    compare: z.enum(['above', 'below']),
    threshold: z.number(),
    clears_at: z.number().describe('Hysteresis: it clears here, not at the threshold'),
    for_s: whole.describe('So long over the threshold before it fires'),
    clear_for_s: whole.describe('So long well before it clears'),
    detail: z.string().nullable().describe('What was seen, in words'),
    kpi: z.enum(kpi_names).nullable(),
    runbook: z.string().describe('What it means and what to look at first'),
    next: z.string().describe('The command that comes next'),
    since: instant.nullable().describe('Since when it is over the threshold'),
    fired_at: instant.nullable().describe('When it fired last'),
    cleared_at: instant.nullable().describe('When it cleared last'),
    acked_at: instant.nullable(),
    acked_by: z.string().nullable(),
    ack_reason: z.string().nullable(),
    muted_until: instant.nullable().describe('Null: not muted'),
    muted_by: z.string().nullable(),
    mute_reason: z.string().nullable(),
  })
  .meta({ id: 'Alert' });

const AlertChange = z
  .object({
    at: instant,
    name: z.enum(alert_names),
    severity: z.enum(alert_severities),
    change: z.enum(['fired', 'cleared', 'acked', 'muted', 'unmuted']),
    value: z.number().nullable(),
    by: z.string().nullable().describe('Null: the daemon'),
    reason: z.string().nullable(),
  })
  .meta({ id: 'AlertChange' });

const Alerts = z
  .object({
    items: z.array(Alert).readonly().describe('Firing first, critical before warning'),
    firing: z.object({ critical: whole, warning: whole }).describe('Without those that are muted'),
    changes: z.array(AlertChange).readonly().describe('The last 20, newest first'),
    looked_at: instant.nullable().describe('When they were evaluated last; null: never'),
    stale: z
      .boolean()
      .describe('Nobody has looked for a minute: does a daemon with the role cron run?'),
    as_of: instant,
  })
  .meta({ id: 'Alerts' });

/** Longer is no silence but blindness. */
const MUTE_S_MAX = 7 * 86_400;
const TEST_S_MAX = 3_600;
const TIMINGS_MAX = 20;
/** Ten minutes: whoever waits longer has gone away. */
const TIMING_MS_MAX = 600_000;

/** Rows of the shape table. */
export const kpi_shapes = {
  get_kpis: {
    params: nothing,
    query: z.object({
      range: z.enum(['60m', '24h']).default('60m').describe('Series of minutes, or of hours'),
    }),
    body: nothing,
    output: Kpis,
  },
  report_timings: {
    params: nothing,
    query: nothing,
    body: z.object({
      timings: z
        .array(
          z.object({
            screen: z
              .enum(['slots', 'book', 'pay', 'bookings', 'board', 'other'])
              .describe('What was waited for'),
            ms: z.number().min(0).max(TIMING_MS_MAX).describe('From the touch to the screen'),
          }),
        )
        .min(1)
        .max(TIMINGS_MAX)
        .readonly(),
    }),
    output: z.object({ taken: whole }).meta({ id: 'TimingsTaken' }),
  },
  list_alerts: {
    params: nothing,
    query: z.object({
      firing: flag.default(false).describe('1 = only those that fire'),
    }),
    body: nothing,
    output: Alerts,
  },
  ack_alert: {
    params: z.object({ name: alert_name }),
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: Alert,
  },
  mute_alert: {
    params: z.object({ name: alert_name }),
    query: nothing,
    body: z.object({
      for_s: whole.min(60).max(MUTE_S_MAX).default(3_600).describe('At most a week'),
      reason,
    }),
    output: Alert,
  },
  unmute_alert: {
    params: z.object({ name: alert_name }),
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: Alert,
  },
  test_alerts: {
    params: nothing,
    query: nothing,
    body: z.object({
      for_s: whole.min(10).max(TEST_S_MAX).default(60),
      reason: reason.optional(),
    }),
    output: Alert,
  },
  note_backup: {
    params: nothing,
    query: nothing,
    body: z.object({
      label: line(200).describe('Where it is, or what it is called'),
      bytes: whole.min(0).max(Number.MAX_SAFE_INTEGER).optional(),
      is_verified: z.boolean().default(false).describe('It was restored somewhere, and counted'),
    }),
    output: z
      .object({
        made_at: instant,
        label: z.string(),
        bytes: whole.nullable(),
        is_verified: z.boolean(),
      })
      .meta({ id: 'BackupNote' }),
  },
} as const;
