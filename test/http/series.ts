import type { Role } from '../../src/domain/roles.ts';
import { addService, addSlot } from '../helpers/database.ts';
import { call, member, type Request } from './harness.ts';
import type { World } from './world.ts';

/** Days from today of the next series: all samples are of one owner, who is at one place at a time. */
let days = 100;

/** A service that asks for nothing before the visit, open on two mornings a week apart, and the wish for both. */
async function seriesBody(world: World, role: Role) {
  const { sql } = world.harness;
  const { clinic, owner } = world;
  const service_id = await addService(sql, clinic, { deposit: '0' });
  days += 15;
  const today = Temporal.Now.plainDateISO(clinic.time_zone);
  const dates = [days, days + 7].map((ahead) => today.add({ days: ahead }).toString());
  for (const date of [...dates, today.add({ days: days + 1 }).toString()]) {
    const at = `${date} 06:15`;
    await sql`
      insert into slots (
        clinic_id, service_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time
      )
      select ${clinic.id}, ${service_id}, t, t + interval '15 minutes', ${date}, '06:15', '06:30'
      from (select ${at}::timestamp at time zone ${clinic.time_zone}) as x (t)`;
  }
  const { user_id, pet_id } = owner;
  return {
    service_id,
    pet_id,
    ...(role === 'customer' ? {} : { user_id }),
    date: dates[0],
    time: '06:15',
    count: 2,
  };
}

async function freshSeries(world: World): Promise<string> {
  const body = await seriesBody(world, 'desk');
  const answer = await call(world.base, 'create_series', { body }, { token: world.tokens.desk });
  const series_id = member(answer.json, 'series_id');
  if (typeof series_id !== 'string') throw new Error(`no series: ${answer.text}`);
  return series_id;
}

const one = async (world: World) => ({ params: { series_id: await freshSeries(world) } });

/** A booking of a series names it too: a scope of one needs no more. */
async function firstVisit(world: World): Promise<string> {
  const series_id = await freshSeries(world);
  const [row] = await world.harness.sql<{ reference_code: string }[]>`
    select reference_code from bookings
    where series_id = ${series_id} order by series_position limit 1`;
  return row?.reference_code ?? '';
}

/** Two seats of a class. */
async function groupBody(world: World, role: Role) {
  const { sql } = world.harness;
  const { clinic, owner } = world;
  const service_id = await addService(sql, clinic, { capacity: 6 });
  days += 15;
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 6, in_hours: days * 24 });
  const { user_id, pet_id } = owner;
  return {
    service_id,
    slot_id,
    pet_id,
    ...(role === 'customer' ? {} : { user_id }),
    participants: [{ pet_id }, { name: 'Rex', owner_name: 'Budi' }],
  };
}

async function groupBooking(world: World): Promise<string> {
  const body = { ...(await groupBody(world, 'desk')), payment_method: 'cash' };
  const token = world.tokens.desk;
  const answer = await call(world.base, 'create_group_booking', { body }, { token });
  const booking_id = member(answer.json, 'booking_id');
  if (typeof booking_id !== 'string') throw new Error(`no group: ${answer.text}`);
  return booking_id;
}

export const series_samples = {
  create_series: async (world: World, role: Role): Promise<Request> => ({
    body: await seriesBody(world, role),
  }),
  list_series: async ({ owner }: World): Promise<Request> => ({
    query: { user_id: owner.user_id },
  }),
  get_series: one,
  move_series: async (world: World): Promise<Request> => ({
    params: { series_id: await firstVisit(world) },
    body: { scope: 'one', days: 1 },
  }),
  cancel_series: async (world: World): Promise<Request> => ({
    ...(await one(world)),
    body: { reason: 'test' },
  }),
  create_group_booking: async (world: World, role: Role): Promise<Request> => ({
    body: await groupBody(world, role),
  }),
  set_participants: async (world: World): Promise<Request> => ({
    params: { booking_id: await groupBooking(world) },
    body: { participants: [{ name: 'Kitty' }] },
  }),
};
