import { type Db, run, runOne } from './db.ts';

/** What the answers about a service's free times hang on. */
export type ServiceGroup = {
  readonly clinic_id: string;
  /** Which version counts the changes of that clinic. */
  readonly group: number;
};

/** Where a service belongs, which never changes; null when there is none. */
export async function serviceGroup(sql: Db, service_id: string): Promise<ServiceGroup | null> {
  const [row] = await run(sql<ServiceGroup[]>`
    select clinic_id, availability_group(clinic_id) as "group"
    from services
    where id = ${service_id}`);
  return row ?? null;
}

export type Versions = {
  /** In the order of the groups. */
  readonly versions: readonly number[];
  /** Transactions that were under way after the versions had been read; perhaps not the very newest. */
  readonly writing: readonly string[];
};

/** The versions of several groups of clinics, and who was writing then. */
export async function availabilityVersions(sql: Db, groups: readonly number[]): Promise<Versions> {
  const { versions, writing } = await runOne(sql<{ versions: string[]; writing: string[] }[]>`
    select versions::text[], writing from availability_versions(${groups}::integer[])`);
  return { versions: versions.map(Number), writing };
}

export type Begun = {
  readonly version: number;
  /** All transactions that were under way after the version had been read. */
  readonly writing: readonly string[];
};

/** The version of a group before an answer is read that is to be kept under it, and who was writing. */
export async function beginAvailability(sql: Db, group: number): Promise<Begun> {
  const { version, writing } = await runOne(sql<Begun[]>`
    call begin_availability(${group}::integer, null::bigint, null::text[])`);
  return { version, writing };
}

/**
 * Milliseconds until time alone may change what a service has free: a slot of it starts, comes too near or
 * near enough for owners to book, or a hold in the clinic runs out (of another service too: it may have
 * the vet or the room). Null = never. To be asked before the slots are read.
 */
export async function unchangedForMs(sql: Db, service_id: string): Promise<number | null> {
  const { life_ms } = await runOne(sql<{ life_ms: number | null }[]>`
    with rules as (
      select sv.clinic_id,
        coalesce(sv.min_notice_minutes, c.min_notice_minutes) * interval '1 minute' as notice,
        coalesce(sv.horizon_days, c.horizon_days) * interval '24 hours' as horizon
      from services sv
      join clinics c on c.id = sv.clinic_id
      where sv.id = ${service_id}
    ), moments as (
      select n.at - lead.ahead as at
      from rules r
      cross join lateral (values (interval '0'), (r.notice), (r.horizon)) as lead (ahead)
      cross join lateral (
        select sl.starts_at as at
        from slots sl
        where sl.service_id = ${service_id} and sl.starts_at > now() + lead.ahead
        order by sl.starts_at
        limit 1
      ) n
      union all
      select h.expires_at
      from rules r
      cross join lateral (
        select p.expires_at
        from reservations p
        where p.status = 'pending' and p.expires_at > now() and p.clinic_id = r.clinic_id
        order by p.expires_at
        limit 1
      ) h
    )
    select floor(extract(epoch from min(at) - now()) * 1000)::bigint as life_ms
    from moments`);
  return life_ms;
}
