-- From committed change to message: number, fan out, deliver.

-- Gives committed events their place in the feed. One caller at a time; the others answer 0. An
-- event that commits later gets a later number, so a reader that stands at n has missed nothing.
create function sequence_events(p_limit integer) returns integer
language plpgsql
as $$
declare
  v_count integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:sequence_events', 0)) then
    return 0;
  end if;
  with waiting as (
    select o.id, row_number() over (order by o.position) as place
    from booking_events_outbox o
    where o.sequence is null
    order by o.position
    limit p_limit
  ), numbered as (
    update booking_events_outbox o
    set sequence = s.last_sequence + w.place
    from waiting w, outbox_state s
    where o.id = w.id
    returning o.sequence
  )
  select count(*) into v_count from numbered;
  if v_count > 0 then
    update outbox_state s set last_sequence = s.last_sequence + v_count;
  end if;
  return v_count;
end
$$;

-- Publishes these events, once: writes the owner's notification and one delivery per channel that
-- they have and want, and returns the events for the live feed and the stream.
create function publish_events(p_ids uuid[])
returns table (
  event_id uuid, sequence bigint, event_type text, aggregate_type text, aggregate_id uuid,
  clinic_id uuid, correlation_id text, occurred_at timestamptz, payload jsonb
)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with batch as (
    update booking_events_outbox o
    set published = true, published_at = now(), attempts = o.attempts + 1, next_attempt_at = null
    where o.id = any (p_ids) and not o.published
    returning o.*
  ), told as (
    select
      b.id, b.clinic_id, b.correlation_id, b.payload, n.notification_type, n.channels,
      u.id as user_id, u.email, u.phone, u.lang,
      nullif(b.payload ->> 'booking_id', '')::uuid as booking_id
    from batch b
    join notification_rules n on n.event_type = b.event_type
    join users u on u.id = nullif(b.payload ->> 'user_id', '')::uuid and not u.is_erased
    -- A lapsed payment page is no news to whoever left it.
    where b.payload ->> 'reason' is distinct from 'session_expired'
      -- Taken back before anybody heard of it.
      and (not b.payload ? 'undone' or b.payload ? 'tells')
      -- The message of another visit of the series tells of it (0064).
      and not b.payload ? 'told_by'
      -- Brought in from another system, which has told them (0066).
      and not b.payload ? 'imported'
  ), noticed as (
    insert into notifications (user_id, booking_id, event_id, type, title, metadata)
    select t.user_id, t.booking_id, t.id, t.notification_type, t.notification_type, t.payload
    from told t
    on conflict (event_id, user_id) do nothing
  ), queued as (
    insert into deliveries (
      event_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload,
      correlation_id, next_attempt_at
    )
    select
      t.id, t.clinic_id, t.booking_id, t.user_id, k.channel, t.notification_type, a.address, t.lang,
      t.payload, t.correlation_id,
      -- Nothing leaves while it can still be undone.
      greatest((t.payload ->> 'not_before')::timestamptz, now())
    from told t
    cross join lateral unnest(t.channels) as k (channel)
    left join notification_preferences p on p.user_id = t.user_id and p.channel = k.channel
    cross join lateral (
      select coalesce(
        p.address, case k.channel when 'email' then t.email when 'sms' then t.phone end
      ) as address
    ) as a
    -- Mail unless they said no; push and SMS only if they said yes.
    where coalesce(p.enabled, k.channel = 'email') and a.address is not null
    on conflict (event_id, channel, user_id) do nothing
  )
  select
    b.id, b.sequence, b.event_type, b.aggregate_type, b.aggregate_id, b.clinic_id,
    b.correlation_id, b.created_at, b.payload
  from batch b
  order by b.sequence;
end
$$;

-- Tries before an event is given up; they take half a minute.
create function fan_out_attempts_max() returns integer
language sql immutable
as $$ select 5 $$;

-- Notes that an event could not be published. After the last try it is dead: others go on without it.
create function fail_event(p_id uuid, p_code text, p_error text) returns void
language plpgsql
as $$
begin
  update booking_events_outbox o
  set attempts = o.attempts + 1,
    error_code = p_code,
    last_error = left(p_error, 500),
    next_attempt_at = case when o.attempts + 1 < fan_out_attempts_max()
      then now() + power(2, o.attempts + 1) * interval '1 second' end,
    dead_at = case when o.attempts + 1 >= fan_out_attempts_max() then now() end
  where o.id = p_id;
