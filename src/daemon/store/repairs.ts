import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Safe repairs: each is one statement that looks again, acts, and leaves its audit entry. */

type RepairOutcome = 'ok' | 'already_done' | 'not_found' | 'policy_refused';

/** Counts the booked seats of a slot anew, under its row lock. */
export async function recountSlot(
  sql: Db,
  slot_id: string,
  reason: string,
  actor: DbActor,
): Promise<RepairOutcome> {
  const { outcome } = await runOne(sql<{ outcome: RepairOutcome }[]>`
    select outcome from recount_slot(${slot_id}, ${reason}, ${sql.json(actor)})`);
  return outcome;
}

/** Sends back money that has neither booking nor refund. */
export async function refundStranded(
  sql: Db,
  payment_id: string,
  reason: string,
  actor: DbActor,
): Promise<RepairOutcome> {
  const { outcome } = await runOne(sql<{ outcome: RepairOutcome }[]>`
    select outcome from refund_stranded(${payment_id}, ${reason}, ${sql.json(actor)})`);
  return outcome;
}

export type MoneyTrouble = {
  readonly kind: 'inbox.unsettled' | 'inbox.unmatched' | 'payment.unsettled' | 'refund.stuck';
  readonly count: number;
  readonly sample: readonly Readonly<Record<string, unknown>>[];
};

/** Rows counted of each kind, at most. */
const COUNT_MAX = 1_000;
const SAMPLE_MAX = 5;

/**
 * Money that is late rather than wrong. Every query rides on a partial index or on the last week of the inbox,
 * so that looking costs the same however long the history is.
 */
export async function moneyTroubles(sql: Db): Promise<readonly MoneyTrouble[]> {
  return await run(sql<MoneyTrouble[]>`
    with found as (
      (
        select 'inbox.unsettled' as kind,
          jsonb_build_object('event_id', event_id, 'received_at', received_at) as row
        from webhook_events
        where received_at between now() - interval '7 days' and now() - interval '1 minute'
          and outcome is null
        limit ${COUNT_MAX}
      )
      union all
      (
        select 'inbox.unmatched',
          jsonb_build_object('event_id', event_id, 'received_at', received_at)
        from webhook_events
        where received_at between now() - interval '7 days' and now() - interval '1 minute'
          and payment_id is null
          and event_type in (
            'checkout.session.completed', 'checkout.session.async_payment_succeeded'
          )
        limit ${COUNT_MAX}
      )
      union all
      (
        -- A page lives half an hour; the poller asks the provider about what is older.
        select 'payment.unsettled',
          jsonb_build_object('payment_id', id, 'session_id', session_id, 'since', created_at)
        from payments
        where status in ('pending', 'processing')
          and session_id is not null
          and session_closed_at is null
          and created_at < now() - interval '1 day'
        limit ${COUNT_MAX}
      )
      union all
      (
        select 'refund.stuck',
          jsonb_build_object('payment_id', id, 'refund_status', refund_status)
        from payments
        where refund_status in ('pending', 'processing', 'failed')
          and (refund_status = 'failed' or updated_at < now() - interval '1 day')
        limit ${COUNT_MAX}
      )
    )
    select kind, count(*)::integer as count,
      to_json((array_agg(row))[1:${SAMPLE_MAX}::integer]) as sample
    from found
    group by kind
    order by kind`);
}

export type InventoryState = {
  readonly findings: Readonly<Record<string, number>>;
  /** Since the last look; null before the first. */
  readonly age_ms: number | null;
};

/** What the periodic look found last, whichever daemon looked. */
export async function readInventory(sql: Db): Promise<InventoryState> {
  return await runOne(sql<InventoryState[]>`
    select findings, (extract(epoch from now() - looked_at) * 1000)::float8 as age_ms
    from inventory_state`);
}

/**
 * Takes the next look for this daemon when the last one, whoever had it, is old enough. A daemon that dies while
 * it looks is followed by another after the same time.
 */
export async function claimInventory(sql: Db, every_ms: number): Promise<boolean> {
  const rows = await run(sql`
    update inventory_state
    set looked_at = now()
    where looked_at is null or looked_at < now() - ${every_ms} * interval '1 millisecond'
    returning looked_at`);
  return rows.length === 1;
}

/** Notes what was found. */
export async function writeInventory(
  sql: Db,
  findings: Readonly<Record<string, number>>,
): Promise<void> {
  await run(sql`update inventory_state set findings = ${sql.json(findings)}, looked_at = now()`);
}
