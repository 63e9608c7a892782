import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { confirmReservation } from '../../src/daemon/actions/confirm-reservation.ts';
import { endOverdue } from '../../src/daemon/actions/end-overdue.ts';
import { takePaymentEvent } from '../../src/daemon/actions/take-payment-event.ts';
import { createSweeper } from '../../src/daemon/workers/sweep.ts';
import type { PaymentEvent } from '../../src/domain/ports.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking, type World } from '../actions/world.ts';
import { lapse } from '../helpers/database.ts';

const { app, sql, control } = await openBench();
const ROUNDS = 15;
const signal = new AbortController().signal;

/** A booking that was paid at the provider, and what the provider says about it. */
async function paidUntold(world: World): Promise<{
  readonly reservation_id: string;
  readonly event: PaymentEvent;
}> {
  const { reservation_id, reference_code } = await startBooking(app, world);
  await control('pay', { ref: reference_code, outcome: 'lost_webhook' });
  const [row] = await sql<{ session_id: string }[]>`
    select session_id from payments where reservation_id = ${reservation_id}`;
  const looked = await app.payments.retrieveCheckout(row?.session_id ?? '');
  if (looked.outcome !== 'paid') throw new Error(`it is ${looked.outcome}`);
  return { reservation_id, event: looked.event };
}

async function ending(reservation_id: string) {
  const [row] = await sql<{ status: string; bookings: number; refunds: number; claims: number }[]>`
    select r.status,
      (select count(*) from bookings b where b.reservation_id = r.id) as bookings,
      (select count(*) from refunds f where f.reservation_id = r.id) as refunds,
      (select count(*) from slot_claims c where c.reservation_id = r.id) as claims
    from reservations r
    where r.id = ${reservation_id}`;
  return row;
}

async function rounds(round: (world: World) => Promise<void>): Promise<void> {
  for (let index = 0; index < ROUNDS; index += 1) await round(await makeWorld(sql));
  await expectInvariants(sql);
}

test('the webhook comes five times at once: one booking', async () => {
  await rounds(async (world) => {
    const { reservation_id, event } = await paidUntold(world);
    const told = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        // Half of them under ids of their own, as a webhook and a look-up of the same payment.
        takePaymentEvent(app, { ...event, event_id: `${event.event_id}_${index % 2}` }),
      ),
    );
    expect(told.filter(({ outcome }) => outcome === 'confirmed')).toHaveLength(1);
    expect(await ending(reservation_id)).toMatchObject({ bookings: 1, refunds: 0, claims: 1 });
  });
});

test('paid in the moment of expiry: a booking, never money without a place', async () => {
  await rounds(async (world) => {
    const { reservation_id, event } = await paidUntold(world);
    await lapse(sql, reservation_id);
    const session_id = event.session_id;
    await Promise.all([
      takePaymentEvent(app, event),
      endOverdue(app, { reservation_id, session_id }),
      endOverdue(app, { reservation_id, session_id: null }),
    ]);
    expect(await ending(reservation_id)).toMatchObject({
      status: 'confirmed',
      bookings: 1,
      refunds: 0,
      claims: 1,
    });
  });
});

test('paid in the moment of giving it back: a booking or all the money back', async () => {
  await rounds(async (world) => {
    const { reservation_id, event } = await paidUntold(world);
    await Promise.allSettled([
      takePaymentEvent(app, event),
      cancelReservation(app, world.who, { reservation_id }),
    ]);
    const end = await ending(reservation_id);
    expect([
      { status: 'confirmed', bookings: 1, refunds: 0, claims: 1 },
      { status: 'cancelled', bookings: 0, refunds: 1, claims: 0 },
    ]).toContainEqual(end);
  });
});

test('the desk confirms while the customer pays: one booking, at most one refund', async () => {
  await rounds(async (world) => {
    const { reservation_id, event } = await paidUntold(world);
    const desk = staff('desk', world.clinic.id);
    await Promise.allSettled([
      takePaymentEvent(app, event),
      confirmReservation(app, desk, { reservation_id, payment_method: 'cash' }),
    ]);
    const end = await ending(reservation_id);
    expect(end).toMatchObject({ status: 'confirmed', bookings: 1, claims: 1 });
    expect(end?.refunds).toBeLessThanOrEqual(1);
  });
});

test('cancelled twice at once: one refund, the seat is free once', async () => {
  await rounds(async (world) => {
    const { reservation_id, event } = await paidUntold(world);
    const { reference_code } = await takePaymentEvent(app, event);
    const cancel = { booking_id: reference_code ?? '', quote: false, by: 'owner' } as const;
    const both = await Promise.allSettled([
      cancelBooking(app, world.who, cancel),
      cancelBooking(app, world.who, cancel),
    ]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await ending(reservation_id)).toMatchObject({ refunds: 1, claims: 0 });
  });
});

test('three sweepers share the work: each hold ends once', async () => {
  const worlds = await Promise.all(Array.from({ length: 30 }, () => makeWorld(sql)));
  const held = await Promise.all(worlds.map((world) => startBooking(app, world)));
  const ids = held.map(({ reservation_id }) => reservation_id);
  for (const reservation_id of ids) await lapse(sql, reservation_id);
  const sweepers = [createSweeper(), createSweeper(), createSweeper()];
  const round = () => Promise.all(sweepers.map((sweeper) => sweeper.tick(app, signal)));
  // Twice: the provider's news of a closed page may have a row in hand, and nobody waits for it.
  const done = [...(await round()), ...(await round())];
  expect(done.reduce((sum, units) => sum + units, 0)).toBe(30);
  const [counts] = await sql`
    select
      (select count(*) from reservations where status = 'pending' and expires_at <= now()) as due,
      (select count(*) from booking_events_outbox
        where event_type = 'reservation.expired' and aggregate_id = any (${ids})) as events`;
  expect(counts).toMatchObject({ due: 0, events: 30 });
  await expectInvariants(sql);
});