end
$$;

-- Publishes numbered events in order, one caller at a time. An event that raises holds up only the
-- later events of the same thing, until it goes through or is dead.
create function fan_out_events(p_limit integer)
returns table (
  event_id uuid, sequence bigint, event_type text, aggregate_type text, aggregate_id uuid,
  clinic_id uuid, correlation_id text, occurred_at timestamptz, payload jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_one record;
  v_held uuid[] := '{}';
  v_error text;
  v_constraint text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:fan_out_events', 0)) then
    return;
  end if;
  v_ids := array(
    select w.id
    from booking_events_outbox w
    where w.sequence is not null and not w.published and w.dead_at is null
      and (w.next_attempt_at is null or w.next_attempt_at <= now())
      and not exists (
        select from booking_events_outbox e
        where e.aggregate_id = w.aggregate_id and e.sequence < w.sequence
          and not e.published and e.dead_at is null and e.next_attempt_at > now()
      )
    order by w.sequence
    limit p_limit
  );
  if cardinality(v_ids) = 0 then return; end if;
  begin
    return query select * from publish_events(v_ids);
    return;
  exception when others then
    -- Not the fault of an event: lost races, no room, a server that goes down.
    if sqlstate ~ '^(40|53|55|57|58)' then raise; end if;
  end;
  -- One of them raises. Each on its own now, so that it does so alone.
  for v_one in
    select o.id, o.aggregate_id
    from booking_events_outbox o
    where o.id = any (v_ids)
    order by o.sequence
  loop
    continue when v_one.aggregate_id = any (v_held);
    begin
      return query select * from publish_events(array[v_one.id]);
    exception when others then
      if sqlstate ~ '^(40|53|55|57|58)' then raise; end if;
      get stacked diagnostics v_error = message_text, v_constraint = constraint_name;
      perform fail_event(v_one.id, concat_ws(' ', sqlstate, nullif(v_constraint, '')), v_error);
      v_held := v_held || v_one.aggregate_id;
    end;
  end loop;
end
$$;

-- Leases messages to one dispatcher. A lease that runs out (its holder died) is given again.
create function claim_deliveries(p_limit integer, p_lease_ms integer)
returns setof deliveries
language sql
as $$
  update deliveries d
  set status = 'sending',
    attempts = d.attempts + 1,
    leased_until = now() + p_lease_ms * interval '1 millisecond',
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond'
  where d.id in (
    select w.id
    from deliveries w
    where w.status in ('pending', 'sending') and w.next_attempt_at <= now()
    order by w.next_attempt_at
    limit p_limit
    for update skip locked
  )
  returning d.*
$$;

-- Tries before a message is given up, at one place for every channel.
create function delivery_attempts_max() returns integer
language sql immutable
as $$ select 12 $$;

create function finish_delivery(
  p_id uuid, p_result text, p_error text, p_retry_after_ms integer, out outcome text
)
language plpgsql
as $$
declare
  v_d deliveries;
begin
  update deliveries d
  set status = case
      -- dropped = no longer true, so nobody's to look at; dead = somebody's to look at.
      when p_result in ('sent', 'dropped') then p_result
      when p_result = 'retry' and d.attempts < delivery_attempts_max() then 'pending'
      else 'dead'
    end,
    sent_at = case when p_result = 'sent' then now() end,
    dead_at = case
      when p_result in ('sent', 'dropped') then null
      when p_result = 'retry' and d.attempts < delivery_attempts_max() then null
      else now()
    end,
    last_error = case when p_result = 'sent' then d.last_error else left(p_error, 500) end,
    next_attempt_at = now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond',
    leased_until = null
  where d.id = p_id and d.status = 'sending'
  returning d.* into v_d;
  if not found then
    outcome := 'conflict';
    return;
  end if;
  update notifications n
  set delivery_status = case v_d.status when 'sent' then 'sent' when 'dead' then 'failed'
      when 'dropped' then 'none' else n.delivery_status end,
    delivery_attempts = n.delivery_attempts || jsonb_build_object(
      'channel', v_d.channel, 'result', p_result, 'at', now()
    )
  where n.event_id = v_d.event_id and n.user_id = v_d.user_id and n.delivery_status <> 'sent';
  outcome := v_d.status;
end
$$;
