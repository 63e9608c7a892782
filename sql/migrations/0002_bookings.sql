-- Slots, holds, claims and bookings. docs/architecture.md, Decisions that shape the schema.

create table slots (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  service_id uuid not null references services (id),
  staff_id uuid references staff (id),
  room_id uuid references rooms (id),
  -- starts_at and ends_at decide; date and times are the clinic's local reading of them.
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  slot_date date not null,
  slot_start_time time not null,
  slot_end_time time not null,
  status text not null default 'available',
  capacity integer not null default 1,
  booked_count integer not null default 0,
  -- The price tier that applies, per seat; null = the service's price.
  price numeric(15, 3),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint slots_status_known check (status in ('available', 'booked', 'blocked')),
  constraint slots_time_order check (ends_at > starts_at),
  constraint slots_capacity_range check (capacity between 1 and 10000),
  constraint slots_booked_count_range check (booked_count between 0 and capacity),
  constraint slots_price_not_negative check (price >= 0)
) with (fillfactor = 90);

-- status and booked_count stay out of all indices, so that counting is a heap-only update.
create index slots_service_start on slots (service_id, starts_at);
create index slots_clinic_start on slots (clinic_id, starts_at);
create index slots_staff_start on slots (staff_id, starts_at) where staff_id is not null;

-- Gives the fence token and, permuted, the reference code of a hold. Never cached per session: the
-- fence must grow per slot whichever connection claims it.
create sequence hold_numbers as bigint maxvalue 99999999;

-- Domains, because a CHECK on the table is parsed anew for every insert: ten microseconds of the
-- hottest statement (docs/adr/0001-claims-are-rows.md).
create domain reservation_status as text
  constraint reservations_status_known check (
    value in ('pending', 'confirmed', 'cancelled', 'expired')
  );
create domain approval_status as text
  constraint reservations_approval_known check (
    value in ('none', 'awaiting', 'approved', 'rejected')
  );
-- At most 50 seats in one hold; larger groups are several holds.
create domain seat_count as integer
  constraint reservations_quantity_range check (value between 1 and 50);
create domain seat_number as integer
  constraint slot_claims_seat_positive check (value >= 1);
create domain price_amount as numeric(15, 3)
  constraint reservations_amount_range check (value >= 0);

create table reservations (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  pet_id uuid not null,
  clinic_id uuid not null,
  service_id uuid not null,
  -- No foreign key here: it would lock the slot's row in every hold. The invariant `claims` and
  -- the trigger below watch over it.
  slot_id uuid not null,
  lock_id text not null,
  fence bigint not null,
  reference_code text not null,
  status reservation_status not null default 'pending',
  approval approval_status not null default 'none',
  quantity seat_count not null default 1,
  seats integer[] not null,
  -- amount is the whole price; amount_due is to be paid before it is confirmed (deposit or all).
  amount price_amount not null,
  amount_due price_amount not null,
  currency text not null,
  expires_at timestamptz not null,
  extended_at timestamptz,
  idempotency_key text,
  notes text,
  cancellation_reason text,
  source text,
  correlation_id text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint reservations_reference_unique unique (reference_code)
) with (fillfactor = 80);

create unique index reservations_idempotency on reservations (user_id, idempotency_key)
  where idempotency_key is not null;
create index reservations_due on reservations (expires_at) where status = 'pending';

-- The guard: one row per sold or held seat. expires_at is null once booked. A seat is free when it
-- has no row, or when its row is overdue and has been expired by whoever wants the seat.
create table slot_claims (
  slot_id uuid not null,
  seat seat_number not null,
  reservation_id uuid not null references reservations (id) deferrable initially deferred,
  user_id uuid not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  expires_at timestamptz,
  constraint slot_claims_pkey primary key (slot_id, seat)
) with (fillfactor = 80);

create index slot_claims_user on slot_claims (user_id, ends_at);

create function keep_claimed_slot() returns trigger
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

create trigger slots_claimed
before delete on slots
for each row execute function keep_claimed_slot();

-- One row while a slot has any claim: a vet is never sold twice through two services.
create table staff_claims (
  slot_id uuid primary key,
  staff_id uuid not null,
  clinic_id uuid not null,
  during tstzrange not null,
  constraint staff_claims_no_overlap exclude using gist (staff_id with =, during with &&)
);

create table room_claims (
  slot_id uuid primary key,
  room_id uuid not null,
  clinic_id uuid not null,
  during tstzrange not null,
  constraint room_claims_no_overlap exclude using gist (room_id with =, during with &&)
);

