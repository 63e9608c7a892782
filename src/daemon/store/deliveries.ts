import type { Channel, PushDevice } from '../../domain/ports.ts';
import { type Db, run, runOne } from './db.ts';

export type ClaimedDelivery = {
  /** Also the Message-ID's left part. */
  readonly delivery_id: string;
  readonly channel: Channel;
  /** Which message: booking_confirmed, reminder_upcoming, ... */
  readonly type: string;
  readonly address: string;
  readonly lang: 'en' | 'ja' | 'id';
  readonly clinic_id: string;
  readonly booking_id: string | null;
  readonly user_id: string;
  /** The event's payload, or the booking's for a reminder. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly correlation_id: string | null;
  /** This try included. */
  readonly attempts: number;
  readonly deferrals: number;
  readonly claimed_at: Temporal.Instant;
};

/** Leases due messages of one channel to one dispatcher, oldest first. */
export async function claimDeliveries(
  sql: Db,
  claim: {
    readonly channel: Channel;
    readonly limit: number;
    readonly lease_ms: number;
    /** For all dispatchers together; 0 = no limit. */
    readonly rate_per_minute: number;
  },
): Promise<readonly ClaimedDelivery[]> {
  const { channel, limit, lease_ms, rate_per_minute } = claim;
  return await run(sql<ClaimedDelivery[]>`
    select id as delivery_id, channel, type, address, lang, clinic_id, booking_id, user_id, payload,
      correlation_id, attempts, deferrals, now() as claimed_at
    from claim_deliveries(${channel}, ${limit}, ${lease_ms}, ${rate_per_minute})
    order by due_at`);
}

/** `dropped` = it was no longer true when its turn came; `conflict` = somebody else has finished it. */
type DeliveryEnd = 'sent' | 'pending' | 'dropped' | 'dead' | 'conflict';

/** Records how a message went. A retry becomes `dead` after the last try. */
export async function finishDelivery(
  sql: Db,
  delivery: {
    readonly delivery_id: string;
    readonly result: 'sent' | 'retry' | 'defer' | 'postpone' | 'dropped' | 'dead';
    readonly error?: string | null;
    readonly code?: string | null;
    readonly retry_after_ms?: number | null;
    /** Of the lease: who lost it to somebody else changes nothing. */
    readonly attempts?: number | null;
    readonly is_bad_address?: boolean;
    readonly provider_id?: string | null;
  },
): Promise<{ readonly outcome: DeliveryEnd }> {
  const { delivery_id, result, error = null, code = null, retry_after_ms = null } = delivery;
  const { attempts = null, is_bad_address = false, provider_id = null } = delivery;
  return await runOne(sql<{ outcome: DeliveryEnd }[]>`
    select outcome from finish_delivery(
      ${delivery_id}, ${result}, ${error}, ${retry_after_ms}, ${code}, ${attempts},
      ${is_bad_address}, ${provider_id}
    )`);
}

/** What a provider's failure held back goes out now; returns how many messages. */
export async function releaseDeferred(sql: Db, channel: Channel): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select release_deferred(${channel}) as count`);
  return count;
}

/** What the receiver of a message says about it now; null when they are gone. */
export type Recipient = {
  readonly full_name: string;
  readonly clinic_name: string;
  readonly is_erased: boolean;
  readonly is_wanted: boolean;
  readonly is_optional_wanted: boolean;
  /** Where the owner lives, else where the clinic is. */
  readonly time_zone: string;
  /** `21:00`; null = as for everybody. */
  readonly quiet_from: string | null;
  readonly quiet_until: string | null;
  /** Why nothing arrives at this address any more. */
  readonly bounce: string | null;
};

export async function findRecipient(
  sql: Db,
  delivery: Pick<ClaimedDelivery, 'user_id' | 'clinic_id' | 'channel' | 'address'>,
): Promise<Recipient | null> {
  const { user_id, clinic_id, channel, address } = delivery;
  const [row] = await run(sql<Recipient[]>`
    select u.full_name, c.name as clinic_name, u.is_erased,
      coalesce(p.enabled, ${channel} = 'email') as is_wanted,
      coalesce(p.is_optional_wanted, true) as is_optional_wanted,
      coalesce(u.time_zone, c.time_zone) as time_zone,
      to_char(s.quiet_from, 'HH24:MI') as quiet_from,
      to_char(s.quiet_until, 'HH24:MI') as quiet_until,
      (
        select b.error from bounced_addresses b
        where b.channel = ${channel} and b.address = ${address}
      ) as bounce
    from users u
    join clinics c on c.id = ${clinic_id}
    left join notification_preferences p on p.user_id = u.id and p.channel = ${channel}
    left join notification_settings s on s.user_id = u.id
    where u.id = ${user_id}`);
  return row ?? null;
}

/** Devices of one owner that a message goes to; the newest, if somebody has more. */
const DEVICES_MAX = 10;

export async function findDevices(sql: Db, user_id: string): Promise<readonly PushDevice[]> {
  return await run(sql<PushDevice[]>`
    select id as device_id, kind, endpoint, p256dh, auth
    from push_devices
    where user_id = ${user_id} and ended_at is null
    order by created_at desc
    limit ${DEVICES_MAX}`);
}

/** The push service says that a device is gone: nothing is sent there again. */
export async function endDevice(sql: Db, device_id: string, reason: string): Promise<void> {
  await run(sql`
    update push_devices set ended_at = now(), end_reason = left(${reason}, 200)
    where id = ${device_id} and ended_at is null`);
}
