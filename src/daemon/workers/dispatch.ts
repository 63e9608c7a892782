import { AppError } from '../../domain/errors.ts';
import type { Channel } from '../../domain/ports.ts';
import type { App, Worker } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  finishDelivery,
  releaseDeferred,
} from '../store/deliveries.ts';
import { backoffMs } from './backoff.ts';
import { deliver, type Ending } from './dispatch-one.ts';

/** Messages under way at once, by channel: what hangs takes one place, not the line. */
const under_way_max: Readonly<Record<Channel, number>> = { email: 20, sms: 10, push: 20 };
/** Longer than the slowest message: drawing of tickets, connection, greeting and socket timeouts. */
const LEASE_MS = 90_000;
const EVERY_MS = 1_000;
/** How long a tick waits for places to get free before it looks for more to send. */
const WAIT_MS = 250;
/** A provider's trouble passes for all at once, and soon: its circuit decides when. */
const DEFER_MAX_MS = 60_000;

const names = { email: 'dispatcher', sms: 'dispatcher_sms', push: 'dispatcher_push' } as const;

function rateOf({ config }: App, channel: Channel): number {
  const { email_per_minute, sms_per_minute, push_per_minute } = config;
  return { email: email_per_minute, sms: sms_per_minute, push: push_per_minute }[channel];
}

function pauseOf(ending: Ending, { attempts, deferrals }: ClaimedDelivery): number | null {
  if (ending.outcome === 'postpone') return ending.retry_after_ms;
  if (ending.outcome === 'retry') {
    return Math.max(ending.retry_after_ms ?? 0, backoffMs(attempts));
  }
  if (ending.outcome !== 'defer') return null;
  return Math.max(ending.retry_after_ms ?? 0, Math.min(backoffMs(deferrals + 1), DEFER_MAX_MS));
}

/** One message that breaks us must not stop the others; without a database nobody can go on. */
async function tryDeliver(app: App, delivery: ClaimedDelivery): Promise<Ending> {
  try {
    return await deliver(app, delivery);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') throw error;
    app.log.error('delivery.failed', { delivery_id: delivery.delivery_id, err: error });
    const text = error instanceof Error ? error.message : String(error);
    return { outcome: 'retry', code: 'internal', error: text };
  }
}

async function sendOne(app: App, delivery: ClaimedDelivery): Promise<void> {
  const ending = await tryDeliver(app, delivery);
  if (ending.outcome === 'sent') failpoint('after-send');
  const { delivery_id, type, channel, attempts } = delivery;
  const result = ending.outcome;
  const { outcome } = await finishDelivery(app.sql, {
    delivery_id,
    result,
    attempts,
    retry_after_ms: pauseOf(ending, delivery),
    ...(ending.outcome === 'sent' ? { provider_id: ending.provider_id ?? null } : ending),
  });
  if (ending.outcome === 'sent') return;
  const { code, error } = ending;
  const facts = { delivery_id, type, channel, attempts, result, outcome, code, error };
  if (result === 'dropped' || result === 'postpone') app.log.info('delivery.held', facts);
  else app.log.warn('delivery.not_sent', facts);
}

/** Ends after `ms` or with the work, whichever is first. */
async function atMost(ms: number, work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([work, promise]);
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}

/**
 * Sends what the relay queued for one channel. Facts are read when a message goes out, so that it
 * never tells of an old state. Each channel has a loop, places and circuits of its own: one that
 * hangs delays no other.
 */
export function createDispatcher(channel: Channel = 'email'): Worker {
  const under_way = new Set<Promise<void>>();
  let failure: unknown = null;
  let ended = 0;
  let recoveries = 0;

  const start = (app: App, delivery: ClaimedDelivery) => {
    const work: Promise<void> = sendOne(app, delivery)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        ended += 1;
        under_way.delete(work);
      });
    under_way.add(work);
  };

  const claim = async (app: App): Promise<readonly ClaimedDelivery[]> => {
    const now_recovered = app.messenger.recoveries(channel);
    if (now_recovered !== recoveries) {
      recoveries = now_recovered;
      await releaseDeferred(app.sql, channel);
    }
    const free = under_way_max[channel] - under_way.size;
    const limit = Math.min(free, app.messenger.room(channel));
    if (limit < 1) return [];
    const rate_per_minute = rateOf(app, channel);
    return await claimDeliveries(app.sql, { channel, limit, lease_ms: LEASE_MS, rate_per_minute });
  };

  const settle = async (): Promise<void> => {
    await Promise.all(under_way);
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (!signal.aborted) for (const delivery of await claim(app)) start(app, delivery);
    if (under_way.size > 0) {
      // Most of a batch ends together; asking for the next one by one would cost a query each.
      await atMost(WAIT_MS, settle(), signal);
      if (ended === 0) await atMost(EVERY_MS, Promise.race(under_way), signal);
    }
    const error = failure;
    failure = null;
    if (error !== null) throw error;
    const done = ended;
    ended = 0;
    // What is still under way counts as one, so that nobody takes the line for empty.
    return Math.max(done, under_way.size > 0 ? 1 : 0);
  };

  return { name: names[channel], every_ms: EVERY_MS, tick, settle };
}
