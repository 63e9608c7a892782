import { type Db, run } from './db.ts';

export type ClinicRow = {
  readonly clinic_id: string;
  readonly code: string;
  readonly name: string;
  readonly kind: 'clinic' | 'salon' | 'venue';
  readonly city: string;
  readonly address: string | null;
  readonly phone: string | null;
  readonly time_zone: string;
  readonly currency: string;
  readonly lang: 'en' | 'ja' | 'id';
};

const columns = (sql: Db) => sql`
  id as clinic_id, code, name, kind, city, address, phone, time_zone, currency, lang`;

export type ClinicFilter = {
  readonly city?: string | undefined;
  /** Part of the name. */
  readonly name?: string | undefined;
  readonly kind?: ClinicRow['kind'] | undefined;
  /** Sells something of it. */
  readonly category?: string | undefined;
  /** Only this one: operators of one clinic. */
  readonly clinic_id?: string | null;
  readonly after?: { readonly name: string; readonly clinic_id: string } | null;
  readonly limit: number;
};

/** Active places by name. City and name fit however they are written: fold_text of 0059_fold.sql. */
export async function listClinics(sql: Db, filter: ClinicFilter): Promise<readonly ClinicRow[]> {
  const { city, name, kind, category, clinic_id, after, limit } = filter;
  return await run(sql<ClinicRow[]>`
    select ${columns(sql)}
    from clinics
    where is_active
      ${city ? sql`and city_folded = fold_text(${city})` : sql``}
      ${name ? sql`and strpos(name_folded, fold_text(${name})) > 0 and fold_text(${name}) <> ''` : sql``}
      ${kind ? sql`and kind = ${kind}` : sql``}
      ${
        category
          ? sql`and id in (
              select s.clinic_id from services s
              where s.is_available and lower(s.category) = lower(${category})
            )`
          : sql``
      }
      ${clinic_id ? sql`and id = ${clinic_id}` : sql``}
      ${after ? sql`and (name, id) > (${after.name}, ${after.clinic_id})` : sql``}
    order by name, id
    limit ${limit}`);
}

/** One place, active or not. */
export async function findClinic(sql: Db, clinic_id: string): Promise<ClinicRow | null> {
  const [row] = await run(sql<ClinicRow[]>`
    select ${columns(sql)} from clinics where id = ${clinic_id}`);
  return row ?? null;
}

export type ServiceRow = {
  readonly service_id: string;
  readonly clinic_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly category: string | null;
  readonly price: string;
  readonly deposit: string | null;
  readonly currency: string;
  readonly duration_minutes: number;
  readonly capacity: number;
  readonly requires_approval: boolean;
  readonly is_available: boolean;
  /** Sold at several prices: store/prices.ts. */
  readonly has_tiers: boolean;
};

/** A menu longer than this is not one. */
const SERVICES_MAX = 500;

/** What a clinic sells, by name. */
export async function listServices(sql: Db, clinic_id: string): Promise<readonly ServiceRow[]> {
  return await run(sql<ServiceRow[]>`
    select id as service_id, clinic_id, name, description, category, price, deposit, currency,
      duration_minutes, capacity, requires_approval, is_available, has_tiers
    from services
    where clinic_id = ${clinic_id}
    order by name, id
    limit ${SERVICES_MAX}`);
}

/** One service; null when there is none. */
export async function findService(sql: Db, service_id: string): Promise<ServiceRow | null> {
  const [row] = await run(sql<ServiceRow[]>`
    select id as service_id, clinic_id, name, description, category, price, deposit, currency,
      duration_minutes, capacity, requires_approval, is_available, has_tiers
    from services
    where id = ${service_id}`);
  return row ?? null;
}

export type StaffRow = {
  readonly staff_id: string;
  readonly name: string;
  readonly title: string | null;
};

/** Who works there, by name. */
export async function listStaff(sql: Db, clinic_id: string): Promise<readonly StaffRow[]> {
  return await run(sql<StaffRow[]>`
    select id as staff_id, name, title
    from staff
    where clinic_id = ${clinic_id} and is_active
    order by name, id
    limit 500`);
}

export type WorkingHoursRow = {
  /** ISO: 1 = Monday. */
  readonly weekday: number;
  readonly opens: Temporal.PlainTime;
  /** Earlier than `opens` = past midnight. */
  readonly closes: Temporal.PlainTime;
};

/** The clinic's own opening hours; without any, the span that its staff work. */
export async function listWorkingHours(
  sql: Db,
  clinic_id: string,
): Promise<readonly WorkingHoursRow[]> {
  return await run(sql<WorkingHoursRow[]>`
    select weekday, min(opens) as opens, max(closes) as closes
    from schedules s
    where clinic_id = ${clinic_id}
      and (staff_id is null or not exists (
        select from schedules o where o.clinic_id = s.clinic_id and o.staff_id is null
      ))
    group by weekday
    order by weekday`);
}
