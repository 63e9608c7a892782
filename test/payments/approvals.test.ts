import { expect, test } from 'vitest';
import { decideApproval, listApprovals } from '../../src/daemon/actions/approvals.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createPayment } from '../../src/daemon/actions/create-payment.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { listInbox, settleInboxItem } from '../../src/daemon/actions/money.ts';
import { decideApproval as decideInStore } from '../../src/daemon/store/approvals.ts';
import { createPoller } from '../../src/daemon/workers/poll-payments.ts';
import { expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, rivalOf, startBooking } from '../actions/world.ts';
import { desk as desk_actor, eventsOf } from '../helpers/booking.ts';
import { lapse } from '../helpers/database.ts';
import {
  askedRequest,
  dueNow,
  intentOf,
  makeAskingWorld,
  type Request,
  standing,
  startRequest,
} from './approval-bench.ts';
import { ageOf, answerBank, arrive, atStripe, saveCard } from './saved-bench.ts';

const bench = await openBench();
const { app, sql, drain, control } = bench;
const desk = staff('desk');
const poller = createPoller();
const never = new AbortController().signal;

const decide = (
  { reservation_id }: Pick<Request, 'reservation_id'>,
  decision: 'approved' | 'rejected',
  who = desk,
) => decideApproval(app, who, { reservation_id, decision });

const stands = (request: Request) => standing(sql, request.reservation_id);
const booked = {
  hold: 'confirmed',
  approval: 'approved',
  authorisation: 'captured',
  payment: 'success',
  booking: 'confirmed',
  seats: 1,
};
const let_go = { authorisation: 'voided', payment: 'failed', booking: null, seats: 0 };
const outage = (path_end: string, phase: 'before' | 'after' = 'before') =>
  control('faults', { mode: 'outage', path_end, phase, times: 9 });
const calm = () => control('faults', { mode: 'none' });

