// The `/sandbox` side: JSON calls by which a demo, a test or a drill decides what happens next.

import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { cancelIntent } from './stripe-capture.ts';
import { pay, type Sandbox, sendEvents } from './stripe-core.ts';
import { fault_schema } from './stripe-faults.ts';
import { pay_outcomes } from './stripe-outcomes.ts';
import { closeDispute, openDispute, refundCharge, settleRefund } from './stripe-refunds.ts';
import { findSession } from './stripe-sessions.ts';
import type { Charge, CheckoutSession, Delivery } from './stripe-types.ts';

/** Longest wait of one long poll; a client that wants more asks again. */
const MAX_WAIT_MS = 60_000;
const MAX_DELAY_MS = 24 * 3_600_000;

const pay_schema = z.strictObject({
  outcome: z.enum(pay_outcomes),
  delay_ms: z.number().int().min(0).max(MAX_DELAY_MS).nullable().default(null),
  settles: z.enum(['success', 'decline']).default('success'),
});
const pay_ref_schema = pay_schema.extend({ ref: z.string().min(1).max(255) });

const refund_schema = z.strictObject({
  ref: z.string().min(1).max(255),
  amount: z.number().int().min(1).nullable().default(null),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).nullable().default(null),
  status: z.enum(['succeeded', 'pending']).default('succeeded'),
});
const settle_schema = z.strictObject({ status: z.enum(['succeeded', 'failed']) });
const dispute_schema = z.strictObject({
  ref: z.string().min(1).max(255),
  reason: z.string().max(40).default('fraudulent'),
});
const close_schema = z.strictObject({ status: z.enum(['won', 'lost']) });
const flush_schema = z.strictObject({
  kinds: z.array(z.enum(['deliver', 'settle', 'expire'])).default(['deliver', 'settle']),
});
const webhook_schema = z.strictObject({
  url: z.url().nullable().optional(),
  secrets: z.array(z.string().min(1)).min(1).max(5).optional(),
});
const settings_schema = z.strictObject({ refund_status: z.enum(['succeeded', 'pending']) });

export type ControlCall = {
  readonly method: string;
  /** The path below `/sandbox`, already split. */
  readonly steps: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
};

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_input', z.prettifyError(parsed.error));
}

/** The session that a person means: its id, reservation, reference code, payment or intent. */
function sessionOf(sandbox: Sandbox, ref: string): CheckoutSession {
  const session = findSession(sandbox.state, ref);
  if (session !== null) return session;
  throw new AppError('not_found', `No checkout session belongs to ${ref}.`, { ref });
}

function chargeOf(sandbox: Sandbox, ref: string): Charge {
  const { state } = sandbox;
  const intent_id = state.intents.has(ref)
    ? ref
    : (findSession(state, ref)?.payment_intent ?? null);
  const charge_id = state.intents.get(intent_id ?? '')?.latest_charge ?? ref;
  const charge = state.charges.get(charge_id);
  if (charge?.status === 'succeeded') return charge;
  throw new AppError('not_found', `No successful payment belongs to ${ref}.`, { ref });
}

function payAnswer(sandbox: Sandbox, session: CheckoutSession, body: z.infer<typeof pay_schema>) {
  const { events, job } = pay(sandbox, session, body);
  return {
    session_id: session.id,
    status: session.status,
    payment_status: session.payment_status,
    payment_intent: session.payment_intent,
    outcome: body.outcome,
    events: events.map((event) => ({ id: event.id, type: event.type })),
    settles_at: job === null ? null : new Date(job.due_at_ms).toISOString(),
  };
}

/** Counts and the newest objects, for people and for assertions. */
function stateAnswer(sandbox: Sandbox, query: URLSearchParams): unknown {
  const { state } = sandbox;
  const ref = query.get('ref');
  const sessions = ref === null ? [...state.sessions.values()] : [sessionOf(sandbox, ref)];
  const limit = Math.min(Number(query.get('limit') ?? 50) || 50, 1_000);
  const counts = Object.fromEntries(
    Object.entries(state).map(([kind, map]) => [kind, map.size] as const),
  );
  return {
    counts,
    fault: sandbox.faults.get(),
    webhook_url: sandbox.receiver.url,
    settings: sandbox.settings,
    jobs: [...state.jobs.values()].filter((job) => job.kind !== 'expire').slice(0, limit),
    sessions: sessions.toReversed().slice(0, limit),
    events: [...state.events.values()]
      .toReversed()
      .slice(0, limit)
      .map(({ id, type, created, data }) => ({ id, type, created, object_id: data.object.id })),
  };
}

/**
 * Deliveries that match the query; `wait_ms` holds the answer until `attempts` of them have ended.
 */
