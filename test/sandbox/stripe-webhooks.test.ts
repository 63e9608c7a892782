import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startStripeSandbox } from '../../src/sandbox/stripe-server.ts';
import { signatureHeader } from '../../src/sandbox/stripe-webhooks.ts';
import {
  type Bench,
  checkoutParams,
  openBench,
  sdkFor,
  secret_key,
  typesOf,
  webhook_secret,
} from '../stripe/bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const completed = 'checkout.session.completed';
const newSession = () => bench.stripe.checkout.sessions.create(checkoutParams());

async function paySession(outcome: string, extra: object = {}) {
  const session = await newSession();
  const result = await bench.control('POST', 'pay', { ref: session.id, outcome, ...extra });
  return { ...session, result };
}

describe('signatures', () => {
  async function oneDelivery() {
    const { id } = await paySession('success');
    await bench.delivered(id, completed);
    const received = bench.receiver.received.at(-1);
    if (received === undefined) throw new Error('nothing was received');
    return received;
  }

  test('the SDK believes what the sandbox signs', async () => {
    const { body, signature } = await oneDelivery();
    const event = bench.stripe.webhooks.constructEvent(body, signature, webhook_secret);
    expect(event).toMatchObject({ object: 'event', type: completed, livemode: false });
  });

  test('it believes neither another body nor another secret nor an old signature', async () => {
    const { body, signature } = await oneDelivery();
    const { webhooks } = bench.stripe;
    const tampered = Buffer.from(body.toString().replace('25000000', '25000001'));
    expect(() => webhooks.constructEvent(tampered, signature, webhook_secret)).toThrow(
      /No signatures found/,
    );
    expect(() => webhooks.constructEvent(body, signature, 'whsec_other')).toThrow(
      /No signatures found/,
    );
    const long_ago = Math.floor(Date.now() / 1000) - 301;
    const old = signatureHeader(body.toString(), [webhook_secret], long_ago);
    expect(() => webhooks.constructEvent(body, old, webhook_secret)).toThrow(/tolerance zone/);
  });

  test('while a secret is rolled both sign', async () => {
    await bench.control('POST', 'webhook', { secrets: ['whsec_new', webhook_secret] });
    const { body, signature } = await oneDelivery();
    for (const secret of ['whsec_new', webhook_secret]) {
      expect(bench.stripe.webhooks.constructEvent(body, signature, secret).type).toBe(completed);
    }
  });
});

