import type { Harness } from './harness.ts';

/**
 * Everything that a refused request must not touch, as one text. Keys and stamps of use are left
 * out.
 */
export async function stateOf({ sql }: Harness): Promise<string> {
  const [row] = await sql<{ state: string }[]>`
    select concat_ws('/',
      (select count(*) || ':' || coalesce(sum(version), 0) from reservations),
      (select count(*) || ':' || coalesce(sum(version), 0) from bookings),
      (select count(*) from slot_claims),
      (select count(*) from payments),
      (select count(*) from refunds),
      (select count(*) from cash_counts),
      (select count(*) from settlements),
      (select count(*) || ':' || coalesce(sum(version), 0) from waitlist_entries),
      (select count(*) || ':' || coalesce(sum(version), 0) from webhook_endpoints),
      (select count(*) from webhook_deliveries),
      (select count(*) || ':' || coalesce(sum(attempts), 0) from consumed_events),
      (select count(*) || ':' || coalesce(sum(version), 0) from reviews),
      (select count(*) || ':' || count(read_at) from notifications),
      (select count(*) || ':' || count(discarded_at) from deliveries),
      (select count(*) || ':' || count(ended_at) from push_devices),
      (select max(updated_at) from notification_preferences),
      (select count(*) from delivery_channels where paused_at is not null),
      (select count(*) from booking_attachments),
      (select count(*) || ':' || count(revoked_at) from calendar_links),
      (select count(*) || ':' || count(*) filter (where reason = 'skipped') from booking_reminders),
      (select count(*) || ':' || coalesce(sum(version), 0) from reminder_rules),
      (select max(requested_at) from views_state),
      (select count(*) from users),
      (select count(*) from pets),
      (select count(*) from booking_events_outbox),
      (select count(*) from idempotency_keys),
      (select coalesce(sum(booked_count), 0) from slots)
    ) as state`;
  return row?.state ?? '';
}
