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

export type OwnerRow = {
  readonly user_id: string;
  readonly full_name: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly lang: Lang;
  readonly pets: readonly OwnerPet[];
  readonly next_booking_id: string | null;
  readonly next_reference_code: string | null;
  readonly next_starts_at: Temporal.Instant | null;
  readonly next_time_zone: string | null;
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
  n.booking_id as next_booking_id, n.reference_code as next_reference_code,
  n.booking_time as next_starts_at, n.time_zone as next_time_zone,
  l.service_id as last_service_id`;

const visits = (sql: Db) => sql`
  left join lateral (
    select b.id as booking_id, b.reference_code, b.booking_time, c.time_zone
    from bookings b
    join clinics c on c.id = b.clinic_id
    where b.user_id = u.id and b.booking_time > now() and b.status = 'confirmed'
    order by b.booking_time
    limit 1
  ) as n on true
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
  /** Where nothing is found, what is spelled alike. */
  readonly near: boolean;
  readonly limit: number;
};

/** Owners who fit, best first. Who was erased never does. sql/migrations/0063_search.sql */
export async function searchOwners(
  sql: Db,
  { terms, clinic_id, near, limit }: OwnerSearch,
): Promise<readonly FoundOwnerRow[]> {
  const { words, email, phones, reference } = terms;
  if (words.length + phones.length === 0 && email === null && reference === null) return [];
  return await run(sql<FoundOwnerRow[]>`
    select ${columns(sql)}, f.matched_by
    from find_owners(
      ${words}::text[], ${email}, ${phones}::text[], ${reference}, ${clinic_id}, ${near}, ${limit}
    ) with ordinality as f (user_id, matched_by, place)
    join users u on u.id = f.user_id
    ${visits(sql)}
    order by f.place`);
}

/** One owner; null when there is none, or their data was erased. */
export async function findOwner(sql: Db, user_id: string): Promise<OwnerRow | null> {
  const [row] = await run(sql<OwnerRow[]>`
    select ${columns(sql)}
    from users u
    ${visits(sql)}
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
