import { randomBytes, randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { openDatabase } from '../daemon/store/db.ts';
import { migrateUp } from '../daemon/store/migrate.ts';
import { holdSlot } from '../daemon/store/reservations.ts';
import { AppError } from '../domain/errors.ts';
import type { ControlResult } from './report-types.ts';
import { type LoadFile, setUpLoad } from './setup.ts';
import { countSlots, oversold } from './slot-counts.ts';
import { isLoopback } from './target.ts';

/**
 * `petpro load run --unsafe-control`: the same contest for one seat twice in a database made for it and dropped
 * afterwards, first with the judge as it is, then with one that looks, thinks and writes, as programs without a guard
 * do. A proof whose control cannot lose proves nothing.
 */

/** Each on a connection of its own, so that all ask at once. */
const CONTENDERS = 20;
/** The name says what may be done to it; nothing else is ever touched. */
const NAME = 'petpro_control_';
/** Between looking and writing, as long as a round trip and a little work take. */
const THINK_S = 0.05;
const STATEMENT_TIMEOUT_MS = 60_000;

const size = { vus: CONTENDERS, rate: 0, seconds: 1 };
const actor = { kind: 'system', id: null, source: 'cli', request_id: 'unsafe-control' } as const;

/**
 * Puts a naive program in the judge's place, in a throwaway database: it reads whether the seat is free, thinks for a
 * moment as programs with round trips do, then writes. No unique seat stands behind it.
 */
export async function takeGuardOut(sql: Sql): Promise<void> {
  await sql`alter table slot_claims drop constraint slot_claims_pkey`;
  const [judge] = await sql<{ parameters: string }[]>`
    select pg_get_function_arguments(oid) as parameters from pg_proc where proname = 'hold_slot'`;
  if (!judge) throw new Error('there is no hold_slot to take the guard from');
  await sql`alter function hold_slot rename to hold_slot_of_the_product`;
  await sql.unsafe(`
    create function hold_slot(${judge.parameters})
    language plpgsql
    as $$
    #variable_conflict use_column
    begin
      if exists (select from slot_claims c where c.slot_id = p_slot_id) then
        outcome := 'slot_taken';
        return;
      end if;
      perform pg_sleep(${THINK_S});
      outcome := 'ok';
      reservation_id := p_reservation_id;
      lock_id := p_lock_id;
      seats := '{1}';
      fence := nextval('hold_numbers');
      reference_code := reference_code(fence);
      expires_at := now() + interval '10 minutes';
      hold_ms := 600000;
      select sv.price, sv.price, sv.currency, sl.clinic_id, sl.service_id, sl.starts_at
      into amount, amount_due, currency, clinic_id, service_id, starts_at
      from slots sl
      join services sv on sv.id = sl.service_id
      where sl.id = p_slot_id;
      insert into reservations (
        id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
        quantity, seats, amount, amount_due, currency, expires_at
      )
      values (
        p_reservation_id, p_user_id, p_pet_id, clinic_id, service_id, p_slot_id, p_lock_id, fence,
        reference_code, 1, seats, amount, amount_due, currency, expires_at
      );
      insert into slot_claims (
        slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
      )
      select p_slot_id, 1, p_reservation_id, p_user_id, sl.starts_at, sl.ends_at,
        now() + interval '10 minutes'
      from slots sl
      where sl.id = p_slot_id;
    end
    $$`);
}

/** All at once for one slot; how many were told that it is theirs. */
async function contest(sql: Sql, load: LoadFile, slot_id: string, from: number): Promise<number> {
  const owners = load.owners.slice(from, from + CONTENDERS);
  const results = await Promise.all(
    owners.map(async ({ user_id, pet_id }) => {
      const request = {
        reservation_id: randomUUID(),
        slot_id,
        user_id,
        pet_id,
        quantity: 1,
        seats: null,
        lock_id: randomUUID(),
        idempotency_key: null,
      };
      return await holdSlot(sql, request, actor);
    }),
  );
  return results.filter(({ outcome }) => outcome === 'ok').length;
}

async function contests(sql: Sql): Promise<ControlResult> {
  // Nothing is loaded: only clinic, slots and owners of the scenario are wanted.
  const plan = { scenario: 'one-slot', form: 'short', size, seed: 42 } as const;
  const load = await setUpLoad(sql, { ...plan, url: 'http://127.0.0.1', stripe_url: null });
  const [guarded, unguarded] = load.slots;
  if (!guarded || !unguarded) throw new Error('the scenario has no two slots');
  const with_guard = await contest(sql, load, guarded.slot_id, 0);
  await takeGuardOut(sql);
  const without_guard = await contest(sql, load, unguarded.slot_id, CONTENDERS);
  const counts = await countSlots(sql, [unguarded.slot_id]);
  const double_bookings = counts.reduce((all, one) => all + oversold(one), 0);
  return { contenders: CONTENDERS, with_guard, without_guard, double_bookings };
}

/** Makes a database beside that of `database_url`, lets both contests take place in it, and drops it. */
export async function runControl(database_url: string, env: string): Promise<ControlResult> {
  const url = new URL(database_url);
  if (env === 'prod' || !isLoopback(`http://${url.host}`)) {
    const detail = `--unsafe-control makes a database of its own on ${url.hostname}, and only on this machine, outside of production.`;
    throw new AppError('policy_refused', detail, { next: 'petpro demo up, then the same again' });
  }
  const name = `${NAME}${randomBytes(6).toString('hex')}`;
  const options = {
    application_name: 'petpro-control',
    statement_timeout_ms: STATEMENT_TIMEOUT_MS,
  };
  const admin = openDatabase(database_url, { ...options, max: 1 });
  try {
    await admin.unsafe(`create database ${name}`);
    try {
      url.pathname = `/${name}`;
      const sql = openDatabase(url.href, { ...options, max: CONTENDERS });
      try {
        await migrateUp(sql);
        return await contests(sql);
      } finally {
        await sql.end({ timeout: 5 });
      }
    } finally {
      await admin.unsafe(`drop database if exists ${name} with (force)`);
    }
  } finally {
    await admin.end({ timeout: 5 });
  }
}
