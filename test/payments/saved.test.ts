import { expect, test } from 'vitest';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createPayment } from '../../src/daemon/actions/create-payment.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import {
  listPaymentMethods,
  removePaymentMethod,
} from '../../src/daemon/actions/payment-methods.ts';
import { createPoller } from '../../src/daemon/workers/poll-payments.ts';
import { expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, rivalOf, startBooking, type World } from '../actions/world.ts';
import { lapse } from '../helpers/database.ts';
import {
  ageOf,
  answerBank,
  arrive,
  atStripe,
  type Card,
  chargesOf,
  saveCard,
} from './saved-bench.ts';

const bench = await openBench();
const { app, sql, drain, control } = bench;
const desk = staff('desk');
const poller = createPoller();
const never = new AbortController().signal;

/** A hold without a page, and its owner's saved card. */
async function held(card: Card = 'pm_card_visa') {
  const world = await makeWorld(sql);
  const { reservation_id, reference_code } = await createReservation(
    app,
    world.who,
    world.wish,
    no_key,
  );
  const payment_method_id = await saveCard(bench, world.owner.user_id, card);
  return { world, reservation_id, reference_code, payment_method_id };
}

const payWith = (
  { world, reservation_id }: { readonly world: World; readonly reservation_id: string },
  payment_method_id: string,
) => createPayment(app, world.who, { reservation_id, payment_method_id });

const bookingsOf = async (reservation_id: string) =>
  (await sql`select id from bookings where reservation_id = ${reservation_id}`).length;

const outage = (phase: 'before' | 'after') =>
  control('faults', { mode: 'outage', path: '/v1/payment_intents', phase, times: 9 });
const calm = () => control('faults', { mode: 'none' });

test('a card saved on the page pays the next visit in one request', async () => {
  const world = await makeWorld(sql);
  const { user_id } = world.owner;
  const first = await createBooking(
    app,
    world.who,
    { ...world.wish, save_payment_method: true },
    no_key,
  );
  await bench.pay(first.reference_code);
  const { items } = await listPaymentMethods(app, world.who, { user_id });
  expect(items).toEqual([
    {
      payment_method_id: expect.stringMatching(/^pm_/),
      brand: 'visa',
      last4: '4242',
      exp_month: 12,
      exp_year: expect.any(Number),
    },
  ]);
  const next = await makeWorld(sql, { in_hours: 100 });
  const wish = { ...next.wish, pet_id: world.owner.pet_id };
  const hold = await createReservation(app, world.who, wish, no_key);
  const paid = await createPayment(app, world.who, {
    reservation_id: hold.reference_code,
    payment_method_id: items[0]?.payment_method_id ?? '',
  });
  expect(paid).toMatchObject({ status: 'success', payment_url: null, amount: '250000.00' });
  expect(paid.booking_id).not.toBeNull();
  await arrive(bench);
  expect(await bookingsOf(hold.reservation_id)).toBe(1);
  const events = await sql`
    select outcome from webhook_events
    where payment_id = ${paid.payment_id} and outcome = 'confirmed'`;
  expect(events).toHaveLength(1);
  await expectInvariants(sql);
});

test('a declined card leaves the hold, and another card may pay', async () => {
  const hold = await held('pm_card_chargeDeclined');
  const problem = await expectProblem(payWith(hold, hold.payment_method_id), 'payment_failed');
  expect(problem.facts).toMatchObject({ decline_code: 'generic_decline' });
  const { status, payment_attempts } = await getReservation(app, hold.world.who, hold);
  expect({ status, results: payment_attempts.map(({ result }) => result) }).toEqual({
    status: 'pending',
    results: ['failed'],
  });
  await arrive(bench);
  const good = await saveCard(bench, hold.world.owner.user_id);
  expect(await payWith(hold, good)).toMatchObject({ status: 'success' });
  expect(await chargesOf(bench, hold.reservation_id)).toEqual([
    'succeeded',
    'requires_payment_method',
  ]);
  await expectInvariants(sql);
});

test.each(['success', 'decline'] as const)('the bank asks the owner: %s', async (outcome) => {
  const hold = await held('pm_card_authenticationRequired');
  const asked = await payWith(hold, hold.payment_method_id);
  expect(asked).toMatchObject({ status: 'requires_action', booking_id: null });
  const again = await payWith(hold, hold.payment_method_id);
  expect(again).toMatchObject({ payment_id: asked.payment_id, payment_url: asked.payment_url });
  const { payment_url } = await getReservation(app, hold.world.who, hold);
  expect(payment_url).toBe(asked.payment_url);
  await answerBank(asked.payment_url ?? '', outcome);
  await arrive(bench);
  const booked = outcome === 'success' ? 1 : 0;
  await expect.poll(() => bookingsOf(hold.reservation_id)).toBe(booked);
  const after = await getReservation(app, hold.world.who, hold);
  expect(after.status).toBe(booked === 1 ? 'confirmed' : 'pending');
  expect(await chargesOf(bench, hold.reservation_id)).toHaveLength(1);
  await expectInvariants(sql);
});

test('another card ends the one that the bank still asks about', async () => {
  const hold = await held('pm_card_authenticationRequired');
  const asked = await payWith(hold, hold.payment_method_id);
  const good = await saveCard(bench, hold.world.owner.user_id);
  expect(await payWith(hold, good)).toMatchObject({ status: 'success' });
  await answerBank(asked.payment_url ?? '', 'success');
  await arrive(bench);
  expect((await chargesOf(bench, hold.reservation_id)).toSorted()).toEqual([
    'canceled',
    'succeeded',
  ]);
  await expectInvariants(sql);
});

