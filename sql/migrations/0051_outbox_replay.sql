-- Sending events once more: to the Redis Stream and to webhooks, under their old ids.

create table outbox_replays (
  id bigint generated always as identity primary key,
  target text not null,
  from_sequence bigint not null,
  to_sequence bigint not null,
  per_second integer not null,
  sent_through bigint not null,
  sent_count bigint not null default 0,
  status text not null default 'running',
  reason text not null,
  last_error text,
  asked_by uuid,
  -- While a relay is at it, the end of its lease.
  next_step_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint outbox_replays_target_known check (target in ('stream', 'webhooks', 'all')),
  constraint outbox_replays_status_known check (status in ('running', 'done', 'stopped')),
  constraint outbox_replays_range check (from_sequence between 1 and to_sequence),
  constraint outbox_replays_rate check (per_second between 1 and 1000)
);

create index outbox_replays_running on outbox_replays (next_step_at) where status = 'running';

-- Begins a replay. outcome: ok | conflict (as many are running as may) | not_found (no such events).
create function begin_replay(
  p_target text, p_from bigint, p_to bigint, p_per_second integer, p_reason text, p_actor jsonb,
  out outcome text, out replay_id bigint
)
language plpgsql
as $$
declare
  v_to bigint;
begin
  -- One at a time, so that the limit holds.
  perform pg_advisory_xact_lock(hashtextextended('petpro:begin_replay', 0));
  select least(p_to, s.last_sequence) into v_to from outbox_state s;
  outcome := case
    when not exists (
      select from booking_events_outbox o where o.sequence between p_from and v_to
    ) then 'not_found'
    when (select count(*) from outbox_replays r where r.status = 'running') >= 5 then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  insert into outbox_replays (
    target, from_sequence, to_sequence, per_second, sent_through, reason, asked_by
  )
  values (p_target, p_from, v_to, p_per_second, p_from - 1, p_reason, actor_id(p_actor))
  returning id into replay_id;
  perform audit(
    'outbox.replay', 'replay', 'RP' || replay_id, null, p_reason, null,
    jsonb_build_object(
      'target', p_target, 'from_sequence', p_from, 'to_sequence', v_to, 'per_second', p_per_second
    ),
    p_actor
  );
end
$$;

-- Leases the next step of a replay to one relay. A lease that runs out (its holder died) is given
-- again: the step is sent twice then, under the same event ids.
create function claim_replay(p_lease_ms integer)
returns table (
  replay_id bigint, target text, sent_through bigint, to_sequence bigint, per_second integer
)
language sql
as $$
  update outbox_replays r
  set next_step_at = now() + p_lease_ms * interval '1 millisecond'
  where r.id = (
    select w.id
    from outbox_replays w
    where w.status = 'running' and w.next_step_at <= now()
    order by w.next_step_at
    limit 1
    for update skip locked
  )
  returning r.id, r.target, r.sent_through, r.to_sequence, r.per_second
$$;

-- Notes what a step has sent. p_error: nothing was; it is tried again in five seconds.
create function finish_replay_step(p_id bigint, p_through bigint, p_count integer, p_error text)
returns void
language plpgsql
as $$
begin
  update outbox_replays r
  set sent_through = greatest(r.sent_through, p_through),
    sent_count = r.sent_count + p_count,
    last_error = left(p_error, 500),
    next_step_at = now() + case
      when p_error is null then p_count * interval '1 second' / r.per_second
      else interval '5 seconds'
    end,
    status = case when r.status = 'running' and p_through >= r.to_sequence then 'done'
      else r.status end,
    ended_at = case when r.status = 'running' and p_through >= r.to_sequence then now()
      else r.ended_at end
  where r.id = p_id;
end
$$;

-- outcome: ok | already_done | not_found.
create function stop_replay(p_id bigint, p_reason text, p_actor jsonb) returns text
language plpgsql
as $$
declare
  v_status text;
begin
  select r.status into v_status from outbox_replays r where r.id = p_id for no key update;
  if not found then return 'not_found'; end if;
  if v_status <> 'running' then return 'already_done'; end if;
  update outbox_replays r set status = 'stopped', ended_at = now() where r.id = p_id;
  perform audit('outbox.stop_replay', 'replay', 'RP' || p_id, null, p_reason, null, null, p_actor);
  return 'ok';
end
$$;

-- Puts the deliveries of these events in line again, for every endpoint that listens now. Only what
-- was written out before: newer events go out by themselves.
create function repeat_webhooks(p_after bigint, p_through bigint) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  insert into webhook_deliveries as d (endpoint_id, clinic_id, event_id, event_type, sequence)
  select e.id, o.clinic_id, o.id, o.event_type, o.sequence
  from booking_events_outbox o
  join webhook_endpoints e on e.clinic_id = o.clinic_id
  where o.sequence > p_after and o.sequence <= p_through
    and o.sequence <= (select c.last_sequence from webhook_cursor c)
    and e.status = 'enabled'
    and webhook_wants(e.event_types, o.event_type)
  order by o.sequence
  on conflict (endpoint_id, event_id) do update
  set status = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
    leased_until = null, delivered_at = null, dead_at = null
  where d.status in ('delivered', 'dead');
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
