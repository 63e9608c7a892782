import { z } from 'zod';
import { cursor, flag, id, instant, limit, line, page } from './basics.ts';
import { aggregate_types, event_types } from './events.ts';
import { plan_id } from './ops-schema.ts';

/** What the endpoints of api-outbox.ts take and give. */

const reason = line(500);
const count = z.number().int();
const sequence = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const error_code = line(200).describe('The cause, as the groups of `errors` name it');
const per_second = z.number().int().min(1).max(1_000);

const states = ['waiting', 'retrying', 'dead', 'published'] as const;

const OutboxEvent = z
  .object({
    event_id: id,
    sequence: count.nullable().describe('Null: not numbered yet'),
    event_type: z.string(),
    aggregate_type: z.enum(aggregate_types),
    aggregate_id: id,
    aggregate_version: count.nullable(),
    clinic_id: id,
    correlation_id: z.string(),
    state: z.enum(states),
    occurred_at: instant,
    attempts: count,
    next_attempt_at: instant.nullable(),
    published_at: instant.nullable(),
    dead_at: instant.nullable(),
    error_code: z.string().nullable(),
    error: z.string().nullable().describe('What the last failed try said'),
  })
  .meta({ id: 'OutboxEvent' });

const OutboxPage = page(OutboxEvent)
  .extend({
    waiting: count.describe('Not published, the dead left out; at most 100000 are counted'),
    retrying: count.describe('Of those, failed and tried again soon'),
    dead: count,
    lag_ms: count.describe('Age of the oldest that waits'),
    last_sequence: count,
    first_sequence: count.nullable().describe('The oldest that readers can still get'),
    as_of: instant,
  })
  .meta({ id: 'OutboxPage' });

const OutboxErrors = z
  .object({
    items: z
      .array(
        z.object({
          error_code: z.string(),
          event_type: z.string(),
          dead: count,
          retrying: count,
          first_at: instant,
          last_at: instant,
          sample_error: z.string(),
          sample_event_id: id,
        }),
      )
      .readonly(),
    next_cursor: z.null(),
  })
  .meta({ id: 'OutboxErrors' });

const OutboxEventDetail = OutboxEvent.extend({
  payload: z.record(z.string(), z.unknown()),
  faults: z.array(z.string()).readonly().describe('Where the payload differs from its schema'),
  messages: z
    .array(
      z.object({
        delivery_id: id,
        channel: z.string(),
        type: z.string(),
        status: z.string(),
        attempts: count,
        error: z.string().nullable(),
      }),
    )
    .readonly(),
}).meta({ id: 'OutboxEventDetail' });

const OutboxRetry = z
  .object({
    plan_id: z.string().nullable(),
    expires_at: instant.nullable().describe('Of the plan'),
    dry_run: z.boolean(),
    planned: count,
    retried: count,
    kept: count.describe('No longer dead when their turn came'),
    items: z
      .array(
        z.object({
          event_id: id,
          sequence: count.nullable(),
          event_type: z.string(),
          error_code: z.string().nullable(),
          outcome: z.enum(['planned', 'retried', 'kept']),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'OutboxRetry' });

export const replay_targets = ['stream', 'webhooks', 'all'] as const;
const replay_id = line(40).describe('As the list gives it: RP7');

const Replay = z
  .object({
    replay_id: z.string().nullable().describe('Null for a dry run'),
    status: z.enum(['planned', 'running', 'done', 'stopped']),
    target: z.enum(replay_targets),
    from_sequence: count,
    to_sequence: count,
    per_second: count,
    events: count.describe('In the range, as far as they are kept'),
    sent: count,
    sent_through: count.describe('The last sequence that was sent'),
    reason: z.string().nullable(),
    error: z.string().nullable().describe('Why it does not get on'),
    created_at: instant.nullable(),
    ended_at: instant.nullable(),
  })
  .meta({ id: 'Replay' });

const Pruning = z
  .object({
    dry_run: z.boolean(),
    older_than_days: count,
    matching: count.describe('Before; at most 100000 are counted'),
    pruned: count,
    first_sequence: count.nullable().describe('The oldest that readers can get afterwards'),
  })
  .meta({ id: 'OutboxPruning' });

const nothing = z.object({});
const dry_run = z.boolean().default(false);

export const outbox_shapes = {
  list_outbox: {
    params: nothing,
    query: z.object({
      state: z.enum(states).optional().describe('Default: all but the published'),
      error_code: error_code.optional(),
      event_type: z.enum(event_types).optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: OutboxPage,
  },
  list_outbox_errors: {
    params: nothing,
    query: z.object({ dead: flag.optional().describe('Only the dead') }),
    body: nothing,
    output: OutboxErrors,
  },
  inspect_event: {
    params: z.object({ event_id: id }),
    query: nothing,
    body: nothing,
    output: OutboxEventDetail,
  },
  retry_outbox: {
    params: nothing,
    query: nothing,
    body: z.object({
      event_id: id.optional().describe('This one; default: all dead ones that fit'),
      error_code: error_code.optional(),
      event_type: z.enum(event_types).optional(),
      max: z.number().int().min(1).max(1_000).default(1_000),
      per_second: per_second.default(100),
      reason: reason.optional().describe('Needed for everything but a dry run'),
      dry_run: dry_run.describe('Make a plan and change nothing'),
      plan_id: plan_id.optional(),
    }),
    output: OutboxRetry,
  },
  replay_outbox: {
    params: nothing,
    query: nothing,
    body: z
      .object({
        event_id: id.optional(),
        from_sequence: sequence.optional(),
        to_sequence: sequence.optional(),
        target: z.enum(replay_targets).default('all'),
        per_second: per_second.default(100),
        reason: reason.optional().describe('Needed for everything but a dry run'),
        dry_run,
      })
      .refine(
        ({ event_id, from_sequence, to_sequence }) =>
          event_id === undefined
            ? from_sequence !== undefined && to_sequence !== undefined
            : from_sequence === undefined && to_sequence === undefined,
        { message: 'Give event_id, or from_sequence and to_sequence' },
      )
      .refine(
        ({ from_sequence = 1, to_sequence = from_sequence }) => from_sequence <= to_sequence,
        { message: 'from_sequence is behind to_sequence' },
      ),
    output: Replay,
  },
  list_replays: {
    params: nothing,
    query: z.object({ limit }),
    body: nothing,
    output: z.object({ items: z.array(Replay).readonly(), next_cursor: z.null() }),
  },
  stop_replay: {
    params: z.object({ replay_id }),
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: Replay,
  },
  prune_outbox: {
    params: nothing,
    query: nothing,
    body: z.object({
      older_than_days: z.number().int().min(7).max(3_650).default(30),
      max: z.number().int().min(1).max(100_000).default(10_000),
      reason: reason.optional().describe('Needed for everything but a dry run'),
      dry_run,
    }),
    output: Pruning,
  },
};
