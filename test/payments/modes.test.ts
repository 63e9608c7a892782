import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import {
  cancelReservation,
  confirmReservation,
  extendReservation,
} from '../../src/daemon/store/reservations.ts';
import { createPoller } from '../../src/daemon/workers/poll-payments.ts';
import { openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, rivalOf, startBooking, type World } from '../actions/world.ts';
import { desk } from '../helpers/booking.ts';
import { lapse } from '../helpers/database.ts';
import { type End, endOf, type Mode, modes, type State, states } from './mode-table.ts';

/** Every way to pay against every state of a hold, on the real parts. */

const { app, sql, drain, control } = await openBench();
const poller = createPoller();
const never = new AbortController().signal;

type Started = Awaited<ReturnType<typeof startBooking>>;

/** At the desk, with the payment page left open: the provider could not be asked to close it. */
async function confirm({ reservation_id }: Started, payment_method: 'cash' | 'at_clinic') {
  const confirmed = await confirmReservation(sql, { reservation_id, payment_method }, desk);
  if (confirmed.outcome !== 'ok') throw new Error(`the confirm failed: ${confirmed.outcome}`);
  return confirmed.booking_id;
}

const bring: Readonly<Record<State, (started: Started, world: World) => Promise<unknown>>> = {
  pending: async () => undefined,
  extended: ({ reservation_id }) => extendReservation(sql, reservation_id, null, desk),
  overdue: ({ reservation_id }) => lapse(sql, reservation_id),
  expired_free: ({ reservation_id }) => expireUnseen(app, reservation_id),
  expired_taken: async ({ reservation_id }, world) => {
    await expireUnseen(app, reservation_id);
    await startBooking(app, await rivalOf(sql, world));
  },
  cancelled: ({ reservation_id }) => cancelReservation(sql, reservation_id, 'left', desk),
  confirmed_due: (started) => confirm(started, 'at_clinic'),
  confirmed_paid: (started) => confirm(started, 'cash'),
  booking_cancelled: async (started) => {
    const booking_id = await confirm(started, 'at_clinic');
    const wish = { booking_id, reason: null, by: 'clinic', expected_version: null } as const;
    expect((await cancelBooking(sql, { ...wish, quote: false }, desk)).outcome).toBe('ok');
  },
};

/** Everything that is on its way arrives: settling banks, late, repeated and lost webhooks. */
async function settle(reservation_id: string): Promise<void> {
  for (let fired = 1; fired > 0; ) {
    const flushed = await control('flush', {});
    ({ fired } = flushed as { fired: number });
  }
  const waiting = async () => {
    const { items } = (await control('deliveries?status=scheduled')) as { items: unknown[] };
    return items.length;
  };
  await expect.poll(waiting).toBe(0);
  await sql`
    update payments set created_at = now() - interval '2 minutes'
    where reservation_id = ${reservation_id}`;
  await poller.tick(app, never);
  await drain('refunds');
  await expect.poll(waiting).toBe(0);
}

async function endOfMoney(ref: string): Promise<readonly End[]> {
  const [row] = await sql<{ booked: number; refunded: number; inbox: number }[]>`
    select
      (select count(*) from bookings b join payments p on p.booking_id = b.id
        where b.reference_code = ${ref} and b.status = 'confirmed'
          and p.payment_method = 'checkout' and p.status = 'success') as booked,
      (select count(*) from refunds f
        join payments p on p.id = f.payment_id
        join reservations r on r.id = f.reservation_id
        where r.reference_code = ${ref} and f.status = 'completed' and f.amount = p.amount
          and p.payment_method = 'checkout') as refunded,
      (select count(*) from money_inbox where reference_code = ${ref}) as inbox`;
  const found = (count: number | undefined, end: End) =>
    Array.from({ length: count ?? 0 }, () => end);
  const ends = [
    ...found(row?.booked, 'booking'),
    ...found(row?.refunded, 'refund'),
    ...found(row?.inbox, 'inbox'),
  ];
  const { sessions } = (await control(`state?ref=${ref}`)) as {
    sessions: { payment_status: string }[];
  };
  return sessions[0]?.payment_status === 'paid' ? ends : [...ends, 'nothing'];
}

function wishOf(mode: Mode) {
  if (mode === 'processing_declined') return { outcome: 'processing', settles: 'decline' };
  if (mode === 'sca_left') return { outcome: 'sca' };
  return { outcome: mode };
}

const cases = states.flatMap((state) => modes.map((mode) => [mode, state] as const));

test.each(cases)('%s while %s', async (mode, state) => {
  const world = await makeWorld(sql);
  const started = await startBooking(app, world);
  await bring[state](started, world);
  await control('pay', { ref: started.reference_code, ...wishOf(mode) });
  // The bank asks the customer, who says yes.
  if (mode === 'sca') await control('pay', { ref: started.reference_code, outcome: 'success' });
  await settle(started.reservation_id);
  expect(await endOfMoney(started.reference_code)).toEqual([endOf(mode, state)]);
});

test('and all invariants hold after all of them', async () => {
  await drain('relay', 'dispatcher');
  await expectInvariants(sql);
});
