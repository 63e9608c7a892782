-- The rules of a clinic's bookings, changed by its manager: audited, versioned, for what begins from
-- now on. What is held or booked keeps the policy that it was made under.

create function booking_rules_json(p_c clinics) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'hold_ms', p_c.hold_ms, 'undo_ms', p_c.undo_ms, 'approval_ms', p_c.approval_ms,
    'check_in_hours', p_c.check_in_hours, 'cancellation_policy', p_c.cancellation_policy
  )
$$;

-- p_changes: fields of booking_rules_json; those left out stay.
-- outcome: ok | not_found | conflict (version).
create function set_booking_rules(
  p_clinic_id uuid, p_changes jsonb, p_expected_version integer, p_actor jsonb,
  out outcome text, out version integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old clinics;
  v_new clinics;
begin
  select * into v_old from clinics c where c.id = p_clinic_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_old.id)
  then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  outcome := 'ok';
  update clinics c
  set hold_ms = coalesce((p_changes ->> 'hold_ms')::integer, c.hold_ms),
    undo_ms = coalesce((p_changes ->> 'undo_ms')::integer, c.undo_ms),
    approval_ms = coalesce((p_changes ->> 'approval_ms')::integer, c.approval_ms),
    check_in_hours = coalesce((p_changes ->> 'check_in_hours')::integer, c.check_in_hours),
    -- Of the waiting list (0055).
    waitlist_offer_ms = coalesce(
      (p_changes ->> 'waitlist_offer_ms')::integer, c.waitlist_offer_ms
    ),
    waitlist_notice_ms = coalesce(
      (p_changes ->> 'waitlist_notice_ms')::integer, c.waitlist_notice_ms
    ),
    waitlist_misses = coalesce((p_changes ->> 'waitlist_misses')::integer, c.waitlist_misses),
    cancellation_policy = coalesce(p_changes -> 'cancellation_policy', c.cancellation_policy),
    -- Of capacity (0069).
    overbooking_percent = coalesce(
      (p_changes ->> 'overbooking_percent')::integer, c.overbooking_percent
    ),
    version = c.version + 1,
    updated_at = now()
  where c.id = p_clinic_id
  returning c.* into v_new;
  version := v_new.version;
  perform audit(
    'clinic.booking_rules', 'clinic', v_new.id::text, v_new.id, null, booking_rules_json(v_old),
    booking_rules_json(v_new), p_actor
  );
end
$$;

-- Whether a service has to be granted by the clinic before it is booked.
-- outcome: ok | not_found.
create function set_service_approval(
  p_service_id uuid, p_requires_approval boolean, p_actor jsonb, out outcome text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old services;
begin
  select * into v_old from services sv where sv.id = p_service_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_old.clinic_id)
  then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if v_old.requires_approval = p_requires_approval then return; end if;
  update services sv
  set requires_approval = p_requires_approval, version = sv.version + 1, updated_at = now()
  where sv.id = p_service_id;
  perform audit(
    'service.approval', 'service', v_old.id::text, v_old.clinic_id, null,
    jsonb_build_object('requires_approval', v_old.requires_approval),
    jsonb_build_object('requires_approval', p_requires_approval), p_actor
  );
end
$$;
