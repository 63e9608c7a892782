import { expect, test } from 'vitest';
import { systemActor } from '../../src/daemon/actions/actor.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { giveUpReservation } from '../../src/daemon/store/reservations.ts';
import { createPoller } from '../../src/daemon/workers/poll-payments.ts';
import { lapse } from '../helpers/database.ts';
import { expectProblem, no_key, openBench, problemOf } from './bench.ts';
import { expectInvariants } from './invariants.ts';
import { expireUnseen, makeWorld, rivalOf, startBooking } from './world.ts';

const { app, sql, pay, drain, mail, control, workers } = await openBench();

const refundsOf = (reservation_id: string) => sql`
  select status, amount, reason from refunds where reservation_id = ${reservation_id}`;

test('a declined card leaves the hold, tells the owner, and the page works after', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await pay(started.reference_code, 'decline');
  await drain('relay', 'dispatcher');
  expect(mail.list()[0]?.subject).toContain('Payment did not go through');
  const held = await getReservation(app, world.who, started);
  expect(held).toMatchObject({ status: 'pending', payment_url: started.payment_url });
  expect(held.payment_attempts).toMatchObject([{ result: 'failed' }]);
  await pay(started.reference_code);
  const booking = await getBooking(app, world.who, { booking_id: started.reference_code });
  expect(booking.status).toBe('confirmed');
  expect(booking.payment_attempts).toMatchObject([{ result: 'failed' }, { result: 'success' }]);
  await expectInvariants(sql);
});

test('a page that was left open by a declined card closes with its hold', async () => {
  const world = await makeWorld(sql);
  const given_back = await startBooking(app, world);
  await pay(given_back.reference_code, 'decline');
  await cancelReservation(app, world.who, given_back);
  await expect(pay(given_back.reference_code)).rejects.toThrow();
  const lapsed = await startBooking(app, await rivalOf(sql, world));
  await pay(lapsed.reference_code, 'decline');
  await lapse(sql, lapsed.reservation_id);
  // The news of the closed page may have the hold in hand: the sweeper comes again.
  await expect
    .poll(async () => {
      await drain('sweeper');
      return await sql`
        select status from reservations where id = ${lapsed.reservation_id}`;
    })
    .toEqual([{ status: 'expired' }]);
  await expect(pay(lapsed.reference_code)).rejects.toThrow();
  await expectInvariants(sql);
});

test('a repeated request gets the same page, another key or contents do not', async () => {
  const world = await makeWorld(sql);
  const key = { idempotency_key: 'tap-tap' };
  const first = await createBooking(app, world.who, world.wish, key);
  const again = await createBooking(app, world.who, world.wish, key);
  expect(again).toEqual({ ...first, replayed: true });
  const without_key = await createBooking(app, world.who, world.wish, no_key);
  expect(without_key).toEqual({ ...first, replayed: true });
  const other = await makeWorld(sql);
  await expectProblem(
    createBooking(app, world.who, { ...other.wish, pet_id: world.owner.pet_id }, key),
    'conflict',
  );
  await pay(first.reference_code);
  const paid = await createBooking(app, world.who, world.wish, key);
  expect(paid).toMatchObject({ replayed: true, payment_url: null });
  expect(paid.booking_id).not.toBeNull();
  const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`
    select count(*) from payments where reservation_id = ${first.reservation_id}`;
  expect(count).toBe(1);
});

test('a duplicate webhook changes nothing', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await pay(started.reference_code, 'duplicate');
  await control('flush', {});
  const [{ events, bookings } = { events: 0, bookings: 0 }] = await sql<
    { events: number; bookings: number }[]
  >`
    select
      (select count(*) from booking_events_outbox
        where event_type = 'booking.confirmed'
          and payload ->> 'reference_code' = ${started.reference_code}) as events,
      (select count(*) from bookings where reference_code = ${started.reference_code}) as bookings`;
  expect({ events, bookings }).toEqual({ events: 1, bookings: 1 });
  await expectInvariants(sql);
});

test('late money takes the place again while it is free', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await expireUnseen(app, started.reservation_id);
  await pay(started.reference_code);
  const booking = await getBooking(app, world.who, { booking_id: started.reference_code });
  expect(booking).toMatchObject({ status: 'confirmed', payment_state: 'paid' });
  await expectInvariants(sql);
});

