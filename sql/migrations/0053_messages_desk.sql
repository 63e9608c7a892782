-- What people do about messages: tell an owner something, send again, retry, discard, pause.

create index notifications_asked on notifications (user_id, created_at desc, id desc);

-- Where a channel reaches an owner who wants it; null = nowhere.
create function channel_address(p_user_id uuid, p_channel text) returns text
language sql stable
as $$
  select coalesce(
    p.address,
    case p_channel when 'email' then u.email when 'sms' then u.phone
      else (
        select 'devices' from push_devices d
        where d.user_id = u.id and d.ended_at is null
        limit 1
      )
    end
  )
  from users u
  left join notification_preferences p on p.user_id = u.id and p.channel = p_channel
  where u.id = p_user_id and not u.is_erased and coalesce(p.enabled, p_channel = 'email')
$$;

-- Queues a message that a person asked for, by one channel or all; returns by how many it goes.
create function ask_deliveries(
  p_asked_id uuid, p_user_id uuid, p_clinic_id uuid, p_booking_id uuid, p_type text,
  p_channel text, p_payload jsonb, p_actor jsonb
) returns text[]
language sql
as $$
  with queued as (
    insert into deliveries (
      asked_id, asked_by, clinic_id, booking_id, user_id, channel, type, address, lang, payload,
      correlation_id
    )
    select p_asked_id, actor_id(p_actor), p_clinic_id, p_booking_id, u.id, k.channel, p_type,
      a.address, u.lang, p_payload, p_actor ->> 'request_id'
    from users u
    cross join unnest(array['email', 'sms', 'push']) as k (channel)
    cross join lateral (select channel_address(u.id, k.channel) as address) as a
    where u.id = p_user_id and a.address is not null and k.channel = coalesce(p_channel, k.channel)
    returning channel
  )
  select coalesce(array_agg(channel order by channel), '{}') from queued
$$;

