import { expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { slotTiers } from '../../src/daemon/store/prices.ts';
import { rescheduleBooking } from '../../src/daemon/store/reschedule.ts';
import { cancelReservation, confirmReservation } from '../../src/daemon/store/reservations.ts';
import { desk, hold, mustHold } from '../helpers/booking.ts';
import { addOwner, addOwners, addSlot, createTestDatabase, lapse } from '../helpers/database.ts';
import { addShow, setTier } from './scene.ts';

const { sql } = await createTestDatabase({ max: 30 });

const two = [
  { name: 'Adult', price: '100000', is_default: true },
  { name: 'Child', price: '60000', seats_limit: 5 },
] as const;

async function linesOf(reservation_id: string) {
  const [row] = await sql<{ price_lines: unknown; amount: string; tax_amount: string }[]>`
    select price_lines, amount, tax_amount from reservations where id = ${reservation_id}`;
  return row;
}

test('the caller names tiers, or gets the default; lines and amount are kept with the hold', async () => {
  const { slot_id } = await addShow(sql, { tiers: two });
  const plain = await hold(sql, slot_id, await addOwner(sql), { quantity: 2 });
  expect(plain).toMatchObject({ outcome: 'ok', amount: '200000.00' });
  const items = [
    { tier: 'child', quantity: 2 },
    { tier: 'Adult', quantity: 1 },
  ];
  const mixed = await hold(sql, slot_id, await addOwner(sql), { quantity: 3, items });
  expect(mixed).toMatchObject({ outcome: 'ok', amount: '220000.00' });
  expect(await linesOf(mixed.reservation_id ?? '')).toMatchObject({
    price_lines: [
      { tier: 'Child', seats: 2, units: 2, unit_price: '60000.00', amount: '120000.00' },
      { tier: 'Adult', seats: 1, units: 1, unit_price: '100000.00', amount: '100000.00' },
    ],
  });
  const remaining = await slotTiers(sql, [slot_id]);
  expect(remaining.map(({ tier, remaining: left }) => [tier.tier, left])).toEqual([
    ['Adult', 45],
    ['Child', 3],
  ]);
  await assertInvariants(sql);
});

test('a later change of the price moves neither the hold nor its booking', async () => {
  const { slot_id, service_id } = await addShow(sql, { tiers: two });
  const owner = await addOwner(sql);
  const reservation_id = await mustHold(sql, slot_id, owner, { quantity: 2 });
  await setTier(sql, service_id, { name: 'Adult', price: '999000', is_default: true });
  const booked = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  expect(booked.outcome).toBe('ok');
  const [row] = await sql`
    select b.amount, i.unit_price, i.quantity, i.amount as item, e.total_amount
    from bookings b
    join booking_items i on i.booking_id = b.id
    join financial_entries e on e.booking_id = b.id
    where b.reservation_id = ${reservation_id}`;
  expect(row).toEqual({
    amount: '200000.000',
    unit_price: '100000.000',
    quantity: 2,
    item: '200000.000',
    total_amount: '200000.000',
  });
  await assertInvariants(sql);
});

test('what stands in the way is said by rule and tier, and nothing is taken', async () => {
  const { slot_id, service_id } = await addShow(sql, {
    tiers: [
      { name: 'Late', price: '1000', sale_from: '2099-01-01T00:00:00Z' },
      { name: 'Over', price: '1000', sale_until: '2020-01-01T00:00:00Z' },
      { name: 'Group', price: '1000', min_quantity: 4, max_quantity: 8 },
    ],
  });
  const refused = async (items: { tier: string; quantity: number }[] | null, quantity: number) => {
    const { outcome, rule, tier } = await hold(sql, slot_id, await addOwner(sql), {
      quantity,
      items,
    });
    return [outcome, rule, tier];
  };
  const one = (tier: string, quantity = 1) => refused([{ tier, quantity }], quantity);
  expect(await refused(null, 1)).toEqual(['policy_refused', 'tier_needed', null]);
  expect(await one('Nobody')).toEqual(['invalid_input', 'tier_unknown', 'Nobody']);
  expect(await one('Late')).toEqual(['policy_refused', 'tier_not_on_sale', 'Late']);
  expect(await one('Over')).toEqual(['policy_refused', 'tier_not_on_sale', 'Over']);
  expect(await one('Group', 3)).toEqual(['policy_refused', 'tier_quantity', 'Group']);
  expect(await one('Group', 9)).toEqual(['policy_refused', 'tier_quantity', 'Group']);
  expect(await refused([{ tier: 'Group', quantity: 4 }], 5)).toEqual([
    'invalid_input',
    'tier_items',
    null,
  ]);
  const [claims] = await sql`select count(*) as n from slot_claims where slot_id = ${slot_id}`;
  expect(claims).toEqual({ n: 0 });
  expect(await one('Group', 4)).toEqual(['ok', null, null]);
  // At most what is sold: the limit of a tier cannot fall below it.
  const lowered = await setTier(sql, service_id, { name: 'Group', price: '1000', seats_limit: 3 });
  expect(lowered).toMatchObject({ outcome: 'policy_refused', rule: 'tier_sold_more', sold: 4 });
});

test("a slot's own tier replaces the service's of that name; weekdays decide too", async () => {
  const { slot_id, service_id, clinic } = await addShow(sql, { tiers: two });
  const gala = await addSlot(sql, clinic, service_id, { capacity: 50, in_hours: 96 });
  await setTier(sql, service_id, { name: 'adult', price: '500000', slot_id: gala });
  const [{ day } = { day: 0 }] = await sql<{ day: number }[]>`
    select extract(isodow from slot_date)::integer as day from slots where id = ${slot_id}`;
  const weekdays = [1, 2, 3, 4, 5, 6, 7].filter((other) => other !== day);
  await setTier(sql, service_id, { name: 'Child', price: '60000', weekdays });
  const price = async (slot: string, tier: string) =>
    (await hold(sql, slot, await addOwner(sql), { items: [{ tier, quantity: 1 }] })).amount;
  expect(await price(slot_id, 'Adult')).toBe('100000.00');
  expect(await price(gala, 'Adult')).toBe('500000.00');
  expect(await price(slot_id, 'Child')).toBeNull();
  expect(await price(gala, 'Child')).toBe('60000.00');
});

test('packages and steps; a deposit is per seat and never more than the price', async () => {
  const { slot_id } = await addShow(sql, {
    deposit: '40000',
    tiers: [
      {
        name: 'Family',
        price: '30000',
        is_default: true,
        quantity_prices: [{ from: 4, price: '100000', per: 'package' }],
      },
    ],
  });
  const five = await hold(sql, slot_id, await addOwner(sql), { quantity: 5 });
  expect(five).toMatchObject({ outcome: 'ok', amount: '130000.00', amount_due: '130000.00' });
  expect((await linesOf(five.reservation_id ?? ''))?.price_lines).toMatchObject([
    { seats: 4, units: 1, unit: 'package', amount: '100000.00' },
    { seats: 1, units: 1, unit: 'seat', amount: '30000.00' },
  ]);
});

test('an overdue hold gives its places back to the next; a cancel at once', async () => {
  const { slot_id } = await addShow(sql, { tiers: two });
  const items = [{ tier: 'Child', quantity: 5 }];
  const all = { quantity: 5, items };
  const first = await mustHold(sql, slot_id, await addOwner(sql), all);
  const full = await hold(sql, slot_id, await addOwner(sql), all);
  expect(full).toMatchObject({ outcome: 'slot_taken', tier: 'Child' });
  await lapse(sql, first);
  const second = await mustHold(sql, slot_id, await addOwner(sql), all);
  await cancelReservation(sql, second, null, desk);
  expect((await hold(sql, slot_id, await addOwner(sql), all)).outcome).toBe('ok');
  await assertInvariants(sql);
});

test('a move keeps the tiers, prices them anew and takes their places there', async () => {
  const { slot_id, service_id, clinic } = await addShow(sql, { tiers: two });
  const other = await addSlot(sql, clinic, service_id, { capacity: 50, in_hours: 96 });
  await setTier(sql, service_id, { name: 'Child', price: '80000', slot_id: other, seats_limit: 2 });
  const items = [{ tier: 'Child', quantity: 2 }];
  const reservation_id = await mustHold(sql, slot_id, await addOwner(sql), { quantity: 2, items });
  const booked = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (booked.outcome !== 'ok') throw new Error(booked.outcome);
  const { booking_id } = booked;
  const move = { booking_id, slot_id: other, by: 'owner', seats: null, reason: null } as const;
  const moved = await rescheduleBooking(
    sql,
    { ...move, expected_version: null, quote: false },
    desk,
  );
  expect(moved).toMatchObject({ outcome: 'ok', amount: '160000.000', due_amount: '40000.000' });
  const left = await slotTiers(sql, [slot_id, other]);
  expect(left.map(({ tier, remaining }) => [tier.tier, remaining])).toEqual([
    ['Adult', 50],
    ['Child', 5],
    ['Adult', 48],
    ['Child', 0],
  ]);
  const second = await hold(sql, other, await addOwner(sql), {
    items: [{ tier: 'Child', quantity: 1 }],
  });
  expect(second).toMatchObject({ outcome: 'slot_taken', tier: 'Child' });
  await assertInvariants(sql);
});

test('a time without the tier refuses a move, one with too few seats of it says so in the quote', async () => {
  const { slot_id, service_id, clinic } = await addShow(sql, { tiers: two });
  const [{ day } = { day: 0 }] = await sql<{ day: number }[]>`
    select extract(isodow from slot_date)::integer as day from slots where id = ${slot_id}`;
  const other = await addSlot(sql, clinic, service_id, { capacity: 50, in_hours: 96 });
  const same_day = await addSlot(sql, clinic, service_id, { capacity: 50, in_hours: 72 + 168 });
  await setTier(sql, service_id, {
    name: 'Child',
    price: '60000',
    seats_limit: 5,
    weekdays: [day],
  });
  const items = [{ tier: 'Child', quantity: 2 }];
  const reservation_id = await mustHold(sql, slot_id, await addOwner(sql), { quantity: 2, items });
  const booked = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (booked.outcome !== 'ok') throw new Error(booked.outcome);
  const { booking_id } = booked;
  const rest = {
    booking_id,
    by: 'owner',
    seats: null,
    reason: null,
    expected_version: null,
  } as const;
  const move = (slot: string, quote: boolean) =>
    rescheduleBooking(sql, { ...rest, slot_id: slot, quote }, desk);
  expect(await move(other, false)).toMatchObject({ outcome: 'policy_refused', tier: 'Child' });
  expect(await move(same_day, true)).toMatchObject({ outcome: 'ok', amount: '120000.000' });
  const four = { quantity: 4, items: [{ tier: 'Child', quantity: 4 }] };
  await mustHold(sql, same_day, await addOwner(sql), four);
  expect(await move(same_day, true)).toMatchObject({ outcome: 'slot_taken' });
  expect(await move(same_day, false)).toMatchObject({ outcome: 'slot_taken' });
  await assertInvariants(sql);
});

test('an undone cancel takes its places again, or fails when others have them', async () => {
  const { slot_id } = await addShow(sql, { tiers: two });
  const items = [{ tier: 'Child', quantity: 5 }];
  const all = { quantity: 5, items };
  const owner = await addOwner(sql);
  const reservation_id = await mustHold(sql, slot_id, owner, all);
  const done = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (done.outcome !== 'ok') throw new Error(done.outcome);
  const { booking_id } = done;
  const cancel = async () =>
    await sql`
      select outcome from cancel_booking(${booking_id}, null, 'clinic', null, false, ${sql.json(desk)})`;
  const undo = async () => {
    const [row] = await sql`
      select outcome, problem from undo_booking(${booking_id}, null, ${sql.json(desk)})`;
    return row;
  };
  expect(await cancel()).toMatchObject([{ outcome: 'ok' }]);
  expect(await undo()).toMatchObject({ outcome: 'ok' });
  const rival = await hold(sql, slot_id, await addOwner(sql), all);
  expect(rival).toMatchObject({ outcome: 'slot_taken', tier: 'Child' });
  expect(await cancel()).toMatchObject([{ outcome: 'ok' }]);
  await mustHold(sql, slot_id, await addOwner(sql), all);
  expect(await undo()).toMatchObject({ outcome: 'policy_refused', problem: 'slot_gone' });
  await assertInvariants(sql);
});

test('a hundred for the last five of a tier, one and two at a time: five, and never a circle', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { slot_id } = await addShow(sql, {
      capacity: 200,
      tiers: [...two, { name: 'Senior', price: '50000', seats_limit: 7 }],
    });
    const owners = await addOwners(sql, 100);
    const results = await Promise.all(
      owners.map((owner, n) => {
        // Named in either order, so that a careless taker would wait in a circle.
        const both = [
          { tier: 'Child', quantity: 1 },
          { tier: 'Senior', quantity: 1 },
        ];
        const items =
          n % 3 === 0 ? both : n % 3 === 1 ? both.toReversed() : [{ tier: 'Child', quantity: 1 }];
        return hold(sql, slot_id, owner, { items, quantity: items.length });
      }),
    );
    const won = results.filter(({ outcome }) => outcome === 'ok');
    const [sold] = await sql<{ child: number; senior: number; seats: number }[]>`
      select count(*) filter (where t.name = 'Child') as child,
        count(*) filter (where t.name = 'Senior') as senior, count(*) as seats
      from slot_claims c
      join price_tiers t on t.id = c.tier_id
      where c.slot_id = ${slot_id}`;
    expect(sold?.child).toBe(5);
    expect(sold?.senior).toBeLessThanOrEqual(5);
    expect(sold?.seats).toBe(won.reduce((sum, { seats }) => sum + (seats?.length ?? 0), 0));
    const told = new Set(results.map(({ outcome }) => outcome));
    expect(told.difference(new Set(['ok', 'slot_taken', 'slot_locked'])).size).toBe(0);
  }
  await assertInvariants(sql);
});
