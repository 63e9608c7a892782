import type { Sql } from 'postgres';
import { queueReminders } from '../../src/daemon/store/reminders.ts';
import { addScene, mustBook, type Scene } from '../helpers/booking.ts';

/** A confirmed visit of an owner who gets mails only. */
export async function addVisit(
  sql: Sql,
  in_hours = 72,
): Promise<Scene & { readonly booking_id: string }> {
  const scene = await addScene(sql, in_hours);
  return { ...scene, booking_id: await mustBook(sql, scene.slot_id, scene.owner) };
}

/** Lets that much time pass for one visit: everything that it has a time of comes nearer. */
export async function pass(sql: Sql, booking_id: string, minutes: number): Promise<void> {
  await sql`
    with b as (
      update bookings set booking_time = booking_time - ${minutes} * interval '1 minute'
      where id = ${booking_id}
      returning id, slot_id, reservation_id
    ), m as (
      update booking_reminders m
      set booking_time = m.booking_time - ${minutes} * interval '1 minute',
        scheduled_time = m.scheduled_time - ${minutes} * interval '1 minute'
      from b where m.booking_id = b.id
    ), c as (
      update slot_claims c
      set starts_at = c.starts_at - ${minutes} * interval '1 minute',
        ends_at = c.ends_at - ${minutes} * interval '1 minute'
      from b where c.reservation_id = b.reservation_id
    )
    update slots sl
    set starts_at = sl.starts_at - ${minutes} * interval '1 minute',
      ends_at = sl.ends_at - ${minutes} * interval '1 minute'
    from b where sl.id = b.slot_id`;
}

export type Planned = {
  readonly kind: string;
  readonly status: string;
  readonly reason: string | null;
};

/** Lets time pass until the visit starts in that many minutes. */
export async function approach(sql: Sql, booking_id: string, minutes: number): Promise<void> {
  const [row] = await sql<{ ahead: number }[]>`
    select (extract(epoch from booking_time - now()) / 60)::integer as ahead
    from bookings where id = ${booking_id}`;
  await pass(sql, booking_id, (row?.ahead ?? 0) - minutes);
}

/** The reminders of a booking in the order of their times, as `upcoming -1440`. */
export async function remindersOf(sql: Sql, booking_id: string): Promise<readonly Planned[]> {
  return await sql<Planned[]>`
    select reminder_type || ' ' || offset_minutes as kind, status, reason
    from booking_reminders
    where booking_id = ${booking_id}
    order by booking_version, scheduled_time`;
}

/** How many messages of reminders a booking has, by state. */
export async function messagesOf(sql: Sql, booking_id: string): Promise<readonly string[]> {
  const rows = await sql<{ state: string }[]>`
    select type || ' ' || channel || ' ' || status as state
    from deliveries
    where booking_id = ${booking_id} and reminder_id is not null
    order by created_at, type, channel`;
  return rows.map(({ state }) => state);
}

/** Judges everything that is due, whatever waits to be sent. */
export async function runDue(sql: Sql): Promise<number> {
  let done = 0;
  for (;;) {
    const judged = await queueReminders(sql, { limit: 1_000, waiting_max: 1_000_000 });
    if (judged.length === 0) return done;
    done += judged.length;
  }
}
