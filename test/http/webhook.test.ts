import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/poll.ts';
import { type Answer, call, codeOf, member, send, startHarness } from './harness.ts';
import { buildWorld, must, slotRequest, stateOf, type World } from './world.ts';

const harness = await startHarness();
const { sql } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

/** A customer's booking with its open payment page. */
async function startBooking() {
  const body = await slotRequest(world, 'customer');
  const token = world.tokens.customer;
  const started = await call(world.base, 'create_booking', { body }, { token });
  const reservation_id = must(started, 'reservation_id');
  const session_id = must(started, 'payment_url').split('/').at(-1) ?? '';
  return { reservation_id, session_id };
}

async function pay(session_id: string, outcome: string): Promise<void> {
  const address = `/sandbox/sessions/${session_id}/pay`;
  const answer = await send(harness.stripe_url, address, { method: 'POST', body: { outcome } });
  expect(answer.status, answer.text).toBe(200);
}

async function statusOf(reservation_id: string): Promise<string | undefined> {
  const [row] = await sql<{ status: string }[]>`
    select status from reservations where id = ${reservation_id}`;
  return row?.status;
}

/** Signs as the provider does: HMAC-SHA256 over the time and the raw bytes. */
function post(body: string, secret = harness.webhook_secret, age_s = 0): Promise<Answer> {
  const at = Math.floor(Date.now() / 1000) - age_s;
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return send(world.base, '/v1/webhooks/payment', {
    method: 'POST',
    raw_body: body,
    headers: { 'stripe-signature': `t=${at},v1=${signature}` },
  });
}

const unknown_event = (id: string) =>
  JSON.stringify({
    id,
    object: 'event',
    type: 'customer.created',
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: 'cus_1', object: 'customer' } },
  });

describe('payment events', () => {
  it('turn the hold into a booking', async () => {
    const { reservation_id, session_id } = await startBooking();
    await pay(session_id, 'success');
    await eventually('confirmed', async () => (await statusOf(reservation_id)) === 'confirmed');
    const reservation = await call(
      world.base,
      'get_reservation',
      { params: { reservation_id } },
      { token: world.tokens.customer },
    );
    const booking_id = must(reservation, 'booking_id');
    const token = world.tokens.customer;
    const booking = await call(world.base, 'get_booking', { params: { booking_id } }, { token });
    expect(member(booking.json, 'payment_state')).toBe('paid');
  });

  it('are taken once, and answered 200 each time', async () => {
    const body = unknown_event('evt_twice');
    expect((await post(body)).json).toEqual({ received: true });
    const before = await stateOf(harness);
    expect((await post(body)).json).toEqual({ received: true });
    expect(await stateOf(harness)).toBe(before);
    const rows = await sql`select from webhook_events where event_id = 'evt_twice'`;
    expect(rows).toHaveLength(1);
  });

  it('also come in by the address of the source documents', async () => {
    const body = unknown_event('evt_alias');
    const at = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', harness.webhook_secret).update(`${at}.${body}`);
    const answer = await send(world.base, '/webhooks/stripe', {
      method: 'POST',
      raw_body: body,
      headers: { 'stripe-signature': `t=${at},v1=${signature.digest('hex')}` },
    });
    expect(answer.status).toBe(200);
  });

  it.each([
    ['under a wrong secret', () => post(unknown_event('evt_bad_1'), 'whsec_wrong')],
    ['too old to be believed', () => post(unknown_event('evt_bad_2'), undefined, 3_600)],
    [
      'without a signature',
      () => send(world.base, '/v1/webhooks/payment', { method: 'POST', body: {} }),
    ],
    ['without a body', () => send(world.base, '/v1/webhooks/payment', { method: 'POST' })],
  ])('%s are refused with 400 and leave no trace', async (_what, attempt) => {
    const answer = await attempt();
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 400,
      code: 'invalid_input',
    });
    const rows = await sql`select from webhook_events where event_id like 'evt_bad_%'`;
    expect(rows).toHaveLength(0);
  });

  it('are answered 503 while the database does not answer, so that they come again', async () => {
    const { promise: let_go, resolve: release } = Promise.withResolvers<void>();
    const { promise: locked, resolve: have_it } = Promise.withResolvers<void>();
    const blocker = sql.begin(async (tx) => {
      await tx`lock table webhook_events in access exclusive mode`;
      have_it();
      await let_go;
    });
    await locked;
    const body = unknown_event('evt_later');
    const refused = await post(body);
    release();
    await blocker;
    expect({ status: refused.status, code: codeOf(refused) }).toEqual({
      status: 503,
      code: 'unavailable',
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post(body)).status).toBe(200);
  });
});
