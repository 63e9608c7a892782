-- What the provider says of refunds and disputes: ours, those made in its dashboard, the banks'.

create table disputes (
  id uuid primary key default gen_random_uuid(),
  external_reference text not null,
  payment_id uuid not null references payments (id),
  booking_id uuid references bookings (id),
  clinic_id uuid not null references clinics (id),
  amount numeric(15, 3) not null,
  currency text not null references currencies (code),
  reason text,
  status text not null default 'open',
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  constraint disputes_external_unique unique (external_reference),
  constraint disputes_status_known check (status in ('open', 'won', 'lost')),
  constraint disputes_closed_has_time check ((status = 'open') = (closed_at is null))
);

create index disputes_payment on disputes (payment_id);
create index disputes_booking on disputes (booking_id) where booking_id is not null;
create index disputes_clinic on disputes (clinic_id);
create index disputes_open on disputes (opened_at) where status = 'open';

-- The payment that an intent of the provider's belongs to.
create function payment_of_intent(p_payment_intent text) returns uuid
language sql stable
as $$
  select p.id
  from payments p
  where p.external_reference = p_payment_intent
    and p.status in ('success', 'refunded')
  order by p.paid_at
  limit 1
$$;

-- Notes an event once. False = it was here before.
create function is_new_event(p_event_id text, p_event_type text, p_payload jsonb) returns boolean
language plpgsql
as $$
begin
  insert into webhook_events (event_id, event_type, payload)
  values (p_event_id, p_event_type, coalesce(p_payload, '{}'))
  on conflict (event_id) do nothing;
  return found;
end
$$;

-- Money that left the payment without us: a refund from the dashboard or a dispute that was lost.
-- Our own that did not leave yet make room for it: the provider would refuse them anyway. What of
-- them still fits beside it is asked for anew: nobody gets less because somebody was helpful. Null =
-- it does not fit, nothing was changed, a person has to look.
create function note_money_gone(
  p_p payments, p_origin text, p_reference text, p_amount numeric, p_reason text, p_actor jsonb
) returns uuid
language plpgsql
as $$
declare
  v_f refunds;
  v_id uuid;
  v_denied refunds;
  v_taken_back numeric := 0;
  v_rest numeric;
begin
  if p_amount > refundable(p_p.id, null) + (
    select coalesce(sum(f.amount), 0)
    from refunds f
    where f.payment_id = p_p.id and f.external_reference is null
      and f.status in ('pending', 'failed') and f.returned_at is null
  ) then
    return null;
  end if;
  for v_f in
    select f.*
    from refunds f
    where f.payment_id = p_p.id and f.external_reference is null
      and f.status in ('pending', 'failed') and f.returned_at is null
    order by f.created_at desc
    for no key update
  loop
    exit when refundable(p_p.id, null) >= p_amount;
    update refunds f
    set status = 'denied', decision = 'denied', decided_at = now(), updated_at = now(),
      last_error = 'the money went back another way: ' || p_reference
    where f.id = v_f.id;
    perform note_refund(v_f.id, 'refund.denied', 'the money went back another way', p_actor);
    if v_f.decision = 'granted' then
      v_taken_back := v_taken_back + v_f.amount;
      v_denied := v_f;
    end if;
  end loop;
  insert into refunds (
    payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, status,
    external_reference, correlation_id, origin
  )
  values (
    p_p.id, p_p.reservation_id, p_p.booking_id, p_p.clinic_id, p_amount, p_p.currency, p_reason,
    'processing', p_reference, p_actor ->> 'request_id', p_origin
  )
  returning id into v_id;
  v_rest := least(v_taken_back, refundable(p_p.id, null));
  if v_rest > 0 then
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_denied.payment_id, v_denied.reservation_id, v_denied.booking_id, v_denied.clinic_id, v_rest,
      v_denied.currency, v_denied.reason, v_denied.requested_by, v_denied.correlation_id
    )
    returning * into v_denied;
    perform note_refund(v_denied.id, 'refund.requested', v_denied.reason, p_actor);
  end if;
  return v_id;
end
$$;

-- p_status: completed | processing | failed. p_refund_id is ours from the metadata, or null.
-- outcome: refund_recorded | already_done | ignored (not our money) | unknown_money (inbox).
create function take_refund_event(
  p_event_id text, p_event_type text, p_payload jsonb, p_reference text, p_refund_id uuid,
  p_payment_intent text, p_status text, p_amount numeric, p_currency text, p_error text
) returns text
language plpgsql
set petpro.writer = 'app'
set enable_seqscan = off
as $$
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_outcome text := 'refund_recorded';
  v_known_reference text;
  v_p payments;
  v_f refunds;
  v_id uuid;
