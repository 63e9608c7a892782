-- The life of a refund: asked for, decided, sent, followed until the bank is done, handed over.

alter table refunds
  -- Money moves only once somebody who may has said so; `awaiting` refunds are never claimed.
  add column decision text not null default 'granted',
  add column decided_by uuid,
  add column decided_at timestamptz,
  -- ours = asked for here; dashboard = made at the provider's; dispute = taken back by the bank.
  add column origin text not null default 'ours',
  -- How a person handed the money over, where no machine could.
  add column handed_over text,
  -- The bank took it and gave it back later: an entry and its reversal stand in the ledger.
  add column returned_at timestamptz,
  -- What the provider called the tries that failed; news about them is old news.
  add column failed_references text[] not null default '{}',
  add constraint refunds_decision_known check (decision in ('granted', 'awaiting', 'denied')),
  add constraint refunds_origin_known check (origin in ('ours', 'dashboard', 'dispute')),
  add constraint refunds_handed_over_known check (
    handed_over in ('cash', 'card_terminal', 'transfer', 'provider')
  );

create unique index refunds_external on refunds (external_reference)
  where external_reference is not null;
create index refunds_by_time on refunds (created_at, id);

-- A refund that came back is entered once more, the other way round.
alter table financial_entries
  drop constraint financial_entries_refund_unique,
  drop constraint financial_entries_type_known,
  drop constraint financial_entries_sign,
  add constraint financial_entries_type_known check (type in ('payment', 'refund', 'reversal')),
  add constraint financial_entries_sign check (
    (type = 'payment' and total_amount >= 0 and refund_id is null)
    or (type = 'refund' and total_amount < 0 and refund_id is not null)
    or (type = 'reversal' and total_amount > 0 and refund_id is not null)
  );
create unique index financial_entries_one_refund on financial_entries (refund_id, type)
  where refund_id is not null;

-- What is left of a payment when every refund that may still happen is taken off.
create function refundable(p_payment_id uuid, p_but_not uuid) returns numeric
language sql stable
as $$
  select p.amount - coalesce((
    select sum(f.amount)
    from refunds f
    where f.payment_id = p.id and f.id is distinct from p_but_not
      and (f.status in ('pending', 'processing', 'completed')
        or f.status = 'failed' and f.returned_at is null)
  ), 0)
  from payments p
  where p.id = p_payment_id
$$;

-- Leases due refunds. One that the provider knows (refund_reference) is asked after, not sent again:
-- an idempotency key is forgotten after a day, a refund at the bank may take ten.
create function claim_refunds(p_limit integer, p_lease_ms integer)
returns table (
  refund_id uuid, payment_id uuid, booking_id uuid, clinic_id uuid, session_id text,
  external_reference text, refund_reference text, payment_method text, amount numeric,
  currency text, reason text, attempts integer, tries_failed integer
)
language sql
as $$
  update refunds f
  set status = 'processing',
    attempts = f.attempts + case when f.external_reference is null then 1 else 0 end,
    leased_until = now() + p_lease_ms * interval '1 millisecond',
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond',
    updated_at = now()
  from payments p
  where p.id = f.payment_id
    and f.id in (
      select w.id
      from refunds w
      where w.status in ('pending', 'processing') and w.decision = 'granted'
        and w.next_attempt_at <= now()
      order by w.next_attempt_at
      limit p_limit
      for update skip locked
    )
  returning f.id, f.payment_id, f.booking_id, f.clinic_id, p.session_id, p.external_reference,
    f.external_reference, p.payment_method, f.amount, f.currency, f.reason, f.attempts,
    cardinality(f.failed_references)
$$;

