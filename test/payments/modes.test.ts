import { expect, test } from 'vitest';
import { createPayment } from '../../src/daemon/actions/create-payment.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import {
  cancelReservation,
  confirmReservation,
  extendReservation,
} from '../../src/daemon/store/reservations.ts';
import { createPoller } from '../../src/daemon/workers/poll-payments.ts';
import { expectProblem, no_key, openBench, problemOf } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, rivalOf, startBooking, type World } from '../actions/world.ts';
import { desk } from '../helpers/booking.ts';
import { lapse } from '../helpers/database.ts';
import { makeAskingWorld } from './approval-bench.ts';
import { type End, endOf, type Mode, modes, type State, states } from './mode-table.ts';
import { answerBank, chargesOf, saveCard } from './saved-bench.ts';

/** Every way to pay against every state of a hold, on the real parts. */

const bench = await openBench();
const { app, sql, drain, control } = bench;
const poller = createPoller();
const never = new AbortController().signal;

type Started = Pick<Awaited<ReturnType<typeof startBooking>>, 'reservation_id' | 'reference_code'>;

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
  await drain('refunds', 'authorisations');
  await expect.poll(waiting).toBe(0);
}

async function endOfMoney({ reference_code, reservation_id }: Started): Promise<readonly End[]> {
  const [row] = await sql<Record<End, number>[]>`
    select
      (select count(*) from bookings b join payments p on p.booking_id = b.id
        where b.reference_code = ${reference_code} and b.status = 'confirmed'
          and p.payment_method in ('checkout', 'saved_card') and p.status = 'success') as booking,
      (select count(*) from refunds f
        join payments p on p.id = f.payment_id
        where f.reservation_id = ${reservation_id} and f.status = 'completed'
          and f.amount = p.amount and p.payment_method in ('checkout', 'saved_card')) as refund,
      (select count(*) from money_inbox where reference_code = ${reference_code}) as inbox,
      (select count(*) from authorisations a join reservations r on r.id = a.reservation_id
        where r.id = ${reservation_id} and r.status = 'pending' and a.status = 'open') as awaiting,
      (select count(*) from authorisations
        where reservation_id = ${reservation_id} and status = 'voided') as void`;
  const ends: readonly End[] = ['booking', 'refund', 'inbox', 'awaiting', 'void'];
  const found = ends.flatMap((end) => Array.from({ length: row?.[end] ?? 0 }, () => end));
  // What we say and what the provider did must be one.
  const charges = await chargesOf(bench, reservation_id);
  const holds_money = charges.some((one) => one === 'succeeded' || one === 'requires_capture');
  const is_void = found.includes('void') && charges.includes('canceled');
  return holds_money || is_void ? found : [...found, 'nothing'];
}

function wishOf(mode: Mode) {
  if (mode === 'processing_declined') return { outcome: 'processing', settles: 'decline' };
  if (mode === 'sca_left') return { outcome: 'sca' };
  if (mode === 'authorised') return { outcome: 'success' };
  if (mode === 'authorised_unseen') return { outcome: 'lost_webhook' };
  return { outcome: mode };
}

/** On the page, which stands open while the hold goes through what it goes through. */
async function onPage(mode: Mode, state: State): Promise<Started> {
  const asks = mode.startsWith('authorised');
  const world = asks ? await makeAskingWorld(sql) : await makeWorld(sql);
  const started = await startBooking(app, world);
  await bring[state](started, world);
  await control('pay', { ref: started.reference_code, ...wishOf(mode) });
  // The bank asks the customer, who says yes.
  if (mode === 'sca') await control('pay', { ref: started.reference_code, outcome: 'success' });
  return started;
}

/** With a saved card: charged by us, or begun by us and ended by a bank or a lost answer. */
async function withSavedCard(mode: Mode, state: State): Promise<Started> {
  const world = await makeWorld(sql);
  const started = await createReservation(app, world.who, world.wish, no_key);
  const { reservation_id } = started;
  const card = mode.startsWith('saved_sca')
    ? 'pm_card_authenticationRequired'
    : mode === 'saved_declined'
      ? 'pm_card_chargeDeclined'
      : 'pm_card_visa';
  const payment_method_id = await saveCard(bench, world.owner.user_id, card);
  const pay = () => createPayment(app, world.who, { reservation_id, payment_method_id });
  if (mode === 'saved' || mode === 'saved_declined') {
    await bring[state](started, world);
    const is_refused = mode === 'saved_declined' || endOf(mode, state) === 'nothing';
    if (is_refused) await problemOf(pay());
    else await pay();
    return started;
  }
  if (mode === 'saved_unknown') {
    await control('webhook', { url: null });
    await control('faults', { mode: 'outage', path: '/v1/payment_intents', phase: 'after' });
    await expectProblem(pay(), 'unavailable');
    await control('faults', { mode: 'none' });
    await control('webhook', { url: bench.webhook_url });
    await bring[state](started, world);
    return started;
  }
  const { payment_url } = await pay();
  await bring[state](started, world);
  if (mode === 'saved_sca') await answerBank(payment_url ?? '', 'success');
  return started;
}

const cases = states.flatMap((state) => modes.map((mode) => [mode, state] as const));

test.each(cases)('%s while %s', async (mode, state) => {
  const pay = mode.startsWith('saved') ? withSavedCard : onPage;
  const started = await pay(mode, state);
  await settle(started.reservation_id);
  expect(await endOfMoney(started)).toEqual([endOf(mode, state)]);
});

test('and all invariants hold after all of them', async () => {
  await drain('sweeper', 'authorisations', 'relay', 'dispatcher');
  await expectInvariants(sql);
});
