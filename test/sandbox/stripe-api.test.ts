import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, checkoutParams, openBench, sdkFor } from '../stripe/bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const inMinutes = (minutes: number) => Math.floor(Date.now() / 1000) + minutes * 60;

async function paid(overrides: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
  const { id } = await bench.stripe.checkout.sessions.create(checkoutParams(overrides));
  await bench.control('POST', `sessions/${id}/pay`, { outcome: 'success' });
  return bench.stripe.checkout.sessions.retrieve(id);
}

describe('checkout sessions', () => {
  test('a new session is open, unpaid and has no payment intent yet', async () => {
    const session = await bench.stripe.checkout.sessions.create(checkoutParams());
    expect(session).toMatchObject({
      object: 'checkout.session',
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
      amount_total: 25_000_000,
      currency: 'idr',
      client_reference_id: 'BP00000001',
      metadata: { reservation_id: 'res-1', reference_code: 'BP00000001' },
    });
    expect(session.id).toMatch(/^cs_test_/);
    expect(session.url).toBe(`${bench.sandbox.url}/pay/${session.id}`);
    expect(session.lastResponse.requestId).toMatch(/^req_/);
    expect(session.lastResponse.apiVersion).toBe('2026-10-28.endive');
  });

  test('amounts keep the exponents of Stripe: yen are whole, rupiah have hundredths', async () => {
    const yen = { currency: 'jpy', unit_amount: 3500, product_data: { name: '診察' } };
    const session = await bench.stripe.checkout.sessions.create(
      checkoutParams({ line_items: [{ quantity: 2, price_data: yen }] }),
    );
    expect(session).toMatchObject({ amount_total: 7000, currency: 'jpy' });
    const { data } = await bench.stripe.checkout.sessions.listLineItems(session.id);
    expect(data).toMatchObject([{ description: '診察', quantity: 2, amount_total: 7000 }]);
  });

  test.each([
    ['29 minutes', 29, /at least 30 minutes/],
    ['25 hours', 25 * 60, /less than 24 hours/],
  ])('a life of %s is refused', async (_name, minutes, message) => {
    const params = checkoutParams({ expires_at: inMinutes(minutes) });
    await expect(bench.stripe.checkout.sessions.create(params)).rejects.toMatchObject({
      statusCode: 400,
      param: 'expires_at',
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no line items', { line_items: [] }, 'line_items'],
    ['a fraction', { expires_at: 1.5 }, 'expires_at'],
    ['an address that is none', { success_url: 'done' }, 'success_url'],
    ['an unknown customer', { customer: 'cus_none' }, 'customer'],
    ['a misspelt parameter', { sucess_url: 'https://a.example' }, 'sucess_url'],
  ])('%s is refused', async (_name, overrides, param) => {
    const params = checkoutParams(overrides);
    await expect(bench.stripe.checkout.sessions.create(params)).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: 400,
      param,
    });
  });

  test('an expired session stays expired, and a complete one cannot be expired', async () => {
    const { id } = await bench.stripe.checkout.sessions.create(checkoutParams());
    const expired = await bench.stripe.checkout.sessions.expire(id);
    expect(expired).toMatchObject({ status: 'expired', url: null });
    await expect(bench.stripe.checkout.sessions.expire(id)).rejects.toThrow(/`expired`/);
    const complete = await paid();
    await expect(bench.stripe.checkout.sessions.expire(complete.id)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('`complete`'),
    });
  });

  test('an unknown session is a 404 that names it', async () => {
    await expect(bench.stripe.checkout.sessions.retrieve('cs_test_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: "No such checkout.session: 'cs_test_none'",
    });
  });

  test('lists walk page by page, newest first', async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const session = await bench.stripe.checkout.sessions.create(checkoutParams());
      made.unshift(session.id);
    }
    const first = await bench.stripe.checkout.sessions.list({ limit: 2 });
    expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
    expect(first.has_more).toBe(true);
    const walked: string[] = [];
    for await (const { id } of bench.stripe.checkout.sessions.list({ limit: 2 })) {
      walked.push(id);
      if (walked.length === 5) break;
    }
    expect(walked).toEqual(made);
    const before = await bench.stripe.checkout.sessions.list({ ending_before: made[2]!, limit: 1 });
    expect(before.data.map(({ id }) => id)).toEqual([made[1]]);
  });
});

