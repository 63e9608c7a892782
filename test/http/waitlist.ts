import type { Role } from '../../src/domain/roles.ts';
import { desk } from '../helpers/booking.ts';
import { addSlot } from '../helpers/database.ts';
import { call } from './harness.ts';
import type { World } from './world.ts';

let days = 0;
/** Far from the slots of the other samples, series too: one owner is at one place at a time. */
let hours = 60_000;

async function freshSlot({ harness, clinic, service_id }: World): Promise<string> {
  hours += 1;
  return await addSlot(harness.sql, clinic, service_id, { in_hours: hours });
}

/** Somebody who waits for a day long after this test; always `owner`, so that customers may answer. */
async function freshEntry(world: World): Promise<string> {
  days += 1;
  const { harness, clinic, service_id, owner } = world;
  const [row] = await harness.sql<{ id: string }[]>`
    insert into waitlist_entries (
      clinic_id, service_id, user_id, pet_id, wanted_from, wanted_to
    )
    values (
      ${clinic.id}, ${service_id}, ${owner.user_id}, ${owner.pet_id},
      '2098-01-01T00:00:00Z'::timestamptz + ${days} * interval '1 day',
      '2098-01-02T00:00:00Z'::timestamptz + ${days} * interval '1 day'
    )
    returning id`;
  if (!row) throw new Error('no entry was made');
  return row.id;
}

const entry = async (world: World) => ({ params: { entry_id: await freshEntry(world) } });

/** The same with a slot offered by the desk. */
async function offered(world: World) {
  const request = await entry(world);
  const body = { slot_id: await freshSlot(world) };
  const answer = await call(
    world.base,
    'offer_waitlist_slot',
    { ...request, body },
    { token: world.tokens.desk },
  );
  if (answer.status !== 200) throw new Error(`nothing was offered: ${answer.text}`);
  return request;
}

async function joinRequest(world: World, role: Role) {
  const { harness, owner, service_id } = world;
  const { user_id, pet_id } = owner;
  // One owner waits for ten places at most, and the samples below make more.
  await harness.sql`
    select e.outcome
    from waitlist_entries w, end_waitlist(w.id, 'leave', null, ${harness.sql.json(desk)}) e
    where w.user_id = ${user_id} and w.status in ('waiting', 'offered')`;
  const who = role === 'customer' ? { pet_id } : { pet_id, user_id };
  return {
    body: { ...who, service_id, from_date: '2097-01-05', to_date: '2097-01-09', weekdays: [1, 2] },
  };
}

/** Requests of the endpoints of api-waitlist.ts. */
export const waitlist_samples = {
  join_waitlist: joinRequest,
  list_waitlist: async ({ clinic }: World) => ({ query: { clinic_id: clinic.id } }),
  get_waitlist_entry: entry,
  leave_waitlist: entry,
  offer_waitlist_slot: async (world: World) => ({
    ...(await entry(world)),
    body: { slot_id: await freshSlot(world) },
  }),
  accept_offer: offered,
  decline_offer: async (world: World) => ({ ...(await offered(world)), body: { leave: true } }),
};
