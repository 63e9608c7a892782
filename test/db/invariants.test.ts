import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import {
  assertInvariants,
  readInvariants,
  runInvariants,
} from '../../src/daemon/store/invariants.ts';
import { addScene, mustBook, mustHold } from '../helpers/booking.ts';
import { addOwner, addSlot, addStaff, createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

type Planted = { readonly name: string; readonly plant: (sql: Sql) => Promise<void> };

/** A booking of its own, so that plants do not meet. */
async function booked(): Promise<{ booking_id: string; slot_id: string; reservation_id: string }> {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  const [row] = await sql<{ reservation_id: string }[]>`
    select reservation_id from bookings where id = ${booking_id}`;
  return { booking_id, slot_id, reservation_id: row!.reservation_id };
}

async function held(): Promise<{ reservation_id: string; slot_id: string }> {
  const { slot_id, owner } = await addScene(sql);
  return { slot_id, reservation_id: await mustHold(sql, slot_id, owner) };
}

const plants: readonly Planted[] = [
  {
    name: 'capacity',
    plant: async () => {
      const { slot_id } = await held();
      await sql`update slot_claims set seat = 2 where slot_id = ${slot_id}`;
    },
  },
  {
    name: 'overbooking',
    plant: async () => {
      const { slot_id } = await held();
      await sql`update slots set capacity = 2, extra_seats = 1 where id = ${slot_id}`;
    },
  },
  {
    name: 'counters',
    plant: async () => {
      const { slot_id } = await booked();
      await sql`update slots set booked_count = 0 where id = ${slot_id}`;
    },
  },
  {
    name: 'claims',
    plant: async () => {
      const { clinic, service_id, owner } = await addScene(sql);
      const staff_id = await addStaff(sql, clinic);
      const slot_id = await addSlot(sql, clinic, service_id, { staff_id });
      await mustHold(sql, slot_id, owner);
      await sql`delete from staff_claims where slot_id = ${slot_id}`;
    },
  },
  {
    name: 'buffers',
    plant: async () => {
      const { clinic, service_id, owner } = await addScene(sql);
      const staff_id = await addStaff(sql, clinic);
      const slot_id = await addSlot(sql, clinic, service_id, { staff_id });
      await mustHold(sql, slot_id, owner);
      await sql`update slots set busy_to = ends_at + interval '10 minutes' where id = ${slot_id}`;
    },
  },
  {
    name: 'paid',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`update payments set status = 'failed' where booking_id = ${booking_id}`;
    },
  },
  {
    name: 'no_stranded_money',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`
        insert into payments (
          reservation_id, clinic_id, user_id, amount, currency, payment_method, status, paid_at
        )
        select id, clinic_id, user_id, amount_due, currency, 'cash', 'success', now()
        from reservations where id = ${reservation_id}`;
    },
  },
  {
    name: 'authorisations',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`
        update reservations set approval = 'awaiting', approval_asked_at = now()
        where id = ${reservation_id}`;
    },
  },
  {
    name: 'refund_ceiling',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`
        insert into refunds (payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason)
        select id, reservation_id, booking_id, clinic_id, amount + 1, currency, 'planted'
        from payments where booking_id = ${booking_id}`;
    },
  },
  {
    name: 'ledger',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`delete from financial_entries where booking_id = ${booking_id}`;
    },
  },
  {
    name: 'one_event',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`delete from booking_events_outbox where aggregate_id = ${reservation_id}`;
    },
  },
  {
    name: 'outbox',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`
        update booking_events_outbox
        set sequence = (select last_sequence + 1 from outbox_state)
        where aggregate_id = ${reservation_id}`;
    },
  },
  {
    name: 'final',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`
        insert into reservation_log_entries (
          reservation_id, reservation_version, action, previous_status, status
        )
        values (${reservation_id}, 2, 'planted', 'cancelled', 'pending')`;
    },
  },
  {
    name: 'holds',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`delete from slot_claims where reservation_id = ${reservation_id}`;
    },
  },
  {
    name: 'items',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`update reservations set item_count = 2 where id = ${reservation_id}`;
    },
  },
  {
    name: 'reminders',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`
        update booking_reminders set booking_time = booking_time + interval '1 hour'
        where booking_id = ${booking_id}`;
    },
  },
  {
    name: 'tickets',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`insert into ticket_uses (booking_id, seat) values (${booking_id}, 1)`;
    },
  },
  {
    name: 'offers',
    plant: async () => {
      const { clinic, service_id } = await addScene(sql);
      const { reservation_id } = await booked();
      const waiting = await addOwner(sql);
      await sql`
        insert into waitlist_entries (
          clinic_id, service_id, user_id, pet_id, wanted_from, wanted_to, status,
          offered_reservation_id
        )
        values (
          ${clinic.id}, ${service_id}, ${waiting.user_id}, ${waiting.pet_id}, now(),
          now() + interval '1 day', 'offered', ${reservation_id}
        )`;
    },
  },
  {
    name: 'ratings',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`
        insert into reviews (booking_id, user_id, clinic_id, service_id, rating)
        select id, user_id, clinic_id, service_id, 4 from bookings where id = ${booking_id}`;
      await sql`update clinic_ratings set rating = 5`;
    },
  },
  {
    name: 'tiers',
    plant: async () => {
      const { slot_id } = await held();
      const tier_id = randomUUID();
      await sql`
        insert into price_tiers (id, service_id, clinic_id, name, price, seats_limit)
        select ${tier_id}, service_id, clinic_id, 'Child', 1, 1 from slots where id = ${slot_id}`;
      const [seat] = await sql`select * from slot_claims where slot_id = ${slot_id}`;
      await sql`update slot_claims set tier_id = ${tier_id}, tier_place = 1 where slot_id = ${slot_id}`;
      const second = { ...seat, seat: 2, tier_id, tier_place: 2 };
      await sql`insert into slot_claims ${sql(second)}`;
    },
  },
  {
    name: 'webhooks',
    plant: async () => {
      const { clinic } = await addScene(sql);
      await sql`
        insert into webhook_endpoints (clinic_id, url, event_types, secret, listens_after)
        values (${clinic.id}, 'https://hooks.example.com', '{booking.*}', 'whsec_', 0)`;
      await sql`
        insert into booking_events_outbox (
          sequence, aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
        )
        values (7, 'booking', ${clinic.id}, 'booking.confirmed', ${clinic.id}, 'planted', '{}')`;
      await sql`update webhook_cursor set last_sequence = 7`;
    },
  },
  {
    name: 'messages',
    plant: async () => {
      const { booking_id } = await booked();
      await sql`
        insert into deliveries (
          asked_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload, status
        )
        select gen_random_uuid(), clinic_id, id, user_id, 'email', 'booking_confirmed', 'a@b', 'en',
          '{}', 'sending'
        from bookings where id = ${booking_id}`;
    },
  },
  {
    name: 'series',
    plant: async () => {
      const { reservation_id } = await held();
      await sql`
        insert into booking_participants (reservation_id, position, name)
        values (${reservation_id}, 1, 'Rex'), (${reservation_id}, 2, 'Kitty')`;
    },
  },
  {
    name: 'search',
    plant: async () => {
      const { user_id } = await addOwner(sql);
      await sql`update owner_search set words = 'someone' where user_id = ${user_id}`;
    },
  },
];

