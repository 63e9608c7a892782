-- Places that sell time, who works there, what they sell, and who buys.
-- uuid keys are given by the program (version 7, so that indices grow at one end) or drawn here.

create extension if not exists btree_gist;
create extension if not exists pg_trgm;

-- Same rows as src/domain/money.ts (a test compares them).
create table currencies (
  code text primary key,
  exponent smallint not null,
  constraint currencies_code_form check (code ~ '^[A-Z]{3}$'),
  constraint currencies_exponent_range check (exponent between 0 and 3)
);

insert into currencies (code, exponent)
select code, 2
from unnest(array['AUD', 'BRL', 'CAD', 'CHF', 'CNY', 'CZK', 'DKK', 'EUR', 'GBP', 'HKD', 'IDR',
  'INR', 'MXN', 'MYR', 'NOK', 'NZD', 'PHP', 'PLN', 'SEK', 'SGD', 'THB', 'TRY', 'TWD', 'USD',
  'ZAR']) as code
union all
select code, 0
from unnest(array['CLP', 'JPY', 'KRW', 'PYG', 'VND', 'XAF', 'XOF']) as code
union all
select code, 3
from unnest(array['BHD', 'JOD', 'KWD', 'OMR', 'TND']) as code;

create table clinics (
  id uuid primary key default gen_random_uuid(),
  code text not null,
  name text not null,
  kind text not null default 'clinic',
  city text not null,
  address text,
  phone text,
  email text,
  time_zone text not null,
  currency text not null references currencies (code),
  lang text not null default 'en',
  -- Seed 000, Business Rules 1: ten minutes; a clinic may choose 5 to 15 (capabilities 7.1).
  hold_ms integer not null default 600000,
  -- Basis points: 1000 = 10 %.
  commission_bp integer not null default 1000,
  tax_bp integer not null default 0,
  -- Tiers by elapsed hours to the appointment, best match last. A tier holds from `from_hours`
  -- (included) or after `after_hours` (not included). Seed 000, Business Rules 2.
  cancellation_policy jsonb not null default
    '[{"from_hours": 0, "percent": 0}, {"from_hours": 24, "percent": 50},
      {"after_hours": 48, "percent": 100}]',
  is_active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint clinics_code_unique unique (code),
  constraint clinics_code_form check (code ~ '^[A-Z0-9]{2,8}$'),
  constraint clinics_kind_known check (kind in ('clinic', 'salon', 'venue')),
  constraint clinics_lang_known check (lang in ('en', 'ja', 'id')),
  constraint clinics_hold_range check (hold_ms between 300000 and 900000),
  -- Fee and inclusive tax must leave the clinic a share of every payment.
  constraint clinics_share_range check (
    commission_bp between 0 and 5000 and tax_bp between 0 and 5000
  ),
  constraint clinics_policy_is_list check (jsonb_typeof(cancellation_policy) = 'array')
);

create index clinics_city on clinics (lower(city));

