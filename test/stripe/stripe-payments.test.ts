import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStripePayments } from '../../src/daemon/adapters/stripe-payments.ts';
import type { CheckoutRequest, PaymentEvent, PaymentGateway } from '../../src/domain/ports.ts';
import { signatureHeader } from '../../src/sandbox/stripe-webhooks.ts';
import { type Bench, openBench, secret_key, webhook_secret } from './bench.ts';

let bench: Bench;
let payments: PaymentGateway;

function open(overrides: Partial<Parameters<typeof openStripePayments>[0]> = {}): PaymentGateway {
  return openStripePayments({
    stripe_secret_key: secret_key,
    stripe_webhook_secret: ['whsec_retired', webhook_secret],
    stripe_api_base: bench.sandbox.url,
    ...overrides,
  });
}

beforeEach(async () => {
  bench = await openBench();
  payments = open();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

let attempts = 0;
function wish(overrides: Partial<CheckoutRequest> = {}): CheckoutRequest {
  attempts += 1;
  return {
    payment_id: `pay-${attempts}`,
    reservation_id: `res-${attempts}`,
    reference_code: `BP${String(attempts).padStart(8, '0')}`,
    amount: { amount_minor: 25_000_000, currency: 'IDR' },
    description: 'Checkup, Fri 11:15',
    customer_email: 'dewi@example.com',
    save_for: null,
    authorise_only: false,
    lang: 'id',
    success_url: 'https://clinic.example/done',
    cancel_url: 'https://clinic.example/cancel',
    ...overrides,
  };
}

/** Pays and gives back what the webhooks said, read through the adapter. */
async function eventsOf(
  request: CheckoutRequest,
  outcome: string,
  last: string,
): Promise<PaymentEvent[]> {
  await bench.control('POST', 'pay', { ref: request.reservation_id, outcome });
  await bench.control('POST', 'flush');
  await bench.delivered(request.reservation_id, last);
  return Promise.all(
    bench.receiver.received.map(({ body, signature }) => payments.verifyWebhook(body, signature)),
  );
}

describe('createCheckout', () => {
  test('opens a page for 33 minutes with our names in its metadata', async () => {
    const request = wish();
    const checkout = await payments.createCheckout(request);
    const life_s = (Date.parse(checkout.expires_at) - Date.now()) / 1000;
    expect(life_s).toBeGreaterThan(32.5 * 60);
    expect(life_s).toBeLessThanOrEqual(33 * 60);
    const session = await bench.stripe.checkout.sessions.retrieve(checkout.session_id);
    expect(session).toMatchObject({
      url: checkout.payment_url,
      amount_total: 25_000_000,
      currency: 'idr',
      locale: 'id',
      customer_email: 'dewi@example.com',
      client_reference_id: request.reference_code,
      metadata: {
        payment_id: request.payment_id,
        reservation_id: request.reservation_id,
        reference_code: request.reference_code,
      },
    });
  });

  test('yen stay whole', async () => {
    const amount = { amount_minor: 3500, currency: 'JPY' };
    const { session_id } = await payments.createCheckout(wish({ amount, customer_email: null }));
    const session = await bench.stripe.checkout.sessions.retrieve(session_id);
    expect(session).toMatchObject({ amount_total: 3500, currency: 'jpy', customer_email: null });
  });

  test('one payment, one session: even when it is asked for again later', async () => {
    const request = wish();
    const first = await payments.createCheckout(request);
    // Another description stands for the other `expires_at` that a later call has.
    const second = await payments.createCheckout({ ...request, description: 'Checkup' });
    expect(second).toEqual(first);
    expect((await bench.stripe.checkout.sessions.list()).data).toHaveLength(1);
  });

  test('an answer that was lost is fetched by the retry', async () => {
    const lost = { mode: 'outage', status: 0, phase: 'after', times: 1 };
    await bench.control('POST', 'faults', lost);
    const { session_id } = await payments.createCheckout(wish());
    const { data } = await bench.stripe.checkout.sessions.list();
    expect(data.map(({ id }) => id)).toEqual([session_id]);
  });

  test.each([
    ['an outage', { mode: 'outage', status: 503 }, 'unavailable'],
    ['a cut line', { mode: 'outage', status: 0 }, 'unavailable'],
    ['too many requests', { mode: 'outage', status: 429 }, 'unavailable'],
  ])('%s is unavailable, with a time to come back', async (_name, fault, code) => {
    await bench.control('POST', 'faults', fault);
    await expect(payments.createCheckout(wish())).rejects.toMatchObject({
      name: 'AppError',
      code,
      facts: { retry_after_ms: 2_000 },
    });
  });

  test('a refused request is final, a refused key is ours to mend', async () => {
    const nothing = wish({ amount: { amount_minor: -1, currency: 'IDR' } });
    await expect(payments.createCheckout(nothing)).rejects.toMatchObject({
      code: 'payment_failed',
      facts: { provider_code: 'parameter_invalid_integer' },
    });
    const stranger = open({ stripe_secret_key: 'sk_test_stranger_1234' });
    const refused = await stranger.createCheckout(wish()).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'unavailable' });
    expect(String(refused)).not.toContain('stranger');
  });
});

