import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { type Db, openDatabase } from '../../src/daemon/store/db.ts';
import { packageRoot } from '../../src/daemon/store/package-root.ts';
import { addScene, desk, eventsOf, mustBook } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventFaults } from '../helpers/events.ts';

const { sql, url } = await createTestDatabase({ max: 4 });

const booked = ['booking.created', 'booking.confirmed'];

async function freshBooking() {
  const scene = await addScene(sql);
  return { ...scene, booking_id: await mustBook(sql, scene.slot_id, scene.owner) };
}

/** What the log says that somebody did with psql. */
async function handWritten(booking_id: string) {
  return await sql<{ status: string; version: number }[]>`
    select e.status, e.booking_version as version
    from booking_logs l join booking_log_entries e on e.log_id = l.id
    where l.booking_id = ${booking_id} and e.source = 'sql'
    order by e.booking_version`;
}

describe('a booking that is changed by hand', () => {
  test('still leaves its event, its log entry and its version', async () => {
    const { booking_id } = await freshBooking();
    await sql`
      update bookings set status = 'no-show' where id = ${booking_id}`;
    expect(await eventsOf(sql, booking_id)).toEqual([...booked, 'booking.status_changed']);
    const [event] = await sql<{ aggregate_version: number; payload: unknown }[]>`
      select aggregate_version, payload from booking_events_outbox
      where aggregate_id = ${booking_id} and event_type = 'booking.status_changed'`;
    expect(event).toMatchObject({
      aggregate_version: 2,
      payload: { previous_status: 'confirmed', new_status: 'no-show', version: 2 },
    });
    expect(await handWritten(booking_id)).toEqual([{ status: 'no-show', version: 2 }]);
    expect(await eventFaults(sql)).toEqual([]);
  });

  test('leaves one event per row of a statement, and none when it is rolled back', async () => {
    const two = [await freshBooking(), await freshBooking()];
    const ids = two.map(({ booking_id }) => booking_id);
    await expect(
      sql.begin(async (tx) => {
        await tx`update bookings set status = 'no-show' where id = any (${ids})`;
        throw new Error('no, leave it');
      }),
    ).rejects.toThrow('no, leave it');
    for (const id of ids) expect(await eventsOf(sql, id)).toEqual(booked);
    await sql`update bookings set status = 'no-show' where id = any (${ids})`;
    for (const id of ids) {
      expect(await eventsOf(sql, id)).toEqual([...booked, 'booking.status_changed']);
    }
  });

  test('is seen in the transaction of an application change too, before it and after it', async () => {
    const { booking_id } = await freshBooking();
    await sql.begin(async (tx) => {
      await tx`update bookings set status = 'in-progress' where id = ${booking_id}`;
      const done = { booking_id, status: 'completed', expected_version: null } as const;
      expect((await setBookingStatus(tx, done, desk)).outcome).toBe('ok');
      // The function's mark ended with the function: this is by hand again.
      await tx`update bookings set status = 'no-show' where id = ${booking_id}`;
    });
    expect(await eventsOf(sql, booking_id)).toEqual([
      ...booked,
      'booking.status_changed',
      'booking.completed',
      'booking.status_changed',
    ]);
    expect(await handWritten(booking_id)).toMatchObject([
      { status: 'in-progress' },
      { status: 'no-show' },
    ]);
  });

  test('is nothing to tell when neither status nor slot change', async () => {
    const { booking_id } = await freshBooking();
    await sql`update bookings set notes = 'likes fish' where id = ${booking_id}`;
    expect(await eventsOf(sql, booking_id)).toEqual(booked);
  });

  test('is told by a session in another time zone as well', async () => {
    const { booking_id } = await freshBooking();
    const psql = openDatabase(url, { application_name: 'psql', max: 1 });
    await psql`set timezone = 'Asia/Tokyo'`;
    await psql`set datestyle = 'German, DMY'`;
    await psql`update bookings set status = 'no-show' where id = ${booking_id}`;
    await psql.end({ timeout: 5 });
    expect(await eventsOf(sql, booking_id)).toEqual([...booked, 'booking.status_changed']);
    expect(await eventFaults(sql)).toEqual([]);
  });
});

describe('the application', () => {
  test('is left alone by the net', async () => {
    const { booking_id } = await freshBooking();
    const cancel = { booking_id, reason: null, by: 'clinic', quote: false } as const;
    const gone = await cancelBooking(sql, { ...cancel, expected_version: null }, desk);
    expect(gone.outcome).toBe('ok');
    expect(await eventsOf(sql, booking_id)).toEqual([...booked, 'booking.cancelled']);
    expect(await handWritten(booking_id)).toEqual([]);
  });

  test('has no function that changes a status without its mark', async () => {
    expect(await unmarkedEntries(sql)).toEqual([]);
    // The look itself finds one whose mark is gone.
    await sql
      .begin(async (tx) => {
        await tx`alter function cancel_booking reset petpro.writer`;
        expect(await unmarkedEntries(tx)).toEqual(['cancel_booking']);
        throw new Error('put it back');
      })
      .catch((error: unknown) => expect(String(error)).toContain('put it back'));
  });
});

/**
 * Functions that the program calls, that change the status of a booking themselves or through others,
 * and that carry no mark on the way: the net would tell of their changes a second time.
 */
async function unmarkedEntries(db: Db): Promise<readonly string[]> {
  const rows = await db<{ name: string; body: string; has_mark: boolean }[]>`
    select p.proname as name, p.prosrc as body,
      'petpro.writer=app' = any (coalesce(p.proconfig, '{}')) as has_mark
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'`;
  const writes = /insert into bookings\b|update bookings b\s+set[^;]*?\b(?:status|slot_id) =/;
  const unmarked = rows.filter(({ has_mark }) => !has_mark);
  const reach = new Set(unmarked.filter(({ body }) => writes.test(body)).map(({ name }) => name));
  for (let size = -1; size !== reach.size; ) {
    size = reach.size;
    for (const { name, body } of unmarked) {
      if ([...reach].some((other) => body.includes(` ${other}(`))) reach.add(name);
    }
  }
  expect(rows.filter(({ body }) => writes.test(body)).length).toBeGreaterThan(4);
  const folder = path.join(packageRoot(), 'src/daemon/store');
  const calls = fs
    .readdirSync(folder)
    .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
  return [...reach].filter((name) => new RegExp(`\\b${name}\\(\\s*\\$`).test(calls));
}
