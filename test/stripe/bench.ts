// A sandbox, the real SDK pointed at it, and a receiver that keeps what the webhooks brought.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Stripe } from 'stripe';
import { z } from 'zod';
import { type StripeSandbox, startStripeSandbox } from '../../src/sandbox/stripe-server.ts';
import { STRIPE_API_VERSION } from '../../src/sandbox/stripe-types.ts';

export const secret_key = 'sk_test_bench';
export const webhook_secret = 'whsec_bench';

type Received = { readonly body: Buffer; readonly signature: string };

export type Receiver = {
  readonly url: string;
  readonly received: Received[];
  /** What the next requests are answered; 200 once it is used up. */
  readonly answers: number[];
  readonly stop: () => Promise<void>;
};

async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    received.push({
      body: Buffer.concat(chunks),
      signature: String(request.headers['stripe-signature']),
    });
    response.writeHead(answers.shift() ?? 200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    received,
    answers,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function sdkFor(sandbox: StripeSandbox, key = secret_key, retries = 0): Stripe {
  return new Stripe(key, {
    apiVersion: STRIPE_API_VERSION,
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: retries,
  });
}

/** The fields of all control answers that tests look at; absent ones read as empty. */
const answer_schema = z.looseObject({
  id: z.string().default(''),
  charge: z.string().default(''),
  session_id: z.string().default(''),
  status: z.union([z.string(), z.number()]).default(''),
  payment_status: z.string().default(''),
  payment_intent: z.string().nullable().default(null),
  settles_at: z.string().nullable().default(null),
  fired: z.number().default(0),
  events: z.array(z.looseObject({ id: z.string(), type: z.string() })).default([]),
  sessions: z.array(z.looseObject({ id: z.string() })).default([]),
  items: z
    .array(
      z.looseObject({
        attempt: z.number(),
        status: z.string(),
        response_status: z.number().nullable(),
      }),
    )
    .default([]),
});
type Answer = z.infer<typeof answer_schema>;

export type Bench = {
  readonly sandbox: StripeSandbox;
  readonly receiver: Receiver;
  readonly stripe: Stripe;
  /** Calls the control API; throws on an answer that is not 200. */
  readonly control: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Answer>;
  /** Waits until `count` attempts of that event type about `ref` have ended. */
  readonly delivered: (ref: string, event_type: string, count?: number) => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export async function openBench(options: { readonly state_file?: string } = {}): Promise<Bench> {
  const receiver = await startReceiver();
  const sandbox = await startStripeSandbox({
    webhook_url: receiver.url,
    webhook_secret,
    secret_key,
    merchant: 'Klinik & Sahabat',
    ...options,
  });
  const control: Bench['control'] = async (method, path, body) => {
    const response = await fetch(`${sandbox.url}/sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
    return answer_schema.parse(answer);
  };
  return {
    sandbox,
    receiver,
    stripe: sdkFor(sandbox),
    control,
    async delivered(ref, event_type, count = 1) {
      const query = `ref=${ref}&event_type=${event_type}&attempts=${count}&wait_ms=10000`;
      const { items } = await control('GET', `deliveries?${query}`);
      const ended = items.filter((one) => one.status !== 'scheduled');
      if (ended.length < count) throw new Error(`${event_type} ended ${ended.length} times`);
    },
    async [Symbol.asyncDispose]() {
      await sandbox.stop();
      await receiver.stop();
    },
  };
}

/** Parameters of a checkout of Rp 250.000 that lives 31 minutes. */
export function checkoutParams(
  overrides: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Stripe.Checkout.SessionCreateParams {
  return {
    mode: 'payment',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: 'idr',
          unit_amount: 25_000_000,
          product_data: { name: 'Checkup, 30 min' },
        },
      },
    ],
    metadata: { reservation_id: 'res-1', reference_code: 'BP00000001' },
    client_reference_id: 'BP00000001',
    success_url: 'https://clinic.example/done?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://clinic.example/cancel',
    expires_at: Math.floor(Date.now() / 1000) + 31 * 60,
    ...overrides,
  };
}

/** The types of the received events, in the order of arrival. */
export function typesOf(receiver: Receiver): string[] {
  return receiver.received.map(({ body }) => JSON.parse(body.toString()).type);
}
