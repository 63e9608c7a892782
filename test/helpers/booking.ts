import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import type { DbActor } from '../../src/daemon/store/actor.ts';
import {
  confirmReservation,
  type HoldRequest,
  type HoldResult,
  holdSlot,
} from '../../src/daemon/store/reservations.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  type OwnerIds,
} from './database.ts';

/** Staff of any clinic. */
export const desk: DbActor = {
  kind: 'operator',
  id: '00000000-0000-4000-8000-00000000de5c',
  source: 'tui',
  request_id: 'req-desk',
};

/** The owner themselves. */
export const customer = (user_id: string): DbActor => ({
  kind: 'customer',
  id: user_id,
  source: 'api',
  request_id: `req-${user_id}`,
});

/** Holds a slot for an owner; one seat of any kind unless told otherwise. */
export async function hold(
  sql: Sql,
  slot_id: string,
  owner: Pick<HoldRequest, 'user_id' | 'pet_id'>,
  more: Partial<HoldRequest> = {},
  actor: DbActor = customer(owner.user_id),
): Promise<HoldResult> {
  const reservation_id = randomUUID();
  const request = { reservation_id, slot_id, ...owner, quantity: 1, seats: null };
  return await holdSlot(
    sql,
    { ...request, lock_id: `lock-${reservation_id}`, idempotency_key: null, ...more },
    actor,
  );
}

/** A hold that must succeed; answers the reservation's id. */
export async function mustHold(
  sql: Sql,
  slot_id: string,
  owner: OwnerIds,
  more: Partial<HoldRequest> = {},
): Promise<string> {
  const held = await hold(sql, slot_id, owner, more);
  if (held.outcome !== 'ok' || held.reservation_id === null) {
    throw new Error(`the hold failed: ${held.outcome}`);
  }
  return held.reservation_id;
}

/** A booking paid in cash at the desk; answers the booking's id. */
export async function mustBook(sql: Sql, slot_id: string, owner: OwnerIds): Promise<string> {
  const reservation_id = await mustHold(sql, slot_id, owner);
  const confirmed = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (confirmed.outcome !== 'ok') throw new Error(`the confirm failed: ${confirmed.outcome}`);
  return confirmed.booking_id;
}

export type Scene = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly slot_id: string;
  readonly owner: OwnerIds;
};

/** One clinic, one service, one open slot in three days, one owner. */
export async function addScene(sql: Sql, in_hours = 72): Promise<Scene> {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id, { in_hours });
  const owner = await addOwner(sql);
  return { clinic, service_id, slot_id, owner };
}

/** Types of the events about one thing, in order of writing. */
export async function eventsOf(sql: Sql, aggregate_id: string): Promise<readonly string[]> {
  const rows = await sql<{ event_type: string }[]>`
    select event_type from booking_events_outbox
    where aggregate_id = ${aggregate_id}
    order by position`;
  return rows.map(({ event_type }) => event_type);
}
