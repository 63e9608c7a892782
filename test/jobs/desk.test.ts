import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { claimDeliveries, finishDelivery } from '../../src/daemon/store/deliveries.ts';
import { findQueue, listCauses, listJobs, listQueues } from '../../src/daemon/store/jobs.ts';
import { fanOutEvents, sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { JOBS_COUNT_MAX, type JobQueue } from '../../src/domain/job.ts';
import { addScene, mustBook } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';

/** The queues as the jobs desk reads them, on tables that the real statements wrote. */

const { sql } = await createTestDatabase();

async function publish(): Promise<void> {
  while ((await sequenceEvents(sql, 1_000)) > 0);
  while ((await fanOutEvents(sql, 1_000)).length > 0);
}

const queue = (name: JobQueue, clinic_id: string | null = null) => findQueue(sql, name, clinic_id);

/** A clinic with one mail that waits. */
async function addMail() {
  const { clinic, slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  const [booking] = await sql<{ reference_code: string }[]>`
    select reference_code from bookings where id = ${booking_id}`;
  const { reference_code = '' } = booking ?? {};
  await publish();
  return { clinic_id: clinic.id, reference_code };
}

async function claimAll(clinic_id: string) {
  const claimed = await claimDeliveries(sql, {
    channel: 'email',
    limit: 100,
    lease_ms: 60_000,
    rate_per_minute: 0,
  });
  return claimed.filter((one) => one.clinic_id === clinic_id);
}

test('every queue has a row, empty ones too', async () => {
  const rows = await listQueues(sql, randomUUID());
  expect(rows.map((row) => row.queue)).toEqual([
    'outbox',
    'email',
    'sms',
    'push',
    'reminders',
    'waitlist',
    'refunds',
    'webhooks',
  ]);
  for (const row of rows) {
    expect(row).toMatchObject({ ready: 0, running: 0, retry: 0, later: 0, dead: 0 });
    expect(row).toMatchObject({ oldest_at: null, last_error: null, paused_at: null });
  }
});

test('events wait in the outbox until they are told, and then count as done', async () => {
  const { clinic, slot_id, owner } = await addScene(sql);
  await mustBook(sql, slot_id, owner);
  expect(await queue('outbox', clinic.id)).toMatchObject({ ready: 4, dead: 0, done: 0 });
  await publish();
  expect(await queue('outbox', clinic.id)).toMatchObject({ ready: 0, dead: 0, done: 4 });
});

test('a mail is ready, running, tried again, dead, by what becomes of it', async () => {
  const { clinic_id, reference_code } = await addMail();
  expect(await queue('email', clinic_id)).toMatchObject({ ready: 1, running: 0, last_error: null });
  const [mail] = await claimAll(clinic_id);
  expect(await queue('email', clinic_id)).toMatchObject({ ready: 0, running: 1 });
  const { delivery_id = '' } = mail ?? {};
  const error = 'smtp 451 4.7.1 greylisted, try again';
  await finishDelivery(sql, { delivery_id, result: 'retry', error, retry_after_ms: 60_000 });
  const tried = await queue('email', clinic_id);
  expect(tried).toMatchObject({ ready: 0, running: 0, retry: 1, dead: 0, last_error: error });
  expect(tried.next_at).not.toBeNull();
  await sql`update deliveries set next_attempt_at = now(), due_at = now() where id = ${delivery_id}`;
  expect((await claimAll(clinic_id)).map((one) => one.delivery_id)).toEqual([delivery_id]);
  const last = 'smtp 550 5.1.1 no such user';
  await finishDelivery(sql, { delivery_id, result: 'dead', error: last });
  expect(await queue('email', clinic_id)).toMatchObject({ retry: 0, dead: 1, last_error: last });

  const [cause] = await listCauses(sql, 'email', clinic_id);
  expect(cause).toMatchObject({ state: 'dead', count: 1, last_error: last });
  const jobs = await listJobs(sql, 'email', { clinic_id, state: 'dead', limit: 10 });
  expect(jobs).toMatchObject([
    { job_id: delivery_id, kind: 'booking_confirmed', attempts: 2, reference_code, next_at: null },
  ]);
  expect(jobs[0]?.payload).toMatchObject({ reference_code });
  const other = { clinic_id, cause: 'another cause', limit: 10 };
  expect(await listJobs(sql, 'email', other)).toEqual([]);
});

test('a sent mail is done, and leaves the queue', async () => {
  const { clinic_id } = await addMail();
  for (const { delivery_id } of await claimAll(clinic_id)) {
    await finishDelivery(sql, { delivery_id, result: 'sent' });
  }
  expect(await queue('email', clinic_id)).toMatchObject({ ready: 0, running: 0, done: 1 });
});

test('one clinic never counts the jobs of another', async () => {
  const one = await addMail();
  const two = await addMail();
  expect(await queue('email', one.clinic_id)).toMatchObject({ ready: 1 });
  expect(await queue('email', two.clinic_id)).toMatchObject({ ready: 1 });
  expect((await queue('email')).ready).toBeGreaterThanOrEqual(2);
  const jobs = await listJobs(sql, 'email', { clinic_id: one.clinic_id, limit: 10 });
  expect(jobs.map((job) => job.reference_code)).toEqual([one.reference_code]);
});

test('a reminder of tomorrow is for later, and one without an address needs somebody', async () => {
  const { clinic, slot_id, owner } = await addScene(sql);
  await mustBook(sql, slot_id, owner);
  const planned = await queue('reminders', clinic.id);
  expect(planned.later).toBeGreaterThan(0);
  expect(planned).toMatchObject({ ready: 0, dead: 0, oldest_at: null });
  await sql`
    update booking_reminders
    set status = 'failed', reason = 'no_channel', scheduled_time = now() - interval '1 minute'
    where id = (select id from booking_reminders where clinic_id = ${clinic.id} limit 1)`;
  expect(await queue('reminders', clinic.id)).toMatchObject({ dead: 1, last_error: 'no_channel' });
});

test('what became free waits in the queue of the waiting list until it is offered', async () => {
  const { clinic, slot_id } = await addScene(sql);
  await sql`insert into waitlist_openings (slot_id) values (${slot_id})`;
  await sql`
    insert into waitlist_openings (slot_id, not_before)
    values (${slot_id}, now() + interval '30 seconds')`;
  expect(await queue('waitlist', clinic.id)).toMatchObject({ ready: 1, later: 1, dead: 0 });
  expect(await queue('waitlist', randomUUID())).toMatchObject({ ready: 0, later: 0 });
  const jobs = await listJobs(sql, 'waitlist', { clinic_id: clinic.id, limit: 10 });
  expect(jobs.map((job) => job.payload)).toEqual([{ slot_id }, { slot_id }]);
});

test('a long backlog is counted up to the ceiling, quickly', async () => {
  const { clinic_id } = await addMail();
  await sql`
    insert into deliveries (
      event_id, clinic_id, user_id, channel, type, address, lang, payload, status, last_error, dead_at
    )
    select gen_random_uuid(), ${clinic_id}, gen_random_uuid(), 'sms', 'booking_confirmed', '+1', 'en',
      '{}', 'dead', 'gateway timeout', now()
    from generate_series(1, ${JOBS_COUNT_MAX + 500})`;
  await sql`analyze deliveries`;
  const from = performance.now();
  const rows = await listQueues(sql, null);
  const took_ms = performance.now() - from;
  expect(rows.find((row) => row.queue === 'sms')).toMatchObject({ dead: JOBS_COUNT_MAX });
  // A look every few seconds must never weigh on the database; a busy machine is given its time.
  expect(took_ms).toBeLessThan(1_000);
  const [cause] = await listCauses(sql, 'sms', null);
  expect(cause).toMatchObject({ count: JOBS_COUNT_MAX, last_error: 'gateway timeout' });
});
