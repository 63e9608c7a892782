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
import { rupiah } from './door.ts';
import { COMMISSION_BP, TAX_BP } from './ledger.ts';
import type { Model, SlotModel } from './model.ts';
import { CHECK_IN_HOURS } from './visit.ts';

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
  // Where to move to: dearer, cheaper by an odd amount, cheaper than the deposit.
  {
    service: 0,
    at: 90 * HOUR,
    minutes: 30,
    capacity: 1,
    staff: null,
    room: null,
    price: 310_000_00,
  },
  {
    service: 0,
    at: 30 * HOUR,
    minutes: 30,
    capacity: 2,
    staff: null,
    room: null,
    price: 199_999_99,
  },
  {
    service: 1,
    at: 80 * HOUR,
    minutes: 30,
    capacity: 2,
    staff: null,
    room: null,
    price: 60_000_01,
  },
  {
    service: 2,
    at: 60 * HOUR,
    minutes: 30,
    capacity: 4,
    staff: null,
    room: null,
    price: 70_000_33,
  },
] as const;
/** In hundredths of a rupiah. */
const services = [
  { price: 250_000_00, deposit: null },
  { price: 300_000_00, deposit: 100_000_00 },
  { price: 80_000_00, deposit: null },
] as const;
/** The longest there is: nothing leaves by the clock, only when a step ends the grace. */
const UNDO_MS = 300_000;

/** Forgets everything that happened, so that each run begins with nothing and stays quick. */
export async function wipe(sql: Sql): Promise<void> {
  await sql`
    truncate clinics, users, reservations, reservation_log_entries, slot_claims, staff_claims,
      room_claims, webhook_events, booking_events_outbox, idempotency_keys cascade`;
  await sql`update outbox_state set last_sequence = 0`;
}

/** Builds the small world in the database, and its twin in memory. */
export async function buildWorld(sql: Sql): Promise<World> {
  const clinic = await addClinic(sql, {
    commission_bp: COMMISSION_BP,
    tax_bp: TAX_BP,
    undo_ms: UNDO_MS,
    check_in_hours: CHECK_IN_HOURS,
  });
  const staff = { andi: await addStaff(sql, clinic), budi: await addStaff(sql, clinic) };
  const room_id = await addRoom(sql, clinic);
  const service_ids = [];
  for (const { price, deposit } of services) {
    const wish = { price: rupiah(price), deposit: deposit && rupiah(deposit), capacity: 20 };
    service_ids.push(await addService(sql, clinic, wish));
  }
  const slots: SlotModel[] = [];
  for (const one of plan) {
    const service_id = service_ids[one.service] ?? '';
    const { price: usual, deposit } = services[one.service];
    const price = 'price' in one ? one.price : usual;
    const id = await addSlot(sql, clinic, service_id, {
      capacity: one.capacity,
      in_hours: one.at / HOUR,
      minutes: one.minutes,
      staff_id: one.staff && staff[one.staff],
      room_id: one.room && room_id,
      price: 'price' in one ? rupiah(price) : null,
    });
    slots.push({
      id,
      service_id,
      capacity: one.capacity,
      from: one.at,
      to: one.at + one.minutes,
      staff: one.staff,
      room: one.room,
      price,
      due: Math.min(deposit ?? price, price),
      is_blocked: false,
    });
  }
  return { model: { slots, holds: [] }, owners: await addOwners(sql, OWNERS) };
}
