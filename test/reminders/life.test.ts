import { afterAll, expect, test } from 'vitest';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { queueReminders, setReminderRule, skipReminder } from '../../src/daemon/store/reminders.ts';
import { rescheduleBooking } from '../../src/daemon/store/reschedule.ts';
import { undoBooking } from '../../src/daemon/store/undo.ts';
import type { ReminderChannel, ReminderType } from '../../src/domain/reminder.ts';
import { desk, mustBook } from '../helpers/booking.ts';
import { addOwner, addService, addSlot, createTestDatabase } from '../helpers/database.ts';
import { addVisit, messagesOf, pass, remindersOf, runDue } from './scene.ts';

const { sql } = await createTestDatabase();
afterAll(async () => {
  await assertInvariants(sql);
});

const cancel = async (booking_id: string) =>
  await cancelBooking(
    sql,
    { booking_id, reason: null, by: 'clinic', expected_version: null, quote: false },
    desk,
  );
const undo = async (booking_id: string) =>
  await undoBooking(sql, { booking_id, expected_version: null }, desk);
const move = async (booking_id: string, slot_id: string) =>
  await rescheduleBooking(
    sql,
    {
      booking_id,
      slot_id,
      by: 'clinic',
      seats: null,
      reason: null,
      expected_version: null,
      quote: false,
    },
    desk,
  );
const setStatus = async (booking_id: string, status: 'arrived' | 'in-progress' | 'completed') =>
  await setBookingStatus(sql, { booking_id, status, expected_version: null }, desk);

async function rule(
  clinic_id: string,
  reminder_type: ReminderType,
  offsets_minutes: readonly number[] | null,
  more: { service_id?: string; channels?: readonly ReminderChannel[] } = {},
) {
  const { service_id = null, channels = ['email'] } = more;
  const wish = { clinic_id, service_id, reminder_type, offsets_minutes, channels, reason: null };
  expect(await setReminderRule(sql, wish, desk)).toEqual({ outcome: 'ok' });
}

const waits = (kind: string) => ({ kind, status: 'pending', reason: null });
const dropped = (kind: string, reason: string) => ({ kind, status: 'cancelled', reason });
const sent = (kind: string) => ({ kind, status: 'sent', reason: null });

test('a booking has its reminders from the transaction that confirms it', async () => {
  const { booking_id } = await addVisit(sql);
  expect(await remindersOf(sql, booking_id)).toEqual([
    waits('upcoming 1440'),
    waits('upcoming 120'),
  ]);
  const near = await addVisit(sql, 5);
  expect(await remindersOf(sql, near.booking_id)).toEqual([waits('upcoming 120')]);
  const at_once = await addVisit(sql, 1);
  expect(await remindersOf(sql, at_once.booking_id)).toEqual([]);
});

test('what is said for a service goes before the clinic, and holds from then on', async () => {
  const { clinic, service_id, booking_id } = await addVisit(sql);
  await rule(clinic.id, 'upcoming', [2_880, 60]);
  await rule(clinic.id, 'check_in', [30], { channels: ['sms', 'push'] });
  const other = await addService(sql, clinic);
  await rule(clinic.id, 'upcoming', [], { service_id: other });
  const bookOne = async (service: string) =>
    await mustBook(sql, await addSlot(sql, clinic, service), await addOwner(sql));
  const kinds = async (id: string) => (await remindersOf(sql, id)).map(({ kind }) => kind);
  expect(await kinds(await bookOne(service_id))).toEqual([
    'upcoming 2880',
    'upcoming 60',
    'check_in 30',
  ]);
  expect(await kinds(await bookOne(other))).toEqual(['check_in 30']);
  // What was planned stays as it was.
  expect(await kinds(booking_id)).toEqual(['upcoming 1440', 'upcoming 120']);
  await rule(clinic.id, 'upcoming', null, { service_id: other });
  expect(await kinds(await bookOne(other))).toEqual([
    'upcoming 2880',
    'upcoming 60',
    'check_in 30',
  ]);
  const [audit] = await sql<{ n: number }[]>`
    select count(*)::integer as n from audit_log
    where clinic_id = ${clinic.id} and action = 'reminder_rule.set'`;
  expect(audit?.n).toBe(4);
});

