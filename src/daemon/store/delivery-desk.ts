import type { Channel } from '../../domain/ports.ts';
import type { DbActor } from './actor.ts';
import { type Db, run } from './db.ts';

/** Messages as those see them who look after what hangs. */

export type DeliveryStatus = 'pending' | 'sending' | 'sent' | 'dropped' | 'dead' | 'discarded';

export type DeliveryRow = {
  readonly delivery_id: string;
  readonly channel: Channel;
  readonly type: string;
  readonly status: DeliveryStatus;
  readonly clinic_id: string;
  readonly booking_id: string | null;
  readonly reference_code: string | null;
  readonly address: string;
  readonly attempts: number;
  readonly deferrals: number;
  readonly error_code: string | null;
  readonly error: string | null;
  readonly created_at: Temporal.Instant;
  readonly due_at: Temporal.Instant;
  readonly next_attempt_at: Temporal.Instant;
  readonly sent_at: Temporal.Instant | null;
  readonly dead_at: Temporal.Instant | null;
};

const columns = (sql: Db) => sql`
  d.id as delivery_id, d.channel, d.type, d.status, d.clinic_id, d.booking_id,
  coalesce(b.reference_code, d.payload ->> 'reference_code') as reference_code, d.address,
  d.attempts, d.deferrals, d.error_code, d.last_error as error, d.created_at, d.due_at,
  d.next_attempt_at, d.sent_at, d.dead_at`;

const within = (sql: Db, clinic_id: string | null) =>
  clinic_id === null ? sql`` : sql`and d.clinic_id = ${clinic_id}`;

