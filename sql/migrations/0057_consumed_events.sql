-- Events of the platform's other services: taken once, never backwards, parked when they cannot be.

-- One row per event that was taken, waits or was given up. Its key is what makes a repeat harmless.
create table consumed_events (
  event_id text primary key,
  -- What people and paths call it: event ids are not ours.
  id uuid not null default gen_random_uuid(),
  event_type text not null,
  thing_id uuid,
  occurred_at timestamptz,
  stream_id text not null,
  status text not null,
  attempts integer not null default 1,
  reason text,
  -- Kept while somebody may want it again.
  raw text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint consumed_events_id_unique unique (id),
  constraint consumed_events_status_known check (
    status in ('applied', 'outdated', 'ignored', 'waiting', 'parked', 'discarded')
  ),
  constraint consumed_events_raw_size check (octet_length(raw) <= 65536)
);

create index consumed_events_parked on consumed_events (created_at, id) where status = 'parked';
create index consumed_events_old on consumed_events (updated_at)
  where status not in ('waiting', 'parked');

-- How new our copy of a thing is.
create table source_versions (
  kind text not null,
  thing_id uuid not null,
  occurred_at timestamptz not null,
  version bigint,
  event_id text not null,
  constraint source_versions_pkey primary key (kind, thing_id)
);

-- True when this is newer than our copy, which is then said to be as new. Versions decide when both
-- have one, else the time; at the same moment the larger id, so that every order ends alike.
create function claim_source_version(
  p_kind text, p_thing_id uuid, p_occurred_at timestamptz, p_version bigint, p_event_id text
) returns boolean
language plpgsql
as $$
begin
  insert into source_versions as s (kind, thing_id, occurred_at, version, event_id)
  values (p_kind, p_thing_id, p_occurred_at, p_version, p_event_id)
  on conflict (kind, thing_id) do update
  set occurred_at = excluded.occurred_at, version = excluded.version, event_id = excluded.event_id
  where case
      when s.version <> excluded.version then excluded.version > s.version
      else (excluded.occurred_at, excluded.event_id) > (s.occurred_at, s.event_id)
    end;
  return found;
end
$$;

-- Brings one copy up to date. `not_yet`: what it belongs to has not been heard of.
create function apply_platform_event(
  p_event_id text, p_event_type text, p_thing_id uuid, p_occurred_at timestamptz,
  p_version bigint, p_data jsonb, out outcome text, out reason text
)
language plpgsql
as $$
declare
  v_kind text := split_part(p_event_type, '.', 1);
  v_user_id uuid := nullif(p_data ->> 'user_id', '')::uuid;
begin
  if p_occurred_at > now() + interval '1 day' then
    outcome := 'refused';
    reason := 'it says that it happens in the future: nothing could follow it';
    return;
  end if;
  -- The provider was asked before this; here is nothing to copy.
  if v_kind = 'payment' then
    outcome := 'applied';
    return;
  end if;
  if v_kind in ('clinic', 'service') then
    -- Places and services are opened here, with zone, currency and rules that no event carries.
    if not exists (select 1 from clinics c where v_kind = 'clinic' and c.id = p_thing_id)
      and not exists (
        select 1 from services s
        where v_kind = 'service' and s.id = p_thing_id
          and s.clinic_id = (p_data ->> 'clinic_id')::uuid
      ) then
      outcome := 'ignored';
      reason := v_kind || ' is not sold here';
      return;
    end if;
  elsif v_kind = 'pet' and not exists (select 1 from pets p where p.id = p_thing_id)
    and not exists (select 1 from users u where u.id = v_user_id) then
    outcome := 'not_yet';
    reason := case when v_user_id is null then 'a new pet without user_id'
      else 'its owner is not known here yet' end;
    return;
  elsif v_kind = 'user'
    and exists (select 1 from users u where u.id = p_thing_id and u.is_erased) then
    outcome := 'ignored';
    reason := 'erased';
    return;
  end if;
  if not claim_source_version(v_kind, p_thing_id, p_occurred_at, p_version, p_event_id) then
    outcome := 'outdated';
    return;
  end if;
  outcome := 'applied';
  case v_kind
    when 'user' then
      insert into users as u (id, full_name, email, phone)
      values (
        p_thing_id, p_data ->> 'full_name', p_data ->> 'email', p_data ->> 'phone_number'
      )
      on conflict (id) do update
      set full_name = excluded.full_name, email = excluded.email, phone = excluded.phone,
        updated_at = now();
    when 'pet' then
      insert into pets as p (id, user_id, name, species, breed)
      select p_thing_id, coalesce(v_user_id, o.user_id), p_data ->> 'name',
        p_data ->> 'species', p_data ->> 'breed'
      from (select 1) as one
      left join pets o on o.id = p_thing_id
      on conflict (id) do update
      set name = excluded.name, species = excluded.species, breed = excluded.breed,
        updated_at = now();
    when 'clinic' then
      update clinics c
      set name = p_data ->> 'name', address = p_data ->> 'address',
        phone = p_data ->> 'phone_number', version = c.version + 1, updated_at = now()
      where c.id = p_thing_id;
    when 'service' then
      -- What is held or booked keeps its price: it is written down there.
      update services s
      set name = p_data ->> 'name', price = (p_data ->> 'price')::numeric,
        duration_minutes = (p_data ->> 'duration_minutes')::integer,
        is_available = (p_data ->> 'is_available')::boolean,
        version = s.version + 1, updated_at = now()
      where s.id = p_thing_id
        and (p_data ->> 'price')::numeric
          = (select round((p_data ->> 'price')::numeric, c.exponent)
            from currencies c where c.code = s.currency);
      if not found then
        raise exception 'the price has more decimals than the currency'
          using errcode = 'check_violation', constraint = 'services_price_exponent';
      end if;
  end case;
