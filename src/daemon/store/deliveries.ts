import { type Db, run, runOne } from './db.ts';

export type ClaimedDelivery = {
  /** Also the Message-ID's left part. */
  readonly delivery_id: string;
  readonly channel: 'email' | 'push' | 'sms';
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
};

/** Leases due messages to one dispatcher. */
export async function claimDeliveries(
  sql: Db,
  limit: number,
  lease_ms: number,
): Promise<readonly ClaimedDelivery[]> {
  return await run(sql<ClaimedDelivery[]>`
    select id as delivery_id, channel, type, address, lang, clinic_id, booking_id, user_id, payload,
      correlation_id, attempts
    from claim_deliveries(${limit}, ${lease_ms})`);
}

/** `dropped` = it was no longer true when its turn came; `conflict` = somebody else has finished it. */
type DeliveryEnd = 'sent' | 'pending' | 'dropped' | 'dead' | 'conflict';

/** Records how a message went. A retry becomes `dead` after the last try. */
export async function finishDelivery(
  sql: Db,
  delivery: {
    readonly delivery_id: string;
    readonly result: 'sent' | 'retry' | 'dropped' | 'dead';
    readonly error?: string | null;
    readonly retry_after_ms?: number | null;
  },
): Promise<{ readonly outcome: DeliveryEnd }> {
  const { delivery_id, result, error = null, retry_after_ms = null } = delivery;
  return await runOne(sql<{ outcome: DeliveryEnd }[]>`
    select outcome from finish_delivery(${delivery_id}, ${result}, ${error}, ${retry_after_ms})`);
}

/** Puts a dead message back in line with fresh tries; false when it was not dead. */
export async function resumeDelivery(sql: Db, delivery_id: string): Promise<boolean> {
  const rows = await run(sql`
    update deliveries
    set status = 'pending', attempts = 0, dead_at = null, next_attempt_at = now()
    where id = ${delivery_id} and status = 'dead'
    returning id`);
  return rows.length === 1;
}
