-- Services that a clinic grants one by one: the card is authorised, charged when somebody says yes,
-- and let go when nobody does (capabilities 7.15).

alter table clinics
  -- How long the clinic takes to answer: a day; one hour to four days, because banks hold an
  -- authorisation five days at least.
  add column approval_ms integer not null default 86400000,
  add constraint clinics_approval_range check (approval_ms between 3600000 and 345600000);

-- When the clinic was asked: the card is authorised, or nothing is to be paid.
alter table reservations add column approval_asked_at timestamptz;
create index reservations_asked on reservations (expires_at, id)
  where status = 'pending' and approval_asked_at is not null;

-- Money that a bank keeps ready for us. open -> capturing -> captured, or -> voiding -> voided.
create table authorisations (
  payment_id uuid primary key references payments (id),
  reservation_id uuid not null references reservations (id),
  clinic_id uuid not null references clinics (id),
  payment_intent text not null,
  status text not null default 'open',
  -- Then the bank lets it go by itself.
  capture_before timestamptz not null default now() + interval '5 days',
  decided_by uuid,
  decided_at timestamptz,
  reason text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint authorisations_intent_unique unique (payment_intent),
  constraint authorisations_status_known check (
    status in ('open', 'capturing', 'captured', 'voiding', 'voided')
  )
);

create index authorisations_reservation on authorisations (reservation_id);
create index authorisations_live on authorisations (next_attempt_at)
  where status in ('open', 'capturing', 'voiding');

-- Until when the clinic may answer: its own time, and an hour before the visit; of less than two
-- hours, half.
create function approval_deadline(p_r reservations) returns timestamptz
language sql stable
as $$
  select least(
    now() + c.approval_ms * interval '1 millisecond',
    case
      when sl.starts_at > now() + interval '2 hours' then sl.starts_at - interval '1 hour'
      else now() + (sl.starts_at - now()) / 2
    end
  )
  from clinics c, slots sl
  where c.id = p_r.clinic_id and sl.id = p_r.slot_id
$$;

-- A pending hold, which the caller has locked, lives until then.
create function keep_until(p_r reservations, p_until timestamptz, p_action text, p_actor jsonb)
returns reservations
language plpgsql
as $$
declare
  v_r reservations;
begin
  update reservations r
  set expires_at = p_until,
    approval = p_r.approval,
    approval_asked_at = coalesce(r.approval_asked_at, now()),
    version = r.version + 1,
    updated_at = now()
  where r.id = p_r.id
  returning r.* into v_r;
  update slot_claims c
  set expires_at = p_until
  where c.slot_id = v_r.slot_id and c.seat = any (v_r.seats) and c.reservation_id = v_r.id;
  if v_r.item_count > 1 then perform keep_items(v_r.id, p_until); end if;
  perform log_reservation(
    v_r.id, v_r.version, 'reservation.' || p_action, 'pending', 'pending', null, p_actor
  );
  perform emit_event(
    'reservation.' || p_action, 'reservation', v_r.id, v_r.version, v_r.clinic_id,
    coalesce(p_actor ->> 'request_id', v_r.correlation_id),
    reservation_payload(v_r) || jsonb_build_object('approval', v_r.approval)
  );
  return v_r;
end
$$;

