import { afterEach, describe, expect, test } from 'vitest';
import { assertInvariants, runInvariants } from '../../src/daemon/store/invariants.ts';
import { type OverbookingResult, setOverbooking } from '../../src/daemon/store/overbooking.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { desk, eventsOf, hold, mustBook, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addRoom,
  addService,
  addSlot,
  addStaff,
  createTestDatabase,
  type SlotOptions,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { withoutGuard } from '../race/without-guard.ts';
import { addWaiting } from '../waitlist/scene.ts';
import { holdIn } from './seat-scene.ts';

const { sql } = await createTestDatabase();
afterEach(async () => {
  await assertInvariants(sql);
});

/** Rounds of a race; without its guard it is lost in far fewer. */
const ROUNDS = 25;

const change = async (slot_id: string, seats: number, dry_run = false) =>
  await setOverbooking(sql, { slot_id, seats, reason: 'walk-in', dry_run }, desk);

/** A vet's slot for one in a room, at a clinic that overbooks up to so many percent. */
async function place(percent = 10, slot: SlotOptions = {}) {
  const clinic = await addClinic(sql);
  await sql`update clinics set overbooking_percent = ${percent} where id = ${clinic.id}`;
  const staff_id = await addStaff(sql, clinic);
  const room_id = await addRoom(sql, clinic);
  const service_id = await addService(sql, clinic, { capacity: slot.capacity });
  const slot_id = await addSlot(sql, clinic, service_id, { staff_id, room_id, ...slot });
  return { clinic, staff_id, room_id, service_id, slot_id };
}

const figures = async (slot_id: string) => {
  const [row] = await sql<{ capacity: number; extra_seats: number; status: string }[]>`
    select capacity, extra_seats, status from slots where id = ${slot_id}`;
  return row!;
};
const vetsOf = async (slot_id: string) =>
  (await sql`select from staff_claims where slot_id = ${slot_id}`).length;

describe('the rule', () => {
  test('a clinic never overbooks unless it says so', async () => {
    const { slot_id } = await place(0);
    expect(await change(slot_id, 1)).toMatchObject({
      outcome: 'policy_refused',
      rule: 'overbooking_off',
    });
    expect(await figures(slot_id)).toMatchObject({ capacity: 1, extra_seats: 0 });
  });

  test.each([
    [10, 1, 1],
    [10, 20, 2],
    [10, 21, 3],
    [5, 20, 1],
  ])('%i %% of %i seats are %i more, and not one beyond', async (percent, capacity, allowed) => {
    const { slot_id } = await place(percent, { capacity });
    expect(await change(slot_id, allowed)).toMatchObject({ outcome: 'ok', allowed });
    expect(await change(slot_id, 1)).toMatchObject({
      outcome: 'policy_refused',
      rule: 'overbooking_limit',
      allowed,
    });
    expect(await figures(slot_id)).toMatchObject({ capacity: capacity + allowed });
  });

  test('a dry run judges and changes nothing', async () => {
    const { slot_id } = await place();
    expect(await change(slot_id, 1, true)).toMatchObject({ outcome: 'ok', capacity: 2 });
    expect(await figures(slot_id)).toMatchObject({ capacity: 1 });
    expect(await eventsOf(sql, slot_id)).toEqual([]);
  });

  test('it is on record: who, why, before and after, and an event', async () => {
    const { slot_id } = await place();
    await change(slot_id, 1);
    const [entry] = await sql`
      select actor_id, reason, before, after from audit_log
      where action = 'slot.overbooked' and target_id = ${slot_id}`;
    expect(entry).toMatchObject({
      actor_id: desk.id,
      reason: 'walk-in',
      before: { capacity: 1, extra_seats: 0 },
      after: { capacity: 2, extra_seats: 1 },
    });
    expect(await eventsOf(sql, slot_id)).toEqual(['slot.overbooked']);
  });

  test('a slot that is over, blocked or elsewhere is refused', async () => {
    const past = await place(10, { in_hours: -3 });
    expect(await change(past.slot_id, 1)).toMatchObject({ outcome: 'invalid_slot' });
    const { slot_id } = await place();
    await sql`update slots set status = 'blocked' where id = ${slot_id}`;
    expect(await change(slot_id, 1)).toMatchObject({ outcome: 'invalid_slot' });
    const { clinic } = await place();
    const stranger = { ...desk, clinic_id: clinic.id };
    const wish = { slot_id, seats: 1, reason: 'x', dry_run: false };
    expect(await setOverbooking(sql, wish, stranger)).toMatchObject({ outcome: 'not_found' });
  });
});

