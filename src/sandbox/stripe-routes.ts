// The table of API addresses that the sandbox answers, with the parameters that each one knows.

import { cancelIntent, captureIntent } from './stripe-capture.ts';
import { attachMethod, createMethod, detachMethod } from './stripe-cards.ts';
import { type Sandbox, sendEvents } from './stripe-core.ts';
import { childOf, type Form, metadataOf, textOf } from './stripe-form.ts';
import {
  confirmIntent,
  createIntent,
  type IntentAnswer,
  type Outcome,
  refusal,
} from './stripe-intents.ts';
import { listOf, page_params } from './stripe-list.ts';
import { newCustomer } from './stripe-outcomes.ts';
import { createRefund, updateRefund } from './stripe-refunds.ts';
import { createSession, expireSession } from './stripe-sessions.ts';
import { mustFind } from './stripe-state.ts';
import type { ApiRequest } from './stripe-webhooks.ts';

type Call = {
  readonly sandbox: Sandbox;
  readonly id: string;
  readonly form: Form;
  readonly request: ApiRequest;
};

export type Route = {
  readonly method: 'GET' | 'POST';
  /** `:id` matches one path segment. */
  readonly path: string;
  readonly params: readonly string[];
  readonly run: (call: Call) => unknown;
};

/** Sends what the call caused and answers its object; a refused card becomes the 402 after that. */
function answer<T>(sandbox: Sandbox, outcome: Outcome<T>): T {
  sendEvents(sandbox, outcome.events);
  return outcome.object;
}

function intentAnswer(sandbox: Sandbox, outcome: IntentAnswer): unknown {
  const intent = answer(sandbox, outcome);
  if (outcome.refused) throw refusal(intent);
  return intent;
}

function lineItemsOf({ sandbox, id, form }: Call): unknown {
  mustFind(sandbox.state.sessions, id, 'checkout.session');
  const items = sandbox.state.extras.get(id)?.line_items ?? [];
  return listOf(`/v1/checkout/sessions/${id}/line_items`, items.toReversed(), form);
}

const session_params = [
  'mode',
  'line_items',
  'success_url',
  'cancel_url',
  'client_reference_id',
  'customer',
  'customer_creation',
  'customer_email',
  'expires_at',
  'locale',
  'metadata',
  'payment_intent_data',
  'payment_method_types',
  'submit_type',
];

const sessions: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/checkout/sessions',
    params: session_params,
    run({ sandbox, form }) {
      const { session, job } = createSession(sandbox.state, form, sandbox.baseUrl());
      sandbox.jobs.schedule(job);
      return session;
    },
  },
  {
    method: 'GET',
    path: '/v1/checkout/sessions',
    params: [...page_params, 'payment_intent', 'status', 'customer'],
    run({ sandbox, form }) {
      const wanted = (['payment_intent', 'status', 'customer'] as const).map(
        (name) => [name, textOf(form, name)] as const,
      );
      const values = [...sandbox.state.sessions.values()].filter((session) =>
        wanted.every(([name, value]) => value === null || session[name] === value),
      );
      return listOf('/v1/checkout/sessions', values, form);
    },
  },
  {
    method: 'GET',
    path: '/v1/checkout/sessions/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.sessions, id, 'checkout.session'),
  },
  {
    method: 'POST',
    path: '/v1/checkout/sessions/:id/expire',
    params: [],
    run({ sandbox, id, request }) {
      const outcome = expireSession(sandbox.state, id, request);
      sandbox.jobs.drop(`expire_${id}`);
      return answer(sandbox, outcome);
    },
  },
  {
    method: 'GET',
    path: '/v1/checkout/sessions/:id/line_items',
    params: page_params,
    run: lineItemsOf,
  },
];

const intents: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/payment_intents',
    params: [
      'amount',
      'automatic_payment_methods',
      'capture_method',
      'confirm',
      'currency',
      'customer',
      'description',
      'metadata',
      'off_session',
      'payment_method',
      'payment_method_types',
      'receipt_email',
      'return_url',
      'setup_future_usage',
    ],
    run: ({ sandbox, form, request }) =>
      intentAnswer(sandbox, createIntent(sandbox.state, form, sandbox.baseUrl(), request)),
  },
  {
    method: 'GET',
    path: '/v1/payment_intents',
    params: [...page_params, 'customer'],
    run({ sandbox, form }) {
      const customer = textOf(form, 'customer');
      const values = [...sandbox.state.intents.values()].filter(
        (intent) => customer === null || intent.customer === customer,
      );
      return listOf('/v1/payment_intents', values, form);
    },
  },
  {
    method: 'GET',
    path: '/v1/payment_intents/:id',
    params: ['client_secret'],
    run: ({ sandbox, id }) => mustFind(sandbox.state.intents, id, 'payment_intent'),
  },
  {
    method: 'POST',
    path: '/v1/payment_intents/:id/confirm',
    params: ['off_session', 'payment_method', 'return_url', 'setup_future_usage'],
    run: ({ sandbox, id, form, request }) =>
      intentAnswer(sandbox, confirmIntent(sandbox.state, id, form, sandbox.baseUrl(), request)),
  },
  {
    method: 'POST',
    path: '/v1/payment_intents/:id/capture',
    params: ['amount_to_capture', 'metadata'],
    run: ({ sandbox, id, form, request }) =>
      answer(sandbox, captureIntent(sandbox.state, id, form, request)),
  },
  {
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    params: ['cancellation_reason'],
    run: ({ sandbox, id, form, request }) =>
      answer(sandbox, cancelIntent(sandbox.state, id, form, request)),
  },
];

