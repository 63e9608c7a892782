import type { BookingStatus } from '../../domain/booking.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** What a calendar says of one visit. */
export type CalendarRow = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly version: number;
  readonly status: BookingStatus;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly changed_at: Temporal.Instant;
  readonly time_zone: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly pet_name: string | null;
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly clinic_email: string | null;
};

/** Whose visits; exactly one is set but for a vet, who is named with the clinic. */
export type CalendarOf = {
  readonly booking_id?: string;
  readonly user_id?: string | null;
  readonly clinic_id?: string | null;
  readonly staff_id?: string | null;
};

export type CalendarSpan = { readonly from: Temporal.Instant; readonly to: Temporal.Instant };

const sources = (sql: Db) => sql`
  bookings b
  join slots sl on sl.id = b.slot_id
  join clinics c on c.id = b.clinic_id`;

const guard = (sql: Db, of: CalendarOf) => sql`
  ${of.booking_id === undefined ? sql`true` : sql`b.id = ${of.booking_id}`}
  ${of.user_id ? sql`and b.user_id = ${of.user_id}` : sql``}
  ${of.clinic_id ? sql`and b.clinic_id = ${of.clinic_id}` : sql``}
  ${
    of.staff_id
      ? sql`and (
          sl.staff_id = ${of.staff_id}
          -- Whoever has a part of the visit sees all of it.
          or b.item_count > 1 and exists (
            select from reservation_items i
            where i.reservation_id = b.reservation_id and i.staff_id = ${of.staff_id}
          )
        )`
      : sql``
  }`;

const within = (sql: Db, { from, to }: CalendarSpan) => sql`
  and b.booking_time >= ${from.toString()} and b.booking_time < ${to.toString()}`;

/** Visits by time; those that were cancelled too, because programs must hear of it. */
export async function calendarRows(
  sql: Db,
  of: CalendarOf,
  span: CalendarSpan | null,
  limit: number,
): Promise<readonly CalendarRow[]> {
  return await run(sql<CalendarRow[]>`
    select b.id as booking_id, b.reference_code, b.version, b.status, sl.starts_at,
      coalesce(b.ends_at, sl.ends_at) as ends_at,
      b.updated_at as changed_at, c.time_zone,
      b.service_snapshot ->> 'name' as service_name,
      b.service_snapshot ->> 'staff_name' as staff_name, b.pet_snapshot ->> 'name' as pet_name,
      c.name as clinic_name, c.address as clinic_address, c.email as clinic_email
    from ${sources(sql)}
    where ${guard(sql, of)} ${span === null ? sql`` : within(sql, span)}
    order by b.booking_time, b.id
    limit ${limit}`);
}

/** A text that differs whenever the calendar does; much cheaper than the calendar. */
export async function calendarDigest(sql: Db, of: CalendarOf, span: CalendarSpan): Promise<string> {
  const { digest } = await runOne(sql<{ digest: string }[]>`
    select md5(coalesce(string_agg(
      concat_ws(' ', b.id, b.version, b.status, b.ends_at, sl.ends_at, b.updated_at, c.updated_at), ','
      order by b.booking_time, b.id
    ), '')) as digest
    from ${sources(sql)}
    where ${guard(sql, of)} ${within(sql, span)}`);
  return digest;
}

export type CalendarSync = {
  readonly booking_id: string;
  readonly reference_code: string;
  readonly calendar_synced_at: Temporal.Instant | null;
  readonly changed_at: Temporal.Instant;
  readonly time_zone: string;
};

/** Notes whether a booking stands in somebody's calendar; null = there is no such booking. */
export async function syncCalendar(
  sql: Db,
  booking_id: string,
  is_synced: boolean,
  actor: DbActor,
): Promise<CalendarSync | null> {
  const { outcome } = await runOne(sql<{ outcome: 'ok' | 'not_found' }[]>`
    select outcome from sync_calendar(${booking_id}, ${is_synced}, ${sql.json(actor)})`);
  if (outcome !== 'ok') return null;
  return await runOne(sql<CalendarSync[]>`
    select b.id as booking_id, b.reference_code, b.calendar_synced_at, b.updated_at as changed_at,
      c.time_zone
    from bookings b
    join clinics c on c.id = b.clinic_id
    where b.id = ${booking_id}`);
}

