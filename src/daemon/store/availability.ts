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
 * Milliseconds until time alone may change what a service has free: a slot of it starts, or a hold in
 * the clinic runs out (of another service too: it may have the vet or the room). Null = never. To be
 * asked before the slots are read.
 */
export async function unchangedForMs(
  sql: Db,
  service_id: string,
  clinic_id: string,
): Promise<number | null> {
  const { life_ms } = await runOne(sql<{ life_ms: number | null }[]>`
    select floor(extract(epoch from min(t.at) - now()) * 1000)::bigint as life_ms
    from (
      (select sl.starts_at as at
        from slots sl
        where sl.service_id = ${service_id} and sl.starts_at > now()
        order by sl.starts_at
        limit 1)
      union all
      (select r.expires_at
        from reservations r
        where r.status = 'pending' and r.expires_at > now() and r.clinic_id = ${clinic_id}
        order by r.expires_at
        limit 1)
    ) t`);
  return life_ms;
}