-- Sends what a booking is now once more. problem: no_channel | too_often (five times a day).
create function resend_booking(
  p_booking_id uuid, p_channel text, p_actor jsonb,
  out outcome text, out problem text, out type text, out channels text[]
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_asked_id uuid := gen_random_uuid();
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'policy_refused';
  if 5 <= (
    select count(distinct d.asked_id) from deliveries d
    where d.booking_id = v_b.id and d.asked_id is not null and d.type <> 'note'
      and d.created_at > now() - interval '24 hours'
  ) then
    problem := 'too_often';
    return;
  end if;
  type := case v_b.status when 'cancelled' then 'booking_cancelled' else 'booking_confirmed' end;
  channels := ask_deliveries(
    v_asked_id, v_b.user_id, v_b.clinic_id, v_b.id, type, p_channel, booking_payload(v_b), p_actor
  );
  if channels = '{}' then
    problem := 'no_channel';
    return;
  end if;
  perform audit(
    'booking.resent', 'booking', v_b.id::text, v_b.clinic_id, null, null,
    jsonb_build_object('type', type, 'channels', channels), p_actor
  );
  outcome := 'ok';
end
$$;

-- A note of the desk to an owner, in the app and by the channels that they want.
create function send_note(
  p_user_id uuid, p_clinic_id uuid, p_booking_id uuid, p_title text, p_content text, p_actor jsonb,
  out outcome text, out notification_id uuid, out channels text[]
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_payload jsonb;
begin
  perform from users u where u.id = p_user_id and not u.is_erased;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  v_payload := jsonb_build_object('title', p_title, 'content', p_content, 'reference_code', (
    select b.reference_code from bookings b where b.id = p_booking_id
  ));
  insert into notifications (
    user_id, booking_id, type, title, content, metadata, written_by, delivery_status
  )
  values (
    p_user_id, p_booking_id, 'note', p_title, p_content, '{}', actor_id(p_actor), 'none'
  )
  returning id into notification_id;
  channels := ask_deliveries(
    notification_id, p_user_id, p_clinic_id, p_booking_id, 'note', null, v_payload, p_actor
  );
  if channels <> '{}' then
    update notifications n set delivery_status = 'pending' where n.id = notification_id;
  end if;
  perform audit(
    'notification.sent', 'notification', notification_id::text, p_clinic_id, null, null,
    jsonb_build_object('user_id', p_user_id, 'channels', channels), p_actor
  );
  outcome := 'ok';
end
$$;

-- Puts dead messages in line again, with fresh tries, as if they had come now; the address gets
-- another chance. Returns those that were dead.
create function retry_deliveries(p_ids uuid[], p_reason text, p_actor jsonb)
returns table (delivery_id uuid)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with resumed as (
    update deliveries d
    set status = 'pending', attempts = 0, deferrals = 0, dead_at = null, due_at = now(),
      next_attempt_at = now()
    where d.id = any (p_ids) and d.status = 'dead'
      and (nullif(p_actor ->> 'clinic_id', '') is null
        or d.clinic_id = (p_actor ->> 'clinic_id')::uuid)
    returning d.*
  ), unbounced as (
    delete from bounced_addresses a
    using resumed r
    where a.channel = r.channel and a.address = r.address
  ), noted as (
    select audit(
      'delivery.retried', 'delivery', r.id::text, r.clinic_id, p_reason,
      jsonb_build_object('error_code', r.error_code), null, p_actor
    )
    from resumed r
  )
  select r.id from resumed r, (select count(*) from noted) as n;
end
$$;

-- Messages that nobody wants to go out any more: dead ones, and those that wait.
create function discard_deliveries(p_ids uuid[], p_reason text, p_actor jsonb)
returns table (delivery_id uuid)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with ended as (
    update deliveries d
    set status = 'discarded', discarded_at = now(), discard_reason = p_reason, leased_until = null
    where d.id = any (p_ids) and d.status in ('dead', 'pending')
      and (nullif(p_actor ->> 'clinic_id', '') is null
        or d.clinic_id = (p_actor ->> 'clinic_id')::uuid)
    returning d.*
  ), noted as (
    select audit(
      'delivery.discarded', 'delivery', e.id::text, e.clinic_id, p_reason,
      jsonb_build_object('error_code', e.error_code), null, p_actor
    )
    from ended e
  )
  select e.id from ended e, (select count(*) from noted) as n;
end
$$;

-- Stops a channel for all daemons, or lets it go on. Saying it twice changes nothing.
create function pause_channel(p_channel text, p_is_paused boolean, p_reason text, p_actor jsonb)
returns void
language plpgsql
as $$
declare
  v_was timestamptz;
begin
  select c.paused_at into v_was from delivery_channels c where c.channel = p_channel for update;
  if (v_was is not null) = p_is_paused then return; end if;
  update delivery_channels c
  set paused_at = case when p_is_paused then now() end,
    paused_by = case when p_is_paused then actor_id(p_actor) end,
    pause_reason = case when p_is_paused then p_reason end
  where c.channel = p_channel;
  perform audit(
    case when p_is_paused then 'channel.paused' else 'channel.resumed' end, 'channel', p_channel,
    null, p_reason, jsonb_build_object('paused_at', v_was), null, p_actor
  );
end
$$;

-- What an owner wants, by channel; what is not said stays. An address that is given anew may work.
create function set_preferences(
  p_user_id uuid, p_channels jsonb, p_quiet_from time, p_quiet_until time, p_actor jsonb,
  out outcome text
)
language plpgsql
as $$
declare
  v_before jsonb;
begin
  perform from users u where u.id = p_user_id and not u.is_erased for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  select jsonb_agg(to_jsonb(p) - 'user_id') into v_before
  from notification_preferences p
  where p.user_id = p_user_id;
  insert into notification_preferences as p (
    user_id, channel, enabled, is_optional_wanted, address
  )
  select p_user_id, w.key, coalesce((w.value ->> 'enabled')::boolean, w.key = 'email'),
    coalesce((w.value ->> 'is_optional_wanted')::boolean, true), w.value ->> 'address'
  from jsonb_each(p_channels) as w
  on conflict (user_id, channel) do update
  set enabled = coalesce((p_channels -> p.channel ->> 'enabled')::boolean, p.enabled),
    is_optional_wanted = coalesce(
      (p_channels -> p.channel ->> 'is_optional_wanted')::boolean, p.is_optional_wanted
    ),
    address = case when p_channels -> p.channel ? 'address'
      then p_channels -> p.channel ->> 'address' else p.address end,
    updated_at = now();
  delete from bounced_addresses b
  using jsonb_each(p_channels) as w
  where b.channel = w.key and b.address = channel_address(p_user_id, w.key);
  if p_quiet_from is not null and p_quiet_until is not null then
    insert into notification_settings as s (user_id, quiet_from, quiet_until)
    values (p_user_id, p_quiet_from, p_quiet_until)
    on conflict (user_id) do update
    set quiet_from = p_quiet_from, quiet_until = p_quiet_until, updated_at = now();
  end if;
  -- What owners decide for themselves is theirs; what others decide for them is on record.
  if p_actor ->> 'kind' <> 'customer' then
    perform audit(
      'preferences.set', 'user', p_user_id::text, nullif(p_actor ->> 'clinic_id', '')::uuid, null,
      v_before, p_channels, p_actor
    );
  end if;
  outcome := 'ok';
end
$$;

-- One device of an owner. Registering says yes to push, unless they had said no before.
create function add_push_device(
  p_user_id uuid, p_kind text, p_endpoint text, p_p256dh text, p_auth text, out device_id uuid
)
language plpgsql
as $$
begin
  insert into push_devices as d (user_id, kind, endpoint, p256dh, auth)
  values (p_user_id, p_kind, p_endpoint, p_p256dh, p_auth)
  on conflict (endpoint) do update
  set user_id = p_user_id, p256dh = p_p256dh, auth = p_auth, ended_at = null, end_reason = null
  returning d.id into device_id;
  -- The address stands for all devices: each message goes to those that are there then.
  insert into notification_preferences as p (user_id, channel, enabled, address)
  values (p_user_id, 'push', true, 'devices')
  on conflict (user_id, channel) do update set address = coalesce(p.address, 'devices');
end
$$;
