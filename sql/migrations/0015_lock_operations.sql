-- What operators repair with: frozen plans, audited repairs, and the last look at the inventory.

-- What a dry run saw, to be acted on as it was seen and not on what came later. Used once.
create table plans (
  -- Shown as PL91.
  id bigint generated always as identity primary key,
  kind text not null,
  reason text,
  items jsonb not null,
  -- Operators of one clinic take the plans of their clinic only.
  clinic_id uuid,
  made_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '15 minutes',
  taken_at timestamptz,
  taken_by uuid,
  constraint plans_kind_known check (kind in ('locks.cleanup', 'reconcile')),
  constraint plans_items_is_list check (jsonb_typeof(items) = 'array')
);

create index plans_expiry on plans (expires_at);

create function audit(
  p_action text, p_target_type text, p_target_id text, p_clinic_id uuid, p_reason text,
  p_before jsonb, p_after jsonb, p_actor jsonb
) returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, p_target_type, p_target_id, p_reason, p_before, p_after
  )
$$;

-- Takes a plan for good. outcome: ok | not_found | expired | conflict (taken already).
create function take_plan(
  p_id bigint, p_kind text, p_reason text, p_actor jsonb, out outcome text, out items jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_plan plans;
begin
  select * into v_plan from plans p where p.id = p_id and p.kind = p_kind for update;
  if not found or (
    nullif(p_actor ->> 'clinic_id', '')::uuid is distinct from v_plan.clinic_id
    and nullif(p_actor ->> 'clinic_id', '') is not null
  ) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_plan.taken_at is not null then 'conflict'
    when v_plan.expires_at <= now() then 'expired'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  update plans p
  set taken_at = now(), taken_by = actor_id(p_actor), reason = coalesce(p_reason, p.reason)
  where p.id = p_id;
  items := v_plan.items;
  -- Before the first repair: nothing is ever repaired that the audit log does not know of.
  perform audit(
    p_kind || '.plan_taken', 'plan', 'PL' || p_id, v_plan.clinic_id,
    coalesce(p_reason, v_plan.reason), jsonb_build_object('items', v_plan.items), null, p_actor
  );
end
$$;

-- Ends a hold because its lock is released by force; only the hold that the operator saw.
-- outcome: ok | not_found | conflict (it is not pending any more, or another lock's).
create function force_cancel_reservation(
  p_reservation_id uuid, p_lock_id text, p_reason text, p_before jsonb, p_actor jsonb,
  out outcome text, out seats integer[], out slot_id uuid, out lock_id text, out session_id text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_r reservations;
begin
  select * into v_r from reservations r where r.id = p_reservation_id for no key update;
  if not found or is_hidden(p_actor, v_r.user_id, v_r.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_r.status <> 'pending' or v_r.lock_id <> p_lock_id then
    outcome := 'conflict';
    return;
  end if;
  session_id := open_session(v_r.id);
  v_r := end_reservation(v_r, 'cancelled', p_reason, p_actor);
  perform audit(
    'lock.reservation_cancelled', 'reservation', v_r.id::text, v_r.clinic_id, p_reason, p_before,
    jsonb_build_object('status', v_r.status, 'version', v_r.version), p_actor
  );
  outcome := 'ok';
  seats := v_r.seats;
  slot_id := v_r.slot_id;
  lock_id := v_r.lock_id;
end
$$;

-- Counts the booked seats of a slot anew, under its row lock: a confirm under way adds its own
-- seats afterwards. outcome: ok | already_done | not_found | policy_refused (more than capacity).
create function recount_slot(
  p_slot_id uuid, p_reason text, p_actor jsonb,
  out outcome text, out count_before integer, out count_after integer
)
language plpgsql
as $$
declare
  v_slot slots;
begin
  select * into v_slot from slots sl where sl.id = p_slot_id for update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select coalesce(sum(b.quantity), 0) into count_after
  from booked_places b
  where b.slot_id = p_slot_id and b.status <> 'cancelled';
  count_before := v_slot.booked_count;
  if count_before = count_after then
    outcome := 'already_done';
    return;
  end if;
  if count_after > v_slot.capacity then
    outcome := 'policy_refused';
    return;
  end if;
  update slots sl
  set booked_count = count_after,
    status = case
      when sl.status = 'blocked' then 'blocked'
      when count_after >= sl.capacity then 'booked'
      else 'available'
    end,
    version = sl.version + 1,
    updated_at = now()
  where sl.id = p_slot_id;
  perform audit(
    'slot.recounted', 'slot', p_slot_id::text, v_slot.clinic_id, p_reason,
    jsonb_build_object('booked_count', count_before),
    jsonb_build_object('booked_count', count_after), p_actor
  );
  outcome := 'ok';
end
$$;

-- Sends back money that has neither booking nor refund.
-- outcome: ok | already_done (no longer stranded) | not_found.
create function refund_stranded(
  p_payment_id uuid, p_reason text, p_actor jsonb, out outcome text, out refund_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_p payments;
begin
  -- Reservation first, then payment: the order in which a webhook takes them.
  perform from reservations r
  where r.id = (select p.reservation_id from payments p where p.id = p_payment_id)
  for no key update;
  select * into v_p from payments p where p.id = p_payment_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select f.id into refund_id
  from refunds f
  where f.payment_id = p_payment_id and f.status <> 'denied'
  limit 1;
  if refund_id is not null or v_p.booking_id is not null or v_p.amount <= 0
    or v_p.status not in ('success', 'refunded') then
    outcome := 'already_done';
    return;
  end if;
  insert into refunds (
    payment_id, reservation_id, clinic_id, amount, currency, reason, requested_by, correlation_id
  )
  values (
    v_p.id, v_p.reservation_id, v_p.clinic_id, v_p.amount, v_p.currency, p_reason,
    actor_id(p_actor), p_actor ->> 'request_id'
  )
  returning id into refund_id;
  update payments p
  set status = 'refunded',
    refund_status = 'pending',
    failure_reason = coalesce(p.failure_reason, 'stranded'),
    version = p.version + 1,
    updated_at = now()
  where p.id = v_p.id;
  perform audit(
    'payment.refund_requested', 'payment', v_p.id::text, v_p.clinic_id, p_reason,
    jsonb_build_object('status', v_p.status, 'booking_id', null),
    jsonb_build_object('status', 'refunded', 'refund_id', refund_id), p_actor
  );
  outcome := 'ok';
end
$$;

-- One row: what the periodic reconcile saw last. All daemons read it; one of them looks.
create table inventory_state (
  only_row boolean primary key default true,
  looked_at timestamptz,
  findings jsonb not null default '{}',
  constraint inventory_state_one_row check (only_row)
);

insert into inventory_state default values;
