import { type Db, run } from './db.ts';

/** What places have left: counted from the slots as they stand now, of so many at most. */

export type OpenRow = {
  readonly clinic_id: string;
  /** null = of the whole clinic. */
  readonly service_id: string | null;
  readonly slots: number;
  readonly remaining: number;
  readonly next_at: Temporal.Instant | null;
  readonly is_partial: boolean;
};

/** In a list, per clinic: a week of a middling one. 50 of them take 100 ms. */
const LISTED_MAX = 500;
/** Of one clinic: a week of a large one. */
const DETAIL_MAX = 2_000;

const counts = (sql: Db) => sql`
  (count(*) filter (where s.is_open))::integer as slots,
  coalesce(sum(s.remaining) filter (where s.is_open), 0)::integer as remaining,
  min(s.starts_at) filter (where s.is_open) as next_at`;

/** Whether the caller can hold it: owners neither too early nor too late, staff always. */
const open = (sql: Db, by_owner: boolean) => sql`
  reason is null ${
    by_owner ? sql`and coalesce(owners_from <= now(), true) and owners_until >= now()` : sql``
  } as is_open`;

type Asked = { readonly days: number; readonly by_owner: boolean };

/** What each of these clinics has left in the next days. */
export async function openOfClinics(
  sql: Db,
  clinic_ids: readonly string[],
  { days, by_owner }: Asked,
): Promise<readonly OpenRow[]> {
  return await run(sql<OpenRow[]>`
    select c.id as clinic_id, null::uuid as service_id, ${counts(sql)},
      count(s.starts_at) = ${LISTED_MAX} as is_partial
    from unnest(${clinic_ids}::uuid[]) as c (id)
    left join lateral (
      select starts_at, remaining, ${open(sql, by_owner)}
      from slot_states
      where clinic_id = c.id and is_available
        and starts_at > now() and starts_at < now() + ${days} * interval '1 day'
      order by starts_at
      limit ${LISTED_MAX}
    ) as s on true
    group by c.id`);
}

/** What one clinic has left in the next days: as a whole, and of each service. */
export async function openOfClinic(
  sql: Db,
  clinic_id: string,
  { days, by_owner }: Asked,
): Promise<readonly OpenRow[]> {
  return await run(sql<OpenRow[]>`
    with looked_at as materialized (
      select service_id, starts_at, remaining, ${open(sql, by_owner)}
      from slot_states
      where clinic_id = ${clinic_id} and is_available
        and starts_at > now() and starts_at < now() + ${days} * interval '1 day'
      order by starts_at
      limit ${DETAIL_MAX}
    )
    select ${clinic_id}::uuid as clinic_id, s.service_id, ${counts(sql)},
      (select count(*) from looked_at) = ${DETAIL_MAX} as is_partial
    from looked_at s
    group by grouping sets ((), (s.service_id))`);
}
