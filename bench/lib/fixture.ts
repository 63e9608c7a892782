/** Slots, owners and the SQL that both sides of a comparison use. */
import postgres from 'postgres';
import type { Demo } from './demo.ts';

export const OWNERS = 20_000;

export type Fixture = {
  readonly service_id: string;
  readonly slots: readonly string[];
  readonly owners: readonly { readonly user_id: string; readonly pet_id: string }[];
};

/**
 * Slots of no vet, each 30 minutes after the last, so that holds meet neither each other nor an
 * owner's other visit.
 */
export async function makeFixture(demo: Demo, slots: number): Promise<Fixture> {
  const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`
      set statement_timeout = '5min';
      create unlogged table bench_slots (n int primary key, slot_id uuid not null);
      create unlogged table bench_owners (
        n int primary key, user_id uuid not null, pet_id uuid not null
      );
      create sequence bench_next;
      with made as (
        insert into services (clinic_id, name, price, currency, duration_minutes)
        values ('${demo.clinic_id}', 'Bench', 250000, 'IDR', 30)
        returning id
      ), slotted as (
        insert into slots (
          service_id, clinic_id, slot_date, slot_start_time, slot_end_time, starts_at, ends_at
        )
        select made.id, '${demo.clinic_id}', (t at time zone 'Asia/Jakarta')::date,
          (t at time zone 'Asia/Jakarta')::time,
          ((t + interval '29 min') at time zone 'Asia/Jakarta')::time, t, t + interval '29 min'
        from made, generate_series(0, ${slots - 1}) n,
          lateral (
            select date_trunc('hour', now()) + interval '40 days' + n * interval '30 min' as t
          ) x
        returning id
      )
      insert into bench_slots select row_number() over (), id from slotted;
      with people as (
        insert into users (full_name)
        select 'Bench ' || n from generate_series(1, ${OWNERS}) n
        returning id
      ), animals as (
        insert into pets (user_id, name) select id, 'Bench' from people returning id, user_id
      )
      insert into bench_owners select row_number() over (), user_id, id from animals;
    `);
    await sql.unsafe('vacuum analyze');
    const [service] = await sql<{ id: string }[]>`select id from services where name = 'Bench'`;
    if (!service) throw new Error('the benchmark service is missing');
    const rows = await sql<{ slot_id: string }[]>`select slot_id from bench_slots order by n`;
    const owners = await sql<Fixture['owners'][number][]>`
      select user_id, pet_id from bench_owners order by n`;
    return { service_id: service.id, slots: rows.map(({ slot_id }) => slot_id), owners };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Makes a slot one of many seats and holds all of them, 50 for each of the first owners. */
export async function fillSlot(
  demo: Demo,
  fixture: Fixture,
  slot: number,
  seats: number,
): Promise<void> {
  const each = 50;
  const slot_id = fixture.slots[slot] ?? '';
  const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
  try {
    await sql`update slots set capacity = ${seats} where id = ${slot_id}`;
    const [row] = await sql<{ held: number }[]>`
      select count(*)::int as held
      from bench_owners o
      cross join lateral hold_slot(
        gen_random_uuid(), ${slot_id}, o.user_id, o.pet_id, ${each}, null,
        gen_random_uuid()::text, null,
        '{"kind":"operator","source":"api","request_id":"bench"}'
      ) h
      where o.n <= ${Math.floor(seats / each)} and h.outcome = 'ok'`;
    if (row?.held !== seats / each) throw new Error(`only ${row?.held} of the owners got seats`);
    await sql.unsafe('vacuum analyze slot_claims, reservations');
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The request body that holds the n-th slot for some owner; null behind the last slot. */
export function holdBody(fixture: Fixture, slot: number, owner: number): string | null {
  const slot_id = fixture.slots[slot];
  const person = fixture.owners[owner % fixture.owners.length];
  if (slot_id === undefined || person === undefined) return null;
  return JSON.stringify({ service_id: fixture.service_id, slot_id, ...person });
}

/** The hold of one random owner for pgbench; `slot` is SQL for the slot's number. */
export function holdScript(slot: string): string {
  return `\\set owner random(1, ${OWNERS})
    select h.outcome
    from bench_slots s, bench_owners o, hold_slot(
      gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null, gen_random_uuid()::text, null,
      '{"kind":"operator","source":"api","request_id":"bench"}'
    ) h
    where s.n = ${slot} and o.n = :owner;
  `;
}