async function deliveriesAnswer(sandbox: Sandbox, query: URLSearchParams): Promise<unknown> {
  const event_id = query.get('event_id');
  const event_type = query.get('event_type');
  const ref = query.get('ref');
  const status = query.get('status');
  const wait_ms = Math.min(Number(query.get('wait_ms') ?? 0) || 0, MAX_WAIT_MS);
  const attempts = Number(query.get('attempts') ?? 1) || 1;
  const session = ref === null ? null : sessionOf(sandbox, ref);
  const match = (delivery: Delivery) => {
    if (event_id !== null && delivery.event_id !== event_id) return false;
    if (event_type !== null && delivery.event_type !== event_type) return false;
    if (status !== null && delivery.status !== status) return false;
    if (session === null) return true;
    const object_id = sandbox.state.events.get(delivery.event_id)?.data.object.id;
    return object_id === session.id || object_id === session.payment_intent;
  };
  const enough = (deliveries: readonly Delivery[]) =>
    deliveries.filter((one) => one.status !== 'scheduled').length >= attempts;
  return { items: await sandbox.courier.waitFor(match, enough, wait_ms), next_cursor: null };
}

function resend(sandbox: Sandbox, id: string): unknown {
  const event = sandbox.state.events.get(id);
  if (event === undefined) throw new AppError('not_found', `No event ${id}.`);
  const deliveries = sendEvents(sandbox, [event]);
  return { event_id: id, deliveries: deliveries.map((delivery) => delivery.id) };
}

/** Sends what never left: all events of a session whose webhooks were lost, in their order. */
function resendLost(sandbox: Sandbox): unknown {
  const lost = [...sandbox.state.deliveries.values()].filter((one) => one.status === 'lost');
  const ids = new Set(lost.map((delivery) => delivery.event_id));
  const events = [...sandbox.state.events.values()].filter((event) => ids.has(event.id));
  sendEvents(sandbox, events);
  return { events: events.map(({ id, type }) => ({ id, type })) };
}

function setWebhook(sandbox: Sandbox, body: unknown): unknown {
  const { url, secrets } = parse(webhook_schema, body);
  if (url !== undefined) sandbox.receiver.url = url;
  if (secrets !== undefined) sandbox.receiver.secrets = secrets;
  return { url: sandbox.receiver.url, secrets: sandbox.receiver.secrets.length };
}

function refundByHand(sandbox: Sandbox, body: unknown): unknown {
  const { ref, ...wish } = parse(refund_schema, body);
  const charge = chargeOf(sandbox, ref);
  const { object, events } = refundCharge(sandbox.state, { charge, metadata: {}, ...wish });
  sendEvents(sandbox, events);
  return object;
}

/** The bank lets an authorisation go by itself, as it does after some days. */
function lapseByHand(sandbox: Sandbox, ref: string): unknown {
  const intent_id = findSession(sandbox.state, ref)?.payment_intent ?? ref;
  const form = { cancellation_reason: 'automatic' };
  const request = { id: null, idempotency_key: null };
  const lapsed = cancelIntent(sandbox.state, intent_id, form, request);
  sendEvents(sandbox, lapsed.events);
  return lapsed.object;
}

/** Answers one control call; throws AppError for what is wrong with it. */
export async function answerControl(sandbox: Sandbox, call: ControlCall): Promise<unknown> {
  const { body, steps, query } = call;
  const [noun = '', id = '', verb = ''] = steps;
  switch (`${call.method} ${steps.length === 3 ? `${noun}/:id/${verb}` : steps.join('/')}`) {
    case 'GET state':
      return stateAnswer(sandbox, query);
    case 'GET deliveries':
      return deliveriesAnswer(sandbox, query);
    case 'POST pay': {
      const { ref, ...wish } = parse(pay_ref_schema, body);
      return payAnswer(sandbox, sessionOf(sandbox, ref), wish);
    }
    case 'POST sessions/:id/pay':
      return payAnswer(sandbox, sessionOf(sandbox, id), parse(pay_schema, body));
    case 'POST faults':
      sandbox.faults.set(parse(fault_schema, body));
      return sandbox.faults.get();
    case 'POST settings':
      return Object.assign(sandbox.settings, parse(settings_schema, body));
    case 'POST webhook':
      return setWebhook(sandbox, body);
    case 'POST flush':
      return { fired: await sandbox.jobs.flush(parse(flush_schema, body).kinds) };
    case 'POST events/:id/resend':
      return resend(sandbox, id);
    case 'POST resend-lost':
      return resendLost(sandbox);
    case 'POST refunds':
      return refundByHand(sandbox, body);
    case 'POST refunds/:id/settle': {
      const { status } = parse(settle_schema, body);
      const settled = settleRefund(sandbox.state, id, status);
      sendEvents(sandbox, settled.events);
      return settled.object;
    }
    case 'POST intents/:id/lapse':
      return lapseByHand(sandbox, id);
    case 'POST disputes/:id/close': {
      const closed = closeDispute(sandbox.state, id, parse(close_schema, body).status);
      sendEvents(sandbox, closed.events);
      return closed.object;
    }
    case 'POST disputes': {
      const { ref, reason } = parse(dispute_schema, body);
      const dispute = openDispute(sandbox.state, chargeOf(sandbox, ref), reason);
      sendEvents(sandbox, dispute.events);
      return dispute.object;
    }
    default:
      throw new AppError(
        'not_found',
        `No such control: ${call.method} /sandbox/${steps.join('/')}`,
      );
  }
}