test.each([
  [[4], ['email']],
  [[86_401], ['email']],
  [[10, 20, 30, 40, 50], ['email']],
  [[60], []],
])('the table itself refuses offsets %j by %j', async (offsets, channels) => {
  const { clinic } = await addVisit(sql);
  await expect(sql`
    insert into reminder_rules (clinic_id, reminder_type, offsets_minutes, channels)
    values (${clinic.id}, 'upcoming', ${offsets}::integer[], ${channels}::text[])`).rejects.toThrow(
    /reminder_rules_(offsets|channels)/,
  );
});

test('a due reminder becomes a message for each channel that the owner has and wants', async () => {
  const { booking_id, owner } = await addVisit(sql);
  const { user_id } = owner;
  await sql`
    insert into notification_preferences (user_id, channel, enabled) values (${user_id}, 'sms', true)`;
  await pass(sql, booking_id, 2 * 1_440 + 1);
  expect(await runDue(sql)).toBe(1);
  expect(await remindersOf(sql, booking_id)).toEqual([
    sent('upcoming 1440'),
    waits('upcoming 120'),
  ]);
  expect(await messagesOf(sql, booking_id)).toEqual([
    'reminder_upcoming email pending',
    'reminder_upcoming sms pending',
  ]);
  expect(await runDue(sql)).toBe(0);
});

test('an owner without any channel is not told, and it is said so', async () => {
  const { booking_id, owner } = await addVisit(sql);
  await sql`
    insert into notification_preferences (user_id, channel, enabled)
    values (${owner.user_id}, 'email', false)`;
  await pass(sql, booking_id, 2 * 1_440 + 1);
  await runDue(sql);
  expect((await remindersOf(sql, booking_id))[0]).toEqual({
    kind: 'upcoming 1440',
    status: 'failed',
    reason: 'no_channel',
  });
  expect(await messagesOf(sql, booking_id)).toEqual([]);
});

test('a cancel ends reminders, and takes back what waits for quiet hours to end', async () => {
  const { booking_id } = await addVisit(sql);
  await pass(sql, booking_id, 2 * 1_440 + 1);
  await runDue(sql);
  await sql`
    update deliveries set next_attempt_at = now() + interval '8 hours'
    where booking_id = ${booking_id}`;
  await cancel(booking_id);
  expect(await remindersOf(sql, booking_id)).toEqual([
    dropped('upcoming 1440', 'booking_cancelled'),
    dropped('upcoming 120', 'booking_cancelled'),
  ]);
  expect(await messagesOf(sql, booking_id)).toEqual(['reminder_upcoming email dropped']);
});

test('an undo brings back what the cancel ended, and nothing that was sent', async () => {
  const { booking_id } = await addVisit(sql);
  await pass(sql, booking_id, 2 * 1_440 + 1);
  await runDue(sql);
  await sql`update deliveries set status = 'sent', attempts = 1 where booking_id = ${booking_id}`;
  await cancel(booking_id);
  expect((await undo(booking_id)).outcome).toBe('ok');
  expect(await remindersOf(sql, booking_id)).toEqual([
    sent('upcoming 1440'),
    dropped('upcoming 120', 'booking_cancelled'),
    waits('upcoming 120'),
  ]);
});

test('a reminder that fell due between cancel and undo still goes out', async () => {
  const { booking_id } = await addVisit(sql);
  await pass(sql, booking_id, 2 * 1_440 - 1);
  await cancel(booking_id);
  await pass(sql, booking_id, 2);
  expect(await runDue(sql)).toBe(0);
  expect((await undo(booking_id)).outcome).toBe('ok');
  expect(await runDue(sql)).toBe(1);
  expect(await messagesOf(sql, booking_id)).toEqual(['reminder_upcoming email pending']);
});

