-- The life of a hold. Each function is one round trip: guard, rows, log entry and event together.

-- Ends a pending reservation that the caller has locked.
create function end_reservation(
  p_r reservations, p_status text, p_reason text, p_actor jsonb
) returns reservations
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
  perform free_place(v_r.slot_id, v_r.id, v_r.seats);
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

-- The provider's session that could still be paid, or null.
create function open_session(p_reservation_id uuid) returns text
language sql stable
as $$
  select p.session_id
  from payments p
  where p.reservation_id = p_reservation_id
    and p.status in ('pending', 'processing')
    and p.session_id is not null
    and p.session_closed_at is null
  limit 1
$$;

create function expire_reservation(
  p_reservation_id uuid, out outcome text, out slot_id uuid, out seats integer[], out lock_id text
)
language plpgsql
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

create function due_reservations(p_limit integer)
returns table (reservation_id uuid, slot_id uuid, session_id text)
language sql stable
as $$
  select r.id, r.slot_id, open_session(r.id)
  from reservations r
  where r.status = 'pending' and r.expires_at <= now()
  order by r.expires_at
  limit p_limit
$$;

-- Expires what is overdue in the way of a slot: on its seats, its vet or its room. Holds with an
-- open session stay, because only the provider knows whether they are paid.
create function clear_overdue(
  p_slot slots, out freed integer, out blocking_reservation_id uuid, out blocking_session_id text,
  out locked boolean
)
language plpgsql
as $$
declare
  v_during tstzrange := tstzrange(p_slot.starts_at, p_slot.ends_at);
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

