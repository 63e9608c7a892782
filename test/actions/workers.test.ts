import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { rebuildLocks } from '../../src/daemon/actions/rebuild-locks.ts';
import type { Worker } from '../../src/daemon/app-types.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { createLockKeeper } from '../../src/daemon/workers/keep-locks.ts';
import { createWakeups, startLoop } from '../../src/daemon/workers/loop.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { createReminder } from '../../src/daemon/workers/remind.ts';
import { startWorkers } from '../../src/daemon/workers/start.ts';
import { openEventStream, STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { eventually } from '../helpers/poll.ts';
import { no_key, openBench } from './bench.ts';
import { makeWorld, rivalOf, startBooking } from './world.ts';

const { app, sql, redis, pay, drain, mail, feed } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());
const signal = new AbortController().signal;

test('the feed gives every event once, in order, from wherever a reader resumes', async () => {
  const start = feed.head();
  const started = await startBooking(app, await makeWorld(sql));
  await pay(started.reference_code);
  const news = new Promise<void>((resolve) => {
    const stop = feed.subscribe(() => {
      stop();
      resolve();
    });
  });
  await drain('relay');
  await news;
  await eventually('the head moves', () => feed.head() >= start + 4);
  const { events } = await feed.read(start, 100);
  expect(events.map((event) => event.event_type)).toEqual([
    'reservation.created',
    'booking.created',
    'booking.confirmed',
    'payment.processed',
  ]);
  expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4].map((step) => start + step));
  expect(new Set(events.slice(1).map((event) => event.correlation_id)).size).toBe(1);
  const resumed = await feed.read(start + 2, 1);
  expect(resumed.events.map((event) => event.sequence)).toEqual([start + 3]);
});

test('a feed of another daemon hears of it by notification', async () => {
  const other = createFeed(app);
  try {
    await eventually('the other feed is up to date', () => other.head() === feed.head());
    const heard = new Promise<void>((resolve) => other.subscribe(resolve));
    await startBooking(app, await makeWorld(sql));
    await drain('relay');
    await heard;
    await eventually('both stand at the same event', () => other.head() === feed.head());
  } finally {
    await other.stop();
  }
});

test('the stream holds every event once, with two relays and after a flush', async () => {
  const open = () => openEventStream({ url: redis.url, log: app.log });
  const streams = [open(), open()];
  const relays = streams.map((stream) => createRelay({ feed, stream }));
  const tickAll = () => Promise.all(relays.map((relay) => relay.tick(app, signal)));
  await eventually('the stream is written', async () => {
    await tickAll();
    return await raw.exists(STREAM_KEY);
  });
  await Promise.all([1, 2, 3].map(async () => startBooking(app, await makeWorld(sql))));
  const ids = async () => {
    const entries = await raw.xrange(STREAM_KEY, '-', '+');
    return entries.map(([id]) => Number(id.split('-')[0]));
  };
  const [{ last } = { last: 0 }] = await sql<{ last: number }[]>`
    select count(*) as last from booking_events_outbox`;
  const all = Array.from({ length: last }, (_, index) => index + 1);
  await eventually('every event is in the stream', async () => {
    await tickAll();
    return (await ids()).length >= last;
  });
  expect(await ids()).toEqual(all);
  await raw.flushall();
  await startBooking(app, await makeWorld(sql));
  await eventually('the stream is whole again', async () => {
    await tickAll();
    return (await ids()).length >= last + 1;
  });
  expect(await ids()).toEqual([...all, last + 1]);
  for (const stream of streams) await stream.close();
});

test('after a flush the locks come back from the pending reservations', async () => {
  const world = await makeWorld(sql, { capacity: 3 });
  const wish = { ...world.wish, quantity: 2 };
  const held = await createReservation(app, world.who, wish, no_key);
  const keeper = createLockKeeper();
  await keeper.tick(app, signal);
  await raw.flushall();
  await keeper.tick(app, signal);
  for (const seat of held.seats) {
    const key = lockKey(world.slot_id, seat);
    expect(await raw.get(key)).toBe(held.lock_id);
    expect(await raw.pttl(key)).toBeGreaterThan(500_000);
  }
  const rival = await rivalOf(sql, world);
  const too_many = createReservation(app, rival.who, { ...rival.wish, quantity: 2 }, no_key);
  await expect(too_many).rejects.toMatchObject({ code: 'slot_locked' });
  const [{ live } = { live: 0 }] = await sql<{ live: number }[]>`
    select count(*) as live from reservations where status = 'pending' and expires_at > now()`;
  expect(await rebuildLocks(app)).toBe(live);
});

