import { z } from 'zod';
import { instant, line } from './basics.ts';

/** What the endpoints of api-views.ts take and give. */

const nothing = z.object({});
const whole = z.number().int();
const ms = whole.describe('Milliseconds');

const ViewState = z
  .object({
    view_name: z.string(),
    as_of: instant.nullable().describe('What it shows was true then; null = never refreshed'),
    age_ms: ms.nullable(),
    stale: z.boolean().describe('Older than stale_after_ms, or never refreshed'),
    stale_after_ms: ms,
    refresh_every_ms: ms,
    next_at: instant.describe('When the next refresh is due'),
    requested_at: instant.nullable().describe('Somebody asked for one that is not done yet'),
    duration_ms: ms.nullable().describe('Of the last refresh'),
    average_ms: ms.nullable(),
    total_ms: ms.describe('What all refreshes took together'),
    refresh_count: whole,
    row_count: whole.nullable(),
    size_bytes: whole.nullable().describe('With its indices; null = there is no such view'),
    is_concurrent: z.boolean().nullable().describe('Readers went on during the last refresh'),
    note: z.enum(['no_unique_index']).nullable().describe('Why readers had to wait nevertheless'),
    failures_in_row: whole,
    failed_at: instant.nullable(),
    last_error: z.string().nullable().describe('Of the last refresh that failed, at failed_at'),
  })
  .meta({ id: 'ViewState' });

/** Rows of the shape table. */
export const view_shapes = {
  list_views: {
    params: nothing,
    query: nothing,
    body: nothing,
    output: z
      .object({ items: z.array(ViewState).readonly(), as_of: instant })
      .meta({ id: 'ViewStates' }),
  },
  refresh_view: {
    params: z.object({ view_name: line(63) }),
    query: nothing,
    body: z.object({
      concurrently: z
        .boolean()
        .default(false)
        .describe('Readers go on meanwhile; slower, and needs a unique index'),
    }),
    output: ViewState,
  },
} as const;
