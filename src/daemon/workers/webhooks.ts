import { webhookWaitMs } from '../../domain/webhook.ts';
import type { App, Worker } from '../app-types.ts';
import {
  type ClaimedWebhook,
  claimWebhooks,
  finishWebhook,
  pruneWebhooks,
  queueWebhooks,
} from '../store/webhook-endpoints-deliveries.ts';
import { createGuard, type Guard } from './webhooks-guard.ts';
import { sendWebhook, webhook_timeout_ms, webhookBody } from './webhooks-send.ts';

/** Events that are turned into deliveries in one statement. */
const events_batch = 500;
/** Requests under way from one daemon. */
const parallel_max = 64;
/** Requests under way to one endpoint, from all daemons together. */
const per_endpoint_max = 4;
/** Longer than an attempt with everything around it. */
export const webhook_lease_ms = webhook_timeout_ms + 20_000;
const every_ms = 1_000;
const kept_days = 30;
const prune_batch = 500;
/** At a stop; leases end what is left over. */
const settle_max_ms = 15_000;
const prune_every_ms = 60_000;

export type WebhookSender = {
  readonly worker: Worker;
  /** Called when a place is free again: then more can be claimed. */
  readonly onFree: (wake: () => void) => void;
  /** Resolves when no request is under way; gives up on a database that stays away. */
  readonly settled: () => Promise<void>;
};

/** The guard that this daemon's settings ask for. */
export function guardOf(app: App): Guard {
  const { webhook_allow, env } = app.config;
  return createGuard({ allow: webhook_allow, is_prod: env === 'prod' });
}

/** Makes one attempt and records it. */
export async function attemptWebhook(
  app: App,
  guard: Guard,
  claimed: ClaimedWebhook,
  stop: AbortSignal,
): Promise<void> {
  const { delivery_id, attempts, endpoint_id: webhook_id, event_type } = claimed;
  const end = { delivery_id, attempts };
  const nothing = { status_code: null, response: null, duration_ms: null, retry_after_ms: null };
  const body = webhookBody(claimed);
  if (body === null) {
    const error = 'the event is no longer kept';
    await finishWebhook(app.sql, { ...end, ...nothing, result: 'dead', error });
    return;
  }
  const attempt = await sendWebhook(guard, claimed, body, stop).catch(() => null);
  if (attempt === null) {
    const error = 'the daemon was stopped';
    await finishWebhook(app.sql, { ...end, ...nothing, result: 'released', error });
    return;
  }
  const { status_code, error, response, duration_ms, asked_ms } = attempt;
  const result = error === null ? 'delivered' : status_code === 410 ? 'gone' : 'retry';
  const retry_after_ms = result === 'retry' ? webhookWaitMs(attempts, Math.random(), asked_ms) : 0;
  const { outcome, is_disabled } = await finishWebhook(app.sql, {
    ...end,
    result,
    status_code,
    error,
    response,
    duration_ms,
    retry_after_ms,
  });
  if (error === null) return;
  const facts = { webhook_id, delivery_id, event_type, attempts, status_code, error, outcome };
  app.log.warn('webhook.not_delivered', facts);
  if (is_disabled) {
    app.log.error('webhook.disabled', { webhook_id, clinic_id: claimed.clinic_id, error });
    app.wake.relay();
  }
}

/**
 * Sends events to the endpoints of the clinics. Requests go on between ticks: a receiver that hangs
 * keeps its own few places and none of another's.
 */
export function createWebhookSender(guard_of: (app: App) => Guard = guardOf): WebhookSender {
  const under_way = new Set<Promise<void>>();
  let guard: Guard | null = null;
  let wake = () => {};
  let next_prune = 0;

  const start = (app: App, claimed: ClaimedWebhook, signal: AbortSignal) => {
    guard ??= guard_of(app);
    const sending: Promise<void> = attemptWebhook(app, guard, claimed, signal)
      // The lease runs out, and the delivery is given again.
      .catch((error: unknown) => app.log.error('webhook.failed', { err: error }))
      .finally(() => {
        under_way.delete(sending);
        if (!signal.aborted) wake();
      });
    under_way.add(sending);
  };

  const prune = async (app: App): Promise<number> => {
    if (performance.now() < next_prune) return 0;
    next_prune = performance.now() + prune_every_ms;
    return await pruneWebhooks(app.sql, kept_days, prune_batch);
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    const events = await queueWebhooks(app.sql, events_batch);
    const free = parallel_max - under_way.size;
    const claimed =
      free <= 0 ? [] : await claimWebhooks(app.sql, free, per_endpoint_max, webhook_lease_ms);
    for (const one of claimed) start(app, one, signal);
    return events + claimed.length + (await prune(app));
  };

  return {
    worker: { name: 'webhooks', every_ms, tick },
    onFree: (target) => {
      wake = target;
    },
    settled: async () => {
      const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>();
      const timer = setTimeout(() => giveUp('late'), settle_max_ms);
      while (under_way.size > 0) {
        if ((await Promise.race([Promise.allSettled(under_way), late])) === 'late') break;
      }
      clearTimeout(timer);
    },
  };
}