describe('a walk-in beside a booked visit', () => {
  test('shares the vet and the room, which nobody else gets', async () => {
    const { clinic, slot_id, service_id, staff_id, room_id } = await place();
    await mustBook(sql, slot_id, await addOwner(sql));
    expect(await hold(sql, slot_id, await addOwner(sql))).toMatchObject({ outcome: 'slot_taken' });
    await change(slot_id, 1);
    expect((await figures(slot_id)).status).toBe('available');
    await mustBook(sql, slot_id, await addOwner(sql));
    expect(await figures(slot_id)).toMatchObject({ capacity: 2, status: 'booked' });
    expect(await vetsOf(slot_id)).toBe(1);
    const beside = await addSlot(sql, clinic, service_id, { staff_id, room_id });
    expect(await hold(sql, beside, await addOwner(sql))).toMatchObject({ outcome: 'slot_taken' });
    expect(await hold(sql, slot_id, await addOwner(sql))).toMatchObject({ outcome: 'slot_taken' });
  });

  test('keeps the vet when the first visit is given back', async () => {
    const { slot_id } = await place();
    const first = await mustHold(sql, slot_id, await addOwner(sql));
    await change(slot_id, 1);
    const second = await mustHold(sql, slot_id, await addOwner(sql));
    await cancelReservation(sql, first, null, desk);
    expect(await vetsOf(slot_id)).toBe(1);
    await cancelReservation(sql, second, null, desk);
    expect(await vetsOf(slot_id)).toBe(0);
  });

  test('usual seats are sold before extra ones', async () => {
    const { slot_id } = await place(10, { capacity: 10 });
    await change(slot_id, 1);
    const seats: number[] = [];
    for (let n = 1; n <= 11; n += 1) {
      const held = await hold(sql, slot_id, await addOwner(sql), { seats: [11] });
      seats.push(held.seats?.[0] ?? 0);
    }
    expect(seats.indexOf(11)).toBe(10);
  });

  test('nobody on the waiting list is asked for it', async () => {
    const { clinic, service_id, slot_id } = await place();
    await mustBook(sql, slot_id, await addOwner(sql));
    await addWaiting(sql, { clinic, service_id, slot_id });
    await sql`delete from waitlist_openings`;
    await change(slot_id, 1);
    expect(await sql`select from waitlist_openings`).toHaveLength(0);
  });
});

describe('taking seats back', () => {
  test('goes while nobody has them', async () => {
    const { slot_id } = await place();
    await mustBook(sql, slot_id, await addOwner(sql));
    await change(slot_id, 1);
    expect(await change(slot_id, -1)).toMatchObject({ outcome: 'ok', capacity: 1 });
    expect((await figures(slot_id)).status).toBe('booked');
    expect(await change(slot_id, -1)).toMatchObject({ rule: 'overbooking_none' });
  });

  test('is refused for a seat that somebody has, and says which', async () => {
    const { slot_id } = await place();
    await mustBook(sql, slot_id, await addOwner(sql));
    await change(slot_id, 1);
    const extra = await mustHold(sql, slot_id, await addOwner(sql));
    expect(await change(slot_id, -1)).toMatchObject({ rule: 'overbooking_sold', seat: 2 });
    await cancelReservation(sql, extra, null, desk);
    expect(await change(slot_id, -1)).toMatchObject({ outcome: 'ok' });
  });
});

