-- Several services in one booking: a row of slots at one clinic that are held, paid, moved on and
-- given back together. docs/items.md, docs/adr/0010-items-of-one-hold.md.

-- 1 = an ordinary hold, which has no rows in reservation_items. Of several items the hold's own
-- slot, seats and quantity are those of the first.
alter table reservations add column item_count smallint not null default 1;
alter table bookings
  add column item_count smallint not null default 1,
  -- When the last item ends; null = with its slot.
  add column ends_at timestamptz;

create table reservation_items (
  reservation_id uuid not null references reservations (id) on delete cascade,
  position integer not null,
  service_id uuid not null,
  slot_id uuid not null,
  staff_id uuid,
  name text not null,
  staff_name text,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  quantity seat_count not null,
  seats integer[] not null,
  -- As on the hold, of this item alone.
  amount price_amount not null,
  amount_due price_amount not null,
  tax_amount price_amount not null,
  price_lines jsonb not null,
  constraint reservation_items_pkey primary key (reservation_id, position),
  constraint reservation_items_position_range check (position between 1 and 8)
);

create index reservation_items_slot on reservation_items (slot_id);

-- An owner may wait this long between two items, beyond what the vet needs (0060). The twin of
-- ITEM_GAP_MINUTES in src/domain/items.ts.
create function item_gap() returns interval
language sql immutable
as $$ select interval '10 minutes' $$;

-- Every place that a hold or a booking has: its own slot, then those of its further items. Volatile,
-- so that it is not put into the query that asks: PostgreSQL 15 fails to plan some of those.
create function places_of(p_r reservations)
returns table (slot_id uuid, seats integer[], quantity integer)
language sql volatile
as $$
  select p_r.slot_id, p_r.seats, p_r.quantity::integer
  union all
  select i.slot_id, i.seats, i.quantity::integer
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id and i.position > 1
$$;

-- The seats that bookings have on slots: one row per booking and slot.
create view booked_places as
select b.id as booking_id, b.slot_id, b.quantity, b.status
from bookings b
union all
select b.id, i.slot_id, i.quantity::integer, b.status
from bookings b
join reservation_items i on i.reservation_id = b.reservation_id and i.position > 1
where b.item_count > 1;

-- Items as events, snapshots and the API show them.
create function items_json(p_reservation_id uuid, p_currency text) returns jsonb
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

-- What several services are called together, and when the last of them ends; null where there is one.
create function items_name(p_r reservations) returns text
language sql stable
as $$
  select string_agg(i.name, ' + ' order by i.position)
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id
$$;

create function items_end(p_r reservations) returns timestamptz
language sql stable
as $$
  select max(i.ends_at)
  from reservation_items i
  where p_r.item_count > 1 and i.reservation_id = p_r.id
$$;

-- As in 0006, with the items where there are several.
create or replace function reservation_payload(p_r reservations) returns jsonb
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

create or replace function booking_payload(p_b bookings) returns jsonb
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

-- While a slot's vet and room are taken: the visit, and what it needs around it (0060).
create function busy_range(p_slot slots) returns tstzrange
language sql immutable
as $$
  select tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  )
$$;

-- Takes the places of all items, or nothing at all. Whoever takes or frees several slots does it in
-- one order, so that two never wait for each other in a circle: rows of slots by id, vets by id and
-- time, rooms by id and time, then seats by slot. A hold of one slot takes its few in the same
-- order. p_items: [{slot_id, quantity, seats (wished, may be null), price_lines}]. outcome: as
-- claim_priced_place, with the slot that stood in the way.
create function claim_items(
  p_reservation_id uuid, p_user_id uuid, p_expires_at timestamptz, p_items jsonb,
  out outcome text, out slot_id uuid, out items jsonb
)
language plpgsql
set enable_seqscan = off
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

-- Ends what is overdue in the way of some slots, as clear_overdue, slot by slot.
create function clear_overdue_items(
  p_slot_ids uuid[], out freed integer, out blocking_reservation_id uuid,
  out blocking_session_id text, out locked boolean
)
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

-- Frees the places of all items of a hold or booking whose row the caller has locked.
create function free_items(p_reservation_id uuid) returns void
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

-- Until when the seats of all items are held; null = booked.
create function keep_items(p_reservation_id uuid, p_expires_at timestamptz) returns void
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

-- Counts the seats of all items into (1) or out of (-1) their slots.
create function count_items(p_reservation_id uuid, p_sign integer) returns void
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

-- Takes the places of a lapsed hold or a cancelled booking again, all or none: the seats of the
-- first item, or null. p_expires_at as on the claims; the caller has the row and the owner's lock.
create function retake_items(p_r reservations, p_expires_at timestamptz) returns integer[]
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

