import type { Sql } from 'postgres';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { rescheduleBooking } from '../../src/daemon/actions/reschedule-booking.ts';
import { takePaymentEvent } from '../../src/daemon/actions/take-payment-event.ts';
import { undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import { AppError } from '../../src/domain/errors.ts';
import { customer, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking, type World } from '../actions/world.ts';
import { addOwner, addSlot } from '../helpers/database.ts';
import { withoutGuard } from './without-guard.ts';

const { app, sql, pay, control } = await openBench();
const ROUNDS = 10;
const desk = staff('desk');

/** Opens every connection: on a cold pool the rivals would queue on one instead of racing. */
beforeAll(async () => {
  const connections = Array.from({ length: app.config.database_pool_max });
  await Promise.all(connections.map(() => app.sql`select pg_sleep(0.05)`));
});
afterEach(() => expectInvariants(sql));

type Booked = World & { readonly booking_id: string };

/** A booking paid at the provider, in a world of its own or beside another. */
async function booked(beside: World | null = null, in_hours = 72): Promise<Booked> {
  const world = beside ? await neighbour(beside, in_hours) : await makeWorld(sql, { in_hours });
  const { reference_code } = await startBooking(app, world);
  await pay(reference_code);
  const [row] = await sql<{ id: string }[]>`
    select id from bookings where reference_code = ${reference_code}`;
  if (!row) throw new Error('it was not booked');
  return { ...world, booking_id: row.id };
}

/** Another slot of the same service, and somebody else who wants it. */
async function neighbour(world: World, in_hours: number): Promise<World> {
  const slot_id = await addSlot(sql, world.clinic, world.service_id, { in_hours });
  const owner = await addOwner(sql);
  const wish = { ...world.wish, slot_id, pet_id: owner.pet_id };
  return { ...world, slot_id, owner, who: customer(owner.user_id), wish };
}

const freeSlot = (world: World, in_hours: number) =>
  addSlot(sql, world.clinic, world.service_id, { in_hours });

const move = (booking_id: string, slot_id: string) =>
  rescheduleBooking(app, desk, { booking_id, slot_id, by: 'owner', quote: false });

const cancel = (booking_id: string, expected_version?: number) =>
  cancelBooking(app, desk, {
    booking_id,
    by: 'owner',
    quote: false,
    ...(expected_version === undefined ? {} : { expected_version }),
  });

/** How each ended: `ok` or the code of its refusal; anything else is a bug and thrown. */
async function race(rivals: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const ends = await Promise.allSettled(rivals);
  return ends.map((end) => {
    if (end.status === 'fulfilled') return 'ok';
    if (!(end.reason instanceof AppError)) throw end.reason;
    return end.reason.code;
  });
}

const countOk = (ends: readonly string[]) => ends.filter((end) => end === 'ok').length;

async function standing(...booking_ids: string[]) {
  return await sql<{ id: string; slot_id: string; status: string; claims: number }[]>`
    select b.id, b.slot_id, b.status,
      (select count(*) from slot_claims c where c.reservation_id = b.reservation_id) as claims
    from bookings b
    where b.id = any (${booking_ids}::uuid[])
    order by array_position(${booking_ids}::uuid[], b.id)`;
}

async function rounds(round: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; index < ROUNDS; index += 1) await round(index);
}

