-- More seats than a slot was made for, numbered seats, and visits without a pet.

-- How many of `capacity` were added by a manager. A seat is a seat: whoever claims one claims it like
-- any other, under the same guards, and all of them share the slot's one vet and room.
alter table slots
  add column extra_seats integer not null default 0,
  add constraint slots_extra_seats_range check (extra_seats between 0 and capacity - 1);
alter table clinics
  -- Of the seats that a slot was made for; begun tenths count as a seat, so that 10 % of one is one.
  -- 0 = the clinic never overbooks.
  add column overbooking_percent integer not null default 0,
  add constraint clinics_overbooking_range check (overbooking_percent between 0 and 10);

-- The clinic's rules as they are audited (0049), with those that came since.
create or replace function booking_rules_json(p_c clinics) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'hold_ms', p_c.hold_ms, 'undo_ms', p_c.undo_ms, 'approval_ms', p_c.approval_ms,
    'check_in_hours', p_c.check_in_hours, 'cancellation_policy', p_c.cancellation_policy,
    'waitlist_offer_ms', p_c.waitlist_offer_ms, 'waitlist_notice_ms', p_c.waitlist_notice_ms,
    'waitlist_misses', p_c.waitlist_misses, 'overbooking_percent', p_c.overbooking_percent
  )
$$;

-- Somebody asks for those who wait themselves: an extra seat is for whom it was made.
drop trigger slots_opened on slots;
create trigger slots_opened
after update of status, capacity on slots
for each row
when (
  old.status = 'blocked' and new.status <> 'blocked'
  or new.capacity - new.extra_seats > old.capacity - old.extra_seats
)
execute function notice_slot();

-- Gives vet and room back to a slot for one whose last seat was being freed while it got more seats:
-- whoever took one of those under the old vet's claim must not lose it.
create function keep_staff(p_slot_id uuid) returns void
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

-- Which seats a service's slots have: seat n of a slot (slot_claims.seat) is seat n of the plan.
create table seat_plans (
  service_id uuid primary key references services (id) on delete cascade,
  clinic_id uuid not null references clinics (id),
  seat_count integer not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- As many as are drawn and sent at once.
  constraint seat_plans_count_range check (seat_count between 1 and 5000)
);

create table seat_plan_seats (
  service_id uuid not null references seat_plans (service_id) on delete cascade,
  seat integer not null,
  -- What people read on door, ticket and chair: A-12.
  label text not null,
  row_label text not null,
  -- Place in the row from the left; a number that is left out is an aisle: nobody sits side by side
  -- across it.
  place integer not null,
  category text not null,
  -- The price tier that seats of this category are sold in.
  tier text not null,
  constraint seat_plan_seats_pkey primary key (service_id, seat),
  constraint seat_plan_seats_seat_positive check (seat >= 1),
  constraint seat_plan_seats_place_range check (place between 1 and 1000)
);
create unique index seat_plan_seats_label on seat_plan_seats (service_id, upper(label));
create unique index seat_plan_seats_place on seat_plan_seats (service_id, row_label, place);

alter table services
  -- Kept by set_seat_plan: the ordinary service's hold reads no plan.
  add column has_seats boolean not null default false;
-- Whoever holds or books need not bring a pet, except at a clinic (hold_slot).
alter table reservations alter column pet_id drop not null;
alter table bookings alter column pet_id drop not null;
alter table waitlist_entries alter column pet_id drop not null;

alter table slot_claims
  -- What the seat was called when it was taken; null where seats have numbers only.
  add column label text;


-- Whether a slot would have seats that its plan does not know.
create function lacks_labels(p_service_id uuid, p_capacity integer) returns boolean
language sql stable
as $$
  select exists (
    select from seat_plans p where p.service_id = p_service_id and p.seat_count < p_capacity
  )
$$;

-- Adds seats to a slot beyond those that it was made for, or (p_seats < 0) takes them back while
-- nobody has them. p_dry_run judges everything and changes nothing.
-- outcome: ok | not_found | invalid_slot | policy_refused with a rule:
-- overbooking_off | overbooking_limit | overbooking_sold | overbooking_none | overbooking_unlabelled.
create function set_overbooking(
  p_slot_id uuid, p_seats integer, p_reason text, p_dry_run boolean, p_actor jsonb,
  out outcome text, out rule text, out capacity integer, out extra_seats integer,
  out allowed integer, out taken integer, out seat integer, out version integer
)
language plpgsql
set enable_seqscan = off
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


-- Seats of one tier of a slot that are free and near each other, or null. p_tier null = of any tier.
-- p_prefer: together = side by side in one row or nothing; front = the foremost; null = side by side
-- where there is room, else wherever. Of blocks that fit, the tightest: it leaves the longest ones
-- for others; one of several at random, because many choose at once.
create function pick_tier_seats(
  p_slot slots, p_quantity integer, p_tier text, p_prefer text
) returns integer[]
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

-- As pick_tier_seats, of each item [{tier, quantity}] its seats, in the order of the items.
create function pick_seats(
  p_slot slots, p_quantity integer, p_items jsonb, p_prefer text
) returns integer[]
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

-- The wished seats in the order of the items, if they are of the items' tiers and all free; else null.
create function fit_seats(p_slot slots, p_wanted integer[], p_items jsonb) returns integer[]
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

-- Claims seats of a slot whose service has a seat plan, all or none: the wished ones, or (unless
-- they were asked for by name) others of the same tiers. p_wish: {labels, prefer, items}. The seats
-- come in the order of the items.
create function claim_planned_seats(
  p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[],
  p_expires_at timestamptz, p_slot slots, p_wish jsonb, out seats integer[], out busy boolean
)
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

-- What a hold with a seat plan asks for: the seats of the labels, and the price tiers that go with
-- them. p_wish: {labels, prefer}. problem: seat_no_plan | seat_unknown | seat_count | seat_tier.
create function read_seat_wish(
  p_service_id uuid, p_capacity integer, p_quantity integer, p_items jsonb, p_wish jsonb,
  p_has_seats boolean, p_has_tiers boolean,
  out problem text, out label text, out wanted integer[], out items jsonb
)
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

-- What seats of a hold or booking are called, in their order; null where they have numbers only.
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

-- Exchanges the seat plan of a service. p_seats: [{seat, label, row, place, category, tier}]. Seats
-- that somebody has at a visit to come keep their name and tier. p_dry_run judges and changes nothing.
-- outcome: ok | not_found | conflict (version) | policy_refused with a rule: seats_sold (label) |
-- seats_too_few (needed) | seats_tier_unknown (label = the tier).
create function set_seat_plan(
  p_service_id uuid, p_seats jsonb, p_expected_version integer, p_dry_run boolean, p_actor jsonb,
  out outcome text, out rule text, out label text, out needed integer, out version integer
)
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
