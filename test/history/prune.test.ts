import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getDay } from '../../src/daemon/actions/get-day.ts';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, startBooking } from '../actions/world.ts';
import { customer, desk, mustBook, mustHold } from '../helpers/booking.ts';
import { addOwner, addSlot, addStaff, lapse } from '../helpers/database.ts';
import { passDays, pruneAll } from './age.ts';

/** What each rule removes when its time has come, and what it must leave. */

const bench = await openBench();
const { app, sql, drain } = bench;
const manager = staff('manager');

const countOf = async (table: string, column: string, ids: readonly string[]) => {
  const [row] = await sql.unsafe<{ count: number }[]>(
    `select count(*) from ${table} where ${column} = any ($1)`,
    [[...ids]],
  );
  return Number(row?.count);
};

test('holds that came to nothing go after half a year, with the page that nobody paid on', async () => {
  const lapsed = await startBooking(app, await makeWorld(sql));
  await lapse(sql, lapsed.reservation_id);
  await drain('sweeper');
  const world = await makeWorld(sql);
  const given_back = await mustHold(sql, world.slot_id, world.owner);
  await cancelReservation(sql, given_back, null, customer(world.owner.user_id));
  const gone = [lapsed.reservation_id, given_back];

  // Paid after its slot was sold to somebody else: money, and money that went back.
  const late_world = await makeWorld(sql);
  const late = await startBooking(app, late_world);
  await expireUnseen(app, late.reservation_id);
  await mustBook(sql, late_world.slot_id, await addOwner(sql));
  await bench.pay(late.reference_code);
  await drain('relay', 'refunds');
  const paid = await startBooking(app, await makeWorld(sql));
  await bench.pay(paid.reference_code);
  const kept = [late.reservation_id, paid.reservation_id];
  const closed = await sql`
    select from payments where reservation_id = any (${gone}) and session_closed_at is not null`;
  expect(closed).toHaveLength(1);

  await drain('relay', 'dispatcher');
  await passDays(sql, 179);
  expect(await pruneAll(app, 'holds')).toBe(0);
  await passDays(sql, 2);
  const pending_world = await makeWorld(sql);
  const pending = await mustHold(sql, pending_world.slot_id, pending_world.owner);
  expect(await pruneAll(app, 'holds')).toBe(2);
  expect(await countOf('reservations', 'id', [...gone, ...kept, pending])).toBe(3);
  for (const table of ['reservation_log_entries', 'payments', 'refunds']) {
    expect(await countOf(table, 'reservation_id', gone)).toBe(0);
  }
  expect(await countOf('payments', 'reservation_id', kept)).toBe(2);
  expect(await countOf('refunds', 'reservation_id', kept)).toBe(1);
  expect(await countOf('reservation_log_entries', 'reservation_id', kept)).toBeGreaterThan(3);
  expect(await pruneAll(app, 'holds')).toBe(0);
  await expectInvariants(sql);
  await cancelReservation(sql, pending, null, desk);
});

test('a page that is still open, or a bank that still thinks, keeps its hold', async () => {
  const open = await startBooking(app, await makeWorld(sql));
  await expireUnseen(app, open.reservation_id);
  const thinking = await startBooking(app, await makeWorld(sql));
  await expireUnseen(app, thinking.reservation_id);
  await sql`
    update payments set status = 'processing', session_closed_at = now()
    where reservation_id = ${thinking.reservation_id}`;
  await passDays(sql, 200);
  await pruneAll(app, 'holds');
  const ids = [open.reservation_id, thinking.reservation_id];
  expect(await countOf('reservations', 'id', ids)).toBe(2);
  // The provider calls both over: nothing is owed any more.
  await sql`
    update payments set status = 'failed', session_closed_at = now(), updated_at = now()
    where reservation_id = any (${ids})`;
  await pruneAll(app, 'holds');
  expect(await countOf('reservations', 'id', ids)).toBe(2);
  await passDays(sql, 200);
  expect(await pruneAll(app, 'holds')).toBe(2);
  expect(await countOf('payments', 'reservation_id', ids)).toBe(0);
  await expectInvariants(sql);
});