create table bookings (
  id uuid primary key default gen_random_uuid(),
  reservation_id uuid references reservations (id),
  user_id uuid not null,
  pet_id uuid not null,
  clinic_id uuid not null references clinics (id),
  service_id uuid not null references services (id),
  slot_id uuid not null references slots (id),
  payment_id uuid,
  reference_code text not null,
  quantity integer not null default 1,
  amount numeric(15, 3) not null,
  amount_due numeric(15, 3) not null,
  currency text not null references currencies (code),
  -- at_clinic: confirmed without money; the invariant `paid` leaves it out.
  payment_mode text not null default 'prepaid',
  status text not null default 'confirmed',
  cancellation_reason text,
  cancelled_by text,
  cancelled_at timestamptz,
  refund_percent integer,
  -- A reschedule made inside a worse tier keeps that tier (capabilities 7.20).
  refund_percent_cap integer not null default 100,
  notes text,
  pet_snapshot jsonb not null default '{}',
  service_snapshot jsonb not null default '{}',
  user_snapshot jsonb not null default '{}',
  policy_snapshot jsonb not null default '[]',
  -- When the appointment starts: a copy of slots.starts_at that lists are ordered by.
  booking_time timestamptz not null,
  arrived_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  calendar_synced_at timestamptz,
  source text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint bookings_reservation_unique unique (reservation_id),
  constraint bookings_reference_unique unique (reference_code),
  constraint bookings_status_known check (
    status in ('confirmed', 'in-progress', 'completed', 'cancelled', 'no-show')
  ),
  constraint bookings_payment_mode_known check (payment_mode in ('prepaid', 'at_clinic')),
  constraint bookings_cancelled_by_known check (cancelled_by in ('owner', 'clinic')),
  constraint bookings_refund_percent_range check (
    refund_percent between 0 and 100 and refund_percent_cap between 0 and 100
  ),
  constraint bookings_amount_range check (
    amount >= 0 and amount_due >= 0 and amount_due <= amount
  )
) with (fillfactor = 85);

create index bookings_user_time on bookings (user_id, booking_time, id);
create index bookings_clinic_time on bookings (clinic_id, booking_time, id);
create index bookings_service on bookings (service_id, booking_time);
create index bookings_slot on bookings (slot_id);
create index bookings_created on bookings (created_at);

-- Several services sold in one booking. The booking's own service is item 1.
create table booking_items (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  position integer not null,
  service_id uuid not null references services (id),
  slot_id uuid references slots (id),
  name text not null,
  quantity integer not null default 1,
  unit_price numeric(15, 3) not null,
  amount numeric(15, 3) not null,
  created_at timestamptz not null default now(),
  constraint booking_items_position_unique unique (booking_id, position),
  constraint booking_items_quantity_range check (quantity between 1 and 50)
);

create table waitlist_entries (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  service_id uuid not null references services (id),
  user_id uuid not null references users (id),
  pet_id uuid not null references pets (id),
  wanted_from timestamptz not null,
  wanted_to timestamptz not null,
  quantity integer not null default 1,
  status text not null default 'waiting',
  -- An offer is a real hold (invariant `offers`).
  offered_reservation_id uuid references reservations (id),
  offered_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint waitlist_window_order check (wanted_to > wanted_from),
  constraint waitlist_status_known check (
    status in ('waiting', 'offered', 'taken', 'declined', 'left')
  ),
  constraint waitlist_offer_has_hold check (
    status <> 'offered' or offered_reservation_id is not null
  )
);

create index waitlist_waiting on waitlist_entries (service_id, created_at)
  where status = 'waiting';

create table reviews (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  user_id uuid not null,
  clinic_id uuid not null references clinics (id),
  service_id uuid not null references services (id),
  rating integer not null,
  comment text,
  attachments jsonb not null default '[]',
  is_verified boolean not null default true,
  is_published boolean not null default true,
  ratings_breakdown jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint reviews_booking_unique unique (booking_id),
  constraint reviews_rating_range check (rating between 1 and 5)
);

create index reviews_clinic on reviews (clinic_id, created_at) where is_published;

create table booking_attachments (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings (id),
  file_name text not null,
  file_url text not null,
  file_type text not null,
  description text,
  file_size integer not null,
  is_public boolean not null default false,
  uploaded_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint booking_attachments_size_range check (file_size between 1 and 26214400)
);

create index booking_attachments_booking on booking_attachments (booking_id);
