-- What happened, and what has to go out because of it.

create table booking_logs (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  created_at timestamptz not null default now(),
  constraint booking_logs_booking_unique unique (booking_id)
);

-- One entry per version of a booking (invariant `one_event`).
create table booking_log_entries (
  id uuid primary key default gen_random_uuid(),
  log_id uuid not null references booking_logs (id),
  booking_version integer not null,
  action text not null,
  status text not null,
  previous_state jsonb,
  new_state jsonb,
  performed_by uuid,
  source text,
  request_id text,
  notes text,
  created_at timestamptz not null default now(),
  constraint booking_log_entries_version_unique unique (log_id, booking_version)
);

create index booking_log_entries_created on booking_log_entries (created_at);

-- The same for reservations, which have a history before there is a booking.
create table reservation_log_entries (
  reservation_id uuid not null,
  reservation_version integer not null,
  action text not null,
  previous_status text,
  status text not null,
  performed_by uuid,
  source text,
  request_id text,
  notes text,
  created_at timestamptz not null default now(),
  constraint reservation_log_entries_pkey primary key (reservation_id, reservation_version)
);

create table booking_events_outbox (
  id uuid primary key default gen_random_uuid(),
  -- Order of writing; holes and late commits happen, so nobody resumes by it.
  position bigint generated always as identity,
  -- Order of publication, given after commit by sequence_events(): readers resume by it.
  sequence bigint,
  aggregate_type text not null,
  aggregate_id uuid not null,
  aggregate_version integer,
  event_type text not null,
  clinic_id uuid not null,
  correlation_id text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  published boolean not null default false,
  published_at timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  last_error text,
  dead_at timestamptz
) with (fillfactor = 70);

create index outbox_unsequenced on booking_events_outbox (position) where sequence is null;
create unique index outbox_sequence on booking_events_outbox (sequence) where sequence is not null;
create index outbox_unpublished on booking_events_outbox (sequence)
  where sequence is not null and not published;
create index outbox_aggregate on booking_events_outbox (aggregate_id);

-- One row: the newest sequence. It outlives the pruning of old events.
create table outbox_state (
  only_row boolean primary key default true,
  last_sequence bigint not null default 0,
  constraint outbox_state_one_row check (only_row)
);

insert into outbox_state default values;

-- Which events people are told about, and by which channels unless they said otherwise.
-- booking.created has no row: booking.confirmed speaks for both (capabilities 7.12).
create table notification_rules (
  event_type text primary key,
  notification_type text not null,
  channels text[] not null
);

insert into notification_rules (event_type, notification_type, channels)
values
  ('booking.confirmed', 'booking_confirmed', '{email,push,sms}'),
  ('booking.cancelled', 'booking_cancelled', '{email,push,sms}'),
  ('booking.rescheduled', 'booking_rescheduled', '{email,push,sms}'),
  ('payment.failed', 'payment_failed', '{email,push}'),
  ('payment.late', 'payment_late', '{email,push}'),
  ('refund.processed', 'refund_processed', '{email}'),
  ('waitlist.offered', 'waitlist_offered', '{email,push,sms}');

create table notification_preferences (
  user_id uuid not null references users (id),
  channel text not null,
  enabled boolean not null default true,
  -- A push endpoint or another number; null = the address of the user row.
  address text,
  updated_at timestamptz not null default now(),
  constraint notification_preferences_pkey primary key (user_id, channel),
  constraint notification_preferences_channel_known check (channel in ('email', 'push', 'sms'))
);

-- What an owner sees in the app. Deliveries carry it to the outside.
create table notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  booking_id uuid references bookings (id),
  event_id uuid,
  type text not null,
  title text not null,
  content text not null default '',
  metadata jsonb not null default '{}',
  is_read boolean not null default false,
  read_at timestamptz,
  delivery_status text not null default 'pending',
  delivery_attempts jsonb not null default '[]',
  created_at timestamptz not null default now(),
  constraint notifications_event_unique unique (event_id, user_id),
  constraint notifications_delivery_known check (
    delivery_status in ('pending', 'sent', 'failed', 'none')
  )
);

create index notifications_user on notifications (user_id, created_at);

create table booking_reminders (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  clinic_id uuid not null references clinics (id),
  reminder_type text not null,
  scheduled_time timestamptz not null,
  -- The appointment that it speaks of: a moved booking makes it stale.
  booking_time timestamptz not null,
  status text not null default 'pending',
  delivery_channels jsonb not null default '["email"]',
  sent_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint booking_reminders_type_known check (
    reminder_type in ('upcoming', 'check_in', 'follow_up', 'review_request')
  ),
  constraint booking_reminders_status_known check (
    status in ('pending', 'sent', 'failed', 'cancelled')
  )
);

create index booking_reminders_booking on booking_reminders (booking_id);
create index booking_reminders_due on booking_reminders (scheduled_time) where status = 'pending';

-- One row per message and channel: retried with backoff, dead after the last try, resumable.
create table deliveries (
  id uuid primary key default gen_random_uuid(),
  event_id uuid,
  reminder_id uuid references booking_reminders (id),
  clinic_id uuid not null,
  booking_id uuid,
  user_id uuid not null,
  channel text not null,
  type text not null,
  address text not null,
  lang text not null,
  payload jsonb not null,
  correlation_id text,
  status text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_until timestamptz,
  last_error text,
  sent_at timestamptz,
  dead_at timestamptz,
  created_at timestamptz not null default now(),
  constraint deliveries_one_cause check (num_nonnulls(event_id, reminder_id) = 1),
  constraint deliveries_event_unique unique (event_id, channel, user_id),
  constraint deliveries_reminder_unique unique (reminder_id, channel),
  constraint deliveries_channel_known check (channel in ('email', 'push', 'sms')),
  constraint deliveries_status_known check (
    status in ('pending', 'sending', 'sent', 'dropped', 'dead')
  )
);

create index deliveries_due on deliveries (next_attempt_at) where status in ('pending', 'sending');
create index deliveries_booking on deliveries (booking_id) where booking_id is not null;
create index deliveries_dead on deliveries (dead_at) where status = 'dead';

-- Answers to repeated requests, kept 24 hours (capabilities, one key per mutation).
create table idempotency_keys (
  scope text not null,
  key text not null,
  request_hash text not null,
  status text not null default 'running',
  response_status integer,
  response_body jsonb,
  locked_until timestamptz not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (scope, key),
  constraint idempotency_keys_status_known check (status in ('running', 'done'))
);

create index idempotency_keys_expiry on idempotency_keys (expires_at);

-- Who did what, for whom and why. Append-only: the trigger below refuses everything else.
create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  clinic_id uuid,
  actor_kind text not null,
  actor_id uuid,
  on_behalf_of uuid,
  source text not null,
  request_id text,
  action text not null,
  target_type text not null,
  target_id text not null,
  reason text,
  before jsonb,
  after jsonb
);

create index audit_log_target on audit_log (target_type, target_id);
create index audit_log_at on audit_log (at);

create function refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception '% is append-only', tg_table_name
    using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only';
end
$$;

create trigger audit_log_append_only
before update or delete on audit_log
for each row execute function refuse_change();

create trigger audit_log_no_truncate
before truncate on audit_log
for each statement execute function refuse_change();
