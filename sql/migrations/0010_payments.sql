-- What the payment provider tells us. Never money kept without a slot (capabilities 7.3).

create function record_payment_session(
  p_payment_id uuid, p_reservation_id uuid, p_session_id text, p_payment_url text,
  p_session_expires_at timestamptz, p_actor jsonb, out outcome text
)
language plpgsql
as $$
declare
  v_r reservations;
begin
  -- Locked, so that an expiry cannot slip between the look and the insert.
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  -- Kept even for a hold that is gone: the session can still be paid, and must be found then.
  insert into payments (
    id, reservation_id, clinic_id, user_id, session_id, payment_url, session_expires_at, amount,
    currency, payment_method
  )
  values (
    p_payment_id, v_r.id, v_r.clinic_id, v_r.user_id, p_session_id, p_payment_url,
    p_session_expires_at, v_r.amount_due, v_r.currency, 'checkout'
  )
  on conflict (id) do update
  set session_id = excluded.session_id,
    payment_url = excluded.payment_url,
    session_expires_at = excluded.session_expires_at,
    version = payments.version + 1,
    updated_at = now()
  where payments.status = 'pending';
  outcome := case v_r.status
    when 'pending' then 'ok'
    when 'expired' then 'reservation_expired'
    else 'conflict'
  end;
end
$$;

-- Sends received money back whole: payment marked, refund requested, owner told.
create function give_back(
  p_p payments, p_status text, p_reason text, p_payment_intent text, p_amount numeric,
  p_currency text, p_actor jsonb
) returns void
language plpgsql
as $$
declare
  v_p payments;
begin
  update payments p
  set status = p_status,
    external_reference = coalesce(p_payment_intent, p.external_reference),
    payment_details = p.payment_details || jsonb_build_object(
      'asked_amount', p.amount::text, 'asked_currency', p.currency
    ),
    amount = p_amount,
    currency = p_currency,
    failure_reason = p_reason,
    paid_at = now(),
    refund_status = 'pending',
    session_closed_at = now(),
    version = p.version + 1,
    updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  if v_p.amount > 0 then
    insert into refunds (
      payment_id, reservation_id, clinic_id, amount, currency, reason, correlation_id
    )
    values (
      v_p.id, v_p.reservation_id, v_p.clinic_id, v_p.amount, v_p.currency, p_reason,
      p_actor ->> 'request_id'
    );
  end if;
  perform emit_event(
    'payment.late', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
    payment_payload(v_p)
  );
end
$$;

-- Money for a booking that staff had confirmed as to be paid at the visit.
create function attach_payment(p_b bookings, p_p payments, p_actor jsonb) returns void
language plpgsql
as $$
declare
  v_b bookings;
  v_p payments;
begin
  update bookings b
  set payment_id = p_p.id,
    payment_mode = 'prepaid',
    -- What the page asked for; moves may have lowered and raised the price since.
    amount_due = p_p.amount,
    version = b.version + 1,
    updated_at = now()
  where b.id = p_b.id
  returning b.* into v_b;
  update payments p set booking_id = v_b.id where p.id = p_p.id returning p.* into v_p;
  perform enter_payment(v_b, v_p);
  perform log_booking(
    v_b.id, v_b.version, 'booking.paid', v_b.status,
    jsonb_build_object('payment_mode', p_b.payment_mode),
    jsonb_build_object('payment_mode', v_b.payment_mode, 'payment_id', v_p.id), null, p_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', v_b.id, v_b.version, v_b.clinic_id,
    p_actor ->> 'request_id', booking_payload(v_b) || jsonb_build_object(
      'previous_status', v_b.status, 'new_status', v_b.status, 'changed_at', now()
    )
  );
  perform emit_event(
    'payment.processed', 'payment', v_p.id, v_p.version, v_p.clinic_id,
    p_actor ->> 'request_id', payment_payload(v_p)
  );
end
$$;

-- Takes a lapsed reservation's place again, clearing overdue holds in the way. Null = it is taken.
create function retake_place(p_r reservations) returns integer[]
language plpgsql
as $$
declare
  v_slot slots;
  v_place record;
