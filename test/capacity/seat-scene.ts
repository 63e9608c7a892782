import { randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from 'postgres';
import {
  type HoldRequest,
  type HoldResult,
  holdSlot,
} from '../../src/daemon/store/reservations.ts';
import { setSeatPlan } from '../../src/daemon/store/seats.ts';
import type { PlanSeat } from '../../src/domain/seat-plan.ts';
import { customer, desk } from '../helpers/booking.ts';
import { addClinic, addService, addSlot, type Clinic } from '../helpers/database.ts';

export type Hall = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly slot_id: string;
};

/** Rows of seats from the front: `A` with 4 places is; 0 in `aisle_after` = none. */
export function planOf(
  rows: readonly { readonly row: string; readonly places: number; readonly category: string }[],
  aisle_after = 0,
): readonly PlanSeat[] {
  let seat = 0;
  return rows.flatMap(({ row, places, category }) =>
    Array.from({ length: places }, (_, index): PlanSeat => {
      seat += 1;
      const place = index + 1 + (aisle_after > 0 && index >= aisle_after ? 1 : 0);
      return { seat, label: `${row}-${index + 1}`, row, place, category, tier: category };
    }),
  );
}

export const hall_rows = [
  { row: 'A', places: 4, category: 'Stalls' },
  { row: 'B', places: 4, category: 'Stalls' },
  { row: 'C', places: 4, category: 'Balcony' },
] as const;

export async function setPlan(sql: Sql, service_id: string, seats: readonly PlanSeat[]) {
  const change = { service_id, seats, expected_version: null, dry_run: false };
  return await setSeatPlan(sql, change, desk);
}

/** A venue with a hall of 12 seats in two tiers, and one show in it. */
export async function addHall(
  sql: Sql,
  options: { readonly seats?: readonly PlanSeat[]; readonly tiers?: boolean } = {},
): Promise<Hall> {
  const { seats = planOf(hall_rows), tiers = true } = options;
  const clinic = await addClinic(sql);
  await sql`update clinics set kind = 'venue' where id = ${clinic.id}`;
  const service_id = await addService(sql, clinic, { capacity: seats.length, price: '100000' });
  if (tiers) {
    await sql`
      insert into price_tiers (service_id, clinic_id, name, price)
      values (${service_id}, ${clinic.id}, 'Stalls', 150000),
        (${service_id}, ${clinic.id}, 'Balcony', 80000)`;
    await sql`update services set has_tiers = true where id = ${service_id}`;
  }
  const set = await setPlan(sql, service_id, seats);
  if (set.outcome !== 'ok') throw new Error(`the plan was refused: ${JSON.stringify(set)}`);
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: seats.length, minutes: 120 });
  return { clinic, service_id, slot_id };
}

/** A hold inside a transaction that stays open. */
export async function holdIn(
  tx: TransactionSql,
  slot_id: string,
  owner: Pick<HoldRequest, 'user_id' | 'pet_id'>,
  more: Partial<HoldRequest> = {},
): Promise<HoldResult> {
  const reservation_id = randomUUID();
  const { user_id, pet_id } = owner;
  const request = { reservation_id, slot_id, user_id, pet_id, quantity: 1, seats: null };
  const lock = { lock_id: `lock-${reservation_id}`, idempotency_key: null };
  return await holdSlot(tx, { ...request, ...lock, ...more }, customer(user_id));
}