export type LinkKind = 'owner' | 'staff' | 'clinic';

export type CalendarLinkRow = {
  readonly link_id: string;
  readonly kind: LinkKind;
  readonly clinic_id: string | null;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly user_id: string | null;
  readonly name: string | null;
  readonly token_hash: Uint8Array;
  readonly created_at: Temporal.Instant;
  readonly last_read_at: Temporal.Instant | null;
  readonly revoked_at: Temporal.Instant | null;
};

const link_columns = (sql: Db) => sql`
  l.id as link_id, l.kind, l.clinic_id, l.staff_id, s.name as staff_name, l.user_id, l.name,
  l.token_hash, l.created_at, l.last_read_at, l.revoked_at`;

export type NewLink = {
  readonly link_id: string;
  readonly kind: LinkKind;
  readonly clinic_id: string | null;
  readonly staff_id: string | null;
  readonly user_id: string | null;
  readonly token_hash: Buffer;
  readonly name: string | null;
  readonly idempotency_key: string | null;
};

export type LinkCreated = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly link_id: string | null;
  readonly is_repeated: boolean;
};

/** Keeps a new address; a repeated request is answered with the link that it made. */
export async function createCalendarLink(
  sql: Db,
  link: NewLink,
  actor: DbActor,
): Promise<LinkCreated> {
  return await runOne(sql<LinkCreated[]>`
    select outcome, link_id, is_repeated
    from create_calendar_link(
      ${link.link_id}, ${link.kind}, ${link.clinic_id}, ${link.staff_id}, ${link.user_id},
      ${link.token_hash}, ${link.name}, ${link.idempotency_key}, ${sql.json(actor)}
    )`);
}

export async function revokeCalendarLink(
  sql: Db,
  link_id: string,
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' }> {
  return await runOne(sql<{ outcome: 'ok' | 'not_found' }[]>`
    select outcome from revoke_calendar_link(${link_id}, ${sql.json(actor)})`);
}

export async function findCalendarLink(sql: Db, link_id: string): Promise<CalendarLinkRow | null> {
  const [row] = await run(sql<CalendarLinkRow[]>`
    select ${link_columns(sql)}
    from calendar_links l
    left join staff s on s.id = l.staff_id
    where l.id = ${link_id}`);
  return row ?? null;
}

/** The open link of a secret. Notes that it was read, once an hour: reads must stay reads. */
export async function readCalendarLink(
  sql: Db,
  token_hash: Buffer,
): Promise<CalendarLinkRow | null> {
  const [row] = await run(sql<(CalendarLinkRow & { is_stale: boolean })[]>`
    select ${link_columns(sql)},
      l.last_read_at is null or l.last_read_at < now() - interval '1 hour' as is_stale
    from calendar_links l
    left join staff s on s.id = l.staff_id
    left join users u on u.id = l.user_id
    where l.token_hash = ${token_hash} and l.revoked_at is null
      and (l.user_id is null or not u.is_erased)`);
  if (!row) return null;
  if (row.is_stale) {
    await run(sql`
      update calendar_links set last_read_at = now() where id = ${row.link_id}`);
  }
  return row;
}

/** Links of an owner, or of the clinics that a caller reaches; newest first. */
export async function listCalendarLinks(
  sql: Db,
  filter: Scope & {
    readonly clinic_filter: string | null;
    readonly with_revoked: boolean;
    readonly before: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly CalendarLinkRow[]> {
  const { user_id, clinic_id, clinic_filter, with_revoked, before, limit } = filter;
  return await run(sql<CalendarLinkRow[]>`
    select ${link_columns(sql)}
    from calendar_links l
    left join staff s on s.id = l.staff_id
    where ${user_id === null ? sql`l.kind <> 'owner'` : sql`l.user_id = ${user_id}`}
      ${clinic_id === null ? sql`` : sql`and l.clinic_id = ${clinic_id}`}
      ${clinic_filter === null ? sql`` : sql`and l.clinic_id = ${clinic_filter}`}
      ${with_revoked ? sql`` : sql`and l.revoked_at is null`}
      ${before ? sql`and (l.created_at, l.id) < (${before.at.toString()}, ${before.id})` : sql``}
    order by l.created_at desc, l.id desc
    limit ${limit}`);
}
