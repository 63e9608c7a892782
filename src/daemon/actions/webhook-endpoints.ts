import { randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { writeAudit } from '../store/audit.ts';
import { findClinic } from '../store/clinics.ts';
import {
  addWebhook,
  readWebhooks,
  replayWebhook as replay,
  rotateWebhook as rotate,
  setWebhook as set,
  type WebhookRow,
} from '../store/webhook-endpoints.ts';
import {
  claimTest,
  listWebhookDeliveries as listDeliveries,
  type WebhookDeliveryRow,
} from '../store/webhook-endpoints-deliveries.ts';
import { attemptWebhook, guardOf, webhook_lease_ms } from '../workers/webhooks.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

/** Events of one replay; a longer range goes on from `next_after`. */
const replay_max = 10_000;
const never = new AbortController().signal;

type Webhook = Output<'get_webhook'>;

/** 256 bits, in the writing of https://www.standardwebhooks.com. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function webhookJson(row: WebhookRow): Webhook {
  const { time_zone, events, ...rest } = row;
  const at = (instant: Temporal.Instant | null) => zonedTextOrNull(instant, time_zone);
  return {
    ...rest,
    events: [...events],
    disabled_at: at(row.disabled_at),
    failing_since: at(row.failing_since),
    last_success_at: at(row.last_success_at),
    last_failure_at: at(row.last_failure_at),
    old_secret_until: at(row.old_secret_until),
    created_at: zonedText(row.created_at, time_zone),
  };
}

async function webhookOf(app: App, actor: Actor, webhook_id: string): Promise<WebhookRow> {
  const [row] = await readWebhooks(app.sql, { webhook_id }, scopeOf(actor));
  if (!row) throw new AppError('not_found', 'There is no such webhook endpoint.');
  return row;
}

function deliveryJson(
  row: WebhookDeliveryRow,
  time_zone: string,
): Output<'list_webhook_deliveries'>['items'][number] {
  return {
    ...row,
    next_attempt_at: zonedTextOrNull(row.next_attempt_at, time_zone),
    delivered_at: zonedTextOrNull(row.delivered_at, time_zone),
    created_at: zonedText(row.created_at, time_zone),
  };
}

/** Where events of a clinic are sent to. */
export async function listWebhooks(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'list_webhooks'>,
): Promise<Output<'list_webhooks'>> {
  assertClinic(actor, clinic_id);
  const [clinic, rows] = await Promise.all([
    findClinic(app.sql, clinic_id),
    readWebhooks(app.sql, { clinic_id }, scopeOf(actor)),
  ]);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  return { items: rows.map(webhookJson), next_cursor: null };
}

/** A new endpoint; its secret is in this answer and in no other. */
export async function createWebhook(
  app: App,
  actor: Actor,
  input: Input<'create_webhook'>,
): Promise<Output<'create_webhook'>> {
  const { clinic_id, url, events, description = null } = input;
  guardOf(app).assertUrl(url);
  const secret = newSecret();
  const webhook_id = randomUUID();
  const wish = { webhook_id, clinic_id, url, description, events, secret };
  const { outcome } = await addWebhook(app.sql, wish, dbActor(actor));
  if (outcome === 'policy_refused') {
    throw failure(outcome, { rule: 'webhooks_max' }, 'A clinic has 50 webhook endpoints at most.');
  }
  if (outcome !== 'ok') throw failure(outcome);
  return { ...webhookJson(await webhookOf(app, actor, webhook_id)), secret };
}

export async function getWebhook(
  app: App,
  actor: Actor,
  { webhook_id }: Input<'get_webhook'>,
): Promise<Webhook> {
  return webhookJson(await webhookOf(app, actor, webhook_id));
}

/** Enables, disables, or changes address and events. */
export async function setWebhook(
  app: App,
  actor: Actor,
  input: Input<'set_webhook'>,
): Promise<Webhook> {
  const { webhook_id, url = null, events = null, status = null } = input;
  const { description = null, reason = null, expected_version = null } = input;
  if (url !== null) guardOf(app).assertUrl(url);
  const wish = { webhook_id, url, events, status, description, reason, expected_version };
  const { outcome, version } = await set(app.sql, wish, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  app.wake.dispatcher();
  return await getWebhook(app, actor, { webhook_id });
}

export async function rotateWebhook(
  app: App,
  actor: Actor,
  { webhook_id, overlap_hours }: Input<'rotate_webhook'>,
): Promise<Output<'rotate_webhook'>> {
  const secret = newSecret();
  const wish = { webhook_id, secret, overlap_s: overlap_hours * 3_600 };
  const { outcome } = await rotate(app.sql, wish, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome);
  return { ...webhookJson(await webhookOf(app, actor, webhook_id)), secret };
}

/** Sends one message now, whether the endpoint is enabled or not; its failure counts for nothing. */
export async function testWebhook(
  app: App,
  actor: Actor,
  { webhook_id }: Input<'test_webhook'>,
): Promise<Output<'test_webhook'>> {
  const { time_zone } = await webhookOf(app, actor, webhook_id);
  const test = { webhook_id, event_id: randomUUID() };
  const claimed = await claimTest(app.sql, test, webhook_lease_ms);
  if (claimed === null) throw failure('not_found');
  await attemptWebhook(app, guardOf(app), claimed, never);
  const { delivery_id, clinic_id } = claimed;
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    clinic_id,
    action: 'webhook.test',
    target_type: 'webhook',
    target_id: webhook_id,
  });
  const wanted = { webhook_id, delivery_id, status: null, before: null, limit: 1 };
  const [row] = await listDeliveries(app.sql, wanted);
  if (!row) throw new Error(`The delivery ${delivery_id} is not there any more`);
  return deliveryJson(row, time_zone);
}

/** Puts events of a range in line again. */
export async function replayWebhook(
  app: App,
  actor: Actor,
  input: Input<'replay_webhook'>,
): Promise<Output<'replay_webhook'>> {
  const { webhook_id, after = null, to = null, since = null, until = null, all, dry_run } = input;
  const wish = { webhook_id, after, to, since, until, all, dry_run, limit: replay_max };
  const { outcome, matched, next_after } = await replay(app.sql, wish, dbActor(actor));
  if (outcome === 'policy_refused') {
    const facts = { rule: 'webhook_disabled', next: `petpro webhooks enable ${webhook_id}` };
    throw failure(outcome, facts, 'The endpoint is disabled.');
  }
  if (outcome !== 'ok') throw failure(outcome);
  if (!dry_run) app.wake.dispatcher();
  return { matched, next_after, dry_run };
}

/** What was sent to an endpoint, newest first. */
export async function listWebhookDeliveries(
  app: App,
  actor: Actor,
  input: Input<'list_webhook_deliveries'>,
): Promise<Output<'list_webhook_deliveries'>> {
  const { webhook_id, status = null, limit } = input;
  const { time_zone } = await webhookOf(app, actor, webhook_id);
  const before = decodeTimeCursor(input.cursor);
  const rows = await listDeliveries(app.sql, { webhook_id, status, before, limit: limit + 1 });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.delivery_id]);
  return {
    items: page.items.map((row) => deliveryJson(row, time_zone)),
    next_cursor: page.next_cursor,
  };
}
