import type { BookingStatus } from '../../domain/booking.ts';
import type { SearchTerms } from '../../domain/search.ts';
import type { Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

type Lang = 'en' | 'ja' | 'id';

/** Added to the guard of a read of `users u`: themselves, or (staff of one clinic) one who came there. */
export const withinReach = (sql: Db, scope: Scope) => sql`
  ${scope.user_id === null ? sql`` : sql`and u.id = ${scope.user_id}`}
  ${
    scope.clinic_id === null
      ? sql``
      : sql`and exists (
          select from reservations r where r.user_id = u.id and r.clinic_id = ${scope.clinic_id}
        )`
  }`;

export type OwnerPet = {
  readonly pet_id: string;
  readonly name: string;
  readonly species: string | null;
  readonly breed: string | null;
};

/** One visit as JSON of the database; `starts_at` is an instant in text. */
export type OwnerVisitRow = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly starts_at: string;
  readonly time_zone: string;
  readonly clinic_id: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly pet_name: string | null;
  readonly status: BookingStatus;
};

export type OwnerRow = {
  readonly user_id: string;
  readonly full_name: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly lang: Lang;
  readonly pets: readonly OwnerPet[];
  readonly next_visit: OwnerVisitRow | null;
  readonly last_visit: OwnerVisitRow | null;
  readonly last_service_id: string | null;
};

export type FoundOwnerRow = OwnerRow & {
  readonly matched_by: 'reference' | 'phone' | 'email' | 'name' | 'part' | 'near';
};

const columns = (sql: Db) => sql`
  u.id as user_id, u.full_name, u.phone, u.email, u.lang,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'pet_id', p.id, 'name', p.name, 'species', p.species, 'breed', p.breed
    ) order by p.name)
    from pets p
    where p.user_id = u.id
  ), '[]') as pets,
  n.visit as next_visit, p.visit as last_visit, l.service_id as last_service_id`;

const visitOf = (sql: Db) => sql`
  jsonb_build_object(
    'booking_id', b.id, 'reference_code', b.reference_code, 'starts_at', b.booking_time,
    'time_zone', (select c.time_zone from clinics c where c.id = b.clinic_id),
    'clinic_id', b.clinic_id,
    'service_name', (select s.name from services s where s.id = b.service_id),
    'staff_name', (
      select f.name from slots t join staff f on f.id = t.staff_id where t.id = b.slot_id
    ),
    'pet_name', (select q.name from pets q where q.id = b.pet_id), 'status', b.status
  ) as visit`;

/** `clinic_id`: visits there alone; null = anywhere. */
const visits = (sql: Db, clinic_id: string | null) => sql`
  left join lateral (
    select ${visitOf(sql)}
    from bookings b
    where b.user_id = u.id and b.booking_time > now() and b.status = 'confirmed'
      ${clinic_id === null ? sql`` : sql`and b.clinic_id = ${clinic_id}`}
    order by b.booking_time
    limit 1
  ) as n on true
  left join lateral (
    select ${visitOf(sql)}
    from bookings b
    where b.user_id = u.id and b.booking_time <= now() and b.status <> 'cancelled'
      ${clinic_id === null ? sql`` : sql`and b.clinic_id = ${clinic_id}`}
    order by b.booking_time desc
    limit 1
  ) as p on true
  left join lateral (
    select b.service_id
    from bookings b
    where b.user_id = u.id and b.status <> 'cancelled'
    order by b.booking_time desc
    limit 1
  ) as l on true`;

export type OwnerSearch = {
  readonly terms: SearchTerms;
  /** Those who come there go first; null = no clinic is nearer than another. */
  readonly clinic_id: string | null;
  /** Visits elsewhere are not told; null = all are. */
  readonly visits_at: string | null;
  /** Where nothing is found, what is spelled alike. */
  readonly near: boolean;
  readonly limit: number;
};

/** Owners who fit, best first. Who was erased never does. sql/migrations/0063_search.sql */
export async function searchOwners(
  sql: Db,
  { terms, clinic_id, visits_at, near, limit }: OwnerSearch,
): Promise<readonly FoundOwnerRow[]> {
  const { words, email, phones, reference } = terms;
  if (words.length + phones.length === 0 && email === null && reference === null) return [];
  return await run(sql<FoundOwnerRow[]>`
    select ${columns(sql)}, f.matched_by
    from find_owners(
      ${words}::text[], ${email}, ${phones}::text[], ${reference}, ${clinic_id}, ${near}, ${limit}
    ) with ordinality as f (user_id, matched_by, place)
    join users u on u.id = f.user_id
    ${visits(sql, visits_at)}
    order by f.place`);
}

/** One owner; null when there is none, or their data was erased. */
export async function findOwner(
  sql: Db,
  user_id: string,
  visits_at: string | null,
): Promise<OwnerRow | null> {
  const [row] = await run(sql<OwnerRow[]>`
    select ${columns(sql)}
    from users u
    ${visits(sql, visits_at)}
    where u.id = ${user_id} and not u.is_erased`);
  return row ?? null;
}

export type NewOwner = {
  readonly full_name: string;
  readonly phone: string;
  readonly email: string | null;
  readonly lang: Lang;
  readonly pet_name: string;
  readonly species: string | null;
};

/**
 * A new owner with a first pet, in one statement. An owner with the same number is answered instead
 * (`is_new: false`), so that a caller who rings twice is not two people.
 */
export async function addOwner(
  sql: Db,
  owner: NewOwner,
): Promise<{ readonly user_id: string; readonly is_new: boolean }> {
  return await runOne(sql<{ user_id: string; is_new: boolean }[]>`
    with known as (
      select id
      from users
      where phone_reversed = reverse(regexp_replace(${owner.phone}, '[^0-9]', '', 'g'))
        and not is_erased
      limit 1
    ), added as (
      insert into users (full_name, phone, email, lang)
      select ${owner.full_name}, ${owner.phone}, ${owner.email}, ${owner.lang}
      where not exists (select from known)
      returning id
    ), pet as (
      insert into pets (user_id, name, species)
      select id, ${owner.pet_name}, ${owner.species} from added
    )
    select id as user_id, true as is_new from added
    union all
    select id, false from known`);
}
