-- Time that a vet is not there: planned once, judged by the same exclusion as every claim, and all
-- of it or nothing. Bookings in the way are moved, cancelled or kept, as the plan says.

alter table plans drop constraint plans_kind_known;
alter table plans add constraint plans_kind_known
  check (kind in ('locks.cleanup', 'reconcile', 'time_off'));

create table staff_time_off (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  staff_id uuid not null references staff (id),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text not null,
  -- The rows of staff_claims that keep everybody else out: one per gap between kept visits.
  claim_ids uuid[] not null,
  -- The slots that were closed because of it, to be opened again by its end.
  slot_ids uuid[] not null,
  plan_id bigint not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  ended_by uuid,
  constraint staff_time_off_order check (ends_at > starts_at)
);

create index staff_time_off_standing on staff_time_off (staff_id, starts_at) where ended_at is null;
create index staff_time_off_clinic on staff_time_off (clinic_id, starts_at);
create index staff_time_off_claims on staff_time_off using gin (claim_ids);

-- Carries a plan of time off out. p_wish: staff_id, clinic_id, starts_at, ends_at, reason. Each item
-- has a kind: move (booking_id, version, to_slot_id), cancel (booking_id, version), end_hold
-- (reservation_id) or keep (slot_id). Everything is undone when one of them cannot be done, or when
-- something stands in the window that the plan does not know.
-- outcome: ok | not_found | expired | conflict (problem: the item and why).
create function take_time_off(
  p_plan_id bigint, p_reason text, p_actor jsonb,
  out outcome text, out problem jsonb, out time_off_id uuid, out moved integer,
  out cancelled integer, out kept integer, out holds_ended jsonb, out slots_closed integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_taken record;
  v_wish jsonb;
  v_item jsonb;
  v_during tstzrange;
  v_staff_id uuid;
  v_why text;
  v_reason text;
  v_hold record;
  v_claims uuid[];
  v_slots uuid[];
  v_left uuid;
begin
  moved := 0;
  cancelled := 0;
  kept := 0;
  holds_ended := '[]';
  begin
    select t.outcome, t.items into v_taken from take_plan(p_plan_id, 'time_off', p_reason, p_actor) t;
    if v_taken.outcome <> 'ok' then
      outcome := v_taken.outcome;
      return;
    end if;
    v_wish := v_taken.items -> 0;
    v_staff_id := (v_wish ->> 'staff_id')::uuid;
    v_reason := coalesce(p_reason, v_wish ->> 'reason');
    v_during := tstzrange(
      (v_wish ->> 'starts_at')::timestamptz, (v_wish ->> 'ends_at')::timestamptz
    );
    -- In one order, so that two plans which touch the same visits wait for each other only once.
    for v_item in
      select i from jsonb_array_elements(v_taken.items - 0) i order by i ->> 'reservation_id'
    loop
      v_why := 'ok';
      case v_item ->> 'kind'
        when 'move' then
          select r.outcome into v_why
          from reschedule_booking(
            (v_item ->> 'booking_id')::uuid, (v_item ->> 'to_slot_id')::uuid, 'clinic', null,
            v_reason, (v_item ->> 'version')::integer, false, p_actor
          ) r;
          moved := moved + 1;
        when 'cancel' then
          select r.outcome into v_why
          from cancel_booking(
            (v_item ->> 'booking_id')::uuid, v_reason, 'clinic', (v_item ->> 'version')::integer,
            false, p_actor
          ) r;
          cancelled := cancelled + 1;
        when 'end_hold' then
          -- One that has ended by itself is no hindrance; one that was paid is seen below.
          select r.* into v_hold
          from cancel_reservation((v_item ->> 'reservation_id')::uuid, v_reason, p_actor) r;
          if v_hold.outcome = 'ok' then
            holds_ended := holds_ended || jsonb_build_object(
              'slot_id', v_hold.slot_id, 'seats', v_hold.seats, 'lock_id', v_hold.lock_id,
              'session_id', v_hold.session_id
            );
          end if;
        else
          kept := kept + 1;
      end case;
      if v_why <> 'ok' then
        problem := v_item || jsonb_build_object('why', v_why);
        raise exception using errcode = 'PP001', message = 'the plan is no longer true';
      end if;
    end loop;

    select s.slot_id into v_left
    from staff_claims s
    where s.staff_id = v_staff_id
      and s.during && v_during
      and not exists (
        select from jsonb_array_elements(v_taken.items - 0) i
        where i ->> 'kind' = 'keep' and (i ->> 'slot_id')::uuid = s.slot_id
      )
      and not exists (
        select from staff_time_off t where t.ended_at is null and t.claim_ids @> array[s.slot_id]
      )
    limit 1;
    if found then
      problem := jsonb_build_object('kind', 'new', 'slot_id', v_left, 'why', 'slot_taken');
      raise exception using errcode = 'PP001', message = 'somebody booked meanwhile';
    end if;

    -- The judge from now on: whoever is about to claim this vet meets the exclusion constraint.
    with gap as (
      select unnest(
        tstzmultirange(v_during) - coalesce(range_agg(s.during), '{}'::tstzmultirange)
      ) as during
      from staff_claims s
      where s.staff_id = v_staff_id and s.during && v_during
    ), made as (
      insert into staff_claims (slot_id, staff_id, clinic_id, during)
      select gen_random_uuid(), v_staff_id, (v_wish ->> 'clinic_id')::uuid, g.during
      from gap g
      returning slot_id
    )
    select coalesce(array_agg(m.slot_id), '{}') into v_claims from made m;

    with standing as (
      select sl.id
      from slots sl
      where sl.staff_id = v_staff_id
        and sl.starts_at < upper(v_during) and sl.ends_at > lower(v_during)
        -- Those of kept visits too: when one is cancelled, its time stays closed.
        and sl.status <> 'blocked'
      order by sl.id
      for update
    ), closed as (
      update slots sl
      set status = 'blocked', version = sl.version + 1, updated_at = now()
      from standing s
      where sl.id = s.id
      returning sl.id
    )
    select coalesce(array_agg(c.id), '{}') into v_slots from closed c;

    insert into staff_time_off (
      clinic_id, staff_id, starts_at, ends_at, reason, claim_ids, slot_ids, plan_id, created_by
    )
    values (
      (v_wish ->> 'clinic_id')::uuid, v_staff_id, lower(v_during), upper(v_during), v_reason,
      v_claims, v_slots, p_plan_id, actor_id(p_actor)
    )
    returning id into time_off_id;
    slots_closed := cardinality(v_slots);
    outcome := 'ok';
  exception
    when sqlstate 'PP001' then
      outcome := 'conflict';
    when exclusion_violation then
      outcome := 'conflict';
      problem := jsonb_build_object('kind', 'new', 'why', 'slot_taken');
  end;
end
$$;

-- Ends time off early or as a mistake: the vet can be booked again; what was moved stays moved.
-- outcome: ok | not_found | already_done.
create function end_time_off(
  p_time_off_id uuid, p_actor jsonb, out outcome text, out slots_opened integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_t staff_time_off;
begin
  slots_opened := 0;
  select * into v_t from staff_time_off t where t.id = p_time_off_id for no key update;
  if v_t.id is null or (
    nullif(p_actor ->> 'clinic_id', '')::uuid is distinct from v_t.clinic_id
    and nullif(p_actor ->> 'clinic_id', '') is not null
  ) then
    outcome := 'not_found';
    return;
  end if;
  if v_t.ended_at is not null then
    outcome := 'already_done';
    return;
  end if;
  update staff_time_off t set ended_at = now(), ended_by = actor_id(p_actor) where t.id = v_t.id;
  delete from staff_claims s where s.slot_id = any (v_t.claim_ids);
  with closed as (
    select sl.id
    from slots sl
    where sl.id = any (v_t.slot_ids)
      and sl.status = 'blocked'
      -- Another time off may lie over the same hours.
      and not exists (
        select from staff_time_off o
        where o.ended_at is null and o.staff_id = v_t.staff_id
          and o.starts_at < sl.ends_at and o.ends_at > sl.starts_at
      )
    order by sl.id
    for update
  ), opened as (
    update slots sl
    set status = case when sl.booked_count >= sl.capacity then 'booked' else 'available' end,
      version = sl.version + 1,
      updated_at = now()
    from closed c
    where sl.id = c.id
    returning sl.id
  )
  select count(*) into slots_opened from opened;
  perform audit(
    'time_off.ended', 'time_off', v_t.id::text, v_t.clinic_id, v_t.reason,
    jsonb_build_object('starts_at', v_t.starts_at, 'ends_at', v_t.ends_at), null, p_actor
  );
  outcome := 'ok';
end
$$;
