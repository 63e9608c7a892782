-- Outbound webhooks: endpoints of a clinic, one delivery per event and endpoint, retries and replay.

create table webhook_endpoints (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  url text not null,
  description text,
  -- `booking.confirmed`, `booking.*` or `*`.
  event_types text[] not null,
  -- It signs, so it cannot be kept as a hash. Nobody is shown it after it was made.
  secret text not null,
  old_secret text,
  old_secret_until timestamptz,
  status text not null default 'enabled',
  disabled_reason text,
  disabled_at timestamptz,
  -- Events after this sequence are for it; earlier ones come by replay.
  listens_after bigint not null,
  -- Failed attempts since the last that went well.
  failures integer not null default 0,
  failing_since timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_error text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint webhook_endpoints_status_known check (status in ('enabled', 'disabled')),
  constraint webhook_endpoints_reason check ((status = 'disabled') = (disabled_reason is not null)),
  constraint webhook_endpoints_listens check (cardinality(event_types) > 0)
);

create index webhook_endpoints_clinic on webhook_endpoints (clinic_id, created_at, id);

create table webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  endpoint_id uuid not null references webhook_endpoints (id),
  clinic_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  -- Of the event; 0 = a test, which has none.
  sequence bigint not null,
  is_test boolean not null default false,
  status text not null default 'pending',
  attempts integer not null default 0,
  first_attempt_at timestamptz,
  next_attempt_at timestamptz not null default now(),
  leased_until timestamptz,
  status_code integer,
  response text,
  duration_ms integer,
  last_error text,
  delivered_at timestamptz,
  dead_at timestamptz,
  created_at timestamptz not null default now(),
  constraint webhook_deliveries_event_unique unique (endpoint_id, event_id),
  constraint webhook_deliveries_status_known check (
    status in ('pending', 'sending', 'delivered', 'dead')
  )
);

create index webhook_deliveries_due on webhook_deliveries (endpoint_id, next_attempt_at, sequence)
  where status in ('pending', 'sending');
create index webhook_deliveries_sending on webhook_deliveries (endpoint_id)
  where status = 'sending';
create index webhook_deliveries_list on webhook_deliveries (endpoint_id, created_at, id);
create index webhook_deliveries_old on webhook_deliveries (created_at)
  where status in ('delivered', 'dead');

-- One row: the newest event for which deliveries were written.
create table webhook_cursor (
  only_row boolean primary key default true,
  last_sequence bigint not null,
  constraint webhook_cursor_one_row check (only_row)
);

insert into webhook_cursor (last_sequence)
select last_sequence from outbox_state;

-- True when one of the filters names the event.
create function webhook_wants(p_filters text[], p_event_type text) returns boolean
language sql immutable
as $$
  select exists (
    select 1
    from unnest(p_filters) as f
    where f in ('*', p_event_type)
      or (right(f, 2) = '.*' and starts_with(p_event_type, left(f, -1)))
  )
$$;

-- Writes one delivery per endpoint for the events after the cursor; returns how many events.
create function queue_webhooks(p_limit integer) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_from bigint;
  v_to bigint;
  v_count integer;
begin
  -- Whoever changes what an endpoint listens to holds this row as well.
  select c.last_sequence into v_from from webhook_cursor c for update skip locked;
  if not found then
    return 0;
  end if;
  with batch as (
    select o.id, o.sequence, o.event_type, o.clinic_id
    from booking_events_outbox o
    where o.sequence > v_from
    order by o.sequence
    limit p_limit
  ), queued as (
    insert into webhook_deliveries (endpoint_id, clinic_id, event_id, event_type, sequence)
    select e.id, b.clinic_id, b.id, b.event_type, b.sequence
    from batch b
    join webhook_endpoints e on e.clinic_id = b.clinic_id
    where e.status = 'enabled'
      and b.sequence > e.listens_after
      and webhook_wants(e.event_types, b.event_type)
    order by b.sequence
    on conflict (endpoint_id, event_id) do nothing
  )
  select count(*), max(b.sequence) into v_count, v_to from batch b;
  if v_count > 0 then
    update webhook_cursor c set last_sequence = v_to;
  end if;
  return v_count;
end
$$;

