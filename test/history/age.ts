import type { Sql } from 'postgres';
import type { App } from '../../src/daemon/app-types.ts';
import { createPruner, type PruneLimits } from '../../src/daemon/workers/prune.ts';

/** Columns that say when something was, of the tables that rules remove from and of what hangs on them. */
const times: Readonly<Record<string, readonly string[]>> = {
  slots: ['starts_at', 'ends_at', 'slot_date', 'created_at'],
  slot_claims: ['starts_at', 'ends_at', 'expires_at'],
  reservations: ['expires_at', 'created_at', 'updated_at'],
  bookings: ['booking_time', 'created_at', 'updated_at'],
  payments: ['created_at', 'updated_at', 'session_expires_at', 'session_closed_at', 'paid_at'],
  payment_attempts: ['created_at'],
  webhook_events: ['received_at'],
  deliveries: ['created_at', 'sent_at', 'due_at', 'next_attempt_at'],
  notifications: ['created_at'],
  booking_reminders: ['scheduled_time', 'booking_time', 'created_at', 'updated_at'],
  waitlist_entries: ['created_at', 'updated_at', 'wanted_from', 'wanted_to'],
  waitlist_offers: ['offered_at', 'ended_at'],
  reservation_log_entries: ['created_at'],
  booking_log_entries: ['created_at'],
  financial_entries: ['created_at'],
  outbox_replays: ['created_at', 'ended_at'],
};

/** So many days pass for all that is there: everything moves into the past by them. */
export async function passDays(sql: Sql, days: number): Promise<void> {
  for (const [table, columns] of Object.entries(times)) {
    const moved = columns.map((name) => `${name} = ${name} - interval '${days} days'`).join(', ');
    await sql.begin(async (tx) => {
      await tx`select set_config('petpro.writer', 'app', true)`;
      await tx.unsafe(`update ${table} set ${moved}`);
    });
  }
  for (const table of ['staff_claims', 'room_claims']) {
    await sql.unsafe(`
      update ${table} set during = tstzrange(
        lower(during) - interval '${days} days', upper(during) - interval '${days} days'
      )`);
  }
}

/** One whole round of every rule, or of one, however often it takes a tick. */
export async function pruneAll(
  app: App,
  what: string | null = null,
  limits: Partial<PruneLimits> = {},
): Promise<number> {
  await app.sql`
    update retention_rules
    set next_at = case when ${what}::text is null or what = ${what} then now() else now() + interval '1 year' end`;
  return await createPruner({ budget_ms: 60_000, ...limits }).tick(
    app,
    new AbortController().signal,
  );
}
