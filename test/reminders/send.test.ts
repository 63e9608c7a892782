import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { rescheduleBooking } from '../../src/daemon/actions/reschedule-booking.ts';
import { createReminder } from '../../src/daemon/workers/remind.ts';
import { openBench } from '../actions/bench.ts';
import { makeWorld, startBooking, type World } from '../actions/world.ts';
import { addSlot } from '../helpers/database.ts';
import { messagesOf, pass } from './scene.ts';

const { app, sql, pay, drain, mail } = await openBench();
const signal = new AbortController().signal;
const reminder = createReminder();

type Visit = World & { readonly booking_id: string; readonly reference_code: string };

/** A visit whose day-before reminder is due, its confirmation mail out. */
async function dueVisit(): Promise<Visit> {
  const world = await makeWorld(sql, { in_hours: 50 });
  const { reference_code } = await startBooking(app, world);
  await pay(reference_code);
  await drain('relay', 'dispatcher');
  const [row] = await sql<{ id: string }[]>`
    select id from bookings where reference_code = ${reference_code}`;
  const booking_id = row?.id ?? '';
  await pass(sql, booking_id, 27 * 60);
  return { ...world, booking_id, reference_code };
}

const remindersTo = ({ reference_code }: Visit) =>
  mail
    .list()
    .filter(({ subject }) => subject.startsWith('Reminder') && subject.includes(reference_code))
    .length;

const cancel = async ({ who, booking_id }: Visit) =>
  await cancelBooking(app, who, { booking_id, quote: false, by: 'owner' });

const setFault = async (mode: string) => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ mode });
  await fetch(`${mail.outbox_url}/faults`, { method: 'POST', headers, body });
};

test('a due reminder goes out once', async () => {
  const visit = await dueVisit();
  for (const _ of [1, 2]) {
    await reminder.tick(app, signal);
    await drain('relay', 'dispatcher');
  }
  expect(remindersTo(visit)).toBe(1);
});

test('a visit cancelled or moved between queue and mail server is not spoken of', async () => {
  const [cancelled, moved] = [await dueVisit(), await dueVisit()];
  await reminder.tick(app, signal);
  for (const { booking_id } of [cancelled, moved]) {
    expect(await messagesOf(sql, booking_id)).toEqual(['reminder_upcoming email pending']);
  }
  await cancel(cancelled);
  const slot_id = await addSlot(sql, moved.clinic, moved.service_id, { in_hours: 200 });
  const { who, booking_id } = moved;
  await rescheduleBooking(app, who, { booking_id, slot_id, quote: false, by: 'owner' });
  await drain('relay', 'dispatcher');
  expect([remindersTo(cancelled), remindersTo(moved)]).toEqual([0, 0]);
});

test('a visit cancelled while the mail server says later is not spoken of either', async () => {
  const visit = await dueVisit();
  await reminder.tick(app, signal);
  await setFault('defer');
  await drain('dispatcher');
  await setFault('none');
  await cancel(visit);
  await sql`update deliveries set next_attempt_at = now() where status = 'pending'`;
  await drain('relay', 'dispatcher');
  expect(await messagesOf(sql, visit.booking_id)).toEqual(['reminder_upcoming email dropped']);
  expect(remindersTo(visit)).toBe(0);
});

/** Why the message of a visit was dropped. */
async function reasonOf({ booking_id }: Visit): Promise<string | null> {
  const [row] = await sql<{ status: string; last_error: string | null }[]>`
    select status, last_error from deliveries
    where booking_id = ${booking_id} and reminder_id is not null`;
  return row?.status === 'dropped' ? row.last_error : null;
}

test('what waited until the visit had begun is dropped', async () => {
  const visit = await dueVisit();
  await reminder.tick(app, signal);
  await pass(sql, visit.booking_id, 23 * 60 + 10);
  await drain('dispatcher');
  expect(await reasonOf(visit)).toBe('the visit has begun');
  expect(remindersTo(visit)).toBe(0);
});

test('what was on its way while the visit was moved by hand is dropped', async () => {
  const visit = await dueVisit();
  await reminder.tick(app, signal);
  await pass(sql, visit.booking_id, -600);
  await drain('dispatcher');
  expect(await reasonOf(visit)).toBe('the visit was moved meanwhile');
  expect(remindersTo(visit)).toBe(0);
});