describe('authentication and versions', () => {
  test('a wrong key is a 401 that does not repeat the key', async () => {
    const stranger = sdkFor(bench.sandbox, 'sk_test_somebody_else_1234');
    const refused = stranger.balance.retrieve();
    await expect(refused).rejects.toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    await expect(refused).rejects.toThrow('Invalid API Key provided: sk_test_****1234');
  });

  test('another API version, an unknown address and a missing key are told so', async () => {
    const ask = async (path: string, headers: Record<string, string>) => {
      const response = await fetch(`${bench.sandbox.url}${path}`, { headers });
      return [response.status, await response.json()];
    };
    const refused = (status: number, message: string) => [
      status,
      { error: expect.objectContaining({ type: 'invalid_request_error', message }) },
    ];
    const authorization = 'Bearer sk_test_bench';
    expect(await ask('/v1/balance', {})).toEqual(refused(401, 'You did not provide an API key.'));
    expect(await ask('/v1/nothing', { authorization })).toEqual(
      refused(404, 'Unrecognized request URL (GET: /v1/nothing).'),
    );
    expect(await ask('/v1/balance', { authorization, 'stripe-version': '2020-08-27' })).toEqual(
      refused(400, 'Invalid Stripe API version: 2020-08-27'),
    );
    const basic = `Basic ${Buffer.from('sk_test_bench:').toString('base64')}`;
    const [status] = await ask('/v1/balance', { authorization: basic });
    expect(status).toBe(200);
  });
});

describe('idempotency keys', () => {
  test('the same request is answered again, not done again', async () => {
    const params = checkoutParams();
    const first = await bench.stripe.checkout.sessions.create(params, { idempotencyKey: 'key-1' });
    const again = await bench.stripe.checkout.sessions.create(params, { idempotencyKey: 'key-1' });
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(again.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
  });

  test('another body or another address under the key is refused', async () => {
    const options = { idempotencyKey: 'key-2' };
    await bench.stripe.checkout.sessions.create(checkoutParams(), options);
    const other = bench.stripe.checkout.sessions.create(
      checkoutParams({ client_reference_id: 'BP00000002' }),
      options,
    );
    await expect(other).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
      statusCode: 400,
      message: expect.stringContaining('with the same parameters'),
    });
    await expect(bench.stripe.customers.create({ name: 'A' }, options)).rejects.toThrow(
      "('/v1/checkout/sessions' vs '/v1/customers')",
    );
  });

  test('work whose answer was lost is not done twice by the retry', async () => {
    await bench.control('POST', 'faults', {
      mode: 'outage',
      status: 0,
      phase: 'after',
      times: 1,
      path: '/v1/refunds',
    });
    const session = await paid();
    const retrying = sdkFor(bench.sandbox, 'sk_test_bench', 1);
    const payment_intent = String(session.payment_intent);
    const refund = await retrying.refunds.create({ payment_intent, amount: 1_000 });
    const { data } = await bench.stripe.refunds.list({ payment_intent });
    expect(data.map(({ id, amount }) => ({ id, amount }))).toEqual([
      { id: refund.id, amount: 1_000 },
    ]);
  });
});