describe('moves that cross', () => {
  test('A to B while B goes to A: nobody loses a place, nobody gets two', async () => {
    await rounds(async () => {
      const a = await booked();
      const b = await booked(a, 80);
      const ends = await race([move(a.booking_id, b.slot_id), move(b.booking_id, a.slot_id)]);
      // Both places are taken by the other until one has left: neither can, and neither is hurt.
      for (const end of ends) expect(['slot_taken', 'slot_locked']).toContain(end);
      expect(await standing(a.booking_id, b.booking_id)).toMatchObject([
        { slot_id: a.slot_id, status: 'confirmed', claims: 1 },
        { slot_id: b.slot_id, status: 'confirmed', claims: 1 },
      ]);
    });
  });

  test('two bookings to one free slot: one gets it, the other keeps its own', async () => {
    await rounds(async () => {
      const a = await booked();
      const b = await booked(a, 80);
      const free = await freeSlot(a, 90);
      const ends = await race([move(a.booking_id, free), move(b.booking_id, free)]);
      expect(countOk(ends)).toBe(1);
      const rows = await standing(a.booking_id, b.booking_id);
      expect(rows.filter(({ slot_id }) => slot_id === free)).toHaveLength(1);
      expect(rows.map(({ claims }) => claims)).toEqual([1, 1]);
    });
  });

  test('one booking to two slots at once: it is in one of them, with one seat', async () => {
    await rounds(async () => {
      const a = await booked();
      const [first, second] = [await freeSlot(a, 80), await freeSlot(a, 90)];
      const ends = await race([move(a.booking_id, first), move(a.booking_id, second)]);
      expect(countOk(ends)).toBeGreaterThanOrEqual(1);
      const [row] = await standing(a.booking_id);
      expect(row?.claims).toBe(1);
      expect([first, second]).toContain(row?.slot_id);
      const claimed = await sql`
        select slot_id from slot_claims where slot_id = any (${[a.slot_id, first, second]}::uuid[])`;
      expect(claimed).toEqual([{ slot_id: row?.slot_id }]);
    });
  });

  test('control: without the unique seat and the count behind it both bookings get it', async () => {
    await sql`alter table slots drop constraint slots_booked_count_range`;
    await withoutGuard(sql, {
      name: 'claim_place',
      guard: 'on conflict (slot_id, seat) do nothing;\n    if found then seats',
      instead:
        'on conflict (slot_id, seat) do update set reservation_id = excluded.reservation_id;\n    if found then seats',
      work: async () => {
        const a = await booked();
        const b = await booked(a, 80);
        const free = await freeSlot(a, 90);
        const ends = await race([move(a.booking_id, free), move(b.booking_id, free)]);
        // The doorman may still turn one of them away: then the second tries again, and gets it too.
        if (countOk(ends) < 2) {
          for (const one of [a, b]) await race([move(one.booking_id, free)]);
        }
        const rows = await standing(a.booking_id, b.booking_id);
        expect(rows.map(({ slot_id }) => slot_id)).toEqual([free, free]);
        await expect(expectInvariants(sql)).rejects.toThrow();
        await undoDamage(sql, [a.booking_id, b.booking_id]);
      },
    });
    await sql`
      alter table slots add constraint slots_booked_count_range
      check (booked_count between 0 and capacity)`;
  });
});

/** Takes what a control broke out of the tables, so that the invariants speak of the product again. */
async function undoDamage(db: Sql, booking_ids: readonly string[]): Promise<void> {
  await db`
    truncate clinics, users, reservations, reservation_log_entries, slot_claims, staff_claims,
      room_claims, webhook_events, booking_events_outbox, idempotency_keys cascade`;
  const left = await db`select from bookings where id = any (${[...booking_ids]}::uuid[])`;
  expect(left).toHaveLength(0);
}

describe('a move against', () => {
  test('a cancel: one of the two versions of the story, all of it', async () => {
    await rounds(async () => {
      const a = await booked();
      const free = await freeSlot(a, 90);
      const ends = await race([move(a.booking_id, free), cancel(a.booking_id)]);
      const [row] = await standing(a.booking_id);
      // Moved first and cancelled then, or cancelled and the move refused; never a seat left behind.
      expect(ends[1]).toBe('ok');
      expect(row).toMatchObject({ status: 'cancelled', claims: 0 });
      const claimed = await sql`
        select slot_id from slot_claims where slot_id = any (${[a.slot_id, free]}::uuid[])`;
      expect(claimed).toEqual([]);
      const refunds = await sql`
        select status from refunds where booking_id = ${a.booking_id}`;
      expect(refunds).toHaveLength(1);
    });
  });

  test('late money for the place it goes to: one of them has it, the other its own or its money', async () => {
    await rounds(async () => {
      const a = await booked();
      const late = await neighbour(a, 90);
      const { reservation_id, reference_code } = await startBooking(app, late);
      await control('pay', { ref: reference_code, outcome: 'lost_webhook' });
      const [session] = await sql<{ session_id: string }[]>`
        select session_id from payments where reservation_id = ${reservation_id}`;
      const looked = await app.payments.retrieveCheckout(session?.session_id ?? '');
      if (looked.outcome !== 'paid') throw new Error(`it is ${looked.outcome}`);
      // Its time was over and its place was given back; the page could not be closed.
      await lapsed(reservation_id);
      const { event } = looked;
      await race([move(a.booking_id, late.slot_id), takePaymentEvent(app, event)]);
      const [row] = await standing(a.booking_id);
      const [money] = await sql<{ bookings: number; refunds: number }[]>`
        select
          (select count(*) from bookings where reservation_id = ${reservation_id}) as bookings,
          (select count(*) from refunds where reservation_id = ${reservation_id}) as refunds`;
      const has_moved = row?.slot_id === late.slot_id;
      expect(row?.claims).toBe(1);
      expect(money).toEqual(has_moved ? { bookings: 0, refunds: 1 } : { bookings: 1, refunds: 0 });
    });
  });
});

