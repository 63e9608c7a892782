import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import {
  type HoldItemsRequest,
  type HoldItemsResult,
  holdItems,
} from '../../src/daemon/store/items.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { customer, desk } from '../helpers/booking.ts';
import {
  addClinic,
  addService,
  addStaff,
  type Clinic,
  type OwnerIds,
} from '../helpers/database.ts';

export type Salon = {
  readonly clinic: Clinic;
  readonly bath: string;
  readonly nails: string;
  readonly mia: string;
  readonly tom: string;
};

/** A salon with two groomers that sells a bath and nails. */
export async function addSalon(sql: Sql): Promise<Salon> {
  const clinic = await addClinic(sql);
  await sql`update clinics set kind = 'salon' where id = ${clinic.id}`;
  const [bath, nails, mia, tom] = await Promise.all([
    addService(sql, clinic, { price: '200000', name: 'Bath' }),
    addService(sql, clinic, { price: '50000', name: 'Nails' }),
    addStaff(sql, clinic, 'Mia'),
    addStaff(sql, clinic, 'Tom'),
  ]);
  return { clinic, bath, nails, mia, tom };
}

/** Midnight in three days, so that slots of one test stand at known distances. */
export const day = Temporal.Now.zonedDateTimeISO('Asia/Jakarta').add({ days: 3 }).startOfDay();

/** A slot at that minute of the day. */
export async function slotAt(
  sql: Sql,
  salon: Salon,
  service_id: string,
  minute: number,
  options: {
    readonly minutes?: number;
    readonly staff_id?: string | null;
    readonly room_id?: string;
    readonly capacity?: number;
  } = {},
): Promise<string> {
  const { minutes = 30, staff_id = null, room_id = null, capacity = 1 } = options;
  const starts = day.add({ minutes: minute });
  const ends = starts.add({ minutes });
  const [row] = await sql<{ id: string }[]>`
    insert into slots (
      clinic_id, service_id, staff_id, room_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity
    )
    values (
      ${salon.clinic.id}, ${service_id}, ${staff_id}, ${room_id},
      ${starts.toInstant().toString()}, ${ends.toInstant().toString()},
      ${starts.toPlainDate().toString()}, ${starts.toPlainTime().toString()},
      ${ends.toPlainTime().toString()}, ${capacity}
    )
    returning id`;
  if (!row) throw new Error('no slot');
  return row.id;
}

/** Holds slots in a row for an owner, one seat of each unless told otherwise. */
export async function holdRow(
  sql: Sql,
  slot_ids: readonly string[],
  owner: OwnerIds,
  more: Partial<HoldItemsRequest> = {},
): Promise<HoldItemsResult> {
  const reservation_id = randomUUID();
  const items = slot_ids.map((slot_id) => ({ slot_id, quantity: 1, seats: null }));
  const lock_id = `owner.chain-${reservation_id}`;
  const request = { reservation_id, ...owner, items, lock_id, idempotency_key: null, ...more };
  return await holdItems(sql, request, customer(owner.user_id));
}

/** A hold of slots in a row that must succeed; answers the reservation's id. */
export async function mustHoldRow(
  sql: Sql,
  slot_ids: readonly string[],
  owner: OwnerIds,
): Promise<string> {
  const held = await holdRow(sql, slot_ids, owner);
  if (held.outcome !== 'ok' || held.reservation_id === null) {
    throw new Error(`expected a hold, got ${held.outcome} (${held.rule})`);
  }
  return held.reservation_id;
}

/** Slots in a row that are booked, to be paid at the visit; answers the booking's id. */
export async function mustBookRow(
  sql: Sql,
  slot_ids: readonly string[],
  owner: OwnerIds,
): Promise<{ readonly reservation_id: string; readonly booking_id: string }> {
  const reservation_id = await mustHoldRow(sql, slot_ids, owner);
  const request = { reservation_id, payment_method: 'at_clinic' } as const;
  const booked = await confirmReservation(sql, request, desk);
  if (booked.outcome !== 'ok') throw new Error(`expected a booking, got ${booked.outcome}`);
  return { reservation_id, booking_id: booked.booking_id };
}

/** How many seats of some slots are claimed, and how many vets and rooms. */
export async function claimsOf(sql: Sql, slot_ids: readonly string[]) {
  const [row] = await sql<{ seats: number; staff: number; rooms: number; booked: number }[]>`
    select
      (select count(*) from slot_claims where slot_id = any (${slot_ids}))::integer as seats,
      (select count(*) from staff_claims where slot_id = any (${slot_ids}))::integer as staff,
      (select count(*) from room_claims where slot_id = any (${slot_ids}))::integer as rooms,
      (select sum(booked_count) from slots where id = any (${slot_ids}))::integer as booked`;
  return row;
}
