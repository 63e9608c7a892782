import { expect, test } from 'vitest';
import { queueReminders } from '../../src/daemon/store/reminders.ts';
import { addScene, mustBook } from '../helpers/booking.ts';
import { addOwner, addSlot, createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { addVisit, messagesOf, pass, remindersOf, runDue } from './scene.ts';

const { sql } = await createTestDatabase({ max: 12 });
const all = { limit: 500, waiting_max: 1_000_000 };
const DUE = 60;

/** Visits of tomorrow whose reminders are due now, all of one clinic. */
async function dueVisits(count: number): Promise<readonly string[]> {
  const { clinic, service_id } = await addScene(sql);
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const slot_id = await addSlot(sql, clinic, service_id, { in_hours: 30 });
    ids.push(await mustBook(sql, slot_id, await addOwner(sql)));
  }
  await sql`
    update booking_reminders set scheduled_time = now() - interval '1 second'
    where booking_id = any (${ids}::uuid[]) and offset_minutes = 1440`;
  return ids;
}

async function messages(ids: readonly string[]): Promise<{ all: number; booked: number }> {
  const [row] = await sql<{ all: number; booked: number }[]>`
    select count(*)::integer as all, count(distinct booking_id)::integer as booked
    from deliveries
    where booking_id = any (${[...ids]}::uuid[]) and reminder_id is not null`;
  return row ?? { all: 0, booked: 0 };
}

test('ten daemons at once: each reminder becomes one message', async () => {
  const ids = await dueVisits(DUE);
  let judged = 0;
  const work = async () => {
    for (let idle = 0; idle < 3; ) {
      const done = await queueReminders(sql, { ...all, limit: 7 });
      judged += done.length;
      idle = done.length === 0 ? idle + 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
  await eventually('all of them are judged', async () => {
    await work();
    return judged >= DUE;
  });
  expect(judged).toBe(DUE);
  expect(await messages(ids)).toEqual({ all: DUE, booked: DUE });
});

/** What the worker would be without its guards: look, send, note. */
async function withoutGuards(step: () => Promise<void>): Promise<void> {
  const due = await sql<{ id: string }[]>`
    select id from booking_reminders where status = 'pending' and scheduled_time <= now()`;
  await step();
  for (const { id } of due) {
    await sql`
      insert into deliveries (
        reminder_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload
      )
      select m.id, m.clinic_id, m.booking_id, b.user_id, 'email', 'reminder_upcoming', 'a@b.c', 'en',
        '{}'
      from booking_reminders m join bookings b on b.id = m.booking_id
      where m.id = ${id}`;
  }
  await sql`
    update booking_reminders set status = 'sent'
    where id = any (${due.map(({ id }) => id)}::uuid[])`;
}

test('control: two daemons without the guards send twice', async () => {
  const ids = await dueVisits(DUE);
  await sql`alter table deliveries drop constraint deliveries_reminder_unique`;
  try {
    let looked = 0;
    const open: (() => void)[] = [];
    const both = () =>
      new Promise<void>((resolve) => {
        open.push(resolve);
        looked += 1;
        if (looked === 2) for (const go of open) go();
      });
    await Promise.all([withoutGuards(both), withoutGuards(both)]);
    expect(await messages(ids)).toEqual({ all: 2 * DUE, booked: DUE });
  } finally {
    await sql`delete from deliveries where booking_id = any (${[...ids]}::uuid[])`;
    await sql`
      alter table deliveries
      add constraint deliveries_reminder_unique unique (reminder_id, channel)`;
  }
});

test('a leader that stalls in its work is followed as soon as it is gone', async () => {
  const ids = await dueVisits(3);
  const stalled = await sql.reserve();
  try {
    await stalled`begin`;
    const mine = await stalled`select * from queue_reminders(2, 1000)`;
    expect(mine).toHaveLength(2);
    // While it lives nobody else works, and nobody waits for it.
    expect(await queueReminders(sql, all)).toEqual([]);
    const [row] = await stalled<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await sql`select pg_terminate_backend(${row?.pid ?? 0})`;
  } finally {
    stalled.release();
  }
  await eventually('another one takes all three', async () => {
    await queueReminders(sql, all);
    return (await messages(ids)).all === 3;
  });
  expect(await messages(ids)).toEqual({ all: 3, booked: 3 });
});

test('after a day without daemons: the later of two, nothing for what is over', async () => {
  const [tomorrow, soon, over] = [await addVisit(sql), await addVisit(sql), await addVisit(sql)];
  await pass(sql, tomorrow.booking_id, 2 * 1_440 + 300);
  await pass(sql, soon.booking_id, 3 * 1_440 - 60);
  await pass(sql, over.booking_id, 3 * 1_440 + 10);
  await runDue(sql);
  expect(await remindersOf(sql, tomorrow.booking_id)).toMatchObject([
    { status: 'sent' },
    { status: 'pending' },
  ]);
  expect(await remindersOf(sql, soon.booking_id)).toMatchObject([
    { reason: 'superseded' },
    { status: 'sent', kind: 'upcoming 120' },
  ]);
  expect(await remindersOf(sql, over.booking_id)).toMatchObject([
    { reason: 'too_late' },
    { reason: 'too_late' },
  ]);
  expect(await messagesOf(sql, over.booking_id)).toEqual([]);
});

test('a late one gives way to a sibling that is nearer than it is late', async () => {
  const { booking_id } = await addVisit(sql);
  // 21 hours late, and the two-hour reminder is due in one hour.
  await pass(sql, booking_id, 3 * 1_440 - 180);
  await runDue(sql);
  expect(await remindersOf(sql, booking_id)).toMatchObject([
    { reason: 'superseded' },
    { status: 'pending' },
  ]);
});

test('a clock that jumps ahead and back again repeats nothing', async () => {
  const { booking_id } = await addVisit(sql);
  await pass(sql, booking_id, 2 * 1_440 + 5);
  await runDue(sql);
  await pass(sql, booking_id, -600);
  await runDue(sql);
  await pass(sql, booking_id, 600);
  await runDue(sql);
  expect(await messagesOf(sql, booking_id)).toEqual(['reminder_upcoming email pending']);
});

test('only so many wait to be sent, unless they wait for a provider', async () => {
  const ids = await dueVisits(20);
  await sql`
    update deliveries set status = 'sent'
    where status = 'pending' and reminder_id is not null`;
  const few = { limit: 100, waiting_max: 8 };
  expect(await queueReminders(sql, few)).toHaveLength(8);
  expect(await queueReminders(sql, few)).toEqual([]);
  await sql`
    update deliveries set status = 'sent'
    where id in (select id from deliveries where booking_id = any (${[...ids]}::uuid[]) limit 3)`;
  expect(await queueReminders(sql, few)).toHaveLength(3);
  // A provider that is away for minutes must not keep the other channels from getting theirs.
  await sql`
    update deliveries set created_at = created_at - interval '3 minutes' where status = 'pending'`;
  expect(await queueReminders(sql, few)).toHaveLength(8);
  await sql`
    update deliveries set next_attempt_at = now() + interval '1 hour' where status = 'pending'`;
  expect(await queueReminders(sql, few)).toHaveLength(1);
});
