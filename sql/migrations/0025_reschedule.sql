-- Moving a booking to another slot of its service.

-- Takes the new place or says why not; a hold in the way whose time is over is ended first.
-- outcome: ok | slot_taken | slot_locked | overdue_session.
create function claim_for_move(
  p_b bookings, p_slot slots, p_seats integer[],
  out outcome text, out seats integer[], out blocking_reservation_id uuid,
  out blocking_session_id text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_claim record;
  v_cleared record;
begin
  for v_round in 1..2 loop
    select c.* into v_claim
    from claim_priced_place(
      p_b.reservation_id, p_b.user_id, p_b.quantity,
      -- Where seats are numbered (0069), the same ones if they are free.
      case
        when exists (select from seat_plans s where s.service_id = p_slot.service_id)
          then (select r.seats from reservations r where r.id = p_b.reservation_id)
        else p_seats
      end, null, p_slot, p_b.price_lines
    ) c;
    if v_claim.outcome = 'ok' then
      outcome := 'ok';
      seats := v_claim.seats;
      return;
    end if;
    exit when v_round = 2;
    select c.* into v_cleared from clear_overdue(p_slot) c;
    continue when v_cleared.freed > 0;
    if v_cleared.blocking_session_id is not null then
      outcome := 'overdue_session';
      blocking_reservation_id := v_cleared.blocking_reservation_id;
      blocking_session_id := v_cleared.blocking_session_id;
      return;
    end if;
    exit;
  end loop;
  outcome := case
    when v_claim.outcome = 'contended' or coalesce(v_cleared.locked, false) then 'slot_locked'
    else 'slot_taken'
  end;
end
$$;

-- Gives part of what was paid back, from the earliest payment on; null when it is nothing.
create function refund_difference(
  p_b bookings, p_amount numeric, p_reason text, p_actor jsonb
) returns uuid
language plpgsql
as $$
declare
  v_p payments;
  v_wanted numeric := p_amount;
  v_part numeric;
  v_id uuid;
  v_first uuid;
begin
  for v_p in
    select p.*
    from payments p
    where p.booking_id = p_b.id and p.status in ('success', 'refunded')
    order by p.paid_at, p.id
    for no key update
  loop
    v_part := least(v_wanted, refundable(v_p.id, null));
    continue when v_part <= 0;
    v_wanted := v_wanted - v_part;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, p_b.id, p_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into v_id;
    v_first := coalesce(v_first, v_id);
    update payments p
    set refund_status = 'pending', version = p.version + 1, updated_at = now()
    where p.id = v_p.id;
  end loop;
  return v_first;
end
$$;

-- What a move to another price does to the money of a booking. The price of the old slot is the one
-- that its snapshot was made with. A lower price first lowers what is still to be paid; of what was
-- paid the percent goes back, and amount stays: the refund's row tells of it. A higher price is due.
create function price_move(
  p_b bookings, p_price numeric, p_percent integer,
  out amount numeric, out refund_amount numeric, out due_amount numeric
)
language plpgsql stable
as $$
declare
  v_old numeric := coalesce(
    (p_b.service_snapshot ->> 'price_total')::numeric,
    (p_b.service_snapshot ->> 'price')::numeric * p_b.quantity, p_b.amount
  );
  v_change numeric := p_price - v_old;
  v_paid numeric;
  v_left numeric;
  v_rest numeric;
begin
  select coalesce(sum(p.amount), 0), coalesce(sum(refundable(p.id, null)), 0) into v_paid, v_left
  from payments p
  where p.booking_id = p_b.id and p.status in ('success', 'refunded');
  v_rest := greatest(p_b.amount - v_paid, 0);
  refund_amount := 0;
  if v_change >= 0 then
    amount := p_b.amount + v_change;
  else
    amount := p_b.amount - least(-v_change, v_rest);
    select trunc(
      least(greatest(-v_change - v_rest, 0), v_left) * p_percent / 100,
      c.exponent
    ) into refund_amount
    from currencies c
    where c.code = p_b.currency;
  end if;
  due_amount := greatest(amount - v_paid, 0);
end
$$;

-- Moves a booking: the new seats, vet and room are taken before the old ones are given back, all in
-- one statement. p_by: owner = the policy decides what of a lower price comes back, and the tier in
-- which the move is made stays for a later cancel (capabilities 7.20); clinic = no price rises, and
-- all of a difference comes back. p_quote judges everything and changes nothing.
create function reschedule_booking(
  p_booking_id uuid, p_slot_id uuid, p_by text, p_seats integer[], p_reason text,
  p_expected_version integer, p_quote boolean, p_actor jsonb,
  out outcome text, out booking_id uuid, out old_slot_id uuid, out old_starts_at timestamptz,
  out starts_at timestamptz, out seats integer[], out old_amount numeric, out amount numeric,
  out currency text, out refund_percent integer, out refund_amount numeric, out refund_id uuid,
  out due_amount numeric, out version integer, out blocking_reservation_id uuid,
  out blocking_session_id text, out rule text, out tier text
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_new bookings;
  v_slot slots;
  v_sv services;
  v_old_seats integer[];
  v_price numeric;
  v_total numeric;
  v_lines jsonb;
  v_full numeric;
  v_tax numeric;
  v_other uuid;
  v_place record;
begin
  if p_quote then
    select * into v_b from bookings b where b.id = p_booking_id;
  else
    -- The reservation first: the order in which the provider's events take the two. Not for the whole
    -- of it: a cancel holds the booking and then writes refunds, whose foreign key looks at this row.
    perform
    from reservations r
    where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
    for no key update;
    select * into v_b from bookings b where b.id = p_booking_id for no key update;
  end if;
  select * into v_slot from slots sl where sl.id = p_slot_id;
  if v_b.id is null or v_slot.id is null or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  booking_id := v_b.id;
  old_slot_id := v_b.slot_id;
  old_starts_at := v_b.booking_time;
  starts_at := v_slot.starts_at;
  currency := v_b.currency;
  old_amount := v_b.amount;
  version := v_b.version;
  select * into v_sv from services sv where sv.id = v_b.service_id;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when p_by not in ('owner', 'clinic') then 'policy_refused'
    when p_by = 'clinic' and p_actor ->> 'kind' = 'customer' then 'policy_refused'
    when v_b.status <> 'confirmed' or v_b.reservation_id is null then 'policy_refused'
    when p_by = 'owner' and v_b.booking_time <= now() then 'policy_refused'
    -- One item would leave the others behind: cancel and book anew (0068).
    when v_b.item_count > 1 then 'policy_refused'
    when v_slot.id = v_b.slot_id then 'policy_refused'
    when v_slot.service_id <> v_b.service_id or v_slot.clinic_id <> v_b.clinic_id
      then 'policy_refused'
    when v_slot.status = 'blocked' or v_slot.starts_at <= now() then 'invalid_slot'
    when v_b.quantity > v_slot.capacity then 'policy_refused'
    when not v_sv.is_available then 'service_unavailable'
  end;
  if outcome is not null then return; end if;
  -- As in hold_slot.
  if p_actor ->> 'kind' = 'customer' then
    select case
        when v_slot.starts_at < now() + coalesce(v_sv.min_notice_minutes, c.min_notice_minutes)
          * interval '1 minute' then 'too_soon'
        when v_slot.starts_at > now() + coalesce(v_sv.horizon_days, c.horizon_days)
          * interval '24 hours' then 'too_far'
      end into rule
    from clinics c
    where c.id = v_b.clinic_id;
    if rule is not null then
      outcome := 'policy_refused';
      return;
    end if;
  end if;

  if not p_quote then
    -- The owner's other holds and visits: looked at while none of them can begin (as hold_slot).
    perform pg_advisory_xact_lock(hashtextextended(v_b.user_id::text, 1));
  end if;
  select c.slot_id into v_other
  from slot_claims c
  where c.user_id = v_b.user_id
    and c.reservation_id <> v_b.reservation_id
    and c.ends_at > v_slot.starts_at
    and c.starts_at < v_slot.ends_at
    and (c.expires_at is null or c.expires_at > now())
  limit 1;
  if found then
    outcome := 'policy_refused';
    return;
  end if;

  refund_percent := case p_by
    when 'clinic' then 100
    else least(v_b.refund_percent_cap, refund_percent(
      v_b.policy_snapshot, extract(epoch from v_b.booking_time - now()) / 3600
    ))
  end;
  v_price := coalesce(v_slot.price, v_sv.price);
  if p_by = 'clinic' then
    v_price := least(
      v_price, coalesce((v_b.service_snapshot ->> 'price')::numeric, v_b.amount / v_b.quantity)
    );
  end if;
  v_total := v_price * v_b.quantity;
  if v_b.price_lines is not null then
    -- The same tiers at the new time, with the tax of the booking.
    select x.problem, x.tier, x.lines, x.amount, x.tax_amount
    into rule, tier, v_lines, v_full, v_tax
    from price_items(
      v_slot.id, items_of_lines(v_b.price_lines), v_b.quantity, v_price, v_b.currency,
      (v_b.service_snapshot ->> 'tax_bp')::integer,
      coalesce((v_b.service_snapshot ->> 'tax_included')::boolean, true), true
    ) x;
    if rule is not null then
      outcome := 'policy_refused';
      return;
    end if;
    v_total := v_full;
    if p_by = 'clinic' then
      v_total := least(v_total, coalesce(
        (v_b.service_snapshot ->> 'price_total')::numeric, v_b.amount
      ));
    end if;
  end if;
  if not p_quote then
    perform from payments p where p.booking_id = v_b.id order by p.paid_at, p.id for no key update;
  end if;
  select m.* into amount, refund_amount, due_amount
  from price_move(v_b, v_total, refund_percent) m;
  if p_quote then
    -- Holds whose time is over are in nobody's way, on the slot, its vet or its room.
    select case
        when v_slot.capacity - count(*) < v_b.quantity or exists (
          select
          from (
            select s.slot_id from staff_claims s
            where s.staff_id = v_slot.staff_id
              and s.during && tstzrange(
                coalesce(v_slot.busy_from, v_slot.starts_at),
                coalesce(v_slot.busy_to, v_slot.ends_at)
              )
            union all
            select m.slot_id from room_claims m
            where m.room_id = v_slot.room_id
              and m.during && tstzrange(
                coalesce(v_slot.busy_from, v_slot.starts_at),
                coalesce(v_slot.busy_to, v_slot.ends_at)
              )
          ) as other
          join slot_claims o on o.slot_id = other.slot_id
          where other.slot_id <> v_slot.id and (o.expires_at is null or o.expires_at > now())
        ) or v_slot.capacity > 1 and lacks_tiers(v_slot.id, v_slot.capacity, v_lines)
          then 'slot_taken'
        else 'ok'
      end into outcome
    from slot_claims c
    where c.slot_id = v_slot.id and (c.expires_at is null or c.expires_at > now());
    return;
  end if;

  -- Slots for several are locked in the order of their ids: two moves that cross wait for each
  -- other here and nowhere later.
  perform from slots sl
  where sl.id in (v_b.slot_id, v_slot.id) and sl.capacity > 1
  order by sl.id
  for update;
  v_b.price_lines := v_lines;
  select c.* into v_place from claim_for_move(v_b, v_slot, p_seats) c;
  if v_place.outcome <> 'ok' then
    outcome := v_place.outcome;
    blocking_reservation_id := v_place.blocking_reservation_id;
    blocking_session_id := v_place.blocking_session_id;
    return;
  end if;
  seats := v_place.seats;
  select r.seats into v_old_seats from reservations r where r.id = v_b.reservation_id;
  perform free_place(v_b.slot_id, v_b.reservation_id, v_old_seats);
  -- The hold's row follows, without a version: its own story ended when it became a booking.
  update reservations r set seats = v_place.seats, slot_id = v_slot.id
  where r.id = v_b.reservation_id;

  update bookings b
  set slot_id = v_slot.id,
    booking_time = v_slot.starts_at,
    amount = reschedule_booking.amount,
    amount_due = least(b.amount_due, reschedule_booking.amount),
    price_lines = v_lines,
    -- Of what the booking costs now, the share that the new price holds.
    tax_amount = case
      when v_lines is null then null
      when v_full = 0 then 0
      else round(v_tax * reschedule_booking.amount / v_full, (
        select c.exponent from currencies c where c.code = b.currency
      ))
    end,
    refund_percent_cap = case p_by
      when 'owner' then reschedule_booking.refund_percent else b.refund_percent_cap
    end,
    service_snapshot = b.service_snapshot || jsonb_build_object(
      'price', amount_text(v_price, b.currency),
      'price_total', amount_text(v_total, b.currency),
      'staff_id', v_slot.staff_id,
      'staff_name', (select s.name from staff s where s.id = v_slot.staff_id),
      'duration_minutes', (extract(epoch from v_slot.ends_at - v_slot.starts_at) / 60)::integer
    ),
    arrived_at = null,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_b.id
  returning b.* into v_new;
  version := v_new.version;
  if v_new.price_lines is null then
    update booking_items i
    set slot_id = v_slot.id, unit_price = v_price, amount = v_price * v_new.quantity
    where i.booking_id = v_b.id and i.position = 1;
  else
    delete from booking_items i where i.booking_id = v_b.id;
    perform write_booking_items(v_new);
  end if;
  perform end_reminders(v_b.id, 'booking_moved');
  perform plan_reminders(v_new);

  if refund_amount > 0 then
    refund_id := refund_difference(v_new, refund_amount, 'rescheduled_by_' || p_by, p_actor);
  end if;
  perform log_booking(
    v_b.id, version, 'booking.rescheduled', v_new.status,
    jsonb_build_object('status', v_b.status, 'slot_id', v_b.slot_id,
      'starts_at', v_b.booking_time, 'amount', amount_text(v_b.amount, v_b.currency)),
    jsonb_build_object('status', v_new.status, 'slot_id', v_new.slot_id,
      'starts_at', v_new.booking_time, 'amount', amount_text(v_new.amount, v_b.currency),
      'refund_amount', amount_text(refund_amount, v_b.currency), 'by', p_by),
    p_reason, p_actor
  );
  perform emit_event(
    'booking.rescheduled', 'booking', v_b.id, version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_new) || jsonb_build_object(
      'previous_slot_id', v_b.slot_id, 'previous_starts_at', v_b.booking_time,
      'previous_amount', amount_text(v_b.amount, v_b.currency),
      'refund_amount', amount_text(refund_amount, v_b.currency),
      'due_amount', amount_text(due_amount, v_b.currency),
      'rescheduled_by', p_by, 'rescheduled_at', now()
    )
  );
  -- The hot rows last, in the order of their ids.
  update slots sl
  set booked_count = case
      when sl.id = v_slot.id then sl.booked_count + v_b.quantity
      else greatest(sl.booked_count - v_b.quantity, 0)
    end,
    status = case
      when sl.status = 'blocked' then 'blocked'
      when sl.id <> v_slot.id then 'available'
      when sl.booked_count + v_b.quantity >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  from (
    select o.id from slots o where o.id in (v_b.slot_id, v_slot.id) order by o.id for update
  ) as one
  where sl.id = one.id;
  outcome := 'ok';
end
$$;
