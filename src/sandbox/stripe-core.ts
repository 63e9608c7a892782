// The parts of one running sandbox and the three things that every way in does with them.

import type { Faults } from './stripe-faults.ts';
import type { Jobs } from './stripe-jobs.ts';
import { type PayResult, type PayWish, paySession, settleSession } from './stripe-outcomes.ts';
import { expireSession } from './stripe-sessions.ts';
import type { State } from './stripe-state.ts';
import type { CheckoutSession, Delivery, Job, StripeEvent } from './stripe-types.ts';
import {
  type Courier,
  type DeliveryPlan,
  planDeliveries,
  type Receiver,
} from './stripe-webhooks.ts';

export type Sandbox = {
  readonly state: State;
  readonly receiver: Receiver;
  readonly jobs: Jobs;
  readonly courier: Courier;
  readonly faults: Faults;
  readonly secret_key: string;
  readonly merchant: string;
  /** Where the sandbox answers; known once it listens. */
  readonly baseUrl: () => string;
  readonly settings: { refund_status: 'succeeded' | 'pending' };
};

const at_once: DeliveryPlan = { mode: 'normal', delay_ms: 0 };

/** Sends events on their way, in this turn when the plan has no delay. */
export function sendEvents(
  sandbox: Sandbox,
  events: readonly StripeEvent[],
  plan: DeliveryPlan = at_once,
): readonly Delivery[] {
  if (events.length === 0) return [];
  const { deliveries, job } = planDeliveries(sandbox.state, events, plan);
  if (job !== null) sandbox.jobs.schedule(job);
  return deliveries;
}

/** Pays (or fails to pay) a session and sets its webhooks going. */
export function pay(sandbox: Sandbox, session: CheckoutSession, wish: PayWish): PayResult {
  const result = paySession(sandbox.state, session, wish, sandbox.baseUrl());
  if (session.status !== 'open') sandbox.jobs.drop(`expire_${session.id}`);
  sendEvents(sandbox, result.events, result.plan);
  if (result.job !== null) sandbox.jobs.schedule(result.job);
  return result;
}

/**
 * Does a job that is due. Its webhooks are delivered before it ends, so that a flush means
 * "arrived".
 */
export async function runJob(sandbox: Sandbox, job: Job): Promise<void> {
  if (job.kind === 'deliver') return sandbox.courier.deliver(job.delivery_ids);
  const session = sandbox.state.sessions.get(job.session_id);
  if (session === undefined) return;
  const events =
    job.kind === 'settle'
      ? settleSession(sandbox.state, session, job.result)
      : session.status === 'open'
        ? expireSession(sandbox.state, session.id).events
        : [];
  const { deliveries } = planDeliveries(sandbox.state, events, at_once);
  await sandbox.courier.deliver(deliveries.map((delivery) => delivery.id));
}