-- Leases due deliveries, of each endpoint at most that many at a time, so that one whose receiver
-- hangs takes no place of another. An endpoint that keeps failing gets one at a time.
create function claim_webhooks(p_limit integer, p_per_endpoint integer, p_lease_ms integer)
returns table (
  delivery_id uuid, endpoint_id uuid, clinic_id uuid, url text, secret text, old_secret text,
  event_id uuid, event_type text, is_test boolean, attempts integer, tried_at timestamptz,
  sequence bigint, aggregate_type text, aggregate_id uuid, correlation_id text,
  occurred_at timestamptz, payload jsonb
)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  -- Two that count at the same time would both fill the same places.
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:claim_webhooks', 0)) then
    return;
  end if;
  return query
  with busy as (
    select d.endpoint_id, count(*) as places
    from webhook_deliveries d
    where d.status = 'sending' and d.leased_until > now()
    group by d.endpoint_id
  ), due as (
    select w.id
    from webhook_endpoints e
    left join busy b on b.endpoint_id = e.id
    cross join lateral (
      select d.id, d.next_attempt_at
      from webhook_deliveries d
      where d.endpoint_id = e.id
        and d.status in ('pending', 'sending')
        and d.next_attempt_at <= now()
      order by d.next_attempt_at, d.sequence
      limit greatest(
        case when e.failures < 5 then p_per_endpoint else 1 end - coalesce(b.places, 0), 0
      )
    ) as w
    where e.status = 'enabled'
    order by w.next_attempt_at
    limit p_limit
  ), taken as (
    update webhook_deliveries d
    set status = 'sending',
      attempts = d.attempts + 1,
      first_attempt_at = coalesce(d.first_attempt_at, now()),
      leased_until = now() + p_lease_ms * interval '1 millisecond',
      next_attempt_at = now() + p_lease_ms * interval '1 millisecond'
    from due
    where d.id = due.id
    returning d.*
  )
  select
    t.id, t.endpoint_id, t.clinic_id, e.url, e.secret,
    case when e.old_secret_until > now() then e.old_secret end,
    t.event_id, t.event_type, t.is_test, t.attempts, now(),
    t.sequence, o.aggregate_type, o.aggregate_id, o.correlation_id, o.created_at, o.payload
  from taken t
  join webhook_endpoints e on e.id = t.endpoint_id
  left join booking_events_outbox o on o.id = t.event_id
  order by t.sequence;
end
$$;

-- Takes an endpoint out of service and says so, as an event and in the audit log.
create function disable_webhook(p_e webhook_endpoints, p_reason text) returns void
language plpgsql
as $$
begin
  update webhook_endpoints e
  set status = 'disabled', disabled_reason = p_reason, disabled_at = now(),
    version = e.version + 1, updated_at = now()
  where e.id = p_e.id;
  perform emit_event(
    'webhook.disabled', 'webhook', p_e.id, p_e.version + 1, p_e.clinic_id, null,
    jsonb_build_object(
      'webhook_id', p_e.id, 'clinic_id', p_e.clinic_id, 'url', p_e.url, 'reason', p_reason,
      'failures', p_e.failures, 'failing_since', p_e.failing_since, 'disabled_at', now()
    )
  );
  insert into audit_log (
    clinic_id, actor_kind, source, action, target_type, target_id, reason
  )
  values (
    p_e.clinic_id, 'system', 'worker', 'webhook.disable', 'webhook', p_e.id::text, p_reason
  );
end
$$;

-- Records how an attempt went. `gone` = the receiver said 410; `released` = it was not made.
-- Only the holder of the lease may: an attempt whose lease ran out counts for nothing.
create function finish_webhook(
  p_id uuid, p_attempts integer, p_result text, p_status_code integer, p_error text,
  p_response text, p_duration_ms integer, p_retry_after_ms bigint,
  out outcome text, out is_disabled boolean
)
language plpgsql
as $$
declare
  v_d webhook_deliveries;
  v_e webhook_endpoints;
  v_next timestamptz := now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond';