test('seats of visits that are long over go, and the vet with the last of them', async () => {
  const world = await makeWorld(sql);
  const staff_id = await addStaff(sql, world.clinic);
  const { clinic, service_id, owner } = world;
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 2, staff_id, in_hours: 30 });
  const booked = await mustBook(sql, slot_id, owner);
  const other = await mustBook(sql, slot_id, await addOwner(sql));
  await passDays(sql, 60);
  const recent_slot = await addSlot(sql, clinic, service_id, { staff_id, in_hours: 40 });
  await mustBook(sql, recent_slot, owner);
  await passDays(sql, 35);
  // One block and no time left between the bites: the seats go, whichever came first.
  await pruneAll(app, 'claims', { blocks: 1 });
  expect(await countOf('slot_claims', 'slot_id', [slot_id, recent_slot])).toBe(1);
  expect(await countOf('staff_claims', 'slot_id', [slot_id])).toBe(0);
  expect(await countOf('staff_claims', 'slot_id', [recent_slot])).toBe(1);
  await expectInvariants(sql);

  const shown = await getBooking(app, manager, { booking_id: booked });
  expect(shown).toMatchObject({ slot_id, quantity: 1, status: 'confirmed' });
  const date = shown.starts_at.slice(0, 10);
  const day = await getDay(app, manager, { clinic_id: clinic.id, date });
  expect(day.items.filter((row) => row.slot_id === slot_id).map(({ kind }) => kind)).toEqual([
    'booking',
    'booking',
  ]);
  // Nobody came, it was forgotten, and is cancelled after all.
  const cancelled = await sql`
    select outcome from cancel_booking(${other}, 'forgotten', 'clinic', null, false, ${sql.json(desk)})`;
  expect(cancelled).toEqual([{ outcome: 'ok' }]);
  await expectInvariants(sql);
  // What is not that old is still looked after.
  await sql`delete from slot_claims where slot_id = ${recent_slot}`;
  await sql`delete from staff_claims where slot_id = ${recent_slot}`;
  const broken = (await runInvariants(sql, ['holds'])).map(({ rows }) => rows);
  expect(broken).toEqual([1]);
});

test('messages, what the app showed and reminders go when their story is over', async () => {
  const world = await makeWorld(sql);
  const { user_id } = world.owner;
  const booking = await startBooking(app, world);
  await bench.pay(booking.reference_code);
  await drain('relay', 'dispatcher');
  const sent = await sql`select from deliveries where user_id = ${user_id} and status = 'sent'`;
  expect(sent.length).toBeGreaterThan(0);
  await sql`
    update booking_reminders m set status = 'sent', sent_at = now()
    from bookings b
    where b.id = m.booking_id and b.user_id = ${user_id} and m.reminder_type = 'upcoming'`;
  const [reminder] = await sql<{ id: string }[]>`
    select m.id from booking_reminders m join bookings b on b.id = m.booking_id
    where b.user_id = ${user_id} and m.status = 'sent' limit 1`;
  await sql`
    insert into deliveries (
      reminder_id, clinic_id, user_id, channel, type, address, lang, payload, status, sent_at
    )
    values (
      ${reminder?.id ?? ''}, ${world.clinic.id}, ${user_id}, 'email', 'reminder', 'a@example.com',
      'en', '{}', 'sent', now()
    )`;
  await sql`
    insert into deliveries (
      asked_id, clinic_id, user_id, channel, type, address, lang, payload, status
    )
    values (
      ${randomUUID()}, ${world.clinic.id}, ${user_id}, 'email', 'note', 'a@example.com', 'en', '{}',
      'pending'
    )`;
  await passDays(sql, 410);
  // A reminder goes after the message that it became.
  await pruneAll(app, 'reminders');
  expect(await countOf('booking_reminders', 'id', [reminder?.id ?? ''])).toBe(1);
  expect(await pruneAll(app, 'deliveries')).toBeGreaterThanOrEqual(sent.length + 1);
  const left = await sql`select status from deliveries where user_id = ${user_id}`;
  expect(left).toEqual([{ status: 'pending' }]);
  expect(await pruneAll(app, 'reminders')).toBe(1);
  expect(await pruneAll(app, 'notifications')).toBeGreaterThan(0);
  expect(await countOf('notifications', 'user_id', [user_id])).toBe(0);
  const reminders = await sql`
    select distinct m.status from booking_reminders m join bookings b on b.id = m.booking_id
    where b.user_id = ${user_id}`;
  expect(reminders.every(({ status }) => status === 'pending')).toBe(true);
  await sql`delete from deliveries where user_id = ${user_id}`;
});