test('late money goes back in full when somebody else has the place', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await expireUnseen(app, started.reservation_id);
  const rival = await rivalOf(sql, world);
  const won = await startBooking(app, rival);
  await pay(won.reference_code);
  await pay(started.reference_code);
  await expectProblem(
    getBooking(app, world.who, { booking_id: started.reference_code }),
    'not_found',
  );
  await drain('refunds', 'relay', 'dispatcher');
  expect(await refundsOf(started.reservation_id)).toMatchObject([
    { status: 'completed', amount: '250000.000', reason: 'slot_taken' },
  ]);
  const subjects = mail.list().map((letter) => letter.subject);
  expect(subjects).toContain(`Your payment came too late (${started.reference_code})`);
  expect(subjects).toContain(`Refund sent (${started.reference_code})`);
  await expectInvariants(sql);
});

test('a page that cannot be opened gives the slot back', async () => {
  const world = await makeWorld(sql);
  await control('faults', { mode: 'outage' });
  const problem = await expectProblem(startBooking(app, world), 'unavailable');
  expect(problem.facts['retry_after_ms']).toBeGreaterThan(0);
  await control('faults', { mode: 'none' });
  const rival = await rivalOf(sql, world);
  expect((await startBooking(app, rival)).payment_url).not.toBeNull();
  await expectInvariants(sql);
});

test('after an outage the same request, with the same key, finds a place', async () => {
  const world = await makeWorld(sql);
  const key = { idempotency_key: 'patient' };
  const book = () => createBooking(app, world.who, world.wish, key);
  await control('faults', { mode: 'outage' });
  const during = await Promise.all([problemOf(book()), problemOf(book()), problemOf(book())]);
  expect(during.map(({ code }) => code)).toContain('unavailable');
  await expectProblem(book(), 'unavailable');
  await control('faults', { mode: 'none' });
  const retries = await Promise.all([book(), book(), book()]);
  expect(new Set(retries.map(({ reservation_id }) => reservation_id)).size).toBe(1);
  expect(retries.every(({ payment_url }) => payment_url !== null)).toBe(true);
  const rows = await sql<{ status: string; idempotency_key: string | null }[]>`
    select status, idempotency_key from reservations where slot_id = ${world.slot_id}
    order by created_at`;
  expect(rows.at(-1)).toEqual({ status: 'pending', idempotency_key: 'patient' });
  expect(rows.slice(0, -1).every((row) => row.status === 'cancelled')).toBe(true);
  await expectInvariants(sql);
});

test('a key stays used when its owner gives the hold back', async () => {
  const world = await makeWorld(sql);
  const key = { idempotency_key: 'given-back' };
  const started = await createBooking(app, world.who, world.wish, key);
  await cancelReservation(app, world.who, started);
  await expectProblem(createBooking(app, world.who, world.wish, key), 'conflict');
});

test('who fails beside a page that stands leaves the hold alone', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  const by = systemActor(world.who);
  const given_up = await giveUpReservation(sql, started.reservation_id, 'unavailable', by);
  expect(given_up.outcome).toBe('conflict');
  expect(await getReservation(app, world.who, started)).toMatchObject({ status: 'pending' });
});

test('giving a hold back closes its page: it cannot be paid any more', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await cancelReservation(app, world.who, { reservation_id: started.reservation_id });
  await expect(pay(started.reference_code)).rejects.toThrow();
  const rival = await rivalOf(sql, world);
  expect((await startBooking(app, rival)).reservation_id).not.toBe(started.reservation_id);
});

test('the poller finds a payment whose webhook never came', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await control('pay', { ref: started.reference_code, outcome: 'lost_webhook' });
  const poller = createPoller();
  const signal = new AbortController().signal;
  expect(await poller.tick(app, signal)).toBe(0);
  await sql`
    update payments set created_at = now() - interval '2 minutes'
    where reservation_id = ${started.reservation_id}`;
  expect(await poller.tick(app, signal)).toBe(1);
  expect((await getBooking(app, world.who, { booking_id: started.reference_code })).status).toBe(
    'confirmed',
  );
  // The lost webhook turns up after all: everything is done already.
  await control('resend-lost', {});
  await control('flush', {});
  expect(await poller.tick(app, signal)).toBe(0);
  await expectInvariants(sql);
});

test('a refund is asked for again until the provider answers, and happens once', async () => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await expireUnseen(app, started.reservation_id);
  await startBooking(app, await rivalOf(sql, world));
  await pay(started.reference_code);
  await control('faults', { mode: 'outage' });
  await workers.refunds.tick(app, new AbortController().signal);
  await control('faults', { mode: 'none' });
  expect(await refundsOf(started.reservation_id)).toMatchObject([{ status: 'pending' }]);
  await sql`update refunds set next_attempt_at = now() where status = 'pending'`;
  await drain('refunds');
  expect(await refundsOf(started.reservation_id)).toMatchObject([{ status: 'completed' }]);
  await expectInvariants(sql);
});
