import { randomBytes } from 'node:crypto';
import type { Sql } from 'postgres';
import { afterAll, afterEach, inject } from 'vitest';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { eventFaults } from './events.ts';

export type TestDatabase = {
  readonly sql: Sql;
  readonly url: string;
  readonly name: string;
};

/**
 * A clone of the migrated template for one test file; call it at the top of the file. It is dropped
 * when every test passed; a failed file keeps it and prints its name (with PETPRO_TEST_KEEP=1 the
 * server stays up to look into it).
 */
export async function createTestDatabase(
  options: { readonly max?: number; readonly statement_timeout_ms?: number } = {},
): Promise<TestDatabase> {
  const admin_url = inject('database_url');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(admin_url, async (admin) => {
    await admin.unsafe(`create database ${name} template ${inject('template_database')}`);
  });
  const url = new URL(admin_url);
  url.pathname = `/${name}`;
  const sql = openDatabase(url.href, {
    application_name: name,
    max: options.max ?? 10,
    statement_timeout_ms: options.statement_timeout_ms ?? 20_000,
  });
  let has_failed = false;
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') has_failed = true;
  });
  afterAll(async () => {
    await sql.end({ timeout: 5 });
    if (!has_failed) await asAdmin(url.href, expectKnownEvents);
    if (has_failed) {
      process.stderr.write(`kept for inspection: ${name} on port ${url.port}\n`);
      return;
    }
    await asAdmin(admin_url, async (admin) => {
      await admin.unsafe(`drop database ${name} with (force)`);
    });
  });
  return { sql, url: url.href, name };
}

/** Whatever a test file made happen: every event of it is as docs/events says. */
async function expectKnownEvents(sql: Sql): Promise<void> {
  const faults = await eventFaults(sql);
  if (faults.length > 0) throw new Error(`events differ from docs/events:\n${faults.join('\n')}`);
}

async function asAdmin(url: string, work: (admin: Sql) => Promise<void>): Promise<void> {
  const admin = openDatabase(url, {
    application_name: 'test-admin',
    max: 1,
    statement_timeout_ms: 60_000,
  });
  try {
    await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}

let counter = 0;
const next = () => {
  counter += 1;
  return counter;
};

export type Clinic = { readonly id: string; readonly currency: string; readonly time_zone: string };

type Options<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** A clinic in Jakarta that takes 10 % and holds for ten minutes, unless told otherwise. */
export async function addClinic(
  sql: Sql,
  options: Options<{
    currency: string;
    time_zone: string;
    commission_bp: number;
    tax_bp: number;
    hold_ms: number;
    /** How long a cancel can be undone; 0, so that what it sends is seen at once. */
    undo_ms: number;
    /** How long before its start a visit can be checked in; a year, so that slots lie anywhere. */
    check_in_hours: number;
  }> = {},
): Promise<Clinic> {
  const n = next();
  const { currency = 'IDR', time_zone = 'Asia/Jakarta', commission_bp = 1000 } = options;
  const { tax_bp = 0, hold_ms = 600_000, undo_ms = 0, check_in_hours = 8_760 } = options;
  const [row] = await sql<{ id: string }[]>`
    insert into clinics (
      code, name, city, time_zone, currency, commission_bp, tax_bp, hold_ms, undo_ms,
      check_in_hours
    )
    values (
      ${`C${n}`}, ${`Clinic ${n}`}, 'Jakarta', ${time_zone}, ${currency}, ${commission_bp},
      ${tax_bp}, ${hold_ms}, ${undo_ms}, ${check_in_hours}
    )
    returning id`;
  return { id: row!.id, currency, time_zone };
}

export async function addStaff(sql: Sql, clinic: Clinic, name = 'Andi'): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into staff (clinic_id, name) values (${clinic.id}, ${name}) returning id`;
  return row!.id;
}

export async function addRoom(sql: Sql, clinic: Clinic): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into rooms (clinic_id, name) values (${clinic.id}, ${`Room ${next()}`}) returning id`;
  return row!.id;
}

export async function addService(
  sql: Sql,
  clinic: Clinic,
  options: Options<{ price: string; capacity: number; name: string; deposit: string | null }> = {},
): Promise<string> {
  const { price = '250000', capacity = 1, name = `Service ${next()}`, deposit = null } = options;
  const [row] = await sql<{ id: string }[]>`
    insert into services (clinic_id, name, price, currency, capacity, deposit)
    values (${clinic.id}, ${name}, ${price}, ${clinic.currency}, ${capacity}, ${deposit})
    returning id`;
  return row!.id;
}

export type SlotOptions = Options<{
  capacity: number;
  staff_id: string | null;
  room_id: string | null;
  /** Hours from now; negative lies in the past. */
  in_hours: number;
  minutes: number;
  price: string | null;
}>;

/** A slot three days ahead for one, without staff, unless told otherwise. */
export async function addSlot(
  sql: Sql,
  clinic: Clinic,
  service_id: string,
  options: SlotOptions = {},
): Promise<string> {
  const { capacity = 1, staff_id = null, room_id = null, in_hours = 72, minutes = 30 } = options;
  const { price = null } = options;
  const [row] = await sql<{ id: string }[]>`
    insert into slots (
      clinic_id, service_id, staff_id, room_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity, price
    )
    select ${clinic.id}, ${service_id}, ${staff_id}, ${room_id}, t.s, t.e,
      (t.s at time zone ${clinic.time_zone})::date, (t.s at time zone ${clinic.time_zone})::time,
      (t.e at time zone ${clinic.time_zone})::time, ${capacity}, ${price}
    from (
      select
        date_trunc('minute', now()) + ${in_hours} * interval '1 hour' as s,
        date_trunc('minute', now()) + ${in_hours} * interval '1 hour'
          + ${minutes} * interval '1 minute' as e
    ) as t
    returning id`;
  return row!.id;
}

export type OwnerIds = { readonly user_id: string; readonly pet_id: string };

/** An owner with one pet, an email address and a phone. */
export async function addOwner(
  sql: Sql,
  options: Options<{ full_name: string; phone: string; pet_name: string }> = {},
): Promise<OwnerIds> {
  const n = next();
  const { full_name = `Owner ${n}`, pet_name = 'Mochi' } = options;
  const { phone = `+62812${String(n).padStart(8, '0')}` } = options;
  const [row] = await sql<OwnerIds[]>`
    with u as (
      insert into users (full_name, email, phone)
      values (${full_name}, ${`owner${n}@example.com`}, ${phone})
      returning id
    )
    insert into pets (user_id, name, species)
    select id, ${pet_name}, 'cat' from u
    returning user_id, id as pet_id`;
  return row!;
}

/** Many owners with a pet each, in one statement. */
export async function addOwners(sql: Sql, count: number): Promise<readonly OwnerIds[]> {
  return await sql<OwnerIds[]>`
    with u as (
      insert into users (full_name, email)
      select 'Owner of many ' || n, 'many' || n || '@example.com'
      from generate_series(1, ${count}::integer) as n
      returning id
    )
    insert into pets (user_id, name, species)
    select id, 'Mochi', 'cat' from u
    returning user_id, id as pet_id`;
}

/** Moves a hold's end into the past, seats included: time passes without waiting. */
export async function lapse(sql: Sql, reservation_id: string): Promise<void> {
  await sql`
    with r as (
      update reservations set expires_at = now() - interval '1 minute'
      where id = ${reservation_id}
      returning id
    )
    update slot_claims c set expires_at = now() - interval '1 minute'
    from r
    where c.reservation_id = r.id`;
}
