import type { Sql } from 'postgres';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { fanOutEvents, sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { patientDoor, sqlDoor } from './door.ts';
import type { HoldModel } from './model.ts';
import { refundDoor } from './refund-door.ts';
import type { RunParts } from './run.ts';
import type { Surroundings } from './steps.ts';

/** Moves a hold's end into the past, by so little that no invariant calls it damage yet. */
export async function lapseBriefly(sql: Sql, { id }: HoldModel): Promise<void> {
  await sql`
    with r as (
      update reservations set expires_at = now() - interval '1 second' where id = ${id}
      returning id, slot_id, expires_at
    )
    update slot_claims c set expires_at = r.expires_at
    from r
    where c.slot_id = r.slot_id and c.reservation_id = r.id`;
}

export async function setBlocked(sql: Sql, slot_id: string, is_blocked: boolean): Promise<void> {
  await sql`
    update slots
    set status = case
      when ${is_blocked} then 'blocked'
      when booked_count >= capacity then 'booked'
      else 'available'
    end
    where id = ${slot_id}`;
}

export async function pendingOf(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from reservations where id = any (${[...ids]}::uuid[]) and status = 'pending'`;
  return rows.map(({ id }) => id);
}

export async function relayAll(sql: Sql): Promise<void> {
  await sequenceEvents(sql, 1_000);
  await fanOutEvents(sql, 1_000);
}

/** The SQL functions of a database, through connections of their own that a fault can cut. */
export function modelParts(sql: Sql, url: string) {
  const application_name = `engine-${crypto.randomUUID()}`;
  const engine = openDatabase(url, { application_name, max: 3 });
  let cut: Promise<unknown> = Promise.resolve();
  const around: Surroundings = {
    lapse: (hold) => lapseBriefly(sql, hold),
    relay: () => relayAll(sql),
    refunds: refundDoor(sql),
    pendingOf: (ids) => pendingOf(sql, ids),
    setBlocked: (slot_id, is_blocked) => setBlocked(sql, slot_id, is_blocked),
    // Not waited for: the connections die while the next step is under way.
    fault: async () => {
      await cut;
      cut = sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = ${application_name}`.execute();
    },
  };
  const parts: Omit<RunParts, 'count'> = { sql, door: patientDoor(sqlDoor(engine)), around };
  return {
    parts,
    close: async () => {
      await cut;
      await engine.end({ timeout: 5 });
    },
  };
}
