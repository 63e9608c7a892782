-- Messages by mail, SMS and push: order, quiet hours, rates, pauses, bounces, devices.

-- What stands before a channel: a person's pause, and the tokens of its rate for all daemons together.
create table delivery_channels (
  channel text primary key,
  paused_at timestamptz,
  paused_by uuid,
  pause_reason text,
  tokens numeric not null default 1,
  refilled_at timestamptz not null default now(),
  constraint delivery_channels_known check (channel in ('email', 'push', 'sms'))
);

insert into delivery_channels (channel) values ('email'), ('push'), ('sms');

alter table deliveries
  -- When it should have gone out first: what waited for a provider goes out in this order.
  add column due_at timestamptz not null default now(),
  -- Tries that the provider spoiled for all messages alike; they count for nothing.
  add column deferrals integer not null default 0,
  -- The cause in few signs (`smtp 550 5.1.1`): dead letters are grouped by it.
  add column error_code text,
  -- What the provider calls it.
  add column provider_id text,
  -- A person asked for it: a note, or a message once more.
  add column asked_id uuid,
  add column asked_by uuid,
  add column discarded_at timestamptz,
  add column discard_reason text;

alter table deliveries drop constraint deliveries_one_cause;
alter table deliveries add constraint deliveries_one_cause
  check (num_nonnulls(event_id, reminder_id, asked_id) = 1);
alter table deliveries add constraint deliveries_asked_unique unique (asked_id, channel, user_id);
alter table deliveries drop constraint deliveries_status_known;
alter table deliveries add constraint deliveries_status_known check (
  status in ('pending', 'sending', 'sent', 'dropped', 'dead', 'discarded')
);

create index deliveries_line on deliveries (channel, due_at)
  where status in ('pending', 'sending');
create index deliveries_newest on deliveries (created_at);

-- Addresses that will never take a message: nothing is sent there until somebody says otherwise.
create table bounced_addresses (
  channel text not null,
  address text not null,
  error text not null,
  delivery_id uuid not null,
  bounced_at timestamptz not null default now(),
  constraint bounced_addresses_pkey primary key (channel, address)
);

alter table notification_preferences
  -- Reminders and requests for reviews too, not only what the owner must know.
  add column is_optional_wanted boolean not null default true;

-- No row: 21:00 to 08:00 where the owner lives.
create table notification_settings (
  user_id uuid primary key references users (id),
  -- Equal times: no quiet hours.
  quiet_from time not null,
  quiet_until time not null,
  updated_at timestamptz not null default now()
);

-- Browsers (Web Push) and phones (FCM) of an owner.
create table push_devices (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  kind text not null,
  -- The push service's URL, or the FCM token: whoever has it can send to the device.
  endpoint text not null,
  -- Keys of RFC 8291, base64url; null for FCM.
  p256dh text,
  auth text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  end_reason text,
  constraint push_devices_kind_known check (kind in ('webpush', 'fcm')),
  constraint push_devices_keys check ((kind = 'webpush') = (p256dh is not null and auth is not null)),
  constraint push_devices_endpoint unique (endpoint)
);

create index push_devices_user on push_devices (user_id) where ended_at is null;

-- Somebody's message to an owner, in their own words.
alter table notifications add column written_by uuid;

drop function claim_deliveries(integer, integer);

-- Leases messages of one channel to one dispatcher, oldest first. A lease that runs out (its holder
-- died) is given again. p_rate_per_minute holds for all dispatchers together; 0 = no limit. Ten
-- seconds' worth may go out at once.
create function claim_deliveries(
  p_channel text, p_limit integer, p_lease_ms integer, p_rate_per_minute integer
)
returns setof deliveries
language plpgsql
set enable_seqscan = off
as $$
declare
  v_allowed integer := p_limit;
  v_count integer;
