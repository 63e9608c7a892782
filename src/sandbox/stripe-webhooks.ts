// Events and their way to the receiver: signed like Stripe's, retried with backoff, every attempt
// recorded.

import { createHmac } from 'node:crypto';
import { newId, nowSeconds, put, type State } from './stripe-state.ts';
import {
  type Delivery,
  type Job,
  STRIPE_API_VERSION,
  type StripeEvent,
  type StripeObject,
} from './stripe-types.ts';

const DELIVERY_TIMEOUT_MS = 10_000;
/** Attempts per event. Stripe goes on for three days; a demo that long has given up caring. */
const MAX_ATTEMPTS = 8;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Receivers asked at the same time; the rest waits in line. */
const MAX_IN_FLIGHT = 16;

/** How a group of events reaches the receiver. */
export type DeliveryPlan = {
  readonly mode: 'normal' | 'reversed' | 'duplicate' | 'lost';
  readonly delay_ms: number;
};

export type Receiver = { url: string | null; secrets: string[] };

export type ApiRequest = { readonly id: string | null; readonly idempotency_key: string | null };

/**
 * Writes an event with a snapshot of its object, as Stripe does: later changes do not show in it.
 */
export function recordEvent(
  state: State,
  type: string,
  object: StripeObject,
  request: ApiRequest = { id: null, idempotency_key: null },
): StripeEvent {
  const event: StripeEvent = {
    id: newId('evt_', 18),
    object: 'event',
    api_version: STRIPE_API_VERSION,
    created: nowSeconds(),
    data: { object: structuredClone(object) },
    livemode: false,
    pending_webhooks: 1,
    request: { ...request },
    type,
  };
  put(state, 'events', event.id, event);
  return event;
}

/** The `Stripe-Signature` header: one `v1` per active secret, as while a secret is being rolled. */
export function signatureHeader(body: string, secrets: readonly string[], at: number): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`,
  );
  return [`t=${at}`, ...signatures].join(',');
}

function newDelivery(
  state: State,
  event: StripeEvent,
  attempt: number,
  due_at_ms: number,
): Delivery {
  const delivery: Delivery = {
    id: newId('dlv_'),
    event_id: event.id,
    event_type: event.type,
    attempt,
    status: 'scheduled',
    response_status: null,
    error: null,
    due_at_ms,
    finished_at_ms: null,
  };
  put(state, 'deliveries', delivery.id, delivery);
  return delivery;
}

/** Turns events into deliveries and the job that carries them out; a lost group gets no job. */
export function planDeliveries(
  state: State,
  events: readonly StripeEvent[],
  plan: DeliveryPlan,
): { deliveries: readonly Delivery[]; job: Job | null } {
  const due_at_ms = Date.now() + plan.delay_ms;
  const ordered = plan.mode === 'reversed' ? events.toReversed() : events;
  const repeated = plan.mode === 'duplicate' ? [...ordered, ...ordered] : ordered;
  const deliveries = repeated.map((event) => newDelivery(state, event, 1, due_at_ms));
  if (plan.mode === 'lost') {
    for (const delivery of deliveries) {
      delivery.status = 'lost';
      delivery.error = 'lost on purpose';
      delivery.finished_at_ms = Date.now();
    }
    return { deliveries, job: null };
  }
  const delivery_ids = deliveries.map((delivery) => delivery.id);
  return { deliveries, job: { id: newId('job_'), kind: 'deliver', due_at_ms, delivery_ids } };
}

/**
 * Doubling from 1 s to 60 s, with up to a fifth of jitter so that retries of a burst spread out.
 */
function retryDelay(attempt: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS);
  return Math.round(delay * (1 + Math.random() / 5));
}

type Answer = {
  readonly ok: boolean;
  readonly status: number | null;
  readonly error: string | null;
};

/** One signed request. A redirect is a refusal, as it is for Stripe. */
async function post(
  url: string,
  secrets: readonly string[],
  event: StripeEvent,
  stopping: AbortSignal,
): Promise<Answer> {
  const body = JSON.stringify(event, null, 2);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signatureHeader(body, secrets, nowSeconds()),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(DELIVERY_TIMEOUT_MS), stopping]),
    });
    await response.body?.cancel();
    return { ok: response.ok, status: response.status, error: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'no answer';
    return { ok: false, status: null, error: message };
  }
}

export type Courier = {
  /** Delivers one after the other, so that a plan's order is the order of arrival. */
  readonly deliver: (delivery_ids: readonly string[]) => Promise<void>;
  /**
   * Resolves with the matching attempts once `enough` says so, or with what there is after
   * `wait_ms`.
   */
  readonly waitFor: (
    match: (delivery: Delivery) => boolean,
    enough: (deliveries: readonly Delivery[]) => boolean,
    wait_ms: number,
  ) => Promise<readonly Delivery[]>;
  /** Ends every wait and every request under way. */
  readonly stop: () => void;
};

/** The one who carries webhooks. `again` gets the retry of a failed attempt to schedule. */
export function makeCourier(state: State, receiver: Receiver, again: (job: Job) => void): Courier {
  const watchers = new Set<() => void>();
  const stopping = new AbortController();
  const line: (() => void)[] = [];
  let in_flight = 0;

  async function attempt(delivery: Delivery): Promise<void> {
    const event = state.events.get(delivery.event_id);
    if (event === undefined || receiver.url === null) {
      finish(delivery, 'lost', null, 'no event or no receiver');
      return;
    }
    const answer = await post(receiver.url, receiver.secrets, event, stopping.signal);
    if (answer.ok) event.pending_webhooks = 0;
    const refused = delivery.attempt >= MAX_ATTEMPTS ? 'given_up' : 'failed';
    finish(delivery, answer.ok ? 'delivered' : refused, answer.status, answer.error);
    if (delivery.status === 'failed' && !stopping.signal.aborted) retry(event, delivery);
  }

  function retry(event: StripeEvent, delivery: Delivery): void {
    const due_at_ms = Date.now() + retryDelay(delivery.attempt);
    const next = newDelivery(state, event, delivery.attempt + 1, due_at_ms);
    again({ id: newId('job_'), kind: 'deliver', due_at_ms, delivery_ids: [next.id] });
  }

  function finish(
    delivery: Delivery,
    status: Delivery['status'],
    response_status: number | null,
    error: string | null,
  ): void {
    Object.assign(delivery, { status, response_status, error, finished_at_ms: Date.now() });
    for (const look of watchers) look();
  }

  return {
    async deliver(delivery_ids) {
      if (in_flight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => line.push(resolve));
      in_flight += 1;
      try {
        for (const id of delivery_ids) {
          const delivery = state.deliveries.get(id);
          if (delivery?.status === 'scheduled') await attempt(delivery);
        }
      } finally {
        in_flight -= 1;
        line.shift()?.();
      }
    },
    async waitFor(match, enough, wait_ms) {
      const matching = () => [...state.deliveries.values()].filter(match);
      const found = matching();
      if (enough(found) || wait_ms === 0) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (enough(matching())) resolve();
      };
      watchers.add(look);
      const signal = AbortSignal.any([AbortSignal.timeout(wait_ms), stopping.signal]);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      watchers.delete(look);
      return matching();
    },
    stop() {
      stopping.abort();
    },
  };
}
