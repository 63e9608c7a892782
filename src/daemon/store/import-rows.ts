import type { Json } from '../../domain/errors.ts';
import type { ImportKind } from '../../domain/import-fields.ts';
import { type Db, run } from './db.ts';

/** Rows of places and people, judged and written by one statement a batch. Bookings: import-bookings.ts. */

export type ImportRow = Readonly<Record<string, Json>>;

export type Verdict = {
  /** Place in the batch, from 1. */
  readonly n: number;
  readonly outcome: 'new' | 'changed' | 'same' | 'kept' | 'rejected';
  readonly field: string | null;
  readonly problem: string | null;
};

type PlainKind = Exclude<ImportKind, 'bookings'>;

const verdicts = (sql: Db) => sql`
  select j.n, j.field, j.problem,
    case
      when j.problem is not null then 'rejected'
      when j.is_new then 'new'
      when j.is_changed then 'changed'
      else 'same'
    end as outcome
  from judged j
  order by j.n`;

const input = (sql: Db, rows: readonly ImportRow[]) => sql`
  input as (
    select e.n::integer as n, e.d, (e.d ->> 'id')::uuid as id
    from jsonb_array_elements(${sql.json(rows)}) with ordinality as e (d, n)
  )`;

/** A field that a row does not have keeps the value of the row that is there. */
const clinics = (sql: Db, rows: readonly ImportRow[], is_dry: boolean) => sql<Verdict[]>`
  with ${input(sql, rows)},
  judged as (
    select i.n, t.id is null as is_new, m is distinct from t as is_changed, m.*,
      case
        when t.id is null and o.id is not null then 'id'
        when m.currency <> t.currency and exists (
          select from services s where s.clinic_id = t.id
        ) then 'currency'
      end as field,
      case
        when t.id is null and o.id is not null
          then 'is the id of the clinic ' || o.code || ': a code is never changed'
        when m.currency <> t.currency and exists (
          select from services s where s.clinic_id = t.id
        ) then 'is ' || t.currency || ' here, and services are sold in it'
      end as problem
    from input i
    left join clinics t on t.code = i.d ->> 'code'
    left join clinics o on o.id = i.id
    cross join lateral jsonb_populate_record(
      t, i.d || jsonb_build_object('id', coalesce(t.id, i.id))
    ) as m
  ),
  written as (
    ${
      is_dry
        ? sql`select`
        : sql`
    insert into clinics as c (
      id, code, name, kind, city, address, phone, email, time_zone, currency, lang, hold_ms,
      undo_ms, approval_ms, check_in_hours, commission_bp, tax_bp, tax_included,
      cancellation_policy, is_active
    )
    select j.id, j.code, j.name, coalesce(j.kind, 'clinic'), j.city, j.address, j.phone, j.email,
      j.time_zone, j.currency, coalesce(j.lang, 'en'), coalesce(j.hold_ms, 600000),
      coalesce(j.undo_ms, 30000), coalesce(j.approval_ms, 86400000),
      coalesce(j.check_in_hours, 12), coalesce(j.commission_bp, 1000), coalesce(j.tax_bp, 0),
      coalesce(j.tax_included, true),
      coalesce(j.cancellation_policy, '[{"from_hours": 0, "percent": 0},
        {"from_hours": 24, "percent": 50}, {"after_hours": 48, "percent": 100}]'),
      coalesce(j.is_active, true)
    from judged j
    where j.problem is null and (j.is_new or j.is_changed)
    on conflict (id) do update
    set name = excluded.name, kind = excluded.kind, city = excluded.city,
      address = excluded.address, phone = excluded.phone, email = excluded.email,
      time_zone = excluded.time_zone, currency = excluded.currency, lang = excluded.lang,
      hold_ms = excluded.hold_ms, undo_ms = excluded.undo_ms, approval_ms = excluded.approval_ms,
      check_in_hours = excluded.check_in_hours, commission_bp = excluded.commission_bp,
      tax_bp = excluded.tax_bp, tax_included = excluded.tax_included,
      cancellation_policy = excluded.cancellation_policy, is_active = excluded.is_active,
      version = c.version + 1, updated_at = now()`
    }
  )
  ${verdicts(sql)}`;

const services = (sql: Db, rows: readonly ImportRow[], is_dry: boolean) => sql<Verdict[]>`
  with ${input(sql, rows)},
  judged as (
    select i.n, t.id is null as is_new, m is distinct from t as is_changed, m.*,
      case
        when c.id is null then 'clinic_id'
        when t.clinic_id <> c.id then 'clinic_id'
        when m.price <> round(m.price, u.exponent) then 'price'
        when m.deposit <> round(m.deposit, u.exponent) then 'deposit'
        when m.deposit > m.price then 'deposit'
        when t.has_tiers and m.price <> t.price then 'price'
      end as field,
      case
        when c.id is null then 'names no clinic that is known here'
        when t.clinic_id <> c.id then 'is another clinic than before'
        when m.price <> round(m.price, u.exponent) or m.deposit <> round(m.deposit, u.exponent)
          then 'has more decimals than ' || c.currency
        when m.deposit > m.price then 'is more than the price'
        when t.has_tiers and m.price <> t.price
          then 'is made of tiers here: petpro prices set'
      end as problem
    from input i
    left join services t on t.id = i.id
    left join clinics c on c.id = (
      select k.id
      from clinics k
      where k.id = (i.d ->> 'clinic_id')::uuid or k.code = upper(i.d ->> 'clinic_word')
      order by k.id = (i.d ->> 'clinic_id')::uuid desc
      limit 1
    )
    left join currencies u on u.code = c.currency
    cross join lateral jsonb_populate_record(
      t,
      i.d || jsonb_build_object('clinic_id', c.id, 'currency', coalesce(t.currency, c.currency))
    ) as m
  ),
  written as (
    ${
      is_dry
        ? sql`select`
        : sql`
    insert into services as s (
      id, clinic_id, name, description, category, price, currency, duration_minutes, capacity,
      requires_approval, is_available, deposit, commission_bp, cancellation_policy
    )
    select j.id, j.clinic_id, j.name, j.description, j.category, j.price, j.currency,
      coalesce(j.duration_minutes, 30), coalesce(j.capacity, 1),
      coalesce(j.requires_approval, false), coalesce(j.is_available, true), j.deposit,
      j.commission_bp, j.cancellation_policy
    from judged j
    where j.problem is null and (j.is_new or j.is_changed)
    on conflict (id) do update
    set name = excluded.name, description = excluded.description, category = excluded.category,
      price = excluded.price, duration_minutes = excluded.duration_minutes,
      capacity = excluded.capacity, requires_approval = excluded.requires_approval,
      is_available = excluded.is_available, deposit = excluded.deposit,
      commission_bp = excluded.commission_bp,
      cancellation_policy = excluded.cancellation_policy,
      version = s.version + 1, updated_at = now()`
    }
  )
  ${verdicts(sql)}`;