test('a move ends the old reminders and plans new ones; a skipped one stays skipped', async () => {
  const { booking_id, clinic, service_id } = await addVisit(sql);
  const [first] = await sql<{ id: string }[]>`
    select id from booking_reminders where booking_id = ${booking_id} order by scheduled_time`;
  const wish = { reminder_id: first?.id ?? '', note: 'she called us' };
  expect(await skipReminder(sql, wish, desk)).toEqual({ outcome: 'ok' });
  expect(await skipReminder(sql, wish, desk)).toEqual({ outcome: 'already_done' });
  await cancel(booking_id);
  await undo(booking_id);
  expect((await remindersOf(sql, booking_id)).filter(({ status }) => status === 'pending')).toEqual(
    [waits('upcoming 120')],
  );
  await move(booking_id, await addSlot(sql, clinic, service_id, { in_hours: 96 }));
  expect((await remindersOf(sql, booking_id)).slice(-3)).toEqual([
    dropped('upcoming 120', 'booking_moved'),
    waits('upcoming 1440'),
    waits('upcoming 120'),
  ]);
  const gone = { reminder_id: booking_id, note: null };
  expect(await skipReminder(sql, gone, desk)).toEqual({ outcome: 'not_found' });
});

test('after the visit: a follow-up and a request, but none for a visit that has its review', async () => {
  const [asked, reviewed] = [await addVisit(sql, 1), await addVisit(sql, 1)];
  for (const { booking_id, clinic } of [asked, reviewed]) {
    await rule(clinic.id, 'follow_up', [1_440]);
    await pass(sql, booking_id, 60);
    for (const status of ['arrived', 'in-progress', 'completed'] as const) {
      expect((await setStatus(booking_id, status)).outcome).toBe('ok');
    }
    expect(await remindersOf(sql, booking_id)).toEqual([
      waits('review_request 120'),
      waits('follow_up 1440'),
    ]);
    await pass(sql, booking_id, 121);
  }
  await sql`
    insert into reviews (booking_id, user_id, clinic_id, service_id, rating)
    select id, user_id, clinic_id, service_id, 5 from bookings where id = ${reviewed.booking_id}`;
  await runDue(sql);
  expect(await messagesOf(sql, asked.booking_id)).toEqual([
    'reminder_review_request email pending',
  ]);
  expect(await remindersOf(sql, reviewed.booking_id)).toEqual([
    dropped('review_request 120', 'reviewed_already'),
    waits('follow_up 1440'),
  ]);
  await pass(sql, asked.booking_id, 9 * 1_440);
  await runDue(sql);
  expect((await remindersOf(sql, asked.booking_id))[1]).toEqual(
    dropped('follow_up 1440', 'too_late'),
  );
});

test('who has arrived is not reminded to come', async () => {
  const { booking_id } = await addVisit(sql, 3);
  await setStatus(booking_id, 'arrived');
  await pass(sql, booking_id, 61);
  await runDue(sql);
  expect(await remindersOf(sql, booking_id)).toEqual([dropped('upcoming 120', 'visit_begun')]);
});

test('hand-made SQL that cancels or moves a booking is seen when its reminder is due', async () => {
  const [cancelled, moved] = [await addVisit(sql), await addVisit(sql)];
  for (const { booking_id } of [cancelled, moved]) await pass(sql, booking_id, 2 * 1_440 + 1);
  await sql`update bookings set status = 'cancelled' where id = ${cancelled.booking_id}`;
  await sql`
    update bookings set booking_time = booking_time + interval '1 day'
    where id = ${moved.booking_id}`;
  await queueReminders(sql, { limit: 100, waiting_max: 10_000 });
  expect((await remindersOf(sql, cancelled.booking_id))[0]?.reason).toBe('booking_cancelled');
  expect((await remindersOf(sql, moved.booking_id))[0]?.reason).toBe('booking_moved');
  // Put right what the hand did, so that the invariants of this file look at our own work only.
  await sql`delete from booking_reminders where status = 'pending' and booking_id in ${sql([
    cancelled.booking_id,
    moved.booking_id,
  ])}`;
  await sql`
    update slots sl set booked_count = 0 from bookings b
    where b.slot_id = sl.id and b.id = ${cancelled.booking_id}`;
  await sql`
    delete from slot_claims c using bookings b
    where c.reservation_id = b.reservation_id and b.id = ${cancelled.booking_id}`;
});
