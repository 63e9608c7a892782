import type { Sql } from 'postgres';
import {
  addClinic,
  addOwners,
  addRoom,
  addService,
  addSlot,
  addStaff,
  type OwnerIds,
} from '../helpers/database.ts';
import type { Model, SlotModel } from './model.ts';

export type World = { readonly model: Model; readonly owners: readonly OwnerIds[] };

const OWNERS = 6;
const HOUR = 60;

/**
 * Three services, two vets and a room that they share. Times keep minutes apart, because each slot
 * is placed by the clock of its own insert.
 */
const plan = [
  { service: 0, at: 72 * HOUR, minutes: 30, capacity: 1, staff: 'andi', room: null },
  { service: 1, at: 72 * HOUR + 15, minutes: 60, capacity: 1, staff: 'andi', room: null },
  { service: 2, at: 73 * HOUR, minutes: 30, capacity: 3, staff: 'andi', room: null },
  { service: 2, at: 72 * HOUR, minutes: 50, capacity: 3, staff: 'budi', room: 'one' },
  { service: 0, at: 72 * HOUR + 36, minutes: 30, capacity: 1, staff: null, room: 'one' },
  { service: 2, at: 36 * HOUR, minutes: 30, capacity: 20, staff: null, room: null },
  { service: 1, at: 12 * HOUR, minutes: 30, capacity: 1, staff: 'budi', room: null },
  { service: 0, at: 36 * HOUR + 12, minutes: 30, capacity: 1, staff: null, room: null },
] as const;
const services = [
  { price: '250000', deposit: null, due: 250_000 },
  { price: '300000', deposit: '100000', due: 100_000 },
  { price: '80000', deposit: null, due: 80_000 },
] as const;

function refundPercent(at: number): number {
  if (at > 48 * HOUR) return 100;
  return at >= 24 * HOUR ? 50 : 0;
}

/** Forgets everything that happened, so that each run begins with nothing and stays quick. */
export async function wipe(sql: Sql): Promise<void> {
  await sql`
    truncate clinics, users, reservations, reservation_log_entries, slot_claims, staff_claims,
      room_claims, webhook_events, booking_events_outbox, idempotency_keys cascade`;
  await sql`update outbox_state set last_sequence = 0`;
}

/** Builds the small world in the database, and its twin in memory. */
export async function buildWorld(sql: Sql): Promise<World> {
  const clinic = await addClinic(sql);
  const staff = { andi: await addStaff(sql, clinic), budi: await addStaff(sql, clinic) };
  const room_id = await addRoom(sql, clinic);
  const service_ids = [];
  for (const { price, deposit } of services) {
    service_ids.push(await addService(sql, clinic, { price, deposit, capacity: 20 }));
  }
  const slots: SlotModel[] = [];
  for (const one of plan) {
    const service_id = service_ids[one.service] ?? '';
    const id = await addSlot(sql, clinic, service_id, {
      capacity: one.capacity,
      in_hours: one.at / HOUR,
      minutes: one.minutes,
      staff_id: one.staff && staff[one.staff],
      room_id: one.room && room_id,
    });
    slots.push({
      id,
      service_id,
      capacity: one.capacity,
      from: one.at,
      to: one.at + one.minutes,
      staff: one.staff,
      room: one.room,
      due: services[one.service].due,
      refund_percent: refundPercent(one.at),
      is_blocked: false,
    });
  }
  return { model: { slots, holds: [] }, owners: await addOwners(sql, OWNERS) };
}
