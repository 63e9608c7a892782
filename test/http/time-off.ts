import { addStaff } from '../helpers/database.ts';
import { call, member } from './harness.ts';
import type { World } from './world.ts';

/** The wish to close a free day of a vet whom nobody else uses. */
export async function freshTimeOff(world: World) {
  const staff_id = await addStaff(world.harness.sql, world.clinic, 'Away');
  const body = { date: '2099-01-05', bookings: 'keep', reason: 'test' };
  return { params: { staff_id }, body };
}

/** Hours that are closed, to be opened again. */
export async function closedHours(world: World): Promise<string> {
  const { base, tokens } = world;
  const done = await call(base, 'take_time_off', await freshTimeOff(world), {
    token: tokens.manager,
  });
  const time_off_id = member(done.json, 'time_off_id');
  if (typeof time_off_id !== 'string') throw new Error(`nothing closed: ${done.text}`);
  return time_off_id;
}