describe('refunds', () => {
  test('parts add up to the whole and never beyond it', async () => {
    const session = await paid();
    const payment_intent = String(session.payment_intent);
    const part = await bench.stripe.refunds.create({ payment_intent, amount: 10_000_000 });
    expect(part).toMatchObject({ object: 'refund', status: 'succeeded', currency: 'idr' });
    const beyond = bench.stripe.refunds.create({ payment_intent, amount: 15_000_001 });
    await expect(beyond).rejects.toMatchObject({ statusCode: 400, param: 'amount' });
    const rest = await bench.stripe.refunds.create({ payment_intent });
    expect(rest.amount).toBe(15_000_000);
    await expect(bench.stripe.refunds.create({ payment_intent })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    const charge = await bench.stripe.charges.retrieve(String(rest.charge));
    expect(charge).toMatchObject({ refunded: true, amount_refunded: 25_000_000 });
    expect((await bench.stripe.refunds.retrieve(part.id)).amount).toBe(10_000_000);
  });

  test('an unpaid intent and a nameless refund are refused', async () => {
    const intent = await bench.stripe.paymentIntents.create({ amount: 100, currency: 'usd' });
    await expect(bench.stripe.refunds.create({ payment_intent: intent.id })).rejects.toThrow(
      /does not have a successful charge/,
    );
    await expect(bench.stripe.refunds.create({})).rejects.toMatchObject({
      code: 'parameter_missing',
    });
  });
});

describe('payment intents', () => {
  async function customerWith(card: string) {
    const customer = await bench.stripe.customers.create({ email: 'dewi@example.com' });
    const method = await bench.stripe.paymentMethods.attach(card, { customer: customer.id });
    return { customer: customer.id, payment_method: method.id };
  }
  const charge = { amount: 25_000_000, currency: 'idr', confirm: true, off_session: true };

  test('a saved card pays without its owner', async () => {
    const saved = await customerWith('pm_card_visa');
    const intent = await bench.stripe.paymentIntents.create({ ...charge, ...saved });
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 25_000_000 });
    const { data } = await bench.stripe.paymentMethods.list({ customer: saved.customer });
    expect(data.map(({ id, card }) => [id, card?.last4])).toEqual([[saved.payment_method, '4242']]);
  });

  test.each([
    ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])('%s is a 402 with the intent in it', async (card, code, decline_code) => {
    const saved = await customerWith(card);
    await expect(bench.stripe.paymentIntents.create({ ...charge, ...saved })).rejects.toMatchObject(
      {
        type: 'StripeCardError',
        statusCode: 402,
        code,
        decline_code,
        payment_intent: { status: 'requires_payment_method', object: 'payment_intent' },
      },
    );
  });

  test('with its owner present the bank may ask first', async () => {
    const saved = await customerWith('pm_card_authenticationRequired');
    const intent = await bench.stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      confirm: true,
      ...saved,
    });
    expect(intent.status).toBe('requires_action');
    expect(intent.next_action?.redirect_to_url?.url).toContain(intent.id);
  });

  test('an authorisation is captured in part, or given back', async () => {
    const manual = { amount: 1_000, currency: 'usd', capture_method: 'manual' } as const;
    const card = { confirm: true, payment_method: 'pm_card_visa' };
    const held = await bench.stripe.paymentIntents.create({ ...manual, ...card });
    expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 1_000 });
    const taken = await bench.stripe.paymentIntents.capture(held.id, { amount_to_capture: 600 });
    expect(taken).toMatchObject({ status: 'succeeded', amount_received: 600 });
    await expect(bench.stripe.refunds.create({ payment_intent: held.id, amount: 601 }))
      .rejects //
      .toMatchObject({ statusCode: 400 });
    const voided = await bench.stripe.paymentIntents.create({ ...manual, ...card });
    expect((await bench.stripe.paymentIntents.cancel(voided.id)).status).toBe('canceled');
    await expect(bench.stripe.paymentIntents.capture(voided.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
  });

  test('confirmation can come later, with another card', async () => {
    const intent = await bench.stripe.paymentIntents.create({
      amount: 700,
      currency: 'usd',
      payment_method: 'pm_card_chargeDeclined',
    });
    expect(intent.status).toBe('requires_confirmation');
    await expect(bench.stripe.paymentIntents.confirm(intent.id)).rejects.toMatchObject({
      statusCode: 402,
    });
    const done = await bench.stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
    });
    expect(done.status).toBe('succeeded');
    expect((await bench.stripe.paymentIntents.retrieve(intent.id)).last_payment_error).toBeNull();
  });
});

test('events are listed by type and retrieved by id; the balance answers', async () => {
  const session = await paid();
  const { data } = await bench.stripe.events.list({ type: 'checkout.session.completed', limit: 1 });
  const event = await bench.stripe.events.retrieve(data[0]!.id);
  expect(event).toMatchObject({
    object: 'event',
    api_version: '2026-10-28.endive',
    data: { object: { id: session.id, payment_status: 'paid' } },
  });
  expect((await bench.stripe.balance.retrieve()).object).toBe('balance');
});

describe('faults', () => {
  test('an outage ends after its count; a share of failures is spread evenly', async () => {
    await bench.control('POST', 'faults', { mode: 'outage', status: 500, times: 2 });
    const asked: number[] = [];
    for (let count = 0; count < 3; count += 1) asked.push(await statusOfBalance());
    expect(asked).toEqual([500, 500, 200]);
    await bench.control('POST', 'faults', { mode: 'error_rate', rate: 0.25, status: 429 });
    const rates: number[] = [];
    for (let count = 0; count < 8; count += 1) rates.push(await statusOfBalance());
    expect(rates).toEqual([200, 200, 200, 429, 200, 200, 200, 429]);
    await bench.control('POST', 'faults', { mode: 'none' });
  });

  test('a slow answer outlasts the timeout of the client', async () => {
    await bench.control('POST', 'faults', { mode: 'slow', delay_ms: 60_000, times: 1 });
    await expect(bench.stripe.balance.retrieve({}, { timeout: 50 })).rejects.toMatchObject({
      type: 'StripeConnectionError',
    });
    expect(await statusOfBalance()).toBe(200);
  });

  async function statusOfBalance(): Promise<number> {
    const headers = { authorization: 'Bearer sk_test_bench' };
    const response = await fetch(`${bench.sandbox.url}/v1/balance`, { headers });
    await response.body?.cancel();
    return response.status;
  }
});
