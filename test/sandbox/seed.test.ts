import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { makeApiKeys, type SeedResult, seedDatabase } from '../../src/sandbox/seed.ts';
import { seed_clinics } from '../../src/sandbox/seed-data.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;
let seeded: SeedResult;
const keys = makeApiKeys();

beforeAll(async () => {
  db = await createTestDatabase();
  seeded = await seedDatabase(db.sql, { seed: 42, keys });
});

async function counts() {
  const [row] = await db.sql`
    select
      (select count(*) from clinics) as clinics, (select count(*) from users) as users,
      (select count(*) from pets) as pets, (select count(*) from slots) as slots,
      (select count(*) from bookings) as bookings, (select count(*) from api_keys) as api_keys,
      (select count(*) from schedules) as schedules
  `;
  return { ...row };
}

test('seeds three clinics, a salon and a venue whose invariants all hold', async () => {
  expect(await counts()).toMatchObject({ clinics: 5, users: 180, api_keys: 6 });
  const broken = (await runInvariants(db.sql)).filter((invariant) => invariant.rows > 0);
  expect(broken).toEqual([]);
});

test('a second run adds nothing', async () => {
  const before = await counts();
  expect(await seedDatabase(db.sql, { seed: 42, keys })).toEqual(seeded);
  expect(await counts()).toEqual(before);
});

test('gives the customer a pet of their own and the clinic its service', async () => {
  const [row] = await db.sql`
    select c.code, sv.name as service, sv.capacity, u.full_name, u.phone, p.name as pet
    from clinics c
    join services sv on sv.clinic_id = c.id and sv.id = ${seeded.service_id}
    join users u on u.id = ${seeded.user_id}
    join pets p on p.user_id = u.id and p.id = ${seeded.pet_id}
    where c.id = ${seeded.clinic_id}
  `;
  expect(row).toEqual({
    code: 'BSD',
    service: 'Checkup',
    capacity: 1,
    full_name: 'Siti Rahmawati',
    phone: '+62 812-3456-7890',
    pet: 'Mochi',
  });
});

test('opens slots at local times for three weeks, in every zone', async () => {
  const rows = await db.sql<{ code: string; wrong: number; days: number }[]>`
    select c.code, count(distinct sl.slot_date)::int as days,
      count(*) filter (
        where (sl.starts_at at time zone c.time_zone)::date <> sl.slot_date
          or (sl.starts_at at time zone c.time_zone)::time <> sl.slot_start_time
      )::int as wrong
    from slots sl join clinics c on c.id = sl.clinic_id
    group by c.code order by c.code
  `;
  expect(rows.map((row) => [row.code, row.wrong])).toEqual([
    ['BMS', 0],
    ['BSD', 0],
    ['GLM', 0],
    ['SKR', 0],
    ['SPB', 0],
  ]);
  expect(rows[1]?.days).toBe(21);
  // Closed on Sundays.
  expect(rows[4]?.days).toBe(18);
});

test('sells numbered seats of the venue, and visits to the salon without a pet', async () => {
  const rows = await db.sql`
    select c.code, b.quantity, b.pet_id, seat_labels(b.slot_id, r.id, r.seats) as labels
    from bookings b
    join clinics c on c.id = b.clinic_id and c.kind <> 'clinic'
    join reservations r on r.id = b.reservation_id
    order by c.code, b.quantity`;
  expect(rows).toHaveLength(6);
  expect(rows.every(({ pet_id }) => pet_id === null)).toBe(true);
  expect(rows[0]).toMatchObject({ code: 'BMS', labels: ['A-8', 'A-10'] });
  expect(rows[5]).toMatchObject({ code: 'GLM', labels: null });
});

test('leaves nobody an appointment message about a wrong time', async () => {
  const wrong = await db.sql`
    select e.event_type, e.payload ->> 'starts_at' as said, sl.starts_at
    from booking_events_outbox e
    join slots sl on sl.id::text = e.payload ->> 'slot_id'
    where e.payload ? 'starts_at' and (e.payload ->> 'starts_at')::timestamptz <> sl.starts_at
  `;
  expect([...wrong]).toEqual([]);
  const far = await db.sql`select from slots where starts_at > now() + interval '30 days'`;
  expect(far.length).toBe(0);
});

test('tells the same story for the same seed and another for another', async () => {
  const other = await createTestDatabase();
  const again = await seedDatabase(other.sql, { seed: 7, keys: makeApiKeys() });
  expect(again.clinic_id).not.toBe(seeded.clinic_id);
  const names = async (sql: TestDatabase['sql']) =>
    (await sql<{ full_name: string }[]>`select full_name from users order by email`).map(
      (row) => row.full_name,
    );
  expect(await names(other.sql)).not.toEqual(await names(db.sql));
  expect(await names(other.sql)).toContain('山田 太郎');
});

test('writes all people with reserved mail domains, so that no demo mails a stranger', async () => {
  const users = await db.sql`select from users where email not like '%@owners.example'`;
  expect(users.length).toBe(0);
  expect(seed_clinics.every((clinic) => clinic.email.endsWith('.example'))).toBe(true);
  const source = path.resolve(import.meta.dirname, '../../src/sandbox/seed-data.ts');
  expect(fs.readFileSync(source, 'utf8')).not.toMatch(/@(?![\w.-]+\.example')/);
});