begin
  if not is_new_event(p_event_id, p_event_type, p_payload) then return 'already_done'; end if;
  select f.* into v_f
  from refunds f
  where f.external_reference = p_reference or f.id = p_refund_id
  order by f.external_reference = p_reference desc nulls last
  limit 1;
  v_id := v_f.id;
  v_known_reference := v_f.external_reference;
  -- Payment first, then refund: the order that all take.
  select p.* into v_p
  from payments p
  where p.id = coalesce(v_f.payment_id, payment_of_intent(p_payment_intent))
  for no key update;
  if v_p.id is null then
    v_outcome := 'ignored';
  elsif v_id is null and (p_status = 'failed' or upper(p_currency) <> v_p.currency) then
    v_outcome := case p_status when 'failed' then 'ignored' else 'unknown_money' end;
  elsif v_id is null then
    -- Looked for again under the lock: a twin of this event may have entered it meanwhile.
    select f.id into v_id from refunds f where f.external_reference = p_reference;
    if v_id is null then
      v_id := note_money_gone(
        v_p, 'dashboard', p_reference, p_amount, 'made_at_the_provider', v_actor
      );
    end if;
    if v_id is null then v_outcome := 'unknown_money'; end if;
  end if;
  if v_id is not null then
    select * into v_f from refunds f where f.id = v_id for no key update;
    if p_reference = any (v_f.failed_references) or v_f.status = 'denied' then
      v_outcome := 'already_done';
    elsif v_f.status = 'completed' and p_status = 'failed' then
      perform return_refund(v_id, p_error, v_actor);
    elsif v_f.status = 'completed' or v_f.returned_at is not null
      or p_status = 'processing' and v_known_reference = p_reference then
      v_outcome := 'already_done';
    else
      perform finish_refund(v_id, p_status, p_reference, p_error);
    end if;
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  return v_outcome;
end
$$;

-- p_status: open | won | lost. outcome: dispute_recorded | already_done | ignored | unknown_money.
create function take_dispute_event(
  p_event_id text, p_event_type text, p_payload jsonb, p_reference text, p_payment_intent text,
  p_status text, p_amount numeric, p_currency text, p_reason text
) returns text
language plpgsql
set petpro.writer = 'app'
set enable_seqscan = off
as $$
declare
  v_actor jsonb := jsonb_build_object(
    'kind', 'webhook', 'source', 'webhook', 'request_id', p_event_id
  );
  v_outcome text := 'dispute_recorded';
  v_p payments;
  v_d disputes;
  v_id uuid;
begin
  if not is_new_event(p_event_id, p_event_type, p_payload) then return 'already_done'; end if;
  select p.* into v_p
  from payments p
  where p.id = payment_of_intent(p_payment_intent)
  for no key update;
  if v_p.id is null then
    v_outcome := 'ignored';
  elsif upper(p_currency) <> v_p.currency then
    v_outcome := 'unknown_money';
  else
    -- Events may come in any order: one that is closed stays closed.
    insert into disputes (
      external_reference, payment_id, booking_id, clinic_id, amount, currency, reason, status,
      closed_at
    )
    values (
      p_reference, v_p.id, v_p.booking_id, v_p.clinic_id, p_amount, v_p.currency, p_reason,
      p_status, case when p_status <> 'open' then now() end
    )
    on conflict (external_reference) do update
    set status = excluded.status, closed_at = excluded.closed_at
    where disputes.status = 'open' and excluded.status <> 'open'
    returning * into v_d;
    if v_d.id is null then
      v_outcome := 'already_done';
    else
      update payments p
      set version = p.version + 1, updated_at = now()
      where p.id = v_p.id
      returning p.* into v_p;
      perform audit(
        'dispute.' || v_d.status, 'payment', v_p.id::text, v_p.clinic_id, p_reason, null,
        jsonb_build_object('dispute_id', v_d.id, 'amount', amount_text(p_amount, v_p.currency)),
        v_actor
      );
      perform emit_event(
        'payment.disputed', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_event_id,
        payment_payload(v_p) || jsonb_build_object(
          'dispute_id', v_d.id, 'dispute_status', v_d.status, 'reason', p_reason,
          'dispute_amount', amount_text(p_amount, v_p.currency)
        )
      );
      if v_d.status = 'lost' then
        v_id := note_money_gone(v_p, 'dispute', p_reference, p_amount, 'dispute_lost', v_actor);
        if v_id is null then
          v_outcome := 'unknown_money';
        else
          perform finish_refund(v_id, 'completed', p_reference, null);
        end if;
      end if;
    end if;
  end if;
  update webhook_events w
  set outcome = v_outcome, payment_id = v_p.id
  where w.event_id = p_event_id;
  return v_outcome;
end
$$;
