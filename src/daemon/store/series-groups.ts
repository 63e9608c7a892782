import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** What ties a booking to others: the series that it is of, and who comes with it. */

export type ParticipantRow = {
  readonly reservation_id: string;
  readonly position: number;
  readonly name: string;
  readonly owner_name: string | null;
  readonly pet_id: string | null;
};

/** Who comes with these holds and bookings, in the order in which they were named. */
export async function participantsOf(
  sql: Db,
  reservation_ids: readonly string[],
): Promise<readonly ParticipantRow[]> {
  if (reservation_ids.length === 0) return [];
  return await run(sql<ParticipantRow[]>`
    select k.reservation_id, k.position, coalesce(p.name, k.name) as name,
      coalesce(k.owner_name, u.full_name) as owner_name, k.pet_id
    from booking_participants k
    left join pets p on p.id = k.pet_id
    left join users u on u.id = p.user_id
    where k.reservation_id = any (${[...reservation_ids]}::uuid[])
    order by k.reservation_id, k.position`);
}

export type ParticipantsResult = {
  readonly outcome: 'ok' | 'not_found' | 'policy_refused';
  readonly rule: 'too_many_people' | 'pet_twice' | 'visit_started' | 'hold_ended' | null;
};

export type Person = {
  readonly pet_id?: string | undefined;
  readonly name?: string | undefined;
  readonly owner_name?: string | undefined;
};

/** Names who comes; the whole list. */
export async function setParticipants(
  sql: Db,
  wish: {
    readonly reservation_id: string;
    readonly people: readonly Person[];
    /** Written with the hold: a repeated request changes nothing. */
    readonly is_first: boolean;
  },
  actor: DbActor,
): Promise<ParticipantsResult> {
  const { reservation_id, people, is_first } = wish;
  return await runOne(sql<ParticipantsResult[]>`
    select outcome, rule
    from set_participants(
      ${reservation_id}, ${sql.json(toJson(people))}, ${is_first}, ${sql.json(actor)}
    )`);
}

export type SeriesPlaceOf = {
  readonly series_id: string;
  readonly series_code: string;
  readonly position: number;
  readonly visits_made: number;
  readonly visits_left: number;
};

/** The series of a booking; null when it is of none. */
export async function seriesOfBooking(sql: Db, booking_id: string): Promise<SeriesPlaceOf | null> {
  const [row] = await run(sql<SeriesPlaceOf[]>`
    select b.series_id, 'SR' || s.number as series_code, b.series_position as position,
      k.visits_made, k.visits_left
    from bookings b
    join booking_series s on s.id = b.series_id
    cross join lateral (
      select count(*)::integer as visits_made,
        (count(*) filter (where o.status = 'confirmed' and o.booking_time > now()))::integer
          as visits_left
      from bookings o
      where o.series_id = b.series_id
    ) as k
    where b.id = ${booking_id}`);
  return row ?? null;
}