begin
  if p_r.item_count > 1 then return retake_items(p_r, p_r.expires_at); end if;
  select * into v_slot from slots sl where sl.id = p_r.slot_id;
  if v_slot.status = 'blocked' or v_slot.starts_at <= now() then return null; end if;
  select * into v_place
  from claim_priced_place(
    p_r.id, p_r.user_id, p_r.quantity, p_r.seats, p_r.expires_at, v_slot, p_r.price_lines
  );
  if v_place.outcome <> 'ok' and (select c.freed from clear_overdue(v_slot) c) > 0 then
    select * into v_place
  from claim_priced_place(
    p_r.id, p_r.user_id, p_r.quantity, p_r.seats, p_r.expires_at, v_slot, p_r.price_lines
  );
  end if;
  return v_place.seats;
end
$$;

-- Decides what a successful payment buys. p_r and p_p are locked. Seed: capabilities 7.3, 7.17.
create function settle_success(
  p_r reservations, p_p payments, p_payment_intent text, p_amount numeric, p_currency text,
  p_actor jsonb, out outcome text, out booking_id uuid, out seats integer[]
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
  v_action text := 'confirmed';
  v_elsewhere boolean := false;
begin
  seats := p_r.seats;
  if p_amount <> p_p.amount or p_currency <> p_p.currency then
    perform give_back(
      p_p, 'refunded', 'amount_mismatch', p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'mismatch';
    return;
  end if;
  select * into v_b from bookings b where b.reservation_id = p_r.id for no key update;
  booking_id := v_b.id;
  if exists (
    select from payments p
    where p.reservation_id = p_r.id and p.id <> p_p.id and p.status = 'success'
  )
    -- A page that was opened before the desk took money (and may have given it back since), or before
    -- the booking moved to a cheaper time.
    or v_b.status in ('confirmed', 'in-progress', 'completed')
      and booking_paid(v_b.id) + p_amount > v_b.amount
  then
    perform give_back(
      p_p, 'refunded', 'duplicate_payment', p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'refund_requested';
    return;
  end if;
  if p_r.status in ('pending', 'expired') then
    -- Since the hold lapsed its owner may have taken another place at that time, and wants that one.
    v_elsewhere := owner_is_elsewhere(p_r);
  end if;
  if v_elsewhere then
    if p_r.status = 'pending' then
      perform end_reservation(
        p_r, case when p_r.expires_at <= now() then 'expired' else 'cancelled' end, 'owner_busy',
        p_actor
      );
    end if;
    seats := null;
  elsif p_r.status = 'expired' then
    seats := retake_place(p_r);
    v_action := 'retaken';
    p_r.seats := coalesce(seats, p_r.seats);
    update reservations r set seats = p_r.seats
    where r.id = p_r.id and r.seats <> p_r.seats;
  end if;
  if p_r.status = 'cancelled' or seats is null
    or p_r.status = 'confirmed'
      and coalesce(v_b.status, '') not in ('confirmed', 'in-progress', 'completed') then
    perform give_back(
      p_p, 'success',
      case
        when v_elsewhere then 'owner_busy'
        when seats is null then 'slot_taken'
        else 'reservation_cancelled'
      end,
      p_payment_intent, p_amount, p_currency, p_actor
    );
    outcome := 'refund_requested';
    return;
  end if;
  update payments p
  set status = 'success', external_reference = coalesce(p_payment_intent, p.external_reference),
    paid_at = now(), session_closed_at = now(), failure_reason = null,
    version = p.version + 1, updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  if p_r.status = 'confirmed' then
    perform attach_payment(v_b, v_p, p_actor);
  else
    v_b := make_booking(p_r, v_p, v_action, p_actor);
    booking_id := v_b.id;
  end if;
  outcome := 'confirmed';
end
$$;

-- Records a payment that failed or whose session lapsed. The hold stays: another card may work.
create function settle_failure(p_p payments, p_result text, p_actor jsonb) returns text
language plpgsql
as $$
declare
  v_p payments;
begin
  if p_p.status not in ('pending', 'processing') then
    if p_result = 'expired' then
      update payments p set session_closed_at = coalesce(p.session_closed_at, now())
      where p.id = p_p.id;
    end if;
    return 'already_done';
  end if;
  update payments p
  set status = 'failed',
    failure_reason = case p_result when 'expired' then 'session_expired' else 'declined' end,
    -- A declined card leaves the page open for another one; a saved one has no page.
    session_closed_at = case
      when p_result = 'expired' or p_p.payment_method = 'saved_card' then now()
      else p.session_closed_at
    end,
    version = p.version + 1,
    updated_at = now()
  where p.id = p_p.id
  returning p.* into v_p;
  perform emit_event(
    'payment.failed', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
    payment_payload(v_p)
  );
  return 'failed_recorded';
end
$$;

-- A success of a session that we never recorded (we died between the provider's answer and our
-- own note): the metadata that we gave the provider names the reservation.
create function adopt_payment(p_payload jsonb, p_session_id text, p_payment_intent text)
returns payments
language plpgsql
as $$
declare
  v_metadata jsonb := coalesce(
    p_payload -> 'metadata', p_payload #> '{data,object,metadata}', p_payload #> '{object,metadata}'
  );
  v_p payments;
begin
  insert into payments (
    id, reservation_id, clinic_id, user_id, session_id, external_reference, amount, currency,
    payment_method
  )
  select
    coalesce((v_metadata ->> 'payment_id')::uuid, gen_random_uuid()), r.id, r.clinic_id, r.user_id,
    p_session_id, p_payment_intent, r.amount_due, r.currency, 'checkout'
  from reservations r
  where r.id = (v_metadata ->> 'reservation_id')::uuid
  on conflict do nothing
  returning * into v_p;
  return v_p;
end
$$;

create function take_payment_event(
  p_event_id text, p_event_type text, p_payload jsonb, p_session_id text, p_payment_intent text,
  p_result text, p_amount numeric, p_currency text,
  out outcome text, out booking_id uuid, out reference_code text, out reservation_id uuid,
  out slot_id uuid, out seats integer[], out lock_id text
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_is_new boolean;
  v_outcome text;
  v_p payments;
  v_r reservations;
begin
  insert into webhook_events (event_id, event_type, payload)
  values (p_event_id, p_event_type, coalesce(p_payload, '{}'))
  on conflict (event_id) do nothing;
  v_is_new := found;

  select * into v_p
  from payments p
  where p.session_id = p_session_id or p.external_reference = p_payment_intent
  order by p.session_id = p_session_id desc nulls last
  limit 1;
  if v_p.id is null then
    -- A charge whose answer never reached us, told by our own name for it.
    select * into v_p from payments p where p.id = payment_named(p_payload);
  end if;
  if v_p.id is null and p_result = 'success' then
    v_p := adopt_payment(p_payload, p_session_id, p_payment_intent);
  end if;
  if v_p.id is not null then
    select * into v_r from reservations r where r.id = v_p.reservation_id for no key update;
    -- Read again under the lock: a rival event may have settled it meanwhile.
    select * into v_p from payments p where p.id = v_p.id for no key update;
    reservation_id := v_r.id;
    reference_code := v_r.reference_code;
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    booking_id := v_p.booking_id;
  end if;
  if not v_is_new then
    outcome := 'already_done';
    return;
  end if;

  if p_result = 'success' and (p_session_id is not null or v_p.id is not null)
    and coalesce(v_p.status, '') not in ('success', 'refunded') and (
    v_p.id is null or p_amount is null
    or not exists (select from currencies c where c.code = upper(p_currency))
  ) then
    -- Somebody paid and we cannot say what for: the inbox shows it to a person.
    v_outcome := 'unknown_money';
  elsif v_p.id is null
    or p_result not in ('success', 'failed', 'expired', 'authorised', 'voided') then
    v_outcome := 'ignored';
  elsif p_result in ('authorised', 'voided') then
    v_outcome := settle_authorisation(
      v_r, v_p, p_result, p_payment_intent, p_amount, upper(p_currency), v_actor
    );
  elsif p_result <> 'success' then
    v_outcome := settle_failure(v_p, p_result, v_actor);
  elsif v_p.status in ('success', 'refunded') then
    v_outcome := 'already_done';
  else
    select s.outcome, s.booking_id, coalesce(s.seats, v_r.seats)
    into v_outcome, booking_id, seats
    from settle_success(v_r, v_p, p_payment_intent, p_amount, upper(p_currency), v_actor) as s;
    perform note_captured(v_p.id);
  end if;
  if v_p.id is not null then
    insert into payment_attempts (payment_id, event_id, result, amount, currency, reason)
    values (v_p.id, p_event_id, p_result, p_amount, upper(p_currency), v_outcome);
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  outcome := v_outcome;
end
$$;