begin
  is_disabled := false;
  select d.* into v_d
  from webhook_deliveries d
  where d.id = p_id and d.status = 'sending' and d.attempts = p_attempts
  for no key update;
  if not found then
    outcome := 'conflict';
    return;
  end if;
  outcome := case
    when p_result = 'delivered' then 'delivered'
    when p_result = 'released' and not v_d.is_test then 'pending'
    -- Three days of tries; the last one is not put off beyond them.
    when p_result = 'retry' and not v_d.is_test
      and v_next <= v_d.first_attempt_at + interval '3 days' then 'pending'
    else 'dead'
  end;
  update webhook_deliveries d
  set status = outcome,
    attempts = d.attempts - case when p_result = 'released' then 1 else 0 end,
    next_attempt_at = v_next,
    leased_until = null,
    status_code = p_status_code,
    last_error = left(p_error, 500),
    response = left(p_response, 500),
    duration_ms = p_duration_ms,
    delivered_at = case when outcome = 'delivered' then now() end,
    dead_at = case when outcome = 'dead' then now() end
  where d.id = p_id;
  if v_d.is_test or p_result = 'released' then
    return;
  end if;
  if p_result = 'delivered' then
    -- Not with every one: all deliveries of an endpoint would wait for this row.
    update webhook_endpoints e
    set failures = 0, failing_since = null, last_success_at = now()
    where e.id = v_d.endpoint_id
      and (e.failures > 0 or e.last_success_at is null
        or e.last_success_at < now() - interval '10 seconds');
    return;
  end if;
  update webhook_endpoints e
  set failures = e.failures + 1,
    failing_since = coalesce(e.failing_since, now()),
    last_failure_at = now(),
    last_error = left(p_error, 500)
  where e.id = v_d.endpoint_id
  returning e.* into v_e;
  is_disabled := v_e.status = 'enabled' and (
    p_result = 'gone'
    or (v_e.failures >= 10 and v_e.failing_since < now() - interval '3 days')
  );
  if is_disabled then
    perform disable_webhook(v_e, case
      when p_result = 'gone' then 'The receiver answered 410: it wants no more.'
      else 'Every attempt has failed for three days.'
    end);
  end if;
end
$$;

create function audit_webhook(
  p_e webhook_endpoints, p_action text, p_reason text, p_before jsonb, p_after jsonb, p_actor jsonb
) returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_e.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'webhook', p_e.id::text, p_reason, p_before, p_after
  )
$$;

-- What the audit log keeps of an endpoint: all but its secrets.
create function webhook_facts(p_e webhook_endpoints) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'url', p_e.url, 'event_types', p_e.event_types, 'status', p_e.status, 'version', p_e.version
  )
$$;