-- Asks for money of a booking to go back. p_amount null = all that is left. p_needs_decision: a
-- manager has to agree first, unless the clinic lets its desk give back that much (0042); p_ask: ask
-- the manager anyway. outcome: ok | not_found | policy_refused (limit_amount: what the desk may still
-- give back of this booking; else left_amount says why).
create function request_refund(
  p_booking_id uuid, p_amount numeric, p_reason text, p_needs_decision boolean, p_actor jsonb,
  p_ask boolean default false,
  out outcome text, out refund_id uuid, out left_amount numeric, out currency text,
  out limit_amount numeric
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_p payments;
  v_rest numeric;
  v_part numeric;
  v_id uuid;
  v_within boolean := false;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  currency := v_b.currency;
  perform from payments p
  where p.booking_id = v_b.id and p.status in ('success', 'refunded')
  order by p.id
  for no key update;
  -- A deposit and the rest are two payments: the money goes back the ways that it came.
  select coalesce(sum(refundable(p.id, null)), 0) into left_amount
  from payments p
  where p.booking_id = v_b.id and p.currency = v_b.currency and p.status in ('success', 'refunded');
  v_rest := coalesce(p_amount, left_amount);
  outcome := case when v_rest <= 0 or v_rest > left_amount then 'policy_refused' end;
  if outcome is not null then return; end if;
  if p_needs_decision and not p_ask then
    select c.desk_refund_limit - coalesce((
      select sum(f.amount)
      from refunds f
      where f.booking_id = v_b.id and f.within_limit and f.status <> 'denied'
    ), 0) into limit_amount
    from clinics c
    where c.id = v_b.clinic_id;
    v_within := limit_amount is not null;
    if v_rest > limit_amount then
      limit_amount := greatest(limit_amount, 0);
      outcome := 'policy_refused';
      return;
    end if;
    limit_amount := null;
  end if;
  for v_p in
    select p.*
    from payments p
    where p.booking_id = v_b.id and p.currency = v_b.currency
      and p.status in ('success', 'refunded')
    order by refundable(p.id, null) desc, p.id
  loop
    exit when v_rest <= 0;
    v_part := least(v_rest, refundable(v_p.id, null));
    v_rest := v_rest - v_part;
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id, decision, within_limit
    )
    values (
      v_p.id, v_p.reservation_id, v_b.id, v_b.clinic_id, v_part, v_p.currency, p_reason,
      actor_id(p_actor), p_actor ->> 'request_id',
      case when p_needs_decision and not v_within then 'awaiting' else 'granted' end, v_within
    )
    returning id into v_id;
    refund_id := coalesce(refund_id, v_id);
    perform note_refund(v_id, 'refund.requested', p_reason, p_actor);
  end loop;
  left_amount := left_amount - coalesce(p_amount, left_amount);
  outcome := 'ok';
end
$$;

-- Brings the payment's summary in step with its refunds, and tells of the change: audit and event.
create function note_refund(p_refund_id uuid, p_event text, p_notes text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
begin
  select * into v_f from refunds f where f.id = p_refund_id;
  update payments p
  set refund_status = refund_status_of(p.id), version = p.version + 1, updated_at = now()
  where p.id = v_f.payment_id
  returning p.* into v_p;
  perform audit(
    p_event, 'refund', v_f.id::text, v_f.clinic_id, p_notes, null,
    jsonb_build_object(
      'status', v_f.status, 'decision', v_f.decision, 'currency', v_f.currency,
      'amount', amount_text(v_f.amount, v_f.currency), 'payment_id', v_f.payment_id
    ), p_actor
  );
  perform emit_event(
    p_event, 'payment', v_p.id, v_p.version, v_p.clinic_id,
    coalesce(p_actor ->> 'request_id', v_f.correlation_id),
    payment_payload(v_p) || jsonb_build_object(
      'refund_id', v_f.id, 'refund_amount', amount_text(v_f.amount, v_f.currency),
      'refund_status', v_f.status, 'decision', v_f.decision, 'reason', v_f.reason
    )
  );
end
$$;

-- The least finished of a payment's refunds: what a person should know of them in one word.
create function refund_status_of(p_payment_id uuid) returns text
language sql stable
as $$
  select f.status
  from refunds f
  where f.payment_id = p_payment_id
  order by array_position(array['failed', 'processing', 'pending', 'completed', 'denied'], f.status)
  limit 1
$$;

-- p_grant: true = send it, false = denied for good. outcome: ok | already_done | not_found | conflict.
create function decide_refund(p_id uuid, p_grant boolean, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_f refunds;
begin
  perform from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_f.clinic_id) then return 'not_found'; end if;
  if v_f.decision = (case when p_grant then 'granted' else 'denied' end) then
    return 'already_done';
  end if;
  if v_f.decision <> 'awaiting' then return 'conflict'; end if;
  update refunds f
  set decision = case when p_grant then 'granted' else 'denied' end,
    status = case when p_grant then f.status else 'denied' end,
    decided_by = actor_id(p_actor), decided_at = now(), next_attempt_at = now(),
    updated_at = now()
  where f.id = p_id;
  perform note_refund(
    p_id, case when p_grant then 'refund.granted' else 'refund.denied' end, p_reason, p_actor
  );
  return 'ok';
end
$$;

-- A person handed the money over: in cash, on the terminal, or by hand at the provider's.
-- outcome: ok | already_done | not_found | policy_refused (the machine is still at it).
create function complete_refund(p_id uuid, p_handed_over text, p_reason text, p_actor jsonb)
returns text
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
begin
  select p.* into v_p
  from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_f.clinic_id) then return 'not_found'; end if;
  if v_f.status = 'completed' then return 'already_done'; end if;
  -- At the desk it may be quicker than the worker, which cannot pay cash anyway.
  if v_f.decision <> 'granted' or v_f.returned_at is not null
    or v_f.status not in ('pending', 'failed')
    or v_f.status = 'pending' and v_p.external_reference is not null
    or v_f.amount > refundable(v_p.id, v_f.id) then
    return 'policy_refused';
  end if;
  update refunds f set handed_over = p_handed_over where f.id = p_id;
  perform finish_refund(p_id, 'completed', null, null);
  perform audit(
    'refund.handed_over', 'refund', p_id::text, v_f.clinic_id, p_reason,
    jsonb_build_object('status', v_f.status),
    jsonb_build_object('status', 'completed', 'handed_over', p_handed_over), p_actor
  );
  return 'ok';