test('an authorised card keeps the place until the clinic says yes, and only then pays', async () => {
  const request = await askedRequest(bench);
  expect(await stands(request)).toMatchObject({
    hold: 'pending',
    approval: 'awaiting',
    authorisation: 'open',
    payment: 'processing',
  });
  const { items } = await listApprovals(app, desk, {
    clinic_id: request.world.clinic.id,
    limit: 9,
  });
  expect(items).toMatchObject([{ reference_code: request.reference_code, amount: '250000.00' }]);
  const hours = (Date.parse(items[0]?.expires_at ?? '') - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(await getReservation(app, request.world.who, request)).toMatchObject({
    approval: 'awaiting',
    approval_asked_at: expect.any(String),
    payment_url: null,
  });
  expect(await intentOf(bench, request.reservation_id)).toMatchObject({
    status: 'requires_capture',
    amount_received: 0,
  });
  const done = await decide(request, 'approved');
  expect(done).toMatchObject({ status: 'confirmed', authorisation: 'captured' });
  await arrive(bench);
  expect(await stands(request)).toEqual(booked);
  expect(await intentOf(bench, request.reservation_id)).toMatchObject({
    status: 'succeeded',
    amount_received: 25_000_000,
  });
  expect(await decide(request, 'approved')).toMatchObject({ booking_id: done.booking_id });
  await expectProblem(decide(request, 'rejected'), 'conflict');
  expect(await eventsOf(sql, request.reservation_id)).toEqual([
    'reservation.created',
    'reservation.approval_asked',
    'reservation.approved',
  ]);
  await expectInvariants(sql);
});

test('a no lets the card go and frees the place at once', async () => {
  const request = await askedRequest(bench);
  const no = await decide(request, 'rejected');
  expect(no).toMatchObject({ status: 'cancelled', approval: 'rejected', authorisation: 'voided' });
  await arrive(bench);
  expect(await stands(request)).toMatchObject({ hold: 'cancelled', ...let_go });
  expect(await intentOf(bench, request.reservation_id)).toMatchObject({ status: 'canceled' });
  await expectProblem(decide(request, 'approved'), 'conflict');
  const rival = await rivalOf(sql, request.world);
  await startBooking(app, rival);
  await expectInvariants(sql);
});

test('without an answer the place is free in time, and the worker lets the card go', async () => {
  const request = await askedRequest(bench);
  await lapse(sql, request.reservation_id);
  await expectProblem(decide(request, 'approved'), 'reservation_expired');
  await drain('sweeper', 'authorisations');
  expect(await stands(request)).toMatchObject({ hold: 'expired', ...let_go });
  await arrive(bench);
  const [row] = await sql`
    select reason from authorisations where reservation_id = ${request.reservation_id}`;
  expect(row).toEqual({ reason: 'approval_timeout' });
  await expectInvariants(sql);
});

test('the time to answer ends an hour before the visit; when that is near, at half of it', async () => {
  const hoursOf = async (in_hours: number) => {
    const { reservation_id } = await askedRequest(bench, { in_hours });
    const [row] = await sql<{ hours: number }[]>`
      select extract(epoch from expires_at - now())::float8 / 3600 as hours
      from reservations where id = ${reservation_id}`;
    await decide({ reservation_id }, 'rejected');
    return row?.hours ?? 0;
  };
  expect(await hoursOf(5)).toBeCloseTo(4, 1);
  expect(await hoursOf(1)).toBeCloseTo(0.5, 1);
});

test('who dies between the yes and the money leaves the rest to the worker', async () => {
  const request = await askedRequest(bench);
  const { reservation_id } = request;
  await decideInStore(sql, reservation_id, true, null, desk_actor);
  expect(await drain('authorisations')).toBe(0);
  await dueNow(sql, reservation_id);
  expect(await drain('authorisations')).toBe(1);
  expect(await stands(request)).toEqual(booked);
  await arrive(bench);
  await expectInvariants(sql);
});

test('who dies between the money and the booking: the webhook or the worker books', async () => {
  for (const lost of [false, true]) {
    const request = await askedRequest(bench);
    const { reservation_id } = request;
    if (lost) await control('webhook', { url: null });
    const decided = await decideInStore(sql, reservation_id, true, null, desk_actor);
    await app.payments.capture(decided.payment_intent ?? '', decided.payment_id ?? '');
    if (lost) {
      await control('webhook', { url: bench.webhook_url });
      await dueNow(sql, reservation_id);
      await drain('authorisations');
    } else await arrive(bench);
    await expect.poll(() => stands(request)).toEqual(booked);
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  }
});

test.each(['before', 'after'] as const)(
  'the provider does not answer, %s it fetched the money: the place is kept, fetched once',
  async (phase) => {
    const request = await askedRequest(bench);
    await outage('/capture', phase);
    if (phase === 'after') await control('webhook', { url: null });
    const said = await decide(request, 'approved');
    await calm();
    await control('webhook', { url: bench.webhook_url });
    expect(said).toMatchObject({ status: 'pending', approval: 'approved' });
    expect(said.error).toContain('does not answer');
    await dueNow(sql, request.reservation_id);
    await drain('authorisations');
    expect(await stands(request)).toEqual(booked);
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  },
);

test('a bank that pays no more: nothing is charged, and the place is free', async () => {
  const request = await askedRequest(bench);
  const { id } = await intentOf(bench, request.reservation_id);
  await control('webhook', { url: null });
  await control(`intents/${id}/lapse`, {});
  await control('webhook', { url: bench.webhook_url });
  await expectProblem(decide(request, 'approved'), 'payment_failed');
  expect(await stands(request)).toMatchObject({ hold: 'cancelled', ...let_go });
  await control('resend-lost', {});
  await arrive(bench);
  await expectInvariants(sql);
});

test('a bank that lets the money go while the clinic thinks ends the request', async () => {
  const request = await askedRequest(bench);
  const { id } = await intentOf(bench, request.reservation_id);
  await control(`intents/${id}/lapse`, {});
  await arrive(bench);
  await expect.poll(async () => (await stands(request)).hold).toBe('cancelled');
  expect(await stands(request)).toMatchObject(let_go);
  await expectInvariants(sql);
});

test.each(['before', 'after'] as const)(
  'a void whose answer is lost, %s it was done',
  async (phase) => {
    const request = await askedRequest(bench);
    await outage('/cancel', phase);
    if (phase === 'after') await control('webhook', { url: null });
    const no = await decide(request, 'rejected');
    await calm();
    await control('webhook', { url: bench.webhook_url });
    expect(no).toMatchObject({ status: 'cancelled', authorisation: 'voiding' });
    expect(await stands(request)).toMatchObject({ seats: 0 });
    await dueNow(sql, request.reservation_id);
    await drain('authorisations');
    expect(await stands(request)).toMatchObject({ hold: 'cancelled', ...let_go });
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  },
);

test('what the provider refuses for long stands on the inbox, until it gives in', async () => {
  const request = await askedRequest(bench);
  await outage('/cancel');
  await decide(request, 'rejected');
  await sql`
    update authorisations set attempts = 4, next_attempt_at = now()
    where reservation_id = ${request.reservation_id}`;
  await drain('authorisations');
  await calm();
  const { clinic } = request.world;
  const inbox = () => listInbox(app, desk, { clinic_id: clinic.id, limit: 9 });
  const { items } = await inbox();
  expect(items).toMatchObject([
    { cause: 'authorisation_stuck', reference_code: request.reference_code, amount: '250000.00' },
  ]);
  expect(items[0]?.detail).toContain('does not answer');
  const wave = { item_id: items[0]?.item_id ?? '', reason: 'go away' };
  await expectProblem(settleInboxItem(app, staff('manager'), wave), 'not_found');
  await dueNow(sql, request.reservation_id);
  await drain('authorisations');
  expect((await inbox()).items).toEqual([]);
  await expectInvariants(sql);
});

test('an owner who leaves, and a desk that takes cash, let the card go', async () => {
  const left = await askedRequest(bench);
  const { reservation_id } = left;
  await cancelReservation(app, left.world.who, { reservation_id });
  const paid = await askedRequest(bench);
  await confirmReservation(app, desk, {
    reservation_id: paid.reservation_id,
    payment_method: 'cash',
  });
  await drain('authorisations');
  await arrive(bench);
  expect(await stands(left)).toMatchObject({ hold: 'cancelled', ...let_go });
  expect(await stands(paid)).toMatchObject({
    approval: 'approved',
    authorisation: 'voided',
    booking: 'confirmed',
  });
  await expectProblem(decide(left, 'approved'), 'conflict');
  await expectInvariants(sql);
});

test('money that was fetched in the dashboard books; after a no it goes back', async () => {
  const early = await askedRequest(bench);
  const { id } = await intentOf(bench, early.reservation_id);
  await atStripe(bench, `payment_intents/${id}/capture`, {});
  await arrive(bench);
  await expect.poll(() => stands(early)).toEqual(booked);

  const late = await askedRequest(bench);
  const { id: late_id } = await intentOf(bench, late.reservation_id);
  await control('webhook', { url: null });
  await atStripe(bench, `payment_intents/${late_id}/capture`, {});
  await control('webhook', { url: bench.webhook_url });
  await decide(late, 'rejected');
  expect(await stands(late)).toMatchObject({ hold: 'cancelled', authorisation: 'captured' });
  await control('resend-lost', {});
  await drain('refunds');
  await arrive(bench);
  const refunds = await sql`
    select status from refunds where reservation_id = ${late.reservation_id}`;
  expect(refunds).toMatchObject([{ status: 'completed' }]);
  await expectInvariants(sql);
});

test('a card that is authorised too late, or for a place that is gone, is let go', async () => {
  const expired = await startRequest(bench);
  await expireUnseen(app, expired.reservation_id);
  await startBooking(app, await rivalOf(sql, expired.world));
  await bench.pay(expired.reference_code, 'late');
  await control('flush', {});
  await drain('authorisations');
  await arrive(bench);
  await expect.poll(async () => (await stands(expired)).authorisation).toBe('voided');
  await expectInvariants(sql);
});

test('an overdue hold whose card was authorised unseen is asked about, not swept', async () => {
  for (const sweeps of [true, false]) {
    const request = await startRequest(bench);
    await bench.control('pay', { ref: request.reference_code, outcome: 'lost_webhook' });
    if (sweeps) {
      await lapse(sql, request.reservation_id);
      await drain('sweeper');
    } else {
      await ageOf(sql, request.reservation_id);
      await poller.tick(app, never);
    }
    expect(await stands(request)).toMatchObject({ hold: 'pending', authorisation: 'open' });
    await decide(request, 'approved');
    expect(await stands(request)).toEqual(booked);
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  }
});

test.each(['pm_card_visa', 'pm_card_authenticationRequired'] as const)(
  'a saved card is authorised too: %s',
  async (card) => {
    const world = await makeAskingWorld(sql);
    const { reservation_id } = await createReservation(app, world.who, world.wish, no_key);
    const payment_method_id = await saveCard(bench, world.owner.user_id, card);
    const wish = { reservation_id, payment_method_id };
    const started = await createPayment(app, world.who, wish);
    if (card === 'pm_card_visa') expect(started.status).toBe('awaiting_approval');
    else {
      expect(started.status).toBe('requires_action');
      await answerBank(started.payment_url ?? '', 'success');
      await arrive(bench);
      const state = () => standing(sql, reservation_id);
      await expect.poll(async () => (await state()).authorisation).toBe('open');
    }
    await expectProblem(createPayment(app, world.who, wish), 'conflict');
    expect(await decide({ reservation_id }, 'approved')).toMatchObject({ status: 'confirmed' });
    await arrive(bench);
    expect(await standing(sql, reservation_id)).toEqual(booked);
    await expectInvariants(sql);
  },
);

test('the owner reads that they wait, and what the clinic said', async () => {
  const lettersOf = async (request: Request) => {
    await drain('relay', 'dispatcher');
    const rows = await sql<{ type: string; status: string }[]>`
      select d.type, d.status from deliveries d
      where d.payload ->> 'reservation_id' = ${request.reservation_id} and d.channel = 'email'
      order by d.created_at`;
    return rows.map(({ type, status }) => `${type} ${status}`);
  };
  const yes = await askedRequest(bench);
  const asked = 'approval_asked sent';
  expect(await lettersOf(yes)).toEqual([asked]);
  await decide(yes, 'approved');
  expect(await lettersOf(yes)).toEqual([asked, 'booking_confirmed sent']);
  const no = await askedRequest(bench);
  await lettersOf(no);
  await decide(no, 'rejected');
  expect(await lettersOf(no)).toEqual([asked, 'approval_declined sent']);
  const cash = await askedRequest(bench);
  await lettersOf(cash);
  const { reservation_id } = cash;
  await confirmReservation(app, desk, { reservation_id, payment_method: 'cash' });
  await drain('authorisations');
  expect((await lettersOf(cash)).toSorted()).toEqual([
    asked,
    'approval_declined dropped',
    'booking_confirmed sent',
  ]);
});

test('what costs nothing waits for the clinic too', async () => {
  const world = await makeAskingWorld(sql);
  await sql`update services set price = 0 where id = ${world.service_id}`;
  const started = await createBooking(app, world.who, world.wish, no_key);
  expect(started).toMatchObject({ booking_id: null, payment_url: null });
  const { reservation_id } = started;
  expect((await getReservation(app, world.who, { reservation_id })).status).toBe('pending');
  const yes = await decide({ reservation_id }, 'approved');
  expect(yes).toMatchObject({ status: 'confirmed', authorisation: null, amount: '0.00' });
  await expectInvariants(sql);
});

test('only the clinic itself decides, and only what it was asked', async () => {
  const open = await startRequest(bench);
  await expectProblem(decide(open, 'approved'), 'policy_refused');
  const request = await askedRequest(bench);
  const elsewhere = staff('desk', open.world.clinic.id);
  await expectProblem(decide(request, 'approved', elsewhere), 'not_found');
  const none = { reservation_id: '00000000-0000-4000-8000-000000000001' };
  await expectProblem(decide(none, 'rejected'), 'not_found');
  expect((await listApprovals(app, elsewhere, { limit: 9 })).items).toEqual([]);
  await decide(request, 'rejected');
});
