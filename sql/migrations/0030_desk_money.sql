-- Money that the desk takes: what is due at the visit, after a deposit or instead of a payment page.

-- What a booking's owner has paid so far. Money that went back as a goodwill counts: nobody asks
-- for it again.
create function booking_paid(p_booking_id uuid) returns numeric
language sql stable
as $$
  select coalesce(sum(p.amount), 0)
  from payments p
  where p.booking_id = p_booking_id and p.status in ('success', 'refunded')
$$;

-- Takes the rest of a booking's price, or a part of it. p_amount null = all that is left. A part
-- needs the version that was looked at: a click that came twice would otherwise be taken twice.
create function pay_booking(
  p_booking_id uuid, p_payment_method text, p_amount numeric, p_expected_version integer,
  p_actor jsonb,
  out outcome text, out payment_id uuid, out already_paid boolean, out amount numeric,
  out amount_rest numeric, out currency text, out status text, out version integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
begin
  -- The reservation first: the order in which the provider's events take the two.
  perform
  from reservations r
  where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
  for no key update;
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  currency := v_b.currency;
  status := v_b.status;
  version := v_b.version;
  amount_rest := v_b.amount - booking_paid(v_b.id);
  already_paid := amount_rest <= 0;
  if v_b.status in ('cancelled', 'no-show') or v_b.reservation_id is null then
    outcome := 'policy_refused';
    return;
  end if;
  if already_paid then
    -- Said twice: nothing is taken twice, and the first payment is shown again.
    select p.id into payment_id
    from payments p
    where p.booking_id = v_b.id and p.status in ('success', 'refunded')
    order by p.paid_at desc, p.id desc
    limit 1;
    amount := 0;
    outcome := 'ok';
    return;
  end if;
  outcome := case
    when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'
    when p_payment_method not in ('cash', 'card_terminal', 'transfer') then 'policy_refused'
    when p_amount <= 0 or p_amount > amount_rest then 'policy_refused'
    when p_amount < amount_rest and p_expected_version is null then 'policy_refused'
    when p_amount <> trunc(p_amount, (
      select c.exponent from currencies c where c.code = v_b.currency
    )) then 'policy_refused'
  end;
  if outcome is not null then return; end if;

  insert into payments (
    reservation_id, booking_id, clinic_id, user_id, amount, currency, payment_method, purpose,
    status, paid_at, payment_details
  )
  values (
    v_b.reservation_id, v_b.id, v_b.clinic_id, v_b.user_id, coalesce(p_amount, amount_rest),
    v_b.currency, p_payment_method, 'rest', 'success', now(),
    jsonb_strip_nulls(jsonb_build_object('taken_by', actor_id(p_actor)))
  )
  returning * into v_p;
  perform enter_payment(v_b, v_p);
  update bookings b
  set payment_id = coalesce(b.payment_id, v_p.id), version = b.version + 1, updated_at = now()
  where b.id = v_b.id
  returning b.* into v_b;
  amount_rest := amount_rest - v_p.amount;
  perform log_booking(
    v_b.id, v_b.version, 'booking.paid', v_b.status,
    jsonb_build_object('amount_rest', amount_text(amount_rest + v_p.amount, v_b.currency)),
    jsonb_build_object(
      'amount_rest', amount_text(amount_rest, v_b.currency), 'payment_id', v_p.id,
      'payment_method', p_payment_method, 'amount', amount_text(v_p.amount, v_b.currency)
    ),
    null, p_actor
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
  outcome := 'ok';
  payment_id := v_p.id;
  amount := v_p.amount;
  version := v_b.version;
end
$$;
