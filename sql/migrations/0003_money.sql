-- Money. Rows here never cascade away; refunds and attempts hang on a payment (capabilities 7.4).

create table payments (
  id uuid primary key default gen_random_uuid(),
  reservation_id uuid not null references reservations (id),
  -- Set by the same statement that makes the booking.
  booking_id uuid references bookings (id),
  clinic_id uuid not null references clinics (id),
  user_id uuid not null,
  -- The provider's session and its payment (intent).
  session_id text,
  session_expires_at timestamptz,
  session_closed_at timestamptz,
  payment_url text,
  external_reference text,
  amount numeric(15, 3) not null,
  currency text not null default 'IDR' references currencies (code),
  payment_method text not null,
  -- due: what confirms the booking (deposit or all of it); rest: taken at the visit.
  purpose text not null default 'due',
  status text not null default 'pending',
  payment_details jsonb not null default '{}',
  failure_reason text,
  paid_at timestamptz,
  refund_status text,
  refund_amount numeric(15, 3),
  refunded_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint payments_session_unique unique (session_id),
  constraint payments_amount_not_negative check (amount >= 0),
  constraint payments_status_known check (
    status in ('pending', 'processing', 'success', 'failed', 'refunded')
  ),
  constraint payments_purpose_known check (purpose in ('due', 'rest')),
  constraint payments_refund_status_known check (
    refund_status in ('pending', 'processing', 'completed', 'failed', 'denied')
  ),
  constraint payments_refund_ceiling check (refund_amount between 0 and amount),
  -- Money that arrived has a time; `refunded` is money that arrived and has to go back.
  constraint payments_paid_has_time check (
    status not in ('success', 'refunded') or paid_at is not null
  )
);

-- At most one successful payment confirms a reservation: a second one is money to give back.
create unique index payments_one_success on payments (reservation_id)
  where status = 'success' and purpose = 'due';
create index payments_reservation on payments (reservation_id);
create index payments_booking on payments (booking_id) where booking_id is not null;
create index payments_external on payments (external_reference)
  where external_reference is not null;
-- The poller asks the provider about these; a failed one may still be paid with another card.
create index payments_open on payments (created_at)
  where status in ('pending', 'processing', 'failed') and session_closed_at is null;
create index payments_refunding on payments (refund_status)
  where refund_status in ('pending', 'processing', 'failed');

alter table bookings
  add constraint bookings_payment_fkey foreign key (payment_id) references payments (id);

-- Every answer that the provider gave about a payment, in order of arrival.
create table payment_attempts (
  id uuid primary key default gen_random_uuid(),
  payment_id uuid not null references payments (id),
  event_id text,
  result text not null,
  amount numeric(15, 3),
  currency text,
  reason text,
  created_at timestamptz not null default now()
);

create index payment_attempts_payment on payment_attempts (payment_id, created_at);

create table refunds (
  -- Also the provider's idempotency key.
  id uuid primary key default gen_random_uuid(),
  payment_id uuid not null references payments (id),
  reservation_id uuid not null references reservations (id),
  booking_id uuid references bookings (id),
  clinic_id uuid not null references clinics (id),
  amount numeric(15, 3) not null,
  currency text not null references currencies (code),
  reason text not null,
  status text not null default 'pending',
  external_reference text,
  requested_by uuid,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_until timestamptz,
  last_error text,
  correlation_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint refunds_amount_positive check (amount > 0),
  constraint refunds_status_known check (
    status in ('pending', 'processing', 'completed', 'failed', 'denied')
  )
);

create index refunds_payment on refunds (payment_id);
create index refunds_booking on refunds (booking_id) where booking_id is not null;
create index refunds_open on refunds (next_attempt_at) where status in ('pending', 'processing');

-- The split of every payment and, with negative amounts, of every refund.
create table financial_entries (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  payment_id uuid not null references payments (id),
  refund_id uuid references refunds (id),
  clinic_id uuid not null references clinics (id),
  type text not null,
  total_amount numeric(15, 3) not null,
  platform_fee numeric(15, 3) not null,
  clinic_amount numeric(15, 3) not null,
  tax_amount numeric(15, 3) not null,
  currency text not null references currencies (code),
  status text not null default 'pending',
  settlement_date timestamptz,
  settlement_details jsonb,
  transaction_reference text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint financial_entries_refund_unique unique (refund_id),
  constraint financial_entries_type_known check (type in ('payment', 'refund')),
  constraint financial_entries_status_known check (status in ('pending', 'settled', 'void')),
  constraint financial_entries_sum check (
    platform_fee + clinic_amount + tax_amount = total_amount
  ),
  constraint financial_entries_sign check (
    (type = 'payment' and total_amount >= 0 and refund_id is null)
    or (type = 'refund' and total_amount < 0 and refund_id is not null)
  )
);

create unique index financial_entries_one_payment on financial_entries (payment_id)
  where type = 'payment';
create index financial_entries_booking on financial_entries (booking_id);
create index financial_entries_clinic on financial_entries (clinic_id, created_at);

-- Saved provider tokens; never a card number (capabilities 7.18).
create table payment_methods (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  provider_customer_id text not null,
  provider_method_id text not null,
  brand text,
  last4 text,
  expires_on date,
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint payment_methods_provider_unique unique (provider_method_id),
  constraint payment_methods_last4_form check (last4 ~ '^[0-9]{4}$')
);

create index payment_methods_user on payment_methods (user_id) where removed_at is null;

-- Inbox: the event id decides whether a webhook is new.
create table webhook_events (
  event_id text primary key,
  event_type text not null,
  payload jsonb not null,
  outcome text,
  payment_id uuid references payments (id),
  received_at timestamptz not null default now()
);

create index webhook_events_received on webhook_events (received_at);
