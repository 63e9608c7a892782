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
  select v_slot.id, v_slot.staff_id, v_slot.clinic_id, tstzrange(v_slot.starts_at, v_slot.ends_at)
  where v_slot.staff_id is not null
  on conflict do nothing;
  insert into room_claims (slot_id, room_id, clinic_id, during)
  select v_slot.id, v_slot.room_id, v_slot.clinic_id, tstzrange(v_slot.starts_at, v_slot.ends_at)
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
alter table reservations
  -- Beside `seats`, in the same order, as they were called when they were taken; null where seats
  -- have numbers only.
  add column seat_labels text[];

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

