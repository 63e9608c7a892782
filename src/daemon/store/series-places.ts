import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Where the visits of a series could take place, as far as a look tells. */

export type SeriesPlace = {
  readonly slot_id: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly remaining: number;
  readonly capacity: number;
  /** Why it cannot be held; null = it can. */
  readonly reason: 'past' | 'blocked' | 'booked' | 'held' | 'staff_busy' | 'room_busy' | null;
};

const texts = (instants: readonly Temporal.Instant[]) => instants.map((at) => at.toString());

/** The slots of a service that start at one of these moments. */
export async function placesAt(
  sql: Db,
  service_id: string,
  starts: readonly Temporal.Instant[],
): Promise<readonly SeriesPlace[]> {
  return await run(sql<SeriesPlace[]>`
    select s.slot_id, s.staff_id, s.staff_name, s.starts_at, s.ends_at, s.remaining, s.capacity,
      s.reason
    from slot_states s
    where s.service_id = ${service_id} and s.starts_at = any (${texts(starts)}::timestamptz[])
    order by s.starts_at, s.staff_name, s.slot_id`);
}

/** When the last slot of a service begins: what lies behind is not open yet. Null = there is none. */
export async function lastOpen(
  sql: Db,
  service_id: string,
  staff_id: string | null,
): Promise<Temporal.Instant | null> {
  const { at } = await runOne(sql<{ at: Temporal.Instant | null }[]>`
    select max(sl.starts_at) as at
    from slots sl
    where sl.service_id = ${service_id}
      ${staff_id === null ? sql`` : sql`and sl.staff_id = ${staff_id}`}`);
  return at;
}

export type NearPlace = Pick<
  SeriesPlace,
  'slot_id' | 'staff_id' | 'staff_name' | 'starts_at' | 'remaining'
> & { readonly wanted_at: Temporal.Instant };

/** Looked at on either side of each wanted time. */
const NEAR_MAX = 3;

/** The nearest open times, three at most for each wanted one and a week away at most. */
export async function nearPlaces(
  sql: Db,
  wish: {
    readonly service_id: string;
    readonly staff_id: string | null;
    readonly quantity: number;
    readonly wanted: readonly Temporal.Instant[];
  },
): Promise<readonly NearPlace[]> {
  const { service_id, staff_id, quantity, wanted } = wish;
  const fits = sql`
    s.service_id = ${service_id} and s.starts_at > now() and s.reason is null
    and s.remaining >= ${quantity}
    ${staff_id === null ? sql`` : sql`and s.staff_id = ${staff_id}`}`;
  return await run(sql<NearPlace[]>`
    select w.at as wanted_at, n.slot_id, n.staff_id, n.staff_name, n.starts_at, n.remaining
    from unnest(${texts(wanted)}::timestamptz[]) as w (at)
    cross join lateral (
      select x.*
      from (
        (
          select s.slot_id, s.staff_id, s.staff_name, s.starts_at, s.remaining
          from slot_states s
          where ${fits} and s.starts_at >= w.at and s.starts_at < w.at + interval '7 days'
          order by s.starts_at, s.slot_id
          limit ${NEAR_MAX}
        )
        union all
        (
          select s.slot_id, s.staff_id, s.staff_name, s.starts_at, s.remaining
          from slot_states s
          where ${fits} and s.starts_at < w.at and s.starts_at > w.at - interval '7 days'
          order by s.starts_at desc, s.slot_id
          limit ${NEAR_MAX}
        )
      ) as x
      order by abs(extract(epoch from x.starts_at - w.at)), x.starts_at, x.slot_id
      limit ${NEAR_MAX}
    ) as n
    order by w.at, abs(extract(epoch from n.starts_at - w.at)), n.starts_at, n.slot_id`);
}

export type SlotPrice = {
  readonly slot_id: string;
  readonly outcome: string;
  readonly amount: string | null;
  readonly amount_due: string | null;
};

/** What so many seats of each slot cost now, at the default price. */
export async function pricesOf(
  sql: Db,
  slot_ids: readonly string[],
  quantity: number,
  actor: DbActor,
): Promise<readonly SlotPrice[]> {
  return await run(sql<SlotPrice[]>`
    select x.id as slot_id, q.outcome, q.amount, q.amount_due
    from unnest(${[...slot_ids]}::uuid[]) as x (id)
    cross join lateral quote_slot(x.id, null, ${quantity}, ${sql.json(actor)}) q`);
}
