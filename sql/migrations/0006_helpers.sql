-- Small functions that the state changes share.

-- The n-th reference code: BP and 8 digits (seed 000, Booking Model). 61803399 has no factor in
-- common with 10^8, so the codes of all numbers below 10^8 are different without looking any up;
-- hold_numbers ends there.
create function reference_code(p_number bigint) returns text
language sql immutable
as $$
  select 'BP' || lpad((p_number * 61803399 % 100000000)::text, 8, '0')
$$;

-- The decimal text that JSON carries: 250000.00 IDR, 3500 JPY.
create function amount_text(p_amount numeric, p_currency text) returns text
language sql stable
as $$
  select round(p_amount, c.exponent)::text
  from currencies c
  where c.code = p_currency
$$;

create function actor_id(p_actor jsonb) returns uuid
language sql immutable
as $$ select nullif(p_actor ->> 'id', '')::uuid $$;

-- True when the actor may not even know of this row: somebody else's, or another clinic's.
create function is_hidden(p_actor jsonb, p_user_id uuid, p_clinic_id uuid) returns boolean
language sql immutable
as $$
  select (p_actor ->> 'kind' = 'customer' and actor_id(p_actor) is distinct from p_user_id)
    or (nullif(p_actor ->> 'clinic_id', '')::uuid <> p_clinic_id)
$$;

-- Splits whole minor units by weights; the parts sum to the amount (largest remainder, ties to the
-- earlier part). The twin of splitAmount in src/domain/money.ts; a test compares them.
create function split_minor(p_amount_minor bigint, p_weights numeric[]) returns bigint[]
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

-- Platform fee, clinic share and inclusive tax of a payment, in that order.
create function split_payment(
  p_amount numeric, p_currency text, p_commission_bp integer, p_tax_bp integer
) returns numeric[]
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

-- Refund percent by hours of elapsed time to the appointment. Seed 000, Business Rules 2.
create function refund_percent(p_policy jsonb, p_hours numeric) returns integer
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

create function emit_event(
  p_event_type text, p_aggregate_type text, p_aggregate_id uuid, p_aggregate_version integer,
  p_clinic_id uuid, p_correlation_id text, p_payload jsonb
) returns void
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

create function log_booking(
  p_booking_id uuid, p_version integer, p_action text, p_status text,
  p_previous jsonb, p_new jsonb, p_notes text, p_actor jsonb
) returns void
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

create function log_reservation(
  p_reservation_id uuid, p_version integer, p_action text, p_previous_status text, p_status text,
  p_notes text, p_actor jsonb
) returns void
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

-- What every reservation event says. Fields per seed 002, ReservationCreated.
create function reservation_payload(p_r reservations) returns jsonb
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
  )
$$;

-- What every booking event says. Fields per seed 002, Published Events.
create function booking_payload(p_b bookings) returns jsonb
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
  )
  from slots sl
  where sl.id = p_b.slot_id
$$;

-- Fields per seed 002, PaymentProcessed.
create function payment_payload(p_p payments) returns jsonb
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
