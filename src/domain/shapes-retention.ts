import { z } from 'zod';
import { flag, instant, line } from './basics.ts';

/** What the endpoints of api-retention.ts take and give. */

const nothing = z.object({});
const whole = z.number().int();
const what = line(40).describe('Name of a rule: claims, deliveries, holds, ..');
const reason = line(500);
/** A hundred years. */
const DAYS_MAX = 36_500;

const RetentionRule = z
  .object({
    what: z.string(),
    table_name: z.string(),
    keep_days: whole.nullable().describe('Null: for ever'),
    min_days: whole.describe('Less would take what something still looks at'),
    version: whole,
    state: z
      .enum(['off', 'resting', 'due', 'under_way'])
      .describe('off: kept for ever; resting: looked through, again at next_at'),
    done_percent: whole.describe('Of the round under way'),
    next_at: instant.nullable(),
    rounded_at: instant.nullable().describe('End of the last whole round'),
    last_count: whole.describe('Removed by the last whole round'),
    total_count: whole.describe('Removed by all rounds'),
    table_bytes: whole.describe('With its indices'),
    failed_at: instant.nullable(),
    last_error: z.string().nullable().describe('Of the last bite that failed, at failed_at'),
    due_count: whole.nullable().describe('What would go now; null: not counted'),
  })
  .meta({ id: 'RetentionRule' });

const RetentionRules = z
  .object({ items: z.array(RetentionRule).readonly(), as_of: instant })
  .meta({ id: 'RetentionRules' });

/** Rows of the shape table. */
export const retention_shapes = {
  list_retention: {
    params: nothing,
    query: z.object({
      what: what.optional(),
      count: flag.default(false).describe('Also count what would go; reads whole tables'),
    }),
    body: nothing,
    output: RetentionRules,
  },
  set_retention: {
    params: z.object({ what }),
    query: nothing,
    body: z.object({
      keep_days: whole.min(1).max(DAYS_MAX).nullable().describe('Null: for ever'),
      expected_version: whole.optional(),
      reason,
    }),
    output: RetentionRule,
  },
  run_retention: {
    params: nothing,
    query: nothing,
    body: z.object({
      what: what.optional().describe('Left out: every rule'),
      reason: reason.optional().describe('Needed for everything but a dry run'),
      dry_run: z.boolean().default(false).describe('Only count what would go'),
    }),
    output: RetentionRules,
  },
} as const;