end
$$;

-- Takes one event in one transaction: what it changes and that it was taken. p_again: somebody asks
-- for a parked one once more.
create function take_platform_event(
  p_event_id text, p_event_type text, p_thing_id uuid, p_occurred_at timestamptz,
  p_version bigint, p_data jsonb, p_raw text, p_stream_id text, p_attempts_max integer,
  p_again boolean, out outcome text, out reason text
)
language plpgsql
as $$
declare
  v_row consumed_events;
begin
  insert into consumed_events as e (
    event_id, event_type, thing_id, occurred_at, stream_id, status, raw
  )
  values (
    p_event_id, p_event_type, p_thing_id, p_occurred_at, p_stream_id, 'waiting', p_raw
  )
  on conflict (event_id) do update
  set attempts = e.attempts + 1, updated_at = now()
  where e.status = 'waiting' or (p_again and e.status = 'parked')
  returning e.* into v_row;
  if not found then
    outcome := 'already_done';
    return;
  end if;
  begin
    select a.outcome, a.reason into outcome, reason
    from apply_platform_event(
      p_event_id, p_event_type, p_thing_id, p_occurred_at, p_version, p_data
    ) a;
  exception
    when integrity_constraint_violation or data_exception then
      outcome := 'refused';
      reason := sqlerrm;
  end;
  outcome := case
    when outcome in ('applied', 'outdated', 'ignored') then outcome
    when outcome = 'not_yet' and not p_again and v_row.attempts < p_attempts_max then 'waiting'
    else 'parked'
  end;
  update consumed_events e
  set status = outcome, reason = left(take_platform_event.reason, 500),
    raw = case when outcome in ('waiting', 'parked') then e.raw end,
    updated_at = now()
  where e.event_id = p_event_id;
end
$$;

-- Keeps what cannot be read at all.
create function park_event(
  p_event_id text, p_event_type text, p_raw text, p_stream_id text, p_reason text
) returns boolean
language plpgsql
as $$
begin
  insert into consumed_events as e (event_id, event_type, stream_id, status, raw, reason)
  values (p_event_id, p_event_type, p_stream_id, 'parked', p_raw, left(p_reason, 500))
  on conflict (event_id) do update
  set reason = excluded.reason, status = 'parked', updated_at = now()
  where e.status in ('waiting', 'parked');
  return found;
end
$$;

create function discard_parked_event(p_id uuid, p_reason text, p_actor jsonb, out outcome text)
language plpgsql
as $$
declare
  v_e consumed_events;
begin
  select e.* into v_e from consumed_events e where e.id = p_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  if v_e.status = 'discarded' then
    outcome := 'already_done';
    return;
  end if;
  if v_e.status <> 'parked' then
    outcome := 'conflict';
    return;
  end if;
  update consumed_events e
  set status = 'discarded', reason = p_reason, raw = null, updated_at = now()
  where e.id = p_id;
  insert into audit_log (
    actor_kind, actor_id, source, request_id, action, target_type, target_id, reason, before
  )
  values (
    p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id',
    'consumed_event.discard', 'consumed_event', v_e.id::text, p_reason,
    jsonb_build_object('event_id', v_e.event_id, 'event_type', v_e.event_type,
      'reason', v_e.reason)
  );
  outcome := 'ok';
end
$$;
