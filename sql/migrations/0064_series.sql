-- Series: visits that come again, made together, moved or cancelled one by one, from one on, or all.
-- Each visit is a booking of its own, by the functions that make, move and cancel single ones.

create table booking_series (
  id uuid primary key,
  -- What people call it: SR and the number.
  number bigint generated always as identity,
  clinic_id uuid not null references clinics (id),
  service_id uuid not null references services (id),
  user_id uuid not null references users (id),
  pet_id uuid references pets (id),
  -- The vet who was asked for; null = any.
  staff_id uuid references staff (id),
  quantity integer not null,
  every integer not null,
  unit text not null,
  -- ISO, for weeks; empty = the weekday of the first visit.
  weekdays smallint[] not null default '{}',
  month_by text not null default 'date',
  start_date date not null,
  start_time time not null,
  -- How many visits were asked for; with dates left out fewer were made.
  visits_asked integer not null,
  until_date date,
  notes text,
  created_by uuid,
  source text,
  correlation_id text,
  created_at timestamptz not null default now(),
  constraint booking_series_number_unique unique (number),
  constraint booking_series_unit_known check (unit in ('day', 'week', 'month')),
  constraint booking_series_month_known check (month_by in ('date', 'weekday')),
  constraint booking_series_every_range check (every between 1 and 365),
  constraint booking_series_quantity_range check (quantity between 1 and 50),
  -- A year of weeks: one transaction makes them all, and others wait for it.
  constraint booking_series_visits_range check (visits_asked between 2 and 52)
);

create index booking_series_owner on booking_series (user_id, created_at, id);
create index booking_series_clinic on booking_series (clinic_id, created_at, id);

alter table bookings
  add column series_id uuid references booking_series (id),
  add column series_position integer,
  add constraint bookings_series_place check ((series_id is null) = (series_position is null));

create unique index bookings_series on bookings (series_id, series_position)
  where series_id is not null;

-- The version of a series: it grows with every change of any of its visits, by whatever way. 1 = as
-- it was made.
create function series_version(p_series_id uuid) returns integer
language sql stable
as $$
  select (1 + coalesce(sum(b.version - 1), 0))::integer
  from bookings b
  where b.series_id = p_series_id
$$;

-- One message tells of all: that of the first visit. p_bookings in the order of time; the messages of
-- the others stay away. Called in the transaction that wrote the events.
create function tell_together(p_event_type text, p_bookings uuid[]) returns void
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

-- Makes all visits of a series or, with p_skip, those that can be made. p_visits: position, starts_at,
-- reservation_id and slot_ids (the vet to be preferred first). Holds and confirms one by one in the
-- order of time: two series that cross wait for each other at one visit, never in a circle.
-- outcome: ok | conflict (failed says which visits and why) | not_found | policy_refused (rule
-- pay_before: something is due before the visit; ask_before: the clinic has to say yes).
create function create_series(
  p_series jsonb, p_visits jsonb, p_skip boolean, p_actor jsonb,
  out outcome text, out series_number bigint, out made jsonb, out failed jsonb, out rule text,
  out blocking_reservation_id uuid, out blocking_session_id text
)
language plpgsql
set petpro.writer = 'app'
set enable_seqscan = off
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

-- Locks what a change of several visits touches, as all who change several do: reservations in the
-- order of their ids, then the bookings. Answers whether the caller may, and whether it is still as
-- they saw it.
create function lock_series(
  p_series_id uuid, p_bookings uuid[], p_expected_version integer, p_actor jsonb
) returns text
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

-- Cancels visits of a series, all of those named or none; each gives back what its own policy says.
-- outcome: ok | not_found | conflict | policy_refused (failed_id: the visit that cannot be).
create function cancel_series(
  p_series_id uuid, p_bookings uuid[], p_by text, p_reason text, p_expected_version integer,
  p_quote boolean, p_actor jsonb,
  out outcome text, out visits jsonb, out failed_id uuid, out version integer
)
language plpgsql
set petpro.writer = 'app'
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

-- Moves visits of a series. p_items: booking_id and slot_ids, the best first; worked off in that order,
-- so that a visit finds the place that another one of the series has just left. All or none, or with
-- p_skip those that can be moved. p_quote: everything is judged by doing it, and then undone.
-- outcome: ok | not_found | conflict (failed: booking_id, why, rule) | policy_refused.
create function move_series(
  p_series_id uuid, p_items jsonb, p_by text, p_reason text, p_expected_version integer,
  p_skip boolean, p_quote boolean, p_actor jsonb,
  out outcome text, out visits jsonb, out failed jsonb, out version integer,
  out blocking_reservation_id uuid, out blocking_session_id text
)
language plpgsql
set petpro.writer = 'app'
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

-- Who comes with a booking of several seats: one booking, one payer, a name for each seat. Pets that we
-- know by their row, others by a name.
create table booking_participants (
  reservation_id uuid not null references reservations (id) on delete cascade,
  position integer not null,
  pet_id uuid references pets (id),
  name text,
  owner_name text,
  constraint booking_participants_pkey primary key (reservation_id, position),
  constraint booking_participants_position_range check (position between 1 and 50),
  constraint booking_participants_one_name check (num_nonnulls(pet_id, name) = 1)
);

create index booking_participants_pet on booking_participants (pet_id) where pet_id is not null;

-- Names who comes with a hold or booking. p_people: pet_id or name, and owner_name; in the order of the
-- list. rule: too_many_people | pet_twice (in this list, or with another booking of the slot) |
-- visit_started | hold_ended. p_is_first: written with the hold, so that it is no change.
create function set_participants(
  p_reservation_id uuid, p_people jsonb, p_is_first boolean, p_actor jsonb,
  out outcome text, out rule text
)
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