const vets = (sql: Db, rows: readonly ImportRow[], is_dry: boolean) => sql<Verdict[]>`
  with ${input(sql, rows)},
  judged as (
    select i.n, t.id is null as is_new, m is distinct from t as is_changed, m.*,
      case when c.id is null or t.clinic_id <> c.id then 'clinic_id' end as field,
      case
        when c.id is null then 'names no clinic that is known here'
        when t.clinic_id <> c.id then 'is another clinic than before'
      end as problem
    from input i
    left join staff t on t.id = i.id
    left join clinics c on c.id = (
      select k.id
      from clinics k
      where k.id = (i.d ->> 'clinic_id')::uuid or k.code = upper(i.d ->> 'clinic_word')
      order by k.id = (i.d ->> 'clinic_id')::uuid desc
      limit 1
    )
    cross join lateral jsonb_populate_record(
      t, i.d || jsonb_build_object('clinic_id', c.id)
    ) as m
  ),
  written as (
    ${
      is_dry
        ? sql`select`
        : sql`
    insert into staff (id, clinic_id, name, title, is_active)
    select j.id, j.clinic_id, j.name, j.title, coalesce(j.is_active, true)
    from judged j
    where j.problem is null and (j.is_new or j.is_changed)
    on conflict (id) do update
    set name = excluded.name, title = excluded.title, is_active = excluded.is_active,
      updated_at = now()`
    }
  )
  ${verdicts(sql)}`;

const owners = (sql: Db, rows: readonly ImportRow[], is_dry: boolean) => sql<Verdict[]>`
  with ${input(sql, rows)},
  judged as (
    select i.n, t.id is null as is_new, m is distinct from t as is_changed, m.*,
      case when t.is_erased and m is distinct from t then 'id' end as field,
      case when t.is_erased and m is distinct from t then 'is an owner who was erased here' end
        as problem
    from input i
    left join users t on t.id = i.id
    -- Erasing is not for files: a row that is there keeps its own mark.
    cross join lateral jsonb_populate_record(
      t, case when t.id is null then i.d else i.d - 'is_erased' end
    ) as m
  ),
  written as (
    ${
      is_dry
        ? sql`select`
        : sql`
    insert into users (id, full_name, email, phone, lang, time_zone, is_erased)
    select j.id, j.full_name, j.email, j.phone, coalesce(j.lang, 'en'), j.time_zone,
      coalesce(j.is_erased, false)
    from judged j
    where j.problem is null and (j.is_new or j.is_changed)
    on conflict (id) do update
    set full_name = excluded.full_name, email = excluded.email, phone = excluded.phone,
      lang = excluded.lang, time_zone = excluded.time_zone, updated_at = now()`
    }
  )
  ${verdicts(sql)}`;

const pets = (sql: Db, rows: readonly ImportRow[], is_dry: boolean) => sql<Verdict[]>`
  with ${input(sql, rows)},
  judged as (
    select i.n, t.id is null as is_new, m is distinct from t as is_changed, m.*,
      case when u.id is null then 'user_id' end as field,
      case when u.id is null then 'names no owner that is known here' end as problem
    from input i
    left join pets t on t.id = i.id
    left join users u on u.id = (i.d ->> 'user_id')::uuid
    cross join lateral jsonb_populate_record(t, i.d) as m
  ),
  written as (
    ${
      is_dry
        ? sql`select`
        : sql`
    insert into pets (id, user_id, name, species, breed, born_on, notes)
    select j.id, j.user_id, j.name, j.species, j.breed, j.born_on, j.notes
    from judged j
    where j.problem is null and (j.is_new or j.is_changed)
    on conflict (id) do update
    set user_id = excluded.user_id, name = excluded.name, species = excluded.species,
      breed = excluded.breed, born_on = excluded.born_on, notes = excluded.notes,
      updated_at = now()`
    }
  )
  ${verdicts(sql)}`;

const statements = { clinics, services, vets, owners, pets } as const;

/** What each row is to the database, and, unless it is only a look, the rows written. No id may come twice. */
export async function importRows(
  sql: Db,
  kind: PlainKind,
  rows: readonly ImportRow[],
  is_dry: boolean,
): Promise<readonly Verdict[]> {
  return await run(statements[kind](sql, rows, is_dry));
}
