import type { Channel } from '../../domain/ports.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';
import { withinReach } from './owners.ts';

/** What owners were told in the app, and how they want to be told. */

export type NotificationRow = {
  readonly notification_id: string;
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly type: string;
  readonly title: string;
  readonly content: string;
  readonly is_read: boolean;
  readonly read_at: Temporal.Instant | null;
  readonly delivery_status: 'pending' | 'sent' | 'failed' | 'none';
  readonly created_at: Temporal.Instant;
  /** Of the booking; tells what an old message is about. */
  readonly reservation_id: string | null;
};

const columns = (sql: Db) => sql`
  n.id as notification_id, n.booking_id, b.reference_code, n.type, n.title, n.content, n.is_read,
  n.read_at, n.delivery_status, n.created_at,
  coalesce(b.reservation_id, nullif(n.metadata ->> 'reservation_id', '')::uuid) as reservation_id`;

export async function listNotifications(
  sql: Db,
  filter: {
    readonly user_id: string;
    readonly unread: boolean;
    readonly before: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly NotificationRow[]> {
  const { user_id, unread, before, limit } = filter;
  return await run(sql<NotificationRow[]>`
    select ${columns(sql)}
    from notifications n
    left join bookings b on b.id = n.booking_id
    where n.user_id = ${user_id}
      ${unread ? sql`and not n.is_read` : sql``}
      ${before ? sql`and (n.created_at, n.id) < (${before.at.toString()}, ${before.id})` : sql``}
    order by n.created_at desc, n.id desc
    limit ${limit}`);
}

/** More are shown as that many. */
const UNREAD_MAX = 1_000;

export async function countUnread(sql: Db, user_id: string): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select count(*)::integer as count
    from (
      select from notifications n
      where n.user_id = ${user_id} and not n.is_read
      limit ${UNREAD_MAX}
    ) as unread`);
  return count;
}

/** Marks one of the owner's own; null when there is none. */
export async function readNotification(
  sql: Db,
  notification_id: string,
  user_id: string,
): Promise<NotificationRow | null> {
  const marked = await run(sql`
    update notifications
    set is_read = true, read_at = coalesce(read_at, now())
    where id = ${notification_id} and user_id = ${user_id}
    returning id`);
  if (marked.length === 0) return null;
  const [row] = await run(sql<NotificationRow[]>`
    select ${columns(sql)}
    from notifications n
    left join bookings b on b.id = n.booking_id
    where n.id = ${notification_id}`);
  return row ?? null;
}

/** Whether a caller may look after this owner at all. */
export async function mayReachOwner(sql: Db, user_id: string, scope: Scope): Promise<boolean> {
  const rows = await run(sql`
    select
    from users u
    where u.id = ${user_id} and not u.is_erased
      ${withinReach(sql, scope)}`);
  return rows.length === 1;
}

export type PreferenceRow = {
  readonly channel: Channel;
  readonly enabled: boolean;
  readonly is_optional_wanted: boolean;
  readonly address: string | null;
  readonly bounced: string | null;
};

export async function readPreferences(sql: Db, user_id: string): Promise<readonly PreferenceRow[]> {
  return await run(sql<PreferenceRow[]>`
    select k.channel, coalesce(p.enabled, k.channel = 'email') as enabled,
      coalesce(p.is_optional_wanted, true) as is_optional_wanted, a.address, b.error as bounced
    from unnest(array['email', 'sms', 'push']) with ordinality as k (channel, place)
    join users u on u.id = ${user_id}
    left join notification_preferences p on p.user_id = u.id and p.channel = k.channel
    cross join lateral (
      select coalesce(
        p.address, case k.channel when 'email' then u.email when 'sms' then u.phone end
      ) as address
    ) as a
    left join bounced_addresses b on b.channel = k.channel and b.address = a.address
    order by k.place`);
}

type Settings = {
  readonly time_zone: string | null;
  readonly quiet_from: string | null;
  readonly quiet_until: string | null;
};

export async function readSettings(sql: Db, user_id: string): Promise<Settings> {
  return await runOne(sql<Settings[]>`
    select u.time_zone, to_char(s.quiet_from, 'HH24:MI') as quiet_from,
      to_char(s.quiet_until, 'HH24:MI') as quiet_until
    from users u
    left join notification_settings s on s.user_id = u.id
    where u.id = ${user_id}`);
}

export async function setPreferences(
  sql: Db,
  wish: {
    readonly user_id: string;
    /** By channel: only what changes. */
    readonly channels: Readonly<
      Record<string, Readonly<Record<string, string | boolean | undefined>>>
    >;
    readonly quiet_from: string | null;
    readonly quiet_until: string | null;
  },
  actor: DbActor,
): Promise<'ok' | 'not_found'> {
  const { user_id, channels, quiet_from, quiet_until } = wish;
  const { outcome } = await runOne(sql<{ outcome: 'ok' | 'not_found' }[]>`
    select outcome from set_preferences(
      ${user_id}, ${sql.json(channels)}, ${quiet_from}::text::time, ${quiet_until}::text::time,
      ${sql.json(actor)}
    )`);
  return outcome;
}

/** The owner of a message wants no more of what they can do without; false when it is unknown. */
export async function stopOptional(sql: Db, delivery_id: string): Promise<boolean> {
  const rows = await run(sql`
    insert into notification_preferences as p (user_id, channel, enabled, is_optional_wanted)
    select d.user_id, d.channel, d.channel = 'email', false
    from deliveries d
    where d.id = ${delivery_id}
    on conflict (user_id, channel) do update set is_optional_wanted = false, updated_at = now()
    returning p.user_id`);
  return rows.length === 1;
}

/** The language of whoever got a message; null when there was none. */
export async function langOfDelivery(
  sql: Db,
  delivery_id: string,
): Promise<'en' | 'ja' | 'id' | null> {
  const [row] = await run(sql<{ lang: 'en' | 'ja' | 'id' }[]>`
    select lang from deliveries where id = ${delivery_id}`);
  return row?.lang ?? null;
}

export type DeviceRow = {
  readonly device_id: string;
  readonly kind: 'webpush' | 'fcm';
  readonly created_at: Temporal.Instant;
};

/** Devices that one owner may have; the oldest would never be reached by more. */
export const devices_max = 10;

export async function listDevices(sql: Db, user_id: string): Promise<readonly DeviceRow[]> {
  return await run(sql<DeviceRow[]>`
    select id as device_id, kind, created_at
    from push_devices
    where user_id = ${user_id} and ended_at is null
    order by created_at desc
    limit ${devices_max}`);
}

export async function addPushDevice(
  sql: Db,
  device: {
    readonly user_id: string;
    readonly kind: 'webpush' | 'fcm';
    readonly endpoint: string;
    readonly p256dh: string | null;
    readonly auth: string | null;
  },
): Promise<{ readonly device_id: string }> {
  const { user_id, kind, endpoint, p256dh, auth } = device;
  return await runOne(sql<{ device_id: string }[]>`
    select device_id from add_push_device(${user_id}, ${kind}, ${endpoint}, ${p256dh}, ${auth})`);
}

/** Ends a device of that owner; false when it is not theirs. Saying it twice changes nothing. */
export async function removePushDevice(
  sql: Db,
  user_id: string,
  device_id: string,
): Promise<boolean> {
  const rows = await run(sql`
    update push_devices
    set ended_at = coalesce(ended_at, now()), end_reason = coalesce(end_reason, 'removed')
    where id = ${device_id} and user_id = ${user_id}
    returning id`);
  return rows.length === 1;
}

export async function sendNote(
  sql: Db,
  note: {
    readonly user_id: string;
    readonly clinic_id: string;
    readonly booking_id: string | null;
    readonly title: string;
    readonly content: string;
  },
  actor: DbActor,
): Promise<{
  readonly outcome: 'ok' | 'not_found';
  readonly notification_id: string | null;
  readonly channels: readonly Channel[] | null;
}> {
  const { user_id, clinic_id, booking_id, title, content } = note;
  return await runOne(sql<Awaited<ReturnType<typeof sendNote>>[]>`
    select outcome, notification_id, channels
    from send_note(
      ${user_id}, ${clinic_id}, ${booking_id}, ${title}, ${content}, ${sql.json(actor)}
    )`);
}

export async function resendBooking(
  sql: Db,
  booking_id: string,
  channel: Channel | null,
  actor: DbActor,
): Promise<{
  readonly outcome: 'ok' | 'not_found' | 'policy_refused';
  readonly problem: 'no_channel' | 'too_often' | null;
  readonly type: string | null;
  readonly channels: readonly Channel[] | null;
}> {
  return await runOne(sql<Awaited<ReturnType<typeof resendBooking>>[]>`
    select outcome, problem, type, channels
    from resend_booking(${booking_id}, ${channel}, ${sql.json(actor)})`);
}
