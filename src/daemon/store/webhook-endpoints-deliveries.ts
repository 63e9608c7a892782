import type { AggregateType, EventType } from '../../domain/events.ts';
import { type Db, run, runOne } from './db.ts';

export type ClaimedWebhook = {
  readonly delivery_id: string;
  readonly endpoint_id: string;
  readonly clinic_id: string;
  readonly url: string;
  readonly secret: string;
  /** Signs as well while it is being replaced. */
  readonly old_secret: string | null;
  readonly event_id: string;
  readonly event_type: EventType | 'webhook.test';
  readonly sequence: number;
  readonly is_test: boolean;
  /** This try included. */
  readonly attempts: number;
  readonly tried_at: Temporal.Instant;
  /** The event itself; null when it is no longer kept, and for a test. */
  readonly aggregate_type: AggregateType | null;
  readonly aggregate_id: string | null;
  readonly correlation_id: string | null;
  readonly occurred_at: Temporal.Instant | null;
  readonly payload: Readonly<Record<string, unknown>> | null;
};

/** Writes deliveries for new events; returns how many events were looked at. */
export async function queueWebhooks(sql: Db, limit: number): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select queue_webhooks(${limit}) as count`);
  return count;
}

/** Leases due deliveries, of each endpoint at most `per_endpoint` at a time. */
export async function claimWebhooks(
  sql: Db,
  limit: number,
  per_endpoint: number,
  lease_ms: number,
): Promise<readonly ClaimedWebhook[]> {
  return await run(sql<ClaimedWebhook[]>`
    select delivery_id, endpoint_id, clinic_id, url, secret, old_secret, event_id, event_type,
      sequence, is_test, attempts, tried_at, aggregate_type, aggregate_id, correlation_id,
      occurred_at, payload
    from claim_webhooks(${limit}, ${per_endpoint}, ${lease_ms})`);
}

/** One test message, leased to the caller at once; null when there is no such endpoint. */
export async function claimTest(
  sql: Db,
  test: { readonly webhook_id: string; readonly event_id: string },
  lease_ms: number,
): Promise<ClaimedWebhook | null> {
  const [claimed] = await run(sql<ClaimedWebhook[]>`
    with made as (
      insert into webhook_deliveries (
        endpoint_id, clinic_id, event_id, event_type, sequence, is_test, status, attempts,
        first_attempt_at, next_attempt_at, leased_until
      )
      select e.id, e.clinic_id, ${test.event_id}, 'webhook.test', 0, true, 'sending', 1, now(),
        now() + ${lease_ms} * interval '1 ms', now() + ${lease_ms} * interval '1 ms'
      from webhook_endpoints e
      where e.id = ${test.webhook_id}
      returning *
    )
    select m.id as delivery_id, e.id as endpoint_id, e.clinic_id, e.url, e.secret,
      case when e.old_secret_until > now() then e.old_secret end as old_secret,
      m.event_id, m.event_type, m.sequence, m.is_test, m.attempts, now() as tried_at,
      null as aggregate_type, null as aggregate_id, null as correlation_id,
      null::timestamptz as occurred_at, null as payload
    from made m
    join webhook_endpoints e on e.id = m.endpoint_id`);
  return claimed ?? null;
}

export type WebhookEnd = {
  readonly delivery_id: string;
  readonly attempts: number;
  readonly result: 'delivered' | 'retry' | 'dead' | 'gone' | 'released';
  readonly status_code: number | null;
  readonly error: string | null;
  readonly response: string | null;
  readonly duration_ms: number | null;
  readonly retry_after_ms: number | null;
};

/** Records how an attempt went; `conflict` when its lease had run out. */
export async function finishWebhook(sql: Db, end: WebhookEnd) {
  type Finished = {
    readonly outcome: 'delivered' | 'pending' | 'dead' | 'conflict';
    readonly is_disabled: boolean;
  };
  const { delivery_id, attempts, result, status_code, error, response, duration_ms } = end;
  return await runOne(sql<Finished[]>`
    select outcome, is_disabled from finish_webhook(
      ${delivery_id}, ${attempts}, ${result}, ${status_code}, ${error}, ${response},
      ${duration_ms}, ${end.retry_after_ms}
    )`);
}

/** Deletes deliveries that ended longer ago than that, a batch at a time; returns how many. */
export async function pruneWebhooks(sql: Db, older_than_days: number, limit: number) {
  const rows = await run(sql`
    delete from webhook_deliveries
    where id in (
      select id
      from webhook_deliveries
      where status in ('delivered', 'dead')
        and created_at < now() - ${older_than_days} * interval '1 day'
      order by created_at
      limit ${limit}
    )
    returning id`);
  return rows.length;
}

export type WebhookDeliveryRow = {
  readonly delivery_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly sequence: number;
  readonly status: 'pending' | 'sending' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly next_attempt_at: Temporal.Instant | null;
  readonly status_code: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly response: string | null;
  readonly delivered_at: Temporal.Instant | null;
  readonly created_at: Temporal.Instant;
};

/** What was sent to an endpoint, newest first. */
export async function listWebhookDeliveries(
  sql: Db,
  wanted: {
    readonly webhook_id: string;
    readonly status: WebhookDeliveryRow['status'] | null;
    readonly delivery_id?: string;
    readonly before: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly WebhookDeliveryRow[]> {
  const { webhook_id, status, delivery_id, before, limit } = wanted;
  return await run(sql<WebhookDeliveryRow[]>`
    select id as delivery_id, event_id, event_type, sequence, status, attempts,
      case when status in ('pending', 'sending') then next_attempt_at end as next_attempt_at,
      status_code, duration_ms, last_error as error, response, delivered_at, created_at
    from webhook_deliveries
    where endpoint_id = ${webhook_id}
      ${status === null ? sql`` : sql`and status = ${status}`}
      ${delivery_id === undefined ? sql`` : sql`and id = ${delivery_id}`}
      ${before === null ? sql`` : sql`and (created_at, id) < (${before.at.toString()}, ${before.id})`}
    order by created_at desc, id desc
    limit ${limit}`);
}
