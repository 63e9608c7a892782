import type { Sql } from 'postgres';
import type { Bench } from '../actions/bench.ts';
import { makeWorld, startBooking, type World } from '../actions/world.ts';
import type { SlotOptions } from '../helpers/database.ts';
import { atStripe } from './saved-bench.ts';

/** Requests that a clinic has to grant, up to the point where it is asked. */

export type Request = {
  readonly world: World;
  readonly reservation_id: string;
  readonly reference_code: string;
};

/** A clinic that wants to be asked before it books. */
export async function makeAskingWorld(sql: Sql, slot: SlotOptions = {}): Promise<World> {
  const world = await makeWorld(sql, slot);
  await sql`update services set requires_approval = true where id = ${world.service_id}`;
  return world;
}

/** A hold whose page is open; nothing is authorised yet. */
export async function startRequest(
  { app, sql }: Pick<Bench, 'app' | 'sql'>,
  slot: SlotOptions = {},
): Promise<Request> {
  const world = await makeAskingWorld(sql, slot);
  const { reservation_id, reference_code } = await startBooking(app, world);
  return { world, reservation_id, reference_code };
}

/** A request whose owner has authorised their card on the page. */
export async function askedRequest(bench: Bench, slot: SlotOptions = {}): Promise<Request> {
  const request = await startRequest(bench, slot);
  await bench.pay(request.reference_code);
  return request;
}

/** How a request stands in PostgreSQL, in a word each. */
export async function standing(sql: Sql, reservation_id: string) {
  const [row] = await sql<
    {
      hold: string;
      approval: string;
      authorisation: string | null;
      payment: string | null;
      booking: string | null;
      seats: number;
    }[]
  >`
    select r.status as hold, r.approval, a.status as authorisation, p.status as payment,
      b.status as booking,
      (select count(*) from slot_claims c where c.reservation_id = r.id) as seats
    from reservations r
    left join payments p on p.reservation_id = r.id and p.payment_method in ('checkout', 'saved_card')
    left join authorisations a on a.payment_id = p.id
    left join bookings b on b.reservation_id = r.id
    where r.id = ${reservation_id}`;
  if (!row) throw new Error('there is no such request');
  return row;
}

/** The provider's view of a request's money. */
export async function intentOf({ app, sql }: Pick<Bench, 'app' | 'sql'>, reservation_id: string) {
  const [row] = await sql<{ id: string }[]>`
    select payment_intent as id from authorisations where reservation_id = ${reservation_id}`;
  if (!row) throw new Error('nothing was authorised');
  return await atStripe({ app }, `payment_intents/${row.id}`);
}

/** The worker's turn has come, whatever a lease or a pause says. */
export const dueNow = (sql: Sql, reservation_id: string) => sql`
  update authorisations set next_attempt_at = now() where reservation_id = ${reservation_id}`;
