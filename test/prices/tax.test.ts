import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getReceipt } from '../../src/daemon/actions/get-receipt.ts';
import { listSlots } from '../../src/daemon/actions/list-slots.ts';
import { payBooking } from '../../src/daemon/actions/pay-booking.ts';
import { listPrices, quoteSlot, setPrice } from '../../src/daemon/actions/prices.ts';
import { customer, expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { addOwner } from '../helpers/database.ts';
import { addShow } from './scene.ts';

const { app, sql, pay } = await openBench();
const desk = staff('desk');

const tiers = [
  { name: 'Adult', price: '1001', is_default: true },
  { name: 'Child', price: '334', seats_limit: 5 },
] as const;
const items = [
  { tier: 'Adult', quantity: 2 },
  { tier: 'Child', quantity: 1 },
];

async function entriesOf(booking_id: string) {
  return await sql`
    select type, total_amount, tax_amount, platform_fee, clinic_amount
    from financial_entries
    where booking_id = ${booking_id}
    order by created_at, id`;
}

/** A yen venue with 10 % tax on top: 2336 + 234 (233.6) = 2570. */
async function show() {
  const scene = await addShow(sql, { currency: 'JPY', tax_bp: 1_000, tax_on_top: true, tiers });
  const owner = await addOwner(sql);
  const { service_id, slot_id } = scene;
  const wish = { service_id, slot_id, pet_id: owner.pet_id, quantity: 1, items };
  return { ...scene, owner, wish, who: customer(owner.user_id) };
}

test('tax on top: quoted, held, paid at the provider, on the receipt and in the ledger', async () => {
  const { who, wish, slot_id } = await show();
  const quote = await quoteSlot(app, who, { slot_id, quantity: 1, items });
  expect(quote).toMatchObject({
    quantity: 3,
    amount: '2570',
    tax_amount: '234',
    tax_included: false,
    price_lines: [
      { tier: 'Adult', units: 2, amount: '2002', tax_amount: '201', total: '2203' },
      { tier: 'Child', units: 1, amount: '334', tax_amount: '33', total: '367' },
    ],
  });
  const started = await createBooking(app, who, { ...wish, payment_method: 'checkout' }, no_key);
  expect(started.amount).toBe('2570');
  await pay(started.reference_code);
  const booking = await getBooking(app, who, { booking_id: started.reference_code });
  expect(booking.money).toEqual({
    amount: '2570',
    amount_due: '2570',
    amount_paid: '2570',
    amount_rest: '0',
    tax_amount: '234',
    tax_percent: '10',
    tax_included: false,
    price_lines: quote.price_lines,
  });
  expect(await entriesOf(booking.booking_id)).toMatchObject([
    { total_amount: '2570.000', tax_amount: '234.000', platform_fee: '257.000' },
  ]);
  const receipt = await getReceipt(app, who, { payment_id: started.reference_code, width: '42' });
  expect(receipt).toMatchObject({ tax_amount: '234', tax_percent: '10', price: '2570' });
  expect(receipt.text).toMatch(/2 x Adult +¥2,203\n1 x Child +¥367\n/);
  await expectInvariants(sql);
});

test('paid in parts, each part carries its share and the sum is the tax of the booking', async () => {
  const { owner, wish } = await show();
  const { booking_id } = await createBooking(
    app,
    desk,
    { ...wish, user_id: owner.user_id, payment_method: 'at_clinic' },
    no_key,
  );
  if (booking_id === null) throw new Error('it is not booked');
  const seven = '367';
  for (let part = 0; part < 7; part += 1) {
    const { version } = await getBooking(app, desk, { booking_id });
    const wanted = { booking_id, payment_method: 'cash', expected_version: version } as const;
    await payBooking(app, desk, { ...wanted, amount: seven });
  }
  await payBooking(app, desk, { booking_id, payment_method: 'cash' });
  const entries = await entriesOf(booking_id);
  expect(entries).toHaveLength(8);
  const sum = (of: string) => entries.reduce((total, entry) => total + Number(entry[of]), 0);
  expect([sum('total_amount'), sum('tax_amount')]).toEqual([2570, 234]);
  await cancelBooking(app, desk, { booking_id, by: 'clinic', quote: false, now: true });
  await expectInvariants(sql);
});

test('slots and services tell of tiers; another clinic cannot price them', async () => {
  const { who, service_id, slot_id } = await show();
  const { items: slots } = await listSlots(app, who, { service_id, explain: false, limit: 50 });
  expect(slots[0]?.price_tiers).toMatchObject([
    { tier: 'Adult', price: '1001', remaining: 50, on_sale: true },
    { tier: 'Child', price: '334', remaining: 5, seats_limit: 5 },
  ]);
  const { clinic: other } = await show();
  const foreign = { ...staff('manager'), clinic_id: other.id };
  const fields = { ...(await listPrices(app, who, { service_id })).items[0]!, slot_id: null };
  await expectProblem(
    setPrice(app, foreign, { ...fields, service_id, tier: 'Adult', price: '1' }),
    'not_found',
  );
  await expectProblem(quoteSlot(app, foreign, { slot_id, quantity: 1 }), 'not_found');
});

test('a hold says which tier is sold out, and the same request is the same hold', async () => {
  const { who, wish, slot_id } = await show();
  const key = { idempotency_key: 'tiers' };
  const first = await createReservation(app, who, wish, key);
  expect(await createReservation(app, who, wish, key)).toMatchObject({
    reservation_id: first.reservation_id,
    replayed: true,
  });
  const others = { ...wish, items: [{ tier: 'Adult', quantity: 3 }] };
  await expectProblem(createReservation(app, who, others, key), 'conflict');
  const rival = await addOwner(sql);
  const all = { ...wish, pet_id: rival.pet_id, items: [{ tier: 'Child', quantity: 5 }] };
  const lost = await expectProblem(
    createReservation(app, customer(rival.user_id), all, no_key),
    'slot_taken',
  );
  expect(lost.facts).toMatchObject({ tier: 'Child', next: `petpro prices list --slot ${slot_id}` });
});