create function hold_slot(
  p_reservation_id uuid, p_slot_id uuid, p_user_id uuid, p_pet_id uuid, p_quantity integer,
  p_seats integer[], p_lock_id text, p_idempotency_key text, p_actor jsonb,
  out outcome text, out reservation_id uuid, out reference_code text, out lock_id text,
  out seats integer[], out fence bigint, out expires_at timestamptz, out hold_ms integer,
  out amount numeric, out currency text, out clinic_id uuid, out service_id uuid,
  out clinic_name text, out service_name text, out starts_at timestamptz,
  out blocking_reservation_id uuid, out blocking_session_id text, out retry_after_ms integer,
  out amount_due numeric
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_slot slots;
  v_info record;
  v_own record;
  v_seats record;
  v_cleared record;
  v_place text;
  v_place_seats integer[];
  v_r reservations;
  v_number bigint;
begin
  -- One hold at a time per owner: makes the replay and the overlap rule below exact.
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
  if p_idempotency_key is not null then
    select * into v_r
    from reservations r
    where r.user_id = p_user_id and r.idempotency_key = p_idempotency_key;
    if found then outcome := 'replayed'; end if;
  end if;

  if outcome is null then
    select * into v_slot from slots sl where sl.id = p_slot_id;
    if not found
      or is_hidden(p_actor, p_user_id, v_slot.clinic_id)
      or not exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id) then
      outcome := 'not_found';
      return;
    end if;
  else
    select * into v_slot from slots sl where sl.id = v_r.slot_id;
  end if;
  select
    sv.name as service_name, sv.is_available, sv.requires_approval, sv.currency,
    coalesce(v_slot.price, sv.price) as price, coalesce(sv.deposit, sv.price) as deposit,
    sv.deposit is null as due_in_full, c.name as clinic_name, c.hold_ms, c.is_active
  into v_info
  from services sv
  join clinics c on c.id = sv.clinic_id
  where sv.id = v_slot.service_id;
  clinic_id := v_slot.clinic_id;
  service_id := v_slot.service_id;
  clinic_name := v_info.clinic_name;
  service_name := v_info.service_name;
  starts_at := v_slot.starts_at;
  hold_ms := v_info.hold_ms;

  if outcome is null then
    outcome := case
      when not (v_info.is_available and v_info.is_active) then 'service_unavailable'
      when v_slot.status = 'blocked' or v_slot.starts_at <= now() then 'invalid_slot'
      when coalesce(p_quantity, 0) not between 1 and least(v_slot.capacity, 50)
        then 'policy_refused'
    end;
    if outcome is not null then return; end if;

    select c.slot_id, c.reservation_id, c.expires_at is null as booked into v_own
    from slot_claims c
    where c.user_id = p_user_id
      and c.ends_at > v_slot.starts_at
      and c.starts_at < v_slot.ends_at
      and (c.expires_at is null or c.expires_at > now())
    order by c.slot_id = p_slot_id desc
    limit 1;
    if found and (v_own.slot_id <> p_slot_id or v_own.booked) then
      outcome := 'policy_refused';
      return;
    elsif found then
      select * into v_r from reservations r where r.id = v_own.reservation_id;
      outcome := 'replayed';
    end if;
  end if;

  if outcome is null then
    v_r.id := p_reservation_id;
    v_r.user_id := p_user_id;
    v_r.slot_id := p_slot_id;
    v_r.quantity := p_quantity;
    v_r.seats := p_seats;
    v_r.expires_at := now() + v_info.hold_ms * interval '1 millisecond';
    for v_round in 1..2 loop
      -- Read before write: a loser must cost no transaction id, no WAL and no fsync.
      select
        count(*) + p_quantity > v_slot.capacity as full,
        count(*) filter (where c.expires_at <= now()) as overdue,
        min(c.expires_at) filter (where c.expires_at > now()) as next_free
      into v_seats
      from slot_claims c
      where c.slot_id = p_slot_id;
      if not v_seats.full then
        select c.outcome, c.seats into v_place, v_place_seats from claim_place(v_r, v_slot) c;
        exit when v_place = 'ok';
      end if;
      retry_after_ms := ceil(extract(epoch from v_seats.next_free - now()) * 1000);
      if v_seats.full and v_seats.overdue = 0 or v_round = 2 then
        outcome := case when v_place = 'contended' then 'slot_locked' else 'slot_taken' end;
        return;
      end if;
      select * into v_cleared from clear_overdue(v_slot);
      if v_cleared.freed > 0 then continue; end if;
      outcome := case
        when v_cleared.blocking_session_id is not null then 'overdue_session'
        when v_cleared.locked or v_place = 'contended' then 'slot_locked'
        else 'slot_taken'
      end;
      blocking_reservation_id := v_cleared.blocking_reservation_id;
      blocking_session_id := v_cleared.blocking_session_id;
      -- Somebody is deciding about the seat right now: that takes milliseconds.
      if outcome = 'slot_locked' then retry_after_ms := 250; end if;
      return;
    end loop;

    v_number := nextval('hold_numbers');
    insert into reservations (
      id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
      approval, quantity, seats, amount, amount_due, currency, expires_at, idempotency_key,
      source, correlation_id
    )
    values (
      p_reservation_id, p_user_id, p_pet_id, v_slot.clinic_id, v_slot.service_id, p_slot_id,
      p_lock_id, v_number, reference_code(v_number),
      case when v_info.requires_approval then 'awaiting' else 'none' end,
      p_quantity, v_place_seats, v_info.price * p_quantity,
      case when v_info.due_in_full then v_info.price
        else least(v_info.deposit, v_info.price) end * p_quantity,
      v_info.currency, v_r.expires_at, p_idempotency_key,
      p_actor ->> 'source', p_actor ->> 'request_id'
    )
    returning * into v_r;
    insert into reservation_log_entries (
      reservation_id, reservation_version, action, status, performed_by, source, request_id
    )
    values (
      v_r.id, 1, 'reservation.created', 'pending', actor_id(p_actor), p_actor ->> 'source',
      p_actor ->> 'request_id'
    );
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, aggregate_version, event_type, clinic_id, correlation_id,
      payload
    )
    values (
      'reservation', v_r.id, 1, 'reservation.created', v_r.clinic_id,
      coalesce(v_r.correlation_id, v_r.id::text), reservation_payload(v_r)
    );
    outcome := 'ok';
    retry_after_ms := null;
  end if;

  reservation_id := v_r.id;
  reference_code := v_r.reference_code;
  lock_id := v_r.lock_id;
  seats := v_r.seats;
  fence := v_r.fence;
  expires_at := v_r.expires_at;
  amount := v_r.amount;
  amount_due := v_r.amount_due;
  currency := v_r.currency;
end
$$;

create function extend_reservation(
  p_reservation_id uuid, p_lock_id text, p_actor jsonb,
  out outcome text, out expires_at timestamptz
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for update;
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

create function cancel_reservation(
  p_reservation_id uuid, p_reason text, p_actor jsonb,
  out outcome text, out seats integer[], out slot_id uuid, out lock_id text, out session_id text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for update;
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
