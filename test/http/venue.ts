import { addClinic, addService, addSlot } from '../helpers/database.ts';
import { call, member } from './harness.ts';
import type { World } from './world.ts';

let minutes = 0;

/** A paid booking of two seats at a venue whose doors are open, of the world's owner. */
export async function freshTickets(world: World): Promise<string> {
  const { harness, owner, tokens, base } = world;
  const { sql } = harness;
  const venue = await addClinic(sql);
  await sql`update clinics set kind = 'venue' where id = ${venue.id}`;
  const service_id = await addService(sql, venue, { capacity: 10 });
  // A minute of its own: an owner is at one place at a time.
  minutes += 1;
  const slot = { in_hours: 1 + minutes / 60, minutes: 1, capacity: 10 };
  const slot_id = await addSlot(sql, venue, service_id, slot);
  const body = { service_id, slot_id, ...owner, quantity: 2, payment_method: 'cash' };
  const made = await call(base, 'create_booking', { body }, { token: tokens.desk });
  const booking_id = member(made.json, 'booking_id');
  if (typeof booking_id !== 'string') throw new Error(`no booking: ${made.text}`);
  return booking_id;
}