test("the provider's old news goes, but not money that nobody has placed", async () => {
  const booking = await startBooking(app, await makeWorld(sql));
  await bench.pay(booking.reference_code);
  const [payment] = await sql<{ id: string }[]>`
    select id from payments where reservation_id = ${booking.reservation_id}`;
  const unknown = `evt_${randomUUID()}`;
  await sql`
    insert into webhook_events (event_id, event_type, payload, outcome)
    values (${unknown}, 'charge.refunded', '{}', 'unknown_money')`;
  await passDays(sql, 401);
  expect(await pruneAll(app, 'provider_events')).toBeGreaterThan(0);
  expect(await countOf('webhook_events', 'payment_id', [payment?.id ?? ''])).toBe(0);
  const left =
    await sql`select event_id from webhook_events where received_at < now() - interval '1 day'`;
  expect(left).toEqual([{ event_id: unknown }]);
  await expectInvariants(sql);
});

test('slots are kept for ever unless somebody says otherwise, and sold ones always', async () => {
  const world = await makeWorld(sql);
  const { clinic, service_id, owner } = world;
  const sold = await addSlot(sql, clinic, service_id);
  await mustBook(sql, sold, owner);
  const lapsed = await addSlot(sql, clinic, service_id);
  const reservation_id = await mustHold(sql, lapsed, await addOwner(sql));
  await cancelReservation(sql, reservation_id, null, desk);
  await passDays(sql, 900);
  expect(await pruneAll(app, 'slots')).toBe(0);
  await sql`update retention_rules set keep_days = 800 where what = 'slots'`;
  expect(await pruneAll(app, 'slots')).toBeGreaterThanOrEqual(2);
  expect(await countOf('slots', 'id', [sold, lapsed, world.slot_id])).toBe(1);
  expect(await countOf('slots', 'id', [sold])).toBe(1);
  await sql`update retention_rules set keep_days = null where what = 'slots'`;
  await expectInvariants(sql);
});

test('entries of the waiting list go with their offers, and then the holds of those', async () => {
  const world = await makeWorld(sql);
  const { clinic, service_id, owner, slot_id } = world;
  const reservation_id = await mustHold(sql, slot_id, owner);
  await cancelReservation(sql, reservation_id, null, desk);
  const [entry] = await sql<{ id: string }[]>`
    insert into waitlist_entries (
      clinic_id, service_id, user_id, pet_id, wanted_from, wanted_to, status,
      offered_reservation_id
    )
    values (
      ${clinic.id}, ${service_id}, ${owner.user_id}, ${owner.pet_id}, now(), now() + interval '9 days',
      'declined', ${reservation_id}
    )
    returning id`;
  const entry_id = entry?.id ?? '';
  await sql`
    insert into waitlist_offers (entry_id, slot_id, reservation_id, ended_at, ended_as)
    values (${entry_id}, ${slot_id}, ${reservation_id}, now(), 'declined')`;
  await sql`
    insert into waitlist_skips (entry_id, slot_id, reason) values (${entry_id}, ${slot_id}, 'too_close')`;
  await passDays(sql, 700);
  await pruneAll(app, 'holds');
  expect(await countOf('reservations', 'id', [reservation_id])).toBe(1);
  expect(await pruneAll(app, 'waitlist')).toBe(0);
  await passDays(sql, 120);
  expect(await pruneAll(app, 'waitlist')).toBe(1);
  for (const table of ['waitlist_offers', 'waitlist_skips']) {
    expect(await countOf(table, 'entry_id', [entry_id])).toBe(0);
  }
  await pruneAll(app, 'holds');
  expect(await countOf('reservations', 'id', [reservation_id])).toBe(0);
  await expectInvariants(sql);
});

test('events of other services go once they were taken; what waits for a person stays', async () => {
  await sql`
    insert into consumed_events (event_id, event_type, stream_id, status, updated_at)
    select 'evt_' || s, 'user.updated', '1-0', s, now() - interval '31 days'
    from unnest(array['applied', 'outdated', 'ignored', 'discarded', 'waiting', 'parked']) as s`;
  await sql`
    insert into consumed_events (event_id, event_type, stream_id, status)
    values ('evt_new', 'user.updated', '1-0', 'applied')`;
  expect(await pruneAll(app, 'platform_events')).toBe(4);
  const left = await sql`select event_id from consumed_events order by event_id`;
  expect(left.map(({ event_id }) => event_id)).toEqual(['evt_new', 'evt_parked', 'evt_waiting']);
});