create function add_webhook(
  p_id uuid, p_clinic_id uuid, p_url text, p_description text, p_event_types text[],
  p_secret text, p_actor jsonb, out outcome text
)
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_after bigint;
begin
  if is_hidden(p_actor, null, p_clinic_id)
    or not exists (select 1 from clinics c where c.id = p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select c.last_sequence into v_after from webhook_cursor c for update;
  if (select count(*) from webhook_endpoints e where e.clinic_id = p_clinic_id) >= 50 then
    outcome := 'policy_refused';
    return;
  end if;
  insert into webhook_endpoints (
    id, clinic_id, url, description, event_types, secret, listens_after
  )
  values (p_id, p_clinic_id, p_url, p_description, p_event_types, p_secret, v_after)
  returning * into v_e;
  perform audit_webhook(v_e, 'webhook.add', null, null, webhook_facts(v_e), p_actor);
  outcome := 'ok';
end
$$;

-- Null leaves a field as it is. Enabling begins at the next event; those missed come by replay.
create function set_webhook(
  p_id uuid, p_url text, p_description text, p_event_types text[], p_status text, p_reason text,
  p_expected_version integer, p_actor jsonb, out outcome text, out version integer
)
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_before jsonb;
  v_after bigint;
begin
  select c.last_sequence into v_after from webhook_cursor c for update;
  select e.* into v_e from webhook_endpoints e where e.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  version := v_e.version;
  if v_e.version <> coalesce(p_expected_version, v_e.version) then
    outcome := 'conflict';
    return;
  end if;
  v_before := webhook_facts(v_e);
  update webhook_endpoints e
  set url = coalesce(p_url, e.url),
    description = coalesce(p_description, e.description),
    event_types = coalesce(p_event_types, e.event_types),
    status = coalesce(p_status, e.status),
    disabled_reason = case coalesce(p_status, e.status)
      when 'disabled' then coalesce(p_reason, e.disabled_reason, 'By hand.') end,
    disabled_at = case coalesce(p_status, e.status)
      when 'disabled' then coalesce(e.disabled_at, now()) end,
    -- What it hears from now on is another set: earlier events are not what it missed.
    listens_after = case
      when p_event_types is not null or (p_status = 'enabled' and e.status = 'disabled')
        then v_after
      else e.listens_after
    end,
    failures = case when p_status = 'enabled' then 0 else e.failures end,
    failing_since = case when p_status = 'enabled' then null else e.failing_since end,
    version = e.version + 1,
    updated_at = now()
  where e.id = p_id
  returning * into v_e;
  perform audit_webhook(v_e, 'webhook.set', p_reason, v_before, webhook_facts(v_e), p_actor);
  version := v_e.version;
  outcome := 'ok';
end
$$;

-- The old secret goes on signing beside the new one for that long.
create function rotate_webhook(
  p_id uuid, p_secret text, p_overlap_s integer, p_actor jsonb,
  out outcome text, out version integer, out old_secret_until timestamptz
)
language plpgsql
as $$
declare
  v_e webhook_endpoints;
begin
  select e.* into v_e from webhook_endpoints e where e.id = p_id for no key update;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  update webhook_endpoints e
  set old_secret = case when p_overlap_s > 0 then e.secret end,
    old_secret_until = case when p_overlap_s > 0 then now() + p_overlap_s * interval '1 second' end,
    secret = p_secret,
    version = e.version + 1,
    updated_at = now()
  where e.id = p_id
  returning * into v_e;
  perform audit_webhook(
    v_e, 'webhook.rotate', null, null,
    jsonb_build_object('old_secret_until', v_e.old_secret_until), p_actor
  );
  version := v_e.version;
  old_secret_until := v_e.old_secret_until;
  outcome := 'ok';
end
$$;

-- Puts events of a range in line again: those that never got there, or all of them. The id of the
-- event is the id of the message, so a receiver that has it already can tell.
create function replay_webhook(
  p_id uuid, p_after bigint, p_to bigint, p_since timestamptz, p_until timestamptz, p_all boolean,
  p_limit integer, p_dry_run boolean, p_actor jsonb,
  out outcome text, out matched integer, out next_after bigint
)
language plpgsql
as $$
declare
  v_e webhook_endpoints;
  v_last bigint;
begin
  matched := 0;
  select e.* into v_e from webhook_endpoints e where e.id = p_id;
  if not found or is_hidden(p_actor, null, v_e.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_e.status = 'disabled' then
    outcome := 'policy_refused';
    return;
  end if;
  with wanted as (
    select o.id, o.sequence, o.event_type
    from booking_events_outbox o
    left join webhook_deliveries d on d.endpoint_id = p_id and d.event_id = o.id
    where o.clinic_id = v_e.clinic_id
      and o.sequence > coalesce(p_after, 0)
      and o.sequence <= coalesce(p_to, (select c.last_sequence from webhook_cursor c))
      and (p_since is null or o.created_at >= p_since)
      and (p_until is null or o.created_at < p_until)
      and webhook_wants(v_e.event_types, o.event_type)
      and (d.id is null or d.status = 'dead' or (p_all and d.status = 'delivered'))
    order by o.sequence
    limit p_limit
  ), queued as (
    insert into webhook_deliveries as d (endpoint_id, clinic_id, event_id, event_type, sequence)
    select p_id, v_e.clinic_id, w.id, w.event_type, w.sequence
    from wanted w
    where not p_dry_run
    on conflict (endpoint_id, event_id) do update
    set status = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
      leased_until = null, delivered_at = null, dead_at = null
    where d.status in ('delivered', 'dead')
  )
  select count(*), max(w.sequence) into matched, v_last from wanted w;
  next_after := case when matched = p_limit then v_last end;
  if not p_dry_run then
    perform audit_webhook(
      v_e, 'webhook.replay', null, null,
      jsonb_build_object(
        'after', p_after, 'to', p_to, 'since', p_since, 'until', p_until, 'all', p_all,
        'matched', matched
      ),
      p_actor
    );
  end if;
  outcome := 'ok';
end
$$;