test('a mail server that says later gets the mail later; never means never', async () => {
  await drain('relay', 'dispatcher');
  const setFault = (mode: string) =>
    fetch(`${mail.outbox_url}/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode }),
    });
  const statusOf = async (reference_code: string) => {
    const [row] = await sql<{ status: string; attempts: number }[]>`
      select status, attempts from deliveries
      where payload ->> 'reference_code' = ${reference_code} and type = 'booking_confirmed'`;
    return row;
  };
  const bookOne = async () => {
    const { reference_code } = await startBooking(app, await makeWorld(sql));
    await pay(reference_code);
    await drain('relay');
    return reference_code;
  };
  await setFault('defer');
  const later = await bookOne();
  await drain('dispatcher');
  expect(await statusOf(later)).toEqual({ status: 'pending', attempts: 1 });
  await setFault('none');
  expect(await drain('dispatcher')).toBe(0);
  await sql`update deliveries set next_attempt_at = now() where status = 'pending'`;
  await drain('dispatcher');
  expect(await statusOf(later)).toEqual({ status: 'sent', attempts: 2 });
  await setFault('reject');
  const never = await bookOne();
  await drain('dispatcher');
  expect(await statusOf(never)).toEqual({ status: 'dead', attempts: 1 });
  await setFault('none');
});

test('a loop never overlaps itself, survives failures and ends with its tick', async () => {
  let running = 0;
  let most = 0;
  const ticked: number[] = [];
  const gate = Promise.withResolvers<void>();
  const worker: Worker = {
    name: 'cron',
    every_ms: 600_000,
    tick: async () => {
      running += 1;
      most = Math.max(most, running);
      ticked.push(ticked.length);
      if (ticked.length === 1) await gate.promise;
      running -= 1;
      if (ticked.length === 2) throw new Error('broken once');
      return 0;
    },
  };
  const wakeups = createWakeups();
  const loop = startLoop(app, worker);
  wakeups.connect('sweeper', loop.wake);
  for (let call = 0; call < 5; call += 1) wakeups.wake.sweeper();
  await eventually('the first tick has begun', () => ticked.length === 1);
  gate.resolve();
  await eventually('woken once more, not five times', () => ticked.length === 2);
  wakeups.wake.sweeper();
  await eventually('it went on after the failure', () => ticked.length === 3);
  await loop.stop();
  expect(most).toBe(1);
  expect(running).toBe(0);
  expect(loop.status()).toMatchObject({ failures: 1, last_error: 'broken once' });
  wakeups.wake.sweeper();
  expect(ticked).toHaveLength(3);
});

test('all workers together: paid, confirmed, mailed, without anybody ticking', async () => {
  const wakeups = createWakeups();
  const own_app = { ...app, wake: wakeups.wake };
  const own_feed = createFeed(own_app);
  const workers = startWorkers(own_app, wakeups, own_feed);
  try {
    const started = await startBooking(own_app, await makeWorld(sql));
    await pay(started.reference_code);
    await eventually('the mail has arrived', () =>
      mail.list().some(({ subject }) => subject.includes(started.reference_code)),
    );
    expect(workers.status().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['relay', 'sweeper', 'locks', 'dispatcher', 'refunds', 'payments']),
    );
    expect(workers.status().every(({ failures }) => failures === 0)).toBe(true);
  } finally {
    await workers.stop();
    await own_feed.stop();
  }
});

test('a reminder goes out once, and not for a visit that was called off', async () => {
  const reminder = createReminder();
  const [kept, cancelled] = [await makeWorld(sql), await makeWorld(sql)];
  const codes: string[] = [];
  for (const world of [kept, cancelled]) {
    const { reference_code } = await startBooking(app, world);
    await pay(reference_code);
    codes.push(reference_code);
  }
  const [kept_code = '', cancelled_code = ''] = codes;
  await sql`
    update booking_reminders set scheduled_time = now() - interval '1 minute'
    where reminder_type = 'upcoming' and status = 'pending'
      and booking_id in (select id from bookings where reference_code in ${sql(codes)})`;
  await cancelBooking(app, cancelled.who, {
    booking_id: cancelled_code,
    quote: false,
    by: 'owner',
  });
  await reminder.tick(app, signal);
  await reminder.tick(app, signal);
  await drain('relay', 'dispatcher');
  const reminders = mail.list().filter(({ subject }) => subject.startsWith('Reminder'));
  expect(reminders.filter(({ subject }) => subject.includes(kept_code))).toHaveLength(1);
  expect(reminders.filter(({ subject }) => subject.includes(cancelled_code))).toEqual([]);
});
