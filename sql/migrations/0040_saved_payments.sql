-- Payments with a saved method: no page is open, the provider is asked and answers at once.

-- Whom the provider knows by which name. Made with the first method that an owner saves.
create table payment_customers (
  user_id uuid primary key references users (id),
  provider_customer_id text not null,
  created_at timestamptz not null default now(),
  constraint payment_customers_provider_unique unique (provider_customer_id)
);

-- The provider keeps the methods and is asked for them: what is not stored cannot leak or go stale.
drop table payment_methods;

-- One charge of a saved method at a time per hold: two would take the money twice.
create unique index payments_one_saved on payments (reservation_id)
  where payment_method = 'saved_card' and status in ('pending', 'processing');

-- The payment that the provider's object names: what we gave along when we asked for it.
create function payment_named(p_payload jsonb) returns uuid
language plpgsql stable
as $$
declare
  v_id text := coalesce(
    p_payload -> 'metadata', p_payload #> '{data,object,metadata}', p_payload #> '{object,metadata}'
  ) ->> 'payment_id';
begin
  if v_id !~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then return null; end if;
  return (select p.id from payments p where p.id = v_id::uuid);
end
$$;

-- Notes that a hold is about to be paid with a saved method, before the provider is asked: whoever
-- dies in between leaves a name to look the charge up by. outcome: ok | in_flight (an earlier charge
-- of this hold has not ended; it is the one described) | not_found | reservation_expired | conflict
-- | policy_refused (nothing to pay).
create function begin_saved_payment(
  p_payment_id uuid, p_reservation_id uuid, p_method_id text, p_actor jsonb,
  out outcome text, out payment_id uuid, out method_id text, out session_id text,
  out payment_url text, out amount numeric, out currency text, out needs_approval boolean
)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_r reservations;
  v_p payments;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_r.status <> 'pending' or v_r.approval_asked_at is not null then 'conflict'
    when v_r.amount_due = 0 then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  amount := v_r.amount_due;
  currency := v_r.currency;
  needs_approval := v_r.approval = 'awaiting';
  select * into v_p
  from payments p
  where p.reservation_id = v_r.id and p.payment_method = 'saved_card'
    and p.status in ('pending', 'processing');
  outcome := case when found then 'in_flight' else 'ok' end;
  if outcome = 'ok' then
    insert into payments (
      id, reservation_id, clinic_id, user_id, amount, currency, payment_method, payment_details
    )
    values (
      p_payment_id, v_r.id, v_r.clinic_id, v_r.user_id, v_r.amount_due, v_r.currency,
      'saved_card', jsonb_build_object('payment_method_id', p_method_id)
    )
    returning * into v_p;
  end if;
  payment_id := v_p.id;
  method_id := v_p.payment_details ->> 'payment_method_id';
  session_id := v_p.session_id;
  payment_url := v_p.payment_url;
end
$$;

-- The provider's name of a charge that has not ended. It stands where a page's session stands, so
-- that everything that closes or asks after a page does so with the charge. An hour is more than any
-- hold that waits for its owner's bank.
create function record_saved_payment(p_payment_id uuid, p_intent text, p_payment_url text)
returns void
language sql
as $$
  update payments p
  set session_id = p_intent,
    external_reference = p_intent,
    payment_url = p_payment_url,
    session_expires_at = now() + interval '1 hour',
    status = 'processing',
    version = p.version + 1,
    updated_at = now()
  -- A webhook may have been faster, and knows better.
  where p.id = p_payment_id and p.status in ('pending', 'processing')
    and p.session_closed_at is null
$$;

-- Charges whose answer never came. Only the provider can say what became of them.
create function lost_charges(p_older_than_ms integer, p_limit integer)
returns table (payment_id uuid, provider_customer_id text)
language sql stable
as $$
  select p.id, c.provider_customer_id
  from payments p
  join payment_customers c on c.user_id = p.user_id
  where p.status = 'pending' and p.payment_method = 'saved_card' and p.session_id is null
    and p.session_closed_at is null
    and p.created_at < now() - p_older_than_ms * interval '1 millisecond'
  order by p.created_at
  limit p_limit
$$;