-- Whether the owner has another live hold or visit at the time of one of the items.
create function owner_is_elsewhere_then(p_r reservations) returns boolean
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

-- What the snapshot of a booking says beyond that of its first service. The platform's share is the
-- one of each service, weighed by what it costs.
create function items_snapshot(p_r reservations) returns jsonb
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

-- What a booking of several items writes beyond that of one: items, and the seats that they count.
create function write_items(p_b bookings) returns void
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

-- What seats of a slot cost as one item, or the problem that stands in the way (price_items).
create function item_price(
  p_slot slots, p_service services, p_clinic clinics, p_tier text, p_quantity integer,
  out problem text, out tier text, out lines jsonb, out amount numeric, out tax_amount numeric
)
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

-- Holds a row of slots as one, or none of them. p_items: [{slot_id, quantity, seats (the doorman's,
-- may be null), tier (may be missing)}] in the order of the visit. outcome as of hold_slot;
-- besides: `again`: overdue holds were in the way and have ended; commit and ask once more, because
-- whoever has freed must not wait for others with the locks of it. slot_id: where it failed. Off
-- the path of ordinary holds, so clarity goes before speed here.
create function hold_items(
  p_reservation_id uuid, p_user_id uuid, p_pet_id uuid, p_items jsonb, p_lock_id text,
  p_idempotency_key text, p_actor jsonb,
  out outcome text, out rule text, out slot_id uuid, out reservation_id uuid,
  out reference_code text, out lock_id text, out seats integer[], out expires_at timestamptz,
  out amount numeric, out amount_due numeric, out currency text, out items jsonb,
  out tier text, out blocking_reservation_id uuid, out blocking_session_id text,
  out retry_after_ms integer
)
language plpgsql
set enable_seqscan = off
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

-- What the cancel of a booking of several items has freed is offered to nobody before p_until
-- (0026).
create function delay_openings(p_reservation_id uuid, p_until timestamptz) returns void
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

-- As in 0014, to the end of the last item.
create or replace view booking_rows as
select
  b.id as booking_id,
  b.reference_code,
  b.status,
  b.clinic_id,
  c.code as clinic_code,
  c.name as clinic_name,
  c.time_zone,
  b.service_id,
  coalesce(b.service_snapshot ->> 'name', sv.name) as service_name,
  b.slot_id,
  sl.staff_id,
  st.name as staff_name,
  sl.starts_at,
  coalesce(b.ends_at, sl.ends_at) as ends_at,
  b.booking_time,
  (
    extract(epoch from coalesce(b.ends_at, sl.ends_at) - sl.starts_at) / 60
  )::integer as duration_minutes,
  b.user_id,
  u.full_name as owner_name,
  u.phone as owner_phone,
  u.email as owner_email,
  b.pet_id,
  pt.name as pet_name,
  pt.species,
  b.quantity,
  b.amount,
  b.amount_due,
  b.currency,
  b.payment_id,
  b.payment_mode,
  m.amount_paid,
  case
    when m.is_refunding then 'refunding'
    when m.amount_refunded > 0 and m.amount_refunded >= m.amount_paid then 'refunded'
    -- Nothing yet, or a deposit: the rest is taken at the visit, also when a part went back.
    when m.amount_paid < b.amount and b.status <> 'cancelled' then 'due'
    when m.amount_refunded > 0 then 'partially_refunded'
    when m.amount_paid >= b.amount then 'paid'
    else 'due'
  end as payment_state,
  b.arrived_at,
  b.reservation_id,
  b.notes,
  b.cancellation_reason,
  b.cancelled_by,
  b.cancelled_at,
  b.refund_percent,
  b.pet_snapshot,
  b.service_snapshot,
  b.policy_snapshot,
  b.source,
  b.version,
  b.created_at,
  b.updated_at,
  b.item_count
from bookings b
join clinics c on c.id = b.clinic_id
join services sv on sv.id = b.service_id
join slots sl on sl.id = b.slot_id
left join staff st on st.id = sl.staff_id
left join users u on u.id = b.user_id
left join pets pt on pt.id = b.pet_id
cross join lateral (
  select
    coalesce(sum(p.amount) filter (where p.status in ('success', 'refunded')), 0) as amount_paid,
    coalesce(bool_or(p.refund_status in ('pending', 'processing', 'failed')), false)
      as is_refunding,
    coalesce(sum(p.refund_amount), 0) as amount_refunded
  from payments p
  where p.booking_id = b.id
) as m;