end
$$;

-- A failed refund once more. One that the bank returned is a new refund: the old one is history.
-- outcome: ok | not_found | conflict (it has not failed) | policy_refused (nothing is left).
create function retry_refund(
  p_id uuid, p_reason text, p_actor jsonb, out outcome text, out refund_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_f refunds;
  v_p payments;
begin
  select p.* into v_p
  from payments p
  where p.id = (select f.payment_id from refunds f where f.id = p_id)
  for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  outcome := case
    when not found or is_hidden(p_actor, null, v_f.clinic_id) then 'not_found'
    when v_f.status <> 'failed' then 'conflict'
    when v_p.external_reference is null then 'policy_refused'
    when v_f.amount > refundable(v_p.id, v_f.id) then 'policy_refused'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  refund_id := p_id;
  if v_f.returned_at is null then
    update refunds f
    set status = 'pending', attempts = 0, next_attempt_at = now(), external_reference = null,
      failed_references = array_remove(f.failed_references || f.external_reference, null),
      updated_at = now()
    where f.id = p_id;
  else
    insert into refunds (
      payment_id, reservation_id, booking_id, clinic_id, amount, currency, reason, requested_by,
      correlation_id
    )
    values (
      v_f.payment_id, v_f.reservation_id, v_f.booking_id, v_f.clinic_id, v_f.amount, v_f.currency,
      v_f.reason, actor_id(p_actor), p_actor ->> 'request_id'
    )
    returning id into refund_id;
  end if;
  perform note_refund(refund_id, 'refund.requested', p_reason, p_actor);
end
$$;

-- A finished refund whose money came back to us: the ledger takes it back, a person has to look.
create function return_refund(p_id uuid, p_error text, p_actor jsonb) returns void
language plpgsql
as $$
declare
  v_f refunds;
begin
  update refunds f
  set status = 'failed', returned_at = now(), last_error = left(p_error, 500), updated_at = now()
  where f.id = p_id
  returning f.* into v_f;
  insert into financial_entries (
    booking_id, payment_id, refund_id, clinic_id, type, total_amount, platform_fee, clinic_amount,
    tax_amount, currency, transaction_reference
  )
  select e.booking_id, e.payment_id, e.refund_id, e.clinic_id, 'reversal', -e.total_amount,
    -e.platform_fee, -e.clinic_amount, -e.tax_amount, e.currency, e.transaction_reference
  from financial_entries e
  where e.refund_id = p_id and e.type = 'refund';
  update payments p set refund_amount = p.refund_amount - v_f.amount where p.id = v_f.payment_id;
  perform note_refund(p_id, 'refund.failed', p_error, p_actor);
end
$$;