describe('races', () => {
  /** Many times at once: one takes the extra seat, one takes it back. Counts who got through. */
  async function takeAgainstTakeBack() {
    const outcomes = { held: 0, taken_back: 0, both: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { slot_id } = await place();
      await mustBook(sql, slot_id, await addOwner(sql));
      await change(slot_id, 1);
      const [held, back] = await Promise.all([
        hold(sql, slot_id, await addOwner(sql)),
        change(slot_id, -1),
      ]);
      if (held.outcome === 'ok') outcomes.held += 1;
      if (back.outcome === 'ok') outcomes.taken_back += 1;
      if (held.outcome === 'ok' && back.outcome === 'ok') outcomes.both += 1;
    }
    return outcomes;
  }

  test('an extra seat is either sold or taken back', async () => {
    const { held, taken_back, both } = await takeAgainstTakeBack();
    expect({ sum: held + taken_back, both }).toEqual({ sum: ROUNDS, both: 0 });
  });

  /** Statements that wait for somebody's lock. */
  const waiting = async () =>
    await sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
  const somebodyWaits = async () =>
    await eventually('a wait for a lock', async () => (await waiting()).length > 0);

  /** Takes the extra seat and takes it back before the taker has committed. */
  async function takeBackUnderAHold(meanwhile: () => Promise<unknown>) {
    const { slot_id } = await place(10, { staff_id: null, room_id: null });
    await mustBook(sql, slot_id, await addOwner(sql));
    await change(slot_id, 1);
    const owner = await addOwner(sql);
    let back: Promise<OverbookingResult> | null = null;
    const held = await sql.begin(async (tx) => {
      const taken = await holdIn(tx, slot_id, owner);
      back = change(slot_id, -1);
      await Promise.race([back, meanwhile()]);
      return taken;
    });
    return { slot_id, held, back: await back };
  }

  test('who takes a seat back waits for who is taking it', async () => {
    const { held, back } = await takeBackUnderAHold(somebodyWaits);
    expect(held).toMatchObject({ outcome: 'ok', seats: [2] });
    expect(back).toMatchObject({ outcome: 'policy_refused', rule: 'overbooking_sold' });
  });

  test('control: without the lock in claim_place the slot ends up with a seat too many', async () => {
    await withoutGuard(sql, {
      name: 'claim_place',
      guard: 'select * into p_slot from slots sl where sl.id = p_slot.id for key share;',
      instead: 'null;',
      work: async () => {
        const { slot_id, back } = await takeBackUnderAHold(() => new Promise<never>(() => {}));
        expect(back).toMatchObject({ outcome: 'ok' });
        const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
        expect(broken.map(({ name }) => name)).toContain('capacity');
        await change(slot_id, 1);
      },
    });
  });

  /**
   * The only seat of a slot is being given back while it gets a second one, and somebody takes that:
   * the vet's claim, which both share, must outlive the first.
   */
  async function freeUnderAnOverbooking(does_free_wait: boolean): Promise<string> {
    const { slot_id } = await place();
    const first = await mustHold(sql, slot_id, await addOwner(sql));
    const owner = await addOwner(sql);
    const started = Promise.withResolvers<Promise<unknown>>();
    const released = Promise.withResolvers<void>();
    const blocker = sql.begin(async (tx) => {
      await tx`select from slot_claims where slot_id = ${slot_id} for update`;
      const freeing = cancelReservation(sql, first, null, desk);
      started.resolve(freeing);
      await somebodyWaits();
      await released.promise;
    });
    const freeing = started.promise;
    await eventually('the free waits', async () => (await waiting()).length > 0);
    await change(slot_id, 1);
    await sql.begin(async (tx) => {
      expect(await holdIn(tx, slot_id, owner)).toMatchObject({ outcome: 'ok', seats: [2] });
      released.resolve();
      await blocker;
      await (does_free_wait ? somebodyWaits() : freeing);
    });
    await freeing;
    return slot_id;
  }

  test('a seat that is given back meanwhile does not take the vet along', async () => {
    expect(await vetsOf(await freeUnderAnOverbooking(true))).toBe(1);
  });

  test('control: without the second look the vet could be sold twice', async () => {
    await withoutGuard(sql, {
      name: 'free_place',
      guard: 'perform keep_staff(p_slot_id);',
      instead: 'null;',
      work: async () => {
        const slot_id = await freeUnderAnOverbooking(false);
        expect(await vetsOf(slot_id)).toBe(0);
        await sql`select keep_staff(${slot_id})`;
      },
    });
  });
});
