import { type Db, runOne } from './db.ts';

/** How full a slot is, and who of those who ask must be heard by the judge all the same. */
export type Fullness = {
  /** Seats without a live claim; null when the slot cannot be booked at all, which the judge explains. */
  readonly free: number | null;
  /** Until the first hold on it lapses; null = all seats are booked. */
  readonly retry_after_ms: number | null;
  /** Places (from 1) of those who hold seats of it or repeat an earlier request. */
  readonly own: readonly number[];
};

type Asking = { readonly user_id: string; readonly idempotency_key: string | null };

/** Counts the live claims of a slot once for all who ask. */
export async function slotFullness(
  sql: Db,
  slot_id: string,
  asking: readonly Asking[],
): Promise<Fullness> {
  const users = asking.map(({ user_id }) => user_id);
  const keys = asking.map(({ idempotency_key }) => idempotency_key);
  return await runOne(sql<Fullness[]>`
    select
      case when sl.status <> 'blocked' and sl.starts_at > now()
        then sl.capacity - claimed.seats
      end::integer as free,
      ceil(extract(epoch from claimed.lapses_at - now()) * 1000)::integer as retry_after_ms,
      array(
        select a.place::integer
        from unnest(${users}::uuid[], ${keys}::text[]) with ordinality a (user_id, key, place)
        where exists (
            select from slot_claims c where c.user_id = a.user_id and c.slot_id = sl.id
          )
          or exists (
            select from reservations r
            where r.user_id = a.user_id and r.idempotency_key = a.key
          )
      ) as own
    from slots sl
    cross join lateral (
      select count(*) as seats, min(c.expires_at) as lapses_at
      from slot_claims c
      where c.slot_id = sl.id and (c.expires_at is null or c.expires_at > now())
    ) claimed
    where sl.id = ${slot_id}`);
}
