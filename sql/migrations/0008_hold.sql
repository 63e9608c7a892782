-- How a hold begins and lapses. One round trip each: guard, rows, log entry and event together.

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
  if v_r.item_count > 1 then
    perform free_items(v_r.id);
  else
    perform free_place(v_r.slot_id, v_r.id, v_r.seats);
  end if;
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

-- The provider's session that could still be paid, or null. A declined card leaves the page open.
create function open_session(p_reservation_id uuid) returns text
language sql stable
as $$
  select p.session_id
  from payments p
  where p.reservation_id = p_reservation_id
    and p.status in ('pending', 'processing', 'failed')
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
  v_during tstzrange := tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  );
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

-- What hold_slot answers about a hold that stood before the call.
create function describe_hold(
  p_reservation_id uuid,
  out reference_code text, out lock_id text, out seats integer[], out fence bigint,
  out expires_at timestamptz, out hold_ms integer, out amount numeric, out amount_due numeric,
  out currency text, out clinic_id uuid, out service_id uuid, out clinic_name text,
  out service_name text, out starts_at timestamptz
)
language sql stable
as $$
  select r.reference_code, r.lock_id, r.seats, r.fence, r.expires_at, c.hold_ms, r.amount,
    r.amount_due, r.currency, r.clinic_id, r.service_id, c.name, sv.name, sl.starts_at
  from reservations r
  join slots sl on sl.id = r.slot_id
  join services sv on sv.id = r.service_id
  join clinics c on c.id = r.clinic_id
  where r.id = p_reservation_id
$$;