export async function listDeliveries(
  sql: Db,
  filter: {
    readonly clinic_id: string | null;
    readonly status: DeliveryStatus | null;
    readonly channel: Channel | null;
    readonly error_code: string | null;
    readonly booking_ref: string | null;
    readonly before: { readonly at: Temporal.Instant; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<readonly DeliveryRow[]> {
  const { clinic_id, status, channel, error_code, booking_ref, before, limit } = filter;
  const is_code = booking_ref?.startsWith('BP') === true;
  return await run(sql<DeliveryRow[]>`
    select ${columns(sql)}
    from deliveries d
    left join bookings b on b.id = d.booking_id
    where true ${within(sql, clinic_id)}
      ${status === null ? sql`` : sql`and d.status = ${status}`}
      ${channel === null ? sql`` : sql`and d.channel = ${channel}`}
      ${error_code === null ? sql`` : sql`and d.error_code = ${error_code}`}
      ${booking_ref === null ? sql`` : is_code ? sql`and b.reference_code = ${booking_ref}` : sql`and d.booking_id = ${booking_ref}`}
      ${before ? sql`and (d.created_at, d.id) < (${before.at.toString()}, ${before.id})` : sql``}
    order by d.created_at desc, d.id desc
    limit ${limit}`);
}

export type DeliveryDetailRow = DeliveryRow & {
  readonly lang: 'en' | 'ja' | 'id';
  readonly provider_id: string | null;
  readonly correlation_id: string | null;
  readonly attached: readonly string[];
  readonly discard_reason: string | null;
  readonly bounced: string | null;
};

export async function findDelivery(
  sql: Db,
  delivery_id: string,
  clinic_id: string | null,
): Promise<DeliveryDetailRow | null> {
  const [row] = await run(sql<DeliveryDetailRow[]>`
    select ${columns(sql)}, d.lang, d.provider_id, d.correlation_id, d.attached, d.discard_reason,
      (
        select a.error from bounced_addresses a
        where a.channel = d.channel and a.address = d.address
      ) as bounced
    from deliveries d
    left join bookings b on b.id = d.booking_id
    where d.id = ${delivery_id} ${within(sql, clinic_id)}`);
  return row ?? null;
}

export type DeliveryError = {
  readonly error_code: string;
  readonly channel: Channel;
  readonly dead: number;
  readonly retrying: number;
  readonly first_at: Temporal.Instant;
  readonly last_at: Temporal.Instant;
  readonly sample_error: string;
  readonly sample_delivery_id: string;
};

/** Groups shown; more than that is one cause in many words. */
const GROUPS_MAX = 200;

export async function listDeliveryErrors(
  sql: Db,
  filter: { readonly clinic_id: string | null; readonly dead_only: boolean },
): Promise<readonly DeliveryError[]> {
  const { clinic_id, dead_only } = filter;
  return await run(sql<DeliveryError[]>`
    select coalesce(d.error_code, 'unknown') as error_code, d.channel,
      (count(*) filter (where d.status = 'dead'))::integer as dead,
      (count(*) filter (where d.status <> 'dead'))::integer as retrying,
      min(d.created_at) as first_at, max(coalesce(d.dead_at, d.created_at)) as last_at,
      coalesce((array_agg(d.last_error order by d.created_at desc))[1], '') as sample_error,
      (array_agg(d.id order by d.created_at desc))[1] as sample_delivery_id
    from deliveries d
    where (d.status = 'dead' ${
      dead_only ? sql`` : sql`or d.status in ('pending', 'sending') and d.last_error is not null`
    }) ${within(sql, clinic_id)}
    group by 1, 2
    order by dead desc, retrying desc, error_code
    limit ${GROUPS_MAX}`);
}

export type Candidate = {
  readonly delivery_id: string;
  readonly channel: Channel;
  readonly type: string;
  readonly reference_code: string | null;
  readonly error_code: string | null;
};

/** Dead messages that fit, oldest first; or the one with that id, whatever it is. */
export async function findCandidates(
  sql: Db,
  filter: {
    readonly clinic_id: string | null;
    readonly delivery_ids: readonly string[] | null;
    readonly channel: Channel | null;
    readonly error_code: string | null;
    readonly limit: number;
  },
): Promise<readonly Candidate[]> {
  const { clinic_id, delivery_ids, channel, error_code, limit } = filter;
  return await run(sql<Candidate[]>`
    select d.id as delivery_id, d.channel, d.type, d.error_code,
      coalesce(b.reference_code, d.payload ->> 'reference_code') as reference_code
    from deliveries d
    left join bookings b on b.id = d.booking_id
    where ${delivery_ids === null ? sql`d.status = 'dead'` : sql`d.id = any (${[...delivery_ids]}::uuid[])`}
      ${within(sql, clinic_id)}
      ${channel === null ? sql`` : sql`and d.channel = ${channel}`}
      ${error_code === null ? sql`` : sql`and coalesce(d.error_code, 'unknown') = ${error_code}`}
    order by d.dead_at, d.id
    limit ${limit}`);
}

type Change = 'retry' | 'discard';

/** Does it to those that still can be; returns them. */
export async function changeDeliveries(
  sql: Db,
  change: Change,
  wish: { readonly delivery_ids: readonly string[]; readonly reason: string },
  actor: DbActor,
): Promise<ReadonlySet<string>> {
  const ids = [...wish.delivery_ids];
  const rows = await run(
    change === 'retry'
      ? sql<{ delivery_id: string }[]>`
          select delivery_id
          from retry_deliveries(${ids}::uuid[], ${wish.reason}, ${sql.json(actor)})`
      : sql<{ delivery_id: string }[]>`
          select delivery_id
          from discard_deliveries(${ids}::uuid[], ${wish.reason}, ${sql.json(actor)})`,
  );
  return new Set(rows.map((row) => row.delivery_id));
}

export type ChannelRow = {
  readonly channel: Channel;
  readonly paused_at: Temporal.Instant | null;
  readonly pause_reason: string | null;
  readonly waiting: number;
  readonly later: number;
  readonly dead: number;
  readonly sent_last_hour: number;
  readonly oldest_due_at: Temporal.Instant | null;
};

export async function listChannels(
  sql: Db,
  clinic_id: string | null,
): Promise<readonly ChannelRow[]> {
  return await run(sql<ChannelRow[]>`
    select c.channel, c.paused_at, c.pause_reason, q.waiting, q.later, q.dead, q.oldest_due_at,
      (
        select count(*)::integer
        from deliveries d
        where d.channel = c.channel and d.status = 'sent'
          and d.created_at > now() - interval '1 day' and d.sent_at > now() - interval '1 hour'
          ${within(sql, clinic_id)}
      ) as sent_last_hour
    from delivery_channels c
    cross join lateral (
      select
        (count(*) filter (where d.status <> 'dead' and d.due_at <= now()
          and d.next_attempt_at <= now()))::integer as waiting,
        (count(*) filter (where d.status <> 'dead'
          and (d.due_at > now() or d.next_attempt_at > now())))::integer as later,
        (count(*) filter (where d.status = 'dead'))::integer as dead,
        min(d.due_at) filter (where d.status <> 'dead' and d.due_at <= now()
          and d.next_attempt_at <= now()) as oldest_due_at
      from deliveries d
      where d.channel = c.channel and d.status in ('pending', 'sending', 'dead')
        ${within(sql, clinic_id)}
    ) as q
    order by array_position(array['email', 'sms', 'push'], c.channel)`);
}

export async function pauseChannel(
  sql: Db,
  wish: { readonly channel: Channel; readonly is_paused: boolean; readonly reason: string | null },
  actor: DbActor,
): Promise<void> {
  const { channel, is_paused, reason } = wish;
  await run(sql`select pause_channel(${channel}, ${is_paused}, ${reason}, ${sql.json(actor)})`);
}