test('a bank that is not answered in time: the hold ends, and its page with it', async () => {
  const hold = await held('pm_card_authenticationRequired');
  await payWith(hold, hold.payment_method_id);
  await lapse(sql, hold.reservation_id);
  // The news of the closed charge may have the hold in hand: the sweeper comes again.
  const status = async () => {
    await drain('sweeper');
    return (await getReservation(app, hold.world.who, hold)).status;
  };
  await expect.poll(status).toBe('expired');
  expect(await chargesOf(bench, hold.reservation_id)).toEqual(['canceled']);
  await arrive(bench);
  await expectInvariants(sql);
});

test.each(['before', 'after'] as const)(
  'no answer, lost %s the charge: asked again it is charged once',
  async (phase) => {
    const hold = await held();
    await control('webhook', { url: null });
    await outage(phase);
    await expectProblem(payWith(hold, hold.payment_method_id), 'unavailable');
    await calm();
    await control('webhook', { url: bench.webhook_url });
    expect(await bookingsOf(hold.reservation_id)).toBe(0);
    expect(await payWith(hold, hold.payment_method_id)).toMatchObject({ status: 'success' });
    expect(await chargesOf(bench, hold.reservation_id)).toEqual(['succeeded']);
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  },
);

test.each(['before', 'after'] as const)(
  'no answer, lost %s the charge, and nobody asks again: the poller finds out',
  async (phase) => {
    const hold = await held();
    await control('webhook', { url: null });
    await outage(phase);
    await expectProblem(payWith(hold, hold.payment_method_id), 'unavailable');
    await calm();
    await control('webhook', { url: bench.webhook_url });
    await ageOf(sql, hold.reservation_id);
    await poller.tick(app, never);
    expect(await bookingsOf(hold.reservation_id)).toBe(phase === 'after' ? 1 : 0);
    const rows =
      await sql`select status from payments where reservation_id = ${hold.reservation_id}`;
    expect(rows).toMatchObject([{ status: phase === 'after' ? 'success' : 'failed' }]);
    await control('resend-lost', {});
    await arrive(bench);
    await expectInvariants(sql);
  },
);

test('the webhook of a charge whose answer was lost, after its place went to another', async () => {
  const hold = await held();
  await control('webhook', { url: null });
  await outage('after');
  await expectProblem(payWith(hold, hold.payment_method_id), 'unavailable');
  await calm();
  await control('webhook', { url: bench.webhook_url });
  await expireUnseen(app, hold.reservation_id);
  await startBooking(app, await rivalOf(sql, hold.world));
  await control('resend-lost', {});
  await arrive(bench);
  const refunds = () => sql`
    select status from refunds where reservation_id = ${hold.reservation_id}`;
  await expect.poll(async () => (await refunds()).length).toBe(1);
  await drain('refunds');
  expect(await refunds()).toMatchObject([{ status: 'completed' }]);
  await expectInvariants(sql);
});

test('ten at once charge once', async () => {
  const hold = await held();
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () => payWith(hold, hold.payment_method_id)),
  );
  expect(tries.some(({ status }) => status === 'fulfilled')).toBe(true);
  await arrive(bench);
  expect(await chargesOf(bench, hold.reservation_id)).toEqual(['succeeded']);
  expect(await bookingsOf(hold.reservation_id)).toBe(1);
  await expectInvariants(sql);
});

test('a page that is open closes when the saved card has paid', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  const payment_method_id = await saveCard(bench, world.owner.user_id);
  await payWith({ world, reservation_id: started.reservation_id }, payment_method_id);
  const pay = control('pay', { ref: started.reference_code, outcome: 'success' });
  await expect(pay).rejects.toThrow('expired');
  await arrive(bench);
  await expectInvariants(sql);
});

test('what cannot be paid is refused before a bank hears of it', async () => {
  const hold = await held();
  const { payment_method_id } = hold;
  const stranger = await held();
  const foreign = payWith(hold, stranger.payment_method_id);
  await expectProblem(foreign, 'not_found');
  await expectProblem(payWith({ ...hold, world: stranger.world }, payment_method_id), 'not_found');
  await lapse(sql, hold.reservation_id);
  await expectProblem(payWith(hold, payment_method_id), 'reservation_expired');
  await drain('sweeper');
  await expectProblem(payWith(hold, payment_method_id), 'reservation_expired');
  await payWith(stranger, stranger.payment_method_id);
  await expectProblem(payWith(stranger, stranger.payment_method_id), 'conflict');
  expect(await chargesOf(bench, hold.reservation_id)).toEqual([]);
});

test('methods are seen by their owner and the desk of their clinic, and forgotten', async () => {
  const { world, payment_method_id } = await held();
  const { user_id } = world.owner;
  const other = await makeWorld(sql);
  const elsewhere = staff('desk', other.clinic.id);
  await expectProblem(listPaymentMethods(app, other.who, { user_id }), 'not_found');
  await expectProblem(listPaymentMethods(app, elsewhere, { user_id }), 'not_found');
  const theirs = staff('desk', world.clinic.id);
  expect((await listPaymentMethods(app, theirs, { user_id })).items).toHaveLength(1);
  const wish = { user_id, payment_method_id };
  await expectProblem(removePaymentMethod(app, other.who, wish), 'not_found');
  await removePaymentMethod(app, world.who, wish);
  expect((await listPaymentMethods(app, desk, { user_id })).items).toEqual([]);
  await expectProblem(removePaymentMethod(app, world.who, wish), 'not_found');
  expect(await atStripe(bench, `payment_methods/${payment_method_id}`)).toMatchObject({
    customer: null,
  });
});
