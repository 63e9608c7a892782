import { afterEach, describe, expect, test } from 'vitest';
import { assertInvariants, runInvariants } from '../../src/daemon/store/invariants.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { labelsOf, slotSeats } from '../../src/daemon/store/seats.ts';
import { desk, hold } from '../helpers/booking.ts';
import { addOwner, addOwners, createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { withoutGuard } from '../race/without-guard.ts';
import { addHall, hall_rows, holdIn, planOf, setPlan } from './seat-scene.ts';

const { sql } = await createTestDatabase();
afterEach(async () => {
  await assertInvariants(sql);
});

type Wish = Parameters<typeof hold>[3];

/** Holds as a new owner without a pet; answers the outcome with what the seats are called. */
async function take(slot_id: string, wish: Wish = {}) {
  const { user_id } = await addOwner(sql);
  const held = await hold(sql, slot_id, { user_id, pet_id: null }, wish);
  const { outcome, reservation_id, seats } = held;
  if (outcome !== 'ok' || reservation_id === null) return { ...held, labels: null };
  const labels = await labelsOf(sql, { slot_id, reservation_id, seats: seats ?? [] });
  return { ...held, labels };
}
const labelled = (...labels: string[]): Wish => ({ quantity: labels.length, wish: { labels } });

describe('seats by name', () => {
  test('cost what their category costs, and no tier has to be said', async () => {
    const { slot_id } = await addHall(sql);
    const held = await take(slot_id, labelled('b-2', 'C-1'));
    expect(held).toMatchObject({ outcome: 'ok', seats: [6, 9], labels: ['B-2', 'C-1'] });
    expect(held.amount).toBe('230000.00');
    const claims = await sql`
      select c.label, t.name as tier from slot_claims c
      join price_tiers t on t.id = c.tier_id
      where c.slot_id = ${slot_id} order by c.seat`;
    expect(claims).toEqual([
      { label: 'B-2', tier: 'Stalls' },
      { label: 'C-1', tier: 'Balcony' },
    ]);
  });

  test('are those or none: one that is taken refuses all', async () => {
    const { slot_id } = await addHall(sql);
    await take(slot_id, labelled('A-2'));
    expect(await take(slot_id, labelled('A-1', 'A-2'))).toMatchObject({ outcome: 'slot_taken' });
    expect(await sql`select from slot_claims where slot_id = ${slot_id}`).toHaveLength(1);
    expect(await take(slot_id, labelled('A-1'))).toMatchObject({ outcome: 'ok', seats: [1] });
  });

  test('are free again when the hold is given back, and its overdue hold gives way', async () => {
    const { slot_id } = await addHall(sql);
    const first = await take(slot_id, labelled('A-1'));
    await cancelReservation(sql, first.reservation_id!, null, desk);
    const second = await take(slot_id, labelled('A-1'));
    expect(second.outcome).toBe('ok');
    await sql`update reservations set expires_at = now() - interval '1 s'
      where id = ${second.reservation_id}`;
    await sql`update slot_claims set expires_at = now() - interval '1 s'
      where slot_id = ${slot_id}`;
    expect(await take(slot_id, labelled('A-1'))).toMatchObject({ outcome: 'ok' });
  });

  test.each([
    ['a seat that is not there', labelled('Z-9'), 'seat_unknown', 'Z-9'],
    ['one twice', labelled('A-1', 'a-1'), 'seat_count', null],
    ['fewer than the quantity', { quantity: 3, wish: { labels: ['A-1'] } }, 'seat_count', null],
    [
      'another tier',
      { ...labelled('A-1'), items: [{ tier: 'Balcony', quantity: 1 }] },
      'seat_tier',
      null,
    ],
  ])('%s is refused in words', async (_, wish, rule, tier) => {
    const { slot_id } = await addHall(sql);
    expect(await take(slot_id, wish)).toMatchObject({ outcome: 'invalid_input', rule, tier });
  });
});

describe('the best that is left', () => {
  test('stays in the tier that was paid for', async () => {
    const { slot_id } = await addHall(sql);
    const items = [
      { tier: 'Balcony', quantity: 2 },
      { tier: 'Stalls', quantity: 2 },
    ];
    const held = await take(slot_id, { quantity: 4, items });
    expect(held.outcome).toBe('ok');
    expect(held.labels?.filter((label) => label.startsWith('C'))).toHaveLength(2);
    const tiers = await sql`
      select left(c.label, 1) = 'C' as is_balcony, t.name as tier from slot_claims c
      join price_tiers t on t.id = c.tier_id where c.slot_id = ${slot_id}`;
    expect(tiers.every(({ is_balcony, tier }) => is_balcony === (tier === 'Balcony'))).toBe(true);
  });

  test('is side by side while a row has room, else wherever', async () => {
    const { slot_id } = await addHall(sql, { tiers: false });
    await take(slot_id, labelled('A-2'));
    await take(slot_id, labelled('B-2'));
    const side_by_side = await take(slot_id, { quantity: 4 });
    expect(side_by_side.labels).toEqual(['C-1', 'C-2', 'C-3', 'C-4']);
    expect((await take(slot_id, { quantity: 4 })).outcome).toBe('ok');
  });

  test('together is together or nothing, and not across an aisle', async () => {
    const seats = planOf([{ row: 'A', places: 4, category: 'Stalls' }], 2);
    const { slot_id } = await addHall(sql, { seats, tiers: false });
    const three = await take(slot_id, { quantity: 3, wish: { prefer: 'together' } });
    expect(three.outcome).toBe('slot_taken');
    const two = await take(slot_id, { quantity: 2, wish: { prefer: 'together' } });
    expect([
      ['A-1', 'A-2'],
      ['A-3', 'A-4'],
    ]).toContainEqual(two.labels);
  });

  test('front is the foremost', async () => {
    const { slot_id } = await addHall(sql, { tiers: false });
    await take(slot_id, labelled('A-1'));
    const front = await take(slot_id, { quantity: 3, wish: { prefer: 'front' } });
    expect(front.labels).toEqual(['A-2', 'A-3', 'A-4']);
  });

  test('is told to who asks for seats of a slot without a plan', async () => {
    const { slot_id, service_id } = await addHall(sql);
    await sql`update services set has_seats = false where id = ${service_id}`;
    await sql`delete from seat_plans where service_id = ${service_id}`;
    const refused = await take(slot_id, labelled('A-1'));
    expect(refused).toMatchObject({ outcome: 'invalid_input', rule: 'seat_no_plan' });
  });
});

describe('races', () => {
  /** Everybody wants these seats of a new hall at once; how many of them got them. */
  async function fight(rivals: number, wish: Wish) {
    const { slot_id } = await addHall(sql);
    const owners = await addOwners(sql, rivals);
    const held = await Promise.all(owners.map((owner) => hold(sql, slot_id, owner, wish)));
    return { slot_id, held, won: held.filter(({ outcome }) => outcome === 'ok') };
  }

  test('one seat has one buyer, however many want it', async () => {
    for (let round = 0; round < 10; round += 1) {
      expect((await fight(10, labelled('A-1'))).won).toHaveLength(1);
    }
  });

  test('blocks that overlap: the winner has all of it, the loser nothing', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { slot_id } = await addHall(sql);
      const [one, other] = await addOwners(sql, 2);
      const both = await Promise.all([
        hold(sql, slot_id, one!, labelled('A-1', 'A-2', 'A-3')),
        hold(sql, slot_id, other!, labelled('A-4', 'A-3', 'A-2')),
      ]);
      expect(both.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
      expect(await sql`select from slot_claims where slot_id = ${slot_id}`).toHaveLength(3);
    }
  });

  test('twelve who want any seat get twelve different ones', async () => {
    const { won, held } = await fight(16, { items: [{ tier: 'Stalls', quantity: 1 }] });
    const lost = held.filter(
      ({ outcome }) => outcome === 'slot_taken' || outcome === 'slot_locked',
    );
    expect(won.length + lost.length).toBe(16);
    expect(new Set(won.flatMap(({ seats }) => seats)).size).toBe(won.length);
    expect(won.length).toBeLessThanOrEqual(8);
  });

  /** Two blocks that overlap, the second asked for while the first is not committed. */
  async function blockUnderABlock() {
    const { slot_id } = await addHall(sql);
    const [one, other] = await addOwners(sql, 2);
    const second = await sql.begin(async (tx) => {
      await holdIn(tx, slot_id, one!, labelled('A-1', 'A-2'));
      const asked = hold(sql, slot_id, other!, labelled('A-2', 'A-3'));
      await eventually('the second waits', async () => {
        const waiting = await sql`
          select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        return waiting.length > 0;
      });
      // In a list, because the transaction would wait for it otherwise.
      return [asked];
    });
    return { second: (await Promise.all(second))[0] };
  }

  test('a block that meets another one under way is refused as a whole', async () => {
    const { second } = await blockUnderABlock();
    expect(second).toMatchObject({ outcome: 'slot_taken' });
  });

  test('control: without "all or none" the loser is told of a block and has a part of it', async () => {
    await withoutGuard(sql, {
      name: 'claim_planned_seats',
      guard: 'if v_taken = p_quantity then',
      instead: 'if v_taken > 0 then',
      work: async () => {
        const { second } = await blockUnderABlock();
        expect(second).toMatchObject({ outcome: 'ok', seats: [2, 3] });
        const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
        expect(broken.map(({ name }) => name)).toContain('holds');
        await cancelReservation(sql, second?.reservation_id ?? '', null, desk);
      },
    });
  });
});

describe('the plan', () => {
  test('cannot rename or reprice a seat that somebody has', async () => {
    const { slot_id, service_id } = await addHall(sql);
    await take(slot_id, labelled('A-1'));
    const renamed = planOf([{ ...hall_rows[0], row: 'X' }, hall_rows[1], hall_rows[2]]);
    expect(await setPlan(sql, service_id, renamed)).toMatchObject({
      outcome: 'policy_refused',
      rule: 'seats_sold',
      label: 'A-1',
    });
    const repriced = planOf([{ ...hall_rows[0], category: 'Balcony' }, hall_rows[1], hall_rows[2]]);
    expect(await setPlan(sql, service_id, repriced)).toMatchObject({ rule: 'seats_sold' });
    const longer = planOf([...hall_rows, { row: 'D', places: 4, category: 'Balcony' }]);
    expect(await setPlan(sql, service_id, longer)).toMatchObject({ outcome: 'ok', version: 2 });
  });

  test('has a seat for everybody, and only tiers that are sold', async () => {
    const { service_id } = await addHall(sql);
    expect(await setPlan(sql, service_id, planOf([hall_rows[0]]))).toMatchObject({
      rule: 'seats_too_few',
      needed: 12,
    });
    const dear = planOf([hall_rows[0], hall_rows[1], { ...hall_rows[2], category: 'Box' }]);
    expect(await setPlan(sql, service_id, dear)).toMatchObject({
      rule: 'seats_tier_unknown',
      label: 'Box',
    });
  });

  test('names the seats of those who came before it', async () => {
    const { slot_id, service_id } = await addHall(sql, { tiers: false });
    await sql`update services set has_seats = false where id = ${service_id}`;
    await sql`delete from seat_plans where service_id = ${service_id}`;
    const early = await take(slot_id);
    expect(early.labels).toBeNull();
    await setPlan(sql, service_id, planOf(hall_rows));
    const seats = early.seats ?? [];
    const reservation_id = early.reservation_id ?? '';
    expect(await labelsOf(sql, { slot_id, reservation_id, seats })).toHaveLength(1);
  });

  test('5 000 seats are read and chosen from quickly', async () => {
    const rows = Array.from({ length: 50 }, (_, row) => ({
      row: `R${row + 1}`,
      places: 100,
      category: row < 10 ? 'Stalls' : 'Balcony',
    }));
    const { slot_id } = await addHall(sql, { seats: planOf(rows) });
    const started = performance.now();
    const held = await take(slot_id, { quantity: 10, items: [{ tier: 'Stalls', quantity: 10 }] });
    expect(held.outcome).toBe('ok');
    const found = await slotSeats(sql, slot_id);
    expect(found?.seats).toHaveLength(5_000);
    expect(found?.seats.filter((seat) => seat[6] === 'held')).toHaveLength(10);
    // A tenth of it on a quiet machine.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