create table staff (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  name text not null,
  title text,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index staff_clinic on staff (clinic_id);

create table rooms (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  name text not null,
  created_at timestamptz not null default now(),
  constraint rooms_name_unique unique (clinic_id, name)
);

create table services (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  name text not null,
  description text,
  category text,
  price numeric(15, 3) not null,
  currency text not null references currencies (code),
  duration_minutes integer not null default 30,
  capacity integer not null default 1,
  requires_approval boolean not null default false,
  is_available boolean not null default true,
  -- Payable at once per seat; null = the whole price.
  deposit numeric(15, 3),
  -- Overrides of the clinic's own figures; null = the clinic's.
  commission_bp integer,
  cancellation_policy jsonb,
  availability_exceptions jsonb not null default '[]',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint services_duration_positive check (duration_minutes between 1 and 1440),
  constraint services_capacity_range check (capacity between 1 and 10000),
  constraint services_price_not_negative check (price >= 0),
  -- 0: booked before anything is paid, as salons do (seed 003).
  constraint services_deposit_range check (deposit >= 0 and deposit <= price),
  constraint services_commission_range check (commission_bp between 0 and 5000),
  constraint services_policy_is_list check (jsonb_typeof(cancellation_policy) = 'array')
);

create index services_clinic on services (clinic_id, name);

-- Prices that differ by weekday and hour; the slot maker writes the result to slots.price.
create table price_tiers (
  id uuid primary key default gen_random_uuid(),
  service_id uuid not null references services (id) on delete cascade,
  clinic_id uuid not null references clinics (id),
  name text not null,
  price numeric(15, 3) not null,
  weekdays smallint[] not null default '{1,2,3,4,5,6,7}',
  from_time time not null default '00:00',
  to_time time not null default '24:00',
  priority integer not null default 0,
  created_at timestamptz not null default now(),
  constraint price_tiers_name_unique unique (service_id, name),
  constraint price_tiers_price_not_negative check (price >= 0),
  constraint price_tiers_time_order check (to_time > from_time)
);

-- Weekly hours; staff_id null = the clinic's own opening hours. closes <= opens: past midnight.
create table schedules (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  staff_id uuid references staff (id) on delete cascade,
  service_id uuid references services (id) on delete cascade,
  room_id uuid references rooms (id),
  weekday smallint not null,
  opens time not null,
  closes time not null,
  valid_from date,
  valid_to date,
  created_at timestamptz not null default now(),
  constraint schedules_weekday_iso check (weekday between 1 and 7),
  constraint schedules_valid_order check (valid_to >= valid_from)
);

create index schedules_clinic on schedules (clinic_id, weekday, opens);

-- One local date that differs: closed all day, or other hours.
create table schedule_exceptions (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  staff_id uuid references staff (id) on delete cascade,
  exception_date date not null,
  is_closed boolean not null default true,
  opens time,
  closes time,
  reason text,
  created_at timestamptz not null default now(),
  constraint schedule_exceptions_hours check (
    is_closed or (opens is not null and closes is not null)
  )
);

create index schedule_exceptions_clinic on schedule_exceptions (clinic_id, exception_date);

-- Owners. Auth is the master of names and addresses; this is our copy (events user.updated).
create table users (
  id uuid primary key default gen_random_uuid(),
  full_name text not null,
  email text,
  phone text,
  -- Digits only and back to front, so that "ends with 5678" is a prefix search.
  phone_digits text generated always as (regexp_replace(phone, '[^0-9]', '', 'g')) stored,
  phone_reversed text generated always as (
    reverse(regexp_replace(phone, '[^0-9]', '', 'g'))
  ) stored,
  lang text not null default 'en',
  time_zone text,
  is_erased boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_lang_known check (lang in ('en', 'ja', 'id'))
);

create index users_phone_tail on users (phone_reversed text_pattern_ops);
create index users_name_search on users using gin (full_name gin_trgm_ops);
create index users_email on users (lower(email));

create table pets (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  name text not null,
  species text,
  breed text,
  born_on date,
  notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index pets_user on pets (user_id);
create index pets_name_search on pets using gin (name gin_trgm_ops);

-- People who work with the console; machines have a key only.
create table operators (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid references clinics (id),
  full_name text not null,
  email text,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  constraint operators_email_unique unique (email)
);

create table api_keys (
  id uuid primary key default gen_random_uuid(),
  operator_id uuid references operators (id),
  -- Shown in lists and logs; the secret part is kept as SHA-256 only.
  prefix text not null,
  key_hash bytea not null,
  role text not null,
  -- null = all clinics.
  clinic_id uuid references clinics (id),
  name text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint api_keys_prefix_unique unique (prefix),
  constraint api_keys_hash_unique unique (key_hash),
  constraint api_keys_hash_size check (octet_length(key_hash) = 32),
  constraint api_keys_role_known check (
    role in ('viewer', 'desk', 'manager', 'sre', 'ci', 'admin')
  )
);
