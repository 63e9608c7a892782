import { z } from 'zod';
import { cursor, id, instant, limit, line, page } from './schema.ts';
import { delivery_statuses, isEventFilter, webhook_statuses } from './webhook.ts';

/** What the endpoints of api-webhooks.ts take and give. */

const nothing = z.object({});
const url = z
  .string()
  .max(500)
  .refine((text) => URL.canParse(text) && /^(https?|tcp):$/.test(new URL(text).protocol), {
    message: 'Give an address that begins with https://',
  })
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
    message: 'Leave user and password out: the signature says who sends',
  })
  .refine((text) => !text.startsWith('tcp:') || (URL.canParse(text) && new URL(text).port !== ''), {
    message: 'Say the port as well: tcp://crm.internal:4001',
  })
  .describe('https; http only outside of production; tcp for services of our own network');
const events = z
  .array(z.string().refine(isEventFilter, 'No event is called so; such as booking.* or *'))
  .min(1)
  .max(40)
  .describe('Names of events, `booking.*` or `*`');
const sequence = z.number().int().min(0);

const Webhook = z
  .object({
    webhook_id: id,
    clinic_id: id,
    url: z.string(),
    description: z.string().nullable(),
    events: z.array(z.string()).readonly(),
    status: z.enum(webhook_statuses),
    disabled_reason: z.string().nullable(),
    disabled_at: instant.nullable(),
    failures: z.number().int().describe('Failed attempts since the last that went well'),
    failing_since: instant.nullable(),
    last_success_at: instant.nullable(),
    last_failure_at: instant.nullable(),
    last_error: z.string().nullable(),
    waiting: z.number().int().describe('Deliveries that wait for their next try'),
    dead: z.number().int().describe('Deliveries that were given up: replay sends them again'),
    old_secret_until: instant.nullable().describe('Until then two signatures are sent'),
    version: z.number().int(),
    created_at: instant,
  })
  .meta({ id: 'Webhook' });

const secret = z.string().describe('`whsec_` and base64; shown in this answer only');

const WebhookDelivery = z
  .object({
    delivery_id: id,
    event_id: id.describe('Also the header `webhook-id`'),
    event_type: z.string(),
    sequence: sequence.describe('Of the event; 0 = a test'),
    status: z.enum(delivery_statuses),
    attempts: z.number().int(),
    next_attempt_at: instant.nullable(),
    status_code: z.number().int().nullable().describe('Of the last answer'),
    duration_ms: z.number().int().nullable(),
    error: z.string().nullable(),
    response: z.string().nullable().describe('The first 500 signs of the last answer'),
    delivered_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'WebhookDelivery' });

const params = z.object({ webhook_id: id });

export const webhook_shapes = {
  list_webhooks: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: nothing,
    output: page(Webhook),
  },
  create_webhook: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: z.object({ url, events: events.default(['*']), description: line(200).optional() }),
    output: Webhook.extend({ secret }).meta({ id: 'NewWebhook' }),
  },
  get_webhook: { params, query: nothing, body: nothing, output: Webhook },
  set_webhook: {
    params,
    query: nothing,
    body: z.object({
      status: z.enum(webhook_statuses).optional(),
      url: url.optional(),
      events: events.optional(),
      description: line(200).optional(),
      reason: line(500).optional(),
      expected_version: z.number().int().optional(),
    }),
    output: Webhook,
  },
  rotate_webhook: {
    params,
    query: nothing,
    body: z.object({
      overlap_hours: z
        .number()
        .int()
        .min(0)
        .max(168)
        .default(24)
        .describe('So long the old secret signs as well; 0 = it ends now, when it leaked'),
    }),
    output: Webhook.extend({ secret }).meta({ id: 'RotatedWebhook' }),
  },
  test_webhook: {
    params,
    query: nothing,
    body: nothing,
    output: WebhookDelivery,
  },
  replay_webhook: {
    params,
    query: nothing,
    body: z.object({
      after: sequence.optional().describe('Events after this sequence'),
      to: sequence.optional().describe('Up to this one, included'),
      since: instant.optional(),
      until: instant.optional().describe('Before this instant'),
      all: z.boolean().default(false).describe('Also what was delivered'),
      dry_run: z.boolean().default(false),
    }),
    output: z.object({
      matched: z.number().int().describe('Events put in line, at most 10 000'),
      next_after: sequence.nullable().describe('There is more: ask again with this `after`'),
      dry_run: z.boolean(),
    }),
  },
  list_webhook_deliveries: {
    params,
    query: z.object({ status: z.enum(delivery_statuses).optional(), cursor, limit }),
    body: nothing,
    output: page(WebhookDelivery),
  },
} as const;