async function lapsed(reservation_id: string): Promise<void> {
  await sql`
    with r as (
      update reservations set expires_at = now() - interval '1 second'
      where id = ${reservation_id}
      returning id, slot_id, expires_at
    )
    update slot_claims c set expires_at = r.expires_at
    from r
    where c.slot_id = r.slot_id and c.reservation_id = r.id`;
  await sql`select outcome from expire_reservation(${reservation_id})`;
  const [row] = await sql<{ slot_id: string; seats: number[]; lock_id: string }[]>`
    select slot_id, seats, lock_id from reservations where id = ${reservation_id}`;
  if (row) await app.locks.release(row.slot_id, row.seats, row.lock_id);
}

describe('an undo against', () => {
  test('somebody who holds the place: one of them has it', async () => {
    await rounds(async () => {
      const a = await booked();
      await sql`update clinics set undo_ms = 30000 where id = ${a.clinic.id}`;
      await cancel(a.booking_id);
      const rival = await addOwner(sql);
      const wish = { ...a.wish, pet_id: rival.pet_id };
      const ends = await race([
        undoBooking(app, desk, { booking_id: a.booking_id }),
        createReservation(app, customer(rival.user_id), wish, no_key),
      ]);
      expect(countOk(ends)).toBe(1);
      const claims = await sql`select seat from slot_claims where slot_id = ${a.slot_id}`;
      expect(claims).toHaveLength(1);
      const [row] = await standing(a.booking_id);
      expect(row?.status).toBe(ends[0] === 'ok' ? 'confirmed' : 'cancelled');
    });
  });
});

describe('cancelled twice at once', () => {
  test.each([1, undefined])(
    'by two who saw version %s: one cancel, one refund',
    async (version) => {
      await rounds(async () => {
        const a = await booked();
        const ends = await race([cancel(a.booking_id, version), cancel(a.booking_id, version)]);
        expect(countOk(ends)).toBe(1);
        expect(ends.filter((end) => end !== 'ok')).toEqual([
          version === undefined ? 'policy_refused' : 'conflict',
        ]);
        const refunds = await sql`select id from refunds where booking_id = ${a.booking_id}`;
        expect(refunds).toHaveLength(1);
      });
    },
  );

  test('by one who looked before a move: refused, whoever comes first', async () => {
    await rounds(async () => {
      const a = await booked();
      const free = await freeSlot(a, 90);
      await race([move(a.booking_id, free)]);
      const ends = await race([cancel(a.booking_id, 1), cancel(a.booking_id, 2)]);
      expect(ends).toEqual(['conflict', 'ok']);
    });
  });

  test('control: without the row lock both are told that they did it', async () => {
    await withoutGuard(sql, {
      name: 'cancel_booking',
      guard: 'select * into v_b from bookings b where b.id = p_booking_id for no key update;',
      instead:
        'select * into v_b from bookings b where b.id = p_booking_id; perform pg_sleep(0.2);',
      work: async () => {
        const a = await booked();
        const ends = await race([cancel(a.booking_id), cancel(a.booking_id)]);
        expect(countOk(ends)).toBe(2);
      },
    });
  });
});
