-- Written by scripts/dump-schema.ts from the migrations. Do not edit.

create domain approval_status as text
  constraint reservations_approval_known CHECK ((VALUE = ANY (ARRAY['none'::text, 'awaiting'::text, 'approved'::text, 'rejected'::text])));

create domain price_amount as numeric(15,3)
  constraint reservations_amount_range CHECK ((VALUE >= (0)::numeric));

create domain reservation_status as text
  constraint reservations_status_known CHECK ((VALUE = ANY (ARRAY['pending'::text, 'confirmed'::text, 'cancelled'::text, 'expired'::text])));

create domain seat_count as integer
  constraint reservations_quantity_range CHECK (((VALUE >= 1) AND (VALUE <= 50)));

create domain seat_number as integer
  constraint slot_claims_seat_positive CHECK ((VALUE >= 1));

create sequence availability_0;

create sequence availability_1;

create sequence availability_10;

create sequence availability_11;

create sequence availability_12;

create sequence availability_13;

create sequence availability_14;

create sequence availability_15;

create sequence availability_16;

create sequence availability_17;

create sequence availability_18;

create sequence availability_19;

create sequence availability_2;

create sequence availability_20;

create sequence availability_21;

create sequence availability_22;

create sequence availability_23;

create sequence availability_24;

create sequence availability_25;

create sequence availability_26;

create sequence availability_27;

create sequence availability_28;

create sequence availability_29;

create sequence availability_3;

create sequence availability_30;

create sequence availability_31;

create sequence availability_32;

create sequence availability_33;

create sequence availability_34;

create sequence availability_35;

create sequence availability_36;

create sequence availability_37;

create sequence availability_38;

create sequence availability_39;

create sequence availability_4;

create sequence availability_40;

create sequence availability_41;

create sequence availability_42;

create sequence availability_43;

create sequence availability_44;

create sequence availability_45;

create sequence availability_46;

create sequence availability_47;

create sequence availability_48;

create sequence availability_49;

create sequence availability_5;

create sequence availability_50;

create sequence availability_51;

create sequence availability_52;

create sequence availability_53;

create sequence availability_54;

create sequence availability_55;

create sequence availability_56;

create sequence availability_57;

create sequence availability_58;

create sequence availability_59;

create sequence availability_6;

create sequence availability_60;

create sequence availability_61;

create sequence availability_62;

create sequence availability_63;

create sequence availability_7;

create sequence availability_8;

create sequence availability_9;

create sequence hold_numbers;

create table alert_changes (
  id bigint not null generated always as identity,
  at timestamp with time zone not null default now(),
  name text not null,
  change text not null,
  value double precision,
  by text,
  reason text,
  constraint alert_changes_pkey PRIMARY KEY (id),
  constraint alert_changes_known CHECK ((change = ANY (ARRAY['fired'::text, 'cleared'::text, 'acked'::text, 'muted'::text, 'unmuted'::text])))
);

create table alerts (
  name text not null,
  state text not null default 'ok'::text,
  value double precision,
  detail text,
  over_since timestamp with time zone,
  well_since timestamp with time zone,
  fired_at timestamp with time zone,
  cleared_at timestamp with time zone,
  acked_at timestamp with time zone,
  acked_by text,
  ack_reason text,
  muted_until timestamp with time zone,
  muted_by text,
  mute_reason text,
  constraint alerts_pkey PRIMARY KEY (name),
  constraint alerts_firing_has_time CHECK (((state <> 'firing'::text) OR (fired_at IS NOT NULL))),
  constraint alerts_mute_has_reason CHECK (((muted_until IS NULL) OR (mute_reason IS NOT NULL))),
  constraint alerts_state_known CHECK ((state = ANY (ARRAY['ok'::text, 'pending'::text, 'firing'::text])))
);

create table api_keys (
  id uuid not null default gen_random_uuid(),
  operator_id uuid,
  prefix text not null,
  key_hash bytea not null,
  role text not null,
  clinic_id uuid,
  name text not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint api_keys_hash_size CHECK ((octet_length(key_hash) = 32)),
  constraint api_keys_hash_unique UNIQUE (key_hash),
  constraint api_keys_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES operators(id),
  constraint api_keys_prefix_unique UNIQUE (prefix),
  constraint api_keys_role_known CHECK ((role = ANY (ARRAY['viewer'::text, 'desk'::text, 'manager'::text, 'sre'::text, 'ci'::text, 'admin'::text])))
);

create table audit_log (
  id bigint not null generated always as identity,
  at timestamp with time zone not null default now(),
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
  after jsonb,
  constraint audit_log_pkey PRIMARY KEY (id)
);

create table authorisations (
  payment_id uuid not null,
  reservation_id uuid not null,
  clinic_id uuid not null,
  payment_intent text not null,
  status text not null default 'open'::text,
  capture_before timestamp with time zone not null default (now() + '5 days'::interval),
  decided_by uuid,
  decided_at timestamp with time zone,
  reason text,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone not null default now(),
  last_error text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint authorisations_pkey PRIMARY KEY (payment_id),
  constraint authorisations_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint authorisations_intent_unique UNIQUE (payment_intent),
  constraint authorisations_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint authorisations_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint authorisations_status_known CHECK ((status = ANY (ARRAY['open'::text, 'capturing'::text, 'captured'::text, 'voiding'::text, 'voided'::text])))
);

create table backup_notes (
  id bigint not null generated always as identity,
  made_at timestamp with time zone not null default now(),
  label text not null,
  bytes bigint,
  is_verified boolean not null,
  constraint backup_notes_pkey PRIMARY KEY (id),
  constraint backup_notes_bytes_positive CHECK ((bytes >= 0))
);

create table booking_attachments (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  file_name text not null,
  file_url text not null,
  file_type text not null,
  description text,
  file_size integer not null,
  is_public boolean not null default false,
  uploaded_at timestamp with time zone not null default now(),
  created_at timestamp with time zone not null default now(),
  sha256 text not null,
  uploaded_by uuid,
  uploaded_by_owner boolean not null default false,
  constraint booking_attachments_pkey PRIMARY KEY (id),
  constraint booking_attachments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint booking_attachments_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
  constraint booking_attachments_size_range CHECK (((file_size >= 1) AND (file_size <= 26214400))),
  constraint booking_attachments_url_unique UNIQUE (file_url)
);

create table booking_events_outbox (
  id uuid not null default gen_random_uuid(),
  position bigint not null generated always as identity,
  sequence bigint,
  aggregate_type text not null,
  aggregate_id uuid not null,
  aggregate_version integer,
  event_type text not null,
  clinic_id uuid not null,
  correlation_id text not null,
  payload jsonb not null,
  created_at timestamp with time zone not null default now(),
  published boolean not null default false,
  published_at timestamp with time zone,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone,
  last_error text,
  dead_at timestamp with time zone,
  error_code text,
  constraint booking_events_outbox_pkey PRIMARY KEY (id)
) with (fillfactor=70);

create table booking_items (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  position integer not null,
  service_id uuid not null,
  slot_id uuid,
  name text not null,
  quantity integer not null default 1,
  unit_price numeric(15,3) not null,
  amount numeric(15,3) not null,
  created_at timestamp with time zone not null default now(),
  constraint booking_items_pkey PRIMARY KEY (id),
  constraint booking_items_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint booking_items_position_unique UNIQUE (booking_id, "position"),
  constraint booking_items_quantity_range CHECK (((quantity >= 1) AND (quantity <= 50))),
  constraint booking_items_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint booking_items_slot_id_fkey FOREIGN KEY (slot_id) REFERENCES slots(id)
);

create table booking_log_entries (
  id uuid not null default gen_random_uuid(),
  log_id uuid not null,
  booking_version integer not null,
  action text not null,
  status text not null,
  previous_state jsonb,
  new_state jsonb,
  performed_by uuid,
  source text,
  request_id text,
  notes text,
  created_at timestamp with time zone not null default now(),
  constraint booking_log_entries_pkey PRIMARY KEY (id),
  constraint booking_log_entries_log_id_fkey FOREIGN KEY (log_id) REFERENCES booking_logs(id),
  constraint booking_log_entries_version_unique UNIQUE (log_id, booking_version)
);

create table booking_logs (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  created_at timestamp with time zone not null default now(),
  constraint booking_logs_pkey PRIMARY KEY (id),
  constraint booking_logs_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint booking_logs_booking_unique UNIQUE (booking_id)
);

create table booking_participants (
  reservation_id uuid not null,
  position integer not null,
  pet_id uuid,
  name text,
  owner_name text,
  constraint booking_participants_pkey PRIMARY KEY (reservation_id, "position"),
  constraint booking_participants_one_name CHECK ((num_nonnulls(pet_id, name) = 1)),
  constraint booking_participants_pet_id_fkey FOREIGN KEY (pet_id) REFERENCES pets(id),
  constraint booking_participants_position_range CHECK ((("position" >= 1) AND ("position" <= 50))),
  constraint booking_participants_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id) ON DELETE CASCADE
);

create table booking_reminders (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  clinic_id uuid not null,
  reminder_type text not null,
  scheduled_time timestamp with time zone not null,
  booking_time timestamp with time zone not null,
  status text not null default 'pending'::text,
  delivery_channels jsonb not null default '["email"]'::jsonb,
  sent_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  offset_minutes integer not null default 0,
  booking_version integer not null default 1,
  reason text,
  note text,
  constraint booking_reminders_pkey PRIMARY KEY (id),
  constraint booking_reminders_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint booking_reminders_channels_list CHECK ((jsonb_typeof(delivery_channels) = 'array'::text)),
  constraint booking_reminders_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint booking_reminders_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text, 'cancelled'::text]))),
  constraint booking_reminders_type_known CHECK ((reminder_type = ANY (ARRAY['upcoming'::text, 'check_in'::text, 'follow_up'::text, 'review_request'::text])))
);

create table booking_series (
  id uuid not null,
  number bigint not null generated always as identity,
  clinic_id uuid not null,
  service_id uuid not null,
  user_id uuid not null,
  pet_id uuid,
  staff_id uuid,
  quantity integer not null,
  every integer not null,
  unit text not null,
  weekdays smallint[] not null default '{}'::smallint[],
  month_by text not null default 'date'::text,
  start_date date not null,
  start_time time without time zone not null,
  visits_asked integer not null,
  until_date date,
  notes text,
  created_by uuid,
  source text,
  correlation_id text,
  created_at timestamp with time zone not null default now(),
  constraint booking_series_pkey PRIMARY KEY (id),
  constraint booking_series_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint booking_series_every_range CHECK (((every >= 1) AND (every <= 365))),
  constraint booking_series_month_known CHECK ((month_by = ANY (ARRAY['date'::text, 'weekday'::text]))),
  constraint booking_series_number_unique UNIQUE (number),
  constraint booking_series_pet_id_fkey FOREIGN KEY (pet_id) REFERENCES pets(id),
  constraint booking_series_quantity_range CHECK (((quantity >= 1) AND (quantity <= 50))),
  constraint booking_series_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint booking_series_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id),
  constraint booking_series_unit_known CHECK ((unit = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
  constraint booking_series_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint booking_series_visits_range CHECK (((visits_asked >= 2) AND (visits_asked <= 52)))
);

create table bookings (
  id uuid not null default gen_random_uuid(),
  reservation_id uuid,
  user_id uuid not null,
  pet_id uuid,
  clinic_id uuid not null,
  service_id uuid not null,
  slot_id uuid not null,
  payment_id uuid,
  reference_code text not null,
  quantity integer not null default 1,
  amount numeric(15,3) not null,
  amount_due numeric(15,3) not null,
  currency text not null,
  payment_mode text not null default 'prepaid'::text,
  status text not null default 'confirmed'::text,
  cancellation_reason text,
  cancelled_by text,
  cancelled_at timestamp with time zone,
  refund_percent integer,
  refund_percent_cap integer not null default 100,
  notes text,
  pet_snapshot jsonb not null default '{}'::jsonb,
  service_snapshot jsonb not null default '{}'::jsonb,
  user_snapshot jsonb not null default '{}'::jsonb,
  policy_snapshot jsonb not null default '[]'::jsonb,
  booking_time timestamp with time zone not null,
  arrived_at timestamp with time zone,
  started_at timestamp with time zone,
  completed_at timestamp with time zone,
  calendar_synced_at timestamp with time zone,
  source text,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  price_lines jsonb,
  tax_amount numeric(15,3),
  series_id uuid,
  series_position integer,
  imported_at timestamp with time zone,
  item_count smallint not null default 1,
  ends_at timestamp with time zone,
  constraint bookings_pkey PRIMARY KEY (id),
  constraint bookings_amount_range CHECK (((amount >= (0)::numeric) AND (amount_due >= (0)::numeric) AND (amount_due <= amount))),
  constraint bookings_cancelled_by_known CHECK ((cancelled_by = ANY (ARRAY['owner'::text, 'clinic'::text]))),
  constraint bookings_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint bookings_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint bookings_payment_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint bookings_payment_mode_known CHECK ((payment_mode = ANY (ARRAY['prepaid'::text, 'at_clinic'::text]))),
  constraint bookings_reference_unique UNIQUE (reference_code),
  constraint bookings_refund_percent_range CHECK ((((refund_percent >= 0) AND (refund_percent <= 100)) AND ((refund_percent_cap >= 0) AND (refund_percent_cap <= 100)))),
  constraint bookings_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint bookings_reservation_unique UNIQUE (reservation_id),
  constraint bookings_series_id_fkey FOREIGN KEY (series_id) REFERENCES booking_series(id),
  constraint bookings_series_place CHECK (((series_id IS NULL) = (series_position IS NULL))),
  constraint bookings_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint bookings_slot_id_fkey FOREIGN KEY (slot_id) REFERENCES slots(id),
  constraint bookings_status_known CHECK ((status = ANY (ARRAY['confirmed'::text, 'in-progress'::text, 'completed'::text, 'cancelled'::text, 'no-show'::text]))),
  constraint bookings_tax_range CHECK (((tax_amount >= (0)::numeric) AND (tax_amount <= amount)))
) with (fillfactor=85);

create table bounced_addresses (
  channel text not null,
  address text not null,
  error text not null,
  delivery_id uuid not null,
  bounced_at timestamp with time zone not null default now(),
  constraint bounced_addresses_pkey PRIMARY KEY (channel, address)
);

create table calendar_links (
  id uuid not null,
  kind text not null,
  clinic_id uuid,
  staff_id uuid,
  user_id uuid,
  token_hash bytea not null,
  name text,
  created_by uuid,
  idempotency_key text,
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  revoked_by uuid,
  last_read_at timestamp with time zone,
  constraint calendar_links_pkey PRIMARY KEY (id),
  constraint calendar_links_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint calendar_links_hash_size CHECK ((octet_length(token_hash) = 32)),
  constraint calendar_links_hash_unique UNIQUE (token_hash),
  constraint calendar_links_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id) ON DELETE CASCADE,
  constraint calendar_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint calendar_links_whose CHECK (
CASE kind
    WHEN 'owner'::text THEN ((user_id IS NOT NULL) AND (num_nonnulls(clinic_id, staff_id) = 0))
    WHEN 'staff'::text THEN ((user_id IS NULL) AND (num_nonnulls(clinic_id, staff_id) = 2))
    WHEN 'clinic'::text THEN ((num_nonnulls(user_id, staff_id) = 0) AND (clinic_id IS NOT NULL))
    ELSE false
END)
);

create table cash_counts (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  business_date date not null,
  expected numeric(15,3) not null,
  counted numeric(15,3) not null,
  difference numeric(15,3) not null generated always as ((counted - expected)) stored,
  currency text not null,
  note text,
  counted_by uuid,
  created_at timestamp with time zone not null default now(),
  constraint cash_counts_pkey PRIMARY KEY (id),
  constraint cash_counts_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint cash_counts_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint cash_counts_not_negative CHECK ((counted >= (0)::numeric))
);

create table clinic_ratings (
  clinic_id uuid not null,
  category text not null,
  rating integer not null,
  review_count integer not null,
  constraint clinic_ratings_pkey PRIMARY KEY (clinic_id, category, rating),
  constraint clinic_ratings_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id)
);

create table clinics (
  id uuid not null default gen_random_uuid(),
  code text not null,
  name text not null,
  kind text not null default 'clinic'::text,
  city text not null,
  address text,
  phone text,
  email text,
  time_zone text not null,
  currency text not null,
  lang text not null default 'en'::text,
  hold_ms integer not null default 600000,
  commission_bp integer not null default 1000,
  tax_bp integer not null default 0,
  cancellation_policy jsonb not null default '[{"percent": 0, "from_hours": 0}, {"percent": 50, "from_hours": 24}, {"percent": 100, "after_hours": 48}]'::jsonb,
  is_active boolean not null default true,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  undo_ms integer not null default 30000,
  approval_ms integer not null default 86400000,
  tax_included boolean not null default true,
  desk_refund_limit numeric(15,3),
  check_in_hours integer not null default 12,
  waitlist_offer_ms integer not null default 1800000,
  waitlist_notice_ms integer not null default 7200000,
  waitlist_misses integer not null default 3,
  name_folded text generated always as (fold_text(name)) stored,
  city_folded text generated always as (fold_text(city)) stored,
  country text,
  region text,
  holiday_policy text not null default 'ask'::text,
  min_notice_minutes integer not null default 0,
  horizon_days integer,
  overbooking_percent integer not null default 0,
  constraint clinics_pkey PRIMARY KEY (id),
  constraint clinics_approval_range CHECK (((approval_ms >= 3600000) AND (approval_ms <= 345600000))),
  constraint clinics_check_in_range CHECK (((check_in_hours >= 0) AND (check_in_hours <= 8760))),
  constraint clinics_code_form CHECK ((code ~ '^[A-Z0-9]{2,8}$'::text)),
  constraint clinics_code_unique UNIQUE (code),
  constraint clinics_country_form CHECK ((country ~ '^[A-Z]{2}$'::text)),
  constraint clinics_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint clinics_hold_range CHECK (((hold_ms >= 300000) AND (hold_ms <= 900000))),
  constraint clinics_holiday_policy_known CHECK ((holiday_policy = ANY (ARRAY['ask'::text, 'close'::text, 'open'::text]))),
  constraint clinics_horizon_range CHECK (((horizon_days >= 1) AND (horizon_days <= 400))),
  constraint clinics_kind_known CHECK ((kind = ANY (ARRAY['clinic'::text, 'salon'::text, 'venue'::text]))),
  constraint clinics_lang_known CHECK ((lang = ANY (ARRAY['en'::text, 'ja'::text, 'id'::text]))),
  constraint clinics_notice_range CHECK (((min_notice_minutes >= 0) AND (min_notice_minutes <= 43200))),
  constraint clinics_overbooking_range CHECK (((overbooking_percent >= 0) AND (overbooking_percent <= 10))),
  constraint clinics_policy_is_list CHECK ((jsonb_typeof(cancellation_policy) = 'array'::text)),
  constraint clinics_refund_limit_range CHECK ((desk_refund_limit >= (0)::numeric)),
  constraint clinics_region_form CHECK ((region ~ '^[A-Z0-9]{1,3}$'::text)),
  constraint clinics_share_range CHECK ((((commission_bp >= 0) AND (commission_bp <= 5000)) AND ((tax_bp >= 0) AND (tax_bp <= 5000)))),
  constraint clinics_undo_range CHECK (((undo_ms >= 0) AND (undo_ms <= 300000))),
  constraint clinics_waitlist_misses_range CHECK (((waitlist_misses >= 1) AND (waitlist_misses <= 100))),
  constraint clinics_waitlist_notice_range CHECK (((waitlist_notice_ms >= 600000) AND (waitlist_notice_ms <= 604800000))),
  constraint clinics_waitlist_offer_range CHECK (((waitlist_offer_ms >= 300000) AND (waitlist_offer_ms <= 86400000)))
);

create table consumed_events (
  event_id text not null,
  id uuid not null default gen_random_uuid(),
  event_type text not null,
  thing_id uuid,
  occurred_at timestamp with time zone,
  stream_id text not null,
  status text not null,
  attempts integer not null default 1,
  reason text,
  raw text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint consumed_events_pkey PRIMARY KEY (event_id),
  constraint consumed_events_id_unique UNIQUE (id),
  constraint consumed_events_raw_size CHECK ((octet_length(raw) <= 65536)),
  constraint consumed_events_status_known CHECK ((status = ANY (ARRAY['applied'::text, 'outdated'::text, 'ignored'::text, 'waiting'::text, 'parked'::text, 'discarded'::text])))
);

create table currencies (
  code text not null,
  exponent smallint not null,
  constraint currencies_pkey PRIMARY KEY (code),
  constraint currencies_code_form CHECK ((code ~ '^[A-Z]{3}$'::text)),
  constraint currencies_exponent_range CHECK (((exponent >= 0) AND (exponent <= 3)))
);

create table deliveries (
  id uuid not null default gen_random_uuid(),
  event_id uuid,
  reminder_id uuid,
  clinic_id uuid not null,
  booking_id uuid,
  user_id uuid not null,
  channel text not null,
  type text not null,
  address text not null,
  lang text not null,
  payload jsonb not null,
  correlation_id text,
  status text not null default 'pending'::text,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone not null default now(),
  leased_until timestamp with time zone,
  last_error text,
  sent_at timestamp with time zone,
  dead_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  attached text[] not null default '{}'::text[],
  due_at timestamp with time zone not null default now(),
  deferrals integer not null default 0,
  error_code text,
  provider_id text,
  asked_id uuid,
  asked_by uuid,
  discarded_at timestamp with time zone,
  discard_reason text,
  constraint deliveries_pkey PRIMARY KEY (id),
  constraint deliveries_asked_unique UNIQUE (asked_id, channel, user_id),
  constraint deliveries_channel_known CHECK ((channel = ANY (ARRAY['email'::text, 'push'::text, 'sms'::text]))),
  constraint deliveries_event_unique UNIQUE (event_id, channel, user_id),
  constraint deliveries_one_cause CHECK ((num_nonnulls(event_id, reminder_id, asked_id) = 1)),
  constraint deliveries_reminder_id_fkey FOREIGN KEY (reminder_id) REFERENCES booking_reminders(id),
  constraint deliveries_reminder_unique UNIQUE (reminder_id, channel),
  constraint deliveries_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'sending'::text, 'sent'::text, 'dropped'::text, 'dead'::text, 'discarded'::text])))
);

create table delivery_channels (
  channel text not null,
  paused_at timestamp with time zone,
  paused_by uuid,
  pause_reason text,
  tokens numeric not null default 1,
  refilled_at timestamp with time zone not null default now(),
  constraint delivery_channels_pkey PRIMARY KEY (channel),
  constraint delivery_channels_known CHECK ((channel = ANY (ARRAY['email'::text, 'push'::text, 'sms'::text])))
);

create table disputes (
  id uuid not null default gen_random_uuid(),
  external_reference text not null,
  payment_id uuid not null,
  booking_id uuid,
  clinic_id uuid not null,
  amount numeric(15,3) not null,
  currency text not null,
  reason text,
  status text not null default 'open'::text,
  opened_at timestamp with time zone not null default now(),
  closed_at timestamp with time zone,
  constraint disputes_pkey PRIMARY KEY (id),
  constraint disputes_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint disputes_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint disputes_closed_has_time CHECK (((status = 'open'::text) = (closed_at IS NULL))),
  constraint disputes_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint disputes_external_unique UNIQUE (external_reference),
  constraint disputes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint disputes_status_known CHECK ((status = ANY (ARRAY['open'::text, 'won'::text, 'lost'::text])))
);

create table financial_entries (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  payment_id uuid not null,
  refund_id uuid,
  clinic_id uuid not null,
  type text not null,
  total_amount numeric(15,3) not null,
  platform_fee numeric(15,3) not null,
  clinic_amount numeric(15,3) not null,
  tax_amount numeric(15,3) not null,
  currency text not null,
  status text not null default 'pending'::text,
  settlement_date timestamp with time zone,
  settlement_details jsonb,
  transaction_reference text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  settlement_id uuid,
  constraint financial_entries_pkey PRIMARY KEY (id),
  constraint financial_entries_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint financial_entries_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint financial_entries_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint financial_entries_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint financial_entries_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES refunds(id),
  constraint financial_entries_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES settlements(id),
  constraint financial_entries_sign CHECK ((((type = 'payment'::text) AND (total_amount >= (0)::numeric) AND (refund_id IS NULL)) OR ((type = 'refund'::text) AND (total_amount < (0)::numeric) AND (refund_id IS NOT NULL)) OR ((type = 'reversal'::text) AND (total_amount > (0)::numeric) AND (refund_id IS NOT NULL)))),
  constraint financial_entries_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'settled'::text, 'void'::text]))),
  constraint financial_entries_sum CHECK ((((platform_fee + clinic_amount) + tax_amount) = total_amount)),
  constraint financial_entries_type_known CHECK ((type = ANY (ARRAY['payment'::text, 'refund'::text, 'reversal'::text])))
);

create table idempotency_keys (
  scope text not null,
  key text not null,
  request_hash text not null,
  status text not null default 'running'::text,
  response_status integer,
  response_body jsonb,
  locked_until timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null default now(),
  constraint idempotency_keys_pkey PRIMARY KEY (scope, key),
  constraint idempotency_keys_status_known CHECK ((status = ANY (ARRAY['running'::text, 'done'::text])))
);

create table import_runs (
  id uuid not null default gen_random_uuid(),
  kind text not null,
  file_name text not null,
  file_sha256 text,
  source text not null,
  settings jsonb not null default '{}'::jsonb,
  status text not null default 'running'::text,
  rows_read bigint not null default 0,
  added bigint not null default 0,
  changed bigint not null default 0,
  same bigint not null default 0,
  kept bigint not null default 0,
  rejected bigint not null default 0,
  started_by text not null,
  started_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  constraint import_runs_pkey PRIMARY KEY (id),
  constraint import_runs_kind_known CHECK ((kind = ANY (ARRAY['clinics'::text, 'services'::text, 'vets'::text, 'owners'::text, 'pets'::text, 'bookings'::text]))),
  constraint import_runs_status_known CHECK ((status = ANY (ARRAY['running'::text, 'stopped'::text, 'failed'::text, 'done'::text])))
);

create table inbox_marks (
  item_id text not null,
  marked_by uuid,
  note text not null,
  marked_at timestamp with time zone not null default now(),
  constraint inbox_marks_pkey PRIMARY KEY (item_id)
);

create table inventory_state (
  only_row boolean not null default true,
  looked_at timestamp with time zone,
  findings jsonb not null default '{}'::jsonb,
  constraint inventory_state_pkey PRIMARY KEY (only_row),
  constraint inventory_state_one_row CHECK (only_row)
);

create table kpi_daemons (
  daemon_id text not null,
  seen_at timestamp with time zone not null default now(),
  gauges jsonb not null default '{}'::jsonb,
  constraint kpi_daemons_pkey PRIMARY KEY (daemon_id)
);

create table kpi_hours (
  hour timestamp with time zone not null,
  counts jsonb not null,
  constraint kpi_hours_pkey PRIMARY KEY (hour)
);

create table kpi_samples (
  minute timestamp with time zone not null,
  source text not null,
  counts jsonb not null,
  constraint kpi_samples_pkey PRIMARY KEY (minute, source)
) with (fillfactor=70);

create table kpi_state (
  only_row boolean not null default true,
  sequence bigint not null,
  counted_at timestamp with time zone,
  deadlocks bigint,
  totals jsonb not null default '{}'::jsonb,
  looked_at timestamp with time zone,
  test_until timestamp with time zone,
  constraint kpi_state_pkey PRIMARY KEY (only_row),
  constraint kpi_state_one_row CHECK (only_row)
);

create table notification_preferences (
  user_id uuid not null,
  channel text not null,
  enabled boolean not null default true,
  address text,
  updated_at timestamp with time zone not null default now(),
  is_optional_wanted boolean not null default true,
  constraint notification_preferences_pkey PRIMARY KEY (user_id, channel),
  constraint notification_preferences_channel_known CHECK ((channel = ANY (ARRAY['email'::text, 'push'::text, 'sms'::text]))),
  constraint notification_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table notification_rules (
  event_type text not null,
  notification_type text not null,
  channels text[] not null,
  constraint notification_rules_pkey PRIMARY KEY (event_type)
);

create table notification_settings (
  user_id uuid not null,
  quiet_from time without time zone not null,
  quiet_until time without time zone not null,
  updated_at timestamp with time zone not null default now(),
  constraint notification_settings_pkey PRIMARY KEY (user_id),
  constraint notification_settings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table notifications (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  booking_id uuid,
  event_id uuid,
  type text not null,
  title text not null,
  content text not null default ''::text,
  metadata jsonb not null default '{}'::jsonb,
  is_read boolean not null default false,
  read_at timestamp with time zone,
  delivery_status text not null default 'pending'::text,
  delivery_attempts jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  written_by uuid,
  constraint notifications_pkey PRIMARY KEY (id),
  constraint notifications_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint notifications_delivery_known CHECK ((delivery_status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text, 'none'::text]))),
  constraint notifications_event_unique UNIQUE (event_id, user_id)
);

create table operators (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid,
  full_name text not null,
  email text,
  is_active boolean not null default true,
  created_at timestamp with time zone not null default now(),
  constraint operators_pkey PRIMARY KEY (id),
  constraint operators_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint operators_email_unique UNIQUE (email)
);

create table outbox_replays (
  id bigint not null generated always as identity,
  target text not null,
  from_sequence bigint not null,
  to_sequence bigint not null,
  per_second integer not null,
  sent_through bigint not null,
  sent_count bigint not null default 0,
  status text not null default 'running'::text,
  reason text not null,
  last_error text,
  asked_by uuid,
  next_step_at timestamp with time zone not null default now(),
  created_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  constraint outbox_replays_pkey PRIMARY KEY (id),
  constraint outbox_replays_range CHECK (((from_sequence >= 1) AND (from_sequence <= to_sequence))),
  constraint outbox_replays_rate CHECK (((per_second >= 1) AND (per_second <= 1000))),
  constraint outbox_replays_status_known CHECK ((status = ANY (ARRAY['running'::text, 'done'::text, 'stopped'::text]))),
  constraint outbox_replays_target_known CHECK ((target = ANY (ARRAY['stream'::text, 'webhooks'::text, 'all'::text])))
);

create table outbox_state (
  only_row boolean not null default true,
  last_sequence bigint not null default 0,
  pruned_through bigint not null default 0,
  constraint outbox_state_pkey PRIMARY KEY (only_row),
  constraint outbox_state_one_row CHECK (only_row)
);

create table owner_search (
  user_id uuid not null,
  words tsvector not null,
  phone_key text,
  email_key text,
  constraint owner_search_pkey PRIMARY KEY (user_id),
  constraint owner_search_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table payment_attempts (
  id uuid not null default gen_random_uuid(),
  payment_id uuid not null,
  event_id text,
  result text not null,
  amount numeric(15,3),
  currency text,
  reason text,
  created_at timestamp with time zone not null default now(),
  constraint payment_attempts_pkey PRIMARY KEY (id),
  constraint payment_attempts_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id)
);

create table payment_customers (
  user_id uuid not null,
  provider_customer_id text not null,
  created_at timestamp with time zone not null default now(),
  constraint payment_customers_pkey PRIMARY KEY (user_id),
  constraint payment_customers_provider_unique UNIQUE (provider_customer_id),
  constraint payment_customers_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table payments (
  id uuid not null default gen_random_uuid(),
  reservation_id uuid not null,
  booking_id uuid,
  clinic_id uuid not null,
  user_id uuid not null,
  session_id text,
  session_expires_at timestamp with time zone,
  session_closed_at timestamp with time zone,
  payment_url text,
  external_reference text,
  amount numeric(15,3) not null,
  currency text not null default 'IDR'::text,
  payment_method text not null,
  purpose text not null default 'due'::text,
  status text not null default 'pending'::text,
  payment_details jsonb not null default '{}'::jsonb,
  failure_reason text,
  paid_at timestamp with time zone,
  refund_status text,
  refund_amount numeric(15,3),
  refunded_at timestamp with time zone,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint payments_pkey PRIMARY KEY (id),
  constraint payments_amount_not_negative CHECK ((amount >= (0)::numeric)),
  constraint payments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint payments_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint payments_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint payments_paid_has_time CHECK (((status <> ALL (ARRAY['success'::text, 'refunded'::text])) OR (paid_at IS NOT NULL))),
  constraint payments_purpose_known CHECK ((purpose = ANY (ARRAY['due'::text, 'rest'::text]))),
  constraint payments_refund_ceiling CHECK (((refund_amount >= (0)::numeric) AND (refund_amount <= amount))),
  constraint payments_refund_status_known CHECK ((refund_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'denied'::text]))),
  constraint payments_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint payments_session_unique UNIQUE (session_id),
  constraint payments_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'success'::text, 'failed'::text, 'refunded'::text])))
);

create table pets (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  name text not null,
  species text,
  breed text,
  born_on date,
  notes text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint pets_pkey PRIMARY KEY (id),
  constraint pets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table plans (
  id bigint not null generated always as identity,
  kind text not null,
  reason text,
  items jsonb not null,
  clinic_id uuid,
  made_by uuid,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null default (now() + '00:15:00'::interval),
  taken_at timestamp with time zone,
  taken_by uuid,
  constraint plans_pkey PRIMARY KEY (id),
  constraint plans_items_is_list CHECK ((jsonb_typeof(items) = 'array'::text)),
  constraint plans_kind_known CHECK ((kind ~ '^[a-z_]+(\.[a-z_]+)?$'::text))
);

create table price_tiers (
  id uuid not null default gen_random_uuid(),
  service_id uuid not null,
  clinic_id uuid not null,
  name text not null,
  price numeric(15,3) not null,
  weekdays smallint[] not null default '{1,2,3,4,5,6,7}'::smallint[],
  from_time time without time zone not null default '00:00:00'::time without time zone,
  to_time time without time zone not null default '24:00:00'::time without time zone,
  priority integer not null default 0,
  created_at timestamp with time zone not null default now(),
  slot_id uuid,
  seats_limit integer,
  sale_from timestamp with time zone,
  sale_until timestamp with time zone,
  min_quantity integer not null default 1,
  max_quantity integer not null default 50,
  is_default boolean not null default false,
  quantity_prices jsonb not null default '[]'::jsonb,
  is_active boolean not null default true,
  version integer not null default 1,
  updated_at timestamp with time zone not null default now(),
  constraint price_tiers_pkey PRIMARY KEY (id),
  constraint price_tiers_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint price_tiers_limit_range CHECK (((seats_limit >= 1) AND (seats_limit <= 10000))),
  constraint price_tiers_price_not_negative CHECK ((price >= (0)::numeric)),
  constraint price_tiers_quantity_order CHECK (((min_quantity >= 1) AND ((max_quantity >= min_quantity) AND (max_quantity <= 50)))),
  constraint price_tiers_quantity_prices_list CHECK ((jsonb_typeof(quantity_prices) = 'array'::text)),
  constraint price_tiers_sale_order CHECK ((sale_until > sale_from)),
  constraint price_tiers_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE,
  constraint price_tiers_slot_id_fkey FOREIGN KEY (slot_id) REFERENCES slots(id) ON DELETE CASCADE,
  constraint price_tiers_time_order CHECK ((to_time > from_time))
);

create table public_holidays (
  id uuid not null default gen_random_uuid(),
  country text,
  regions text[],
  clinic_id uuid,
  holiday_date date not null,
  name text not null,
  is_expected boolean not null default false,
  is_holiday boolean not null default true,
  constraint public_holidays_pkey PRIMARY KEY (id),
  constraint public_holidays_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id) ON DELETE CASCADE,
  constraint public_holidays_of_one CHECK (((country IS NULL) <> (clinic_id IS NULL)))
);

create table push_devices (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  kind text not null,
  endpoint text not null,
  p256dh text,
  auth text,
  created_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  end_reason text,
  constraint push_devices_pkey PRIMARY KEY (id),
  constraint push_devices_endpoint UNIQUE (endpoint),
  constraint push_devices_keys CHECK (((kind = 'webpush'::text) = ((p256dh IS NOT NULL) AND (auth IS NOT NULL)))),
  constraint push_devices_kind_known CHECK ((kind = ANY (ARRAY['webpush'::text, 'fcm'::text]))),
  constraint push_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table refunds (
  id uuid not null default gen_random_uuid(),
  payment_id uuid not null,
  reservation_id uuid not null,
  booking_id uuid,
  clinic_id uuid not null,
  amount numeric(15,3) not null,
  currency text not null,
  reason text not null,
  status text not null default 'pending'::text,
  external_reference text,
  requested_by uuid,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone not null default now(),
  leased_until timestamp with time zone,
  last_error text,
  correlation_id text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  decision text not null default 'granted'::text,
  decided_by uuid,
  decided_at timestamp with time zone,
  origin text not null default 'ours'::text,
  handed_over text,
  returned_at timestamp with time zone,
  failed_references text[] not null default '{}'::text[],
  within_limit boolean not null default false,
  constraint refunds_pkey PRIMARY KEY (id),
  constraint refunds_amount_positive CHECK ((amount > (0)::numeric)),
  constraint refunds_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint refunds_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint refunds_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint refunds_decision_known CHECK ((decision = ANY (ARRAY['granted'::text, 'awaiting'::text, 'denied'::text]))),
  constraint refunds_handed_over_known CHECK ((handed_over = ANY (ARRAY['cash'::text, 'card_terminal'::text, 'transfer'::text, 'provider'::text]))),
  constraint refunds_origin_known CHECK ((origin = ANY (ARRAY['ours'::text, 'dashboard'::text, 'dispute'::text]))),
  constraint refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint refunds_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint refunds_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'denied'::text])))
);

create table reminder_rules (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  service_id uuid,
  reminder_type text not null,
  offsets_minutes integer[] not null,
  channels text[] not null,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint reminder_rules_pkey PRIMARY KEY (id),
  constraint reminder_rules_channels CHECK (((cardinality(channels) > 0) AND (channels <@ ARRAY['email'::text, 'push'::text, 'sms'::text]))),
  constraint reminder_rules_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint reminder_rules_offsets CHECK (((cardinality(offsets_minutes) <= 4) AND (array_position(offsets_minutes, NULL::integer) IS NULL) AND (5 <= ALL (offsets_minutes)) AND (86400 >= ALL (offsets_minutes)))),
  constraint reminder_rules_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE,
  constraint reminder_rules_type_known CHECK ((reminder_type = ANY (ARRAY['upcoming'::text, 'check_in'::text, 'follow_up'::text, 'review_request'::text])))
);

create table reservation_items (
  reservation_id uuid not null,
  position integer not null,
  service_id uuid not null,
  slot_id uuid not null,
  staff_id uuid,
  name text not null,
  staff_name text,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  quantity seat_count not null,
  seats integer[] not null,
  amount price_amount not null,
  amount_due price_amount not null,
  tax_amount price_amount not null,
  price_lines jsonb not null,
  constraint reservation_items_pkey PRIMARY KEY (reservation_id, "position"),
  constraint reservation_items_position_range CHECK ((("position" >= 1) AND ("position" <= 8))),
  constraint reservation_items_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id) ON DELETE CASCADE
);

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
  created_at timestamp with time zone not null default now(),
  door_seats integer[],
  constraint reservation_log_entries_pkey PRIMARY KEY (reservation_id, reservation_version)
);

create table reservations (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  pet_id uuid,
  clinic_id uuid not null,
  service_id uuid not null,
  slot_id uuid not null,
  lock_id text not null,
  fence bigint not null,
  reference_code text not null,
  status reservation_status not null default 'pending'::text,
  approval approval_status not null default 'none'::text,
  quantity seat_count not null default 1,
  seats integer[] not null,
  amount price_amount not null,
  amount_due price_amount not null,
  currency text not null,
  expires_at timestamp with time zone not null,
  extended_at timestamp with time zone,
  idempotency_key text,
  notes text,
  cancellation_reason text,
  source text,
  correlation_id text,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  approval_asked_at timestamp with time zone,
  price_lines jsonb,
  tax_amount numeric(15,3),
  waitlist_entry_id uuid,
  item_count smallint not null default 1,
  constraint reservations_pkey PRIMARY KEY (id),
  constraint reservations_reference_unique UNIQUE (reference_code)
) with (fillfactor=80);

create table retention_rules (
  what text not null,
  table_name text not null,
  keep_days integer,
  min_days integer not null,
  version integer not null default 1,
  next_block bigint not null default 0,
  round_count bigint not null default 0,
  next_at timestamp with time zone not null default now(),
  rounded_at timestamp with time zone,
  last_count bigint not null default 0,
  total_count bigint not null default 0,
  gone_before timestamp with time zone,
  failed_at timestamp with time zone,
  last_error text,
  constraint retention_rules_pkey PRIMARY KEY (what),
  constraint retention_rules_floor CHECK (((keep_days >= min_days) AND (keep_days <= 36500))),
  constraint retention_rules_min_positive CHECK ((min_days > 0))
);

create table reviews (
  id uuid not null default gen_random_uuid(),
  booking_id uuid not null,
  user_id uuid not null,
  clinic_id uuid not null,
  service_id uuid not null,
  rating integer not null,
  comment text,
  attachments jsonb not null default '[]'::jsonb,
  is_verified boolean not null default true,
  ratings_breakdown jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  status text not null default 'published'::text,
  decision_reason text,
  decided_by uuid,
  decided_at timestamp with time zone,
  reply text,
  replied_by uuid,
  replied_at timestamp with time zone,
  edited_at timestamp with time zone,
  version integer not null default 1,
  is_published boolean not null generated always as ((status = 'published'::text)) stored,
  constraint reviews_pkey PRIMARY KEY (id),
  constraint reviews_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint reviews_booking_unique UNIQUE (booking_id),
  constraint reviews_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint reviews_rating_range CHECK (((rating >= 1) AND (rating <= 5))),
  constraint reviews_rejected_with_reason CHECK (((status <> 'rejected'::text) OR (decision_reason IS NOT NULL))),
  constraint reviews_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint reviews_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'published'::text, 'rejected'::text])))
);

create table room_claims (
  slot_id uuid not null,
  room_id uuid not null,
  clinic_id uuid not null,
  during tstzrange not null,
  constraint room_claims_pkey PRIMARY KEY (slot_id),
  constraint room_claims_no_overlap EXCLUDE USING gist (room_id WITH =, during WITH &&)
);

create table rooms (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  constraint rooms_pkey PRIMARY KEY (id),
  constraint rooms_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint rooms_name_unique UNIQUE (clinic_id, name)
);

create table schedule_exceptions (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  staff_id uuid,
  exception_date date not null,
  is_closed boolean not null default true,
  opens time without time zone,
  closes time without time zone,
  reason text,
  created_at timestamp with time zone not null default now(),
  constraint schedule_exceptions_pkey PRIMARY KEY (id),
  constraint schedule_exceptions_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint schedule_exceptions_hours CHECK ((is_closed OR ((opens IS NOT NULL) AND (closes IS NOT NULL)))),
  constraint schedule_exceptions_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id) ON DELETE CASCADE
);

create table schedule_state (
  clinic_id uuid not null,
  version integer not null default 1,
  due_at timestamp with time zone not null default now(),
  leased_until timestamp with time zone,
  ran_at timestamp with time zone,
  covered_until date,
  opened integer not null default 0,
  closed integer not null default 0,
  kept integer not null default 0,
  failures integer not null default 0,
  last_error text,
  constraint schedule_state_pkey PRIMARY KEY (clinic_id),
  constraint schedule_state_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id) ON DELETE CASCADE
);

create table schedules (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  staff_id uuid,
  service_id uuid,
  room_id uuid,
  weekday smallint not null,
  opens time without time zone not null,
  closes time without time zone not null,
  valid_from date,
  valid_to date,
  created_at timestamp with time zone not null default now(),
  kind text not null default 'work'::text,
  step_minutes integer,
  constraint schedules_pkey PRIMARY KEY (id),
  constraint schedules_break_of_nobody CHECK (((kind = 'work'::text) OR (service_id IS NULL))),
  constraint schedules_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint schedules_kind_known CHECK ((kind = ANY (ARRAY['work'::text, 'break'::text]))),
  constraint schedules_room_id_fkey FOREIGN KEY (room_id) REFERENCES rooms(id),
  constraint schedules_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE,
  constraint schedules_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id) ON DELETE CASCADE,
  constraint schedules_step_range CHECK (((step_minutes >= 5) AND (step_minutes <= 1440))),
  constraint schedules_valid_order CHECK ((valid_to >= valid_from)),
  constraint schedules_weekday_iso CHECK (((weekday >= 1) AND (weekday <= 7)))
);

create table schema_migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  duration_ms integer not null,
  constraint schema_migrations_pkey PRIMARY KEY (version)
);

create table seat_plan_seats (
  service_id uuid not null,
  seat integer not null,
  label text not null,
  row_label text not null,
  place integer not null,
  category text not null,
  tier text not null,
  constraint seat_plan_seats_pkey PRIMARY KEY (service_id, seat),
  constraint seat_plan_seats_place_range CHECK (((place >= 1) AND (place <= 1000))),
  constraint seat_plan_seats_seat_positive CHECK ((seat >= 1)),
  constraint seat_plan_seats_service_id_fkey FOREIGN KEY (service_id) REFERENCES seat_plans(service_id) ON DELETE CASCADE
);

create table seat_plans (
  service_id uuid not null,
  clinic_id uuid not null,
  seat_count integer not null,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint seat_plans_pkey PRIMARY KEY (service_id),
  constraint seat_plans_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint seat_plans_count_range CHECK (((seat_count >= 1) AND (seat_count <= 5000))),
  constraint seat_plans_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE
);

create table services (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  name text not null,
  description text,
  category text,
  price numeric(15,3) not null,
  currency text not null,
  duration_minutes integer not null default 30,
  capacity integer not null default 1,
  requires_approval boolean not null default false,
  is_available boolean not null default true,
  deposit numeric(15,3),
  commission_bp integer,
  cancellation_policy jsonb,
  availability_exceptions jsonb not null default '[]'::jsonb,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  has_tiers boolean not null default false,
  buffer_before_minutes integer not null default 0,
  buffer_after_minutes integer not null default 0,
  min_notice_minutes integer,
  horizon_days integer,
  has_seats boolean not null default false,
  constraint services_pkey PRIMARY KEY (id),
  constraint services_buffer_range CHECK ((((buffer_before_minutes >= 0) AND (buffer_before_minutes <= 240)) AND ((buffer_after_minutes >= 0) AND (buffer_after_minutes <= 240)))),
  constraint services_capacity_range CHECK (((capacity >= 1) AND (capacity <= 10000))),
  constraint services_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint services_commission_range CHECK (((commission_bp >= 0) AND (commission_bp <= 5000))),
  constraint services_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint services_deposit_range CHECK (((deposit >= (0)::numeric) AND (deposit <= price))),
  constraint services_duration_positive CHECK (((duration_minutes >= 1) AND (duration_minutes <= 1440))),
  constraint services_horizon_range CHECK (((horizon_days >= 1) AND (horizon_days <= 400))),
  constraint services_notice_range CHECK (((min_notice_minutes >= 0) AND (min_notice_minutes <= 43200))),
  constraint services_policy_is_list CHECK ((jsonb_typeof(cancellation_policy) = 'array'::text)),
  constraint services_price_not_negative CHECK ((price >= (0)::numeric))
);

create table settlements (
  id uuid not null,
  clinic_id uuid not null,
  currency text not null,
  period_from date not null,
  period_to date not null,
  entry_count integer not null,
  total_amount numeric(15,3) not null,
  platform_fee numeric(15,3) not null,
  tax_amount numeric(15,3) not null,
  clinic_amount numeric(15,3) not null,
  created_by uuid,
  created_at timestamp with time zone not null default now(),
  constraint settlements_pkey PRIMARY KEY (id),
  constraint settlements_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint settlements_currency_fkey FOREIGN KEY (currency) REFERENCES currencies(code),
  constraint settlements_period_order CHECK ((period_to >= period_from)),
  constraint settlements_sum CHECK ((((platform_fee + clinic_amount) + tax_amount) = total_amount))
);

create table slot_claims (
  slot_id uuid not null,
  seat seat_number not null,
  reservation_id uuid not null,
  user_id uuid not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  tier_id uuid,
  tier_place integer,
  label text,
  constraint slot_claims_pkey PRIMARY KEY (slot_id, seat)
) with (fillfactor=80);

create table slots (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  service_id uuid not null,
  staff_id uuid,
  room_id uuid,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  slot_date date not null,
  slot_start_time time without time zone not null,
  slot_end_time time without time zone not null,
  status text not null default 'available'::text,
  capacity integer not null default 1,
  booked_count integer not null default 0,
  price numeric(15,3),
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  origin text,
  closed_for text,
  busy_from timestamp with time zone,
  busy_to timestamp with time zone,
  extra_seats integer not null default 0,
  constraint slots_pkey PRIMARY KEY (id),
  constraint slots_booked_count_range CHECK (((booked_count >= 0) AND (booked_count <= capacity))),
  constraint slots_busy_order CHECK (((busy_from <= starts_at) AND (busy_to >= ends_at))),
  constraint slots_capacity_range CHECK (((capacity >= 1) AND (capacity <= 10000))),
  constraint slots_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint slots_closed_for_known CHECK ((closed_for = 'schedule'::text)),
  constraint slots_extra_seats_range CHECK (((extra_seats >= 0) AND (extra_seats <= (capacity - 1)))),
  constraint slots_origin_known CHECK ((origin = ANY (ARRAY['schedule'::text, 'manual'::text]))),
  constraint slots_price_not_negative CHECK ((price >= (0)::numeric)),
  constraint slots_room_id_fkey FOREIGN KEY (room_id) REFERENCES rooms(id),
  constraint slots_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint slots_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id),
  constraint slots_status_known CHECK ((status = ANY (ARRAY['available'::text, 'booked'::text, 'blocked'::text]))),
  constraint slots_time_order CHECK ((ends_at > starts_at))
) with (fillfactor=90);

create table source_versions (
  kind text not null,
  thing_id uuid not null,
  occurred_at timestamp with time zone not null,
  version bigint,
  event_id text not null,
  constraint source_versions_pkey PRIMARY KEY (kind, thing_id)
);

create table staff (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  name text not null,
  title text,
  is_active boolean not null default true,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint staff_pkey PRIMARY KEY (id),
  constraint staff_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id)
);

create table staff_claims (
  slot_id uuid not null,
  staff_id uuid not null,
  clinic_id uuid not null,
  during tstzrange not null,
  constraint staff_claims_pkey PRIMARY KEY (slot_id),
  constraint staff_claims_no_overlap EXCLUDE USING gist (staff_id WITH =, during WITH &&)
);

create table staff_time_off (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  staff_id uuid not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  reason text not null,
  claim_ids uuid[] not null,
  slot_ids uuid[] not null,
  plan_id bigint not null,
  created_by uuid,
  created_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  ended_by uuid,
  constraint staff_time_off_pkey PRIMARY KEY (id),
  constraint staff_time_off_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint staff_time_off_order CHECK ((ends_at > starts_at)),
  constraint staff_time_off_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
);

create table ticket_uses (
  booking_id uuid not null,
  seat integer not null,
  used_at timestamp with time zone not null default now(),
  used_by uuid,
  source text,
  constraint ticket_uses_pkey PRIMARY KEY (booking_id, seat),
  constraint ticket_uses_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id)
);

create table users (
  id uuid not null default gen_random_uuid(),
  full_name text not null,
  email text,
  phone text,
  phone_digits text generated always as (regexp_replace(phone, '[^0-9]'::text, ''::text, 'g'::text)) stored,
  phone_reversed text generated always as (reverse(regexp_replace(phone, '[^0-9]'::text, ''::text, 'g'::text))) stored,
  lang text not null default 'en'::text,
  time_zone text,
  is_erased boolean not null default false,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_lang_known CHECK ((lang = ANY (ARRAY['en'::text, 'ja'::text, 'id'::text])))
);

create table views_state (
  view_name text not null,
  refresh_every_ms integer not null,
  stale_after_ms integer not null,
  refreshed_at timestamp with time zone,
  is_concurrent boolean,
  duration_ms integer,
  row_count bigint,
  refresh_count integer not null default 0,
  total_ms bigint not null default 0,
  requested_at timestamp with time zone,
  request_concurrently boolean not null default true,
  failed_at timestamp with time zone,
  failures_in_row integer not null default 0,
  last_error text,
  note text,
  next_at timestamp with time zone not null default now(),
  constraint views_state_pkey PRIMARY KEY (view_name),
  constraint views_state_limits_positive CHECK (((refresh_every_ms > 0) AND (stale_after_ms > 0)))
);

create table waitlist_entries (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  service_id uuid not null,
  user_id uuid not null,
  pet_id uuid,
  wanted_from timestamp with time zone not null,
  wanted_to timestamp with time zone not null,
  quantity integer not null default 1,
  status text not null default 'waiting'::text,
  offered_reservation_id uuid,
  offered_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  staff_id uuid,
  weekdays smallint[] not null default '{1,2,3,4,5,6,7}'::smallint[],
  from_time time without time zone not null default '00:00:00'::time without time zone,
  to_time time without time zone not null default '24:00:00'::time without time zone,
  priority integer not null default 0,
  items jsonb,
  misses integer not null default 0,
  left_reason text,
  look_at timestamp with time zone not null default now(),
  source text,
  version integer not null default 1,
  constraint waitlist_entries_pkey PRIMARY KEY (id),
  constraint waitlist_entries_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint waitlist_entries_offered_reservation_id_fkey FOREIGN KEY (offered_reservation_id) REFERENCES reservations(id),
  constraint waitlist_entries_pet_id_fkey FOREIGN KEY (pet_id) REFERENCES pets(id),
  constraint waitlist_entries_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
  constraint waitlist_entries_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id),
  constraint waitlist_entries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint waitlist_offer_has_hold CHECK (((status <> 'offered'::text) OR (offered_reservation_id IS NOT NULL))),
  constraint waitlist_priority_range CHECK (((priority >= 0) AND (priority <= 9))),
  constraint waitlist_quantity_range CHECK (((quantity >= 1) AND (quantity <= 50))),
  constraint waitlist_status_known CHECK ((status = ANY (ARRAY['waiting'::text, 'offered'::text, 'taken'::text, 'declined'::text, 'left'::text]))),
  constraint waitlist_time_order CHECK ((to_time > from_time)),
  constraint waitlist_window_order CHECK ((wanted_to > wanted_from))
);

create table waitlist_offers (
  id uuid not null default gen_random_uuid(),
  entry_id uuid not null,
  slot_id uuid not null,
  reservation_id uuid not null,
  token uuid not null default gen_random_uuid(),
  offered_by uuid,
  offered_at timestamp with time zone not null default now(),
  accepted_at timestamp with time zone,
  ended_at timestamp with time zone,
  ended_as text,
  constraint waitlist_offers_pkey PRIMARY KEY (id),
  constraint waitlist_offers_ended CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
  constraint waitlist_offers_ended_known CHECK ((ended_as = ANY (ARRAY['taken'::text, 'declined'::text, 'expired'::text, 'withdrawn'::text]))),
  constraint waitlist_offers_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES waitlist_entries(id),
  constraint waitlist_offers_reservation_unique UNIQUE (reservation_id),
  constraint waitlist_offers_token_unique UNIQUE (token)
);

create table waitlist_openings (
  id bigint not null generated always as identity,
  slot_id uuid not null,
  not_before timestamp with time zone not null default now(),
  leased_until timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint waitlist_openings_pkey PRIMARY KEY (id)
);

create table waitlist_skips (
  entry_id uuid not null,
  slot_id uuid not null,
  reason text not null,
  times integer not null default 1,
  first_at timestamp with time zone not null default now(),
  last_at timestamp with time zone not null default now(),
  constraint waitlist_skips_pkey PRIMARY KEY (entry_id, slot_id),
  constraint waitlist_skips_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES waitlist_entries(id),
  constraint waitlist_skips_reason_known CHECK ((reason = ANY (ARRAY['too_close'::text, 'owner_gone'::text, 'pet_gone'::text, 'opted_out'::text, 'no_address'::text, 'too_few_seats'::text, 'owner_busy'::text, 'price_rule'::text])))
);

create table webhook_cursor (
  only_row boolean not null default true,
  last_sequence bigint not null,
  constraint webhook_cursor_pkey PRIMARY KEY (only_row),
  constraint webhook_cursor_one_row CHECK (only_row)
);

create table webhook_deliveries (
  id uuid not null default gen_random_uuid(),
  endpoint_id uuid not null,
  clinic_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  sequence bigint not null,
  is_test boolean not null default false,
  status text not null default 'pending'::text,
  attempts integer not null default 0,
  first_attempt_at timestamp with time zone,
  next_attempt_at timestamp with time zone not null default now(),
  leased_until timestamp with time zone,
  status_code integer,
  response text,
  duration_ms integer,
  last_error text,
  delivered_at timestamp with time zone,
  dead_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints(id),
  constraint webhook_deliveries_event_unique UNIQUE (endpoint_id, event_id),
  constraint webhook_deliveries_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'sending'::text, 'delivered'::text, 'dead'::text])))
);

create table webhook_endpoints (
  id uuid not null default gen_random_uuid(),
  clinic_id uuid not null,
  url text not null,
  description text,
  event_types text[] not null,
  secret text not null,
  old_secret text,
  old_secret_until timestamp with time zone,
  status text not null default 'enabled'::text,
  disabled_reason text,
  disabled_at timestamp with time zone,
  listens_after bigint not null,
  failures integer not null default 0,
  failing_since timestamp with time zone,
  last_success_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  last_error text,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint webhook_endpoints_pkey PRIMARY KEY (id),
  constraint webhook_endpoints_clinic_id_fkey FOREIGN KEY (clinic_id) REFERENCES clinics(id),
  constraint webhook_endpoints_listens CHECK ((cardinality(event_types) > 0)),
  constraint webhook_endpoints_reason CHECK (((status = 'disabled'::text) = (disabled_reason IS NOT NULL))),
  constraint webhook_endpoints_status_known CHECK ((status = ANY (ARRAY['enabled'::text, 'disabled'::text])))
);

create table webhook_events (
  event_id text not null,
  event_type text not null,
  payload jsonb not null,
  outcome text,
  payment_id uuid,
  received_at timestamp with time zone not null default now(),
  constraint webhook_events_pkey PRIMARY KEY (event_id),
  constraint webhook_events_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id)
);

-- view authorisation_inbox
--   item_id text
--   cause text
--   clears text
--   clinic_id uuid
--   payment_id uuid
--   refund_id uuid
--   reference_code text
--   amount text
--   currency text
--   detail text
--   since timestamp with time zone

-- view booked_places
--   booking_id uuid
--   slot_id uuid
--   quantity integer
--   status text

-- materialized view booking_completion_rates
--   clinic_id uuid
--   month date
--   total_bookings bigint
--   completed_bookings bigint
--   cancelled_bookings bigint
--   no_show_bookings bigint
--   completion_rate numeric
--   cancellation_rate numeric

-- view booking_rows
--   booking_id uuid
--   reference_code text
--   status text
--   clinic_id uuid
--   clinic_code text
--   clinic_name text
--   time_zone text
--   service_id uuid
--   service_name text
--   slot_id uuid
--   staff_id uuid
--   staff_name text
--   starts_at timestamp with time zone
--   ends_at timestamp with time zone
--   booking_time timestamp with time zone
--   duration_minutes integer
--   user_id uuid
--   owner_name text
--   owner_phone text
--   owner_email text
--   pet_id uuid
--   pet_name text
--   species text
--   quantity integer
--   amount numeric(15,3)
--   amount_due numeric(15,3)
--   currency text
--   payment_id uuid
--   payment_mode text
--   amount_paid numeric
--   payment_state text
--   arrived_at timestamp with time zone
--   reservation_id uuid
--   notes text
--   cancellation_reason text
--   cancelled_by text
--   cancelled_at timestamp with time zone
--   refund_percent integer
--   pet_snapshot jsonb
--   service_snapshot jsonb
--   policy_snapshot jsonb
--   source text
--   version integer
--   created_at timestamp with time zone
--   updated_at timestamp with time zone
--   item_count smallint

-- view money_inbox
--   item_id text
--   cause text
--   clears text
--   clinic_id uuid
--   payment_id uuid
--   refund_id uuid
--   reference_code text
--   amount text
--   currency text
--   detail text
--   since timestamp with time zone

-- materialized view search_words
--   word text
--   owner_count integer

-- view slot_states
--   slot_id uuid
--   clinic_id uuid
--   service_id uuid
--   staff_id uuid
--   room_id uuid
--   starts_at timestamp with time zone
--   ends_at timestamp with time zone
--   status text
--   capacity integer
--   booked_count integer
--   version integer
--   price numeric(15,3)
--   currency text
--   service_name text
--   duration_minutes integer
--   is_available boolean
--   staff_name text
--   time_zone text
--   hold_ms integer
--   remaining integer
--   reason text
--   closed_for text
--   owners_from timestamp with time zone
--   owners_until timestamp with time zone

-- materialized view upcoming_bookings_view
--   id uuid
--   reference_code text
--   user_id uuid
--   pet_id uuid
--   clinic_id uuid
--   service_id uuid
--   service_name text
--   amount numeric(15,3)
--   currency text
--   status text
--   slot_date date
--   slot_start_time time without time zone
--   slot_end_time time without time zone
--   starts_at timestamp with time zone
--   ends_at timestamp with time zone

CREATE INDEX audit_log_at ON public.audit_log USING btree (at);

CREATE INDEX audit_log_target ON public.audit_log USING btree (target_type, target_id);

CREATE INDEX authorisations_live ON public.authorisations USING btree (next_attempt_at) WHERE (status = ANY (ARRAY['open'::text, 'capturing'::text, 'voiding'::text]));

CREATE INDEX authorisations_reservation ON public.authorisations USING btree (reservation_id);

CREATE INDEX booking_attachments_booking ON public.booking_attachments USING btree (booking_id);

CREATE UNIQUE INDEX booking_completion_rates_key ON public.booking_completion_rates USING btree (clinic_id, month);

CREATE INDEX booking_items_slot ON public.booking_items USING btree (slot_id) WHERE (slot_id IS NOT NULL);

CREATE INDEX booking_log_entries_created ON public.booking_log_entries USING btree (created_at);

CREATE INDEX booking_log_entries_undoable ON public.booking_log_entries USING btree (performed_by, created_at) WHERE (action = ANY (ARRAY['booking.cancelled'::text, 'booking.arrived'::text, 'booking.status_changed'::text]));

CREATE INDEX booking_participants_pet ON public.booking_participants USING btree (pet_id) WHERE (pet_id IS NOT NULL);

CREATE INDEX booking_reminders_clinic ON public.booking_reminders USING btree (clinic_id, scheduled_time, id);

CREATE INDEX booking_reminders_due ON public.booking_reminders USING btree (scheduled_time) WHERE (status = 'pending'::text);

CREATE UNIQUE INDEX booking_reminders_once ON public.booking_reminders USING btree (booking_id, reminder_type, offset_minutes, booking_version);

CREATE INDEX booking_series_clinic ON public.booking_series USING btree (clinic_id, created_at, id);

CREATE INDEX booking_series_owner ON public.booking_series USING btree (user_id, created_at, id);

CREATE INDEX bookings_clinic_time ON public.bookings USING btree (clinic_id, booking_time, id);

CREATE INDEX bookings_created ON public.bookings USING btree (created_at);

CREATE INDEX bookings_payment ON public.bookings USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE UNIQUE INDEX bookings_series ON public.bookings USING btree (series_id, series_position) WHERE (series_id IS NOT NULL);

CREATE INDEX bookings_service ON public.bookings USING btree (service_id, booking_time);

CREATE INDEX bookings_slot ON public.bookings USING btree (slot_id);

CREATE INDEX bookings_user_time ON public.bookings USING btree (user_id, booking_time, id);

CREATE INDEX calendar_links_clinic ON public.calendar_links USING btree (clinic_id) WHERE (clinic_id IS NOT NULL);

CREATE UNIQUE INDEX calendar_links_repeat ON public.calendar_links USING btree (created_by, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX calendar_links_user ON public.calendar_links USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX cash_counts_day ON public.cash_counts USING btree (clinic_id, business_date, created_at);

CREATE INDEX clinics_city ON public.clinics USING btree (city_folded);

CREATE INDEX clinics_name ON public.clinics USING btree (name, id) WHERE is_active;

CREATE INDEX consumed_events_old ON public.consumed_events USING btree (updated_at) WHERE (status <> ALL (ARRAY['waiting'::text, 'parked'::text]));

CREATE INDEX consumed_events_parked ON public.consumed_events USING btree (created_at, id) WHERE (status = 'parked'::text);

CREATE INDEX deliveries_booking ON public.deliveries USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE INDEX deliveries_dead ON public.deliveries USING btree (dead_at) WHERE (status = 'dead'::text);

CREATE INDEX deliveries_due ON public.deliveries USING btree (next_attempt_at) WHERE (status = ANY (ARRAY['pending'::text, 'sending'::text]));

CREATE INDEX deliveries_line ON public.deliveries USING btree (channel, due_at) WHERE (status = ANY (ARRAY['pending'::text, 'sending'::text]));

CREATE INDEX deliveries_newest ON public.deliveries USING btree (created_at);

CREATE INDEX deliveries_reminders ON public.deliveries USING btree (created_at) WHERE ((reminder_id IS NOT NULL) AND (status = ANY (ARRAY['pending'::text, 'sending'::text])));

CREATE INDEX disputes_booking ON public.disputes USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE INDEX disputes_clinic ON public.disputes USING btree (clinic_id);

CREATE INDEX disputes_open ON public.disputes USING btree (opened_at) WHERE (status = 'open'::text);

CREATE INDEX disputes_payment ON public.disputes USING btree (payment_id);

CREATE INDEX financial_entries_booking ON public.financial_entries USING btree (booking_id);

CREATE INDEX financial_entries_clinic ON public.financial_entries USING btree (clinic_id, created_at);

CREATE UNIQUE INDEX financial_entries_one_payment ON public.financial_entries USING btree (payment_id) WHERE (type = 'payment'::text);

CREATE UNIQUE INDEX financial_entries_one_refund ON public.financial_entries USING btree (refund_id, type) WHERE (refund_id IS NOT NULL);

CREATE INDEX financial_entries_payment ON public.financial_entries USING btree (payment_id);

CREATE INDEX financial_entries_settlement ON public.financial_entries USING btree (settlement_id, created_at, id) WHERE (settlement_id IS NOT NULL);

CREATE INDEX financial_entries_unsettled ON public.financial_entries USING btree (clinic_id, created_at) WHERE (settlement_id IS NULL);

CREATE INDEX idempotency_keys_expiry ON public.idempotency_keys USING btree (expires_at);

CREATE INDEX import_runs_file ON public.import_runs USING btree (file_sha256, kind);

CREATE INDEX notifications_asked ON public.notifications USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX notifications_user ON public.notifications USING btree (user_id, created_at);

CREATE INDEX outbox_aggregate ON public.booking_events_outbox USING btree (aggregate_id);

CREATE INDEX outbox_dead ON public.booking_events_outbox USING btree (error_code, sequence) WHERE (dead_at IS NOT NULL);

CREATE INDEX outbox_replays_running ON public.outbox_replays USING btree (next_step_at) WHERE (status = 'running'::text);

CREATE INDEX outbox_retrying ON public.booking_events_outbox USING btree (aggregate_id, sequence) WHERE ((next_attempt_at IS NOT NULL) AND (NOT published) AND (dead_at IS NULL));

CREATE UNIQUE INDEX outbox_sequence ON public.booking_events_outbox USING btree (sequence) WHERE (sequence IS NOT NULL);

CREATE INDEX outbox_unpublished ON public.booking_events_outbox USING btree (sequence) WHERE ((sequence IS NOT NULL) AND (NOT published) AND (dead_at IS NULL));

CREATE INDEX outbox_unsequenced ON public.booking_events_outbox USING btree ("position") WHERE (sequence IS NULL);

CREATE INDEX owner_search_email ON public.owner_search USING btree (email_key) WHERE (email_key IS NOT NULL);

CREATE INDEX owner_search_phone ON public.owner_search USING btree (phone_key) WHERE (phone_key IS NOT NULL);

CREATE INDEX owner_search_words ON public.owner_search USING gin (words) WITH (gin_pending_list_limit='256');

CREATE INDEX payment_attempts_payment ON public.payment_attempts USING btree (payment_id, created_at);

CREATE INDEX payments_booking ON public.payments USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE INDEX payments_external ON public.payments USING btree (external_reference) WHERE (external_reference IS NOT NULL);

CREATE INDEX payments_mismatch ON public.payments USING btree (paid_at) WHERE (failure_reason = 'amount_mismatch'::text);

CREATE UNIQUE INDEX payments_one_saved ON public.payments USING btree (reservation_id) WHERE ((payment_method = 'saved_card'::text) AND (status = ANY (ARRAY['pending'::text, 'processing'::text])));

CREATE UNIQUE INDEX payments_one_success ON public.payments USING btree (reservation_id) WHERE ((status = 'success'::text) AND (purpose = 'due'::text));

CREATE INDEX payments_open ON public.payments USING btree (created_at) WHERE ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'failed'::text])) AND (session_closed_at IS NULL));

CREATE INDEX payments_refunding ON public.payments USING btree (refund_status) WHERE (refund_status = ANY (ARRAY['pending'::text, 'processing'::text, 'failed'::text]));

CREATE INDEX payments_reservation ON public.payments USING btree (reservation_id);

CREATE INDEX pets_user ON public.pets USING btree (user_id);

CREATE INDEX plans_expiry ON public.plans USING btree (expires_at);

CREATE UNIQUE INDEX price_tiers_name ON public.price_tiers USING btree (service_id, COALESCE(slot_id, '00000000-0000-0000-0000-000000000000'::uuid), lower(name));

CREATE UNIQUE INDEX price_tiers_one_default ON public.price_tiers USING btree (service_id, COALESCE(slot_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE (is_default AND is_active);

CREATE INDEX price_tiers_slot ON public.price_tiers USING btree (slot_id) WHERE (slot_id IS NOT NULL);

CREATE UNIQUE INDEX public_holidays_clinic ON public.public_holidays USING btree (clinic_id, holiday_date) WHERE (clinic_id IS NOT NULL);

CREATE INDEX public_holidays_country ON public.public_holidays USING btree (country, holiday_date);

CREATE INDEX push_devices_user ON public.push_devices USING btree (user_id) WHERE (ended_at IS NULL);

CREATE INDEX refunds_booking ON public.refunds USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE INDEX refunds_by_time ON public.refunds USING btree (created_at, id);

CREATE UNIQUE INDEX refunds_external ON public.refunds USING btree (external_reference) WHERE (external_reference IS NOT NULL);

CREATE INDEX refunds_open ON public.refunds USING btree (next_attempt_at) WHERE (status = ANY (ARRAY['pending'::text, 'processing'::text]));

CREATE INDEX refunds_payment ON public.refunds USING btree (payment_id);

CREATE INDEX refunds_reservation ON public.refunds USING btree (reservation_id);

CREATE UNIQUE INDEX reminder_rules_unique ON public.reminder_rules USING btree (clinic_id, COALESCE(service_id, '00000000-0000-0000-0000-000000000000'::uuid), reminder_type);

CREATE INDEX reservation_items_slot ON public.reservation_items USING btree (slot_id);

CREATE INDEX reservations_asked ON public.reservations USING btree (expires_at, id) WHERE (((status)::text = 'pending'::text) AND (approval_asked_at IS NOT NULL));

CREATE INDEX reservations_due ON public.reservations USING btree (expires_at) WHERE ((status)::text = 'pending'::text);

CREATE UNIQUE INDEX reservations_idempotency ON public.reservations USING btree (user_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX reviews_clinic ON public.reviews USING btree (clinic_id, created_at, id);

CREATE INDEX reviews_user ON public.reviews USING btree (user_id);

CREATE INDEX reviews_waiting ON public.reviews USING btree (clinic_id, created_at, id) WHERE (status = 'pending'::text);

CREATE INDEX schedule_exceptions_clinic ON public.schedule_exceptions USING btree (clinic_id, exception_date);

CREATE UNIQUE INDEX schedule_exceptions_once ON public.schedule_exceptions USING btree (clinic_id, staff_id, exception_date, opens) NULLS NOT DISTINCT;

CREATE INDEX schedule_state_due ON public.schedule_state USING btree (due_at);

CREATE INDEX schedules_clinic ON public.schedules USING btree (clinic_id, weekday, opens);

CREATE UNIQUE INDEX search_words_key ON public.search_words USING btree (word);

CREATE INDEX search_words_near ON public.search_words USING gin (word gin_trgm_ops);

CREATE UNIQUE INDEX seat_plan_seats_label ON public.seat_plan_seats USING btree (service_id, upper(label));

CREATE UNIQUE INDEX seat_plan_seats_place ON public.seat_plan_seats USING btree (service_id, row_label, place);

CREATE INDEX services_category ON public.services USING btree (lower(category), clinic_id) WHERE is_available;

CREATE INDEX services_clinic ON public.services USING btree (clinic_id, name);

CREATE INDEX settlements_clinic ON public.settlements USING btree (clinic_id, created_at, id);

CREATE UNIQUE INDEX slot_claims_tier_place ON public.slot_claims USING btree (slot_id, tier_id, tier_place) WHERE (tier_id IS NOT NULL);

CREATE INDEX slot_claims_user ON public.slot_claims USING btree (user_id, ends_at);

CREATE INDEX slots_clinic_start ON public.slots USING btree (clinic_id, starts_at);

CREATE UNIQUE INDEX slots_offered_once ON public.slots USING btree (service_id, staff_id, starts_at) NULLS NOT DISTINCT WHERE ((origin = 'schedule'::text) AND (closed_for IS NULL));

CREATE INDEX slots_service_start ON public.slots USING btree (service_id, starts_at);

CREATE INDEX slots_staff_start ON public.slots USING btree (staff_id, starts_at) WHERE (staff_id IS NOT NULL);

CREATE INDEX staff_clinic ON public.staff USING btree (clinic_id);

CREATE INDEX staff_time_off_claims ON public.staff_time_off USING gin (claim_ids);

CREATE INDEX staff_time_off_clinic ON public.staff_time_off USING btree (clinic_id, starts_at);

CREATE INDEX staff_time_off_standing ON public.staff_time_off USING btree (staff_id, starts_at) WHERE (ended_at IS NULL);

CREATE INDEX upcoming_bookings_view_clinic ON public.upcoming_bookings_view USING btree (clinic_id, starts_at);

CREATE UNIQUE INDEX upcoming_bookings_view_id ON public.upcoming_bookings_view USING btree (id);

CREATE INDEX users_phone_tail ON public.users USING btree (phone_reversed text_pattern_ops);

CREATE INDEX waitlist_clinic ON public.waitlist_entries USING btree (clinic_id, created_at, id);

CREATE INDEX waitlist_look ON public.waitlist_entries USING btree (look_at) WHERE (status = 'waiting'::text);

CREATE INDEX waitlist_offered ON public.waitlist_entries USING btree (offered_reservation_id) WHERE (offered_reservation_id IS NOT NULL);

CREATE INDEX waitlist_offers_entry ON public.waitlist_offers USING btree (entry_id, slot_id);

CREATE UNIQUE INDEX waitlist_offers_live ON public.waitlist_offers USING btree (entry_id) WHERE (ended_at IS NULL);

CREATE INDEX waitlist_openings_due ON public.waitlist_openings USING btree (not_before);

CREATE INDEX waitlist_openings_slot ON public.waitlist_openings USING btree (slot_id);

CREATE INDEX waitlist_user ON public.waitlist_entries USING btree (user_id, created_at);

CREATE INDEX waitlist_waiting ON public.waitlist_entries USING btree (service_id, priority DESC, created_at, id) WHERE (status = 'waiting'::text);

CREATE INDEX waitlist_waiting_clinic ON public.waitlist_entries USING btree (clinic_id) WHERE (status = 'waiting'::text);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (endpoint_id, next_attempt_at, sequence) WHERE (status = ANY (ARRAY['pending'::text, 'sending'::text]));

CREATE INDEX webhook_deliveries_list ON public.webhook_deliveries USING btree (endpoint_id, created_at, id);

CREATE INDEX webhook_deliveries_old ON public.webhook_deliveries USING btree (created_at) WHERE (status = ANY (ARRAY['delivered'::text, 'dead'::text]));

CREATE INDEX webhook_deliveries_sending ON public.webhook_deliveries USING btree (endpoint_id) WHERE (status = 'sending'::text);

CREATE INDEX webhook_endpoints_clinic ON public.webhook_endpoints USING btree (clinic_id, created_at, id);

CREATE INDEX webhook_events_payment ON public.webhook_events USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX webhook_events_received ON public.webhook_events USING btree (received_at);

CREATE INDEX webhook_events_unknown ON public.webhook_events USING btree (received_at) WHERE (outcome = 'unknown_money'::text);

create function accept_offer(p_entry_id uuid, p_actor jsonb, OUT outcome text, OUT reservation_id uuid, OUT slot_id uuid, OUT seats integer[], OUT lock_id text, OUT ttl_ms integer, OUT repeated boolean)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_r reservations;
  v_until timestamptz;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_r
  from reservations r
  where r.id = v_w.offered_reservation_id
  for no key update;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  reservation_id := v_r.id;
  outcome := case
    when v_r.id is null or v_w.offered_reservation_id is distinct from v_r.id then 'conflict'
    when v_r.status = 'confirmed' then 'ok'
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_w.status <> 'offered' then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  slot_id := v_r.slot_id;
  seats := v_r.seats;
  lock_id := v_r.lock_id;
  update waitlist_offers o
  set accepted_at = now()
  where o.reservation_id = v_r.id and o.accepted_at is null and o.ended_at is null;
  repeated := not found;
  if not repeated then
    select least(now() + c.hold_ms * interval '1 millisecond', sl.starts_at) into v_until
    from clinics c, slots sl
    where c.id = v_r.clinic_id and sl.id = v_r.slot_id;
    perform audit(
      'waitlist.accepted', 'waitlist', v_w.id::text, v_w.clinic_id, null, null,
      jsonb_build_object('reservation_id', v_r.id), p_actor
    );
  end if;
  if v_until > v_r.expires_at then
    update reservations r
    set expires_at = v_until, version = r.version + 1, updated_at = now()
    where r.id = v_r.id
    returning r.* into v_r;
    update slot_claims c
    set expires_at = v_until
    where c.slot_id = v_r.slot_id and c.seat = any (v_r.seats) and c.reservation_id = v_r.id;
    perform log_reservation(
      v_r.id, v_r.version, 'reservation.extended', 'pending', 'pending', 'waitlist_accepted',
      p_actor
    );
    perform emit_event(
      'reservation.extended', 'reservation', v_r.id, v_r.version, v_r.clinic_id,
      p_actor ->> 'request_id', reservation_payload(v_r)
    );
  end if;
  ttl_ms := ceil(extract(epoch from v_r.expires_at - now()) * 1000);
end
$$;

create function actor_id(p_actor jsonb)
returns uuid
language sql immutable
as $$ select nullif(p_actor ->> 'id', '')::uuid $$;

create function add_attachment(p_attachment_id uuid, p_booking_id uuid, p_file_name text, p_file_url text, p_file_type text, p_file_size integer, p_sha256 text, p_description text, p_is_public boolean, p_count_max integer, p_bytes_max bigint, p_actor jsonb, OUT outcome text, OUT rule text)
returns record
language plpgsql
as $$
declare
  v_b bookings;
  v_count integer;
  v_bytes bigint;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select count(*), coalesce(sum(a.file_size), 0) into v_count, v_bytes
  from booking_attachments a
  where a.booking_id = p_booking_id;
  rule := case
    when v_count >= p_count_max then 'too_many_files'
    when v_bytes + p_file_size > p_bytes_max then 'too_many_bytes'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into booking_attachments (
    id, booking_id, file_name, file_url, file_type, description, file_size, is_public, sha256,
    uploaded_by, uploaded_by_owner
  )
  values (
    p_attachment_id, p_booking_id, p_file_name, p_file_url, p_file_type, p_description,
    p_file_size, p_is_public, p_sha256, actor_id(p_actor), p_actor ->> 'kind' = 'customer'
  );
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    v_b.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'attachment.added', 'attachment', p_attachment_id::text,
    jsonb_build_object(
      'booking_id', p_booking_id, 'file_size', p_file_size, 'file_type', p_file_type,
      'sha256', p_sha256
    )
  );
  outcome := 'ok';
end
$$;

create function add_counts(p_one jsonb, p_other jsonb)
returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_object_agg(s.key, s.total), '{}'::jsonb)
  from (
    select e.key, sum(e.value::numeric) as total
    from (
      select * from jsonb_each_text(p_one)
      union all
      select * from jsonb_each_text(p_other)
    ) as e
    group by e.key
  ) as s
$$;

create function add_push_device(p_user_id uuid, p_kind text, p_endpoint text, p_p256dh text, p_auth text, OUT device_id uuid)
returns uuid
language plpgsql
as $$
begin
  insert into push_devices as d (user_id, kind, endpoint, p256dh, auth)
  values (p_user_id, p_kind, p_endpoint, p_p256dh, p_auth)
  on conflict (endpoint) do update
  set user_id = p_user_id, p256dh = p_p256dh, auth = p_auth, ended_at = null, end_reason = null
  returning d.id into device_id;
  -- The address stands for all devices: each message goes to those that are there then.
  insert into notification_preferences as p (user_id, channel, enabled, address)
  values (p_user_id, 'push', true, 'devices')
  on conflict (user_id, channel) do update set address = coalesce(p.address, 'devices');
end
$$;

create function add_schedule_exception(p_clinic_id uuid, p_exception jsonb, p_actor jsonb, OUT outcome text, OUT exception_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
begin
  if not is_of_clinic(p_clinic_id, (p_exception ->> 'staff_id')::uuid, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  insert into schedule_exceptions (
    clinic_id, staff_id, exception_date, is_closed, opens, closes, reason
  )
  values (
    p_clinic_id, (p_exception ->> 'staff_id')::uuid, (p_exception ->> 'date')::date,
    (p_exception ->> 'is_closed')::boolean, (p_exception ->> 'opens')::time,
    (p_exception ->> 'closes')::time, p_exception ->> 'reason'
  )
  on conflict do nothing
  returning id into exception_id;
  if exception_id is null then
    outcome := 'conflict';
    return;
  end if;
  perform audit(
    'schedule.exception_added', 'schedule_exception', exception_id::text, p_clinic_id,
    p_exception ->> 'reason', null, p_exception, p_actor
  );
  outcome := 'ok';
end
$$;

create function add_webhook(p_id uuid, p_clinic_id uuid, p_url text, p_description text, p_event_types text[], p_secret text, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_after bigint;
begin
  if is_hidden(p_actor, null, p_clinic_id)
    or not exists (select 1 from clinics c where c.id = p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select c.last_sequence into v_after from webhook_cursor c for update;
  if (select count(*) from webhook_endpoints e where e.clinic_id = p_clinic_id) >= 50 then
    outcome := 'policy_refused';
    return;
  end if;
  insert into webhook_endpoints (
    id, clinic_id, url, description, event_types, secret, listens_after
  )
  values (p_id, p_clinic_id, p_url, p_description, p_event_types, p_secret, v_after)
  returning * into v_e;
  perform audit_webhook(v_e, 'webhook.add', null, null, webhook_facts(v_e), p_actor);
  outcome := 'ok';
end
$$;

create function adopt_payment(p_payload jsonb, p_session_id text, p_payment_intent text)
returns payments
language plpgsql
as $$
declare
  v_metadata jsonb := coalesce(
    p_payload -> 'metadata', p_payload #> '{data,object,metadata}', p_payload #> '{object,metadata}'
  );
  v_p payments;
begin
  insert into payments (
    id, reservation_id, clinic_id, user_id, session_id, external_reference, amount, currency,
    payment_method
  )
  select
    coalesce((v_metadata ->> 'payment_id')::uuid, gen_random_uuid()), r.id, r.clinic_id, r.user_id,
    p_session_id, p_payment_intent, r.amount_due, r.currency, 'checkout'
  from reservations r
  where r.id = (v_metadata ->> 'reservation_id')::uuid
  on conflict do nothing
  returning * into v_p;
  return v_p;
end
$$;

create function amount_text(p_amount numeric, p_currency text)
returns text
language sql stable
as $$
  select round(p_amount, c.exponent)::text
  from currencies c
  where c.code = p_currency
$$;

create function apply_platform_event(p_event_id text, p_event_type text, p_thing_id uuid, p_occurred_at timestamp with time zone, p_version bigint, p_data jsonb, OUT outcome text, OUT reason text)
returns record
language plpgsql
as $$
declare
  v_kind text := split_part(p_event_type, '.', 1);
  v_user_id uuid := nullif(p_data ->> 'user_id', '')::uuid;
begin
  if p_occurred_at > now() + interval '1 day' then
    outcome := 'refused';
    reason := 'it says that it happens in the future: nothing could follow it';
    return;
  end if;
  -- The provider was asked before this; here is nothing to copy.
  if v_kind = 'payment' then
    outcome := 'applied';
    return;
  end if;
  if v_kind in ('clinic', 'service') then
    -- Places and services are opened here, with zone, currency and rules that no event carries.
    if not exists (select 1 from clinics c where v_kind = 'clinic' and c.id = p_thing_id)
      and not exists (
        select 1 from services s
        where v_kind = 'service' and s.id = p_thing_id
          and s.clinic_id = (p_data ->> 'clinic_id')::uuid
      ) then
      outcome := 'ignored';
      reason := v_kind || ' is not sold here';
      return;
    end if;
  elsif v_kind = 'pet' and not exists (select 1 from pets p where p.id = p_thing_id)
    and not exists (select 1 from users u where u.id = v_user_id) then
    outcome := 'not_yet';
    reason := case when v_user_id is null then 'a new pet without user_id'
      else 'its owner is not known here yet' end;
    return;
  elsif v_kind = 'user'
    and exists (select 1 from users u where u.id = p_thing_id and u.is_erased) then
    outcome := 'ignored';
    reason := 'erased';
    return;
  end if;
  if not claim_source_version(v_kind, p_thing_id, p_occurred_at, p_version, p_event_id) then
    outcome := 'outdated';
    return;
  end if;
  outcome := 'applied';
  case v_kind
    when 'user' then
      insert into users as u (id, full_name, email, phone)
      values (
        p_thing_id, p_data ->> 'full_name', p_data ->> 'email', p_data ->> 'phone_number'
      )
      on conflict (id) do update
      set full_name = excluded.full_name, email = excluded.email, phone = excluded.phone,
        updated_at = now();
    when 'pet' then
      insert into pets as p (id, user_id, name, species, breed)
      select p_thing_id, coalesce(v_user_id, o.user_id), p_data ->> 'name',
        p_data ->> 'species', p_data ->> 'breed'
      from (select 1) as one
      left join pets o on o.id = p_thing_id
      on conflict (id) do update
      set name = excluded.name, species = excluded.species, breed = excluded.breed,
        updated_at = now();
    when 'clinic' then
      update clinics c
      set name = p_data ->> 'name', address = p_data ->> 'address',
        phone = p_data ->> 'phone_number', version = c.version + 1, updated_at = now()
      where c.id = p_thing_id;
    when 'service' then
      -- What is held or booked keeps its price: it is written down there.
      update services s
      set name = p_data ->> 'name', price = (p_data ->> 'price')::numeric,
        duration_minutes = (p_data ->> 'duration_minutes')::integer,
        is_available = (p_data ->> 'is_available')::boolean,
        version = s.version + 1, updated_at = now()
      where s.id = p_thing_id
        and (p_data ->> 'price')::numeric
          = (select round((p_data ->> 'price')::numeric, c.exponent)
            from currencies c where c.code = s.currency);
      if not found then
        raise exception 'the price has more decimals than the currency'
          using errcode = 'check_violation', constraint = 'services_price_exponent';
      end if;
  end case;
end
$$;

create function apply_schedule(p_clinic_id uuid, p_origin text, p_open jsonb, p_reopen uuid[], p_close uuid[], OUT opened integer, OUT reopened integer, OUT closed integer)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended(p_clinic_id::text, 60));
  -- Those that fit no longer first: a new one may stand where an old one did.
  with free as (
    select sl.id
    from slots sl
    where sl.id = any (p_close)
      and sl.clinic_id = p_clinic_id
      and sl.origin = 'schedule'
      and sl.status = 'available'
      and not exists (select from slot_claims c where c.slot_id = sl.id)
    order by sl.id
    for update
  ), done as (
    update slots sl
    set status = 'blocked', closed_for = 'schedule', version = sl.version + 1, updated_at = now()
    from free f
    where sl.id = f.id
    returning sl.id
  )
  select count(*) into closed from done;
  with shut as (
    select sl.id
    from slots sl
    where sl.id = any (p_reopen)
      and sl.clinic_id = p_clinic_id
      and sl.closed_for = 'schedule'
      and not exists (
        select from slots o
        where o.service_id = sl.service_id and o.staff_id is not distinct from sl.staff_id
          and o.starts_at = sl.starts_at and o.id <> sl.id
          and o.origin = 'schedule' and o.closed_for is null
      )
    order by sl.id
    for update
  ), done as (
    update slots sl
    set status = case when sl.booked_count >= sl.capacity then 'booked' else 'available' end,
      closed_for = null, version = sl.version + 1, updated_at = now()
    from shut s
    where sl.id = s.id
    returning sl.id
  )
  select count(*) into reopened from done;
  -- A closed slot of another shape takes the place, so that few are left behind. Not one that was closed
  -- just now: a hold may be under way that has read it.
  with reused as (
    select sl.id, w.room_id, w.ends_at, w.slot_end_time, w.capacity, w.busy_from, w.busy_to
    from jsonb_to_recordset(p_open) as w (
      reuse uuid, service_id uuid, staff_id uuid, room_id uuid, starts_at timestamptz,
      ends_at timestamptz, slot_end_time time, capacity integer, busy_from timestamptz,
      busy_to timestamptz
    )
    join slots sl on sl.id = w.reuse
    where sl.clinic_id = p_clinic_id
      and sl.closed_for = 'schedule'
      and sl.updated_at < now() - interval '1 minute'
      and sl.starts_at = w.starts_at
      and sl.service_id = w.service_id
      and sl.staff_id is not distinct from w.staff_id
      and not exists (select from slot_claims c where c.slot_id = sl.id)
      and not exists (
        select from slots o
        where o.service_id = sl.service_id and o.staff_id is not distinct from sl.staff_id
          and o.starts_at = sl.starts_at and o.closed_for is null
      )
    order by sl.id
    for update of sl
  ), done as (
    update slots sl
    set room_id = r.room_id, ends_at = r.ends_at, slot_end_time = r.slot_end_time,
      capacity = r.capacity, busy_from = r.busy_from, busy_to = r.busy_to, origin = p_origin,
      status = 'available', closed_for = null, version = sl.version + 1, updated_at = now()
    from reused r
    where sl.id = r.id
    returning sl.id
  )
  select reopened + count(*) into reopened from done;
  with wanted as (
    select w.*, tstzrange(coalesce(w.busy_from, w.starts_at), coalesce(w.busy_to, w.ends_at))
      as during
    from jsonb_to_recordset(p_open) as w (
      service_id uuid, staff_id uuid, room_id uuid, starts_at timestamptz, ends_at timestamptz,
      slot_date date, slot_start_time time, slot_end_time time, capacity integer,
      busy_from timestamptz, busy_to timestamptz
    )
  ), done as (
    insert into slots (
      clinic_id, service_id, staff_id, room_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity, busy_from, busy_to, origin
    )
    select p_clinic_id, w.service_id, w.staff_id, w.room_id, w.starts_at, w.ends_at, w.slot_date,
      w.slot_start_time, w.slot_end_time, w.capacity, w.busy_from, w.busy_to, p_origin
    from wanted w
    where not exists (
        select from staff_claims c where c.staff_id = w.staff_id and c.during && w.during
      )
      and not exists (
        select from room_claims c where c.room_id = w.room_id and c.during && w.during
      )
      -- By hand nothing is opened twice either.
      and not exists (
        select from slots o
        where o.service_id = w.service_id and o.staff_id is not distinct from w.staff_id
          and o.starts_at = w.starts_at and o.closed_for is null
      )
    on conflict do nothing
    returning id
  )
  select count(*) into opened from done;
end
$$;

create function approval_deadline(p_r reservations)
returns timestamp with time zone
language sql stable
as $$
  select least(
    now() + c.approval_ms * interval '1 millisecond',
    case
      when sl.starts_at > now() + interval '2 hours' then sl.starts_at - interval '1 hour'
      else now() + (sl.starts_at - now()) / 2
    end
  )
  from clinics c, slots sl
  where c.id = p_r.clinic_id and sl.id = p_r.slot_id
$$;

create function ask_approval(p_reservation_id uuid, p_actor jsonb, OUT outcome text, OUT expires_at timestamp with time zone)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found then
    outcome := 'not_found';
  elsif v_r.status <> 'pending' or v_r.approval <> 'awaiting' or v_r.amount_due > 0 then
    outcome := 'conflict';
  else
    outcome := 'ok';
    expires_at := v_r.expires_at;
    if v_r.approval_asked_at is null then
      v_r := keep_until(v_r, approval_deadline(v_r), 'approval_asked', p_actor);
      expires_at := v_r.expires_at;
    end if;
  end if;
end
$$;

create function ask_deliveries(p_asked_id uuid, p_user_id uuid, p_clinic_id uuid, p_booking_id uuid, p_type text, p_channel text, p_payload jsonb, p_actor jsonb)
returns text[]
language sql
as $$
  with queued as (
    insert into deliveries (
      asked_id, asked_by, clinic_id, booking_id, user_id, channel, type, address, lang, payload,
      correlation_id
    )
    select p_asked_id, actor_id(p_actor), p_clinic_id, p_booking_id, u.id, k.channel, p_type,
      a.address, u.lang, p_payload, p_actor ->> 'request_id'
    from users u
    cross join unnest(array['email', 'sms', 'push']) as k (channel)
    cross join lateral (select channel_address(u.id, k.channel) as address) as a
    where u.id = p_user_id and a.address is not null and k.channel = coalesce(p_channel, k.channel)
    returning channel
  )
  select coalesce(array_agg(channel order by channel), '{}') from queued
$$;

create function attach_payment(p_b bookings, p_p payments, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_b bookings;
  v_p payments;
begin
  update bookings b
  set payment_id = p_p.id,
    payment_mode = 'prepaid',
    -- What the page asked for; moves may have lowered and raised the price since.
    amount_due = p_p.amount,
    version = b.version + 1,
    updated_at = now()
  where b.id = p_b.id
  returning b.* into v_b;
  update payments p set booking_id = v_b.id where p.id = p_p.id returning p.* into v_p;
  perform enter_payment(v_b, v_p);
  perform log_booking(
    v_b.id, v_b.version, 'booking.paid', v_b.status,
    jsonb_build_object('payment_mode', p_b.payment_mode),
    jsonb_build_object('payment_mode', v_b.payment_mode, 'payment_id', v_p.id), null, p_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', v_b.id, v_b.version, v_b.clinic_id,
    p_actor ->> 'request_id', booking_payload(v_b) || jsonb_build_object(
      'previous_status', v_b.status, 'new_status', v_b.status, 'changed_at', now()
    )
  );
  perform emit_event(
    'payment.processed', 'payment', v_p.id, v_p.version, v_p.clinic_id,
    p_actor ->> 'request_id', payment_payload(v_p)
  );
end
$$;

create function attachment_store_id()
returns text
language sql stable
as $$
  select substr(md5(s.system_identifier || '/' || d.oid), 1, 12)
  from pg_control_system() s, pg_database d
  where d.datname = current_database()
$$;

create function audit(p_action text, p_target_type text, p_target_id text, p_clinic_id uuid, p_reason text, p_before jsonb, p_after jsonb, p_actor jsonb)
returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, p_target_type, p_target_id, p_reason, p_before, p_after
  )
$$;

create function audit_calendar_link(p_l calendar_links, p_action text, p_actor jsonb)
returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, on_behalf_of, source, request_id, action, target_type,
    target_id, after
  )
  values (
    p_l.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_l.user_id, p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'calendar_link', p_l.id::text,
    jsonb_build_object('kind', p_l.kind, 'staff_id', p_l.staff_id, 'name', p_l.name)
  )
$$;

create function audit_reminder(p_clinic_id uuid, p_action text, p_target_type text, p_target_id text, p_reason text, p_before jsonb, p_after jsonb, p_actor jsonb)
returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, p_target_type, p_target_id, p_reason, p_before, p_after
  )
$$;

create function audit_review(p_old reviews, p_new reviews, p_action text, p_reason text, p_actor jsonb)
returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_new.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'review', p_new.id::text, p_reason,
    jsonb_build_object('status', p_old.status, 'rating', p_old.rating, 'version', p_old.version),
    jsonb_build_object('status', p_new.status, 'rating', p_new.rating, 'version', p_new.version)
  )
$$;

create function audit_webhook(p_e webhook_endpoints, p_action text, p_reason text, p_before jsonb, p_after jsonb, p_actor jsonb)
returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_e.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'webhook', p_e.id::text, p_reason, p_before, p_after
  )
$$;

create function availability_group(p_clinic_id uuid)
returns integer
language sql immutable
as $$ select uuid_hash(p_clinic_id) & 63 $$;

create function availability_versions(p_groups integer[], OUT versions bigint[], OUT writing text[])
returns record
language plpgsql
as $$
begin
  versions := array(
    select coalesce(pg_sequence_last_value(('availability_' || g.n)::regclass), 0)
    from unnest(p_groups) with ordinality as g (n, place)
    order by g.place
  );
  writing := array(select x::text from pg_snapshot_xip(pg_current_snapshot()) as x);
end
$$;

create procedure begin_availability(IN p_group integer, INOUT version bigint, INOUT writing text[])
language plpgsql
as $$
begin
  version := coalesce(
    pg_sequence_last_value(('availability_' || p_group)::regclass), 0
  );
  perform pg_current_xact_id();
  commit;
  writing := array(select x::text from pg_snapshot_xip(pg_current_snapshot()) as x);
end
$$;

create function begin_grace(p_b bookings)
returns timestamp with time zone
language plpgsql
as $$
declare
  v_until timestamptz;
begin
  select now() + c.undo_ms * interval '1 millisecond' into v_until
  from clinics c
  where c.id = p_b.clinic_id and c.undo_ms > 0;
  update refunds f
  set next_attempt_at = v_until
  where f.booking_id = p_b.id and f.created_at = now() and f.status = 'pending'
    and f.attempts = 0 and v_until is not null;
  -- What this statement has freed is not offered to others either (0055).
  if p_b.item_count > 1 then
    perform delay_openings(p_b.reservation_id, v_until);
    return v_until;
  end if;
  update waitlist_openings o
  set not_before = v_until
  where o.slot_id = p_b.slot_id and o.created_at = now() and v_until is not null;
  if not found and v_until is not null then
    -- Nobody waits yet: who comes now waits for the end of the grace too.
    insert into waitlist_openings (slot_id, not_before) values (p_b.slot_id, v_until);
  end if;
  return v_until;
end
$$;

create function begin_replay(p_target text, p_from bigint, p_to bigint, p_per_second integer, p_reason text, p_actor jsonb, OUT outcome text, OUT replay_id bigint)
returns record
language plpgsql
as $$
declare
  v_to bigint;
begin
  -- One at a time, so that the limit holds.
  perform pg_advisory_xact_lock(hashtextextended('petpro:begin_replay', 0));
  select least(p_to, s.last_sequence) into v_to from outbox_state s;
  outcome := case
    when not exists (
      select from booking_events_outbox o where o.sequence between p_from and v_to
    ) then 'not_found'
    when (select count(*) from outbox_replays r where r.status = 'running') >= 5 then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  insert into outbox_replays (
    target, from_sequence, to_sequence, per_second, sent_through, reason, asked_by
  )
  values (p_target, p_from, v_to, p_per_second, p_from - 1, p_reason, actor_id(p_actor))
  returning id into replay_id;
  perform audit(
    'outbox.replay', 'replay', 'RP' || replay_id, null, p_reason, null,
    jsonb_build_object(
      'target', p_target, 'from_sequence', p_from, 'to_sequence', v_to, 'per_second', p_per_second
    ),
    p_actor
  );
end
$$;

create function begin_saved_payment(p_payment_id uuid, p_reservation_id uuid, p_method_id text, p_actor jsonb, OUT outcome text, OUT payment_id uuid, OUT method_id text, OUT session_id text, OUT payment_url text, OUT amount numeric, OUT currency text, OUT needs_approval boolean)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_p payments;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_r.status <> 'pending' or v_r.approval_asked_at is not null then 'conflict'
    when v_r.amount_due = 0 then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  amount := v_r.amount_due;
  currency := v_r.currency;
  needs_approval := v_r.approval = 'awaiting';
  select * into v_p
  from payments p
  where p.reservation_id = v_r.id and p.payment_method = 'saved_card'
    and p.status in ('pending', 'processing');
  outcome := case when found then 'in_flight' else 'ok' end;
  if outcome = 'ok' then
    insert into payments (
      id, reservation_id, clinic_id, user_id, amount, currency, payment_method, payment_details
    )
    values (
      p_payment_id, v_r.id, v_r.clinic_id, v_r.user_id, v_r.amount_due, v_r.currency,
      'saved_card', jsonb_build_object('payment_method_id', p_method_id)
    )
    returning * into v_p;
  end if;
  payment_id := v_p.id;
  method_id := v_p.payment_details ->> 'payment_method_id';
  session_id := v_p.session_id;
  payment_url := v_p.payment_url;
end
$$;

create function booking_paid(p_booking_id uuid)
returns numeric
language sql stable
as $$
  select coalesce(sum(p.amount), 0)
  from payments p
  where p.booking_id = p_booking_id and p.status in ('success', 'refunded')
$$;

create function booking_payload(p_b bookings)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'booking_id', p_b.id,
    'reservation_id', p_b.reservation_id,
    'reference_code', p_b.reference_code,
    'user_id', p_b.user_id,
    'pet_id', p_b.pet_id,
    'clinic_id', p_b.clinic_id,
    'service_id', p_b.service_id,
    'service_name', p_b.service_snapshot ->> 'name',
    'slot_id', p_b.slot_id,
    'slot_date', sl.slot_date,
    'slot_time', sl.slot_start_time,
    'starts_at', sl.starts_at,
    'quantity', p_b.quantity,
    'amount', amount_text(p_b.amount, p_b.currency),
    'currency', p_b.currency,
    'status', p_b.status,
    'version', p_b.version,
    'created_at', p_b.created_at
  ) || case
    when p_b.item_count > 1 then jsonb_build_object(
      'ends_at', p_b.ends_at, 'items', items_json(p_b.reservation_id, p_b.currency)
    )
    else '{}'::jsonb
  end || case
    when p_b.series_id is null then '{}'::jsonb
    else jsonb_build_object('series_id', p_b.series_id, 'series_position', p_b.series_position)
  end
  from slots sl
  where sl.id = p_b.slot_id
$$;

create function booking_rules_json(p_c clinics)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'hold_ms', p_c.hold_ms, 'undo_ms', p_c.undo_ms, 'approval_ms', p_c.approval_ms,
    'check_in_hours', p_c.check_in_hours, 'cancellation_policy', p_c.cancellation_policy,
    'waitlist_offer_ms', p_c.waitlist_offer_ms, 'waitlist_notice_ms', p_c.waitlist_notice_ms,
    'waitlist_misses', p_c.waitlist_misses, 'overbooking_percent', p_c.overbooking_percent
  )
$$;

create function busy_range(p_slot slots)
returns tstzrange
language sql immutable
as $$
  select tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  )
$$;

create function cancel_booking(p_booking_id uuid, p_reason text, p_by text, p_expected_version integer, p_quote boolean, p_actor jsonb, OUT outcome text, OUT booking_id uuid, OUT reference_code text, OUT refund_percent integer, OUT refund_amount numeric, OUT currency text, OUT slot_id uuid, OUT refund_id uuid, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_seats integer[];
  v_percent integer;
  v_amount numeric := 0;
  v_until timestamptz;
begin
  if p_quote then
    select * into v_b from bookings b where b.id = p_booking_id;
  else
    select * into v_b from bookings b where b.id = p_booking_id for no key update;
  end if;
  if v_b.id is null or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  booking_id := v_b.id;
  reference_code := v_b.reference_code;
  currency := v_b.currency;
  slot_id := v_b.slot_id;
  version := v_b.version;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when v_b.status <> 'confirmed' then 'policy_refused'
    when p_by not in ('owner', 'clinic') then 'policy_refused'
    when p_by = 'clinic' and p_actor ->> 'kind' = 'customer' then 'policy_refused'
    -- After the start it is a visit or a no-show; only the clinic may still call it off.
    when p_by = 'owner' and v_b.booking_time <= now() then 'policy_refused'
  end;
  if outcome is not null then return; end if;

  v_percent := case p_by
    when 'clinic' then 100
    else least(v_b.refund_percent_cap, refund_percent(
      v_b.policy_snapshot, extract(epoch from v_b.booking_time - now()) / 3600
    ))
  end;
  select r.refund_amount, r.refund_id into v_amount, refund_id
  from refund_payments(v_b, v_percent, 'cancelled_by_' || p_by, p_quote, p_actor) r;
  outcome := 'ok';
  refund_percent := v_percent;
  refund_amount := v_amount;
  if p_quote then return; end if;

  update bookings b
  set status = 'cancelled', cancellation_reason = p_reason, cancelled_by = p_by,
    cancelled_at = now(), refund_percent = v_percent, version = b.version + 1, updated_at = now()
  where b.id = v_b.id
  returning b.version into version;
  select r.seats into v_seats from reservations r where r.id = v_b.reservation_id;
  if v_b.item_count > 1 then
    perform free_items(v_b.reservation_id);
  elsif v_seats is not null then
    perform free_place(v_b.slot_id, v_b.reservation_id, v_seats);
  end if;
  perform end_reminders(v_b.id, 'booking_cancelled');
  v_until := begin_grace(v_b);
  perform log_booking(
    v_b.id, version, 'booking.cancelled', 'cancelled',
    jsonb_build_object('status', v_b.status),
    jsonb_build_object('status', 'cancelled', 'refund_percent', v_percent,
      'refund_amount', amount_text(v_amount, v_b.currency), 'by', p_by),
    p_reason, p_actor
  );
  perform emit_event(
    'booking.cancelled', 'booking', v_b.id, version, v_b.clinic_id, p_actor ->> 'request_id',
    (select booking_payload(b) from bookings b where b.id = v_b.id) || jsonb_build_object(
      'cancellation_reason', p_reason, 'cancelled_by', p_by,
      'refund_amount', amount_text(v_amount, v_b.currency),
      'refund_percent', v_percent,
      'refund_status', case when v_amount > 0 then 'pending' end, 'cancelled_at', now()
    ) || jsonb_strip_nulls(jsonb_build_object('not_before', v_until))
  );
  if v_b.item_count > 1 then
    perform count_items(v_b.reservation_id, -1);
    return;
  end if;
  update slots sl
  set booked_count = greatest(sl.booked_count - v_b.quantity, 0),
    status = case when sl.status = 'booked' then 'available' else sl.status end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = v_b.slot_id;
end
$$;

create function cancel_reservation(p_reservation_id uuid, p_reason text, p_actor jsonb, OUT outcome text, OUT seats integer[], OUT slot_id uuid, OUT lock_id text, OUT session_id text)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  seats := v_r.seats;
  slot_id := v_r.slot_id;
  lock_id := v_r.lock_id;
  session_id := open_session(v_r.id);
  -- Cancelling twice is answered like once: the caller wanted it gone, and it is.
  outcome := case v_r.status
    when 'expired' then 'reservation_expired'
    when 'confirmed' then 'conflict'
    else 'ok'
  end;
  if v_r.status = 'pending' then
    perform end_reservation(v_r, 'cancelled', p_reason, p_actor);
  end if;
end
$$;

create function cancel_series(p_series_id uuid, p_bookings uuid[], p_by text, p_reason text, p_expected_version integer, p_quote boolean, p_actor jsonb, OUT outcome text, OUT visits jsonb, OUT failed_id uuid, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_ids uuid[];
  v_one record;
begin
  visits := '[]';
  if not p_quote then
    outcome := lock_series(p_series_id, p_bookings, p_expected_version, p_actor);
    if outcome <> 'ok' then return; end if;
  elsif series_version(p_series_id) <> p_expected_version then
    outcome := 'conflict';
    return;
  end if;
  v_ids := array(
    select b.id from bookings b
    where b.id = any (p_bookings) and b.series_id = p_series_id
    order by b.booking_time, b.id
  );
  begin
    foreach v_id in array v_ids loop
      select c.* into v_one
      from cancel_booking(v_id, p_reason, p_by, null, p_quote, p_actor) c;
      if v_one.outcome <> 'ok' then
        failed_id := v_id;
        outcome := v_one.outcome;
        raise exception using errcode = 'PP001', message = 'not every visit can be cancelled';
      end if;
      visits := visits || jsonb_build_object(
        'booking_id', v_id, 'slot_id', v_one.slot_id, 'refund_percent', v_one.refund_percent,
        'refund_amount', v_one.refund_amount::text, 'version', v_one.version
      );
    end loop;
    if not p_quote then perform tell_together('booking.cancelled', v_ids); end if;
    outcome := 'ok';
  exception when sqlstate 'PP001' then
    visits := '[]';
  end;
  version := series_version(p_series_id);
end
$$;

create function cash_up(p_clinic_id uuid, p_date date)
returns TABLE(payment_method text, taken numeric, taken_count integer, returned numeric, returned_count integer)
language sql stable
as $$
  select
    p.payment_method,
    coalesce(sum(e.total_amount) filter (where e.type = 'payment'), 0),
    (count(*) filter (where e.type = 'payment'))::integer,
    -coalesce(sum(e.total_amount) filter (where e.type <> 'payment'), 0),
    (count(*) filter (where e.type <> 'payment'))::integer
  from clinics c
  join financial_entries e on e.clinic_id = c.id and e.currency = c.currency
    and e.created_at >= p_date::timestamp at time zone c.time_zone
    and e.created_at < (p_date + 1)::timestamp at time zone c.time_zone
  join payments p on p.id = e.payment_id
  where c.id = p_clinic_id
  group by p.payment_method
  order by p.payment_method
$$;

create function channel_address(p_user_id uuid, p_channel text)
returns text
language sql stable
as $$
  select coalesce(
    p.address,
    case p_channel when 'email' then u.email when 'sms' then u.phone
      else (
        select 'devices' from push_devices d
        where d.user_id = u.id and d.ended_at is null
        limit 1
      )
    end
  )
  from users u
  left join notification_preferences p on p.user_id = u.id and p.channel = p_channel
  where u.id = p_user_id and not u.is_erased and coalesce(p.enabled, p_channel = 'email')
$$;

create function check_in_from(p_b bookings)
returns timestamp with time zone
language sql stable
as $$
  select p_b.booking_time - c.check_in_hours * interval '1 hour'
  from clinics c
  where c.id = p_b.clinic_id
$$;

create function claim_authorisations(p_limit integer, p_lease_ms integer)
returns TABLE(payment_id uuid, reservation_id uuid, payment_intent text, verb text, attempts integer, is_lapsed boolean)
language sql
as $$
  update authorisations a
  set status = case
      when a.status = 'capturing' and r.status = 'pending' then 'capturing' else 'voiding'
    end,
    reason = coalesce(a.reason, case r.status
      when 'expired' then 'approval_timeout' when 'confirmed' then 'paid_otherwise'
      else r.cancellation_reason
    end),
    attempts = a.attempts + 1,
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond',
    updated_at = now()
  from reservations r
  where r.id = a.reservation_id
    and a.payment_id in (
      select w.payment_id
      from authorisations w
      join reservations h on h.id = w.reservation_id
      where w.status in ('open', 'capturing', 'voiding')
        and w.next_attempt_at <= now()
        and (w.status <> 'open' or h.status <> 'pending')
      order by w.next_attempt_at
      limit p_limit
      for update of w skip locked
    )
  returning a.payment_id, a.reservation_id, a.payment_intent,
    case a.status when 'capturing' then 'capture' else 'void' end, a.attempts,
    a.capture_before + interval '1 day' < now()
$$;

create function claim_deliveries(p_channel text, p_limit integer, p_lease_ms integer, p_rate_per_minute integer)
returns SETOF deliveries
language plpgsql
set enable_seqscan=off
as $$
declare
  v_allowed integer := p_limit;
  v_count integer;
begin
  if exists (
    select from delivery_channels c where c.channel = p_channel and c.paused_at is not null
  ) then
    return;
  end if;
  -- Whoever took it died each time: it may be the message that kills.
  update deliveries d
  set status = 'dead', dead_at = now(), error_code = 'lease lost',
    last_error = 'every try ended without a word', leased_until = null
  where d.channel = p_channel and d.status = 'sending' and d.next_attempt_at <= now()
    and d.attempts >= delivery_attempts_max();
  if not exists (
    select from deliveries w
    where w.channel = p_channel and w.status in ('pending', 'sending')
      and w.due_at <= now() and w.next_attempt_at <= now()
  ) then
    return;
  end if;
  if p_rate_per_minute > 0 then
    update delivery_channels c
    set tokens = least(
        greatest(p_rate_per_minute / 6.0, 1),
        c.tokens + greatest(extract(epoch from now() - c.refilled_at), 0) * p_rate_per_minute / 60
      ),
      refilled_at = greatest(c.refilled_at, now())
    where c.channel = p_channel
    returning least(p_limit, floor(c.tokens)::integer) into v_allowed;
  end if;
  if v_allowed < 1 then return; end if;
  return query
  update deliveries d
  set status = 'sending',
    attempts = d.attempts + 1,
    leased_until = now() + p_lease_ms * interval '1 millisecond',
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond'
  where d.id in (
    select w.id
    from deliveries w
    where w.channel = p_channel and w.status in ('pending', 'sending')
      and w.due_at <= now() and w.next_attempt_at <= now()
    order by w.due_at
    limit v_allowed
    for update skip locked
  )
  returning d.*;
  get diagnostics v_count = row_count;
  if p_rate_per_minute > 0 and v_count > 0 then
    update delivery_channels c set tokens = c.tokens - v_count where c.channel = p_channel;
  end if;
end
$$;

create function claim_for_move(p_b bookings, p_slot slots, p_seats integer[], OUT outcome text, OUT seats integer[], OUT blocking_reservation_id uuid, OUT blocking_session_id text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_claim record;
  v_cleared record;
begin
  for v_round in 1..2 loop
    select c.* into v_claim
    from claim_priced_place(
      p_b.reservation_id, p_b.user_id, p_b.quantity,
      -- Where seats are numbered (0069), the same ones if they are free.
      case
        when exists (select from seat_plans s where s.service_id = p_slot.service_id)
          then (select r.seats from reservations r where r.id = p_b.reservation_id)
        else p_seats
      end, null, p_slot, p_b.price_lines
    ) c;
    if v_claim.outcome = 'ok' then
      outcome := 'ok';
      seats := v_claim.seats;
      return;
    end if;
    exit when v_round = 2;
    select c.* into v_cleared from clear_overdue(p_slot) c;
    continue when v_cleared.freed > 0;
    if v_cleared.blocking_session_id is not null then
      outcome := 'overdue_session';
      blocking_reservation_id := v_cleared.blocking_reservation_id;
      blocking_session_id := v_cleared.blocking_session_id;
      return;
    end if;
    exit;
  end loop;
  outcome := case
    when v_claim.outcome = 'contended' or coalesce(v_cleared.locked, false) then 'slot_locked'
    else 'slot_taken'
  end;
end
$$;

create function claim_items(p_reservation_id uuid, p_user_id uuid, p_expires_at timestamp with time zone, p_items jsonb, OUT outcome text, OUT slot_id uuid, OUT items jsonb)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_slot slots;
  v_item record;
  v_place record;
  v_slot_ids uuid[];
begin
  select array_agg((i ->> 'slot_id')::uuid) into v_slot_ids from jsonb_array_elements(p_items) i;
  outcome := 'ok';
  items := '[]';
  begin
    perform
    from slots sl
    where sl.id = any (v_slot_ids)
      and sl.capacity > 1 and (sl.staff_id is not null or sl.room_id is not null)
    order by sl.id
    for key share;
    for v_slot in
      select sl.* from slots sl
      where sl.id = any (v_slot_ids) and sl.staff_id is not null
      order by sl.staff_id, lower(busy_range(sl))
    loop
      insert into staff_claims (slot_id, staff_id, clinic_id, during)
      values (
        v_slot.id, v_slot.staff_id, v_slot.clinic_id, busy_range(v_slot)
      )
      on conflict do nothing;
      if not found and not exists (select from staff_claims c where c.slot_id = v_slot.id) then
        outcome := 'staff_busy';
        slot_id := v_slot.id;
        raise exception using errcode = 'PP003', message = 'not all items can be had';
      end if;
    end loop;
    for v_slot in
      select sl.* from slots sl
      where sl.id = any (v_slot_ids) and sl.room_id is not null
      order by sl.room_id, lower(busy_range(sl))
    loop
      insert into room_claims (slot_id, room_id, clinic_id, during)
      values (
        v_slot.id, v_slot.room_id, v_slot.clinic_id, busy_range(v_slot)
      )
      on conflict do nothing;
      if not found and not exists (select from room_claims c where c.slot_id = v_slot.id) then
        outcome := 'room_busy';
        slot_id := v_slot.id;
        raise exception using errcode = 'PP003', message = 'not all items can be had';
      end if;
    end loop;
    for v_item in
      select i.item, sl as slot
      from jsonb_array_elements(p_items) as i (item)
      join slots sl on sl.id = (i.item ->> 'slot_id')::uuid
      order by sl.id
    loop
      select c.outcome, c.seats into v_place
      from claim_priced_place(
        p_reservation_id, p_user_id, (v_item.item ->> 'quantity')::integer,
        case
          when jsonb_typeof(v_item.item -> 'seats') = 'array'
            then array(select s::integer from jsonb_array_elements_text(v_item.item -> 'seats') s)
        end,
        p_expires_at, v_item.slot, v_item.item -> 'price_lines'
      ) c;
      if v_place.outcome <> 'ok' then
        outcome := v_place.outcome;
        slot_id := (v_item.item ->> 'slot_id')::uuid;
        raise exception using errcode = 'PP003', message = 'not all items can be had';
      end if;
      items := items || jsonb_build_array(
        v_item.item || jsonb_build_object('seats', to_jsonb(v_place.seats))
      );
    end loop;
  exception when sqlstate 'PP003' then
    -- Undone by the end of this block: what was taken before it is free again.
    items := null;
  end;
end
$$;

create function claim_many_seats(p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[], p_expires_at timestamp with time zone, p_slot slots, OUT seats integer[], OUT busy boolean)
returns record
language plpgsql
as $$
declare
  v_pick integer[];
  v_taken integer;
begin
  busy := false;
  for v_try in 1..6 loop
    if v_try = 1 and cardinality(p_wanted) = p_quantity then
      v_pick := p_wanted;
    else
      select array_agg(f.s) into v_pick
      from (
        select s
        from generate_series(1, p_slot.capacity) as s
        where not exists (
          select from slot_claims c where c.slot_id = p_slot.id and c.seat = s
        )
        order by s > p_slot.capacity - p_slot.extra_seats, random()
        limit p_quantity
      ) f;
      if coalesce(cardinality(v_pick), 0) < p_quantity then return; end if;
    end if;
    begin
      insert into slot_claims (
        slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
      )
      select p_slot.id, s, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at,
        p_expires_at
      from unnest(v_pick) as s
      where s between 1 and p_slot.capacity
      order by s
      on conflict (slot_id, seat) do nothing;
      get diagnostics v_taken = row_count;
      if v_taken = p_quantity then
        select array_agg(s order by s) into seats from unnest(v_pick) as s;
        return;
      end if;
      raise exception using errcode = 'PP001', message = 'a rival was faster';
    exception when sqlstate 'PP001' then
      -- Undone by the end of this block, so that nobody waits for what we let go.
      null;
    end;
  end loop;
  busy := true;
end
$$;

create function claim_one_seat(p_reservation_id uuid, p_user_id uuid, p_wanted integer, p_expires_at timestamp with time zone, p_slot slots, OUT seats integer[], OUT busy boolean)
returns record
language plpgsql
as $$
declare
  -- Seats beyond the usual ones (0069) go last, so that they can be taken back.
  v_usual integer := p_slot.capacity - p_slot.extra_seats;
  v_seat integer := case when p_wanted between 1 and v_usual then p_wanted end;
begin
  busy := false;
  -- Each lost try means that somebody else took a seat; ten losses in a row end politely.
  for v_try in 1..10 loop
    if v_seat is null and v_try <= 3 then
      v_seat := 1 + floor(random() * v_usual)::integer;
    elsif v_seat is null then
      select s into v_seat
      from generate_series(1, p_slot.capacity) as s
      where not exists (
        select from slot_claims c where c.slot_id = p_slot.id and c.seat = s
      )
      order by s > v_usual, random()
      limit 1;
      if not found then return; end if;
    end if;
    insert into slot_claims (
      slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
    )
    select p_slot.id, v_seat, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at,
        p_expires_at
    where not exists (
      select from slot_claims c where c.slot_id = p_slot.id and c.seat = v_seat
    )
    on conflict (slot_id, seat) do nothing;
    if found then
      seats := array[v_seat];
      return;
    end if;
    v_seat := null;
  end loop;
  busy := true;
end
$$;

create function claim_openings(p_limit integer, p_lease_ms integer)
returns TABLE(opening_id bigint, slot_id uuid)
language sql
as $$
  update waitlist_openings o
  set leased_until = now() + p_lease_ms * interval '1 millisecond'
  where o.id in (
    select w.id
    from waitlist_openings w
    where w.not_before <= now() and (w.leased_until is null or w.leased_until <= now())
    order by w.not_before, w.id
    limit p_limit
    for update skip locked
  )
  returning o.id, o.slot_id
$$;

create function claim_place(p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[], p_expires_at timestamp with time zone, p_slot slots, p_wish jsonb DEFAULT NULL::jsonb, OUT outcome text, OUT seats integer[])
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_during tstzrange := tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  );
  v_staff_new boolean := false;
  v_room_new boolean := false;
  v_busy boolean := false;
begin
  if p_slot.extra_seats > 0 then
    -- Seats beyond the usual ones can be taken back (0069): their number is read under a lock.
    select * into p_slot from slots sl where sl.id = p_slot.id for key share;
  end if;
  if p_slot.capacity > 1 and (p_slot.staff_id is not null or p_slot.room_id is not null) then
    -- Looked at before the lock below, so that a loser writes nothing.
    if exists (
      select from staff_claims c
      where c.staff_id = p_slot.staff_id and c.during && v_during and c.slot_id <> p_slot.id
    ) then
      outcome := 'staff_busy';
      return;
    end if;
    -- Whoever frees the last seat takes `for update`: the staff row cannot vanish under us.
    perform from slots sl where sl.id = p_slot.id for key share;
  end if;
  if p_slot.staff_id is not null then
    insert into staff_claims (slot_id, staff_id, clinic_id, during)
    values (p_slot.id, p_slot.staff_id, p_slot.clinic_id, v_during)
    on conflict do nothing;
    v_staff_new := found;
    if not v_staff_new
      and not exists (select from staff_claims c where c.slot_id = p_slot.id) then
      outcome := 'staff_busy';
      return;
    end if;
  end if;
  if p_slot.room_id is not null then
    insert into room_claims (slot_id, room_id, clinic_id, during)
    values (p_slot.id, p_slot.room_id, p_slot.clinic_id, v_during)
    on conflict do nothing;
    v_room_new := found;
    if not v_room_new and not exists (select from room_claims c where c.slot_id = p_slot.id) then
      outcome := 'room_busy';
    end if;
  end if;
  if outcome is null and p_slot.capacity = 1 then
    insert into slot_claims (
      slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
    )
    values (
      p_slot.id, 1, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at, p_expires_at
    )
    on conflict (slot_id, seat) do nothing;
    if found then seats := '{1}'; end if;
  elsif outcome is null
    and exists (select from seat_plans p where p.service_id = p_slot.service_id) then
    select c.seats, c.busy into seats, v_busy
    from claim_planned_seats(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot, p_wish
    ) as c;
  elsif outcome is null and p_quantity = 1 then
    select c.seats, c.busy into seats, v_busy
    from claim_one_seat(p_reservation_id, p_user_id, p_wanted[1], p_expires_at, p_slot) as c;
  elsif outcome is null then
    select c.seats, c.busy into seats, v_busy
    from claim_many_seats(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot
    ) as c;
  end if;
  if seats is not null then
    outcome := 'ok';
    return;
  end if;
  outcome := coalesce(outcome, case when v_busy then 'contended' else 'full' end);
  if v_staff_new then delete from staff_claims c where c.slot_id = p_slot.id; end if;
  if v_room_new then delete from room_claims c where c.slot_id = p_slot.id; end if;
end
$$;

create function claim_planned_seats(p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[], p_expires_at timestamp with time zone, p_slot slots, p_wish jsonb, OUT seats integer[], OUT busy boolean)
returns record
language plpgsql
as $$
declare
  v_items jsonb := nullif(p_wish -> 'items', 'null');
  v_is_strict boolean := coalesce(jsonb_typeof(p_wish -> 'labels') = 'array', false);
  v_pick integer[];
  v_taken integer;
begin
  busy := false;
  -- Nobody exchanges the plan meanwhile (set_seat_plan); takers do not wait for each other here.
  perform pg_advisory_xact_lock_shared(hashtextextended(p_slot.service_id::text, 2));
  for v_try in 1..6 loop
    v_pick := null;
    if v_try = 1 and cardinality(p_wanted) = p_quantity then
      v_pick := fit_seats(p_slot, p_wanted, v_items);
    end if;
    if v_pick is null then
      if v_is_strict then return; end if;
      v_pick := pick_seats(p_slot, p_quantity, v_items, p_wish ->> 'prefer');
      if v_pick is null then return; end if;
    end if;
    begin
      insert into slot_claims (
        slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at, label
      )
      select p_slot.id, s.seat, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at,
        p_expires_at, s.label
      from seat_plan_seats s
      where s.service_id = p_slot.service_id and s.seat = any (v_pick)
      order by s.seat
      on conflict (slot_id, seat) do nothing;
      get diagnostics v_taken = row_count;
      if v_taken = p_quantity then
        seats := v_pick;
        return;
      end if;
      raise exception using errcode = 'PP001', message = 'a rival was faster';
    exception when sqlstate 'PP001' then
      -- Undone by the end of this block, so that nobody waits for what we let go.
      null;
    end;
  end loop;
  busy := not v_is_strict;
end
$$;

create function claim_priced_place(p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[], p_expires_at timestamp with time zone, p_slot slots, p_lines jsonb, p_wish jsonb DEFAULT NULL::jsonb, OUT outcome text, OUT seats integer[], OUT tier text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_tiers record;
begin
  begin
    select c.outcome, c.seats into outcome, seats
    from claim_place(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot,
      -- Where seats are numbered, those of the right tiers (0069).
      coalesce(p_wish, '{}') || jsonb_build_object('items', items_of_lines(p_lines))
    ) as c;
    -- A slot for one has no shares to guard.
    if outcome <> 'ok' or p_slot.capacity = 1 or p_lines is null then return; end if;
    select t.* into v_tiers
    from claim_tiers(p_slot.id, p_slot.capacity, p_reservation_id, seats, p_lines) t;
    if v_tiers.tier is null then
      seats := array(select s from unnest(seats) as s order by s);
      return;
    end if;
    raise exception using errcode = 'PP002', message = 'a tier is sold out';
  exception when sqlstate 'PP002' then
    -- Undone by the end of this block: seats, vet and room too.
    outcome := case when v_tiers.busy then 'contended' else 'tier_full' end;
    tier := v_tiers.tier;
    seats := null;
  end;
end
$$;

create function claim_refunds(p_limit integer, p_lease_ms integer)
returns TABLE(refund_id uuid, payment_id uuid, booking_id uuid, clinic_id uuid, session_id text, external_reference text, refund_reference text, payment_method text, amount numeric, currency text, reason text, attempts integer, tries_failed integer)
language sql
as $$
  update refunds f
  set status = 'processing',
    attempts = f.attempts + case when f.external_reference is null then 1 else 0 end,
    leased_until = now() + p_lease_ms * interval '1 millisecond',
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond',
    updated_at = now()
  from payments p
  where p.id = f.payment_id
    and f.id in (
      select w.id
      from refunds w
      where w.status in ('pending', 'processing') and w.decision = 'granted'
        and w.next_attempt_at <= now()
      order by w.next_attempt_at
      limit p_limit
      for update skip locked
    )
  returning f.id, f.payment_id, f.booking_id, f.clinic_id, p.session_id, p.external_reference,
    f.external_reference, p.payment_method, f.amount, f.currency, f.reason, f.attempts,
    cardinality(f.failed_references)
$$;

create function claim_replay(p_lease_ms integer)
returns TABLE(replay_id bigint, target text, sent_through bigint, to_sequence bigint, per_second integer)
language sql
as $$
  update outbox_replays r
  set next_step_at = now() + p_lease_ms * interval '1 millisecond'
  where r.id = (
    select w.id
    from outbox_replays w
    where w.status = 'running' and w.next_step_at <= now()
    order by w.next_step_at
    limit 1
    for update skip locked
  )
  returning r.id, r.target, r.sent_through, r.to_sequence, r.per_second
$$;

create function claim_schedule_run(p_lease_ms integer, OUT clinic_id uuid, OUT version integer)
returns record
language sql
as $$
  update schedule_state s
  set leased_until = now() + p_lease_ms * interval '1 millisecond'
  where s.clinic_id = (
    select d.clinic_id
    from schedule_state d
    where d.due_at <= now() and (d.leased_until is null or d.leased_until <= now())
    order by d.due_at
    limit 1
    for update skip locked
  )
  returning s.clinic_id, s.version
$$;

create function claim_source_version(p_kind text, p_thing_id uuid, p_occurred_at timestamp with time zone, p_version bigint, p_event_id text)
returns boolean
language plpgsql
as $$
begin
  insert into source_versions as s (kind, thing_id, occurred_at, version, event_id)
  values (p_kind, p_thing_id, p_occurred_at, p_version, p_event_id)
  on conflict (kind, thing_id) do update
  set occurred_at = excluded.occurred_at, version = excluded.version, event_id = excluded.event_id
  where case
      when s.version <> excluded.version then excluded.version > s.version
      else (excluded.occurred_at, excluded.event_id) > (s.occurred_at, s.event_id)
    end;
  return found;
end
$$;

create function claim_tiers(p_slot_id uuid, p_capacity integer, p_reservation_id uuid, p_seats integer[], p_lines jsonb, OUT tier text, OUT busy boolean)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_t record;
  v_limit integer;
  v_places integer[];
begin
  busy := false;
  for v_t in
    with given as (
      select (l ->> 'tier_id')::uuid as tier_id, l ->> 'tier' as tier,
        (l ->> 'seats')::integer as seats,
        sum((l ->> 'seats')::integer) over (order by i) as last_seat
      from jsonb_array_elements(p_lines) with ordinality as u (l, i)
    )
    select g.tier_id, min(g.tier) as tier, array_agg(s.seat order by s.seat) as seats
    from given g
    join (
      select seat, n from unnest(p_seats) with ordinality as u (seat, n)
    ) s on s.n > g.last_seat - g.seats and s.n <= g.last_seat
    where g.tier_id is not null
    group by g.tier_id
    order by g.tier_id
  loop
    select least(coalesce(t.seats_limit, p_capacity), p_capacity) into v_limit
    from price_tiers t
    where t.id = v_t.tier_id;
    tier := v_t.tier;
    busy := true;
    for v_try in 1..8 loop
      -- Only as many of the lowest free places as the limit leaves: places above it, sold before
      -- the limit was lowered, count too.
      select array_agg(f.place order by f.place) into v_places
      from (
        select w.place
        from (
          select s as place
          from generate_series(1, v_limit) as s
          where not exists (
            select from slot_claims c
            where c.slot_id = p_slot_id and c.tier_id = v_t.tier_id and c.tier_place = s
          )
          order by s
          limit greatest(0, v_limit - (
            select count(*) from slot_claims c
            where c.slot_id = p_slot_id and c.tier_id = v_t.tier_id
          ))
        ) w
        order by random()
        limit cardinality(v_t.seats)
      ) f;
      if coalesce(cardinality(v_places), 0) < cardinality(v_t.seats) then
        busy := false;
        return;
      end if;
      begin
        for v_n in 1..cardinality(v_places) loop
          update slot_claims c
          set tier_id = v_t.tier_id, tier_place = v_places[v_n]
          where c.slot_id = p_slot_id
            and c.seat = v_t.seats[v_n]
            and c.reservation_id = p_reservation_id;
        end loop;
        busy := false;
        exit;
      exception when unique_violation then
        null;
      end;
    end loop;
    if busy then return; end if;
    tier := null;
  end loop;
end
$$;

create function claim_webhooks(p_limit integer, p_per_endpoint integer, p_lease_ms integer)
returns TABLE(delivery_id uuid, endpoint_id uuid, clinic_id uuid, url text, secret text, old_secret text, event_id uuid, event_type text, is_test boolean, attempts integer, tried_at timestamp with time zone, sequence bigint, aggregate_type text, aggregate_id uuid, correlation_id text, occurred_at timestamp with time zone, payload jsonb)
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
begin
  -- Two that count at the same time would both fill the same places.
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:claim_webhooks', 0)) then
    return;
  end if;
  return query
  with busy as (
    select d.endpoint_id, count(*) as places
    from webhook_deliveries d
    where d.status = 'sending' and d.leased_until > now()
    group by d.endpoint_id
  ), due as (
    select w.id
    from webhook_endpoints e
    left join busy b on b.endpoint_id = e.id
    cross join lateral (
      select d.id, d.next_attempt_at
      from webhook_deliveries d
      where d.endpoint_id = e.id
        and d.status in ('pending', 'sending')
        and d.next_attempt_at <= now()
      order by d.next_attempt_at, d.sequence
      limit greatest(
        case when e.failures < 5 then p_per_endpoint else 1 end - coalesce(b.places, 0), 0
      )
    ) as w
    where e.status = 'enabled'
    order by w.next_attempt_at
    limit p_limit
  ), taken as (
    update webhook_deliveries d
    set status = 'sending',
      attempts = d.attempts + 1,
      first_attempt_at = coalesce(d.first_attempt_at, now()),
      leased_until = now() + p_lease_ms * interval '1 millisecond',
      next_attempt_at = now() + p_lease_ms * interval '1 millisecond'
    from due
    where d.id = due.id
    returning d.*
  )
  select
    t.id, t.endpoint_id, t.clinic_id, e.url, e.secret,
    case when e.old_secret_until > now() then e.old_secret end,
    t.event_id, t.event_type, t.is_test, t.attempts, now(),
    t.sequence, o.aggregate_type, o.aggregate_id, o.correlation_id, o.created_at, o.payload
  from taken t
  join webhook_endpoints e on e.id = t.endpoint_id
  left join booking_events_outbox o on o.id = t.event_id
  order by t.sequence;
end
$$;

create function clear_overdue(p_slot slots, OUT freed integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text, OUT locked boolean)
returns record
language plpgsql
as $$
declare
  v_during tstzrange := tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  );
  v_id uuid;
  v_session text;
begin
  freed := 0;
  locked := false;
  -- In slot order, as everybody who locks several slots.
  for v_id in
    select c.reservation_id
    from slot_claims c
    where c.expires_at <= now()
      and c.slot_id = any (array(
        select p_slot.id
        union
        select s.slot_id from staff_claims s
        where s.staff_id = p_slot.staff_id and s.during && v_during
        union
        select s.slot_id from room_claims s
        where s.room_id = p_slot.room_id and s.during && v_during
      ))
    group by c.slot_id, c.reservation_id
    order by c.slot_id, c.reservation_id
    limit 50
  loop
    v_session := open_session(v_id);
    if v_session is not null then
      blocking_reservation_id := v_id;
      blocking_session_id := v_session;
    elsif (select e.outcome from expire_reservation(v_id) e) = 'ok' then
      freed := freed + 1;
    else
      locked := true;
    end if;
  end loop;
end
$$;

create function clear_overdue_items(p_slot_ids uuid[], OUT freed integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text, OUT locked boolean)
returns record
language plpgsql
as $$
declare
  v_slot slots;
  v_one record;
begin
  freed := 0;
  locked := false;
  for v_slot in select sl.* from slots sl where sl.id = any (p_slot_ids) order by sl.id loop
    select c.* into v_one from clear_overdue(v_slot) c;
    freed := freed + v_one.freed;
    locked := locked or v_one.locked;
    if v_one.blocking_session_id is not null then
      blocking_reservation_id := v_one.blocking_reservation_id;
      blocking_session_id := v_one.blocking_session_id;
    end if;
  end loop;
end
$$;

create function clinic_holidays(p_clinic_id uuid, p_from date, p_to date)
returns TABLE(holiday_date date, name text, is_expected boolean, is_own boolean)
language sql stable
as $$
  select h.holiday_date, string_agg(distinct h.name, ', '), bool_and(h.is_expected),
    bool_or(h.clinic_id is not null)
  from clinics c
  join public_holidays h
    on h.clinic_id = c.id
      or h.country = c.country and (h.regions is null or c.region = any (h.regions))
        and not exists (
          select from public_holidays o
          where o.clinic_id = c.id and o.holiday_date = h.holiday_date
        )
  where c.id = p_clinic_id and h.is_holiday and h.holiday_date between p_from and p_to
  group by h.holiday_date
$$;

create function complete_refund(p_id uuid, p_handed_over text, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
begin
  select p.* into v_p
  from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_f.clinic_id) then return 'not_found'; end if;
  if v_f.status = 'completed' then return 'already_done'; end if;
  -- At the desk it may be quicker than the worker, which cannot pay cash anyway.
  if v_f.decision <> 'granted' or v_f.returned_at is not null
    or v_f.status not in ('pending', 'failed')
    or v_f.status = 'pending' and v_p.external_reference is not null
    or v_f.amount > refundable(v_p.id, v_f.id) then
    return 'policy_refused';
  end if;
  update refunds f set handed_over = p_handed_over where f.id = p_id;
  perform finish_refund(p_id, 'completed', null, null);
  perform audit(
    'refund.handed_over', 'refund', p_id::text, v_f.clinic_id, p_reason,
    jsonb_build_object('status', v_f.status),
    jsonb_build_object('status', 'completed', 'handed_over', p_handed_over), p_actor
  );
  return 'ok';
end
$$;

create function confirm_reservation(p_reservation_id uuid, p_payment_method text, p_amount numeric, p_currency text, p_actor jsonb, OUT outcome text, OUT booking_id uuid, OUT reference_code text)
returns record
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_p payments;
  v_b bookings;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  reference_code := v_r.reference_code;
  if v_r.status = 'confirmed' then
    -- Said twice: the first answer stands.
    select b.id into booking_id from bookings b where b.reservation_id = v_r.id;
    outcome := 'ok';
    return;
  end if;
  outcome := case
    when p_actor ->> 'kind' = 'customer' then 'policy_refused'
    when v_r.status = 'expired' then 'reservation_expired'
    when v_r.status <> 'pending' then 'conflict'
    when p_payment_method <> 'at_clinic' and (
      coalesce(p_amount, v_r.amount_due) <> v_r.amount_due
      or coalesce(upper(p_currency), v_r.currency) <> v_r.currency
    ) then 'policy_refused'
    -- A hold that is overdue no longer keeps its owner from another one at that time.
    when owner_is_elsewhere(v_r) then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  if p_payment_method <> 'at_clinic' then
    insert into payments (
      reservation_id, clinic_id, user_id, amount, currency, payment_method, status, paid_at
    )
    values (
      v_r.id, v_r.clinic_id, v_r.user_id, v_r.amount_due, v_r.currency, p_payment_method,
      'success', now()
    )
    returning * into v_p;
  end if;
  v_b := make_booking(v_r, v_p, 'confirmed', p_actor);
  outcome := 'ok';
  booking_id := v_b.id;
end
$$;

create function count_cash(p_clinic_id uuid, p_date date, p_counted numeric, p_note text, p_actor jsonb, OUT outcome text, OUT count_id uuid)
returns record
language plpgsql
as $$
declare
  v_c clinics;
  v_n cash_counts;
begin
  select * into v_c from clinics c where c.id = p_clinic_id;
  if not found or is_hidden(p_actor, null, p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when p_date > (now() at time zone v_c.time_zone)::date then 'policy_refused'
    when p_counted < 0 or p_counted <> trunc(p_counted, (
      select c.exponent from currencies c where c.code = v_c.currency
    )) then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  insert into cash_counts (
    clinic_id, business_date, expected, counted, currency, note, counted_by
  )
  values (
    p_clinic_id, p_date, expected_cash(p_clinic_id, p_date), p_counted, v_c.currency, p_note,
    actor_id(p_actor)
  )
  returning * into v_n;
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'cash.counted', 'clinic', p_clinic_id::text, p_note,
    jsonb_build_object(
      'date', p_date, 'counted', amount_text(v_n.counted, v_n.currency),
      'expected', amount_text(v_n.expected, v_n.currency),
      'difference', amount_text(v_n.difference, v_n.currency)
    )
  );
  outcome := 'ok';
  count_id := v_n.id;
end
$$;

create function count_events(p_limit integer, p_is_careful boolean)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_from bigint;
  v_to bigint;
  v_read integer;
  v_row record;
begin
  select s.sequence into v_from from kpi_state s for no key update skip locked;
  if not found then return 0; end if;
  select max(o.sequence), count(*)
  into v_to, v_read
  from (
    select b.sequence
    from booking_events_outbox b
    where b.sequence > v_from
    order by b.sequence
    limit p_limit
  ) as o;
  if v_read = 0 then return 0; end if;
  for v_row in
    select m.minute, jsonb_object_agg(m.key, m.total) as counts
    from (
      select date_trunc('minute', o.created_at) as minute, c.key, sum(c.value) as total
      from booking_events_outbox o
      cross join lateral (
        select e.key, e.value
        from counts_of_event(o.event_type, o.payload) as e
        where not p_is_careful
        union all
        select e.key, e.value
        from counts_of_odd_event(o.event_type, o.payload) as e
        where p_is_careful
      ) as c
      where o.sequence > v_from and o.sequence <= v_to
      group by 1, 2
    ) as m
    group by m.minute
  loop
    perform put_counts(v_row.minute, 'events', v_row.counts);
    update kpi_state s set totals = add_counts(s.totals, v_row.counts);
  end loop;
  update kpi_state s set sequence = v_to;
  return v_read;
end
$$;

create function count_items(p_reservation_id uuid, p_sign integer)
returns void
language plpgsql
as $$
begin
  perform
  from slots sl
  where sl.id in (
    select i.slot_id from reservation_items i where i.reservation_id = p_reservation_id
  )
  order by sl.id
  for no key update;
  update slots sl
  set booked_count = greatest(sl.booked_count + p_sign * i.quantity, 0),
    status = case
      when sl.status = 'blocked' then 'blocked'
      when sl.booked_count + p_sign * i.quantity >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  from reservation_items i
  where i.reservation_id = p_reservation_id and sl.id = i.slot_id;
end
$$;

create function count_minute(p_every_ms integer)
returns boolean
language plpgsql
as $$
declare
  v_state kpi_state;
  v_deadlocks bigint;
  v_new bigint;
  v_counts jsonb;
  v_wrong bigint;
begin
  select s.* into v_state
  from kpi_state s
  where s.counted_at is null or s.counted_at < now() - p_every_ms * interval '1 ms'
  for no key update skip locked;
  if not found then return false; end if;

  select d.deadlocks into v_deadlocks from pg_stat_database d where d.datname = current_database();
  -- Its counters begin anew when somebody resets them.
  v_new := case
    when v_state.deadlocks is null or v_deadlocks < v_state.deadlocks then 0
    else v_deadlocks - v_state.deadlocks
  end;

  -- The newest few thousand: more are not sent in a minute, and years of them cost nothing.
  select jsonb_build_object(
    'notified', count(*), 'notify_ms', coalesce(sum(ms_between(d.due_at, d.sent_at)), 0),
    'deadlocks', v_new
  )
  into v_counts
  from (
    select due_at, sent_at from deliveries order by created_at desc limit 5000
  ) as d
  where d.sent_at > v_state.counted_at and d.sent_at <= now();

  -- Null without a look within five minutes: nothing is known then.
  select (
    select coalesce(sum(f.value::bigint), 0)
    from jsonb_each_text(i.findings) as f
    where f.key like 'invariant.%'
  )
  into v_wrong
  from inventory_state i
  where i.looked_at > now() - interval '5 minutes';
  if v_wrong is not null then
    v_counts := v_counts || jsonb_build_object(
      'inventory_looks', 1,
      'inventory_wrong', v_wrong,
      'inventory_seats', (select count(*) from (select from slot_claims limit 100000) as c)
    );
  end if;
  perform put_counts(date_trunc('minute', now()), 'events', v_counts);
  update kpi_state s
  set counted_at = now(), deadlocks = v_deadlocks, totals = add_counts(s.totals, v_counts);

  insert into kpi_hours as h (hour, counts)
  select k.hour, jsonb_object_agg(k.key, k.total)
  from (
    select date_trunc('hour', s.minute) as hour, c.key, sum(c.value::numeric) as total
    from kpi_samples s
    cross join lateral jsonb_each_text(s.counts) as c
    where s.minute >= date_trunc('hour', now()) - interval '1 hour'
    group by 1, 2
  ) as k
  group by k.hour
  on conflict (hour) do update set counts = excluded.counts;

  delete from kpi_samples where minute < now() - interval '3 hours';
  delete from kpi_hours where hour < now() - interval '2 days';
  delete from kpi_daemons where seen_at < now() - interval '1 day';
  delete from alert_changes where at < now() - interval '90 days';
  return true;
end
$$;

create function count_prunable(p_what text, p_keep_days integer)
returns bigint
language plpgsql stable
as $$
declare
  v_count bigint;
begin
  if p_keep_days is null then return 0; end if;
  execute format('select count(*) from %I($1, $2, $3)', 'prunable_' || p_what) into v_count
  using now() - p_keep_days * interval '1 day', '(0,0)'::tid, '(4294967295,0)'::tid;
  return v_count;
end
$$;

create function count_review()
returns trigger
language plpgsql
as $$
begin
  -- In one order, so that two reviews of a clinic wait for each other instead of deadlocking.
  insert into clinic_ratings as c (clinic_id, category, rating, review_count)
  select d.clinic_id, d.category, d.rating, sum(d.step)
  from (
    select new.clinic_id, m.category, m.rating, 1 as step
    from review_marks(new.rating, new.ratings_breakdown) m
    where tg_op <> 'DELETE' and new.is_published
    union all
    select old.clinic_id, m.category, m.rating, -1
    from review_marks(old.rating, old.ratings_breakdown) m
    where tg_op <> 'INSERT' and old.is_published
  ) as d
  group by d.clinic_id, d.category, d.rating
  having sum(d.step) <> 0
  order by d.clinic_id, d.category, d.rating
  on conflict (clinic_id, category, rating) do update
  set review_count = c.review_count + excluded.review_count;
  return null;
end
$$;

create function counts_of_event(p_type text, p_payload jsonb)
returns TABLE(key text, value numeric)
language plpgsql stable
as $$
declare
  v_opened_at timestamptz;
  v_currency text := p_payload ->> 'currency';
begin
  case p_type
    when 'reservation.created' then return query values ('holds', 1::numeric);
    when 'reservation.expired' then return query values ('holds_expired', 1::numeric);
    when 'reservation.cancelled' then return query values ('holds_cancelled', 1::numeric);
    when 'booking.cancelled' then return query values ('cancellations', 1::numeric);
    when 'payment.failed' then return query values ('payments_failed', 1::numeric);
    when 'booking.confirmed' then
      return query values ('bookings', 1::numeric);
      select r.created_at into v_opened_at
      from reservations r
      where r.id = (p_payload ->> 'reservation_id')::uuid;
      if v_opened_at is not null then
        return query values
          ('booked_timed', 1::numeric),
          ('book_ms', ms_between(v_opened_at, (p_payload ->> 'created_at')::timestamptz));
      end if;
    when 'payment.processed' then
      return query
        values ('payments_ok', 1::numeric), ('payments_in_' || v_currency, 1::numeric)
        union all
        select 'revenue_' || c.code, round((p_payload ->> 'amount')::numeric * 10::numeric ^ c.exponent)
        from currencies c
        where c.code = v_currency;
      -- Money over the counter has no page that was opened.
      select p.created_at into v_opened_at
      from payments p
      where p.id = (p_payload ->> 'payment_id')::uuid and p.session_id is not null;
      if v_opened_at is not null then
        return query values
          ('paid_timed', 1::numeric),
          ('pay_ms', ms_between(v_opened_at, (p_payload ->> 'processed_at')::timestamptz));
      end if;
    else null;
  end case;
end
$$;

create function counts_of_odd_event(p_type text, p_payload jsonb)
returns TABLE(key text, value numeric)
language plpgsql stable
as $$
begin
  return query select c.key, c.value from counts_of_event(p_type, p_payload) as c;
exception when data_exception then
  return;
end
$$;

create function create_calendar_link(p_id uuid, p_kind text, p_clinic_id uuid, p_staff_id uuid, p_user_id uuid, p_token_hash bytea, p_name text, p_idempotency_key text, p_actor jsonb, OUT outcome text, OUT link_id uuid, OUT is_repeated boolean)
returns record
language plpgsql
as $$
declare
  v_l calendar_links;
begin
  is_repeated := false;
  outcome := 'not_found';
  if is_hidden(p_actor, p_user_id, p_clinic_id) then return; end if;
  if p_staff_id is not null then
    perform from staff s where s.id = p_staff_id and s.clinic_id = p_clinic_id;
    if not found then return; end if;
  elsif p_clinic_id is not null then
    perform from clinics c where c.id = p_clinic_id;
    if not found then return; end if;
  else
    perform from users u where u.id = p_user_id and not u.is_erased;
    if not found then return; end if;
  end if;
  -- Two at once for one subject are one after the other.
  perform pg_advisory_xact_lock(hashtextextended(
    'petpro:calendar_links:' || coalesce(p_staff_id, p_clinic_id, p_user_id)::text, 0
  ));
  select * into v_l
  from calendar_links l
  where l.created_by = actor_id(p_actor) and l.idempotency_key = p_idempotency_key;
  if found then
    is_repeated := true;
    link_id := v_l.id;
    outcome := case
      when (v_l.kind, v_l.clinic_id, v_l.staff_id, v_l.user_id, v_l.name) is distinct from
        (p_kind, p_clinic_id, p_staff_id, p_user_id, p_name) then 'conflict'
      else 'ok'
    end;
    return;
  end if;
  if 20 <= (
    select count(*)
    from calendar_links l
    where l.revoked_at is null and l.kind = p_kind
      and l.clinic_id is not distinct from p_clinic_id
      and l.staff_id is not distinct from p_staff_id
      and l.user_id is not distinct from p_user_id
  ) then
    outcome := 'policy_refused';
    return;
  end if;
  insert into calendar_links (
    id, kind, clinic_id, staff_id, user_id, token_hash, name, created_by, idempotency_key
  )
  values (
    p_id, p_kind, p_clinic_id, p_staff_id, p_user_id, p_token_hash, p_name, actor_id(p_actor),
    p_idempotency_key
  )
  returning * into v_l;
  perform audit_calendar_link(v_l, 'calendar_link.created', p_actor);
  outcome := 'ok';
  link_id := v_l.id;
end
$$;

create function create_series(p_series jsonb, p_visits jsonb, p_skip boolean, p_actor jsonb, OUT outcome text, OUT series_number bigint, OUT made jsonb, OUT failed jsonb, OUT rule text, OUT blocking_reservation_id uuid, OUT blocking_session_id text)
returns record
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_series_id uuid := (p_series ->> 'series_id')::uuid;
  v_user_id uuid := (p_series ->> 'user_id')::uuid;
  -- What is not due before the visit may be booked by its owner, too.
  v_confirmer jsonb := p_actor || case p_actor ->> 'kind'
    when 'customer' then '{"kind": "system", "id": null}'::jsonb else '{}'::jsonb
  end;
  v_why text;
  v_visit jsonb;
  v_slot_id uuid;
  v_hold record;
  v_sure record;
  v_bookings uuid[] := '{}';
begin
  made := '[]';
  failed := '[]';
  begin
    insert into booking_series (
      id, clinic_id, service_id, user_id, pet_id, staff_id, quantity, every, unit, weekdays,
      month_by, start_date, start_time, visits_asked, until_date, notes, created_by, source,
      correlation_id
    )
    select v_series_id, s.clinic_id, s.service_id, v_user_id, s.pet_id, s.staff_id, s.quantity,
      s.every, s.unit, s.weekdays, s.month_by, s.start_date, s.start_time, s.visits_asked,
      s.until_date, s.notes, actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id'
    from jsonb_to_record(p_series) as s (
      clinic_id uuid, service_id uuid, pet_id uuid, staff_id uuid, quantity integer,
      every integer, unit text, weekdays smallint[], month_by text, start_date date,
      start_time time, visits_asked integer, until_date date, notes text
    )
    returning number into series_number;

    for v_visit in
      select v
      from jsonb_array_elements(p_visits) v
      order by (v ->> 'starts_at')::timestamptz
      limit 52
    loop
      v_why := 'slot_taken';
      rule := null;
      for v_slot_id in
        select s.id::uuid
        from jsonb_array_elements_text(v_visit -> 'slot_ids') with ordinality as s (id, place)
        order by s.place
        limit 5
      loop
        select h.* into v_hold
        from hold_slot(
          (v_visit ->> 'reservation_id')::uuid, v_slot_id, v_user_id,
          (p_series ->> 'pet_id')::uuid, (p_series ->> 'quantity')::integer, null,
          'series.' || (v_visit ->> 'reservation_id'), null, p_actor
        ) h;
        v_why := v_hold.outcome;
        rule := v_hold.rule;
        exit when v_why not in ('slot_taken', 'slot_locked', 'overdue_session');
        if v_hold.outcome = 'overdue_session' then
          blocking_reservation_id := v_hold.blocking_reservation_id;
          blocking_session_id := v_hold.blocking_session_id;
        end if;
      end loop;
      if v_why <> 'ok' then
        failed := failed || jsonb_build_object(
          'position', v_visit -> 'position', 'why', v_why, 'rule', rule
        );
        continue;
      end if;
      rule := case
        when p_actor ->> 'kind' <> 'customer' then null
        when v_hold.amount_due > 0 then 'pay_before'
        when exists (
          select from reservations r where r.id = v_hold.reservation_id and r.approval = 'awaiting'
        ) then 'ask_before'
      end;
      if rule is not null then
        raise exception using errcode = 'PP002', message = 'not without the clinic';
      end if;
      select c.* into v_sure
      from confirm_reservation(
        v_hold.reservation_id, 'at_clinic', null, null, v_confirmer
      ) c;
      if v_sure.outcome <> 'ok' then
        raise exception 'a hold of this transaction cannot be confirmed: %', v_sure.outcome;
      end if;
      update bookings b
      set series_id = v_series_id,
        series_position = (v_visit ->> 'position')::integer,
        notes = p_series ->> 'notes'
      where b.id = v_sure.booking_id;
      v_bookings := v_bookings || v_sure.booking_id;
      made := made || jsonb_build_object(
        'position', v_visit -> 'position', 'booking_id', v_sure.booking_id
      );
    end loop;
    if cardinality(v_bookings) = 0 or (failed <> '[]' and not p_skip) then
      raise exception using errcode = 'PP001', message = 'not every visit can be made';
    end if;
    -- The events were written before the bookings knew of their series.
    update booking_events_outbox o
    set payload = o.payload || jsonb_build_object(
        'series_id', b.series_id, 'series_position', b.series_position
      )
    from bookings b
    where b.id = any (v_bookings) and o.aggregate_id = b.id;
    perform tell_together('booking.confirmed', v_bookings);
    outcome := 'ok';
  exception
    when sqlstate 'PP001' then
      outcome := 'conflict';
      made := '[]';
      series_number := null;
    when sqlstate 'PP002' then
      outcome := 'policy_refused';
      made := '[]';
      series_number := null;
  end;
end
$$;

create function create_settlement(p_settlement_id uuid, p_clinic_id uuid, p_from date, p_to date, p_dry_run boolean, p_actor jsonb, OUT outcome text, OUT entry_count integer, OUT total_amount numeric, OUT platform_fee numeric, OUT tax_amount numeric, OUT clinic_amount numeric, OUT currency text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_c clinics;
  v_ids uuid[];
begin
  select * into v_c from clinics c where c.id = p_clinic_id;
  if not found or is_hidden(p_actor, null, p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  currency := v_c.currency;
  -- A day that still runs would leave its evening to nobody knows which batch.
  if p_to < p_from or p_to >= (now() at time zone v_c.time_zone)::date then
    outcome := 'policy_refused';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_clinic_id::text, 32));
  select
    array_agg(e.id), count(*)::integer, coalesce(sum(e.total_amount), 0),
    coalesce(sum(e.platform_fee), 0), coalesce(sum(e.tax_amount), 0),
    coalesce(sum(e.clinic_amount), 0)
  into v_ids, entry_count, total_amount, platform_fee, tax_amount, clinic_amount
  from financial_entries e
  where e.clinic_id = p_clinic_id
    and e.currency = v_c.currency
    and e.settlement_id is null
    and e.status = 'pending'
    and e.created_at >= p_from::timestamp at time zone v_c.time_zone
    and e.created_at < (p_to + 1)::timestamp at time zone v_c.time_zone;
  outcome := 'ok';
  if p_dry_run then return; end if;
  if entry_count = 0 then
    outcome := 'conflict';
    return;
  end if;
  insert into settlements (
    id, clinic_id, currency, period_from, period_to, entry_count, total_amount, platform_fee,
    tax_amount, clinic_amount, created_by
  )
  values (
    p_settlement_id, p_clinic_id, v_c.currency, p_from, p_to, entry_count, total_amount,
    platform_fee, tax_amount, clinic_amount, actor_id(p_actor)
  );
  update financial_entries e
  set settlement_id = p_settlement_id, status = 'settled', settlement_date = now(),
    updated_at = now()
  where e.id = any (v_ids);
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'settlement.created', 'settlement', p_settlement_id::text,
    jsonb_build_object(
      'from', p_from, 'to', p_to, 'entry_count', entry_count,
      'clinic_amount', amount_text(clinic_amount, v_c.currency)
    )
  );
end
$$;

create function decide_approval(p_reservation_id uuid, p_approve boolean, p_reason text, p_actor jsonb, OUT outcome text, OUT payment_id uuid, OUT payment_intent text, OUT booking_id uuid, OUT slot_id uuid, OUT seats integer[], OUT lock_id text)
returns record
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_a authorisations;
  v_b bookings;
  v_before text;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  slot_id := v_r.slot_id;
  seats := v_r.seats;
  lock_id := v_r.lock_id;
  select * into v_a
  from authorisations a
  where a.reservation_id = v_r.id and a.status in ('open', 'capturing')
  for no key update;
  payment_id := v_a.payment_id;
  payment_intent := v_a.payment_intent;
  outcome := case
    when v_r.approval in ('approved', 'rejected') and (v_r.approval = 'approved') = p_approve
      then 'already_done'
    when v_r.approval in ('approved', 'rejected') then 'conflict'
    when v_r.approval_asked_at is null then 'policy_refused'
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_r.status <> 'pending' then 'conflict'
    -- The bank's news is on its way: the hold ends with it.
    when v_r.amount_due > 0 and v_a.payment_id is null then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then
    select b.id into booking_id from bookings b where b.reservation_id = v_r.id;
    return;
  end if;
  v_before := v_r.approval;
  if p_approve then
    v_r.approval := 'approved';
    v_r := keep_until(
      v_r,
      greatest(v_r.expires_at, least(v_a.capture_before, (
        select sl.starts_at from slots sl where sl.id = v_r.slot_id
      ))),
      'approved', p_actor
    );
    if v_a.payment_id is null then
      v_b := make_booking(v_r, null, 'confirmed', p_actor);
      booking_id := v_b.id;
    end if;
  else
    update reservations r set approval = 'rejected' where r.id = v_r.id returning r.* into v_r;
    perform end_reservation(v_r, 'cancelled', coalesce(p_reason, 'rejected'), p_actor);
  end if;
  -- Whoever decides goes on to the provider at once; the worker is there for those who die on the way.
  update authorisations a
  set status = case when p_approve then 'capturing' else 'voiding' end,
    reason = case when p_approve then p_reason else coalesce(p_reason, 'rejected') end,
    decided_by = actor_id(p_actor),
    decided_at = now(),
    next_attempt_at = now() + interval '60 seconds',
    updated_at = now()
  where a.payment_id = v_a.payment_id;
  perform audit(
    'approval.' || v_r.approval, 'reservation', v_r.id::text, v_r.clinic_id, p_reason,
    jsonb_build_object('approval', v_before), jsonb_build_object('approval', v_r.approval), p_actor
  );
end
$$;

create function decide_refund(p_id uuid, p_grant boolean, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_f refunds;
begin
  perform from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_f.clinic_id) then return 'not_found'; end if;
  if v_f.decision = (case when p_grant then 'granted' else 'denied' end) then
    return 'already_done';
  end if;
  if v_f.decision <> 'awaiting' then return 'conflict'; end if;
  update refunds f
  set decision = case when p_grant then 'granted' else 'denied' end,
    status = case when p_grant then f.status else 'denied' end,
    decided_by = actor_id(p_actor), decided_at = now(), next_attempt_at = now(),
    updated_at = now()
  where f.id = p_id;
  perform note_refund(
    p_id, case when p_grant then 'refund.granted' else 'refund.denied' end, p_reason, p_actor
  );
  return 'ok';
end
$$;

create function decide_review(p_review_id uuid, p_decision text, p_reason text, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  outcome := 'ok';
  if v_old.status = p_decision then return; end if;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  update reviews r
  set status = p_decision,
    decision_reason = p_reason,
    decided_by = actor_id(p_actor),
    decided_at = now(),
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.' || p_decision, p_reason, p_actor);
  version := v_r.version;
end
$$;

create function delay_authorisation(p_payment_id uuid, p_error text, p_retry_after_ms integer, p_is_final boolean, p_actor jsonb)
returns void
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
declare
  v_r reservations;
begin
  -- Reservation first, then what hangs on it: the order that all take.
  select r.* into v_r
  from reservations r
  where r.id = (select a.reservation_id from authorisations a where a.payment_id = p_payment_id)
  for no key update;
  update authorisations a
  set status = case when p_is_final then 'voiding' else a.status end,
    reason = case when p_is_final then 'capture_failed' else a.reason end,
    last_error = left(p_error, 500),
    next_attempt_at = now() + p_retry_after_ms * interval '1 millisecond',
    updated_at = now()
  where a.payment_id = p_payment_id and a.status in ('capturing', 'voiding');
  if found and p_is_final and v_r.status = 'pending' then
    perform end_reservation(v_r, 'cancelled', 'capture_failed', p_actor);
  end if;
end
$$;

create function delay_openings(p_reservation_id uuid, p_until timestamp with time zone)
returns void
language sql
as $$
  update waitlist_openings o
  set not_before = p_until
  from reservation_items i
  where i.reservation_id = p_reservation_id and p_until is not null
    and o.slot_id = i.slot_id and o.created_at = now();

  insert into waitlist_openings (slot_id, not_before)
  select i.slot_id, p_until
  from reservation_items i
  where i.reservation_id = p_reservation_id and p_until is not null
    and not exists (
      select from waitlist_openings o where o.slot_id = i.slot_id and o.created_at = now()
    )
$$;

create function delivery_attempts_max()
returns integer
language sql immutable
as $$ select 12 $$;

create function delivery_life()
returns interval
language sql immutable
as $$ select interval '72 hours' $$;

create function describe_hold(p_reservation_id uuid, OUT reference_code text, OUT lock_id text, OUT seats integer[], OUT fence bigint, OUT expires_at timestamp with time zone, OUT hold_ms integer, OUT amount numeric, OUT amount_due numeric, OUT currency text, OUT clinic_id uuid, OUT service_id uuid, OUT clinic_name text, OUT service_name text, OUT starts_at timestamp with time zone)
returns record
language sql stable
as $$
  select r.reference_code, r.lock_id, r.seats, r.fence, r.expires_at, c.hold_ms, r.amount,
    r.amount_due, r.currency, r.clinic_id, r.service_id, c.name, sv.name, sl.starts_at
  from reservations r
  join slots sl on sl.id = r.slot_id
  join services sv on sv.id = r.service_id
  join clinics c on c.id = r.clinic_id
  where r.id = p_reservation_id
$$;

create function disable_webhook(p_e webhook_endpoints, p_reason text)
returns void
language plpgsql
as $$
begin
  update webhook_endpoints e
  set status = 'disabled', disabled_reason = p_reason, disabled_at = now(),
    version = e.version + 1, updated_at = now()
  where e.id = p_e.id;
  perform emit_event(
    'webhook.disabled', 'webhook', p_e.id, p_e.version + 1, p_e.clinic_id, null,
    jsonb_build_object(
      'webhook_id', p_e.id, 'clinic_id', p_e.clinic_id, 'url', p_e.url, 'reason', p_reason,
      'failures', p_e.failures, 'failing_since', p_e.failing_since, 'disabled_at', now()
    )
  );
  insert into audit_log (
    clinic_id, actor_kind, source, action, target_type, target_id, reason
  )
  values (
    p_e.clinic_id, 'system', 'worker', 'webhook.disable', 'webhook', p_e.id::text, p_reason
  );
end
$$;

create function discard_deliveries(p_ids uuid[], p_reason text, p_actor jsonb)
returns TABLE(delivery_id uuid)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with ended as (
    update deliveries d
    set status = 'discarded', discarded_at = now(), discard_reason = p_reason, leased_until = null
    where d.id = any (p_ids) and d.status in ('dead', 'pending')
      and (nullif(p_actor ->> 'clinic_id', '') is null
        or d.clinic_id = (p_actor ->> 'clinic_id')::uuid)
    returning d.*
  ), noted as (
    select audit(
      'delivery.discarded', 'delivery', e.id::text, e.clinic_id, p_reason,
      jsonb_build_object('error_code', e.error_code), null, p_actor
    )
    from ended e
  )
  select e.id from ended e, (select count(*) from noted) as n;
end
$$;

create function discard_parked_event(p_id uuid, p_reason text, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_e consumed_events;
begin
  select e.* into v_e from consumed_events e where e.id = p_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  if v_e.status = 'discarded' then
    outcome := 'already_done';
    return;
  end if;
  if v_e.status <> 'parked' then
    outcome := 'conflict';
    return;
  end if;
  update consumed_events e
  set status = 'discarded', reason = p_reason, raw = null, updated_at = now()
  where e.id = p_id;
  insert into audit_log (
    actor_kind, actor_id, source, request_id, action, target_type, target_id, reason, before
  )
  values (
    p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id',
    'consumed_event.discard', 'consumed_event', v_e.id::text, p_reason,
    jsonb_build_object('event_id', v_e.event_id, 'event_type', v_e.event_type,
      'reason', v_e.reason)
  );
  outcome := 'ok';
end
$$;

create function due_reservations(p_limit integer)
returns TABLE(reservation_id uuid, slot_id uuid, session_id text)
language sql stable
as $$
  select r.id, r.slot_id, open_session(r.id)
  from reservations r
  where r.status = 'pending' and r.expires_at <= now()
  order by r.expires_at
  limit p_limit
$$;

create function edit_review(p_review_id uuid, p_rating integer, p_breakdown jsonb, p_comment text, p_needs_look boolean, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT rule text, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or p_actor ->> 'kind' <> 'customer' or actor_id(p_actor) <> v_old.user_id then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  if v_old.created_at < now() - interval '7 days' then
    outcome := 'policy_refused';
    rule := 'edit_window_over';
    return;
  end if;
  update reviews r
  set rating = p_rating,
    ratings_breakdown = p_breakdown,
    comment = p_comment,
    status = case when p_needs_look or r.status <> 'published' then 'pending' else r.status end,
    decision_reason = null,
    edited_at = now(),
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.edited', null, p_actor);
  outcome := 'ok';
  version := v_r.version;
end
$$;

create function emit_event(p_event_type text, p_aggregate_type text, p_aggregate_id uuid, p_aggregate_version integer, p_clinic_id uuid, p_correlation_id text, p_payload jsonb)
returns void
language sql
as $$
  insert into booking_events_outbox (
    aggregate_type, aggregate_id, aggregate_version, event_type, clinic_id, correlation_id, payload
  )
  values (
    p_aggregate_type, p_aggregate_id, p_aggregate_version, p_event_type, p_clinic_id,
    coalesce(p_correlation_id, gen_random_uuid()::text),
    -- A writer whose payload has changed its meaning says its own version.
    jsonb_build_object('schema_version', 1) || p_payload
  )
$$;

create function end_grace(p_booking_id uuid)
returns void
language plpgsql
as $$
declare
  v_event uuid;
begin
  update refunds f
  set next_attempt_at = now()
  where f.booking_id = p_booking_id and f.status = 'pending' and f.attempts = 0
    and f.next_attempt_at > now();
  update booking_events_outbox o
  set payload = case when o.published then o.payload else o.payload - 'not_before' end
  from bookings b
  where b.id = p_booking_id and o.aggregate_id = b.id and o.aggregate_version = b.version
    and o.event_type in ('booking.cancelled', 'booking.status_changed')
  returning o.id into v_event;
  update deliveries d
  set next_attempt_at = now()
  where d.event_id = v_event and d.status = 'pending' and d.attempts = 0;
  update waitlist_openings o
  set not_before = now()
  from booked_places b
  where b.booking_id = p_booking_id and o.slot_id = b.slot_id and o.not_before > now();
end
$$;

create function end_reminders(p_booking_id uuid, p_reason text)
returns void
language plpgsql
as $$
begin
  update booking_reminders m
  set status = 'cancelled', reason = p_reason, updated_at = now()
  where m.booking_id = p_booking_id and m.status = 'pending';
  with dropped as (
    update deliveries d
    set status = 'dropped', last_error = p_reason, leased_until = null
    where d.booking_id = p_booking_id and d.reminder_id is not null and d.status = 'pending'
    returning d.reminder_id
  )
  update booking_reminders m
  set status = 'cancelled', reason = p_reason, sent_at = null, updated_at = now()
  from (select distinct d.reminder_id from dropped d) as d
  where m.id = d.reminder_id
    -- Told on another channel: that stands.
    and not exists (
      select from deliveries o
      where o.reminder_id = m.id and o.status in ('sending', 'sent')
    );
end
$$;

create function end_reservation(p_r reservations, p_status text, p_reason text, p_actor jsonb)
returns reservations
language plpgsql
as $$
declare
  v_r reservations;
begin
  update reservations r
  set status = p_status,
    cancellation_reason = case when p_status = 'cancelled' then p_reason end,
    version = r.version + 1,
    updated_at = now()
  where r.id = p_r.id
  returning r.* into v_r;
  if v_r.item_count > 1 then
    perform free_items(v_r.id);
  else
    perform free_place(v_r.slot_id, v_r.id, v_r.seats);
  end if;
  perform log_reservation(
    v_r.id, v_r.version, 'reservation.' || p_status, p_r.status, p_status, p_reason, p_actor
  );
  perform emit_event(
    'reservation.' || p_status, 'reservation', v_r.id, v_r.version, v_r.clinic_id,
    coalesce(p_actor ->> 'request_id', v_r.correlation_id),
    reservation_payload(v_r) || jsonb_build_object('reason', p_reason, 'ended_at', now())
  );
  return v_r;
end
$$;

create function end_time_off(p_time_off_id uuid, p_actor jsonb, OUT outcome text, OUT slots_opened integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_t staff_time_off;
begin
  slots_opened := 0;
  select * into v_t from staff_time_off t where t.id = p_time_off_id for no key update;
  if v_t.id is null or (
    nullif(p_actor ->> 'clinic_id', '')::uuid is distinct from v_t.clinic_id
    and nullif(p_actor ->> 'clinic_id', '') is not null
  ) then
    outcome := 'not_found';
    return;
  end if;
  if v_t.ended_at is not null then
    outcome := 'already_done';
    return;
  end if;
  update staff_time_off t set ended_at = now(), ended_by = actor_id(p_actor) where t.id = v_t.id;
  delete from staff_claims s where s.slot_id = any (v_t.claim_ids);
  with closed as (
    select sl.id
    from slots sl
    where sl.id = any (v_t.slot_ids)
      and sl.status = 'blocked'
      -- Another time off may lie over the same hours.
      and not exists (
        select from staff_time_off o
        where o.ended_at is null and o.staff_id = v_t.staff_id
          and o.starts_at < sl.ends_at and o.ends_at > sl.starts_at
      )
    order by sl.id
    for update
  ), opened as (
    update slots sl
    set status = case when sl.booked_count >= sl.capacity then 'booked' else 'available' end,
      version = sl.version + 1,
      updated_at = now()
    from closed c
    where sl.id = c.id
    returning sl.id
  )
  select count(*) into slots_opened from opened;
  perform audit(
    'time_off.ended', 'time_off', v_t.id::text, v_t.clinic_id, v_t.reason,
    jsonb_build_object('starts_at', v_t.starts_at, 'ends_at', v_t.ends_at), null, p_actor
  );
  outcome := 'ok';
end
$$;

create function end_waitlist(p_entry_id uuid, p_mode text, p_reason text, p_actor jsonb, OUT outcome text, OUT slot_id uuid, OUT seats integer[], OUT lock_id text, OUT session_id text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_old jsonb;
  v_r reservations;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_r
  from reservations r
  where r.id = v_w.offered_reservation_id and v_w.status = 'offered'
  for no key update;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  outcome := case
    when p_mode = 'leave' and v_w.status in ('left', 'declined') then 'already_done'
    when v_w.status = 'taken' then 'conflict'
    when v_w.status = 'offered' and v_w.offered_reservation_id is distinct from v_r.id
      then 'conflict'
    when v_w.status = 'offered' or p_mode = 'leave' then 'ok'
    else 'conflict'
  end;
  if outcome <> 'ok' then return; end if;
  v_old := waitlist_payload(v_w);
  if v_w.status = 'offered' then
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    session_id := open_session(v_r.id);
    perform end_reservation(v_r, 'cancelled', 'waitlist_declined', p_actor);
  end if;
  if p_mode <> 'decline' then
    update waitlist_entries w
    set status = case when p_mode = 'refuse' then 'declined' else 'left' end,
      left_reason = coalesce(
        p_reason,
        case when p_actor ->> 'kind' = 'customer' then 'by_owner' else 'by_clinic' end
      ),
      version = w.version + 1,
      updated_at = now()
    where w.id = p_entry_id
    returning w.* into v_w;
    perform tell_waitlist(v_w, p_actor ->> 'request_id');
  else
    select * into v_w from waitlist_entries w where w.id = p_entry_id;
  end if;
  perform audit(
    case when p_mode = 'leave' then 'waitlist.left' else 'waitlist.declined' end, 'waitlist',
    v_w.id::text, v_w.clinic_id, p_reason, v_old, waitlist_payload(v_w), p_actor
  );
end
$$;

create function enter_payment(p_b bookings, p_p payments)
returns void
language plpgsql
as $$
declare
  v_share numeric[];
  v_exponent integer;
  v_before numeric;
  v_tax numeric;
  v_tax_before numeric;
begin
  v_share := split_payment(
    p_p.amount, p_p.currency,
    (p_b.service_snapshot ->> 'commission_bp')::integer,
    (p_b.service_snapshot ->> 'tax_bp')::integer
  );
  if p_b.tax_amount is not null and p_b.amount > 0 then
    select c.exponent into v_exponent from currencies c where c.code = p_p.currency;
    select coalesce(sum(e.total_amount), 0), coalesce(sum(e.tax_amount), 0)
    into v_before, v_tax_before
    from financial_entries e
    where e.booking_id = p_b.id and e.type = 'payment';
    v_tax := round(p_b.tax_amount * (v_before + p_p.amount) / p_b.amount, v_exponent)
      - v_tax_before;
    v_tax := least(greatest(v_tax, 0), p_p.amount);
    v_share[1] := least(
      round(
        p_p.amount * (p_b.service_snapshot ->> 'commission_bp')::integer / 10000, v_exponent
      ),
      p_p.amount - v_tax
    );
    v_share[3] := v_tax;
    v_share[2] := p_p.amount - v_share[1] - v_tax;
  end if;
  insert into financial_entries (
    booking_id, payment_id, clinic_id, type, total_amount, platform_fee, clinic_amount, tax_amount,
    currency, transaction_reference
  )
  values (
    p_b.id, p_p.id, p_b.clinic_id, 'payment', p_p.amount, v_share[1], v_share[2], v_share[3],
    p_p.currency, p_p.external_reference
  );
end
$$;

create function expected_cash(p_clinic_id uuid, p_date date)
returns numeric
language sql stable
as $$
  select coalesce(sum(u.taken - u.returned), 0)
  from cash_up(p_clinic_id, p_date) u
  where u.payment_method = 'cash'
$$;

create function expire_due(p_limit integer)
returns TABLE(reservation_id uuid, slot_id uuid, seats integer[], lock_id text)
language plpgsql
set enable_seqscan=off
as $$
declare
  v_r reservations;
begin
  for v_r in
    select r.*
    from reservations r
    where r.status = 'pending'
      and r.expires_at <= now()
      and open_session(r.id) is null
    order by r.expires_at
    limit p_limit
    for update skip locked
  loop
    perform end_reservation(
      v_r, 'expired', null, '{"kind": "system", "source": "worker"}'::jsonb
    );
    reservation_id := v_r.id;
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    return next;
  end loop;
end
$$;

create function expire_reservation(p_reservation_id uuid, OUT outcome text, OUT slot_id uuid, OUT seats integer[], OUT lock_id text)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  -- skip locked: a confirm, extend or cancel under way always wins.
  select r.* into v_r
  from reservations r
  where r.id = p_reservation_id and r.status = 'pending' and r.expires_at <= now()
  for update skip locked;
  if not found then
    outcome := case
      when exists (select from reservations r where r.id = p_reservation_id) then 'not_due'
      else 'not_found'
    end;
    return;
  end if;
  perform end_reservation(
    v_r, 'expired', null, '{"kind": "system", "source": "worker"}'::jsonb
  );
  outcome := 'ok';
  slot_id := v_r.slot_id;
  seats := v_r.seats;
  lock_id := v_r.lock_id;
end
$$;

create function extend_reservation(p_reservation_id uuid, p_lock_id text, p_actor jsonb, OUT outcome text, OUT expires_at timestamp with time zone)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  expires_at := v_r.expires_at;
  outcome := case
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_r.status <> 'pending' then 'conflict'
    when p_lock_id is not null and p_lock_id <> v_r.lock_id then 'conflict'
    -- Seed 000, Business Rules 1: once, five minutes.
    when v_r.extended_at is not null then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  update reservations r
  set expires_at = r.expires_at + interval '5 minutes',
    extended_at = now(),
    version = r.version + 1,
    updated_at = now()
  where r.id = p_reservation_id
  returning r.* into v_r;
  update slot_claims c
  set expires_at = v_r.expires_at
  where c.slot_id = v_r.slot_id and c.seat = any (v_r.seats) and c.reservation_id = v_r.id;
  if v_r.item_count > 1 then perform keep_items(v_r.id, v_r.expires_at); end if;
  perform log_reservation(
    v_r.id, v_r.version, 'reservation.extended', 'pending', 'pending', null, p_actor
  );
  perform emit_event(
    'reservation.extended', 'reservation', v_r.id, v_r.version, v_r.clinic_id,
    p_actor ->> 'request_id', reservation_payload(v_r)
  );
  outcome := 'ok';
  expires_at := v_r.expires_at;
end
$$;

create function fail_event(p_id uuid, p_code text, p_error text)
returns void
language plpgsql
as $$
begin
  update booking_events_outbox o
  set attempts = o.attempts + 1,
    error_code = p_code,
    last_error = left(p_error, 500),
    next_attempt_at = case when o.attempts + 1 < fan_out_attempts_max()
      then now() + power(2, o.attempts + 1) * interval '1 second' end,
    dead_at = case when o.attempts + 1 >= fan_out_attempts_max() then now() end
  where o.id = p_id;
end
$$;

create function fan_out_attempts_max()
returns integer
language sql immutable
as $$ select 5 $$;

create function fan_out_events(p_limit integer)
returns TABLE(event_id uuid, sequence bigint, event_type text, aggregate_type text, aggregate_id uuid, clinic_id uuid, correlation_id text, occurred_at timestamp with time zone, payload jsonb)
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_one record;
  v_held uuid[] := '{}';
  v_error text;
  v_constraint text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:fan_out_events', 0)) then
    return;
  end if;
  v_ids := array(
    select w.id
    from booking_events_outbox w
    where w.sequence is not null and not w.published and w.dead_at is null
      and (w.next_attempt_at is null or w.next_attempt_at <= now())
      and not exists (
        select from booking_events_outbox e
        where e.aggregate_id = w.aggregate_id and e.sequence < w.sequence
          and not e.published and e.dead_at is null and e.next_attempt_at > now()
      )
    order by w.sequence
    limit p_limit
  );
  if cardinality(v_ids) = 0 then return; end if;
  begin
    return query select * from publish_events(v_ids);
    return;
  exception when others then
    -- Not the fault of an event: lost races, no room, a server that goes down.
    if sqlstate ~ '^(40|53|55|57|58)' then raise; end if;
  end;
  -- One of them raises. Each on its own now, so that it does so alone.
  for v_one in
    select o.id, o.aggregate_id
    from booking_events_outbox o
    where o.id = any (v_ids)
    order by o.sequence
  loop
    continue when v_one.aggregate_id = any (v_held);
    begin
      return query select * from publish_events(array[v_one.id]);
    exception when others then
      if sqlstate ~ '^(40|53|55|57|58)' then raise; end if;
      get stacked diagnostics v_error = message_text, v_constraint = constraint_name;
      perform fail_event(v_one.id, concat_ws(' ', sqlstate, nullif(v_constraint, '')), v_error);
      v_held := v_held || v_one.aggregate_id;
    end;
  end loop;
end
$$;

create function find_owners(p_words text[], p_email text, p_phones text[], p_reference text, p_clinic_id uuid, p_near boolean, p_limit integer)
returns TABLE(user_id uuid, matched_by text)
language plpgsql stable
set enable_seqscan=off
set jit=off
as $$
declare
  v_most constant integer := 100;
  -- Fewer hits than this make it worth looking wider.
  v_few constant integer := 5;
  v_whole tsquery := word_query(p_words, '');
  v_start tsquery := word_query(p_words, ':*');
  v_any tsquery := word_query(p_words, ':*', true);
  v_near boolean;
  v_wide tsquery;
  v_phones text[] := nullif(p_phones, '{}');
  v_hits owner_hit[] := '{}';
begin
  if p_reference is not null then
    v_hits := array(
      select row(x.user_id, 0)::owner_hit
      from (
        select r.user_id from reservations r
        where r.reference_code between rpad(p_reference, 10, '0') and rpad(p_reference, 10, '9')
        union
        select b.user_id from bookings b
        where b.reference_code between rpad(p_reference, 10, '0') and rpad(p_reference, 10, '9')
      ) as x
      limit v_most
    );
  end if;
  if p_email is not null then
    v_hits := v_hits || array(
      select row(s.user_id, case when p_email like '%@%' then 2 else 5 end)::owner_hit
      from owner_search s
      where s.email_key >= p_email and s.email_key < p_email || chr(1114111)
      order by s.email_key
      limit v_most
    );
  end if;
  if v_phones is not null then
    v_hits := v_hits || array(
      select row(s.user_id, case
        when v_start is null and length(v_phones[1]) >= 8 then 1
        when v_start is null then 6
        when s.words @@ v_whole then 3
        else 4
      end)::owner_hit
      from owners_by_tail(v_phones) as s
      where v_start is null or s.words @@ v_start
      limit v_most
    );
  elsif v_start is not null then
    v_hits := v_hits || array(
      select row(s.user_id, 3)::owner_hit from owner_search s
      where s.words @@ v_whole
      limit v_most
    );
    if v_start::text <> v_whole::text and cardinality(v_hits) < v_most then
      v_hits := v_hits || array(
        select row(s.user_id, 4)::owner_hit from owner_search s
        where s.words @@ v_start
        limit v_most
      );
    end if;
  end if;
  if p_clinic_id is not null and (v_start is null) <> (v_phones is null)
    and (cardinality(v_hits) >= v_most or v_any::text <> v_start::text)
  then
    v_hits := v_hits || array(
      select row(s.user_id, case
        when v_any is null then 6 when s.words @@ v_whole then 3 else 4
      end)::owner_hit
      from visitors_around(p_clinic_id) as v
      join owner_search s on s.user_id = v.user_id
      where case
        when v_any is null then exists (
          select from unnest(v_phones) as p (tail) where starts_with(s.phone_key, p.tail)
        )
        else s.words @@ v_any
      end
      limit v_most
    );
  end if;
  foreach v_near in array array[false, true] loop
    exit when v_start is null or cardinality(v_hits) >= v_few;
    -- Who is called so is meant, and not who is called nearly so.
    exit when v_near and (not p_near or cardinality(v_hits) > 0);
    v_wide := wider_query(p_words, v_near);
    v_hits := v_hits || array(
      select row(s.user_id, case when v_near then 8 else 7 end)::owner_hit
      from (
        select s.user_id from owner_search s where v_phones is null and s.words @@ v_wide
        union all
        select s.user_id from owners_by_tail(v_phones) as s where s.words @@ v_wide
      ) as s
      limit v_most
    );
  end loop;
  return query
  select h.user_id,
    (array['reference', 'phone', 'email', 'name', 'name', 'email', 'phone', 'part', 'near'])[
      h.rank + 1
    ]
  from (
    select x.user_id, min(x.rank) as rank from unnest(v_hits) as x group by x.user_id
  ) as h
  join users u on u.id = h.user_id and not u.is_erased
  cross join lateral nearest_visit(h.user_id, p_clinic_id) as v
  left join lateral (
    select -word_similarity(
      array_to_string(p_words, ' '), array_to_string(tsvector_to_array(s.words), ' ')
    ) as distance
    from owner_search s
    where h.rank = 8 and s.user_id = h.user_id
  ) as near on true
  order by h.rank, near.distance, v.is_here desc, v.distance nulls last, u.full_name, h.user_id
  limit p_limit;
end
$$;

create function finish_delivery(p_id uuid, p_result text, p_error text, p_retry_after_ms integer, p_error_code text DEFAULT NULL::text, p_attempts integer DEFAULT NULL::integer, p_is_bad_address boolean DEFAULT false, p_provider_id text DEFAULT NULL::text, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_d deliveries;
  v_status text;
  v_too_old boolean;
begin
  select * into v_d
  from deliveries d
  where d.id = p_id and d.status = 'sending' and (p_attempts is null or d.attempts = p_attempts)
  for update;
  if not found then
    outcome := 'conflict';
    return;
  end if;
  v_too_old := p_result in ('retry', 'defer') and v_d.due_at < now() - delivery_life();
  v_status := case
    -- dropped = no longer true, so nobody's to look at; dead = somebody's to look at.
    when p_result in ('sent', 'dropped') then p_result
    when p_result = 'dead' or v_too_old then 'dead'
    when p_result = 'retry' and v_d.attempts >= delivery_attempts_max() then 'dead'
    else 'pending'
  end;
  update deliveries d
  set status = v_status,
    attempts = d.attempts - case when p_result in ('defer', 'postpone') then 1 else 0 end,
    deferrals = d.deferrals + case when p_result = 'defer' then 1 else 0 end,
    sent_at = case when v_status = 'sent' then now() end,
    dead_at = case when v_status = 'dead' then now() end,
    last_error = case when p_result in ('sent', 'postpone') then d.last_error
      else left(p_error, 500) end,
    error_code = case when p_result in ('sent', 'postpone') then d.error_code
      when v_too_old then 'too old: ' || coalesce(left(p_error_code, 80), 'unknown')
      else left(p_error_code, 100) end,
    provider_id = coalesce(left(p_provider_id, 200), d.provider_id),
    next_attempt_at = now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond',
    due_at = case when p_result = 'postpone'
      then now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond' else d.due_at end,
    leased_until = null
  where d.id = p_id;
  if p_is_bad_address and v_status = 'dead' then
    insert into bounced_addresses (channel, address, error, delivery_id)
    values (v_d.channel, v_d.address, left(p_error, 500), p_id)
    on conflict (channel, address) do nothing;
  end if;
  outcome := v_status;
  if p_result = 'postpone' then return; end if;
  update notifications n
  set delivery_status = case v_status when 'sent' then 'sent' when 'dead' then 'failed'
      when 'dropped' then 'none' else n.delivery_status end,
    delivery_attempts = case when p_result = 'defer' then n.delivery_attempts
      else n.delivery_attempts || jsonb_build_object(
        'channel', v_d.channel, 'result', p_result, 'at', now()
      ) end
  where (n.event_id = v_d.event_id or n.id = v_d.asked_id) and n.user_id = v_d.user_id
    and n.delivery_status <> 'sent';
end
$$;

create function finish_refund(p_id uuid, p_result text, p_external_reference text, p_error text, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
  v_share bigint[];
  v_unit numeric;
  v_done numeric;
begin
  select * into v_f from refunds f where f.id = p_id;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  -- Payment first, then refund: the order in which cancel_booking takes them.
  select * into v_p from payments p where p.id = v_f.payment_id for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if v_f.status in ('completed', 'denied') or v_f.returned_at is not null
    or v_f.status = 'failed' and p_result = 'failed' then
    outcome := 'already_done';
    return;
  end if;
  update refunds f
  set status = case
      when p_result = 'retry' and f.attempts >= refund_attempts_max() then 'failed'
      when p_result = 'retry' then 'pending'
      else p_result
    end,
    external_reference = coalesce(p_external_reference, f.external_reference),
    last_error = left(p_error, 500),
    leased_until = null,
    -- 2 s, 4 s, 8 s ... capped at an hour, with up to a quarter of jitter. What the bank works on
    -- is asked after in steps of a quarter of its age, half a minute to an hour.
    next_attempt_at = now() + case p_result
        when 'processing'
          then least(greatest(extract(epoch from now() - f.created_at) / 4, 30), 3600)
        else least(power(2, f.attempts), 3600)
      end * (1 + random() / 4) * interval '1 second',
    updated_at = now()
  where f.id = p_id
  returning f.* into v_f;

  select coalesce(sum(f.amount), 0) into v_done
  from refunds f
  where f.payment_id = v_p.id and f.status = 'completed';
  update payments p
  set refund_status = refund_status_of(p.id),
    refund_amount = v_done,
    refunded_at = case when v_f.status = 'completed' then now() else p.refunded_at end,
    status = case when v_done = p.amount then 'refunded' else p.status end,
    version = p.version + 1,
    updated_at = now()
  where p.id = v_p.id
  returning p.* into v_p;

  -- What was paid at the desk has not failed: a person pays it back.
  if v_f.status = 'failed' and v_p.external_reference is not null then
    perform note_refund(p_id, 'refund.failed', v_f.last_error, jsonb_build_object(
      'kind', 'system', 'source', 'worker', 'request_id', v_f.correlation_id
    ));
  end if;
  if v_f.status = 'completed' then
    -- Reversed in the proportions of the original entry; a payment without booking has none.
    select
      split_minor(
        (v_f.amount * power(10::numeric, c.exponent))::bigint,
        array[e.platform_fee, e.clinic_amount, e.tax_amount]
      ), power(10::numeric, c.exponent)
    into v_share, v_unit
    from financial_entries e
    join currencies c on c.code = e.currency
    where e.payment_id = v_p.id and e.type = 'payment' and e.total_amount > 0;
    if found then
      insert into financial_entries (
        booking_id, payment_id, refund_id, clinic_id, type, total_amount, platform_fee,
        clinic_amount, tax_amount, currency, transaction_reference
      )
      values (
        v_p.booking_id, v_p.id, v_f.id, v_f.clinic_id, 'refund', -v_f.amount,
        -v_share[1] / v_unit, -v_share[2] / v_unit, -v_share[3] / v_unit, v_f.currency,
        v_f.external_reference
      );
    end if;
    perform emit_event(
      'refund.processed', 'payment', v_p.id, v_p.version, v_p.clinic_id, v_f.correlation_id,
      payment_payload(v_p) || jsonb_build_object(
        'refund_id', v_f.id, 'refund_amount', amount_text(v_f.amount, v_f.currency),
        'refund_status', v_f.status, 'reason', v_f.reason
      )
    );
  end if;
  outcome := v_f.status;
end
$$;

create function finish_replay_step(p_id bigint, p_through bigint, p_count integer, p_error text)
returns void
language plpgsql
as $$
begin
  update outbox_replays r
  set sent_through = greatest(r.sent_through, p_through),
    sent_count = r.sent_count + p_count,
    last_error = left(p_error, 500),
    next_step_at = now() + case
      when p_error is null then p_count * interval '1 second' / r.per_second
      else interval '5 seconds'
    end,
    status = case when r.status = 'running' and p_through >= r.to_sequence then 'done'
      else r.status end,
    ended_at = case when r.status = 'running' and p_through >= r.to_sequence then now()
      else r.ended_at end
  where r.id = p_id;
end
$$;

create function finish_schedule_run(p_clinic_id uuid, p_version integer, p_sums jsonb, p_error text)
returns void
language sql
as $$
  update schedule_state s
  set leased_until = null,
    ran_at = now(),
    opened = coalesce((p_sums ->> 'opened')::integer, s.opened),
    closed = coalesce((p_sums ->> 'closed')::integer, s.closed),
    kept = coalesce((p_sums ->> 'kept')::integer, s.kept),
    covered_until = coalesce((p_sums ->> 'covered_until')::date, s.covered_until),
    failures = case when p_error is null then 0 else s.failures + 1 end,
    last_error = p_error,
    due_at = case
      when p_error is not null
        then now() + least(3600, 5 * power(2, least(s.failures, 12))) * interval '1 second'
      when s.version <> p_version then now()
      -- A few minutes past midnight, spread, so that clinics of one zone do not come all at once.
      else ((now() at time zone c.time_zone)::date + 1) at time zone c.time_zone
        + (1 + random() * 9) * interval '1 minute'
    end
  from clinics c
  where s.clinic_id = p_clinic_id and c.id = s.clinic_id
$$;

create function finish_webhook(p_id uuid, p_attempts integer, p_result text, p_status_code integer, p_error text, p_response text, p_duration_ms integer, p_retry_after_ms bigint, OUT outcome text, OUT is_disabled boolean)
returns record
language plpgsql
as $$
declare
  v_d webhook_deliveries;
  v_e webhook_endpoints;
  v_next timestamptz := now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond';
begin
  is_disabled := false;
  select d.* into v_d
  from webhook_deliveries d
  where d.id = p_id and d.status = 'sending' and d.attempts = p_attempts
  for no key update;
  if not found then
    outcome := 'conflict';
    return;
  end if;
  outcome := case
    when p_result = 'delivered' then 'delivered'
    when p_result = 'released' and not v_d.is_test then 'pending'
    -- Three days of tries; the last one is not put off beyond them.
    when p_result = 'retry' and not v_d.is_test
      and v_next <= v_d.first_attempt_at + interval '3 days' then 'pending'
    else 'dead'
  end;
  update webhook_deliveries d
  set status = outcome,
    attempts = d.attempts - case when p_result = 'released' then 1 else 0 end,
    next_attempt_at = v_next,
    leased_until = null,
    status_code = p_status_code,
    last_error = left(p_error, 500),
    response = left(p_response, 500),
    duration_ms = p_duration_ms,
    delivered_at = case when outcome = 'delivered' then now() end,
    dead_at = case when outcome = 'dead' then now() end
  where d.id = p_id;
  if v_d.is_test or p_result = 'released' then
    return;
  end if;
  if p_result = 'delivered' then
    -- Not with every one: all deliveries of an endpoint would wait for this row.
    update webhook_endpoints e
    set failures = 0, failing_since = null, last_success_at = now()
    where e.id = v_d.endpoint_id
      and (e.failures > 0 or e.last_success_at is null
        or e.last_success_at < now() - interval '10 seconds');
    return;
  end if;
  update webhook_endpoints e
  set failures = e.failures + 1,
    failing_since = coalesce(e.failing_since, now()),
    last_failure_at = now(),
    last_error = left(p_error, 500)
  where e.id = v_d.endpoint_id
  returning e.* into v_e;
  is_disabled := v_e.status = 'enabled' and (
    p_result = 'gone'
    or (v_e.failures >= 10 and v_e.failing_since < now() - interval '3 days')
  );
  if is_disabled then
    perform disable_webhook(v_e, case
      when p_result = 'gone' then 'The receiver answered 410: it wants no more.'
      else 'Every attempt has failed for three days.'
    end);
  end if;
end
$$;

create function fit_seats(p_slot slots, p_wanted integer[], p_items jsonb)
returns integer[]
language sql stable
as $$
  with wanted as (
    select s.seat, i.n, i.quantity
    from seat_plan_seats s
    left join (
      select lower(x ->> 'tier') as tier, (x ->> 'quantity')::integer as quantity, n
      from jsonb_array_elements(p_items) with ordinality as u (x, n)
    ) i on i.tier = lower(s.tier)
    where s.service_id = p_slot.service_id
      and s.seat = any (p_wanted)
      and s.seat <= p_slot.capacity
      and not exists (
        select from slot_claims c where c.slot_id = p_slot.id and c.seat = s.seat
      )
  )
  select array_agg(w.seat order by w.n, w.seat)
  from wanted w
  having count(*) = cardinality(p_wanted)
    and (p_items is null or not exists (
      select from wanted x group by x.n, x.quantity having count(*) is distinct from x.quantity
    ))
$$;

create function fits_waitlist(p_w waitlist_entries, p_slot slots)
returns boolean
language sql stable
as $$
  select p_slot.service_id = p_w.service_id
    and (p_w.staff_id is null or p_slot.staff_id = p_w.staff_id)
    and p_slot.starts_at >= p_w.wanted_from
    and p_slot.starts_at < p_w.wanted_to
    and extract(isodow from p_slot.slot_date) = any (p_w.weekdays)
    and p_slot.slot_start_time >= p_w.from_time
    and p_slot.slot_start_time < p_w.to_time
    and not exists (
      select
      from waitlist_offers o
      where o.entry_id = p_w.id and o.slot_id = p_slot.id
      having count(*) >= 2 or bool_or(o.ended_as <> 'withdrawn')
    )
$$;

create function fold_email(p_email text)
returns text
language sql immutable
as $$
  select left(
    translate(
      btrim(normalize(p_email, nfkc)), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'
    ),
    254
  );
$$;

create function fold_text(p_text text)
returns text
language sql immutable
as $$
  select case
    -- Most names: the same in a tenth of the time.
    when p_text ~ '^[ -~]*$' then btrim(regexp_replace(
      translate(lower(p_text collate "C"), '''`', ''), '[^a-z0-9]+', ' ', 'g'
    ))
    else btrim(regexp_replace(
      replace(replace(replace(replace(
        translate(
          normalize(
            regexp_replace(
              normalize(p_text, nfkd),
              '[''`\u00ad\u02bb\u02bc\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1'
              || '\u05c2\u05c4-\u05c5\u05c7\u064b-\u065f\u0670\u200b-\u200f'
              || '\u2018\u2019\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]',
              '', 'g'
            ),
            nfc
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZÆŒÞŊẞØøĐđÐðŁłı'
          || 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩς'
          || 'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏ'
          || 'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハ'
          || 'バパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶヽヾ',
          'abcdefghijklmnopqrstuvwxyzæœþŋßooddddlli'
          || 'αβγδεζηθικλμνξοπρστυφχψωσ'
          || 'абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџ'
          || 'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのは'
          || 'ばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖゝゞ'
        ),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
      '[\u0001-/:-@[-`{-\u00bf\u00d7\u00f7\u060c\u061b\u061f\u06d4\u2000-\u205f'
      || '\u2e00-\u2e5d\u3000-\u3004\u3008-\u3020\u3030\u303d\u30fb]+',
      ' ', 'g'
    ))
  end;
$$;

create function fold_words(p_text text)
returns text[]
language plpgsql immutable
as $$
declare
  v_text text := fold_text(p_text);
begin
  if length(v_text) <= 60 and v_text !~ '[\u0e00-\u0eff\u2e80-\U0010ffff]' then
    return string_to_array(v_text, ' ');
  end if;
  return (
    select coalesce(array_agg(distinct w.word), '{}')
    from (
      select left(t.word, 60) as word
      from unnest(string_to_array(v_text, ' ')) with ordinality as t (word, n)
      where t.word <> '' and t.n <= 24
    ) as x
    cross join lateral (
      select x.word
      union all
      select substr(x.word, i)
      from generate_series(2, least(length(x.word), 16)) as i
      where x.word ~ '[\u0e00-\u0eff\u2e80-\U0010ffff]'
    ) as w
  );
end
$$;

create function force_cancel_reservation(p_reservation_id uuid, p_lock_id text, p_reason text, p_before jsonb, p_actor jsonb, OUT outcome text, OUT seats integer[], OUT slot_id uuid, OUT lock_id text, OUT session_id text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_r.status <> 'pending' or v_r.lock_id <> p_lock_id then
    outcome := 'conflict';
    return;
  end if;
  session_id := open_session(v_r.id);
  v_r := end_reservation(v_r, 'cancelled', p_reason, p_actor);
  perform audit(
    'lock.reservation_cancelled', 'reservation', v_r.id::text, v_r.clinic_id, p_reason, p_before,
    jsonb_build_object('status', v_r.status, 'version', v_r.version), p_actor
  );
  outcome := 'ok';
  seats := v_r.seats;
  slot_id := v_r.slot_id;
  lock_id := v_r.lock_id;
end
$$;

create function forget_ticket_uses()
returns trigger
language plpgsql
as $$
begin
  delete from ticket_uses t where t.booking_id = new.id;
  return null;
end
$$;

create function free_items(p_reservation_id uuid)
returns void
language plpgsql
as $$
declare
  v_i reservation_items;
begin
  -- All rows of slots before the first claim goes: whoever counts or frees them comes in this
  -- order.
  perform
  from slots sl
  where sl.id in (
    select i.slot_id from reservation_items i where i.reservation_id = p_reservation_id
  )
  order by sl.id
  for update;
  for v_i in
    select i.* from reservation_items i where i.reservation_id = p_reservation_id order by i.slot_id
  loop
    perform free_place(v_i.slot_id, v_i.reservation_id, v_i.seats);
  end loop;
end
$$;

create function free_place(p_slot_id uuid, p_reservation_id uuid, p_seats integer[])
returns void
language plpgsql
as $$
declare
  v_slot slots;
begin
  select * into v_slot from slots sl where sl.id = p_slot_id;
  if v_slot.capacity > 1 and (v_slot.staff_id is not null or v_slot.room_id is not null) then
    perform from slots sl where sl.id = p_slot_id for update;
  end if;
  delete from slot_claims c
  where c.slot_id = p_slot_id
    and c.seat = any (p_seats)
    and c.reservation_id = p_reservation_id;
  if not exists (select from slot_claims c where c.slot_id = p_slot_id) then
    delete from staff_claims c where c.slot_id = p_slot_id;
    delete from room_claims c where c.slot_id = p_slot_id;
  end if;
  if v_slot.capacity = 1 and (v_slot.staff_id is not null or v_slot.room_id is not null)
    and exists (select from slots sl where sl.id = p_slot_id and sl.capacity > 1) then
    -- Seats were added (0069) since the look above, and one of them may be taken by now.
    perform keep_staff(p_slot_id);
  end if;
  -- For those who wait (0055), in the same statement.
  perform notice_opening(v_slot.id, v_slot.clinic_id);
end
$$;

create function give_back(p_p payments, p_status text, p_reason text, p_payment_intent text, p_amount numeric, p_currency text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_p payments;
begin
  update payments p
  set status = p_status,
    external_reference = coalesce(p_payment_intent, p.external_reference),
    payment_details = p.payment_details || jsonb_build_object(
      'asked_amount', p.amount::text, 'asked_currency', p.currency
    ),
    amount = p_amount,
    currency = p_currency,
    failure_reason = p_reason,
    paid_at = now(),
    refund_status = 'pending',
    session_closed_at = now(),
    version = p.version + 1,
    updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  if v_p.amount > 0 then
    insert into refunds (
      payment_id, reservation_id, clinic_id, amount, currency, reason, correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, v_p.clinic_id, v_p.amount, v_p.currency, p_reason,
      p_actor ->> 'request_id'
    );
  end if;
  perform emit_event(
    'payment.late', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
    payment_payload(v_p)
  );
end
$$;

create function give_up_reservation(p_reservation_id uuid, p_reason text, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
set enable_seqscan=off
as $$
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  outcome := case
    when not found then 'not_found'
    when v_r.status = 'confirmed' or open_session(v_r.id) is not null then 'conflict'
    else 'ok'
  end;
  if outcome = 'ok' and v_r.status = 'pending' then
    perform end_reservation(v_r, 'cancelled', p_reason, p_actor);
    update reservations r set idempotency_key = null
    where r.id = p_reservation_id and r.idempotency_key is not null;
  end if;
end
$$;

create function has_refresh_index(p_view_name text)
returns boolean
language sql stable
as $$
  select exists (
    select 1
    from pg_index i
    where i.indrelid = to_regclass(p_view_name)
      and i.indisunique
      and i.indisvalid
      and i.indpred is null
      and i.indexprs is null
  );
$$;

create function hold_items(p_reservation_id uuid, p_user_id uuid, p_pet_id uuid, p_items jsonb, p_lock_id text, p_idempotency_key text, p_actor jsonb, OUT outcome text, OUT rule text, OUT slot_id uuid, OUT reservation_id uuid, OUT reference_code text, OUT lock_id text, OUT seats integer[], OUT expires_at timestamp with time zone, OUT amount numeric, OUT amount_due numeric, OUT currency text, OUT items jsonb, OUT tier text, OUT blocking_reservation_id uuid, OUT blocking_session_id text, OUT retry_after_ms integer)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_slot_ids uuid[];
  v_i record;
  v_first record;
  v_lead reservations;
  v_r reservations;
  v_price record;
  v_claimed record;
  v_cleared record;
  v_own uuid;
  v_ends_at timestamptz;
  v_busy_to timestamptz;
  v_plan jsonb := '[]';
  v_tax numeric := 0;
  v_approval boolean := false;
  v_due numeric;
begin
  select array_agg((i ->> 'slot_id')::uuid order by n) into v_slot_ids
  from jsonb_array_elements(p_items) with ordinality as u (i, n);
  -- One hold at a time per owner: makes the replay and the overlap rule exact (as hold_slot).
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
  select r.id into reservation_id
  from reservations r
  where r.user_id = p_user_id and r.idempotency_key = p_idempotency_key;
  if found then
    outcome := 'replayed';
    return;
  end if;
  select c.reservation_id, c.slot_id into v_own, slot_id
  from slots sl
  join slot_claims c
    on c.user_id = p_user_id and c.ends_at > sl.starts_at and c.starts_at < sl.ends_at
  where sl.id = any (v_slot_ids) and (c.expires_at is null or c.expires_at > now())
  limit 1;
  if found then
    select r.* into v_r from reservations r where r.id = v_own and r.status = 'pending';
    if array(select p.slot_id from places_of(v_r) p order by p.slot_id)
      = array(select s from unnest(v_slot_ids) s order by s) then
      outcome := 'replayed';
      reservation_id := v_own;
    else
      outcome := 'policy_refused';
      rule := 'owner_busy';
    end if;
    return;
  end if;

  amount := 0;
  amount_due := 0;
  for v_i in
    select u.n as position, (u.i ->> 'slot_id')::uuid as wished,
      (u.i ->> 'quantity')::integer as quantity,
      u.i -> 'seats' as seats, u.i ->> 'tier' as tier, s.slot_id, s.clinic_id, s.service_id,
      s.staff_id, s.starts_at, s.ends_at, s.capacity, s.remaining, s.reason, s.currency,
      s.service_name, s.staff_name, s.hold_ms, s.is_available, sv.requires_approval, sv.deposit,
      sv.has_seats, c.is_active, busy_range(sl) as busy,
      coalesce(sv.min_notice_minutes, c.min_notice_minutes) as notice_minutes,
      coalesce(sv.horizon_days, c.horizon_days) as horizon_days
    from jsonb_array_elements(p_items) with ordinality as u (i, n)
    left join slot_states s on s.slot_id = (u.i ->> 'slot_id')::uuid
    left join slots sl on sl.id = s.slot_id
    left join services sv on sv.id = s.service_id
    left join clinics c on c.id = s.clinic_id
    order by u.n
  loop
    slot_id := v_i.wished;
    if v_i.slot_id is null or is_hidden(p_actor, p_user_id, v_i.clinic_id) then
      outcome := 'not_found';
      return;
    end if;
    if v_i.position = 1 then v_first := v_i; end if;
    rule := case
      when v_i.clinic_id <> v_first.clinic_id then 'items_clinic'
      when v_i.currency <> v_first.currency then 'items_currency'
      -- Which seats, and what they cost, is said of one slot (0069).
      when v_i.has_seats then 'items_seats'
      when v_i.position > 1 and v_i.starts_at < v_ends_at then 'items_overlap'
      -- Buffers do not count: a groomer who cleans up in between keeps nobody waiting for nothing.
      when v_i.position > 1 and lower(v_i.busy) > v_busy_to + item_gap() then 'items_gap'
      -- As in hold_slot.
      when p_actor ->> 'kind' = 'customer'
        and v_i.starts_at < now() + v_i.notice_minutes * interval '1 minute' then 'too_soon'
      when p_actor ->> 'kind' = 'customer'
        and v_i.starts_at > now() + v_i.horizon_days * interval '24 hours' then 'too_far'
    end;
    if rule is not null then
      outcome := 'policy_refused';
      return;
    end if;
    v_ends_at := v_i.ends_at;
    v_busy_to := upper(v_i.busy);
    -- Before anything is taken, so that a no writes nothing. Overdue holds count as free, as in
    -- lists.
    outcome := case
      when not v_i.is_available or not v_i.is_active then 'service_unavailable'
      when coalesce(v_i.quantity, 0) not between 1 and least(v_i.capacity, 50)
        then 'policy_refused'
      when v_i.reason = 'held' then 'slot_locked'
      when v_i.reason in ('booked', 'staff_busy', 'room_busy') then 'slot_taken'
      when v_i.reason is not null then 'invalid_slot'
      when v_i.remaining < v_i.quantity then 'slot_taken'
    end;
    if outcome is not null then
      rule := v_i.reason;
      if outcome = 'policy_refused' then rule := 'quantity_over_capacity'; end if;
      if outcome in ('slot_locked', 'slot_taken') then
        select ceil(extract(epoch from min(c.expires_at) - now()) * 1000) into retry_after_ms
        from slot_claims c
        where c.slot_id = v_i.slot_id and c.expires_at > now();
      end if;
      return;
    end if;
    select x.* into v_price
    from slots sl
    join services sv on sv.id = sl.service_id
    join clinics c on c.id = sl.clinic_id
    cross join lateral item_price(sl, sv, c, v_i.tier, v_i.quantity) x
    where sl.id = v_i.slot_id;
    if v_price.problem is not null then
      rule := v_price.problem;
      tier := v_price.tier;
      outcome := case
        when rule in ('tier_unknown', 'tier_items') then 'invalid_input' else 'policy_refused'
      end;
      return;
    end if;
    v_due := least(coalesce(v_i.deposit * v_i.quantity, v_price.amount), v_price.amount);
    amount := amount + v_price.amount;
    amount_due := amount_due + v_due;
    v_tax := v_tax + v_price.tax_amount;
    v_approval := v_approval or v_i.requires_approval;
    v_plan := v_plan || jsonb_build_array(jsonb_build_object(
      'position', v_i.position, 'slot_id', v_i.slot_id, 'quantity', v_i.quantity,
      'seats', v_i.seats, 'price_lines', v_price.lines, 'service_id', v_i.service_id,
      'staff_id', v_i.staff_id, 'name', v_i.service_name, 'staff_name', v_i.staff_name,
      'starts_at', v_i.starts_at, 'ends_at', v_i.ends_at, 'amount', v_price.amount,
      'amount_due', v_due, 'tax_amount', v_price.tax_amount
    ));
  end loop;
  slot_id := null;
  if jsonb_array_length(v_plan) not between 2 and 8 then
    outcome := 'invalid_input';
    rule := 'items_count';
    return;
  end if;
  if not exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id)
    -- As in hold_slot: only a clinic has to know whom it treats.
    and (
      p_pet_id is not null
      or not exists (select from users u where u.id = p_user_id)
      or exists (select from clinics c where c.id = v_first.clinic_id and c.kind = 'clinic')
    )
  then
    outcome := 'not_found';
    return;
  end if;

  expires_at := now() + v_first.hold_ms * interval '1 millisecond';
  select c.* into v_claimed from claim_items(p_reservation_id, p_user_id, expires_at, v_plan) c;
  if v_claimed.outcome <> 'ok' then
    expires_at := null;
    slot_id := v_claimed.slot_id;
    select c.* into v_cleared from clear_overdue_items(v_slot_ids) c;
    outcome := case
      when v_cleared.freed > 0 then 'again'
      when v_cleared.blocking_session_id is not null then 'overdue_session'
      when v_cleared.locked or v_claimed.outcome = 'contended' then 'slot_locked'
      else 'slot_taken'
    end;
    blocking_reservation_id := v_cleared.blocking_reservation_id;
    blocking_session_id := v_cleared.blocking_session_id;
    -- Somebody is deciding about the seat right now: that takes milliseconds.
    if outcome = 'slot_locked' then retry_after_ms := 250; end if;
    return;
  end if;

  select jsonb_agg(i order by (i ->> 'position')::integer) into items
  from jsonb_array_elements(v_claimed.items) i;
  seats := array(select s::integer from jsonb_array_elements_text(items -> 0 -> 'seats') s);
  currency := v_first.currency;
  lock_id := p_lock_id;
  v_lead.fence := nextval('hold_numbers');
  reference_code := reference_code(v_lead.fence);
  insert into reservations (
    id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
    approval, quantity, seats, amount, amount_due, currency, expires_at, idempotency_key,
    source, correlation_id, price_lines, tax_amount, item_count
  )
  values (
    p_reservation_id, p_user_id, p_pet_id, v_first.clinic_id, v_first.service_id,
    v_first.slot_id, p_lock_id, v_lead.fence, reference_code,
    case when v_approval then 'awaiting' else 'none' end, v_first.quantity, seats, amount,
    amount_due, currency, expires_at, p_idempotency_key, p_actor ->> 'source',
    p_actor ->> 'request_id',
    -- One list of lines, each under the name of its service: what receipts and the desk show.
    (
      select jsonb_agg(
        l || jsonb_build_object('tier', concat_ws(', ', i ->> 'name', l ->> 'tier'))
        order by (i ->> 'position')::integer, n
      )
      from jsonb_array_elements(items) i,
        jsonb_array_elements(i -> 'price_lines') with ordinality as u (l, n)
    ),
    v_tax, jsonb_array_length(items)
  )
  returning * into v_r;
  insert into reservation_items (
    reservation_id, position, service_id, slot_id, staff_id, name, staff_name, starts_at, ends_at,
    quantity, seats, amount, amount_due, tax_amount, price_lines
  )
  select p_reservation_id, x.position, x.service_id, x.slot_id, x.staff_id, x.name, x.staff_name,
    x.starts_at, x.ends_at, x.quantity, x.seats, x.amount, x.amount_due, x.tax_amount, x.price_lines
  from jsonb_populate_recordset(null::reservation_items, items) x;
  insert into reservation_log_entries (
    reservation_id, reservation_version, action, status, performed_by, source, request_id
  )
  values (
    p_reservation_id, 1, 'reservation.created', 'pending', actor_id(p_actor),
    p_actor ->> 'source', p_actor ->> 'request_id'
  );
  perform emit_event(
    'reservation.created', 'reservation', p_reservation_id, 1, v_r.clinic_id,
    coalesce(p_actor ->> 'request_id', p_reservation_id::text), reservation_payload(v_r)
  );
  outcome := 'ok';
  reservation_id := p_reservation_id;
  items := items_json(p_reservation_id, currency);
end
$$;

create function hold_slot(p_reservation_id uuid, p_slot_id uuid, p_user_id uuid, p_pet_id uuid, p_quantity integer, p_seats integer[], p_lock_id text, p_idempotency_key text, p_actor jsonb, p_items jsonb DEFAULT NULL::jsonb, p_wish jsonb DEFAULT NULL::jsonb, OUT outcome text, OUT reservation_id uuid, OUT reference_code text, OUT lock_id text, OUT seats integer[], OUT fence bigint, OUT expires_at timestamp with time zone, OUT hold_ms integer, OUT amount numeric, OUT currency text, OUT clinic_id uuid, OUT service_id uuid, OUT clinic_name text, OUT service_name text, OUT starts_at timestamp with time zone, OUT blocking_reservation_id uuid, OUT blocking_session_id text, OUT retry_after_ms integer, OUT amount_due numeric, OUT rule text, OUT tier text)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_starts_at timestamptz;
  v_ends_at timestamptz;
  -- The vet and the room are taken for longer than the visit where it has buffers (0060).
  v_busy_from timestamptz;
  v_busy_to timestamptz;
  v_status text;
  v_capacity integer;
  v_staff_id uuid;
  v_room_id uuid;
  v_price numeric;
  v_booked_count integer;
  v_info record;
  v_own record;
  v_cleared record;
  v_held_until timestamptz;
  v_is_own boolean;
  v_place text;
  v_lines jsonb;
  v_tax numeric;
  v_wanted integer[] := p_seats;
  v_request_id text := p_actor ->> 'request_id';
begin
  if p_idempotency_key is not null then
    select r.id into reservation_id
    from reservations r
    where r.user_id = p_user_id and r.idempotency_key = p_idempotency_key;
    if found then
      select 'replayed', d.* into outcome, reference_code, lock_id, seats, fence, expires_at,
        hold_ms, amount, amount_due, currency, clinic_id, service_id, clinic_name, service_name,
        starts_at
      from describe_hold(reservation_id) d;
      return;
    end if;
  end if;

  select sl.clinic_id, sl.service_id, sl.starts_at, sl.ends_at, sl.status, sl.capacity,
    sl.staff_id, sl.room_id, sl.price, sl.booked_count, coalesce(sl.busy_from, sl.starts_at),
    coalesce(sl.busy_to, sl.ends_at)
  into clinic_id, service_id, v_starts_at, v_ends_at, v_status, v_capacity,
    v_staff_id, v_room_id, v_price, v_booked_count, v_busy_from, v_busy_to
  from slots sl
  where sl.id = p_slot_id;
  if not found or is_hidden(p_actor, p_user_id, clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  starts_at := v_starts_at;
  if v_status = 'blocked' or v_starts_at <= now() then
    outcome := 'invalid_slot';
    return;
  end if;
  if coalesce(p_quantity, 0) not between 1 and least(v_capacity, 50) then
    outcome := 'policy_refused';
    return;
  end if;

  for v_round in 1..2 loop
    v_place := null;
    if v_capacity = 1 then
      select c.expires_at, c.user_id = p_user_id into v_held_until, v_is_own
      from slot_claims c
      where c.slot_id = p_slot_id and c.seat = 1;
      if found and (v_held_until is null or v_held_until > now()) then
        if v_round = 2 or not v_is_own then
          outcome := 'slot_taken';
          retry_after_ms := ceil(extract(epoch from v_held_until - now()) * 1000);
          return;
        end if;
      elsif found then
        v_place := 'full';
      end if;
    end if;

    if v_round = 1 then
      -- One hold at a time per owner: makes the replay and the overlap rule exact.
      perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
      select c.slot_id, c.reservation_id, c.expires_at is null as is_booked into v_own
      from slot_claims c
      where c.user_id = p_user_id
        and c.ends_at > v_starts_at
        and c.starts_at < v_ends_at
        and (c.expires_at is null or c.expires_at > now())
      limit 1;
      if found and v_own.slot_id = p_slot_id and not v_own.is_booked then
        reservation_id := v_own.reservation_id;
        select 'replayed', d.* into outcome, reference_code, lock_id, seats, fence, expires_at,
          hold_ms, amount, amount_due, currency, clinic_id, service_id, clinic_name,
          service_name, starts_at
        from describe_hold(reservation_id) d;
        return;
      elsif found then
        outcome := 'policy_refused';
        return;
      end if;
      select
        sv.name as service_name, sv.is_available, sv.requires_approval, sv.currency,
        coalesce(v_price, sv.price) as price, sv.deposit, c.name as clinic_name, c.hold_ms,
        c.is_active, sv.has_tiers, sv.has_seats, c.tax_bp, c.tax_included,
        coalesce(sv.min_notice_minutes, c.min_notice_minutes) as notice_minutes,
        coalesce(sv.horizon_days, c.horizon_days) as horizon_days
      into v_info
      from services sv, clinics c
      where sv.id = hold_slot.service_id and c.id = hold_slot.clinic_id
        and (
          exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id)
          -- Only a clinic has to know whom it treats (0069).
          or p_pet_id is null and c.kind <> 'clinic'
            and exists (select from users u where u.id = p_user_id)
        );
      if not found then
        outcome := 'not_found';
        return;
      end if;
      if not (v_info.is_available and v_info.is_active) then
        outcome := 'service_unavailable';
        return;
      end if;
      -- Owners book neither at the last minute nor years ahead; whoever stands at the desk may.
      if p_actor ->> 'kind' = 'customer' then
        rule := case
          when v_starts_at < now() + v_info.notice_minutes * interval '1 minute' then 'too_soon'
          when v_starts_at > now() + v_info.horizon_days * interval '24 hours' then 'too_far'
        end;
        if rule is not null then
          outcome := 'policy_refused';
          return;
        end if;
      end if;
      expires_at := now() + v_info.hold_ms * interval '1 millisecond';
      -- Numbered seats (0069): which ones decides what they cost.
      if v_info.has_seats or p_wish is not null then
        select w.problem, w.label, w.wanted, w.items into rule, tier, v_wanted, p_items
        from read_seat_wish(
          service_id, v_capacity, p_quantity, p_items, p_wish, v_info.has_seats, v_info.has_tiers
        ) w;
        if rule is not null then
          outcome := 'invalid_input';
          expires_at := null;
          return;
        end if;
      end if;
      -- Several prices, or tax on top (0042): before a seat is taken, so that a no writes nothing.
      if v_info.has_tiers or not v_info.tax_included or p_items is not null then
        select x.problem, x.tier, x.lines, x.amount, x.tax_amount
        into rule, tier, v_lines, amount, v_tax
        from price_items(
          p_slot_id, p_items, p_quantity, v_info.price, v_info.currency, v_info.tax_bp,
          v_info.tax_included, false
        ) x;
        if rule is not null then
          outcome := case
            when rule in ('tier_unknown', 'tier_items') then 'invalid_input'
            else 'policy_refused'
          end;
          expires_at := null;
          return;
        end if;
      end if;
    end if;

    if v_place is null and v_capacity = 1 and v_room_id is null then
      if v_staff_id is not null then
        insert into staff_claims (slot_id, staff_id, clinic_id, during)
        values (p_slot_id, v_staff_id, clinic_id, tstzrange(v_busy_from, v_busy_to))
        on conflict do nothing;
        if not found then v_place := 'staff_busy'; end if;
      end if;
      if v_place is null then
        insert into slot_claims (
          slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
        )
        values (p_slot_id, 1, p_reservation_id, p_user_id, v_starts_at, v_ends_at, expires_at)
        on conflict (slot_id, seat) do nothing;
        if found then
          v_place := 'ok';
          seats := '{1}';
        else
          v_place := 'full';
          if v_staff_id is not null then
            delete from staff_claims c where c.slot_id = p_slot_id;
          end if;
        end if;
      end if;
    elsif v_place is null and v_booked_count + p_quantity > v_capacity then
      v_place := 'full';
    elsif v_place is null and v_lines is not null then
      select c.outcome, c.seats, c.tier into v_place, seats, tier
      from slots sl,
        claim_priced_place(
          p_reservation_id, p_user_id, p_quantity, v_wanted, expires_at, sl, v_lines, p_wish
        ) as c
      where sl.id = p_slot_id;
    elsif v_place is null then
      select c.outcome, c.seats into v_place, seats
      from slots sl,
        claim_place(
          p_reservation_id, p_user_id, p_quantity, v_wanted, expires_at, sl, p_wish
        ) as c
      where sl.id = p_slot_id;
    end if;
    exit when v_place = 'ok';

    select ceil(extract(epoch from min(c.expires_at) - now()) * 1000) into retry_after_ms
    from slot_claims c
    where c.slot_id = p_slot_id and c.expires_at > now();
    if v_round = 2 then
      outcome := case when v_place = 'contended' then 'slot_locked' else 'slot_taken' end;
      expires_at := null;
      return;
    end if;
    select c.* into v_cleared from slots sl, clear_overdue(sl) c where sl.id = p_slot_id;
    continue when v_cleared.freed > 0;
    outcome := case
      when v_cleared.blocking_session_id is not null then 'overdue_session'
      when v_cleared.locked or v_place = 'contended' then 'slot_locked'
      else 'slot_taken'
    end;
    blocking_reservation_id := v_cleared.blocking_reservation_id;
    blocking_session_id := v_cleared.blocking_session_id;
    -- Somebody is deciding about the seat right now: that takes milliseconds.
    if outcome = 'slot_locked' then retry_after_ms := 250; end if;
    expires_at := null;
    return;
  end loop;

  fence := nextval('hold_numbers');
  reference_code := reference_code(fence);
  amount := coalesce(amount, v_info.price * p_quantity);
  amount_due := least(coalesce(v_info.deposit * p_quantity, amount), amount);
  insert into reservations (
    id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
    approval, quantity, seats, amount, amount_due, currency, expires_at, idempotency_key,
    source, correlation_id, price_lines, tax_amount
  )
  values (
    p_reservation_id, p_user_id, p_pet_id, clinic_id, service_id, p_slot_id, p_lock_id, fence,
    reference_code, case when v_info.requires_approval then 'awaiting' else 'none' end,
    p_quantity, seats, amount, amount_due, v_info.currency, expires_at, p_idempotency_key,
    p_actor ->> 'source', v_request_id, v_lines, v_tax
  );
  insert into reservation_log_entries (
    reservation_id, reservation_version, action, status, performed_by, source, request_id,
    door_seats
  )
  values (
    p_reservation_id, 1, 'reservation.created', 'pending', actor_id(p_actor),
    p_actor ->> 'source', v_request_id, p_seats
  );
  -- The fields of reservation_payload(), spelt out: the row need not be read back.
  insert into booking_events_outbox (
    aggregate_type, aggregate_id, aggregate_version, event_type, clinic_id, correlation_id, payload
  )
  values (
    'reservation', p_reservation_id, 1, 'reservation.created', clinic_id,
    coalesce(v_request_id, p_reservation_id::text),
    jsonb_build_object(
      'schema_version', 1,
      'reservation_id', p_reservation_id, 'reference_code', reference_code,
      'user_id', p_user_id, 'pet_id', p_pet_id, 'clinic_id', clinic_id,
      'service_id', service_id, 'slot_id', p_slot_id, 'quantity', p_quantity,
      'seats', to_jsonb(seats), 'status', 'pending', 'version', 1, 'expires_at', expires_at,
      'created_at', now()
    )
  );
  outcome := 'ok';
  reservation_id := p_reservation_id;
  lock_id := p_lock_id;
  currency := v_info.currency;
  clinic_name := v_info.clinic_name;
  service_name := v_info.service_name;
  hold_ms := v_info.hold_ms;
  retry_after_ms := null;
end
$$;

create function import_again(p_b bookings, p_row jsonb, p_actor jsonb, OUT outcome text, OUT field text, OUT problem text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_zone text := (select c.time_zone from clinics c where c.id = p_b.clinic_id);
  v_status text := coalesce(p_row ->> 'status', p_b.status);
begin
  if import_moment(p_row ->> 'starts_at', v_zone) is distinct from p_b.booking_time then
    outcome := 'kept';
  elsif v_status = p_b.status then
    outcome := 'same';
  elsif v_status = 'cancelled' and p_b.status = 'confirmed' and p_b.booking_time > now() then
    perform cancel_booking(
      p_b.id, p_row ->> 'cancellation_reason', 'clinic', null, false, p_actor
    );
    update booking_events_outbox o
    set payload = o.payload || '{"imported": true}'
    where o.aggregate_id = p_b.id and o.event_type = 'booking.cancelled' and o.sequence is null;
    outcome := 'changed';
  else
    outcome := 'kept';
  end if;
end
$$;

create function import_booking(p_row jsonb, p_open_slots boolean, p_actor jsonb, OUT outcome text, OUT field text, OUT problem text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_v import_visit;
  v_c clinics;
  v_s services;
  v_b bookings;
  v_word text;
begin
  v_v.id := (p_row ->> 'id')::uuid;
  v_v.file_row := p_row;
  select b.* into v_b from bookings b where b.id = v_v.id;
  if not found then select b.* into v_b from bookings b where b.reservation_id = v_v.id; end if;
  if v_b.id is not null then
    select a.* into outcome, field, problem from import_again(v_b, p_row, p_actor) a;
    return;
  end if;

  select c.* into v_c
  from clinics c
  where c.id = (p_row ->> 'clinic_id')::uuid or c.code = upper(p_row ->> 'clinic_word')
  order by c.id = (p_row ->> 'clinic_id')::uuid desc
  limit 1;
  select s.* into v_s
  from services s
  where s.clinic_id = v_c.id and s.id = (p_row ->> 'service_id')::uuid;
  if not found then
    select s.* into v_s
    from services s
    where s.clinic_id = v_c.id and lower(s.name) = lower(p_row ->> 'service_word');
  end if;
  v_word := p_row ->> 'staff_word';
  select s.id into v_v.staff_id
  from staff s
  where s.clinic_id = v_c.id
    and (s.id = (p_row ->> 'staff_id')::uuid or lower(s.name) = lower(v_word))
  order by s.id = (p_row ->> 'staff_id')::uuid desc
  limit 1;
  select u.id into v_v.user_id from users u where u.id = (p_row ->> 'user_id')::uuid;
  select p.id into v_v.pet_id
  from pets p
  where p.id = (p_row ->> 'pet_id')::uuid and p.user_id = v_v.user_id;

  v_v.clinic_id := v_c.id;
  v_v.service_id := v_s.id;
  v_v.time_zone := v_c.time_zone;
  v_v.currency := v_s.currency;
  v_v.starts_at := import_moment(p_row ->> 'starts_at', v_c.time_zone);
  v_v.ends_at := coalesce(
    import_moment(p_row ->> 'ends_at', v_c.time_zone),
    v_v.starts_at + v_s.duration_minutes * interval '1 minute'
  );
  v_v.quantity := coalesce((p_row ->> 'quantity')::integer, 1);
  v_v.status := coalesce(
    p_row ->> 'status', case when v_v.starts_at > now() then 'confirmed' else 'completed' end
  );
  v_v.created_at := least(
    coalesce(import_moment(p_row ->> 'created_at', v_c.time_zone), v_v.starts_at), now()
  );
  v_v.amount := coalesce((p_row ->> 'amount')::numeric, v_s.price * v_v.quantity);
  v_v.price := v_v.amount;
  -- Only what is still to be paid is ours to ask for: nothing for what is over, unless the file says
  -- what was paid of it.
  v_v.amount := v_v.amount - coalesce(
    (p_row ->> 'amount_paid')::numeric,
    case when v_v.starts_at > now() and v_v.status = 'confirmed' then 0 else v_v.amount end
  );

  select x.field, x.problem into field, problem
  from (
    values
      ('clinic_id', 'names no clinic that is known here', v_c.id is null),
      ('service_id', 'names no service of this clinic', v_s.id is null),
      ('staff_id', 'names nobody of this clinic', v_word is not null and v_v.staff_id is null),
      ('user_id', 'names no owner that is known here', v_v.user_id is null),
      ('pet_id', 'is no pet of this owner that is known here',
        v_v.pet_id is null and (p_row ->> 'pet_id' is not null or v_c.kind = 'clinic')),
      ('starts_at', 'is skipped by a clock change of the clinic', v_v.starts_at is null),
      ('ends_at', 'is not after the start', v_v.ends_at <= v_v.starts_at),
      ('currency', 'is not what the service is sold in',
        upper(p_row ->> 'currency') <> v_s.currency),
      ('amount_paid', 'is more than the amount', v_v.amount < 0),
      ('amount', 'has more decimals than the currency', (
        select v_v.price <> round(v_v.price, k.exponent)
          or v_v.amount <> round(v_v.amount, k.exponent)
        from currencies k
        where k.code = v_s.currency
      )),
      ('status', 'cannot be true before the visit',
        v_v.starts_at > now() and v_v.status not in ('confirmed', 'cancelled'))
  ) as x (field, problem, is_so)
  where x.is_so
  limit 1;
  if problem is not null then
    outcome := 'rejected';
    return;
  end if;

  begin
    if v_v.starts_at > now() and v_v.status = 'confirmed' then
      select f.* into outcome, field, problem from import_future(v_v, p_open_slots, p_actor) f;
    else
      select h.* into outcome, field, problem from import_history(v_v, p_actor) h;
    end if;
    -- Undone by the end of this block: a slot that was opened for it, a seat that it held.
    if problem is not null then
      raise exception using errcode = 'PP002', message = 'a row that is not taken';
    end if;
  exception
    when sqlstate 'PP002' then null;
    when integrity_constraint_violation or data_exception then
      outcome := null;
      problem := sqlerrm;
  end;
  if problem is not null then outcome := 'rejected'; end if;
end
$$;

create function import_future(p_v import_visit, p_open_slots boolean, p_actor jsonb, OUT outcome text, OUT field text, OUT problem text)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_slot_id uuid;
  v_held record;
  v_confirmed record;
  v_reference text;
  v_priced boolean;
begin
  select sl.id into v_slot_id
  from slots sl
  where sl.service_id = p_v.service_id and sl.starts_at = p_v.starts_at
    and (p_v.staff_id is null or sl.staff_id = p_v.staff_id) and sl.status <> 'blocked'
  -- One with room for them, when several are open at that time.
  order by sl.capacity - (
    select count(*)
    from slot_claims c
    where c.slot_id = sl.id and (c.expires_at is null or c.expires_at > now())
  ) >= p_v.quantity desc, sl.id
  limit 1;
  if v_slot_id is null and p_open_slots then
    select import_slot(
      s, p_v.time_zone, p_v.staff_id, p_v.starts_at, p_v.ends_at, p_v.quantity, 'available'
    ) into v_slot_id
    from services s
    where s.id = p_v.service_id;
  end if;
  if v_slot_id is null then
    field := 'starts_at';
    problem := 'nothing is open at that time: --open-slots makes slots for such visits';
    return;
  end if;
  if p_v.file_row ->> 'reference_code' is not null then
    v_reference := import_reference(p_v.file_row ->> 'reference_code');
    if v_reference is null then
      field := 'reference_code';
      problem := 'is the code of another booking, or none of ours';
      return;
    end if;
  end if;
  select h.* into v_held
  from hold_slot(
    p_reservation_id => p_v.id, p_slot_id => v_slot_id, p_user_id => p_v.user_id,
    p_pet_id => p_v.pet_id, p_quantity => p_v.quantity, p_seats => null,
    p_lock_id => 'import:' || p_v.id, p_idempotency_key => 'import:' || p_v.id,
    p_actor => p_actor
  ) h;
  problem := case
    when v_held.outcome = 'ok' then null
    when v_held.outcome in ('slot_taken', 'overdue_session', 'slot_locked')
      then 'somebody else has that time, or the vet or room is busy then'
    when v_held.outcome = 'replayed' then 'the owner is holding that time at this moment'
    when v_held.outcome = 'policy_refused' and v_held.rule is null
      then 'the owner has another visit then, or there are not so many seats'
    else concat_ws(': ', v_held.outcome, v_held.rule)
  end;
  if problem is not null then
    field := 'starts_at';
    return;
  end if;
  -- Prices that are made of lines (tiers, tax on top) stay what the lines make.
  v_priced := p_v.file_row ->> 'amount' is not null or p_v.file_row ->> 'amount_paid' is not null;
  update reservations r
  set amount = case when v_priced then p_v.amount else r.amount end,
    amount_due = case when v_priced then p_v.amount else r.amount_due end,
    notes = p_v.file_row ->> 'notes',
    reference_code = coalesce(v_reference, r.reference_code)
  where r.id = p_v.id and (not v_priced or r.price_lines is null or r.amount = p_v.amount);
  if not found then
    field := 'amount';
    problem := 'these seats cost ' || amount_text(v_held.amount, p_v.currency) ||
      ' here, of tiers or with tax on top: leave it out';
    return;
  end if;
  select c.* into v_confirmed
  from confirm_reservation(p_v.id, 'at_clinic', null, null, p_actor) c;
  if v_confirmed.outcome <> 'ok' then
    field := 'starts_at';
    problem := v_confirmed.outcome;
    return;
  end if;
  update bookings b
  set created_at = p_v.created_at, imported_at = now()
  where b.id = v_confirmed.booking_id;
  -- Marked before anybody can read them: they commit with this.
  update booking_events_outbox o
  set payload = o.payload || jsonb_strip_nulls(jsonb_build_object(
    'reference_code', v_reference,
    'imported', case when o.aggregate_type = 'booking' then true end
  ))
  where o.aggregate_id in (p_v.id, v_confirmed.booking_id);
  outcome := 'new';
end
$$;

create function import_history(p_v import_visit, p_actor jsonb, OUT outcome text, OUT field text, OUT problem text)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_service services;
  v_slot_id uuid;
  v_is_live boolean := p_v.status <> 'cancelled';
  v_reference text := import_reference(p_v.file_row ->> 'reference_code');
  v_ended_at timestamptz;
  v_b bookings;
begin
  if v_reference is null then
    field := 'reference_code';
    problem := 'is the code of another booking, or none of ours';
    return;
  end if;
  select * into v_service from services s where s.id = p_v.service_id;
  select sl.id into v_slot_id
  from slots sl
  where sl.service_id = p_v.service_id and sl.starts_at = p_v.starts_at
    and sl.staff_id is not distinct from p_v.staff_id
    and (not v_is_live or sl.booked_count + p_v.quantity <= sl.capacity)
  order by sl.id
  limit 1
  for no key update;
  v_slot_id := coalesce(v_slot_id, import_slot(
    v_service, p_v.time_zone, p_v.staff_id, p_v.starts_at, p_v.ends_at, p_v.quantity,
    -- Nobody is to book what was called off elsewhere.
    case when p_v.starts_at > now() then 'blocked' else 'available' end
  ));
  if v_is_live then
    update slots sl
    set booked_count = sl.booked_count + p_v.quantity,
      status = case when sl.status = 'available'
        and sl.booked_count + p_v.quantity >= sl.capacity then 'booked' else sl.status end,
      version = sl.version + 1, updated_at = now()
    where sl.id = v_slot_id;
  end if;
  v_ended_at := coalesce(
    import_moment(p_v.file_row ->> 'cancelled_at', p_v.time_zone),
    import_moment(p_v.file_row ->> 'completed_at', p_v.time_zone),
    least(p_v.ends_at, now())
  );
  insert into reservations (
    id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code, status,
    quantity, seats, amount, amount_due, currency, expires_at, source, created_at, updated_at
  )
  values (
    p_v.id, p_v.user_id, p_v.pet_id, p_v.clinic_id, p_v.service_id, v_slot_id,
    'import:' || p_v.id, nextval('hold_numbers'), v_reference, 'confirmed', p_v.quantity,
    (select array_agg(s) from generate_series(1, p_v.quantity) as s), p_v.amount, 0, p_v.currency,
    p_v.created_at, 'import', p_v.created_at, v_ended_at
  );
  perform log_reservation(
    p_v.id, 1, 'reservation.imported', null, 'confirmed', null, p_actor
  );
  insert into bookings (
    id, reservation_id, user_id, pet_id, clinic_id, service_id, slot_id, reference_code, quantity,
    amount, amount_due, currency, payment_mode, status, cancellation_reason, cancelled_by,
    cancelled_at, notes, pet_snapshot, service_snapshot, user_snapshot, policy_snapshot,
    booking_time, arrived_at, started_at, completed_at, source, created_at, updated_at, imported_at
  )
  select p_v.id, p_v.id, p_v.user_id, p_v.pet_id, p_v.clinic_id, p_v.service_id, v_slot_id,
    v_reference, p_v.quantity, p_v.amount, 0, p_v.currency, 'at_clinic', p_v.status,
    p_v.file_row ->> 'cancellation_reason',
    case when not v_is_live then coalesce(p_v.file_row ->> 'cancelled_by', 'clinic') end,
    case when not v_is_live then v_ended_at end,
    p_v.file_row ->> 'notes',
    coalesce((
      select jsonb_build_object('name', p.name, 'species', p.species, 'breed', p.breed)
      from pets p where p.id = p_v.pet_id
    ), '{}'),
    jsonb_build_object(
      'name', v_service.name, 'price', amount_text(v_service.price, v_service.currency),
      'currency', v_service.currency, 'duration_minutes', v_service.duration_minutes,
      'category', v_service.category, 'staff_id', p_v.staff_id,
      'staff_name', (select s.name from staff s where s.id = p_v.staff_id),
      'clinic_name', c.name, 'commission_bp', coalesce(v_service.commission_bp, c.commission_bp),
      'tax_bp', c.tax_bp, 'tax_included', c.tax_included,
      'imported_price', amount_text(p_v.price, p_v.currency)
    ),
    jsonb_build_object('full_name', u.full_name, 'lang', u.lang),
    coalesce(v_service.cancellation_policy, c.cancellation_policy), p_v.starts_at,
    import_moment(p_v.file_row ->> 'arrived_at', p_v.time_zone),
    import_moment(p_v.file_row ->> 'started_at', p_v.time_zone),
    case when p_v.status = 'completed' then v_ended_at end,
    'import', p_v.created_at, v_ended_at, now()
  from clinics c, users u
  where c.id = p_v.clinic_id and u.id = p_v.user_id
  returning * into v_b;
  perform write_booking_items(v_b);
  perform log_booking(
    v_b.id, 1, 'booking.imported', v_b.status, null, jsonb_build_object('status', v_b.status),
    null, p_actor
  );
  outcome := 'new';
end
$$;

create function import_moment(p_text text, p_zone text)
returns timestamp with time zone
language plpgsql stable
as $$
declare
  v_wall timestamp;
  v_at timestamptz;
begin
  if p_text is null or p_text ~ '(Z|[+-]\d\d:?\d\d)$' then return p_text::timestamptz; end if;
  v_wall := p_text::timestamp;
  v_at := v_wall at time zone p_zone;
  if v_at at time zone p_zone <> v_wall then return null; end if;
  -- Clocks go back by an hour or half of one.
  return case v_wall
    when (v_at - interval '1 hour') at time zone p_zone then v_at - interval '1 hour'
    when (v_at - interval '30 minutes') at time zone p_zone then v_at - interval '30 minutes'
    else v_at
  end;
end
$$;

create function import_reference(p_code text)
returns text
language plpgsql
as $$
declare
  v_last bigint := (select s.last_value from hold_numbers s);
  v_number bigint := reference_number(p_code);
begin
  if p_code is null then return reference_code(nextval('hold_numbers')); end if;
  -- Numbers are given one by one: a code far ahead was not made by us, and would use them all up.
  if v_number > v_last + 10000000 or exists (
    select from reservations r where r.reference_code = p_code
  ) or exists (select from bookings b where b.reference_code = p_code) then
    return null;
  end if;
  -- A thousand further on, so that numbers which are given out at this moment are not given again.
  if v_number > v_last then perform setval('hold_numbers', v_number + 1000); end if;
  return p_code;
end
$$;

create function import_slot(p_service services, p_zone text, p_staff_id uuid, p_starts_at timestamp with time zone, p_ends_at timestamp with time zone, p_quantity integer, p_status text)
returns uuid
language sql
as $$
  insert into slots (
    clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time,
    status, capacity
  )
  values (
    p_service.clinic_id, p_service.id, p_staff_id, p_starts_at, p_ends_at,
    (p_starts_at at time zone p_zone)::date, (p_starts_at at time zone p_zone)::time,
    (p_ends_at at time zone p_zone)::time, p_status, greatest(p_service.capacity, p_quantity)
  )
  returning id
$$;

create function is_hidden(p_actor jsonb, p_user_id uuid, p_clinic_id uuid)
returns boolean
language sql immutable
as $$
  select (p_actor ->> 'kind' = 'customer' and actor_id(p_actor) is distinct from p_user_id)
    or (nullif(p_actor ->> 'clinic_id', '')::uuid <> p_clinic_id)
$$;

create function is_new_event(p_event_id text, p_event_type text, p_payload jsonb)
returns boolean
language plpgsql
as $$
begin
  insert into webhook_events (event_id, event_type, payload)
  values (p_event_id, p_event_type, coalesce(p_payload, '{}'))
  on conflict (event_id) do nothing;
  return found;
end
$$;

create function is_of_clinic(p_clinic_id uuid, p_staff_id uuid, p_service_id uuid, p_room_id uuid, p_actor jsonb)
returns boolean
language sql stable
as $$
  select p_actor ->> 'kind' <> 'customer' and not is_hidden(p_actor, null, p_clinic_id)
    and exists (select from clinics c where c.id = p_clinic_id)
    and (p_staff_id is null or exists (
      select from staff s where s.id = p_staff_id and s.clinic_id = p_clinic_id
    ))
    and (p_service_id is null or exists (
      select from services s where s.id = p_service_id and s.clinic_id = p_clinic_id
    ))
    and (p_room_id is null or exists (
      select from rooms r where r.id = p_room_id and r.clinic_id = p_clinic_id
    ))
$$;

create function item_gap()
returns interval
language sql immutable
as $$ select interval '10 minutes' $$;

create function item_price(p_slot slots, p_service services, p_clinic clinics, p_tier text, p_quantity integer, OUT problem text, OUT tier text, OUT lines jsonb, OUT amount numeric, OUT tax_amount numeric)
returns record
language sql stable
as $$
  select x.problem, x.tier, x.lines, x.amount, x.tax_amount
  from price_items(
    p_slot.id,
    case
      when p_tier is not null
        then jsonb_build_array(jsonb_build_object('tier', p_tier, 'quantity', p_quantity))
    end,
    p_quantity, coalesce(p_slot.price, p_service.price), p_service.currency, p_clinic.tax_bp,
    p_clinic.tax_included, false
  ) x
$$;

create function items_end(p_r reservations)
returns timestamp with time zone
language sql stable
as $$
  select max(i.ends_at)
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id
$$;

create function items_json(p_reservation_id uuid, p_currency text)
returns jsonb
language sql stable
as $$
  select jsonb_agg(jsonb_build_object(
    'position', i.position, 'service_id', i.service_id, 'service_name', i.name,
    'slot_id', i.slot_id, 'staff_id', i.staff_id, 'staff_name', i.staff_name,
    'starts_at', i.starts_at, 'ends_at', i.ends_at, 'quantity', i.quantity,
    'seats', to_jsonb(i.seats), 'amount', amount_text(i.amount, p_currency)
  ) order by i.position)
  from reservation_items i
  where i.reservation_id = p_reservation_id
$$;

create function items_name(p_r reservations)
returns text
language sql stable
as $$
  select string_agg(i.name, ' + ' order by i.position)
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id
$$;

create function items_of_lines(p_lines jsonb)
returns jsonb
language sql immutable
as $$
  select jsonb_agg(jsonb_build_object('tier', g.tier, 'quantity', g.seats) order by g.first)
  from (
    select l ->> 'tier' as tier, sum((l ->> 'seats')::integer) as seats, min(i) as first
    from jsonb_array_elements(p_lines) with ordinality as u (l, i)
    where l ->> 'tier' is not null
    group by l ->> 'tier'
  ) g
$$;

create function items_snapshot(p_r reservations)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'name', items_name(p_r),
    'duration_minutes', (extract(epoch from max(i.ends_at) - min(i.starts_at)) / 60)::integer,
    'price_total', amount_text(p_r.amount, p_r.currency),
    'commission_bp', case
      when sum(i.amount) = 0 then max(coalesce(sv.commission_bp, c.commission_bp))
      else round(
        sum(i.amount * coalesce(sv.commission_bp, c.commission_bp)) / sum(i.amount)
      )::integer
    end,
    'items', items_json(p_r.id, p_r.currency)
  )
  from reservation_items i
  join services sv on sv.id = i.service_id
  join clinics c on c.id = sv.clinic_id
  where i.reservation_id = p_r.id
$$;

create function join_waitlist(p_id uuid, p_service_id uuid, p_user_id uuid, p_pet_id uuid, p_staff_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_weekdays smallint[], p_from_time time without time zone, p_to_time time without time zone, p_quantity integer, p_items jsonb, p_priority integer, p_actor jsonb, OUT outcome text, OUT rule text, OUT entry_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_sv services;
  v_w waitlist_entries;
begin
  select sv.* into v_sv
  from services sv
  join clinics c on c.id = sv.clinic_id
  where sv.id = p_service_id
    and (
      exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id)
      -- As for a hold: only a clinic has to know whom it treats (0069).
      or p_pet_id is null and c.kind <> 'clinic'
        and exists (select from users u where u.id = p_user_id)
    );
  if not found or is_hidden(p_actor, p_user_id, v_sv.clinic_id) or p_staff_id is not null
    and not exists (
      select from staff st where st.id = p_staff_id and st.clinic_id = v_sv.clinic_id
    ) then
    outcome := 'not_found';
    return;
  end if;
  if not v_sv.is_available then
    outcome := 'service_unavailable';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
  select w.id into entry_id
  from waitlist_entries w
  where w.user_id = p_user_id and w.pet_id is not distinct from p_pet_id
    and w.service_id = p_service_id
    and w.status in ('waiting', 'offered')
    and w.wanted_from < p_to and w.wanted_to > p_from
    and w.weekdays && p_weekdays
    and w.from_time < p_to_time and w.to_time > p_from_time
    and (w.staff_id is null or p_staff_id is null or w.staff_id = p_staff_id)
  limit 1;
  rule := case
    when p_to <= now() then 'window_over'
    when p_actor ->> 'kind' = 'customer' and p_priority <> 0 then 'priority_not_yours'
    when p_quantity > v_sv.capacity and not exists (
      select from slots sl
      where sl.service_id = p_service_id and sl.starts_at >= greatest(p_from, now())
        and sl.starts_at < p_to and sl.capacity >= p_quantity
    ) then 'too_many_seats'
    when entry_id is not null then 'already_waiting'
    when (
      select count(*)
      from waitlist_entries w
      where w.user_id = p_user_id and w.clinic_id = v_sv.clinic_id
        and w.status in ('waiting', 'offered')
    ) >= 10 then 'too_many_entries'
  end;
  if rule is not null then
    outcome := case when rule = 'already_waiting' then 'conflict' else 'policy_refused' end;
    return;
  end if;
  insert into waitlist_entries (
    id, clinic_id, service_id, user_id, pet_id, staff_id, wanted_from, wanted_to, weekdays,
    from_time, to_time, quantity, items, priority, source
  )
  values (
    p_id, v_sv.clinic_id, p_service_id, p_user_id, p_pet_id, p_staff_id, p_from, p_to, p_weekdays,
    p_from_time, p_to_time, p_quantity, p_items, p_priority, p_actor ->> 'source'
  )
  returning * into v_w;
  perform tell_waitlist(v_w, p_actor ->> 'request_id');
  perform audit(
    'waitlist.joined', 'waitlist', v_w.id::text, v_w.clinic_id, null, null, waitlist_payload(v_w),
    p_actor
  );
  outcome := 'ok';
  entry_id := v_w.id;
end
$$;

create function keep_claimed_slot()
returns trigger
language plpgsql
as $$
begin
  if exists (select from slot_claims c where c.slot_id = old.id) then
    raise exception 'slot % has seats held or booked', old.id
      using errcode = 'foreign_key_violation', constraint = 'slots_claimed';
  end if;
  return old;
end
$$;

create function keep_items(p_reservation_id uuid, p_expires_at timestamp with time zone)
returns void
language sql
as $$
  update slot_claims c
  set expires_at = p_expires_at
  from reservation_items i
  where i.reservation_id = p_reservation_id
    and c.slot_id = i.slot_id
    and c.seat = any (i.seats)
    and c.reservation_id = p_reservation_id
$$;

create function keep_owner_search()
returns trigger
language plpgsql
as $$
begin
  if tg_table_name = 'pets' and tg_op = 'INSERT' then
    perform refresh_owner_search(array(select distinct n.user_id from new_rows n));
  elsif tg_table_name = 'pets' and tg_op = 'DELETE' then
    perform refresh_owner_search(array(select distinct o.user_id from old_rows o));
  elsif tg_table_name = 'pets' then
    perform refresh_owner_search(array(
      select x.user_id
      from old_rows o
      join new_rows n on n.id = o.id and (n.name, n.user_id) is distinct from (o.name, o.user_id)
      cross join lateral unnest(array[o.user_id, n.user_id]) as x (user_id)
      group by x.user_id
    ));
  elsif tg_op = 'INSERT' then
    perform refresh_owner_search(array(select n.id from new_rows n));
  else
    perform refresh_owner_search(array(
      select n.id
      from old_rows o
      join new_rows n on n.id = o.id
        and (n.full_name, n.phone, n.email, n.is_erased)
          is distinct from (o.full_name, o.phone, o.email, o.is_erased)
    ));
  end if;
  return null;
end
$$;

create function keep_settled_entry()
returns trigger
language plpgsql
as $$
begin
  raise exception 'entry % is settled', old.id
    using errcode = 'restrict_violation', constraint = 'financial_entries_settled';
end
$$;

create function keep_staff(p_slot_id uuid)
returns void
language plpgsql
as $$
declare
  v_slot slots;
begin
  -- Takers of such a seat hold this row: they are done when we have it.
  select * into v_slot from slots sl where sl.id = p_slot_id for update;
  if not exists (select from slot_claims c where c.slot_id = p_slot_id) then return; end if;
  insert into staff_claims (slot_id, staff_id, clinic_id, during)
  select v_slot.id, v_slot.staff_id, v_slot.clinic_id, busy_range(v_slot)
  where v_slot.staff_id is not null
  on conflict do nothing;
  insert into room_claims (slot_id, room_id, clinic_id, during)
  select v_slot.id, v_slot.room_id, v_slot.clinic_id, busy_range(v_slot)
  where v_slot.room_id is not null
  on conflict do nothing;
end
$$;

create function keep_until(p_r reservations, p_until timestamp with time zone, p_action text, p_actor jsonb)
returns reservations
language plpgsql
as $$
declare
  v_r reservations;
begin
  update reservations r
  set expires_at = p_until,
    approval = p_r.approval,
    approval_asked_at = coalesce(r.approval_asked_at, now()),
    version = r.version + 1,
    updated_at = now()
  where r.id = p_r.id
  returning r.* into v_r;
  update slot_claims c
  set expires_at = p_until
  where c.slot_id = v_r.slot_id and c.seat = any (v_r.seats) and c.reservation_id = v_r.id;
  if v_r.item_count > 1 then perform keep_items(v_r.id, p_until); end if;
  perform log_reservation(
    v_r.id, v_r.version, 'reservation.' || p_action, 'pending', 'pending', null, p_actor
  );
  perform emit_event(
    'reservation.' || p_action, 'reservation', v_r.id, v_r.version, v_r.clinic_id,
    coalesce(p_actor ->> 'request_id', v_r.correlation_id),
    reservation_payload(v_r) || jsonb_build_object('approval', v_r.approval)
  );
  return v_r;
end
$$;

create function lacks_labels(p_service_id uuid, p_capacity integer)
returns boolean
language sql stable
as $$
  select exists (
    select from seat_plans p where p.service_id = p_service_id and p.seat_count < p_capacity
  )
$$;

create function lacks_tiers(p_slot_id uuid, p_capacity integer, p_lines jsonb)
returns boolean
language sql stable
as $$
  select exists (
    select
    from (
      select (l ->> 'tier_id')::uuid as tier_id, sum((l ->> 'seats')::integer) as seats
      from jsonb_array_elements(p_lines) as l
      where l ->> 'tier_id' is not null
      group by l ->> 'tier_id'
    ) as w
    join price_tiers t on t.id = w.tier_id
    where tier_remaining(p_slot_id, t.id, least(coalesce(t.seats_limit, p_capacity), p_capacity))
      < w.seats
  )
$$;

create function lock_series(p_series_id uuid, p_bookings uuid[], p_expected_version integer, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_s booking_series;
begin
  select * into v_s from booking_series s where s.id = p_series_id for no key update;
  if v_s.id is null or is_hidden(p_actor, v_s.user_id, v_s.clinic_id) then
    return 'not_found';
  end if;
  perform
  from reservations r
  where r.id in (select b.reservation_id from bookings b where b.id = any (p_bookings))
  order by r.id
  for no key update;
  perform from bookings b where b.id = any (p_bookings) order by b.id for no key update;
  if exists (
    select from unnest(p_bookings) as x (id)
    where not exists (select from bookings b where b.id = x.id and b.series_id = p_series_id)
  ) then
    return 'not_found';
  end if;
  return case when series_version(p_series_id) = p_expected_version then 'ok' else 'conflict' end;
end
$$;

create function log_booking(p_booking_id uuid, p_version integer, p_action text, p_status text, p_previous jsonb, p_new jsonb, p_notes text, p_actor jsonb)
returns void
language sql
as $$
  insert into booking_logs (booking_id)
  values (p_booking_id)
  on conflict (booking_id) do nothing;

  insert into booking_log_entries (
    log_id, booking_version, action, status, previous_state, new_state,
    performed_by, source, request_id, notes
  )
  select
    l.id, p_version, p_action, p_status, p_previous, p_new,
    actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id', p_notes
  from booking_logs l
  where l.booking_id = p_booking_id
$$;

create function log_reservation(p_reservation_id uuid, p_version integer, p_action text, p_previous_status text, p_status text, p_notes text, p_actor jsonb)
returns void
language sql
as $$
  insert into reservation_log_entries (
    reservation_id, reservation_version, action, previous_status, status,
    performed_by, source, request_id, notes
  )
  values (
    p_reservation_id, p_version, p_action, p_previous_status, p_status,
    actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id', p_notes
  )
$$;

create function look_through(p_limit integer)
returns TABLE(entry_id uuid, slot_id uuid)
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
begin
  for v_w in
    select w.*
    from waitlist_entries w
    where w.status = 'waiting' and w.look_at <= now()
    order by w.look_at
    limit p_limit
    for no key update skip locked
  loop
    if v_w.wanted_to <= now() then
      update waitlist_entries w
      set status = 'left', left_reason = 'window_over', version = w.version + 1, updated_at = now()
      where w.id = v_w.id
      returning w.* into v_w;
      perform tell_waitlist(v_w, null);
      entry_id := v_w.id;
      slot_id := null;
      return next;
      continue;
    end if;
    update waitlist_entries w
    -- Once more soon after a change: what was being freed meanwhile did not see this entry.
    set look_at = now() + case
        when w.updated_at > now() - interval '20 seconds' then interval '30 seconds'
        else interval '10 minutes'
      end
    where w.id = v_w.id;
    entry_id := v_w.id;
    slot_id := null;
    for slot_id in
      select s.slot_id
      from slot_states s
      join slots sl on sl.id = s.slot_id
      where s.service_id = v_w.service_id
        and s.starts_at >= greatest(v_w.wanted_from, now()) and s.starts_at < v_w.wanted_to
        and s.reason is null and s.is_available
        and fits_waitlist(v_w, sl)
      order by s.starts_at, s.slot_id
      limit 3
    loop
      return next;
    end loop;
    if slot_id is null then return next; end if;
  end loop;
end
$$;

create function lost_charges(p_older_than_ms integer, p_limit integer)
returns TABLE(payment_id uuid, provider_customer_id text)
language sql stable
as $$
  select p.id, c.provider_customer_id
  from payments p
  join payment_customers c on c.user_id = p.user_id
  where p.status = 'pending' and p.payment_method = 'saved_card' and p.session_id is null
    and p.session_closed_at is null
    and p.created_at < now() - p_older_than_ms * interval '1 millisecond'
  order by p.created_at
  limit p_limit
$$;

create function make_booking(p_r reservations, p_p payments, p_action text, p_actor jsonb)
returns bookings
language plpgsql
as $$
declare
  v_b bookings;
  v_p payments;
  v_correlation text := coalesce(p_actor ->> 'request_id', p_r.correlation_id, p_r.id::text);
begin
  update reservations r
  set status = 'confirmed',
    -- Staff who confirm what waits for a yes have said it.
    approval = case r.approval when 'awaiting' then 'approved' else r.approval end,
    version = r.version + 1,
    updated_at = now()
  where r.id = p_r.id
  returning r.version into p_r.version;

  update slot_claims c
  set expires_at = null
  where c.slot_id = p_r.slot_id and c.seat = any (p_r.seats) and c.reservation_id = p_r.id;
  if p_r.item_count > 1 then perform keep_items(p_r.id, null); end if;

  insert into bookings (
    reservation_id, user_id, pet_id, clinic_id, service_id, slot_id, reference_code, quantity,
    amount, amount_due, currency, payment_mode, notes, pet_snapshot, service_snapshot,
    user_snapshot, policy_snapshot, booking_time, source, price_lines, tax_amount, item_count,
    ends_at
  )
  select
    p_r.id, p_r.user_id, p_r.pet_id, p_r.clinic_id, p_r.service_id, p_r.slot_id,
    p_r.reference_code, p_r.quantity, p_r.amount, p_r.amount_due, p_r.currency,
    case when p_p.id is null then 'at_clinic' else 'prepaid' end, p_r.notes,
    coalesce(
      (select jsonb_build_object('name', p.name, 'species', p.species, 'breed', p.breed)
        from pets p where p.id = p_r.pet_id), '{}'
    ),
    jsonb_build_object(
      'name', sv.name, 'price', amount_text(coalesce(sl.price, sv.price), sv.currency),
      'currency', sv.currency, 'duration_minutes', sv.duration_minutes,
      'category', sv.category, 'staff_id', sl.staff_id,
      'staff_name', (select s.name from staff s where s.id = sl.staff_id),
      'clinic_name', c.name, 'commission_bp', coalesce(sv.commission_bp, c.commission_bp),
      'tax_bp', c.tax_bp, 'tax_included', c.tax_included
    ) || case
      when p_r.price_lines is null then '{}'::jsonb
      else jsonb_build_object('price_total', amount_text(p_r.amount, p_r.currency))
    end || case when p_r.item_count > 1 then items_snapshot(p_r) else '{}'::jsonb end,
    (select jsonb_build_object('full_name', u.full_name, 'lang', u.lang)
      from users u where u.id = p_r.user_id),
    coalesce(sv.cancellation_policy, c.cancellation_policy), sl.starts_at, p_r.source,
    p_r.price_lines, p_r.tax_amount, p_r.item_count,
    case
      when p_r.item_count > 1
        then (select max(i.ends_at) from reservation_items i where i.reservation_id = p_r.id)
    end
  from slots sl
  join services sv on sv.id = sl.service_id
  join clinics c on c.id = sl.clinic_id
  where sl.id = p_r.slot_id
  returning * into v_b;

  if v_b.item_count > 1 then
    perform write_items(v_b);
  else
    perform write_booking_items(v_b);
  end if;

  if p_p.id is not null then
    update payments p set booking_id = v_b.id where p.id = p_p.id returning p.* into v_p;
    update bookings b set payment_id = p_p.id where b.id = v_b.id;
    perform enter_payment(v_b, v_p);
  end if;

  perform log_reservation(
    p_r.id, p_r.version, 'reservation.' || p_action, p_r.status, 'confirmed', null, p_actor
  );
  perform log_booking(
    v_b.id, 1, 'booking.confirmed', v_b.status, null,
    jsonb_build_object('status', v_b.status, 'payment_mode', v_b.payment_mode), null, p_actor
  );
  perform emit_event(
    'booking.created', 'booking', v_b.id, 1, v_b.clinic_id, v_correlation, booking_payload(v_b)
  );
  perform emit_event(
    'booking.confirmed', 'booking', v_b.id, 1, v_b.clinic_id, v_correlation, booking_payload(v_b)
  );
  if p_p.id is not null then
    perform emit_event(
      'payment.processed', 'payment', v_p.id, v_p.version, v_b.clinic_id, v_correlation,
      payment_payload(v_p)
    );
  end if;
  perform plan_reminders(v_b);

  if v_b.item_count > 1 then
    perform count_items(v_b.reservation_id, 1);
    return v_b;
  end if;
  update slots sl
  set booked_count = sl.booked_count + v_b.quantity,
    status = case
      when sl.status = 'blocked' then 'blocked'
      when sl.booked_count + v_b.quantity >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = v_b.slot_id;
  return v_b;
end
$$;

create function make_offer(p_entry_id uuid, p_slot_id uuid, p_by uuid, p_actor jsonb, OUT outcome text, OUT rule text, OUT reservation_id uuid, OUT slot_id uuid, OUT seats integer[], OUT lock_id text, OUT expires_at timestamp with time zone, OUT ttl_ms integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_h record;
begin
  slot_id := p_slot_id;
  perform pg_advisory_xact_lock(hashtextextended(w.user_id::text, 1))
  from waitlist_entries w
  where w.id = p_entry_id;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  if not found or v_w.status <> 'waiting' then
    outcome := 'conflict';
    return;
  end if;
  reservation_id := gen_random_uuid();
  lock_id := translate(
      left(encode(sha256(v_w.user_id::text::bytea), 'base64'), 16), '+/', '-_'
    ) || '.' || gen_random_uuid();
  select h.* into v_h
  from hold_slot(
    reservation_id, p_slot_id, v_w.user_id, v_w.pet_id, v_w.quantity, null, lock_id, null, p_actor,
    v_w.items
  ) h;
  outcome := v_h.outcome;
  rule := v_h.rule;
  if outcome <> 'ok' then
    blocking_reservation_id := v_h.blocking_reservation_id;
    blocking_session_id := v_h.blocking_session_id;
    return;
  end if;
  seats := v_h.seats;
  select least(
      now() + c.waitlist_offer_ms * interval '1 millisecond', now() + (v_h.starts_at - now()) / 2
    ) into expires_at
  from clinics c
  where c.id = v_w.clinic_id;
  ttl_ms := ceil(extract(epoch from expires_at - now()) * 1000);
  -- Nobody has seen the hold yet: this is how long it was made for, not a change of it.
  update reservations r
  set expires_at = make_offer.expires_at, waitlist_entry_id = v_w.id
  where r.id = reservation_id;
  update slot_claims c
  set expires_at = make_offer.expires_at
  where c.slot_id = p_slot_id and c.seat = any (make_offer.seats)
    and c.reservation_id = make_offer.reservation_id;
  update booking_events_outbox o
  set payload = o.payload || jsonb_build_object('expires_at', make_offer.expires_at)
  where o.aggregate_id = reservation_id;
  insert into waitlist_offers (entry_id, slot_id, reservation_id, offered_by)
  values (v_w.id, p_slot_id, reservation_id, p_by);
  update waitlist_entries w
  set status = 'offered', offered_reservation_id = make_offer.reservation_id, offered_at = now(),
    version = w.version + 1, updated_at = now()
  where w.id = v_w.id
  returning w.* into v_w;
  perform emit_event(
    'waitlist.offered', 'waitlist', v_w.id, v_w.version, v_w.clinic_id, p_actor ->> 'request_id',
    (
      select reservation_payload(r) || jsonb_build_object('entry_id', v_w.id)
      from reservations r
      where r.id = reservation_id
    )
  );
end
$$;

create function mark_inbox_item(p_item_id text, p_note text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_item money_inbox;
begin
  select * into v_item from money_inbox i where i.item_id = p_item_id;
  if not found or is_hidden(p_actor, null, v_item.clinic_id)
    or v_item.clinic_id is null and nullif(p_actor ->> 'clinic_id', '') is not null then
    return 'not_found';
  end if;
  if v_item.clears <> 'mark' then return 'policy_refused'; end if;
  insert into inbox_marks (item_id, marked_by, note)
  values (p_item_id, actor_id(p_actor), p_note)
  on conflict (item_id) do nothing;
  perform audit(
    'inbox.settled', 'inbox', p_item_id, v_item.clinic_id, p_note, null, to_jsonb(v_item), p_actor
  );
  return 'ok';
end
$$;

create function move_series(p_series_id uuid, p_items jsonb, p_by text, p_reason text, p_expected_version integer, p_skip boolean, p_quote boolean, p_actor jsonb, OUT outcome text, OUT visits jsonb, OUT failed jsonb, OUT version integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_item jsonb;
  v_id uuid;
  v_slot_id uuid;
  v_one record;
  v_why text;
  v_rule text;
  v_ids uuid[] := '{}';
begin
  visits := '[]';
  failed := '[]';
  begin
    outcome := lock_series(
      p_series_id,
      array(select (i ->> 'booking_id')::uuid from jsonb_array_elements(p_items) i),
      p_expected_version, p_actor
    );
    if outcome <> 'ok' then return; end if;
    for v_item in
      select i
      from jsonb_array_elements(p_items) with ordinality as x (i, place)
      order by x.place
      limit 52
    loop
      v_id := (v_item ->> 'booking_id')::uuid;
      v_why := 'slot_taken';
      v_rule := null;
      for v_slot_id in
        select s.id::uuid
        from jsonb_array_elements_text(v_item -> 'slot_ids') with ordinality as s (id, place)
        order by s.place
        limit 5
      loop
        select r.* into v_one
        from reschedule_booking(
          v_id, v_slot_id, p_by, null, p_reason, null, false, p_actor
        ) r;
        v_why := v_one.outcome;
        v_rule := v_one.rule;
        exit when v_why not in ('slot_taken', 'slot_locked', 'overdue_session');
        if v_one.outcome = 'overdue_session' then
          blocking_reservation_id := v_one.blocking_reservation_id;
          blocking_session_id := v_one.blocking_session_id;
        end if;
      end loop;
      if v_why <> 'ok' then
        failed := failed || jsonb_build_object('booking_id', v_id, 'why', v_why, 'rule', v_rule);
        continue;
      end if;
      v_ids := v_ids || v_id;
      visits := visits || jsonb_build_object(
        'booking_id', v_id, 'slot_id', v_slot_id, 'old_slot_id', v_one.old_slot_id,
        'old_amount', v_one.old_amount::text, 'amount', v_one.amount::text,
        'refund_amount', v_one.refund_amount::text, 'due_amount', v_one.due_amount::text
      );
    end loop;
    if cardinality(v_ids) = 0 or (failed <> '[]' and not p_skip) then
      outcome := 'conflict';
      raise exception using errcode = 'PP001', message = 'not every visit can be moved';
    end if;
    outcome := 'ok';
    if p_quote then
      raise exception using errcode = 'PP001', message = 'only asked';
    end if;
    perform tell_together('booking.rescheduled', array(
      select b.id from bookings b where b.id = any (v_ids) order by b.booking_time, b.id
    ));
  exception when sqlstate 'PP001' then
    null;
  end;
  version := series_version(p_series_id);
end
$$;

create function ms_between(p_from timestamp with time zone, p_to timestamp with time zone)
returns numeric
language sql immutable
as $$
  select round(greatest(extract(epoch from p_to - p_from) * 1000, 0))
$$;

create function nearest_visit(p_user_id uuid, p_clinic_id uuid)
returns TABLE(is_here boolean, distance interval)
language sql stable
as $$
  select coalesce(bool_or(x.clinic_id = p_clinic_id), false),
    min(greatest(x.booking_time - now(), now() - x.booking_time))
  from (
    (
      select b.clinic_id, b.booking_time from bookings b
      where b.user_id = p_user_id and b.booking_time > now() and b.status = 'confirmed'
      order by b.booking_time
      limit 1
    )
    union all
    (
      select b.clinic_id, b.booking_time from bookings b
      where b.user_id = p_user_id and b.booking_time <= now() and b.status <> 'cancelled'
      order by b.booking_time desc
      limit 1
    )
  ) as x;
$$;

create function net_booking()
returns trigger
language plpgsql
as $$
declare
  v_actor constant jsonb := '{"kind": "system", "source": "sql"}';
begin
  if tg_op = 'INSERT' then
    perform log_booking(
      new.id, new.version, 'booking.created', new.status, null,
      jsonb_build_object('status', new.status), 'by hand: ' || current_user, v_actor
    );
    perform emit_event(
      'booking.created', 'booking', new.id, new.version, new.clinic_id, null, booking_payload(new)
    );
    return null;
  end if;
  perform log_booking(
    new.id, new.version, 'booking.status_changed', new.status,
    jsonb_build_object('status', old.status, 'slot_id', old.slot_id),
    jsonb_build_object('status', new.status, 'slot_id', new.slot_id),
    'by hand: ' || current_user, v_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', new.id, new.version, new.clinic_id, null,
    booking_payload(new) || jsonb_build_object(
      'previous_status', old.status, 'new_status', new.status, 'changed_at', now()
    )
  );
  return null;
end
$$;

create function no_show_from(p_b bookings)
returns timestamp with time zone
language sql stable
as $$
  select p_b.booking_time + interval '10 minutes'
$$;

create function note_availability()
returns trigger
language plpgsql
as $$
declare
  v_clinic_id uuid;
begin
  if tg_op = 'DELETE' then
    v_clinic_id := old.clinic_id;
  else
    v_clinic_id := new.clinic_id;
  end if;
  if v_clinic_id is null then
    -- A holiday of a whole country.
    perform nextval(('availability_' || n)::regclass) from generate_series(0, 63) as n;
    return null;
  end if;
  perform nextval(('availability_' || (uuid_hash(v_clinic_id) & 63))::regclass);
  return null;
end
$$;

create function note_backup(p_label text, p_bytes bigint, p_is_verified boolean, p_actor jsonb)
returns timestamp with time zone
language plpgsql
as $$
declare
  v_n backup_notes;
begin
  insert into backup_notes (label, bytes, is_verified)
  values (p_label, p_bytes, p_is_verified)
  returning * into v_n;
  perform audit(
    'backup.noted', 'backup', v_n.id::text, null, null, null, to_jsonb(v_n), p_actor
  );
  return v_n.made_at;
end
$$;

create function note_captured(p_payment_id uuid)
returns void
language sql
as $$
  update authorisations a
  set status = 'captured', last_error = null, updated_at = now()
  where a.payment_id = p_payment_id and a.status <> 'captured'
$$;

create function note_claimed_availability()
returns trigger
language plpgsql
as $$
declare
  v_slot_id uuid;
begin
  if tg_op = 'DELETE' then
    v_slot_id := old.slot_id;
  else
    v_slot_id := new.slot_id;
  end if;
  perform nextval(('availability_' || (uuid_hash(sl.clinic_id) & 63))::regclass)
  from slots sl
  where sl.id = v_slot_id;
  return null;
end
$$;

create function note_clinic_availability()
returns trigger
language plpgsql
as $$
begin
  perform nextval(('availability_' || (uuid_hash(new.id) & 63))::regclass);
  return null;
end
$$;

create function note_money_gone(p_p payments, p_origin text, p_reference text, p_amount numeric, p_reason text, p_actor jsonb)
returns uuid
language plpgsql
as $$
declare
  v_f refunds;
  v_id uuid;
  v_denied refunds;
  v_taken_back numeric := 0;
  v_rest numeric;
begin
  if p_amount > refundable(p_p.id, null) + (
    select coalesce(sum(f.amount), 0)
    from refunds f
    where f.payment_id = p_p.id and f.external_reference is null
      and f.status in ('pending', 'failed') and f.returned_at is null
  ) then
    return null;
  end if;
  for v_f in
    select f.*
    from refunds f
    where f.payment_id = p_p.id and f.external_reference is null
      and f.status in ('pending', 'failed') and f.returned_at is null
    order by f.created_at desc
    for no key update
  loop
    exit when refundable(p_p.id, null) >= p_amount;
    update refunds f
    set status = 'denied', decision = 'denied', decided_at = now(), updated_at = now(),
      last_error = 'the money went back another way: ' || p_reference
    where f.id = v_f.id;
    perform note_refund(v_f.id, 'refund.denied', 'the money went back another way', p_actor);
    if v_f.decision = 'granted' then
      v_taken_back := v_taken_back + v_f.amount;
      v_denied := v_f;
    end if;
  end loop;
  insert into refunds (
    payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, status,
    external_reference, correlation_id, origin
  )
  values (
    p_p.id, p_p.reservation_id, p_p.booking_id, p_p.clinic_id, p_amount, p_p.currency, p_reason,
    'processing', p_reference, p_actor ->> 'request_id', p_origin
  )
  returning id into v_id;
  v_rest := least(v_taken_back, refundable(p_p.id, null));
  if v_rest > 0 then
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_denied.payment_id, v_denied.reservation_id, v_denied.booking_id, v_denied.clinic_id, v_rest,
      v_denied.currency, v_denied.reason, v_denied.requested_by, v_denied.correlation_id
    )
    returning * into v_denied;
    perform note_refund(v_denied.id, 'refund.requested', v_denied.reason, p_actor);
  end if;
  return v_id;
end
$$;

create function note_prune_failure(p_what text, p_blocks integer, p_error text)
returns void
language sql
as $$
  update retention_rules r
  set failed_at = now(), last_error = left(p_error, 500), next_block = r.next_block + p_blocks
  where r.what = p_what
$$;

create function note_refund(p_refund_id uuid, p_event text, p_notes text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
begin
  select * into v_f from refunds f where f.id = p_refund_id;
  update payments p
  set refund_status = refund_status_of(p.id), version = p.version + 1, updated_at = now()
  where p.id = v_f.payment_id
  returning p.* into v_p;
  perform audit(
    p_event, 'refund', v_f.id::text, v_f.clinic_id, p_notes, null,
    jsonb_build_object(
      'status', v_f.status, 'decision', v_f.decision, 'currency', v_f.currency,
      'amount', amount_text(v_f.amount, v_f.currency), 'payment_id', v_f.payment_id
    ), p_actor
  );
  perform emit_event(
    p_event, 'payment', v_p.id, v_p.version, v_p.clinic_id,
    coalesce(p_actor ->> 'request_id', v_f.correlation_id),
    payment_payload(v_p) || jsonb_build_object(
      'refund_id', v_f.id, 'refund_amount', amount_text(v_f.amount, v_f.currency),
      'refund_status', v_f.status, 'decision', v_f.decision, 'reason', v_f.reason
    )
  );
end
$$;

create function note_skip(p_entry_id uuid, p_slot_id uuid, p_reason text)
returns void
language sql
as $$
  insert into waitlist_skips (entry_id, slot_id, reason)
  values (p_entry_id, p_slot_id, p_reason)
  on conflict (entry_id, slot_id) do update
  set reason = excluded.reason, times = waitlist_skips.times + 1, last_at = now()
$$;

create function note_view_failure(p_view_name text, p_error text)
returns integer
language sql
as $$
  update views_state s
  set failed_at = now(),
    failures_in_row = s.failures_in_row + 1,
    last_error = left(p_error, 500),
    requested_at = null,
    next_at = now()
      + least(s.refresh_every_ms, 10000 * 2 ^ least(s.failures_in_row, 10)) * interval '1 ms'
  where s.view_name = p_view_name
  returning s.failures_in_row;
$$;

create function notice_opening(p_slot_id uuid, p_clinic_id uuid)
returns void
language sql
as $$
  insert into waitlist_openings (slot_id)
  select p_slot_id
  where exists (
    select from waitlist_entries w where w.clinic_id = p_clinic_id and w.status = 'waiting'
  )
$$;

create function notice_slot()
returns trigger
language plpgsql
as $$
begin
  perform notice_opening(new.id, new.clinic_id);
  return null;
end
$$;

create function notice_slots()
returns trigger
language plpgsql
as $$
begin
  insert into waitlist_openings (slot_id)
  select n.id
  from new_slots n
  where n.starts_at > now() and n.status <> 'blocked'
    and exists (
      select from waitlist_entries w
      where w.service_id = n.service_id and w.status = 'waiting'
        and n.starts_at >= w.wanted_from and n.starts_at < w.wanted_to
    );
  return null;
end
$$;

create function offer_next(p_slot_id uuid, p_tried uuid[], p_actor jsonb, OUT outcome text, OUT tried uuid[], OUT entry_id uuid, OUT reservation_id uuid, OUT seats integer[], OUT lock_id text, OUT ttl_ms integer)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_slot slots;
  v_free integer;
  v_notice_ms integer;
  v_w waitlist_entries;
  v_o record;
  v_why text;
  v_seen integer := 0;
begin
  tried := p_tried;
  outcome := 'none';
  perform pg_advisory_xact_lock(hashtextextended(p_slot_id::text, 2));
  select * into v_slot from slots sl where sl.id = p_slot_id;
  select s.remaining into v_free
  from slot_states s
  where s.slot_id = p_slot_id and s.reason is null and s.is_available;
  if not found then return; end if;
  if exists (
    select from waitlist_openings p where p.slot_id = p_slot_id and p.not_before > now()
  ) then
    outcome := 'later';
    return;
  end if;
  select c.waitlist_notice_ms into v_notice_ms from clinics c where c.id = v_slot.clinic_id;
  for v_w in
    select w.*
    from waitlist_entries w
    where w.service_id = v_slot.service_id
      and w.status = 'waiting'
      and w.id <> all (p_tried)
      and fits_waitlist(w, v_slot)
    order by w.priority desc, w.created_at, w.id
    limit 100
  loop
    v_seen := v_seen + 1;
    tried := tried || v_w.id;
    v_why := waitlist_refusal(v_w, v_slot, v_free, v_notice_ms);
    if v_why is null then
      select o.* into v_o from make_offer(v_w.id, p_slot_id, null, p_actor) o;
      if v_o.outcome = 'ok' then
        outcome := 'offered';
        entry_id := v_w.id;
        reservation_id := v_o.reservation_id;
        seats := v_o.seats;
        lock_id := v_o.lock_id;
        ttl_ms := v_o.ttl_ms;
        return;
      end if;
      v_why := case
        when v_o.outcome = 'not_found' then 'pet_gone'
        when v_o.outcome in ('policy_refused', 'invalid_input') and v_o.rule is not null
          then 'price_rule'
        when v_o.outcome in ('policy_refused', 'replayed') then 'owner_busy'
      end;
      -- Offered another slot meanwhile, or somebody else was faster here: the rows tell next time.
      if v_why is null then
        if v_o.outcome = 'conflict' then outcome := 'again'; end if;
        return;
      end if;
      -- This one's locks are not kept while the next one's are waited for.
      perform note_skip(v_w.id, p_slot_id, v_why);
      outcome := 'again';
      return;
    end if;
    perform note_skip(v_w.id, p_slot_id, v_why);
  end loop;
  if v_seen = 100 then outcome := 'again'; end if;
end
$$;

create function offer_slot(p_entry_id uuid, p_slot_id uuid, p_actor jsonb, OUT outcome text, OUT rule text, OUT reservation_id uuid, OUT slot_id uuid, OUT seats integer[], OUT lock_id text, OUT ttl_ms integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_o record;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_w.status <> 'waiting' then
    outcome := 'conflict';
    return;
  end if;
  if p_slot_id is null then
    select s.slot_id into slot_id
    from slot_states s
    join slots sl on sl.id = s.slot_id
    where s.service_id = v_w.service_id
      and s.starts_at >= greatest(v_w.wanted_from, now()) and s.starts_at < v_w.wanted_to
      and s.reason is null and s.is_available and s.remaining >= v_w.quantity
      and fits_waitlist(v_w, sl)
    order by s.starts_at, s.slot_id
    limit 1;
  else
    select sl.id into slot_id
    from slots sl
    where sl.id = p_slot_id and sl.service_id = v_w.service_id;
  end if;
  if slot_id is null then
    outcome := case when p_slot_id is null then 'no_slot' else 'not_found' end;
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(slot_id::text, 2));
  select o.* into v_o from make_offer(v_w.id, slot_id, actor_id(p_actor), p_actor) o;
  outcome := v_o.outcome;
  rule := v_o.rule;
  reservation_id := v_o.reservation_id;
  seats := v_o.seats;
  lock_id := v_o.lock_id;
  ttl_ms := v_o.ttl_ms;
  blocking_reservation_id := v_o.blocking_reservation_id;
  blocking_session_id := v_o.blocking_session_id;
  if outcome = 'ok' then
    perform audit(
      'waitlist.offered', 'waitlist', v_w.id::text, v_w.clinic_id, null, null,
      jsonb_build_object('slot_id', slot_id, 'reservation_id', reservation_id), p_actor
    );
  end if;
end
$$;

create function open_session(p_reservation_id uuid)
returns text
language sql stable
as $$
  select p.session_id
  from payments p
  where p.reservation_id = p_reservation_id
    and p.status in ('pending', 'processing', 'failed')
    and p.session_id is not null
    and p.session_closed_at is null
  limit 1
$$;

create function owner_is_elsewhere(p_r reservations)
returns boolean
language plpgsql
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_r.user_id::text, 1));
  if p_r.item_count > 1 then return owner_is_elsewhere_then(p_r); end if;
  return exists (
    select from slots sl
    join slot_claims c
      on c.user_id = p_r.user_id
      and c.ends_at > sl.starts_at
      and c.starts_at < sl.ends_at
    where sl.id = p_r.slot_id
      and c.reservation_id <> p_r.id
      and (c.expires_at is null or c.expires_at > now())
  );
end
$$;

create function owner_is_elsewhere_then(p_r reservations)
returns boolean
language sql stable
as $$
  select exists (
    select from reservation_items i
    join slot_claims c
      on c.user_id = p_r.user_id and c.ends_at > i.starts_at and c.starts_at < i.ends_at
    where i.reservation_id = p_r.id
      and c.reservation_id <> p_r.id
      and (c.expires_at is null or c.expires_at > now())
  )
$$;

create function owner_words(p_user_id uuid, p_full_name text)
returns tsvector
language sql stable
as $$
  select array_to_tsvector(
    coalesce(fold_words(p_full_name), '{}') || coalesce((
      select array_agg(w.word)
      from pets p
      cross join lateral unnest(fold_words(p.name)) as w (word)
      where p.user_id = p_user_id
    ), '{}')
  );
$$;

create function owners_by_tail(p_tails text[])
returns TABLE(user_id uuid, words tsvector)
language sql stable
as $$
  select s.user_id, s.words
  from unnest(p_tails) as p (tail)
  cross join lateral (
    select s.user_id, s.words from owner_search s
    where s.phone_key >= p.tail collate "C" and s.phone_key < p.tail || ':' collate "C"
    order by s.phone_key
    limit 5000
  ) as s;
$$;

create function park_event(p_event_id text, p_event_type text, p_raw text, p_stream_id text, p_reason text)
returns boolean
language plpgsql
as $$
begin
  insert into consumed_events as e (event_id, event_type, stream_id, status, raw, reason)
  values (p_event_id, p_event_type, p_stream_id, 'parked', p_raw, left(p_reason, 500))
  on conflict (event_id) do update
  set reason = excluded.reason, status = 'parked', updated_at = now()
  where e.status in ('waiting', 'parked');
  return found;
end
$$;

create function pause_channel(p_channel text, p_is_paused boolean, p_reason text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_was timestamptz;
begin
  select c.paused_at into v_was from delivery_channels c where c.channel = p_channel for update;
  if (v_was is not null) = p_is_paused then return; end if;
  update delivery_channels c
  set paused_at = case when p_is_paused then now() end,
    paused_by = case when p_is_paused then actor_id(p_actor) end,
    pause_reason = case when p_is_paused then p_reason end
  where c.channel = p_channel;
  perform audit(
    case when p_is_paused then 'channel.paused' else 'channel.resumed' end, 'channel', p_channel,
    null, p_reason, jsonb_build_object('paused_at', v_was), null, p_actor
  );
end
$$;

create function pay_booking(p_booking_id uuid, p_payment_method text, p_amount numeric, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT payment_id uuid, OUT already_paid boolean, OUT amount numeric, OUT amount_rest numeric, OUT currency text, OUT status text, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
begin
  -- The reservation first: the order in which the provider's events take the two.
  perform
  from reservations r
  where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
  for no key update;
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  currency := v_b.currency;
  status := v_b.status;
  version := v_b.version;
  amount_rest := v_b.amount - booking_paid(v_b.id);
  already_paid := amount_rest <= 0;
  if v_b.status in ('cancelled', 'no-show') or v_b.reservation_id is null then
    outcome := 'policy_refused';
    return;
  end if;
  if already_paid then
    -- Said twice: nothing is taken twice, and the first payment is shown again.
    select p.id into payment_id
    from payments p
    where p.booking_id = v_b.id and p.status in ('success', 'refunded')
    order by p.paid_at desc, p.id desc
    limit 1;
    amount := 0;
    outcome := 'ok';
    return;
  end if;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when p_payment_method not in ('cash', 'card_terminal', 'transfer') then 'policy_refused'
    when p_amount <= 0 or p_amount > amount_rest then 'policy_refused'
    when p_amount < amount_rest and p_expected_version is null then 'policy_refused'
    when p_amount <> trunc(p_amount, (
      select c.exponent from currencies c where c.code = v_b.currency
    )) then 'policy_refused'
  end;
  if outcome is not null then return; end if;

  insert into payments (
    reservation_id, booking_id, clinic_id, user_id, amount, currency, payment_method, purpose,
    status, paid_at, payment_details
  )
  values (
    v_b.reservation_id, v_b.id, v_b.clinic_id, v_b.user_id, coalesce(p_amount, amount_rest),
    v_b.currency, p_payment_method, 'rest', 'success', now(),
    jsonb_strip_nulls(jsonb_build_object('taken_by', actor_id(p_actor)))
  )
  returning * into v_p;
  perform enter_payment(v_b, v_p);
  update bookings b
  set payment_id = coalesce(b.payment_id, v_p.id), version = b.version + 1, updated_at = now()
  where b.id = v_b.id
  returning b.* into v_b;
  amount_rest := amount_rest - v_p.amount;
  perform log_booking(
    v_b.id, v_b.version, 'booking.paid', v_b.status,
    jsonb_build_object('amount_rest', amount_text(amount_rest + v_p.amount, v_b.currency)),
    jsonb_build_object(
      'amount_rest', amount_text(amount_rest, v_b.currency), 'payment_id', v_p.id,
      'payment_method', p_payment_method, 'amount', amount_text(v_p.amount, v_b.currency)
    ),
    null, p_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', v_b.id, v_b.version, v_b.clinic_id,
    p_actor ->> 'request_id', booking_payload(v_b) || jsonb_build_object(
      'previous_status', v_b.status, 'new_status', v_b.status, 'changed_at', now()
    )
  );
  perform emit_event(
    'payment.processed', 'payment', v_p.id, v_p.version, v_p.clinic_id,
    p_actor ->> 'request_id', payment_payload(v_p)
  );
  outcome := 'ok';
  payment_id := v_p.id;
  amount := v_p.amount;
  version := v_b.version;
end
$$;

create function payment_named(p_payload jsonb)
returns uuid
language plpgsql stable
as $$
declare
  v_id text := coalesce(
    p_payload -> 'metadata', p_payload #> '{data,object,metadata}', p_payload #> '{object,metadata}'
  ) ->> 'payment_id';
begin
  if v_id !~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then return null; end if;
  return (select p.id from payments p where p.id = v_id::uuid);
end
$$;

create function payment_of_intent(p_payment_intent text)
returns uuid
language sql stable
as $$
  select p.id
  from payments p
  where p.external_reference = p_payment_intent
    and p.status in ('success', 'refunded')
  order by p.paid_at
  limit 1
$$;

create function payment_payload(p_p payments)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'payment_id', p_p.id,
    'booking_id', p_p.booking_id,
    'reservation_id', p_p.reservation_id,
    'user_id', p_p.user_id,
    'clinic_id', p_p.clinic_id,
    'amount', amount_text(p_p.amount, p_p.currency),
    'currency', p_p.currency,
    'payment_method', p_p.payment_method,
    'status', p_p.status,
    'reason', p_p.failure_reason,
    'processed_at', now()
  )
$$;

create function phone_key(p_phone text)
returns text
language sql immutable
as $$
  select nullif(reverse(left(
    case
      when x.text ~ '^\s*(\+|00)'
        then regexp_replace(ltrim(x.digits, '0'), '^(62|81|49)0', '\1')
      else regexp_replace(x.digits, '^0', '')
    end, 32
  )), '')
  from (
    select n.text, regexp_replace(n.text, '[^0-9]', '', 'g') as digits
    from (select normalize(p_phone, nfkc) as text) as n
  ) as x;
$$;

create function pick_seats(p_slot slots, p_quantity integer, p_items jsonb, p_prefer text)
returns integer[]
language plpgsql
as $$
declare
  v_item jsonb;
  v_one integer[];
  v_all integer[] := '{}';
begin
  if p_items is null then
    return pick_tier_seats(p_slot, p_quantity, null, p_prefer);
  end if;
  for v_item in select i from jsonb_array_elements(p_items) i loop
    v_one := pick_tier_seats(
      p_slot, (v_item ->> 'quantity')::integer, v_item ->> 'tier', p_prefer
    );
    if v_one is null then return null; end if;
    v_all := v_all || v_one;
  end loop;
  return v_all;
end
$$;

create function pick_tier_seats(p_slot slots, p_quantity integer, p_tier text, p_prefer text)
returns integer[]
language plpgsql
as $$
declare
  v_block integer[];
begin
  with free as materialized (
    select s.seat, s.row_label, s.place,
      s.place - row_number() over (partition by s.row_label order by s.place) as run
    from seat_plan_seats s
    where s.service_id = p_slot.service_id
      and s.seat <= p_slot.capacity
      and (p_tier is null or lower(s.tier) = lower(p_tier))
      and not exists (
        select from slot_claims c where c.slot_id = p_slot.id and c.seat = s.seat
      )
  ), runs as (
    select array_agg(f.seat order by f.place) as seats, count(*)::integer as size,
      min(f.seat) as foremost, random() < 0.5 as from_left
    from free f
    group by f.row_label, f.run
    having count(*) >= p_quantity
  )
  select case
      when r.from_left or p_prefer = 'front' then r.seats[1:p_quantity]
      else r.seats[r.size - p_quantity + 1:r.size]
    end into v_block
  from runs r
  order by case when p_prefer = 'front' then r.foremost end, r.size, random()
  limit 1;
  if v_block is not null or p_prefer = 'together' then return v_block; end if;
  select array_agg(f.seat order by f.seat) into v_block
  from (
    select s.seat
    from seat_plan_seats s
    where s.service_id = p_slot.service_id
      and s.seat <= p_slot.capacity
      and (p_tier is null or lower(s.tier) = lower(p_tier))
      and not exists (
        select from slot_claims c where c.slot_id = p_slot.id and c.seat = s.seat
      )
    order by case when p_prefer = 'front' then s.seat end, random()
    limit p_quantity
  ) f;
  return case when cardinality(v_block) = p_quantity then v_block end;
end
$$;

create function places_of(p_r reservations)
returns TABLE(slot_id uuid, seats integer[], quantity integer)
language sql
as $$
  select p_r.slot_id, p_r.seats, p_r.quantity::integer
  union all
  select i.slot_id, i.seats, i.quantity::integer
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id and i.position > 1
$$;

create function plan_after_visit(p_b bookings)
returns void
language sql
as $$
  insert into booking_reminders (
    booking_id, clinic_id, reminder_type, offset_minutes, booking_version, scheduled_time,
    booking_time, delivery_channels
  )
  select p_b.id, p_b.clinic_id, k.reminder_type, o.minutes, p_b.version,
    reminder_time(coalesce(p_b.completed_at, now()), o.minutes, c.time_zone), p_b.booking_time,
    to_jsonb(k.channels)
  from clinics c
  cross join lateral reminder_rules_of(p_b.clinic_id, p_b.service_id) k
  cross join lateral unnest(k.offsets_minutes) as o (minutes)
  where c.id = p_b.clinic_id and k.reminder_type in ('follow_up', 'review_request')
  on conflict (booking_id, reminder_type, offset_minutes, booking_version) do nothing
$$;

create function plan_reminders(p_b bookings)
returns void
language sql
as $$
  insert into booking_reminders (
    booking_id, clinic_id, reminder_type, offset_minutes, booking_version, scheduled_time,
    booking_time, delivery_channels
  )
  select p_b.id, p_b.clinic_id, k.reminder_type, o.minutes, p_b.version, t.at, p_b.booking_time,
    to_jsonb(k.channels)
  from clinics c
  cross join lateral reminder_rules_of(p_b.clinic_id, p_b.service_id) k
  cross join lateral unnest(k.offsets_minutes) as o (minutes)
  cross join lateral reminder_time(p_b.booking_time, -o.minutes, c.time_zone) as t (at)
  left join lateral (
    select
      bool_or(m.status = 'sent' or m.reason = 'skipped') as is_done,
      bool_or(
        m.reason = 'booking_cancelled' and m.updated_at > now() - interval '24 hours'
      ) as is_taken_back
    from booking_reminders m
    where m.booking_id = p_b.id and m.reminder_type = k.reminder_type
      and m.offset_minutes = o.minutes and m.booking_time = p_b.booking_time
  ) as before on true
  where c.id = p_b.clinic_id
    and k.reminder_type in ('upcoming', 'check_in')
    and before.is_done is not true
    and (t.at > now() or before.is_taken_back)
  on conflict (booking_id, reminder_type, offset_minutes, booking_version) do nothing
$$;

create function price_items(p_slot_id uuid, p_items jsonb, p_quantity integer, p_base_price numeric, p_currency text, p_tax_bp integer, p_tax_included boolean, p_is_move boolean, OUT problem text, OUT tier text, OUT lines jsonb, OUT amount numeric, OUT tax_amount numeric)
returns record
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_item record;
  v_t price_tiers;
  v_lines jsonb := '[]';
begin
  if p_items is null then
    select t.* into v_t from tiers_of_slot(p_slot_id) t order by t.is_default desc limit 1;
    if v_t.is_default then
      p_items := jsonb_build_array(jsonb_build_object('tier', v_t.name, 'quantity', p_quantity));
    elsif v_t.id is not null then
      problem := 'tier_needed';
      return;
    else
      -- No tier fits this slot: the ordinary price, with tax on top.
      v_lines := jsonb_build_array(price_line(null, p_quantity, p_quantity, 'seat', p_base_price));
    end if;
  end if;
  if p_items is not null and (
    jsonb_array_length(p_items) not between 1 and 10
    or (select sum((i ->> 'quantity')::integer) from jsonb_array_elements(p_items) i)
      <> p_quantity
    or (select count(distinct lower(i ->> 'tier')) from jsonb_array_elements(p_items) i)
      <> jsonb_array_length(p_items)
  ) then
    problem := 'tier_items';
    return;
  end if;
  for v_item in
    select i ->> 'tier' as tier, (i ->> 'quantity')::integer as quantity
    from jsonb_array_elements(p_items) i
  loop
    tier := v_item.tier;
    select t.* into v_t from tiers_of_slot(p_slot_id) t where lower(t.name) = lower(v_item.tier);
    problem := case
      when v_t.id is null then 'tier_unknown'
      when not p_is_move and (v_t.sale_from > now() or v_t.sale_until <= now())
        then 'tier_not_on_sale'
      when not p_is_move
        and v_item.quantity not between v_t.min_quantity and v_t.max_quantity
        then 'tier_quantity'
    end;
    if problem is not null then return; end if;
    v_lines := v_lines || price_tier_lines(v_t, v_item.quantity);
  end loop;
  tier := null;
  select x.lines, x.amount, x.tax_amount into lines, amount, tax_amount
  from tax_lines(v_lines, p_currency, p_tax_bp, p_tax_included) x;
end
$$;

create function price_line(p_tier price_tiers, p_seats integer, p_units integer, p_unit text, p_price numeric)
returns jsonb
language sql immutable
as $$
  select jsonb_build_object(
    'tier_id', p_tier.id, 'tier', p_tier.name, 'seats', p_seats, 'units', p_units,
    'unit', p_unit, 'unit_price', p_price, 'amount', p_price * p_units
  )
$$;

create function price_move(p_b bookings, p_price numeric, p_percent integer, OUT amount numeric, OUT refund_amount numeric, OUT due_amount numeric)
returns record
language plpgsql stable
as $$
declare
  v_old numeric := coalesce(
    (p_b.service_snapshot ->> 'price_total')::numeric,
    (p_b.service_snapshot ->> 'price')::numeric * p_b.quantity, p_b.amount
  );
  v_change numeric := p_price - v_old;
  v_paid numeric;
  v_left numeric;
  v_rest numeric;
begin
  select coalesce(sum(p.amount), 0), coalesce(sum(refundable(p.id, null)), 0) into v_paid, v_left
  from payments p
  where p.booking_id = p_b.id and p.status in ('success', 'refunded');
  v_rest := greatest(p_b.amount - v_paid, 0);
  refund_amount := 0;
  if v_change >= 0 then
    amount := p_b.amount + v_change;
  else
    amount := p_b.amount - least(-v_change, v_rest);
    select trunc(
      least(greatest(-v_change - v_rest, 0), v_left) * p_percent / 100,
      c.exponent
    ) into refund_amount
    from currencies c
    where c.code = p_b.currency;
  end if;
  due_amount := greatest(amount - v_paid, 0);
end
$$;

create function price_tier_json(p_t price_tiers)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'tier_id', p_t.id, 'tier', p_t.name, 'service_id', p_t.service_id, 'slot_id', p_t.slot_id,
    'currency', sv.currency, 'price', amount_text(p_t.price, sv.currency),
    'seats_limit', p_t.seats_limit, 'sale_from', p_t.sale_from, 'sale_until', p_t.sale_until,
    'min_quantity', p_t.min_quantity, 'max_quantity', p_t.max_quantity,
    'is_default', p_t.is_default, 'weekdays', to_jsonb(p_t.weekdays),
    'from_time', to_char(p_t.from_time, 'HH24:MI'), 'to_time', left(p_t.to_time::text, 5),
    'quantity_prices', (
      select coalesce(jsonb_agg(
        q || jsonb_build_object('price', amount_text((q ->> 'price')::numeric, sv.currency))
        order by (q ->> 'from')::integer
      ), '[]')
      from jsonb_array_elements(p_t.quantity_prices) q
    ),
    'on_sale', p_t.is_active and coalesce(p_t.sale_from <= now(), true)
      and coalesce(p_t.sale_until > now(), true),
    'version', p_t.version
  )
  from services sv
  where sv.id = p_t.service_id
$$;

create function price_tier_lines(p_tier price_tiers, p_seats integer)
returns jsonb
language plpgsql immutable
as $$
declare
  v_rule jsonb;
  v_from integer;
  v_price numeric;
begin
  select r into v_rule
  from jsonb_array_elements(p_tier.quantity_prices) as r
  where (r ->> 'from')::integer <= p_seats
  order by (r ->> 'from')::integer desc
  limit 1;
  if v_rule is null then
    return jsonb_build_array(price_line(p_tier, p_seats, p_seats, 'seat', p_tier.price));
  end if;
  v_from := (v_rule ->> 'from')::integer;
  v_price := (v_rule ->> 'price')::numeric;
  if v_rule ->> 'per' = 'seat' then
    return jsonb_build_array(price_line(p_tier, p_seats, p_seats, 'seat', v_price));
  end if;
  return jsonb_build_array(
      price_line(p_tier, p_seats / v_from * v_from, p_seats / v_from, 'package', v_price)
    ) || case
      when p_seats % v_from = 0 then '[]'::jsonb
      else jsonb_build_array(
        price_line(p_tier, p_seats % v_from, p_seats % v_from, 'seat', p_tier.price)
      )
    end;
end
$$;

create function prunable_claims(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select c.ctid
  from slot_claims c
  where c.ctid >= p_from
    and c.ctid < p_to
    and c.ends_at < p_before
    and c.expires_at is null
$$;

create function prunable_deliveries(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select d.ctid
  from deliveries d
  where d.ctid >= p_from
    and d.ctid < p_to
    and d.status not in ('pending', 'sending')
    and d.created_at < p_before
    and coalesce(d.sent_at, d.dead_at, d.discarded_at, d.created_at) < p_before
$$;

create function prunable_holds(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select r.ctid
  from reservations r
  where r.ctid >= p_from
    and r.ctid < p_to
    and r.status in ('cancelled', 'expired')
    and r.updated_at < p_before
    and not exists (select from bookings b where b.reservation_id = r.id)
    and not exists (
      select from slot_claims c where c.slot_id = r.slot_id and c.reservation_id = r.id
    )
    and not exists (select from refunds f where f.reservation_id = r.id)
    and not exists (select from waitlist_offers o where o.reservation_id = r.id)
    and not exists (select from waitlist_entries w where w.offered_reservation_id = r.id)
    and not exists (
      select from authorisations a where a.reservation_id = r.id and a.status <> 'voided'
    )
    and not exists (
      select
      from payments p
      where p.reservation_id = r.id
        and (
          p.status not in ('pending', 'failed')
          or p.paid_at is not null
          or p.booking_id is not null
          or p.session_id is not null and p.session_closed_at is null
          or p.updated_at >= p_before
          or exists (select from financial_entries e where e.payment_id = p.id)
          or exists (select from refunds f where f.payment_id = p.id)
          or exists (select from disputes d where d.payment_id = p.id)
        )
    )
$$;

create function prunable_notifications(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select n.ctid
  from notifications n
  where n.ctid >= p_from
    and n.ctid < p_to
    and n.created_at < p_before
    and n.delivery_status <> 'pending'
$$;

create function prunable_platform_events(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select e.ctid
  from consumed_events e
  where e.ctid >= p_from
    and e.ctid < p_to
    and e.status not in ('waiting', 'parked')
    and e.updated_at < p_before
$$;

create function prunable_provider_events(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select e.ctid
  from webhook_events e
  where e.ctid >= p_from
    and e.ctid < p_to
    and e.received_at < p_before
    and e.outcome is distinct from 'unknown_money'
$$;

create function prunable_reminders(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select m.ctid
  from booking_reminders m
  where m.ctid >= p_from
    and m.ctid < p_to
    and m.status <> 'pending'
    and m.scheduled_time < p_before
    and m.updated_at < p_before
    and not exists (select from deliveries d where d.reminder_id = m.id)
$$;

create function prunable_replays(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select r.ctid
  from outbox_replays r
  where r.ctid >= p_from
    and r.ctid < p_to
    and r.status <> 'running'
    and coalesce(r.ended_at, r.created_at) < p_before
$$;

create function prunable_slots(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language plpgsql stable
set enable_seqscan=off
as $$
begin
  return query
  select sl.ctid
  from slots sl
  where sl.ctid >= p_from
    and sl.ctid < p_to
    and sl.ends_at < p_before
    and sl.booked_count = 0
    and not exists (select from slot_claims c where c.slot_id = sl.id)
    and not exists (select from bookings b where b.slot_id = sl.id)
    and not exists (select from booking_items i where i.slot_id = sl.id)
    and not exists (select from reservation_items i where i.slot_id = sl.id);
end
$$;

create function prunable_waitlist(p_before timestamp with time zone, p_from tid, p_to tid)
returns SETOF tid
language sql stable
set enable_seqscan=off
as $$
  select w.ctid
  from waitlist_entries w
  where w.ctid >= p_from
    and w.ctid < p_to
    and w.status not in ('waiting', 'offered')
    and w.updated_at < p_before
    and w.wanted_to < p_before
    and not exists (
      select from waitlist_offers o
      where o.entry_id = w.id and (o.ended_at is null or o.ended_at >= p_before)
    )
$$;

create function prune_bite(p_what text, p_blocks integer, p_rest_ms integer, OUT outcome text, OUT removed integer, OUT is_round_over boolean)
returns record
language plpgsql
set lock_timeout=2s
as $$
#variable_conflict use_column
declare
  v retention_rules;
  v_before timestamptz;
begin
  removed := 0;
  is_round_over := true;
  select r.* into v from retention_rules r where r.what = p_what for no key update skip locked;
  if not found then
    outcome := case
      when exists (select from retention_rules r where r.what = p_what) then 'busy'
      else 'not_found'
    end;
    return;
  end if;
  if v.keep_days is null or v.next_at > now() then
    outcome := 'not_due';
    return;
  end if;
  v_before := now() - v.keep_days * interval '1 day';
  is_round_over := v.next_block + p_blocks >= table_blocks(v.table_name);
  execute format('select %I($1, $2, $3)', 'prune_' || v.what) into removed
  using v_before, format('(%s,0)', v.next_block)::tid,
    format('(%s,0)', v.next_block + p_blocks)::tid;
  update retention_rules r
  set next_block = case when is_round_over then 0 else v.next_block + p_blocks end,
    round_count = case when is_round_over then 0 else v.round_count + removed end,
    last_count = case when is_round_over then v.round_count + removed else v.last_count end,
    total_count = v.total_count + removed,
    rounded_at = case when is_round_over then now() else v.rounded_at end,
    next_at = case when is_round_over then now() + p_rest_ms * interval '1 ms' else v.next_at end,
    gone_before = case when removed > 0 then greatest(v.gone_before, v_before) else v.gone_before end
  where r.what = v.what;
  outcome := 'ok';
end
$$;

create function prune_claims(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_slots uuid[];
begin
  with gone as (
    delete from slot_claims c
    where c.ctid = any (array(select prunable_claims(p_before, p_from, p_to)))
    returning c.slot_id
  )
  select array_agg(g.slot_id) into v_slots from gone g;
  if v_slots is null then return 0; end if;
  delete from staff_claims s
  where s.slot_id = any (v_slots)
    and not exists (select from slot_claims c where c.slot_id = s.slot_id);
  delete from room_claims s
  where s.slot_id = any (v_slots)
    and not exists (select from slot_claims c where c.slot_id = s.slot_id);
  return cardinality(v_slots);
end
$$;

create function prune_deliveries(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from deliveries d
  where d.ctid = any (array(select prunable_deliveries(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_events(p_days integer, p_limit integer)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
  v_last bigint;
begin
  with old as (
    select o.id
    from booking_events_outbox o
    -- Starts where the last run ended: deleted rows before it are not walked over again.
    where o.sequence > (select s.pruned_through from outbox_state s)
      and o.published
      and o.created_at < now() - p_days * interval '1 day'
    order by o.sequence
    limit p_limit
  ), gone as (
    delete from booking_events_outbox o
    using old
    where o.id = old.id
    returning o.sequence
  )
  select count(*), max(g.sequence) into v_count, v_last from gone g;
  if v_count > 0 then
    update outbox_state s set pruned_through = greatest(s.pruned_through, v_last);
    return v_count;
  end if;
  -- Those that were dead when the others went, and have gone out since.
  with old as (
    select o.id
    from booking_events_outbox o
    where o.sequence <= (select s.pruned_through from outbox_state s)
      and o.published
      and o.created_at < now() - p_days * interval '1 day'
    order by o.sequence
    limit p_limit
  )
  delete from booking_events_outbox o
  using old
  where o.id = old.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_holds(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_ids uuid[];
  v_payments uuid[];
begin
  v_ids := array(
    select r.id
    from reservations r
    where r.ctid = any (array(select prunable_holds(p_before, p_from, p_to)))
    -- What somebody has in hand is left for the next round.
    for update skip locked
  );
  if v_ids = '{}' then return 0; end if;
  v_payments := array(select p.id from payments p where p.reservation_id = any (v_ids));
  delete from webhook_events e where e.payment_id = any (v_payments);
  delete from payment_attempts a where a.payment_id = any (v_payments);
  delete from authorisations a where a.payment_id = any (v_payments);
  delete from payments p where p.id = any (v_payments);
  delete from reservation_log_entries l where l.reservation_id = any (v_ids);
  delete from reservations r where r.id = any (v_ids);
  return cardinality(v_ids);
end
$$;

create function prune_notifications(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from notifications n
  where n.ctid = any (array(select prunable_notifications(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_platform_events(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from consumed_events e
  where e.ctid = any (array(select prunable_platform_events(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_provider_events(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from webhook_events e
  where e.ctid = any (array(select prunable_provider_events(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_reminders(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from booking_reminders m
  where m.ctid = any (array(select prunable_reminders(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_replays(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from outbox_replays r
  where r.ctid = any (array(select prunable_replays(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_slots(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  delete from slots sl
  where sl.ctid = any (array(select prunable_slots(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prune_waitlist(p_before timestamp with time zone, p_from tid, p_to tid)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_ids uuid[];
begin
  v_ids := array(
    select w.id
    from waitlist_entries w
    where w.ctid = any (array(select prunable_waitlist(p_before, p_from, p_to)))
    for update skip locked
  );
  if v_ids = '{}' then return 0; end if;
  delete from waitlist_skips k where k.entry_id = any (v_ids);
  delete from waitlist_offers o where o.entry_id = any (v_ids);
  delete from waitlist_entries w where w.id = any (v_ids);
  return cardinality(v_ids);
end
$$;

create function publish_events(p_ids uuid[])
returns TABLE(event_id uuid, sequence bigint, event_type text, aggregate_type text, aggregate_id uuid, clinic_id uuid, correlation_id text, occurred_at timestamp with time zone, payload jsonb)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with batch as (
    update booking_events_outbox o
    set published = true, published_at = now(), attempts = o.attempts + 1, next_attempt_at = null
    where o.id = any (p_ids) and not o.published
    returning o.*
  ), told as (
    select
      b.id, b.clinic_id, b.correlation_id, b.payload, n.notification_type, n.channels,
      u.id as user_id, u.email, u.phone, u.lang,
      nullif(b.payload ->> 'booking_id', '')::uuid as booking_id
    from batch b
    join notification_rules n on n.event_type = b.event_type
    join users u on u.id = nullif(b.payload ->> 'user_id', '')::uuid and not u.is_erased
    -- A lapsed payment page is no news to whoever left it.
    where b.payload ->> 'reason' is distinct from 'session_expired'
      -- Taken back before anybody heard of it.
      and (not b.payload ? 'undone' or b.payload ? 'tells')
      -- The message of another visit of the series tells of it (0064).
      and not b.payload ? 'told_by'
      -- Brought in from another system, which has told them (0066).
      and not b.payload ? 'imported'
  ), noticed as (
    insert into notifications (user_id, booking_id, event_id, type, title, metadata)
    select t.user_id, t.booking_id, t.id, t.notification_type, t.notification_type, t.payload
    from told t
    on conflict (event_id, user_id) do nothing
  ), queued as (
    insert into deliveries (
      event_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload,
      correlation_id, next_attempt_at
    )
    select
      t.id, t.clinic_id, t.booking_id, t.user_id, k.channel, t.notification_type, a.address, t.lang,
      t.payload, t.correlation_id,
      -- Nothing leaves while it can still be undone.
      greatest((t.payload ->> 'not_before')::timestamptz, now())
    from told t
    cross join lateral unnest(t.channels) as k (channel)
    left join notification_preferences p on p.user_id = t.user_id and p.channel = k.channel
    cross join lateral (
      select coalesce(
        p.address, case k.channel when 'email' then t.email when 'sms' then t.phone end
      ) as address
    ) as a
    -- Mail unless they said no; push and SMS only if they said yes.
    where coalesce(p.enabled, k.channel = 'email') and a.address is not null
    on conflict (event_id, channel, user_id) do nothing
  )
  select
    b.id, b.sequence, b.event_type, b.aggregate_type, b.aggregate_id, b.clinic_id,
    b.correlation_id, b.created_at, b.payload
  from batch b
  order by b.sequence;
end
$$;

create function put_alert(p_name text, p_state text, p_value double precision, p_detail text, p_over_since timestamp with time zone, p_well_since timestamp with time zone)
returns text
language plpgsql
as $$
declare
  v_before text;
  v_change text;
begin
  insert into alerts (name) values (p_name) on conflict do nothing;
  select a.state into v_before from alerts a where a.name = p_name for no key update;
  v_change := case
    when p_state = 'firing' and v_before <> 'firing' then 'fired'
    when p_state <> 'firing' and v_before = 'firing' then 'cleared'
  end;
  update alerts a
  set state = p_state, value = p_value, detail = p_detail, over_since = p_over_since,
    well_since = p_well_since,
    fired_at = case when v_change = 'fired' then now() else a.fired_at end,
    cleared_at = case when v_change = 'cleared' then now() else a.cleared_at end,
    acked_at = case when p_state = 'firing' then a.acked_at end,
    acked_by = case when p_state = 'firing' then a.acked_by end,
    ack_reason = case when p_state = 'firing' then a.ack_reason end,
    muted_until = case when a.muted_until > now() then a.muted_until end,
    muted_by = case when a.muted_until > now() then a.muted_by end,
    mute_reason = case when a.muted_until > now() then a.mute_reason end
  where a.name = p_name;
  if v_change is not null then
    insert into alert_changes (name, change, value) values (p_name, v_change, p_value);
  end if;
  return v_change;
end
$$;

create function put_counts(p_minute timestamp with time zone, p_source text, p_counts jsonb)
returns void
language sql
as $$
  insert into kpi_samples as k (minute, source, counts)
  values (p_minute, p_source, p_counts)
  on conflict (minute, source) do update set counts = add_counts(k.counts, excluded.counts)
$$;

create function queue_reminders(p_limit integer, p_waiting_max integer)
returns TABLE(reminder_id uuid, booking_id uuid, reminder_type text, verdict text, late_ms bigint)
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_room integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:queue_reminders', 0)) then return; end if;
  select p_waiting_max - count(*) into v_room
  from (
    select
    from deliveries d
    where d.reminder_id is not null and d.status in ('pending', 'sending')
      and d.created_at > now() - interval '2 minutes' and d.next_attempt_at <= now()
    limit p_waiting_max
  ) as w;
  if v_room <= 0 then return; end if;
  return query
  with due as (
    select m.id
    from booking_reminders m
    where m.status = 'pending' and m.scheduled_time <= now()
    order by m.scheduled_time
    limit least(p_limit, v_room)
    for update skip locked
  ), judged as (
    select m.*, b.user_id, reminder_verdict(m, b) as verdict, booking_payload(b) as payload
    from due d
    join booking_reminders m on m.id = d.id
    join bookings b on b.id = m.booking_id
  ), told as (
    select j.id, k.channel, a.address, u.lang
    from judged j
    join users u on u.id = j.user_id
    cross join lateral jsonb_array_elements_text(j.delivery_channels) as k (channel)
    cross join lateral (select channel_address(u.id, k.channel) as address) as a
    where j.verdict = 'send' and a.address is not null
  ), marked as (
    update booking_reminders m
    set status = case
        when j.verdict <> 'send' then 'cancelled'
        when exists (select from told t where t.id = m.id) then 'sent'
        else 'failed'
      end,
      reason = case
        when j.verdict <> 'send' then j.verdict
        when not exists (select from told t where t.id = m.id) then 'no_channel'
      end,
      sent_at = case when exists (select from told t where t.id = m.id) then now() end,
      updated_at = now()
    from judged j
    where m.id = j.id
    returning m.id, m.reason
  ), queued as (
    insert into deliveries (
      reminder_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload
    )
    select j.id, j.clinic_id, j.booking_id, j.user_id, t.channel, 'reminder_' || j.reminder_type,
      t.address, t.lang, j.payload
    from told t
    join judged j on j.id = t.id
    on conflict (reminder_id, channel) do nothing
  )
  select j.id, j.booking_id, j.reminder_type, coalesce(k.reason, 'send'),
    (extract(epoch from now() - j.scheduled_time) * 1000)::bigint
  from judged j
  join marked k on k.id = j.id
  order by j.scheduled_time, j.id;
end
$$;

create function queue_webhooks(p_limit integer)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_from bigint;
  v_to bigint;
  v_count integer;
begin
  -- Whoever changes what an endpoint listens to holds this row as well.
  select c.last_sequence into v_from from webhook_cursor c for update skip locked;
  if not found then
    return 0;
  end if;
  with batch as (
    select o.id, o.sequence, o.event_type, o.clinic_id
    from booking_events_outbox o
    where o.sequence > v_from
    order by o.sequence
    limit p_limit
  ), queued as (
    insert into webhook_deliveries (endpoint_id, clinic_id, event_id, event_type, sequence)
    select e.id, b.clinic_id, b.id, b.event_type, b.sequence
    from batch b
    join webhook_endpoints e on e.clinic_id = b.clinic_id
    where e.status = 'enabled'
      and b.sequence > e.listens_after
      and webhook_wants(e.event_types, b.event_type)
    order by b.sequence
    on conflict (endpoint_id, event_id) do nothing
  )
  select count(*), max(b.sequence) into v_count, v_to from batch b;
  if v_count > 0 then
    update webhook_cursor c set last_sequence = v_to;
  end if;
  return v_count;
end
$$;

create function quote_slot(p_slot_id uuid, p_items jsonb, p_quantity integer, p_actor jsonb, OUT outcome text, OUT rule text, OUT tier text, OUT price_lines jsonb, OUT amount numeric, OUT tax_amount numeric, OUT tax_included boolean, OUT amount_due numeric, OUT currency text)
returns record
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_s record;
begin
  select sl.capacity, coalesce(sl.price, sv.price) as price, sv.currency, sv.deposit, c.tax_bp,
    c.tax_included, sl.clinic_id
  into v_s
  from slots sl
  join services sv on sv.id = sl.service_id
  join clinics c on c.id = sl.clinic_id
  where sl.id = p_slot_id;
  if not found or nullif(p_actor ->> 'clinic_id', '')::uuid <> v_s.clinic_id then
    outcome := 'not_found';
    return;
  end if;
  if p_quantity > v_s.capacity then
    outcome := 'policy_refused';
    rule := 'quantity_over_capacity';
    return;
  end if;
  currency := v_s.currency;
  tax_included := v_s.tax_included;
  select x.problem, x.tier, x.lines, x.amount, x.tax_amount
  into rule, tier, price_lines, amount, tax_amount
  from price_items(
    p_slot_id, p_items, p_quantity, v_s.price, v_s.currency, v_s.tax_bp, v_s.tax_included, false
  ) x;
  amount_due := least(coalesce(v_s.deposit * p_quantity, amount), amount);
  outcome := case
    when rule is null then 'ok'
    when rule in ('tier_unknown', 'tier_items') then 'invalid_input'
    else 'policy_refused'
  end;
end
$$;

create function read_seat_wish(p_service_id uuid, p_capacity integer, p_quantity integer, p_items jsonb, p_wish jsonb, p_has_seats boolean, p_has_tiers boolean, OUT problem text, OUT label text, OUT wanted integer[], OUT items jsonb)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_labels jsonb := nullif(p_wish -> 'labels', 'null');
begin
  items := p_items;
  if not p_has_seats then
    problem := 'seat_no_plan';
    return;
  end if;
  if v_labels is null then return; end if;
  if jsonb_array_length(v_labels) <> p_quantity then
    problem := 'seat_count';
    return;
  end if;
  select min(l.text) filter (where s.seat is null), array_agg(s.seat order by s.seat)
  into label, wanted
  from jsonb_array_elements_text(v_labels) as l (text)
  left join seat_plan_seats s
    on s.service_id = p_service_id and upper(s.label) = upper(l.text) and s.seat <= p_capacity;
  if label is not null then
    problem := 'seat_unknown';
    return;
  end if;
  if (select count(distinct s) from unnest(wanted) s) <> p_quantity then
    problem := 'seat_count';
    return;
  end if;
  if not p_has_tiers then return; end if;
  select jsonb_agg(jsonb_build_object('tier', g.tier, 'quantity', g.n) order by g.foremost)
  into items
  from (
    select s.tier, count(*) as n, min(s.seat) as foremost
    from seat_plan_seats s
    where s.service_id = p_service_id and s.seat = any (wanted)
    group by s.tier
  ) g;
  -- Who names tiers too means the same, or is mistaken about the price.
  if p_items is not null and exists (
    select lower(x ->> 'tier'), (x ->> 'quantity')::integer from jsonb_array_elements(p_items) x
    except
    select lower(x ->> 'tier'), (x ->> 'quantity')::integer from jsonb_array_elements(items) x
  ) then
    problem := 'seat_tier';
  end if;
end
$$;

create function record_payment_session(p_payment_id uuid, p_reservation_id uuid, p_session_id text, p_payment_url text, p_session_expires_at timestamp with time zone, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
set enable_seqscan=off
as $$
declare
  v_r reservations;
begin
  -- Locked, so that an expiry cannot slip between the look and the insert.
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  -- Kept even for a hold that is gone: the session can still be paid, and must be found then.
  insert into payments (
    id, reservation_id, clinic_id, user_id, session_id, payment_url, session_expires_at, amount,
    currency, payment_method
  )
  values (
    p_payment_id, v_r.id, v_r.clinic_id, v_r.user_id, p_session_id, p_payment_url,
    p_session_expires_at, v_r.amount_due, v_r.currency, 'checkout'
  )
  on conflict (id) do update
  set session_id = excluded.session_id,
    payment_url = excluded.payment_url,
    session_expires_at = excluded.session_expires_at,
    version = payments.version + 1,
    updated_at = now()
  where payments.status = 'pending';
  outcome := case v_r.status
    when 'pending' then 'ok'
    when 'expired' then 'reservation_expired'
    else 'conflict'
  end;
end
$$;

create function record_saved_payment(p_payment_id uuid, p_intent text, p_payment_url text)
returns void
language sql
as $$
  update payments p
  set session_id = p_intent,
    external_reference = p_intent,
    payment_url = p_payment_url,
    session_expires_at = now() + interval '1 hour',
    status = 'processing',
    version = p.version + 1,
    updated_at = now()
  -- A webhook may have been faster, and knows better.
  where p.id = p_payment_id and p.status in ('pending', 'processing')
    and p.session_closed_at is null
$$;

create function recount_slot(p_slot_id uuid, p_reason text, p_actor jsonb, OUT outcome text, OUT count_before integer, OUT count_after integer)
returns record
language plpgsql
as $$
declare
  v_slot slots;
begin
  select * into v_slot from slots sl where sl.id = p_slot_id for update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select coalesce(sum(b.quantity), 0) into count_after
  from booked_places b
  where b.slot_id = p_slot_id and b.status <> 'cancelled';
  count_before := v_slot.booked_count;
  if count_before = count_after then
    outcome := 'already_done';
    return;
  end if;
  if count_after > v_slot.capacity then
    outcome := 'policy_refused';
    return;
  end if;
  update slots sl
  set booked_count = count_after,
    status = case
      when sl.status = 'blocked' then 'blocked'
      when count_after >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = p_slot_id;
  perform audit(
    'slot.recounted', 'slot', p_slot_id::text, v_slot.clinic_id, p_reason,
    jsonb_build_object('booked_count', count_before),
    jsonb_build_object('booked_count', count_after), p_actor
  );
  outcome := 'ok';
end
$$;

create function reference_code(p_number bigint)
returns text
language sql immutable
as $$
  select 'BP' || lpad((p_number * 61803399 % 100000000)::text, 8, '0')
$$;

create function reference_number(p_code text)
returns bigint
language sql immutable
as $$ select substr(p_code, 3)::bigint * 82636599 % 100000000 $$;

create function refresh_owner_search(p_user_ids uuid[])
returns void
language plpgsql
as $$
declare
  v_known uuid[];
begin
  perform from users u where u.id = any(p_user_ids) order by u.id for share;
  delete from owner_search s
  using users u
  where s.user_id = any(p_user_ids) and u.id = s.user_id and u.is_erased;
  with added as (
    insert into owner_search (user_id, words, phone_key, email_key)
    select u.id, owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email)
    from users u
    where u.id = any(p_user_ids) and not u.is_erased
    order by u.id
    on conflict (user_id) do nothing
    returning owner_search.user_id
  )
  select array_agg(i.user_id) into v_known
  from unnest(p_user_ids) as i (user_id)
  where not exists (select from added a where a.user_id = i.user_id);
  perform from owner_search s
  where s.user_id = any(v_known)
  order by s.user_id
  for no key update;
  update owner_search s
  set words = n.words, phone_key = n.phone_key, email_key = n.email_key
  from (
    select u.id, owner_words(u.id, u.full_name) as words, phone_key(u.phone) as phone_key,
      fold_email(u.email) as email_key
    from users u
    where u.id = any(v_known) and not u.is_erased
  ) as n
  where s.user_id = n.id
    and (s.words, s.phone_key, s.email_key) is distinct from (n.words, n.phone_key, n.email_key);
end
$$;

create function refresh_view(p_view_name text)
returns TABLE(outcome text, duration_ms integer, row_count bigint, note text)
language plpgsql
set lock_timeout=3s
as $$
declare
  v views_state;
  v_concurrently boolean;
  v_note text;
  v_ms integer;
  v_rows bigint;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro.view.' || p_view_name, 0)) then
    return query select 'busy', null::integer, null::bigint, null::text;
    return;
  end if;
  select s.* into v from views_state s where s.view_name = p_view_name;
  if not found then
    return query select 'not_found', null::integer, null::bigint, null::text;
    return;
  end if;
  if v.next_at > now() then
    return query select 'not_due', null::integer, null::bigint, null::text;
    return;
  end if;
  v_concurrently := v.requested_at is null or v.request_concurrently;
  if v_concurrently and not has_refresh_index(p_view_name) then
    v_concurrently := false;
    v_note := 'no_unique_index';
  end if;
  execute format(
    'refresh materialized view %s %I', case when v_concurrently then 'concurrently' else '' end,
    p_view_name
  );
  execute format('select count(*) from %I', p_view_name) into v_rows;
  v_ms := ceil(extract(epoch from clock_timestamp() - now()) * 1000);
  update views_state s
  set refreshed_at = now(),
    is_concurrent = v_concurrently,
    duration_ms = v_ms,
    row_count = v_rows,
    refresh_count = s.refresh_count + 1,
    total_ms = s.total_ms + v_ms,
    -- What was asked for while we worked is still owed.
    requested_at = case when s.requested_at > now() then s.requested_at end,
    failures_in_row = 0,
    note = v_note,
    -- At most one fiftieth of the database's time goes into one view.
    next_at = case
      when s.requested_at > now() then s.next_at
      else clock_timestamp() + greatest(s.refresh_every_ms, v_ms::bigint * 50) * interval '1 ms'
    end
  where s.view_name = p_view_name;
  return query select 'ok', v_ms, v_rows, v_note;
end;
$$;

create function refund_attempts_max()
returns integer
language sql immutable
as $$ select 10 $$;

create function refund_difference(p_b bookings, p_amount numeric, p_reason text, p_actor jsonb)
returns uuid
language plpgsql
as $$
declare
  v_p payments;
  v_wanted numeric := p_amount;
  v_part numeric;
  v_id uuid;
  v_first uuid;
begin
  for v_p in
    select p.*
    from payments p
    where p.booking_id = p_b.id and p.status in ('success', 'refunded')
    order by p.paid_at, p.id
    for no key update
  loop
    v_part := least(v_wanted, refundable(v_p.id, null));
    continue when v_part <= 0;
    v_wanted := v_wanted - v_part;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, p_b.id, p_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into v_id;
    v_first := coalesce(v_first, v_id);
    update payments p
    set refund_status = 'pending', version = p.version + 1, updated_at = now()
    where p.id = v_p.id;
  end loop;
  return v_first;
end
$$;

create function refund_payments(p_b bookings, p_percent integer, p_reason text, p_quote boolean, p_actor jsonb, OUT refund_amount numeric, OUT refund_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_p payments;
  v_wanted numeric;
  v_part numeric;
  v_id uuid;
begin
  -- Of what is left: what went back already (a move to a cheaper slot) is not given twice.
  select trunc(sum(refundable(p.id, null)) * p_percent / 100, min(c.exponent)) into v_wanted
  from payments p
  join currencies c on c.code = p.currency
  where p.booking_id = p_b.id and p.status in ('success', 'refunded');
  -- With the decimals of the currency, as every amount that leaves.
  refund_amount := coalesce(v_wanted * 0, 0);
  for v_p in
    select p.*
    from payments p
    where p.booking_id = p_b.id and p.status in ('success', 'refunded')
    order by p.paid_at, p.id
    for no key update
  loop
    v_part := least(v_wanted, refundable(v_p.id, null));
    continue when v_part <= 0;
    v_wanted := v_wanted - v_part;
    refund_amount := refund_amount + v_part;
    continue when p_quote;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, p_b.id, p_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into v_id;
    refund_id := coalesce(refund_id, v_id);
    update payments p
    set refund_status = 'pending', version = p.version + 1, updated_at = now()
    where p.id = v_p.id;
  end loop;
end
$$;

create function refund_percent(p_policy jsonb, p_hours numeric)
returns integer
language sql immutable
as $$
  select coalesce((
    select (tier ->> 'percent')::integer
    from jsonb_array_elements(p_policy) as tier
    where (tier ->> 'from_hours')::numeric <= p_hours
      or (tier ->> 'after_hours')::numeric < p_hours
    order by coalesce(tier ->> 'from_hours', tier ->> 'after_hours')::numeric desc
    limit 1
  ), 0)
$$;

create function refund_status_of(p_payment_id uuid)
returns text
language sql stable
as $$
  select f.status
  from refunds f
  where f.payment_id = p_payment_id
  order by array_position(array['failed', 'processing', 'pending', 'completed', 'denied'], f.status)
  limit 1
$$;

create function refund_stranded(p_payment_id uuid, p_reason text, p_actor jsonb, OUT outcome text, OUT refund_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_p payments;
begin
  -- Reservation first, then payment: the order in which a webhook takes them.
  perform from reservations r
  where r.id = (select p.reservation_id from payments p where p.id = p_payment_id)
  for no key update;
  select * into v_p from payments p where p.id = p_payment_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select f.id into refund_id
  from refunds f
  where f.payment_id = p_payment_id and f.status <> 'denied'
  limit 1;
  if refund_id is not null or v_p.booking_id is not null or v_p.amount <= 0
    or v_p.status not in ('success', 'refunded') then
    outcome := 'already_done';
    return;
  end if;
  insert into refunds (
    payment_id, reservation_id, clinic_id, amount, currency, reason, requested_by, correlation_id
  )
  values (
    v_p.id, v_p.reservation_id, v_p.clinic_id, v_p.amount, v_p.currency, p_reason,
    actor_id(p_actor), p_actor ->> 'request_id'
  )
  returning id into refund_id;
  update payments p
  set status = 'refunded',
    refund_status = 'pending',
    failure_reason = coalesce(p.failure_reason, 'stranded'),
    version = p.version + 1,
    updated_at = now()
  where p.id = v_p.id;
  perform audit(
    'payment.refund_requested', 'payment', v_p.id::text, v_p.clinic_id, p_reason,
    jsonb_build_object('status', v_p.status, 'booking_id', null),
    jsonb_build_object('status', 'refunded', 'refund_id', refund_id), p_actor
  );
  outcome := 'ok';
end
$$;

create function refundable(p_payment_id uuid, p_but_not uuid)
returns numeric
language sql stable
as $$
  select p.amount - coalesce((
    select sum(f.amount)
    from refunds f
    where f.payment_id = p.id and f.id is distinct from p_but_not
      and (f.status in ('pending', 'processing', 'completed')
        or f.status = 'failed' and f.returned_at is null)
  ), 0)
  from payments p
  where p.id = p_payment_id
$$;

create function refuse_change()
returns trigger
language plpgsql
as $$
begin
  raise exception '% is append-only', tg_table_name
    using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only';
end
$$;

create function release_deferred(p_channel text)
returns integer
language sql
as $$
  with released as (
    update deliveries d
    set next_attempt_at = now()
    where d.channel = p_channel and d.status = 'pending' and d.deferrals > 0 and d.attempts = 0
      and d.next_attempt_at > now() and d.due_at <= now()
    returning d.id
  )
  select count(*)::integer from released
$$;

create function reminder_rules_of(p_clinic_id uuid, p_service_id uuid)
returns TABLE(reminder_type text, offsets_minutes integer[], channels text[], origin text, version integer)
language sql stable
as $$
  select distinct on (k.reminder_type)
    k.reminder_type, k.offsets_minutes, k.channels, k.origin, k.version
  from (
    select r.reminder_type, r.offsets_minutes, r.channels,
      case when r.service_id is null then 'clinic' else 'service' end as origin, r.version,
      case when r.service_id is null then 2 else 1 end as rank
    from reminder_rules r
    where r.clinic_id = p_clinic_id and (r.service_id is null or r.service_id = p_service_id)
    union all
    select d.reminder_type, d.offsets_minutes::integer[], d.channels::text[], 'default', 0, 3
    from (values
      ('upcoming', '{1440,120}', '{email,push,sms}'),
      ('check_in', '{}', '{push,sms}'),
      ('follow_up', '{}', '{email}'),
      ('review_request', '{120}', '{email}')
    ) as d (reminder_type, offsets_minutes, channels)
  ) as k
  order by k.reminder_type, k.rank
$$;

create function reminder_time(p_at timestamp with time zone, p_minutes integer, p_zone text)
returns timestamp with time zone
language sql stable
as $$
  select case
      -- By way of the wall clock a moment in a doubled hour would become the later one.
      when p_minutes / 1440 = 0 then p_at
      else (p_at at time zone p_zone + make_interval(days => p_minutes / 1440))
        at time zone p_zone
    end + make_interval(mins => p_minutes % 1440)
$$;

create function reminder_verdict(p_m booking_reminders, p_b bookings)
returns text
language sql stable
as $$
  select case
    when p_b.booking_time <> p_m.booking_time then 'booking_moved'
    when p_b.status = 'cancelled' then 'booking_cancelled'
    when p_m.reminder_type in ('upcoming', 'check_in') then case
      when p_b.status <> 'confirmed' or p_b.arrived_at is not null then 'visit_begun'
      when p_b.booking_time <= now() then 'too_late'
      -- After a time without daemons: of several that are due the last one says it all, and a late
      -- one gives way to a sibling that is nearer in the future than it is in the past.
      when exists (
        select
        from booking_reminders s
        where s.booking_id = p_m.booking_id and s.status = 'pending'
          and s.reminder_type = p_m.reminder_type and s.booking_time = p_m.booking_time
          and (s.scheduled_time, s.id) > (p_m.scheduled_time, p_m.id)
          and s.scheduled_time <= now() + (now() - p_m.scheduled_time)
      ) then 'superseded'
      else 'send'
    end
    when p_b.status <> 'completed' then 'visit_not_completed'
    -- Nobody wants to be asked about a visit that they hardly remember.
    when p_m.scheduled_time < now() - interval '7 days' then 'too_late'
    when p_m.reminder_type = 'review_request'
      and exists (select from reviews r where r.booking_id = p_b.id) then 'reviewed_already'
    else 'send'
  end
$$;

create function remove_attachment(p_booking_id uuid, p_attachment_id uuid, p_actor jsonb, OUT outcome text, OUT rule text, OUT file_url text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_a booking_attachments;
begin
  select * into v_b from bookings b where b.id = p_booking_id;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_a
  from booking_attachments a
  where a.id = p_attachment_id and a.booking_id = p_booking_id
  for update;
  if not found or p_actor ->> 'kind' = 'customer' and not v_a.is_public then
    outcome := 'not_found';
    return;
  end if;
  if p_actor ->> 'kind' = 'customer' and not v_a.uploaded_by_owner then
    outcome := 'policy_refused';
    rule := 'not_your_file';
    return;
  end if;
  delete from booking_attachments a where a.id = p_attachment_id;
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, before
  )
  values (
    v_b.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'attachment.removed', 'attachment', p_attachment_id::text,
    jsonb_build_object(
      'booking_id', p_booking_id, 'file_size', v_a.file_size, 'file_type', v_a.file_type,
      'sha256', v_a.sha256
    )
  );
  outcome := 'ok';
  file_url := v_a.file_url;
end
$$;

create function remove_schedule_exception(p_exception_id uuid, p_actor jsonb, OUT outcome text, OUT clinic_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old schedule_exceptions;
begin
  select * into v_old from schedule_exceptions e where e.id = p_exception_id for update;
  if v_old.id is null or not is_of_clinic(v_old.clinic_id, null, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  delete from schedule_exceptions e where e.id = p_exception_id;
  perform audit(
    'schedule.exception_removed', 'schedule_exception', p_exception_id::text, v_old.clinic_id,
    v_old.reason, to_jsonb(v_old), null, p_actor
  );
  clinic_id := v_old.clinic_id;
  outcome := 'ok';
end
$$;

create function repeat_webhooks(p_after bigint, p_through bigint)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  insert into webhook_deliveries as d (endpoint_id, clinic_id, event_id, event_type, sequence)
  select e.id, o.clinic_id, o.id, o.event_type, o.sequence
  from booking_events_outbox o
  join webhook_endpoints e on e.clinic_id = o.clinic_id
  where o.sequence > p_after and o.sequence <= p_through
    and o.sequence <= (select c.last_sequence from webhook_cursor c)
    and e.status = 'enabled'
    and webhook_wants(e.event_types, o.event_type)
  order by o.sequence
  on conflict (endpoint_id, event_id) do update
  set status = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
    leased_until = null, delivered_at = null, dead_at = null
  where d.status in ('delivered', 'dead');
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function replay_webhook(p_id uuid, p_after bigint, p_to bigint, p_since timestamp with time zone, p_until timestamp with time zone, p_all boolean, p_limit integer, p_dry_run boolean, p_actor jsonb, OUT outcome text, OUT matched integer, OUT next_after bigint)
returns record
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_last bigint;
begin
  matched := 0;
  select e.* into v_e from webhook_endpoints e where e.id = p_id;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_e.status = 'disabled' then
    outcome := 'policy_refused';
    return;
  end if;
  with wanted as (
    select o.id, o.sequence, o.event_type
    from booking_events_outbox o
    left join webhook_deliveries d on d.endpoint_id = p_id and d.event_id = o.id
    where o.clinic_id = v_e.clinic_id
      and o.sequence > coalesce(p_after, 0)
      and o.sequence <= coalesce(p_to, (select c.last_sequence from webhook_cursor c))
      and (p_since is null or o.created_at >= p_since)
      and (p_until is null or o.created_at < p_until)
      and webhook_wants(v_e.event_types, o.event_type)
      and (d.id is null or d.status = 'dead' or (p_all and d.status = 'delivered'))
    order by o.sequence
    limit p_limit
  ), queued as (
    insert into webhook_deliveries as d (endpoint_id, clinic_id, event_id, event_type, sequence)
    select p_id, v_e.clinic_id, w.id, w.event_type, w.sequence
    from wanted w
    where not p_dry_run
    on conflict (endpoint_id, event_id) do update
    set status = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
      leased_until = null, delivered_at = null, dead_at = null
    where d.status in ('delivered', 'dead')
  )
  select count(*), max(w.sequence) into matched, v_last from wanted w;
  next_after := case when matched = p_limit then v_last end;
  if not p_dry_run then
    perform audit_webhook(
      v_e, 'webhook.replay', null, null,
      jsonb_build_object(
        'after', p_after, 'to', p_to, 'since', p_since, 'until', p_until, 'all', p_all,
        'matched', matched
      ),
      p_actor
    );
  end if;
  outcome := 'ok';
end
$$;

create function reply_review(p_review_id uuid, p_reply text, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  outcome := 'ok';
  if v_old.reply is not distinct from p_reply then return; end if;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  update reviews r
  set reply = p_reply,
    replied_by = case when p_reply is not null then actor_id(p_actor) end,
    replied_at = case when p_reply is not null then now() end,
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.replied', null, p_actor);
  version := v_r.version;
end
$$;

create function request_prune(p_what text, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
begin
  update retention_rules r set next_at = now()
  where (p_what is null or r.what = p_what) and r.keep_days is not null;
  if not found then
    return case
      when exists (select from retention_rules r where r.what = p_what) then 'policy_refused'
      else 'not_found'
    end;
  end if;
  perform audit(
    'retention.run', 'retention', coalesce(p_what, 'all'), null, p_reason, null, null, p_actor
  );
  return 'ok';
end
$$;

create function request_refund(p_booking_id uuid, p_amount numeric, p_reason text, p_needs_decision boolean, p_actor jsonb, p_ask boolean DEFAULT false, OUT outcome text, OUT refund_id uuid, OUT left_amount numeric, OUT currency text, OUT limit_amount numeric)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
  v_rest numeric;
  v_part numeric;
  v_id uuid;
  v_within boolean := false;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  currency := v_b.currency;
  perform from payments p
  where p.booking_id = v_b.id and p.status in ('success', 'refunded')
  order by p.id
  for no key update;
  -- A deposit and the rest are two payments: the money goes back the ways that it came.
  select coalesce(sum(refundable(p.id, null)), 0) into left_amount
  from payments p
  where p.booking_id = v_b.id and p.currency = v_b.currency and p.status in ('success', 'refunded');
  v_rest := coalesce(p_amount, left_amount);
  outcome := case when v_rest <= 0 or v_rest > left_amount then 'policy_refused' end;
  if outcome is not null then return; end if;
  if p_needs_decision and not p_ask then
    select c.desk_refund_limit - coalesce((
      select sum(f.amount)
      from refunds f
      where f.booking_id = v_b.id and f.within_limit and f.status <> 'denied'
    ), 0) into limit_amount
    from clinics c
    where c.id = v_b.clinic_id;
    v_within := limit_amount is not null;
    if v_rest > limit_amount then
      limit_amount := greatest(limit_amount, 0);
      outcome := 'policy_refused';
      return;
    end if;
    limit_amount := null;
  end if;
  for v_p in
    select p.*
    from payments p
    where p.booking_id = v_b.id and p.currency = v_b.currency
      and p.status in ('success', 'refunded')
    order by refundable(p.id, null) desc, p.id
  loop
    exit when v_rest <= 0;
    v_part := least(v_rest, refundable(v_p.id, null));
    v_rest := v_rest - v_part;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id, decision, within_limit
    )
    values (
      v_p.id, v_p.reservation_id, v_b.id, v_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id',
      case when p_needs_decision and not v_within then 'awaiting' else 'granted' end, v_within
    )
    returning id into v_id;
    refund_id := coalesce(refund_id, v_id);
    perform note_refund(v_id, 'refund.requested', p_reason, p_actor);
  end loop;
  left_amount := left_amount - coalesce(p_amount, left_amount);
  outcome := 'ok';
end
$$;

create function request_view_refresh(p_view_name text, p_concurrently boolean, p_actor jsonb)
returns TABLE(outcome text, requested_at timestamp with time zone)
language plpgsql
as $$
begin
  if not exists (select 1 from views_state s where s.view_name = p_view_name) then
    return query select 'not_found', null::timestamptz;
    return;
  end if;
  if p_concurrently and not has_refresh_index(p_view_name) then
    return query select 'policy_refused', null::timestamptz;
    return;
  end if;
  update views_state s
  set requested_at = now(), request_concurrently = p_concurrently, next_at = now()
  where s.view_name = p_view_name;
  insert into audit_log (
    actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id',
    'view.refresh', 'view', p_view_name, jsonb_build_object('concurrently', p_concurrently)
  );
  return query select 'ok', now();
end;
$$;

create function reschedule_booking(p_booking_id uuid, p_slot_id uuid, p_by text, p_seats integer[], p_reason text, p_expected_version integer, p_quote boolean, p_actor jsonb, OUT outcome text, OUT booking_id uuid, OUT old_slot_id uuid, OUT old_starts_at timestamp with time zone, OUT starts_at timestamp with time zone, OUT seats integer[], OUT old_amount numeric, OUT amount numeric, OUT currency text, OUT refund_percent integer, OUT refund_amount numeric, OUT refund_id uuid, OUT due_amount numeric, OUT version integer, OUT blocking_reservation_id uuid, OUT blocking_session_id text, OUT rule text, OUT tier text)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_new bookings;
  v_slot slots;
  v_sv services;
  v_old_seats integer[];
  v_price numeric;
  v_total numeric;
  v_lines jsonb;
  v_full numeric;
  v_tax numeric;
  v_other uuid;
  v_place record;
begin
  if p_quote then
    select * into v_b from bookings b where b.id = p_booking_id;
  else
    -- The reservation first: the order in which the provider's events take the two. Not for the whole
    -- of it: a cancel holds the booking and then writes refunds, whose foreign key looks at this row.
    perform
    from reservations r
    where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
    for no key update;
    select * into v_b from bookings b where b.id = p_booking_id for no key update;
  end if;
  select * into v_slot from slots sl where sl.id = p_slot_id;
  if v_b.id is null or v_slot.id is null or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  booking_id := v_b.id;
  old_slot_id := v_b.slot_id;
  old_starts_at := v_b.booking_time;
  starts_at := v_slot.starts_at;
  currency := v_b.currency;
  old_amount := v_b.amount;
  version := v_b.version;
  select * into v_sv from services sv where sv.id = v_b.service_id;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when p_by not in ('owner', 'clinic') then 'policy_refused'
    when p_by = 'clinic' and p_actor ->> 'kind' = 'customer' then 'policy_refused'
    when v_b.status <> 'confirmed' or v_b.reservation_id is null then 'policy_refused'
    when p_by = 'owner' and v_b.booking_time <= now() then 'policy_refused'
    -- One item would leave the others behind: cancel and book anew (0068).
    when v_b.item_count > 1 then 'policy_refused'
    when v_slot.id = v_b.slot_id then 'policy_refused'
    when v_slot.service_id <> v_b.service_id or v_slot.clinic_id <> v_b.clinic_id
      then 'policy_refused'
    when v_slot.status = 'blocked' or v_slot.starts_at <= now() then 'invalid_slot'
    when v_b.quantity > v_slot.capacity then 'policy_refused'
    when not v_sv.is_available then 'service_unavailable'
  end;
  if outcome is not null then return; end if;
  -- As in hold_slot.
  if p_actor ->> 'kind' = 'customer' then
    select case
        when v_slot.starts_at < now() + coalesce(v_sv.min_notice_minutes, c.min_notice_minutes)
          * interval '1 minute' then 'too_soon'
        when v_slot.starts_at > now() + coalesce(v_sv.horizon_days, c.horizon_days)
          * interval '24 hours' then 'too_far'
      end into rule
    from clinics c
    where c.id = v_b.clinic_id;
    if rule is not null then
      outcome := 'policy_refused';
      return;
    end if;
  end if;

  if not p_quote then
    -- The owner's other holds and visits: looked at while none of them can begin (as hold_slot).
    perform pg_advisory_xact_lock(hashtextextended(v_b.user_id::text, 1));
  end if;
  select c.slot_id into v_other
  from slot_claims c
  where c.user_id = v_b.user_id
    and c.reservation_id <> v_b.reservation_id
    and c.ends_at > v_slot.starts_at
    and c.starts_at < v_slot.ends_at
    and (c.expires_at is null or c.expires_at > now())
  limit 1;
  if found then
    outcome := 'policy_refused';
    return;
  end if;

  refund_percent := case p_by
    when 'clinic' then 100
    else least(v_b.refund_percent_cap, refund_percent(
      v_b.policy_snapshot, extract(epoch from v_b.booking_time - now()) / 3600
    ))
  end;
  v_price := coalesce(v_slot.price, v_sv.price);
  if p_by = 'clinic' then
    v_price := least(
      v_price, coalesce((v_b.service_snapshot ->> 'price')::numeric, v_b.amount / v_b.quantity)
    );
  end if;
  v_total := v_price * v_b.quantity;
  if v_b.price_lines is not null then
    -- The same tiers at the new time, with the tax of the booking.
    select x.problem, x.tier, x.lines, x.amount, x.tax_amount
    into rule, tier, v_lines, v_full, v_tax
    from price_items(
      v_slot.id, items_of_lines(v_b.price_lines), v_b.quantity, v_price, v_b.currency,
      (v_b.service_snapshot ->> 'tax_bp')::integer,
      coalesce((v_b.service_snapshot ->> 'tax_included')::boolean, true), true
    ) x;
    if rule is not null then
      outcome := 'policy_refused';
      return;
    end if;
    v_total := v_full;
    if p_by = 'clinic' then
      v_total := least(v_total, coalesce(
        (v_b.service_snapshot ->> 'price_total')::numeric, v_b.amount
      ));
    end if;
  end if;
  if not p_quote then
    perform from payments p where p.booking_id = v_b.id order by p.paid_at, p.id for no key update;
  end if;
  select m.* into amount, refund_amount, due_amount
  from price_move(v_b, v_total, refund_percent) m;
  if p_quote then
    -- Holds whose time is over are in nobody's way, on the slot, its vet or its room.
    select case
        when v_slot.capacity - count(*) < v_b.quantity or exists (
          select
          from (
            select s.slot_id from staff_claims s
            where s.staff_id = v_slot.staff_id
              and s.during && tstzrange(
                coalesce(v_slot.busy_from, v_slot.starts_at),
                coalesce(v_slot.busy_to, v_slot.ends_at)
              )
            union all
            select m.slot_id from room_claims m
            where m.room_id = v_slot.room_id
              and m.during && tstzrange(
                coalesce(v_slot.busy_from, v_slot.starts_at),
                coalesce(v_slot.busy_to, v_slot.ends_at)
              )
          ) as other
          join slot_claims o on o.slot_id = other.slot_id
          where other.slot_id <> v_slot.id and (o.expires_at is null or o.expires_at > now())
        ) or v_slot.capacity > 1 and lacks_tiers(v_slot.id, v_slot.capacity, v_lines)
          then 'slot_taken'
        else 'ok'
      end into outcome
    from slot_claims c
    where c.slot_id = v_slot.id and (c.expires_at is null or c.expires_at > now());
    return;
  end if;

  -- Slots for several are locked in the order of their ids: two moves that cross wait for each
  -- other here and nowhere later.
  perform from slots sl
  where sl.id in (v_b.slot_id, v_slot.id) and sl.capacity > 1
  order by sl.id
  for update;
  v_b.price_lines := v_lines;
  select c.* into v_place from claim_for_move(v_b, v_slot, p_seats) c;
  if v_place.outcome <> 'ok' then
    outcome := v_place.outcome;
    blocking_reservation_id := v_place.blocking_reservation_id;
    blocking_session_id := v_place.blocking_session_id;
    return;
  end if;
  seats := v_place.seats;
  select r.seats into v_old_seats from reservations r where r.id = v_b.reservation_id;
  perform free_place(v_b.slot_id, v_b.reservation_id, v_old_seats);
  -- The hold's row follows, without a version: its own story ended when it became a booking.
  update reservations r set seats = v_place.seats, slot_id = v_slot.id
  where r.id = v_b.reservation_id;

  update bookings b
  set slot_id = v_slot.id,
    booking_time = v_slot.starts_at,
    amount = reschedule_booking.amount,
    amount_due = least(b.amount_due, reschedule_booking.amount),
    price_lines = v_lines,
    -- Of what the booking costs now, the share that the new price holds.
    tax_amount = case
      when v_lines is null then null
      when v_full = 0 then 0
      else round(v_tax * reschedule_booking.amount / v_full, (
        select c.exponent from currencies c where c.code = b.currency
      ))
    end,
    refund_percent_cap = case p_by
      when 'owner' then reschedule_booking.refund_percent else b.refund_percent_cap
    end,
    service_snapshot = b.service_snapshot || jsonb_build_object(
      'price', amount_text(v_price, b.currency),
      'price_total', amount_text(v_total, b.currency),
      'staff_id', v_slot.staff_id,
      'staff_name', (select s.name from staff s where s.id = v_slot.staff_id),
      'duration_minutes', (extract(epoch from v_slot.ends_at - v_slot.starts_at) / 60)::integer
    ),
    arrived_at = null,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_b.id
  returning b.* into v_new;
  version := v_new.version;
  if v_new.price_lines is null then
    update booking_items i
    set slot_id = v_slot.id, unit_price = v_price, amount = v_price * v_new.quantity
    where i.booking_id = v_b.id and i.position = 1;
  else
    delete from booking_items i where i.booking_id = v_b.id;
    perform write_booking_items(v_new);
  end if;
  perform end_reminders(v_b.id, 'booking_moved');
  perform plan_reminders(v_new);

  if refund_amount > 0 then
    refund_id := refund_difference(v_new, refund_amount, 'rescheduled_by_' || p_by, p_actor);
  end if;
  perform log_booking(
    v_b.id, version, 'booking.rescheduled', v_new.status,
    jsonb_build_object('status', v_b.status, 'slot_id', v_b.slot_id,
      'starts_at', v_b.booking_time, 'amount', amount_text(v_b.amount, v_b.currency)),
    jsonb_build_object('status', v_new.status, 'slot_id', v_new.slot_id,
      'starts_at', v_new.booking_time, 'amount', amount_text(v_new.amount, v_b.currency),
      'refund_amount', amount_text(refund_amount, v_b.currency), 'by', p_by),
    p_reason, p_actor
  );
  perform emit_event(
    'booking.rescheduled', 'booking', v_b.id, version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_new) || jsonb_build_object(
      'previous_slot_id', v_b.slot_id, 'previous_starts_at', v_b.booking_time,
      'previous_amount', amount_text(v_b.amount, v_b.currency),
      'refund_amount', amount_text(refund_amount, v_b.currency),
      'due_amount', amount_text(due_amount, v_b.currency),
      'rescheduled_by', p_by, 'rescheduled_at', now()
    )
  );
  -- The hot rows last, in the order of their ids.
  update slots sl
  set booked_count = case
      when sl.id = v_slot.id then sl.booked_count + v_b.quantity
      else greatest(sl.booked_count - v_b.quantity, 0)
    end,
    status = case
      when sl.status = 'blocked' then 'blocked'
      when sl.id <> v_slot.id then 'available'
      when sl.booked_count + v_b.quantity >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  from (
    select o.id from slots o where o.id in (v_b.slot_id, v_slot.id) order by o.id for update
  ) as one
  where sl.id = one.id;
  outcome := 'ok';
end
$$;

create function resend_booking(p_booking_id uuid, p_channel text, p_actor jsonb, OUT outcome text, OUT problem text, OUT type text, OUT channels text[])
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_asked_id uuid := gen_random_uuid();
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'policy_refused';
  if 5 <= (
    select count(distinct d.asked_id) from deliveries d
    where d.booking_id = v_b.id and d.asked_id is not null and d.type <> 'note'
      and d.created_at > now() - interval '24 hours'
  ) then
    problem := 'too_often';
    return;
  end if;
  type := case v_b.status when 'cancelled' then 'booking_cancelled' else 'booking_confirmed' end;
  channels := ask_deliveries(
    v_asked_id, v_b.user_id, v_b.clinic_id, v_b.id, type, p_channel, booking_payload(v_b), p_actor
  );
  if channels = '{}' then
    problem := 'no_channel';
    return;
  end if;
  perform audit(
    'booking.resent', 'booking', v_b.id::text, v_b.clinic_id, null, null,
    jsonb_build_object('type', type, 'channels', channels), p_actor
  );
  outcome := 'ok';
end
$$;

create function reservation_payload(p_r reservations)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'reservation_id', p_r.id,
    'reference_code', p_r.reference_code,
    'user_id', p_r.user_id,
    'pet_id', p_r.pet_id,
    'clinic_id', p_r.clinic_id,
    'service_id', p_r.service_id,
    'slot_id', p_r.slot_id,
    'quantity', p_r.quantity,
    'seats', to_jsonb(p_r.seats),
    'status', p_r.status,
    'version', p_r.version,
    'expires_at', p_r.expires_at,
    'created_at', p_r.created_at
  ) || case
    when p_r.item_count > 1
      then jsonb_build_object('items', items_json(p_r.id, p_r.currency))
    else '{}'::jsonb
  end
$$;

create function retake_items(p_r reservations, p_expires_at timestamp with time zone)
returns integer[]
language plpgsql
as $$
declare
  v_items jsonb;
  v_claimed record;
begin
  perform
  from slots sl
  where sl.id in (select i.slot_id from reservation_items i where i.reservation_id = p_r.id)
  order by sl.id
  for no key update;
  select jsonb_agg(jsonb_build_object(
    'position', i.position, 'slot_id', i.slot_id, 'quantity', i.quantity,
    'seats', to_jsonb(i.seats), 'price_lines', i.price_lines
  )) into v_items
  from reservation_items i
  join slots sl on sl.id = i.slot_id
  where i.reservation_id = p_r.id and sl.status <> 'blocked' and sl.starts_at > now();
  if jsonb_array_length(v_items) is distinct from p_r.item_count::integer then return null; end if;
  select c.* into v_claimed from claim_items(p_r.id, p_r.user_id, p_expires_at, v_items) c;
  if v_claimed.outcome <> 'ok' and (
    select c.freed from clear_overdue_items(
      array(select (i ->> 'slot_id')::uuid from jsonb_array_elements(v_items) i)
    ) c
  ) > 0 then
    select c.* into v_claimed from claim_items(p_r.id, p_r.user_id, p_expires_at, v_items) c;
  end if;
  if v_claimed.outcome <> 'ok' then return null; end if;
  update reservation_items i
  set seats = array(select s::integer from jsonb_array_elements_text(x -> 'seats') s)
  from jsonb_array_elements(v_claimed.items) x
  where i.reservation_id = p_r.id and i.position = (x ->> 'position')::integer;
  return (
    select i.seats from reservation_items i where i.reservation_id = p_r.id and i.position = 1
  );
end
$$;

create function retake_place(p_r reservations)
returns integer[]
language plpgsql
as $$
declare
  v_slot slots;
  v_place record;
begin
  if p_r.item_count > 1 then return retake_items(p_r, p_r.expires_at); end if;
  select * into v_slot from slots sl where sl.id = p_r.slot_id;
  if v_slot.status = 'blocked' or v_slot.starts_at <= now() then return null; end if;
  select * into v_place
  from claim_priced_place(
    p_r.id, p_r.user_id, p_r.quantity, p_r.seats, p_r.expires_at, v_slot, p_r.price_lines
  );
  if v_place.outcome <> 'ok' and (select c.freed from clear_overdue(v_slot) c) > 0 then
    select * into v_place
  from claim_priced_place(
    p_r.id, p_r.user_id, p_r.quantity, p_r.seats, p_r.expires_at, v_slot, p_r.price_lines
  );
  end if;
  return v_place.seats;
end
$$;

create function retry_deliveries(p_ids uuid[], p_reason text, p_actor jsonb)
returns TABLE(delivery_id uuid)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with resumed as (
    update deliveries d
    set status = 'pending', attempts = 0, deferrals = 0, dead_at = null, due_at = now(),
      next_attempt_at = now()
    where d.id = any (p_ids) and d.status = 'dead'
      and (nullif(p_actor ->> 'clinic_id', '') is null
        or d.clinic_id = (p_actor ->> 'clinic_id')::uuid)
    returning d.*
  ), unbounced as (
    delete from bounced_addresses a
    using resumed r
    where a.channel = r.channel and a.address = r.address
  ), noted as (
    select audit(
      'delivery.retried', 'delivery', r.id::text, r.clinic_id, p_reason,
      jsonb_build_object('error_code', r.error_code), null, p_actor
    )
    from resumed r
  )
  select r.id from resumed r, (select count(*) from noted) as n;
end
$$;

create function retry_events(p_ids uuid[], p_per_second integer)
returns TABLE(event_id uuid)
language sql
as $$
  with dead as (
    select e.id, e.sequence
    from booking_events_outbox e
    where e.id = any (p_ids) and e.dead_at is not null
    for update
  ), line as (
    select d.id, row_number() over (order by d.sequence) as place
    from dead d
  )
  update booking_events_outbox o
  set attempts = 0,
    dead_at = null,
    next_attempt_at = now() + (l.place - 1) / p_per_second * interval '1 second'
  from line l
  where o.id = l.id
  returning o.id
$$;

create function retry_refund(p_id uuid, p_reason text, p_actor jsonb, OUT outcome text, OUT refund_id uuid)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_f refunds;
  v_p payments;
begin
  select p.* into v_p
  from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  outcome := case
    when not found or is_hidden(p_actor, null, v_f.clinic_id) then 'not_found'
    when v_f.status <> 'failed' then 'conflict'
    when v_p.external_reference is null then 'policy_refused'
    when v_f.amount > refundable(v_p.id, v_f.id) then 'policy_refused'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  refund_id := p_id;
  if v_f.returned_at is null then
    update refunds f
    set status = 'pending', attempts = 0, next_attempt_at = now(), external_reference = null,
      failed_references = array_remove(f.failed_references || f.external_reference, null),
      updated_at = now()
    where f.id = p_id;
  else
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_f.payment_id, v_f.reservation_id, v_f.booking_id, v_f.clinic_id, v_f.amount, v_f.currency,
      v_f.reason, actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into refund_id;
  end if;
  perform note_refund(refund_id, 'refund.requested', p_reason, p_actor);
end
$$;

create function return_refund(p_id uuid, p_error text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_f refunds;
begin
  update refunds f
  set status = 'failed', returned_at = now(), last_error = left(p_error, 500), updated_at = now()
  where f.id = p_id
  returning f.* into v_f;
  insert into financial_entries (
    booking_id, payment_id, refund_id, clinic_id, type, total_amount, platform_fee, clinic_amount,
    tax_amount, currency, transaction_reference
  )
  select e.booking_id, e.payment_id, e.refund_id, e.clinic_id, 'reversal', -e.total_amount,
    -e.platform_fee, -e.clinic_amount, -e.tax_amount, e.currency, e.transaction_reference
  from financial_entries e
  where e.refund_id = p_id and e.type = 'refund';
  update payments p set refund_amount = p.refund_amount - v_f.amount where p.id = v_f.payment_id;
  perform note_refund(p_id, 'refund.failed', p_error, p_actor);
end
$$;

create function review_marks(p_rating integer, p_breakdown jsonb)
returns TABLE(category text, rating integer)
language sql immutable
as $$
  select 'overall', p_rating
  union all
  select b.key, b.value::text::integer
  from jsonb_each(p_breakdown) b
$$;

create function revoke_calendar_link(p_link_id uuid, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_l calendar_links;
begin
  select * into v_l from calendar_links l where l.id = p_link_id for no key update;
  if not found
    or is_hidden(p_actor, v_l.user_id, v_l.clinic_id)
    -- An owner's links are theirs alone.
    or v_l.kind = 'owner' and p_actor ->> 'kind' <> 'customer'
  then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if v_l.revoked_at is not null then return; end if;
  update calendar_links l
  set revoked_at = now(), revoked_by = actor_id(p_actor)
  where l.id = p_link_id
  returning l.* into v_l;
  perform audit_calendar_link(v_l, 'calendar_link.revoked', p_actor);
end
$$;

create function rotate_webhook(p_id uuid, p_secret text, p_overlap_s integer, p_actor jsonb, OUT outcome text, OUT version integer, OUT old_secret_until timestamp with time zone)
returns record
language plpgsql
as $$
declare
  v_e webhook_endpoints;
begin
  select e.* into v_e from webhook_endpoints e where e.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  update webhook_endpoints e
  set old_secret = case when p_overlap_s > 0 then e.secret end,
    old_secret_until = case when p_overlap_s > 0 then now() + p_overlap_s * interval '1 second' end,
    secret = p_secret,
    version = e.version + 1,
    updated_at = now()
  where e.id = p_id
  returning * into v_e;
  perform audit_webhook(
    v_e, 'webhook.rotate', null, null,
    jsonb_build_object('old_secret_until', v_e.old_secret_until), p_actor
  );
  version := v_e.version;
  old_secret_until := v_e.old_secret_until;
  outcome := 'ok';
end
$$;

create function schedule_changed()
returns trigger
language plpgsql
as $$
begin
  if tg_op <> 'INSERT' then perform touch_schedule(old.clinic_id); end if;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' and new.clinic_id <> old.clinic_id then
    perform touch_schedule(new.clinic_id);
  end if;
  return null;
end
$$;

create function schedule_concerned()
returns trigger
language plpgsql
as $$
begin
  update schedule_state s
  set version = s.version + 1, due_at = now()
  where s.clinic_id = (to_jsonb(new) ->> tg_argv[0])::uuid;
  return null;
end
$$;

create function seat_labels(p_slot_id uuid, p_reservation_id uuid, p_seats integer[])
returns text[]
language sql stable
as $$
  select case
    when bool_or(coalesce(c.label, s.label) is not null)
      then array_agg(coalesce(c.label, s.label, u.seat::text) order by u.i)
  end
  from unnest(p_seats) with ordinality as u (seat, i)
  left join slots sl on sl.id = p_slot_id
  left join seat_plan_seats s on s.service_id = sl.service_id and s.seat = u.seat
  left join slot_claims c
    on c.slot_id = p_slot_id and c.seat = u.seat and c.reservation_id = p_reservation_id
$$;

create function send_note(p_user_id uuid, p_clinic_id uuid, p_booking_id uuid, p_title text, p_content text, p_actor jsonb, OUT outcome text, OUT notification_id uuid, OUT channels text[])
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_payload jsonb;
begin
  perform from users u where u.id = p_user_id and not u.is_erased;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  v_payload := jsonb_build_object('title', p_title, 'content', p_content, 'reference_code', (
    select b.reference_code from bookings b where b.id = p_booking_id
  ));
  insert into notifications (
    user_id, booking_id, type, title, content, metadata, written_by, delivery_status
  )
  values (
    p_user_id, p_booking_id, 'note', p_title, p_content, '{}', actor_id(p_actor), 'none'
  )
  returning id into notification_id;
  channels := ask_deliveries(
    notification_id, p_user_id, p_clinic_id, p_booking_id, 'note', null, v_payload, p_actor
  );
  if channels <> '{}' then
    update notifications n set delivery_status = 'pending' where n.id = notification_id;
  end if;
  perform audit(
    'notification.sent', 'notification', notification_id::text, p_clinic_id, null, null,
    jsonb_build_object('user_id', p_user_id, 'channels', channels), p_actor
  );
  outcome := 'ok';
end
$$;

create function sequence_events(p_limit integer)
returns integer
language plpgsql
set enable_seqscan=off
as $$
declare
  v_count integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:sequence_events', 0)) then
    return 0;
  end if;
  with waiting as (
    select o.id, row_number() over (order by o.position) as place
    from booking_events_outbox o
    where o.sequence is null
    order by o.position
    limit p_limit
  ), numbered as (
    update booking_events_outbox o
    set sequence = s.last_sequence + w.place
    from waiting w, outbox_state s
    where o.id = w.id
    returning o.sequence
  )
  select count(*) into v_count from numbered;
  if v_count > 0 then
    update outbox_state s set last_sequence = s.last_sequence + v_count;
  end if;
  return v_count;
end
$$;

create function series_version(p_series_id uuid)
returns integer
language sql stable
as $$
  select (1 + coalesce(sum(b.version - 1), 0))::integer
  from bookings b
  where b.series_id = p_series_id
$$;

create function set_booking_rules(p_clinic_id uuid, p_changes jsonb, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old clinics;
  v_new clinics;
begin
  select * into v_old from clinics c where c.id = p_clinic_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_old.id)
  then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  outcome := 'ok';
  update clinics c
  set hold_ms = coalesce((p_changes ->> 'hold_ms')::integer, c.hold_ms),
    undo_ms = coalesce((p_changes ->> 'undo_ms')::integer, c.undo_ms),
    approval_ms = coalesce((p_changes ->> 'approval_ms')::integer, c.approval_ms),
    check_in_hours = coalesce((p_changes ->> 'check_in_hours')::integer, c.check_in_hours),
    -- Of the waiting list (0055).
    waitlist_offer_ms = coalesce(
      (p_changes ->> 'waitlist_offer_ms')::integer, c.waitlist_offer_ms
    ),
    waitlist_notice_ms = coalesce(
      (p_changes ->> 'waitlist_notice_ms')::integer, c.waitlist_notice_ms
    ),
    waitlist_misses = coalesce((p_changes ->> 'waitlist_misses')::integer, c.waitlist_misses),
    cancellation_policy = coalesce(p_changes -> 'cancellation_policy', c.cancellation_policy),
    -- Of capacity (0069).
    overbooking_percent = coalesce(
      (p_changes ->> 'overbooking_percent')::integer, c.overbooking_percent
    ),
    version = c.version + 1,
    updated_at = now()
  where c.id = p_clinic_id
  returning c.* into v_new;
  version := v_new.version;
  perform audit(
    'clinic.booking_rules', 'clinic', v_new.id::text, v_new.id, null, booking_rules_json(v_old),
    booking_rules_json(v_new), p_actor
  );
end
$$;

create function set_booking_status(p_booking_id uuid, p_status text, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT status text, OUT arrived_at timestamp with time zone, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_old bookings;
  v_b bookings;
  v_event text;
begin
  select * into v_old from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  status := v_old.status;
  arrived_at := v_old.arrived_at;
  version := v_old.version;
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  if p_status = v_old.status or p_status = 'arrived' and v_old.arrived_at is not null then
    -- Said already: nothing changes, nothing is announced twice.
    outcome := 'ok';
    return;
  end if;
  -- The moves of src/domain/booking.ts; the times are those of 0048_check_in_window.sql.
  v_event := case
    when v_old.status = 'confirmed' and p_status = 'arrived'
      and check_in_from(v_old) <= now() then 'booking.arrived'
    when v_old.status = 'confirmed' and p_status = 'in-progress'
      and check_in_from(v_old) <= now() then 'booking.status_changed'
    when v_old.status = 'confirmed' and p_status = 'no-show'
      and no_show_from(v_old) <= now() then 'booking.status_changed'
    when v_old.status = 'in-progress' and p_status = 'completed' then 'booking.completed'
  end;
  if v_event is null then
    outcome := 'policy_refused';
    return;
  end if;
  update bookings b
  set status = case when p_status = 'arrived' then b.status else p_status end,
    arrived_at = case
      when p_status in ('arrived', 'in-progress') then coalesce(b.arrived_at, now())
      else b.arrived_at
    end,
    started_at = case when p_status = 'in-progress' then now() else b.started_at end,
    completed_at = case when p_status = 'completed' then now() else b.completed_at end,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_old.id
  returning b.* into v_b;
  if v_b.status in ('completed', 'no-show') then
    perform end_reminders(v_b.id, 'visit_begun');
  end if;
  if v_b.status = 'completed' then perform plan_after_visit(v_b); end if;
  perform log_booking(
    v_b.id, v_b.version, v_event, v_b.status,
    jsonb_build_object('status', v_old.status, 'arrived_at', v_old.arrived_at),
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at), null, p_actor
  );
  perform emit_event(
    v_event, 'booking', v_b.id, v_b.version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_b) || jsonb_strip_nulls(jsonb_build_object(
      'previous_status', v_old.status, 'new_status', v_b.status, 'changed_at', now(),
      'arrived_at', v_b.arrived_at, 'completed_at', v_b.completed_at,
      'not_before', case when v_b.status = 'no-show' then begin_grace(v_b) end
    ))
  );
  outcome := 'ok';
  status := v_b.status;
  arrived_at := v_b.arrived_at;
  version := v_b.version;
end
$$;

create function set_clinic_holiday(p_clinic_id uuid, p_date date, p_name text, p_is_holiday boolean, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
#variable_conflict use_column
begin
  if not is_of_clinic(p_clinic_id, null, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  insert into public_holidays as h (clinic_id, holiday_date, name, is_holiday)
  values (p_clinic_id, p_date, p_name, p_is_holiday)
  on conflict (clinic_id, holiday_date) where clinic_id is not null
  do update set name = excluded.name, is_holiday = excluded.is_holiday;
  perform audit(
    'schedule.holiday', 'clinic', p_clinic_id::text, p_clinic_id, null, null,
    jsonb_build_object('date', p_date, 'name', p_name, 'is_holiday', p_is_holiday), p_actor
  );
  outcome := 'ok';
end
$$;

create function set_money_rules(p_clinic_id uuid, p_tax_bp integer, p_tax_included boolean, p_has_limit boolean, p_desk_refund_limit numeric, p_actor jsonb)
returns boolean
language plpgsql
as $$
declare
  v_old clinics;
  v_new clinics;
begin
  select * into v_old from clinics c where c.id = p_clinic_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, p_clinic_id) then
    return false;
  end if;
  update clinics c
  set tax_bp = coalesce(p_tax_bp, c.tax_bp),
    tax_included = coalesce(p_tax_included, c.tax_included),
    desk_refund_limit = case
      when p_has_limit then p_desk_refund_limit else c.desk_refund_limit
    end,
    version = c.version + 1,
    updated_at = now()
  where c.id = p_clinic_id
  returning c.* into v_new;
  perform audit(
    'clinic.money_rules', 'clinic', p_clinic_id::text, p_clinic_id, null,
    jsonb_build_object(
      'tax_bp', v_old.tax_bp, 'tax_included', v_old.tax_included,
      'desk_refund_limit', amount_text(v_old.desk_refund_limit, v_old.currency)
    ),
    jsonb_build_object(
      'tax_bp', v_new.tax_bp, 'tax_included', v_new.tax_included,
      'desk_refund_limit', amount_text(v_new.desk_refund_limit, v_new.currency)
    ),
    p_actor
  );
  return true;
end
$$;

create function set_overbooking(p_slot_id uuid, p_seats integer, p_reason text, p_dry_run boolean, p_actor jsonb, OUT outcome text, OUT rule text, OUT capacity integer, OUT extra_seats integer, OUT allowed integer, OUT taken integer, OUT seat integer, OUT version integer)
returns record
language plpgsql
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_old slots;
  v_new slots;
  v_percent integer;
begin
  -- For update: waits for holds that are taking an extra seat (claim_place), and they for us.
  select * into v_old from slots sl where sl.id = p_slot_id for update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_old.clinic_id)
  then
    outcome := 'not_found';
    return;
  end if;
  select c.overbooking_percent into v_percent from clinics c where c.id = v_old.clinic_id;
  version := v_old.version;
  capacity := v_old.capacity + p_seats;
  extra_seats := v_old.extra_seats + p_seats;
  allowed := ceil((v_old.capacity - v_old.extra_seats) * v_percent / 100.0);
  select count(*), max(c.seat) into taken, seat from slot_claims c where c.slot_id = v_old.id;
  if v_old.status = 'blocked' or v_old.ends_at <= now() then
    outcome := 'invalid_slot';
    return;
  end if;
  rule := case
    when p_seats > 0 and v_percent = 0 then 'overbooking_off'
    when p_seats > 0 and (extra_seats > allowed or capacity > 10000) then 'overbooking_limit'
    when p_seats > 0 and lacks_labels(v_old.service_id, capacity) then 'overbooking_unlabelled'
    when extra_seats < 0 then 'overbooking_none'
    when seat > capacity then 'overbooking_sold'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  outcome := 'ok';
  if p_dry_run then return; end if;
  update slots sl
  set capacity = set_overbooking.capacity,
    extra_seats = set_overbooking.extra_seats,
    status = case when sl.booked_count >= set_overbooking.capacity then 'booked' else 'available' end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = v_old.id
  returning sl.* into v_new;
  version := v_new.version;
  perform audit(
    'slot.overbooked', 'slot', v_old.id::text, v_old.clinic_id, p_reason,
    jsonb_build_object('capacity', v_old.capacity, 'extra_seats', v_old.extra_seats),
    jsonb_build_object('capacity', v_new.capacity, 'extra_seats', v_new.extra_seats), p_actor
  );
  perform emit_event(
    'slot.overbooked', 'slot', v_new.id, v_new.version, v_new.clinic_id,
    p_actor ->> 'request_id', jsonb_build_object(
      'slot_id', v_new.id, 'clinic_id', v_new.clinic_id, 'service_id', v_new.service_id,
      'starts_at', v_new.starts_at, 'capacity', v_new.capacity,
      'extra_seats', v_new.extra_seats, 'previous_extra_seats', v_old.extra_seats,
      'version', v_new.version, 'changed_at', now()
    )
  );
end
$$;

create function set_participants(p_reservation_id uuid, p_people jsonb, p_is_first boolean, p_actor jsonb, OUT outcome text, OUT rule text)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_before jsonb;
  v_pets uuid[] := array(
    select (p ->> 'pet_id')::uuid from jsonb_array_elements(p_people) p where p ? 'pet_id'
  );
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if v_r.id is null or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) or exists (
    select from unnest(v_pets) as x (id)
    where not exists (
      select from pets p
      where p.id = x.id and (p_actor ->> 'kind' <> 'customer' or p.user_id = v_r.user_id)
    )
  ) then
    outcome := 'not_found';
    return;
  end if;
  -- Two groups that name the same pet at the same time.
  perform pg_advisory_xact_lock(hashtextextended(v_r.slot_id::text, 64));
  rule := case
    when not exists (
      select from slot_claims c where c.slot_id = v_r.slot_id and c.reservation_id = v_r.id
    ) then 'hold_ended'
    when p_actor ->> 'kind' = 'customer'
      and (select sl.starts_at <= now() from slots sl where sl.id = v_r.slot_id)
      then 'visit_started'
    when jsonb_array_length(p_people) > v_r.quantity then 'too_many_people'
    when cardinality(v_pets) > (select count(distinct x.id) from unnest(v_pets) as x (id))
      then 'pet_twice'
    when exists (
      select
      from slot_claims c
      join reservations o on o.id = c.reservation_id
      left join booking_participants p on p.reservation_id = o.id
      where c.slot_id = v_r.slot_id and o.id <> v_r.id
        and (c.expires_at is null or c.expires_at > now())
        and (p.pet_id = any (v_pets) or p.position is null and o.pet_id = any (v_pets))
    ) then 'pet_twice'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  select jsonb_agg(to_jsonb(p) - 'reservation_id' order by p.position) into v_before
  from booking_participants p
  where p.reservation_id = v_r.id;
  outcome := 'ok';
  if p_is_first and v_before is not null then return; end if;
  delete from booking_participants p where p.reservation_id = v_r.id;
  insert into booking_participants (reservation_id, position, pet_id, name, owner_name)
  select v_r.id, x.place, (x.one ->> 'pet_id')::uuid, x.one ->> 'name', x.one ->> 'owner_name'
  from jsonb_array_elements(p_people) with ordinality as x (one, place);
  if not p_is_first then
    perform audit(
      'booking.participants', 'booking', v_r.reference_code, v_r.clinic_id, null,
      jsonb_build_object('participants', coalesce(v_before, '[]'::jsonb)),
      jsonb_build_object('participants', p_people), p_actor
    );
  end if;
end
$$;

create function set_preferences(p_user_id uuid, p_channels jsonb, p_quiet_from time without time zone, p_quiet_until time without time zone, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_before jsonb;
begin
  perform from users u where u.id = p_user_id and not u.is_erased for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select jsonb_agg(to_jsonb(p) - 'user_id') into v_before
  from notification_preferences p
  where p.user_id = p_user_id;
  insert into notification_preferences as p (
    user_id, channel, enabled, is_optional_wanted, address
  )
  select p_user_id, w.key, coalesce((w.value ->> 'enabled')::boolean, w.key = 'email'),
    coalesce((w.value ->> 'is_optional_wanted')::boolean, true), w.value ->> 'address'
  from jsonb_each(p_channels) as w
  on conflict (user_id, channel) do update
  set enabled = coalesce((p_channels -> p.channel ->> 'enabled')::boolean, p.enabled),
    is_optional_wanted = coalesce(
      (p_channels -> p.channel ->> 'is_optional_wanted')::boolean, p.is_optional_wanted
    ),
    address = case when p_channels -> p.channel ? 'address'
      then p_channels -> p.channel ->> 'address' else p.address end,
    updated_at = now();
  delete from bounced_addresses b
  using jsonb_each(p_channels) as w
  where b.channel = w.key and b.address = channel_address(p_user_id, w.key);
  if p_quiet_from is not null and p_quiet_until is not null then
    insert into notification_settings as s (user_id, quiet_from, quiet_until)
    values (p_user_id, p_quiet_from, p_quiet_until)
    on conflict (user_id) do update
    set quiet_from = p_quiet_from, quiet_until = p_quiet_until, updated_at = now();
  end if;
  -- What owners decide for themselves is theirs; what others decide for them is on record.
  if p_actor ->> 'kind' <> 'customer' then
    perform audit(
      'preferences.set', 'user', p_user_id::text, nullif(p_actor ->> 'clinic_id', '')::uuid, null,
      v_before, p_channels, p_actor
    );
  end if;
  outcome := 'ok';
end
$$;

create function set_price_tier(p_service_id uuid, p_name text, p_tier jsonb, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT rule text, OUT sold integer, OUT tier jsonb)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_sv services;
  v_old price_tiers;
  v_new price_tiers;
  v_slot_id uuid := (p_tier ->> 'slot_id')::uuid;
  v_limit integer := (p_tier ->> 'seats_limit')::integer;
begin
  -- One writer of a service's prices at a time.
  select * into v_sv from services sv where sv.id = p_service_id for no key update;
  if v_sv.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_sv.clinic_id)
    or v_slot_id is not null and not exists (
      select from slots sl where sl.id = v_slot_id and sl.service_id = p_service_id
    )
  then
    outcome := 'not_found';
    return;
  end if;
  select * into v_old
  from price_tiers t
  where t.service_id = p_service_id and lower(t.name) = lower(p_name)
    and t.slot_id is not distinct from v_slot_id;
  if p_expected_version is not null and p_expected_version <> coalesce(v_old.version, 0) then
    outcome := 'conflict';
    return;
  end if;
  -- More sold than the new limit, at some slot that is still to come.
  select max(n) into sold
  from (
    select count(*)::integer as n
    from slot_claims c
    where c.tier_id = v_old.id and c.starts_at > now()
    group by c.slot_id
  ) s;
  rule := case
    when v_limit < sold then 'tier_sold_more'
    when v_old.id is null and (
      select count(*) from price_tiers t where t.service_id = p_service_id and t.is_active
    ) >= 200 then 'tier_too_many'
    when (p_tier ->> 'is_default')::boolean and exists (
      select from price_tiers t
      where t.service_id = p_service_id and t.slot_id is not distinct from v_slot_id
        and t.is_default and t.is_active and t.id is distinct from v_old.id
    ) then 'tier_other_default'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into price_tiers as t (
    id, service_id, clinic_id, name, slot_id, price, seats_limit, sale_from, sale_until,
    min_quantity, max_quantity, is_default, weekdays, from_time, to_time, quantity_prices
  )
  values (
    coalesce(v_old.id, gen_random_uuid()), p_service_id, v_sv.clinic_id, p_name, v_slot_id,
    (p_tier ->> 'price')::numeric, v_limit, (p_tier ->> 'sale_from')::timestamptz,
    (p_tier ->> 'sale_until')::timestamptz, (p_tier ->> 'min_quantity')::integer,
    (p_tier ->> 'max_quantity')::integer, (p_tier ->> 'is_default')::boolean,
    array(select jsonb_array_elements_text(p_tier -> 'weekdays')::smallint),
    (p_tier ->> 'from_time')::time, (p_tier ->> 'to_time')::time, p_tier -> 'quantity_prices'
  )
  on conflict (id) do update
  set name = excluded.name, price = excluded.price, seats_limit = excluded.seats_limit,
    sale_from = excluded.sale_from, sale_until = excluded.sale_until,
    min_quantity = excluded.min_quantity, max_quantity = excluded.max_quantity,
    is_default = excluded.is_default, weekdays = excluded.weekdays,
    from_time = excluded.from_time, to_time = excluded.to_time,
    quantity_prices = excluded.quantity_prices, is_active = true,
    version = t.version + 1, updated_at = now()
  returning t.* into v_new;
  update services sv
  set has_tiers = true, version = sv.version + 1, updated_at = now()
  where sv.id = p_service_id;
  tier := price_tier_json(v_new);
  perform audit(
    'price.set', 'price_tier', v_new.id::text, v_new.clinic_id, null,
    case when v_old.id is not null then price_tier_json(v_old) end, tier, p_actor
  );
  outcome := 'ok';
end
$$;

create function set_reminder_rule(p_clinic_id uuid, p_service_id uuid, p_reminder_type text, p_offsets integer[], p_channels text[], p_reason text, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  outcome := 'not_found';
  if p_actor ->> 'kind' = 'customer' or is_hidden(p_actor, null, p_clinic_id) then return; end if;
  -- Two at once are one after the other.
  perform from clinics c where c.id = p_clinic_id for no key update;
  if not found then return; end if;
  if p_service_id is not null then
    perform from services s where s.id = p_service_id and s.clinic_id = p_clinic_id;
    if not found then return; end if;
  end if;
  outcome := 'ok';
  select to_jsonb(r) into v_before
  from reminder_rules r
  where r.clinic_id = p_clinic_id and r.service_id is not distinct from p_service_id
    and r.reminder_type = p_reminder_type;
  if p_offsets is null then
    delete from reminder_rules r
    where r.clinic_id = p_clinic_id and r.service_id is not distinct from p_service_id
      and r.reminder_type = p_reminder_type;
  else
    insert into reminder_rules as r (
      clinic_id, service_id, reminder_type, offsets_minutes, channels
    )
    values (
      p_clinic_id, p_service_id, p_reminder_type,
      array(select distinct o.minutes from unnest(p_offsets) as o (minutes) order by 1 desc),
      p_channels
    )
    on conflict (
      clinic_id, (coalesce(service_id, '00000000-0000-0000-0000-000000000000'::uuid)),
      reminder_type
    ) do update
    set offsets_minutes = excluded.offsets_minutes, channels = excluded.channels,
      version = r.version + 1, updated_at = now()
    where (r.offsets_minutes, r.channels) is distinct from
      (excluded.offsets_minutes, excluded.channels)
    returning to_jsonb(r.*) into v_after;
    if v_after is null then return; end if;
  end if;
  if v_before is null and v_after is null then return; end if;
  perform audit_reminder(
    p_clinic_id, 'reminder_rule.set', 'reminder_rule',
    coalesce(v_after, v_before) ->> 'id', p_reason, v_before, v_after, p_actor
  );
end
$$;

create function set_retention(p_what text, p_keep_days integer, p_expected_version integer, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v retention_rules;
begin
  select r.* into v from retention_rules r where r.what = p_what for no key update;
  if not found then return 'not_found'; end if;
  if p_expected_version is not null and p_expected_version <> v.version then return 'conflict'; end if;
  if p_keep_days < v.min_days then return 'policy_refused'; end if;
  if p_keep_days is not distinct from v.keep_days then return 'ok'; end if;
  update retention_rules r
  set keep_days = p_keep_days, version = r.version + 1, next_at = now(), next_block = 0
  where r.what = p_what;
  perform audit(
    'retention.set', 'retention', p_what, null, p_reason,
    jsonb_build_object('keep_days', v.keep_days), jsonb_build_object('keep_days', p_keep_days),
    p_actor
  );
  return 'ok';
end
$$;

create function set_schedule_hours(p_clinic_id uuid, p_hours jsonb, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT rule text, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_staff_id uuid := (p_hours ->> 'staff_id')::uuid;
  v_service_id uuid := (p_hours ->> 'service_id')::uuid;
  v_room_id uuid := (p_hours ->> 'room_id')::uuid;
  v_kind text := coalesce(p_hours ->> 'kind', 'work');
  v_from date := (p_hours ->> 'valid_from')::date;
  v_to date := (p_hours ->> 'valid_to')::date;
  v_days smallint[] := array(
    select jsonb_array_elements_text(p_hours -> 'weekdays')::smallint
  );
  v_step integer := (p_hours ->> 'step_minutes')::integer;
  v_old schedules[];
begin
  if not is_of_clinic(p_clinic_id, v_staff_id, v_service_id, v_room_id, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  -- One writer of a clinic's hours at a time.
  perform from clinics c where c.id = p_clinic_id for no key update;
  select s.version into version from schedule_state s where s.clinic_id = p_clinic_id;
  version := coalesce(version, 0);
  if p_expected_version is not null and p_expected_version <> version then
    outcome := 'conflict';
    return;
  end if;
  if (select count(*) from schedules s where s.clinic_id = p_clinic_id) > 5000 then
    outcome := 'policy_refused';
    rule := 'too_many_hours';
    return;
  end if;
  select case when p_hours ? 'room_id' then v_room_id else s.room_id end,
    case when p_hours ? 'step_minutes' then v_step else s.step_minutes end
  into v_room_id, v_step
  from (select 1) as always
  left join lateral (
    select s.room_id, s.step_minutes
    from schedules s
    where s.clinic_id = p_clinic_id
      and s.staff_id is not distinct from v_staff_id
      and s.service_id is not distinct from v_service_id
      and s.kind = v_kind
    order by s.weekday = any (v_days) desc, s.valid_from desc nulls last, s.weekday, s.opens
    limit 1
  ) as s on true;
  with gone as (
    delete from schedules s
    where s.clinic_id = p_clinic_id
      and s.staff_id is not distinct from v_staff_id
      and s.service_id is not distinct from v_service_id
      and s.kind = v_kind
      and s.weekday = any (v_days)
      and daterange(s.valid_from, s.valid_to, '[]') && daterange(v_from, v_to, '[]')
    returning s.*
  )
  select array_agg(row(g.*)::schedules) into v_old from gone g;
  insert into schedules (
    clinic_id, staff_id, service_id, room_id, weekday, opens, closes, kind, step_minutes,
    valid_from, valid_to
  )
  select o.clinic_id, o.staff_id, o.service_id, o.room_id, o.weekday, o.opens, o.closes, o.kind,
    o.step_minutes, lower(part), upper(part) - 1
  from unnest(v_old) as o
  cross join unnest(
    datemultirange(daterange(o.valid_from, o.valid_to, '[]'))
      - datemultirange(daterange(v_from, v_to, '[]'))
  ) as part
  union all
  select p_clinic_id, v_staff_id, v_service_id, v_room_id, d, h.opens, h.closes, v_kind,
    v_step, v_from, v_to
  from unnest(v_days) as d
  cross join jsonb_to_recordset(p_hours -> 'hours') as h (opens time, closes time);
  perform touch_schedule(p_clinic_id);
  select s.version into version from schedule_state s where s.clinic_id = p_clinic_id;
  perform audit(
    'schedule.hours', 'clinic', p_clinic_id::text, p_clinic_id, null,
    to_jsonb(v_old), p_hours, p_actor
  );
  outcome := 'ok';
end
$$;

create function set_schedule_rules(p_clinic_id uuid, p_service_id uuid, p_changes jsonb, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
#variable_conflict use_column
declare
  v_before jsonb;
  v_after jsonb;
begin
  if not is_of_clinic(p_clinic_id, null, p_service_id, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  if p_service_id is null then
    select to_jsonb(c) into v_before from clinics c where c.id = p_clinic_id for no key update;
    update clinics c
    set country = case when p_changes ? 'country' then p_changes ->> 'country' else c.country end,
      region = case when p_changes ? 'region' then p_changes ->> 'region' else c.region end,
      holiday_policy = coalesce(p_changes ->> 'holiday_policy', c.holiday_policy),
      min_notice_minutes = coalesce(
        (p_changes ->> 'min_notice_minutes')::integer, c.min_notice_minutes
      ),
      horizon_days = case
        when p_changes ? 'horizon_days' then (p_changes ->> 'horizon_days')::integer
        else c.horizon_days
      end,
      version = c.version + 1,
      updated_at = now()
    where c.id = p_clinic_id
    returning to_jsonb(c) into v_after;
  else
    select to_jsonb(s) into v_before from services s where s.id = p_service_id for no key update;
    update services s
    set buffer_before_minutes = coalesce(
        (p_changes ->> 'buffer_before_minutes')::integer, s.buffer_before_minutes
      ),
      buffer_after_minutes = coalesce(
        (p_changes ->> 'buffer_after_minutes')::integer, s.buffer_after_minutes
      ),
      min_notice_minutes = case
        when p_changes ? 'min_notice_minutes' then (p_changes ->> 'min_notice_minutes')::integer
        else s.min_notice_minutes
      end,
      horizon_days = case
        when p_changes ? 'horizon_days' then (p_changes ->> 'horizon_days')::integer
        else s.horizon_days
      end,
      version = s.version + 1,
      updated_at = now()
    where s.id = p_service_id
    returning to_jsonb(s) into v_after;
  end if;
  perform audit(
    'schedule.rules', case when p_service_id is null then 'clinic' else 'service' end,
    coalesce(p_service_id, p_clinic_id)::text, p_clinic_id, null,
    (select jsonb_object_agg(k, v_before -> k) from jsonb_object_keys(p_changes) k),
    (select jsonb_object_agg(k, v_after -> k) from jsonb_object_keys(p_changes) k), p_actor
  );
  outcome := 'ok';
end
$$;

create function set_seat_plan(p_service_id uuid, p_seats jsonb, p_expected_version integer, p_dry_run boolean, p_actor jsonb, OUT outcome text, OUT rule text, OUT label text, OUT needed integer, OUT version integer)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_sv services;
  v_old seat_plans;
  v_count integer := jsonb_array_length(p_seats);
begin
  select * into v_sv from services sv where sv.id = p_service_id for no key update;
  if v_sv.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_sv.clinic_id)
  then
    outcome := 'not_found';
    return;
  end if;
  -- Waits for holds that are choosing seats (claim_planned_seats), and they for us.
  perform pg_advisory_xact_lock(hashtextextended(p_service_id::text, 2));
  select * into v_old from seat_plans p where p.service_id = p_service_id;
  version := coalesce(v_old.version, 0);
  if p_expected_version is not null and p_expected_version <> version then
    outcome := 'conflict';
    return;
  end if;
  select greatest(v_sv.capacity, max(sl.capacity)) into needed
  from slots sl
  where sl.service_id = p_service_id and sl.starts_at > now();
  needed := coalesce(needed, v_sv.capacity);
  select min(c.label) into label
  from slots sl
  join slot_claims c on c.slot_id = sl.id and c.label is not null
  left join price_tiers t on t.id = c.tier_id
  left join jsonb_to_recordset(p_seats) as n (seat integer, label text, tier text)
    on n.seat = c.seat
  where sl.service_id = p_service_id
    and sl.starts_at > now() - interval '1 day'
    and sl.ends_at > now()
    and (n.label is distinct from c.label or lower(n.tier) <> lower(t.name));
  rule := case
    when label is not null then 'seats_sold'
    when v_count < needed then 'seats_too_few'
  end;
  if rule is null and v_sv.has_tiers then
    select min(n.tier) into label
    from jsonb_to_recordset(p_seats) as n (tier text)
    where not exists (
      select from price_tiers t
      where t.service_id = p_service_id and t.is_active and lower(t.name) = lower(n.tier)
    );
    if label is not null then rule := 'seats_tier_unknown'; end if;
  end if;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  outcome := 'ok';
  if p_dry_run then return; end if;
  version := version + 1;
  insert into seat_plans as p (service_id, clinic_id, seat_count)
  values (p_service_id, v_sv.clinic_id, v_count)
  on conflict (service_id) do update
  set seat_count = excluded.seat_count, version = p.version + 1, updated_at = now();
  delete from seat_plan_seats s where s.service_id = p_service_id;
  insert into seat_plan_seats (service_id, seat, label, row_label, place, category, tier)
  select p_service_id, n.seat, n.label, n."row", n.place, n.category, n.tier
  from jsonb_to_recordset(p_seats) as n (
    seat integer, label text, "row" text, place integer, category text, tier text
  );
  -- Seats that were taken while they had numbers only get their names.
  update slot_claims c
  set label = s.label
  from slots sl, seat_plan_seats s
  where sl.service_id = p_service_id and sl.starts_at > now() and c.slot_id = sl.id
    and c.label is null and s.service_id = p_service_id and s.seat = c.seat;
  update services sv
  set has_seats = true, version = sv.version + 1, updated_at = now()
  where sv.id = p_service_id;
  perform audit(
    'seats.plan', 'service', p_service_id::text, v_sv.clinic_id, null,
    case when v_old.service_id is not null
      then jsonb_build_object('version', v_old.version, 'seat_count', v_old.seat_count) end,
    jsonb_build_object('version', version, 'seat_count', v_count), p_actor
  );
end
$$;

create function set_service_approval(p_service_id uuid, p_requires_approval boolean, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old services;
begin
  select * into v_old from services sv where sv.id = p_service_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_old.clinic_id)
  then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if v_old.requires_approval = p_requires_approval then return; end if;
  update services sv
  set requires_approval = p_requires_approval, version = sv.version + 1, updated_at = now()
  where sv.id = p_service_id;
  perform audit(
    'service.approval', 'service', v_old.id::text, v_old.clinic_id, null,
    jsonb_build_object('requires_approval', v_old.requires_approval),
    jsonb_build_object('requires_approval', p_requires_approval), p_actor
  );
end
$$;

create function set_webhook(p_id uuid, p_url text, p_description text, p_event_types text[], p_status text, p_reason text, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT version integer)
returns record
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_before jsonb;
  v_after bigint;
begin
  select c.last_sequence into v_after from webhook_cursor c for update;
  select e.* into v_e from webhook_endpoints e where e.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  version := v_e.version;
  if v_e.version <> coalesce(p_expected_version, v_e.version) then
    outcome := 'conflict';
    return;
  end if;
  v_before := webhook_facts(v_e);
  update webhook_endpoints e
  set url = coalesce(p_url, e.url),
    description = coalesce(p_description, e.description),
    event_types = coalesce(p_event_types, e.event_types),
    status = coalesce(p_status, e.status),
    disabled_reason = case coalesce(p_status, e.status)
      when 'disabled' then coalesce(p_reason, e.disabled_reason, 'By hand.') end,
    disabled_at = case coalesce(p_status, e.status)
      when 'disabled' then coalesce(e.disabled_at, now()) end,
    -- What it hears from now on is another set: earlier events are not what it missed.
    listens_after = case
      when p_event_types is not null or (p_status = 'enabled' and e.status = 'disabled')
        then v_after
      else e.listens_after
    end,
    failures = case when p_status = 'enabled' then 0 else e.failures end,
    failing_since = case when p_status = 'enabled' then null else e.failing_since end,
    version = e.version + 1,
    updated_at = now()
  where e.id = p_id
  returning * into v_e;
  perform audit_webhook(v_e, 'webhook.set', p_reason, v_before, webhook_facts(v_e), p_actor);
  version := v_e.version;
  outcome := 'ok';
end
$$;

create function settle_authorisation(p_r reservations, p_p payments, p_result text, p_payment_intent text, p_amount numeric, p_currency text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_p payments;
  v_a authorisations;
  v_refusal text;
begin
  select * into v_a from authorisations a where a.payment_id = p_p.id for no key update;
  if p_result = 'voided' then
    if v_a.payment_id is null then return settle_failure(p_p, 'expired', p_actor); end if;
    if v_a.status in ('captured', 'voided') then return 'already_done'; end if;
    update authorisations a
    set status = 'voided', last_error = null, updated_at = now()
    where a.payment_id = p_p.id;
    -- The bank or the provider's dashboard took back what a hold was kept for.
    if p_r.status = 'pending' and v_a.status in ('open', 'capturing') then
      perform end_reservation(p_r, 'cancelled', 'authorisation_lapsed', p_actor);
    end if;
    update payments p
    set status = 'failed', failure_reason = coalesce(v_a.reason, p_r.cancellation_reason, 'voided'),
      session_closed_at = coalesce(p.session_closed_at, now()),
      version = p.version + 1, updated_at = now()
    where p.id = p_p.id and p.status in ('pending', 'processing', 'failed')
    returning p.* into v_p;
    perform emit_event(
      'payment.voided', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
      payment_payload(v_p)
    );
    return 'voided';
  end if;

  if v_a.payment_id is not null or p_p.status in ('success', 'refunded') then
    return 'already_done';
  end if;
  v_refusal := case
    when p_amount <> p_p.amount or p_currency <> p_p.currency then 'amount_mismatch'
    when p_r.status = 'expired' then 'reservation_expired'
    when p_r.status = 'cancelled' then 'reservation_cancelled'
    when p_r.status <> 'pending' then 'paid_otherwise'
    when p_r.approval_asked_at is not null then 'duplicate_payment'
    when owner_is_elsewhere(p_r) then 'owner_busy'
  end;
  insert into authorisations (
    payment_id, reservation_id, clinic_id, payment_intent, status, reason
  )
  values (
    p_p.id, p_r.id, p_r.clinic_id, p_payment_intent,
    case when v_refusal is null then 'open' else 'voiding' end, v_refusal
  );
  update payments p
  set status = 'processing', external_reference = p_payment_intent, session_closed_at = now(),
    failure_reason = null, version = p.version + 1, updated_at = now()
  where p.id = p_p.id;
  if v_refusal is not null then return 'void_requested'; end if;
  perform keep_until(p_r, approval_deadline(p_r), 'approval_asked', p_actor);
  return 'awaiting_approval';
end
$$;

create function settle_failure(p_p payments, p_result text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_p payments;
begin
  if p_p.status not in ('pending', 'processing') then
    if p_result = 'expired' then
      update payments p set session_closed_at = coalesce(p.session_closed_at, now())
      where p.id = p_p.id;
    end if;
    return 'already_done';
  end if;
  update payments p
  set status = 'failed',
    failure_reason = case p_result when 'expired' then 'session_expired' else 'declined' end,
    -- A declined card leaves the page open for another one; a saved one has no page.
    session_closed_at = case
      when p_result = 'expired' or p_p.payment_method = 'saved_card' then now()
      else p.session_closed_at
    end,
    version = p.version + 1,
    updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  perform emit_event(
    'payment.failed', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
    payment_payload(v_p)
  );
  return 'failed_recorded';
end
$$;

create function settle_offer()
returns trigger
language plpgsql
as $$
declare
  v_ended_as text := case
    when new.status = 'confirmed' then 'taken'
    when new.status = 'expired' then 'expired'
    when coalesce(new.cancellation_reason, 'waitlist_declined') = 'waitlist_declined'
      then 'declined'
    -- By the clinic, or because no payment page could be opened.
    else 'withdrawn'
  end;
  v_w waitlist_entries;
begin
  update waitlist_offers o
  set ended_at = now(), ended_as = v_ended_as
  where o.reservation_id = new.id;
  update waitlist_entries w
  set status = case
      when v_ended_as = 'taken' then 'taken'
      when v_ended_as = 'expired' and w.misses + 1 >= c.waitlist_misses then 'left'
      else 'waiting'
    end,
    left_reason = case
      when v_ended_as = 'expired' and w.misses + 1 >= c.waitlist_misses then 'no_answer'
    end,
    misses = w.misses + case when v_ended_as = 'expired' then 1 else 0 end,
    -- Other slots may have become free while this one was offered.
    look_at = now(),
    version = w.version + 1,
    updated_at = now()
  from clinics c
  where w.id = new.waitlist_entry_id
    and c.id = w.clinic_id
    and (
      w.status = 'offered' and w.offered_reservation_id = new.id
      -- Paid after the hold had ended, and there was room.
      or v_ended_as = 'taken' and w.status <> 'offered' and w.status <> 'taken'
    )
  returning w.* into v_w;
  if found then perform tell_waitlist(v_w, new.correlation_id); end if;
  return null;
end
$$;

create function settle_success(p_r reservations, p_p payments, p_payment_intent text, p_amount numeric, p_currency text, p_actor jsonb, OUT outcome text, OUT booking_id uuid, OUT seats integer[])
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
  v_action text := 'confirmed';
  v_elsewhere boolean := false;
begin
  seats := p_r.seats;
  if p_amount <> p_p.amount or p_currency <> p_p.currency then
    perform give_back(
      p_p, 'refunded', 'amount_mismatch', p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'mismatch';
    return;
  end if;
  select * into v_b from bookings b where b.reservation_id = p_r.id for no key update;
  booking_id := v_b.id;
  if exists (
    select from payments p
    where p.reservation_id = p_r.id and p.id <> p_p.id and p.status = 'success'
  )
    -- A page that was opened before the desk took money (and may have given it back since), or before
    -- the booking moved to a cheaper time.
    or v_b.status in ('confirmed', 'in-progress', 'completed')
      and booking_paid(v_b.id) + p_amount > v_b.amount
  then
    perform give_back(
      p_p, 'refunded', 'duplicate_payment', p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'refund_requested';
    return;
  end if;
  if p_r.status in ('pending', 'expired') then
    -- Since the hold lapsed its owner may have taken another place at that time, and wants that one.
    v_elsewhere := owner_is_elsewhere(p_r);
  end if;
  if v_elsewhere then
    if p_r.status = 'pending' then
      perform end_reservation(
        p_r, case when p_r.expires_at <= now() then 'expired' else 'cancelled' end, 'owner_busy',
        p_actor
      );
    end if;
    seats := null;
  elsif p_r.status = 'expired' then
    seats := retake_place(p_r);
    v_action := 'retaken';
    p_r.seats := coalesce(seats, p_r.seats);
    update reservations r set seats = p_r.seats
    where r.id = p_r.id and r.seats <> p_r.seats;
  end if;
  if p_r.status = 'cancelled' or seats is null
    or p_r.status = 'confirmed'
      and coalesce(v_b.status, '') not in ('confirmed', 'in-progress', 'completed') then
    perform give_back(
      p_p, 'success',
      case
        when v_elsewhere then 'owner_busy'
        when seats is null then 'slot_taken'
        else 'reservation_cancelled'
      end,
      p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'refund_requested';
    return;
  end if;
  update payments p
  set status = 'success', external_reference = coalesce(p_payment_intent, p.external_reference),
    paid_at = now(), session_closed_at = now(), failure_reason = null,
    version = p.version + 1, updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  if p_r.status = 'confirmed' then
    perform attach_payment(v_b, v_p, p_actor);
  else
    v_b := make_booking(p_r, v_p, v_action, p_actor);
    booking_id := v_b.id;
  end if;
  outcome := 'confirmed';
end
$$;

create function skip_reminder(p_reminder_id uuid, p_note text, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
as $$
declare
  v_m booking_reminders;
begin
  select * into v_m from booking_reminders m where m.id = p_reminder_id for no key update;
  if not found or is_hidden(p_actor, null, v_m.clinic_id) or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_m.status = 'pending' then 'ok'
    when v_m.reason = 'skipped' then 'already_done'
    else 'conflict'
  end;
  if outcome <> 'ok' then return; end if;
  update booking_reminders m
  set status = 'cancelled', reason = 'skipped', note = p_note, updated_at = now()
  where m.id = p_reminder_id;
  perform audit_reminder(
    v_m.clinic_id, 'reminder.skipped', 'reminder', p_reminder_id::text, p_note,
    jsonb_build_object('status', v_m.status), jsonb_build_object('status', 'cancelled'), p_actor
  );
end
$$;

create function slots_freed(p_slot_ids uuid[], p_limit integer)
returns SETOF uuid
language sql stable
as $$
  select sl.id
  from (
    select distinct on (sl.id) sl.id, sl.starts_at
    from slots o
    join (
      select distinct w.clinic_id, w.service_id from waitlist_entries w where w.status = 'waiting'
    ) as wanted on wanted.clinic_id = o.clinic_id
    join slots sl
      on sl.service_id = wanted.service_id
      and sl.starts_at > o.starts_at - interval '1 day'
      and sl.starts_at < o.ends_at
      and sl.ends_at > o.starts_at
      and (sl.id = o.id or sl.staff_id = o.staff_id or sl.room_id = o.room_id)
    where o.id = any (p_slot_ids) and sl.starts_at > now() and sl.status <> 'blocked'
  ) as sl
  order by sl.starts_at, sl.id
  limit p_limit
$$;

create function split_minor(p_amount_minor bigint, p_weights numeric[])
returns bigint[]
language sql immutable
as $$
  with total as (
    select sum(w) as weight from unnest(p_weights) as w
  ), share as (
    select
      i,
      div(p_amount_minor * w, t.weight) as part,
      mod(p_amount_minor * w, t.weight) as rest
    from unnest(p_weights) with ordinality as u (w, i), total t
  ), ranked as (
    select
      i,
      part,
      row_number() over (order by rest desc, i) as place,
      p_amount_minor - sum(part) over () as left_over
    from share
  )
  select array_agg((part + case when place <= left_over then 1 else 0 end)::bigint order by i)
  from ranked
$$;

create function split_payment(p_amount numeric, p_currency text, p_commission_bp integer, p_tax_bp integer)
returns numeric[]
language sql stable
as $$
  select array_agg(part / power(10::numeric, c.exponent) order by i)
  from currencies c,
    unnest(split_minor(
      (p_amount * power(10::numeric, c.exponent))::bigint,
      array[
        p_commission_bp::numeric * (10000 + p_tax_bp),
        10000::numeric * (10000 + p_tax_bp)
          - p_commission_bp::numeric * (10000 + p_tax_bp) - 10000::numeric * p_tax_bp,
        10000::numeric * p_tax_bp
      ]
    )) with ordinality as u (part, i)
  where c.code = p_currency
  group by c.code
$$;

create function stamp_booking()
returns trigger
language plpgsql
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;

create function stop_replay(p_id bigint, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_status text;
begin
  select r.status into v_status from outbox_replays r where r.id = p_id for no key update;
  if not found then return 'not_found'; end if;
  if v_status <> 'running' then return 'already_done'; end if;
  update outbox_replays r set status = 'stopped', ended_at = now() where r.id = p_id;
  perform audit('outbox.stop_replay', 'replay', 'RP' || p_id, null, p_reason, null, null, p_actor);
  return 'ok';
end
$$;

create function submit_review(p_booking_id uuid, p_rating integer, p_breakdown jsonb, p_comment text, p_needs_look boolean, p_actor jsonb, OUT outcome text, OUT rule text, OUT review_id uuid)
returns record
language plpgsql
as $$
declare
  v_b bookings;
  v_r reviews;
begin
  select * into v_b from bookings b where b.id = p_booking_id;
  if not found or p_actor ->> 'kind' <> 'customer' or actor_id(p_actor) <> v_b.user_id then
    outcome := 'not_found';
    return;
  end if;
  rule := case
    when v_b.status <> 'completed' then 'visit_not_completed'
    -- Who remembers less than this is no help to others.
    when v_b.completed_at < now() - interval '90 days' then 'review_too_late'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into reviews (
    booking_id, user_id, clinic_id, service_id, rating, comment, is_verified, ratings_breakdown,
    status
  )
  values (
    v_b.id, v_b.user_id, v_b.clinic_id, v_b.service_id, p_rating, p_comment, true, p_breakdown,
    case when p_needs_look then 'pending' else 'published' end
  )
  on conflict on constraint reviews_booking_unique do nothing
  returning * into v_r;
  if v_r.id is null then
    outcome := 'conflict';
    rule := 'reviewed_already';
    return;
  end if;
  -- Fields per seed 002, ReviewSubmitted.
  perform emit_event(
    'review.submitted', 'review', v_r.id, v_r.version, v_r.clinic_id, p_actor ->> 'request_id',
    jsonb_build_object(
      'review_id', v_r.id, 'booking_id', v_r.booking_id, 'user_id', v_r.user_id,
      'clinic_id', v_r.clinic_id, 'service_id', v_r.service_id, 'rating', v_r.rating,
      'status', v_r.status, 'submitted_at', v_r.created_at
    )
  );
  outcome := 'ok';
  review_id := v_r.id;
end
$$;

create function sync_calendar(p_booking_id uuid, p_is_synced boolean, p_actor jsonb, OUT outcome text)
returns text
language plpgsql
set petpro.writer=app
as $$
declare
  v_b bookings;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if not p_is_synced and v_b.calendar_synced_at is null then return; end if;
  update bookings b
  set calendar_synced_at = case when p_is_synced then now() end
  where b.id = v_b.id;
end
$$;

create function table_blocks(p_table_name text)
returns bigint
language sql
as $$
  select pg_relation_size(to_regclass(p_table_name)) / current_setting('block_size')::bigint
$$;

create function take_dispute_event(p_event_id text, p_event_type text, p_payload jsonb, p_reference text, p_payment_intent text, p_status text, p_amount numeric, p_currency text, p_reason text)
returns text
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_outcome text := 'dispute_recorded';
  v_p payments;
  v_d disputes;
  v_id uuid;
begin
  if not is_new_event(p_event_id, p_event_type, p_payload) then return 'already_done'; end if;
  select p.* into v_p
  from payments p
  where p.id = payment_of_intent(p_payment_intent)
  for no key update;
  if v_p.id is null then
    v_outcome := 'ignored';
  elsif upper(p_currency) <> v_p.currency then
    v_outcome := 'unknown_money';
  else
    -- Events may come in any order: one that is closed stays closed.
    insert into disputes (
      external_reference, payment_id, booking_id, clinic_id, amount, currency, reason, status,
      closed_at
    )
    values (
      p_reference, v_p.id, v_p.booking_id, v_p.clinic_id, p_amount, v_p.currency, p_reason,
      p_status, case when p_status <> 'open' then now() end
    )
    on conflict (external_reference) do update
    set status = excluded.status, closed_at = excluded.closed_at
    where disputes.status = 'open' and excluded.status <> 'open'
    returning * into v_d;
    if v_d.id is null then
      v_outcome := 'already_done';
    else
      update payments p
      set version = p.version + 1, updated_at = now()
      where p.id = v_p.id
      returning p.* into v_p;
      perform audit(
        'dispute.' || v_d.status, 'payment', v_p.id::text, v_p.clinic_id, p_reason, null,
        jsonb_build_object('dispute_id', v_d.id, 'amount', amount_text(p_amount, v_p.currency)),
        v_actor
      );
      perform emit_event(
        'payment.disputed', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_event_id,
        payment_payload(v_p) || jsonb_build_object(
          'dispute_id', v_d.id, 'dispute_status', v_d.status, 'reason', p_reason,
          'dispute_amount', amount_text(p_amount, v_p.currency)
        )
      );
      if v_d.status = 'lost' then
        v_id := note_money_gone(v_p, 'dispute', p_reference, p_amount, 'dispute_lost', v_actor);
        if v_id is null then
          v_outcome := 'unknown_money';
        else
          perform finish_refund(v_id, 'completed', p_reference, null);
        end if;
      end if;
    end if;
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  return v_outcome;
end
$$;

create function take_payment_event(p_event_id text, p_event_type text, p_payload jsonb, p_session_id text, p_payment_intent text, p_result text, p_amount numeric, p_currency text, OUT outcome text, OUT booking_id uuid, OUT reference_code text, OUT reservation_id uuid, OUT slot_id uuid, OUT seats integer[], OUT lock_id text)
returns record
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
#variable_conflict use_column
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_is_new boolean;
  v_outcome text;
  v_p payments;
  v_r reservations;
begin
  insert into webhook_events (event_id, event_type, payload)
  values (p_event_id, p_event_type, coalesce(p_payload, '{}'))
  on conflict (event_id) do nothing;
  v_is_new := found;

  select * into v_p
  from payments p
  where p.session_id = p_session_id or p.external_reference = p_payment_intent
  order by p.session_id = p_session_id desc nulls last
  limit 1;
  if v_p.id is null then
    -- A charge whose answer never reached us, told by our own name for it.
    select * into v_p from payments p where p.id = payment_named(p_payload);
  end if;
  if v_p.id is null and p_result = 'success' then
    v_p := adopt_payment(p_payload, p_session_id, p_payment_intent);
  end if;
  if v_p.id is not null then
    select * into v_r from reservations r where r.id = v_p.reservation_id for no key update;
    -- Read again under the lock: a rival event may have settled it meanwhile.
    select * into v_p from payments p where p.id = v_p.id for no key update;
    reservation_id := v_r.id;
    reference_code := v_r.reference_code;
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    booking_id := v_p.booking_id;
  end if;
  if not v_is_new then
    outcome := 'already_done';
    return;
  end if;

  if p_result = 'success' and (p_session_id is not null or v_p.id is not null)
    and coalesce(v_p.status, '') not in ('success', 'refunded') and (
    v_p.id is null or p_amount is null
    or not exists (select from currencies c where c.code = upper(p_currency))
  ) then
    -- Somebody paid and we cannot say what for: the inbox shows it to a person.
    v_outcome := 'unknown_money';
  elsif v_p.id is null
    or p_result not in ('success', 'failed', 'expired', 'authorised', 'voided') then
    v_outcome := 'ignored';
  elsif p_result in ('authorised', 'voided') then
    v_outcome := settle_authorisation(
      v_r, v_p, p_result, p_payment_intent, p_amount, upper(p_currency), v_actor
    );
  elsif p_result <> 'success' then
    v_outcome := settle_failure(v_p, p_result, v_actor);
  elsif v_p.status in ('success', 'refunded') then
    v_outcome := 'already_done';
  else
    select s.outcome, s.booking_id, coalesce(s.seats, v_r.seats)
    into v_outcome, booking_id, seats
    from settle_success(v_r, v_p, p_payment_intent, p_amount, upper(p_currency), v_actor) as s;
    perform note_captured(v_p.id);
  end if;
  if v_p.id is not null then
    insert into payment_attempts (payment_id, event_id, result, amount, currency, reason)
    values (v_p.id, p_event_id, p_result, p_amount, upper(p_currency), v_outcome);
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  outcome := v_outcome;
end
$$;

create function take_plan(p_id bigint, p_kind text, p_reason text, p_actor jsonb, OUT outcome text, OUT items jsonb)
returns record
language plpgsql
as $$
#variable_conflict use_column
declare
  v_plan plans;
begin
  select * into v_plan from plans p where p.id = p_id and p.kind = p_kind for update;
  if not found or (
    nullif(p_actor ->> 'clinic_id', '')::uuid is distinct from v_plan.clinic_id
    and nullif(p_actor ->> 'clinic_id', '') is not null
  ) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_plan.taken_at is not null then 'conflict'
    when v_plan.expires_at <= now() then 'expired'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  update plans p
  set taken_at = now(), taken_by = actor_id(p_actor), reason = coalesce(p_reason, p.reason)
  where p.id = p_id;
  items := v_plan.items;
  -- Before the first repair: nothing is ever repaired that the audit log does not know of.
  perform audit(
    p_kind || '.plan_taken', 'plan', 'PL' || p_id, v_plan.clinic_id,
    coalesce(p_reason, v_plan.reason), jsonb_build_object('items', v_plan.items), null, p_actor
  );
end
$$;

create function take_platform_event(p_event_id text, p_event_type text, p_thing_id uuid, p_occurred_at timestamp with time zone, p_version bigint, p_data jsonb, p_raw text, p_stream_id text, p_attempts_max integer, p_again boolean, OUT outcome text, OUT reason text)
returns record
language plpgsql
as $$
declare
  v_row consumed_events;
begin
  insert into consumed_events as e (
    event_id, event_type, thing_id, occurred_at, stream_id, status, raw
  )
  values (
    p_event_id, p_event_type, p_thing_id, p_occurred_at, p_stream_id, 'waiting', p_raw
  )
  on conflict (event_id) do update
  set attempts = e.attempts + 1, updated_at = now()
  where e.status = 'waiting' or (p_again and e.status = 'parked')
  returning e.* into v_row;
  if not found then
    outcome := 'already_done';
    return;
  end if;
  begin
    select a.outcome, a.reason into outcome, reason
    from apply_platform_event(
      p_event_id, p_event_type, p_thing_id, p_occurred_at, p_version, p_data
    ) a;
  exception
    when integrity_constraint_violation or data_exception then
      outcome := 'refused';
      reason := sqlerrm;
  end;
  outcome := case
    when outcome in ('applied', 'outdated', 'ignored') then outcome
    when outcome = 'not_yet' and not p_again and v_row.attempts < p_attempts_max then 'waiting'
    else 'parked'
  end;
  update consumed_events e
  set status = outcome, reason = left(take_platform_event.reason, 500),
    raw = case when outcome in ('waiting', 'parked') then e.raw end,
    updated_at = now()
  where e.event_id = p_event_id;
end
$$;

create function take_refund_event(p_event_id text, p_event_type text, p_payload jsonb, p_reference text, p_refund_id uuid, p_payment_intent text, p_status text, p_amount numeric, p_currency text, p_error text)
returns text
language plpgsql
set petpro.writer=app
set enable_seqscan=off
as $$
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_outcome text := 'refund_recorded';
  v_known_reference text;
  v_p payments;
  v_f refunds;
  v_id uuid;
begin
  if not is_new_event(p_event_id, p_event_type, p_payload) then return 'already_done'; end if;
  select f.* into v_f
  from refunds f
  where f.external_reference = p_reference or f.id = p_refund_id
  order by f.external_reference = p_reference desc nulls last
  limit 1;
  v_id := v_f.id;
  v_known_reference := v_f.external_reference;
  -- Payment first, then refund: the order that all take.
  select p.* into v_p
  from payments p
  where p.id = coalesce(v_f.payment_id, payment_of_intent(p_payment_intent))
  for no key update;
  if v_p.id is null then
    v_outcome := 'ignored';
  elsif v_id is null and (p_status = 'failed' or upper(p_currency) <> v_p.currency) then
    v_outcome := case p_status when 'failed' then 'ignored' else 'unknown_money' end;
  elsif v_id is null then
    -- Looked for again under the lock: a twin of this event may have entered it meanwhile.
    select f.id into v_id from refunds f where f.external_reference = p_reference;
    if v_id is null then
      v_id := note_money_gone(
        v_p, 'dashboard', p_reference, p_amount, 'made_at_the_provider', v_actor
      );
    end if;
    if v_id is null then v_outcome := 'unknown_money'; end if;
  end if;
  if v_id is not null then
    select * into v_f from refunds f where f.id = v_id for no key update;
    if p_reference = any (v_f.failed_references) or v_f.status = 'denied' then
      v_outcome := 'already_done';
    elsif v_f.status = 'completed' and p_status = 'failed' then
      perform return_refund(v_id, p_error, v_actor);
    elsif v_f.status = 'completed' or v_f.returned_at is not null
      or p_status = 'processing' and v_known_reference = p_reference then
      v_outcome := 'already_done';
    else
      perform finish_refund(v_id, p_status, p_reference, p_error);
    end if;
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  return v_outcome;
end
$$;

create function take_time_off(p_plan_id bigint, p_reason text, p_actor jsonb, OUT outcome text, OUT problem jsonb, OUT time_off_id uuid, OUT moved integer, OUT cancelled integer, OUT kept integer, OUT holds_ended jsonb, OUT slots_closed integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_taken record;
  v_wish jsonb;
  v_item jsonb;
  v_during tstzrange;
  v_staff_id uuid;
  v_why text;
  v_reason text;
  v_hold record;
  v_claims uuid[];
  v_slots uuid[];
  v_left uuid;
begin
  moved := 0;
  cancelled := 0;
  kept := 0;
  holds_ended := '[]';
  begin
    select t.outcome, t.items into v_taken from take_plan(p_plan_id, 'time_off', p_reason, p_actor) t;
    if v_taken.outcome <> 'ok' then
      outcome := v_taken.outcome;
      return;
    end if;
    v_wish := v_taken.items -> 0;
    v_staff_id := (v_wish ->> 'staff_id')::uuid;
    v_reason := coalesce(p_reason, v_wish ->> 'reason');
    v_during := tstzrange(
      (v_wish ->> 'starts_at')::timestamptz, (v_wish ->> 'ends_at')::timestamptz
    );
    -- In one order, so that two plans which touch the same visits wait for each other only once.
    for v_item in
      select i from jsonb_array_elements(v_taken.items - 0) i order by i ->> 'reservation_id'
    loop
      v_why := 'ok';
      case v_item ->> 'kind'
        when 'move' then
          select r.outcome into v_why
          from reschedule_booking(
            (v_item ->> 'booking_id')::uuid, (v_item ->> 'to_slot_id')::uuid, 'clinic', null,
            v_reason, (v_item ->> 'version')::integer, false, p_actor
          ) r;
          moved := moved + 1;
        when 'cancel' then
          select r.outcome into v_why
          from cancel_booking(
            (v_item ->> 'booking_id')::uuid, v_reason, 'clinic', (v_item ->> 'version')::integer,
            false, p_actor
          ) r;
          cancelled := cancelled + 1;
        when 'end_hold' then
          -- One that has ended by itself is no hindrance; one that was paid is seen below.
          select r.* into v_hold
          from cancel_reservation((v_item ->> 'reservation_id')::uuid, v_reason, p_actor) r;
          if v_hold.outcome = 'ok' then
            holds_ended := holds_ended || jsonb_build_object(
              'slot_id', v_hold.slot_id, 'seats', v_hold.seats, 'lock_id', v_hold.lock_id,
              'session_id', v_hold.session_id
            );
          end if;
        else
          kept := kept + 1;
      end case;
      if v_why <> 'ok' then
        problem := v_item || jsonb_build_object('why', v_why);
        raise exception using errcode = 'PP001', message = 'the plan is no longer true';
      end if;
    end loop;

    select s.slot_id into v_left
    from staff_claims s
    where s.staff_id = v_staff_id
      and s.during && v_during
      and not exists (
        select from jsonb_array_elements(v_taken.items - 0) i
        where i ->> 'kind' = 'keep' and (i ->> 'slot_id')::uuid = s.slot_id
      )
      and not exists (
        select from staff_time_off t where t.ended_at is null and t.claim_ids @> array[s.slot_id]
      )
    limit 1;
    if found then
      problem := jsonb_build_object('kind', 'new', 'slot_id', v_left, 'why', 'slot_taken');
      raise exception using errcode = 'PP001', message = 'somebody booked meanwhile';
    end if;

    -- The judge from now on: whoever is about to claim this vet meets the exclusion constraint.
    with gap as (
      select unnest(
        tstzmultirange(v_during) - coalesce(range_agg(s.during), '{}'::tstzmultirange)
      ) as during
      from staff_claims s
      where s.staff_id = v_staff_id and s.during && v_during
    ), made as (
      insert into staff_claims (slot_id, staff_id, clinic_id, during)
      select gen_random_uuid(), v_staff_id, (v_wish ->> 'clinic_id')::uuid, g.during
      from gap g
      returning slot_id
    )
    select coalesce(array_agg(m.slot_id), '{}') into v_claims from made m;

    with standing as (
      select sl.id
      from slots sl
      where sl.staff_id = v_staff_id
        and sl.starts_at < upper(v_during) and sl.ends_at > lower(v_during)
        -- Those of kept visits too: when one is cancelled, its time stays closed.
        and sl.status <> 'blocked'
      order by sl.id
      for update
    ), closed as (
      update slots sl
      set status = 'blocked', version = sl.version + 1, updated_at = now()
      from standing s
      where sl.id = s.id
      returning sl.id
    )
    select coalesce(array_agg(c.id), '{}') into v_slots from closed c;

    insert into staff_time_off (
      clinic_id, staff_id, starts_at, ends_at, reason, claim_ids, slot_ids, plan_id, created_by
    )
    values (
      (v_wish ->> 'clinic_id')::uuid, v_staff_id, lower(v_during), upper(v_during), v_reason,
      v_claims, v_slots, p_plan_id, actor_id(p_actor)
    )
    returning id into time_off_id;
    slots_closed := cardinality(v_slots);
    outcome := 'ok';
  exception
    when sqlstate 'PP001' then
      outcome := 'conflict';
    when exclusion_violation then
      outcome := 'conflict';
      problem := jsonb_build_object('kind', 'new', 'why', 'slot_taken');
  end;
end
$$;

create function tax_lines(p_lines jsonb, p_currency text, p_tax_bp integer, p_tax_included boolean, OUT lines jsonb, OUT amount numeric, OUT tax_amount numeric)
returns record
language plpgsql stable
as $$
declare
  v_exponent integer := (select c.exponent from currencies c where c.code = p_currency);
  v_unit numeric := power(10::numeric, v_exponent);
  v_weights numeric[];
  v_sum numeric;
  v_tax numeric;
  v_shares bigint[];
begin
  select array_agg((l ->> 'amount')::numeric * v_unit order by i) into v_weights
  from jsonb_array_elements(p_lines) with ordinality as u (l, i);
  select sum(w) into v_sum from unnest(v_weights) as w;
  v_tax := round(
    v_sum * p_tax_bp / case when p_tax_included then 10000 + p_tax_bp else 10000 end
  );
  v_shares := case
    when v_tax = 0 then array_fill(0::bigint, array[cardinality(v_weights)])
    else split_minor(v_tax::bigint, v_weights)
  end;
  tax_amount := round(v_tax / v_unit, v_exponent);
  amount := round((v_sum + case when p_tax_included then 0 else v_tax end) / v_unit, v_exponent);
  select jsonb_agg(
      l || jsonb_build_object(
        'unit_price', round((l ->> 'unit_price')::numeric, v_exponent)::text,
        'amount', round((l ->> 'amount')::numeric, v_exponent)::text,
        'tax_amount', round(v_shares[i] / v_unit, v_exponent)::text,
        'total', round(
          (l ->> 'amount')::numeric + case when p_tax_included then 0 else v_shares[i] / v_unit end,
          v_exponent
        )::text
      ) order by i
    ) into lines
  from jsonb_array_elements(p_lines) with ordinality as u (l, i);
end
$$;

create function tell_alert(p_name text, p_word text, p_for_s integer, p_reason text, p_by text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_a alerts;
  v_before jsonb;
begin
  insert into alerts (name) values (p_name) on conflict do nothing;
  select a.* into v_a from alerts a where a.name = p_name for no key update;
  if p_word = 'ack' and v_a.state <> 'firing' then return 'policy_refused'; end if;
  v_before := jsonb_build_object('acked_at', v_a.acked_at, 'muted_until', v_a.muted_until);
  case p_word
    when 'ack' then
      update alerts a
      set acked_at = now(), acked_by = p_by, ack_reason = p_reason
      where a.name = p_name;
    when 'mute' then
      update alerts a
      set muted_until = now() + p_for_s * interval '1 second', muted_by = p_by,
        mute_reason = p_reason
      where a.name = p_name;
    when 'unmute' then
      if v_a.muted_until is null or v_a.muted_until <= now() then return 'already_done'; end if;
      update alerts a
      set muted_until = null, muted_by = null, mute_reason = null
      where a.name = p_name;
  end case;
  insert into alert_changes (name, change, value, by, reason)
  values (
    p_name, case p_word when 'ack' then 'acked' when 'mute' then 'muted' else 'unmuted' end,
    v_a.value, p_by, p_reason
  );
  select a.* into v_a from alerts a where a.name = p_name;
  perform audit(
    'alert.' || p_word, 'alert', p_name, null, p_reason, v_before,
    jsonb_build_object('acked_at', v_a.acked_at, 'muted_until', v_a.muted_until), p_actor
  );
  return 'ok';
end
$$;

create function tell_counts(p_daemon_id text, p_counts jsonb, p_gauges jsonb)
returns void
language plpgsql
as $$
begin
  insert into kpi_daemons as d (daemon_id, gauges)
  values (p_daemon_id, p_gauges)
  on conflict (daemon_id) do update set seen_at = now(), gauges = excluded.gauges;
  if p_counts <> '{}' then
    perform put_counts(date_trunc('minute', now()), p_daemon_id, p_counts);
  end if;
end
$$;

create function tell_together(p_event_type text, p_bookings uuid[])
returns void
language sql
as $$
  update booking_events_outbox o
  set payload = o.payload || case
      when o.aggregate_id = p_bookings[1]
        then jsonb_build_object('tells', to_jsonb(p_bookings))
      else jsonb_build_object('told_by', p_bookings[1])
    end
  where o.aggregate_id = any (p_bookings)
    and o.event_type = p_event_type
    and o.created_at = now()
    and cardinality(p_bookings) > 1
$$;

create function tell_waitlist(p_w waitlist_entries, p_request_id text)
returns void
language sql
as $$
  select emit_event(
    'waitlist.changed', 'waitlist', p_w.id, p_w.version, p_w.clinic_id, p_request_id,
    waitlist_payload(p_w)
  )
$$;

create function test_alerts(p_for_s integer, p_reason text, p_actor jsonb)
returns void
language plpgsql
as $$
begin
  update kpi_state set test_until = now() + p_for_s * interval '1 second';
  perform audit(
    'alert.test', 'alert', 'test', null, p_reason, null,
    jsonb_build_object('for_s', p_for_s), p_actor
  );
end
$$;

create function tier_remaining(p_slot_id uuid, p_tier_id uuid, p_limit integer)
returns integer
language sql stable
as $$
  select greatest(0, least(
    p_limit - count(*) filter (where c.tier_id = p_tier_id),
    sl.capacity - count(c.seat)
  ))::integer
  from slots sl
  left join slot_claims c on c.slot_id = sl.id and (c.expires_at is null or c.expires_at > now())
  where sl.id = p_slot_id
  group by sl.capacity
$$;

create function tiers_of_slot(p_slot_id uuid)
returns SETOF price_tiers
language sql stable
as $$
  select distinct on (lower(t.name)) t.*
  from slots sl
  join price_tiers t on t.service_id = sl.service_id
  where sl.id = p_slot_id
    and t.is_active
    and (t.slot_id is null or t.slot_id = sl.id)
    and extract(isodow from sl.slot_date) = any (t.weekdays)
    and sl.slot_start_time >= t.from_time
    and sl.slot_start_time < t.to_time
  order by lower(t.name), t.slot_id nulls last
$$;

create function touch_schedule(p_clinic_id uuid)
returns void
language sql
as $$
  insert into schedule_state as s (clinic_id)
  values (p_clinic_id)
  on conflict (clinic_id) do update set version = s.version + 1, due_at = now()
$$;

create function undo_booking(p_booking_id uuid, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT problem text, OUT undone text, OUT status text, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_new bookings;
  v_entry booking_log_entries;
  v_event booking_events_outbox;
  -- The event whose message tells of this one: its own, but for visits of a series (0064).
  v_told_id uuid;
  v_slot slots;
  v_seats integer[];
  v_place record;
begin
  -- As reschedule_booking: the reservation first, and not for the whole of it. Nor the booking: the
  -- relay's notifications look at it while they hold the event that is locked below.
  perform
  from reservations r
  where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
  for no key update;
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  status := v_b.status;
  version := v_b.version;
  if p_expected_version is not null and p_expected_version <> v_b.version then
    outcome := 'conflict';
    return;
  end if;
  select e.* into v_entry
  from booking_logs l
  join booking_log_entries e on e.log_id = l.id and e.booking_version = v_b.version
  where l.booking_id = v_b.id;
  undone := case
    when v_entry.action = 'booking.cancelled' then 'cancelled'
    when v_entry.action = 'booking.arrived' then 'arrived'
    when v_entry.action = 'booking.status_changed' and v_b.status = 'no-show' then 'no-show'
  end;
  outcome := 'policy_refused';
  problem := case
    when undone is null or v_entry.new_state ->> 'undone' is not null then 'nothing_to_undo'
    when v_entry.created_at < now() - interval '24 hours' then 'undo_too_late'
    when p_actor ->> 'kind' = 'customer'
      and v_entry.performed_by is distinct from actor_id(p_actor) then 'undo_not_yours'
  end;
  if problem is not null then return; end if;

  -- The relay holds this row while it publishes: from here on it has, or it will see the mark.
  select * into v_event
  from booking_events_outbox o
  where o.aggregate_id = v_b.id and o.aggregate_version = v_b.version
  for update;
  v_told_id := v_event.id;
  if v_event.payload ? 'told_by' then
    select o.id into v_told_id
    from booking_events_outbox o
    where o.aggregate_id = (v_event.payload ->> 'told_by')::uuid
      and o.event_type = v_event.event_type
      and o.created_at = v_event.created_at
    for update;
  end if;
  -- Dispatcher and refunder lease rows before they work: a row that we lock is not under way.
  perform from deliveries d where d.event_id = v_told_id for update;
  perform from payments p where p.booking_id = v_b.id order by p.paid_at, p.id for no key update;
  perform from refunds f
  where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at
  for no key update;
  problem := case
    when exists (
      select from deliveries d
      where d.event_id = v_told_id and (d.status <> 'pending' or d.attempts > 0)
    ) then 'already_told'
    when undone = 'cancelled' and exists (
      select from refunds f
      where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at
        and (f.status <> 'pending' or f.attempts > 0)
    ) then 'refund_under_way'
  end;
  if problem is not null then return; end if;

  if undone = 'cancelled' then
    perform pg_advisory_xact_lock(hashtextextended(v_b.user_id::text, 1));
    if exists (
      select from slot_claims c
      where c.user_id = v_b.user_id
        and c.ends_at > v_b.booking_time
        and c.starts_at < coalesce(
          v_b.ends_at, (select sl.ends_at from slots sl where sl.id = v_b.slot_id)
        )
        and (c.expires_at is null or c.expires_at > now())
    ) then
      problem := 'owner_busy';
      return;
    end if;
    perform from slots sl where sl.id = v_b.slot_id and sl.capacity > 1 for update;
    select * into v_slot from slots sl where sl.id = v_b.slot_id;
    select r.seats into v_seats from reservations r where r.id = v_b.reservation_id;
    if v_b.item_count > 1 then
      select retake_items(r, null) into v_seats from reservations r where r.id = v_b.reservation_id;
      if v_seats is null then
        problem := 'slot_gone';
        return;
      end if;
      update reservations r set seats = v_seats where r.id = v_b.reservation_id;
    else
      if v_slot.status = 'blocked' then
        problem := 'slot_gone';
        return;
      end if;
      select c.* into v_place from claim_for_move(v_b, v_slot, v_seats) c;
      if v_place.outcome <> 'ok' then
        problem := 'slot_gone';
        return;
      end if;
      update reservations r set seats = v_place.seats where r.id = v_b.reservation_id;
    end if;
    delete from refunds f where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at;
    update payments p
    set refund_status = refund_status_of(p.id),
      version = p.version + 1,
      updated_at = now()
    where p.booking_id = v_b.id and p.status = 'success' and p.refund_status is not null;
  end if;
  -- A message about several visits stays: it tells of those that are true when it leaves.
  if not v_event.payload ? 'tells' then
    delete from deliveries d where d.event_id = v_event.id;
    delete from notifications n where n.event_id = v_event.id;
  end if;
  if undone = 'cancelled' then
    -- What was dropped because of the cancel is true again: a confirmation that had not left yet, and
    -- its tickets. A dropped row's next_attempt_at is the moment of its end.
    with again as (
      update deliveries d
      set status = 'pending', next_attempt_at = now(), due_at = now(), last_error = null,
        error_code = null
      where d.booking_id = v_b.id and d.event_id is not null and d.status = 'dropped'
        and d.error_code = 'outdated' and d.next_attempt_at >= v_b.cancelled_at
      returning d.event_id, d.user_id
    )
    update notifications n
    set delivery_status = 'pending'
    from again a
    where n.event_id = a.event_id and n.user_id = a.user_id and n.delivery_status = 'none';
  end if;
  update booking_events_outbox o
  set payload = o.payload || '{"undone": true}'
  where o.id = v_event.id and not o.published;

  update bookings b
  set status = 'confirmed',
    cancellation_reason = null,
    cancelled_by = null,
    cancelled_at = null,
    refund_percent = null,
    arrived_at = case when undo_booking.undone = 'arrived' then null else b.arrived_at end,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_b.id
  returning b.* into v_new;
  if undone <> 'arrived' then perform plan_reminders(v_new); end if;
  perform log_booking(
    v_b.id, v_new.version, 'booking.undone', v_new.status,
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at),
    jsonb_build_object('status', v_new.status, 'arrived_at', v_new.arrived_at, 'undone', undone),
    null, p_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', v_b.id, v_new.version, v_b.clinic_id,
    p_actor ->> 'request_id',
    booking_payload(v_new) || jsonb_build_object(
      'previous_status', case when undone = 'arrived' then undone else v_b.status end,
      'new_status', v_new.status, 'changed_at', now(), 'undone', undone
    )
  );
  if undone = 'cancelled' and v_b.item_count > 1 then
    perform count_items(v_b.reservation_id, 1);
  elsif undone = 'cancelled' then
    update slots sl
    set booked_count = sl.booked_count + v_b.quantity,
      status = case
        when sl.booked_count + v_b.quantity >= sl.capacity then 'booked' else 'available'
      end,
      version = sl.version + 1,
      updated_at = now()
    where sl.id = v_b.slot_id;
  end if;
  outcome := 'ok';
  status := v_new.status;
  version := v_new.version;
end
$$;

create function undoable_bookings(p_by uuid, p_limit integer)
returns TABLE(booking_id uuid, reference_code text, clinic_id uuid, time_zone text, action text, at timestamp with time zone, leaves_at timestamp with time zone, version integer)
language sql stable
as $$
  select b.id, b.reference_code, b.clinic_id, c.time_zone,
    case
      when e.action = 'booking.cancelled' then 'cancelled'
      when e.action = 'booking.arrived' then 'arrived'
      else 'no-show'
    end,
    e.created_at, (o.payload ->> 'not_before')::timestamptz, b.version
  from booking_log_entries e
  join booking_logs l on l.id = e.log_id
  join bookings b on b.id = l.booking_id and b.version = e.booking_version
  join clinics c on c.id = b.clinic_id
  left join booking_events_outbox o
    on o.aggregate_id = b.id and o.aggregate_version = b.version
  where e.performed_by = p_by
    and e.action in ('booking.cancelled', 'booking.arrived', 'booking.status_changed')
    and (e.action <> 'booking.status_changed' or e.status = 'no-show')
    and e.created_at > now() - interval '24 hours'
    and not exists (
      select from deliveries d
      where (
          d.event_id = o.id
          or o.payload ? 'told_by' and d.event_id = (
            select l.id
            from booking_events_outbox l
            where l.aggregate_id = (o.payload ->> 'told_by')::uuid
              and l.event_type = o.event_type and l.created_at = o.created_at
          )
        )
        and (d.status <> 'pending' or d.attempts > 0)
    )
    and not exists (
      select from refunds f
      where f.booking_id = b.id and f.created_at = b.cancelled_at
        and (f.status <> 'pending' or f.attempts > 0)
    )
  order by e.created_at desc
  limit p_limit
$$;

create function use_tickets(p_booking_id uuid, p_seat integer, p_place uuid, p_expected_version integer, p_actor jsonb, OUT outcome text, OUT problem text, OUT seats integer[], OUT used_at timestamp with time zone, OUT seats_left integer, OUT admits_from timestamp with time zone, OUT version integer)
returns record
language plpgsql
set petpro.writer=app
as $$
#variable_conflict use_column
declare
  v_old bookings;
  v_b bookings;
  v_slot slots;
  v_zone text;
  v_kind text;
  v_seats integer[];
  v_used integer;
  v_last timestamptz;
  v_new integer[];
begin
  select * into v_old from bookings b where b.id = p_booking_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  select c.time_zone, c.kind into v_zone, v_kind from clinics c where c.id = v_old.clinic_id;
  select * into v_slot from slots sl where sl.id = v_old.slot_id;
  select r.seats into v_seats from reservations r where r.id = v_old.reservation_id;
  -- A seat counts even when the booking moved since: who was in does not come in again.
  select count(*), max(u.used_at) filter (where u.seat = p_seat), max(u.used_at)
  into v_used, used_at, v_last
  from ticket_uses u
  where u.booking_id = v_old.id;
  seats_left := v_old.quantity - v_used;
  admits_from := greatest(
    check_in_from(v_old),
    least(
      date_trunc('day', v_slot.starts_at at time zone v_zone) at time zone v_zone,
      v_slot.starts_at - interval '3 hours'
    )
  );
  outcome := 'policy_refused';
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  problem := case
    when is_hidden(p_actor, v_old.user_id, v_old.clinic_id) or p_place <> v_old.clinic_id
      then 'other_place'
    when v_kind <> 'venue' or v_seats is null then 'no_tickets'
    when v_old.status in ('cancelled', 'completed', 'no-show') then 'booking_final'
    when used_at is not null then 'ticket_used'
    when p_seat <> all (v_seats) then 'seat_changed'
    when now() >= v_slot.ends_at then 'event_over'
    when now() < admits_from then 'other_day'
    when seats_left < 1 then 'ticket_used'
  end;
  if problem is not null then
    used_at := coalesce(used_at, v_last);
    return;
  end if;

  with admitted as (
    insert into ticket_uses (booking_id, seat, used_by, source)
    select v_old.id, s.seat, actor_id(p_actor), p_actor ->> 'source'
    from unnest(v_seats) as s (seat)
    where (p_seat is null or s.seat = p_seat)
      and not exists (
        select from ticket_uses u where u.booking_id = v_old.id and u.seat = s.seat
      )
    order by s.seat
    limit seats_left
    returning seat
  )
  select array_agg(a.seat order by a.seat) into v_new from admitted a;
  if v_new is null then
    problem := 'ticket_used';
    used_at := v_last;
    return;
  end if;
  update bookings b
  set arrived_at = coalesce(b.arrived_at, now()), version = b.version + 1, updated_at = now()
  where b.id = v_old.id
  returning b.* into v_b;
  -- The first admission can be undone as an arrival; a later one is an entry of its own.
  perform log_booking(
    v_b.id, v_b.version,
    case when v_old.arrived_at is null then 'booking.arrived' else 'booking.admitted' end,
    v_b.status,
    jsonb_build_object('status', v_old.status, 'arrived_at', v_old.arrived_at),
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at, 'seats', v_new),
    'seats ' || array_to_string(v_new, ', '), p_actor
  );
  perform emit_event(
    'booking.arrived', 'booking', v_b.id, v_b.version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_b) || jsonb_build_object(
      'previous_status', v_old.status, 'new_status', v_b.status, 'changed_at', now(),
      'arrived_at', v_b.arrived_at, 'seats', v_new
    )
  );
  outcome := 'ok';
  seats := v_new;
  seats_left := seats_left - cardinality(v_new);
  used_at := now();
  version := v_b.version;
end
$$;

create function visitors_around(p_clinic_id uuid)
returns TABLE(user_id uuid)
language sql stable
as $$
  select x.user_id
  from (
    (
      select b.user_id from bookings b
      where b.clinic_id = p_clinic_id and b.booking_time >= now()
      order by b.booking_time, b.id
      limit 500
    )
    union all
    (
      select b.user_id from bookings b
      where b.clinic_id = p_clinic_id and b.booking_time < now()
      order by b.booking_time desc, b.id desc
      limit 500
    )
  ) as x
  group by x.user_id;
$$;

create function waitlist_payload(p_w waitlist_entries)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'entry_id', p_w.id,
    'user_id', p_w.user_id,
    'pet_id', p_w.pet_id,
    'clinic_id', p_w.clinic_id,
    'service_id', p_w.service_id,
    'quantity', p_w.quantity,
    'status', p_w.status,
    'left_reason', p_w.left_reason,
    'version', p_w.version
  )
$$;

create function waitlist_refusal(p_w waitlist_entries, p_slot slots, p_free integer, p_notice_ms integer)
returns text
language sql stable
as $$
  select case
    when p_slot.starts_at <= now() + p_notice_ms * interval '1 millisecond' then 'too_close'
    when not exists (select from users u where u.id = p_w.user_id and not u.is_erased)
      then 'owner_gone'
    when p_w.pet_id is not null
      and not exists (select from pets p where p.id = p_w.pet_id and p.user_id = p_w.user_id)
      then 'pet_gone'
    when not exists (
      select
      from notification_rules n
      cross join lateral unnest(n.channels) as k (channel)
      join users u on u.id = p_w.user_id
      left join notification_preferences f on f.user_id = u.id and f.channel = k.channel
      where n.event_type = 'waitlist.offered'
        and coalesce(f.enabled, k.channel = 'email')
        and coalesce(
          f.address, case k.channel when 'email' then u.email when 'sms' then u.phone end
        ) is not null
    ) then case
        when exists (
          select from notification_preferences f where f.user_id = p_w.user_id and not f.enabled
        ) then 'opted_out'
        else 'no_address'
      end
    when p_free < p_w.quantity then 'too_few_seats'
    when exists (
      select from slot_claims c
      where c.user_id = p_w.user_id
        and c.ends_at > p_slot.starts_at
        and c.starts_at < p_slot.ends_at
        and (c.expires_at is null or c.expires_at > now())
    ) then 'owner_busy'
  end
$$;

create function webhook_facts(p_e webhook_endpoints)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'url', p_e.url, 'event_types', p_e.event_types, 'status', p_e.status, 'version', p_e.version
  )
$$;

create function webhook_wants(p_filters text[], p_event_type text)
returns boolean
language sql immutable
as $$
  select exists (
    select 1
    from unnest(p_filters) as f
    where f in ('*', p_event_type)
      or (right(f, 2) = '.*' and starts_with(p_event_type, left(f, -1)))
  )
$$;

create function wider_query(p_words text[], p_near boolean)
returns tsquery
language sql stable
as $$
  select string_agg('(' || t.terms || ')', ' & ')::tsquery
  from unnest(p_words) as g (alternatives)
  cross join lateral (select split_part(g.alternatives, '|', 1) as word) as q
  cross join lateral (
    select string_agg(x.term, ' | ') as terms
    from (
      select word_query(array[g.alternatives], ':*')::text as term
      union all
      (
        select '''' || s.word || '''' from search_words s
        where length(q.word) >= 3 and s.word like '%' || q.word || '%'
        order by s.owner_count desc, s.word
        limit 30
      )
      union all
      (
        select '''' || s.word || '''' from search_words s
        where p_near and length(q.word) >= 3 and s.word % q.word
        order by similarity(s.word, q.word) desc, s.owner_count desc, s.word
        limit 10
      )
    ) as x
  ) as t;
$$;

create function withdraw_price_tier(p_service_id uuid, p_name text, p_slot_id uuid, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_sv services;
  v_t price_tiers;
begin
  select * into v_sv from services sv where sv.id = p_service_id for no key update;
  if v_sv.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_sv.clinic_id) then
    return 'not_found';
  end if;
  update price_tiers t
  set is_active = false, version = t.version + 1, updated_at = now()
  where t.service_id = p_service_id and lower(t.name) = lower(p_name)
    and t.slot_id is not distinct from p_slot_id and t.is_active
  returning t.* into v_t;
  if not found then return 'not_found'; end if;
  update services sv
  set has_tiers = exists (
      select from price_tiers t where t.service_id = p_service_id and t.is_active
    ),
    version = sv.version + 1,
    updated_at = now()
  where sv.id = p_service_id;
  perform audit(
    'price.withdrawn', 'price_tier', v_t.id::text, v_t.clinic_id, null, price_tier_json(v_t), null,
    p_actor
  );
  return 'ok';
end
$$;

create function word_query(p_words text[], p_mark text, p_short boolean DEFAULT false)
returns tsquery
language sql immutable
as $$
  select string_agg('(' || t.terms || ')', ' & ')::tsquery
  from unnest(p_words) as g (alternatives)
  cross join lateral (
    select string_agg(
      '''' || replace(replace(a.word, '\', '\\'), '''', '''''') || ''''
      || case
        when p_short or length(a.word) > 1 or a.word > U&'\2E80' collate "C" then p_mark
        else ''
      end,
      ' | '
    ) as terms
    from unnest(string_to_array(g.alternatives, '|')) as a (word)
  ) as t;
$$;

create function write_booking_items(p_b bookings)
returns void
language sql
as $$
  insert into booking_items (
    booking_id, position, service_id, slot_id, name, quantity, unit_price, amount
  )
  select p_b.id, 1, p_b.service_id, p_b.slot_id, p_b.service_snapshot ->> 'name', p_b.quantity,
    p_b.amount / p_b.quantity, p_b.amount
  where p_b.price_lines is null
  union all
  select p_b.id, i, p_b.service_id, p_b.slot_id,
    concat_ws(', ', p_b.service_snapshot ->> 'name', l ->> 'tier'), (l ->> 'units')::integer,
    (l ->> 'unit_price')::numeric, (l ->> 'amount')::numeric
  from jsonb_array_elements(p_b.price_lines) with ordinality as u (l, i)
$$;

create function write_items(p_b bookings)
returns void
language sql
as $$
  insert into booking_items (
    booking_id, position, service_id, slot_id, name, quantity, unit_price, amount
  )
  select p_b.id, i.position, i.service_id, i.slot_id, i.name, i.quantity,
    i.amount / i.quantity, i.amount
  from reservation_items i
  where i.reservation_id = p_b.reservation_id
$$;

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER bookings_net_insert AFTER INSERT ON public.bookings FOR EACH ROW WHEN ((current_setting('petpro.writer'::text, true) IS DISTINCT FROM 'app'::text)) EXECUTE FUNCTION net_booking();

CREATE TRIGGER bookings_net_stamp BEFORE UPDATE ON public.bookings FOR EACH ROW WHEN (((current_setting('petpro.writer'::text, true) IS DISTINCT FROM 'app'::text) AND ((old.status IS DISTINCT FROM new.status) OR (old.slot_id IS DISTINCT FROM new.slot_id)))) EXECUTE FUNCTION stamp_booking();

CREATE TRIGGER bookings_net_update AFTER UPDATE ON public.bookings FOR EACH ROW WHEN (((current_setting('petpro.writer'::text, true) IS DISTINCT FROM 'app'::text) AND ((old.status IS DISTINCT FROM new.status) OR (old.slot_id IS DISTINCT FROM new.slot_id)))) EXECUTE FUNCTION net_booking();

CREATE TRIGGER bookings_ticket_uses AFTER UPDATE OF arrived_at ON public.bookings FOR EACH ROW WHEN (((old.arrived_at IS NOT NULL) AND (new.arrived_at IS NULL))) EXECUTE FUNCTION forget_ticket_uses();

CREATE TRIGGER cash_counts_append_only BEFORE DELETE OR UPDATE ON public.cash_counts FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER clinics_change_availability AFTER UPDATE ON public.clinics FOR EACH ROW EXECUTE FUNCTION note_clinic_availability();

CREATE TRIGGER clinics_schedule AFTER UPDATE OF time_zone, country, region, holiday_policy, horizon_days ON public.clinics FOR EACH ROW WHEN ((((((old.time_zone IS DISTINCT FROM new.time_zone) OR (old.country IS DISTINCT FROM new.country)) OR (old.region IS DISTINCT FROM new.region)) OR (old.holiday_policy IS DISTINCT FROM new.holiday_policy)) OR (old.horizon_days IS DISTINCT FROM new.horizon_days))) EXECUTE FUNCTION schedule_concerned('id');

CREATE TRIGGER financial_entries_settled BEFORE DELETE OR UPDATE ON public.financial_entries FOR EACH ROW WHEN ((old.settlement_id IS NOT NULL)) EXECUTE FUNCTION keep_settled_entry();

CREATE TRIGGER pets_search_delete AFTER DELETE ON public.pets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_search();

CREATE TRIGGER pets_search_insert AFTER INSERT ON public.pets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_search();

CREATE TRIGGER pets_search_update AFTER UPDATE ON public.pets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_search();

CREATE TRIGGER price_tiers_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.price_tiers FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER public_holidays_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.public_holidays FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER public_holidays_schedule AFTER INSERT OR UPDATE ON public.public_holidays FOR EACH ROW WHEN ((new.clinic_id IS NOT NULL)) EXECUTE FUNCTION schedule_concerned('clinic_id');

CREATE TRIGGER reservations_settle_offer AFTER UPDATE OF status ON public.reservations FOR EACH ROW WHEN (((new.waitlist_entry_id IS NOT NULL) AND ((old.status)::text IS DISTINCT FROM (new.status)::text))) EXECUTE FUNCTION settle_offer();

CREATE TRIGGER reviews_counted AFTER INSERT OR DELETE OR UPDATE ON public.reviews FOR EACH ROW EXECUTE FUNCTION count_review();

CREATE TRIGGER schedule_exceptions_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.schedule_exceptions FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER schedule_exceptions_changed AFTER INSERT OR DELETE OR UPDATE ON public.schedule_exceptions FOR EACH ROW EXECUTE FUNCTION schedule_changed();

CREATE TRIGGER schedules_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.schedules FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER schedules_changed AFTER INSERT OR DELETE OR UPDATE ON public.schedules FOR EACH ROW EXECUTE FUNCTION schedule_changed();

CREATE TRIGGER services_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.services FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER services_schedule AFTER UPDATE OF duration_minutes, capacity, buffer_before_minutes, buffer_after_minutes, horizon_days ON public.services FOR EACH ROW WHEN ((((((old.duration_minutes IS DISTINCT FROM new.duration_minutes) OR (old.capacity IS DISTINCT FROM new.capacity)) OR (old.buffer_before_minutes IS DISTINCT FROM new.buffer_before_minutes)) OR (old.buffer_after_minutes IS DISTINCT FROM new.buffer_after_minutes)) OR (old.horizon_days IS DISTINCT FROM new.horizon_days))) EXECUTE FUNCTION schedule_concerned('clinic_id');

CREATE TRIGGER settlements_append_only BEFORE DELETE OR UPDATE ON public.settlements FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER slot_claims_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.slot_claims FOR EACH ROW EXECUTE FUNCTION note_claimed_availability();

CREATE TRIGGER slots_added AFTER INSERT ON public.slots REFERENCING NEW TABLE AS new_slots FOR EACH STATEMENT EXECUTE FUNCTION notice_slots();

CREATE TRIGGER slots_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.slots FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER slots_claimed BEFORE DELETE ON public.slots FOR EACH ROW EXECUTE FUNCTION keep_claimed_slot();

CREATE TRIGGER slots_opened AFTER UPDATE OF status, capacity ON public.slots FOR EACH ROW WHEN ((((old.status = 'blocked'::text) AND (new.status <> 'blocked'::text)) OR ((new.capacity - new.extra_seats) > (old.capacity - old.extra_seats)))) EXECUTE FUNCTION notice_slot();

CREATE TRIGGER staff_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.staff FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER staff_schedule AFTER UPDATE OF is_active ON public.staff FOR EACH ROW WHEN ((old.is_active <> new.is_active)) EXECUTE FUNCTION schedule_concerned('clinic_id');

CREATE TRIGGER staff_time_off_change_availability AFTER INSERT OR DELETE OR UPDATE ON public.staff_time_off FOR EACH ROW EXECUTE FUNCTION note_availability();

CREATE TRIGGER staff_time_off_schedule AFTER INSERT OR UPDATE OF ended_at ON public.staff_time_off FOR EACH ROW EXECUTE FUNCTION schedule_concerned('clinic_id');

CREATE TRIGGER users_search_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_search();

CREATE TRIGGER users_search_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_search();
