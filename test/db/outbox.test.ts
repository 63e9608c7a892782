import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { claimDeliveries, finishDelivery } from '../../src/daemon/store/deliveries.ts';
import {
  eventsAfter,
  fanOutEvents,
  feedBounds,
  outboxBacklog,
  pruneEvents,
  sequenceEvents,
} from '../../src/daemon/store/outbox.ts';
import { queueReminders } from '../../src/daemon/store/reminders.ts';
import { addScene, desk, mustBook, mustHold } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

/** Leases mails without a limit to their rate. */
const claim = (lease_ms: number) =>
  claimDeliveries(sql, { channel: 'email', limit: 10, lease_ms, rate_per_minute: 0 });

/** Publishes everything that is committed. */
async function publish() {
  while ((await sequenceEvents(sql, 100)) > 0);
  const all = [];
  for (;;) {
    const batch = await fanOutEvents(sql, 100);
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}

test('events get numbers without gaps, are published once and in order', async () => {
  const { slot_id, owner } = await addScene(sql);
  await mustBook(sql, slot_id, owner);
  expect((await outboxBacklog(sql)).waiting).toBe(4);
  const published = await publish();
  expect(published.map(({ event_type }) => event_type)).toEqual([
    'reservation.created',
    'booking.created',
    'booking.confirmed',
    'payment.processed',
  ]);
  expect(published.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  expect(await publish()).toEqual([]);
  expect(await feedBounds(sql)).toEqual({ last_sequence: 4, first_sequence: 1 });
  const rest = await eventsAfter(sql, 2, 10);
  expect(rest).toEqual(published.slice(2));
  expect(await outboxBacklog(sql)).toEqual({ waiting: 0, retrying: 0, dead: 0, lag_ms: 0 });
});

test('an event that commits late gets a late number: a reader misses nothing', async () => {
  const { slot_id, owner } = await addScene(sql);
  const [before] = [(await feedBounds(sql)).last_sequence];
  let early_id = '';
  await sql.begin(async (tx) => {
    const [early] = await tx<{ id: string }[]>`
      insert into booking_events_outbox (
        aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
      )
      select 'review', gen_random_uuid(), 'review.submitted', clinic_id, 'x', '{}'
      from slots where id = ${slot_id}
      returning id`;
    early_id = early!.id;
    await mustHold(sql, slot_id, owner);
    expect(await sequenceEvents(sql, 100)).toBe(1);
  });
  expect(await sequenceEvents(sql, 100)).toBe(1);
  const events = await eventsAfter(sql, before!, 10);
  expect(events.map(({ event_type }) => event_type)).toEqual([
    'reservation.created',
    'review.submitted',
  ]);
  expect(events[1]!.event_id).toBe(early_id);
});

test('two relays share the work and number nothing twice', async () => {
  const { owner, clinic, service_id } = await addScene(sql);
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    select 'booking', ${service_id}, 'booking.created', ${clinic.id}, 'many', '{}'
    from generate_series(1, 500)`;
  const relays = Array.from({ length: 4 }, async () => {
    const seen: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      await sequenceEvents(sql, 50);
      seen.push(...(await fanOutEvents(sql, 50)).map(({ sequence }) => sequence));
    }
    return seen;
  });
  const seen = (await Promise.all(relays)).flat();
  seen.push(...(await publish()).map(({ sequence }) => sequence));
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThanOrEqual(500);
  expect(owner.user_id).toMatch(/^[0-9a-f-]{36}$/);
});

test('a booking is told once, by the channels that its owner has and wants', async () => {
  const { slot_id, owner } = await addScene(sql);
  await sql`
    insert into notification_preferences (user_id, channel, enabled, address)
    values (${owner.user_id}, 'push', true, 'device-1')`;
  const booking_id = await mustBook(sql, slot_id, owner);
  await publish();
  const rows = await sql`
    select channel, type, address, status from deliveries
    where booking_id = ${booking_id} order by channel`;
  expect(rows).toMatchObject([
    { channel: 'email', type: 'booking_confirmed', status: 'pending' },
    { channel: 'push', type: 'booking_confirmed', address: 'device-1' },
  ]);
  const [note] =
    await sql`select type, is_read from notifications where booking_id = ${booking_id}`;
  expect(note).toEqual({ type: 'booking_confirmed', is_read: false });
});

test('a message is leased, tried again, given up and resumed', async () => {
  await sql`delete from deliveries`;
  const { slot_id, owner } = await addScene(sql);
  await mustBook(sql, slot_id, owner);
  await publish();
  const [mine] = await claim(60_000);
  expect(mine).toMatchObject({ channel: 'email', type: 'booking_confirmed', attempts: 1 });
  expect(await claim(60_000)).toEqual([]);
  const { delivery_id } = mine!;
  const retry = { delivery_id, result: 'retry', error: '451 busy', retry_after_ms: 0 } as const;
  expect((await finishDelivery(sql, retry)).outcome).toBe('pending');
  expect((await finishDelivery(sql, retry)).outcome).toBe('conflict');
  expect((await claim(0))[0]).toMatchObject({ delivery_id, attempts: 2 });
  // The lease above ran out at once, as when its holder dies: the message is given again.
  expect((await claim(60_000))[0]).toMatchObject({ delivery_id, attempts: 3 });
  await sql`update deliveries set attempts = delivery_attempts_max() where id = ${delivery_id}`;
  expect((await finishDelivery(sql, retry)).outcome).toBe('dead');
  await sql`
    update deliveries set status = 'pending', attempts = 0, dead_at = null
    where id = ${delivery_id}`;
  await claim(60_000);
  expect((await finishDelivery(sql, { delivery_id, result: 'sent' })).outcome).toBe('sent');
  const [note] = await sql`
    select delivery_status from notifications where user_id = ${owner.user_id}`;
  expect(note).toEqual({ delivery_status: 'sent' });
});

test('due reminders become messages; those of cancelled or moved visits do not', async () => {
  const scenes = [await addScene(sql), await addScene(sql), await addScene(sql)];
  const ids = [];
  for (const { slot_id, owner } of scenes) ids.push(await mustBook(sql, slot_id, owner));
  const [kept, cancelled, moved] = ids;
  await sql`update booking_reminders set scheduled_time = now() where reminder_type = 'upcoming'`;
  await sql`
    update booking_reminders set booking_time = booking_time - interval '1 hour'
    where booking_id = ${moved!}`;
  await cancelBooking(
    sql,
    { booking_id: cancelled!, reason: null, by: 'clinic', expected_version: null, quote: false },
    desk,
  );
  const look = { limit: 100, waiting_max: 100 };
  expect((await queueReminders(sql, look)).length).toBeGreaterThanOrEqual(2);
  const rows = await sql<{ booking_id: string; type: string }[]>`
    select booking_id, type from deliveries where reminder_id is not null
      and booking_id = any (${ids})`;
  expect(rows).toEqual([{ booking_id: kept, type: 'reminder_upcoming' }]);
  expect(await queueReminders(sql, look)).toEqual([]);
});

test('old published events are forgotten in batches, their numbers are not given again', async () => {
  await publish();
  const { last_sequence } = await feedBounds(sql);
  await sql`update booking_events_outbox set created_at = now() - interval '40 days'`;
  expect(await pruneEvents(sql, 30, 3)).toBe(3);
  while ((await pruneEvents(sql, 30, 1000)) > 0);
  expect(await feedBounds(sql)).toEqual({ last_sequence, first_sequence: null });
  const { slot_id, owner } = await addScene(sql);
  await mustHold(sql, slot_id, owner);
  expect((await publish()).map(({ sequence }) => sequence)).toEqual([last_sequence + 1]);
});