describe('expireCheckout and retrieveCheckout', () => {
  test('an open session closes, and closing it again changes nothing', async () => {
    const { session_id } = await payments.createCheckout(wish());
    expect(await payments.retrieveCheckout(session_id)).toEqual({ outcome: 'open' });
    expect(await payments.expireCheckout(session_id)).toEqual({ outcome: 'expired' });
    expect(await payments.expireCheckout(session_id)).toEqual({ outcome: 'expired' });
    expect(await payments.retrieveCheckout(session_id)).toEqual({ outcome: 'expired' });
  });

  test('money that came first is handed over', async () => {
    const request = wish();
    const { session_id } = await payments.createCheckout(request);
    await bench.control('POST', 'pay', { ref: session_id, outcome: 'lost_webhook' });
    const closed = await payments.expireCheckout(session_id);
    expect(closed).toMatchObject({
      outcome: 'paid',
      event: {
        event_id: `lookup_${session_id}`,
        event_type: 'checkout.session.completed',
        result: 'success',
        session_id,
        payment_intent: expect.stringMatching(/^pi_/),
        amount: request.amount,
        metadata: { reservation_id: request.reservation_id },
      },
    });
    expect(await payments.retrieveCheckout(session_id)).toEqual(closed);
  });

  test('money under way is told apart from money that came', async () => {
    const { session_id } = await payments.createCheckout(wish());
    await bench.control('POST', 'pay', { ref: session_id, outcome: 'late' });
    expect(await payments.expireCheckout(session_id)).toEqual({ outcome: 'processing' });
    await bench.control('POST', 'flush');
    expect(await payments.expireCheckout(session_id)).toMatchObject({ outcome: 'paid' });
  });

  test('a session that Stripe does not know is said to be unknown', async () => {
    const unknown = { outcome: 'unknown_session' };
    expect(await payments.expireCheckout('cs_test_none')).toEqual(unknown);
    expect(await payments.retrieveCheckout('cs_test_none')).toEqual(unknown);
  });
});

describe('refund', () => {
  async function paidIntent(): Promise<string> {
    const { session_id } = await payments.createCheckout(wish());
    const pay = { ref: session_id, outcome: 'success' };
    const { payment_intent } = await bench.control('POST', 'pay', pay);
    if (payment_intent === null) throw new Error('paid without a payment intent');
    return payment_intent;
  }
  const half = { amount_minor: 12_500_000, currency: 'IDR' };

  test('the same refund asked for twice moves the money once', async () => {
    const payment_intent = await paidIntent();
    const request = { refund_id: 'refund-1', payment_intent, amount: half, reason: 'sick pet' };
    const first = await payments.refund(request);
    expect(first).toEqual({
      external_reference: expect.stringMatching(/^re_/),
      status: 'completed',
    });
    expect(await payments.refund(request)).toEqual(first);
    const { data } = await bench.stripe.refunds.list({ payment_intent });
    expect(data).toMatchObject([
      { amount: 12_500_000, metadata: { refund_id: 'refund-1', reason: 'sick pet' } },
    ]);
  });

  test('a bank that takes days is processing; more than was paid is final', async () => {
    const payment_intent = await paidIntent();
    await bench.control('POST', 'settings', { refund_status: 'pending' });
    const slow = { refund_id: 'refund-2', payment_intent, amount: half, reason: 'cancelled' };
    expect(await payments.refund(slow)).toMatchObject({ status: 'processing' });
    const amount = { amount_minor: 12_500_001, currency: 'IDR' };
    const beyond = payments.refund({ ...slow, refund_id: 'refund-3', amount });
    await expect(beyond).rejects.toMatchObject({ code: 'payment_failed' });
  });
});