begin
  if exists (
    select from delivery_channels c where c.channel = p_channel and c.paused_at is not null
  ) then
    return;
  end if;
  -- Whoever took it died each time: it may be the message that kills.
  update deliveries d
  set status = 'dead', dead_at = now(), error_code = 'lease lost',
    last_error = 'every try ended without a word', leased_until = null
  where d.channel = p_channel and d.status = 'sending' and d.next_attempt_at <= now()
    and d.attempts >= delivery_attempts_max();
  if not exists (
    select from deliveries w
    where w.channel = p_channel and w.status in ('pending', 'sending')
      and w.due_at <= now() and w.next_attempt_at <= now()
  ) then
    return;
  end if;
  if p_rate_per_minute > 0 then
    update delivery_channels c
    set tokens = least(
        greatest(p_rate_per_minute / 6.0, 1),
        c.tokens + greatest(extract(epoch from now() - c.refilled_at), 0) * p_rate_per_minute / 60
      ),
      refilled_at = greatest(c.refilled_at, now())
    where c.channel = p_channel
    returning least(p_limit, floor(c.tokens)::integer) into v_allowed;
  end if;
  if v_allowed < 1 then return; end if;
  return query
  update deliveries d
  set status = 'sending',
    attempts = d.attempts + 1,
    leased_until = now() + p_lease_ms * interval '1 millisecond',
    next_attempt_at = now() + p_lease_ms * interval '1 millisecond'
  where d.id in (
    select w.id
    from deliveries w
    where w.channel = p_channel and w.status in ('pending', 'sending')
      and w.due_at <= now() and w.next_attempt_at <= now()
    order by w.due_at
    limit v_allowed
    for update skip locked
  )
  returning d.*;
  get diagnostics v_count = row_count;
  if p_rate_per_minute > 0 and v_count > 0 then
    update delivery_channels c set tokens = c.tokens - v_count where c.channel = p_channel;
  end if;
end
$$;

-- A message that could not go out for so long is of no use any more.
create function delivery_life() returns interval
language sql immutable
as $$ select interval '72 hours' $$;

drop function finish_delivery(uuid, text, text, integer);

-- p_result: sent | retry (this message failed) | defer (the provider failed, for every message) |
-- postpone (quiet hours) | dropped (no longer true) | dead (never). p_attempts names the lease: of
-- two holders only the later one is heard.
create function finish_delivery(
  p_id uuid, p_result text, p_error text, p_retry_after_ms integer,
  p_error_code text default null, p_attempts integer default null,
  p_is_bad_address boolean default false, p_provider_id text default null,
  out outcome text
)
language plpgsql
as $$
declare
  v_d deliveries;
  v_status text;
  v_too_old boolean;
begin
  select * into v_d
  from deliveries d
  where d.id = p_id and d.status = 'sending' and (p_attempts is null or d.attempts = p_attempts)
  for update;
  if not found then
    outcome := 'conflict';
    return;
  end if;
  v_too_old := p_result in ('retry', 'defer') and v_d.due_at < now() - delivery_life();
  v_status := case
    -- dropped = no longer true, so nobody's to look at; dead = somebody's to look at.
    when p_result in ('sent', 'dropped') then p_result
    when p_result = 'dead' or v_too_old then 'dead'
    when p_result = 'retry' and v_d.attempts >= delivery_attempts_max() then 'dead'
    else 'pending'
  end;
  update deliveries d
  set status = v_status,
    attempts = d.attempts - case when p_result in ('defer', 'postpone') then 1 else 0 end,
    deferrals = d.deferrals + case when p_result = 'defer' then 1 else 0 end,
    sent_at = case when v_status = 'sent' then now() end,
    dead_at = case when v_status = 'dead' then now() end,
    last_error = case when p_result in ('sent', 'postpone') then d.last_error
      else left(p_error, 500) end,
    error_code = case when p_result in ('sent', 'postpone') then d.error_code
      when v_too_old then 'too old: ' || coalesce(left(p_error_code, 80), 'unknown')
      else left(p_error_code, 100) end,
    provider_id = coalesce(left(p_provider_id, 200), d.provider_id),
    next_attempt_at = now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond',
    due_at = case when p_result = 'postpone'
      then now() + coalesce(p_retry_after_ms, 0) * interval '1 millisecond' else d.due_at end,
    leased_until = null
  where d.id = p_id;
  if p_is_bad_address and v_status = 'dead' then
    insert into bounced_addresses (channel, address, error, delivery_id)
    values (v_d.channel, v_d.address, left(p_error, 500), p_id)
    on conflict (channel, address) do nothing;
  end if;
  outcome := v_status;
  if p_result = 'postpone' then return; end if;
  update notifications n
  set delivery_status = case v_status when 'sent' then 'sent' when 'dead' then 'failed'
      when 'dropped' then 'none' else n.delivery_status end,
    delivery_attempts = case when p_result = 'defer' then n.delivery_attempts
      else n.delivery_attempts || jsonb_build_object(
        'channel', v_d.channel, 'result', p_result, 'at', now()
      ) end
  where (n.event_id = v_d.event_id or n.id = v_d.asked_id) and n.user_id = v_d.user_id
    and n.delivery_status <> 'sent';
end
$$;

-- The provider works again: what it spoiled may go out now, in the old order.
create function release_deferred(p_channel text) returns integer
language sql
as $$
  with released as (
    update deliveries d
    set next_attempt_at = now()
    where d.channel = p_channel and d.status = 'pending' and d.deferrals > 0 and d.attempts = 0
      and d.next_attempt_at > now() and d.due_at <= now()
    returning d.id
  )
  select count(*)::integer from released
$$;