describe('delivery', () => {
  test('a receiver that fails is asked again until it takes the event', async () => {
    bench.receiver.answers.push(200, 200, 500, 503);
    const { id } = await paySession('success');
    await bench.delivered(id, completed, 1);
    await bench.control('POST', 'flush');
    await bench.control('POST', 'flush');
    const { items } = await bench.control('GET', `deliveries?ref=${id}&event_type=${completed}`);
    expect(
      items.map(({ attempt, status, response_status }) => [attempt, status, response_status]),
    ).toEqual([
      [1, 'failed', 500],
      [2, 'failed', 503],
      [3, 'delivered', 200],
    ]);
    expect(new Set(typesOf(bench.receiver).slice(2))).toEqual(new Set([completed]));
  });

  test('it gives up after eight attempts', async () => {
    bench.receiver.answers.push(200, 200, ...Array<number>(8).fill(500));
    const { id } = await paySession('success');
    await bench.delivered(id, completed, 1);
    for (let count = 0; count < 8; count += 1) await bench.control('POST', 'flush');
    const { items } = await bench.control('GET', `deliveries?ref=${id}&event_type=${completed}`);
    expect(items).toHaveLength(8);
    expect(items.at(-1)).toMatchObject({ attempt: 8, status: 'given_up' });
  });

  test('duplicate: the same event arrives twice under one id', async () => {
    const { id } = await paySession('duplicate');
    await bench.delivered(id, completed, 2);
    const ids = bench.receiver.received
      .map(({ body }) => JSON.parse(body.toString()))
      .filter(({ type }) => type === completed)
      .map((event) => event.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test('reordered: the old snapshot that says unpaid comes last', async () => {
    const { id } = await paySession('reordered');
    await bench.delivered(id, completed);
    const types = typesOf(bench.receiver);
    expect(types.indexOf('checkout.session.async_payment_succeeded')).toBeLessThan(
      types.indexOf(completed),
    );
    const last = JSON.parse(bench.receiver.received.at(types.indexOf(completed))!.body.toString());
    expect(last.data.object.payment_status).toBe('unpaid');
    expect((await bench.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('paid');
  });

  test('lost: nothing arrives until somebody sends it again', async () => {
    const { id, result } = await paySession('lost_webhook');
    expect(result).toMatchObject({ status: 'complete', payment_status: 'paid' });
    await bench.control('POST', 'flush');
    expect(bench.receiver.received).toEqual([]);
    const event = result.events.find(({ type }) => type === completed);
    await bench.control('POST', `events/${event?.id}/resend`);
    await bench.delivered(id, completed, 2);
    expect(typesOf(bench.receiver)).toEqual([completed]);
    await bench.control('POST', 'resend-lost');
    await bench.delivered(id, completed, 3);
    expect(typesOf(bench.receiver)).toContain('payment_intent.succeeded');
  });

  test('late: committed now, settled after the hold, and no expiry stops it', async () => {
    const { id, created, result } = await paySession('late');
    expect(result).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    expect(Date.parse(result.settles_at ?? '') / 1000 - created).toBeGreaterThan(600);
    await expect(bench.stripe.checkout.sessions.expire(id)).rejects.toThrow('`complete`');
    const { fired } = await bench.control('POST', 'flush', { kinds: ['settle'] });
    expect(fired).toBe(1);
    expect(typesOf(bench.receiver)).toContain('checkout.session.async_payment_succeeded');
    expect((await bench.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('paid');
  });

  test('late money reaches even a session that we expired in the meantime', async () => {
    const session = await newSession();
    await bench.stripe.checkout.sessions.expire(session.id);
    const wish = { ref: session.id, outcome: 'success' };
    await expect(bench.control('POST', 'pay', wish)).rejects.toThrow(/payment_timeout/);
    await bench.control('POST', 'pay', { ref: session.id, outcome: 'late' });
    await bench.delivered(session.id, 'checkout.session.async_payment_succeeded');
    expect((await bench.stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
  });

  test('processing may end in a refusal', async () => {
    const { id } = await paySession('processing', { settles: 'decline', delay_ms: 3_600_000 });
    await bench.control('POST', 'flush');
    expect(typesOf(bench.receiver)).toContain('checkout.session.async_payment_failed');
    expect(await bench.stripe.checkout.sessions.retrieve(id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
  });

  test('a delay holds the webhooks back, not the payment', async () => {
    const { id, result } = await paySession('success', { delay_ms: 3_600_000 });
    expect(result.payment_status).toBe('paid');
    expect(bench.receiver.received).toEqual([]);
    await bench.control('POST', 'flush');
    await bench.delivered(id, completed);
  });

  test('a session that nobody pays expires by its own clock', async () => {
    const { id } = await newSession();
    await bench.control('POST', 'flush', { kinds: ['expire'] });
    expect(typesOf(bench.receiver)).toEqual(['checkout.session.expired']);
    expect((await bench.stripe.checkout.sessions.retrieve(id)).status).toBe('expired');
  });
});

describe('money that goes back', () => {
  test('a refund by hand, one that fails later, and a dispute are all reported', async () => {
    const { id } = await paySession('success');
    await bench.control('POST', 'refunds', { ref: 'BP00000001', amount: 1_000_000 });
    const pending = await bench.control('POST', 'refunds', {
      ref: id,
      amount: 2_000_000,
      status: 'pending',
    });
    await bench.control('POST', `refunds/${pending.id}/settle`, { status: 'failed' });
    const charge = await bench.stripe.charges.retrieve(pending.charge);
    expect(charge.amount_refunded).toBe(1_000_000);
    await bench.control('POST', 'disputes', { ref: id, reason: 'fraudulent' });
    await bench.control('GET', 'deliveries?event_type=charge.dispute.created&wait_ms=10000');
    expect(typesOf(bench.receiver)).toEqual(
      expect.arrayContaining([
        'charge.refunded',
        'refund.updated',
        'refund.failed',
        'charge.dispute.created',
      ]),
    );
    await expect(bench.control('POST', 'refunds', { ref: id })).rejects.toThrow('charged back');
  });
});

describe('the control API', () => {
  test('finds a session by any of its names and refuses strangers', async () => {
    const { id, result } = await paySession('success');
    for (const ref of [id, 'res-1', 'BP00000001', result.payment_intent]) {
      const { sessions } = await bench.control('GET', `state?ref=${ref}`);
      expect(sessions.map((session) => session.id)).toEqual([id]);
    }
    await expect(bench.control('GET', 'state?ref=BP99999999')).rejects.toThrow(/not_found/);
    await expect(bench.control('POST', 'pay', { ref: id, outcome: 'gift' })).rejects.toThrow(
      /invalid_input/,
    );
    await expect(bench.control('POST', 'pay', { ref: id, outcome: 'success' })).rejects.toThrow(
      /409.*conflict/,
    );
  });

  test('the newest open attempt of a reservation is the one that is meant', async () => {
    const first = await newSession();
    await bench.stripe.checkout.sessions.expire(first.id);
    const second = await newSession();
    const result = await bench.control('POST', 'pay', { ref: 'res-1', outcome: 'success' });
    expect(result.session_id).toBe(second.id);
  });

  test('many waits and deliveries at once all end', async () => {
    const sessions = await Promise.all(Array.from({ length: 40 }, newSession));
    await Promise.all(
      sessions.map(async ({ id }) => {
        await bench.control('POST', 'pay', { ref: id, outcome: 'success' });
        await bench.delivered(id, completed);
      }),
    );
    expect(typesOf(bench.receiver).filter((type) => type === completed)).toHaveLength(40);
  });
});

test('a restarted sandbox keeps its sessions, its pending settlements and its keys', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'stripe-sandbox-'));
  const options = {
    webhook_url: bench.receiver.url,
    webhook_secret,
    secret_key,
    state_file: path.join(folder, 'stripe.json'),
  };
  const first = await startStripeSandbox(options);
  const made = await sdkFor(first).checkout.sessions.create(checkoutParams(), {
    idempotencyKey: 'kept',
  });
  const pay = { method: 'POST', body: JSON.stringify({ ref: made.id, outcome: 'late' }) };
  expect((await fetch(`${first.url}/sandbox/pay`, pay)).status).toBe(200);
  await first.stop();

  const second = await startStripeSandbox(options);
  const kept = await sdkFor(second).checkout.sessions.retrieve(made.id);
  expect(kept).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
  await fetch(`${second.url}/sandbox/flush`, { method: 'POST' });
  expect(typesOf(bench.receiver)).toContain('checkout.session.async_payment_succeeded');
  await second.stop();
  await rm(folder, { recursive: true });
});