test('every invariant holds on a lived-in database', async () => {
  await booked();
  await held();
  await assertInvariants(sql);
});

test('every invariant has a plant here, and the other way round', () => {
  expect(plants.map(({ name }) => name)).toEqual(readInvariants().map(({ name }) => name));
});

test.each(plants)('$name finds what was planted', async ({ name, plant }) => {
  const rowsOf = async () => (await runInvariants(sql, [name]))[0]!;
  const before = await rowsOf();
  await plant(sql);
  const after = await rowsOf();
  expect(after.rows).toBeGreaterThan(before.rows);
  expect(after.sample.length).toBeGreaterThan(0);
});

test('claims finds an owner who is in two places at one time', async () => {
  const ownersOf = async () => {
    const [claims] = await runInvariants(sql, ['claims']);
    return claims!.sample.filter((row) => JSON.stringify(row).includes('owner in two places'));
  };
  expect(await ownersOf()).toEqual([]);
  const [one, two] = [await booked(), await held()];
  await sql`
    update slot_claims set user_id = (select user_id from bookings where id = ${one.booking_id})
    where slot_id = ${two.slot_id}`;
  expect(await ownersOf()).toHaveLength(1);
});

test('authorisations finds a card that an ended hold forgot, and money fetched for nothing', async () => {
  const problemsOf = async () => {
    const [found] = await runInvariants(sql, ['authorisations']);
    return found!.sample.map((row) => Object(row).problem);
  };
  const { reservation_id } = await booked();
  await sql`
    update reservations set updated_at = now() - interval '2 minutes' where id = ${reservation_id}`;
  await sql`
    insert into authorisations (payment_id, reservation_id, clinic_id, payment_intent)
    select id, reservation_id, clinic_id, 'pi_' || id
    from payments where reservation_id = ${reservation_id}`;
  expect(await problemsOf()).toEqual(
    expect.arrayContaining(['open on an ended hold', 'fetched, but no payment']),
  );
});

test('what is broken is named in the error', async () => {
  await expect(assertInvariants(sql)).rejects.toMatchObject({
    code: 'invariant_broken',
    detail: expect.stringContaining('capacity'),
  });
});
