import { expect, test } from 'vitest';
import {
  fanOutEvents,
  feedBounds,
  outboxBacklog,
  pruneEvents,
  sequenceEvents,
} from '../../src/daemon/store/outbox.ts';
import { addScene, eventsOf, mustBook } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { plantPoison, publishAll } from './bench.ts';

const { sql } = await createTestDatabase({ max: 4 });

/** The next try comes at once. */
async function endPause(): Promise<void> {
  await sql`update booking_events_outbox set next_attempt_at = now() where next_attempt_at > now()`;
}

async function stateOf(event_id: string) {
  const [row] = await sql<
    { published: boolean; attempts: number; error_code: string | null; is_dead: boolean }[]
  >`
    select published, attempts, error_code, dead_at is not null as is_dead
    from booking_events_outbox where id = ${event_id}`;
  return row;
}

test('an event that cannot be told dies alone; all others go out, in order', async () => {
  const scene = await addScene(sql);
  const poison = await plantPoison(sql, scene);
  const booking_id = await mustBook(sql, scene.slot_id, scene.owner);
  const first = await publishAll(sql);
  expect(first.map(({ event_type }) => event_type)).toEqual([
    'reservation.created',
    'booking.created',
    'booking.confirmed',
    'payment.processed',
  ]);
  const mails = await sql`select from deliveries where booking_id = ${booking_id}`;
  expect(mails).toHaveLength(1);
  expect(await stateOf(poison.event_id)).toEqual({
    published: false,
    attempts: 1,
    error_code: '22P02',
    is_dead: false,
  });
  expect(await outboxBacklog(sql)).toMatchObject({ waiting: 1, retrying: 1, dead: 0 });
  // Not before its time.
  expect(await publishAll(sql)).toEqual([]);
  expect(await stateOf(poison.event_id)).toMatchObject({ attempts: 1 });
  for (const attempts of [2, 3, 4, 5]) {
    await endPause();
    expect(await publishAll(sql)).toEqual([]);
    expect(await stateOf(poison.event_id)).toMatchObject({ attempts, is_dead: attempts === 5 });
  }
  await endPause();
  expect(await publishAll(sql)).toEqual([]);
  expect(await stateOf(poison.event_id)).toMatchObject({ attempts: 5 });
  expect(await outboxBacklog(sql)).toMatchObject({ waiting: 0, retrying: 0, dead: 1 });
});

test('later news of the same thing waits for the one that is tried again, and only that', async () => {
  const [scene, other] = [await addScene(sql), await addScene(sql)];
  const poison = await plantPoison(sql, scene);
  const later = await plantPoison(sql, scene, { ...poison, payload: { note: 'later' } });
  const elsewhere = await mustBook(sql, other.slot_id, other.owner);
  const told = await publishAll(sql);
  expect(told.map(({ event_id }) => event_id)).not.toContain(later.event_id);
  expect(told.map(({ aggregate_id }) => aggregate_id)).toContain(elsewhere);
  // Mended: it goes out first, the later one behind it, in one batch or in two.
  await sql`
    update booking_events_outbox set payload = payload - 'booking_id', next_attempt_at = now()
    where id = ${poison.event_id}`;
  const rest = await publishAll(sql, 1);
  expect(rest.map(({ event_id }) => event_id)).toEqual([poison.event_id, later.event_id]);
  expect(await eventsOf(sql, poison.aggregate_id)).toHaveLength(2);
});

test('a whole batch of poison and a lost race with a shutdown cost nobody else a try', async () => {
  const scene = await addScene(sql);
  const many = [];
  for (let n = 0; n < 20; n += 1) many.push(await plantPoison(sql, scene));
  const good = await mustBook(sql, scene.slot_id, scene.owner);
  while ((await sequenceEvents(sql, 100)) > 0);
  // Not the event's fault: the whole statement fails and nothing is counted.
  const held = await sql.reserve();
  await held`begin`;
  await held`select from booking_events_outbox where id = ${many[0]!.event_id} for update`;
  await sql`alter function fan_out_events(integer) set lock_timeout = '50ms'`;
  await expect(fanOutEvents(sql, 100)).rejects.toThrow();
  await held`rollback`;
  held.release();
  await sql`alter function fan_out_events(integer) reset lock_timeout`;
  expect(await stateOf(many[0]!.event_id)).toMatchObject({ attempts: 0 });
  const told = await fanOutEvents(sql, 100);
  expect(told.filter(({ aggregate_id }) => aggregate_id === good)).toHaveLength(2);
  for (const { event_id } of many) expect(await stateOf(event_id)).toMatchObject({ attempts: 1 });
});

test('the dead stay when old events are forgotten, and readers are told of the gap', async () => {
  const scene = await addScene(sql);
  await publishAll(sql);
  const poison = await plantPoison(sql, scene);
  await mustBook(sql, scene.slot_id, scene.owner);
  await publishAll(sql);
  await sql`
    update booking_events_outbox
    set created_at = now() - interval '40 days',
      dead_at = case when not published then now() end,
      next_attempt_at = null`;
  while ((await pruneEvents(sql, 30, 7)) > 0);
  const left = await sql<{ id: string; dead: boolean }[]>`
    select id, dead_at is not null as dead from booking_events_outbox`;
  expect(left.every(({ dead }) => dead)).toBe(true);
  expect(left.map(({ id }) => id)).toContain(poison.event_id);
  const { last_sequence, first_sequence } = await feedBounds(sql);
  expect(first_sequence).toBeNull();
  // It goes out late and is forgotten with the next run, although newer ones went before it.
  await sql`
    update booking_events_outbox set payload = payload - 'booking_id', dead_at = null`;
  expect((await publishAll(sql)).map(({ event_id }) => event_id)).toContain(poison.event_id);
  while ((await pruneEvents(sql, 30, 7)) > 0);
  expect(await sql`select from booking_events_outbox`).toHaveLength(0);
  expect((await feedBounds(sql)).last_sequence).toBe(last_sequence);
});