describe('verifyWebhook', () => {
  test('a paid checkout counts once, through its session', async () => {
    const request = wish();
    const { session_id } = await payments.createCheckout(request);
    const events = await eventsOf(request, 'success', 'checkout.session.completed');
    expect(events.map(({ event_type, result }) => [event_type, result])).toEqual([
      ['charge.succeeded', 'ignored'],
      ['payment_intent.succeeded', 'ignored'],
      ['checkout.session.completed', 'success'],
    ]);
    expect(events[2]).toMatchObject({
      event_id: expect.stringMatching(/^evt_/),
      session_id,
      amount: { amount_minor: 25_000_000, currency: 'IDR' },
      metadata: { payment_id: request.payment_id, reference_code: request.reference_code },
    });
    expect(Math.abs(Date.parse(events[2]!.occurred_at) - Date.now())).toBeLessThan(5_000);
  });

  test('a payment under way is ignored until the bank decides', async () => {
    const request = wish();
    await payments.createCheckout(request);
    const last = 'checkout.session.async_payment_succeeded';
    const events = await eventsOf(request, 'processing', last);
    const results = new Map(events.map((event) => [event.event_type, event.result]));
    expect(results.get('checkout.session.completed')).toBe('ignored');
    expect(results.get(last)).toBe('success');
  });

  test('a declined card is a failure without a session: the page is still open', async () => {
    const request = wish();
    await payments.createCheckout(request);
    const events = await eventsOf(request, 'decline', 'payment_intent.payment_failed');
    expect(events.at(-1)).toMatchObject({
      result: 'failed',
      session_id: null,
      metadata: { reservation_id: request.reservation_id },
    });
  });

  test('expiry, refunds and disputes have their own results and carry no card', async () => {
    const request = wish();
    const { session_id } = await payments.createCheckout(wish());
    await payments.expireCheckout(session_id);
    await bench.delivered(session_id, 'checkout.session.expired');
    await payments.createCheckout(request);
    await eventsOf(request, 'success', 'checkout.session.completed');
    await bench.control('POST', 'refunds', { ref: request.reservation_id, amount: 1_000 });
    await bench.control('POST', 'disputes', { ref: request.reservation_id });
    await bench.control('GET', 'deliveries?event_type=charge.dispute.created&wait_ms=10000');
    const events = await Promise.all(
      bench.receiver.received.map(({ body, signature }) => payments.verifyWebhook(body, signature)),
    );
    const found = Object.fromEntries(events.map((event) => [event.event_type, event]));
    expect(found['checkout.session.expired']).toMatchObject({ result: 'expired', session_id });
    // The sum of its refunds; each of them is told by an event of its own.
    expect(found['charge.refunded']).toMatchObject({
      result: 'ignored',
      amount: { amount_minor: 1_000, currency: 'IDR' },
      metadata: { reservation_id: request.reservation_id },
    });
    expect(found['charge.dispute.created']).toMatchObject({ result: 'disputed' });
    expect(JSON.stringify(events)).not.toMatch(/last4|4242|fingerprint/);
  });

  test('tampered, unsigned, foreign and old events are refused as bad input', async () => {
    const request = wish();
    await payments.createCheckout(request);
    await eventsOf(request, 'success', 'checkout.session.completed');
    const { body, signature } = bench.receiver.received[0]!;
    const changed = Buffer.from(body.toString().replace('"livemode": false', '"livemode": true'));
    expect(changed.equals(body)).toBe(false);
    const now_s = Math.floor(Date.now() / 1000);
    const signed = (secret: string, at: number) => signatureHeader(body.toString(), [secret], at);
    const bad: [Buffer, string | undefined][] = [
      [changed, signature],
      [body, undefined],
      [body, 'nonsense'],
      [body, signed('whsec_foreign', now_s)],
      [body, signed(webhook_secret, now_s - 301)],
    ];
    for (const [bytes, header] of bad) {
      await expect(payments.verifyWebhook(bytes, header)).rejects.toMatchObject({
        name: 'AppError',
        code: 'invalid_input',
      });
    }
    const recent = signed(webhook_secret, now_s - 290);
    expect((await payments.verifyWebhook(body, recent)).event_type).toBe('charge.succeeded');
    const retired = signed('whsec_retired', now_s);
    expect((await payments.verifyWebhook(body, retired)).event_type).toBe('charge.succeeded');
  });
});

test('health says whether Stripe answers, and never throws', async () => {
  expect(await payments.health()).toMatchObject({ ok: true });
  await bench.control('POST', 'faults', { mode: 'outage', status: 503 });
  expect(await payments.health()).toMatchObject({ ok: false });
  await bench.control('POST', 'faults', { mode: 'none' });
  const nobody = open({ stripe_api_base: 'http://127.0.0.1:1' });
  expect(await nobody.health()).toMatchObject({ ok: false });
});
