import { createHash, randomBytes } from 'node:crypto';
import type { Sql, TransactionSql } from 'postgres';
import { type SeedClinic, seed_clinics } from './seed-data.ts';
import { seedPlaces } from './seed-places.ts';
import { dice, seedId } from './seed-random.ts';
import { seedToday } from './seed-today.ts';

const OWNERS_PER_CLINIC = 60;
/** Three weeks of slots, today included. */
const DAYS = 21;

const key_roles = ['viewer', 'desk', 'manager', 'sre', 'ci', 'admin'] as const;
export type ApiKeys = Readonly<Record<(typeof key_roles)[number], string>>;

/** `ppk_<prefix>_<secret>`: the prefix is shown in lists, the 256-bit secret never again. */
export function makeApiKeys(): ApiKeys {
  const key = () => `ppk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
  return { viewer: key(), desk: key(), manager: key(), sre: key(), ci: key(), admin: key() };
}

export type SeedResult = {
  /** The first clinic, its checkup, its first owner (the customer of the demo) and their pet. */
  readonly clinic_id: string;
  readonly service_id: string;
  readonly user_id: string;
  readonly pet_id: string;
};

const rowsOf = (seed: number, clinic: SeedClinic) => {
  const id = (label: string) => seedId(seed, `${clinic.code}:${label}`);
  const clinic_id = id('clinic');
  const staff = clinic.staff.map(([name, title], i) => ({
    id: id(`staff:${i}`),
    clinic_id,
    name,
    title,
  }));
  const rooms = clinic.staff.map(([, , name], i) => ({ id: id(`room:${i}`), clinic_id, name }));
  const services = clinic.services.map((service) => ({
    id: id(`service:${service.key}`),
    clinic_id,
    name: service.name,
    category: service.category,
    price: service.price,
    currency: clinic.currency,
    duration_minutes: service.minutes,
    capacity: service.capacity,
    // Something for `petpro approvals` to be tried on.
    requires_approval: service.key === 'surgery',
  }));
  const offers = clinic.services.flatMap((service) =>
    service.offered.map((offer) => ({
      clinic_id,
      service_id: id(`service:${service.key}`),
      staff_id: id(`staff:${offer.staff}`),
      room_id: id(`room:${offer.staff}`),
      minutes: service.minutes,
      capacity: service.capacity,
      from_minute: offer.from,
      to_minute: offer.to,
      step: offer.step,
    })),
  );
  return { clinic_id, staff, rooms, services, offers, owners: ownersOf(seed, clinic) };
};

/** Known people first, then people made of the lists; phones never repeat. */
function ownersOf(seed: number, clinic: SeedClinic) {
  const roll = dice(seed ^ createHash('md5').update(clinic.code).digest().readInt32LE(0));
  const users = [];
  const pets = [];
  for (let i = 0; i < OWNERS_PER_CLINIC; i += 1) {
    const known = clinic.known_owners[i];
    const id = seedId(seed, `${clinic.code}:user:${i}`);
    const given = roll.pick(clinic.first_names);
    const family = roll.pick(clinic.last_names);
    const made = clinic.family_first ? `${family} ${given}` : `${given} ${family}`;
    const tail = String(10_000_000 + roll.below(89_999) * 1_000 + i).replace(/(....)$/, '-$1');
    users.push({
      id,
      full_name: known?.name ?? made,
      email: `owner${i + 1}.${clinic.code.toLowerCase()}@owners.example`,
      phone: known?.phone ?? `${clinic.phone_start}-${tail}`,
      lang: clinic.lang,
      time_zone: clinic.time_zone,
    });
    const made_pets = Array.from({ length: 1 + (roll.below(4) === 0 ? 1 : 0) }, () => [
      roll.pick(clinic.pet_names),
      roll.pick(['cat', 'dog', 'dog', 'rabbit'] as const),
    ]);
    for (const [n, [name, species]] of (known?.pets ?? made_pets).entries()) {
      pets.push({ id: seedId(seed, `${clinic.code}:pet:${i}:${n}`), user_id: id, name, species });
    }
  }
  return { users, pets };
}

async function seedClinic(sql: TransactionSql, seed: number, clinic: SeedClinic): Promise<void> {
  const { clinic_id, staff, rooms, services, offers, owners } = rowsOf(seed, clinic);
  const { code, name, city, address, phone, email, time_zone, currency, lang, tax_bp } = clinic;
  const row = { id: clinic_id, code, name, city, address, phone, email, time_zone, currency, lang };
  const country = { IDR: 'ID', JPY: 'JP', EUR: 'DE' }[currency] ?? null;
  await sql`insert into clinics ${sql({ ...row, tax_bp, country })} on conflict (id) do nothing`;
  await sql`insert into staff ${sql(staff)} on conflict (id) do nothing`;
  await sql`insert into rooms ${sql(rooms)} on conflict (id) do nothing`;
  await sql`insert into services ${sql(services)} on conflict (id) do nothing`;
  await sql`insert into users ${sql(owners.users)} on conflict (id) do nothing`;
  await sql`insert into pets ${sql(owners.pets)} on conflict (id) do nothing`;
  await sql`
    insert into schedules (clinic_id, staff_id, service_id, room_id, weekday, opens, closes,
      step_minutes)
    select o.clinic_id, o.staff_id, o.service_id, o.room_id, day,
      '00:00'::time + o.from_minute * interval '1 minute',
      '00:00'::time + o.to_minute * interval '1 minute', o.step
    from jsonb_to_recordset(${sql.json(offers)}) as o (
      clinic_id uuid, service_id uuid, staff_id uuid, room_id uuid, from_minute int, to_minute int,
      step int
    ), unnest(${sql.array([...clinic.open_weekdays])}::int[]) as day
    where not exists (select from schedules s where s.clinic_id = o.clinic_id)
  `;
  await seedSlots(sql, seed, clinic, offers);
}

/** Local wall-clock times, turned into instants by the clinic's zone, also over a DST change. */
async function seedSlots(
  sql: TransactionSql,
  seed: number,
  clinic: SeedClinic,
  offers: ReturnType<typeof rowsOf>['offers'],
): Promise<void> {
  await sql`
    insert into slots (
      id, clinic_id, service_id, staff_id, room_id, starts_at, ends_at, slot_date,
      slot_start_time, slot_end_time, capacity, origin
    )
    select
      overlay(overlay(md5(concat_ws(':', ${seed}::int, o.service_id, o.staff_id, local_start))
        placing '4' from 13) placing '8' from 17)::uuid,
      o.clinic_id, o.service_id, o.staff_id, o.room_id,
      local_start at time zone c.time_zone,
      (local_start at time zone c.time_zone) + o.minutes * interval '1 minute',
      local_start::date, local_start::time,
      (local_start + o.minutes * interval '1 minute')::time, o.capacity, 'schedule'
    from jsonb_to_recordset(${sql.json(offers)}) as o (
      clinic_id uuid, service_id uuid, staff_id uuid, room_id uuid, minutes int, capacity int,
      from_minute int, to_minute int, step int
    )
    join clinics c on c.id = o.clinic_id,
    generate_series(0, ${DAYS - 1}::int) as day,
    generate_series(o.from_minute, o.to_minute - o.minutes, o.step) as minute,
    lateral (
      select (now() at time zone c.time_zone)::date + day + minute * interval '1 minute'
    ) as l (local_start)
    where extract(isodow from local_start) = any (${sql.array([...clinic.open_weekdays])}::int[])
    -- What the hours made meanwhile is there already, under another id.
    on conflict do nothing
  `;
}

async function seedKeys(sql: TransactionSql, keys: ApiKeys): Promise<void> {
  const rows = key_roles.map((role) => ({
    prefix: keys[role].split('_')[1] ?? '',
    key_hash: createHash('sha256').update(keys[role]).digest(),
    role,
    name: `demo ${role}`,
  }));
  await sql`insert into api_keys ${sql(rows)} on conflict do nothing`;
}

/**
 * Fills an empty or already seeded database, in one transaction. Running it again adds what is
 * missing: slots of days that have come since, a lived-in today, new keys. About 1 s.
 */
export async function seedDatabase(
  sql: Sql,
  options: { readonly seed: number; readonly keys: ApiKeys },
): Promise<SeedResult> {
  const { seed, keys } = options;
  await sql.begin(async (tx) => {
    await tx`set local statement_timeout = '60s'`;
    // Two demos may share one outside database.
    await tx`select pg_advisory_xact_lock(hashtextextended('petpro-seed', 0))`;
    for (const clinic of seed_clinics) {
      await seedClinic(tx, seed, clinic);
      await seedToday(tx, seed, clinic);
    }
    await seedPlaces(tx, seed);
    await seedKeys(tx, keys);
  });
  await sql`analyze slots, users, pets`;
  return {
    clinic_id: seedId(seed, 'BSD:clinic'),
    service_id: seedId(seed, 'BSD:service:checkup'),
    user_id: seedId(seed, 'BSD:user:0'),
    pet_id: seedId(seed, 'BSD:pet:0:0'),
  };
}
