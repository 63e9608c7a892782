import { beforeAll, describe, expect, test } from 'vitest';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { findSlots } from '../../src/daemon/actions/find-slot.ts';
import { openNoLocks } from '../../src/daemon/adapters/no-locks.ts';
import type { App } from '../../src/daemon/app-types.ts';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { AppError } from '../../src/domain/errors.ts';
import { takeGuardOut } from '../../src/load/unsafe-control.ts';
import { customer, no_key, openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { addClinic, addOwners, addService, addSlot, addStaff } from '../helpers/database.ts';

/** Seed 004, Load Testing: this many users want one slot. */
const CONTENDERS = 1_000;

type Fight = { readonly winners: number; readonly codes: Readonly<Record<string, number>> };

/** Runs all at once and counts how each ended; anything but an AppError is a bug and thrown. */
async function fight(attempts: readonly Promise<unknown>[]): Promise<Fight> {
  const codes: Record<string, number> = {};
  let winners = 0;
  for (const ended of await Promise.allSettled(attempts)) {
    if (ended.status === 'fulfilled') {
      winners += 1;
      continue;
    }
    if (!(ended.reason instanceof AppError)) throw ended.reason;
    const { code } = ended.reason;
    codes[code] = (codes[code] ?? 0) + 1;
  }
  return { winners, codes };
}

const conflicts = ({ codes }: Fight) => (codes['slot_taken'] ?? 0) + (codes['slot_locked'] ?? 0);

const { app, sql } = await openBench();

/**
 * Opens every connection first: on a cold pool the attempts would queue on one instead of racing.
 */
async function warmUp({ config, sql: pool }: App): Promise<void> {
  const connections = Array.from({ length: config.database_pool_max });
  await Promise.all(connections.map(() => pool`select pg_sleep(0.1)`));
}
beforeAll(() => warmUp(app));

/** One slot (the same for all) and as many owners as want it. */
async function crowd(count: number, capacity = 1) {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic, { capacity });
  const slot_id = await addSlot(sql, clinic, service_id, { capacity });
  await addSlot(sql, clinic, service_id, { in_hours: 73 });
  const owners = await addOwners(sql, count);
  return { slot_id, service_id, owners };
}

/** With and without the doorman: he makes losing cheap, and must not be needed to be right. */
const ways = [
  { name: 'Redis in front', use: (): App => app },
  { name: 'PostgreSQL alone', use: (): App => ({ ...app, locks: openNoLocks() }) },
];

describe.each(ways)('$name', ({ use }) => {
  test('a thousand customers, one slot: one holds it, 999 clean conflicts', async () => {
    const { slot_id, service_id, owners } = await crowd(CONTENDERS);
    const wish = { service_id, slot_id, quantity: 1, payment_method: 'checkout' } as const;
    const result = await fight(
      owners.map(({ user_id, pet_id }) =>
        createBooking(use(), customer(user_id), { ...wish, pet_id }, no_key),
      ),
    );
    expect(result.winners).toBe(1);
    expect(conflicts(result)).toBe(CONTENDERS - 1);
    const [counts] = await sql`
      select
        (select count(*) from reservations where slot_id = ${slot_id}) as reservations,
        (select count(*) from slot_claims where slot_id = ${slot_id}) as claims,
        (select count(*) from payments p join reservations r on r.id = p.reservation_id
          where r.slot_id = ${slot_id}) as sessions`;
    expect(counts).toEqual({ reservations: 1, claims: 1, sessions: 1 });
    await expectInvariants(sql);
  });

  test('the last seats of a class go to nobody twice', async () => {
    const { slot_id, service_id, owners } = await crowd(200, 20);
    const result = await fight(
      owners.map(({ user_id, pet_id }, index) => {
        const wish = { service_id, slot_id, pet_id, quantity: (index % 4) + 1 };
        return createReservation(use(), customer(user_id), wish, no_key);
      }),
    );
    expect(result.winners + conflicts(result)).toBe(200);
    const rows = await sql<{ seats: number[] }[]>`
      select seats from reservations where slot_id = ${slot_id} and status = 'pending'`;
    const seats = rows.flatMap((row) => row.seats);
    expect(rows).toHaveLength(result.winners);
    expect(new Set(seats).size).toBe(seats.length);
    expect(Math.max(...seats)).toBeLessThanOrEqual(20);
    // At most three seats stay over: too few for those who wanted four.
    expect(seats.length).toBeGreaterThanOrEqual(17);
    await expectInvariants(sql);
  });

  test('one vet is not sold through two services at the same hour', async () => {
    const clinic = await addClinic(sql);
    const staff_id = await addStaff(sql, clinic);
    const wishes = await Promise.all(
      [60, 30].map(async (minutes) => {
        const service_id = await addService(sql, clinic);
        const slot_id = await addSlot(sql, clinic, service_id, { staff_id, minutes });
        return { service_id, slot_id, quantity: 1 };
      }),
    );
    const owners = await addOwners(sql, 40);
    const result = await fight(
      owners.map(({ user_id, pet_id }, index) => {
        const wish = wishes[index % 2] ?? wishes[0]!;
        return createReservation(use(), customer(user_id), { ...wish, pet_id }, no_key);
      }),
    );
    expect(result.winners).toBe(1);
    expect(conflicts(result)).toBe(39);
    await expectInvariants(sql);
  });

  test('one customer who taps ten times holds once and sees one payment page', async () => {
    const { slot_id, service_id, owners } = await crowd(1);
    const { user_id, pet_id } = owners[0]!;
    const wish = { service_id, slot_id, pet_id, quantity: 1, payment_method: 'checkout' } as const;
    const key = { idempotency_key: 'ten-taps' };
    const taps = await Promise.all(
      Array.from({ length: 10 }, () => createBooking(use(), customer(user_id), wish, key)),
    );
    expect(new Set(taps.map((tap) => tap.reservation_id)).size).toBe(1);
    expect(new Set(taps.map((tap) => tap.payment_url)).size).toBe(1);
    await expectInvariants(sql);
  });
});

describe('the same fight without any guard', async () => {
  const naive = await openBench();

  test('has more than one winner: so the fights above would notice', async () => {
    await takeGuardOut(naive.sql);
    await warmUp(naive.app);
    const clinic = await addClinic(naive.sql);
    const service_id = await addService(naive.sql, clinic);
    const slot_id = await addSlot(naive.sql, clinic, service_id);
    const owners = await addOwners(naive.sql, 50);
    const unguarded: App = { ...naive.app, locks: openNoLocks() };
    // All have seen the slot: otherwise the rest would wait for the first to look at it.
    await findSlots(unguarded, customer(owners[0]!.user_id), { service_id, slot_id });
    const result = await fight(
      owners.map(({ user_id, pet_id }) => {
        const wish = { service_id, slot_id, pet_id, quantity: 1 };
        return createReservation(unguarded, customer(user_id), wish, no_key);
      }),
    );
    expect(result.winners).toBeGreaterThan(1);
    const broken = (await runInvariants(naive.sql, ['capacity'])).filter(({ rows }) => rows > 0);
    expect(broken.map(({ name }) => name)).toEqual(['capacity']);
  });
});