const money_back: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/refunds',
    params: ['amount', 'charge', 'metadata', 'payment_intent', 'reason'],
    run: ({ sandbox, form, request }) =>
      answer(sandbox, createRefund(sandbox.state, form, sandbox.settings.refund_status, request)),
  },
  {
    method: 'GET',
    path: '/v1/refunds',
    params: [...page_params, 'charge', 'payment_intent'],
    run({ sandbox, form }) {
      const charge = textOf(form, 'charge');
      const intent = textOf(form, 'payment_intent');
      const values = [...sandbox.state.refunds.values()].filter(
        (refund) =>
          (charge === null || refund.charge === charge) &&
          (intent === null || refund.payment_intent === intent),
      );
      return listOf('/v1/refunds', values, form);
    },
  },
  {
    method: 'GET',
    path: '/v1/refunds/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.refunds, id, 'refund'),
  },
  {
    method: 'POST',
    path: '/v1/refunds/:id',
    params: ['metadata'],
    run: ({ sandbox, id, form }) => updateRefund(sandbox.state, id, form),
  },
  {
    method: 'GET',
    path: '/v1/charges/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.charges, id, 'charge'),
  },
  {
    method: 'GET',
    path: '/v1/disputes/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.disputes, id, 'dispute'),
  },
];

const people: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/customers',
    params: ['description', 'email', 'metadata', 'name', 'phone'],
    run: ({ sandbox, form }) =>
      newCustomer(sandbox.state, {
        description: textOf(form, 'description'),
        email: textOf(form, 'email'),
        metadata: metadataOf(form),
        name: textOf(form, 'name'),
        phone: textOf(form, 'phone'),
      }),
  },
  {
    method: 'GET',
    path: '/v1/customers/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.customers, id, 'customer'),
  },
  {
    method: 'GET',
    path: '/v1/customers/:id/payment_methods',
    params: [...page_params, 'type'],
    run: ({ sandbox, id, form }) => methodsOf(sandbox, id, form),
  },
  {
    method: 'GET',
    path: '/v1/payment_methods',
    params: [...page_params, 'customer', 'type'],
    run: ({ sandbox, form }) => methodsOf(sandbox, textOf(form, 'customer'), form),
  },
  {
    method: 'POST',
    path: '/v1/payment_methods',
    params: ['billing_details', 'card', 'metadata', 'type'],
    run: ({ sandbox, form }) => createMethod(sandbox.state, form),
  },
  {
    method: 'GET',
    path: '/v1/payment_methods/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.methods, id, 'PaymentMethod'),
  },
  {
    method: 'POST',
    path: '/v1/payment_methods/:id/attach',
    params: ['customer'],
    run: ({ sandbox, id, form }) => attachMethod(sandbox.state, id, form),
  },
  {
    method: 'POST',
    path: '/v1/payment_methods/:id/detach',
    params: [],
    run: ({ sandbox, id }) => detachMethod(sandbox.state, id),
  },
];

function methodsOf(sandbox: Sandbox, customer: string | null, form: Form): unknown {
  if (customer !== null) mustFind(sandbox.state.customers, customer, 'customer', 'customer');
  const values = [...sandbox.state.methods.values()].filter(
    (method) => method.customer !== null && method.customer === customer,
  );
  return listOf('/v1/payment_methods', values, form);
}

const news: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/events',
    params: [...page_params, 'type', 'types', 'delivery_success'],
    run({ sandbox, form }) {
      const type = textOf(form, 'type');
      const types = Object.values(childOf(form, 'types'));
      const values = [...sandbox.state.events.values()].filter(
        (event) =>
          (type === null || event.type === type) &&
          (types.length === 0 || types.includes(event.type)),
      );
      return listOf('/v1/events', values, form);
    },
  },
  {
    method: 'GET',
    path: '/v1/events/:id',
    params: [],
    run: ({ sandbox, id }) => mustFind(sandbox.state.events, id, 'event'),
  },
  {
    method: 'GET',
    path: '/v1/balance',
    params: [],
    run({ sandbox }) {
      const available = new Map<string, number>();
      for (const charge of sandbox.state.charges.values()) {
        const net = charge.amount_captured - charge.amount_refunded;
        available.set(charge.currency, (available.get(charge.currency) ?? 0) + net);
      }
      const rows = [...available].map(([currency, amount]) => ({ amount, currency }));
      return { object: 'balance', available: rows, livemode: false, pending: [] };
    },
  },
];

/** Every address, in the order in which they are tried. */
export const routes: readonly Route[] = [
  ...sessions,
  ...intents,
  ...money_back,
  ...people,
  ...news,
];
