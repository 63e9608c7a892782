-- Bringing in what other systems know, and how far an import has come.

-- One row per run. `rows_read` grows in the transaction of the batch that it counts, so that a run
-- that was cut off goes on exactly behind it.
create table import_runs (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  -- The file's name without its folder, and what it holds: another file goes on nowhere.
  file_name text not null,
  file_sha256 text,
  -- What the ids are of: two old systems may both have an owner 17.
  source text not null,
  settings jsonb not null default '{}',
  status text not null default 'running',
  rows_read bigint not null default 0,
  added bigint not null default 0,
  changed bigint not null default 0,
  same bigint not null default 0,
  kept bigint not null default 0,
  rejected bigint not null default 0,
  started_by text not null,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint import_runs_kind_known check (
    kind in ('clinics', 'services', 'vets', 'owners', 'pets', 'bookings')
  ),
  constraint import_runs_status_known check (status in ('running', 'stopped', 'failed', 'done'))
);

create index import_runs_file on import_runs (file_sha256, kind);

-- When it was brought in; null = made here. What was over by then claims no seats (invariant `holds`).
alter table bookings add column imported_at timestamptz;

-- The number whose code this is: the inverse of reference_code() (0006), 61803399 * 82636599 = 1
-- modulo 10^8.
create function reference_number(p_code text) returns bigint
language sql immutable
as $$ select substr(p_code, 3)::bigint * 82636599 % 100000000 $$;

-- An instant of a file: with an offset as it stands, else on the wall clock of the zone. Null when a
-- clock change skips that time; when it comes twice, the first (src/domain/time.ts).
create function import_moment(p_text text, p_zone text) returns timestamptz
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

-- Keeps the code that the owner has in hand, and the generator from ever giving it again.
create function import_reference(p_code text) returns text
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

-- A slot for a visit that nothing was open for: of the past, called off, or asked for.
create function import_slot(
  p_service services, p_zone text, p_staff_id uuid, p_starts_at timestamptz, p_ends_at timestamptz,
  p_quantity integer, p_status text
) returns uuid
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

-- A row of the file with everything that it names found.
create type import_visit as (
  id uuid, clinic_id uuid, service_id uuid, staff_id uuid, user_id uuid, pet_id uuid,
  starts_at timestamptz, ends_at timestamptz, quantity integer, status text,
  -- What it cost, and what of that is still to be paid.
  price numeric, amount numeric,
  currency text, time_zone text, created_at timestamptz, file_row jsonb
);

-- A visit that is over, or was called off: a booking and its log entry. It holds no seat, nobody is
-- told, and no money is entered, because it went through another till.
create function import_history(
  p_v import_visit, p_actor jsonb, out outcome text, out field text, out problem text
)
language plpgsql
set petpro.writer = 'app'
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

-- A visit to come: it claims its seats as any other (hold_slot, confirm_reservation), so whoever was
-- first keeps them. Reminders are planned; a confirmation is not sent, the owner has one already.
create function import_future(
  p_v import_visit, p_open_slots boolean, p_actor jsonb,
  out outcome text, out field text, out problem text
)
language plpgsql
set petpro.writer = 'app'
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

-- A booking that is here already: called off when the file says so, else left as it is, because life
-- has gone on here.
create function import_again(
  p_b bookings, p_row jsonb, p_actor jsonb, out outcome text, out field text, out problem text
)
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

-- One row of a file of bookings: everything that it names is found, then one of the functions above.
-- Each row stands for itself: what fails leaves nothing behind.
create function import_booking(
  p_row jsonb, p_open_slots boolean, p_actor jsonb,
  out outcome text, out field text, out problem text
)
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