-- Asks the clinic, where nothing is to be paid. outcome: ok | not_found | conflict.
create function ask_approval(
  p_reservation_id uuid, p_actor jsonb, out outcome text, out expires_at timestamptz
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found then
    outcome := 'not_found';
  elsif v_r.status <> 'pending' or v_r.approval <> 'awaiting' or v_r.amount_due > 0 then
    outcome := 'conflict';
  else
    outcome := 'ok';
    expires_at := v_r.expires_at;
    if v_r.approval_asked_at is null then
      v_r := keep_until(v_r, approval_deadline(v_r), 'approval_asked', p_actor);
      expires_at := v_r.expires_at;
    end if;
  end if;
end
$$;

-- The bank keeps money ready (authorised), or has let it go (voided). p_r and p_p are locked.
-- Answers awaiting_approval | void_requested | voided | already_done.
create function settle_authorisation(
  p_r reservations, p_p payments, p_result text, p_payment_intent text, p_amount numeric,
  p_currency text, p_actor jsonb
) returns text
language plpgsql
as $$
declare
  v_p payments;
  v_a authorisations;
  v_refusal text;
begin
  select * into v_a from authorisations a where a.payment_id = p_p.id for no key update;
  if p_result = 'voided' then
    if v_a.payment_id is null then return settle_failure(p_p, 'expired', p_actor); end if;
    if v_a.status in ('captured', 'voided') then return 'already_done'; end if;
    update authorisations a
    set status = 'voided', last_error = null, updated_at = now()
    where a.payment_id = p_p.id;
    -- The bank or the provider's dashboard took back what a hold was kept for.
    if p_r.status = 'pending' and v_a.status in ('open', 'capturing') then
      perform end_reservation(p_r, 'cancelled', 'authorisation_lapsed', p_actor);
    end if;
    update payments p
    set status = 'failed', failure_reason = coalesce(v_a.reason, p_r.cancellation_reason, 'voided'),
      session_closed_at = coalesce(p.session_closed_at, now()),
      version = p.version + 1, updated_at = now()
    where p.id = p_p.id and p.status in ('pending', 'processing', 'failed')
    returning p.* into v_p;
    perform emit_event(
      'payment.voided', 'payment', v_p.id, v_p.version, v_p.clinic_id, p_actor ->> 'request_id',
      payment_payload(v_p)
    );
    return 'voided';
  end if;

  if v_a.payment_id is not null or p_p.status in ('success', 'refunded') then
    return 'already_done';
  end if;
  v_refusal := case
    when p_amount <> p_p.amount or p_currency <> p_p.currency then 'amount_mismatch'
    when p_r.status = 'expired' then 'reservation_expired'
    when p_r.status = 'cancelled' then 'reservation_cancelled'
    when p_r.status <> 'pending' then 'paid_otherwise'
    when p_r.approval_asked_at is not null then 'duplicate_payment'
    when owner_is_elsewhere(p_r) then 'owner_busy'
  end;
  insert into authorisations (
    payment_id, reservation_id, clinic_id, payment_intent, status, reason
  )
  values (
    p_p.id, p_r.id, p_r.clinic_id, p_payment_intent,
    case when v_refusal is null then 'open' else 'voiding' end, v_refusal
  );
  update payments p
  set status = 'processing', external_reference = p_payment_intent, session_closed_at = now(),
    failure_reason = null, version = p.version + 1, updated_at = now()
  where p.id = p_p.id;
  if v_refusal is not null then return 'void_requested'; end if;
  perform keep_until(p_r, approval_deadline(p_r), 'approval_asked', p_actor);
  return 'awaiting_approval';
end
$$;

-- The money of an authorisation has arrived, whoever asked for it.
create function note_captured(p_payment_id uuid) returns void
language sql
as $$
  update authorisations a
  set status = 'captured', last_error = null, updated_at = now()
  where a.payment_id = p_payment_id and a.status <> 'captured'
$$;

-- The clinic's yes or no. A yes keeps the place while the money is fetched; the booking is made when
-- it has come. outcome: ok | already_done | not_found | reservation_expired | conflict (decided the
-- other way, or over) | policy_refused (nobody asked, or the card is not authorised yet).
create function decide_approval(
  p_reservation_id uuid, p_approve boolean, p_reason text, p_actor jsonb,
  out outcome text, out payment_id uuid, out payment_intent text, out booking_id uuid,
  out slot_id uuid, out seats integer[], out lock_id text
)
language plpgsql
set petpro.writer = 'app'
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_a authorisations;
  v_b bookings;
  v_before text;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  slot_id := v_r.slot_id;
  seats := v_r.seats;
  lock_id := v_r.lock_id;
  select * into v_a
  from authorisations a
  where a.reservation_id = v_r.id and a.status in ('open', 'capturing')
  for no key update;
  payment_id := v_a.payment_id;
  payment_intent := v_a.payment_intent;
  outcome := case
    when v_r.approval in ('approved', 'rejected') and (v_r.approval = 'approved') = p_approve
      then 'already_done'
    when v_r.approval in ('approved', 'rejected') then 'conflict'
    when v_r.approval_asked_at is null then 'policy_refused'
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_r.status <> 'pending' then 'conflict'
    -- The bank's news is on its way: the hold ends with it.
    when v_r.amount_due > 0 and v_a.payment_id is null then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then
    select b.id into booking_id from bookings b where b.reservation_id = v_r.id;
    return;
  end if;
  v_before := v_r.approval;
  if p_approve then
    v_r.approval := 'approved';
    v_r := keep_until(
      v_r,
      greatest(v_r.expires_at, least(v_a.capture_before, (
        select sl.starts_at from slots sl where sl.id = v_r.slot_id
      ))),
      'approved', p_actor
    );
    if v_a.payment_id is null then
      v_b := make_booking(v_r, null, 'confirmed', p_actor);
      booking_id := v_b.id;
    end if;
  else
    update reservations r set approval = 'rejected' where r.id = v_r.id returning r.* into v_r;
    perform end_reservation(v_r, 'cancelled', coalesce(p_reason, 'rejected'), p_actor);
  end if;
  -- Whoever decides goes on to the provider at once; the worker is there for those who die on the way.
  update authorisations a
  set status = case when p_approve then 'capturing' else 'voiding' end,
    reason = case when p_approve then p_reason else coalesce(p_reason, 'rejected') end,
    decided_by = actor_id(p_actor),
    decided_at = now(),
    next_attempt_at = now() + interval '60 seconds',
    updated_at = now()
  where a.payment_id = v_a.payment_id;
  perform audit(
    'approval.' || v_r.approval, 'reservation', v_r.id::text, v_r.clinic_id, p_reason,
    jsonb_build_object('approval', v_before), jsonb_build_object('approval', v_r.approval), p_actor
  );
end
$$;

-- Leases what has to be done at the provider: money to fetch, and money to let go because its hold
-- has ended, however that came.
create function claim_authorisations(p_limit integer, p_lease_ms integer)
returns table (
  payment_id uuid, reservation_id uuid, payment_intent text, verb text, attempts integer,
  is_lapsed boolean
)
language sql
as $$
  update authorisations a
  set status = case
      when a.status = 'capturing' and r.status = 'pending' then 'capturing' else 'voiding'
    end,
    reason = coalesce(a.reason, case r.status
      when 'expired' then 'approval_timeout' when 'confirmed' then 'paid_otherwise'
      else r.cancellation_reason
    end),
    attempts = a.attempts + 1,
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond',
    updated_at = now()
  from reservations r
  where r.id = a.reservation_id
    and a.payment_id in (
      select w.payment_id
      from authorisations w
      join reservations h on h.id = w.reservation_id
      where w.status in ('open', 'capturing', 'voiding')
        and w.next_attempt_at <= now()
        and (w.status <> 'open' or h.status <> 'pending')
      order by w.next_attempt_at
      limit p_limit
      for update of w skip locked
    )
  returning a.payment_id, a.reservation_id, a.payment_intent,
    case a.status when 'capturing' then 'capture' else 'void' end, a.attempts,
    a.capture_before + interval '1 day' < now()
$$;

-- A try that did not end it. p_is_final: the bank will never pay, so the hold ends and what may be
-- left of the authorisation is let go.
create function delay_authorisation(
  p_payment_id uuid, p_error text, p_retry_after_ms integer, p_is_final boolean, p_actor jsonb
) returns void
language plpgsql
set petpro.writer = 'app'
set enable_seqscan = off
as $$
declare
  v_r reservations;
begin
  -- Reservation first, then what hangs on it: the order that all take.
  select r.* into v_r
  from reservations r
  where r.id = (select a.reservation_id from authorisations a where a.payment_id = p_payment_id)
  for no key update;
  update authorisations a
  set status = case when p_is_final then 'voiding' else a.status end,
    reason = case when p_is_final then 'capture_failed' else a.reason end,
    last_error = left(p_error, 500),
    next_attempt_at = now() + p_retry_after_ms * interval '1 millisecond',
    updated_at = now()
  where a.payment_id = p_payment_id and a.status in ('capturing', 'voiding');
  if found and p_is_final and v_r.status = 'pending' then
    perform end_reservation(v_r, 'cancelled', 'capture_failed', p_actor);
  end if;
end
$$;

-- What the provider has refused to do for a while: a person looks there. It leaves by itself.
create view authorisation_inbox as
select 'authorisation-' || a.payment_id as item_id, 'authorisation_stuck' as cause,
  'action' as clears, a.clinic_id, a.payment_id, null::uuid as refund_id, r.reference_code,
  amount_text(p.amount, p.currency) as amount, p.currency,
  a.status || coalesce(': ' || a.last_error, '') as detail,
  coalesce(a.decided_at, a.created_at) as since
from authorisations a
join payments p on p.id = a.payment_id
join reservations r on r.id = a.reservation_id
where a.status in ('capturing', 'voiding') and a.attempts >= 5;

insert into notification_rules (event_type, notification_type, channels)
values
  ('reservation.approval_asked', 'approval_asked', '{email,push}'),
  ('payment.voided', 'approval_declined', '{email,push,sms}');
