import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import {
  cancelReservation,
  confirmReservation,
  expireDue,
  extendReservation,
} from '../../src/daemon/store/reservations.ts';
import { undoBooking } from '../../src/daemon/store/undo.ts';
import { desk, hold } from '../helpers/booking.ts';
import { addOwners, createTestDatabase } from '../helpers/database.ts';
import { addSalon, holdRow, slotAt } from './world.ts';

const { sql } = await createTestDatabase({ max: 4 });

const WALKS = 12;
const watched = ['capacity', 'counters', 'claims', 'holds', 'items', 'final', 'one_event'];

const kinds = ['row', 'row', 'row', 'single', 'confirm', 'confirm', 'cancel'] as const;
const later = ['extend', 'lapse', 'sweep', 'cancel_booking', 'undo'] as const;
const anyStep = fc.record({
  kind: fc.constantFrom(...kinds, ...later),
  a: fc.nat({ max: 999 }),
  b: fc.nat({ max: 999 }),
});
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** Slots of a bath, nails and a comb, so that rows share slots, vets and times. */
async function openDay() {
  const salon = await addSalon(sql);
  const { mia, tom } = salon;
  const baths = await Promise.all(
    [0, 30, 60].map((at) => slotAt(sql, salon, salon.bath, at, { staff_id: mia })),
  );
  const nails = await Promise.all(
    [30, 60, 90].map((at) =>
      slotAt(sql, salon, salon.nails, at, { staff_id: tom, capacity: at === 60 ? 2 : 1 }),
    ),
  );
  const again = await slotAt(sql, salon, salon.nails, 95, { staff_id: mia });
  return { slots: [...baths, ...nails, again], owners: await addOwners(sql, 5) };
}

async function walk(steps: readonly Step[]): Promise<void> {
  const { slots, owners } = await openDay();
  const held: string[] = [];
  const pick = <T>(list: readonly T[], index: number) => list[index % Math.max(list.length, 1)];
  const bookingOf = async (reservation_id: string) => {
    const [row] = await sql<{ id: string }[]>`
      select id from bookings where reservation_id = ${reservation_id}`;
    return row?.id ?? null;
  };
  const take = async ({ kind, a, b }: Step) => {
    const owner = pick(owners, a);
    const known = pick(held, a) ?? null;
    if (kind === 'single' || kind === 'row') {
      const first = pick(slots, b);
      const second = pick(slots, b + 1 + (a % 4));
      if (!owner || !first || !second) return;
      const made =
        kind === 'single'
          ? await hold(sql, first, owner)
          : await holdRow(sql, [first, second], owner);
      if (made.outcome === 'ok' && made.reservation_id !== null) held.push(made.reservation_id);
      return;
    }
    if (kind === 'sweep') await expireDue(sql, 10);
    if (known === null) return;
    if (kind === 'lapse') {
      // Only just: the invariants allow the sweeper a minute.
      await sql`
        with r as (
          update reservations set expires_at = now() - interval '1 second'
          where id = ${known} and status = 'pending'
          returning id, expires_at
        )
        update slot_claims c set expires_at = r.expires_at from r where c.reservation_id = r.id`;
    }
    if (kind === 'extend') await extendReservation(sql, known, null, desk);
    if (kind === 'cancel') await cancelReservation(sql, known, null, desk);
    if (kind === 'confirm') {
      const request = { reservation_id: known, payment_method: 'at_clinic' } as const;
      await confirmReservation(sql, request, desk);
    }
    const booking_id = await bookingOf(known);
    if (booking_id === null) return;
    const wish = { booking_id, expected_version: null };
    if (kind === 'undo') await undoBooking(sql, wish, desk);
    if (kind === 'cancel_booking') {
      await cancelBooking(sql, { ...wish, reason: null, quote: false, by: 'clinic' }, desk);
    }
  };
  for (const step of steps) {
    await take(step);
    const broken = (await runInvariants(sql, watched)).filter(({ rows }) => rows > 0);
    expect(broken, JSON.stringify(step)).toEqual([]);
  }
  await expireDue(sql, 100);
}

test('whatever is done to rows and single holds, everything fits together after each step', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { minLength: 15, maxLength: 25 }), walk), {
    numRuns: WALKS,
    endOnFailure: true,
  });
  const [done] = await sql<{ rows: number; booked: number; ended: number }[]>`
    select count(*)::integer as rows,
      count(*) filter (where status = 'confirmed')::integer as booked,
      count(*) filter (where status in ('cancelled', 'expired'))::integer as ended
    from reservations where item_count > 1`;
  // The walks went somewhere: rows were held, booked and ended. About two a walk are held; few are by luck.
  expect(done?.rows).toBeGreaterThan(WALKS / 4);
  expect(done?.booked).toBeGreaterThan(0);
  expect(done?.ended).toBeGreaterThan(0);
});
