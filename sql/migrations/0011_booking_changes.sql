-- Cancelling and moving a booking through its states.

-- Asks for that percent of what a booking's owner paid, of the earliest payment first: a deposit
-- goes back by itself, cash needs a person. Rounded down to what the currency can pay; never more
-- than what is left of a payment. p_quote: only says how much.
create function refund_payments(
  p_b bookings, p_percent integer, p_reason text, p_quote boolean, p_actor jsonb,
  out refund_amount numeric, out refund_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_p payments;
  v_wanted numeric;
  v_part numeric;
  v_id uuid;
begin
  -- Of what is left: what went back already (a move to a cheaper slot) is not given twice.
  select trunc(sum(refundable(p.id, null)) * p_percent / 100, min(c.exponent)) into v_wanted
  from payments p
  join currencies c on c.code = p.currency
  where p.booking_id = p_b.id and p.status in ('success', 'refunded');
  -- With the decimals of the currency, as every amount that leaves.
  refund_amount := coalesce(v_wanted * 0, 0);
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
    refund_amount := refund_amount + v_part;
    continue when p_quote;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, p_b.id, p_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into v_id;
    refund_id := coalesce(refund_id, v_id);
    update payments p
    set refund_status = 'pending', version = p.version + 1, updated_at = now()
    where p.id = v_p.id;
  end loop;
end
$$;

create function cancel_booking(
  p_booking_id uuid, p_reason text, p_by text, p_expected_version integer, p_quote boolean,
  p_actor jsonb,
  out outcome text, out booking_id uuid, out reference_code text, out refund_percent integer,
  out refund_amount numeric, out currency text, out slot_id uuid, out refund_id uuid,
  out version integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_seats integer[];
  v_percent integer;
  v_amount numeric := 0;
  v_until timestamptz;
begin
  if p_quote then
    select * into v_b from bookings b where b.id = p_booking_id;
  else
    select * into v_b from bookings b where b.id = p_booking_id for no key update;
  end if;
  if v_b.id is null or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  booking_id := v_b.id;
  reference_code := v_b.reference_code;
  currency := v_b.currency;
  slot_id := v_b.slot_id;
  version := v_b.version;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when v_b.status <> 'confirmed' then 'policy_refused'
    when p_by not in ('owner', 'clinic') then 'policy_refused'
    when p_by = 'clinic' and p_actor ->> 'kind' = 'customer' then 'policy_refused'
    -- After the start it is a visit or a no-show; only the clinic may still call it off.
    when p_by = 'owner' and v_b.booking_time <= now() then 'policy_refused'
  end;
  if outcome is not null then return; end if;

  v_percent := case p_by
    when 'clinic' then 100
    else least(v_b.refund_percent_cap, refund_percent(
      v_b.policy_snapshot, extract(epoch from v_b.booking_time - now()) / 3600
    ))
  end;
  select r.refund_amount, r.refund_id into v_amount, refund_id
  from refund_payments(v_b, v_percent, 'cancelled_by_' || p_by, p_quote, p_actor) r;
  outcome := 'ok';
  refund_percent := v_percent;
  refund_amount := v_amount;
  if p_quote then return; end if;

  update bookings b
  set status = 'cancelled', cancellation_reason = p_reason, cancelled_by = p_by,
    cancelled_at = now(), refund_percent = v_percent, version = b.version + 1, updated_at = now()
  where b.id = v_b.id
  returning b.version into version;
  select r.seats into v_seats from reservations r where r.id = v_b.reservation_id;
  if v_b.item_count > 1 then
    perform free_items(v_b.reservation_id);
  elsif v_seats is not null then
    perform free_place(v_b.slot_id, v_b.reservation_id, v_seats);
  end if;
  perform end_reminders(v_b.id, 'booking_cancelled');
  v_until := begin_grace(v_b);
  perform log_booking(
    v_b.id, version, 'booking.cancelled', 'cancelled',
    jsonb_build_object('status', v_b.status),
    jsonb_build_object('status', 'cancelled', 'refund_percent', v_percent,
      'refund_amount', amount_text(v_amount, v_b.currency), 'by', p_by),
    p_reason, p_actor
  );
  perform emit_event(
    'booking.cancelled', 'booking', v_b.id, version, v_b.clinic_id, p_actor ->> 'request_id',
    (select booking_payload(b) from bookings b where b.id = v_b.id) || jsonb_build_object(
      'cancellation_reason', p_reason, 'cancelled_by', p_by,
      'refund_amount', amount_text(v_amount, v_b.currency),
      'refund_percent', v_percent,
      'refund_status', case when v_amount > 0 then 'pending' end, 'cancelled_at', now()
    ) || jsonb_strip_nulls(jsonb_build_object('not_before', v_until))
  );
  if v_b.item_count > 1 then
    perform count_items(v_b.reservation_id, -1);
    return;
  end if;
  update slots sl
  set booked_count = greatest(sl.booked_count - v_b.quantity, 0),
    status = case when sl.status = 'booked' then 'available' else sl.status end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = v_b.slot_id;
end
$$;

create function set_booking_status(
  p_booking_id uuid, p_status text, p_expected_version integer, p_actor jsonb,
  out outcome text, out status text, out arrived_at timestamptz, out version integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_old bookings;
  v_b bookings;
  v_event text;
begin
  select * into v_old from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  status := v_old.status;
  arrived_at := v_old.arrived_at;
  version := v_old.version;
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  if p_status = v_old.status or p_status = 'arrived' and v_old.arrived_at is not null then
    -- Said already: nothing changes, nothing is announced twice.
    outcome := 'ok';
    return;
  end if;
  -- The moves of src/domain/booking.ts; the times are those of 0048_check_in_window.sql.
  v_event := case
    when v_old.status = 'confirmed' and p_status = 'arrived'
      and check_in_from(v_old) <= now() then 'booking.arrived'
    when v_old.status = 'confirmed' and p_status = 'in-progress'
      and check_in_from(v_old) <= now() then 'booking.status_changed'
    when v_old.status = 'confirmed' and p_status = 'no-show'
      and no_show_from(v_old) <= now() then 'booking.status_changed'
    when v_old.status = 'in-progress' and p_status = 'completed' then 'booking.completed'
  end;
  if v_event is null then
    outcome := 'policy_refused';
    return;
  end if;
  update bookings b
  set status = case when p_status = 'arrived' then b.status else p_status end,
    arrived_at = case
      when p_status in ('arrived', 'in-progress') then coalesce(b.arrived_at, now())
      else b.arrived_at
    end,
    started_at = case when p_status = 'in-progress' then now() else b.started_at end,
    completed_at = case when p_status = 'completed' then now() else b.completed_at end,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_old.id
  returning b.* into v_b;
  if v_b.status in ('completed', 'no-show') then
    perform end_reminders(v_b.id, 'visit_begun');
  end if;
  if v_b.status = 'completed' then perform plan_after_visit(v_b); end if;
  perform log_booking(
    v_b.id, v_b.version, v_event, v_b.status,
    jsonb_build_object('status', v_old.status, 'arrived_at', v_old.arrived_at),
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at), null, p_actor
  );
  perform emit_event(
    v_event, 'booking', v_b.id, v_b.version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_b) || jsonb_strip_nulls(jsonb_build_object(
      'previous_status', v_old.status, 'new_status', v_b.status, 'changed_at', now(),
      'arrived_at', v_b.arrived_at, 'completed_at', v_b.completed_at,
      'not_before', case when v_b.status = 'no-show' then begin_grace(v_b) end
    ))
  );
  outcome := 'ok';
  status := v_b.status;
  arrived_at := v_b.arrived_at;
  version := v_b.version;
end
$$;

-- A net under hand-made SQL: whoever changes bookings without our functions still leaves the log
-- entry and the event. Our functions set petpro.writer for their own duration and are left alone.
create function stamp_booking() returns trigger
language plpgsql
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;

create function net_booking() returns trigger
language plpgsql
as $$
declare
  v_actor constant jsonb := '{"kind": "system", "source": "sql"}';
begin
  if tg_op = 'INSERT' then
    perform log_booking(
      new.id, new.version, 'booking.created', new.status, null,
      jsonb_build_object('status', new.status), 'by hand: ' || current_user, v_actor
    );
    perform emit_event(
      'booking.created', 'booking', new.id, new.version, new.clinic_id, null, booking_payload(new)
    );
    return null;
  end if;
  perform log_booking(
    new.id, new.version, 'booking.status_changed', new.status,
    jsonb_build_object('status', old.status, 'slot_id', old.slot_id),
    jsonb_build_object('status', new.status, 'slot_id', new.slot_id),
    'by hand: ' || current_user, v_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', new.id, new.version, new.clinic_id, null,
    booking_payload(new) || jsonb_build_object(
      'previous_status', old.status, 'new_status', new.status, 'changed_at', now()
    )
  );
  return null;
end
$$;

create trigger bookings_net_insert
after insert on bookings
for each row
when (current_setting('petpro.writer', true) is distinct from 'app')
execute function net_booking();

create trigger bookings_net_stamp
before update on bookings
for each row
when (
  current_setting('petpro.writer', true) is distinct from 'app'
  and (old.status is distinct from new.status or old.slot_id is distinct from new.slot_id)
)
execute function stamp_booking();

create trigger bookings_net_update
after update on bookings
for each row
when (
  current_setting('petpro.writer', true) is distinct from 'app'
  and (old.status is distinct from new.status or old.slot_id is distinct from new.slot_id)
)
execute function net_booking();