-- The hottest statement of all: few and cheap steps first, because most callers lose. A loser takes
-- no transaction id and writes nothing. Slots for one are judged inline; the others by claim_place.
create function hold_slot(
  p_reservation_id uuid, p_slot_id uuid, p_user_id uuid, p_pet_id uuid, p_quantity integer,
  p_seats integer[], p_lock_id text, p_idempotency_key text, p_actor jsonb,
  p_items jsonb default null, p_wish jsonb default null,
  out outcome text, out reservation_id uuid, out reference_code text, out lock_id text,
  out seats integer[], out fence bigint, out expires_at timestamptz, out hold_ms integer,
  out amount numeric, out currency text, out clinic_id uuid, out service_id uuid,
  out clinic_name text, out service_name text, out starts_at timestamptz,
  out blocking_reservation_id uuid, out blocking_session_id text, out retry_after_ms integer,
  out amount_due numeric, out rule text, out tier text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_starts_at timestamptz;
  v_ends_at timestamptz;
  -- The vet and the room are taken for longer than the visit where it has buffers (0060).
  v_busy_from timestamptz;
  v_busy_to timestamptz;
  v_status text;
  v_capacity integer;
  v_staff_id uuid;
  v_room_id uuid;
  v_price numeric;
  v_booked_count integer;
  v_info record;
  v_own record;
  v_cleared record;
  v_held_until timestamptz;
  v_is_own boolean;
  v_place text;
  v_lines jsonb;
  v_tax numeric;
  v_wanted integer[] := p_seats;
  v_request_id text := p_actor ->> 'request_id';
begin
  if p_idempotency_key is not null then
    select r.id into reservation_id
    from reservations r
    where r.user_id = p_user_id and r.idempotency_key = p_idempotency_key;
    if found then
      select 'replayed', d.* into outcome, reference_code, lock_id, seats, fence, expires_at,
        hold_ms, amount, amount_due, currency, clinic_id, service_id, clinic_name, service_name,
        starts_at
      from describe_hold(reservation_id) d;
      return;
    end if;
  end if;

  select sl.clinic_id, sl.service_id, sl.starts_at, sl.ends_at, sl.status, sl.capacity,
    sl.staff_id, sl.room_id, sl.price, sl.booked_count, coalesce(sl.busy_from, sl.starts_at),
    coalesce(sl.busy_to, sl.ends_at)
  into clinic_id, service_id, v_starts_at, v_ends_at, v_status, v_capacity,
    v_staff_id, v_room_id, v_price, v_booked_count, v_busy_from, v_busy_to
  from slots sl
  where sl.id = p_slot_id;
  if not found or is_hidden(p_actor, p_user_id, clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  starts_at := v_starts_at;
  if v_status = 'blocked' or v_starts_at <= now() then
    outcome := 'invalid_slot';
    return;
  end if;
  if coalesce(p_quantity, 0) not between 1 and least(v_capacity, 50) then
    outcome := 'policy_refused';
    return;
  end if;

  for v_round in 1..2 loop
    v_place := null;
    if v_capacity = 1 then
      select c.expires_at, c.user_id = p_user_id into v_held_until, v_is_own
      from slot_claims c
      where c.slot_id = p_slot_id and c.seat = 1;
      if found and (v_held_until is null or v_held_until > now()) then
        if v_round = 2 or not v_is_own then
          outcome := 'slot_taken';
          retry_after_ms := ceil(extract(epoch from v_held_until - now()) * 1000);
          return;
        end if;
      elsif found then
        v_place := 'full';
      end if;
    end if;

    if v_round = 1 then
      -- One hold at a time per owner: makes the replay and the overlap rule exact.
      perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
      select c.slot_id, c.reservation_id, c.expires_at is null as is_booked into v_own
      from slot_claims c
      where c.user_id = p_user_id
        and c.ends_at > v_starts_at
        and c.starts_at < v_ends_at
        and (c.expires_at is null or c.expires_at > now())
      limit 1;
      if found and v_own.slot_id = p_slot_id and not v_own.is_booked then
        reservation_id := v_own.reservation_id;
        select 'replayed', d.* into outcome, reference_code, lock_id, seats, fence, expires_at,
          hold_ms, amount, amount_due, currency, clinic_id, service_id, clinic_name,
          service_name, starts_at
        from describe_hold(reservation_id) d;
        return;
      elsif found then
        outcome := 'policy_refused';
        return;
      end if;
      select
        sv.name as service_name, sv.is_available, sv.requires_approval, sv.currency,
        coalesce(v_price, sv.price) as price, sv.deposit, c.name as clinic_name, c.hold_ms,
        c.is_active, sv.has_tiers, sv.has_seats, c.tax_bp, c.tax_included,
        coalesce(sv.min_notice_minutes, c.min_notice_minutes) as notice_minutes,
        coalesce(sv.horizon_days, c.horizon_days) as horizon_days
      into v_info
      from services sv, clinics c
      where sv.id = hold_slot.service_id and c.id = hold_slot.clinic_id
        and (
          exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id)
          -- Only a clinic has to know whom it treats (0069).
          or p_pet_id is null and c.kind <> 'clinic'
            and exists (select from users u where u.id = p_user_id)
        );
      if not found then
        outcome := 'not_found';
        return;
      end if;
      if not (v_info.is_available and v_info.is_active) then
        outcome := 'service_unavailable';
        return;
      end if;
      -- Owners book neither at the last minute nor years ahead; whoever stands at the desk may.
      if p_actor ->> 'kind' = 'customer' then
        rule := case
          when v_starts_at < now() + v_info.notice_minutes * interval '1 minute' then 'too_soon'
          when v_starts_at > now() + v_info.horizon_days * interval '24 hours' then 'too_far'
        end;
        if rule is not null then
          outcome := 'policy_refused';
          return;
        end if;
      end if;
      expires_at := now() + v_info.hold_ms * interval '1 millisecond';
      -- Numbered seats (0069): which ones decides what they cost.
      if v_info.has_seats or p_wish is not null then
        select w.problem, w.label, w.wanted, w.items into rule, tier, v_wanted, p_items
        from read_seat_wish(
          service_id, v_capacity, p_quantity, p_items, p_wish, v_info.has_seats, v_info.has_tiers
        ) w;
        if rule is not null then
          outcome := 'invalid_input';
          expires_at := null;
          return;
        end if;
      end if;
      -- Several prices, or tax on top (0042): before a seat is taken, so that a no writes nothing.
      if v_info.has_tiers or not v_info.tax_included or p_items is not null then
        select x.problem, x.tier, x.lines, x.amount, x.tax_amount
        into rule, tier, v_lines, amount, v_tax
        from price_items(
          p_slot_id, p_items, p_quantity, v_info.price, v_info.currency, v_info.tax_bp,
          v_info.tax_included, false
        ) x;
        if rule is not null then
          outcome := case
            when rule in ('tier_unknown', 'tier_items') then 'invalid_input'
            else 'policy_refused'
          end;
          expires_at := null;
          return;
        end if;
      end if;
    end if;

    if v_place is null and v_capacity = 1 and v_room_id is null then
      if v_staff_id is not null then
        insert into staff_claims (slot_id, staff_id, clinic_id, during)
        values (p_slot_id, v_staff_id, clinic_id, tstzrange(v_busy_from, v_busy_to))
        on conflict do nothing;
        if not found then v_place := 'staff_busy'; end if;
      end if;
      if v_place is null then
        insert into slot_claims (
          slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
        )
        values (p_slot_id, 1, p_reservation_id, p_user_id, v_starts_at, v_ends_at, expires_at)
        on conflict (slot_id, seat) do nothing;
        if found then
          v_place := 'ok';
          seats := '{1}';
        else
          v_place := 'full';
          if v_staff_id is not null then
            delete from staff_claims c where c.slot_id = p_slot_id;
          end if;
        end if;
      end if;
    elsif v_place is null and v_booked_count + p_quantity > v_capacity then
      v_place := 'full';
    elsif v_place is null and v_lines is not null then
      select c.outcome, c.seats, c.tier into v_place, seats, tier
      from slots sl,
        claim_priced_place(
          p_reservation_id, p_user_id, p_quantity, v_wanted, expires_at, sl, v_lines, p_wish
        ) as c
      where sl.id = p_slot_id;
    elsif v_place is null then
      select c.outcome, c.seats into v_place, seats
      from slots sl,
        claim_place(
          p_reservation_id, p_user_id, p_quantity, v_wanted, expires_at, sl, p_wish
        ) as c
      where sl.id = p_slot_id;
    end if;
    exit when v_place = 'ok';

    select ceil(extract(epoch from min(c.expires_at) - now()) * 1000) into retry_after_ms
    from slot_claims c
    where c.slot_id = p_slot_id and c.expires_at > now();
    if v_round = 2 then
      outcome := case when v_place = 'contended' then 'slot_locked' else 'slot_taken' end;
      expires_at := null;
      return;
    end if;
    select c.* into v_cleared from slots sl, clear_overdue(sl) c where sl.id = p_slot_id;
    continue when v_cleared.freed > 0;
    outcome := case
      when v_cleared.blocking_session_id is not null then 'overdue_session'
      when v_cleared.locked or v_place = 'contended' then 'slot_locked'
      else 'slot_taken'
    end;
    blocking_reservation_id := v_cleared.blocking_reservation_id;
    blocking_session_id := v_cleared.blocking_session_id;
    -- Somebody is deciding about the seat right now: that takes milliseconds.
    if outcome = 'slot_locked' then retry_after_ms := 250; end if;
    expires_at := null;
    return;
  end loop;

  fence := nextval('hold_numbers');
  reference_code := reference_code(fence);
  amount := coalesce(amount, v_info.price * p_quantity);
  amount_due := least(coalesce(v_info.deposit * p_quantity, amount), amount);
  insert into reservations (
    id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
    approval, quantity, seats, amount, amount_due, currency, expires_at, idempotency_key,
    source, correlation_id, price_lines, tax_amount
  )
  values (
    p_reservation_id, p_user_id, p_pet_id, clinic_id, service_id, p_slot_id, p_lock_id, fence,
    reference_code, case when v_info.requires_approval then 'awaiting' else 'none' end,
    p_quantity, seats, amount, amount_due, v_info.currency, expires_at, p_idempotency_key,
    p_actor ->> 'source', v_request_id, v_lines, v_tax
  );
  insert into reservation_log_entries (
    reservation_id, reservation_version, action, status, performed_by, source, request_id,
    door_seats
  )
  values (
    p_reservation_id, 1, 'reservation.created', 'pending', actor_id(p_actor),
    p_actor ->> 'source', v_request_id, p_seats
  );
  -- The fields of reservation_payload(), spelt out: the row need not be read back.
  insert into booking_events_outbox (
    aggregate_type, aggregate_id, aggregate_version, event_type, clinic_id, correlation_id, payload
  )
  values (
    'reservation', p_reservation_id, 1, 'reservation.created', clinic_id,
    coalesce(v_request_id, p_reservation_id::text),
    jsonb_build_object(
      'schema_version', 1,
      'reservation_id', p_reservation_id, 'reference_code', reference_code,
      'user_id', p_user_id, 'pet_id', p_pet_id, 'clinic_id', clinic_id,
      'service_id', service_id, 'slot_id', p_slot_id, 'quantity', p_quantity,
      'seats', to_jsonb(seats), 'status', 'pending', 'version', 1, 'expires_at', expires_at,
      'created_at', now()
    )
  );
  outcome := 'ok';
  reservation_id := p_reservation_id;
  lock_id := p_lock_id;
  currency := v_info.currency;
  clinic_name := v_info.clinic_name;
  service_name := v_info.service_name;
  hold_ms := v_info.hold_ms;
  retry_after_ms := null;
end
$$;
