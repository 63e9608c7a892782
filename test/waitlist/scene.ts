import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import type { App } from '../../src/daemon/app-types.ts';
import type { DbActor } from '../../src/daemon/store/actor.ts';
import { type JoinRequest, joinWaitlist } from '../../src/daemon/store/waitlist.ts';
import { createWaitlister } from '../../src/daemon/workers/waitlist.ts';
import { customer, desk } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  type OwnerIds,
  type SlotOptions,
} from '../helpers/database.ts';

export type Place = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly slot_id: string;
};

/** A clinic with one service and one slot of it in three days. */
export async function addPlace(sql: Sql, slot: SlotOptions = {}): Promise<Place> {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic, { capacity: slot.capacity });
  const slot_id = await addSlot(sql, clinic, service_id, slot);
  return { clinic, service_id, slot_id };
}

export type Waiting = { readonly entry_id: string; readonly owner: OwnerIds };

/** Puts somebody on the list for any time in the next thirty days; the desk speaks for them. */
export async function addWaiting(
  sql: Sql,
  place: Place,
  more: Partial<JoinRequest> & { readonly owner?: OwnerIds } = {},
  actor: DbActor = desk,
): Promise<Waiting> {
  const { owner = await addOwner(sql), ...wish } = more;
  const now = Temporal.Now.instant();
  const joined = await joinWaitlist(
    sql,
    {
      entry_id: randomUUID(),
      service_id: place.service_id,
      ...owner,
      staff_id: null,
      wanted_from: now,
      wanted_to: now.add({ hours: 24 * 30 }),
      weekdays: [1, 2, 3, 4, 5, 6, 7],
      from_time: '00:00',
      to_time: '24:00',
      quantity: 1,
      items: null,
      priority: 0,
      ...wish,
    },
    actor,
  );
  if (joined.outcome !== 'ok' || joined.entry_id === null) {
    throw new Error(`joining failed: ${joined.outcome} ${joined.rule}`);
  }
  return { entry_id: joined.entry_id, owner };
}

export const by = (waiting: Waiting): DbActor => customer(waiting.owner.user_id);

export type EntryState = {
  readonly status: string;
  readonly misses: number;
  readonly left_reason: string | null;
  readonly offered_reservation_id: string | null;
};

export async function entryOf(sql: Sql, entry_id: string): Promise<EntryState> {
  const [row] = await sql<EntryState[]>`
    select status, misses, left_reason, offered_reservation_id
    from waitlist_entries where id = ${entry_id}`;
  if (!row) throw new Error(`no entry ${entry_id}`);
  return row;
}

export async function skipOf(sql: Sql, entry_id: string): Promise<string | null> {
  const [row] = await sql<{ reason: string }[]>`
    select reason from waitlist_skips where entry_id = ${entry_id} order by last_at desc limit 1`;
  return row?.reason ?? null;
}

/** Ticks a worker until nothing is left to do. */
export async function serve(app: App): Promise<void> {
  const worker = createWaitlister();
  while ((await worker.tick(app, new AbortController().signal)) > 0);
}

/** Who is offered what now, in the order of the offers. */
export async function offeredTo(sql: Sql, slot_id: string): Promise<readonly string[]> {
  const rows = await sql<{ entry_id: string }[]>`
    select entry_id from waitlist_offers
    where slot_id = ${slot_id} and ended_at is null
    order by offered_at`;
  return rows.map(({ entry_id }) => entry_id);
}
